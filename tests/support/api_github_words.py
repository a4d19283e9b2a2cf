"""How GitHub says no, and how its searches read a question."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.api_reply import Reply, say

DOCS = "https://docs.github.com/rest"
LONGEST, OPERATORS = 256, 5
_PART = re.compile(r'(-?)(?:([A-Za-z_-]+):)?("(?:\\.|[^"\\])*"?|[^\s"]+)')
UNREACHABLE = (
    "The listed users and repositories cannot be searched either because the resources do not exist or you do not "
    "have permission to view them."
)


def refuse(status: int, message: str, where: str = DOCS, **more: Any) -> Reply:
    """An answer that says no, as GitHub words it."""
    return say({"message": message, **more, "documentation_url": where, "status": str(status)}, status)


def invalid(message: str) -> Reply:
    """A search that cannot be made."""
    errors = [{"message": message, "resource": "Search", "field": "q", "code": "invalid"}]
    return refuse(422, "Validation Failed", f"{DOCS}/search/search", errors=errors)


@dataclass
class Question:
    """A question: `terms` are alternatives of words and phrases, all of which must hold; `without` must not."""

    terms: list[list[str]] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    qualifiers: list[tuple[str, str, bool]] = field(default_factory=list)
    """(name, value, whether it must hold)."""
    length: int = 0
    """Characters without qualifiers and operators."""
    operators: int = 0

    def all(self, name: str) -> list[str]:
        """The values of a qualifier that must hold."""
        return [value for known, value, holds in self.qualifiers if known == name and holds]

    @property
    def refusal(self) -> Reply | None:
        """What is said where the question is too long."""
        if self.length > LONGEST:
            return invalid(f"The search is longer than {LONGEST} characters.")
        return invalid("More than five AND / OR / NOT operators were used.") if self.operators > OPERATORS else None


def question(text: str, names: set[str]) -> Question:
    """Read a question; `names` are the qualifiers that there are, everything else is searched for."""
    found, either, negated = Question(), False, False
    for minus, name, value in _PART.findall(text):
        if name.lower() in names:
            found.qualifiers.append((name.lower(), value.strip('"'), not (minus or negated)))
            negated = False
        elif value in ("AND", "OR", "NOT") and not name:
            found.operators += 1
            either, negated = value == "OR", value == "NOT"
        else:
            word = f"{name}:{value}" if name else value
            found.length += len(word) + (found.length > 0)
            if minus or negated:
                found.without.append(word)
            elif either and found.terms:
                found.terms[-1].append(word)
            else:
                found.terms.append([word])
            either = negated = False
    return found


def between(wanted: str) -> Callable[[str | float], bool] | None:
    """The test of a range such as ``>=10``, ``10..20``, ``*..2020-01-01`` or ``2024-05-01``; None where it is none."""
    if match := re.fullmatch(r"([<>])(=?)(\S+)", wanted):
        return _bounds((match[3], "*") if match[1] == ">" else ("*", match[3]), strict=not match[2])
    low, dots, high = wanted.partition("..")
    return _bounds((low, high) if dots else (wanted, wanted), strict=False)


def _bounds(ends: tuple[str, str], *, strict: bool) -> Callable[[str | float], bool] | None:
    numbers = all(re.fullmatch(r"\*|\d{1,15}", end) for end in ends)
    if not numbers and not all(re.fullmatch(r"\*|\d{4}-\d\d-\d\d\S{0,30}", end) for end in ends):
        return None
    low, high = (end.removesuffix("Z").removesuffix("+00:00") for end in ends)

    def test(value: str | float) -> bool:
        if numbers:
            return _within(
                float(value), float(low) if low != "*" else None, float(high) if high != "*" else None, strict
            )
        # A day is as long as what was said of it: all its hours are within its bounds.
        after = low == "*" or (str(value)[: len(low)] > low if strict else str(value)[: len(low)] >= low)
        return after and (
            high == "*" or (str(value)[: len(high)] < high if strict else str(value)[: len(high)] <= high)
        )

    return test


def _within(value: float, low: float | None, high: float | None, strict: bool) -> bool:
    if strict:
        return (low is None or value > low) and (high is None or value < high)
    return (low is None or value >= low) and (high is None or value <= high)
