"""The tokens of a row the slow and obvious way: the `tokenizers` library, one row and one token at a time."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from tokenizers import Tokenizer

from loaders.render import Segment
from tests.support.trained import CHATML

Piece = tuple[str, str]
"""(who, text): who is system, user, context, assistant, or "" for what the template adds."""


class Reference(NamedTuple):
    """Tokens of one row, whether each is learned, and where in the whole text each lies."""

    ids: list[int]
    learned: list[bool]


def turns(segments: list[Segment]) -> list[tuple[str, list[Piece]]]:
    """Segments by speaker: (system, user or assistant; the pieces of the turn, with empty lines between)."""
    made = []
    for speaker, group in groupby(segments, key=lambda part: "user" if part.role == "context" else part.role):
        pieces: list[Piece] = []
        for segment in group:
            if pieces:
                pieces.append(("", "\n\n"))
            pieces.append((segment.role, segment.text))
        made.append((speaker, pieces))
    return made


def written(segments: list[Segment]) -> str:
    """A row as a ChatML prompt, control tokens written out."""
    return "".join(
        f"<|im_start|>{speaker}\n{''.join(text for _, text in pieces)}<|im_end|>\n"
        for speaker, pieces in turns(segments)
    )


def stretch(tokenizer: Tokenizer, pieces: list[Piece]) -> Reference:
    """Tokens of the joined pieces; a token is learned when it covers a character that the assistant says."""
    text = "".join(text for _, text in pieces)
    owner = [who for who, text in pieces for _ in text]
    encoding = tokenizer.encode(text, add_special_tokens=False)
    learned = ["assistant" in owner[start : max(end, start + 1)] for start, end in encoding.offsets]
    return Reference(encoding.ids, learned)


def chatml(tokenizer: Tokenizer, segments: list[Segment]) -> Reference:
    """A row in ChatML, each stretch encoded by itself."""
    opens, closes = (tokenizer.get_vocab()[token] for token in CHATML)
    newline = tokenizer.encode("\n", add_special_tokens=False).ids
    ids: list[int] = []
    learned: list[bool] = []
    for speaker, pieces in turns(segments):
        inner = stretch(tokenizer, [("", f"{speaker}\n"), *pieces])
        ids += [opens, *inner.ids, closes, *newline]
        learned += [False, *inner.learned, speaker == "assistant", *(False for _ in newline)]
    return Reference(ids, learned)


def headers(tokenizer: Tokenizer, segments: list[Segment], end: int | None, *, named: bool = True) -> Reference:
    """A row with role headers (or, not `named`, bare), and `end` after each answer."""
    ids: list[int] = []
    learned: list[bool] = []
    waiting: list[Piece] = []
    for speaker, pieces in turns(segments):
        lead = ("\n\n" if waiting else "") + (f"{speaker.title()}: " if named else "")
        waiting += [("", lead), *pieces]
        if speaker == "assistant" and end is not None:
            inner = stretch(tokenizer, waiting)
            ids += [*inner.ids, end]
            learned += [*inner.learned, True]
            waiting = []
    if waiting:
        inner = stretch(tokenizer, waiting)
        ids += [*inner.ids, *([] if end is None else [end])]
        learned += [*inner.learned, *([] if end is None else [False])]
    return Reference(ids, learned)
