"""Every card that says how its files become records, on made-up files of the true shape: one case for all of them.

`tests/fixtures/<slug>.yaml` holds the files (written by `tests.support.made_files`) and what is expected:

    files: {path in the source: {csv: [rows]}, "dataset:sister": {path: …}}
    expect:
      - config: NAME                    # left out where the card has none
        splits: {train: 3, test: 2}     # rows of every split of the configuration
        rows: {train: {0: {question: …, answers: [0], extra.topic: …}}}   # some values of some rows
        reports: [what the manifest tells]
        media: {train: 1}               # pictures and signals of the first row that can be read
    without: {config/split: why no file is made for it}
    other_columns: {path: why its columns are not those that the card lists}
"""

from __future__ import annotations

import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from loaders.load import Splits, load_card
from loaders.records import Records
from loaders.schemas import SCHEMAS
from registry.loadspec import Load
from tests.support import made_files
from tests.support.blocks import CARDS, card

FIXTURES = Path(__file__).parents[1] / "fixtures"
MADE_UP = "made-up"
"""A revision that no card pins, so that checksums of the real files do not count."""


def mapped() -> list[str]:
    return [path.stem for path in sorted(CARDS.glob("*.yaml")) if "\nload:" in path.read_text(encoding="utf-8")]


def fixture(slug: str) -> dict[str, Any]:
    path = FIXTURES / f"{slug}.yaml"
    assert path.is_file(), f"no fixture {path.name}: every card with a `load` block has made-up files of its shape"
    made: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return made


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return f"{len(value)} bytes" if isinstance(value, bytes) else value


def at(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value[name]
    return plain(value)


def splits_of(load: Load, config: str | None) -> list[str]:
    return list(load.configs[config].splits if config else load.splits)


def quietly(slug: str, config: str | None) -> Splits:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = load_card(card(slug), config=config, revision=MADE_UP)
    assert isinstance(loaded, Splits)
    return loaded


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    return tmp_path


def put(mirror: Path, slug: str, files: dict[str, Any]) -> None:
    made_files.write(mirror / slug, {path: made for path, made in files.items() if not path.startswith("dataset:")})
    for path, made in files.items():
        if path.startswith("dataset:"):
            made_files.write(mirror / path.removeprefix("dataset:"), made)


@pytest.mark.parametrize("slug", mapped())
def test_a_dataset_loads_from_files_of_its_shape(slug: str, mirror: Path) -> None:
    made = fixture(slug)
    put(mirror, slug, made["files"])
    for expected in made["expect"]:
        loaded = quietly(slug, expected.get("config"))
        assert {name: len(records) for name, records in loaded.items()} == expected["splits"]
        for split, records in loaded.items():
            keeps_its_schema(records, split)
        for split, rows in expected.get("rows", {}).items():
            for number, values in rows.items():
                found = {path: at(loaded[split][number], path) for path in values}
                assert found == values, f"row {number} of {split}"
        counted = [report for report in loaded.manifest["reports"] if " the card counts " not in report]
        assert counted == expected.get("reports", [])
        for split, count in expected.get("media", {}).items():
            assert len(media(loaded[split])) == count
        again = quietly(slug, expected.get("config"))
        assert all(again[name].frame.equals(records.frame) for name, records in loaded.items())


def keeps_its_schema(records: Records, split: str) -> None:
    frame = records.frame
    wanted = SCHEMAS[records.schema]
    assert dict(frame.schema) == {**wanted, "extra": frame.schema["extra"]}
    assert frame["id"].null_count() == 0
    assert frame["id"].n_unique() == frame.height
    assert set(frame["split"]) == {split}
    if records.schema == "multiple_choice":
        count = pl.col("options").list.len()
        places = frame.select(pl.col("answers").list.max().fill_null(-1) < pl.max_horizontal(count, 1)).to_series()
        assert places.all(), "an answer is not among the options"
    if frame["group"].null_count() < frame.height:
        assert frame["group"].null_count() == 0, "some rows have a group and others none"


def media(records: Records) -> list[bytes]:
    row = records[0]
    named = [item for name in ("images", "signals") for item in row.get(name) or []]
    named += [row[name] for name in ("before", "after", "image", "mask") if row.get(name)]
    return [item["bytes"] or records.read_media(item["path"]) for item in named]


@pytest.mark.parametrize("slug", mapped())
def test_a_fixture_holds_every_split_and_the_columns_that_the_card_lists(slug: str) -> None:
    made, known = fixture(slug), card(slug)
    assert known.load is not None
    without = made.get("without", {})
    for config in known.load.configs or [None]:
        expected = [one for one in made["expect"] if one.get("config") == config]
        there = set(expected[0]["splits"]) if expected else set()
        for split in splits_of(known.load, config):
            name = f"{config}/{split}" if config else split
            assert split in there or name in without or f"{config}/*" in without, f"no made-up file for {name}"
    other = made.get("other_columns", {})
    for path, content in made["files"].items():
        columns = made_files.columns(content)
        for file in known.files:
            fits = file.path and fnmatchcase(path, file.path.replace("**", "*"))
            if columns and file.columns and fits and path not in other:
                assert set(file.columns) <= columns, f"{path} lacks columns that the card lists"
