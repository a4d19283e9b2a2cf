"""Files of Zenodo, Figshare, Dataverse and DOIs, from servers that answer in the shapes of theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders import sources
from loaders.fetch import Origin, locate
from loaders.sources import dataverse, figshare, zenodo
from loaders.sources.base import Remote
from registry.errors import ChecksumError
from registry.loadspec import FileRef
from tests.support.web_server import Exchange, WebServer, page, redirect, told

TABLE = b"a,b\n1,2\n"
OTHER = b"a,b\n3,4\n"
MD5 = hashlib.md5(TABLE).hexdigest()


def found(origin: Origin, *paths: str) -> list[tuple[str, bytes]]:
    files, absent = locate(origin, [FileRef(path=path) for path in paths])
    assert absent == []
    return [(file.name, file.path.read_bytes()) for file in files]


def reason(origin: Origin, path: str) -> str:
    files, absent = locate(origin, [FileRef(path=path)])
    assert files == []
    return "; ".join(absent[0].reasons)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    with WebServer() as server:
        monkeypatch.setattr(zenodo, "SITE", server.address)
        monkeypatch.setattr(figshare, "API", f"{server.address}/v2")
        monkeypatch.setattr(dataverse, "HOSTS", {"10.7910": server.address})
        yield server


class TestZenodo:
    @pytest.fixture(autouse=True)
    def record(self, server: WebServer) -> None:
        entry = {"size": len(TABLE), "checksum": f"md5:{MD5}", "links": {"self": "https://zenodo.org/api/…/content"}}
        server.routes |= {
            "/api/records/1234": told({"id": 1234, "files": [{"key": "b.csv", **entry}, {"key": "a b.csv", **entry}]}),
            "/records/1234/files/a b.csv": page(TABLE),
            "/records/1234/files/b.csv": page(TABLE),
            "/api/records/1234/versions/latest": redirect("/api/records/5678"),
            "/api/records/5678": told({"id": 5678, "files": []}),
        }

    def test_its_files_are_listed_with_their_sums(self) -> None:
        assert sources.listing("zenodo:1234") == [
            Remote("a b.csv", len(TABLE), None, MD5),
            Remote("b.csv", len(TABLE), None, MD5),
        ]

    def test_files_and_patterns_are_fetched_and_the_list_is_asked_for_once(self, server: WebServer) -> None:
        assert found(Origin("set", "zenodo:1234"), "*.csv") == [("a b.csv", TABLE), ("b.csv", TABLE)]
        assert server.paths.count("/api/records/1234") == 1

    def test_a_damaged_file_is_held_against_the_sum_of_the_record(self, server: WebServer) -> None:
        server.routes["/records/1234/files/b.csv"] = page(OTHER)
        origin = Origin("set", "zenodo:1234")
        with pytest.raises(ChecksumError, match="md5 is .* its source says"):
            locate(origin, [FileRef(path="b.csv")])
        assert [note.kind for note in origin.notes] == ["changed"]

    def test_a_file_and_a_record_that_are_gone_are_told_and_noted(self) -> None:
        origin = Origin("set", "zenodo:1234")
        assert reason(origin, "c.csv").endswith("/records/1234 has no file c.csv")
        other = Origin("set", "zenodo:99")
        assert reason(other, "c.csv").endswith("/api/records/99 answered 404")
        assert [(note.kind, note.source) for note in origin.notes + other.notes] == [
            ("gone", "zenodo:1234"),
            ("gone", "zenodo:99"),
        ]

    def test_a_restricted_record_says_where_to_ask(self, server: WebServer) -> None:
        server.routes["/api/records/77"] = told({"id": 77, "metadata": {"access_right": "restricted"}})
        assert "/records/77 is restricted: ask its owners" in reason(Origin("set", "zenodo:77"), "a.csv")

    def test_its_newest_version_and_its_page_are_known(self, server: WebServer) -> None:
        assert sources.latest("zenodo:1234") == "5678"
        assert sources.page("zenodo:1234") == f"{server.address}/records/1234"

    def test_a_name_that_leads_out_of_the_folder_spoils_the_whole_list(self, server: WebServer) -> None:
        server.routes["/api/records/1234"] = told({"files": [{"key": "../../x.csv"}]})
        assert "lists a file that cannot be one" in reason(Origin("set", "zenodo:1234"), "*.csv")


class TestFigshare:
    @pytest.fixture(autouse=True)
    def article(self, server: WebServer) -> None:
        def files(exchange: Exchange) -> None:
            turn = int(exchange.query["page"])
            name = f"{turn}.csv"
            each = {"name": name, "size": len(TABLE), "computed_md5": MD5, "is_link_only": False}
            listed = [{**each, "id": turn, "download_url": f"{server.address}/files/{name}"}] if turn < 3 else []
            told(listed)(exchange)

        server.routes |= {
            "/v2/articles/42/versions/2/files": files,
            "/v2/articles/42": told({"id": 42, "version": 3}),
            "/files/1.csv": page(TABLE),
            "/files/2.csv": page(TABLE),
        }

    def test_all_pages_of_the_list_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(figshare, "PAGE", 1)
        assert sources.listing("figshare:42", "2") == [
            Remote("1.csv", len(TABLE), None, MD5),
            Remote("2.csv", len(TABLE), None, MD5),
        ]

    def test_a_file_is_fetched_at_its_version(self) -> None:
        assert found(Origin("set", "figshare:42", "2"), "1.csv") == [("1.csv", TABLE)]

    def test_its_newest_version_and_its_page_are_known(self) -> None:
        assert sources.latest("figshare:42") == "3"
        assert sources.page("figshare:42", "2") == "https://figshare.com/articles/dataset/_/42/2"


class TestDataverse:
    @pytest.fixture(autouse=True)
    def dataset(self, server: WebServer) -> None:
        def versions(exchange: Exchange) -> None:
            assert exchange.query["persistentId"] == "doi:10.7910/DVN/ABC"
            plain = {"id": 1, "filename": "a.csv", "filesize": len(TABLE), "md5": MD5}
            ingested = {"id": 2, "filename": "b.tab", "filesize": 9, "md5": "0" * 32, "originalFileName": "b.csv"}
            files = [
                {"directoryLabel": "data/train", "dataFile": plain},
                {"dataFile": ingested},
                {"restricted": True, "dataFile": {"id": 3, "filename": "secret.csv"}},
            ]
            told({"data": {"versionNumber": 2, "versionMinorNumber": 1, "files": files}})(exchange)

        def second(exchange: Exchange) -> None:
            exchange.say(TABLE if exchange.query.get("format") == "original" else b"tab")

        server.routes |= {
            "/api/datasets/:persistentId/versions/:latest-published": versions,
            "/api/datasets/:persistentId/versions/2.1": versions,
            "/api/access/datafile/1": page(TABLE),
            "/api/access/datafile/2": second,
            "/api/access/datafile/3": page(b'{"status": "ERROR"}', 403, "application/json"),
        }

    def test_files_lie_in_their_folders_and_tables_come_as_uploaded(self) -> None:
        origin = Origin("set", "dataverse:10.7910/DVN/ABC", "2.1")
        assert found(origin, "data/train/a.csv", "b.csv", "b.tab") == [
            ("data/train/a.csv", TABLE),
            ("b.csv", TABLE),
            ("b.tab", b"tab"),
        ]

    def test_a_restricted_file_says_where_to_ask(self) -> None:
        told = reason(Origin("set", "dataverse:10.7910/DVN/ABC"), "secret.csv")
        assert told == "https://doi.org/10.7910/DVN/ABC: secret.csv is restricted: ask for access there"

    def test_its_newest_version_is_known(self) -> None:
        assert sources.latest("dataverse:10.7910/DVN/ABC") == "2.1"


class TestDoi:
    """Only what doi.org would say is given by the tests; pooch finds the repository."""

    def leads_to(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        monkeypatch.setattr("pooch.downloaders.doi_to_url", lambda doi, **_: address)

    def test_one_of_zenodo_is_its_record(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leads_to(monkeypatch, "https://zenodo.org/records/1234")
        entry = {"key": "a.csv", "size": len(TABLE), "checksum": f"md5:{MD5}"}
        server.routes |= {
            "/api/records/1234": told({"files": [entry]}),
            "/records/1234/files/a.csv": page(TABLE),
        }
        assert found(Origin("set", "doi:10.5281/zenodo.1234"), "a.csv") == [("a.csv", TABLE)]

    def test_one_of_figshare_is_its_article_at_its_version(
        self, server: WebServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.leads_to(monkeypatch, "https://figshare.com/articles/dataset/Some_title/42/2")
        file = {"name": "a.csv", "size": len(TABLE), "computed_md5": MD5, "download_url": f"{server.address}/a.csv"}
        server.routes |= {"/v2/articles/42/versions/2/files": told([file]), "/a.csv": page(TABLE)}
        assert found(Origin("set", "doi:10.6084/m9.figshare.42.v2"), "*.csv") == [("a.csv", TABLE)]

    def test_one_of_a_dataverse_is_looked_up_there(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leads_to(monkeypatch, f"{server.address}/dataset.xhtml?persistentId=doi:10.9999/X")
        file = {"dataFile": {"id": 1, "filename": "a.csv", "filesize": len(TABLE), "md5": MD5}}
        server.routes |= {
            "/api/datasets/:persistentId": told({"data": {"latestVersion": {"files": [file]}}}),
            "/api/datasets/:persistentId/versions/:latest-published": told({"data": {"files": [file]}}),
            "/api/access/datafile/1": page(TABLE),
        }
        assert found(Origin("set", "doi:10.9999/X"), "a.csv") == [("a.csv", TABLE)]

    def test_one_that_leads_elsewhere_says_so(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.leads_to(monkeypatch, f"{server.address}/paper")
        assert "leads to no place whose files can be listed" in reason(Origin("set", "doi:10.1/x"), "a.csv")
        assert sources.page("doi:10.1/x") == "https://doi.org/10.1/x"


def test_nothing_is_asked_offline(server: WebServer, tmp_path: Path) -> None:
    for source in ("zenodo:1234", "figshare:42", "dataverse:10.7910/DVN/ABC", "doi:10.5281/zenodo.1234"):
        for path in ("a.csv", "*.csv"):
            assert "offline" in reason(Origin("set", source, offline=True), path)
    assert server.asked == []
