"""Segments as a chat template would have them: white space off, what the system says by itself, the ends of turns."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from loaders.chat_template import ASSISTANT, PROOFS, SYSTEM, USER, Message, Turns, Unreadable
from loaders.inert import Encoder, Place
from loaders.render import FRAME, stacked
from loaders.telling import caller
from loaders.tokenizers import Source

if TYPE_CHECKING:
    from loaders.templates import Layout


@dataclass(frozen=True)
class Speech:
    """What a chat template does with the text of turns, beside what it puts around them.

    Attributes:
        trim: speakers whose white space at both ends of a turn is taken off.
        system: what the system says in a row without a system's turn; None for nothing.
        lead: before what the system says.
        fold: before and after the system's text where it becomes a part of the user's turn; None for a turn of its own.
        refuses: the template knows no system, and `fold` is ours.
        trailer: text after what each speaker says, before the control tokens that close the turn.
        gap: between two parts of a turn.
    """

    trim: tuple[str, ...]
    system: str | None
    lead: str
    fold: tuple[str, str] | None
    refuses: bool
    trailer: dict[str, str]
    gap: str


@lru_cache(maxsize=1)
def white_space() -> str:
    """The characters that Python, and so a chat template, takes off the ends of a text."""
    return "".join(character for character in map(chr, range(sys.maxunicode + 1)) if character.isspace())


def prepared(parts: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Segments as the chat template would have them.

    Args:
        parts: segments, one after another: row, role, text (`loaders.render.said`).
        layout: whose `speech` tells what to do; None leaves them as they are.

    Returns:
        A frame of the same columns. What the template adds has a role that ends in "-frame".

    Warns:
        UserWarning: there are turns of a system, which the template does not know; the user says them.
    """
    speech = layout.speech
    if speech is None:
        return parts
    own = pl.col("role").str.strip_suffix(FRAME).replace("context", USER)
    parts = parts.with_columns(own.alias("own")).with_columns(_changes("row", "own").cum_sum().alias("run"))
    if speech.trim:
        parts = _trimmed(parts, speech.trim)
    if speech.refuses and (parts["own"] == SYSTEM).any():
        warnings.warn(
            "the chat template knows no system; what the system says stands at the beginning of the user's turn",
            stacklevel=caller(),
        )
    return _whole(parts.select("row", "role", "text", "own"), speech)


def _changes(*columns: str) -> pl.Expr:
    """Whether a row differs from the one before."""
    return pl.any_horizontal([pl.col(name).ne_missing(pl.col(name).shift(1)) for name in columns])


def _trimmed(parts: pl.DataFrame, speakers: Sequence[str]) -> pl.DataFrame:
    """White space off the beginning and end of each turn; a part of which nothing is left is gone."""
    spaces = white_space()
    blank = (pl.col("text").str.strip_chars(spaces) == "").cast(pl.UInt8)
    begins = blank.cum_min().shift(1, fill_value=1).over("run") == 1
    ends = blank.cum_min(reverse=True).shift(-1, fill_value=1).over("run") == 1
    trims = pl.col("own").is_in(speakers)
    text = pl.when(trims & begins).then(pl.col("text").str.strip_chars_start(spaces)).otherwise("text")
    return (
        parts.with_columns(text.alias("text"), (trims & ends).alias("ends"))
        .with_columns(pl.when("ends").then(pl.col("text").str.strip_chars_end(spaces)).otherwise("text").alias("text"))
        .filter((pl.col("text") != "") | (pl.col("own") == ASSISTANT))
    )


def _whole(parts: pl.DataFrame, speech: Speech) -> pl.DataFrame:
    """Parts with the text that the template puts between and around them: row, role, text."""
    who = pl.col("own").replace(SYSTEM, USER) if speech.fold else pl.col("own")
    parts = parts.with_columns(who.alias("who")).with_columns(
        _changes("row").alias("first"),
        _changes("row", "own").alias("begins"),
        _changes("row", "own").shift(-1, fill_value=True).alias("stops"),
        _changes("row", "who").shift(-1, fill_value=True).alias("ends"),
    )
    system = pl.col("own") == SYSTEM
    nothing = pl.lit("")
    head, tail = speech.fold or (speech.lead, "")
    before = pl.when(~pl.col("begins")).then(pl.lit(speech.gap)).when(system).then(pl.lit(head)).otherwise(nothing)
    after = pl.when(system & pl.col("stops")).then(pl.lit(tail)).otherwise(nothing)
    trailer = pl.lit("")
    for speaker, text in speech.trailer.items():
        trailer = pl.when((pl.col("who") == speaker) & pl.col("ends")).then(pl.lit(text)).otherwise(trailer)
    frame = pl.col("who") + FRAME
    role = (
        pl.when(pl.col("own") == pl.col("who"))
        .then("role")
        .otherwise(pl.when(pl.col("role").str.ends_with(FRAME)).then(frame).otherwise("who"))
    )
    pieces = [(frame, before), (role, pl.col("text")), (frame, after + trailer)]
    if speech.system is not None:
        said = pl.lit(speech.system + speech.trailer[SYSTEM])
        pieces.insert(0, (pl.lit(SYSTEM + FRAME), pl.when(pl.col("first") & ~system).then(said).otherwise(nothing)))
    own = ~pl.col("role").str.ends_with(FRAME)
    return stacked(parts, pieces).filter(own | (pl.col("text") != ""))


def proven(turns: Turns, layout: Layout, source: Source, encoder: Encoder) -> None:
    """See that the layout gives conversations the ids of the text that the chat template renders.

    Raises:
        Unreadable: it does not.
    """
    tried = [messages for messages in PROOFS if not (turns.refuses and messages[0][0] == SYSTEM)]
    said = [(row, *message) for row, messages in enumerate(tried) for message in messages]
    parts = prepared(pl.DataFrame(said, schema=["row", "role", "text"], orient="row"), layout)
    for row, messages in enumerate(tried):
        whole = source.tokenizer.encode(turns.text(messages), add_special_tokens=False).ids
        own = [(role, text) for _, role, text in parts.filter(pl.col("row") == row).iter_rows()]
        if ids_of(own, layout, encoder) != whole:
            raise Unreadable("the ids of its text are others when the text is cut at control tokens")


def ids_of(parts: Sequence[Message], layout: Layout, encoder: Encoder) -> list[int]:
    """The ids of one row of segments, the slow and obvious way."""
    ids: list[int] = layout.start.tolist()
    text, place = "", Place.FIRST

    def flush() -> None:
        nonlocal text
        ids.extend(encoder.encode([text], np.array([place])).ids.tolist() if text else [])
        text = ""

    ended = False
    speakers = groupby(parts, key=lambda part: part[0].removesuffix(FRAME).replace("context", USER))
    for number, (who, turn) in enumerate(speakers):
        opening, closing = layout.opening[who].tolist(), layout.closing[who].tolist()
        if opening or ended:
            flush()
            place = Place.FOLLOWING
        elif number:
            text += layout.gap
        ids += opening
        text += layout.header[who] + layout.gap.join(said for _, said in turn)
        ended = bool(closing)
        if closing:
            flush()
            ids += closing
    flush()
    return ids + ([] if ended else layout.end.tolist())
