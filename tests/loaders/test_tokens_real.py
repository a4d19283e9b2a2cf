"""Real records to tokens to tensors: `registry.load` with a tokenizer, on the files themselves."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest

import registry
from loaders.records import Records
from loaders.tokens import IGNORED
from tests.support import reference
from tests.support.trained import tokenizer_of

DATASETS = ["casimedicos-arg", "medquad", "remedi"]
ROWS = 150


@pytest.fixture
def mirror(shared: Path, embedded_catalogue_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_MIRROR", str(shared / "data"))
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")


def some(slug: str) -> list[Records]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = registry.load(slug)
    assert isinstance(loaded, Mapping)
    made = []
    for records in loaded.values():
        assert isinstance(records, Records)
        made.append(Records(records.frame.head(ROWS), records.schema, records.manifest))
    return made


@pytest.mark.parametrize("slug", DATASETS)
def test_real_records_have_the_ids_and_labels_of_the_library(slug: str, mirror: None) -> None:
    chatty, plain = tokenizer_of("byte_chatml"), tokenizer_of("wordpiece")
    start, end = plain.token_to_id("[CLS]"), plain.token_to_id("[SEP]")
    for records in some(slug):
        chats, texts = (records.tokenize(tokenizer, max_length=100_000) for tokenizer in (chatty, plain))
        for index, segments in enumerate(records.render()):
            expected = reference.chatml(chatty, segments)
            assert chats[index]["input_ids"].tolist() == expected.ids
            assert (chats[index]["labels"] != IGNORED).tolist() == expected.learned
            expected = reference.headers(plain, segments, end)
            assert texts[index]["input_ids"].tolist() == [start, *expected.ids]
            assert (texts[index]["labels"] != IGNORED).tolist() == [False, *expected.learned]


@pytest.mark.parametrize("slug", DATASETS)
@pytest.mark.parametrize("layout", ["padded", "packed", "varlen"])
def test_real_records_become_tensors(slug: str, layout: str, mirror: None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        splits = registry.load(slug, tokenizer=tokenizer_of("byte_chatml"), max_length=512)
    for tokens in splits.values():
        learned = int((tokens.labels != IGNORED).sum())
        assert learned > 0
        assert sum(int((batch["labels"] != IGNORED).sum()) for batch in tokens.batches(64, layout=layout)) == learned
