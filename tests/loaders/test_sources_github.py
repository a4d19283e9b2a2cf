"""Files of GitHub: of a tree at a commit, of Git LFS, of a release."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders import sources
from loaders.fetch import Origin
from loaders.sources.base import Remote
from registry.errors import ChecksumError
from registry.loadspec import Withheld
from tests.support.located import found, reasons
from tests.support.web_server import WebServer, page, redirect, served, told

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TABLE = b"a,b\n1,2\n"
LARGE = b"large\n" * 1000
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
    hashlib.sha256(LARGE).hexdigest().encode(),
    len(LARGE),
)


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    with WebServer() as server:
        monkeypatch.setenv("GITHUB_API_URL", f"{server.address}/api")
        monkeypatch.setenv("GITHUB_RAW_URL", f"{server.address}/raw")
        monkeypatch.setenv("GITHUB_MEDIA_URL", f"{server.address}/media")
        tree = [
            {"path": "data", "mode": "040000", "type": "tree", "sha": "1" * 40},
            {"path": "data/b.csv", "mode": "100644", "type": "blob", "sha": blob(TABLE), "size": len(TABLE)},
            {"path": "data/large.csv", "mode": "100644", "type": "blob", "sha": blob(POINTER), "size": len(POINTER)},
            {"path": "data/link.csv", "mode": "120000", "type": "blob", "sha": "2" * 40, "size": 5},
            {"path": "module", "mode": "160000", "type": "commit", "sha": "3" * 40},
        ]
        server.routes |= {
            f"/api/repos/o/n/git/trees/{COMMIT}": told({"sha": COMMIT, "tree": tree, "truncated": False}),
            "/api/repos/o/n/commits": told([{"sha": COMMIT}]),
            f"/raw/o/n/{COMMIT}/data/b.csv": served(TABLE),
            f"/raw/o/n/{COMMIT}/data/large.csv": page(POINTER, kind="text/plain"),
            f"/media/o/n/{COMMIT}/data/large.csv": served(LARGE),
        }
        yield server


class TestTree:
    def test_its_files_are_listed_without_links_and_modules(self, server: WebServer) -> None:
        assert sources.listing("github:o/n", COMMIT) == [
            Remote("data/b.csv", len(TABLE), None, None, blob(TABLE)),
            Remote("data/large.csv", len(POINTER), None, None, blob(POINTER)),
        ]

    def test_a_pattern_brings_its_files_those_of_lfs_whole(self, server: WebServer) -> None:
        expected = [("data/b.csv", TABLE), ("data/large.csv", LARGE)]
        assert found(Origin("set", "github:o/n", COMMIT), "data/*.csv") == expected
        count = len(server.asked)
        assert found(Origin("set", "github:o/n", COMMIT), "data/*.csv") == expected
        assert found(Origin("set", "github:o/n", COMMIT, offline=True), "data/*.csv") == expected
        assert len(server.asked) == count

    def test_a_file_of_the_pattern_that_was_here_before_is_not_all_of_it(self, server: WebServer) -> None:
        origin = Origin("set", "github:o/n", COMMIT)
        assert found(origin, "data/b.csv") == [("data/b.csv", TABLE)]
        assert len(found(origin, "data/*.csv")) == 2
        assert server.paths.count(f"/raw/o/n/{COMMIT}/data/b.csv") == 1

    def test_other_bytes_than_the_tree_lists_are_refused_and_noted(self, server: WebServer) -> None:
        server.routes[f"/raw/o/n/{COMMIT}/data/b.csv"] = served(TABLE[::-1])
        origin = Origin("set", "github:o/n", COMMIT)
        with pytest.raises(ChecksumError, match="git blob is .* its source lists"):
            found(origin, "data/b*.csv")
        assert [(note.kind, note.source) for note in origin.notes] == [("changed", "github:o/n")]

    def test_one_failing_file_leaves_the_others_done(self, server: WebServer, clean_env: Path) -> None:
        server.routes[f"/raw/o/n/{COMMIT}/data/b.csv"] = served(TABLE[::-1])
        with pytest.raises(ChecksumError):
            found(Origin("set", "github:o/n", COMMIT), "data/*.csv")
        cache = Path(os.environ["REGISTRY_CACHE"])
        (kept,) = cache.glob(f"datasets/set/@{COMMIT}/*/data/large.csv")
        assert kept.read_bytes() == LARGE

    def test_part_of_a_pattern_is_never_taken_for_all_of_it(self, server: WebServer) -> None:
        route = server.routes.pop(f"/raw/o/n/{COMMIT}/data/b.csv")
        origin = Origin("set", "github:o/n", COMMIT)
        assert "404" in reasons(origin, "data/*.csv")
        assert "offline" in reasons(Origin("set", "github:o/n", COMMIT, offline=True), "data/*.csv")
        server.routes[f"/raw/o/n/{COMMIT}/data/b.csv"] = route
        assert len(found(origin, "data/*.csv")) == 2
        (kept,) = Path(os.environ["REGISTRY_CACHE"]).glob("datasets/set/@*/*/data/b.csv")
        kept.unlink()
        assert "offline" in reasons(Origin("set", "github:o/n", COMMIT, offline=True), "data/*.csv")

    def test_withheld_files_are_no_part_of_a_pattern(self, server: WebServer) -> None:
        withheld = (Withheld(paths=["data/large*"], reason="not from here"),)
        for offline in (False, True):
            origin = Origin("set", "github:o/n", COMMIT, withheld=withheld, offline=offline)
            assert found(origin, "data/*.csv") == [("data/b.csv", TABLE)]
            assert origin.skipped == ["data/large.csv"]
        assert f"/media/o/n/{COMMIT}/data/large.csv" not in server.paths

    def test_a_tree_too_large_to_be_listed_says_so(self, server: WebServer) -> None:
        server.routes["/api/repos/o/big/git/trees/HEAD"] = told({"tree": [], "truncated": True})
        assert "has more files than GitHub lists: clone it" in reasons(Origin("set", "github:o/big"), "*.csv")

    def test_a_spent_limit_names_the_token(self, server: WebServer) -> None:
        server.routes["/api/repos/o/n/git/trees/HEAD"] = told({"message": "API rate limit exceeded"}, 403)
        assert "set GITHUB_TOKEN" in reasons(Origin("set", "github:o/n"), "*.csv")

    def test_a_branch_with_a_slash_is_one_revision(self, server: WebServer) -> None:
        server.routes["/raw/o/n/feature/x/a.csv"] = served(TABLE)
        assert found(Origin("set", "github:o/n", "feature/x"), "a.csv") == [("a.csv", TABLE)]

    def test_its_newest_commit_and_its_page_are_known(self, server: WebServer) -> None:
        assert sources.latest("github:o/n") == COMMIT
        assert sources.page("github:o/n", "v1") == "https://github.com/o/n/tree/v1"


class TestLfs:
    def test_a_file_is_held_against_its_pointer(self, server: WebServer) -> None:
        server.routes[f"/media/o/n/{COMMIT}/data/large.csv"] = served(LARGE[::-1])
        with pytest.raises(ChecksumError, match="its source says"):
            found(Origin("set", "github:o/n", COMMIT), "data/large.csv")

    def test_a_pointer_without_a_file_says_what_is_missing(self, server: WebServer) -> None:
        del server.routes[f"/media/o/n/{COMMIT}/data/large.csv"]
        origin = Origin("set", "github:o/n", COMMIT)
        assert reasons(origin, "data/large.csv").endswith(f"/media/o/n/{COMMIT}/data/large.csv answered 404")
        assert [note.kind for note in origin.notes] == ["gone"]


class TestMoved:
    def test_a_repository_with_a_new_name_is_followed_and_noted(self, server: WebServer) -> None:
        server.routes |= {
            "/raw/old/n/HEAD/a.csv": redirect("/raw/new/n/HEAD/a.csv", 301),
            "/raw/new/n/HEAD/a.csv": served(TABLE),
        }
        origin = Origin("set", "github:old/n")
        assert found(origin, "a.csv") == [("a.csv", TABLE)]
        ((kind, source, detail),) = origin.notes
        assert (kind, source) == ("moved", "github:old/n")
        assert detail.endswith(f"has moved to {server.address}/raw/new/n/HEAD/a.csv")

    def test_the_list_of_a_renamed_repository_tells_its_new_name(self, server: WebServer) -> None:
        server.routes |= {
            "/api/repos/old/n/git/trees/HEAD": redirect("/api/repositories/7/git/trees/HEAD", 301),
            "/api/repositories/7/git/trees/HEAD": told({"tree": []}),
            "/api/repositories/7": told({"full_name": "new/n"}),
        }
        origin = Origin("set", "github:old/n")
        reasons(origin, "*.csv")
        assert origin.notes[0].detail == "https://github.com/old/n has moved to https://github.com/new/n"


class TestRelease:
    @pytest.fixture(autouse=True)
    def release(self, server: WebServer) -> None:
        asset = {"name": "a.csv", "size": len(TABLE), "digest": f"sha256:{hashlib.sha256(TABLE).hexdigest()}"}
        body = {"tag_name": "v1.0", "assets": [{**asset, "browser_download_url": f"{server.address}/assets/a.csv"}]}
        server.routes |= {
            "/api/repos/o/n/releases/tags/v1.0": told(body),
            "/api/repos/o/n/releases/latest": told(body),
            "/assets/a.csv": redirect(f"{server.address}/signed?sig=1"),
            "/signed": served(TABLE),
        }

    def test_its_files_are_listed_and_fetched_with_their_digest(self, server: WebServer) -> None:
        digest = hashlib.sha256(TABLE).hexdigest()
        assert sources.listing("github-release:o/n", "v1.0") == [Remote("a.csv", len(TABLE), digest, None)]
        assert found(Origin("set", "github-release:o/n", "v1.0"), "*.csv") == [("a.csv", TABLE)]

    def test_a_file_that_was_replaced_is_refused(self, server: WebServer) -> None:
        server.routes["/signed"] = served(TABLE[::-1])
        with pytest.raises(ChecksumError, match="its source says"):
            found(Origin("set", "github-release:o/n", "v1.0"), "a.csv")

    def test_its_newest_tag_and_its_page_are_known(self) -> None:
        assert sources.latest("github-release:o/n") == "v1.0"
        assert sources.page("github-release:o/n", "v1.0") == "https://github.com/o/n/releases/tag/v1.0"
