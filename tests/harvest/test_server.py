"""The local services as a whole: worlds that change, worlds that are made, faults, and the command line.

What each service says is in test_server_hub, test_server_github and test_server_openalex.
"""

from __future__ import annotations

import copy
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.support.api_faults import FAULTS, PASSING, faults, mishaps
from tests.support.api_reply import Asked, Reply, kind_of, service_of
from tests.support.api_server import ApiServer
from tests.support.api_shapes import ask
from tests.support.api_shelf import Shelf
from tests.support.api_synthetic import next_night, synthetic_world
from tests.support.api_world import World, gh_repository, hf_dataset, hf_model, oa_work

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world() -> World:
    return World(
        datasets=[hf_dataset(f"owner/set-{n}", "medical" if n % 2 else "cooking") for n in range(5)],
        models=[hf_model("owner/model", "dataset:owner/set-1"), hf_model("owner/other")],
        repositories=[gh_repository("owner/code")],
        works=[oa_work("W1", "A work"), oa_work("W2", "Another", "W1")],
        renamed={"old/set-1": "owner/set-1"},
    )


def test_huggingface_hub_pages_through_its_list(server: ApiServer) -> None:
    # The client's own `limit` ends its reading; pages are as large as the server makes them.
    server_pages, hub = [], HfApi(endpoint=server.address, token=False)
    found = [info.id for info in hub.list_datasets(filter="medical", sort="last_modified", full=True)]
    server_pages += [asked.target for asked in server.asked]
    assert sorted(found) == ["owner/set-1", "owner/set-3"]
    assert len(server_pages) == 1


def tagged(server: ApiServer, tag: str) -> list[str]:
    return [item["id"] for item in ask(server, f"/api/datasets?filter={tag}")["body"]]


def test_what_changes_in_place_is_seen_at_once(server: ApiServer) -> None:
    first = server.world.datasets[0]
    assert tagged(server, "surgery") == []
    first["tags"].append("surgery")
    assert tagged(server, "surgery") == ["owner/set-0"]
    first["tags"] = ["nursing"]
    assert (tagged(server, "surgery"), tagged(server, "nursing")) == ([], ["owner/set-0"])
    first["id"] = "owner/renamed"
    assert [ask(server, f"/api/datasets/owner/{name}")["status"] for name in ("set-0", "renamed")] == [401, 200]
    first |= {"gated": "auto"}
    assert ask(server, "/api/datasets/owner/renamed")["body"]["gated"] == "auto"
    del server.world.datasets[0]
    assert ask(server, "/api/datasets/owner/renamed")["status"] == 401


def test_lists_that_are_replaced_and_bodies_that_are_plain_are_seen(server: ApiServer) -> None:
    assert len(ask(server, "/works?filter=cites:W1")["body"]["results"]) == 1
    plain = dict(oa_work("W3", "A third", "W1"))
    plain["referenced_works"] = []
    server.world.works = [*server.world.works, plain]
    assert len(ask(server, "/works?filter=cites:W1")["body"]["results"]) == 1
    plain["referenced_works"].append("https://openalex.org/W1")
    assert len(ask(server, "/works?filter=cites:W1")["body"]["results"]) == 2
    vars(server.world).update(vars(World()))
    assert ask(server, "/works?filter=cites:W1")["body"]["results"] == []


def test_a_shelf_reads_its_bodies_once_while_nothing_changes() -> None:
    bodies, read = [hf_dataset("a/b"), hf_dataset("a/c")], Counter[str]()

    def keys(body: dict[str, str]) -> list[str]:
        read[body["id"]] += 1
        return [body["id"]]

    shelf = Shelf()
    for _ in range(3):
        assert shelf.look(bodies).find("name", keys, "a/b") == [bodies[0]]
    assert read == {"a/b": 1, "a/c": 1}
    bodies[1]["id"] = "a/d"
    assert shelf.look(bodies).find("name", keys, "a/d") == [bodies[1]]


