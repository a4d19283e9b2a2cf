"""Templates: what stands around the segments of a row when they become tokens.

`chat`: ChatML where the tokenizer has its control tokens::

    <|im_start|>user⏎ question ⏎⏎ context <|im_end|>⏎ <|im_start|>assistant⏎ answer <|im_end|>⏎

and otherwise role headers as ordinary text, with the tokenizer's own beginning and end tokens::

    [begin] User: question ⏎⏎ context ⏎⏎ Assistant: answer [end]

`plain`: the text alone, parts apart by an empty line, the end token after each answer. Rows of the schema `text` are
always laid out so. Control tokens are put in by id; the text between two of them is one *stretch*.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from loaders.inert import CHATML, Encoder
from loaders.render import TEMPLATES
from loaders.tokenizers import Source
from registry.errors import UnknownOption

Ids = npt.NDArray[np.int32]
SPEAKERS = ("system", "user", "assistant")
GAP = "\n\n"
"""Between two parts of a turn, and between turns that no control token sets apart."""


def _none() -> dict[str, Ids]:
    return {speaker: np.empty(0, np.int32) for speaker in SPEAKERS}


@dataclass(frozen=True)
class Layout:
    """Control tokens (ids) and headers (text) around the turns of each speaker.

    Attributes:
        name: chatml, headers or plain.
        start: before everything; `end` closes a row whose last turn is not closed by itself.
        header: text before a turn.
        opening, closing: ids before and after a turn; the first id of a closing ends the turn and is learned with it.
    """

    name: str
    start: Ids
    end: Ids
    header: dict[str, str]
    opening: dict[str, Ids] = field(default_factory=_none)
    closing: dict[str, Ids] = field(default_factory=_none)


def layout(template: str, source: Source, encoder: Encoder) -> Layout:
    """The layout of a template for the tokenizer at hand.

    Raises:
        UnknownOption: no such template.
    """
    if template not in TEMPLATES:
        raise UnknownOption("template", template, TEMPLATES)
    start = np.asarray(source.before, np.int32)
    chatml = [source.tokenizer.token_to_id(token) for token in CHATML]
    if template == "chat" and None not in chatml:
        opens, closes = np.asarray(chatml, np.int32)
        newline = encoder.encode(["\n"], following=np.array([True])).ids
        return Layout(
            "chatml",
            start,
            np.empty(0, np.int32),
            {speaker: f"{speaker}\n" for speaker in SPEAKERS},
            dict.fromkeys(SPEAKERS, np.array([opens], np.int32)),
            dict.fromkeys(SPEAKERS, np.concatenate([[closes], newline]).astype(np.int32)),
        )
    end = np.asarray(source.after, np.int32)
    headers = {speaker: f"{speaker.title()}: " if template == "chat" else "" for speaker in SPEAKERS}
    return Layout(
        "headers" if template == "chat" else "plain", start, end, headers, closing={**_none(), "assistant": end}
    )
