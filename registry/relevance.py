"""Is a place that a harvester met a medical dataset? A transparent sum over words, places, owners and topics.

The words and what they count for are data (`relevance_words.yaml`); the rule is here. Nothing is downloaded or learnt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from registry.names import fold
from registry.observation import Observation
from registry.yamlio import load_yaml

WORDS = Path(__file__).with_name("relevance_words.yaml")
TEXT = 6_000
"""Characters of a body text that are read."""
SHOWN = 8
"""Reasons of each direction that are given."""
DECISIONS = ("ignore", "ask", "register")
PLACES = {"owner": "owner's name"}
NAMED_BY_LOCATOR = ("huggingface", "github", "kaggle")
MEDICAL, DATA, NO_DATA = "medical", "data", "no_data"

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile("[a-z0-9]+")
_ARTICLES = ("وال", "بال", "ال", "لل", "و")


class Verdict(NamedTuple):
    """What to do with a place: ``register``, ``ask`` a person, or ``ignore``; how medical it is (0 to 1); and why."""

    decision: str
    score: float
    reasons: tuple[str, ...]


class Phrase(NamedTuple):
    """A phrase of the word list. `rest` are the folded words after its first; True beside one stands for any ending."""

    group: str
    weight: float
    shown: str
    rest: tuple[tuple[str, bool], ...]


class Phrases:
    """A list of phrases that is looked up by the first word of each, in one pass over a text."""

    def __init__(self, listed: Iterable[tuple[str, float, str]]) -> None:
        """Take (group, weight, phrase); a star in a phrase stands for any ending of its word."""
        self._whole: dict[str, list[Phrase]] = {}
        self._beginnings: dict[str, list[Phrase]] = {}
        for group, weight, shown in listed:
            parts: list[tuple[str, bool]] = []
            for word in shown.split():
                pieces = fold(word).split()
                parts += [(piece, False) for piece in pieces[:-1]] + [(pieces[-1], word.endswith("*"))]
            first, star = parts[0]
            into = self._beginnings if star else self._whole
            into.setdefault(first, []).append(Phrase(group, weight, shown.replace("*", ""), tuple(parts[1:])))
        self._starting = lru_cache(maxsize=65_536)(self._look_up)

    def _look_up(self, word: str) -> tuple[Phrase, ...]:
        """Phrases that can begin with `word`, longest first; an Arabic article may stand before it."""
        forms = [word] + [word[len(a) :] for a in _ARTICLES if word.startswith(a) and len(word) > len(a) + 1]
        found = [phrase for form in forms for phrase in self._whole.get(form, ())]
        found += [p for form in forms for end in range(1, len(form) + 1) for p in self._beginnings.get(form[:end], ())]
        return tuple(sorted(found, key=lambda phrase: (-len(phrase.rest), -len(phrase.shown))))

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, int, Phrase]]:
        """Phrases with their first word and the word after their last; in each group the longest uses up its words."""
        free: dict[str, int] = {}
        for at, phrases in enumerate(map(self._starting, words)):
            for phrase in phrases:
                group, _, _, rest = phrase
                if group in free and at < free[group]:
                    continue
                if rest and not _goes_on(words, at + 1, rest):
                    continue
                free[group] = at + 1 + len(rest)
                yield at, free[group], phrase


def _goes_on(words: Sequence[str], at: int, rest: Sequence[tuple[str, bool]]) -> bool:
    if at + len(rest) > len(words):
        return False
    for part, star in rest:
        other = words[at]
        if other != part and not (star and other.startswith(part)):
            return False
        at += 1
    return True


@lru_cache(maxsize=1)
def _rule() -> tuple[Mapping[str, Any], Phrases]:
    """What stands in `WORDS`. Raises `CardError` where the file is broken."""
    rule = load_yaml(WORDS)
    return rule, Phrases(_listed(rule))


def _listed(rule: Mapping[str, Any]) -> Iterator[tuple[str, float, str]]:
    for group in (MEDICAL, "against"):
        for entry in rule[group]:
            for words in entry["words"].values():
                yield from ((MEDICAL, entry["weight"], str(word)) for word in words)
    for group in (DATA, NO_DATA):
        for words in rule[group].values():
            yield from ((group, 1.0, str(word)) for word in words)


def _words(text: str) -> list[str]:
    """Folded words; a line of plain ASCII, the usual case, takes a short way to the same."""
    if text.isascii():
        return _WORD.findall(text.lower())
    lines = text.split("\n")
    return [word for line in lines for word in (_WORD.findall(line.lower()) if line.isascii() else fold(line).split())]


class _Sum(NamedTuple):
    """What speaks for and against, each phrase once at its best place; words of the body text apart."""

    medical: dict[str, tuple[float, str]]
    body: dict[str, float]
    data: dict[str, str]
    no_data: dict[str, str]


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _texts(one: Observation) -> Iterator[tuple[str, str]]:
    """(place, text), the telling places first. Words that are joined by capitals are also read apart."""
    named = one.locator if one.provider in NAMED_BY_LOCATOR else one.title or ""
    owner, slash, name = named.partition("/") if named == one.locator else ("", "", "")
    yield "name", _apart(name if slash else named)
    yield "tags", _joined(one, "tags", "topics", "tasks_raw")
    if one.title and one.title != named:
        yield "title", _apart(one.title)
    yield "description", _joined(one, "description", "summary", "site")
    if slash:
        yield "owner", _apart(owner)
    yield "text", _joined(one, "card_text")


def _apart(name: str) -> str:
    return f"{_CAMEL.sub(' ', name)} | {name}"


def _joined(one: Observation, *names: str) -> str:
    return " | ".join(text for name in names for text in _strings(one.fields.get(name)))[:TEXT]


def _add_up(one: Observation) -> _Sum:
    rule, phrases = _rule()
    factors: Mapping[str, float] = rule["places"]
    total = _Sum({}, {}, {}, {})
    for place, text in _texts(one):
        for _, _, phrase in phrases.find(_words(text)):
            if phrase.group != MEDICAL:
                if place != "text":
                    (total.data if phrase.group == DATA else total.no_data).setdefault(phrase.shown, place)
            elif place == "text":
                if phrase.shown not in total.medical:
                    total.body.setdefault(phrase.shown, phrase.weight * factors[place])
            else:
                weight = phrase.weight if phrase.weight == rule["softens_by"] else phrase.weight * factors[place]
                total.medical.setdefault(phrase.shown, (weight, place))
    return total


def judge(one: Observation) -> Verdict:
    """Whether `one` is surely a medical dataset, could be (a person decides), or is none.

    `score` is how medical it is, 0 to 1; a model, an app or a list of links is ignored however medical it is.
    """
    rule, total = _rule()[0], _add_up(one)
    known, reasons = _known(one)
    weights = [weight for weight, _ in total.medical.values()]
    soft = sum(weight for weight in weights if weight == rule["softens_by"])
    body = sum(total.body.values())
    points = known + sum(weights) - soft + min(max(body, 0.0), rule["text_at_most"])
    points = max(points + soft, min(points, rule["ask_from"]))
    decision = "ignore" if points < rule["ask_from"] else "ask" if points < rule["register_from"] else "register"
    reasons += _told(total.medical.items())
    if body > 0:
        reasons.append("medical words in its text")
    if decision == "register" and not known and _is_thin(total, rule):
        decision = "ask"
        reasons.append("a single word speaks for it")
    most, why = _at_most(one, total)
    score = max(0.0, points) / (max(0.0, points) + rule["register_from"])
    return Verdict(min(decision, most, key=DECISIONS.index), round(score, 3), (*reasons, *why))


def _known(one: Observation) -> tuple[float, list[str]]:
    """What owner, provider and the field of OpenAlex add."""
    rule, points, reasons = _rule()[0], 0.0, []
    owner, slash, _ = one.locator.partition("/")
    if slash and owner.lower() in rule["owners"]:
        points += rule["owners"][owner.lower()]
        reasons.append(f"owner {owner} is known for medical data")
    if one.provider in rule["providers"]:
        points += rule["providers"][one.provider]
        reasons.append(f"{one.provider} holds medical data")
    for domain in _strings(one.fields.get("domain")):
        if domain in rule["domains"]:
            points += rule["domains"][domain]
            reasons.append(f"OpenAlex puts it under {domain}")
    return points, reasons


def _is_thin(total: _Sum, rule: Mapping[str, Any]) -> bool:
    """Whether all rests on one word that is neither a tag nor sure by itself."""
    speaks = [(weight / rule["places"][place], place) for weight, place in total.medical.values() if weight > 0]
    others = [weight for weight in total.body.values() if weight > 0]
    return len(speaks) + len(others) < 2 and not any(w >= rule["sure"] or place == "tags" for w, place in speaks)


def _told(medical: Iterable[tuple[str, tuple[float, str]]]) -> list[str]:
    ranked = sorted(medical, key=lambda item: -abs(item[1][0]))
    speaks = [
        f"tag {name}" if place == "tags" else f"'{name}' in its {PLACES.get(place, place)}"
        for name, (w, place) in ranked
        if w > 0
    ]
    against = [f"'{name}' speaks against" for name, (w, _) in ranked if w < 0]
    return [*speaks[:SHOWN], *against[:SHOWN]]


def _at_most(one: Observation, total: _Sum) -> tuple[str, list[str]]:
    """The most that it can be, by what kind of thing it is, and why."""
    if one.kind in ("model", "space", "code"):
        return "ignore", [f"a {one.kind} is no dataset"]
    rule = _rule()[0]
    never = [word for word in rule["never_data"] if total.no_data.get(word) in ("name", "tags", "title")]
    if one.provider == "github":
        never += [word for word in rule["lists"] if word in total.no_data and word not in never]
    if never:
        return "ignore", [f"'{word}': no dataset" for word in never]
    if one.kind == "paper":
        named = [word for word, place in total.data.items() if place in ("name", "title")]
        return ("ask", [f"a paper about a {named[0]}"]) if named else ("ignore", ["a paper that names no dataset"])
    if one.provider != "github":
        return "register", []
    if one.fields.get("fork") is True:
        return "ask", ["a fork"]
    code = [f"'{word}' speaks of code" for word in list(total.no_data)[:SHOWN]]
    if one.fields.get("programming_language") in rule["software_languages"]:
        code.append(f"written in {one.fields['programming_language']}")
    if not total.data:
        return ("ignore", code) if code else ("ask", ["it does not say that it holds data"])
    firm = any(place in ("name", "tags") for place in total.data.values())
    return ("register", []) if firm or not code else ("ask", code)
