"""Files to records, cold and warm, side by side with `datasets.load_dataset` on the same local files.

Cold: a cache that is empty. Warm: it was loaded before, in another process. Seconds are those of the call and of one
look at the first and last row, without imports; memory is what the process held that is no file (RssAnon), at its
highest.
`python -m benchmarks.loading --megabytes 10 1000`
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine

FORMS = ("jsonl", "csv", "parquet")
PROMPT = "A patient of {} years comes with chest pain. Which of these is the most likely cause, and why is it so? "

WATCH = """
import json, re, sys, threading, time, warnings
warnings.simplefilter("ignore")
peak = 0
def held():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) >> 10
def watch():
    global peak
    while True:
        peak = max(peak, held())
        time.sleep(0.005)
"""
OURS = """
from functools import partial
from pathlib import Path
import pyarrow.csv, pyarrow.parquet
from loaders.load import load_card
from registry.card import DatasetCard
card = DatasetCard.model_validate_json(sys.argv[1])
before = held(); threading.Thread(target=watch, daemon=True).start()
start = time.perf_counter()
records = load_card(card, "train", files=sys.argv[2], offline=True)
records[0], records[len(records) - 1]
took = time.perf_counter() - start
print(json.dumps([took, max(peak, held()) - before, len(records)]))
"""
THEIRS = """
from datasets import load_dataset
from datasets.utils.logging import disable_progress_bar
disable_progress_bar()
before = held(); threading.Thread(target=watch, daemon=True).start()
start = time.perf_counter()
rows = load_dataset(sys.argv[1], data_files=sys.argv[2], split="train", cache_dir=sys.argv[3])
rows[0], rows[len(rows) - 1]
took = time.perf_counter() - start
print(json.dumps([took, max(peak, held()) - before, len(rows)]))
"""


def made(folder: Path, form: str, megabytes: int) -> Path:
    """A file of multiple-choice rows of about this size."""
    path = folder / f"x.{form}"
    step = 50_000
    row = 1_400
    count = max(1, megabytes * 10**6 // row)
    parts = folder / "parts"
    parts.mkdir()
    for first in range(0, count, step):
        numbers = pl.int_range(first, min(first + step, count), eager=True)
        text = pl.DataFrame({"n": numbers}).select(
            pl.format("q{}", "n").alias("id"),
            pl.format(PROMPT * 8, *["n"] * 8).alias("question"),
            *(pl.format(f"Option {letter} of {{}}: a cause", "n").alias(letter) for letter in "abcd"),
            pl.lit("B").alias("answer"),
            pl.format("Because {} " + "of what is known of it. " * 10, "n").alias("why"),
        )
        text.write_parquet(parts / f"{first:012d}.parquet")
    lazy = pl.scan_parquet(parts / "*.parquet")
    sinks: dict[str, Callable[[Path], object]] = {
        "jsonl": lazy.sink_ndjson,
        "csv": lazy.sink_csv,
        "parquet": partial(lazy.sink_parquet, compression="uncompressed"),
    }
    sinks[form](path)
    return path


CARD = {
    "slug": "made-up",
    "name": "Made Up",
    "kind": "dataset",
    "summary": "Made up.",
    "access": "open",
    "load": {
        "schema": "multiple_choice",
        "fields": {
            "id": "id",
            "question": "question",
            "options": {"columns": ["a", "b", "c", "d"]},
            "answers": ["answer", "letters"],
            "explanation": "why",
        },
    },
}


def run(program: str, *arguments: str, cache: Path) -> list[float]:
    """Seconds, MiB and rows of one load in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH + program, *arguments],
        env=os.environ | {"REGISTRY_CACHE": str(cache), "HF_HOME": str(cache), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    result: list[float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(folder: Path, form: str, megabytes: int, runs: int) -> list[list[str]]:
    """Rows of the table: cold and warm, ours and theirs, and the ratio."""
    path = made(folder, form, megabytes)
    load = CARD["load"] | {"splits": {"train": path.name}}  # type: ignore[operator]
    kind = "json" if form == "jsonl" else form
    time.sleep(3)  # the checksum of a file that was changed this very moment is not remembered
    found: dict[str, list[list[float]]] = {}
    for number in range(runs):
        ours, theirs = folder / f"ours-{number}", folder / f"theirs-{number}"
        for state in ("cold", "warm"):
            card = json.dumps(CARD | {"load": load})
            found.setdefault(f"ours {state}", []).append(run(OURS, card, str(folder), cache=ours))
            found.setdefault(f"theirs {state}", []).append(run(THEIRS, kind, str(path), str(theirs), cache=theirs))
    lines = []
    for state in ("cold", "warm"):
        (a, ma), (b, mb) = (
            [statistics.median(one[place] for one in found[f"{who} {state}"]) for place in (0, 1)]
            for who in ("ours", "theirs")
        )
        size = path.stat().st_size / 1e6
        lines.append(
            [f"{form}, {size:,.0f} MB, {state}", f"{a:.3f}", f"{b:.3f}", f"{b / a:.1f}×", f"{ma:.0f}", f"{mb:.0f}"]
        )
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--forms", nargs="+", default=FORMS, choices=FORMS)
    given = parser.parse_args()
    table = Table("file", "seconds", "datasets", "faster", "MiB", "datasets MiB")
    for megabytes in given.megabytes:
        for form in given.forms:
            with tempfile.TemporaryDirectory() as folder:
                for line in compare(Path(folder), form, megabytes, given.runs):
                    table.add_row(*line)
    console = Console(width=120)
    console.print(machine())
    console.print(table)


if __name__ == "__main__":
    main()
