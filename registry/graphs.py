"""The neighbourhood of a dataset: artifacts that touch it, datasets they touch, and what it is made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from registry.errors import UnknownOption
from registry.resolve import resolve
from registry.standing import Row, select_in, table
from registry.tables import Artifact, Dataset, Lineage, Link
from registry.vocabulary import LINEAGE, RELATION

if TYPE_CHECKING:
    import networkx as nx

MAX_NODES = 2_000


def graph(
    connection: Connection, name: str, depth: int = 1, relations: Iterable[str] | None = None, limit: int = MAX_NODES
) -> nx.MultiDiGraph:
    """Datasets and artifacts within `depth` steps of a dataset.

    Nodes are ``dataset:SLUG`` and ``artifact:ID`` with the attributes kind, label, year, url; edges run from artifact
    to dataset and from child to parent, keyed by relation, with evidence, confidence and origin.

    Args:
        connection: to the catalogue.
        name: slug, alias or repository of the dataset in the middle.
        depth: steps from it; 1 gives what touches it, 2 also what else that touches.
        relations: words of `RELATION` and `LINEAGE` to follow; None follows all.
        limit: nodes at which the search stops; the graph attribute `truncated` tells whether it did.

    Raises:
        UnknownDataset, UnknownOption: a name or relation that is not known.
    """
    import networkx as nx

    wanted = None if relations is None else set(relations)
    for word in wanted or ():
        if word not in (*RELATION, *LINEAGE):
            raise UnknownOption("relation", word, (*RELATION, *LINEAGE))
    start = resolve(connection, name)
    drawn = nx.MultiDiGraph(seed=f"dataset:{start['slug']}", truncated=False)
    datasets: dict[int, Row] = {}
    artifacts: dict[int, Row] = {}
    frontier: tuple[set[int], set[int]] = ({start["id"]}, set())
    edges: dict[tuple[str, int, int, str], Row] = {}
    _add(connection, datasets, artifacts, *frontier)
    for _ in range(max(1, depth)):
        new_datasets, new_artifacts = set(), set()
        for row in _touching(connection, frontier, wanted):
            a, b = row["edge"]
            edges.setdefault((row["what"], a, b, row["relation"]), row)
            new_datasets |= {b, a} if row["what"] == "lineage" else {b}
            new_artifacts |= set() if row["what"] == "lineage" else {a}
        frontier = (new_datasets - datasets.keys(), new_artifacts - artifacts.keys())
        if len(datasets) + len(artifacts) + len(frontier[0]) + len(frontier[1]) > limit:
            drawn.graph["truncated"] = True
            room = max(0, limit - len(datasets) - len(artifacts))
            kept = sorted(frontier[0])[:room]
            frontier = (set(kept), set(sorted(frontier[1])[: room - len(kept)]))
        _add(connection, datasets, artifacts, *frontier)
        if not any(frontier):
            break
    for row in datasets.values():
        drawn.add_node(
            f"dataset:{row['slug']}",
            kind="dataset",
            label=row["name"],
            year=row["year"],
            slug=row["slug"],
            url=row["homepage"],
        )
    for row in artifacts.values():
        drawn.add_node(
            f"artifact:{row['id']}",
            label=row["title"],
            **{n: row[n] for n in ("kind", "paper_kind", "year", "url", "citations", "seed")},
        )
    for (what, a, b, relation), row in edges.items():
        source = datasets.get(a) if what == "lineage" else artifacts.get(a)
        target = datasets.get(b)
        if source and target:
            head = f"dataset:{source['slug']}" if what == "lineage" else f"artifact:{a}"
            drawn.add_edge(
                head,
                f"dataset:{target['slug']}",
                key=relation,
                relation=relation,
                evidence=row["evidence"],
                confidence=row.get("confidence", 1.0),
                origin=row["origin"],
            )
    return drawn


def _add(
    connection: Connection, datasets: dict[int, Row], artifacts: dict[int, Row], more: set[int], works: set[int]
) -> None:
    rows = table(Dataset)
    datasets.update(
        {row["id"]: row for row in select_in(connection, rows, rows.c.id, more, rows.c.removed_at.is_(None))}
    )
    rows = table(Artifact)
    artifacts.update(
        {row["id"]: row for row in select_in(connection, rows, rows.c.id, works, rows.c.removed_at.is_(None))}
    )


def _touching(connection: Connection, frontier: tuple[set[int], set[int]], wanted: set[str] | None) -> list[Row]:
    """Links and lineage with one end in the frontier, as rows with `what`, `edge` (from, to) and relation."""
    links, lineage = table(Link), table(Lineage)
    found: list[Row] = []
    for column, ids in ((links.c.dataset_id, frontier[0]), (links.c.artifact_id, frontier[1])):
        standing = select_in(connection, links, column, ids, links.c.ended_at.is_(None))
        found += [row | {"what": "link", "edge": (row["artifact_id"], row["dataset_id"])} for row in standing]
    for column in (lineage.c.child_id, lineage.c.parent_id):
        standing = select_in(connection, lineage, column, frontier[0], lineage.c.ended_at.is_(None))
        found += [row | {"what": "lineage", "edge": (row["child_id"], row["parent_id"])} for row in standing]
    return [row for row in found if wanted is None or row["relation"] in wanted]
