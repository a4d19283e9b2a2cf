"""The layout of turns that a tokenizer's own chat template writes, read off what it renders and proven.

Conversations of marks are rendered by the template in a process of its own (`loaders.chat_probe`); what stands before,
between and after the marks is the layout. Then other conversations are composed by that layout and must be, to the
letter, what the template renders, and their ids those of the whole text. A template that says different things at
different turns, or looks into what is said, cannot be read so.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from loaders.control import control_tokens
from loaders.tokenizers import Source
from registry.errors import TokenizerError

MAX_TEMPLATE = 1 << 20
SECONDS = 20
SYSTEM, USER, ASSISTANT = SPEAKERS = ("system", "user", "assistant")
FOLDED = "\n\n"
"""Between a system's text and the user's where the template knows no system."""

Message = tuple[str, str]
"""(speaker, text)"""

MARKS = tuple(f"zq{letter}mark{letter}qz" for letter in "abcde")
S, U, A, V, B = MARKS
ALTERNATING = ((USER, U), (ASSISTANT, A), (USER, V), (ASSISTANT, B))
PADDED = ((USER, f" \n{U}\n "), (ASSISTANT, f" \n{A}\n "), (USER, V), (ASSISTANT, B))
PADDED_SYSTEM = ((SYSTEM, f" \n{S}\n "), (USER, U), (ASSISTANT, A))
PROBES = (ALTERNATING, ((SYSTEM, S), *ALTERNATING), ((USER, U),), PADDED, PADDED_SYSTEM)
PROOFS = (
    ((USER, "What is {x}? <b>&amp;</b> {{ y }}"), (ASSISTANT, '{% z %} "it\'s" <i>')),
    (
        (USER, "Hi"),
        (ASSISTANT, "No.\n\nYes."),
        (USER, "Why?\n"),
        (ASSISTANT, " So."),
        (USER, "患者?"),
        (ASSISTANT, "1"),
    ),
    ((USER, "  What?\n"), (ASSISTANT, "\n\nThis. ")),
    ((USER, "A"), (ASSISTANT, "B"), (USER, "\tC")),
    ((SYSTEM, "Be kind."), (USER, "Hi"), (ASSISTANT, "Yes?")),
    ((SYSTEM, " Be {kind}.\n"), (USER, "Hi"), (ASSISTANT, "Yes?"), (USER, "So?"), (ASSISTANT, "Ah")),
)
"""Conversations that a layout must compose as the template does."""


class Unreadable(TokenizerError):
    """A chat template whose turns cannot be told apart from what it does with them."""


@dataclass(frozen=True)
class Turns:
    """What a chat template writes around turns, as text with the control tokens written out.

    Attributes:
        start: before everything.
        opening, closing: before and after what each speaker says.
        system: what the template has the system say in a conversation without one.
        fold: before and after the system's text where it stands inside the user's first turn.
        refuses: the template knows no system; `fold` is ours.
        trim: speakers whose white space at both ends it takes off.
    """

    start: str
    opening: dict[str, str]
    closing: dict[str, str]
    system: str | None = None
    fold: tuple[str, str] | None = None
    refuses: bool = False
    trim: tuple[str, ...] = ()

    def text(self, messages: Sequence[Message]) -> str:
        """A conversation as the template would write it."""
        return "".join(self.pieces(messages))

    def pieces(self, messages: Sequence[Message]) -> list[str]:
        """A conversation in pieces: what the template writes and what is said, in turns."""
        said = [(who, text.strip() if who in self.trim else text) for who, text in messages]
        if self.fold and said and said[0][0] == SYSTEM:
            head, tail = self.fold
            said = [(USER, head + said[0][1] + tail + said[1][1]), *said[2:]]
        elif self.system is not None and (not said or said[0][0] != SYSTEM):
            said = [(SYSTEM, self.system), *said]
        made = [self.start]
        for who, text in said:
            made += [self.opening[who], text, self.closing[who]]
        return made


def variables(source: Source) -> dict[str, str]:
    """The names of control tokens that a chat template may ask for."""
    named = {role: source.tokenizer.id_to_token(number) for role, number in source.named.items()}
    return {role: token for role, token in named.items() if token is not None}


def turns_of(source: Source) -> Turns:
    """What the chat template of a tokenizer writes around turns.

    Raises:
        Unreadable: the template fails, or does not write every conversation in one way; says what it does.
    """
    template = source.chat_template
    if template is None:
        raise Unreadable("there is no chat template")
    if len(template) > MAX_TEMPLATE:
        raise Unreadable(f"it has {len(template):,} characters, and {MAX_TEMPLATE:,} are read at most")
    return _read_off(template, tuple(sorted(variables(source).items())))


@lru_cache(maxsize=32)
def _read_off(template: str, named: tuple[tuple[str, str], ...]) -> Turns:
    conversations = [*PROBES, *PROOFS]
    found = _render(template, dict(named), conversations)
    main, system, alone, padded, padded_system = found[: len(PROBES)]
    proofs = list(zip(PROOFS, found[len(PROBES) :], strict=True))
    if main.text is None:
        raise Unreadable(main.why)
    turns = _alternating(_around(main.text, (U, A, V, B)), None if alone.text is None else alone.text)
    turns = _with_system(turns, system.text, dict(named).get("bos_token", ""))
    turns = replace(turns, trim=_trimmed(padded.text, padded_system.text))
    checked = 0
    for messages, rendered in [(ALTERNATING, main), *proofs]:
        if rendered.text is None or (turns.refuses and messages[0][0] == SYSTEM):
            continue
        if turns.text(messages) != rendered.text:
            raise Unreadable("what it writes around a turn depends on where the turn is or what is said in it")
        checked += 1
    if checked < 3:
        why = next((rendered.why for _, rendered in proofs if rendered.text is None), "")
        raise Unreadable(f"it refuses ordinary conversations: {why}")
    return turns


class _Rendered(NamedTuple):
    text: str | None
    why: str


def _render(template: str, named: dict[str, str], conversations: Sequence[Sequence[Message]]) -> list[_Rendered]:
    """What the template makes of each conversation, rendered in another process that is ended when it takes long."""
    asked = {
        "template": template,
        "variables": named,
        "conversations": [[{"role": who, "content": text} for who, text in messages] for messages in conversations],
    }
    command = [sys.executable, "-P", os.fspath(Path(__file__).with_name("chat_probe.py"))]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, encoding="utf-8", timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(f"it does not come to an end in {SECONDS} seconds") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it takes more time or memory than it may have"])[-1]
        raise Unreadable(last[:300])
    return [_Rendered(one.get("text"), one.get("error", "")) for one in json.loads(done.stdout)]


def _around(text: str, marks: Sequence[str]) -> list[str]:
    """What stands before, between and after marks, which must be there once and in order."""
    if any(text.count(mark) != 1 for mark in marks):
        raise Unreadable("it does not write what is said just once and as it is")
    parts = re.split("|".join(marks), text)
    if re.findall("|".join(marks), text) != list(marks):
        raise Unreadable("it writes the turns in another order")
    return parts


def _alternating(parts: list[str], alone: str | None) -> Turns:
    """Start, openings and closings of user and assistant."""
    first, to_answer, to_question, again, last = parts
    if to_answer != again:
        raise Unreadable("it writes the first and the last answer in different ways")
    for at in range(min(len(to_question), len(last)), -1, -1):
        closing, opening = to_question[:at], to_question[at:]
        if closing == last and first.endswith(opening):
            break
    else:
        raise Unreadable("what it writes around a question depends on where the question is")
    after = "" if alone is None else alone.rpartition(U)[2]
    asked = after if to_answer.startswith(after) else ""
    return Turns(
        first.removesuffix(opening),
        {SYSTEM: "", USER: opening, ASSISTANT: to_answer.removeprefix(asked)},
        {SYSTEM: "", USER: asked, ASSISTANT: last},
    )


def _with_system(turns: Turns, text: str | None, beginning: str) -> Turns:
    """The same with what stands around the system's turn, or how it is folded into the user's."""
    if text is None or text.count(S) != 1 or not text.find(S) < text.find(U):
        return replace(turns, fold=("", FOLDED), refuses=True)
    opened, between = _around(text, (S, U, A, V, B))[:2]
    plain, question = turns.start, turns.opening[USER]
    if question and opened.startswith(plain + question) and not between.endswith(question):
        return replace(turns, fold=(opened.removeprefix(plain + question), between))
    if not between.endswith(question):
        raise Unreadable("the system's turn and the user's are not apart")
    closing = between.removesuffix(question)
    if opened.startswith(plain):
        opening = opened.removeprefix(plain)
        return replace(turns, opening=turns.opening | {SYSTEM: opening}, closing=turns.closing | {SYSTEM: closing})
    # Without a system the template has it say something of its own.
    start = beginning if plain.startswith(beginning) and opened.startswith(beginning) else ""
    own = plain.removeprefix(start)
    opening = opened.removeprefix(start)
    if not own.startswith(opening) or not own.removeprefix(opening).endswith(closing):
        raise Unreadable("it writes another beginning where there is a system's turn")
    said = own.removeprefix(opening).removesuffix(closing)
    return replace(
        turns,
        start=start,
        opening=turns.opening | {SYSTEM: opening},
        closing=turns.closing | {SYSTEM: closing},
        system=said,
    )


def _trimmed(text: str | None, with_system: str | None) -> tuple[str, ...]:
    tried = ((SYSTEM, S, with_system), (USER, U, text), (ASSISTANT, A, text))
    return tuple(who for who, mark, text in tried if text is not None and f" \n{mark}\n " not in text)


class Piece(NamedTuple):
    """A control token by id, or text."""

    text: str
    number: int | None


def split(text: str, source: Source) -> list[Piece]:
    """Text of a template as control tokens and what stands between them; white space that a token takes in is gone."""
    names = control_tokens(source)
    if not names:
        return [Piece(text, None)] if text else []
    added = source.tokenizer.get_added_tokens_decoder()
    made: list[Piece] = []
    for part in re.split("(" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + ")", text):
        before = added.get(made[-1].number) if made and made[-1].number is not None else None
        number = names.get(part)
        if number is None:
            plain = part.lstrip() if before is not None and before.rstrip else part
            made += [Piece(plain, None)] if plain else []
            continue
        if made and made[-1].number is None and number in added and added[number].lstrip:
            kept = made.pop().text.rstrip()
            made += [Piece(kept, None)] if kept else []
        made.append(Piece(part, number))
    return made
