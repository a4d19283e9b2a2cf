"""Observations a second from a body into the database: `python -m benchmarks.ingest --known 10000 1000000`.

A database that knows so many places is filled in SQL; then bodies of true shape are read and ingested as a harvest
does it, in pages with a transaction each, and the catalogue is asked what a harvester asks. Each figure comes from a
process of its own. What scans a large table and which statements take longest is told of two further pages.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from benchmarks import filled
from benchmarks.machine import alone, machine, peak
from benchmarks.statements import watched
from harvesters.hub_items import dataset, listed
from harvesters.huggingface import SAID
from harvesters.openalex_items import work
from registry.db import engine, reading, writing
from registry.harvest_log import read_cursors
from registry.harvest_targets import BATCH, due_places, next_papers, next_places
from registry.ingest import Outcome, ingest
from registry.observation import Observation, Touch
from tests.support import postgres
from tests.support.api_world import Body, hexes, hf_dataset, oa_work

NOW = filled.AT + dt.timedelta(days=1)
PAGE, PAGES, EARLY = 500, 60, 10
LINE = "{:>10}  {:<32} {:>18} {:>12}  {}"
MEDICAL = "Clinical notes of hospital patients, a medical dataset, number {}"
CARD = """# Ward notes {0}
Clinical notes of patients of a hospital, with questions and answers of physicians, as in https://github.com/lab/{0}.
```bibtex
@article{{notes{0}, title={{A corpus of clinical notes of the hospital number {0}}}, year=2024}}
```
"""


class Kind(NamedTuple):
    """Observations of one kind: the body of each, by number, and how a harvester reads it."""

    name: str
    body: Callable[[int, int], Body]
    """Of a number, counted from 0, and how many places are known."""
    read: Callable[[Any], list[Observation]]
    pages: int = PAGES


class Rate(NamedTuple):
    """What was measured of one kind."""

    outcome: Outcome
    seconds: float
    early: float
    """Peak of memory in MiB after `EARLY` pages."""
    late: float
    scans: list[str]
    slowest: list[str]


def _listing(body: Body) -> Body:
    """As a list shows it."""
    return {name: body[name] for name in ("_id", "id", *SAID["datasets"])}


def _known(number: int, known: int, **fields: Any) -> Body:
    """A known place; numbers that follow one another are far apart."""
    row = 1 + number * 7919 % known
    told = {"_id": filled.native(row), "description": MEDICAL.format(row), "sha": f"{filled.native(row):0<40}"} | fields
    return hf_dataset(filled.place(row, known), "medical", "task_categories:question-answering", **told)


def _changed(number: int, known: int) -> Body:
    return _listing(_known(number, known, sha=hexes(f"commit {number}", 40), licence="cc-by-4.0"))


def _new(number: int, known: int) -> Body:
    name = f"new-clinic-{number}/ward-notes-{number % (known // filled.NAMESAKES)}"
    return _listing(hf_dataset(name, "medical", description=MEDICAL.format(-number)))


def _stranger(number: int, known: int) -> Body:
    return _listing(hf_dataset(f"baker-{number}/cakes-and-movies", description="Recipes of cakes, reviews of movies."))


def _citing(number: int, known: int) -> Body:
    cited = filled.paper(1 + number * 7919 % (known // filled.PAPERS))
    return oa_work(f"W5{number:09}", f"A work that cites, number {number}", cited, doi=f"10.5555/citing.{number}")


def _listed(item: Any) -> list[Observation]:
    return listed(item, NOW, "found by search 'medical' on Hugging Face")


def _whole(item: Any) -> list[Observation]:
    return [dataset(item, NOW, asked=item["id"], etag='"made"', card=CARD.format(item["_id"]))]


def _cites(item: Any) -> list[Observation]:
    cited = [one.rpartition("/")[2] for one in item["referenced_works"]]
    return [work(item, NOW, [Touch("cites", "openalex", key, "in its list of references", 0.9) for key in cited])]


KINDS = (
    Kind("known, more told than before", lambda number, known: _listing(_known(number, known)), _listed),
    Kind("known and unchanged", lambda number, known: _listing(_known(number, known)), _listed),
    Kind("known and changed", _changed, _listed),
    Kind("known, read whole with its card", _known, _whole, 20),
    Kind("new, registered", _new, _listed, 20),
    Kind("new, left out", _stranger, _listed, 20),
    Kind("work that cites a known paper", _citing, _cites, 20),
)


def measure(address: str, known: int, which: int, pages: int) -> Rate:
    """Ingest the pages of a kind; JSON is read within the time, the making of the bodies is not."""
    target, kind = engine(address), KINDS[which]
    outcome, seconds, early = Outcome(), 0.0, 0.0

    def ingest_page(page: int) -> Outcome:
        nonlocal seconds
        bodies = [kind.body(page * PAGE + number, known) for number in range(PAGE)]
        told = json.dumps(bodies)
        begun = time.perf_counter()
        observations = [one for item in json.loads(told) for one in kind.read(item)]
        with writing(target) as connection:
            found = ingest(connection, observations, run_id=None)
        seconds += time.perf_counter() - begun
        return found

    for page in range(pages):
        outcome += ingest_page(page)
        if page < EARLY:
            early = peak()
    took, late = seconds, peak()
    with watched(target) as watch:
        ingest_page(pages)
        ingest_page(pages + 1)
    return Rate(outcome, took, early, late, watch.scans(target), watch.slowest())


def ask(address: str, known: int) -> list[tuple[str, float, list[str]]]:
    """What a harvester asks, the seconds that the answer took, and what scans a large table for it."""
    target, middle = engine(address), known // 2
    names = [f"models:{filled.place(1 + number * 7919 % known, known)}" for number in range(BATCH)]
    asked: dict[str, Callable[[Any], Sequence[object]]] = {
        "due_places, one in seven is due": lambda c: due_places(c, "huggingface", NOW),
        "due_places, all are due": lambda c: due_places(c, "huggingface", NOW + dt.timedelta(days=30)),
        "next_places, 1,000 from the middle": lambda c: next_places(c, "huggingface", middle, homes_only=True),
        "next_papers, 1,000 from the middle": lambda c: next_papers(c, known // filled.PAPERS // 2),
        "read_cursors of 1,000 queries": lambda c: list(read_cursors(c, "huggingface", names)),
    }
    found = []
    for name, question in asked.items():
        with watched(target) as watch, reading(target) as connection:
            begun = time.perf_counter()
            rows = len(question(connection))
            seconds = time.perf_counter() - begun
        found.append((f"{name}: {rows:,} rows", seconds, watch.scans(target)))
    return found


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """An empty database of each kind: its name → its address."""
    with postgres.running() as server:
        made = {"SQLite": f"sqlite:///{folder / 'known.db'}", "PostgreSQL": server.address(server.new_database())}
        yield made


def fill(address: str, known: int) -> float:
    """Fill a database; the seconds it took."""
    begun = time.perf_counter()
    filled.fill(engine(address), known)
    return time.perf_counter() - begun


def report(console: Console, name: str, address: str, known: int, most: int) -> None:
    """Measure one database, and print it."""
    console.print(f"\n{name}, {known:,} known places, filled in {alone(fill, address, known):.0f} s")
    remarks: list[str] = []
    for question, seconds, scans in alone(ask, address, known):
        console.print(f"{seconds:>8.3f} s  {question}")
        remarks += [f"{question.partition(':')[0]}: {one}" for one in scans]
    console.print(LINE.format("a second", "observations", f"MiB after {EARLY} pages", "after all", "became"))
    for which, kind in enumerate(KINDS):
        pages = min(kind.pages, most)
        rate = alone(measure, address, known, which, pages)
        became = ", ".join(f"{count:,} {word}" for word, count in rate.outcome._asdict().items() if count)
        speed, after = f"{sum(rate.outcome) / rate.seconds:,.0f}", f"{rate.late:.0f} ({pages})"
        console.print(LINE.format(speed, kind.name, f"{rate.early:.0f}", after, became))
        remarks += [f"{kind.name}: {one}" for one in (*rate.scans, *rate.slowest)]
    for remark in dict.fromkeys(remarks):
        console.print(f"  {remark}")


def main() -> None:
    """Measure both databases at each size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--known", type=int, nargs="+", default=[10_000], metavar="PLACES")
    parser.add_argument("--only", choices=("SQLite", "PostgreSQL"))
    parser.add_argument("--pages", type=int, default=PAGES, help="pages of each kind at most")
    chosen, console = parser.parse_args(), Console(soft_wrap=True, highlight=False, markup=False)
    console.print(machine())
    for known in chosen.known:
        with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as made:
            for name, address in made.items():
                if chosen.only in (None, name):
                    report(console, name, address, known, chosen.pages)


if __name__ == "__main__":
    main()
