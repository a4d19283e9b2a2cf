"""A dashboard that really runs, on a catalogue of its own, and pages run in this process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from streamlit.testing.v1 import AppTest

from registry.db import ready
from tests.dashboard import hostile
from tests.support.databases import Databases

ENTRY = Path(__file__).parents[2] / "dashboard" / "pages" / "app.py"
SERVE = "import sys; from dashboard.serve import serve; sys.exit(serve(int(sys.argv[1])))"


def is_here(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("data", "blob", "about") or parts.hostname == "127.0.0.1"


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def environment(home: Path, **ours: str) -> dict[str, str]:
    """The variables of a process that is a stranger to this machine's user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "STREAMLIT_"))}
    root = str(Path(__file__).parents[2])
    return kept | {"HOME": str(home), "PYTHONPATH": root, "PYTHONUNBUFFERED": "1", **ours}


@contextmanager
def serving(home: Path, **ours: str) -> Iterator[str]:
    """A dashboard in a process of its own, started from another folder; yields its address."""
    port = free_port()
    log = home / f"serve-{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port)], cwd=home, env=environment(home, **ours), stdout=out, stderr=out
        )
    try:
        wait_for(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in log.read_text(), log.read_text()


def wait_for(address: str, process: subprocess.Popen[Any], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"the dashboard did not answer in 30 s: {log.read_text()}")


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of private cards: harmless ones and hostile ones."""
    return hostile.write(tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="session")
def catalogue(databases: Databases, cards: Path) -> Iterator[str]:
    """The database of all cards of the package and the private ones; one for all tests, as pages only read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGISTRY_CARDS", str(cards))
        for url in databases.fresh("sqlite", "filled"):
            ready(url)
            yield url


@pytest.fixture(scope="module")
def address(catalogue: str, cards: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running dashboard on that catalogue."""
    home = tmp_path_factory.mktemp("visitor")
    with serving(home, REGISTRY_DATABASE_URL=catalogue, REGISTRY_CARDS=str(cards)) as where:
        yield where


Run = Callable[..., AppTest]


@pytest.fixture
def run(catalogue: str, cards: Path, clean_env: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a page in this process: `run("dataset.py", slug="medqa")`."""
    monkeypatch.setenv("REGISTRY_DATABASE_URL", catalogue)
    monkeypatch.setenv("REGISTRY_CARDS", str(cards))

    def go(script: str = "", /, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ENTRY), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if script:
            for name, value in query.items():
                app.query_params[name] = value
            app.switch_page(script).run()
        assert not app.exception, [element.value for element in app.exception]
        return app

    return go


Kind = tuple[tuple[int, int], str, bool]


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> dict[Kind, BrowserContext]:
    """One profile for each size, theme and policy: its cache spares each test the download of Streamlit."""
    return {}


@pytest.fixture
def visit(browser: Browser, contexts: dict[Kind, BrowserContext]) -> Iterator[Callable[..., Page]]:
    """Opens an address at a size and in a theme; what leaves this machine or breaks in the page fails the test."""
    problems: list[str] = []
    pages: list[Page] = []

    def open_(address: str, size: tuple[int, int] = (1440, 900), theme: str = "light", policy: bool = True) -> Page:
        kind = (size, theme, policy)
        if kind not in contexts:
            contexts[kind] = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=theme,
                bypass_csp=not policy,
                locale="en-GB",
                timezone_id="UTC",
            )
        page = contexts[kind].new_page()
        pages.append(page)
        page.on("pageerror", lambda error: problems.append(f"script failed: {error}"))
        page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: None if is_here(asked.url) else problems.append(f"asked {asked.url}"))
        page.goto(address)
        return page

    yield open_
    for page in pages:
        page.close()
    assert not problems, problems


@pytest.fixture(scope="session")
def output(request: pytest.FixtureRequest) -> Path:
    """Where pictures of the pages are kept to be looked at: `test-output/dashboard`, which git does not see."""
    folder = request.config.rootpath / "test-output"
    (folder / "dashboard").mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    return folder / "dashboard"
