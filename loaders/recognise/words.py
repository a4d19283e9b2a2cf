"""What names of columns, files and speakers mean: `words.yaml`, looked up by the whole name, folded."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from registry.yamlio import load_yaml

FILE = Path(__file__).with_name("words.yaml")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_APART = re.compile(r"[\W_]+")


def folded(name: str) -> str:
    """A name without case and accents, its words one blank apart: ``AnswerIdx`` and ``answer-idx`` are one."""
    cut = _CAMEL.sub(" ", name)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", cut) if not unicodedata.combining(letter))
    return _APART.sub(" ", unicodedata.normalize("NFC", plain).casefold()).strip()


def meanings(name: str) -> frozenset[str]:
    """What a column of this name may hold; empty where the name is no known word."""
    return _table("columns").get(folded(name), frozenset())


def split_of(word: str) -> str | None:
    """The split that one word of a path names: train, validation or test."""
    return next(iter(_table("splits").get(folded(word), ())), None)


def speaker_of(role: str) -> str | None:
    """Who speaks where a dialogue calls its speaker `role`: user, assistant, system or tool."""
    return next(iter(_table("roles").get(folded(role), ())), None)


def option_stem(word: str) -> bool:
    """Whether a column that is called `word` and a letter or number holds one option."""
    return folded(word) in _list("option stems")


def wrong_stem(word: str) -> bool:
    """Whether a column that is called `word` and a number holds an option that is not right."""
    return folded(word) in _list("wrong stems")


def says_little(name: str) -> bool:
    """Whether a column of this name may stand beside any mapping."""
    return folded(name) in _list("unused")


@lru_cache(maxsize=1)
def group_words() -> tuple[str, ...]:
    """Names of columns whose rows belong together, the strongest first."""
    return tuple(_names([word for words in _words()["groups"] for word in words]))


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    found: dict[str, Any] = load_yaml(FILE)
    return found


@lru_cache(maxsize=8)
def _table(part: str) -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for meaning, words in _words()[part].items():
        for word in _names(words):
            table.setdefault(word, set()).add(meaning)
    return {word: frozenset(meanings) for word, meanings in table.items()}


@lru_cache(maxsize=8)
def _list(part: str) -> frozenset[str]:
    return frozenset(_names(_words()[part]))


def _names(words: list[Any]) -> list[str]:
    return [folded(word) for line in words for word in str(line).split(",")]
