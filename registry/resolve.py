"""From what a user types to one dataset: slug, alias, ``hf:owner/name`` or ``github:owner/name``; never a neighbour."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from registry.errors import UnknownDataset, UsageError
from registry.names import squeeze
from registry.places import known
from registry.standing import Row, table
from registry.tables import Dataset, DatasetAlias, DatasetSource

PREFIX = {"hf": "huggingface", "huggingface": "huggingface", "github": "github", "gh": "github"}
NEAR_SCORE = 70
"""Similarity (0-100) from which a name is offered as near."""


def resolve(connection: Connection, name: str) -> Row:
    """The row of the dataset that `name` means.

    Raises:
        UnknownDataset: no dataset has this name; the error offers near ones.
        UsageError: several datasets share the name, or live in the named repository.
    """
    prefix, colon, locator = name.partition(":")
    rows = (
        _at_source(connection, PREFIX[prefix.lower()], locator)
        if colon and prefix.lower() in PREFIX
        else _by_slug(connection, name) or _by_alias(connection, name)
    )
    if len(rows) == 1:
        return rows[0]
    if rows:
        slugs = ", ".join(row["slug"] for row in rows)
        raise UsageError(f"{name!r} is the name of several datasets: {slugs}. Use one of these slugs.")
    raise UnknownDataset(name, near(connection, name))


def _by_slug(connection: Connection, name: str) -> list[Row]:
    datasets = table(Dataset)
    return _rows(connection, datasets.c.slug == name.strip().lower())


def _by_alias(connection: Connection, name: str) -> list[Row]:
    """Datasets called so, case, accents and punctuation aside; a curated one goes before listed ones."""
    aliases, datasets = table(DatasetAlias), table(Dataset)
    ids = select(aliases.c.dataset_id).where(aliases.c.folded == squeeze(name))
    rows = _rows(connection, datasets.c.id.in_(ids)) if squeeze(name) else []
    exact = [row for row in rows if row["name"] == name]
    curated = [row for row in exact or rows if row["standing"] == "curated"]
    return curated if len(curated) == 1 else exact or rows


def _at_source(connection: Connection, provider: str, locator: str) -> list[Row]:
    datasets, joined = table(Dataset), table(DatasetSource)
    sources = known(connection, [(provider, locator.strip().strip("/").lower())]).values()
    at = select(joined.c.dataset_id).where(joined.c.ended_at.is_(None), joined.c.source_id.in_(list(sources)))
    rows = _rows(connection, datasets.c.id.in_(at))
    curated = [row for row in rows if row["standing"] == "curated"]
    return curated or rows


def _rows(connection: Connection, condition: object) -> list[Row]:
    datasets = table(Dataset)
    found = connection.execute(
        select(datasets).where(condition, datasets.c.removed_at.is_(None)).order_by(datasets.c.slug)  # type: ignore[arg-type]
    )
    return [dict(row._mapping) for row in found]


def near(connection: Connection, name: str, limit: int = 5) -> Sequence[str]:
    """Slugs whose names are most like `name`, best first."""
    from rapidfuzz import fuzz, process

    aliases, datasets = table(DatasetAlias), table(Dataset)
    rows = connection.execute(
        select(aliases.c.folded, datasets.c.slug)
        .join(datasets, datasets.c.id == aliases.c.dataset_id)
        .where(datasets.c.removed_at.is_(None))
        .order_by(datasets.c.standing, datasets.c.slug)
    ).fetchall()
    hits = process.extract(
        squeeze(name.rpartition("/")[2] or name), [row.folded for row in rows], scorer=fuzz.ratio, limit=4 * limit,
        score_cutoff=NEAR_SCORE,
    )  # fmt: skip
    return list(dict.fromkeys(rows[index].slug for _, _, index in hits))[:limit]
