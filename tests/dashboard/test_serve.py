"""Starting and stopping, and what a server must not do."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from dashboard.headers import HEADERS
from dashboard.serve import options, serve
from tests.dashboard.conftest import SERVE, environment, free_port, serving, wait_for


def test_a_port_in_use_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert serve(port) == 1
    told = capsys.readouterr()
    assert told.err == (
        f"port {port} is in use: stop what uses it, or choose another one with --port (make run PORT={port + 1})\n"
    )
    assert told.out == ""


def test_an_address_of_another_machine_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(free_port(), address="203.0.113.7") == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_database_that_cannot_be_used_stops_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "no.db").write_text("this is no database, but long enough to be taken for one" * 20)
    monkeypatch.setenv("REGISTRY_DATABASE_URL", f"sqlite:///{tmp_path}/no.db")
    assert serve(free_port()) == 1
    assert "no.db" in capsys.readouterr().err


def test_ctrl_c_ends_it_cleanly_from_any_folder_and_it_says_where_the_catalogue_is(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "log"
    ours = environment(tmp_path, REGISTRY_DATABASE_URL=f"sqlite:///{tmp_path}/own.db")
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port)], cwd=tmp_path, env=ours, stdout=out, stderr=out
        )
        wait_for(f"http://127.0.0.1:{port}", process, log)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    told = log.read_text()
    assert f"sqlite:///{tmp_path}/own.db" in told
    assert f"http://127.0.0.1:{port}" in told
    assert "Traceback" not in told
    assert len(told.splitlines()) == 3


def test_every_answer_carries_the_policy(address: str) -> None:
    for path in ("/", "/dataset?slug=medqa", "/_stcore/health", "/nothing/here.js"):
        try:
            with urllib.request.urlopen(address + path) as answer:
                got = answer.headers
        except urllib.error.HTTPError as error:
            got = error.headers
        for name, value in HEADERS:
            assert got.get_all(name.decode()) == [value.decode()], path


def test_a_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import reads

    monkeypatch.setenv("REGISTRY_DATABASE_URL", "postgresql://reader:s3cret@db.example/catalogue")
    assert "s3cret" not in reads.where()
    assert "db.example" in reads.where()


def test_the_options_keep_visitors_to_themselves() -> None:
    local = options(8501, "127.0.0.1")
    assert local["browser.gatherUsageStats"] is False
    assert local["client.showErrorDetails"] == "none"
    assert local["runner.postScriptGC"] is False
    assert local["server.enableCORS"]
    assert local["server.enableXsrfProtection"]
    assert "localhost" in local["server.allowedHosts"]
    assert options(8501, "0.0.0.0")["server.allowedHosts"] == []


def test_every_option_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    config.get_config_options()
    assert options(8501, "127.0.0.1").keys() <= config._config_options_template.keys()


def test_two_servers_run_beside_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    with serving(tmp_path, REGISTRY_DATABASE_URL=url) as one, serving(tmp_path, REGISTRY_DATABASE_URL=url) as other:
        assert one != other


def test_no_page_renders_raw_html() -> None:
    folder = Path(__file__).parents[2] / "dashboard"
    sources = {path.name: path.read_text() for path in folder.rglob("*.py")}
    for forbidden in (
        "unsafe_allow_html",
        "st.html(",
        "components.",
        "st.iframe",
        "ImageColumn",
        "st.image",
        "st.write(known",
    ):
        assert [name for name, text in sources.items() if forbidden in text] == []
