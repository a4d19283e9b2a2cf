"""Tokens to batches of torch tensors. The one module of the loaders' text side that needs PyTorch."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loaders.ahead import ahead
from loaders.order import shuffled
from loaders.ragged import begins, spread
from loaders.tokens import IGNORED, LEARNED
from registry.errors import MedRegistryError, UnknownOption, UsageError

if TYPE_CHECKING:
    from loaders.decode import Decoder
    from loaders.tokens import Tokens

try:
    import torch
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info
except ModuleNotFoundError as error:
    raise MedRegistryError('batches are made of PyTorch tensors: pip install "medregistry[torch]"') from error

LAYOUTS = ("padded", "packed", "varlen")
AHEAD = 2
"""Batches that are made before they are asked for where they go to a GPU or hold pictures."""
ORDERED = 1 << 16
"""Places of the shuffled order that are computed at once."""
LONG = 128
"""Tokens of a reference from which on it is copied by itself."""

Ints = npt.NDArray[np.int64]
Batch = dict[str, Any]


class Batches(IterableDataset[Batch]):
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

    Where the records have pictures or signals, they are read now, and a batch also holds what `loaders.decode.Decoder`
    makes of them; `image_rows` and the like count the batch's rows of text in order.

    Args:
        tokens: what to batch.
        batch_size: rows, or packs in the layout `packed`, of one batch of one rank.
        layout: "padded", "packed" or "varlen".
        device: where the tensors go, as torch names it; through pinned memory, on a stream of their own and ahead of
            time where it is CUDA.
        shuffle: a new order in each epoch, the same for the same seed; otherwise the order of the rows.
        seed: of the order.
        rank, world_size: this process and how many there are; their batches are disjoint and together complete.
        drop_last: leave out the last, smaller batches, so that all ranks have equally many of equal size.
        prefetch: batches made ahead of time in a thread; None for 2 where they go to CUDA or hold pictures, else 0.
        media: False leaves pictures and signals out.
        decoding: options of `loaders.decode.Decoder`: size, processor, signal_length, …

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
        prefetch: int | None = None,
        media: bool = True,
        **decoding: Any,
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
        self.decoder = _decoder(tokens, media, decoding)
        on_gpu = self.device is not None and self.device.type == "cuda"
        self.prefetch = prefetch if prefetch is not None else AHEAD if on_gpu or self.decoder else 0
        self._units = len(tokens.plan) if layout == "packed" else len(tokens)
        self._epoch = 0
        self._done = 0
        self._resume = 0

    @property
    def step(self) -> int:
        """Rows, or packs, that all ranks take together for one batch each."""
        return self.batch_size * self.world_size

    def __len__(self) -> int:
        """Batches of this rank in a whole epoch."""
        whole, rest = divmod(self._units, self.step)
        return whole + (not self.drop_last and rest > self.rank)

    def __iter__(self) -> Iterator[Batch]:
        begin, self._resume = self._resume, 0
        self._done = begin
        worker: Any = get_worker_info()
        made = self._made(begin, worker)
        handed = ahead(made, self.prefetch) if self.prefetch and worker is None else made
        with closing(handed):  # type: ignore[type-var] # both are generators
            for done, batch in handed:
                self.stand(done)
                yield batch.here() if isinstance(batch, _Moved) else batch
        self.over()

    def stand(self, done: int) -> None:
        """Note that batches up to `done` rows or packs have been handed out."""
        self._done = done

    def over(self) -> None:
        """Note that the epoch is over."""
        self._epoch += 1
        self._done = self._resume = 0

    def at(self, number: int) -> int:
        """Rows, or packs, that are done after so many batches of a pass that goes on from the state."""
        return min(self._resume + number * self.step, self._units)

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

    def _made(self, start: int, worker: Any) -> Iterator[tuple[int, Any]]:
        """The batches of this rank (and worker) from a place on, each with how much is done after it."""
        whole = self._units - self._units % self.step if self.drop_last else self._units
        number = 0
        at_once = max(1, ORDERED // self.step) * self.step
        for first in range(start, whole, at_once):
            last = min(first + at_once, whole)
            # Ranks take turns within a step, so a step is the same for any number of ranks of equal total size.
            mine = np.arange(first + self.rank, last, self.world_size)
            units = shuffled(mine, self._units, self.seed, self._epoch) if self.shuffle else mine
            for turn in range(-(-(last - first) // self.step)):
                own = units[turn * self.batch_size : (turn + 1) * self.batch_size]
                if len(own) and (worker is None or number % worker.num_workers == worker.id):
                    batch = self._batch(own)
                    done = min(first + (turn + 1) * self.step, self._units)
                    yield done, batch if worker is not None or self.device is None else moved(batch, self.device)
                number += 1

    def _batch(self, units: Ints) -> Batch:
        rows = units
        if self.layout == "packed":
            rows, counts = self.tokens.plan.of(units)
            made = packed(self.tokens, rows, counts, self.pinned)
        else:
            made = (padded if self.layout == "padded" else varlen)(self.tokens, rows, self.pinned)
        return made | self.decoder(self.tokens.arrays.records[rows].astype(np.int64)) if self.decoder else made

    @property
    def pinned(self) -> bool:
        """Whether batches are made in page-locked memory."""
        return self.device is not None and self.device.type == "cuda" and get_worker_info() is None


def _decoder(tokens: Tokens, media: bool, options: dict[str, Any]) -> Decoder | None:
    from loaders.decode import Decoder

    known = [name for name in inspect.signature(Decoder).parameters if name != "records"]
    if unknown := sorted(options.keys() - set(known)):
        raise UsageError(f"no option {', '.join(unknown)}; those of pictures and signals are {', '.join(known)}")
    if not media or tokens.source is None:
        return None
    decoder = Decoder(tokens.source, **options)
    return decoder or None


class _Moved(NamedTuple):
    """A batch on its way to a GPU, on a stream of its own."""

    batch: Batch
    event: Any
    device: torch.device

    def here(self) -> Batch:
        """The batch, for what is done next on the stream of whoever asks."""
        stream = torch.cuda.current_stream(self.device)
        stream.wait_event(self.event)
        for value in _tensors(self.batch):
            value.record_stream(stream)
        return self.batch


def moved(batch: Batch, device: torch.device) -> Any:
    """A batch on a device; on CUDA the copy is under way, and `here()` has whoever asks wait for it on the GPU."""
    if device.type != "cuda":
        return {name: _to(value, device) for name, value in batch.items()}
    stream = _stream(device)
    with torch.cuda.stream(stream):
        copied = {name: _to(value, device) for name, value in batch.items()}
    return _Moved(copied, stream.record_event(), device)


_streams: dict[torch.device, Any] = {}


def _stream(device: torch.device) -> Any:
    if device not in _streams:
        _streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return _streams[device]


def _to(value: Any, device: torch.device) -> Any:
    if isinstance(value, list):
        return [_to(one, device) for one in value]
    if not isinstance(value, torch.Tensor):
        return value
    if device.type == "cuda" and not value.is_pinned():
        value = value.pin_memory()
    return value.to(device, non_blocking=True)


def _tensors(batch: Batch) -> Iterator[torch.Tensor]:
    for value in batch.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, torch.Tensor):
                yield one


class Loader(DataLoader[Batch]):
    """A DataLoader that hands batches out as they are; `.dataset` is the `Batches`, whose state follows."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        batches: Any = self.dataset
        if self.num_workers == 0:
            yield from super().__iter__()
            return
        for number, batch in enumerate(super().__iter__(), 1):
            batches.stand(batches.at(number))
            sent = batch if batches.device is None else moved(batch, batches.device)
            yield sent.here() if isinstance(sent, _Moved) else sent
        batches.over()

    def state_dict(self) -> dict[str, int | bool | str]:
        """As `Batches.state_dict`: after the last batch that was handed out, whatever workers have made since."""
        state: dict[str, int | bool | str] = self.dataset.state_dict()  # type: ignore[attr-defined]
        return state

    def load_state_dict(self, state: dict[str, int | bool | str]) -> None:
        """As `Batches.load_state_dict`."""
        self.dataset.load_state_dict(state)  # type: ignore[attr-defined]


