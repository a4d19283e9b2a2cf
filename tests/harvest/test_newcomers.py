"""Places that no card names: attached on evidence, registered, asked about or left out, and what works find wrong."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from registry.db import writing
from registry.ingest import Outcome, ingest
from registry.observation import File, Observation, Touch
from registry.tables import Artifact, Candidate, Dataset, DatasetSource, Event, Finding, Source, SourceLink
from tests.support.api_world import hexes
from tests.support.harvested import Row, dataset, dump, events, links, rows, source

MONDAY = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)
TUESDAY = MONDAY + dt.timedelta(days=1)
DATA = tuple(File(f"data/{part}.parquet", 10_000, hexes(part, 64)) for part in ("train", "dev", "test"))


def page(name: str, *, notes: bool = True, **fields: Any) -> Observation:
    """A repository of Hugging Face; with `notes` it says that it holds clinical notes."""
    told: dict[str, Any] = {"description": "Recipes of cakes.", "tags": ["cooking"]}
    if notes:
        told = {"description": "Clinical notes of hospital patients, a medical dataset.", "tags": ["medical"]}
    usual: dict[str, Any] = {
        "provider": "huggingface",
        "kind": "dataset",
        "native_id": hexes(name, 24),
        "locator": name,
        "seen_at": MONDAY,
        "url": f"https://huggingface.co/datasets/{name}",
        "title": name,
        "access": "open",
        "licence_raw": "mit",
        "reason": "found by filter 'medical' on Hugging Face",
        "fields": told | {"languages": ["en"]},
    }
    return Observation(**(usual | fields))


def official(**fields: Any) -> Observation:
    """The home of ward-qa, which has a card."""
    return page("made-up/Ward-QA", asked="made-up/Ward-QA", **fields)


def work(key: str, title: str, abstract: str | None = None, **fields: Any) -> Observation:
    usual: dict[str, Any] = {
        "provider": "openalex",
        "kind": "paper",
        "native_id": key,
        "locator": key,
        "seen_at": MONDAY,
        "url": f"https://openalex.org/{key}",
        "title": title,
        "complete": False,
        "ids": (("openalex", key),),
        "fields": {"summary": abstract},
        "touches": (Touch("cites", "arxiv", "2301.00001", "in its references", 0.9),),
    }
    return Observation(**(usual | fields))


def write(target: Engine, *observations: Observation) -> Outcome:
    with writing(target) as connection:
        return ingest(connection, observations, run_id=None)


def homes(target: Engine, slug: str) -> dict[str, Row]:
    """Place → why we think that the dataset lives there."""
    key = dataset(target, slug)["id"]
    named = {row["id"]: row["locator"] for row in rows(target, Source)}
    return {named[row["source_id"]]: row for row in rows(target, DatasetSource) if row["dataset_id"] == key}


def question(target: Engine, kind: str) -> Row:
    (found,) = [row for row in rows(target, Candidate) if row["kind"] == kind]
    return found


def test_a_page_that_is_surely_of_a_medical_dataset_becomes_one(catalogue: Engine) -> None:
    assert write(catalogue, page("clinic/notes")) == Outcome(created=1)
    row = dataset(catalogue, "clinic-notes")
    assert (row["standing"], row["name"]) == ("harvested", "notes")
    assert row["summary"] == "Clinical notes of hospital patients, a medical dataset."
    home = homes(catalogue, "clinic-notes")["clinic/notes"]
    assert (home["role"], home["said_by"]) == ("unknown", "huggingface")
    assert home["evidence"].startswith("score ")
    assert "medical" in home["evidence"]
    assert rows(catalogue, Candidate) == [], "nothing is left to ask"
    (added,) = [row for row in rows(catalogue, Event) if row["subject_id"] == row["dataset_id"] == home["dataset_id"]]
    assert (added["kind"], added["new"]) == ("added", "notes")


def test_what_its_page_says_of_licence_and_access_is_not_taken_for_the_owners(catalogue: Engine) -> None:
    write(catalogue, page("clinic/notes"))
    row = dataset(catalogue, "clinic-notes")
    assert (row["licence"], row["access"], row["commercial"]) == (None, None, None)
    assert source(catalogue, "clinic/notes")["licence"] == "MIT"


def test_it_follows_what_its_page_says(catalogue: Engine) -> None:
    write(catalogue, page("clinic/notes"))
    said = page("clinic/notes", seen_at=TUESDAY, title="Clinic Notes", fields={"description": "Medical notes."})
    assert write(catalogue, said) == Outcome(updated=1)
    row = dataset(catalogue, "clinic-notes")
    assert (row["name"], row["summary"]) == ("Clinic Notes", "Medical notes.")
    before = dump(catalogue)
    assert write(catalogue, said) == Outcome(unchanged=1)
    assert dump(catalogue) == before


def test_slugs_have_the_owners_name_and_are_nobody_elses(catalogue: Engine) -> None:
    first = page("clinic/notes")
    second = page("clinic/notes", provider="github", native_id="900000007", url="https://github.com/clinic/notes")
    third = page("Clinic/Notes_", native_id=hexes("third", 24))
    write(catalogue, first, second, third)
    slugs = {row["slug"] for row in rows(catalogue, Dataset) if row["standing"] == "harvested"}
    assert slugs == {"clinic-notes", "clinic-notes-github", "clinic-notes-huggingface"}


def test_what_is_not_medical_is_left_out_and_it_is_told_why(catalogue: Engine) -> None:
    assert write(catalogue, page("baker/cakes", notes=False)) == Outcome(ignored=1)
    assert not [row for row in rows(catalogue, Source) if row["locator"] == "baker/cakes"]
    asked = question(catalogue, "dataset")
    assert (asked["status"], asked["decided_by"], asked["source_id"]) == ("rejected", "rule", None)
    assert asked["evidence"].startswith("score 0.")
    assert write(catalogue, page("baker/cakes", notes=False, seen_at=TUESDAY)) == Outcome(ignored=1)
    assert question(catalogue, "dataset")["last_seen"] == TUESDAY


def test_what_was_left_out_is_taken_in_once_its_page_says_more(catalogue: Engine) -> None:
    write(catalogue, page("someone/x7", notes=False))
    assert write(catalogue, page("someone/x7", seen_at=TUESDAY)) == Outcome(created=1)
    assert dataset(catalogue, "someone-x7")["standing"] == "harvested"
    asked = question(catalogue, "dataset")
    assert (asked["status"], asked["decided_by"]) == ("accepted", "rule")


def test_what_a_person_decided_stays_decided(catalogue: Engine) -> None:
    write(catalogue, page("someone/x7", notes=False))
    with writing(catalogue) as connection:
        connection.execute(Candidate.__table__.update().values(decided_by="Ada"))  # type: ignore[attr-defined]
    write(catalogue, page("someone/x7", notes=False, seen_at=TUESDAY, fields={"description": "A health thing."}))
    assert question(catalogue, "dataset")["status"] == "rejected"


def test_a_place_with_the_same_files_is_a_copy(catalogue: Engine) -> None:
    write(catalogue, official(files=DATA))
    assert write(catalogue, page("somebody/x7", files=DATA)) == Outcome(created=1)
    home = homes(catalogue, "ward-qa")["somebody/x7"]
    assert home["role"] == "mirror"
    assert home["evidence"] == "3 of its 3 files of data are those of Ward-QA by SHA-256"
    assert ("added", None, f"somebody/x7: {home['evidence']}") in events(catalogue, "source")
    assert rows(catalogue, Candidate) == []


def test_a_copy_brings_no_licence_of_its_own(catalogue: Engine) -> None:
    write(catalogue, official(files=DATA, licence_raw="cc-by-nc-4.0"))
    before = dataset(catalogue, "ward-qa")["licence"]
    write(catalogue, page("somebody/x7", files=DATA, licence_raw="mit"))
    assert dataset(catalogue, "ward-qa")["licence"] == before


def test_a_place_that_cites_the_paper_for_itself_and_has_the_name_is_attached(catalogue: Engine) -> None:
    write(catalogue, page("somebody/ward-qa", own_ids=(("arxiv", "2301.00001v2"),)))
    home = homes(catalogue, "ward-qa")["somebody/ward-qa"]
    assert home["role"] == "unknown"
    assert "cites arXiv 2301.00001 for itself" in home["evidence"]


@pytest.mark.parametrize("name", ["somebody/ward-qa-german", "somebody/things"])
def test_a_place_that_has_only_one_of_both_is_asked_about(catalogue: Engine, name: str) -> None:
    assert write(catalogue, page(name, own_ids=(("arxiv", "2301.00001"),))) == Outcome(created=1)
    assert name not in homes(catalogue, "ward-qa")
    asked = question(catalogue, "link")
    assert (asked["dataset_id"], asked["status"]) == (dataset(catalogue, "ward-qa")["id"], "open")
    assert "2301.00001" in asked["evidence"]


def test_a_place_that_the_owners_link_under_its_name_is_attached(catalogue: Engine) -> None:
    link = Touch("mentions", "huggingface", "made-up/ward-qa-data", "its card names it", 0.4)
    write(catalogue, official(touches=(link,)))
    kept = {(row["scheme"], row["value"]) for row in rows(catalogue, SourceLink)}
    assert kept == {("huggingface", "made-up/ward-qa-data")}
    write(catalogue, page("made-up/ward-qa-data"))
    home = homes(catalogue, "ward-qa")["made-up/ward-qa-data"]
    assert (home["role"], home["evidence"].partition(";")[0]) == ("unknown", "an official place of Ward-QA links it")
    write(catalogue, official(seen_at=TUESDAY))
    assert rows(catalogue, SourceLink) == [], "its page links it no more"


def test_more_is_seen_of_a_dataset_later_and_it_may_be_one_that_is_known(catalogue: Engine) -> None:
    """A list shows no files; the closer look finds those of a dataset that has a card."""
    write(catalogue, official(files=DATA))
    write(catalogue, page("somebody/x7", complete=False))
    write(catalogue, page("somebody/x7", seen_at=TUESDAY, files=DATA))
    asked = question(catalogue, "merge")
    assert (asked["dataset_id"], asked["other_id"]) == (
        dataset(catalogue, "somebody-x7")["id"],
        dataset(catalogue, "ward-qa")["id"],
    )
    assert "by SHA-256" in asked["evidence"]
    assert homes(catalogue, "somebody-x7").keys() == {"somebody/x7"}, "datasets are never merged by the machine"


def test_a_record_of_a_repository_is_a_place_of_its_own_told_by_openalex(catalogue: Engine) -> None:
    record = page("1234567", provider="zenodo", native_id="1234567", voice="openalex", title="Notes of a clinic")
    write(catalogue, record)
    assert dataset(catalogue, "notes-of-a-clinic")["name"] == "Notes of a clinic"
    assert homes(catalogue, "notes-of-a-clinic")["1234567"]["said_by"] == "openalex"


def test_a_further_version_of_a_record_is_a_question(catalogue: Engine) -> None:
    def record(number: str) -> Observation:
        return page(number, provider="zenodo", native_id=number, voice="openalex", title="Notes of a clinic")

    write(catalogue, record("100"), record("101"))
    write(catalogue, replace(record("103"), seen_at=TUESDAY))
    assert [row["slug"] for row in rows(catalogue, Dataset) if row["standing"] == "harvested"] == ["notes-of-a-clinic"]
    asked = {row["kind"]: row for row in rows(catalogue, Candidate)}
    assert asked.keys() == {"dataset", "link"}
    assert json.loads(asked["link"]["payload"])["place"] == "zenodo:103"


def test_a_thing_is_asked_once_though_several_versions_of_a_paper_say_it(catalogue: Engine) -> None:
    title = "Label errors in Ward-QA"
    article = work("W9", title, ids=(("openalex", "W9"), ("doi", "10.5555/e"), ("arxiv", "2405.00001")))
    write(catalogue, article)
    write(catalogue, work("W8", title, ids=(("openalex", "W8"), ("arxiv", "2405.00001")), seen_at=TUESDAY))
    assert len([row for row in rows(catalogue, Candidate) if row["kind"] == "finding"]) == 1


def test_the_paper_that_its_page_asks_to_cite_introduces_it(catalogue: Engine) -> None:
    cited = page("clinic/notes", own_ids=(("arxiv", "2401.00001"),))
    write(catalogue, cited)
    assert links(catalogue) == {("arxiv 2401.00001", "introduces", "clinic-notes")}
    touch = Touch("cites", "openalex", "W5", "in its references", 0.9)
    ids = (("openalex", "W5"), ("arxiv", "2401.00001"))
    write(catalogue, work("W5", "Notes of a clinic", ids=ids, touches=()), work("W6", "It cites", touches=(touch,)))
    assert links(catalogue) == {
        ("Notes of a clinic", "introduces", "clinic-notes"),
        ("It cites", "cites", "clinic-notes"),
    }
    before = dump(catalogue)
    write(catalogue, replace(cited, seen_at=TUESDAY))
    assert dump(catalogue) == before
    write(catalogue, page("clinic/notes", seen_at=TUESDAY))
    assert {relation for _, relation, _ in links(catalogue)} == {"cites"}, "it asks no more"


def test_two_identifiers_of_one_paper_become_one_once_that_is_known(catalogue: Engine) -> None:
    write(catalogue, page("clinic/notes", own_ids=(("arxiv", "2401.00001"), ("doi", "10.5555/notes"))))
    assert len(links(catalogue)) == 2, "nobody has said yet that both are one"
    ids = (("openalex", "W5"), ("arxiv", "2401.00001"), ("doi", "10.5555/notes"))
    write(catalogue, work("W5", "Notes of a clinic", ids=ids, touches=()))
    assert links(catalogue) == {("Notes of a clinic", "introduces", "clinic-notes")}


def test_a_paper_that_introduces_a_dataset_with_a_card_introduces_no_other(catalogue: Engine) -> None:
    write(catalogue, page("clinic/notes"))
    write(catalogue, page("clinic/notes", seen_at=TUESDAY, own_ids=(("arxiv", "2301.00001"),)))
    assert links(catalogue) == set()
    assert question(catalogue, "merge")["other_id"] == dataset(catalogue, "ward-qa")["id"]


ODD = ["Made Journal", "https://[", "http://", "www.example.org", "https://x" * 300, "\ud800"]


@pytest.mark.parametrize("site", ODD)
def test_a_homepage_that_is_no_address_hinders_nothing(catalogue: Engine, site: str) -> None:
    told = f"Clinical notes of patients, a medical dataset. {site}"
    fields = {"description": told, "tags": ["medical"], "site": site, "card_text": f"See {site}."}
    assert write(catalogue, page("clinic/notes", fields=fields)) == Outcome(created=1)


def test_a_repository_that_was_archived_is_news(catalogue: Engine) -> None:
    usual = {"provider": "github", "native_id": "900000001", "url": "https://github.com/made-up/ward-qa"}
    write(catalogue, official(**usual))
    archived = official(**usual, seen_at=TUESDAY, fields={"archived": True})
    assert write(catalogue, archived) == Outcome(updated=1)
    assert ("archived", "no", "yes") in events(catalogue, "source")
    later = official(**usual, seen_at=TUESDAY, complete=False, fields={})
    assert write(catalogue, later) == Outcome(unchanged=1), "who does not speak of it takes nothing back"
    assert write(catalogue, official(**usual, seen_at=TUESDAY)) == Outcome(updated=1)
    assert events(catalogue, "source")[-1] == ("archived", "yes", "no")


def test_a_list_that_shows_another_revision_asks_for_a_closer_look(catalogue: Engine) -> None:
    write(catalogue, official(revision="a" * 40))
    assert source(catalogue, "made-up/ward-qa")["read_at"] == MONDAY
    seen = page("made-up/Ward-QA", complete=False, seen_at=TUESDAY)
    write(catalogue, replace(seen, revision="a" * 40))
    assert source(catalogue, "made-up/ward-qa")["read_at"] == MONDAY
    write(catalogue, replace(seen, revision="b" * 40))
    row = source(catalogue, "made-up/ward-qa")
    assert (row["read_at"], row["last_checked"]) == (None, TUESDAY)
    assert ("new-revision", "a" * 40, "b" * 40) in events(catalogue, "source")


def test_a_work_that_speaks_of_what_is_wrong_becomes_a_question(catalogue: Engine) -> None:
    write(catalogue, work("W9", "Label errors in Ward-QA and what they cost"))
    asked = question(catalogue, "finding")
    told = json.loads(asked["payload"])
    assert (told["kind"], told["datasets"]) == ("label-error", ["ward-qa"])
    assert asked["evidence"] == "says 'Label errors'; cites or names ward-qa"
    assert (asked["status"], asked["dataset_id"]) == ("open", dataset(catalogue, "ward-qa")["id"])
    assert rows(catalogue, Finding) == [], "a machine confirms nothing"


def test_a_work_on_something_else_that_cites_it_asks_nothing(catalogue: Engine) -> None:
    write(catalogue, work("W9", "Anastomotic leakage after bowel surgery", "Leakage occurred in 4 of 90 patients."))
    assert rows(catalogue, Candidate) == []


def test_the_paper_of_a_dataset_says_nothing_wrong_about_it(catalogue: Engine) -> None:
    ids = (("openalex", "W100"), ("arxiv", "2301.00001"))
    title = "Ward questions: a made-up dataset"
    write(catalogue, work("W100", title, "We remove label errors and avoid data leakage in the dataset.", ids=ids))
    assert rows(catalogue, Candidate) == []


def test_the_retraction_of_its_paper_is_news_and_a_question(catalogue: Engine) -> None:
    ids = (("openalex", "W100"), ("arxiv", "2301.00001"))
    paper = work("W100", "Ward questions: a made-up dataset", ids=ids, fields={"retracted": False}, touches=())
    write(catalogue, paper)
    assert events(catalogue, "artifact") == []
    gone = replace(paper, fields={"retracted": True}, seen_at=TUESDAY)
    assert write(catalogue, gone) == Outcome(updated=1)
    assert [kind for kind, _, _ in events(catalogue, "artifact")] == ["retracted"]
    assert [row["retracted"] for row in rows(catalogue, Artifact) if row["title"] == paper.title] == [True]
    asked = question(catalogue, "finding")
    assert json.loads(asked["payload"])["kind"] == "retraction"
    before = dump(catalogue)
    assert write(catalogue, gone) == Outcome(unchanged=1)
    assert dump(catalogue) == before


def test_code_that_is_itself_the_home_of_a_dataset_does_not_use_it(catalogue: Engine) -> None:
    touch = Touch("mentions", "huggingface", "made-up/Ward-QA", "in its README", 0.5)
    own = page("made-up/ward-qa", provider="github", kind="code", native_id="900000001", touches=(touch,))
    assert write(catalogue, own) == Outcome(unchanged=1)
    assert not [row for row in rows(catalogue, Artifact) if row["kind"] == "code"]
