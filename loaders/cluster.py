"""Shards of tokens made by the processes of a Ray cluster: the same ones, in the same order, as `local` makes.

A shard is one task of Ray Core. Ray Data does not serve: it tries a task that kills its worker again without end (its
parameters that say otherwise are on their way out), and holds back finished blocks without limit to give them in order.
Here as many shards are under way as `AHEAD` says, and a task is tried `TRIES` times.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import time
import traceback
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import numpy as np

from loaders import shard_files
from loaders.ragged import begins
from loaders.shard_files import Left, folder_of
from loaders.telling import caller
from registry.errors import MedRegistryError
from registry.settings import settings

if TYPE_CHECKING:
    import polars as pl

    from loaders.records import Records
    from loaders.tokenize import Job, Maker
    from loaders.tokenstore import Shard

AHEAD = 2
"""Shards under way, or finished and waiting for an earlier one, for each processor of the cluster."""
TRIES = 3
"""How often a shard whose worker dies is made again before it is given up."""
PATIENCE = 60.0
"""Seconds until a file that one machine has written must be seen by another; a network's file system takes its time."""
MEMORY = 10
"""Bytes that making a shard takes for each byte of its text; Ray runs no more tasks than a machine has room for."""
STEP = 256 << 20
"""Bytes to which that is rounded up."""
THREADS = dict.fromkeys(("RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "OMP_NUM_THREADS"), "1")
"""A task has one processor, so the libraries in it have one thread."""


class Work(NamedTuple):
    """What all tasks of a job share.

    Attributes:
        name: of this work, and no other.
        job: what shapes the tokens.
        cache: of the user, where verdicts on engines are kept for all.
        stored: folder of the records; None where they travel with the tasks.
        left: folder for finished shards; None to hand them back.
        first: the records of the first shard, by which all processes choose what encodes.
        records: those of the first shard, in Ray's store; None where they are in `stored`.
    """

    name: str
    job: Job
    cache: Path
    stored: Path | None
    left: Path | None
    first: tuple[int, int]
    records: Any


class Done(NamedTuple):
    """What comes back of a task: the shard, None where it lies in `left`; or what was raised."""

    shard: Shard | None
    warned: tuple[str, ...] = ()
    error: Exception | None = None


def library() -> ModuleType:
    """The library `ray`.

    Raises:
        MedRegistryError: it is missing.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    try:
        import ray
    except ModuleNotFoundError:
        raise MedRegistryError("engine='ray' needs Ray: pip install \"medregistry[ray]\"") from None
    return ray


def shards(records: Records, job: Job, left: Path | None, *, edges: Sequence[int] | None = None) -> Iterator[Shard]:
    """The shards of records, made on the Ray cluster that is connected, that RAY_ADDRESS names, or of this machine.

    Args:
        records: those of `registry.load` are read by the workers, from the cache, which all machines must share;
            others travel with the tasks.
        job: what shapes the tokens.
        left: folder in which workers leave finished shards, which are then not made again; None keeps them in memory.
        edges: where shards begin and the last ends, else `loaders.tokenize.shard_edges`.

    Yields:
        Shards in the order of the records; those in `left` as mapped files.

    Raises:
        MedRegistryError: Ray is missing or cannot be reached; workers die; a worker does not see the cache. An error of
            a worker is raised here as it is there.
    """
    from loaders.tokenize import shard_edges

    ranges = list(pairwise(edges or shard_edges(records.frame)))
    if left is not None:
        left = left.absolute()
        left.mkdir(parents=True, exist_ok=True)
    there = {pair for pair in ranges if left is not None and shard_files.is_whole(folder_of(left, *pair))}
    missing = [pair for pair in ranges if pair not in there]
    arriving = _arriving(records, job, left, missing, ranges[0])
    told: set[str] = set()
    try:
        for pair in ranges:
            shard, warned = _seen(left, pair) if left is not None and pair in there else next(arriving)
            for text in warned:
                if text not in told:
                    warnings.warn(text, stacklevel=caller())
            told.update(warned)
            yield shard
    finally:
        arriving.close()


def _arriving(
    records: Records, job: Job, left: Path | None, ranges: Sequence[tuple[int, int]], first: tuple[int, int]
) -> Generator[Left]:
    """The shards of some ranges in their order; a few are under way at any time."""
    from loaders.tokenize import text_bytes

    if not ranges:
        return
    ray = library()
    width = _connected(ray)
    room = max((int(node["Resources"].get("memory", 0)) for node in ray.nodes() if node["Alive"]), default=0)
    stored = _folder(records)
    name = uuid4().hex
    beginning = None if stored else ray.put(records.frame.slice(first[0], first[1] - first[0]))
    work = ray.put(Work(name, job, settings().cache.absolute(), stored, left, first, beginning))
    if left is not None:
        (left / name).touch()
    task = ray.remote(num_cpus=1, max_retries=TRIES, runtime_env={"env_vars": THREADS})(_done)
    waiting: deque[tuple[tuple[int, int], Any]] = deque()
    rest = iter(ranges)
    try:
        while True:
            for pair in rest:
                frame = records.frame.slice(pair[0], pair[1] - pair[0])
                own = None if stored else beginning if pair == first else ray.put(frame)
                needed = (MEMORY * int(text_bytes(frame).sum()) // STEP + 1) * STEP
                fit = task.options(memory=min(needed, room)) if room else task
                waiting.append((pair, fit.remote(name, [work], pair, [own])))
                if len(waiting) >= width * AHEAD:
                    break
            if not waiting:
                return
            pair, under_way = waiting[0]
            done = _got(ray, under_way, pair)
            waiting.popleft()
            if done.error is not None:
                raise done.error
            yield Left(done.shard, done.warned) if done.shard is not None else _seen(left, pair)
    finally:
        for _, under_way in waiting:
            ray.cancel(under_way)


def _connected(ray: ModuleType) -> int:
    """Connect to Ray unless that is done; returns how many processors there are."""
    try:
        if not ray.is_initialized():
            _knock(os.environ.get("RAY_ADDRESS", ""))
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        width = int(ray.cluster_resources().get("CPU", 0))
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        place = os.environ.get("RAY_ADDRESS")
        where = f"at RAY_ADDRESS={place} cannot be reached" if place else "cannot be started on this machine"
        raise MedRegistryError(f"Ray {where}: {_line(error)}") from None
    if not width:
        raise MedRegistryError("the Ray cluster has no processor: start workers with `ray start --address=HEAD:6379`")
    return width


def _knock(address: str) -> None:
    """See that somebody listens at HOST:PORT; Ray itself would try for minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _folder(records: Records) -> Path | None:
    """Where a worker reads records itself; None where they are in this process alone."""
    from loaders import store

    if records.key is None:
        return None
    folder = store.folder_of(records.key).absolute()
    return folder if store.record_of(folder) is not None else None


def _got(ray: ModuleType, under_way: Any, pair: tuple[int, int]) -> Done:
    try:
        done: Done = ray.get(under_way)
    except ray.exceptions.RayError as error:
        raise MedRegistryError(
            f"Ray gave up on the records {pair[0]:,} to {pair[1]:,}, at the latest at try {TRIES + 1}: {_line(error)} "
            "Where workers die of want of memory, start Ray with fewer processors (ray start --num-cpus); of loaded "
            "records, what is finished is not made again"
        ) from None
    return done


def _line(error: BaseException) -> str:
    """The beginning of what Ray says, on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 400 else f"{text[:400]} …"


def _seen(left: Path | None, pair: tuple[int, int]) -> Left:
    """A shard that a worker has left, once this machine sees it."""
    assert left is not None  # noqa: S101 - only then a worker leaves one
    until = time.monotonic() + PATIENCE
    while (found := shard_files.read(folder_of(left, *pair))) is None:
        if time.monotonic() > until:
            raise MedRegistryError(
                f"{folder_of(left, *pair)}: finished by a worker, and not to be seen here; do all machines share "
                "REGISTRY_CACHE?"
            )
        time.sleep(0.2)
        any(left.iterdir())  # makes a network's file system look again
    return found


_maker: tuple[str, Maker, Work] | None = None
"""What this process works on, if it is a worker: tasks of one work come to it again and again."""


def _done(name: str, work: list[Any], pair: tuple[int, int], own: list[Any]) -> Done:
    """Make a shard, in a worker; what is raised goes back as it is, without Ray's words around it."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            shard, left = _made(name, work, pair, own)
        warned = tuple(dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, UserWarning)))
        if shard is not None and left is not None:
            shard_files.write(folder_of(left, *pair), shard, warned)
            shard = None
    except Exception as error:  # noqa: BLE001 - it is raised where the user is
        return Done(None, error=_portable(error))
    return Done(shard, warned)


