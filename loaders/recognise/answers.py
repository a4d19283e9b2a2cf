"""Which option is right: the readings of a column as places of options, and which of them values prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from loaders.recognise.options import Options
from loaders.recognise.table import ENOUGH, Table

BLANKS = ["", "-1", "?", "nan", "NaN", "None", "null", "N/A"]
SAMPLE_ROWS = 40


@dataclass(frozen=True)
class Reading:
    """One way to read a column as the places of right options.

    Attributes:
        column: the source column.
        kind: letters, labels, index, names or text; the order in which one is preferred.
        pipeline: gives the places.
        places: what it gives on the sample: list[int] for each row.
        proven: whether the values allow no other reading.
        why: in words.
    """

    column: str
    kind: str
    pipeline: Any
    places: pl.Series
    proven: bool
    why: str


ORDER = ("letters", "labels", "names", "index", "text")


def readings(table: Table, name: str, options: Options) -> list[Reading]:
    """All ways in which the values of a column can be the places of right options, every value among them."""
    if name in options.columns:
        return []
    if isinstance(table.dtype(name), pl.List):
        return _lists(table, name, options)
    if table.dtype(name).is_nested() or table.dtype(name) == pl.Boolean:
        return []
    found = [
        _labelled(table, name, options),
        _letters(table, name, options) if options.in_order else None,
        _names(table, name, options),
        *_numbers(table, name, options),
        _text(table, name, options),
    ]
    return [reading for reading in found if reading is not None]


def _reading(
    table: Table, name: str, options: Options, kind: str, pipeline: Any, why: str, proven: bool = True
) -> Reading | None:
    """The reading where the pipeline fits the values, and its places are there in every row."""
    places = table.value(pipeline)
    if places is None:
        return None
    places = places.cast(pl.List(pl.Int64))
    count = options.lists.list.len().cast(pl.Int64)
    there = places.list.len().fill_null(0) > 0
    bad = there & ((places.list.max() >= count) | (places.list.min() < 0)).fill_null(True)
    if not there.any() or float(bad.sum()) > (1 - ENOUGH) * float(there.sum()):
        return None
    return Reading(name, kind, pipeline, places, proven, why)


def _clean(table: Table, name: str) -> list[Any]:
    """The column as text without what stands for a missing answer."""
    values = table.frame[name]
    head: list[Any] = [name] if values.dtype == pl.String else [name, {"cast": "string"}]
    written = values.cast(pl.String, strict=False).str.strip_chars()
    if values.dtype == pl.String and (written != values).any():
        head.append("strip")
    missing = [word for word in BLANKS if (written == word).any()]
    return [*head, {"null_if": missing}] if missing else head


def _letters(table: Table, name: str, options: Options) -> Reading | None:
    head = _clean(table, name)
    texts = table.value(head)
    if texts is None or texts.dtype != pl.String or not len(texts.drop_nulls()):
        return None
    there = texts.drop_nulls()
    steps: list[Any] = ["letters"]
    if there.str.contains(r"^\(?[A-Za-z][).]?$").all():
        if there.str.contains(r"[().]").any():
            steps.insert(0, {"replace": {"pattern": "[().]", "by": ""}})
        if there.str.contains("[a-z]").any():
            steps.insert(0, "upper")
        return _reading(table, name, options, "letters", [*head, *steps], f"{name} holds letters of options")
    if there.str.contains(r"^[A-Z]([,;、，； ]*[A-Z])*$").all() and len(there) >= 2:
        # Words in capitals are no letters of options: those run up and name none twice.
        ups = there.str.extract_all("[A-Z]")
        if (ups.list.n_unique() == ups.list.len()).all() and (ups.list.sort() == ups).mean() >= 0.9:  # type: ignore[operator]
            return _reading(table, name, options, "letters", [*head, "letters"], f"{name} holds letters of options")
        return None
    pattern = r"^\(?([A-Z])[.):：、．]\s*\S"
    if there.str.contains(pattern).all():
        pipeline = [*head, {"regex": r"^\(?([A-Z])[.):：、．]"}, "letters"]
        told = _reading(table, name, options, "letters", pipeline, f"{name} begins with the letter of an option")
        text = table.value([*head, {"replace": {"pattern": r"^\(?[A-Z][.):：、．]\s*", "by": ""}}, "strip"])
        return told if told and text is not None and _same_text(told, text, options) else None
    return None


def _same_text(reading: Reading, texts: pl.Series, options: Options) -> bool:
    place = reading.places.list.first()
    chosen = pl.DataFrame({"o": options.lists, "p": place, "t": texts}).select(
        (pl.col("o").list.get(pl.col("p"), null_on_oob=True).str.strip_chars() == pl.col("t")).mean().alias("same")
    )["same"][0]
    return bool((chosen or 0) >= 0.95)


def _labelled(table: Table, name: str, options: Options) -> Reading | None:
    if options.labels is None:
        return None
    head = _clean(table, name)
    told = f"{name} names options by their labels"
    made = _reading(table, name, options, "labels", [*head, {"index_in": options.labels}], told)
    texts = table.value(head)
    if made is None and texts is not None and texts.drop_nulls().str.contains("^[A-Z]+$").all():
        return _reading(
            table, name, options, "labels", [*head, {"find_all": "[A-Z]"}, {"index_in": options.labels}], told
        )
    return made


def _names(table: Table, name: str, options: Options) -> Reading | None:
    """Values that are the names of the options' columns: ``opb``, ``option2``."""
    if not options.names or all(len(one) == 1 and one.isalpha() for one in options.names):
        return None
    head = _clean(table, name)
    if table.dtype(name).is_float():
        head = [name, {"cast": "integer"}, {"cast": "string"}]
    texts = table.value(head)
    if texts is None or texts.dtype != pl.String:
        return None
    # Names as ``option_1`` where the column says ``option1`` are the same name.
    values = texts.drop_nulls().unique().to_list()
    at = {one.casefold().replace("_", ""): place for place, one in enumerate(options.names)}
    known = {
        value: at[value.casefold().replace("_", "")] for value in values if value.casefold().replace("_", "") in at
    }
    if len(known) != len(values) or not values:
        return None
    whole = {**{one: place for place, one in enumerate(options.names)}, **known}
    pipeline = [*head, {"map": {"values": whole}}, "list"]
    return _reading(table, name, options, "names", pipeline, f"{name} names the columns of the options")


