"""`registry harvest` as a person and as cron run it: processes of their own against the local services."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from registry.db import engine
from registry.tables import HarvestRun
from tests.support.api_reply import say
from tests.support.api_server import ApiServer
from tests.support.api_world import world_of_cards
from tests.support.harvested import links, rows

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "registry.cli", "harvest"]
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING) (huggingface|github|openalex): .+")
GITHUB = r"^/(search|repos|repositories)\b"
TWO = ("--source", "openalex", "--source", "github")
COUNTS = ("requests", "least", "created", "updated", "unchanged", "gone", "ignored", "failed", "seconds")


@pytest.fixture
def services(embedded_catalogue_url: str, server: ApiServer) -> ApiServer:
    """The services with the places of all datasets that have cards, and the catalogue of these cards."""
    vars(server.world).update(vars(world_of_cards()))
    return server


@pytest.fixture
def waiting(services: ApiServer) -> Iterator[subprocess.Popen[str]]:
    """A harvest that has stored what OpenAlex has and waits, as GitHub asked it to."""
    services.fail(GITHUB, say({"message": "API rate limit exceeded"}, 429, Retry_After="300"), 10**6)
    started = subprocess.Popen([*COMMAND, *TWO], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stderr is not None
    _read_until(started.stderr, "waiting 5 minutes")
    yield started
    started.kill()
    started.communicate()


def _read_until(stream: IO[str], words: str) -> None:
    for line in stream:
        if words in line:
            return
    raise AssertionError(f"the log ends without {words!r}")


def harvest(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def on_terminal(*options: str, out: Path | None = None, columns: int = 130) -> tuple[int, str]:
    """The exit code, and what a terminal was sent; its stdout goes to a file where one is named."""
    ours, theirs = pty.openpty()
    with (out or Path(os.devnull)).open("w") as elsewhere:
        process = subprocess.Popen(
            [*COMMAND, *options],
            cwd=ROOT,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns)},
            stdin=theirs,
            stdout=elsewhere if out else theirs,
            stderr=theirs,
        )
    os.close(theirs)
    told = b""
    with contextlib.suppress(OSError):  # that the other side is closed: the process is gone and all was read
        while part := os.read(ours, 65_536):
            told += part
    os.close(ours)
    return process.wait(), told.decode()


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).splitlines()


def statuses(url: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows(engine(url), HarvestRun):
        found.setdefault(row["source"], []).append(row["status"])
    return found


def test_without_a_terminal_it_logs_and_sums_up(services: ApiServer) -> None:
    done = harvest()
    *log, least = done.stderr.splitlines()
    assert done.returncode == 0
    assert [line for line in log if not LINE.fullmatch(line)] == []
    told = [line.split(" ", 2)[2] for line in log]
    for name in ("huggingface", "github", "openalex"):
        assert f"{name}: begins" in told
        assert len([line for line in told if line.startswith(f"{name}: done; ")]) == 1
    head, *table = (line.split("\t") for line in done.stdout.splitlines())
    assert head == ["source", "status", *COUNTS[:-1], "seconds"]
    assert [row[:2] for row in table] == [["huggingface", "done"], ["github", "done"], ["openalex", "done"]]
    total = sum(int(row[3].replace(",", "")) for row in table)
    assert total > 0
    assert least == f"{total:,} requests were due, had nothing been new"


def test_json_is_all_there_is_on_stdout(services: ApiServer) -> None:
    done = harvest("--json", *TWO)
    found = json.loads(done.stdout)
    assert [row["source"] for row in found] == ["openalex", "github"]
    assert all(isinstance(row[name], int | float) for row in found for name in COUNTS)
    assert [line for line in done.stderr.splitlines() if not LINE.fullmatch(line)] == []


def test_on_a_terminal_it_draws_a_table_anew_and_logs_nothing(services: ApiServer) -> None:
    code, text = on_terminal(*TWO)
    assert code == 0
    assert "\x1b[1A\x1b[2K" in text, "lines are drawn anew"
    lines = plain(text)
    assert any(re.match(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] github\s+\d", line) for line in lines)
    assert not any(LINE.search(line) for line in lines)
    assert lines[-1].endswith(" requests were due, had nothing been new")


def test_a_narrow_terminal_gets_a_summary_that_fits(services: ApiServer) -> None:
    code, text = on_terminal("--source", "openalex", columns=80)
    assert code == 0
    lines = [line.split() for line in plain(text)]
    summary = lines[lines.index(["source", "openalex"]) : -1]
    assert [line[0] for line in summary] == ["source", "status", *COUNTS]
    assert summary[1] == ["status", "done"]
    assert max(map(len, plain(text))) <= 80


def test_a_terminal_keeps_the_table_where_the_summary_goes_elsewhere(services: ApiServer, tmp_path: Path) -> None:
    code, text = on_terminal("--json", "--source", "openalex", out=tmp_path / "out")
    assert code == 0
    assert json.loads((tmp_path / "out").read_text())[0]["status"] == "done"
    assert plain(text)[-1].startswith("✓ openalex")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_stops_it_keeps_what_was_stored(
    waiting: subprocess.Popen[str], services: ApiServer, embedded_catalogue_url: str, number: int, code: int
) -> None:
    waiting.send_signal(number)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (code, "")
    assert re.fullmatch(
        r"registry: stopped after [\d,]+ requests; what was stored stays, and the next harvest goes on from there\n",
        err,
    )
    assert statuses(embedded_catalogue_url) == {"openalex": ["done"], "github": ["failed"]}
    assert ("A made-up preprint", "cites", "pubmedqa") in links(engine(embedded_catalogue_url))
    services.faults.clear()
    assert harvest(*TWO).returncode == 0


def test_a_second_one_is_refused_while_one_runs(waiting: subprocess.Popen[str]) -> None:
    done = harvest()
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        rf"registry: another harvest of this catalogue is running: process {waiting.pid} on \S+ since \S+; lock \S+\n",
        done.stderr,
    )


def test_one_that_was_killed_is_in_nobodys_way(
    waiting: subprocess.Popen[str], services: ApiServer, embedded_catalogue_url: str
) -> None:
    waiting.kill()
    waiting.wait()
    services.faults.clear()
    done = harvest("--source", "github")
    assert done.returncode == 0
    assert "lock" not in done.stderr
    assert statuses(embedded_catalogue_url)["github"] == ["failed", "done"]


def test_a_service_that_fails_makes_it_a_harvest_in_part(services: ApiServer) -> None:
    services.fail(GITHUB, say({"message": "API rate limit exceeded"}, 429, Retry_After="3000"), 10**6)
    done = harvest(*TWO)
    assert done.returncode == 3
    assert re.search(r"WARNING github: partial; .*the limit of requests is spent", done.stderr)


def test_all_that_was_asked_failing_is_a_failure(services: ApiServer) -> None:
    services.fail(GITHUB, say({"message": "Bad credentials"}, 401), 10**6)
    done = harvest("--source", "github")
    assert done.returncode == 1
    assert re.search(r"WARNING github: failed; ", done.stderr)
    assert "Traceback" not in done.stderr


def test_the_budget_is_spent_at_openalex_alone(services: ApiServer) -> None:
    done = harvest("--budget", "0.0001", "--json", *TWO)
    found = {row["source"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 3
    assert found["github"]["status"] == "done"
    assert "the budget of $0.0001 is spent" in found["openalex"]["message"]


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "inf", "much"])
def test_a_budget_is_an_amount(amount: str, embedded_catalogue_url: str) -> None:
    done = harvest("--budget", amount)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--budget" in done.stderr


def test_status_tells_how_fresh_each_service_is(services: ApiServer) -> None:
    harvest(*TWO)
    status = [sys.executable, "-m", "registry.cli", "db", "status"]
    found = json.loads(subprocess.run([*status, "--json"], cwd=ROOT, capture_output=True, check=True).stdout)
    fresh = {row["source"]: row for row in found["freshness"]}
    assert fresh["github"]["status"] == "done"
    assert fresh["github"]["alive"] > 0
    assert fresh["huggingface"]["last_run"] is None
    told = subprocess.run(status, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in told if "\t" in line}
    assert lines["what"] == ["huggingface", "github", "openalex"]
    assert lines["came to"] == ["", "done", "done"]
    assert lines["alive"][1] == str(fresh["github"]["alive"])
