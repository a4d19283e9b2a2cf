"""What is asked of GitHub: searches in slices, repositories by number, their details, and code that uses a dataset."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import Engine

from harvesters.run import harvest
from registry.tables import DatasetFile, HarvestCursor, SourceLink
from tests.support.api_reply import say
from tests.support.api_server import ApiServer
from tests.support.api_world import gh_release, gh_repository
from tests.support.harvested import (
    GIT,
    WEEK,
    asked_for,
    dataset,
    events,
    links,
    one,
    rows,
    said,
    source,
    yesterday,
)

NOTES = "A dataset of clinical notes of hospital patients"
TOKEN = "ghp_made"
FIRST = "topic:medical-dataset"


@pytest.fixture
def token(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's token, which GitHub knows."""
    server.tokens.add(TOKEN)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)


def made_on(day: str, number: int) -> dict[str, object]:
    """A repository of a medical dataset that was made on that day."""
    times = {"created_at": f"{day}T01:00:00Z", "pushed_at": f"{day}T02:00:00Z"}
    return gh_repository(f"lab/notes-{number}", description=NOTES, topics=["medical-dataset"], **times)


def test_more_than_a_thousand_results_are_read_in_slices_of_time(small: Engine, server: ApiServer) -> None:
    first = dt.date(2020, 1, 1)
    days = [(first + dt.timedelta(days=number)).isoformat() for number in range(1_300)]
    server.world.repositories += [made_on(day, number) for number, day in enumerate(days)]
    result = one(harvest([GIT], target=small))
    assert (result.status, result.failed) == ("done", 0)
    names = {row["slug"] for row in rows(small, type_of_dataset()) if row["standing"] == "harvested"}
    assert names == {f"lab-notes-{number}" for number in range(1_300)}
    assert len(asked_for(server.asked, f"q={FIRST}\\+")) <= 20


def type_of_dataset() -> type:
    from registry.tables import Dataset

    return Dataset


def test_later_only_what_was_pushed_to_is_read(small: Engine, server: ApiServer) -> None:
    server.world.repositories += [made_on("2020-01-01", number) for number in range(150)]
    harvest([GIT], target=small)
    yesterday(small)
    server.asked.clear()
    today = dt.datetime.now(dt.UTC).date().isoformat()
    server.world.repositories.append(made_on(today, 999))
    harvest([GIT], target=small)
    (asked,) = asked_for(server.asked, f"q={FIRST}\\+")
    assert "pushed:" in asked.replace("%3A", ":")
    assert dataset(small, "lab-notes-999")["standing"] == "harvested"


def test_a_search_that_is_cut_short_goes_on_with_the_slices_that_are_left(small: Engine, server: ApiServer) -> None:
    server.world.repositories += [made_on("2020-01-01", number) for number in range(950)]
    harvest([GIT], max_requests=12, target=small)
    kept = {row["query"]: row for row in rows(small, HarvestCursor)}
    assert kept[f"repositories:{FIRST}"]["cursor"], "it is not through"
    for _ in range(3):
        harvest([GIT], max_requests=60, target=small)
    assert len([r for r in rows(small, type_of_dataset()) if r["standing"] == "harvested"]) == 950


def test_forks_are_no_places_of_their_own(small: Engine, server: ApiServer) -> None:
    fork = gh_repository("somebody/notes", description=NOTES, topics=["medical-dataset"], fork=True)
    server.world.repositories.append(fork)
    harvest([GIT], target=small)
    assert not [row for row in rows(small, type_of_dataset()) if row["standing"] == "harvested"]