def _numbers(table: Table, name: str, options: Options) -> list[Reading]:
    numbers = table.numbers(name)
    classes = table.classes.get(name)
    if numbers is None:
        return []
    head: list[Any] = [name]
    if (numbers == -1).any():
        head.append({"null_if": [-1, "-1"]})
    if table.dtype(name) == pl.String and table.frame[name].str.contains(r"^\s*$").any():
        head.append({"null_if": [""]})
    if table.dtype(name).is_float() or table.dtype(name) == pl.String:
        head.append({"cast": "integer"})
    if classes is not None:
        firsts = [folded_letter(one) for one in classes]
        if firsts == list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[: len(firsts)] or firsts in (
            [str(n) for n in range(len(firsts))],
            [str(n) for n in range(1, len(firsts) + 1)],
        ):
            why = f"{name} is a class, whose names {', '.join(classes)} stand for the options in order"
            made = _reading(table, name, options, "index", [*head, {"index": 0}], why)
            return [made] if made else []
        return []
    values = numbers.set(numbers == -1, None)
    first, last = _edges(values, options)
    found = []
    for base in (0, 1):
        proven = (base == 0 and first and not last) or (base == 1 and last and not first)
        why = f"{name} counts options from {base}"
        why += ", which its values prove" if proven else ", or so it can be read"
        made = _reading(table, name, options, "index", [*head, {"index": base}], why, bool(proven))
        if made is not None:
            found.append(made)
    if len(found) == 1 and not found[0].proven:
        return []
    return found


def folded_letter(text: str) -> str:
    """The letter or number that the name of a class is, in upper case; the name itself where it is something else."""
    return text.strip().strip("().").upper()


def _edges(values: pl.Series, options: Options) -> tuple[bool, bool]:
    """Whether the number 0 occurs, and whether the number of options does, in its row.

    A 0 that is rare, or stands in every row, may mean that there is no answer: it proves nothing.
    """
    there = values.drop_nulls()
    zeros = int((there == 0).sum())
    rare = len(there) >= SAMPLE_ROWS and zeros < 0.05 * len(there)
    constant = there.n_unique() == 1 and len(there) > 3
    count = options.lists.list.len().cast(pl.Int64)
    lasts = int(((values == count) & values.is_not_null()).sum())
    if zeros and (rare or constant):
        # Neither reading: 0 is there, so it is not counted from 1, and too rare to be the first option.
        return True, True
    return zeros > 0, lasts > 0


