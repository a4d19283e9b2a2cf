"""Batches of torch tensors."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.tokens import IGNORED, Tokens, of_rows
from registry.errors import UnknownOption, UsageError
from tests.support.questions import records
from tests.support.trained import tokenizer_of

PAD = 7


def made(lengths: list[int], max_length: int = 16, **options: Any) -> Tokens:
    """Tokens whose ids count up from 100, with a label on every second."""
    ids = np.arange(100, 100 + sum(lengths), dtype=np.int32)
    labels = np.where(ids % 2, ids, IGNORED).astype(np.int32)
    offsets = np.append(0, np.cumsum(lengths)).astype(np.uint64)
    return of_rows(ids, labels, offsets, max_length, PAD, **options)


def rows_of(tokens: Tokens, batch: dict[str, Any]) -> list[int]:
    """Which rows a batch holds; every row is told by its first id."""
    firsts = {int(tokens.ids[start]): row for row, start in enumerate(tokens.offsets[:-1].astype(int).tolist())}
    return [firsts[number] for number in batch["input_ids"].flatten().tolist() if number in firsts]


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(one[name], other[name]) if torch.is_tensor(one[name]) else one[name] == other[name] for name in one
    )


def test_padded_rows_are_filled_up_on_the_right() -> None:
    (batch,) = made([2, 4, 3]).batches(3)
    assert batch["input_ids"].tolist() == [[100, 101, 7, 7], [102, 103, 104, 105], [106, 107, 108, 7]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 0]]
    assert batch["labels"].tolist() == [[-100, 101, -100, -100], [-100, 103, -100, 105], [-100, 107, -100, -100]]
    assert {tensor.dtype for tensor in batch.values()} == {torch.int64}


def test_packs_have_one_size_and_say_where_each_row_begins() -> None:
    tokens = made([2, 4, 3, 5], max_length=8)
    (batch,) = tokens.batches(2, layout="packed")
    assert batch["input_ids"].tolist() == [
        [109, 110, 111, 112, 113, 106, 107, 108],
        [102, 103, 104, 105, 100, 101, 7, 7],
    ]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 4, 0, 1, 2], [0, 1, 2, 3, 0, 1, 0, 1]]
    assert batch["cu_seqlens"].tolist() == [0, 5, 8, 12, 14, 16]
    assert batch["cu_seqlens"].dtype == torch.int32
    assert batch["max_seqlen"] == 5
    assert type(batch["max_seqlen"]) is int


def test_the_first_token_of_a_packed_row_has_no_label() -> None:
    (batch,) = made([3, 3], max_length=8).batches(1, layout="packed")
    assert batch["input_ids"].tolist() == [[100, 101, 102, 103, 104, 105, 7, 7]]
    assert batch["labels"].tolist() == [[-100, 101, -100, -100, -100, 105, -100, -100]]


def test_varlen_rows_lie_end_to_end_without_padding() -> None:
    (batch,) = made([2, 4, 3]).batches(3, layout="varlen")
    assert batch["input_ids"].tolist() == list(range(100, 109))
    assert batch["position_ids"].tolist() == [0, 1, 0, 1, 2, 3, 0, 1, 2]
    assert batch["labels"].tolist() == [-100, 101, -100, 103, -100, 105, -100, 107, -100]
    assert batch["cu_seqlens"].tolist() == [0, 2, 6, 9]
    assert (batch["cu_seqlens"].dtype, batch["input_ids"].dtype) == (torch.int32, torch.int64)
    assert batch["max_seqlen"] == 4


def test_without_packing_each_pack_holds_one_row() -> None:
    tokens = made([2, 4, 3], max_length=8, packing="none")
    assert [rows_of(tokens, batch) for batch in tokens.batches(1, layout="packed")] == [[0], [1], [2]]


def test_a_batch_can_be_written_to_without_changing_the_tokens() -> None:
    tokens = made([4])
    (batch,) = tokens.batches(1)
    batch["input_ids"].zero_()
    assert tokens.ids.tolist() == [100, 101, 102, 103]


def test_shuffling_is_the_same_for_the_same_seed_and_new_in_each_epoch() -> None:
    tokens = made([1] * 40)
    one, same, other = (tokens.batches(40, shuffle=True, seed=seed) for seed in (3, 3, 4))
    first, second = [[rows_of(tokens, batch) for batch in one] for _ in range(2)]
    assert first == [rows_of(tokens, batch) for batch in same]
    assert len({str(first), str(second), str([rows_of(tokens, batch) for batch in other]), str([list(range(40))])}) == 4
    assert sorted(second[0]) == list(range(40))


def test_the_order_of_a_seed_does_not_change_between_versions() -> None:
    tokens = made([1] * 10)
    (batch,) = tokens.batches(10, shuffle=True, seed=1)
    assert rows_of(tokens, batch) == [5, 6, 3, 0, 7, 8, 9, 4, 2, 1]


settings_of_batches = st.fixed_dictionaries(
    {"layout": st.sampled_from(["padded", "packed", "varlen"]), "shuffle": st.booleans(), "seed": st.integers(0, 3)}
)
some_lengths = st.lists(st.integers(1, 16), min_size=1, max_size=40)


@given(lengths=some_lengths, size=st.integers(1, 7), world=st.integers(1, 5), options=settings_of_batches)
@settings(deadline=None)
def test_ranks_are_disjoint_and_together_complete(
    lengths: list[int], size: int, world: int, options: dict[str, Any]
) -> None:
    tokens = made(lengths)
    ranks = [tokens.batches(size, rank=rank, world_size=world, **options) for rank in range(world)]
    seen = [[row for batch in batches for row in rows_of(tokens, batch)] for batches in ranks]
    assert sorted(row for rows in seen for row in rows) == list(range(len(lengths)))
    assert [len(batches) for batches in ranks] == [sum(1 for _ in batches) for batches in ranks]


@given(lengths=some_lengths, size=st.integers(1, 7), world=st.integers(1, 5), options=settings_of_batches)
@settings(deadline=None)
def test_with_drop_last_all_ranks_have_equally_many_whole_batches(
    lengths: list[int], size: int, world: int, options: dict[str, Any]
) -> None:
    tokens = made(lengths, packing="none")
    ranks = [
        [
            rows_of(tokens, batch)
            for batch in tokens.batches(size, rank=rank, world_size=world, drop_last=True, **options)
        ]
        for rank in range(world)
    ]
    assert {len(batches) for batches in ranks} == {len(lengths) // (size * world)}
    assert all(len(batch) == size for batches in ranks for batch in batches)


@given(
    lengths=some_lengths,
    size=st.integers(1, 5),
    world=st.integers(1, 3),
    taken=st.integers(0, 30),
    drop_last=st.booleans(),
    options=settings_of_batches,
)
@settings(deadline=None)
def test_a_resumed_iteration_goes_on_exactly_where_the_other_stood(
    lengths: list[int], size: int, world: int, taken: int, drop_last: bool, options: dict[str, Any]
) -> None:
    tokens = made(lengths)

    def batches() -> Any:
        return tokens.batches(size, world_size=world, drop_last=drop_last, **options)

    def endless(source: Any) -> Any:
        for _ in range(40):
            yield from source

    if not list(batches()):
        return
    source = batches()
    whole = endless(source)
    for _ in range(taken):
        next(whole)
    resumed = batches()
    resumed.load_state_dict(source.state_dict())
    rest = endless(resumed)
    for _ in range(10):
        expected = next(whole, None)
        if expected is None:
            break
        assert equal(next(rest), expected)


@given(lengths=some_lengths, taken=st.integers(0, 6), options=settings_of_batches)
@settings(deadline=None)
def test_a_state_can_be_resumed_on_another_number_of_ranks(
    lengths: list[int], taken: int, options: dict[str, Any]
) -> None:
    tokens = made(lengths)
    before = [tokens.batches(1, rank=rank, world_size=4, **options) for rank in range(4)]
    seen = []
    for batches in before:
        for _, batch in zip(range(taken), batches, strict=False):
            seen += rows_of(tokens, batch)
    units = len(tokens.plan) if options["layout"] == "packed" else len(tokens)
    if taken * 4 > units:
        return
    after = [tokens.batches(2, rank=rank, world_size=2, **options) for rank in range(2)]
    for batches in after:
        batches.load_state_dict(before[0].state_dict())
        for batch in batches:
            seen += rows_of(tokens, batch)
    if taken:
        assert sorted(seen) == list(range(len(lengths)))


def test_breaking_off_and_beginning_again_repeats_the_epoch() -> None:
    tokens = made([1] * 10)
    batches = tokens.batches(2, shuffle=True)
    first = next(iter(batches))
    assert equal(next(iter(batches)), first)


def test_a_state_is_plain_and_of_these_tokens_only() -> None:
    batches = made([1] * 10).batches(2, shuffle=True, seed=5)
    next(iter(batches))
    state = batches.state_dict()
    assert state == {"epoch": 0, "done": 2, "units": 10, "layout": "padded", "shuffle": True, "seed": 5}
    for name, value in {"units": 9, "layout": "varlen", "shuffle": False, "seed": 6}.items():
        with pytest.raises(UsageError, match=f"the state has {name}"):
            batches.load_state_dict({**state, name: value})
    with pytest.raises(UsageError, match="the state lacks epoch"):
        batches.load_state_dict({name: value for name, value in state.items() if name != "epoch"})
    with pytest.raises(UsageError, match="there is no such place"):
        batches.load_state_dict({**state, "done": 11})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "ragged"}, "layout cannot be 'ragged'; it is one of: padded, packed, varlen"),
        ({"rank": 2, "world_size": 2}, "rank 2 is none of a world of 2"),
        ({"rank": -1}, "rank -1 is none of a world of 1"),
        ({"batch_size": 0}, "batch_size must be a positive number"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((UnknownOption, UsageError), match=message):
        made([1]).batches(**{"batch_size": 1, **options})


def test_a_dataloader_hands_out_the_same_batches_and_holds_their_state() -> None:
    tokens = made([2, 4, 3, 1])
    loader = tokens.dataloader(2, shuffle=True, seed=1)
    assert isinstance(loader, torch.utils.data.DataLoader)
    assert len(loader) == 2
    assert all(equal(*pair) for pair in zip(loader, tokens.batches(2, shuffle=True, seed=1), strict=True))
    assert loader.dataset.state_dict()["epoch"] == 1


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_of_a_dataloader_share_the_batches_out(start: str) -> None:
    tokens = made([2, 4, 3, 1, 5])
    loader = torch.utils.data.DataLoader(
        tokens.batches(1), batch_size=None, num_workers=2, multiprocessing_context=start
    )
    assert sorted(row for batch in loader for row in rows_of(tokens, batch)) == [0, 1, 2, 3, 4]


def test_batches_come_on_the_device_asked_for() -> None:
    (batch,) = made([2, 3]).batches(2, layout="varlen", device="meta")
    assert {tensor.device.type for tensor in batch.values() if torch.is_tensor(tensor)} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("layout", ["padded", "packed", "varlen"])
def test_batches_on_a_gpu_are_those_of_the_host(layout: str) -> None:
    tokens = made([2, 5, 3, 9] * 50)
    pairs = zip(tokens.batches(8, layout=layout, device="cuda"), tokens.batches(8, layout=layout), strict=True)
    for on_device, on_host in pairs:
        assert on_device["input_ids"].is_cuda
        assert equal({name: v.cpu() if torch.is_tensor(v) else v for name, v in on_device.items()}, on_host)


def test_without_pytorch_tokens_work_and_batches_say_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from tests.support.questions import records\n"
        "from tests.support.trained import tokenizer_of\n"
        "tokens = records('text', [{'text': 'fever'}]).tokenize(tokenizer_of('byte_chatml'))\n"
        "print(len(tokens))\n"
        "tokens.batches(1)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "1\n"
    assert done.stderr.strip().endswith('batches are made of PyTorch tensors: pip install "medregistry[torch]"')


@pytest.mark.parametrize("layout", ["padded", "packed", "varlen"])
def test_a_tiny_model_learns_the_answers_and_only_those(layout: str) -> None:
    torch.manual_seed(0)
    drugs = ["aspirin", "insulin", "heparin", "morphine"]
    rows = [
        {"question": f"Dose of {drug} number {number}?", "answers": [f"{5 * place + 5} mg"]}
        for number in range(8)
        for place, drug in enumerate(drugs)
    ]
    tokenizer = tokenizer_of("byte_chatml")
    tokens = records("question_answer", rows).tokenize(tokenizer, max_length=96)
    width = tokenizer.get_vocab_size()
    model = torch.nn.Sequential(torch.nn.Embedding(width, 32), torch.nn.Linear(32, width))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    batches = tokens.batches(4, layout=layout, shuffle=True)

    losses: list[float] = []
    predicted: set[int] = set()
    while len(losses) < 60:
        for batch in batches:
            ids, labels = batch["input_ids"].flatten()[:-1], batch["labels"].flatten()[1:]
            loss = torch.nn.functional.cross_entropy(model(ids), labels, ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            predicted |= set(ids[labels != IGNORED].tolist())
    assert np.mean(losses[-5:]) < losses[0] / 4

    moved = (model[0].weight - before[0]).abs().sum(dim=1) > 0
    assert set(moved.nonzero().flatten().tolist()) == predicted
    labels = tokens.labels[tokens.labels != IGNORED]
    assert tokenizer.decode(labels[:9].tolist(), skip_special_tokens=False).startswith("5 mg<|im_end|>10 mg")
