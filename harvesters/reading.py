"""Values out of bodies whose shape is promised by nobody: the right type, or nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from registry.observation import clean

LONGEST_NAME = 300
FIRST_YEAR, LAST_YEAR = 1990, 2200
SMALL, LARGE = 2**31 - 1, 2**63 - 1
"""The largest whole numbers of columns of counts and of bytes."""

_BROKEN = re.compile("[\ud800-\udfff]")


class Malformed(Exception):
    """An item that lacks what makes it one; the message says what."""


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    """`value` where it is an array, a list of it where it is a text, else an empty list."""
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """`value` where it is a text that says something, without halves of surrogate pairs, which nobody can send on."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value.encode("utf-8", "ignore").decode() if _BROKEN.search(value) else value


def texts(value: Any) -> list[str]:
    """The texts among the members of an array, or the text itself."""
    return [found for item in sequence(value) if (found := text(item))]


def number(value: Any, most: int = SMALL) -> int | None:
    """`value` where it is a whole number up to `most`, below or above zero."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= most else None


def needed(item: Any, name: str) -> str:
    """The text or number `name` of an item, as text. Raises `Malformed` where there is none."""
    value = mapping(item).get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = clean(value, LONGEST_NAME + 1) if isinstance(value, str) else None
    if not found:
        raise Malformed(f"an item without {name}")
    if len(found) > LONGEST_NAME:
        raise Malformed(f"an item whose {name} has {len(found)} characters")
    return found


def moment(value: Any) -> dt.datetime | None:
    """A time in ISO 8601 of these days; without a zone it is UTC."""
    try:
        found = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
