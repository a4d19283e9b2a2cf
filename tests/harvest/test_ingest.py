"""The one door: observations become places, statements, links and questions; twice the same changes nothing."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from registry.cards_io import fingerprint
from registry.db import writing
from registry.importer import import_cards
from registry.ingest import Outcome, ingest
from registry.observation import File, Observation, Touch
from registry.tables import Artifact, ArtifactId, Candidate, DatasetFile, DatasetSource, Event, Source, SourceAlias
from tests.support import cards
from tests.support.api_world import hexes
from tests.support.harvested import dataset, dump, events, links, rows, said, source

MONDAY = dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC)
TUESDAY = MONDAY + dt.timedelta(days=1)
WARD = "65aa00000000000000000001"


def place(**fields: Any) -> Observation:
    """The official repository of ward-qa as Hugging Face shows it."""
    usual: dict[str, Any] = {
        "provider": "huggingface",
        "kind": "dataset",
        "native_id": WARD,
        "locator": "made-up/Ward-QA",
        "asked": "made-up/Ward-QA",
        "seen_at": MONDAY,
        "url": "https://huggingface.co/datasets/made-up/Ward-QA",
        "revision": "a" * 40,
        "licence_raw": "cc-by-4.0",
        "access": "open",
        "fields": {"tasks": ["summarization"], "downloads": 10},
    }
    return Observation(**(usual | fields))


def blank(**fields: Any) -> Observation:
    """The repository of a dataset of which a list gives the name alone."""
    name = "made-up/blank"
    return place(native_id="65aa00000000000000000002", locator=name, asked=name, url=f"https://hf/{name}", **fields)


def stranger(name: str, **fields: Any) -> Observation:
    """A repository that no card names, as a list shows it."""
    usual = {"native_id": hexes(name, 24), "url": f"https://hf/{name}", "title": name, "asked": None, "complete": False}
    return place(**(usual | {"locator": name, "reason": "found by 'medical'"} | fields))


def model(**fields: Any) -> Observation:
    usual: dict[str, Any] = {
        "provider": "huggingface",
        "kind": "model",
        "native_id": "65bb00000000000000000001",
        "locator": "made-lab/med-7b",
        "seen_at": MONDAY,
        "url": "https://huggingface.co/made-lab/med-7b",
        "title": "made-lab/med-7b",
        "ids": (("huggingface", "made-lab/med-7b"),),
        "touches": (Touch("trains-on", "huggingface", "made-up/Ward-QA", "its card declares it", 0.9),),
    }
    return Observation(**(usual | fields))


def work(key: str, title: str, *ids: tuple[str, str], **fields: Any) -> Observation:
    usual: dict[str, Any] = {
        "provider": "openalex",
        "kind": "paper",
        "native_id": key,
        "locator": key,
        "seen_at": MONDAY,
        "url": f"https://openalex.org/{key}",
        "title": title,
        "ids": (("openalex", key), *ids),
        "complete": False,
    }
    return Observation(**(usual | fields))


def write(target: Engine, *observations: Observation) -> Outcome:
    with writing(target) as connection:
        return ingest(connection, observations, run_id=None)


def test_a_place_that_a_card_knows_by_name_takes_on_the_hubs_id_and_keeps_its_name(catalogue: Engine) -> None:
    before = source(catalogue, "made-up/Ward-QA")
    assert write(catalogue, place()) == Outcome(updated=1)
    after = source(catalogue, "made-up/ward-qa")
    assert after["id"] == before["id"]
    assert (before["native_id"], after["native_id"]) == ("made-up/ward-qa", WARD)
    assert (after["revision"], after["licence_raw"], after["licence"], after["access"], after["status"]) == (
        "a" * 40, "cc-by-4.0", "CC-BY-4.0", "open", "alive",
    )  # fmt: skip
    assert after["last_checked"] == MONDAY


def test_the_same_observations_twice_change_nothing_and_log_nothing(catalogue: Engine) -> None:
    page = [
        place(files=(File("a.csv", 5, "0" * 64),)),
        blank(),
        stranger("new/thing-of-clinics"),
        model(),
        work("W1", "A work that cites", touches=(Touch("cites", "arxiv", "2301.00001v2", "references", 0.9),)),
    ]
    assert write(catalogue, *page) == Outcome(created=3, updated=2)
    before = dump(catalogue)
    later = [replace(one, seen_at=TUESDAY) for one in page]
    assert write(catalogue, *later) == Outcome(unchanged=5)
    assert dump(catalogue) == before
    assert source(catalogue, "made-up/ward-qa")["last_checked"] == TUESDAY


def test_what_a_place_says_is_kept_with_its_address_and_time(catalogue: Engine) -> None:
    write(catalogue, place())
    key = source(catalogue, "made-up/ward-qa")["id"]
    assert said(catalogue, key, "huggingface") == {
        "tasks": '["summarization"]',
        "downloads": "10",
        "licence_raw": '"cc-by-4.0"',
        "licence": '"CC-BY-4.0"',
        "access": '"open"',
    }


def test_curated_beats_harvested_and_the_disagreement_is_shown(
    catalogue: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry.db import reading
    from registry.views import dataset as view

    write(catalogue, place(licence_raw="mit"))
    row = dataset(catalogue, "ward-qa")
    assert row["licence"] == "CC-BY-4.0"
    with reading(catalogue) as connection:
        shown = view(connection, row)
    assert [(v["value"], v["origin"]) for v in shown.disagreements["licence"]] == [
        ("CC-BY-4.0", "curated"),
        ("MIT", "harvested"),
    ]


def test_licence_and_access_of_a_place_that_is_not_the_owners_are_not_taken_for_the_datasets(catalogue: Engine) -> None:
    write(catalogue, blank(licence_raw="cc-by-nc-4.0", access="gated"))
    row = dataset(catalogue, "blank")
    assert (row["licence"], row["commercial"], row["access"]) == (None, None, None)


def test_changes_of_a_place_are_events_with_old_and_new(catalogue: Engine) -> None:
    write(catalogue, place())
    assert events(catalogue, "source") == []
    changed = place(seen_at=TUESDAY, locator="new-home/Ward-QA", revision="b" * 40, licence_raw="other", access="gated")
    assert write(catalogue, changed) == Outcome(updated=1)
    assert set(events(catalogue, "source")) == {
        ("new-revision", "a" * 40, "b" * 40),
        ("licence-changed", "CC-BY-4.0", "other"),
        ("access-changed", "open", "gated"),
        ("renamed", "made-up/Ward-QA", "new-home/Ward-QA"),
    }
    told = rows(catalogue, Event, Event.__table__.c.subject_kind == "source")  # type: ignore[attr-defined]
    assert {row["dataset_id"] for row in told} == {dataset(catalogue, "ward-qa")["id"]}
    assert source(catalogue, "made-up/ward-qa")["id"] == source(catalogue, "new-home/ward-qa")["id"]


def test_another_spelling_of_the_same_name_is_no_rename(catalogue: Engine) -> None:
    write(catalogue, place())
    write(catalogue, place(seen_at=TUESDAY, locator="Made-Up/ward-qa"))
    assert events(catalogue, "source") == []


def test_figures_that_move_every_day_are_kept_newest_and_are_no_change(catalogue: Engine) -> None:
    write(catalogue, place())
    moved = place(seen_at=TUESDAY, fields={"tasks": ["summarization"], "downloads": 99})
    assert write(catalogue, moved) == Outcome(unchanged=1)
    assert said(catalogue, source(catalogue, "made-up/ward-qa")["id"])["downloads"] == "99"


def test_what_a_place_does_not_say_any_more_ends(catalogue: Engine) -> None:
    write(catalogue, place())
    assert write(catalogue, place(seen_at=TUESDAY, licence_raw=None, fields={})) == Outcome(updated=1)
    assert set(said(catalogue, source(catalogue, "made-up/ward-qa")["id"], "huggingface")) == {"access", "downloads"}
    assert ("licence-changed", "CC-BY-4.0", None) in events(catalogue, "source")


def test_an_entry_of_a_list_takes_nothing_back_that_a_closer_look_found(catalogue: Engine) -> None:
    write(catalogue, place())
    short = place(seen_at=TUESDAY, complete=False, licence_raw=None, fields={}, revision=None, access=None)
    assert write(catalogue, short) == Outcome(unchanged=1)
    assert source(catalogue, "made-up/ward-qa")["licence"] == "CC-BY-4.0"


def test_an_answer_that_nothing_changed_moves_only_the_time(catalogue: Engine) -> None:
    write(catalogue, place(etag='W/"1"'))
    before = dump(catalogue)
    same = place(seen_at=TUESDAY, same=True, revision=None, fields={})
    assert write(catalogue, same) == Outcome(unchanged=1)
    assert dump(catalogue) == before
    assert source(catalogue, "made-up/ward-qa")["read_at"] == TUESDAY


def test_old_names_of_one_place_become_one_place(catalogue: Engine, card_folder: Path) -> None:
    """A card may name a repository twice: by its name now and by one from before it was moved."""
    names = ("ward_qa", "made-up/Ward-QA")
    cards.dataset(card_folder, "ward-qa", sources=[{"provider": "huggingface", "id": name} for name in names])
    import_cards(catalogue, [card_folder], fingerprint([card_folder]))
    write(catalogue, place())
    write(catalogue, place(asked="ward_qa"))
    assert source(catalogue, "ward_qa")["id"] == source(catalogue, "made-up/ward-qa")["id"]
    lives = rows(catalogue, DatasetSource, DatasetSource.__table__.c.ended_at.is_(None))  # type: ignore[attr-defined]
    key = dataset(catalogue, "ward-qa")["id"]
    assert [row["source_id"] for row in lives if row["dataset_id"] == key] == [source(catalogue, "ward_qa")["id"]]
    before = dump(catalogue)
    cards.finding(card_folder, "unrelated", datasets=["blank"])
    import_cards(catalogue, [card_folder], fingerprint([card_folder]))
    assert dump(catalogue)["dataset_source"] == before["dataset_source"]


def test_a_name_that_passed_to_another_repository_is_another_place(catalogue: Engine) -> None:
    write(catalogue, place())
    other = stranger("made-up/Ward-QA", native_id="65aa0000000000000000ffff", seen_at=TUESDAY)
    gone = place(seen_at=TUESDAY, status="gone", reason="made-up/Ward-QA is another repository now")
    assert write(catalogue, gone, other) == Outcome(created=1, gone=1)
    natives = {row["native_id"] for row in rows(catalogue, Source)}
    assert natives >= {WARD, "65aa0000000000000000ffff"}
    # A card that names it still means the one it meant.
    assert source(catalogue, "made-up/ward-qa")["native_id"] == WARD
    assert {row["kind"] for row in rows(catalogue, Candidate)} == {"link"}, "a name alone is never more than a question"


def test_a_place_is_gone_only_when_it_is_missing_on_a_second_day(catalogue: Engine) -> None:
    write(catalogue, place())
    missing = place(status="gone", reason="not found (404)")
    assert write(catalogue, missing) == Outcome(gone=1)
    assert source(catalogue, "made-up/ward-qa")["status"] == "alive"
    assert write(catalogue, replace(missing, seen_at=MONDAY + dt.timedelta(hours=2))) == Outcome(unchanged=1)
    assert write(catalogue, replace(missing, seen_at=TUESDAY)) == Outcome(gone=1)
    row = source(catalogue, "made-up/ward-qa")
    assert (row["status"], row["gone_since"], row["licence"]) == ("gone", MONDAY, "CC-BY-4.0")
    assert events(catalogue, "source") == [("removed", "made-up/Ward-QA", "not found (404)")]


def test_what_comes_back_is_restored(catalogue: Engine) -> None:
    write(catalogue, place())
    write(catalogue, place(status="gone", certain=True, reason="taken down"))
    assert source(catalogue, "made-up/ward-qa")["status"] == "gone"
    write(catalogue, place(seen_at=TUESDAY))
    assert source(catalogue, "made-up/ward-qa")["gone_since"] is None
    assert events(catalogue, "source")[-1] == ("restored", None, "made-up/Ward-QA")


def test_a_place_that_belongs_to_no_dataset_is_a_question_not_a_dataset(catalogue: Engine) -> None:
    datasets = len(dump(catalogue)["dataset"])
    assert write(catalogue, stranger("new/thing-of-clinics")) == Outcome(created=1)
    assert len(dump(catalogue)["dataset"]) == datasets
    (asked,) = rows(catalogue, Candidate)
    assert (asked["kind"], asked["status"], asked["decided_by"]) == ("dataset", "open", None)
    assert (asked["score"], asked["evidence"][:7]) == (pytest.approx(asked["score"], abs=1), "score 0")
    assert json.loads(asked["payload"])["found"] == "found by 'medical'"
    assert asked["source_id"] == source(catalogue, "new/thing-of-clinics")["id"]


def test_a_place_that_names_the_paper_of_a_dataset_is_asked_about_and_never_joined(catalogue: Engine) -> None:
    write(catalogue, stranger("new/Ward-QA", ids=(("arxiv", "2301.00001v3"),)))
    (asked,) = rows(catalogue, Candidate)
    assert (asked["kind"], asked["dataset_id"]) == ("link", dataset(catalogue, "ward-qa")["id"])
    assert asked["evidence"].startswith("names arXiv 2301.00001, the paper that introduces Ward-QA")
    home = source(catalogue, "new/ward-qa")["id"]
    assert home not in {row["source_id"] for row in rows(catalogue, DatasetSource)}


def test_a_question_that_was_decided_is_not_asked_again(catalogue: Engine) -> None:
    new = stranger("new/thing-of-clinics")
    write(catalogue, new)
    with writing(catalogue) as connection:
        connection.execute(Candidate.__table__.update().values(status="rejected"))  # type: ignore[attr-defined]
    write(catalogue, replace(new, seen_at=TUESDAY))
    assert [row["status"] for row in rows(catalogue, Candidate)] == ["rejected"]


def test_a_model_is_an_artifact_with_a_link_to_what_its_card_declares(catalogue: Engine) -> None:
    assert write(catalogue, model()) == Outcome(created=1)
    assert links(catalogue) == {("made-lab/med-7b", "trains-on", "ward-qa")}
    assert ("new-artifact", None, "made-lab/med-7b") in events(catalogue)
    (row,) = [row for row in rows(catalogue, Artifact) if row["kind"] == "model"]
    assert row["url"] == "https://huggingface.co/made-lab/med-7b"


def test_a_link_that_a_card_does_not_declare_any_more_ends(catalogue: Engine) -> None:
    write(catalogue, model())
    assert write(catalogue, model(seen_at=TUESDAY, touches=())) == Outcome(updated=1)
    assert links(catalogue) == set()


def test_a_model_that_was_renamed_is_still_one_artifact(catalogue: Engine) -> None:
    write(catalogue, model())
    new = "made-lab/med-7b-v2"
    moved = model(seen_at=TUESDAY, locator=new, title=new, ids=(("huggingface", new),))
    assert write(catalogue, moved) == Outcome(updated=1)
    assert [row["title"] for row in rows(catalogue, Artifact) if row["kind"] == "model"] == [new]


def test_another_model_under_an_old_name_is_another_artifact(catalogue: Engine) -> None:
    write(catalogue, model())
    write(catalogue, model(native_id="65bb0000000000000000ffff", seen_at=TUESDAY, touches=()))
    assert len([row for row in rows(catalogue, Artifact) if row["kind"] == "model"]) == 2


def test_a_repository_that_holds_several_datasets_does_not_say_which_is_meant(catalogue: Engine) -> None:
    write(catalogue, model(touches=(Touch("trains-on", "huggingface", "made-up/shared", "its card declares it", 0.9),)))
    assert links(catalogue) == set()
    asked = rows(catalogue, Candidate)
    assert {(row["kind"], row["evidence"]) for row in asked} == {
        ("link", "its card declares it, which holds 2 datasets")
    }
    assert len(asked) == 2


def test_the_versions_of_a_paper_are_one_artifact(catalogue: Engine) -> None:
    """The card gives arXiv id and DOI; OpenAlex has the preprint and the article as two works."""
    title = "Ward questions: a made-up dataset"
    write(catalogue, work("W1", title, ("arxiv", "2301.00001")), work("W2", title, ("doi", "10.5555/WARD")))
    ids = {(row["scheme"], row["value"]): row["artifact_id"] for row in rows(catalogue, ArtifactId)}
    same = {ids["arxiv", "2301.00001"], ids["doi", "10.5555/ward"], ids["openalex", "W1"], ids["openalex", "W2"]}
    assert len(same) == 1
    before = dump(catalogue)
    swapped = work("W2", title, ("doi", "10.5555/WARD")), work("W1", title, ("arxiv", "2301.00001"))
    assert write(catalogue, *swapped) == Outcome(unchanged=2)
    assert dump(catalogue) == before


def test_an_index_that_confuses_two_papers_does_not_join_them(catalogue: Engine) -> None:
    write(catalogue, work("W1", "A paper on something else entirely", ("doi", "10.5555/else")))
    write(catalogue, work("W9", "Ward questions: a made-up dataset", ("doi", "10.5555/ward"), ("doi", "10.5555/else")))
    ids = {(row["scheme"], row["value"]): row["artifact_id"] for row in rows(catalogue, ArtifactId)}
    assert ids["doi", "10.5555/ward"] != ids["doi", "10.5555/else"]
    assert ids["openalex", "W9"] == ids["doi", "10.5555/ward"]


def test_a_work_that_cites_the_paper_of_a_dataset_is_linked_to_it(catalogue: Engine) -> None:
    write(catalogue, work("W1", "Ward questions: a made-up dataset", ("doi", "10.5555/ward")))
    touch = Touch("cites", "openalex", "W1", "in its references", 0.9)
    write(catalogue, work("W7", "A work that cites", touches=(touch,)))
    assert links(catalogue) == {("A work that cites", "cites", "ward-qa")}
    # Another page says nothing of this work: what it cites stays.
    assert write(catalogue, work("W7", "A work that cites", seen_at=TUESDAY)) == Outcome(unchanged=1)
    assert len(links(catalogue)) == 1


def test_a_paper_that_introduces_a_dataset_is_not_also_said_to_cite_it(catalogue: Engine) -> None:
    touch = Touch("cites", "arxiv", "2301.00001", "in its references", 0.9)
    write(catalogue, work("W1", "Ward questions: a made-up dataset", ("doi", "10.5555/ward"), touches=(touch,)))
    assert links(catalogue) == set()


def test_citations_that_grow_are_no_change(catalogue: Engine) -> None:
    write(catalogue, work("W1", "A work", ("doi", "10.5555/x"), fields={"citations": 1, "year": 2024}))
    grown = work("W1", "A work", ("doi", "10.5555/x"), fields={"citations": 7, "year": 2024}, seen_at=TUESDAY)
    assert write(catalogue, grown) == Outcome(unchanged=1)
    assert [row["citations"] for row in rows(catalogue, Artifact) if row["title"] == "A work"] == [7]


def test_files_of_a_place_are_files_of_its_dataset(catalogue: Engine) -> None:
    big = File("data/train.parquet", 50 * 2**30, "0" * 64)
    write(catalogue, place(files=(big, File("notes.txt", 3))))
    of = DatasetFile.__table__.c  # type: ignore[attr-defined]
    kept = rows(catalogue, DatasetFile, of.origin == "harvested")
    assert {(row["path"], row["bytes"], row["sha256"]) for row in kept} == {big, ("notes.txt", 3, None)}
    write(catalogue, place(seen_at=TUESDAY, files=(big,)))
    assert len(rows(catalogue, DatasetFile, of.origin == "harvested")) == 1


def test_the_licence_of_a_repository_of_code_is_not_that_of_the_data(catalogue: Engine) -> None:
    code = place(provider="github", native_id="900000001", locator="made-up/ward-qa", asked="made-up/ward-qa")
    write(catalogue, replace(code, licence_raw="MIT"))
    stated = said(catalogue, source(catalogue, "made-up/ward-qa", "github")["id"], "github")
    assert stated["licence_code"] == '"MIT"'
    assert not {"licence", "licence_raw", "access"} & set(stated)
    assert source(catalogue, "made-up/ward-qa", "github")["licence"] == "MIT"


def test_a_page_is_stored_as_a_whole_or_not_at_all(catalogue: Engine) -> None:
    before = dump(catalogue)
    beyond = Touch("cites", "arxiv", "2301.00001", "references", float("inf"))
    broken = model(touches=(beyond._replace(confidence="no number"),))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        write(catalogue, place(), broken)
    assert dump(catalogue) == before


def test_names_are_never_lost(catalogue: Engine) -> None:
    write(catalogue, place(locator="b/b"))
    write(catalogue, place(locator="c/c", asked="b/b", seen_at=TUESDAY))
    key = source(catalogue, "c/c")["id"]
    names = {row["locator"] for row in rows(catalogue, SourceAlias) if row["source_id"] == key}
    assert names == {"made-up/ward-qa", "b/b", "c/c"}
