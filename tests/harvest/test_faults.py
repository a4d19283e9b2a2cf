"""Harvests that meet what goes wrong: each fault ends in its outcome, and in one line that says so."""

from __future__ import annotations

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
from registry.db import reading
from registry.errors import HarvestError, UnknownOption
from registry.standing import table
from registry.tables import HarvestCursor, HarvestFailure, HarvestRun, Source
from tests.support.api_reply import Reply, html, say
from tests.support.api_server import ApiServer
from tests.support.api_world import gh_repository, hf_dataset
from tests.support.harvested import ALEX, GIT, HUB, asked_for, dump, one, rows, said, source, yesterday


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
