"""Broken files for every reader, for as long as one likes: what came of them, and the first that crashes ends it.

Each format is read in a process of its own with a limit on its memory, so that a flood is a crash.
`python -m benchmarks.fuzz --seconds 60 --seed 1`
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.machine import alone
from registry.loadspec import Read
from tests.support.mutated import CASES, Case, attempt, mutated

MEMORY = 6 << 30
"""Bytes of addresses that a process may take: threads and libraries take most of them."""
LONGEST = 5.0
"""Seconds from which on one small file is a hang."""


def fuzz(case: Case, seconds: float, seed: int) -> dict[str, float]:
    """Break one file again and again; raises what a reader should not have."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    chance = random.Random(f"{seed} {case.name}")
    counts: Counter[str] = Counter()
    slowest = 0.0
    read = Read.model_validate(case.read)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / case.name
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            data = mutated(case.data, chance) if chance.random() < 0.9 else chance.randbytes(chance.randrange(400))
            path.write_bytes(data)
            start = time.monotonic()
            try:
                found = attempt(path, read)
            except BaseException:
                kept = Path(tempfile.gettempdir()) / f"fuzz-{case.name}"
                kept.write_bytes(data)
                print(f"{case.name} with {case.read}: {data!r:.2000} (kept as {kept})")
                raise
            slowest = max(slowest, time.monotonic() - start)
            assert slowest < LONGEST, f"{case.name}: {slowest:.1f} s for {data!r:.2000}"
            counts["rows" if isinstance(found, pl.DataFrame) else "refused"] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": counts["rows"], "refused": counts["refused"], "slowest": slowest, "peak": peak}


def main() -> None:
    """Print what came of each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of all formats together")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    table = Table("file", "read", "gave rows", "refused", "slowest, s", "peak MiB")
    total = 0
    for case in CASES:
        told = alone(fuzz, case, given.seconds / len(CASES), given.seed)
        total += int(told["rows"] + told["refused"])
        options = ", ".join(case.read) or "-"
        table.add_row(
            case.name,
            options,
            f"{told['rows']:,.0f}",
            f"{told['refused']:,.0f}",
            f"{told['slowest']:.3f}",
            f"{told['peak']:.0f}",
        )
    console = Console(width=110)
    console.print(table)
    console.print(f"{total:,} files, none crashed")


if __name__ == "__main__":
    main()
