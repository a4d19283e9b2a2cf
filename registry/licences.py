"""Licences: any spelling becomes an SPDX expression, and an expression becomes terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from registry.errors import UnknownOption
from registry.licence_table import Terms
from registry.licence_tree import Node, Part, all_of, choices, every, freedom, leaves, named
from registry.vocabulary import TERMS

# `registry.licence_reading` is imported where it is used: it compiles its patterns, and most sessions read no licence

USES = ("commercial", "research")


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as it was stated, its SPDX expression and its terms; ``None`` = not known.

    `commercial` and `derivatives` say whether the use is allowed; `attribution`, `share_alike` and `agreement` (a data
    use agreement) whether it is required. Where the expression leaves a choice, the terms are those of the choice that
    lets one do most, commercial use first.
    """

    raw: str | None
    spdx: str | None
    commercial: bool | None = None
    attribution: bool | None = None
    share_alike: bool | None = None
    derivatives: bool | None = None
    agreement: bool | None = None
    name: str | None = None
    url: str | None = None
    note: str | None = None
    parts: tuple[Part, ...] = field(default=(), repr=False, compare=False)
    """The licences that the terms follow from."""
    tree: Node = field(default=Part(""), repr=False, compare=False)

    @property
    def terms(self) -> Terms:
        """The five terms, in the order of `registry.vocabulary.TERMS`."""
        return Terms(self.commercial, self.attribution, self.share_alike, self.derivatives, self.agreement)

    @property
    def research(self) -> bool | None:
        """Whether it may be used in research, after signing where `agreement` is true."""
        return every(part.research for part in self.parts)

    def reason(self, term: str) -> str:
        """Why `term` (one of `registry.vocabulary.TERMS`) has its value, in a few words. Raises `UnknownOption`."""
        if term not in TERMS:
            raise UnknownOption("a licence term", term, TERMS)
        place, value = TERMS.index(term), getattr(self, term)
        yes, no = _WORDS[term]
        return _because(value, yes, no, [part for part in self.parts if part.terms[place] is value])


_WORDS = {
    "commercial": ("commercial use is allowed", "commercial use is forbidden"),
    "research": ("research use is allowed", "research use is forbidden"),
    "attribution": ("the source must be named or its notice kept", "the source need not be named"),
    "share_alike": ("what is made of it must keep its licence", "what is made of it need not keep its licence"),
    "derivatives": ("passing on changed versions is allowed", "passing on changed versions is forbidden"),
    "agreement": ("a data use agreement must be accepted", "no data use agreement is needed"),
}


def licence(text: str | Sequence[str] | None) -> Licence:
    """What a hub, card or paper states as its licence, normalised.

    Takes ids, names, deed addresses, SPDX expressions and lists of them, in a string or as a sequence. Several of them
    without an "or" hold together, as nobody said which is for what. What is not recognised is kept in `raw` and has
    `spdx` ``None``; its terms are then not known, except those that a recognised part forbids or requires.
    """
    if text is None or isinstance(text, str):
        return _licence(text)
    stated = [item for item in text if item and item.strip()]
    return licence(stated[0] if stated else None) if len(stated) < 2 else combine(map(licence, stated))


def combine(licences: Iterable[Licence], of: Sequence[str | None] | None = None) -> Licence:
    """The terms that hold when all of `licences` do: a dataset's own and those of what it is derived from.

    The strictest wins, term by term: what one forbids or requires stands whatever the others say, else one that is
    not known makes the term not known. `of` names the dataset of each, for the reasons (``None`` for the own one).
    """
    given = list(licences)
    names = list(of) if of is not None else [None] * len(given)
    if len(given) == 1 and names == [None]:
        return given[0]
    raw = "; ".join(dict.fromkeys(one.raw for one in given if one.raw)) or None
    return _of(raw, all_of([named(one.tree, name) for one, name in zip(given, names, strict=True)]))