def test_with_a_token_readme_tree_and_releases_are_read(small: Engine, server: ApiServer, token: None) -> None:
    name, world = "made-up/ward-qa", server.world
    world.readmes[name] = "# Ward-QA\nData at https://huggingface.co/datasets/made-up/Ward-QA\n"
    world.files[name] = {"data/train.csv": 12_345, "src/train.py": "import os"}
    world.releases[name] = [gh_release(name, "v1.1")]
    harvest([GIT], target=small)
    row = source(small, name, GIT)
    told = said(small, row["id"])
    assert json.loads(told["release"]) == "v1.1"
    assert "Data at" in json.loads(told["card_text"])
    linked = {(r["scheme"], r["value"]) for r in rows(small, SourceLink) if r["source_id"] == row["id"]}
    assert ("huggingface", "made-up/ward-qa") in linked
    of = DatasetFile.__table__.c  # type: ignore[attr-defined]
    files = {r["path"]: r for r in rows(small, DatasetFile, of.source_id == row["id"], of.origin == "harvested")}
    assert files.keys() == {"data/train.csv", "releases/v1.1/data.zip"}
    assert files["data/train.csv"]["bytes"] == 12_345
    assert len(files["releases/v1.1/data.zip"]["sha256"]) == 64


def test_details_are_read_again_only_after_a_push(small: Engine, server: ApiServer, token: None) -> None:
    harvest([GIT], target=small)
    yesterday(small, WEEK)
    server.asked.clear()
    harvest([GIT], target=small)
    assert asked_for(server.asked, "/readme", "/git/trees/", "/releases") == []
    server.world.repositories[0]["pushed_at"] = "2026-11-24T01:00:00Z"
    yesterday(small, WEEK)
    harvest([GIT], target=small)
    assert len(asked_for(server.asked, "/readme$", "/git/trees/", "/releases")) == 3


def test_without_a_token_a_repository_is_one_request(small: Engine, server: ApiServer) -> None:
    harvest([GIT], target=small)
    assert asked_for(server.asked, "/readme", "/git/trees/", "/releases", "/search/code") == []


def test_an_empty_repository_is_no_failure(small: Engine, server: ApiServer, token: None) -> None:
    server.world.repositories[0] |= {"size": 0, "pushed_at": None}
    assert one(harvest([GIT], target=small)).failed == 0


def test_what_did_not_change_costs_a_304_and_is_looked_at(small: Engine, server: ApiServer) -> None:
    harvest([GIT], target=small)
    before = source(small, "made-up/ward-qa", GIT)["read_at"]
    yesterday(small, WEEK)
    harvest([GIT], target=small)
    (again,) = [one for one in server.asked if one.path.startswith("/repositories/")]
    assert again.headers["if-none-match"].startswith('W/"')
    assert source(small, "made-up/ward-qa", GIT)["read_at"] >= before


def test_archiving_renaming_and_a_new_licence_are_news(small: Engine, server: ApiServer) -> None:
    harvest([GIT], target=small)
    repository = server.world.repositories[0]
    repository |= {"archived": True, "full_name": "new-home/ward-qa", "license": None}
    server.world.renamed["made-up/ward-qa"] = "new-home/ward-qa"
    yesterday(small, WEEK)
    harvest([GIT], target=small)
    told = {kind: (old, new) for kind, old, new in events(small, "source")}
    assert told == {
        "archived": ("no", "yes"),
        "renamed": ("made-up/ward-qa", "new-home/ward-qa"),
        "licence-changed": ("MIT", None),
    }


def test_code_that_loads_a_dataset_uses_it_and_neighbours_do_not(small: Engine, server: ApiServer, token: None) -> None:
    world = server.world
    for name in ("lab/uses", "lab/near", "lab/other"):
        world.repositories.append(gh_repository(name))
    world.code["lab/uses"] = {"train.py": 'from datasets import load_dataset\nd = load_dataset("made-up/Ward-QA")\n'}
    world.code["lab/near"] = {"train.py": 'd = load_dataset("made-up/Ward-QA-extended")\n'}
    world.code["lab/other"] = {"train.py": 'x = "made-up", "Ward", "QA"\n'}
    harvest([GIT], target=small)
    assert links(small) == {("lab/uses", "builds-on", "ward-qa")}


def test_the_search_for_code_is_metered_apart(small: Engine, server: ApiServer, token: None) -> None:
    server.fail("/search/code", say({"message": "API rate limit exceeded"}, 429, Retry_After="40000"), times=10**6)
    result = one(harvest([GIT], target=small))
    assert result.status == "partial"
    assert len(asked_for(server.asked, "/search/code")) == 1
    assert source(small, "made-up/ward-qa", GIT)["status"] == "alive", "the other limits serve on"
