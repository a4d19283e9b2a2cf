"""Tokens on disk: the same inputs give the same bytes, whole or not at all, and are mapped the next time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from loaders import tokenize, tokenstore
from loaders.records import Records
from loaders.tokens import Tokens
from registry.errors import MedRegistryError, ReadError
from tests.support.questions import records
from tests.support.trained import tokenizer_of

CASES = [f"Case {number}: the patient was admitted with fever, cough and dyspnoea." for number in range(7)]
ROWS = [
    {"question": f"Question {number}?", "context": CASES[number % 7], "answers": [f"answer {number}", "yes"]}
    for number in range(200)
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def loaded(key: str = "abc") -> Records:
    """Records as a load gives them: with a key of their own."""
    made = records("question_answer", ROWS)
    return Records(made.frame, made.schema, key=key)


def tokens(**options: object) -> Tokens:
    return loaded().tokenize(tokenizer_of("byte_chatml"), **options)


def files(folder: Path | None) -> dict[str, bytes]:
    assert folder is not None
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != tokenstore.MADE}


def test_a_text_that_rows_repeat_is_stored_once() -> None:
    made = tokens()
    alone = {text: len(tokenizer_of("byte_chatml").encode(text, add_special_tokens=False).ids) for text in CASES}
    written_out = int(made.lengths.sum())
    repeated = sum(alone[row["context"]] for row in ROWS) - sum(alone.values())
    assert len(made.arrays.ids) <= written_out - repeated


def test_the_second_time_the_files_are_mapped_and_nothing_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    first = tokens()
    monkeypatch.setattr(tokenize, "local", None)
    second = tokens()
    assert isinstance(second.arrays.ids.base, np.memmap)
    assert second.folder == first.folder
    assert second.manifest == first.manifest
    assert [row["input_ids"].tolist() for row in second] == [row["input_ids"].tolist() for row in first]


def test_records_that_no_load_gave_leave_nothing_in_the_cache(cache: Path) -> None:
    made = records("question_answer", ROWS).tokenize(tokenizer_of("byte_chatml"))
    assert made.folder is None
    assert not (cache / "tokens").exists()
    assert made.ids.tolist() == tokens().ids.tolist()


def test_records_whose_frame_was_changed_do_not_take_the_tokens_of_the_whole() -> None:
    whole = tokens()
    fewer = loaded()
    fewer.frame = fewer.frame.head(3)
    assert len(fewer.tokenize(tokenizer_of("byte_chatml"))) == 3
    assert len(whole) == 200


def test_the_same_inputs_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here = files(tokens().folder)
    program = (
        "from tests.loaders.test_tokenstore import loaded, files\n"
        "from tests.support.trained import tokenizer_of\n"
        "import hashlib, json\n"
        "made = files(loaded().tokenize(tokenizer_of('byte_chatml')).folder)\n"
        "print(json.dumps({name: hashlib.sha256(data).hexdigest() for name, data in made.items()}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"REGISTRY_CACHE": str(tmp_path / "other"), "POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        name: hashlib.sha256(data).hexdigest() for name, data in here.items()
    }


def test_each_option_and_input_that_shapes_tokens_has_a_folder_of_its_own() -> None:
    plain = tokenizer_of("byte_chatml")
    folders = [
        tokens().folder,
        loaded("other").tokenize(plain).folder,
        loaded().tokenize(tokenizer_of("byte_headers")).folder,
        *(tokens(**{name: value}).folder for name, value in OTHER.items()),
    ]
    assert len(set(folders)) == len(folders)
    assert tokens(packing="none").folder == folders[0], "packing is a plan over the same tokens"


def test_tokens_that_end_differently_have_a_folder_of_their_own(tmp_path: Path) -> None:
    made = []
    for end in ("<|im_end|>", "<|endoftext|>"):
        folder = tmp_path / end.strip("<|>")
        folder.mkdir()
        tokenizer_of("byte_chatml").save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": end}))
        made.append(loaded().tokenize(str(folder), template="plain"))
    assert made[0].folder != made[1].folder
    ends = [tokenizer_of("byte_chatml").token_to_id(end) for end in ("<|im_end|>", "<|endoftext|>")]
    assert [int(tokens[0]["input_ids"][-1]) for tokens in made] == ends


OTHER = {"template": "plain", "max_length": 40, "truncate": "context-head", "labels": "all"}


def test_shards_come_to_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = records("question_answer", ROWS).tokenize(tokenizer_of("byte_chatml"))
    monkeypatch.setattr(tokenize, "SHARD_ROWS", 64)
    made = tokens()
    assert made.ids.tolist() == whole.ids.tolist()
    assert made.labels.tolist() == whole.labels.tolist()
    assert made.records.tolist() == list(range(200))
    assert made.manifest["counts"]["records"] == 200


def test_shards_are_of_bounded_size_and_hold_every_record_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"id": [None] * 10, "text": ["x" * size for size in (1, 50, 500, 1, 1, 1, 99, 2, 98, 0)]})
    monkeypatch.setattr(tokenize, "SHARD_BYTES", 100)
    assert tokenize.shard_edges(frame) == [0, 2, 3, 6, 7, 10]
    monkeypatch.setattr(tokenize, "SHARD_ROWS", 2)
    assert tokenize.shard_edges(frame) == [0, 2, 3, 5, 7, 9, 10]
    assert tokenize.shard_edges(frame.clear()) == [0, 0]


@pytest.mark.parametrize("name", ["ids.npy", "bounds.npy", "store.json"])
def test_a_damaged_store_is_made_anew(name: str) -> None:
    folder = tokens().folder
    before = files(folder)
    assert folder is not None
    (folder / name).write_bytes(b"x")
    assert files(tokens().folder) == before


def test_a_byte_that_was_changed_is_found() -> None:
    folder = tokens().folder
    assert folder is not None
    assert tokenstore.damaged(folder) == []
    path = folder / "ids.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert tokenstore.damaged(folder) == ["ids.npy"]


def test_what_fails_half_way_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenize, "SHARD_ROWS", 64)
    made = tokenize.Maker.shard

    def fails(self: tokenize.Maker, frame: pl.DataFrame, first: int) -> tokenstore.Shard:
        if first:
            raise KeyboardInterrupt
        return made(self, frame, first)

    monkeypatch.setattr(tokenize.Maker, "shard", fails)
    with pytest.raises(KeyboardInterrupt):
        tokens()
    assert [path.name for path in (cache / "tokens").iterdir() if not path.name.endswith(".lock")] == []
    monkeypatch.setattr(tokenize.Maker, "shard", made)
    assert len(tokens()) == 200


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "file"))
    with pytest.raises(MedRegistryError, match="REGISTRY_CACHE names another folder"):
        tokens()


def test_tokens_that_went_from_the_cache_are_told(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="load again to have them made anew"):
        tokenstore.mapped(tmp_path)
