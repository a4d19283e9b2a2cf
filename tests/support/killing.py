"""Harvests that are killed: `python -m tests.support.killing` harvests a database again and again from the same state,
kills the process at another point each time, lets the next run finish, and compares what the catalogue says then.

Takes a JSON object on standard input: `template` (an SQLite file), `folder` for copies, `points` (how many to try by
the count of SQL statements and commits), `moments` (how many by the clock); the environment names the services. Writes
``{"steps", "tries", "killed", "different"}``. The imports are made once: each harvest is a fork.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from harvesters.run import harvest
from registry.cards_io import fingerprint
from registry.db import engine
from registry.importer import import_cards
from tests.support import cards
from tests.support.api_world import Body, World, hf_dataset, hf_file, hf_model, hf_paper, hf_space, oa_work
from tests.support.content import content, differences

FULL_STOP = 120
"""Seconds that a harvest may take."""


def busy(world: World) -> World:
    """`world`, that of the made-up cards, with one of each thing that a harvest may bring."""
    copy = [hf_file("data/a.parquet", 10_000, "same"), hf_file("README.md", 10)]
    notes: Body = {"description": "Clinical notes of hospital patients, a medical dataset."}
    world.datasets[0] |= {"siblings": copy}
    world.datasets += [
        hf_dataset("clinic/notes", "medical", **notes),
        hf_dataset("somebody/x7", "medical", siblings=copy),
        hf_dataset("somebody/ward-qa", "medical", "arxiv:2301.00001"),
        hf_dataset("baker/medical-cakes-and-movies"),
        hf_dataset("made-up/further", **notes),
    ]
    world.models += [hf_model(f"lab/model-{number}", "dataset:made-up/Ward-QA") for number in range(3)]
    world.spaces.append(hf_space("lab/demo", "made-up/Ward-QA"))
    world.papers.append(hf_paper("2301.00001", "Ward questions", datasets=(world.datasets[6],)))
    world.renamed["made-up/Blank-Old"] = "made-up/blank"
    world.works[0]["cited_by_count"] = 130
    world.works += [oa_work(f"W{900 + n}", f"Citing {n}", "W100", doi=f"10.5555/{n}") for n in range(129)]
    world.works.append(oa_work("W899", "Label errors in Ward-QA", "W100", doi="10.5555/errors"))
    return world


def fill(target: Engine, folder: Path) -> None:
    """Import the made-up cards of `folder`, and one with an old name, into a migrated database."""
    cards.dataset(folder, "old", sources=[{"provider": "huggingface", "id": "made-up/Blank-Old"}])
    import_cards(target, [folder], fingerprint([folder]))
    target.dispose()


def forked(work: Callable[[], object]) -> tuple[int, Any]:
    """Do something in a fork: its wait status, and what it returned where it came to an end."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        code = 1
        try:
            signal.alarm(FULL_STOP)
            with os.fdopen(into, "w") as told:
                json.dump(work(), told)
            code = 0
        finally:
            os._exit(code)
    os.close(into)
    with os.fdopen(out) as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    return status, json.loads(text) if text else None


def on_step(target: Engine, act: Callable[[int], None]) -> None:
    """Call `act` with its number before each SQL statement and each commit."""
    numbers = count(1)

    def step(*_: object) -> None:
        act(next(numbers))

    event.listen(target, "before_cursor_execute", step)
    event.listen(target, "commit", step)


def harvested(path: Path, act: Callable[[int], None] = lambda number: None) -> None:
    """Harvest all services into the database at `path`; its lock is beside it."""
    os.environ["REGISTRY_CACHE"] = str(path.with_suffix(".cache"))
    target = engine(f"sqlite:///{path}")
    on_step(target, act)
    results = harvest(target=target)
    target.dispose()
    assert {result.status for result in results} == {"done"}, results


def counted(path: Path) -> dict[str, float]:
    """How many steps an undisturbed harvest has, and how long it takes."""
    last, begun = [0], time.monotonic()
    harvested(path, lambda number: last.__setitem__(0, number))
    return {"steps": last[0], "seconds": time.monotonic() - begun}


def killed_at(path: Path, point: int) -> None:
    """Harvest until the step `point`, and be gone."""

    def act(number: int) -> None:
        if number == point:
            os.kill(os.getpid(), signal.SIGKILL)

    harvested(path, act)


def killed_after(path: Path, seconds: float) -> None:
    """Harvest for some time, and be gone, wherever that is."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    harvested(path)


def spread(total: float, points: int) -> list[int]:
    """Numbers from 1 to `total`, evenly apart."""
    return sorted({1 + round(index * (total - 1) / max(1, points - 1)) for index in range(points)})


def tried(template: Path, folder: Path, points: int, moments: int) -> dict[str, Any]:
    """Kill a harvest of copies of `template` at all points; what differs once the next harvest is through."""

    def fresh(number: int) -> Path:
        path = folder / f"{number}.db"
        shutil.copyfile(template, path)
        return path

    status, whole = forked(partial(counted, fresh(0)))
    assert status == 0, "the undisturbed harvest failed"
    wanted = content(engine(f"sqlite:///{folder / '0.db'}"))
    tries = [(f"step {point}", partial(killed_at, point=point)) for point in spread(whole["steps"], points)]
    tries += [
        (f"{part:.0%} of the time", partial(killed_after, seconds=part * whole["seconds"]))
        for part in ((index + 0.5) / moments for index in range(moments))
    ]
    different: dict[str, list[str]] = {}
    killed = 0
    for number, (name, die) in enumerate(tries, 1):
        path = fresh(number)
        status, _ = forked(partial(die, path))
        killed += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        status, _ = forked(partial(harvested, path))
        assert status == 0, f"the harvest after {name} failed"
        target = engine(f"sqlite:///{path}")
        if found := differences(wanted, content(target)):
            different[name] = found[:20]
        target.dispose()
        for left in folder.glob(f"{number}.*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    return {"steps": whole["steps"], "tries": len(tries), "killed": killed, "different": different}


def main() -> None:
    """Try what standard input asks for."""
    asked = json.loads(sys.stdin.read())
    result = tried(Path(asked["template"]), Path(asked["folder"]), asked["points"], asked.get("moments", 0))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
