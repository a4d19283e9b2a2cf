"""A week of harvests, from the first on: `python -m benchmarks.harvest --sizes 2000 20000`, against the local services.

They hold the places and papers of the cards and so many made-up datasets with what is about them. The first night
finds all of it, the second one nothing new; then one change of each kind happens, and a week later it is told which of
them the catalogue knows. Services and harvester are processes of their own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from benchmarks.changes import Change, changes, found, is_known
from benchmarks.machine import alone, machine, peak
from harvesters.run import RunResult, harvest
from registry.db import engine, ready

ROOT = Path(__file__).parents[1]
FIRST = dt.datetime(2026, 11, 2, 2, 17, tzinfo=dt.UTC)
QUIET, LAST = 1, 9
"""The night in which nothing is new, and the last one: a week after the changes, and a day, as what is missing counts
as gone when it is missing on a second day."""
OURS = ("REGISTRY_", "HF_", "GITHUB_", "GH_", "OPENALEX_")
LINE = "{:>5} {:<12} {:>8} {:>7} {:>7} {:>7} {:>9} {:>5} {:>7} {:>6} {:>8} {:>8} {:>11}"
HEAD = LINE.format(
    *"night service requests due created updated unchanged gone ignored failed seconds MiB a-thousand".split()
)


class Night(NamedTuple):
    """What came of one night, and the most memory in MiB that the harvester took."""

    results: list[RunResult]
    peak: float


def harvested(environment: Mapping[str, str], at: dt.datetime) -> Night:
    """Harvest all services into the catalogue that `environment` names."""
    _set(environment)
    return Night(harvest(at=at), peak())


def filled(environment: Mapping[str, str]) -> None:
    """Fill the database that `environment` names from the packaged cards."""
    _set(environment)
    ready().dispose()


def _set(environment: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    os.environ.update(environment)


@contextmanager
def services(size: int, night: int, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The local services some nights after their beginning; the variables that name them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [sys.executable, "-m", "tests.support.api_server", "--port", "0", "--cards", "--limit", "100000000"]
    command += ["--synthetic", str(size), "--night", str(night)]
    process = subprocess.Popen(command, cwd=ROOT, env=kept | dict(environment), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = process.stdout.readline().split()
        yield dict(word.split("=", 1) for word in told if "=" in word)
    finally:
        process.terminate()
        process.wait()


def lines(number: int, night: Night) -> Iterator[str]:
    """A line for each service: the last figure is requests for a thousand changed records."""
    for one in night.results:
        moved = one.created + one.updated + one.gone
        thousand = f"{1000 * one.requests / moved:,.0f}" if moved else "-"
        counts = (one.requests, one.least, one.created, one.updated, one.unchanged, one.gone, one.ignored, one.failed)
        shown = [f"{count:,}" for count in counts]
        yield LINE.format(number, one.source, *shown, f"{one.seconds:.1f}", f"{night.peak:.0f}", thousand)
        if one.message:
            yield f"      {one.status}: {one.message}"


def week(console: Console, size: int, folder: Path, nights: int) -> None:
    """Harvest for some nights, and print what came of each, and which changes were found."""

    def names(database: Path) -> dict[str, str]:
        return {"REGISTRY_DATABASE_URL": f"sqlite:///{database}", "REGISTRY_CACHE": str(folder / "cache")}

    def pass_night(number: int, where: Mapping[str, str]) -> None:
        night = alone(harvested, names(catalogue) | dict(where), FIRST + dt.timedelta(days=number))
        for line in lines(number, night):
            console.print(line)

    # The services hold what this database names, so it is never the one that is harvested into.
    cards, catalogue = folder / "cards.db", folder / "catalogue.db"
    alone(filled, names(cards))
    shutil.copyfile(cards, catalogue)
    console.print(f"\n{size:,} made-up datasets\n{HEAD}")
    with services(size, 0, names(cards)) as where:
        for number in range(QUIET + 1):
            pass_night(number, where)
    happened: list[Change] = alone(changes, names(cards), size)
    target = engine(f"sqlite:///{catalogue}")
    known = [change for change in happened if is_known(target, change)]
    since: dict[int, int] = {}
    with services(size, 1, names(cards)) as where:
        for number in range(QUIET + 1, nights + 1):
            pass_night(number, where)
            for place, change in enumerate(known):
                if place not in since and found(target, change):
                    since[place] = number
    target.dispose()
    for change in happened:
        night = since.get(known.index(change)) if change in known else None
        told = f"found in night {night}" if night else "NOT FOUND" if change in known else "was not known"
        console.print(f"{change.kind:<24} {told:<16} {change.name}")


def main() -> None:
    """Harvest each size for a week."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.harvest", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500], metavar="DATASETS")
    parser.add_argument("--nights", type=int, default=LAST, help="the last night, counted from 0")
    chosen = parser.parse_args()
    console = Console(width=140, highlight=False, markup=False, soft_wrap=True)
    console.print(machine())
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            week(console, size, Path(folder), chosen.nights)


if __name__ == "__main__":
    main()
