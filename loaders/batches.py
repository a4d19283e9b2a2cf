"""Tokens to batches of torch tensors. The one module of the loaders that needs PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from loaders.tokens import IGNORED
from registry.errors import MedRegistryError, UnknownOption, UsageError

if TYPE_CHECKING:
    from loaders.tokens import Tokens

try:
    import torch
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info
except ModuleNotFoundError as error:
    raise MedRegistryError('batches are made of PyTorch tensors: pip install "medregistry[torch]"') from error

LAYOUTS = ("padded", "packed", "varlen")

Ints = npt.NDArray[np.int64]


class Batches(IterableDataset[dict[str, Any]]):
    """Batches of tokens in a seeded order; each pass over it is one epoch.

    A batch is a dict of tensors on `device`, all int64 but `cu_seqlens` (int32); `labels` is -100 where no loss is
    taken and is not shifted (models of transformers shift it themselves).

    - `padded`: `batch_size` rows, padded on the right to the longest: input_ids, labels, attention_mask, each [B, T].
    - `packed`: `batch_size` packs of several rows each: input_ids, labels, position_ids, each [B, max_length];
      position_ids begin anew with each row.
    - `varlen`: `batch_size` rows end to end: input_ids, labels, position_ids, each [tokens].

    The latter two also hold `cu_seqlens` [rows + 1], where each row begins in the flattened batch, and `max_seqlen`, a
    Python int; the padding at the end of a pack counts as a row of its own. The first token of each row has no label
    there, so that a shifted loss never asks for one row's beginning at another's end.

    Args:
        tokens: what to batch.
        batch_size: rows, or packs in the layout `packed`, of one batch of one rank.
        layout: "padded", "packed" or "varlen".
        device: where the tensors go, as torch names it; through pinned memory and without waiting where it is CUDA.
        shuffle: a new order in each epoch, the same for the same seed; otherwise the order of the rows.
        seed: of the order.
        rank, world_size: this process and how many there are; their batches are disjoint and together complete.
        drop_last: leave out the last, smaller batches, so that all ranks have equally many of equal size.

    Raises:
        UsageError: an option that does not fit.
    """

    def __init__(
        self,
        tokens: Tokens,
        batch_size: int,
        *,
        layout: str = "padded",
        device: torch.device | str | None = None,
        shuffle: bool = False,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        drop_last: bool = False,
    ) -> None:
        if layout not in LAYOUTS:
            raise UnknownOption("layout", layout, LAYOUTS)
        if batch_size < 1:
            raise UsageError(f"batch_size must be a positive number, not {batch_size!r}")
        if not 0 <= rank < world_size:
            raise UsageError(f"rank {rank} is none of a world of {world_size}: ranks count from 0")
        self.tokens = tokens
        self.batch_size = batch_size
        self.layout = layout
        self.device = None if device is None else torch.device(device)
        self.shuffle = shuffle
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.drop_last = drop_last
        self._units = len(tokens.plan) if layout == "packed" else len(tokens)
        self._epoch = 0
        self._done = 0
        self._resume = 0

    def __len__(self) -> int:
        """Batches of this rank in a whole epoch."""
        whole, rest = divmod(self._units, self.batch_size * self.world_size)
        return whole + (not self.drop_last and rest > self.rank)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        order = self._order()
        step = self.batch_size * self.world_size
        start, self._resume = self._resume, 0
        self._done = start
        worker: Any = get_worker_info()
        for number, begin in enumerate(range(start, self._units, step)):
            block = order[begin : begin + step]
            if self.drop_last and len(block) < step:
                break
            # Ranks take turns within a block, so a block is the same for any number of ranks of equal total size.
            mine = block[self.rank :: self.world_size]
            self._done = min(begin + step, self._units)
            if len(mine) and (worker is None or number % worker.num_workers == worker.id):
                yield self._batch(mine)
        self._epoch += 1
        self._done = 0

    def state_dict(self) -> dict[str, int | bool | str]:
        """Where the iteration stands, as plain values: after the last batch that was handed out.

        Ranks that have taken equally many batches have the same state.
        """
        return {
            "epoch": self._epoch,
            "done": self._done,
            "units": self._units,
            "layout": self.layout,
            "shuffle": self.shuffle,
            "seed": self.seed,
        }

    def load_state_dict(self, state: dict[str, int | bool | str]) -> None:
        """Go on from `state`: the next pass begins with the batch after it; the number of ranks may be another.

        Raises:
            UsageError: the state is of other tokens, another layout or another order.
        """
        now = self.state_dict()
        if missing := now.keys() - state.keys():
            raise UsageError(f"the state lacks {', '.join(sorted(missing))}; it was not made by state_dict()")
        for name in ("units", "layout", "shuffle", "seed"):
            if state[name] != now[name]:
                raise UsageError(f"the state has {name} {state[name]!r}, these batches have {now[name]!r}")
        epoch, done = int(state["epoch"]), int(state["done"])
        if epoch < 0 or not 0 <= done <= self._units:
            raise UsageError(f"the state stands at epoch {epoch}, {done} of {self._units}: there is no such place")
        self._epoch, self._done, self._resume = epoch, done, done

    def _order(self) -> Ints:
        if not self.shuffle:
            return np.arange(self._units)
        return np.random.default_rng([self.seed, self._epoch]).permutation(self._units)

    def _batch(self, units: Ints) -> dict[str, Any]:
        if self.layout == "padded":
            made: dict[str, Any] = padded(self.tokens, units)
        elif self.layout == "varlen":
            made = varlen(self.tokens, units)
        else:
            made = packed(self.tokens, units)
        return {name: self._tensor(value) if isinstance(value, np.ndarray) else value for name, value in made.items()}

    def _tensor(self, array: npt.NDArray[Any]) -> torch.Tensor:
        tensor = torch.from_numpy(array)
        if self.device is None:
            return tensor
        if self.device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)


def dataloader(batches: Batches) -> DataLoader[dict[str, Any]]:
    """A DataLoader that hands the batches out as they are; `.dataset` is `batches`, with its state."""
    return DataLoader(batches, batch_size=None)


def padded(tokens: Tokens, rows: Ints) -> dict[str, npt.NDArray[Any]]:
    """Rows as a matrix, padded on the right."""
    lengths = tokens.lengths_of(rows)
    width = int(lengths.max(initial=0))
    local = _local(lengths)
    cells = np.repeat(np.arange(len(rows)) * width, lengths) + local
    ids, labels = _matrix(tokens, rows, cells, len(rows), width)
    mask = np.zeros(ids.size, np.int64)
    mask[cells] = 1
    return {"input_ids": ids, "labels": labels, "attention_mask": mask.reshape(ids.shape)}


def varlen(tokens: Tokens, rows: Ints) -> dict[str, Any]:
    """Rows end to end, without padding."""
    lengths = tokens.lengths_of(rows)
    ids, labels = _matrix(tokens, rows, np.arange(lengths.sum()), 1, int(lengths.sum()))
    return _joined(ids[0], labels[0], lengths)


def packed(tokens: Tokens, packs: Ints) -> dict[str, Any]:
    """Packs as a matrix; the free space at the end of each is padding."""
    chosen = [tokens.plan[pack] for pack in packs.tolist()]
    rows = np.concatenate(chosen)
    lengths = tokens.lengths_of(rows)
    pack = np.repeat(np.arange(len(chosen)), [len(part) for part in chosen])
    filled = np.bincount(pack, weights=lengths, minlength=len(chosen)).astype(np.int64)
    room = tokens.max_length
    cells = np.repeat(np.arange(len(chosen)) * room - (np.cumsum(filled) - filled), filled) + np.arange(filled.sum())
    ids, labels = _matrix(tokens, rows, cells, len(chosen), room)
    with_padding = np.insert(lengths, np.cumsum([len(part) for part in chosen]), room - filled)
    return _joined(ids, labels, with_padding)


def _local(lengths: Ints) -> Ints:
    """0, 1, 2, … for each length, one after another."""
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _matrix(tokens: Tokens, rows: Ints, cells: Ints, height: int, width: int) -> tuple[Ints, Ints]:
    """Ids and labels of rows, written to `cells` of a padded matrix."""
    lengths = tokens.lengths_of(rows)
    places = np.repeat(tokens.offsets[rows].astype(np.int64), lengths) + _local(lengths)
    ids = np.full(height * width, tokens.pad, np.int64)
    labels = np.full(height * width, IGNORED, np.int64)
    ids[cells], labels[cells] = tokens.ids[places], tokens.labels[places]
    return ids.reshape(height, width), labels.reshape(height, width)


def _joined(ids: Ints, labels: Ints, lengths: Ints) -> dict[str, Any]:
    """The places of rows in a flattened batch, and no label at the beginning of any."""
    lengths = lengths[lengths > 0]
    bounds = np.append(0, np.cumsum(lengths)).astype(np.int32)
    labels.reshape(-1)[bounds[:-1]] = IGNORED
    return {
        "input_ids": ids,
        "labels": labels,
        "position_ids": _local(lengths).reshape(ids.shape),
        "cu_seqlens": bounds,
        "max_seqlen": int(lengths.max(initial=0)),
    }
