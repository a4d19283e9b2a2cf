"""Shell patterns, matched without going back: a pattern of many stars costs no more than one of few."""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.errors import MedRegistryError

_SIGN = re.compile(r"\*\*/|\*\*|.", re.DOTALL)
_REMEMBERED = 20_000
"""Steps that one pattern keeps; beyond them it forgets and begins anew."""
_SEGMENT = "segment"
_ANY = "any"


class Matcher:
    """One pattern as a machine of states: all states that a path may be in are followed at once."""

    def __init__(self, pattern: str) -> None:
        """Read the pattern; raises MedRegistryError where a brace is not closed."""
        self._moves: list[list[tuple[str, int]]] = []
        self._free: list[list[int]] = []
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        start = self._state()
        self._end = self._built(pattern, start)
        self._start = self._reached([start])

    def fullmatch(self, path: str) -> bool:
        """Whether the whole path fits."""
        now = self._start
        for char in path:
            after = self._steps.get((now, char))
            if after is None:
                if len(self._steps) >= _REMEMBERED:
                    self._steps.clear()
                after = self._steps[now, char] = self._reached(self._after(now, char))
            if not after:
                return False
            now = after
        return self._end in now

    def _state(self) -> int:
        self._moves.append([])
        self._free.append([])
        return len(self._moves) - 1

    def _built(self, pattern: str, place: int) -> int:
        """Add the states of a pattern behind `place`; gives the last."""
        braces: list[tuple[int, int]] = []
        for sign in _SIGN.findall(pattern):
            if sign == "{":
                braces.append((place, self._state()))
            elif sign in ("}", ",") and braces:
                begin, end = braces[-1]
                self._free[place].append(end)
                place = begin
                if sign == "}":
                    place = end
                    braces.pop()
            elif sign.startswith("*"):
                place = self._repeated(sign, place)
            else:
                behind = self._state()
                self._moves[place].append((_SEGMENT if sign == "?" else sign, behind))
                place = behind
        if braces:
            raise MedRegistryError(f"the pattern {pattern!r} has an open brace")
        return place

    def _repeated(self, sign: str, place: int) -> int:
        # A state of its own: what is repeated must not be repeated by the alternatives that begin at `place`.
        loop = self._state()
        self._free[place].append(loop)
        if sign == "**/":
            folder = self._state()
            self._moves[loop].append((_SEGMENT, folder))
            self._moves[folder] += [(_SEGMENT, folder), ("/", loop)]
        else:
            self._moves[loop].append((_SEGMENT if sign == "*" else _ANY, loop))
        return loop

    def _after(self, states: frozenset[int], char: str) -> Iterator[int]:
        for state in states:
            for wanted, behind in self._moves[state]:
                if wanted == char or wanted is _ANY or (wanted is _SEGMENT and char != "/"):
                    yield behind

    def _reached(self, states: Iterator[int] | list[int]) -> frozenset[int]:
        found: set[int] = set()
        left = list(states)
        while left:
            state = left.pop()
            if state not in found:
                found.add(state)
                left += self._free[state]
        return frozenset(found)
