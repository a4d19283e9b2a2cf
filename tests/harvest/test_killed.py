"""Nothing is lost: wherever a harvest is killed, or the disk or the database fails it, the next one ends as if it had
not been."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.cards_io import fingerprint
from registry.db import engine
from registry.importer import import_cards
from tests.support import cards
from tests.support.api_server import ApiServer
from tests.support.api_world import World, hf_dataset, hf_file, hf_model, hf_paper, hf_space, oa_work
from tests.support.databases import Databases

ROOT = Path(__file__).parents[2]
POINTS, MOMENTS = 24, 8


@pytest.fixture
def world(world: World) -> World:
    """One of each thing that a harvest may bring."""
    copy = [hf_file("data/a.parquet", 10_000, "same"), hf_file("README.md", 10)]
    notes = {"description": "Clinical notes of hospital patients, a medical dataset."}
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


@pytest.fixture
def template(databases: Databases, card_folder: Path, tmp_path: Path) -> Path:
    """A catalogue of the made-up cards that no harvester has seen."""
    cards.dataset(card_folder, "old", sources=[{"provider": "huggingface", "id": "made-up/Blank-Old"}])
    for address in databases.fresh("sqlite", "migrated"):
        target = engine(address)
        import_cards(target, [card_folder], fingerprint([card_folder]))
        target.dispose()
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