def _made(name: str, work: list[Any], pair: tuple[int, int], own: list[Any]) -> tuple[Shard | None, Path | None]:
    """The shard, unless it lies finished in the folder; and the folder, if this machine sees it."""
    maker, shared = _prepared(name, work)
    left = shared.left if shared.left is not None and (shared.left / name).exists() else None
    if left is not None and shard_files.is_whole(folder_of(left, *pair)):
        return None, left
    frame = _frame(shared, pair, own[0])
    if pair != shared.first and not maker.tried:
        _learn(maker, _frame(shared, shared.first, shared.records))
    return maker.shard(frame, pair[0]), left


def _prepared(name: str, work: list[Any]) -> tuple[Maker, Work]:
    global _maker
    if _maker is None or _maker[0] != name:
        import ray

        from loaders.tokenize import Maker

        shared: Work = ray.get(work[0])
        os.environ["REGISTRY_CACHE"] = str(shared.cache)
        _maker = name, Maker(shared.job), shared
    return _maker[1:]


def _frame(shared: Work, pair: tuple[int, int], own: Any) -> pl.DataFrame:
    """The records of a range."""
    if shared.stored is None:
        import ray

        frame: pl.DataFrame = ray.get(own)
        return frame
    return stored_rows(shared.stored, *pair)


