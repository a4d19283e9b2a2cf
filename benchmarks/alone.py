"""Run a program in an interpreter of its own: its seconds, and the memory that it and its children held at most."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HEAD = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
given = json.loads(sys.argv[1])
clock = time.perf_counter
def told(**what):
    print(json.dumps(what), flush=True)
"""
LOOK = 0.02
"""Seconds between two looks at the memory."""
OURS = ("REGISTRY_", "HF_", "TRANSFORMERS_", "TOKENIZERS_")


def real_files() -> Path:
    """The folder of real files, where somebody has it: see `shared` in tests/conftest.py."""
    beside = Path(__file__).parents[2] / "shared"
    return Path(os.environ.get("MEDREGISTRY_SHARED") or beside) / "data"


def environment(home: Path) -> dict[str, str]:
    """An environment in which everything that is kept is kept in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    mirror = {"REGISTRY_MIRROR": str(real_files())} if real_files().is_dir() else {}
    return {
        **kept,
        **mirror,
        "REGISTRY_DATABASE_URL": f"sqlite:///{home / 'registry.db'}",
        "REGISTRY_CACHE": str(home / "cache"),
        "REGISTRY_OFFLINE": "1",
        "HF_HOME": str(home / "hf"),
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }


def run(program: str, given: dict[str, Any], home: Path) -> dict[str, Any]:
    """What a program told last, with `MiB`, the anonymous memory of it and its children at most, and `process`, the
    seconds from its start to its end.

    Args:
        program: Python, after `HEAD`; it calls ``told(seconds=…)`` at its end.
        given: values it finds as `given`, fit for JSON.
        home: where it keeps things.
    """
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD + program, json.dumps(given, default=str)],
            env=environment(home),
            stdout=out,
            stderr=err,
        )
        most = 0
        while process.poll() is None:
            most = max(most, held(process.pid))
            time.sleep(LOOK)
        took = time.perf_counter() - begun
        out.seek(0)
        err.seek(0)
        lines = [line for line in out.read().splitlines() if line.startswith("{")]
        if process.returncode or not lines:
            raise SystemExit(f"a side of a benchmark failed:\n{err.read()[-4000:]}")
    return {**json.loads(lines[-1]), "MiB": most / 1024, "process": took}


def held(process: int) -> int:
    """KiB of anonymous memory of a process and its children now; 0 where the system does not tell."""
    total = 0
    try:
        found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
        total += int(found[1]) if found else 0
        for task in Path(f"/proc/{process}/task").iterdir():
            total += sum(held(int(child)) for child in (task / "children").read_text().split())
    except OSError:
        pass
    return total


def size(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
