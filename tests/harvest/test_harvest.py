"""Whole harvests: from the services over HTTP into the catalogue, night after night."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from sqlalchemy import Engine

from harvesters import github, huggingface, run
from harvesters.run import harvest
from registry.cards_io import fingerprint
from registry.importer import import_cards
from registry.tables import (
    ArtifactId,
    Candidate,
    Dataset,
    HarvestCursor,
    HarvestRun,
    Source,
    Statement,
)
from tests.support import cards
from tests.support.api_reply import say
from tests.support.api_server import ApiServer
from tests.support.api_world import (
    gh_repository,
    hf_dataset,
    hf_model,
    oa_work,
)
from tests.support.harvested import (
    ALEX,
    GIT,
    HUB,
    WEEK,
    asked_for,
    dataset,
    dump,
    events,
    links,
    one,
    rows,
    source,
    yesterday,
)  # fmt: skip

ROOT = Path(__file__).parents[2]


LOOK_UPS = 1
"""Questions by which the papers of the made-up cards are looked up at OpenAlex."""


def nights(number: int) -> dt.datetime:
    """The time of a nightly harvest."""
    return dt.datetime(2026, 11, 2, 2, 17, tzinfo=dt.UTC) + dt.timedelta(days=number)


def test_the_three_services_fill_the_catalogue(catalogue: Engine, server: ApiServer) -> None:
    world = server.world
    world.models.append(hf_model("made-lab/med-7b", "dataset:made-up/Ward-QA"))
    world.repositories.append(gh_repository("made-lab/evaluate"))
    world.readmes["made-lab/evaluate"] = "We evaluate on made-up/Ward-QA, and others."
    world.works[0]["cited_by_count"] = 1
    world.works.append(oa_work("W200", "A work that cites", "W100", doi="10.5555/citing"))
    results = harvest(target=catalogue)
    assert [(result.source, result.status, result.failed) for result in results] == [
        (HUB, "done", 0), (GIT, "done", 0), (ALEX, "done", 0),
    ]  # fmt: skip
    assert links(catalogue) == {
        ("made-lab/med-7b", "trains-on", "ward-qa"),
        ("made-lab/evaluate", "mentions", "ward-qa"),
        ("A work that cites", "cites", "ward-qa"),
    }
    row = source(catalogue, "made-up/ward-qa")
    assert (row["licence"], row["access"], row["status"]) == ("CC-BY-4.0", "open", "alive")
    assert source(catalogue, "made-up/ward-qa", GIT)["native_id"].isdigit()
    ids = {(row["scheme"], row["value"]): row["artifact_id"] for row in rows(catalogue, ArtifactId)}
    assert ids["openalex", "W100"] == ids["doi", "10.5555/ward"] == ids["arxiv", "2301.00001"]


def test_a_second_harvest_of_the_same_changes_nothing(catalogue: Engine, server: ApiServer) -> None:
    server.world.models.append(hf_model("made-lab/med-7b", "dataset:made-up/Ward-QA", "arxiv:2301.00001"))
    server.world.works[0]["cited_by_count"] = 1
    server.world.works.append(oa_work("W200", "A work that cites", "W100", doi="10.5555/citing"))
    server.world.datasets.append(hf_dataset("stranger/medical-things", "medical"))
    first = harvest(target=catalogue)
    assert sum(result.created + result.updated for result in first) > 5
    before = dump(catalogue)
    again = harvest(target=catalogue, full=True)
    assert [(r.created, r.updated, r.gone, r.failed) for r in again] == [(0, 0, 0, 0)] * 3
    assert all(result.unchanged for result in again)
    assert dump(catalogue) == before


def test_every_run_is_a_row_with_its_counts(catalogue: Engine, server: ApiServer) -> None:
    result = one(harvest([HUB], target=catalogue))
    (row,) = [row for row in rows(catalogue, HarvestRun) if row["source"] == HUB]
    counts = ("status", "requests", "created", "updated", "unchanged", "gone", "failed")
    assert [row[name] for name in counts] == [getattr(result, name) for name in counts]
    assert row["ended_at"] is not None
    assert result.requests == len(server.asked)
    said_in = {s["run_id"] for s in rows(catalogue, Statement) if s["origin"] == "harvested"}
    assert said_in == {row["id"]}


def test_a_quiet_night_costs_no_more_than_what_is_due(catalogue: Engine, server: ApiServer) -> None:
    """Searches are asked every night; of places, users and papers a seventh, so that all have their turn in a week."""
    first = harvest(target=catalogue, at=nights(0))
    nightly = len(huggingface.SEARCHES) + len(github.SEARCHES) + LOOK_UPS
    rest = sum(result.least for result in first) - nightly
    asked = 0
    for number in range(1, 8):
        results = harvest(target=catalogue, at=nights(number))
        assert [(r.created, r.updated, r.gone, r.failed) for r in results] == [(0, 0, 0, 0)] * 3
        assert [r.requests for r in results] == [r.least for r in results]
        asked += sum(r.requests for r in results)
    assert asked == 7 * nightly + rest


def test_a_second_harvest_on_the_same_day_asks_nothing(catalogue: Engine, server: ApiServer) -> None:
    harvest(target=catalogue)
    server.asked.clear()
    results = harvest(target=catalogue)
    assert ([r.requests for r in results], server.asked) == ([0, 0, 0], [])
    assert {r.status for r in results} == {"done"}


def test_every_place_is_looked_at_once_a_week(catalogue: Engine, server: ApiServer) -> None:
    harvest([HUB, GIT], target=catalogue, at=nights(0))
    server.asked.clear()
    for number in range(1, 8):
        harvest([HUB, GIT], target=catalogue, at=nights(number))
    names = {row["locator"] for row in rows(catalogue, Source) if row["provider"] == HUB}
    looked = asked_for(server.asked, r"/api/datasets/[^?]+\?blobs")
    assert sorted(looked) == sorted(f"/api/datasets/{name}?blobs=true" for name in names)
    assert len(asked_for(server.asked, "/repositories/")) == 1


def test_later_only_what_changed_is_told(catalogue: Engine, server: ApiServer) -> None:
    harvest([HUB], target=catalogue)
    yesterday(catalogue, WEEK)
    ward = server.world.datasets[0]
    ward |= {"sha": "f" * 40, "gated": "auto", "lastModified": "2026-11-24T01:00:00.000Z"}
    ward["cardData"]["license"] = "cc-by-nc-4.0"
    server.world.models.append(hf_model("made-lab/new", "dataset:made-up/Ward-QA"))
    result = one(harvest([HUB], target=catalogue))
    assert (result.created, result.updated) == (1, 1)
    changes = {kind: (old, new) for kind, old, new in events(catalogue)}
    assert changes["licence-changed"] == ("CC-BY-4.0", "CC-BY-NC-4.0")
    assert changes["access-changed"] == ("open", "gated")
    assert changes["new-revision"][1] == "f" * 40
    assert changes["new-artifact"] == (None, "made-lab/new")
    row = dataset(catalogue, "ward-qa")
    assert (row["licence"], row["access"]) == ("CC-BY-4.0", "open"), "the card goes first"


def test_renamed_repositories_are_followed_and_keep_their_old_names(catalogue: Engine, server: ApiServer) -> None:
    harvest([HUB, GIT], target=catalogue)
    yesterday(catalogue, WEEK)
    world = server.world
    world.datasets[0]["id"] = "new-home/Ward-QA"
    world.repositories[0]["full_name"] = "new-home/ward-qa"
    world.renamed = {"made-up/Ward-QA": "new-home/Ward-QA", "made-up/ward-qa": "new-home/ward-qa"}
    world.models.append(hf_model("made-lab/late", "dataset:made-up/Ward-QA"))
    harvest([HUB, GIT], target=catalogue)
    assert source(catalogue, "made-up/ward-qa")["locator"] == "new-home/Ward-QA"
    assert source(catalogue, "made-up/ward-qa", GIT)["locator"] == "new-home/ward-qa"
    assert {new for kind, _, new in events(catalogue) if kind == "renamed"} == {"new-home/Ward-QA", "new-home/ward-qa"}
    yesterday(catalogue, WEEK)
    world.models.append(hf_model("made-lab/later", "dataset:new-home/Ward-QA"))
    harvest([HUB], target=catalogue)
    assert links(catalogue) >= {("made-lab/later", "trains-on", "ward-qa")}


def test_another_repository_under_a_known_name_is_no_news_of_the_known_one(
    catalogue: Engine, server: ApiServer
) -> None:
    harvest([HUB], target=catalogue)
    yesterday(catalogue, WEEK)
    server.world.datasets[0]["_id"] = "f" * 24
    result = one(harvest([HUB], target=catalogue))
    assert (result.gone, result.created) == (1, 1)
    assert source(catalogue, "made-up/ward-qa")["native_id"] != "f" * 24


def test_what_vanished_is_gone_on_the_second_day(catalogue: Engine, server: ApiServer) -> None:
    harvest([HUB, GIT], target=catalogue)
    del server.world.datasets[0], server.world.repositories[0]
    for nights in (1, 2):
        yesterday(catalogue, WEEK if nights == 1 else 1)
        results = harvest([HUB, GIT], target=catalogue)
        assert [result.gone for result in results] == [1, 1]
        status = "gone" if nights == 2 else "alive"
        assert source(catalogue, "made-up/ward-qa")["status"] == status
        assert source(catalogue, "made-up/ward-qa", GIT)["status"] == status
    assert {old for kind, old, _ in events(catalogue) if kind == "removed"} == {"made-up/Ward-QA", "made-up/ward-qa"}


def test_missing_or_private_gated_disabled_and_taken_down_are_states_not_failures(
    catalogue: Engine, server: ApiServer
) -> None:
    gated = say({"error": "Access is restricted."}, 401, X_Error_Code="GatedRepo")
    server.fail("/api/datasets/somebody/ward-copy", gated)
    server.fail("/repos/made-up/ward-qa", say({"message": "blocked", "block": {"reason": "dmca"}}, 451))
    server.world.datasets[2]["disabled"] = True
    server.world.datasets[3]["gated"] = "manual"
    del server.world.datasets[0]
    results = harvest([HUB, GIT], target=catalogue)
    assert [(r.status, r.failed) for r in results] == [("done", 0), ("done", 0)]
    assert source(catalogue, "made-up/ward-qa")["status"] == "unknown", "missing or private: seen missing once"
    assert source(catalogue, "somebody/ward-copy")["access"] == "gated"
    assert source(catalogue, "made-up/shared")["status"] == "gone", "disabled by the Hub"
    assert source(catalogue, "made-up/ward-qa", GIT)["status"] == "gone"
    assert source(catalogue, "made-up/blank")["access"] == "gated"
    assert dataset(catalogue, "blank")["access"] is None, "nobody says that the place is the owner's"


def test_strangers_are_questions_and_only_those_that_are_public(catalogue: Engine, server: ApiServer) -> None:
    server.world.datasets += [
        hf_dataset("stranger/medical-copy", "arxiv:2301.00001v2"),
        hf_dataset("stranger/medical-notes", "medical"),
        hf_dataset("stranger/medical-secret", private=True),
        hf_dataset("stranger/recipes"),
    ]
    server.world.repositories.append(gh_repository("stranger/medical-dataset", description="On doi.org/10.5555/WARD"))
    harvest([HUB, GIT], target=catalogue)
    asked = {
        (row["kind"], json.loads(row["payload"])["place"]): row["evidence"]
        for row in rows(catalogue, Candidate)
        if row["status"] == "open"
    }
    assert asked.keys() == {
        ("link", "huggingface:stranger/medical-copy"),
        ("dataset", "huggingface:stranger/medical-notes"),
        ("link", "github:stranger/medical-dataset"),
    }
    paper = "the paper that introduces Ward-QA"
    assert asked["link", "huggingface:stranger/medical-copy"] == f"names arXiv 2301.00001, {paper}"
    assert asked["link", "github:stranger/medical-dataset"] == f"names DOI 10.5555/ward, {paper}"
    assert "'medical' in its name" in asked["dataset", "huggingface:stranger/medical-notes"]
    slugs = {row["slug"] for row in rows(catalogue, Dataset)}
    assert slugs == {"ward-qa", "blank", "first-half", "second-half"}


def test_citing_works_are_read_to_the_last_page(catalogue: Engine, server: ApiServer) -> None:
    server.world.works[0]["cited_by_count"] = 250
    server.world.works += [oa_work(f"W{1000 + n}", f"Citing {n}", "W100", doi=f"10.5555/{n}") for n in range(250)]
    harvest([ALEX], target=catalogue)
    assert len(links(catalogue)) == 250
    assert len(asked_for(server.asked, "filter=cites:W100")) == 3, "three pages of a hundred"
    server.world.works[0]["cited_by_count"] = 200
    del server.world.works[201:]
    yesterday(catalogue)
    server.asked.clear()
    harvest([ALEX], target=catalogue)
    assert len(asked_for(server.asked, "cites:W100,from_publication_date:", "from_publication_date:.*,cites:W100")) == 1


def test_works_that_cite_several_papers_are_asked_for_once(
    catalogue: Engine, card_folder: Path, server: ApiServer
) -> None:
    for number in range(60):
        paper = {"title": f"Made-up set {number}", "year": 2024, "doi": f"10.5555/set{number}"}
        cards.dataset(card_folder, f"set-{number}", paper=paper, sources=[])
        server.world.works.append(oa_work(f"W5{number:02}", paper["title"], doi=paper["doi"], cited_by_count=1))
    import_cards(catalogue, [card_folder], fingerprint([card_folder]))
    cited = [f"W5{number:02}" for number in range(60)]
    server.world.works.append(oa_work("W900", "It cites them all", *cited, doi="10.5555/all"))
    harvest([ALEX], target=catalogue)
    assert links(catalogue) == {("It cites them all", "cites", f"set-{number}") for number in range(60)}
    assert len(asked_for(server.asked, "filter=cites:")) == 2, "fifty papers in a question"


def test_an_exact_multiple_of_a_page_ends(catalogue: Engine, server: ApiServer) -> None:
    server.world.works[0]["cited_by_count"] = 100
    server.world.works += [oa_work(f"W{1000 + n}", f"Citing {n}", "W100", doi=f"10.5555/{n}") for n in range(100)]
    harvest([ALEX], target=catalogue)
    assert len(asked_for(server.asked, "filter=cites:W100")) == 2
    assert len(links(catalogue)) == 100


def test_a_paper_that_is_only_at_arxiv_is_found_by_its_address(catalogue: Engine, server: ApiServer) -> None:
    server.world.works[0] |= {"doi": None}
    server.world.works[0]["cited_by_count"] = 1
    server.world.works.append(oa_work("W200", "A work that cites", "W100", doi="10.5555/citing"))
    harvest([ALEX], target=catalogue)
    assert links(catalogue) == {("A work that cites", "cites", "ward-qa")}


def test_a_work_whose_id_churned_is_looked_up_anew(catalogue: Engine, server: ApiServer) -> None:
    harvest([ALEX], target=catalogue)
    server.world.works = [
        oa_work("W101", "Ward questions: a made-up dataset", doi="10.5555/ward", cited_by_count=1),
        oa_work("W200", "A work that cites", "W101", doi="10.5555/citing"),
    ]
    yesterday(catalogue)
    harvest([ALEX], target=catalogue)
    assert links(catalogue) == {("A work that cites", "cites", "ward-qa")}


def test_a_harvest_that_is_cut_short_goes_on_where_it_was(catalogue: Engine, server: ApiServer) -> None:
    server.world.works[0]["cited_by_count"] = 250
    server.world.works += [oa_work(f"W{1000 + n}", f"Citing {n}", "W100", doi=f"10.5555/{n}") for n in range(250)]
    first = one(harvest([ALEX], max_requests=4, target=catalogue))
    assert (first.status, first.message) == ("partial", "openalex: the 4 requests allowed are used")
    assert len(links(catalogue)) == 100
    (cursor,) = [row for row in rows(catalogue, HarvestCursor) if row["query"] == "citing"]
    assert cursor["cursor"], "where it goes on"
    assert not [row for row in rows(catalogue, HarvestCursor) if row["query"].startswith("cites:")], "all of it or none"
    server.asked.clear()
    assert one(harvest([ALEX], target=catalogue)).status == "done"
    assert len(asked_for(server.asked, "filter=cites:W100")) == 2
    assert len(links(catalogue)) == 250


def test_places_that_were_not_reached_come_first_next_time(catalogue: Engine, server: ApiServer) -> None:
    for _ in range(4):
        harvest([HUB], max_requests=20, target=catalogue)
    assert all(row["read_at"] for row in rows(catalogue, Source) if row["provider"] == HUB)


def test_few_requests_are_shared_by_what_there_is_to_do(catalogue: Engine, server: ApiServer) -> None:
    assert one(harvest([HUB], max_requests=16, target=catalogue)).requests == 16
    for part in (r"/api/datasets\?", "/api/papers/", "/api/datasets/", "/api/(models|spaces)"):
        assert asked_for(server.asked, part), part


def test_allowed_requests_are_shared_by_the_services(catalogue: Engine, server: ApiServer) -> None:
    results = harvest(max_requests=21, target=catalogue)
    assert [result.requests for result in results] == [7, 7, 7]
    assert len(server.asked) == 21


def test_searches_of_github_go_on_when_the_other_limit_is_spent(catalogue: Engine, server: ApiServer) -> None:
    server.limits.github = 0
    server.world.repositories.append(gh_repository("stranger/medical-dataset"))
    result = one(harvest([GIT], target=catalogue))
    assert result.status == "partial"
    assert "the limit of requests is spent; it asks to come back in 60 minutes" in (result.message or "")
    assert source(catalogue, "stranger/medical-dataset", GIT)["status"] == "alive"


def test_a_day_that_is_spent_ends_the_run_cleanly(catalogue: Engine, server: ApiServer) -> None:
    server.limits.openalex = 0
    result = one(harvest([ALEX], target=catalogue))
    assert result.status == "partial"
    assert result.message == "openalex: the limit of requests is spent; it asks to come back in 13.6 hours"
    assert len(server.asked) == 1


def test_a_dry_run_counts_and_stores_nothing(catalogue: Engine, server: ApiServer) -> None:
    server.world.models.append(hf_model("made-lab/med-7b", "dataset:made-up/Ward-QA", "dataset:made-up/blank"))
    server.world.datasets.append(hf_dataset("stranger/medical-clinical-notes", "medical"))
    before, runs = dump(catalogue), rows(catalogue, HarvestRun)
    result = one(harvest([HUB], dry_run=True, target=catalogue))
    assert (result.status, result.updated > 3, result.created) == ("done", True, 2)
    assert dump(catalogue) == before
    assert rows(catalogue, HarvestRun) == runs
    real = one(harvest([HUB], target=catalogue))
    assert real.created == result.created


def test_what_became_public_lately_is_found_though_it_bears_an_old_date(catalogue: Engine, server: ApiServer) -> None:
    server.world.models.append(hf_model("made-lab/known", "dataset:made-up/Ward-QA"))
    harvest([HUB], target=catalogue)
    old = "2024-01-01T00:00:00.000Z"
    server.world.models.append(hf_model("made-lab/was-private", "dataset:made-up/Ward-QA", lastModified=old))
    yesterday(catalogue)
    harvest([HUB], target=catalogue)
    assert {title for title, _, _ in links(catalogue)} == {"made-lab/known"}
    for _ in range(30):
        yesterday(catalogue)
    harvest([HUB], target=catalogue)
    assert {title for title, _, _ in links(catalogue)} == {"made-lab/known", "made-lab/was-private"}


def test_since_reads_lists_down_to_that_day_and_leaves_the_marks(catalogue: Engine, server: ApiServer) -> None:
    old = hf_model("made-lab/old", "dataset:made-up/Ward-QA", lastModified="2024-01-01T00:00:00.000Z")
    new = hf_model("made-lab/new", "dataset:made-up/Ward-QA", lastModified="2026-11-20T00:00:00.000Z")
    server.world.models += [old, new]
    harvest([HUB], since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), target=catalogue)
    assert {title for title, _, _ in links(catalogue)} == {"made-lab/new"}


def test_the_harvesters_are_those_of_the_command_line() -> None:
    from registry.cli.harvest import SERVICES

    assert tuple(run.HARVESTERS) == SERVICES
