"""`deploy/`: each way to run the harvest every night, tried as far as it can be without cron, systemd and GitHub."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.db import engine
from registry.tables import HarvestRun
from tests.support.api_reply import say
from tests.support.api_server import ApiServer
from tests.support.api_world import world_of_cards
from tests.support.harvested import rows

DEPLOY = Path(__file__).parents[1] / "deploy"
SERVICE, TIMER = DEPLOY / "medregistry-harvest.service", DEPLOY / "medregistry-harvest.timer"
REGISTRY = Path(sys.executable).parent / "registry"
SYSTEM = "/usr/local/bin:/usr/bin:/bin"
FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}

SPENT = say({"message": "API rate limit exceeded"}, 429, Retry_After="40000")
TWO = r"^/(api|search|repos|repositories)/"
"""What Hugging Face and GitHub are asked."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@pytest.fixture
def server(embedded_catalogue_url: str) -> Iterator[ApiServer]:
    """The local services with the places of all datasets that have cards."""
    with ApiServer(world_of_cards()) as started:
        started.limits.hub = 10_000
        yield started


def times(fields: str) -> dict[str, str]:
    """The five fields of a time of cron; each is a number in its range, a step or every one."""
    found = dict(zip(FIELDS, fields.split(" "), strict=True))
    for name, text in found.items():
        least, most = FIELDS[name]
        number = re.fullmatch(r"\*|\*/(\d+)|(\d+)", text)
        assert number, f"{name} {text!r}"
        value = number[1] or number[2]
        assert value is None or least <= int(value) <= most, f"{name} {text!r}"
    return found


def runs(database: Path) -> list[tuple[str, str]]:
    return [(row["source"], row["status"]) for row in rows(engine(f"sqlite:///{database}"), HarvestRun)]


