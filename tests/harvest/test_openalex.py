"""What is asked of OpenAlex: works by their identifiers and titles, who cites them, and records of datasets."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from harvesters.run import harvest
from registry.cards_io import fingerprint
from registry.importer import import_cards
from registry.tables import Artifact, ArtifactId, Candidate, DatasetSource, Source
from tests.support import cards
from tests.support.api_bodies_other import inverted
from tests.support.api_server import ApiServer
from tests.support.api_world import oa_work
from tests.support.harvested import ALEX, asked_for, dataset, events, links, one, rows, source, yesterday

TITLE = "A made-up corpus of notes, known by its title alone"


@pytest.fixture
def titled(small: Engine, card_folder: Path) -> Engine:
    """A dataset of whose paper only the title is known."""
    cards.dataset(card_folder, "titled", paper={"title": TITLE, "year": 2022}, sources=[])
    import_cards(small, [card_folder], fingerprint([card_folder]))
    return small


def test_a_paper_of_which_only_the_title_is_known_is_found_by_it(titled: Engine, server: ApiServer) -> None:
    server.world.works += [
        oa_work("W700", TITLE, doi="10.5555/titled", publication_year=2023, cited_by_count=1),
        oa_work("W701", TITLE + ": the sequel", doi="10.5555/sequel", publication_year=2022),
        oa_work("W702", "It cites", "W700", doi="10.5555/c"),
    ]
    harvest([ALEX], target=titled)
    assert links(titled) == {("It cites", "cites", "titled")}
    ids = {(row["scheme"], row["value"]): row["artifact_id"] for row in rows(titled, ArtifactId)}
    assert ids["openalex", "W700"] == ids["doi", "10.5555/titled"]
    assert ("openalex", "W701") not in ids


def test_a_work_of_the_same_title_from_another_time_is_another(titled: Engine, server: ApiServer) -> None:
    server.world.works.append(oa_work("W700", TITLE, doi="10.5555/titled", publication_year=2010, cited_by_count=1))
    harvest([ALEX], target=titled)
    assert ("openalex", "W700") not in {(row["scheme"], row["value"]) for row in rows(titled, ArtifactId)}


def test_searches_by_title_cost_ten_times_as_much_and_are_made_once_a_week(titled: Engine, server: ApiServer) -> None:
    harvest([ALEX], target=titled)
    assert len(asked_for(server.asked, "filter=title.search:")) == 1
    yesterday(titled)
    server.asked.clear()
    harvest([ALEX], target=titled)
    assert len(asked_for(server.asked, "filter=title.search:")) <= 1


def test_who_cites_the_preprint_and_the_article_is_counted_once(small: Engine, server: ApiServer) -> None:
    world = server.world
    world.works[0] = oa_work("W100", "Ward questions: a made-up dataset", doi="10.5555/ward", cited_by_count=2)
    preprint = "10.48550/arxiv.2301.00001"
    world.works += [
        oa_work("W101", "Ward questions: a made-up dataset", doi=preprint, cited_by_count=2, type="preprint"),
        oa_work("W200", "It cites both", "W100", "W101", doi="10.5555/both"),
        oa_work("W201", "It cites the preprint", "W101", doi="10.5555/pre"),
        oa_work("W202", "It cites the article", "W100", doi="10.5555/art"),
    ]
    harvest([ALEX], target=small)
    titles = [title for title, _, _ in sorted(links(small))]
    assert titles == ["It cites both", "It cites the article", "It cites the preprint"]
    ids = {(row["scheme"], row["value"]): row["artifact_id"] for row in rows(small, ArtifactId)}
    assert ids["openalex", "W100"] == ids["openalex", "W101"]


def test_abstracts_are_put_together(small: Engine, server: ApiServer) -> None:
    words = "Questions that clinicians ask on a ward , and answers ."
    server.world.works[0]["abstract_inverted_index"] = inverted(words)
    harvest([ALEX], target=small)
    (paper,) = [row for row in rows(small, Artifact) if row["title"] == "Ward questions: a made-up dataset"]
    assert paper["summary"] == words


def test_citing_works_that_speak_of_a_fault_become_questions(small: Engine, server: ApiServer) -> None:
    server.world.works[0]["cited_by_count"] = 1
    errors = oa_work("W200", "A second look at the labels", "W100", doi="10.5555/e")
    errors["abstract_inverted_index"] = inverted("We find label errors in the Ward-QA dataset .")
    server.world.works.append(errors)
    harvest([ALEX], target=small)
    (asked,) = [row for row in rows(small, Candidate) if row["kind"] == "finding"]
    assert asked["evidence"].startswith("says 'label errors'")
    assert asked["evidence"].endswith("; cites or names ward-qa")


def test_a_retraction_is_news(small: Engine, server: ApiServer) -> None:
    harvest([ALEX], target=small)
    server.world.works[0]["is_retracted"] = True
    yesterday(small)
    harvest([ALEX], target=small)
    assert [kind for kind, _, _ in events(small, "artifact")] == ["retracted"]


def test_records_of_repositories_are_found_though_they_are_hidden_by_default(small: Engine, server: ApiServer) -> None:
    told = inverted("Recordings of patients of a hospital , a clinical dataset .")
    usual = {"type": "dataset", "is_xpac": True, "abstract_inverted_index": told}
    server.world.works += [
        oa_work("W300", "Medical imaging dataset of a ward", doi="10.5281/zenodo.4242", **usual),
        oa_work("W301", "Medical imaging dataset of a clinic", doi="10.6084/m9.figshare.77", **usual),
        oa_work("W302", "Medical imaging dataset at the Hub", doi="10.57967/hf/99", **usual),
    ]
    harvest([ALEX], target=small)
    assert asked_for(server.asked, "include_xpac=true")
    zenodo = source(small, "4242", "zenodo")
    assert (zenodo["url"], zenodo["native_id"]) == ("https://doi.org/10.5281/zenodo.4242", "4242")
    assert source(small, "10.6084/m9.figshare.77", "doi")["status"] == "alive"
    assert not [row for row in rows(small, Source) if "57967" in row["native_id"]]
    home = {row["source_id"]: row for row in rows(small, DatasetSource)}[zenodo["id"]]
    assert (home["said_by"], home["role"]) == ("openalex", "unknown")
    assert dataset(small, "medical-imaging-dataset-of-a-ward")["standing"] == "harvested"


def test_a_record_that_a_card_names_is_its_place(small: Engine, card_folder: Path, server: ApiServer) -> None:
    places = [{"provider": "zenodo", "id": "4242", "role": "official"}]
    cards.dataset(card_folder, "recorded", sources=places)
    import_cards(small, [card_folder], fingerprint([card_folder]))
    server.world.works.append(
        oa_work("W300", "Medical imaging dataset", doi="10.5281/zenodo.4242", type="dataset", is_xpac=True)
    )
    result = one(harvest([ALEX], target=small))
    assert (result.status, source(small, "4242", "zenodo")["status"]) == ("done", "alive")
    assert not [row for row in rows(small, Candidate) if row["kind"] == "dataset"]


def test_a_budget_ends_the_run_cleanly(small: Engine, server: ApiServer) -> None:
    result = one(harvest([ALEX], budget=0.0015, target=small))
    assert (result.status, result.message) == ("partial", "openalex: the budget of $0.0015 is spent")
    assert "$0.00" in result.left