def dataloader(batches: Batches, num_workers: int = 0, multiprocessing_context: Any = None) -> Loader:
    """The batches behind PyTorch's own interface.

    Args:
        batches: what to hand out.
        num_workers: processes that make batches in turn; tensors go to the device in this one.
        multiprocessing_context: "spawn" or "fork", as `DataLoader` takes it.
    """
    return Loader(batches, batch_size=None, num_workers=num_workers, multiprocessing_context=multiprocessing_context)


def padded(tokens: Tokens, rows: Ints, pinned: bool = False) -> Batch:
    """Rows as a matrix, padded on the right."""
    lengths = tokens.arrays.lengths[rows].astype(np.int64)
    width = int(lengths.max(initial=0))
    ids, labels = _filled(tokens, rows, lengths, np.arange(len(rows)) * width, (len(rows), width), pinned)
    mask = _new((len(rows), width), pinned)
    np.less(np.arange(width), lengths[:, None], out=mask.numpy(), casting="unsafe")
    return {"input_ids": ids, "labels": labels, "attention_mask": mask}


def varlen(tokens: Tokens, rows: Ints, pinned: bool = False) -> Batch:
    """Rows end to end, without padding."""
    lengths = tokens.arrays.lengths[rows].astype(np.int64)
    bounds = begins(lengths)
    ids, labels = _filled(tokens, rows, lengths, bounds[:-1], (int(bounds[-1]),), pinned)
    return _joined(ids, labels, lengths, pinned)


