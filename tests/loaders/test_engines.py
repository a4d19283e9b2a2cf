"""Fast engines are used where they give the ids of the library, and only there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from loaders import engines, inert
from loaders.engines import Engine, candidates, compared, probe, probed
from loaders.inert import Encoder, Place
from loaders.tokenizers import open_tokenizer
from tests.support.questions import LOOKALIKES, records
from tests.support.trained import FAMILIES, tokenizer_of

EXACT = {"byte_chatml", "byte_headers", "byte_unflagged", "byte_split", "llama", "mistral"}
"""Families that a fast engine opens."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path))
    monkeypatch.setattr(inert, "_opened", {})
    return tmp_path


def library(name: str) -> Engine:
    """An engine that is the library itself, and so exact."""
    tokenizer = tokenizer_of("byte_chatml")
    tokenizer.encode_special_tokens = True

    def encode(texts: list[str]) -> engines.Flat:
        rows = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        flat = np.array([number for row in rows for number in row], np.uint32)
        return flat, np.cumsum([0, *map(len, rows)])

    return Engine(f"{name} 1.0", encode)


def wrong_for(sign: str) -> Engine:
    """An engine that is right but for texts with a sign in them."""
    right = library("wrong")

    def encode(texts: list[str]) -> engines.Flat:
        return right.encode([text.replace(sign, "") for text in texts])

    return Engine("wrong 1.0", encode)


def broken(_texts: list[str]) -> engines.Flat:
    raise RuntimeError("out of luck")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_engine_that_opens_a_tokenizer_is_used_after_the_probe(family: str) -> None:
    encoder = Encoder(open_tokenizer(tokenizer_of(family)))
    assert encoder.engine.startswith(("fastokens", "gigatoken")) == (family in EXACT)
    assert all(verdict.texts > 10_000 for verdict in encoder.verdicts.values())
    assert bool(encoder.verdicts) == (family in EXACT)


@pytest.mark.parametrize("family", sorted(EXACT))
def test_with_and_without_an_engine_tokens_and_the_bytes_they_cover_are_the_same(family: str) -> None:
    source = open_tokenizer(tokenizer_of(family))
    texts = pl.Series([*probe()[7000:9000], *LOOKALIKES, "", " ", "½ ﬁ Å\u0301", "a\u0301b" * 9])
    for place in Place:
        places = np.full(len(texts), int(place))
        fast, slow = (Encoder(source, fast=choice).encode(texts, places) for choice in (True, False))
        assert fast.ids.tolist() == slow.ids.tolist()
        assert fast.counts.tolist() == slow.counts.tolist()
        whole = texts.str.join("").item().encode()
        assert [edge(whole, *span) for span in zip(fast.starts.tolist(), fast.ends.tolist(), strict=True)] == [
            edge(whole, *span) for span in zip(slow.starts.tolist(), slow.ends.tolist(), strict=True)
        ]


def edge(whole: bytes, start: int, end: int) -> tuple[int, int]:
    """A span widened to whole characters, as the library counts them; the space before a text is in its first."""
    end = max(end, start + 1)
    while start and start < len(whole) and whole[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(whole) and whole[end] & 0xC0 == 0x80:
        end += 1
    return start, end


def test_one_text_that_differs_is_enough_to_refuse_an_engine() -> None:
    reference = tokenizer_of("byte_chatml")
    assert compared(library("exact"), reference, ["a b", "c"])
    verdict = compared(wrong_for("€"), reference, ["a", "1 €", "b"])
    assert (bool(verdict), verdict.texts, verdict.differ, verdict.example) == (False, 3, 1, "1 €")
    assert "out of luck" in compared(Engine("broken 1", broken), reference, ["a"]).example


def test_the_probe_finds_an_engine_that_is_wrong_in_one_script_only() -> None:
    reference = tokenizer_of("byte_chatml")
    for sign in ("ก", "肺", "\u3000"):
        assert not probed(wrong_for(sign), reference, sign, [])


def test_a_verdict_is_kept_for_a_tokenizer_and_a_version(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = tokenizer_of("byte_chatml")
    first = probed(wrong_for("€"), reference, "one", [])
    monkeypatch.setattr(engines, "compared", None)
    assert probed(wrong_for("€"), reference, "one", []) == first
    (kept,) = (cache / "engines").iterdir()
    assert json.loads(kept.read_text())["differ"] == first.differ > 0
    with pytest.raises(TypeError):
        probed(wrong_for("€"), reference, "another tokenizer", [])
    kept.write_text("{}")
    with pytest.raises(TypeError):
        probed(wrong_for("€"), reference, "one", [])


def test_an_engine_that_fails_on_the_datasets_own_texts_is_left_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inert, "candidates", lambda _content: iter([wrong_for("mmHg")]))
    tokenizer = tokenizer_of("byte_chatml")
    clean = records("question_answer", [{"question": "What?", "answers": ["a"]}]).tokenize(tokenizer)
    assert clean.manifest["tokenizer"]["engine"] == "wrong 1.0"
    made = records("question_answer", [{"question": "142/91 mmHg?", "answers": ["a"]}]).tokenize(tokenizer)
    assert made.manifest["tokenizer"]["engine"].startswith("tokenizers ")
    told = made.manifest["tokenizer"]["compared"]["wrong 1.0 on the dataset's own texts"]
    assert (told["differ"], told["example"]) == (1, "142/91 mmHg?")
    assert tokenizer.decode(made.ids.tolist(), skip_special_tokens=False).count("mmHg") == 1


def test_a_tokenizer_that_no_engine_knows_has_no_candidates() -> None:
    assert list(candidates(tokenizer_of("wordpiece").to_str())) == []
