"""Nothing is lost: wherever a harvest is killed, or the disk or the database fails it, the next one ends as if it had
not been."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harvesters import github, huggingface
from harvesters.run import harvest
from registry.db import engine
from tests.support.api_faults import mishaps
from tests.support.api_server import ApiServer
from tests.support.api_world import World
from tests.support.content import content, differences
from tests.support.databases import Databases
from tests.support.killing import busy, fill

ROOT = Path(__file__).parents[2]
Content = dict[str, Counter[tuple[Any, ...]]]
POINTS, MOMENTS = 12, 4


@pytest.fixture
def world(world: World) -> World:
    return busy(world)


@pytest.fixture
def template(databases: Databases, card_folder: Path) -> Path:
    """A catalogue of the made-up cards that no harvester has seen."""
    for address in databases.fresh("sqlite", "migrated"):
        fill(engine(address), card_folder)
        return Path(address.removeprefix("sqlite:///"))
    raise AssertionError("no database")


def killed(template: Path, folder: Path, points: int, moments: int) -> dict[str, Any]:
    folder.mkdir()
    asked = {"template": str(template), "folder": str(folder), "points": points, "moments": moments}
    command = [sys.executable, "-m", "tests.support.killing"]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_wherever_it_is_killed_the_next_harvest_ends_as_an_undisturbed_one(
    template: Path, server: ApiServer, tmp_path: Path
) -> None:
    told = killed(template, tmp_path / "copies", POINTS, MOMENTS)
    assert told["steps"] > 500
    assert told["killed"] >= POINTS, "nearly all were killed before they were done"
    assert told["different"] == {}


@pytest.fixture
def undisturbed(template: Path, server: ApiServer, tmp_path: Path) -> Content:
    """What the catalogue says after a harvest that nothing disturbed."""
    return harvested_copy(template, tmp_path / "undisturbed.db")


def harvested_copy(template: Path, path: Path) -> Content:
    if not path.exists():
        shutil.copyfile(template, path)
    target = engine(f"sqlite:///{path}")
    assert {result.status for result in harvest(target=target)} == {"done"}
    return content(target)


FULL = """
import resource, signal, os
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = os.path.getsize({path!r}) + {more}
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
"""


@pytest.mark.parametrize("more", [20_000, 200_000])
def test_a_full_disk_is_told_in_one_line_and_the_next_harvest_ends_as_an_undisturbed_one(
    template: Path, undisturbed: Content, tmp_path: Path, more: int
) -> None:
    path = tmp_path / "full.db"
    shutil.copyfile(template, path)
    done = run_here(path, tmp_path / "cache", FULL.format(path=str(path), more=more))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"cannot be used: (database or disk is full|disk I/O error)", done.stderr.splitlines()[-1])
    assert differences(undisturbed, harvested_copy(template, path)) == []


def run_here(database: Path, cache: Path, before: str) -> subprocess.CompletedProcess[str]:
    """A harvest of `database` by a process of its own, which some Python makes life hard for."""
    code = f"""
{before}
import sys
from harvesters import github, huggingface
from harvesters.run import harvest
huggingface.SEARCHES, github.SEARCHES = {huggingface.SEARCHES!r}, {github.SEARCHES!r}
from registry.db import engine
from registry.errors import MedRegistryError
try:
    harvest(target=engine("sqlite:///{database}"))
except MedRegistryError as error:
    sys.exit(str(error))
"""
    environment = os.environ | {"REGISTRY_CACHE": str(cache)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_a_database_that_is_locked_for_long_ends_the_run_and_loses_nothing(
    template: Path, undisturbed: Content, tmp_path: Path
) -> None:
    path = tmp_path / "locked.db"
    shutil.copyfile(template, path)
    holder = sqlite3.connect(path)
    holder.execute("BEGIN IMMEDIATE")
    done = run_here(path, tmp_path / "cache", "import registry.db; registry.db.BUSY_MS = 300")
    assert (done.returncode, "database is locked" in done.stderr) == (1, True)
    holder.rollback()
    holder.close()
    assert differences(undisturbed, harvested_copy(template, path)) == []


def test_a_database_that_is_locked_for_a_moment_is_waited_for(
    template: Path, undisturbed: Content, tmp_path: Path
) -> None:
    path = tmp_path / "locked.db"
    shutil.copyfile(template, path)
    holder = sqlite3.connect(path, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(1.0, holder.rollback)
    release.start()
    assert differences(undisturbed, harvested_copy(template, path)) == []
    release.join()
    holder.close()


def test_services_that_fail_now_and_then_change_nothing_in_the_end(
    template: Path, undisturbed: Content, server: ApiServer, tmp_path: Path
) -> None:
    """One answer in twenty is an error, a limit, a page of HTML, a body that breaks off or one that is no JSON."""
    server.chance = mishaps(1 / 20, seed=1)
    assert differences(undisturbed, harvested_copy(template, tmp_path / "stormy.db")) == []
