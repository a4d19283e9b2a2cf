"""The `options` of a card's `read`: each reader says which it takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.errors import ReadError
from registry.loadspec import Read


def options_of(path: Path, read: Read, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the card gives, and `defaults` for the rest.

    Raises:
        ReadError: an option that the reader does not take, or one of another type than its default's.
    """
    if unknown := sorted(set(read.options) - set(defaults)):
        taken = ", ".join(defaults) or "none"
        raise ReadError(f"{path}: its reader takes no option {unknown[0]!r}; the options are: {taken}")
    for name, value in read.options.items():
        if not isinstance(value, type(defaults[name])):
            wanted = type(defaults[name]).__name__
            raise ReadError(f"{path}: the option {name!r} is {value!r} and should be of type {wanted}")
    return {**defaults, **read.options}
