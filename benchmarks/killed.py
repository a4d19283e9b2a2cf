"""Whether anything is lost where a harvest is killed: `python -m benchmarks.killed --points 200 --moments 100`.

Takes what the test of the same name does with few points: a harvest of the made-up cards is killed at so many SQL
statements or commits and so many moments, the next one ends it, and the catalogue is compared with that of a harvest
that nothing disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.machine import machine
from registry.db import engine, upgrade
from tests.support.api_server import ApiServer
from tests.support.killing import busy, fill
from tests.support.made_up import world_of_made_up_cards, write_cards


def killed(folder: Path, points: int, moments: int) -> dict[str, Any]:
    """What `tests.support.killing` tells of so many points and moments; `folder` is empty."""
    cards, copies, template = folder / "cards", folder / "copies", folder / "template.db"
    cards.mkdir()
    copies.mkdir()
    write_cards(cards)
    target = engine(f"sqlite:///{template}")
    upgrade(target)
    fill(target, cards)
    asked = {"template": str(template), "folder": str(copies), "points": points, "moments": moments}
    with ApiServer(busy(world_of_made_up_cards())) as server:
        server.limits.hub = 10**9
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.killing"],
            env=os.environ | server.environment,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> None:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.killed", description=__doc__)
    parser.add_argument("--points", type=int, default=20, help="SQL statements and commits at which it is killed")
    parser.add_argument("--moments", type=int, default=10, help="moments at which it is killed, by the clock")
    chosen, console, begun = parser.parse_args(), Console(highlight=False), time.monotonic()
    console.print(machine())
    with tempfile.TemporaryDirectory() as folder:
        told = killed(Path(folder), chosen.points, chosen.moments)
    console.print(
        f"A harvest of {told['steps']:,} statements and commits, {chosen.points} points and {chosen.moments} moments:"
        f" {told['tries']} tries, {told['killed']} killed, {len(told['different'])} different,"
        f" in {time.monotonic() - begun:.0f} s"
    )
    for where, rows in told["different"].items():
        console.print(f"{where}:", *rows, sep="\n  ", markup=False)


if __name__ == "__main__":
    main()