@pytest.mark.parametrize(
    ("path", "service", "kind"),
    [
        ("/api/datasets?filter=x", "huggingface", "huggingface datasets list"),
        ("/api/datasets/a/b", "huggingface", "huggingface datasets one"),
        ("/api/datasets/a/b/tree/main", "huggingface", "huggingface datasets tree"),
        ("/datasets/a/b/resolve/main/README.md", "huggingface", "huggingface datasets resolve"),
        ("/a/b/resolve/main/README.md", "huggingface", "huggingface a resolve"),
        ("/repos/a/b/license", "github", "github repos license"),
        ("/repositories/1", "github", "github repositories one"),
        ("/search/code?q=x", "github", "github search code"),
        ("/rate_limit", "github", "github rate_limit list"),
        ("/rate-limit", "openalex", "openalex rate-limit list"),
        ("/works?filter=x", "openalex", "openalex works list"),
        ("/works/W1", "openalex", "openalex works one"),
    ],
)
def test_every_path_belongs_to_a_service(path: str, service: str, kind: str) -> None:
    assert service_of(path.partition("?")[0]) == service
    assert kind_of(Asked(path, path.partition("?")[0], {}, {})) == kind


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if isinstance(fault, Reply)])
def test_every_fault_is_said_as_it_is_written(server: ApiServer, name: str) -> None:
    fault = FAULTS[name]
    assert isinstance(fault, Reply)
    server.fail("/works", fault)
    answer = ask(server, "/works") if name not in ("malformed_json", "empty_body") else None
    if answer is None:
        with urllib.request.urlopen(f"{server.address}/works") as raw:
            assert raw.read() == fault.body
    else:
        assert answer["status"] == fault.status
        assert {**answer["headers"], **fault.headers} == answer["headers"]
    assert ask(server, "/works/W1")["status"] == 200, "and only once"


def test_a_slow_body_is_the_true_one(server: ApiServer) -> None:
    server.fail("/works/W1", "slow")
    assert ask(server, "/works/W1")["body"] == ask(server, "/works/W1")["body"]
    assert [fault.times for fault in server.faults] == [0]


def test_passing_faults_say_when_to_come_back_and_that_is_soon() -> None:
    made = faults(wait=1)
    for names in PASSING.values():
        for name in names:
            fault = made[name]
            headers = fault.headers if isinstance(fault, Reply) else {}
            assert float(headers.get("Retry-After", 0)) <= 1
            assert int(headers.get("X-RateLimit-Reset", 0)) <= time.time() + 3_600


def test_chance_strikes_a_share_of_requests_and_none_twice_in_a_row() -> None:
    happens = mishaps(0.2, seed=3)
    asked = [Asked(f"/api/datasets/a/{n}", f"/api/datasets/a/{n}", {}, {}) for n in range(500)]
    struck = [one for one in asked if happens(one) is not None]
    assert 60 < len(struck) < 140
    assert all(happens(one) is None for one in struck)
    again = mishaps(0.2, seed=3)
    assert [one for one in asked if again(one) is not None] == struck


SIZE = 400


@pytest.fixture(scope="module")
def made() -> World:
    """A synthetic world; not to be changed."""
    return synthetic_world(SIZE)


