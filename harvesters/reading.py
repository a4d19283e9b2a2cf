"""Values out of bodies whose shape is promised by nobody: the right type, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_NAME = 300


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
    """`value` where it is a text that says something."""
    return value if isinstance(value, str) and value.strip() else None


def texts(value: Any) -> list[str]:
    """The texts among the members of an array, or the text itself."""
    return [item for item in sequence(value) if isinstance(item, str) and item.strip()]


def number(value: Any) -> int | None:
    """`value` where it is a whole number that a database can hold."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def needed(item: Any, name: str) -> str:
    """The text or number `name` of an item, as text. Raises `Malformed` where there is none."""
    value = mapping(item).get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text(value)
    if found is None:
        raise Malformed(f"an item without {name}")
    if len(found) > LONGEST_NAME:
        raise Malformed(f"an item whose {name} has {len(found)} characters")
    return found


def moment(value: Any) -> dt.datetime | None:
    """A time in ISO 8601; without a zone it is UTC."""
    try:
        found = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=dt.UTC)
