"""What happens to the local services in a night, and whether a catalogue knows of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select, true

from registry.db import reading
from registry.standing import table
from registry.tables import Artifact, ArtifactId, DatasetSource, Link, Source, SourceAlias
from tests.support.api_synthetic import next_night, synthetic_world
from tests.support.api_world import Body, World, together, world_of_cards

HOME = "home:huggingface"
"""The scheme of a place in which a dataset lives: what uses others is not looked for."""


class Change(NamedTuple):
    """One change: where it shows in the catalogue."""

    kind: str
    name: str
    scheme: str
    """``huggingface`` or ``github`` for a place, else the scheme of an artifact's identifier."""
    columns: Mapping[str, Any]
    """What the row of the place or artifact says once the change is known."""
    about: tuple[str, str] | None
    """(scheme, name) of what the catalogue has to know before, as it is what changes or what is used; None: nothing."""


def changes(environment: Mapping[str, str], size: int) -> list[Change]:
    """What happens in the first night to the services that hold the cards and a world of `size`."""
    os.environ.update(environment)
    world = together(synthetic_world(size), world_of_cards())
    night = next_night(world)
    return [_change(world, kind, name) for kind, names in night.names.items() for name in names]


def _change(world: World, kind: str, name: str) -> Change:
    what, _, happened = kind.partition(" ")
    now = world.renamed.get(name, name)
    if what in ("model", "space"):
        made = next(one for one in (*world.models, *world.spaces) if one["id"] == name)
        declared = [tag.partition(":")[2] for tag in made["tags"] if tag.startswith("dataset:")]
        used = [*declared, *made.get("datasets", [])][0]
        shown_as = f"spaces/{name}" if what == "space" else name
        return Change(kind, shown_as, "artifact:huggingface", {}, (HOME, used))
    if what == "work" and happened == "retracted":
        return Change(kind, name, "artifact:openalex", {"retracted": True}, ("artifact:openalex", name))
    if what == "work":
        cited = next(one for one in world.works if one["id"].endswith(name))["referenced_works"][0]
        return Change(kind, name, "artifact:openalex", {}, ("artifact:openalex", cited.rpartition("/")[2]))
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
    scheme = "huggingface" if what == "dataset" else "github"
    return Change(kind, name, scheme, shown[happened], None if happened == "new" else (scheme, name))


def _licence(body: Body) -> Any:
    if "cardData" in body:
        return body["cardData"].get("license")
    return (body.get("license") or {}).get("spdx_id")


def is_known(target: Engine, change: Change) -> bool:
    """Whether the catalogue knows what `change` is about."""
    if change.about is None:
        return True
    scheme, name = change.about
    return found(target, Change(change.kind, name, scheme, {}, None))


def found(target: Engine, change: Change) -> bool:
    """Whether the catalogue says what `change` says; with no columns, whether it knows the place or artifact at all."""
    with reading(target) as connection:
        rows = _artifacts(connection, change) if change.scheme.startswith("artifact:") else _sources(connection, change)
    return any(all(row[name] == value for name, value in change.columns.items()) for row in rows)


def _sources(connection: Connection, change: Change) -> list[Mapping[str, Any]]:
    sources, names, homes = table(Source), table(SourceAlias), table(DatasetSource)
    lived_at = select(homes.c.source_id).where(homes.c.ended_at.is_(None))
    rows = connection.execute(
        select(sources)
        .join(names, names.c.source_id == sources.c.id)
        .where(names.c.locator == change.name.lower(), sources.c.provider == change.scheme.removeprefix("home:"))
        .where(sources.c.id.in_(lived_at) if change.scheme == HOME else true())
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
