"""Files that people share or guard: Google Drive, PhysioNet, Kaggle, renamed repositories of the Hub."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from loaders import sources
from loaders.fetch import Origin, locate
from loaders.sources import gdrive, kaggle, physionet
from loaders.sources.base import Remote
from registry.errors import ChecksumError
from registry.loadspec import FileRef
from tests.support.files_server import DatasetHub
from tests.support.located import found, reasons
from tests.support.web_server import Exchange, WebServer, page, redirect, served

TABLE = b"a,b\n1,2\n"


WARNING = """<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>
<p class="uc-warning-caption">Google Drive can't scan this file for viruses.</p>
<form id="download-form" action="{address}/download" method="get">
<input type="submit" id="uc-download-link" value="Download anyway"/>
<input type="hidden" name="id" value="FILE0123456789"><input type="hidden" name="export" value="download">
<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="u-1"></form></body></html>"""
QUOTA = """<html><head><title>Google Drive - Quota exceeded</title></head><body><p class="uc-error-subcaption">
Too many users have viewed or downloaded this file recently.</p></body></html>"""
FOLDER = """<html><head><title>set</title></head><body><div class="flip-list">
<div class="flip-entry" id="entry-1"><a href="https://drive.google.com/file/d/FILE0123456789/view?usp=drive_web">
<div class="flip-entry-title">a b.csv</div></a></div>
<div class="flip-entry" id="entry-2"><a href="https://drive.google.com/drive/folders/INNER123456789">
<div class="flip-entry-title">in</div></a></div></div></body></html>"""
INNER = """<html><head><title>in</title></head><body><div class="flip-entry"><a
href="https://drive.google.com/file/d/FILE9876543210/view"><div class="flip-entry-title">c.csv</div></a></div>
</body></html>"""


class TestDrive:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
        with WebServer() as server:
            monkeypatch.setattr(gdrive, "SITE", server.address)

            def asked(exchange: Exchange) -> None:
                if exchange.query["id"] == "FILE0123456789":
                    page(WARNING.format(address=server.address).encode(), kind="text/html; charset=utf-8")(exchange)
                else:
                    served(TABLE)(exchange)

            def confirmed(exchange: Exchange) -> None:
                assert (exchange.query["confirm"], exchange.query["uuid"]) == ("t", "u-1")
                served(TABLE)(exchange)

            def folder(exchange: Exchange) -> None:
                pages = {"FOLDER12345678": FOLDER, "INNER123456789": INNER}
                page(pages[exchange.query["id"]].encode(), kind="text/html")(exchange)

            server.routes |= {"/uc": asked, "/download": confirmed, "/embeddedfolderview": folder}
            yield server

    def test_a_small_file_comes_at_once(self, server: WebServer) -> None:
        assert found(Origin("set", "gdrive:SMALL"), "x.csv") == [("x.csv", TABLE)]
        assert server.paths == ["/uc"]

    @pytest.mark.parametrize("form", ["file/d/SMALL12345678/view?usp=sharing", "uc?export=download&id=SMALL12345678"])
    def test_the_address_that_people_share_stands_for_the_file(self, server: WebServer, form: str) -> None:
        ref = FileRef(path="x.csv", url=f"https://drive.google.com/{form}")
        files, absent = locate(Origin("set", "hand-over"), [ref])
        assert absent == []
        assert files[0].path.read_bytes() == TABLE
        assert server.asked[0].query["id"] == "SMALL12345678"

    def test_the_warning_about_large_files_is_passed(self, server: WebServer) -> None:
        assert found(Origin("set", "gdrive:FILE0123456789"), "x.csv") == [("x.csv", TABLE)]
        assert server.paths == ["/uc", "/download"]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (QUOTA, "daily limit for .*/file/d/X1/view is spent: try tomorrow, or open it"),
            ("<html>You need access</html>", "/file/d/X1/view is not shared with everyone"),
            ("<html>Something new</html>", "gave a page instead of the file: open .*/file/d/X1/view by hand"),
        ],
    )
    def test_pages_that_are_no_way_on_are_told_for_what_they_are(
        self, server: WebServer, body: str, message: str
    ) -> None:
        import re

        server.routes["/uc"] = page(body.encode(), kind="text/html")
        assert re.search(message, reasons(Origin("set", "gdrive:X1"), "x.csv"))

    def test_a_warning_cannot_lead_to_a_file_of_this_machine(self, server: WebServer) -> None:
        evil = WARNING.replace("{address}/download", "file:///etc/passwd")
        server.routes["/uc"] = page(evil.encode(), kind="text/html")
        assert "redirects to file:, which is not followed" in reasons(Origin("set", "gdrive:X1"), "x.csv")

    def test_a_folder_is_listed_with_the_folders_inside(self, server: WebServer) -> None:
        assert sources.listing("gdrive-folder:FOLDER12345678") == [
            Remote("a b.csv", None, None, None),
            Remote("in/c.csv", None, None, None),
        ]

    def test_files_and_patterns_of_a_folder_are_fetched(self, server: WebServer) -> None:
        origin = Origin("set", "gdrive-folder:FOLDER12345678")
        assert found(origin, "in/c.csv") == [("in/c.csv", TABLE)]
        assert found(origin, "**/*.csv") == [("a b.csv", TABLE), ("in/c.csv", TABLE)]
        assert "has no file d.csv" in reasons(origin, "d.csv")


class TestPhysioNet:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
        def guarded(exchange: Exchange) -> None:
            account = f"Basic {base64.b64encode(b'me:secret-4').decode()}"
            client = exchange.headers["User-Agent"]
            if exchange.headers.get("Authorization") == account and client.startswith("Wget/"):
                page(f"{digest}  notes/x.csv\n".encode() if "SHA" in exchange.path else TABLE)(exchange)
            else:
                page(b"<html>", 403, "text/html")(exchange)

        digest = hashlib.sha256(TABLE).hexdigest()
        with WebServer() as server:
            monkeypatch.setattr(physionet, "SITE", server.address)
            server.routes |= {
                "/files/open/1.0/SHA256SUMS.txt": page(f"{digest} data/x.csv\n{digest} LICENSE.txt\n".encode()),
                "/files/open/1.0/data/x.csv": served(TABLE),
                "/files/closed/2.0/SHA256SUMS.txt": guarded,
                "/files/closed/2.0/notes/x.csv": guarded,
                "/content/open/": redirect("/content/open/1.0/"),
                "/content/open/1.0/": page(b"<html>", kind="text/html"),
            }
            yield server

    def test_its_files_are_listed_with_the_published_sums(self, server: WebServer) -> None:
        digest = hashlib.sha256(TABLE).hexdigest()
        assert sources.listing("physionet:open/1.0")[1] == Remote("data/x.csv", None, digest, None)

    def test_open_files_come_without_an_account_and_are_checked(self, server: WebServer) -> None:
        server.routes["/files/open/1.0/data/x.csv"] = served(TABLE[::-1])
        with pytest.raises(ChecksumError, match="its source lists"):
            found(Origin("set", "physionet:open", "1.0"), "data/*.csv")
        server.routes["/files/open/1.0/data/x.csv"] = served(TABLE)
        assert found(Origin("set", "physionet:open/1.0"), "data/*.csv") == [("data/x.csv", TABLE)]

    def test_credentialed_files_say_where_to_sign_and_what_to_set(self, server: WebServer) -> None:
        told = reasons(Origin("set", "physionet:closed/2.0"), "notes/x.csv")
        assert told == (
            f"{server.address}/content/closed/2.0/ is credentialed: accept its terms there with your account; set "
            "PHYSIONET_USER and PHYSIONET_PASSWORD"
        )

    def test_the_users_own_account_opens_them(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PHYSIONET_USER", "me")
        monkeypatch.setenv("PHYSIONET_PASSWORD", "secret-4")
        assert found(Origin("set", "physionet:closed/2.0"), "notes/x.csv") == [("notes/x.csv", TABLE)]

    def test_an_account_without_access_is_told_without_its_password(
        self, server: WebServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PHYSIONET_USER", "me")
        monkeypatch.setenv("PHYSIONET_PASSWORD", "secret-5")
        told = reasons(Origin("set", "physionet:closed/2.0"), "notes/x.csv")
        assert "the account that is set has no access" in told
        assert "secret-5" not in told

    def test_its_newest_version_is_known(self, server: WebServer) -> None:
        assert sources.latest("physionet:open") == "1.0"


class TestKaggle:
    def test_without_its_client_the_page_and_the_variables_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "kagglehub", None)
        told = reasons(Origin("set", "kaggle:o/n"), "x.csv")
        assert "https://www.kaggle.com/datasets/o/n needs Kaggle's client and your account" in told
        assert "KAGGLE_USERNAME and KAGGLE_KEY" in told
        rules = reasons(Origin("set", "kaggle-competition:c"), "x.csv")
        assert "https://www.kaggle.com/competitions/c" in rules
        assert "accept its rules there first" in rules

    def test_what_its_client_brings_is_checked_and_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[str, str]] = []

        def dataset_download(handle: str, path: str, output_dir: str) -> str:
            asked.append((handle, path))
            target = Path(output_dir) / path
            target.write_bytes(TABLE)
            return str(target)

        monkeypatch.setattr(kaggle, "_client", lambda source: SimpleNamespace(dataset_download=dataset_download))
        for _ in range(2):
            assert found(Origin("set", "kaggle:o/n", "3"), "x.csv") == [("x.csv", TABLE)]
        assert asked == [("o/n/versions/3", "x.csv")]


class TestHub:
    def test_a_repository_with_a_new_name_is_noted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "README.md").write_text("x")
        (tmp_path / "a.csv").write_bytes(TABLE)

        class Renamed(DatasetHub):
            def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
                if path.startswith("/datasets/old/n/"):
                    return 307, {"Location": path.replace("/old/", "/new/")}, b""
                return super().answer(path)

        with Renamed({"new/n": tmp_path}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.address)
            origin = Origin("set", "hf:old/n")
            assert found(origin, "a.csv") == [("a.csv", TABLE)]
            assert [(note.kind, note.source) for note in origin.notes] == [("moved", "hf:old/n")]
            assert origin.notes[0].detail.endswith("/datasets/new/n")

    def test_the_converted_branch_is_a_revision_like_any_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        (tmp_path / "default").mkdir()
        (tmp_path / "default/0000.csv").write_bytes(TABLE)

        class Converted(DatasetHub):
            def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
                asked.append(path)
                return super().answer(path.replace("refs%2Fconvert%2Fparquet", "main"))

        with Converted({"o/n": tmp_path}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.address)
            origin = Origin("set", "hf:o/n", "refs/convert/parquet")
            assert found(origin, "default/*.csv") == [("default/0000.csv", TABLE)]
        assert any("refs%2Fconvert%2Fparquet" in path for path in asked)
        offline = Origin("set", "hf:o/n", "refs/convert/parquet", offline=True)
        assert found(offline, "default/*.csv") == [("default/0000.csv", TABLE)]

    def test_a_pinned_file_that_is_here_needs_no_hub(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.csv").write_bytes(TABLE)
        with DatasetHub({"o/n": tmp_path}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.address)
            assert found(Origin("set", "hf:o/n", DatasetHub.commit), "a.csv") == [("a.csv", TABLE)]
            count = len(hub.asked)
            assert found(Origin("set", "hf:o/n", DatasetHub.commit), "a.csv") == [("a.csv", TABLE)]
            assert len(hub.asked) == count
