"""The layout of a template: what stands around the segments of a row when they become tokens.

`chat`: turns as the tokenizer's own chat template writes them (`loaders.chat_template`). Where it has none, ChatML if
the tokenizer has its control tokens::

    <|im_start|>user⏎ question ⏎⏎ context <|im_end|>⏎ <|im_start|>assistant⏎ answer <|im_end|>⏎

and otherwise role headers as ordinary text, with the tokenizer's own beginning and end tokens::

    [begin] User: question ⏎⏎ context ⏎⏎ Assistant: answer [end]

`plain`: the text alone, parts apart by an empty line, the end token after each answer. Rows of the schema `text` are
always laid out so. Control tokens are put in by id; the text between two of them is one *stretch*. Parts of a template
that has forms of its own stand together as they are, without an empty line between.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from loaders.chat_template import SPEAKERS, SYSTEM, Piece, Unreadable, split, turns_of
from loaders.control import CHATML
from loaders.inert import Encoder
from loaders.speech import Speech
from loaders.telling import caller
from loaders.template_files import open_template
from loaders.tokenizers import Source

__all__ = ["GAP", "SPEAKERS", "Ids", "Layout", "layout"]

Ids = npt.NDArray[np.int32]
GAP = "\n\n"
"""Between two parts of a turn, and between turns that no control token sets apart."""


def _none() -> dict[str, Ids]:
    return {speaker: np.empty(0, np.int32) for speaker in SPEAKERS}


@dataclass(frozen=True)
class Layout:
    """Control tokens (ids) and headers (text) around the turns of each speaker.

    Attributes:
        name: chat-template, chatml, headers or plain.
        start: before everything; `end` closes a row whose last turn is not closed by itself.
        header: text before a turn.
        opening, closing: ids before and after a turn; the first id of a closing ends the turn and is learned with it.
        gap: between two parts of a turn, and between turns that no control token sets apart.
        speech: what becomes of the segments before they are laid out (`loaders.speech.prepared`); None for nothing.
    """

    name: str
    start: Ids
    end: Ids
    header: dict[str, str]
    opening: dict[str, Ids] = field(default_factory=_none)
    closing: dict[str, Ids] = field(default_factory=_none)
    gap: str = GAP
    speech: Speech | None = None

    @property
    def trim(self) -> bool:
        """Whether white space at the ends of a turn is taken off."""
        return self.speech is not None and bool(self.speech.trim)


def layout(template: Any, source: Source, encoder: Encoder) -> Layout:
    """The layout of a template for the tokenizer at hand.

    Args:
        template: whatever `loaders.template_files.open_template` takes.
        source: the tokenizer; `encoder` encodes text for it.

    Warns:
        UserWarning: the tokenizer has a chat template that cannot be used; ChatML or role headers take its place.

    Raises:
        UnknownOption, UsageError: no such template.
    """
    form = open_template(template)
    gap = "" if form.forms else GAP
    if form.layout == "plain":
        return _bare(source, gap, named=False)
    if source.chat_template is not None:
        try:
            return chat_layout(source, encoder, gap)
        except Unreadable as error:
            made = _chatml(source, encoder, gap) or _bare(source, gap, named=True)
            warnings.warn(
                f"the chat template of {source.name} cannot be used: {error}. "
                f"{'ChatML' if made.name == 'chatml' else 'Role headers'} instead",
                stacklevel=caller(),
            )
            return made
    return _chatml(source, encoder, gap) or _bare(source, gap, named=True)


def _chatml(source: Source, encoder: Encoder, gap: str) -> Layout | None:
    """ChatML, where the tokenizer has its control tokens."""
    chatml = [source.tokenizer.token_to_id(token) for token in CHATML]
    if None in chatml:
        return None
    opens, closes = np.asarray(chatml, np.int32)
    newline = encoder.ids("\n")
    return Layout(
        "chatml",
        np.asarray(source.before, np.int32),
        np.empty(0, np.int32),
        {speaker: f"{speaker}\n" for speaker in SPEAKERS},
        dict.fromkeys(SPEAKERS, np.array([opens], np.int32)),
        dict.fromkeys(SPEAKERS, np.concatenate([[closes], newline]).astype(np.int32)),
        gap,
    )


def _bare(source: Source, gap: str, *, named: bool) -> Layout:
    """Text without control tokens but those at the beginning and after each answer; `named` puts role headers."""
    end = np.asarray(source.after, np.int32)
    return Layout(
        "headers" if named else "plain",
        np.asarray(source.before, np.int32),
        end,
        {speaker: f"{speaker.title()}: " if named else "" for speaker in SPEAKERS},
        closing={**_none(), "assistant": end},
        gap=gap,
    )


def chat_layout(source: Source, encoder: Encoder, gap: str = GAP) -> Layout:
    """The layout that the tokenizer's own chat template writes.

    Raises:
        Unreadable: it cannot be read off the template, or has not the ids of the text that the template renders.
    """
    from loaders.speech import proven

    turns = turns_of(source)
    opening, header = {}, {}
    closing, trailer = {}, {}
    for speaker in SPEAKERS:
        pieces = split(turns.opening[speaker], source)
        tail = pieces.pop().text if pieces and pieces[-1].number is None else ""
        opening[speaker], header[speaker] = _ids(pieces, encoder), tail
        pieces = split(turns.closing[speaker], source)
        trailer[speaker] = pieces.pop(0).text if pieces and pieces[0].number is None else ""
        closing[speaker] = _ids(pieces, encoder)
    lead, said = "", turns.system
    if said == "":  # the text before the system's turn is all it says
        lead, said, header[SYSTEM] = header[SYSTEM], header[SYSTEM], ""
        if not said:
            raise Unreadable("it writes an empty turn of the system")
    speech = Speech(turns.trim, said, lead, turns.fold, turns.refuses, trailer, gap)
    apart = all(len(closing[one]) or len(opening[other]) for one in SPEAKERS for other in SPEAKERS if one != other)
    plain = not (turns.trim or said or turns.fold or any(trailer.values())) and (apart or not gap)
    made = Layout(
        "chat-template",
        _ids(split(turns.start, source), encoder),
        np.empty(0, np.int32),
        header,
        opening,
        closing,
        gap if plain else "",
        None if plain else speech,
    )
    proven(turns, made, source, encoder)
    return made


def _ids(pieces: list[Piece], encoder: Encoder) -> Ids:
    parts = [encoder.ids(text) if number is None else np.array([number]) for text, number in pieces]
    return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32)
