"""The pages and the ways between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.address import Query, remembered
from dashboard.texts import md

_FOLDER = Path(__file__).parent / "pages"


# Page → title and icon, in the order of the navigation; a page without an icon is reached by links alone.
_PAGES: dict[str, tuple[str, str | None]] = {
    "catalogue": ("Catalogue", ":material/search:"),
    "graph": ("Citation graph", ":material/hub:"),
    "issues": ("Known issues", ":material/warning:"),
    "changes": ("What changed", ":material/history:"),
    "dataset": ("Dataset", None),
}


def _page(name: str) -> Any:
    title, icon = _PAGES[name]
    return st.Page(
        _FOLDER / f"{name}.py",
        title=title,
        icon=icon,
        url_path=name,
        default=name == "catalogue",
        visibility="visible" if icon else "hidden",
    )


def pages() -> list[Any]:
    """All pages, in the order of the navigation."""
    return [_page(name) for name in _PAGES]


def link(page: str, label: str, icon: str | None = None, query: Query | None = None, **one: str) -> None:
    """A link to a page of ours in the same tab; `label` may be text of the catalogue."""
    params: dict[str, str | Sequence[str]] = {**(query or {}), **one}
    st.page_link(_page(page), label=md(label, 160), icon=icon, query_params=params)


def go(page: str, **query: str) -> None:
    """Leave for another page; for callbacks."""
    st.switch_page(_page(page), query_params=query)


def to_dataset(slug: str, label: str | None = None) -> None:
    """A link to the page of a dataset."""
    link("dataset", label or slug, slug=slug)


def back() -> None:
    """A link to the catalogue as it was left."""
    query = remembered("catalogue")
    link("catalogue", "Back to results" if query else "All datasets", icon=":material/arrow_back:", query=query)
