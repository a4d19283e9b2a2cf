"""Processes that make batches: the same batches in the same order, whoever makes them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from loaders.fetch import Origin
from loaders.media import MediaPlace
from loaders.records import Records
from loaders.tokens import Tokens
from tests.support import made_media
from tests.support.questions import records
from tests.support.trained import tokenizer_of

ORDERED = {"shuffle": True, "seed": 3}


def tokens_of(rows: int, key: str | None = None) -> Tokens:
    """Tokens of made-up answers; kept in the cache and mapped from there where the records have a key."""
    made = [{"question": f"Dose of drug {row}?", "answers": [f"{row} mg " * (1 + row % 9)]} for row in range(rows)]
    plain = records("question_answer", made)
    return Records(plain.frame, plain.schema, key=key).tokenize(tokenizer_of("byte_chatml"), max_length=96)


@pytest.fixture(params=["cached", "memory"])
def tokens(request: pytest.FixtureRequest) -> Tokens:
    made = tokens_of(90, "made-up" if request.param == "cached" else None)
    assert (made.folder is not None) == (request.param == "cached")
    return made


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("layout", ["padded", "packed", "varlen"])
@pytest.mark.parametrize("order", [{}, ORDERED], ids=["in order", "shuffled"])
def test_workers_hand_out_the_batches_of_one_process(tokens: Tokens, layout: str, order: dict[str, Any]) -> None:
    options = {"layout": layout, **order}
    alone, shared = tokens.batches(4, **options), tokens.dataloader(4, num_workers=2, **options)
    for _ in range(2):
        assert same(list(shared), list(alone))
    assert shared.state_dict() == alone.state_dict()


def test_workers_that_are_started_afresh_are_given_tokens_in_memory() -> None:
    tokens = tokens_of(90)
    options = {"layout": "packed", **ORDERED}
    shared = tokens.dataloader(4, num_workers=2, multiprocessing_context="spawn", **options)
    assert same(list(shared), list(tokens.batches(4, **options)))


@pytest.mark.parametrize("layout", ["padded", "packed"])
@pytest.mark.parametrize(("before", "after"), [(2, 2), (2, 0), (0, 2), (2, 1)])
def test_a_state_in_the_midst_is_gone_on_from_by_any_number_of_workers(
    tokens: Tokens, layout: str, before: int, after: int
) -> None:
    options = {"layout": layout, **ORDERED}
    whole = list(tokens.batches(2, **options))
    first, second = (tokens.dataloader(2, num_workers=workers, **options) for workers in (before, after))
    begun = list(islice(first, 3))
    second.load_state_dict(first.state_dict())
    assert same(begun + list(second), whole)
    following = tokens.batches(2, **options)
    following.load_state_dict({**following.state_dict(), "epoch": 1})
    assert same(list(second), list(following))


def test_a_state_is_gone_on_from_by_another_number_of_ranks(tokens: Tokens) -> None:
    whole = list(tokens.batches(8, **ORDERED))
    begun = tokens.dataloader(8, num_workers=2, **ORDERED)
    list(islice(begun, 3))
    ranks = [tokens.dataloader(4, num_workers=2, rank=rank, world_size=2, **ORDERED) for rank in range(2)]
    for rank in ranks:
        rank.load_state_dict(begun.state_dict())
    for expected, *shares in zip(whole[3:], *ranks, strict=True):
        taken = sorted(row.tolist() for share in shares for row in _rows(share))
        assert taken == sorted(row.tolist() for row in _rows(expected))


def _rows(batch: dict[str, Any]) -> list[torch.Tensor]:
    return [row[mask.bool()] for row, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)]


def test_with_more_workers_than_batches_none_is_lost(tokens: Tokens) -> None:
    shared = tokens.dataloader(90, num_workers=2)
    assert same(list(shared), list(tokens.batches(90)))


@pytest.fixture
def pictured(tmp_path: Path) -> Tokens:
    """Tokens of 12 questions; row n has n % 3 pictures, each of its own size and colours."""
    made = []
    for row in range(12):
        paths = [f"{row}-{number}.png" for number in range(row % 3)]
        for number, path in enumerate(paths):
            (tmp_path / path).write_bytes(made_media.picture(made_media.colours(5 + row, 4 + number)))
        images = [{"path": path, "bytes": None} for path in paths]
        made.append({"question": f"What is on picture {row}?", "answers": [f"{row}"], "images": images})
    plain = records("question_answer", made)
    place = MediaPlace(Origin("made-up", None, offline=True))
    pictures = Records(plain.frame, plain.schema, {"slug": "made-up"}, tmp_path, place, key="pictured")
    return pictures.tokenize(tokenizer_of("byte_chatml"), max_length=128)


def test_pictures_come_with_the_rows_they_belong_to(pictured: Tokens) -> None:
    (batch,) = pictured.batches(12)
    assert batch["image_rows"].tolist() == [1, 2, 2, 4, 5, 5, 7, 8, 8, 10, 11, 11]
    assert [tuple(image.shape) for image in batch["images"][:3]] == [(3, 6, 4), (3, 7, 4), (3, 7, 5)]


@pytest.mark.parametrize("options", [{}, {"size": (8, 8)}, {"layout": "packed", **ORDERED}])
def test_workers_decode_the_pictures_of_one_process(pictured: Tokens, options: dict[str, Any]) -> None:
    alone = list(pictured.batches(2, **options))
    assert sum(len(batch["images"]) for batch in alone) == 12
    assert same(list(pictured.dataloader(2, num_workers=2, **options)), alone)


def test_workers_that_are_started_afresh_map_the_tokens_and_decode_the_same_pictures(pictured: Tokens) -> None:
    shared = pictured.dataloader(2, num_workers=2, multiprocessing_context="spawn", **ORDERED)
    assert same(list(shared), list(pictured.batches(2, **ORDERED)))
