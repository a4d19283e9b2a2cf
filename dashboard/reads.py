"""What the pages read of the catalogue, kept for a while; its version, `stand`, is part of each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

import registry
from registry import finder, queries, views
from registry.db import engine
from registry.errors import NotLoadable
from registry.finder import NO_FILTERS, Filters, Page
from registry.licences import Licence
from registry.standing import Row

if TYPE_CHECKING:
    import networkx as nx

KEPT = "10m"
ALL = 10_000
"""Rows of an export: as many as one query gives."""


def where() -> str:
    """The address of the catalogue's database, without its password."""
    return engine().url.render_as_string(hide_password=True)


@st.cache_data(ttl=5, max_entries=8, show_spinner=False)
def _state(place: str) -> dict[str, Any]:
    return queries.stats()


def state() -> dict[str, Any]:
    """Counts of what the catalogue holds, some seconds old at most."""
    return _state(where())


def version() -> str:
    """Changes whenever the catalogue does."""
    place = where()
    return f"{place} {_state(place)['last_event']}"


@st.cache_data(ttl=KEPT, max_entries=400, show_spinner=False)
def _page(stand: str, text: str, wanted: Filters, sort: str, limit: int, offset: int) -> Page:
    return queries.search_page(text, wanted, sort=sort, limit=limit, offset=offset)


def page(text: str, wanted: Filters, sort: str = "relevance", limit: int = 50, offset: int = 0) -> Page:
    """One page of the datasets that match."""
    return _page(version(), text, wanted, sort, limit, offset)


@st.cache_data(ttl=KEPT, max_entries=400, show_spinner=False)
def _facets(stand: str, text: str, wanted: Filters) -> dict[str, dict[str, int]]:
    return queries.search_facets(text, wanted)


def facets(text: str = "", wanted: Filters = NO_FILTERS) -> dict[str, dict[str, int]]:
    """Facet → value → datasets that have it under the other filters."""
    return _facets(version(), text, wanted)


@st.cache_data(ttl=KEPT, max_entries=100, show_spinner=False)
def _dataset(stand: str, name: str) -> views.Dataset:
    return queries.dataset(name)


def dataset(name: str) -> views.Dataset:
    """Everything known of one dataset.

    Raises:
        UnknownDataset, UsageError: a name that means no dataset, or several.
    """
    return _dataset(version(), name)


@st.cache_resource(ttl=KEPT, max_entries=100, show_spinner=False)
def _licence(stand: str, slug: str) -> Licence:
    return queries.effective_licence(slug)


def effective_licence(slug: str) -> Licence:
    """The licence of a dataset together with those of all it is made from."""
    return _licence(version(), slug)


@st.cache_resource(ttl=KEPT, max_entries=40, show_spinner=False)
def _graph(stand: str, name: str, depth: int) -> nx.MultiDiGraph:
    return registry.graph(name, depth=depth)


def graph(name: str, depth: int) -> nx.MultiDiGraph:
    """The neighbourhood of a dataset; shared by all visitors, never to be changed.

    Raises:
        UnknownDataset, UsageError: a name that means no dataset, or several.
    """
    return _graph(version(), name, depth)


@st.cache_data(ttl=KEPT, max_entries=20, show_spinner=False)
def _findings(stand: str, kind: str | None, status: str | None) -> list[Row]:
    return queries.findings(kind=kind, status=status)


def findings(kind: str | None = None, status: str | None = None) -> list[Row]:
    """What is known to be wrong with datasets."""
    return _findings(version(), kind, status)


@st.cache_data(ttl=KEPT, max_entries=20, show_spinner=False)
def _changes(stand: str, kind: str | None, limit: int) -> list[Row]:
    return queries.changes(kind=kind, limit=limit)


def changes(kind: str | None = None, limit: int = 200) -> list[Row]:
    """Events, newest first."""
    return _changes(version(), kind, limit)


def everything(text: str, wanted: Filters, sort: str) -> list[Row]:
    """All rows that match, for an export."""
    return queries.search_page(text, wanted, sort=sort, limit=ALL).rows


@st.cache_data(ttl=KEPT, max_entries=200, show_spinner=False)
def _citation(stand: str, name: str) -> str | None:
    try:
        return registry.cite(name)
    except NotLoadable:
        return None


def citation(name: str) -> str | None:
    """BibTeX of a dataset; None where nobody has written a card that says whom to cite."""
    return _citation(version(), name)


def warm() -> None:
    """Make the catalogue ready and import all that a page needs."""
    import networkx  # noqa: F401
    import pandas  # noqa: F401
    import plotly.graph_objects  # noqa: F401
    import polars  # noqa: F401

    first = queries.search_page("", finder.NO_FILTERS, sort="cited_by", limit=1).rows
    queries.search_facets()
    queries.stats()
    for row in first:
        queries.dataset(row["slug"])
        registry.graph(row["slug"])