def test_a_synthetic_world_has_the_sizes_it_is_asked_for(made: World) -> None:
    sizes = [len(getattr(made, kind)) for kind in ("datasets", "models", "spaces", "repositories", "works")]
    assert sizes == [SIZE, SIZE // 2, SIZE // 20, SIZE // 4, SIZE // 2]


def test_a_synthetic_world_is_the_same_for_the_same_seed(made: World) -> None:
    assert synthetic_world(SIZE) == made
    assert synthetic_world(SIZE, seed=1) != made


@pytest.mark.parametrize("size", [0, 1, 2, 5, 21])
def test_small_synthetic_worlds_can_be_made(size: int) -> None:
    assert len(synthetic_world(size).datasets) == size


@pytest.mark.parametrize(
    ("kind", "name"),
    [("datasets", "id"), ("datasets", "_id"), ("models", "id"), ("repositories", "id"), ("repositories", "full_name"),
     ("works", "id"), ("spaces", "id"), ("papers", "id")],
)  # fmt: skip
def test_names_and_numbers_of_a_synthetic_world_are_its_own(made: World, kind: str, name: str) -> None:
    found = [str(body[name]).lower() for body in getattr(made, kind)]
    assert len(found) == len(set(found)) > 0


def test_a_synthetic_world_is_mixed(made: World) -> None:
    tags = Counter(tag.partition(":")[0] for body in made.datasets for tag in body["tags"])
    assert {"arxiv", "medical", "license", "language", "task_categories"} <= {*tags}
    assert len({tag for body in made.datasets for tag in body["tags"] if tag.startswith("language:")}) >= 5
    assert {body["gated"] for body in made.datasets} == {False, "auto", "manual"}
    sums = Counter(f["lfs"]["sha256"] for body in made.datasets for f in body["siblings"] if "lfs" in f)
    assert max(sums.values()) > 1, "copies of the same bytes"
    papers = Counter(tag for body in made.datasets for tag in body["tags"] if tag.startswith("arxiv:"))
    assert max(papers.values()) > 1, "copies that name the same paper"
    assert {None, "NOASSERTION", "MIT"} <= {(body["license"] or {}).get("spdx_id") for body in made.repositories}
    assert {body["archived"] for body in made.repositories} == {True, False}
    assert any("load_dataset" in text for files in made.code.values() for text in files.values())
    assert {work["type"] for work in made.works} >= {"article", "preprint", "review", "dataset"}
    assert any("leakage" in work["title"] or "Label errors" in work["title"] for work in made.works)
    assert any(work["is_retracted"] for work in made.works)


def test_works_of_a_synthetic_world_are_cited_as_often_as_they_say(made: World) -> None:
    cited = Counter(key for work in made.works for key in work["referenced_works"])
    assert {work["id"]: work["cited_by_count"] for work in made.works if work["cited_by_count"]} == dict(cited)


def test_what_uses_datasets_names_those_that_are_there(made: World) -> None:
    known = {body["id"] for body in made.datasets} | {*made.renamed}
    declared = {tag.removeprefix("dataset:") for m in made.models for tag in m["tags"] if tag.startswith("dataset:")}
    assert declared
    assert declared | {name for space in made.spaces for name in space["datasets"]} <= known


def test_a_night_tells_what_it_did_and_does_it(made: World) -> None:
    before, world = made, copy.deepcopy(made)
    night = next_night(world, changes=2, seed=5)
    assert {*night.values()} == {2}
    assert "dataset came back" not in night, "nothing was away"
    assert {kind: len(names) for kind, names in night.names.items()} == night
    now, then = ({body["id"]: body for body in w.datasets} for w in (world, before))
    assert {*now} - {*then} == {
        *night.names["dataset new"],
        *(world.renamed[n] for n in night.names["dataset renamed"]),
    }
    assert {*then} - {*now} == {*night.names["dataset vanished"], *night.names["dataset renamed"]}
    for name in night.names["dataset relicensed"]:
        assert now[name]["cardData"]["license"] != then[name]["cardData"].get("license")
        assert now[name]["lastModified"] == then[name]["lastModified"]
    for name in night.names["dataset new commit"]:
        assert now[name]["sha"] != then[name]["sha"]
        assert now[name]["lastModified"] > max(body["lastModified"] for body in then.values())
    assert {
        name for name, body in now.items() if body["gated"] == "manual" and not (then.get(name) or body)["gated"]
    } == {*night.names["dataset gated"]}
    assert {name for name, body in now.items() if body["disabled"]} == {*night.names["dataset disabled"]}
    assert len(world.works) == len(before.works) + 2


def test_what_vanished_comes_back_in_a_later_night(made: World) -> None:
    world = copy.deepcopy(made)
    away = next_night(world, seed=1).names["dataset vanished"]
    assert next_night(world, seed=1).names["dataset came back"] == away
    assert away[0] in {body["id"] for body in world.datasets}


def test_nights_are_the_same_for_the_same_seed(made: World) -> None:
    first, second = copy.deepcopy(made), copy.deepcopy(made)
    assert next_night(first, 3, seed=2).names == next_night(second, 3, seed=2).names
    assert first == second


def test_a_night_may_pass_where_there_is_nothing() -> None:
    assert next_night(World()) == {"dataset new": 1, "repository new": 1}


@pytest.mark.parametrize(
    ("options", "path", "found"),
    [
        ([], "/api/datasets?search=pubmed", b"qiaojin/PubMedQA"),
        (
            ["--synthetic", "30", "--night", "2", "--seed", "4", "--faults", "0"],
            "/api/datasets?search=night",
            b"night-2-",
        ),
    ],
)
def test_it_can_be_started_from_the_command_line(options: list[str], path: str, found: bytes) -> None:
    command = [sys.executable, "-m", "tests.support.api_server", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = line.split()[0].removeprefix("HF_ENDPOINT=")
            with urllib.request.urlopen(f"{address}{path}") as answer:
                assert found in answer.read()
        finally:
            process.send_signal(2)
        told = process.stdout.read().splitlines()
    assert line.endswith("registry harvest\n")
    assert [one.split() for one in told] == [["1", "requests"], ["1", "huggingface", "datasets", "list"]]
