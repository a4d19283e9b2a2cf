"""Rows of the catalogue as the small tables of a dataset's page. Cells are cleaned text; addresses are ones to open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from dashboard import words
from dashboard.texts import clean, line, web
from registry.standing import Row


def bytes_read(number: int | None) -> str:
    """``1.2 MB``; empty where it is not known."""
    if number is None:
        return ""
    size = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def value_read(value: Any) -> str:
    """A value of a statement as text: lists by commas, the rest as JSON."""
    if isinstance(value, list):
        return line(", ".join(value_read(part) for part in value))
    if isinstance(value, dict):
        return line(json.dumps(value, ensure_ascii=False), 600)
    return line(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and value > 9999 else value, 600)


def sizes(size: Mapping[str, Any]) -> pl.DataFrame:
    """Parts and counts: splits first, then parts that may overlap."""
    rows = [("split", line(name), count) for name, count in (size.get("splits") or {}).items()]
    for name, count in (size.get("parts") or {}).items():
        if isinstance(count, dict):
            rows += [
                (line(words.plain(str(name)).replace("_", " ")), line(part), number) for part, number in count.items()
            ]
        else:
            rows.append(("part", line(str(name).replace("_", " ")), count))
    schema = {"Of": pl.String, "Part": pl.String, "Records": pl.Int64}
    return pl.DataFrame([row for row in rows if isinstance(row[2], int)], schema=schema, orient="row")


def files(rows: Iterable[Row]) -> pl.DataFrame:
    """Files with what pins them."""
    return pl.DataFrame(
        [
            {
                "File": line(row["path"] or row["url"] or "not named", 400),
                "Format": line(row["format"]),
                "Splits": line((row["splits"] or "").replace(",", ", ")),
                "Size": bytes_read(row["bytes"]),
                "Rows": row["rows"],
                "SHA-256": line(row["sha256"]),
                "Note": line(row["note"], 600),
            }
            for row in rows
        ],
        schema={
            "File": pl.String,
            "Format": pl.String,
            "Splits": pl.String,
            "Size": pl.String,
            "Rows": pl.Int64,
            "SHA-256": pl.String,
            "Note": pl.String,
        },
    )


def places(rows: Iterable[Row]) -> pl.DataFrame:
    """Where the dataset lives, official places first."""
    text = ("Place", "Role", "Address", "Answers", "Revision", "Licence there", "Checked", "Note")
    return pl.DataFrame(
        [
            {
                "Place": f"{words.PROVIDER.get(row['provider'], row['provider'])}: {line(row['locator'], 120)}",
                "Role": row["role"],
                "Address": web(row["url"]),
                "Answers": {"alive": "yes", "gone": "gone"}.get(row["status"], "not checked"),
                "Revision": line(row["revision"])[:12],
                "Licence there": line(row["licence_raw"] or row["licence"]),
                "Checked": words.day(row["last_checked"]),
                "Note": line(row["note"], 600),
            }
            for row in rows
        ],
        schema=dict.fromkeys(text, pl.String),
    )


def uses(rows: Iterable[Row]) -> pl.DataFrame:
    """Papers, models and code that touch the dataset, with the evidence."""
    return pl.DataFrame(
        [
            {
                "Relation": words.RELATION.get(row["relation"], row["relation"]),
                "Title": line(row["title"]),
                "Kind": line(words.plain(row["kind"])),
                "Year": row["year"],
                "Address": web(row["url"]),
                "Evidence": words.evidence(line(row["evidence"], 600)),
                "Sure": row["confidence"],
                "Said by": words.ORIGIN.get(row["origin"], row["origin"]),
            }
            for row in rows
        ],
        schema={
            "Relation": pl.String,
            "Title": pl.String,
            "Kind": pl.String,
            "Year": pl.Int64,
            "Address": pl.String,
            "Evidence": pl.String,
            "Sure": pl.Float64,
            "Said by": pl.String,
        },
    )


def disagreements(found: Mapping[str, list[Row]]) -> pl.DataFrame:
    """Field by field, each value and who says it; the first that is the owner's to say is the one shown."""
    text = ("Field", "Shown", "Value", "Said by", "Read in", "Since")
    return pl.DataFrame(
        [
            {
                "Field": words.plain(field),
                "Shown": "shown"
                if index == next((i for i, one in enumerate(rows) if one["counts"]), None)
                else "also said",
                "Value": value_read(row["value"]),
                "Said by": words.ORIGIN.get(row["origin"], row["origin"]),
                "Read in": line(row["place"], 600),
                "Since": words.day(row["seen"]),
            }
            for field, rows in found.items()
            for index, row in enumerate(rows)
        ],
        schema=dict.fromkeys(text, pl.String),
    )


def events(rows: Iterable[Row]) -> pl.DataFrame:
    """What changed, newest first."""
    text = ("When", "What", "Dataset", "Field", "Before", "After", "Said by", "Read in")
    return pl.DataFrame(
        [
            {
                "When": words.minute(row["at"]),
                "What": words.EVENT.get(row["kind"], row["kind"]),
                "Dataset": line(row.get("name") or row.get("slug"), 80),
                "Field": line(row["field"]),
                "Before": line(row["old"], 600),
                "After": line(row["new"], 600),
                "Said by": words.ORIGIN.get(row["origin"] or "", line(row["origin"])),
                "Read in": line(row["place"], 600),
            }
            for row in rows
        ],
        schema=dict.fromkeys(text, pl.String),
    )


def example(value: Any) -> tuple[str, str | None]:
    """An example row as text, and the language to colour it by."""
    if isinstance(value, str):
        return clean(value, 6_000), None
    return clean(json.dumps(value, ensure_ascii=False, indent=2), 6_000), "json"
