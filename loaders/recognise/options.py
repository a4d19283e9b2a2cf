"""Where the options of a question stand: columns of their own, or one column in any of the usual forms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import polars as pl

from loaders.recognise.table import ENOUGH, Table
from loaders.recognise.words import folded, meanings, option_stem

LETTERED = r"^\s*\(?[A-Z][.):：、．\s]"
LETTER = r"\(?([A-Z])[.):、．]"
NUMBER = r"\(?(\d{1,2})[.)、．]"
LETTERS = tuple(ascii_uppercase)
NUMBERS = tuple(str(number) for number in range(1, 27))
MOST = 26
HOLES = 0.2
MOST_FURTHER = 10
_FAMILY = re.compile(r"^(.*?) ?([a-z]|\d{1,2})$")
LABELS = ("key", "letter", "label", "id", "aid", "idx", "index", "option", "option id", "choice")
TEXTS = ("value", "text", "content", "atext", "option text", "description", "answer", "choice text")


@dataclass(frozen=True)
class Options:
    """The options of every row.

    Attributes:
        pipeline: gives them as lists of text.
        raw: gives them as the source writes them, with their letters.
        lists: what `pipeline` gives on the sample.
        labels: pipeline of the names under which an answer may call them.
        names: the columns or fields that hold one option each, in order.
        columns: source columns that are used.
        why: where they were found.
        trouble: what keeps places and letters from being sure.
    """

    pipeline: Any
    raw: Any
    lists: pl.Series
    columns: frozenset[str]
    why: str
    labels: Any = None
    names: tuple[str, ...] = ()
    trouble: str | None = None

    @property
    def in_order(self) -> bool:
        """Whether the n-th option is called by the n-th letter."""
        return self.labels is None or not self.why.startswith("options in the lines")


def options_in(table: Table) -> list[Options]:
    """All readings of columns as options, columns of their own first."""
    found = [_family(table, names) for names in families(table.columns)]
    candidates = [*table.meant("options"), *table.meant("answer")]
    found += [_column(table, name, name in table.meant("options")) for name in dict.fromkeys(candidates)]
    good = [option for option in found if option is not None and _plausible(option)]
    return [option for option in good if not any(option.columns < other.columns for other in good)]


def _plausible(option: Options) -> bool:
    counts = option.lists.list.len().drop_nulls()
    enough = (counts >= 2).sum() >= 0.98 * len(counts)
    return bool(len(counts) > 0 and enough and (counts > MOST).sum() == 0)


def families(names: list[str]) -> list[list[str]]:
    """Columns whose names say option, choice or the like, but for a letter or number that runs on from a, 0 or 1."""
    return runs([name for name in names if (found := _FAMILY.match(folded(name))) and _is_option(found)])


def _is_option(found: re.Match[str]) -> bool:
    return option_stem(found[1].strip()) or (not found[1] and not found[2].isdigit())


def runs(names: list[str]) -> list[list[str]]:
    """Columns that are called alike but for a letter or number that runs on from a, 0 or 1."""
    stems: dict[str, dict[str, str]] = {}
    for name in names:
        if found := _FAMILY.match(folded(name)):
            stems.setdefault(found[1].strip(), {})[found[2]] = name
    families: list[list[str]] = []
    for stem, members in stems.items():
        for run in ("abcdefghij", [str(n) for n in range(10)], [str(n) for n in range(1, 11)]):
            keys = [key for key in run if key in members]
            if keys == list(run)[: len(keys)] and len(keys) >= (2 if stem else 3) and set(keys) == set(members):
                families.append([members[key] for key in keys])
                break
    return families


def numbered(names: list[str]) -> dict[str, list[str]]:
    """Columns that are called alike but for a number that runs on from 1, in its order; and those of one name alone."""
    stems: dict[str, dict[int, str]] = {}
    for name in names:
        if parts := re.fullmatch(r"(.*?) ?(\d{0,2})", folded(name)):
            stems.setdefault(parts[1], {})[int(parts[2] or 0)] = name
    found: dict[str, list[str]] = {}
    for stem, members in stems.items():
        # A name without a number is the first; one that lacks a number between others says nothing sure.
        places = sorted(members)
        run = [place or 1 for place in places]
        if run == list(range(1, len(run) + 1)):
            found[stem] = [members[place] for place in places]
    return found


def _family(table: Table, names: list[str]) -> Options | None:
    if any(table.dtype(name).is_nested() for name in names):
        return None
    frame = table.frame.select(pl.col(name).cast(pl.String) for name in names)
    blank = frame.select((pl.all().is_null() | (pl.all().str.strip_chars() == "")).cast(pl.Int8))
    # An option that is missing before one that is there would shift the places of all after it.
    holes = blank.select(
        pl.any_horizontal((pl.col(left) == 1) & (pl.col(right) == 0) for left, right in pairwise(names))
        .mean()
        .alias("holes")
    )["holes"][0]
    tolerated = HOLES
    # As fields of an object they keep their places though one of them is missing.
    pipeline: Any = [{"struct": dict(zip(ascii_lowercase, names, strict=False))}, "values"]
    if frame.select((pl.all().str.strip_chars() == "").any()).row(0) != (False,) * len(names):
        if any(table.dtype(name) != table.dtype(names[0]) for name in names):
            return None
        pipeline = [{"columns": names}, "drop_empty"]
        tolerated = 0.0
    lists = table.value(pipeline)
    if lists is None:
        return None
    trouble = f"{holes:.1%} of the rows miss an option before one that is there" if holes > tolerated else None
    if len(names) == 2 and set(meanings(folded(names[0])[:-1])) & {"answer"}:
        trouble = f"{' and '.join(names)} may be options, or answers of two to one question"
    why = f"options in the columns {', '.join(names)}"
    return _stripped(table, pipeline, lists, frozenset(names), why, names=tuple(names), trouble=trouble)


def _column(table: Table, name: str, named: bool) -> Options | None:
    dtype = table.dtype(name)
    columns = frozenset([name])
    if isinstance(dtype, pl.Struct):
        return _struct(table, [name], dtype, name)
    if isinstance(dtype, pl.List):
        if isinstance(dtype.inner, pl.Struct):
            return _entries(table, [name], dtype.inner, name)
        if named and dtype.inner == pl.String:
            lists = table.value(name)
            return lists if lists is None else _stripped(table, name, lists, columns, f"options in the lists of {name}")
        return None
    if dtype != pl.String:
        return None
    return _written(table, name, named)


def _struct(table: Table, head: list[Any], dtype: pl.Struct, name: str) -> Options | None:
    fields = [entry.name for entry in dtype.fields]
    plain = {folded(entry): entry for entry in fields}
    if set(plain) == {"text", "label"} and all(isinstance(entry.dtype, pl.List) for entry in dtype.fields):
        pipeline = [*head, {"get": plain["text"]}]
        lists = table.value(pipeline)
        labels = [*head, {"get": plain["label"]}, {"each": [{"cast": "string"}]}]
        if lists is None:
            return None
        return Options(pipeline, pipeline, lists, frozenset([name]), f"options in {name}.text", labels)
    letters = all(re.fullmatch("[A-Za-z]", entry) for entry in fields)
    family = [sorted(fields, key=str.casefold)] if letters else families(fields) or _digits(fields)
    if not family or len(family[0]) != len(fields) or family[0] != (sorted(fields) if letters else fields):
        return None
    if [folded(entry)[-1:] for entry in family[0]] != list("abcdefghijklmnopqrstuvwxyz")[: len(fields)] and letters:
        return None
    pipeline = [*head, "values"]
    lists = table.value(pipeline)
    if lists is None or lists.dtype.inner.is_nested():  # type: ignore[attr-defined]
        return None
    holes = float(lists.list.eval(pl.element().is_null()).list.any().mean() or 0)  # type: ignore[arg-type]
    trouble = f"{holes:.1%} of the rows miss an option before one that is there" if holes > HOLES else None
    why = f"options in the fields {', '.join(family[0])} of {name}"
    return _stripped(table, pipeline, lists, frozenset([name]), why, names=tuple(family[0]), trouble=trouble)


def _digits(fields: list[str]) -> list[list[str]]:
    for first in (0, 1):
        if fields == [str(number) for number in range(first, first + len(fields))]:
            return [fields]
    return []


def _entries(table: Table, head: list[Any], dtype: pl.Struct, name: str) -> Options | None:
    """Options as objects {key, value}: one field names an option, one holds its text."""
    fields = {folded(entry.name): entry.name for entry in dtype.fields if not entry.dtype.is_nested()}
    texts = [fields[word] for word in TEXTS if word in fields]
    labels = [fields[word] for word in LABELS if word in fields and fields[word] not in texts[:1]]
    if not texts or len(fields) > 3:
        return None
    pipeline = [*head, {"format_each": f"{{{texts[0]}}}"}]
    lists = table.value(pipeline)
    if lists is None:
        return None
    called = [*head, {"format_each": f"{{{labels[0]}}}"}] if labels else None
    return Options(pipeline, pipeline, lists, frozenset([name]), f"options in {name}.{texts[0]}", called)


def _written(table: Table, name: str, named: bool) -> Options | None:
    """Options written into one text: JSON, a Python list, or a line each after its letter."""
    values = table.frame[name].drop_nulls().str.strip_chars()
    columns = frozenset([name])
    if values.str.starts_with("[").all() and named:
        for step in ({"json": ["text"]}, "literal_list"):
            lists = table.value([name, step])
            if lists is not None:
                return _stripped(table, [name, step], lists, columns, f"options written as a list in {name}")
        dtype = _decoded(values)
        if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
            shape = [{entry.name: "text" for entry in dtype.inner.fields if not entry.dtype.is_nested()}]
            return _entries(table, [name, {"json": shape}], dtype.inner, name)
    if values.str.starts_with("{").all():
        dtype = _decoded(values)
        if isinstance(dtype, pl.Struct) and not any(entry.dtype.is_nested() for entry in dtype.fields):
            fields = [entry.name for entry in dtype.fields]
            keys = dict.fromkeys([*fields, *_further(fields)], "text")
            return _struct(table, [name, {"json": keys}], dtype, name)
    if named and float(values.str.contains(LETTERED).mean() or 0) >= ENOUGH:  # type: ignore[arg-type]
        return _lines(table, name)
    return None


def _further(fields: list[str]) -> list[str]:
    """Options that rows beyond the sample may have: the next letters or numbers."""
    if all(re.fullmatch("[A-Z]", entry) for entry in fields):
        run = [chr(ord("A") + n) for n in range(MOST_FURTHER)]
    elif all(re.fullmatch("[a-z]", entry) for entry in fields):
        run = [chr(ord("a") + n) for n in range(MOST_FURTHER)]
    elif found := re.fullmatch(r"(.*?)(\d+)", fields[-1]):
        run = [f"{found[1]}{n}" for n in range(int(found[2]) + 1, MOST_FURTHER + 1)]
    else:
        run = []
    return [name for name in run if name not in fields]


def _decoded(values: pl.Series) -> Any:
    try:
        return values.str.json_decode(infer_schema_length=None).dtype
    except pl.exceptions.PolarsError:
        return None


def _lines(table: Table, name: str) -> Options | None:
    """Options of one text, a line each; an answer finds them by letter, for rows that leave a letter out."""
    literal = bool(table.frame[name].str.contains(r"\\n[A-Z][.):、．\s]").any())
    mark = r"\(?[A-Z][.):、．\s]\s*"
    head: list[Any] = [name, {"replace": {"pattern": r"\\n", "by": "\n"}}] if literal else [name]
    cut = [*head, "strip", {"split_before": rf"(?m)^\s*{mark}"}]
    raw = [*cut, {"each": ["strip"]}]
    labels = [*raw, {"each": [{"regex": r"^\(?([A-Z])[.):、．\s]"}]}]
    pipeline = [*cut, {"each": [{"replace": {"pattern": rf"^\s*{mark}", "by": ""}}, "strip"]}]
    lists, letters, whole = table.value(cut), table.value(labels), table.value(pipeline)
    if lists is None or letters is None or whole is None:
        return None
    there = letters.drop_nulls()
    known = there.list.eval(pl.element().is_null()).list.any().not_()
    rising = (
        known & (there.list.n_unique() == there.list.len()) & (there.list.sort() == there) & (there.list.len() >= 2)
    )
    if float(rising.mean() or 0) < ENOUGH:  # type: ignore[arg-type]
        return None
    why = f"options in the lines of {name}, each after its letter"
    return Options(pipeline, raw, whole, frozenset([name]), why, None if _in_order(there) else labels)


def _in_order(marks: pl.Series, run: Sequence[str] = LETTERS) -> bool:
    """Whether lists of letters or numbers run on from the first, in every row."""
    return all(list(run[: len(row)]) == row.to_list() for row in marks.drop_nulls().unique())


def _stripped(
    table: Table,
    pipeline: Any,
    lists: pl.Series,
    columns: frozenset[str],
    why: str,
    *,
    names: tuple[str, ...] = (),
    trouble: str | None = None,
) -> Options:
    """Options without the letters that stand before every one of them in order."""
    head = pipeline if isinstance(pipeline, list) else [pipeline]
    if lists.dtype != pl.List(pl.String):
        pipeline = [*head, {"each": [{"cast": "string"}]}]
        lists = lists.cast(pl.List(pl.String))
        return Options(pipeline, pipeline, lists, columns, why, names=names, trouble=trouble)
    for mark, run in ((LETTER, LETTERS), (NUMBER, NUMBERS)):
        first = lists.list.eval(pl.element().str.extract(f"^\\s*{mark}"))
        if first.list.eval(pl.element().is_null()).list.any().any() or not _in_order(first, run):
            continue
        clean = [*head, {"each": [{"replace": {"pattern": f"^\\s*{mark}\\s*", "by": ""}}]}]
        made = table.value(clean)
        if made is not None and not made.list.eval(pl.element().str.strip_chars() == "").list.any().any():
            return Options(clean, pipeline, made, columns, why, names=names, trouble=trouble)
    return Options(pipeline, pipeline, lists, columns, why, names=names, trouble=trouble)
