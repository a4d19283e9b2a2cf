"""One harvest: each service in turn, page by page into the catalogue, with a record of what came of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import NamedTuple

from filelock import FileLock, Timeout
from sqlalchemy import Engine

from harvesters import github, huggingface, openalex
from harvesters.http import Client, Stop
from harvesters.memory import Catalogue
from harvesters.page import Page, Wish
from registry import harvest_log
from registry.db import ready, writing
from registry.errors import HarvestError, UnknownOption
from registry.harvest_log import Failure
from registry.ingest import Outcome, ingest
from registry.observation import Observation, clean
from registry.settings import Settings, settings
from registry.tables import now

log = logging.getLogger(__name__)

TOLD_EVERY = 50
"""Requests between two lines about how far a run is."""

HARVESTERS: dict[str, ModuleType] = {"huggingface": huggingface, "github": github, "openalex": openalex}


class RunResult(NamedTuple):
    """What came of the run of a source; `status`: ``done``, ``partial`` (`message` says what is left) or ``failed``."""

    source: str
    status: str
    requests: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    failed: int = 0
    message: str | None = None


def harvest(
    sources: Iterable[str] = tuple(HARVESTERS),
    *,
    since: dt.datetime | None = None,
    full: bool = False,
    max_requests: int | None = None,
    dry_run: bool = False,
    budget: float | None = None,
    target: Engine | None = None,
    told: Callable[[str], None] = log.info,
) -> list[RunResult]:
    """Ask the services what is new, and write it into the catalogue.

    Args:
        sources: any of huggingface, github, openalex; asked one after the other.
        since: read lists down to that day, instead of to where the last run was.
        full: look at everything again.
        max_requests: stop cleanly after so many, all sources together; each gets its share.
        dry_run: ask, but store nothing; the counts say what would have come of it.
        budget: US dollars that may be spent at OpenAlex.
        target: the catalogue, migrated; that of REGISTRY_DATABASE_URL by default.
        told: gets a line now and then of how far it is.

    Returns:
        One result a source, in their order. What fails of one source is told in its result and leaves others alone.

    Raises:
        HarvestError: the network is forbidden by REGISTRY_OFFLINE, or another harvest is running.
        UnknownOption: no such source.
        DatabaseError: the catalogue cannot be used.
    """
    names = list(dict.fromkeys(sources))
    for name in names:
        if name not in HARVESTERS:
            raise UnknownOption("source", name, tuple(HARVESTERS))
    here = settings()
    if here.offline:
        raise HarvestError("REGISTRY_OFFLINE is set, and a harvest asks the network: unset it to harvest")
    target = target or ready()
    results, left = [], max_requests
    with _alone(here, target):
        for index, name in enumerate(names):
            share = None if left is None else -(-left // (len(names) - index))
            wish = Wish(now(), since, full)
            results.append(_run(target, name, here, wish, share, dry_run, budget, told))
            left = None if left is None else left - results[-1].requests
    return results


def _alone(here: Settings, target: Engine) -> FileLock:
    """The lock that one harvest of this database holds; it is free again when its process ends, however that ends."""
    mark = hashlib.sha256(target.url.render_as_string(hide_password=True).encode()).hexdigest()[:16]
    here.cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(here.cache / f"harvest-{mark}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise HarvestError(f"another harvest of this catalogue is running (lock {lock.lock_file})") from None
    return lock


def _run(
    target: Engine,
    name: str,
    here: Settings,
    wish: Wish,
    max_requests: int | None,
    dry_run: bool,
    budget: float | None,
    told: Callable[[str], None],
) -> RunResult:
    harvester = HARVESTERS[name]
    run = _Run(target, name, dry_run)
    status, message = "done", None
    try:
        with Client(harvester.service(here), mailto=here.mailto, max_requests=max_requests, budget=budget) as client:
            try:
                run.store_all(harvester.pages(client, Catalogue(target, name), wish), client, told)
            finally:
                run.requests = client.requests
    except Stop as stop:
        status = "partial" if stop.spent or any(run.outcome[:4]) else "failed"
        message = str(stop)
    except BaseException as error:
        run.end("failed", f"ended by {type(error).__name__}")
        raise
    if run.failures and status == "done":
        status = "partial" if any(run.outcome[:4]) else "failed"
        first, more = run.failures[0], len(run.failures) - 1
        message = f"{first.item}: {first.reason}" + (f"; and {more} more, see harvest_failure" if more else "")
    notes = [message, *wish.left_out] if status != "done" else wish.left_out
    shown = clean("; ".join(note for note in notes if note)) or None
    run.end(status, shown)
    return RunResult(name, status, run.requests, *run.outcome, shown)


class _Run:
    """A run in the database: its row, its pages. A dry one asks the database too, and takes all of it back."""

    def __init__(self, target: Engine, source: str, dry_run: bool) -> None:
        self.target, self.source, self.dry = target, source, dry_run
        self.outcome, self.requests = Outcome(), 0
        self.failures: list[Failure] = []
        self._met: set[tuple[str, str]] = set()
        self.id: int | None = None
        if not dry_run:
            with writing(target) as connection:
                self.id = harvest_log.begin_run(connection, source)

    def store_all(self, pages: Iterator[Page], client: Client, told: Callable[[str], None]) -> None:
        """Store each page in a transaction of its own, together with its mark and the counts of the run."""
        shown = 0
        for page in pages:
            self.requests = client.requests
            with writing(self.target) as connection:
                observations = self._not_counted(page.observations)
                outcome = ingest(connection, observations, run_id=self.id)
                outcome += Outcome(unchanged=len(page.observations) - len(observations), failed=len(page.failures))
                harvest_log.record_failures(connection, self.source, page.failures, self.id)
                harvest_log.end_failures(connection, self.source, set(page.items) - {f.item for f in page.failures})
                if page.cursor:
                    harvest_log.save_cursor(connection, self.source, page.cursor)
                if self.id is None:
                    connection.get_transaction().rollback()  # type: ignore[union-attr]
                else:
                    harvest_log.record_run(connection, self.id, self.outcome + outcome, self.requests)
            self.outcome += outcome
            self.failures += page.failures
            if self.requests >= shown + TOLD_EVERY:
                shown = self.requests
                counts = ", ".join(f"{count} {word}" for word, count in self.outcome._asdict().items() if count)
                told(f"{self.source}: {self.requests} requests; {counts or 'nothing yet'}")

    def _not_counted(self, observations: Sequence[Observation]) -> Sequence[Observation]:
        """All of them; in a dry run without those met on an earlier page, which was taken back."""
        if not self.dry:
            return observations
        fresh = [one for one in observations if (one.kind, one.native_id) not in self._met]
        self._met |= {(one.kind, one.native_id) for one in fresh}
        return fresh

    def end(self, status: str, message: str | None) -> None:
        """Close the run's row."""
        if self.id is not None:
            with writing(self.target) as connection:
                harvest_log.record_run(connection, self.id, self.outcome, self.requests, status, message)
