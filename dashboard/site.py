"""The pages and the ways between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.address import Query, remembered
from dashboard.texts import md

_FOLDER = Path(__file__).parent / "pages"


def pages() -> dict[str, Any]:
    """Name → page, in the order of the navigation."""
    return {
        "catalogue": st.Page(
            _FOLDER / "catalogue.py", title="Catalogue", icon=":material/search:", default=True, url_path="catalogue"
        ),
        "graph": st.Page(_FOLDER / "graph.py", title="Citation graph", icon=":material/hub:", url_path="graph"),
        "issues": st.Page(_FOLDER / "issues.py", title="Known issues", icon=":material/warning:", url_path="issues"),
        "changes": st.Page(_FOLDER / "changes.py", title="What changed", icon=":material/history:", url_path="changes"),
        "dataset": st.Page(_FOLDER / "dataset.py", title="Dataset", url_path="dataset", visibility="hidden"),
    }


def link(page: str, label: str, icon: str | None = None, query: Query | None = None, **one: str) -> None:
    """A link to a page of ours in the same tab; `label` may be text of the catalogue."""
    params: dict[str, str | Sequence[str]] = {**(query or {}), **one}
    st.page_link(pages()[page], label=md(label, 160), icon=icon, query_params=params)


def go(page: str, **query: str) -> None:
    """Leave for another page; for callbacks."""
    st.switch_page(pages()[page], query_params=query)


def to_dataset(slug: str, label: str | None = None) -> None:
    """A link to the page of a dataset."""
    link("dataset", label or slug, slug=slug)


def back() -> None:
    """A link to the catalogue as it was left."""
    query = remembered("catalogue")
    link("catalogue", "Back to results" if query else "All datasets", icon=":material/arrow_back:", query=query)
