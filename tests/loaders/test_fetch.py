"""Where files are looked for, in which order, and how they get into the cache: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from loaders import sources
from loaders.checksums import git_blob, sha256
from loaders.download import shown
from loaders.fetch import Origin, locate
from loaders.paths import files_below
from registry.errors import ChecksumError, MedRegistryError, MissingFiles, ReadError, UsageError
from registry.loadspec import FileRef
from tests.support.files_server import Answer, DatasetHub, FilesServer
from tests.support.located import found, reasons

HTML = Answer(b"<!DOCTYPE html><html>Sign in</html>", kind="text/html; charset=utf-8")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TABLE = b"a\n1\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(folder: Path, path: str, content: bytes = TABLE) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


@pytest.fixture
def cache(clean_env: Path) -> Path:
    return Path(os.environ["REGISTRY_CACHE"])


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


def cached(cache: Path) -> list[str]:
    """What the cache shows; what it keeps by content is left out."""
    names = [name for name, _ in files_below(cache)] if cache.exists() else []
    return [name for name in names if ".lock" not in name and not name.startswith(("blobs/", "lists/"))]


class TestOrder:
    def test_the_users_folder_comes_before_mirror_cache_and_network(
        self, tmp_path: Path, mirror: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with FilesServer({"/o/n/HEAD/data/x.csv": b"network"}) as server:
            monkeypatch.setenv("GITHUB_RAW_URL", server.address)
            origin = Origin("set", "github:o/n")
            assert found(origin, "data/x.csv") == [("data/x.csv", b"network")]
            put(cache, "datasets/set/data/x.csv", b"cache")
            assert found(origin, "data/x.csv") == [("data/x.csv", b"cache")]
            put(mirror, "set/data/x.csv", b"mirror")
            assert found(origin, "data/x.csv") == [("data/x.csv", b"mirror")]
            put(tmp_path / "own", "data/x.csv", b"own")
            assert found(Origin("set", "github:o/n", files=tmp_path / "own"), "data/x.csv") == [("data/x.csv", b"own")]
            assert server.asked == ["/o/n/HEAD/data/x.csv"]

    def test_a_file_that_the_users_folder_lacks_is_looked_for_further(self, tmp_path: Path, mirror: Path) -> None:
        put(tmp_path / "own", "a.csv")
        put(mirror, "set/b.csv", b"mirror")
        assert found(Origin("set", files=tmp_path / "own"), "b.csv") == [("b.csv", b"mirror")]

    def test_a_copy_on_this_machine_comes_before_the_network(
        self, mirror: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(mirror, "set/copy.csv", b"copy")
        with FilesServer({}) as server:
            monkeypatch.setenv("GITHUB_RAW_URL", server.address)
            ref = FileRef(path="x.csv", copies=[FileRef(path="copy.csv")])
            assert found(Origin("set", "github:o/n"), ref) == [("copy.csv", b"copy")]
            assert server.asked == []

    def test_a_copy_is_fetched_where_the_file_cannot_be(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with FilesServer({"/p/q/HEAD/copy.csv": b"copy"}) as server:
            monkeypatch.setenv("GITHUB_RAW_URL", server.address)
            ref = FileRef(path="x.csv", copies=[FileRef(path="copy.csv", source="github:p/q")])
            assert found(Origin("set", "github:o/n", COMMIT), ref) == [("copy.csv", b"copy")]
            assert server.asked == [f"/o/n/{COMMIT}/x.csv", "/p/q/HEAD/copy.csv"]

    def test_a_file_that_lives_with_another_dataset_is_found_under_its_slug(self, mirror: Path, cache: Path) -> None:
        put(mirror, "bench/x.csv", b"mirror")
        put(cache, "datasets/bench/y.csv", b"cache")
        refs = [FileRef(path=path, dataset="bench") for path in ("x.csv", "y.csv")]
        assert found(Origin("set"), *refs) == [("x.csv", b"mirror"), ("y.csv", b"cache")]


class TestFilesOfTheUser:
    def test_a_folder_is_searched_by_path_then_below_then_by_name(self, tmp_path: Path) -> None:
        put(tmp_path, "clone/data/train/x.csv", b"deep")
        put(tmp_path, "other/y.csv", b"named")
        origin = Origin("set", files=tmp_path)
        assert found(origin, "data/train/x.csv") == [("data/train/x.csv", b"deep")]
        assert found(origin, "data/y.csv") == [("data/y.csv", b"named")]

    def test_two_files_of_one_name_are_not_guessed_between(self, tmp_path: Path) -> None:
        put(tmp_path, "medqa/test.jsonl")
        put(tmp_path, "mmlu/test.jsonl")
        with pytest.raises(MissingFiles, match="2 files could be meant: medqa/test.jsonl, mmlu/test.jsonl"):
            locate(Origin("set", files=tmp_path), [FileRef(path="test.jsonl")])

    def test_a_pattern_finds_its_files_in_order_wherever_the_folder_begins(self, tmp_path: Path) -> None:
        for name in ("b.txt", "a.txt", "c.csv"):
            put(tmp_path, f"set/text/{name}", name.encode())
        expected = [b"a.txt", b"b.txt"]
        assert [content for _, content in found(Origin("set", files=tmp_path), "text/*.txt")] == expected
        assert [content for _, content in found(Origin("set", files=tmp_path / "set"), "text/*.txt")] == expected

    def test_a_single_file_counts_when_its_name_fits(self, tmp_path: Path) -> None:
        path = put(tmp_path, "x.csv", b"own")
        assert found(Origin("set", files=path), "data/x.csv") == [("x.csv", b"own")]
        assert reasons(Origin("set", files=path), "data/y.csv") == "these files come by hand"

    def test_a_single_file_of_any_name_counts_when_one_split_of_one_file_is_asked_for(self, tmp_path: Path) -> None:
        path = put(tmp_path, "downloaded (1).csv", b"own")
        assert found(Origin("set", files=path), "data/x.csv", alone=True) == [("downloaded (1).csv", b"own")]

    def test_a_folder_that_does_not_exist_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(MissingFiles, match="files='.*nowhere' does not exist"):
            locate(Origin("set", files=tmp_path / "nowhere"), [FileRef(path="x.csv")])

    def test_an_archive_of_the_files_does_as_well_as_a_folder(self, tmp_path: Path, cache: Path) -> None:
        with zipfile.ZipFile(tmp_path / "Shared folder.zip", "w") as archive:
            archive.writestr("Shared folder/x.csv", "own")
        assert found(Origin("set", files=tmp_path / "Shared folder.zip"), "x.csv") == [("x.csv", b"own")]
        assert [path.name for path in tmp_path.iterdir()] == ["Shared folder.zip"]

    @pytest.mark.parametrize("path", ["../x.csv", "/etc/passwd", "a/../../x.csv"])
    def test_a_card_cannot_lead_out_of_the_folder(self, tmp_path: Path, path: str) -> None:
        put(tmp_path, "x.csv")
        with pytest.raises(MedRegistryError, match="leads out of its folder"):
            locate(Origin("set", files=tmp_path), [FileRef(path=path)])


class TestPlacesThatCannotBeUsed:
    def test_a_mirror_that_is_no_folder_is_told(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path / "nowhere"))
        assert reasons(Origin("set"), "x.csv").endswith(f"REGISTRY_MIRROR={tmp_path / 'nowhere'} is no folder")

    def test_a_cache_that_cannot_be_written_is_told(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        put(tmp_path, "file")
        monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "file"))
        with FilesServer({"/o/n/HEAD/x.csv": TABLE}) as server:
            monkeypatch.setenv("GITHUB_RAW_URL", server.address)
            with pytest.raises(MedRegistryError, match="The cache is .*file; REGISTRY_CACHE names another folder"):
                locate(Origin("set", "github:o/n"), [FileRef(path="x.csv")])


class TestChecksums:
    @pytest.mark.parametrize("place", ["files", "mirror", "cache"])
    def test_a_file_that_differs_stops_with_both_sums(
        self, tmp_path: Path, mirror: Path, cache: Path, place: str
    ) -> None:
        folder = {"files": tmp_path / "own", "mirror": mirror / "set", "cache": cache / "datasets/set"}[place]
        put(folder, "x.csv", b"changed")
        origin = Origin("set", files=tmp_path / "own" if place == "files" else None)
        with pytest.raises(ChecksumError) as caught:
            locate(origin, [FileRef(path="x.csv", sha256=digest(TABLE))])
        assert digest(TABLE) in str(caught.value)
        assert digest(b"changed") in str(caught.value)
        assert "revision=" in str(caught.value)

    def test_another_revision_does_without_them(self, mirror: Path) -> None:
        put(mirror, "set/x.csv", b"changed")
        ref = FileRef(path="x.csv", sha256=digest(TABLE), bytes=4)
        assert found(Origin("set", revision="main", pinned=False), ref) == [("x.csv", b"changed")]

    def test_an_id_of_git_is_a_checksum_too(self, mirror: Path) -> None:
        path = put(mirror, "set/x.csv", b"hello\n")
        assert git_blob(path) == "ce013625030ba8dba906f756967f9e9ca394464a"  # what `git hash-object` says
        assert sha256(path) == digest(b"hello\n")
        assert found(Origin("set"), FileRef(path="x.csv", git_blob=git_blob(path)))
        with pytest.raises(ChecksumError, match="git blob is ce01"):
            locate(Origin("set"), [FileRef(path="x.csv", git_blob="0" * 40)])


class TestDownload:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        with FilesServer({}) as server:
            monkeypatch.setenv("GITHUB_RAW_URL", server.address)
            yield server

    def test_a_file_of_github_is_fetched_once_at_its_revision(self, server: FilesServer, cache: Path) -> None:
        server.answers[f"/o/n/{COMMIT}/data/x y.csv"] = TABLE
        origin = Origin("set", "github:o/n", COMMIT)
        ref = FileRef(path="data/x y.csv", sha256=digest(TABLE))
        assert found(origin, ref) == found(origin, ref) == [("data/x y.csv", TABLE)]
        assert server.asked == [f"/o/n/{COMMIT}/data/x y.csv"]
        (name,) = cached(cache)
        assert re.fullmatch(rf"datasets/set/@{COMMIT}/[0-9a-f]{{8}}/data/x y\.csv", name)

    def test_versions_do_not_mix_in_the_cache(self, server: FilesServer) -> None:
        server.answers |= {f"/o/n/{COMMIT}/x.csv": b"old", "/o/n/v2/x.csv": b"new"}
        assert found(Origin("set", "github:o/n", COMMIT), "x.csv")[0][1] == b"old"
        assert found(Origin("set", "github:o/n", "v2", pinned=False), "x.csv")[0][1] == b"new"
        assert found(Origin("set", "github:o/n", COMMIT), "x.csv")[0][1] == b"old"

    def test_an_address_of_its_own_and_an_address_as_source_are_followed(self, server: FilesServer) -> None:
        server.answers |= {"/files/a.csv": b"a", "/base/sub/b.csv": b"b"}
        own = FileRef(path="a.csv", url=f"{server.address}/files/a.csv")
        assert found(Origin("set", f"{server.address}/base/"), own, "sub/b.csv") == [
            ("a.csv", b"a"),
            ("sub/b.csv", b"b"),
        ]

    @pytest.mark.parametrize(
        ("answer", "error", "message"),
        [
            (Answer(b"other"), ChecksumError, "the card pins"),
            (HTML, ReadError, "gave a web page"),
            (Answer(HTML.body), ReadError, "this is a web page"),
            (Answer(b""), ReadError, "the file is empty"),
            (Answer(b"x" * 100), ReadError, "more than the 4 bytes that were expected"),
        ],
    )
    def test_what_is_not_the_file_never_enters_the_cache(
        self, server: FilesServer, cache: Path, answer: Answer, error: type[Exception], message: str
    ) -> None:
        server.answers["/o/n/HEAD/x.csv"] = answer
        size = 4 if len(answer.body) == 100 else None
        with pytest.raises(error, match=message):
            locate(Origin("set", "github:o/n"), [FileRef(path="x.csv", sha256=digest(TABLE), bytes=size)])
        assert cached(cache) == []

    def test_a_busy_server_is_asked_again(self, server: FilesServer) -> None:
        server.answers["/o/n/HEAD/x.csv"] = [Answer(b"busy", 503), Answer(TABLE)]
        assert found(Origin("set", "github:o/n"), "x.csv") == [("x.csv", TABLE)]

    def test_a_file_that_is_gone_says_so(self, server: FilesServer) -> None:
        assert reasons(Origin("set", "github:o/n"), "x.csv") == f"{server.address}/o/n/HEAD/x.csv answered 404"

    def test_a_server_that_is_not_there_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITHUB_RAW_URL", "http://127.0.0.1:9")
        assert "could not be reached" in reasons(Origin("set", "github:o/n"), "x.csv")

    def test_a_token_goes_to_github_and_nowhere_else(
        self, server: FilesServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_TOKEN", "secret-1")
        server.answers |= {"/o/n/HEAD/x.csv": TABLE, "/y.csv": TABLE}
        found(Origin("set", "github:o/n"), "x.csv")
        assert server.tokens == {"Bearer secret-1"}
        server.tokens.clear()
        found(Origin("set", "github:o/n"), FileRef(path="y.csv", url=f"{server.address}/y.csv"))
        assert server.tokens == {None}
        assert "secret-1" not in reasons(Origin("set", "github:o/n"), "gone.csv")

    def test_patterns_cannot_be_listed_at_a_plain_address(self, server: FilesServer) -> None:
        assert "cannot be listed over plain HTTP" in reasons(Origin("set", server.address), "data/*.csv")
        assert server.asked == []

    def test_offline_opens_no_socket(self, server: FilesServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGISTRY_MIRROR", server.address)
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        for source in ("github:o/n", "hf:o/n", f"{server.address}/base"):
            for path in ("x.csv", "*.csv"):
                assert reasons(Origin("set", source, offline=True), path)
        assert server.asked == []

    def test_processes_that_want_the_same_file_fetch_it_once(self, server: FilesServer, cache: Path) -> None:
        server.answers["/o/n/HEAD/x.csv"] = TABLE
        code = (
            "from loaders.fetch import Origin, locate; from registry.loadspec import FileRef;"
            "print(locate(Origin('set', 'github:o/n'), [FileRef(path='x.csv')])[0][0].path.read_bytes())"
        )
        with ThreadPoolExecutor(3) as pool:
            runs = list(pool.map(lambda _: subprocess.run([sys.executable, "-c", code], capture_output=True), range(3)))
        assert [run.stdout.strip() for run in runs] == [repr(TABLE).encode()] * 3, runs
        assert server.asked == ["/o/n/HEAD/x.csv"]


class TestMirrorByAddress:
    def test_it_is_asked_by_slug_and_path_and_kept(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        with FilesServer({"/m/set/data/x.csv": TABLE}) as server:
            monkeypatch.setenv("REGISTRY_MIRROR", f"{server.address}/m/")
            assert found(Origin("set"), "data/x.csv") == [("data/x.csv", TABLE)]
            assert found(Origin("set", offline=True), "data/x.csv") == [("data/x.csv", TABLE)]
            assert server.asked == ["/m/set/data/x.csv"]
        (name,) = cached(cache)
        assert re.fullmatch(r"datasets/set/@newest/[0-9a-f]{8}/data/x\.csv", name)

    def test_what_it_lacks_is_looked_for_further(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with FilesServer({"/o/n/HEAD/x.csv": TABLE}) as server:
            monkeypatch.setenv("REGISTRY_MIRROR", server.address)
            monkeypatch.setenv("GITHUB_RAW_URL", server.address)
            assert found(Origin("set", "github:o/n"), "x.csv") == [("x.csv", TABLE)]


class TestHub:
    @pytest.fixture
    def hub(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        for name in ("data/train-0.csv", "data/train-1.csv", "data/test-0.csv", "README.md"):
            put(tmp_path / "repo", name, f"a\n{name}\n".encode())
        with DatasetHub({"o/n": tmp_path / "repo"}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.address)
            yield hub

    def test_a_file_comes_by_the_hubs_own_client_and_stays_for_offline(self, hub: DatasetHub, cache: Path) -> None:
        expected = [("data/test-0.csv", b"a\ndata/test-0.csv\n")]
        assert found(Origin("set", "hf:o/n"), "data/test-0.csv") == expected
        count = len(hub.asked)
        assert found(Origin("set", "hf:o/n", offline=True), "data/test-0.csv") == expected
        assert len(hub.asked) == count
        assert any(name.startswith("hub/datasets--o--n/") for name in cached(cache))

    def test_a_pattern_is_resolved_by_the_hubs_list(self, hub: DatasetHub) -> None:
        names = [name for name, _ in found(Origin("set", "hf:o/n"), "data/train-*.csv")]
        assert names == ["data/train-0.csv", "data/train-1.csv"]
        assert "matches the pattern" in reasons(Origin("set", "hf:o/n"), "data/dev-*.csv")

    def test_checksums_count(self, hub: DatasetHub) -> None:
        with pytest.raises(ChecksumError):
            locate(Origin("set", "hf:o/n"), [FileRef(path="data/test-0.csv", sha256="0" * 64)])

    def test_what_the_hub_does_not_give_is_told_in_words(self, hub: DatasetHub) -> None:
        assert "has no such file" in reasons(Origin("set", "hf:o/n"), "gone.csv")
        assert "has no such revision" in reasons(Origin("set", "hf:o/n", "f" * 40), "data/test-0.csv")
        assert "does not exist, or needs a token" in reasons(Origin("set", "hf:o/gone"), "x.csv")
        assert "does not exist, or needs a token" in reasons(Origin("set", "hf:o/gone"), "*.csv")

    def test_a_gated_repository_says_how_to_get_in(self, hub: DatasetHub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_TOKEN", "secret-2")
        hub.gated = True
        told = reasons(Origin("set", "hf:o/n"), "data/test-0.csv")
        assert f"{hub.address}/datasets/o/n is gated: accept its terms there, then set HF_TOKEN" in told
        assert "secret-2" not in told
        assert hub.tokens == {"Bearer secret-2"}


class TestArchives:
    def test_members_are_unpacked_into_the_cache_and_named_after_the_archive(self, mirror: Path, cache: Path) -> None:
        (mirror / "set").mkdir(parents=True)
        with zipfile.ZipFile(mirror / "set/x.zip", "w") as archive:
            archive.writestr("in/train.csv", "train")
            archive.writestr("in/test.csv", "test")
        assert found(Origin("set"), "x.zip", member="**/train.csv") == [("x.zip/in/train.csv", b"train")]
        assert [name for name in cached(cache) if name.startswith("unpacked/")] == cached(cache)

    def test_an_archive_without_the_member_is_refused(self, mirror: Path) -> None:
        (mirror / "set").mkdir(parents=True)
        with zipfile.ZipFile(mirror / "set/x.zip", "w") as archive:
            archive.writestr("a.csv", "x")
        with pytest.raises(ReadError, match="no member matches"):
            locate(Origin("set"), [FileRef(path="x.zip")], member="b.csv")


class TestNothingIsTakenForAnother:
    def test_a_file_of_another_source_or_address_or_revision(self) -> None:
        answers = {"/a/x.csv": b"from a", "/b/x.csv": b"from b"}
        with FilesServer(answers) as server:
            for place in ("a", "b"):
                assert found(Origin("set", f"{server.address}/{place}"), "x.csv") == [
                    ("x.csv", f"from {place}".encode())
                ]
            refs = [FileRef(path="x.csv", url=f"{server.address}/{place}/x.csv") for place in ("a", "b")]
            assert [data for ref in refs for _, data in found(Origin("set"), ref)] == [b"from a", b"from b"]
            server.answers["/a/x.csv"] = b"of v2"
            assert found(Origin("set", f"{server.address}/a", "v2"), "x.csv") == [("x.csv", b"of v2")]

    def test_a_download_of_another_version_for_a_file_put_there_by_hand(self, cache: Path) -> None:
        put(cache, "datasets/set/@v1/0123abcd/data/x.csv", b"of v1")
        origin = Origin("set", "hand-over", "v2", offline=True)
        assert locate(origin, [FileRef(path="**/*.csv")])[0] == []
        put(cache, "datasets/set/data/y.csv", b"by hand")
        assert found(origin, "**/*.csv") == [("data/y.csv", b"by hand")]

    def test_a_file_of_the_users_that_is_called_like_several_of_the_card(self, tmp_path: Path) -> None:
        put(tmp_path / "own", "fr/test.csv", b"french")
        named = frozenset({"en/test.csv", "fr/test.csv"})
        origin = Origin("set", "hand-over", files=tmp_path / "own", named=named)
        assert found(origin, "fr/test.csv") == [("fr/test.csv", b"french")]
        assert locate(origin, [FileRef(path="en/test.csv")])[0] == []
        alone = Origin("set", "hand-over", files=tmp_path / "own", named=frozenset({"data/test.csv"}))
        assert found(alone, "data/test.csv") == [("data/test.csv", b"french")]

    def test_a_web_page_of_the_mirror_for_what_it_lacks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        page = Answer(b"<html>nothing here</html>", 200, "text/html")
        with FilesServer({"/mirror/set/x.csv": page, "/a/x.csv": b"from a"}) as server:
            monkeypatch.setenv("REGISTRY_MIRROR", f"{server.address}/mirror")
            assert found(Origin("set", f"{server.address}/a"), "x.csv") == [("x.csv", b"from a")]

    def test_a_home_that_is_nobodys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGISTRY_MIRROR", "~nobody-of-this-name/x")
        with pytest.raises(UsageError, match="names the home of somebody who is not known"):
            found(Origin("set", "hand-over"), "x.csv")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:secret@host/x?id=1&password=abc&auth=q", "https://host/x?id=1"),
        ("https://host/x?X-Amz-Signature=1&sig=2&t=3", "https://host/x"),
        ("https://host/x?export=download&id=7", "https://host/x?export=download&id=7"),
    ],
)
def test_what_may_be_a_secret_of_an_address_is_not_told(url: str, told: str) -> None:
    assert shown(url) == told
    assert "secret" not in sources.page(url)
