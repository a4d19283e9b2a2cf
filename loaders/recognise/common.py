"""What any mapping may have besides: id, group, language, pictures, context, explanation."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import polars as pl

from loaders.recognise.guess import Proposal
from loaders.recognise.table import ENOUGH, Table, filled
from loaders.recognise.words import folded, group_words, says_little

PICTURE = r"(?i)\.(jpe?g|png|tiff?|bmp|webp|gif|dcm|nii(\.gz)?)$"
SAME, MANY_ROWS = 3, 12
WITH_IMAGES = ("multiple_choice", "question_answer", "dialogue", "instruction", "text_to_text", "classification")


def one_text(table: Table, meaning: str, used: Collection[str] = ()) -> tuple[str | None, str | None]:
    """The one text column of a meaning, and what is unclear where there are several."""
    found = [name for name in table.meant(meaning) if name not in used and table.is_text(name)]
    if len(found) < 2:
        return (found[0] if found else None), None
    return found[0], f"{' and '.join(found)} may each be the {meaning}"


def same_question(table: Table, name: str) -> str | None:
    """What is unclear of a question that hardly ever changes: what is asked about stands in some other column."""
    few = table.distinct(name) <= SAME and table.frame.height >= MANY_ROWS
    return f"{name} asks the same in nearly all rows" if few and not picture_columns(table) else None


def joined(table: Table, name: str) -> Any:
    """A column of text, or of lists of text with a line for each."""
    return [name, {"join": "\n"}] if table.is_texts(name) else name


def with_context(table: Table, proposal: Proposal) -> Proposal:
    """Context and explanation where one column each may be it; where there are several they stay in `extra`."""
    for meaning in ("context", "explanation"):
        found = [
            name
            for name in table.meant(meaning)
            if name not in proposal.uses and (table.is_text(name) or table.is_texts(name))
        ]
        if len(found) == 1:
            proposal = proposal.having({meaning: joined(table, found[0])}, found[0])
        elif found:
            proposal = proposal.because(f"{', '.join(found)} stay in `extra`: each may be the {meaning}")
    return proposal


def with_common(table: Table, proposal: Proposal) -> Proposal:
    """The proposal with pictures, language, id and group, where columns for them are there."""
    if proposal.schema in WITH_IMAGES and "images" not in proposal.fields:
        found = picture_columns(table, proposal.uses)
        row = _row_of_pictures(table, proposal.uses)
        if row:
            proposal = proposal.having({"images": [{"columns": row}, {"images": {}}]}, *row)
        elif len(found) == 1:
            pipeline = pictures(table, found[0]) or [found[0]]
            where = {"folder": folder} if (folder := _folder(table, pipeline)) else {}
            proposal = proposal.having({"images": [*pipeline, {"images": where}]}, found[0])
        elif len(found) > 1:
            proposal = proposal.doubted(0.6, f"{' and '.join(found)} may each be the picture")
        else:
            strange = [
                name for name in table.meant("images") if name not in proposal.uses and _seems_picture(table, name)
            ]
            if strange:
                proposal = proposal.doubted(0.6, f"how {', '.join(strange)} holds pictures is not known")
    languages = [name for name in table.meant("language") if name not in proposal.uses and _codes(table, name)]
    if len(languages) == 1:
        proposal = proposal.having({"language": languages[0]}, languages[0])
    chosen = _id(table, proposal.uses)
    if chosen is not None:
        text = table.dtype(chosen) == pl.String
        proposal = proposal.having({"id": chosen if text else [chosen, {"cast": "string"}]})
    return proposal


def picture_columns(table: Table, used: Collection[str] = (), meaning: str = "images") -> list[str]:
    """Columns that hold pictures: bytes, {bytes, path} as the Hub writes them, or paths of picture files."""
    return [name for name in table.meant(meaning) if name not in used and pictures(table, name) is not None]


def pictures(table: Table, name: str) -> list[Any] | None:
    """The pipeline to paths or bytes of pictures; None where a column holds none."""
    dtype = table.dtype(name)
    many = isinstance(dtype, pl.List)
    inner = dtype.inner if many else dtype
    if isinstance(inner, pl.Struct):
        fields = {entry.name: entry.dtype for entry in inner.fields}
        if set(fields) == {"bytes", "path"}:
            return [name]
        paths = [entry for entry in fields if "image" in meanings_of(entry) and fields[entry] == pl.String]
        if many and len(paths) == 1:
            pipeline = [name, {"format_each": f"{{{paths[0]}}}"}]
            values = table.value(pipeline)
            return pipeline if values is not None and _paths(values.explode()) else None
        return None
    if inner == pl.String:
        return [name] if _paths(table.frame[name].explode() if many else table.frame[name]) else None
    return [name] if inner == pl.Binary else None


def _row_of_pictures(table: Table, used: Collection[str]) -> list[str]:
    """Columns ``image_1``, ``image_2`` … that hold pictures of one form; empty where there are not several."""
    from loaders.recognise.options import numbered

    for stem, names in numbered(table.columns).items():
        alike = len({table.dtype(name) for name in names}) == 1
        if stem in ("image", "img", "picture") and len(names) > 1 and alike and not set(names) & set(used):
            return names if _picture_type(table.dtype(names[0])) else []
    return []


def _picture_type(dtype: Any) -> bool:
    bytes_and_path = isinstance(dtype, pl.Struct) and {entry.name for entry in dtype.fields} == {"bytes", "path"}
    return bytes_and_path or dtype == pl.Binary


def meanings_of(field: str) -> set[str]:
    """Whether the field of an object is called a picture or its path."""
    return {"image"} if folded(field) in ("image", "image path", "path", "img", "img path", "file name") else set()


def _paths(values: pl.Series) -> bool:
    there = values.drop_nulls()
    return len(there) > 0 and float(there.str.contains(PICTURE).mean() or 0) >= ENOUGH  # type: ignore[arg-type]


def _seems_picture(table: Table, name: str) -> bool:
    return not folded(name).startswith("file") and filled(table.frame[name]) > 0.02 and table.distinct(name) > 1


def _folder(table: Table, pipeline: list[Any]) -> str | None:
    """The folder of the source below which the pictures lie that a column names; None where they are not listed."""
    values = table.value(pipeline)
    if values is not None and values.dtype == pl.List(pl.String):
        values = values.explode()
    if values is None or values.dtype != pl.String:
        return None
    some = values.drop_nulls().head(20).to_list()
    above = {
        path[: -len(value)].rstrip("/")
        for value in some
        for path in table.paths
        if path == value or path.endswith("/" + value)
    }
    return above.pop() if len(above) == 1 else None


def _codes(table: Table, name: str) -> bool:
    values = table.frame[name]
    return values.dtype == pl.String and values.null_count() == 0 and bool(values.str.contains("^[a-z]{2,3}$").all())


def _id(table: Table, used: Collection[str]) -> str | None:
    for name in table.meant("id"):
        values = table.frame[name]
        if name not in used and not values.dtype.is_nested() and not values.dtype.is_float():
            there = values.null_count() == 0 and values.n_unique() == len(values)
            if there and (values.dtype != pl.String or (values.str.strip_chars() != "").all()):
                return name
    return None


def group_of(table: Table, proposal: Proposal) -> Any:
    """The column of patient, document or picture whose rows belong together, as a pipeline; None where none is."""
    own = proposal.fields.get("id")
    own = own[0] if isinstance(own, list) else own
    for word in group_words():
        for name in table.columns:
            dtype = table.dtype(name)
            if folded(name) != word or name == own or dtype.is_nested() or dtype.is_float():
                continue
            if table.frame[name].null_count() == 0:
                return name if dtype == pl.String else [name, {"cast": "string"}]
    return None


def strangers(table: Table, used: Collection[str]) -> list[str]:
    """Columns that hold texts or values of a kind that may matter, and have no place in a mapping."""
    known = set(used)
    for meaning in ("id", "language"):
        known.update(table.meant(meaning))
    known.update(name for name in table.columns if folded(name) in group_words())
    return [name for name in table.columns if name not in known and not says_little(name)]
