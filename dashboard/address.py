"""The state of a page is its address: what is chosen can be sent, and Back undoes it.

Widgets show what the address says and write to it when they are used, so options may carry counts that change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from dashboard.texts import line

Query = dict[str, list[str]]

KEYS = {
    "catalogue": (
        *("q", "modality", "task", "language", "specialty", "use", "access", "issues", "standing", "loads"),
        *("sort", "page"),
    ),
    "dataset": ("slug",),
    "graph": ("around", "steps", "relation", "node"),
    "issues": ("kind", "state"),
    "changes": ("event",),
}
"""The parameters of each page."""

_FOREIGN = {name for names in KEYS.values() for name in names}


def begin(page: str) -> None:
    """Call first on each page: puts its address right.

    Going back from another page, Streamlit shows this page with the other's parameters before it shows it with its
    own; what was last chosen here is put back, so that the first Back is the right one.
    """
    own, now = set(KEYS[page]), set(st.query_params)
    if foreign := (now - own) & _FOREIGN:
        for name in foreign:
            del st.query_params[name]
        if not now & own:
            for name, values in remembered(page).items():
                st.query_params[name] = values


def remember(page: str) -> None:
    """Keep what is chosen on this page for the way back."""
    chosen: Query = {name: st.query_params.get_all(name) for name in KEYS[page] if name in st.query_params}
    st.session_state[f"_address_{page}"] = chosen


def remembered(page: str) -> Query:
    """What was last chosen on a page in this session."""
    chosen: Query = st.session_state.get(f"_address_{page}", {})
    return chosen


def text(name: str, limit: int = 200) -> str:
    """A parameter as a line of text."""
    return line(st.query_params.get(name, ""), limit)


def many(name: str, allowed: Collection[str]) -> tuple[str, ...]:
    """The values of a parameter that are allowed, each once."""
    return tuple(dict.fromkeys(value for value in st.query_params.get_all(name) if value in allowed))


def one(name: str, allowed: Sequence[str], default: str | None = None) -> str | None:
    """The value of a parameter, if it is allowed."""
    value = st.query_params.get(name)
    return value if value in allowed else default


def number(name: str, low: int, high: int, default: int) -> int:
    """A whole number between two others."""
    value = st.query_params.get(name, "")
    return min(max(int(value), low), high) if value.isascii() and value.isdigit() and len(value) < 9 else default


def put(name: str, value: object, default: object = None) -> None:
    """Write a parameter; what is empty or usual is left out."""
    if value in (None, "", False, default) or value == [] or value == ():
        if name in st.query_params:
            del st.query_params[name]
    else:
        st.query_params[name] = [str(part) for part in value] if isinstance(value, list | tuple) else str(value)


def drop(*names: str) -> None:
    """Take parameters out."""
    for name in names:
        put(name, None)


def widget(
    name: str, value: object, default: object = None, resets: Sequence[str] = ()
) -> tuple[str, Callable[[], None]]:
    """Key and `on_change` of a widget that shows `value` and writes the parameter `name` when it is used.

    Args:
        name: the parameter.
        value: what the address says now.
        default: the value that is left out of the address.
        resets: parameters that lose their meaning when this one changes, as the page number.
    """
    key = f"_w_{name}"
    st.session_state[key] = value

    def used() -> None:
        drop(*resets)
        put(name, st.session_state[key], default)

    return key, used
