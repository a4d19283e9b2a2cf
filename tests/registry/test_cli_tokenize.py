"""`registry tokenize`: what it writes, what it says of it, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loaders.opened_tokens import open_tokens
from loaders.tokens import Arrays
from registry.errors import ReadError
from tests.support import cards
from tests.support.command import run
from tests.support.trained import tokenizer_of

pytestmark = pytest.mark.usefixtures("embedded_catalogue_url")
LONG = "Which of the wards has the most beds of all of them? " * 20


@pytest.fixture
def wards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files and the tokenizer of a private dataset of two splits."""
    load = {
        "schema": "question_answer",
        "source": "hand-over",
        "read": {"format": "csv"},
        "splits": {"train": "train.csv", "test": "test.csv"},
        "fields": {"question": "Q", "answers": ["A", "list"]},
    }
    cards.dataset(tmp_path / "cards", "wards", load=load)
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path / "cards"))
    (tmp_path / "train.csv").write_text(f"Q,A\nWhich ward?,Ward 3\nWhich bed?,Bed 7\n{LONG},Ward 1\n")
    (tmp_path / "test.csv").write_text("Q,A\nWho?,The nurse\n")
    tokenizer_of("wordpiece").save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def tokenize(wards: Path, *more: str) -> tuple[int, str, str]:
    basic = ["--tokenizer", str(wards / "tokenizer.json"), "--out", str(wards / "out"), "--files", str(wards)]
    done = run("tokenize", "wards", *basic, *more)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_each_split_is_a_folder_that_opens_again(wards: Path) -> None:
    code, told, how = tokenize(wards, "--max-length", "40", "--packing", "none", "--labels", "all")
    assert code == 0
    head, train, test = (line.split("\t") for line in told.splitlines())
    assert head == ["split", "rows", "tokens", "cut", "dropped", "engine", "where"]
    assert (train[0], train[1], train[3], train[4]) == ("train", "3", "1", "0")
    assert (test[0], test[1], test[-1]) == ("test", "1", str(wards / "out/test"))
    assert "open_tokens(" in how
    tokens = open_tokens(wards / "out/train")
    assert (len(tokens), int(tokens.lengths.sum())) == (3, int(train[2]))
    assert (tokens.max_length, tokens.packing) == (40, "none")
    assert tokens.pad == tokenizer_of("wordpiece").token_to_id("[PAD]")
    assert tokens.lengths.max() <= 40
    text = tokenizer_of("wordpiece").decode(tokens[0]["input_ids"].tolist())
    assert text.replace(" ##", "") == "user which ward ? assistant ward 3"
    assert tokens.manifest["records"]["slug"] == "wards"
    assert sorted(path.name for path in (wards / "out").iterdir()) == ["test", "train"]


def test_json_has_the_same_numbers(wards: Path) -> None:
    code, told, _ = tokenize(wards, "--split", "test", "--json")
    (row,) = json.loads(told)
    assert (code, row["split"], row["rows"], row["dropped"]) == (0, "test", 1, 0)
    assert row["engine"].startswith("tokenizers ")


def test_the_same_again_is_done_and_others_are_refused_and_left_alone(wards: Path) -> None:
    assert tokenize(wards)[0] == 0
    there = {path: path.read_bytes() for path in (wards / "out").rglob("*") if path.is_file()}
    assert len(there) == 2 * (len(Arrays._fields) + 3)
    assert tokenize(wards)[0] == 0
    for more in (["--labels", "all"], ["--packing", "none"]):
        code, told, why = tokenize(wards, *more)
        assert (code, told) == (2, "")
        assert "other tokens are there" in why
    assert {path: path.read_bytes() for path in (wards / "out").rglob("*") if path.is_file()} == there


def test_a_folder_of_something_else_is_refused(wards: Path) -> None:
    (wards / "out/train").mkdir(parents=True)
    (wards / "out/train/thesis.txt").write_text("mine")
    code, _, why = tokenize(wards, "--split", "train")
    assert code == 2
    assert "something else than whole token files is there" in why
    assert [path.name for path in (wards / "out").rglob("*")] == ["train", "thesis.txt"]


def test_a_split_that_is_not_here_is_told_and_the_exit_code_says_in_part(wards: Path) -> None:
    (wards / "test.csv").unlink()
    code, told, why = tokenize(wards)
    assert code == 3
    assert told.splitlines()[1].startswith("train\t3\t")
    assert "test.csv" in why


def test_a_tokenizer_that_is_not_there_is_a_failure_that_writes_nothing(wards: Path) -> None:
    (wards / "tokenizer.json").unlink()
    code, _, why = tokenize(wards)
    assert code == 1
    assert "no such file or folder" in why
    assert not (wards / "out").exists()


@pytest.mark.parametrize("option", ["packing", "engine", "template"])
def test_a_word_that_an_option_does_not_have_is_wrong_use(wards: Path, option: str) -> None:
    code, _, why = tokenize(wards, f"--{option}", "nonsense")
    assert code == 2
    assert f"{option} cannot be 'nonsense'; it is one of: " in why
    assert not (wards / "out").exists()


def test_a_folder_that_lacks_a_file_does_not_open(wards: Path) -> None:
    assert tokenize(wards, "--split", "test")[0] == 0
    folder = wards / "out/test"
    for name in ("ids.npy", "store.json", "manifest.json"):
        (folder / name).rename(wards / name)
        with pytest.raises(ReadError, match="no whole token files"):
            open_tokens(folder)
        (wards / name).rename(folder / name)
    assert len(open_tokens(folder)) == 1
