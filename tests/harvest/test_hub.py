"""What is asked of Hugging Face: searches, owners, papers, cards, and who uses a dataset."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine

from harvesters.run import harvest
from registry.tables import Candidate, DatasetFile, SourceLink
from tests.support.api_reply import Reply
from tests.support.api_server import ApiServer
from tests.support.api_world import hf_dataset, hf_file, hf_model, hf_paper, hf_space
from tests.support.harvested import HUB, WEEK, asked_for, dataset, links, one, rows, said, source, yesterday

NOTES = {"description": "Clinical notes of hospital patients, a medical dataset."}
CARD = """---
license: mit
---
# Notes
Made from https://github.com/clinic/raw-notes, see also huggingface.co/datasets/made-up/Ward-QA.
## Citation
@article{notes, title={Notes of a made-up clinic}, eprint={2401.00001}, archivePrefix={arXiv}}
"""


def test_searches_look_for_tags_for_parts_of_names_and_through_tasks(small: Engine, server: ApiServer) -> None:
    server.world.datasets += [
        hf_dataset("lab/a1", "medical", **NOTES),
        hf_dataset("lab/radiology-b2", **NOTES),
        hf_dataset("lab/askamed-c3", "task_categories:multiple-choice", **NOTES),
    ]
    harvest([HUB], target=small)
    for name in ("lab/a1", "lab/radiology-b2", "lab/askamed-c3"):
        assert dataset(small, name.replace("/", "-"))["standing"] == "harvested"


def test_a_long_list_costs_a_request_for_five_hundred(small: Engine, server: ApiServer) -> None:
    hidden = [hf_dataset(f"lab/set-{number}", "medical", disabled=True) for number in range(1_100)]
    server.world.datasets += hidden
    harvest([HUB], target=small)
    assert len(asked_for(server.asked, r"/api/datasets\?filter=medical\b")) == 3


def test_what_else_the_owners_publish_is_found(small: Engine, server: ApiServer) -> None:
    server.world.datasets.append(hf_dataset("made-up/zq7", **NOTES))
    harvest([HUB], target=small)
    assert dataset(small, "made-up-zq7")["standing"] == "harvested"


def test_a_dataset_that_the_page_of_its_paper_shows_is_asked_about(small: Engine, server: ApiServer) -> None:
    other = hf_dataset("lab/zq7")
    server.world.datasets.append(other)
    server.world.papers.append(hf_paper("2301.00001", "Ward questions", datasets=(other,)))
    harvest([HUB], target=small)
    (asked,) = [row for row in rows(small, Candidate) if row["kind"] == "link"]
    assert asked["evidence"].startswith("names arXiv 2301.00001, the paper that introduces Ward-QA")


def test_of_a_paper_with_many_models_the_list_is_read(small: Engine, server: ApiServer) -> None:
    models = [hf_model(f"lab/m{number}", "arxiv:2301.00001") for number in range(30)]
    server.world.models += models
    paper = hf_paper("2301.00001", "Ward questions", models=tuple(models[:3]))
    server.world.papers.append(paper | {"numTotalModels": 30})
    harvest([HUB], target=small)
    assert len([slug for _, relation, slug in links(small) if (relation, slug) == ("mentions", "ward-qa")]) == 30


def test_a_paper_that_hugging_face_does_not_know_is_asked_for_again_a_week_later(
    small: Engine, server: ApiServer
) -> None:
    assert one(harvest([HUB], target=small)).failed == 0
    yesterday(small, WEEK)
    server.asked.clear()
    harvest([HUB], target=small)
    assert len(asked_for(server.asked, "/api/papers/2301.00001")) == 1


def test_spaces_and_models_that_declare_a_dataset_use_it(small: Engine, server: ApiServer) -> None:
    server.world.renamed["made-up/Old-Ward"] = "made-up/Ward-QA"
    server.world.models.append(hf_model("lab/med-7b", "dataset:made-up/Ward-QA"))
    server.world.spaces.append(hf_space("lab/demo", "made-up/Ward-QA"))
    harvest([HUB], target=small)
    assert links(small) == {("lab/med-7b", "trains-on", "ward-qa"), ("lab/demo", "mentions", "ward-qa")}


def test_a_model_a_space_and_a_dataset_of_one_name_are_three_things(small: Engine, server: ApiServer) -> None:
    server.world.models.append(hf_model("made-up/Ward-QA", "dataset:made-up/Ward-QA"))
    server.world.spaces.append(hf_space("made-up/Ward-QA", "made-up/Ward-QA"))
    harvest([HUB], target=small)
    assert {relation for title, relation, _ in links(small) if title == "made-up/Ward-QA"} == {"trains-on", "mentions"}


def test_papers_that_name_a_dataset_mention_it(small: Engine, server: ApiServer) -> None:
    server.world.papers += [
        hf_paper("2501.00001", "We evaluate on Ward-QA"),
        hf_paper("2501.00002", "Forward QAnswering"),
    ]
    harvest([HUB], target=small)
    assert links(small) == {("We evaluate on Ward-QA", "mentions", "ward-qa")}


def test_the_text_of_a_card_is_kept_with_what_it_links_and_cites(small: Engine, server: ApiServer) -> None:
    server.world.datasets.append(hf_dataset("clinic/notes", "medical", **NOTES))
    server.world.cards["clinic/notes"] = CARD
    harvest([HUB], target=small)
    key = source(small, "clinic/notes")["id"]
    told = said(small, key)
    assert json.loads(told["card_text"]).startswith("# Notes\nMade from")
    assert {(r["scheme"], r["value"]) for r in rows(small, SourceLink) if r["source_id"] == key} == {
        ("github", "clinic/raw-notes"),
        ("huggingface", "made-up/ward-qa"),
        ("arxiv", "2401.00001"),
    }
    assert links(small) == {("Notes of a made-up clinic", "introduces", "clinic-notes")}


def test_a_card_is_read_again_only_after_a_commit(small: Engine, server: ApiServer) -> None:
    harvest([HUB], target=small)
    yesterday(small, WEEK)
    server.asked.clear()
    harvest([HUB], target=small)
    assert asked_for(server.asked, r"/resolve/[^/]+/README") == []
    server.world.datasets[0]["sha"] = "f" * 40
    yesterday(small, WEEK)
    harvest([HUB], target=small)
    assert len(asked_for(server.asked, f"^/datasets/made-up/Ward-QA/resolve/{'f' * 40}/README.md")) == 1
    assert "card_text" in said(small, source(small, "made-up/ward-qa")["id"])


def test_a_card_that_must_be_asked_for_leaves_the_rest_to_be_read(small: Engine, server: ApiServer) -> None:
    server.world.datasets[0]["gated"] = "manual"
    assert one(harvest([HUB], target=small)).failed == 0
    row = source(small, "made-up/ward-qa")
    assert (row["access"], row["status"]) == ("gated", "alive")
    assert "card_text" not in said(small, row["id"])


def test_a_card_that_lies_elsewhere_leaves_the_rest_to_be_read(small: Engine, server: ApiServer) -> None:
    away = Reply(302, {"Location": "https://cdn.example.org/README.md"})
    server.fail("/datasets/made-up/Ward-QA/resolve/", away, times=9)
    assert one(harvest([HUB], target=small)).failed == 0
    row = source(small, "made-up/ward-qa")
    assert (row["status"], row["revision"]) == ("alive", server.world.datasets[0]["sha"])


def test_files_come_with_their_sizes_and_checksums(small: Engine, server: ApiServer) -> None:
    server.world.datasets[0]["siblings"] = [hf_file("README.md", 10), hf_file("data/a.parquet", 10_000, "content")]
    harvest([HUB], target=small)
    of = DatasetFile.__table__.c  # type: ignore[attr-defined]
    key = dataset(small, "ward-qa")["id"]
    place = source(small, "made-up/ward-qa")["id"]
    (kept,) = rows(small, DatasetFile, of.origin == "harvested", of.dataset_id == key, of.source_id == place)
    assert (kept["path"], kept["bytes"], len(kept["sha256"])) == ("data/a.parquet", 10_000, 64)


def test_a_service_that_has_lost_nearly_all_is_not_believed(small: Engine, server: ApiServer) -> None:
    server.world.datasets += [hf_dataset(f"clinic/notes-{number}", "medical", **NOTES) for number in range(40)]
    harvest([HUB], target=small)
    yesterday(small, WEEK)
    server.fail("/api/datasets/", Reply(401, {}, b'{"error": "Invalid username or password."}'), times=10**6)
    result = one(harvest([HUB], target=small))
    assert "44 of 44 places seem to be missing, which is not believed of huggingface" in (result.message or "")
    assert result.gone == 0
    server.faults.clear()
    yesterday(small)
    assert one(harvest([HUB], target=small)).status == "done"


@pytest.mark.parametrize("days", [3, 9])
def test_nights_that_were_missed_are_caught_up(small: Engine, server: ApiServer, days: int) -> None:
    harvest([HUB], target=small)
    yesterday(small, days)
    server.asked.clear()
    harvest([HUB], target=small)
    looked = len(asked_for(server.asked, r"\?blobs"))
    assert looked == 4 if days > 7 else looked < 4
