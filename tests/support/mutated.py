"""Files of every format a reader knows, and what bad disks, bad servers and bad people make of them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from loaders.read import FILE, ROW, Located, stream
from registry.errors import ReadError
from registry.loadspec import Read
from tests.support.made_files import content

ROWS: list[dict[str, Any]] = [
    {"a": 'one, "two"\nthree', "b": "é高", "c": "1"},
    {"a": "", "b": "x", "c": "-2.5"},
    {"a": "=1", "b": "{}", "c": ""},
]
NESTED: list[dict[str, Any]] = [
    {"a": [1, 2], "b": {"x": "y", "z": [{"q": None}]}, "c": 1},
    {"a": [], "b": {"x": "é"}, "c": 2.5},
]


class Case(NamedTuple):
    """A sound file and how it is read."""

    name: str
    data: bytes
    read: dict[str, Any]


XML = {"record": ".//p", "paths": {"i": "@id", "q": "q"}}
ROWS_OF = {"options": {"rows": ["images", "labels"]}}
CASES = [
    Case("x.csv", content({"csv": ROWS}), {}),
    Case("y.csv", content({"csv": ROWS, "encoding": "utf-16"}), {"encoding": "utf-16"}),
    Case("z.csv", content({"csv": ROWS}), {"encoding": "detect"}),
    Case("x.tsv", content({"csv": ROWS, "separator": "\t"}), {}),
    Case("x.json", content({"json": NESTED, "indent": 1}), {}),
    Case("y.json", content({"json": {"k1": NESTED[0], "k2": NESTED[1]}}), {"keyed_by": "id"}),
    Case("z.json", content({"json": {"data": [{"rows": NESTED}]}}), {"rows_at": "data.*.rows"}),
    Case("x.jsonl", content({"jsonl": NESTED}), {}),
    Case("x.parquet", content({"parquet": ROWS}), {}),
    Case("x.xlsx", content({"xlsx": {"s": [["a", "b"], ["1", None], ["x", "y"]]}}), {}),
    Case("x.xml", b"<r><p id='1'><q>a&amp;b</q></p><p id='2'/></r>", XML),
    Case("x.txt", "line\n\n<|q|> é <|endofq|>\n".encode(), {}),
    Case("y.txt", b"<|q|> a <|endofq|>\n", {"marks": {"q": "q"}}),
    Case("z.txt", b"a\tO\nb\tB-X\n\nc\tO\n", {"format": "iob"}),
    Case("x.npz", content({"npz": {"image": [[1, 2], [3, 4]], "age": 5}}), {}),
    Case("y.npz", content({"npz": {"images": [[1, 2], [3, 4]], "labels": [0, 1]}}), ROWS_OF),
    Case("x.png", b"\x89PNG\r\n", {}),
]  # fmt: skip
SPLICES = [
    *(
        b"",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n" * 9,
        b'"',
        b"'",
        b"\\",
        b"\t",
        b",,,",
        b"\xc3",
        b"\xed\xa0\x80",
    ),
    *(b"{" * 300, b"[" * 3000, b"]]]", b"NaN", b"1e999", b"9" * 400, b"-", b"null", b'"a":', b"__file__"),
    *(b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", b"&x;", b"<"),
    *(b"PAR1", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08"),
    *(b"\x93NUMPY\x01\x00", b"__reduce__", b"cos\nsystem\n"),
]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some of them gone, changed, doubled or put between others."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(made) + 1)
        end = min(len(made), place + chance.choice([1, 2, 4, 16, 64]))
        kind = chance.randrange(6)
        if kind == 0:
            del made[place:end]
        elif kind == 1:
            made[place:place] = chance.choice(SPLICES)
        elif kind == 2:
            del made[place:]
        elif kind == 3:
            made[place:place] = made[place:end] * chance.choice([1, 2, 50])
        elif place < len(made):
            made[place] = chance.randrange(256) if kind == 4 else made[place] ^ (1 << chance.randrange(8))
    return bytes(made)


def attempt(path: Path, read: Read) -> pl.DataFrame | ReadError:
    """What comes of a file: rows of one schema, or one clear error. Anything else is let through."""
    try:
        frames = list(stream([Located(path, path.name)], read))
    except ReadError as error:
        told = error
    else:
        return _rows(frames)
    assert path.name in str(told), f"the message names no file: {told}"
    assert len(str(told)) < 3000, f"the message is too long: {str(told)[:200]}"
    return told


def _rows(frames: list[pl.DataFrame]) -> pl.DataFrame:
    assert len({tuple(frame.schema.items()) for frame in frames}) == 1
    frame = pl.concat(frames)
    assert {FILE, ROW} <= set(frame.columns)
    return frame