def stored_rows(folder: Path, first: int, last: int) -> pl.DataFrame:
    """Some of the records in a folder of the cache; only the parts that hold them are mapped.

    Raises:
        MedRegistryError: they are not to be seen on this machine.
    """
    import polars as pl

    from loaders import store

    record = store.record_of(folder)
    if record is None:
        raise MedRegistryError(
            f"{folder}: no records are to be seen there by {socket.gethostname()}; REGISTRY_CACHE must name a folder "
            "that all machines of the Ray cluster share, by the same path"
        )
    parts = record["parts"]
    edges = begins(np.array([part["rows"] for part in parts])).tolist()
    among = [number for number in range(len(parts)) if edges[number] < last and edges[number + 1] > first] or [0]
    frames = [_mapped(folder / parts[number]["file"]) for number in among]
    return pl.concat(frames, rechunk=False).slice(first - edges[among[0]], last - first)


def _mapped(path: Path) -> pl.DataFrame:
    import polars as pl
    import pyarrow as pa
    import pyarrow.ipc

    with pa.memory_map(str(path)) as source:
        return pl.DataFrame(pl.from_arrow(pa.ipc.open_file(source).read_all(), rechunk=False))


def _learn(maker: Maker, frame: pl.DataFrame) -> None:
    """Choose what encodes by the first records, as a process does that makes the first shard."""
    from loaders.engines import OWN_BYTES
    from loaders.render import said
    from loaders.speech import prepared

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first shard tells them
        for count in (1 << power for power in range(10, 64, 2)):
            head = frame.head(count)
            texts = prepared(said(head, maker.job.schema, maker.job.template), maker.layout)["text"]
            if count >= frame.height or texts.str.len_bytes().sum() > OWN_BYTES:
                maker.shard(head, 0)
                return


def _portable(error: Exception) -> Exception:
    """An error that arrives in another process as what it is; of a bug of ours, with where it happened."""
    if not isinstance(error, MedRegistryError | OSError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        if type(pickle.loads(pickle.dumps(error))) is type(error):  # noqa: S301 - our own, just made
            return error
    except Exception:  # noqa: BLE001, S110 - some errors are made from other things than their message
        pass
    return _plain(error)


def _plain(error: Exception) -> Exception:
    """The nearest class of ours that is made from a message."""
    for kind in type(error).__mro__:
        if issubclass(kind, MedRegistryError) and "__init__" not in vars(kind):
            return kind(str(error))
    return RuntimeError(f"{type(error).__name__}: {error}")
