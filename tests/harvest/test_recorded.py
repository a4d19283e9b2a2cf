"""Recorded answers of the three services, through the real client and the door, into the catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from harvesters.limits import decide
from harvesters.run import harvest
from registry.cards_io import fingerprint
from registry.importer import import_cards
from registry.tables import Artifact, ArtifactId, Candidate, HarvestFailure
from tests.support import cards
from tests.support.api_server import ApiServer
from tests.support.harvested import ALEX, GIT, HUB, dump, links, one, rows, source

NOW = 1_795_000_000.0


@pytest.fixture
def samples(shared: Path) -> Path:
    """The recorded answers."""
    return shared / "apis" / "samples"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def recorded(path: Path) -> dict[str, Any]:
    """An interaction ``{status, headers, body}``, also where it is the response of a pair."""
    found = read(path)
    found = found[0] if isinstance(found, list) else found
    return found.get("response", found)


def body_of(path: Path, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """A body that was kept without its headers, as an answer."""
    return {"status": 200, "headers": headers or {}, "body": read(path)}


def test_datasets_of_hugging_face_that_are_not_medical_are_left_out_with_all_that_is_said_of_them(
    catalogue: Engine, server: ApiServer, samples: Path
) -> None:
    page = body_of(samples / "huggingface/aiod-2023/data_list.json")
    server.replay(r"/api/datasets\?filter=medical", page)
    result = one(harvest([HUB], target=catalogue))
    assert (result.status, result.ignored, result.failed) == ("done", 6, 0), "none of these is a medical dataset"
    asked = {json.loads(row["payload"])["name"]: row for row in rows(catalogue, Candidate)}
    assert {(row["status"], row["decided_by"]) for row in asked.values()} == {("rejected", "rule")}
    assert asked["Acronym Identification Dataset"]["key"] == "dataset:huggingface:621ffdd236468d709f181d58"
    told = json.loads(asked["Acronym Identification Dataset"]["payload"])
    assert (told["tasks"], told["languages"], told["examples"]) == (["named-entity-recognition"], ["en"], 17_473)
    assert ["arxiv", "2010.14678"] in told["ids"]
    assert (told["licence"], told["access"]) == ("mit", "open")
    before = dump(catalogue)
    server.replay(r"/api/datasets\?filter=medical", page)
    assert one(harvest([HUB], full=True, target=catalogue)).created == 0
    assert dump(catalogue) == before


def test_models_of_hugging_face_become_artifacts(catalogue: Engine, server: ApiServer, samples: Path) -> None:
    folder = samples / "huggingface/repo.ing-2026-10"
    found = [recorded(folder / f"model-{name}.json") for name in ("gpt2", "gpt-4chan")]
    page = found[0] | {"body": [answer["body"] for answer in found]}
    server.replay("/api/models.*made-up/Ward-QA", page)
    assert one(harvest([HUB], target=catalogue)).created == 2
    models = {row["title"]: row["year"] for row in rows(catalogue, Artifact) if row["kind"] == "model"}
    assert models == {"openai-community/gpt2": 2022, "ykilcher/gpt-4chan": 2022}
    assert {row["value"] for row in rows(catalogue, ArtifactId) if row["scheme"] == "huggingface-id"} == {
        "621ffdc036468d709f17434d",
        "6283a9b7806a1feb9fbacf18",
    }
    assert links(catalogue) == set(), "their cards declare no dataset that we know"


def test_refusals_of_hugging_face_are_states(catalogue: Engine, server: ApiServer, samples: Path) -> None:
    folder = samples / "huggingface/repo.ing-2026-10"
    server.replay("/api/datasets/somebody/ward-copy", recorded(folder / "model-not-found.json"))
    server.replay("/api/datasets/made-up/Ward-QA", recorded(folder / "commits-gated.json"))
    server.world.datasets[0]["gated"] = "manual"
    result = one(harvest([HUB], target=catalogue))
    assert (result.status, result.gone, result.failed) == ("done", 1, 0)
    assert source(catalogue, "somebody/ward-copy")["gone_since"] is not None
    assert source(catalogue, "made-up/ward-qa")["access"] == "gated"


def test_repositories_of_github_become_places_artifacts_and_links(
    catalogue: Engine, server: ApiServer, samples: Path
) -> None:
    headers = {"X-RateLimit-Limit": "6000", "X-RateLimit-Remaining": "5999", "X-RateLimit-Resource": "search"}
    page = body_of(samples / "github/ai-weekly-radar-2026-07/github_search.json", headers)
    server.replay("/search/repositories.*made-up%2Fward-qa%22", page)
    server.replay(r"/search/repositories.*topic%3Amedical-dataset\+", page)
    result = one(harvest([GIT], target=catalogue))
    assert (result.status, result.created, result.ignored, result.failed) == ("done", 12, 12, 0)
    named = {title for title, relation, slug in links(catalogue) if (relation, slug) == ("mentions", "ward-qa")}
    assert len(named) == 12
    assert "TencentCloud/Octop" in named
    told = {json.loads(row["payload"])["name"]: json.loads(row["payload"]) for row in rows(catalogue, Candidate)}
    assert len(told) == 12
    assert told["ohad6k/ditto"]["licence"] == "MIT"
    assert told["EXXETA/exxperts"]["licence"] == "NOASSERTION"
    assert told["wikidjon/ai-openclaw-cli"]["licence"] is None


def test_a_repository_of_github_that_moved_is_followed(catalogue: Engine, server: ApiServer, samples: Path) -> None:
    moved, there = read(samples / "github/pygithub-replay/Repository.testGetRepositoryWith301Redirect.json")[:2]
    server.replay("/repos/made-up/ward-qa", moved["response"])
    server.replay("/repositories/112116543", there["response"])
    assert one(harvest([GIT], target=catalogue)).updated == 1
    row = source(catalogue, "made-up/ward-qa", GIT)
    assert (row["native_id"], row["locator"]) == ("112116543", "padima2/protoncoin")
    assert row["etag"] == 'W/"f251b5b9c42514b43eb0afe3c76cf8de"'


def test_works_of_openalex_become_artifacts_and_links(
    catalogue: Engine, card_folder: Path, server: ApiServer, samples: Path
) -> None:
    """The paper of a made-up card is one that was recorded, and what cites it are three others."""
    title = "PaperQA: Retrieval-Augmented Generative Agent for Scientific Research"
    cards.dataset(card_folder, "paper-set", paper={"title": title, "year": 2023, "arxiv": "2312.07559"}, sources=[])
    import_cards(catalogue, [card_folder], fingerprint([card_folder]))
    server.replay(
        "/works.*doi", recorded(samples / "openalex/paper-qa-2025-11/test_title_search_paper_attributes1_1.json")
    )
    citing = body_of(samples / "openalex/paper-extract-2026-07/openalex_works.json")
    server.replay("/works.*cites(%3A|:)W4389761608", citing)
    result = one(harvest([ALEX], target=catalogue))
    assert (result.status, result.updated, result.created, result.failed) == ("done", 2, 3, 0)
    ids = {(row["scheme"], row["value"]): row["artifact_id"] for row in rows(catalogue, ArtifactId)}
    assert ids["openalex", "W4389761608"] == ids["arxiv", "2312.07559"]
    (paper,) = [row for row in rows(catalogue, Artifact) if row["title"] == title]
    assert paper["citations"] == 27
    assert links(catalogue) == {
        (name, "cites", "paper-set")
        for name in (
            "In vivo CRISPR base editing of PCSK9 durably lowers cholesterol in primates",
            "Genome editing with CRISPR–Cas nucleases, base editors, transposases and prime editors",
            "Epigenome editing by a CRISPR-Cas9-based acetyltransferase activates genes from promoters and enhancers",
        )
    }
    kinds = {row["title"][:6]: row["paper_kind"] for row in rows(catalogue, Artifact) if row["origin"] == "harvested"}
    assert kinds["Genome"] == "review"
    assert ids["doi", "10.1038/s41586-021-03534-y"] == ids["openalex", "W3161425918"]


def test_the_shape_of_openalex_since_its_rebuilding_is_read(
    catalogue: Engine, server: ApiServer, samples: Path
) -> None:
    page = body_of(samples / "openalex/pyopenalex-2026-03/works_list.json")
    server.world.works[0]["cited_by_count"] = 2
    server.replay("/works.*cites", page)
    assert one(harvest([ALEX], target=catalogue)).created == 2
    name = (
        "Global cancer statistics 2022: GLOBOCAN estimates of incidence and mortality worldwide for 36 cancers in 185"
    )
    assert {title[: len(name)] for title, _, slug in links(catalogue) if slug == "ward-qa"} >= {name}


def test_an_html_page_of_openalex_is_no_answer_and_no_crash(
    catalogue: Engine, server: ApiServer, samples: Path
) -> None:
    folder = samples / "openalex/paper-qa-2025-11"
    server.replay("/works", recorded(folder / "test_does_openalex_work_not_in_openalex_1.json"), times=100)
    result = one(harvest([ALEX], target=catalogue))
    assert (result.status, result.failed > 1) == ("failed", True)
    assert {row["reason"] for row in rows(catalogue, HarvestFailure)} == {"works were expected"}


def test_every_recorded_refusal_of_github_is_understood(samples: Path) -> None:
    found = read(samples / "github/pygithub-replay/_all_distinct_get_errors.json")
    decided = {}
    for answer in (pair["response"] for pair in found):
        body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        decision = decide(GIT, answer["status"], headers, body, 0, NOW)
        decided[answer["status"], body[:60]] = (decision.what, decision.seconds)
    what: dict[int, set[str]] = {}
    for (status, _), (word, _) in decided.items():
        what.setdefault(status, set()).add(word)
    assert what == {
        301: {"moved"}, 302: {"moved"}, 304: {"same"}, 400: {"refused"}, 401: {"stop"}, 403: {"wait", "refused"},
        404: {"absent"}, 500: {"wait"}, 502: {"wait"}, 503: {"wait"},
    } | {status: {"refused"} for status in what if status == 422}  # fmt: skip
    waits = {body: seconds for (status, body), (word, seconds) in decided.items() if status == 403 and word == "wait"}
    assert sorted(waits.values()) == [60, 60], "the abuse detection, and the limit of 2013 that names no time"


def test_limits_of_the_three_services_are_told_apart(samples: Path) -> None:
    """Those made after the services' sources, as no recorded one exists of each kind."""
    told = {}
    for name, service in (("hf-errors", HUB), ("gh-rate-limits", GIT), ("oa-errors", ALEX)):
        for pair in read(samples / "made" / f"{name}.json"):
            answer = pair["response"]
            if answer["status"] in (403, 429, 503):
                body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
                headers = {key.lower(): value for key, value in answer["headers"].items()}
                decision = decide(service, answer["status"], headers, body, 0, 1_795_694_390.0)
                told.setdefault(service, []).append((answer["status"], decision.what, round(decision.seconds)))
    assert told[HUB] == [(429, "wait", 188), (429, "wait", 5)]
    assert {kind for kind in told[GIT] if kind[1] == "wait"} == {
        (403, "wait", 11), (429, "wait", 11), (403, "wait", 60), (429, "wait", 60),
    }  # fmt: skip
    assert told[ALEX] == [
        (429, "refused", 0), (429, "stop", 48_806), (429, "stop", 48_806), (429, "wait", 1), (429, "wait", 1),
        (429, "wait", 12), (503, "wait", 60), (403, "refused", 0),
    ]  # fmt: skip
