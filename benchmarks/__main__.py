"""Measure each step in an interpreter of its own, best of a few runs: its seconds, and the process's peak memory.

Then harvests and tokens are measured, in little; `benchmarks.harvest`, `benchmarks.ingest`, `benchmarks.killed` and
`benchmarks.tokens` take more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.alone import real_files


class Step(NamedTuple):
    """One thing to measure."""

    name: str
    code: str
    before: str = ""
    """Run first, not timed."""
    runs: int = 3
    new_home: bool = False
    """Each run starts on a machine that has never seen MedRegistry."""


__all__ = ["main", "real_files"]

REPEATED = "for _ in range(50): "

STEPS = [
    Step("import registry", "import registry", runs=5),
    Step("first use: database made, all cards imported", "ready()", "from registry.db import ready", new_home=True),
    Step("next use in a new process, nothing changed", "ready()", "from registry.db import ready"),
    Step("import registry, first search", "import registry; registry.search('oncology')"),
    Step("50 searches for one word", f"{REPEATED}search('oncology')", "from registry import search; search()"),
    Step(
        "50 searches by facets", f"{REPEATED}search(language='zh', terms='commercial')", "from registry import search"
    ),
    Step("50 dataset pages", f"{REPEATED}info('medqa')", "from registry import info; info('medqa')"),
    Step("graph, depth 2", "graph('medqa', depth=2)", "from registry import graph"),
]

OTHERS = (("ingest", "--pages", "10"), ("harvest", "--sizes", "200"), ("killed",), ("tokens", "--quick"))
"""Modules of their own with the options of a quick run."""

LOADED = ("medec", "pubmedqa", "cmexam", "rjua-qa", "medquad")

MEASURE = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
before, code = json.loads(sys.argv[1])
space = {}
exec(before, space)
start = time.perf_counter()
exec(code, space)
took = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit]))
"""


def measure(step: Step, home: Path) -> tuple[float, float]:
    """Seconds and MiB of the fastest run."""
    results = []
    for run in range(step.runs):
        own = home / f"{run}" if step.new_home else home
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        folders = {"REGISTRY_DATABASE_URL": f"sqlite:///{own / 'registry.db'}", "REGISTRY_CACHE": str(home / "cache")}
        mirror = {"REGISTRY_MIRROR": str(real_files())} if real_files().is_dir() else {}
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, json.dumps([step.before, step.code])],
            env=kept | folders | mirror | {"REGISTRY_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{step.name} failed:\n{done.stderr}")
        results.append(json.loads(done.stdout.splitlines()[-1]))
    seconds, memory = min(results)
    return seconds, memory / 2**20


def main() -> None:
    """Print the table."""
    loads = [
        Step(f"load {slug}", f"print(sum(map(len, registry.load({slug!r}).values())), 'rows')", "import registry")
        for slug in LOADED
        if (real_files() / slug).is_dir()
    ]
    table = Table("step", "seconds", "peak MiB")
    with tempfile.TemporaryDirectory() as home:
        for step in STEPS + loads:
            seconds, memory = measure(step, Path(home))
            table.add_row(step.name, f"{seconds:.3f}", f"{memory:.0f}")
    Console().print(table)
    for name, *options in OTHERS:
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=True)


if __name__ == "__main__":
    main()