def shell(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command in this environment and no other."""
    return subprocess.run(
        command,
        env=dict(environment),
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class TestCron:
    @pytest.fixture
    def home(self, tmp_path: Path, server: ApiServer) -> Path:
        """A home folder as the README says to set it up."""
        command = tmp_path / "medregistry/.venv/bin/registry"
        command.parent.mkdir(parents=True)
        command.symlink_to(REGISTRY)
        settings = tmp_path / ".config/medregistry/environment"
        settings.parent.mkdir(parents=True)
        settings.write_text("".join(f"{name}={value}\n" for name, value in server.environment.items()))
        return tmp_path

    def line(self) -> str:
        lines = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
        (found,) = [line for line in lines if line and not line.startswith("#")]
        return found

    def cron(self, home: Path) -> subprocess.CompletedProcess[str]:
        """Run the command as cron does."""
        command = self.line().split(" ", 5)[5]
        environment = {"HOME": str(home), "LOGNAME": "somebody", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
        return shell(["/bin/sh", "-c", command], environment)

    def test_it_is_once_a_day_and_not_when_all_others_ask(self) -> None:
        when = times(" ".join(self.line().split(" ", 5)[:5]))
        assert when["minute"].isdigit()
        assert when["hour"].isdigit()
        assert int(when["minute"]) not in (0, 30)
        assert {when["day"], when["month"], when["weekday"]} == {"*"}

    def test_cron_would_take_it(self) -> None:
        command = self.line().split(" ", 5)[5]
        assert "%" not in command, "cron makes a line break of it"
        assert len(self.line()) < 990, "the longest line that cron reads"
        assert (DEPLOY / "crontab").read_text(encoding="utf-8").endswith("\n")

    def test_it_harvests_into_the_log_and_says_nothing(self, home: Path) -> None:
        done = self.cron(home)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        database = home / ".local/share/medregistry/registry.db"
        assert runs(database) == [("huggingface", "done"), ("github", "done"), ("openalex", "done")]
        log = (home / ".local/state/medregistry/harvest.log").read_text()
        assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO huggingface: begins$", log, re.MULTILINE)
        assert " requests were due, had nothing been new" in log

    def test_a_harvest_in_part_is_no_news(self, home: Path, server: ApiServer) -> None:
        server.fail(TWO, SPENT, 10**6)
        done = self.cron(home)
        assert (done.stdout, done.stderr) == ("", "")
        found = runs(home / ".local/share/medregistry/registry.db")
        assert found == [("huggingface", "partial"), ("github", "partial"), ("openalex", "done")]

    def test_a_harvest_that_failed_is_a_line_to_mail(self, home: Path, server: ApiServer) -> None:
        server.fail(r".", say({"message": "Invalid credentials in Authorization header"}, 401), 10**6)
        log = home / ".local/state/medregistry/harvest.log"
        with (home / ".config/medregistry/environment").open("a") as settings:
            settings.write("HF_TOKEN=hf_made_up\n")
        done = self.cron(home)
        assert done.stdout == f"registry harvest failed with exit code 1, see {log}\n"
        assert "hf_made_up" not in log.read_text()

    def test_without_its_settings_it_says_so(self, home: Path) -> None:
        (home / ".config/medregistry/environment").unlink()
        done = self.cron(home)
        assert done.returncode != 0
        assert ".config/medregistry/environment" in done.stderr


class TestSystemd:
    @pytest.fixture
    def units(self, tmp_path: Path) -> Path:
        """The units, with the command where it is here."""
        text = SERVICE.read_text(encoding="utf-8")
        assert "ExecStart=/opt/medregistry/bin/registry harvest\n" in text
        (tmp_path / SERVICE.name).write_text(text.replace("/opt/medregistry/bin/registry", str(REGISTRY)))
        shutil.copy(TIMER, tmp_path)
        return tmp_path

    @staticmethod
    def settings(path: Path) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            if "=" in line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found.setdefault(name, []).append(value)
        return found

    @needs_systemd
    def test_the_units_hold_nothing_that_systemd_does_not_know(self, units: Path) -> None:
        command = ["systemd-analyze", "verify", str(units / SERVICE.name), str(units / TIMER.name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        ours = [line for line in (done.stdout + done.stderr).splitlines() if "medregistry" in line]
        assert (done.returncode, ours) == (0, [])

    @needs_systemd
    def test_the_timer_elapses_once_a_day(self) -> None:
        (when,) = self.settings(TIMER)["OnCalendar"]
        command = ["systemd-analyze", "calendar", "--iterations=3", when]
        told = subprocess.run(
            command, capture_output=True, text=True, check=True, env=os.environ | {"TZ": "UTC"}
        ).stdout
        days = re.findall(r"(\d{4}-\d\d-\d\d) 02:17:00 UTC", told)
        assert len(dict.fromkeys(days)) == 3

    @needs_systemd
    def test_the_service_may_do_little(self, units: Path) -> None:
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(units / SERVICE.name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "unrecognized option" in done.stderr:
            pytest.skip("systemd-analyze has --offline since systemd 250; this one is older")
        assert done.returncode == 0, done.stdout + done.stderr

    def test_a_missed_night_is_caught_up_and_the_hour_is_spread(self) -> None:
        found = self.settings(TIMER)
        assert found["Persistent"] == ["true"]
        assert found["RandomizedDelaySec"] == ["30min"]
        assert found["WantedBy"] == ["timers.target"]

    def test_tokens_are_in_a_file_of_their_own(self) -> None:
        assert self.settings(SERVICE)["EnvironmentFile"] == ["-/etc/medregistry/environment"]
        assert not re.search("token|key", SERVICE.read_text(encoding="utf-8"), re.IGNORECASE)

    def test_its_command_harvests_into_its_state_folder(self, units: Path, tmp_path: Path, server: ApiServer) -> None:
        found = self.settings(units / SERVICE.name)
        folders = {"%S": tmp_path / "state", "%C": tmp_path / "cache"}
        (folders["%S"] / found["StateDirectory"][0]).mkdir(parents=True)
        environment = dict(server.environment)
        for setting in found["Environment"]:
            name, _, value = setting.partition("=")
            environment[name] = re.sub("%[SC]", lambda folder: str(folders[folder[0]]), value)
        done = shell(found["ExecStart"][0].split(" "), environment | {"PATH": SYSTEM})
        assert done.returncode == 0
        assert "INFO huggingface: begins" in done.stderr
        assert ("openalex", "done") in runs(tmp_path / "state/medregistry/registry.db")
        assert list((tmp_path / "cache/medregistry").glob("harvest-*.lock"))

    def test_what_is_done_in_part_or_stopped_is_no_failure(self) -> None:
        assert self.settings(SERVICE)["SuccessExitStatus"] == ["3 143"]


class TestActions:
    workflow: dict[Any, Any] = yaml.safe_load((DEPLOY / "harvest.yml").read_text(encoding="utf-8"))
    on = workflow[True]  # YAML 1.1 takes `on` for a truth value, GitHub does not
    (job,) = workflow["jobs"].values()
    steps = job["steps"]

    def step(self, name: str) -> dict[str, Any]:
        (found,) = [step for step in self.steps if step.get("name") == name]
        return found

    @pytest.fixture
    def runner(self, tmp_path: Path, server: ApiServer) -> dict[str, str]:
        """The environment of a step, with a stand-in for `gh` that keeps releases in a folder."""
        for name in ("bin", "releases", "workspace"):
            (tmp_path / name).mkdir()
        gh = tmp_path / "bin/gh"
        gh.write_text(GH)
        gh.chmod(0o755)
        folder = tmp_path / "workspace/catalogue"
        return server.environment | {
            "HOME": str(tmp_path),
            "PATH": f"{tmp_path}/bin:{REGISTRY.parent}:{SYSTEM}",
            "RELEASES": str(tmp_path / "releases"),
            "REGISTRY_DATABASE_URL": f"sqlite:///{folder}/registry.db",
            "FOLDER": str(folder),
            "RELEASE": self.job["env"]["RELEASE"],
            "OPTIONS": "",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        }

    def run(self, name: str, environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a step as a runner runs it."""
        step = self.step(name)
        assert step["shell"] == "bash"
        script = folder / "step.sh"
        script.write_text(step["run"])
        return shell(["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], environment)

    def night(self, environment: dict[str, str], folder: Path) -> None:
        """A whole run on a new machine."""
        shutil.rmtree(environment["FOLDER"], ignore_errors=True)
        for name in ("Fetch the catalogue of the last night", "Harvest", "Keep the catalogue"):
            done = self.run(name, environment, folder)
            assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"

    def test_it_starts_by_the_clock_and_by_hand(self) -> None:
        (schedule,) = self.on["schedule"]
        when = times(schedule["cron"])
        assert when["hour"].isdigit()
        assert int(when["minute"]) % 5, "GitHub is busiest at round minutes"
        assert "workflow_dispatch" in self.on

    def test_it_may_write_releases_and_no_more(self) -> None:
        assert self.workflow["permissions"] == {"contents": "write"}
        assert "permissions" not in self.job
        (checkout,) = [step for step in self.steps if step.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["persist-credentials"] is False

    def test_actions_are_pinned_to_commits(self) -> None:
        used = [step["uses"] for step in self.steps if "uses" in step]
        assert used
        assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name)] == []

    def test_every_step_is_an_action_or_a_script_that_bash_can_read(self) -> None:
        for step in self.steps:
            assert ("uses" in step) != ("run" in step)
            if "run" in step:
                assert step["shell"] == "bash"
                assert "${{" not in step["run"], "what GitHub puts in would run as a script"
                done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
                assert (done.returncode, done.stderr) == (0, "")

    def test_it_installs_what_the_project_pins(self) -> None:
        assert "--constraint constraints.txt" in self.step("Install")["run"]
        assert (DEPLOY.parent / "constraints.txt").is_file()

    def test_one_runs_at_a_time_and_ends_before_github_ends_it(self) -> None:
        assert self.workflow["concurrency"] == {"group": "harvest", "cancel-in-progress": False}
        (minutes,) = re.findall(r"timeout .* (\d+)m registry harvest", self.step("Harvest")["run"])
        assert int(minutes) + 30 < self.job["timeout-minutes"] <= 360

    def test_each_night_goes_on_with_the_catalogue_of_the_last(
        self, runner: dict[str, str], tmp_path: Path, server: ApiServer
    ) -> None:
        server.fail(TWO, SPENT, 10**6)
        for _ in range(2):
            self.night(runner, tmp_path)
        found = runs(Path(runner["FOLDER"]) / "registry.db")
        assert found == [("huggingface", "partial"), ("github", "partial"), ("openalex", "done")] * 2
        assert "looked at within a day" in (tmp_path / "summary").read_text()

    def test_three_nights_are_kept_and_each_is_a_whole_database(self, runner: dict[str, str], tmp_path: Path) -> None:
        release = tmp_path / "releases/catalogue"
        release.mkdir()
        for day in range(1, 5):
            (release / f"registry-2026110{day}021700.db.gz").write_bytes(b"old")
        (release / "notes.txt").write_text("stays")
        folder = Path(runner["FOLDER"])
        folder.mkdir()
        with sqlite3.connect(folder / "registry.db") as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE made_up AS SELECT 7 AS n")
        assert self.run("Keep the catalogue", runner, tmp_path).returncode == 0
        *old, newest, notes = sorted(
            (path.name for path in release.iterdir()), key=lambda name: (name == "notes.txt", name)
        )
        assert old == ["registry-20261103021700.db.gz", "registry-20261104021700.db.gz"]
        assert notes == "notes.txt"
        whole = subprocess.run(["gunzip", "--stdout", str(release / newest)], capture_output=True, check=True).stdout
        (tmp_path / "kept.db").write_bytes(whole)
        assert sqlite3.connect(tmp_path / "kept.db").execute("SELECT n FROM made_up").fetchall() == [(7,)]

    def test_a_fault_of_github_does_not_begin_an_empty_catalogue(self, runner: dict[str, str], tmp_path: Path) -> None:
        shutil.rmtree(tmp_path / "releases")
        done = self.run("Fetch the catalogue of the last night", runner, tmp_path)
        assert done.returncode != 0
        assert self.step("Keep the catalogue")["if"] == "${{ !cancelled() && steps.harvest.outcome != 'skipped' }}"
        assert self.step("Harvest")["id"] == "harvest"

    def test_a_harvest_in_part_is_a_warning(self, runner: dict[str, str], tmp_path: Path, server: ApiServer) -> None:
        server.fail(TWO, SPENT, 10**6)
        done = self.run("Harvest", runner | {"OPTIONS": "--max-requests 5000"}, tmp_path)
        assert done.returncode == 0
        assert "::warning::The harvest was done in part (exit code 3)" in done.stdout

    def test_a_harvest_that_failed_fails_the_step(
        self, runner: dict[str, str], tmp_path: Path, server: ApiServer
    ) -> None:
        server.fail(".", say({"message": "Invalid credentials in Authorization header"}, 401), 10**6)
        assert self.run("Harvest", runner, tmp_path).returncode == 1

    def test_a_catalogue_in_postgresql_is_left_where_it_is(self, runner: dict[str, str], tmp_path: Path) -> None:
        elsewhere = runner | {"REGISTRY_DATABASE_URL": "postgresql://u:secret@db.example.org/x"}
        for name in ("Fetch the catalogue of the last night", "Keep the catalogue"):
            done = self.run(name, elsewhere, tmp_path)
            assert done.returncode == 0
            assert "secret" not in done.stdout + done.stderr
        assert list((tmp_path / "releases").iterdir()) == []


GH = """#!/bin/sh
# What the workflow asks of `gh`, on the folder $RELEASES.
set -eu
case "$1 $2" in
  "release list") ls "$RELEASES" ;;
  "release create") mkdir "$RELEASES/$3" ;;
  "release view") ls "$RELEASES/$3" ;;
  "release upload") cp "$4" "$RELEASES/$3/" ;;
  "release delete-asset") rm "$RELEASES/$3/$4" ;;
  "release download") test "$4 $6" = "--pattern --dir"; cp "$RELEASES/$3/$5" "$7/" ;;
  *) echo "gh: what is $*?" >&2; exit 64 ;;
esac
"""
