"""Does a work report something about a dataset: a shortcut, wrong labels, leakage, …? By the words of its title.

The words are data (`suspicion_words.yaml`). What is found is a candidate for a person to confirm, never a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from registry.names import fold
from registry.relevance import Phrases
from registry.vocabulary import FINDING_KIND
from registry.yamlio import load_yaml

WORDS = Path(__file__).with_name("suspicion_words.yaml")
TITLE, ABSTRACT = 1_000, 6_000
"""Characters that are read."""
SHOWN = 8
"""Words that are given for a suspicion."""

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"(?<=[.?!;])\s+")
_HIDDEN = "hides"


class Suspicion(NamedTuple):
    """A kind of finding (`registry.vocabulary.FINDING_KIND`), the words that made it so, and how sure it is (0..1)."""

    kind: str
    words: tuple[str, ...]
    score: float


class _Rule(NamedTuple):
    kind: str
    weight: float
    needs: frozenset[str]


class _Rules(NamedTuple):
    phrases: Phrases
    by_group: Mapping[str, _Rule]
    """Rules by the group of their phrases."""
    hides: Phrases
    abstract: float
    least: float


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    """What stands in `WORDS`. Raises `CardError` where the file is broken, `ValueError` at an unknown kind or group."""
    data: Mapping[str, Any] = load_yaml(WORDS)
    rules = {
        f"rule {number}": _Rule(one["kind"], float(one["weight"]), frozenset(one.get("with", ())))
        for number, one in enumerate(data["rules"])
    }
    groups: Mapping[str, list[str]] = data["groups"]
    for rule in rules.values():
        if rule.kind not in FINDING_KIND or not rule.needs <= groups.keys():
            raise ValueError(f"{WORDS.name}: unknown kind or group in {rule}")
    listed = [(f"rule {number}", 1.0, word) for number, one in enumerate(data["rules"]) for word in one["words"]]
    listed += [(group, 1.0, word) for group, words in groups.items() for word in words]
    hides = Phrases((_HIDDEN, 1.0, word) for word in data[_HIDDEN])
    return _Rules(Phrases(listed), rules, hides, float(data["abstract"]), float(data["from"]))


def suspect(title: str | None, abstract: str | None) -> list[Suspicion]:
    """Kinds of findings that title and abstract (English) speak of, surest first; [] where they speak of none.

    A rule counts once, at its weightier place; words of the title count for more. The words are given as they stand.
    """
    rules = _rules()
    said: dict[str, dict[_Rule, dict[str, float]]] = {}
    places = [((title or "")[:TITLE], 1.0)]
    places += [(sentence, rules.abstract) for sentence in _SENTENCE.split((abstract or "")[:ABSTRACT])]
    for text, factor in places:
        for rule, words in _spoken(text, rules):
            said.setdefault(rule.kind, {}).setdefault(rule, {}).setdefault(words, rule.weight * factor)
    found = [
        Suspicion(kind, tuple(dict.fromkeys(word for words in met.values() for word in words))[:SHOWN], _score(met))
        for kind, met in said.items()
    ]
    return sorted((one for one in found if one.score >= rules.least), key=lambda one: (-one.score, one.kind))


def _score(met: Mapping[_Rule, Mapping[str, float]]) -> float:
    """Rules that a work meets add to each other; several words of one rule do not."""
    doubt = 1.0
    for words in met.values():
        doubt *= 1.0 - max(words.values())
    return round(1.0 - doubt, 3)


def _spoken(text: str, rules: _Rules) -> Iterator[tuple[_Rule, str]]:
    """Rules that a sentence meets, each with the words that meet it, as they stand there."""
    marks = [(piece, match) for match in _WORD.finditer(text) for piece in fold(match[0]).split()]
    words = [piece for piece, _ in marks]
    hidden = {at for first, end, _ in rules.hides.find(words) for at in range(first, end)}
    found = list(rules.phrases.find(words))
    present = {phrase.group for _, _, phrase in found}
    for first, end, phrase in found:
        rule = rules.by_group.get(phrase.group)
        if rule is not None and rule.needs <= present and not hidden.issuperset(range(first, end)):
            yield rule, text[marks[first][1].start() : marks[end - 1][1].end()]
