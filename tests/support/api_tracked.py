"""Bodies that tell when they change, so that what was looked up once need not be looked for again."""

from __future__ import annotations

from typing import Any

_changes = [0]


def changes() -> int:
    """How often any tracked body was changed since the program began."""
    return _changes[0]


class Tracked(dict[str, Any]):
    """A dict that counts each change of itself in `changes`."""

    def __setitem__(self, key: str, value: Any) -> None:
        _changes[0] += 1
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        _changes[0] += 1
        super().__delitem__(key)

    def __or__(self, other: Any) -> Tracked:  # type: ignore[override]
        return Tracked({**self, **other})

    def __ior__(self, other: Any) -> Tracked:  # type: ignore[override]
        self.update(other)
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As dict."""
        _changes[0] += 1
        super().update(*args, **kwargs)

    def pop(self, *args: Any) -> Any:
        """As dict."""
        _changes[0] += 1
        return super().pop(*args)

    def popitem(self) -> tuple[str, Any]:
        """As dict."""
        _changes[0] += 1
        return super().popitem()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As dict."""
        _changes[0] += 1
        return super().setdefault(key, default)

    def clear(self) -> None:
        """As dict."""
        _changes[0] += 1
        super().clear()


def _counting(name: str) -> Any:
    plain = getattr(list, name)

    def changed(self: list[Any], *args: Any, **kwargs: Any) -> Any:
        _changes[0] += 1
        return plain(self, *args, **kwargs)

    changed.__name__, changed.__doc__ = name, "As list."
    return changed


class TrackedList(list[Any]):
    """A list that counts each change of itself in `changes`."""

    for _name in (
        "__setitem__", "__delitem__", "__iadd__", "__imul__", "append", "extend", "insert", "pop", "remove", "clear",
        "sort", "reverse",
    ):  # fmt: skip
        locals()[_name] = _counting(_name)
    del _name


def tracked(value: Any) -> Any:
    """A copy of a body in which every dict and list is tracked."""
    if isinstance(value, dict):
        return Tracked({key: tracked(one) for key, one in value.items()})
    return TrackedList(map(tracked, value)) if isinstance(value, list) else value


def is_tracked(value: Any) -> bool:
    """Whether no part of a body can change without being counted."""
    if isinstance(value, dict):
        return isinstance(value, Tracked) and all(map(is_tracked, value.values()))
    return not isinstance(value, list) or (isinstance(value, TrackedList) and all(map(is_tracked, value)))
