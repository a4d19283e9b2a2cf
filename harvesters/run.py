"""One harvest: each service in turn, page by page into the catalogue, with a record of what came of it."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from harvesters import github, huggingface, openalex
from harvesters.http import Client, Stop
from harvesters.lock import alone, alone_everywhere
from harvesters.memory import Catalogue
from harvesters.page import Page, Progress, Wish
from registry import harvest_log
from registry.db import ready, writing
from registry.errors import HarvestError, MedRegistryError, UnknownOption
from registry.harvest_log import Failure
from registry.ingest import Outcome, ingest
from registry.observation import Observation, clean
from registry.settings import Settings, settings
from registry.tables import now

log = logging.getLogger(__name__)

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
    ignored: int = 0
    """Places that were found and are no medical datasets."""
    message: str | None = None
    least: int = 0
    """Requests that the run would have made if there had been nothing new to read."""
    seconds: float = 0.0
    left: str = ""
    """What is left of the limits of the service."""


def _nobody(_told: object) -> None:
    """Whom nobody watches."""


def harvest(
    sources: Iterable[str] = tuple(HARVESTERS),
    *,
    since: dt.datetime | None = None,
    full: bool = False,
    max_requests: int | None = None,
    dry_run: bool = False,
    budget: float | None = None,
    target: Engine | None = None,
    at: dt.datetime | None = None,
    told: Callable[[Progress], None] = _nobody,
    ended: Callable[[RunResult], None] = _nobody,
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
        at: the time at which it is said to happen, by which it is decided whose turn it is; now by default.
        told: is called with how far it is, when a source begins and after each page that was stored.
        ended: is called with what came of each source.

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
    results: list[RunResult] = []
    left = max_requests
    with alone(here.cache, target.url.render_as_string(hide_password=True)), alone_everywhere(target):
        for index, name in enumerate(names):
            share = None if left is None else -(-left // (len(names) - index))
            wish = Wish(at or now(), since, full)
            results.append(_run(target, name, here, wish, share, dry_run, budget, told))
            ended(results[-1])
            left = None if left is None else left - results[-1].requests
    return results


def _run(
    target: Engine,
    name: str,
    here: Settings,
    wish: Wish,
    max_requests: int | None,
    dry_run: bool,
    budget: float | None,
    told: Callable[[Progress], None],
) -> RunResult:
    harvester, begun = HARVESTERS[name], time.monotonic()
    most = budget if name == "openalex" else None
    run = _Run(target, name, dry_run, wish)
    status, message, left = "done", None, ""
    try:
        with Client(harvester.service(here), mailto=here.mailto, max_requests=max_requests, budget=most) as client:
            try:
                run.store_all(harvester.pages(client, Catalogue(target, name, wish.now), wish), client, told)
            finally:
                run.requests, left = client.requests, client.meter.told()
    except Stop as stop:
        status = "partial" if stop.spent or any(run.outcome) else "failed"
        message = str(stop)
    except (MedRegistryError, SQLAlchemyError):
        run.broken_off("ended by the database")
        raise
    except Exception as error:  # what no one foresaw of one service must not keep the others from theirs
        log.exception("%s: a mistake of ours", name)
        status = "partial" if any(run.outcome) else "failed"
        message = f"ended by a mistake of ours, please report it: {type(error).__name__}: {error}"
    except BaseException as error:
        run.broken_off(f"ended by {type(error).__name__}")
        raise
    if run.failed and status == "done":
        status = "partial" if any(run.outcome._replace(failed=0)) else "failed"
        message = f"{run.first.item}: {run.first.reason}" if run.first else None
        message = f"{message}; and {run.failed - 1} more, see harvest_failure" if run.failed > 1 else message
    shown = clean(message or "") or None
    run.end(status, shown)
    seconds = time.monotonic() - begun
    return RunResult(name, status, run.requests, *run.outcome, shown, wish.least, seconds, left)


class _Run:
    """A run in the database: its row, its pages. A dry one asks the database too, and takes all of it back."""

    def __init__(self, target: Engine, source: str, dry_run: bool, wish: Wish) -> None:
        self.target, self.source, self.dry, self.wish = target, source, dry_run, wish
        self.outcome, self.requests, self.failed = Outcome(), 0, 0
        self.first: Failure | None = None
        self._met: set[tuple[str, str]] = set()
        self.id: int | None = None
        if not dry_run:
            with writing(target) as connection:
                self.id = harvest_log.begin_run(connection, source)

    def store_all(self, pages: Iterator[Page], client: Client, told: Callable[[Progress], None]) -> None:
        """Store each page in a transaction of its own, together with its marks and the counts of the run."""
        told(Progress(self.source, 0, self.outcome, "begins", ""))
        for page in pages:
            self.requests = client.requests
            with writing(self.target) as connection:
                observations = self._not_counted(page.observations)
                outcome = ingest(connection, observations, run_id=self.id)
                outcome += Outcome(unchanged=len(page.observations) - len(observations), failed=len(page.failures))
                harvest_log.record_failures(connection, self.source, page.failures, self.id, self.wish.now)
                harvest_log.end_failures(connection, self.source, set(page.items) - {f.item for f in page.failures})
                harvest_log.save_cursors(connection, self.source, page.cursors, self.wish.now)
                if self.id is None:
                    connection.get_transaction().rollback()  # type: ignore[union-attr]
                else:
                    self._record(connection, self.outcome + outcome)
            self.outcome += outcome
            self.failed += len(page.failures)
            self.first = self.first or next(iter(page.failures), None)
            told(Progress(self.source, self.requests, self.outcome, self.wish.doing, client.meter.told()))

    def _not_counted(self, observations: Sequence[Observation]) -> Sequence[Observation]:
        """All of them; in a dry run without those met on an earlier page, which was taken back."""
        if not self.dry:
            return observations
        fresh = [one for one in observations if (one.kind, one.native_id) not in self._met]
        self._met |= {(one.kind, one.native_id) for one in fresh}
        return fresh

    def _record(
        self, connection: Connection, outcome: Outcome, status: str = "running", message: str | None = None
    ) -> None:
        if self.id is not None:
            harvest_log.record_run(connection, self.id, outcome, self.requests, self.wish.least, status, message)

    def end(self, status: str, message: str | None) -> None:
        """Close the run's row."""
        with writing(self.target) as connection:
            self._record(connection, self.outcome, status, message)

    def broken_off(self, message: str) -> None:
        """Close the row of a run that ends in the middle; where even that fails, the next run closes it."""
        try:
            self.end("partial" if any(self.outcome) else "failed", message)
        except MedRegistryError as error:
            log.warning("%s: %s", self.source, error)
