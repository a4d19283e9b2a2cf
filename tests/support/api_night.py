"""What happens in a world between two harvests: a number of changes of each kind."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

from tests.support.api_bodies_other import gh_licence, inverted
from tests.support.api_world import (
    Body,
    World,
    gh_release,
    gh_repository,
    hexes,
    hf_dataset,
    hf_model,
    hf_space,
    oa_work,
)


class Night(dict[str, int]):
    """Kind of change → how many of it happened; `names` has what each befell."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, list[str]] = {}


def next_night(world: World, changes: int = 1, seed: int = 0) -> Night:
    """Let a night pass: `changes` of each kind happen, as far as there is anything that they can happen to.

    Nothing is changed in two ways in one night, and nothing new at once. What comes back vanished in an earlier night.
    """
    world.nights += 1
    drawn = random.Random(f"night {world.nights} {seed}")
    at = dt.datetime(2026, 11, 2, 3, tzinfo=dt.UTC) + dt.timedelta(days=world.nights)
    night, touched = Night(), set[str]()
    lists = (world.datasets, world.repositories, world.works, world.gone)
    old = {id(body) for bodies in lists for body in bodies}
    for kind, (pick, happen) in KINDS.items():
        for number in range(changes):
            able = [body for body in pick(world) if id(body) in old and _key(body) not in touched]
            if pick is not _nothing and not able:
                continue
            body = drawn.choice(able) if able else {}
            name = happen(world, body, at, f"{world.nights}-{seed}-{number}")
            if body:
                touched.add(_key(body))
            night[kind] = night.get(kind, 0) + 1
            night.names.setdefault(kind, []).append(name)
    return night


def _key(body: Body) -> str:
    return str(body.get("_id") or body.get("id"))