def allows(licence: Licence, use: str) -> tuple[bool | None, str]:
    """Whether `licence` allows `use` ("commercial" or "research"), ``None`` when that is not known, and why.

    Raises `UnknownOption` for another use.
    """
    if use not in USES:
        raise UnknownOption("use", use, USES)
    if use == "commercial":
        verdict, why = licence.commercial, licence.reason("commercial")
    else:
        verdict = licence.research
        why = _because(verdict, *_WORDS[use], [part for part in licence.parts if part.research is verdict])
    return verdict, why + (f"; {_WORDS['agreement'][0]} first" if verdict and licence.agreement else "")


@lru_cache(maxsize=4096)
def spdx_problem(value: str) -> str | None:
    """Why `value` cannot stand in a card as an SPDX expression, or ``None`` when it can.

    Ids must be written as SPDX writes them today; ``LicenseRef-…`` must be one of the table's. Near ids are offered.
    """
    from registry.licence_reading import known_ids, parse

    if not value.strip():
        return "a licence is an SPDX expression; leave it out (null) where none was found"
    ids = known_ids()
    try:
        tree = parse(value)
    except ValueError as error:
        found = licence(value).spdx
        return f"{value[:80]!r} is not an SPDX expression" + (f"; write {found}" if found else f": {error}")
    for symbol in ids.licensing.license_symbols(tree, decompose=True):
        key = symbol.key.lower()
        spelling = ids.exceptions.get(key) if symbol.is_exception else ids.spelling.get(key)
        if spelling is None:
            return f"{symbol.key[:80]!r} is not a known licence id{_hint(symbol.key)}"
        if spelling != symbol.key:
            return f"{symbol.key[:80]!r} is written {spelling!r}"
    written = str(tree.render())
    return None if _bare(written) == _bare(value) else f"{value[:80]!r} is written {written!r}"


def _bare(expression: str) -> str:
    return re.sub(r"[\s()]+", " ", expression).strip()


def _hint(value: str) -> str:
    from rapidfuzz import fuzz, process

    from registry.licence_reading import known_ids

    if spdx := licence(value).spdx:
        return f"; write {spdx}"
    near = process.extract(value[:120], list(known_ids().known), scorer=fuzz.WRatio, limit=3, score_cutoff=75)
    return f"; did you mean {', '.join(name for name, _, _ in near)}?" if near else ""


@lru_cache(maxsize=8192)
def _licence(text: str | None) -> Licence:
    from registry.licence_reading import MAX_EXPRESSION, read

    if text is None or not text.strip():
        return _of(text, Part(""))
    return _of(text, read(text) if len(text) <= MAX_EXPRESSION else Part(text))


def _of(raw: str | None, tree: Node) -> Licence:
    from registry.licence_reading import spdx

    found = choices(tree)
    terms = max(found, key=freedom)
    stated = set(leaves(tree))
    one = next(iter(stated)).known if len(stated) == 1 else None
    about = (one.name, one.url, one.note) if one else (None, None, None)
    return Licence(raw, spdx(tree), *terms, *about, parts=tuple(dict.fromkeys(found[terms])), tree=tree)


def _because(value: bool | None, yes: str, no: str, parts: Sequence[Part]) -> str:
    said = {True: yes, False: no, None: f"it is not known whether {yes}"}[value]
    known = [part for part in parts if part.known]
    why = dict.fromkeys(_unknown(part) for part in parts if part.known is None)
    if known:
        notes = dict.fromkeys(part.known.note for part in known if part.known and part.known.note)
        said += f" under {_few(dict.fromkeys(map(str, known)), ' and ')}"
        said += f" ({next(iter(notes))})" if len(notes) == 1 else ""
    return f"{said}: {_few(why, '; ')}" if why else said


def _unknown(part: Part) -> str:
    whose = f" for {part.of}" if part.of else ""
    return f"{part.id[:60]!r} is not a known licence{whose}" if part.id else f"no licence is stated{whose}"


def _few(words: Iterable[str], joint: str) -> str:
    listed = list(words)
    return joint.join(listed[:3]) + (f"{joint}{len(listed) - 3} more" if len(listed) > 3 else "")
