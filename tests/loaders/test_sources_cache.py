"""The cache of downloads: the same bytes once, sums remembered while they are true, and offline without a socket."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest
from pytest_socket import disable_socket, enable_socket

from loaders import absent, checksums, sources
from loaders.fetch import Origin, locate
from loaders.sources import progress
from registry.card import DatasetCard
from registry.errors import MedRegistryError
from registry.loadspec import FileRef
from tests.support.web_server import Exchange, WebServer, served

TABLE = b"a,b\n1,2\n"
DIGEST = hashlib.sha256(TABLE).hexdigest()
LARGE = bytes(range(256)) * (8 << 10)


@pytest.fixture
def cache(clean_env: Path) -> Path:
    return Path(os.environ["REGISTRY_CACHE"])


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer({"/x.csv": served(TABLE), "/y.csv": served(TABLE), "/large.bin": served(LARGE)}) as server:
        yield server


def path_of(origin: Origin, ref: FileRef | str) -> Path:
    files, gone = locate(origin, [FileRef(path=ref) if isinstance(ref, str) else ref])
    assert gone == []
    return files[0].path


class TestByContent:
    def test_the_same_bytes_of_two_datasets_and_two_names_are_kept_once(self, server: WebServer, cache: Path) -> None:
        first = path_of(Origin("one", server.address), "x.csv")
        second = path_of(Origin("two", server.address, "v2"), "y.csv")
        assert [path.relative_to(cache).parts[:3] for path in (first, second)] == [
            ("datasets", "one", "@newest"),
            ("datasets", "two", "@v2"),
        ]
        assert first.stat().st_ino == second.stat().st_ino == (cache / "blobs" / DIGEST).stat().st_ino

    def test_a_pinned_file_that_another_dataset_brought_needs_no_network(self, server: WebServer) -> None:
        path_of(Origin("one", server.address), "x.csv")
        ref = FileRef(path="sub/z.csv", sha256=DIGEST)
        assert path_of(Origin("two", "zenodo:1", offline=True), ref).read_bytes() == TABLE

    def test_where_the_disk_knows_no_links_a_copy_is_made(
        self, server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object) -> None:
            raise OSError("no links here")

        monkeypatch.setattr("os.link", refused)
        first = path_of(Origin("one", server.address), "x.csv")
        assert first.read_bytes() == TABLE
        assert first.stat().st_ino != (cache / "blobs" / DIGEST).stat().st_ino

    def test_a_kept_file_cannot_be_changed_by_accident_and_is_not_believed_when_it_was(
        self, server: WebServer, cache: Path
    ) -> None:
        first = path_of(Origin("one", server.address), "x.csv")
        assert first.stat().st_mode & 0o222 == 0
        first.chmod(0o644)
        first.write_bytes(b"changed\n")
        assert path_of(Origin("two", server.address), FileRef(path="y.csv", sha256=DIGEST)).read_bytes() == TABLE


class TestRememberedSums:
    @pytest.fixture
    def file(self, tmp_path: Path, cache: Path) -> Path:
        path = tmp_path / "x.bin"
        path.write_bytes(LARGE)
        os.utime(path, (time.time() - 60,) * 2)
        return path

    def reads(self, path: Path, monkeypatch: pytest.MonkeyPatch, *, fresh: bool = False) -> int:
        """How often a file is read for its sum."""
        count = 0
        truly = hashlib.file_digest

        def counted(*given: object) -> object:
            nonlocal count
            count += 1
            return truly(*given)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr("hashlib.file_digest", counted)
            assert checksums.sha256(path, fresh=fresh) == hashlib.sha256(path.read_bytes()).hexdigest()
        return count

    def test_a_file_is_read_once_and_again_when_asked_to(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert [self.reads(file, monkeypatch) for _ in range(3)] == [1, 0, 0]
        assert self.reads(file, monkeypatch, fresh=True) == 1

    def test_a_download_is_not_read_again(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.reads(path_of(Origin("one", server.address), "large.bin"), monkeypatch) == 0

    def test_a_change_of_the_same_size_shows_even_with_its_old_date(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.reads(file, monkeypatch)
        date = file.stat().st_mtime_ns
        file.write_bytes(LARGE[::-1])
        os.utime(file, ns=(date, date))
        assert self.reads(file, monkeypatch) == 1

    def test_a_file_that_was_written_just_now_is_not_remembered(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file.write_bytes(LARGE)
        assert [self.reads(file, monkeypatch) for _ in range(2)] == [1, 1]

    def test_a_note_that_is_damaged_counts_for_nothing(
        self, file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.reads(file, monkeypatch)
        for note in (cache / "sums").rglob("*.json"):
            note.write_bytes(b"\xff{")
        assert self.reads(file, monkeypatch) == 1

    def test_many_processes_may_remember_at_once(self, file: Path) -> None:
        code = "import sys, pathlib, loaders.checksums as c; print(c.sha256(pathlib.Path(sys.argv[1])))"
        command = [sys.executable, "-c", code, str(file)]
        with ThreadPoolExecutor(3) as pool:
            runs = list(pool.map(lambda _: subprocess.run(command, capture_output=True, text=True), range(3)))
        assert {run.stdout.strip() for run in runs} == {hashlib.sha256(LARGE).hexdigest()}


class TestOffline:
    @pytest.mark.parametrize("by", ["argument", "environment"])
    def test_not_one_socket_is_opened_for_any_kind_of_source(self, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
        monkeypatch.setenv("REGISTRY_MIRROR", "http://127.0.0.1:9")
        if by == "environment":
            monkeypatch.setenv("REGISTRY_OFFLINE", "1")
        names = {"hf": "o/n", "github": "o/n", "github-release": "o/n", "http": "//127.0.0.1:9/", "https": "//h.org"}
        disable_socket()
        try:
            for scheme in sources.MODULES:
                origin = Origin("set", f"{scheme}:{names.get(scheme, '10.1/x')}", offline=by == "argument")
                for path in ("x.csv", "*.csv"):
                    files, gone = locate(origin, [FileRef(path=path)])
                    assert files == []
                    assert "offline" in gone[0].reasons[0]
        finally:
            enable_socket()


class TestSideBySide:
    def test_several_files_are_fetched_at_once_and_come_in_order(self) -> None:
        together = Barrier(3, timeout=10)

        def slow(exchange: Exchange) -> None:
            together.wait()
            served(exchange.path.encode())(exchange)

        with WebServer({f"/{name}": slow for name in "cab"}) as server:
            files, gone = locate(Origin("set", server.address), [FileRef(path=name) for name in "cab"])
        assert gone == []
        assert [(file.name, file.path.read_bytes()) for file in files] == [("c", b"/c"), ("a", b"/a"), ("b", b"/b")]

    def test_what_is_absent_keeps_its_place(self) -> None:
        with WebServer({"/a": served(b"1"), "/c": served(b"3")}) as server:
            files, gone = locate(Origin("set", server.address), [FileRef(path=name) for name in "abc"])
        assert [file.name for file in files] == ["a", "c"]
        assert [one.ref.path for one in gone] == ["b"]


def test_a_disk_too_small_is_told_before_anything_is_fetched(
    server: WebServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(MedRegistryError, match="2,097,152 bytes are to come, .* room for 1,000.*REGISTRY_CACHE names"):
        locate(Origin("set", server.address), [FileRef(path="large.bin")])


def test_ctrl_c_ends_downloads_at_once_and_keeps_what_arrived(cache: Path) -> None:
    def slow(exchange: Exchange) -> None:
        exchange.say(b"x" * 1000, 200, {"ETag": '"v1"'}, length=1_000_000)
        for _ in range(300):
            exchange.handler.wfile.write(b"x" * 1000)
            time.sleep(0.05)

    code = (
        "import sys; from loaders.fetch import Origin, locate; from registry.loadspec import FileRef;"
        "locate(Origin('set', sys.argv[1]), [FileRef(path=name) for name in 'ab'])"
    )
    with WebServer({"/a": slow, "/b": slow}) as server:
        run = subprocess.Popen([sys.executable, "-c", code, server.address], stderr=subprocess.PIPE)
        while len(server.asked) < 2:
            time.sleep(0.05)
        time.sleep(0.3)
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        told = run.communicate(timeout=10)[1]
    assert time.monotonic() - began < 3
    assert b"KeyboardInterrupt" in told
    parts = [path for path in (cache / "parts").iterdir() if not path.suffix]
    assert [path.stat().st_size > 1000 for path in parts] == [True, True]


def test_progress_is_for_terminals_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.watched(), progress.file("x", 0, 10) as tell:
        tell(5)
    assert capsys.readouterr().err == ""


def test_files_that_are_absent_are_asked_for_at_the_page_of_their_source() -> None:
    card = DatasetCard.model_validate(
        {
            "slug": "made-up",
            "name": "Made up",
            "kind": "dataset",
            "summary": "Made up.",
            "access": "open",
            "load": {"schema": "text", "source": "zenodo:1234", "fields": {"text": "t"}, "splits": {"train": "x.csv"}},
        }
    )
    assert card.load is not None
    told = absent.message(card, card.load, Origin("made-up"), {"train": [absent.Absent(FileRef(path="x.csv"), ())]})
    assert "Get it from: https://zenodo.org/records/1234" in told
