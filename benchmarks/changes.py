"""What happens to the local services in a night, and whether a catalogue knows of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select

from registry.db import reading
from registry.standing import table
from registry.tables import Artifact, ArtifactId, Link, Source, SourceAlias
from tests.support.api_synthetic import next_night, synthetic_world
from tests.support.api_world import Body, World, together, world_of_cards


class Change(NamedTuple):
    """One change: where it shows in the catalogue."""

    kind: str
    name: str
    scheme: str
    """``huggingface`` or ``github`` for a place, else the scheme of an artifact's identifier."""
    columns: Mapping[str, Any]
    """What the row of the place or artifact says once the change is known."""
    new: bool
    """It was not there before."""


def changes(environment: Mapping[str, str], size: int) -> list[Change]:
    """What happens in the first night to the services that hold the cards and a world of `size`."""
    os.environ.update(environment)
    world = together(synthetic_world(size), world_of_cards())
    night = next_night(world)
    return [_change(world, kind, name) for kind, names in night.names.items() for name in names]


def _change(world: World, kind: str, name: str) -> Change:
    what, _, happened = kind.partition(" ")
    now = world.renamed.get(name, name)
    new = happened.startswith("new") and happened != "new commit"
    if what in ("model", "space"):
        return Change(kind, f"spaces/{name}" if what == "space" else name, "artifact:huggingface", {}, new)
    if what == "work":
        return Change(kind, name, "artifact:openalex", {} if new else {"retracted": True}, new)
    bodies = world.datasets if what == "dataset" else world.repositories
    body: Body = next((one for one in bodies if now in (one["id"], one.get("full_name"))), {})
    shown: dict[str, dict[str, Any]] = {
        "new": {"status": "alive"},
        "came back": {"status": "alive"},
        "new commit": {"revision": body.get("sha")},
        "gated": {"access": "gated"},
        "renamed": {"locator": now},
        "vanished": {"status": "gone"},
        "disabled": {"status": "gone"},
        "removed": {"status": "gone"},
        "archived": {"archived": True},
        "relicensed": {"licence_raw": _licence(body)},
        # Without a token nobody asks for releases: the time of the push is what shows.
        "released": {"revision": body.get("pushed_at")},
    }
    return Change(kind, name, "huggingface" if what == "dataset" else "github", shown[happened], new)


def _licence(body: Body) -> Any:
    if "cardData" in body:
        return body["cardData"].get("license")
    return (body.get("license") or {}).get("spdx_id")


def found(target: Engine, change: Change) -> bool:
    """Whether the catalogue says what `change` says; with no columns, whether it knows the place or artifact at all."""
    with reading(target) as connection:
        rows = _artifacts(connection, change) if change.scheme.startswith("artifact:") else _sources(connection, change)
    return any(all(row[name] == value for name, value in change.columns.items()) for row in rows)


def _sources(connection: Connection, change: Change) -> list[Mapping[str, Any]]:
    sources, names = table(Source), table(SourceAlias)
    rows = connection.execute(
        select(sources)
        .join(names, names.c.source_id == sources.c.id)
        .where(names.c.locator == change.name.lower(), sources.c.provider == change.scheme)
    )
    return [dict(row._mapping) for row in rows]


def _artifacts(connection: Connection, change: Change) -> list[Mapping[str, Any]]:
    """Rows of an artifact; a new one counts where it is linked to a dataset."""
    artifacts, ids, links = table(Artifact), table(ArtifactId), table(Link)
    rows = connection.execute(
        select(artifacts)
        .join(ids, ids.c.artifact_id == artifacts.c.id)
        .where(ids.c.scheme == change.scheme.partition(":")[2], ids.c.value == change.name)
        .where(artifacts.c.id.in_(select(links.c.artifact_id).where(links.c.ended_at.is_(None))))
    )
    return [dict(row._mapping) for row in rows]