def packed(tokens: Tokens, rows: Ints, counts: Ints, pinned: bool = False) -> Batch:
    """Packs as a matrix, from the rows of all of them and how many each has; what is free at the end is padding."""
    lengths = tokens.arrays.lengths[rows].astype(np.int64)
    room, ends = tokens.max_length, np.cumsum(counts)
    bounds = begins(lengths)
    filled = bounds[ends] - bounds[ends - counts]
    pack = np.repeat(np.arange(len(counts)), counts)
    at = bounds[:-1] + (np.arange(len(counts)) * room - bounds[ends - counts])[pack]
    ids, labels = _filled(tokens, rows, lengths, at, (len(counts), room), pinned)
    return _joined(ids, labels, np.insert(lengths, ends, room - filled), pinned)


def _new(shape: tuple[int, ...], pinned: bool, dtype: torch.dtype = torch.int64) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, pin_memory=pinned)


def _filled(
    tokens: Tokens, rows: Ints, lengths: Ints, at: Ints, shape: tuple[int, ...], pinned: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels of rows, each row written where it begins in the flattened shape; the rest is padding."""
    made = _new(shape, pinned), _new(shape, pinned)
    ids, labels = (tensor.numpy().reshape(-1) for tensor in made)
    if int(lengths.sum()) < len(ids):
        ids[:] = tokens.pad
    labels[:] = IGNORED
    arrays = tokens.arrays
    first = arrays.bounds[rows].astype(np.int64)
    counts = arrays.bounds[rows + 1].astype(np.int64) - first
    which = spread(first, counts)
    flagged = arrays.sizes[which]
    sizes, learned = (flagged & (LEARNED - 1)).astype(np.int64), flagged >= LEARNED
    starts = arrays.starts[which].astype(np.int64)
    before = begins(sizes)[:-1]
    row_first = before[(begins(counts)[:-1])[counts > 0]]
    goes_to = before + np.repeat(at[counts > 0] - row_first, counts[counts > 0])
    long = sizes >= LONG
    for start, size, to, is_learned in zip(
        starts[long].tolist(), sizes[long].tolist(), goes_to[long].tolist(), learned[long].tolist(), strict=True
    ):
        ids[to : to + size] = arrays.ids[start : start + size]
        if is_learned:
            labels[to : to + size] = ids[to : to + size]
    short = ~long
    cells = spread(goes_to[short], sizes[short])
    ids[cells] = arrays.ids[spread(starts[short], sizes[short])]
    short &= learned
    cells = spread(goes_to[short], sizes[short])
    labels[cells] = ids[cells]
    return made


def _joined(ids: torch.Tensor, labels: torch.Tensor, lengths: Ints, pinned: bool) -> Batch:
    """The places of rows in a flattened batch, and no label at the beginning of any."""
    lengths = lengths[lengths > 0]
    bounds = begins(lengths)
    labels.numpy().reshape(-1)[bounds[:-1]] = IGNORED
    places, edges = _new(tuple(ids.shape), pinned), _new((len(bounds),), pinned, torch.int32)
    places.numpy().reshape(-1)[:] = spread(np.zeros(len(lengths), np.int64), lengths)
    edges.numpy()[:] = bounds
    return {
        "input_ids": ids,
        "labels": labels,
        "position_ids": places,
        "cu_seqlens": edges,
        "max_seqlen": int(lengths.max(initial=0)),
    }
