"""Records as files that other programs read: nothing is lost but what the format cannot hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from loaders.export import FORMATS, write

MEDIA = pl.List(pl.Struct({"path": pl.String, "bytes": pl.Binary}))


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": ["a", "b"],
            "question": ['Says "yes",\r\nno?', "=1+1"],
            "options": [["x", "y,z"], []],
            "answers": [[1], []],
            "images": [[{"path": "a.png", "bytes": b"\x89PNG"}, {"path": "b.png", "bytes": None}], []],
            "extra": [{"n": 1}, {"n": None}],
            "nothing": [None, None],
        },
        schema_overrides={"images": MEDIA},
    )


def test_parquet_gives_the_same_frame_back(frame: pl.DataFrame, tmp_path: Path) -> None:
    write(frame, tmp_path / "x.parquet", "parquet")
    assert pl.read_parquet(tmp_path / "x.parquet").equals(frame)


def test_json_lines_hold_lists_and_structs_and_bytes_as_base64(frame: pl.DataFrame, tmp_path: Path) -> None:
    write(frame, tmp_path / "x.jsonl", "jsonl")
    first, second = map(json.loads, (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["question"] == 'Says "yes",\r\nno?'
    assert first["options"] == ["x", "y,z"]
    assert first["images"] == [{"path": "a.png", "bytes": "iVBORw=="}, {"path": "b.png", "bytes": None}]
    assert (second["answers"], second["extra"]) == ([], {"n": None})


def test_csv_holds_lists_as_json(frame: pl.DataFrame, tmp_path: Path) -> None:
    write(frame, tmp_path / "x.csv", "csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["question"] == 'Says "yes",\r\nno?'
    assert json.loads(rows[0]["options"]) == ["x", "y,z"]
    assert json.loads(rows[0]["answers"]) == [1]
    assert json.loads(rows[0]["images"])[0]["path"] == "a.png"
    assert rows[0]["nothing"] == ""


@pytest.mark.parametrize("form", FORMATS)
def test_no_rows_are_written_as_such(form: str, frame: pl.DataFrame, tmp_path: Path) -> None:
    write(frame.clear(), tmp_path / "x", form)
    assert (tmp_path / "x").exists()


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@now", "\t=1", "=HYPERLINK(1)"])
def test_no_spreadsheet_takes_text_for_a_formula(text: str, tmp_path: Path) -> None:
    write(pl.DataFrame({"question": [text]}), tmp_path / "x.csv", "csv")
    assert pl.read_csv(tmp_path / "x.csv")["question"].to_list() == ["'" + text]


@pytest.mark.parametrize("text", ["-5", "+3.2", "-1,5", "-2e-3", "+10%", "a=b", "", "‘=1"])
def test_other_text_stays_as_it_is(text: str, tmp_path: Path) -> None:
    write(pl.DataFrame({"question": ["x", text]}), tmp_path / "x.csv", "csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert [row["question"] for row in csv.DictReader(file)] == ["x", text]
