"""Harvests that meet what goes wrong: each fault ends in its outcome, and in one line that says so."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from harvesters.run import harvest
from registry.cards_io import fingerprint
from registry.db import reading
from registry.errors import HarvestError, UnknownOption
from registry.importer import import_cards
from registry.standing import table
from registry.tables import ArtifactId, HarvestCursor, HarvestFailure, HarvestRun, Source
from tests.support import cards
from tests.support.api_reply import Reply, html, say
from tests.support.api_server import ApiServer
from tests.support.api_world import gh_repository, hf_dataset, hf_model, hf_paper, oa_work
from tests.support.harvested import ALEX, GIT, HUB, asked_for, dump, events, links, one, rows, said, source, yesterday


def test_what_fails_is_a_row_and_waits_before_it_is_tried_again(catalogue: Engine, server: ApiServer) -> None:
    server.fail("/api/datasets/made-up/Ward-QA", say({"error": "odd"}, 400), times=2)
    result = one(harvest([HUB], target=catalogue))
    assert (result.status, result.failed) == ("partial", 1)
    assert result.message == "place:made-up/Ward-QA: huggingface /api/datasets/made-up/Ward-QA: answered 400: odd"
    (row,) = rows(catalogue, HarvestFailure)
    assert (row["item"], row["attempts"], row["ended_at"]) == ("place:made-up/Ward-QA", 1, None)
    server.asked.clear()
    assert one(harvest([HUB], target=catalogue)).failed == 0
    assert not asked_for(server.asked, r"Ward-QA\?blobs"), "not yet: an hour must pass"
    yesterday(catalogue)
    assert one(harvest([HUB], target=catalogue)).failed == 1
    assert [row["attempts"] for row in rows(catalogue, HarvestFailure)] == [2]
    yesterday(catalogue)
    assert one(harvest([HUB], target=catalogue)).failed == 0
    assert rows(catalogue, HarvestFailure)[0]["ended_at"] is not None


def test_what_a_service_says_of_a_failure_is_cleaned(catalogue: Engine, server: ApiServer) -> None:
    server.fail("/repos/made-up/ward-qa", Reply(400, {}, b'{"message": "o\x00dd\x1b[2J \xff"}'))
    result = one(harvest([GIT], target=catalogue))
    assert (result.message or "").endswith("answered 400: odd[2J \ufffd")


@pytest.mark.parametrize(
    "item",
    [
        {"id": "stranger/medical-x"},
        {"_id": 7},
        "text",
        None,
        {"_id": "a" * 24, "id": ["x"]},
        {"_id": "a" * 24, "id": "x" * 999},
        [],
    ],
)
def test_an_item_without_an_id_fails_alone(small: Engine, server: ApiServer, item: Any) -> None:
    good = hf_dataset("stranger/medical-y")
    server.fail(r"/api/datasets\?filter=medical", say([item, good]))
    result = one(harvest([HUB], target=small))
    assert (result.failed, result.status) == (1, "partial")
    assert source(small, "stranger/medical-y")["status"] == "alive"


ODD = {
    "tags": [1, None, "license:mit", "arxiv:\x00", "x" * 5_000],
    "cardData": ["not", "an", "object"],
    "siblings": [None, {"rfilename": 3}, {"rfilename": "a\x00.csv", "size": 10**30, "lfs": {"sha256": "short"}}],
    "description": "\ud800 lone\x00",
    "downloads": "many",
    "likes": -1,
    "createdAt": "yesterday",
    "lastModified": 5,
    "gated": {"kind": "odd"},
    "sha": 12,
}


def test_bodies_of_an_odd_shape_are_read_as_far_as_they_make_sense(catalogue: Engine, server: ApiServer) -> None:
    body = json.dumps(server.world.datasets[1] | ODD).encode()
    server.fail("/api/datasets/somebody/ward-copy", Reply(200, {}, body))
    result = one(harvest([HUB], target=catalogue))
    assert (result.status, result.failed) == ("done", 0)
    row = source(catalogue, "somebody/ward-copy")
    assert (row["licence"], row["revision"]) == ("MIT", None)
    assert said(catalogue, row["id"], HUB)["description"] == '"lone"'


@pytest.mark.parametrize("fault", [html(502, "Bad Gateway"), "truncate", Reply(200, {}, b'{"_id"')])
def test_a_short_fault_is_waited_out(small: Engine, server: ApiServer, fault: Reply | str) -> None:
    server.fail("/api/datasets/made-up/Ward-QA", fault)
    result = one(harvest([HUB], target=small))
    assert (result.status, result.failed) == ("done", 0)
    assert source(small, "made-up/ward-qa")["status"] == "alive"


CUT = say({"total_count": 900, "incomplete_results": True, "items": []}, X_RateLimit_Limit="6000")


def test_a_search_that_ran_out_of_time_is_asked_for_in_halves(small: Engine, server: ApiServer) -> None:
    server.world.repositories.append(gh_repository("clinic/notes", topics=["medical-dataset"]))
    server.fail("/search/repositories.*medical-dataset\\+", CUT)
    assert one(harvest([GIT], target=small)).status == "done"
    asked = asked_for(server.asked, r"q=topic:medical-dataset\+created:")
    assert len(asked) == 3, "all of it, then its halves"
    assert source(small, "clinic/notes", GIT)["status"] == "alive"


def test_a_search_that_never_has_the_time_fails_and_keeps_its_mark(small: Engine, server: ApiServer) -> None:
    server.fail("/search/repositories.*medical-dataset\\+", CUT, times=100)
    result = one(harvest([GIT], target=small))
    assert result.status == "partial"
    assert "ran out of time" in (result.message or "")
    marks = {row["query"]: row["high_water"] for row in rows(small, HarvestCursor)}
    assert marks["repositories:topic:medical-dataset"] is None


def test_a_redirect_to_another_host_fails_the_item(small: Engine, server: ApiServer) -> None:
    server.fail("/repos/made-up/ward-qa", Reply(301, {"Location": "https://example.org/repositories/1"}))
    result = one(harvest([GIT], target=small))
    assert (result.status, result.failed) == ("failed", 1)
    assert "leads away" in (result.message or "")


@pytest.mark.parametrize(
    ("source_", "variable"), [(HUB, "HF_TOKEN"), (GIT, "GITHUB_TOKEN"), (ALEX, "OPENALEX_API_KEY")]
)
def test_a_token_never_reaches_a_log_a_message_or_the_database(
    small: Engine,
    server: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    source_: str,
    variable: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "tok_SECRETsecretSECRET"
    monkeypatch.setenv(variable, secret)
    refused = one(harvest([source_], target=small))
    assert refused.status == "failed"
    assert "the token is refused" in (refused.message or "")
    server.tokens.add(secret)
    server.fail(r"/(api/datasets|repos)/", html(500, "oops"))
    assert one(harvest([source_], target=small)).status == "done"
    assert all(asked.token == secret for asked in server.asked)
    everything = caplog.text + str(dump(small)) + str(rows(small, HarvestRun))
    assert secret not in everything


def test_no_socket_is_opened_offline(small: Engine, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    with pytest.raises(HarvestError, match="REGISTRY_OFFLINE is set"):
        harvest(target=small)
    assert server.asked == []


def test_a_source_that_nobody_knows_is_refused(small: Engine) -> None:
    with pytest.raises(UnknownOption, match="altavista"):
        harvest(["altavista"], target=small)


def test_only_one_harvest_runs_at_a_time(small: Engine, server: ApiServer) -> None:
    server.fail("/api/datasets/made-up/Ward-QA", html(502, "Bad Gateway"))  # the first one waits a second
    first = threading.Thread(target=harvest, args=([HUB],), kwargs={"target": small})
    first.start()
    deadline = time.monotonic() + 10
    while not server.asked and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(HarvestError, match="another harvest of this catalogue is running"):
        harvest([HUB], target=small)
    first.join()
    assert one(harvest([HUB], target=small)).status == "done"


def test_a_service_that_is_not_there_fails_alone(
    small: Engine, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    results = harvest([HUB, GIT], target=small)
    assert [result.status for result in results] == ["done", "failed"]
    assert (results[1].message or "").startswith("github: http://127.0.0.1:9 cannot be reached")


def test_a_run_that_was_killed_is_told_and_does_not_hinder_the_next(catalogue: Engine, server: ApiServer) -> None:
    address = catalogue.url.render_as_string(hide_password=False)
    code = f"""
