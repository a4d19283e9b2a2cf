"""A tokenizer is opened from wherever it lives; what cannot be opened says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import transformers
from tokenizers import Tokenizer, models

from loaders.tokenizers import open_tokenizer
from registry.errors import TokenizerError
from tests.support.hub import Hub
from tests.support.questions import records
from tests.support.trained import FAMILIES, tokenizer_of

MADE = records("question_answer", [{"question": "Fever?", "context": "It is hot.", "answers": ["yes"]}])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer_of("byte_chatml"), eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    fast.save_pretrained(place)
    return place


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_tokenizer_gives_the_same_tokens_by_every_door(family: str, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(family)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer_of(family))
    doors = [tokenizer, tmp_path, str(tmp_path), tmp_path / "tokenizer.json", str(tmp_path / "tokenizer.json"), fast]
    made = [MADE.tokenize(door) for door in doors]
    assert {str(tokens.ids.tolist()) for tokens in made} == {str(made[0].ids.tolist())}
    hashes = {tokens.manifest["tokenizer"]["sha256"] for tokens in made[:5]}
    assert len(hashes) == 1


def test_truncation_and_padding_set_in_the_file_are_switched_off(tmp_path: Path) -> None:
    tokenizer = tokenizer_of("byte_chatml")
    plain = MADE.tokenize(tokenizer)
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=500)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    cut = MADE.tokenize(tmp_path)
    assert cut.ids.tolist() == plain.ids.tolist()
    assert cut.manifest["tokenizer"]["sha256"] == plain.manifest["tokenizer"]["sha256"]


def test_tokens_with_a_role_come_from_the_configuration_beside_the_file(folder: Path) -> None:
    source = open_tokenizer(folder)
    tokenizer = tokenizer_of("byte_chatml")
    assert source.named["eos_token"] == tokenizer.token_to_id("<|im_end|>")
    assert source.pad == tokenizer.token_to_id("<|endoftext|>")
    assert source.after == (tokenizer.token_to_id("<|im_end|>"),)


def test_tokens_with_a_role_come_from_a_transformers_tokenizer() -> None:
    tokenizer = tokenizer_of("byte_chatml")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>")
    source = open_tokenizer(fast)
    assert source.after == (tokenizer.token_to_id("<|im_end|>"),)
    assert source.pad == tokenizer.token_to_id("<|endoftext|>") or source.pad == source.named["eos_token"]


def test_an_opened_tokenizer_can_be_used_again() -> None:
    source = open_tokenizer(tokenizer_of("wordpiece"))
    assert open_tokenizer(source) is source
    assert MADE.tokenize(source).ids.tolist() == MADE.tokenize(tokenizer_of("wordpiece")).ids.tolist()


def test_a_tokenizer_without_any_named_token_pads_with_zero_and_ends_with_nothing() -> None:
    source = open_tokenizer(Tokenizer(models.WordLevel({"fever": 0, "?": 1}, unk_token="?")))
    assert (source.pad, source.before, source.after) == (0, (), ())


def test_a_slow_transformers_tokenizer_is_refused_with_the_fast_one_named(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"a": 0, "<unk>": 1}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    slow = transformers.CTRLTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    with pytest.raises(TokenizerError, match="CTRLTokenizer.*is a slow transformers tokenizer.*use_fast=True"):
        MADE.tokenize(slow)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a tokenizer.json that `tokenizers` can read"),
        (b'{"version": "1.0", "model": {"type": "BPE", "vocab": {"a"', "not a tokenizer.json that `tokenizers` can"),
        (b"<!DOCTYPE html><html>Sign in</html>", "not a tokenizer.json that `tokenizers` can read"),
        (b"[1, 2]", "not a tokenizer.json that `tokenizers` can read"),
        (b"\xff\xfe{}", "it is not UTF-8 text"),
    ],
)
def test_a_broken_file_is_told_in_one_message(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(TokenizerError, match=message) as caught:
        MADE.tokenize(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_configuration_beside_the_file_is_told(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text("{")
    with pytest.raises(TokenizerError, match="tokenizer_config.json: not readable as JSON"):
        MADE.tokenize(folder)


def test_a_folder_without_a_tokenizer_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="holds no tokenizer.json; write one with .*save_pretrained"):
        MADE.tokenize(tmp_path)


@pytest.mark.parametrize("place", ["./gone", "/gone/tokenizer.json", "gone.json", "a/b/c", "no such thing", ""])
def test_a_file_that_is_not_there_is_told(place: str) -> None:
    with pytest.raises(TokenizerError, match="no such file or folder"):
        MADE.tokenize(place)


@pytest.mark.parametrize("thing", [None, 7, {"vocab": {}}, print])
def test_what_is_no_tokenizer_is_refused(thing: object) -> None:
    with pytest.raises(TokenizerError, match="is no tokenizer; give a Hub id"):
        MADE.tokenize(thing)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    with Hub({"clinic/model": folder}) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        yield served


def test_a_tokenizer_of_the_hub_is_fetched_once_and_named_with_its_commit(hub: Hub, folder: Path) -> None:
    tokens = MADE.tokenize("clinic/model")
    assert tokens.ids.tolist() == MADE.tokenize(folder).ids.tolist()
    assert tokens.manifest["tokenizer"]["name"] == f"clinic/model@{hub.commit}"
    fetched = [path for path in hub.asked if path.startswith("GET")]
    assert fetched == [
        "GET /clinic/model/resolve/main/tokenizer.json",
        f"GET /clinic/model/resolve/{hub.commit}/tokenizer_config.json",
    ]


def test_offline_the_hubs_cache_is_used_and_no_socket_opened(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    online = MADE.tokenize("clinic/model")
    hub.asked.clear()
    assert MADE.tokenize("clinic/model", offline=True).ids.tolist() == online.ids.tolist()
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    assert MADE.tokenize("clinic/model").ids.tolist() == online.ids.tolist()
    with pytest.raises(TokenizerError, match="'clinic/other': cannot get tokenizer.json: offline"):
        MADE.tokenize("clinic/other")
    assert hub.asked == []


def test_a_repository_without_a_configuration_will_do(hub: Hub, folder: Path) -> None:
    (folder / "tokenizer_config.json").unlink()
    assert len(MADE.tokenize("clinic/model")) == 1


def test_a_repository_or_revision_or_file_that_is_not_there_is_told(hub: Hub, folder: Path) -> None:
    with pytest.raises(TokenizerError, match="'clinic/gone': cannot get tokenizer.json: no such repository"):
        MADE.tokenize("clinic/gone")
    with pytest.raises(TokenizerError, match="the repository has no revision 'v9'"):
        MADE.tokenize("clinic/model@v9")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(TokenizerError, match="the repository has no such file"):
        MADE.tokenize("clinic/model")


def test_a_gated_repository_says_what_to_do_and_no_token_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.gated = True
    with pytest.raises(TokenizerError, match="gated: ask for access on its page and set HF_TOKEN") as caught:
        MADE.tokenize("clinic/model")
    assert "hf_secret" not in str(caught.value)
    assert hub.tokens == {"Bearer hf_secret"}


def test_a_hub_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the library's tries
    with pytest.raises(TokenizerError, match="the Hub cannot be reached; give a folder"):
        MADE.tokenize("clinic/model")
