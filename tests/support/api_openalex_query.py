"""The language of OpenAlex's filters and searches as the local server reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tests.support.api_world import Body

VALUES, DEPTH = 100, 50
_SEGMENT = re.compile(r'((?:[^,"]|"[^"]*"?)+)')
_VALUE = re.compile(r'((?:[^|"]|"[^"]*"?)+)')


class Wrong(Exception):
    """A question that cannot be answered; its text is what is said."""


class Filter(NamedTuple):
    """One filter: any of its values, or none of them where it is `negated`."""

    name: str
    values: list[str]
    negated: bool


def segments(text: str) -> list[tuple[str, str | None]]:
    """(name, value) of each filter; the value is None where a part has no colon."""
    found = []
    for part in _SEGMENT.findall(text):
        name, colon, value = part.partition(":")
        found.append((name.strip(), value if colon else None))
    return found


def filters(text: str) -> list[Filter]:
    """The filters of a question. Raises `Wrong`."""
    found = []
    for name, value in segments(text):
        negated = (value or "").startswith("!")
        values = [one.strip() for one in _VALUE.findall((value or "").removeprefix("!"))]
        if len(values) > VALUES:
            raise Wrong(f"Maximum number of values exceeded for {name}. Decrease values to {VALUES} or below.")
        known = name.replace("-", "_")
        if known not in TESTS and known not in SEARCHED:
            raise Wrong(f"{name} is not a valid field. Valid fields are: {', '.join(sorted({*TESTS, *SEARCHED}))}")
        found.append(Filter(known, values, negated))
    return found


def tail(address: Any) -> str:
    """What an identifier is without the host before it, in lower case."""
    found = str(address or "").strip('"').lower()
    return re.sub(r"^https?://(dx\.)?[a-z.-]+\.[a-z]{2,4}/(works/)?|^(doi|openalex|pmid|pmcid|mag):", "", found)


def _pmid(work: Body) -> str:
    return str(work["ids"].get("pmid") or "").rstrip("/").rpartition("/")[2]


def _sources(places: Iterable[Any]) -> list[str]:
    return [tail((place.get("source") or {}).get("id")) for place in places if place]


def addresses(work: Body) -> list[str]:
    """The pages of a work."""
    return [place["landing_page_url"] for place in work["locations"] if place["landing_page_url"]]


KEYS: dict[str, Callable[[Body], Iterable[str]]] = {
    "doi": lambda work: [tail(work["doi"])] if work["doi"] else [],
    "openalex": lambda work: [tail(work["id"])],
    "cites": lambda work: dict.fromkeys(map(tail, work["referenced_works"])),
    "ids.pmid": lambda work: [_pmid(work)] if _pmid(work) else [],
    "locations.landing_page_url": lambda work: dict.fromkeys(address.lower() for address in addresses(work)),
}
"""What a work is found by, in lower case and without hosts."""
SAME = {
    "openalex_id": "openalex",
    "ids.openalex": "openalex",
    "referenced_works": "cites",
    "pmid": "ids.pmid",
}
"""Other names of the same filter."""


def key_of(name: str, value: str) -> str:
    """A value of a filter in `KEYS` as works are found by it."""
    value = value.strip('"')
    if SAME.get(name, name) == "ids.pmid":
        return value.rstrip("/").rpartition("/")[2].removeprefix("pmid:")
    return value.lower() if name == "locations.landing_page_url" else tail(value)


def _yes(read: Callable[[Body], Any]) -> Callable[[Body, str], bool]:
    def test(work: Body, value: str) -> bool:
        if value.lower() not in ("true", "false"):
            raise Wrong(f"Value must be true or false, not {value}.")
        return bool(read(work)) == (value.lower() == "true")

    return test


def _day(value: str) -> str:
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value):
        raise Wrong(f"Value for param is not a valid date: {value}. Use the format YYYY-MM-DD.")
    return value


def _range(name: str) -> Callable[[Body, str], bool]:
    def test(work: Body, value: str) -> bool:
        match = re.fullmatch(r"([<>])?(\d{0,9})(-)?(\d{0,9})", value)
        if not match or not (match[2] or match[4]):
            raise Wrong(f"Value for param {name} must be a number.")
        have, sign, low, dash, high = float(work.get(name) or 0), *match.groups()
        if sign:
            return have > float(low) if sign == ">" else have < float(low)
        return (have >= float(low or 0) and have <= float(high or "inf")) if dash else have == float(low)

    return test


def _in(read: Callable[[Body], Iterable[Any]]) -> Callable[[Body, str], bool]:
    return lambda work, value: value.strip('"').lower() in {str(one).lower() for one in read(work)}


def _keyed(name: str) -> Callable[[Body, str], bool]:
    return lambda work, value: key_of(name, value) in KEYS[SAME.get(name, name)](work)


TESTS: dict[str, Callable[[Body, str], bool]] = {
    **{name: _keyed(name) for name in (*KEYS, *SAME)},
    "cited_by": lambda work, value: False,  # answered by looking the citing work up
    "doi_starts_with": lambda work, value: tail(work["doi"]).startswith(tail(value)),
    "type": _in(lambda work: [work["type"]]),
    "language": _in(lambda work: [work["language"]]),
    "is_retracted": _yes(lambda work: work["is_retracted"]),
    "is_paratext": _yes(lambda work: work.get("is_paratext")),
    "is_xpac": _yes(lambda work: work.get("is_xpac")),
    "has_doi": _yes(lambda work: work["doi"]),
    "has_pmid": _yes(_pmid),
    "has_abstract": _yes(lambda work: work["abstract_inverted_index"]),
    "has_references": _yes(lambda work: work["referenced_works"]),
    "has_fulltext": _yes(lambda work: work.get("has_fulltext")),
    "open_access.is_oa": _yes(lambda work: work["open_access"]["is_oa"]),
    "is_oa": _yes(lambda work: work["open_access"]["is_oa"]),
    "from_publication_date": lambda work, value: work["publication_date"] >= _day(value),
    "to_publication_date": lambda work, value: work["publication_date"] <= _day(value),
    "publication_date": lambda work, value: work["publication_date"] == _day(value),
    "publication_year": _range("publication_year"),
    "cited_by_count": _range("cited_by_count"),
    "primary_location.source.id": lambda work, value: tail(value) in _sources([work["primary_location"]]),
    "locations.source.id": lambda work, value: tail(value) in _sources(work["locations"]),
    "best_oa_location.license": _in(lambda work: [(work.get("best_oa_location") or {}).get("license")]),
}


def abstract(work: Body) -> str:
    """The abstract put together."""
    places = [(place, word) for word, spots in (work["abstract_inverted_index"] or {}).items() for place in spots]
    return " ".join(word for _, word in sorted(places))


def _both(work: Body) -> str:
    return f"{work['title'] or ''} | {abstract(work)}"


SEARCHED: dict[str, Callable[[Body], str]] = {
    "title.search": lambda work: work["title"] or "",
    "display_name.search": lambda work: work["display_name"] or "",
    "abstract.search": abstract,
    "title_and_abstract.search": _both,
    "fulltext.search": _both,
    "default.search": _both,
}


def words(text: str) -> list[str]:
    """Words in lower case, without the plural."""
    return [re.sub(r"(?<=[^s])s$", "", word) for word in re.findall(r"[^\W_]+", text.lower())]


def says(text: list[str], wanted: str) -> bool:
    """Whether a text, given by its words, holds what a search wants: words and phrases with AND, OR, NOT, brackets.

    Raises `Wrong`.
    """
    parts = re.findall(r'"[^"]*"?|[()]|[^\s"()]+', wanted.replace("+", " "))
    return _either(f" {' '.join(text)} ", parts[::-1], 0)


def _either(text: str, left: list[str], depth: int) -> bool:
    """Read `left` from its end up to a closing bracket; what stands side by side must hold together."""
    if depth > DEPTH:
        raise Wrong("Too many brackets in a search.")
    groups: list[list[bool]] = [[]]
    negated = False
    while left:
        part = left.pop()
        if part == ")":
            break
        if part in ("AND", "OR", "NOT"):
            groups += [[]] if part == "OR" else []
            negated = part == "NOT"
            continue
        phrase = words(part)
        if part == "(":
            groups[-1].append(_either(text, left, depth + 1) != negated)
        elif phrase:
            groups[-1].append((f" {' '.join(phrase)} " in text) != negated)
        negated = False
    return any(all(group) for group in groups if group)