import os
from registry.db import engine
from harvesters.run import harvest
harvest(["huggingface"], target=engine({address!r}), told=lambda line: None)
"""
    server.fail("/api/models", "drip", times=4)

    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], env=dict(os.environ))
    deadline = time.monotonic() + 20
    while not any("/api/models" in asked.path for asked in list(server.asked)) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    server.faults.clear()
    result = one(harvest([HUB], target=catalogue))
    assert result.status == "done"
    told = [(row["status"], row["message"]) for row in sorted(rows(catalogue, HarvestRun), key=lambda row: row["id"])]
    assert ("failed", "interrupted") in told
    with reading(catalogue) as connection:
        states = connection.execute(table(Source).select().where(table(Source).c.provider == HUB)).fetchall()
    assert all(row.status == "alive" for row in states)


def test_places_that_are_missing_do_not_stand_in_the_way_of_others(small: Engine, server: ApiServer) -> None:
    """With few requests a night, all places have had their turn after some nights, also where the first are gone."""
    server.world.datasets += [hf_dataset(f"clinic/notes-{number}", "medical") for number in range(60)]
    harvest([HUB], target=small, at=NIGHT)
    del server.world.datasets[4:19]
    for number in range(8, 32):
        harvest([HUB], target=small, max_requests=100, at=NIGHT + dt.timedelta(days=number))
    read = [row for row in rows(small, Source) if row["provider"] == HUB]
    assert min(row["read_at"] for row in read) > NIGHT + dt.timedelta(days=8)
    assert len([row for row in read if row["status"] == "gone"]) == 15


NIGHT = dt.datetime(2026, 11, 2, 2, 17, tzinfo=dt.UTC)


def test_a_date_in_the_future_hides_nothing_that_comes_until_then(small: Engine, server: ApiServer) -> None:
    server.world.datasets.append(hf_dataset("clinic/odd", "medical", lastModified="2027-06-01T00:00:00.000Z"))
    harvest([HUB], target=small, at=NIGHT)
    server.world.datasets.append(hf_dataset("clinic/new", "medical", lastModified="2026-11-03T00:00:00.000Z"))
    harvest([HUB], target=small, at=NIGHT + dt.timedelta(days=2))
    assert source(small, "clinic/new")["status"] == "alive"


def test_an_identifier_that_spoils_a_question_is_found_and_leaves_the_others_in_peace(
    small: Engine, card_folder: Path, server: ApiServer
) -> None:
    for number in range(5):
        cards.dataset(card_folder, f"set-{number}", paper={"title": "x", "doi": f"10.5555/set{number}"}, sources=[])
    import_cards(small, [card_folder], fingerprint([card_folder]))
    odd = say({"error": "Invalid query parameters error.", "message": "odd"}, 400)
    server.fail("filter=doi.*set3", odd, times=100)
    server.world.works += [oa_work(f"W50{number}", f"Set {number}", doi=f"10.5555/set{number}") for number in range(5)]
    result = one(harvest([ALEX], target=small))
    assert (result.status, result.failed) == ("partial", 1)
    assert (result.message or "").startswith("works by doi: 10.5555/set3: openalex /works: answered 400")
    found = {row["value"] for row in rows(small, ArtifactId) if row["scheme"] == "openalex"}
    assert found == {"W100", "W500", "W501", "W502", "W504"}


ANSWERS = {
    "an id of control characters": {"_id": "\x01\x02", "id": "clinic/notes", "tags": ["medical"]},
    "figures beyond all bounds": hf_dataset("clinic/notes", "medical", downloads=2**70, likes=2**40, usedStorage=2**80),
    "halves of letters": hf_dataset("clinic/notes", "medical", id="clinic/notes-\ud800", sha="\udfff"),
    "a date before all dates": hf_dataset("clinic/notes", "medical", lastModified="0001-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("body", list(ANSWERS.values()), ids=list(ANSWERS))
def test_odd_items_of_a_list_end_no_harvest(catalogue: Engine, server: ApiServer, body: dict[str, Any]) -> None:
    for night in (0, 8):
        server.fail(r"/api/datasets\?filter=medical", say([body, hf_dataset("clinic/good", "medical")]))
        result = one(harvest([HUB], target=catalogue, at=NIGHT + dt.timedelta(days=night)))
        assert "mistake of ours" not in (result.message or "")
        assert source(catalogue, "clinic/good")["status"] == "alive"


HEADERS = [
    {"ETag": 'W/"é\u00ff"'},
    {"Link": '<http://[>; rel="next"'},
    {"RateLimit": f'"api";r=0;t={"9" * 400}'},
    {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "\u00b2"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
def test_odd_headers_end_no_harvest(small: Engine, server: ApiServer, headers: dict[str, str]) -> None:
    body = json.dumps([hf_dataset("clinic/good", "medical")]).encode()
    for night in (0, 8):
        server.fail(r"/api/datasets\?filter=medical", Reply(200, headers, body))
        server.fail("/api/datasets/made-up/Ward-QA", Reply(200, headers, json.dumps(server.world.datasets[0]).encode()))
        result = one(harvest([HUB], target=small, at=NIGHT + dt.timedelta(days=night)))
        assert "mistake of ours" not in (result.message or "")
    assert source(small, "clinic/good")["status"] == "alive"


def test_an_answer_that_is_too_large_leaves_what_was_known(small: Engine, server: ApiServer) -> None:
    harvest([HUB], target=small, at=NIGHT)
    key = source(small, "made-up/ward-qa")["id"]
    before = said(small, key)
    assert {"card_text", "file_count"} <= before.keys()
    server.fail(r"/api/datasets/made-up/Ward-QA\?blobs", "endless", times=9)
    server.world.datasets[0]["sha"] = "f" * 40
    assert one(harvest([HUB], target=small, at=NIGHT + dt.timedelta(days=8))).failed == 0
    assert said(small, key).keys() == before.keys()
    assert source(small, "made-up/ward-qa")["revision"] == "f" * 40


def test_a_model_that_the_page_of_a_paper_shows_keeps_what_it_declares(small: Engine, server: ApiServer) -> None:
    model = hf_model("lab/med-7b", "dataset:made-up/Ward-QA")
    server.world.models.append(model)
    server.world.papers.append(hf_paper("2301.00001", "Ward questions", models=(model,)))
    for week in range(3):
        harvest([HUB], target=small, at=NIGHT + dt.timedelta(days=8 * week))
    assert len(links(small)) == 2
    assert len([kind for kind, _, _ in events(small, "artifact") if kind == "new-artifact"]) == 2