def _hub(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _git(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _nothing(world: World) -> list[Body]:
    return []


def _datasets(world: World) -> list[Body]:
    """Those that a search for medical ones finds."""
    found = [body for body in world.datasets if not (body["gated"] or body["disabled"] or body["private"])]
    return [body for body in found if "medical" in body["tags"]] or found


def _repositories(world: World) -> list[Body]:
    found = [body for body in world.repositories if not (body["archived"] or body["fork"])]
    return [body for body in found if "medical" in body["topics"]] or found


def _cited(world: World) -> list[Body]:
    """Works that introduce datasets, as far as that shows: others cite them."""
    return [work for work in world.works if work["cited_by_count"] and not work["is_retracted"]]


def _new_dataset(world: World, body: Body, at: dt.datetime, key: str) -> str:
    name = f"ward-lab/medical-night-{key}"
    stamps: Body = {"lastModified": _hub(at), "createdAt": _hub(at)}
    world.datasets.append(hf_dataset(name, "medical", "task_categories:question-answering", **stamps))
    return name


def _new_commit(world: World, body: Body, at: dt.datetime, key: str) -> str:
    body |= {"sha": hexes(f"commit {body['id']} {key}", 40), "lastModified": _hub(at)}
    return str(body["id"])


def _relicensed(world: World, body: Body, at: dt.datetime, key: str) -> str:
    """Without a later date: the list of those changed last does not show it."""
    licence = "cc-by-nc-4.0" if body["cardData"].get("license") != "cc-by-nc-4.0" else "cc-by-4.0"
    body["cardData"]["license"] = licence
    tags = [tag for tag in body["tags"] if not tag.startswith("license:")]
    body["tags"] = type(body["tags"])([*tags, f"license:{licence}"])
    return str(body["id"])


def _gated(world: World, body: Body, at: dt.datetime, key: str) -> str:
    body["gated"] = "manual"
    return str(body["id"])


def _renamed(world: World, body: Body, at: dt.datetime, key: str) -> str:
    old, new = body["id"], f"{body['id']}-renamed-{key}"
    body["id"] = new
    world.renamed[old] = new
    if old in world.cards:
        world.cards[new] = world.cards.pop(old)
    return str(old)


def _vanished(world: World, body: Body, at: dt.datetime, key: str) -> str:
    world.datasets = [one for one in world.datasets if one is not body]
    world.gone.append(body)
    return str(body["id"])


def _came_back(world: World, body: Body, at: dt.datetime, key: str) -> str:
    world.gone = [one for one in world.gone if one is not body]
    world.datasets.append(body)
    return str(body["id"])


def _disabled(world: World, body: Body, at: dt.datetime, key: str) -> str:
    body["disabled"] = True
    return str(body["id"])


def _repository_renamed(world: World, body: Body, at: dt.datetime, key: str) -> str:
    old, new = body["full_name"], f"{body['full_name']}-renamed-{key}"
    body |= {"full_name": new, "name": new.partition("/")[2], "updated_at": _git(at)}
    world.renamed[old] = new
    tables: tuple[Any, ...] = (world.readmes, world.files, world.code, world.releases)
    for kept in tables:
        if old in kept:
            kept[new] = kept.pop(old)
    return str(old)


def _archived(world: World, body: Body, at: dt.datetime, key: str) -> str:
    body |= {"archived": True, "updated_at": _git(at)}
    return str(body["full_name"])


def _repository_removed(world: World, body: Body, at: dt.datetime, key: str) -> str:
    world.repositories = [one for one in world.repositories if one is not body]
    return str(body["full_name"])


def _repository_relicensed(world: World, body: Body, at: dt.datetime, key: str) -> str:
    have = (body["license"] or {}).get("spdx_id")
    spdx = "Apache-2.0" if have != "Apache-2.0" else "MIT"
    body |= {"license": gh_licence(spdx), "pushed_at": _git(at), "updated_at": _git(at)}
    return str(body["full_name"])


def _released(world: World, body: Body, at: dt.datetime, key: str) -> str:
    name = body["full_name"]
    stamps = {"created_at": _git(at), "published_at": _git(at), "updated_at": _git(at)}
    world.releases[name] = [gh_release(name, f"night-{key}", **stamps), *world.releases.get(name, [])]
    body |= {"pushed_at": _git(at), "updated_at": _git(at)}
    return str(name)


def _new_repository(world: World, body: Body, at: dt.datetime, key: str) -> str:
    name = f"ward-lab-code/night-{key}"
    stamps: Body = {"created_at": _git(at), "pushed_at": _git(at), "updated_at": _git(at)}
    about: Body = {"topics": ["medical", "medical-dataset"], "description": "A medical dataset of one night"}
    world.repositories.append(gh_repository(name, **stamps, **about))
    return name


def _new_model(world: World, body: Body, at: dt.datetime, key: str) -> str:
    name = f"ward-lab/night-model-{key}"
    world.models.append(hf_model(name, f"dataset:{body['id']}", lastModified=_hub(at), createdAt=_hub(at)))
    return name


def _new_space(world: World, body: Body, at: dt.datetime, key: str) -> str:
    name = f"ward-lab/night-demo-{key}"
    world.spaces.append(hf_space(name, body["id"], lastModified=_hub(at), createdAt=_hub(at)))
    return name


def _new_citation(world: World, body: Body, at: dt.datetime, key: str) -> str:
    body["cited_by_count"] += 1
    day = at.date().isoformat()
    new = f"W95{int(hexes(key, 8), 16):010}"
    title = f"A work of the night {key} that cites"
    said: Body = {"publication_year": 2026, "publication_date": day, "abstract_inverted_index": inverted(title)}
    world.works.append(oa_work(new, title, body["id"].rpartition("/")[2], doi=f"10.5555/night.{key}", **said))
    return new


def _retracted(world: World, body: Body, at: dt.datetime, key: str) -> str:
    body["is_retracted"] = True
    return str(body["id"].rpartition("/")[2])


Pick = Callable[[World], list[Body]]
Happen = Callable[[World, Body, dt.datetime, str], str]

KINDS: dict[str, tuple[Pick, Happen]] = {
    "dataset came back": (lambda world: world.gone, _came_back),
    "dataset new": (_nothing, _new_dataset),
    "dataset new commit": (_datasets, _new_commit),
    "dataset relicensed": (_datasets, _relicensed),
    "dataset gated": (_datasets, _gated),
    "dataset renamed": (_datasets, _renamed),
    "dataset vanished": (_datasets, _vanished),
    "dataset disabled": (_datasets, _disabled),
    "repository new": (_nothing, _new_repository),
    "repository renamed": (_repositories, _repository_renamed),
    "repository archived": (_repositories, _archived),
    "repository removed": (_repositories, _repository_removed),
    "repository relicensed": (_repositories, _repository_relicensed),
    "repository released": (_repositories, _released),
    "model new": (_datasets, _new_model),
    "space new": (_datasets, _new_space),
    "work new citing": (_cited, _new_citation),
    "work retracted": (_cited, _retracted),
}
"""Each kind of change: what it can happen to, and what it does."""
