"""Token columns (IOB): one word a line with its tag, blank lines between sentences; rows are documents or sentences."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from loaders.readers.content import read_text
from loaders.readers.options import options_of
from loaders.readers.text import block_numbers, is_blank, lines
from registry.errors import ReadError
from registry.loadspec import Read

TAG = r"^(?:O|([BISEUL])-(.+))$"
OPENS = ("B", "S", "U")


def read_iob(path: Path, read: Read) -> pl.DataFrame:
    """One row for each document: `text`, `tokens`, `tags`, `spans`, and the further columns as lists.

    `read.columns` names the columns by position; `token` and `tag` must be among them, and a line may lack those that
    come after. `read.separator` parts them; without it tabs do, and blanks on a line that has no tab. In `text`
    words are joined by a blank and sentences by a line feed, so that ``text[start:end]`` is the span's text (offsets
    count characters). A span ends with its sentence; an I- that continues nothing of its type opens one.

    Options: ``document_starts``, an expression that the first sentence of each document matches; without it each
    sentence is a row. ``lists``: the further columns that are kept (all, when it is left out).

    Raises:
        ReadError: a line with too few columns, a tag that is not of the scheme (names the line), no token at all, or
            text before the first document.
    """
    options = options_of(path, read, {"document_starts": "", "lists": [*(read.columns or [])]})
    names = read.columns or ["token", "tag"]
    if not {"token", "tag"} <= set(names):
        raise ReadError(f"{path}: the card's `columns` must name 'token' and 'tag'; it names {', '.join(names)}")
    words = _words(path, read, names)
    words = _numbered(path, words, options["document_starts"])
    words = words.with_columns(_starts())
    extra = [name for name in names if name not in ("token", "tag") and name in options["lists"]]
    documents = words.group_by("document", maintain_order=True).agg(
        (pl.col("before") + pl.col("token")).str.join("").alias("text"),
        pl.col("token").alias("tokens"),
        pl.col("tag").alias("tags"),
        *extra,
    )
    spans = _spans(words)
    joined = documents.join(spans, on="document", how="left", maintain_order="left")
    none = pl.lit([], dtype=spans.schema["spans"])
    return joined.select("text", "tokens", "tags", pl.col("spans").fill_null(none), *extra)


def _words(path: Path, read: Read, names: list[str]) -> pl.DataFrame:
    frame = lines(read_text(path, read.encoding)).with_row_index("number", offset=1)
    frame = frame.with_columns(block_numbers().alias("sentence")).filter(~is_blank())
    if frame.is_empty():
        raise ReadError(f"{path}: no word in it, only blank lines")
    line = pl.col("line").str.strip_chars_end()
    if read.separator is None:
        line = pl.when(line.str.contains("\t", literal=True)).then(line).otherwise(line.str.replace_all(" ", "\t"))
    cells = frame.select(line.str.split_exact(read.separator or "\t", len(names) - 1))["line"].struct.unnest()
    cells.columns = names
    words = pl.concat([frame.drop("line"), cells], how="horizontal")
    tag = pl.col("tag").str.strip_chars()
    words = words.with_columns(
        tag, tag.str.extract(TAG, 1).fill_null("O").alias("position"), tag.str.extract(TAG, 2).alias("type")
    )
    bad = words.filter(~pl.col("tag").str.contains(TAG).fill_null(False) | (pl.col("token") == ""))
    if bad.height:
        number = bad["number"][0]
        line = frame.filter(pl.col("number") == number)["line"][0]
        raise ReadError(
            f"{path}, line {number}: {line[:80]!r} is not a word and a tag (O, B-Type, I-Type) parted by "
            f"{repr(read.separator) if read.separator else 'a tab or a blank'}"
        )
    return words


def _numbered(path: Path, words: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """Adds `document`, and `before`: what stands between a word and the one before it."""
    new_sentence = pl.col("sentence") != pl.col("sentence").shift(1)
    if pattern:
        sentences = words.group_by("sentence", maintain_order=True).agg(pl.col("token").str.join(" "))
        opens = sentences["token"].str.contains(pattern)
        if not opens[0]:
            raise ReadError(
                f"{path}: the first sentence does not begin a document, as {pattern!r} says: {sentences[0, 1][:80]!r}"
            )
        number = pl.DataFrame({"sentence": sentences["sentence"], "document": opens.cast(pl.Int64).cum_sum()})
        words = words.join(number, on="sentence", maintain_order="left")
    else:
        words = words.with_columns(pl.col("sentence").alias("document"))
    new_document = pl.col("document") != pl.col("document").shift(1)
    return words.with_columns(
        pl.when(new_document.fill_null(True))
        .then(pl.lit(""))
        .when(new_sentence)
        .then(pl.lit("\n"))
        .otherwise(pl.lit(" "))
        .alias("before")
    )


def _starts() -> list[pl.Expr]:
    """`start` and `end` of each word in its document's text, and `opens`: it is the first word of a span."""
    end = (pl.col("before").str.len_chars() + pl.col("token").str.len_chars()).cast(pl.Int64).cum_sum().over("document")
    previous = pl.col("type").shift(1).over("sentence")
    closed = pl.col("position").shift(1).over("sentence").is_in(["E", "L", "S", "U"])
    opens = pl.col("position").is_in(OPENS) | previous.is_null() | (previous != pl.col("type")) | closed
    return [
        (end - pl.col("token").str.len_chars()).alias("start"),
        end.alias("end"),
        (pl.col("type").is_not_null() & opens).alias("opens"),
    ]


def _spans(words: pl.DataFrame) -> pl.DataFrame:
    inside = words.filter(pl.col("type").is_not_null()).with_columns(pl.col("opens").cum_sum().alias("span"))
    found = inside.group_by("span", maintain_order=True).agg(
        pl.col("document").first(),
        pl.col("type").first(),
        pl.col("start").first(),
        pl.col("end").last(),
        (pl.when(pl.int_range(pl.len()) > 0).then("before").otherwise(pl.lit("")) + pl.col("token"))
        .str.join("")
        .alias("text"),
    )
    number = pl.int_range(1, pl.len() + 1).over("document").cast(pl.String)
    span = pl.struct(
        (pl.lit("T") + number).alias("id"),
        "type",
        pl.concat_list("start").alias("start"),
        pl.concat_list("end").alias("end"),
        "text",
        pl.lit([], dtype=pl.List(pl.String)).alias("concepts"),
    )
    return found.select("document", span.alias("spans")).group_by("document", maintain_order=True).agg("spans")
