"""The functions that `import registry` offers on the catalogue, with their public signatures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from registry import finder, queries, views
from registry.db import reading, ready

if TYPE_CHECKING:
    import networkx as nx
    import polars as pl


def search(
    text: str = "",
    *,
    language: str | Iterable[str] | None = None,
    task: str | Iterable[str] | None = None,
    modality: str | Iterable[str] | None = None,
    specialty: str | Iterable[str] | None = None,
    access: str | Iterable[str] | None = None,
    terms: str | None = None,
    has_findings: bool | None = None,
    status: str | Iterable[str] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> pl.DataFrame:
    """Datasets that match, best first.

    Args:
        text: words to look for in names, summaries, terms and papers; small typing errors are forgiven.
        language: ISO 639-1 code, or several of which one must fit; likewise the next four.
        task: a word of `registry.vocabulary.TASK`.
        modality: text, image, video, audio, time-series, tabular.
        specialty: a word of `registry.vocabulary.SPECIALTY`.
        access: open, gated, request, credentialed, manual, unreleased, withdrawn.
        terms: "commercial" keeps only what the effective licence lets a company use; also attribution, share_alike, …
        has_findings: True for datasets with known issues, False for those without.
        status: curated, listed, harvested, candidate.
        limit: rows of the page, at most 10,000.
        offset: rows before it.

    Returns:
        A frame with the columns `registry.finder.COLUMNS`: slug, name, standing, modalities, tasks, languages,
        licence, commercial, examples, findings, cited_by, …

    Raises:
        UnknownOption: a word that the vocabulary does not have.
    """
    wanted = finder.filters(
        language=language,
        task=task,
        modality=modality,
        specialty=specialty,
        access=access,
        terms=terms,
        has_findings=has_findings,
        status=status,
    )
    return finder.frame(queries.search_page(text, wanted, limit=limit, offset=offset).rows)


def info(name: str) -> views.Dataset:
    """Everything the catalogue knows of a dataset: card, sources, licences, lineage, links, findings, events.

    Args:
        name: slug, alias, ``hf:owner/name`` or ``github:owner/name``.

    Raises:
        UnknownDataset: no such dataset; the message offers near names.
    """
    return queries.dataset(name)


def findings(
    name: str | None = None, kind: str | None = None, origin: str | None = None, status: str | None = None
) -> pl.DataFrame:
    """Known issues of a dataset (of all, without a name): slug, kind, statement, effect, origin, status, paper, url …

    Raises:
        UnknownDataset, UnknownOption: a name or word that is not known.
    """
    import polars as pl

    text = ("slug", "kind", "statement", "effect", "origin", "status", "revision")
    schema: dict[str, Any] = dict.fromkeys(text, pl.String) | {
        "first_seen": pl.Datetime("us", "UTC"),
        "datasets": pl.List(pl.String),
        "paper": pl.String,
        "url": pl.String,
        "year": pl.Int64,
    }
    return pl.DataFrame(queries.findings(name, kind, origin, status), schema=schema, orient="row")


def graph(name: str, depth: int = 1, relations: Iterable[str] | None = None) -> nx.MultiDiGraph:
    """The artifacts and datasets around a dataset; see `registry.graphs.graph` for nodes and edges.

    Raises:
        UnknownDataset, UnknownOption: a name or relation that is not known.
    """
    from registry.graphs import graph as build

    with reading(ready()) as connection:
        return build(connection, name, depth, relations)


def changes(since: dt.date | dt.datetime | None = None, *, name: str | None = None, limit: int = 200) -> pl.DataFrame:
    """What changed in the catalogue, newest first: at, kind, slug, name, field, old, new, origin, place.

    Raises:
        UnknownDataset: a name that is not known.
    """
    import polars as pl

    if isinstance(since, dt.date) and not isinstance(since, dt.datetime):
        since = dt.datetime(since.year, since.month, since.day, tzinfo=dt.UTC)
    text = ("kind", "slug", "name", "field", "old", "new", "origin", "place")
    schema: dict[str, Any] = {"at": pl.Datetime("us", "UTC")} | dict.fromkeys(text, pl.String)
    return pl.DataFrame(queries.changes(since, name=name, limit=limit), schema=schema, orient="row")


def cite(name: str, style: str = "bibtex") -> str:
    """How to cite a dataset: bibtex, apa, csl-json or cff.

    Raises:
        UnknownDataset, UnknownOption: a name or style that is not known.
        NotLoadable: the dataset has no card.
    """
    from registry.citations import cite_card

    return cite_card(queries.card(name), style)


def croissant(name: str) -> dict[str, Any]:
    """The dataset's metadata as Croissant JSON-LD.

    Raises:
        UnknownDataset: no such dataset.
        NotLoadable: the dataset has no card.
    """
    from registry.croissant_export import croissant_card

    return croissant_card(queries.card(name))