def _text(table: Table, name: str, options: Options) -> Reading | None:
    head = _clean(table, name)
    texts = table.value(head)
    if texts is None or texts.dtype != pl.String:
        return None
    for pipeline in dict.fromkeys((repr(options.pipeline), repr(options.raw))):
        chosen = options.pipeline if pipeline == repr(options.pipeline) else options.raw
        made = _reading(
            table, name, options, "text", [*head, {"index_in": chosen}], f"{name} repeats the text of an option"
        )
        if made is not None and not _twice(made, options):
            return made
    return None


def _twice(reading: Reading, options: Options) -> bool:
    """Whether the text of an answer stands twice among the options of many rows."""
    rows = pl.DataFrame({"o": options.lists, "p": reading.places.list.first()})
    twice = rows.select(
        (
            pl.col("o").list.eval(pl.element().is_duplicated()).list.get(pl.col("p"), null_on_oob=True).fill_null(False)
        ).mean()
    ).item()
    return bool((twice or 0) > 0.01)


def _lists(table: Table, name: str, options: Options) -> list[Reading]:
    dtype = table.dtype(name)
    inner = dtype.inner
    found: list[Reading | None] = []
    if inner == pl.String:
        flat = table.frame[name].explode().drop_nulls()
        if len(flat) and flat.str.contains("^[A-Za-z]$").all():
            steps: list[Any] = [{"each": ["upper"]}] if flat.str.contains("[a-z]").any() else []
            found.append(_reading(table, name, options, "letters", [name, *steps, "letters"], f"{name} lists letters"))
        if options.labels is not None:
            pipeline = [name, {"index_in": options.labels}]
            found.append(_reading(table, name, options, "labels", pipeline, f"{name} lists labels of options"))
        pipeline = [name, {"index_in": options.pipeline}]
        found.append(_reading(table, name, options, "text", pipeline, f"{name} lists the texts of options"))
    elif inner.is_integer():
        if name in table.classes:
            found.append(_reading(table, name, options, "index", name, f"{name} lists classes, one an option in order"))
            return [reading for reading in found if reading is not None]
        each = table.frame.select(pl.col(name), options.lists.list.len().alias("n")).explode(name).drop_nulls()
        zero, last = bool((each[name] == 0).any()), bool((each[name] == each["n"]).any())
        from_one = {str(number + 1): number for number in range(26)}
        steps_of = {0: name, 1: [name, {"each": [{"map": {"values": from_one}}]}]}
        for base, proven in ((0, zero and not last), (1, last and not zero)):
            why = f"{name} lists options counted from {base}"
            found.append(_reading(table, name, options, "index", steps_of[base], why, proven))
    return [reading for reading in found if reading is not None]


@dataclass(frozen=True)
class Chosen:
    """The reading that is taken; `doubt` says why it cannot be believed."""

    reading: Reading | None
    why: tuple[str, ...] = ()
    doubt: str | None = None


def choose(table: Table, names: list[str], options: Options) -> Chosen:
    """One reading of the columns that may hold the answer: proven by its values, or by a second column that agrees."""
    by_column = {name: found for name in names if (found := readings(table, name, options))}
    if not by_column:
        held = ", ".join(names)
        return Chosen(None, doubt=f"no value of {held} could be read as one of the options" if held else "no answers")
    best = {name: sorted(found, key=lambda one: ORDER.index(one.kind)) for name, found in by_column.items()}
    sure = [one for found in best.values() for one in found if one.proven]
    sure.sort(key=lambda one: ORDER.index(one.kind))
    why: list[str] = []
    if not sure:
        return _agreeing(best)
    first = sure[0]
    for name, found in best.items():
        if name == first.column:
            other = [one for one in found if one.proven and not _agree(one, first)]
            if other:
                return Chosen(first, doubt=f"{name} can be read in two ways: {first.why}; {other[0].why}")
            continue
        if any(_agree(one, first) for one in found):
            why.append(f"{name} says the same")
        else:
            return Chosen(first, doubt=f"{first.column} and {name} do not name the same options")
    return Chosen(first, (first.why, *why))


def _agreeing(best: dict[str, list[Reading]]) -> Chosen:
    """Nothing is proven by one column alone: a reading of two columns that agree in no other way is."""
    first = next(iter(best.values()))[0]
    told = " and ".join(best)
    return Chosen(first, doubt=f"whether {told} counts options from 0 or from 1 cannot be told from the values")


def _agree(one: Reading, other: Reading) -> bool:
    both = (one.places.list.len().fill_null(0) > 0) & (other.places.list.len().fill_null(0) > 0)
    if not both.any():
        return True
    same = (one.places.list.sort() == other.places.list.sort()).filter(both)
    return float(same.mean() or 0) >= ENOUGH  # type: ignore[arg-type]
