"""Made-up files in a folder, recognised and then loaded as a card with that block would be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import yaml

from loaders.load import Splits, load_card
from loaders.recognise.guess import Guess
from loaders.recognise.recognise import recognise
from registry.card import DatasetCard
from tests.support.files_server import DatasetHub


def class_label(names: list[str]) -> dict[str, Any]:
    """The feature of a class as the `datasets` library writes it."""
    return {"names": names, "_type": "ClassLabel"}


def front_matter(data: Mapping[str, Any]) -> str:
    """A README with this front matter."""
    return f"---\n{yaml.safe_dump(dict(data))}---\n# A set\n"


def write_rows(path: Path, rows: list[dict[str, Any]], inside: Mapping[str, Any] | None = None) -> None:
    """Write rows in the format that the ending tells; `inside` are features to be written into a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if path.suffix == ".parquet":
        told = {"huggingface": json.dumps({"info": {"features": inside or {}}})}
        pq.write_table(frame.to_arrow().replace_schema_metadata(told), path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    else:
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def write_files(folder: Path, files: Mapping[str, Any], inside: Mapping[str, Any] | None = None) -> None:
    """Write files: rows by their ending, text and bytes as they are."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            write_rows(path, content, inside)


def guess(
    folder: Path, files: Mapping[str, Any], *, features: Any = None, inside: Mapping[str, Any] | None = None
) -> Guess:
    """What is recognised of these files, written into `folder`."""
    write_files(folder, files, inside)
    readme = files.get("README.md")
    return recognise("hand-over", None, list(files), lambda path: folder / path, readme, features)


def records(folder: Path, found: Guess, config: str | None = None) -> Splits:
    """The records of all splits, loaded with the block that was recognised."""
    assert found.load is not None, found.unclear
    card = DatasetCard(
        slug="made-up", name="Made up", kind="dataset", summary="Made up.", access="open", load=found.load
    )
    loaded = load_card(card, files=folder, config=config, offline=True)
    assert isinstance(loaded, Splits)
    return loaded


class BranchedHub(DatasetHub):
    """A Hub that tells a dataset's newest commit, and has the branch of its own conversion in a folder beside it."""

    branch = "refs%2Fconvert%2Fparquet"

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """As the Hub answers; the conversion of ``o/n`` is the repository ``o/n@converted``."""
        parts = path.split("?")[0].removeprefix("/api").removeprefix("/datasets/").split("/")
        name = "/".join(parts[:2])
        if self.branch in path:
            name, path = f"{name}@converted", path.replace(name, f"{name}@converted").replace(self.branch, "main")
        if path.startswith("/api/datasets/") and parts[2:3] in ([], ["revision"]) and name in self.repositories:
            told = {"id": name, "sha": self.commit, "siblings": [], "private": False, "tags": [], "downloads": 0}
            return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()
        return super().answer(path)
