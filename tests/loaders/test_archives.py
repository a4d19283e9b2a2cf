"""Archives: members come out whole and inside their folder, or the archive is refused."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from loaders.archives import Limits, container_of, unpack
from loaders.paths import files_below, inside, matcher, safe
from registry.errors import MedRegistryError, ReadError


def make_zip(path: Path, members: dict[str, bytes], *, links: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if name in links:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, content)
    return path


def make_tar(path: Path, members: dict[str, bytes], *, kind: bytes = tarfile.REGTYPE, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            archive.addfile(info, io.BytesIO(content))
    return path


MEMBERS = {"set/train/a.csv": b"x\n1\n", "set/test/a.csv": b"x\n2\n", "set/readme.txt": b"hello"}


@pytest.mark.parametrize("container", ["zip", "tar", "tar.gz"])
def test_members_that_match_come_out_in_order_of_name(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"x.{container}"
    if container == "zip":
        make_zip(path, MEMBERS)
    else:
        make_tar(path, MEMBERS, mode="w" if container == "tar" else "w:gz")
    assert container_of(path.name) == container
    found = unpack(path, container, "set/**/*.csv", tmp_path / "out")
    assert [(name, file.read_bytes()) for file, name in found] == [
        ("set/test/a.csv", b"x\n2\n"),
        ("set/train/a.csv", b"x\n1\n"),
    ]
    assert sorted(name for name, _ in files_below(tmp_path / "out")) == ["set/test/a.csv", "set/train/a.csv"]


def test_a_gz_file_has_one_member_named_after_it(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"a\n1\n"))
    ((file, name),) = unpack(path, "gz", None, tmp_path / "out")
    assert (name, file.read_bytes()) == ("x.csv", b"a\n1\n")


def test_unpacking_again_leaves_the_files_as_they_are(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", MEMBERS)
    first = unpack(path, "zip", None, tmp_path / "out")
    times = [file.stat().st_mtime_ns for file, _ in first]
    assert [file.stat().st_mtime_ns for file, _ in unpack(path, "zip", None, tmp_path / "out")] == times


def test_an_archive_that_was_unpacked_is_not_read_through_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_tar(tmp_path / "x.tar.gz", MEMBERS)
    first = unpack(path, "tar.gz", "set/**/*.csv", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("tarfile.open", None)
        assert unpack(path, "tar.gz", "set/**/*.csv", tmp_path / "out") == first
    first[0][0].write_bytes(b"changed")
    again = unpack(path, "tar.gz", "set/**/*.csv", tmp_path / "out")
    assert [file.read_bytes() for file, _ in again] == [b"x\n2\n", b"x\n1\n"]


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "C:/evil.csv", "..\\evil.csv"])
@pytest.mark.parametrize("container", ["zip", "tar"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str, container: str) -> None:
    path = tmp_path / "x"
    if container == "zip":
        make_zip(path, {name: b"x"})
    else:
        make_tar(path, {name: b"x"}, mode="w")
    with pytest.raises(ReadError, match="leads out of the archive"):
        unpack(path, container, None, tmp_path / "deep" / "out")
    assert [name for name, _ in files_below(tmp_path)] == ["x"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = make_tar(tmp_path / "x.tar", {"a.csv": b""}, kind=kind, mode="w")
    with pytest.raises(ReadError, match="'a.csv' is a link or a device"):
        unpack(path, "tar", None, tmp_path / "out")


def test_a_link_in_a_zip_is_refused_but_only_when_it_is_asked_for(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.csv": b"/etc/passwd", "b.csv": b"x\n"}, links=("a.csv",))
    with pytest.raises(ReadError, match="is a link"):
        unpack(path, "zip", None, tmp_path / "out")
    assert len(unpack(path, "zip", "b.csv", tmp_path / "out")) == 1


def test_a_bomb_is_refused_and_leaves_nothing_whole(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.csv": b"0" * (4 << 20)})
    with pytest.raises(ReadError, match="decompression bomb"):
        unpack(path, "zip", None, tmp_path / "out", Limits(harmless=1 << 20, ratio=100))
    assert list(files_below(tmp_path / "out")) == []


def test_more_bytes_or_members_than_the_limits_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", MEMBERS)
    with pytest.raises(ReadError, match="more than 8 bytes"):
        unpack(path, "zip", None, tmp_path / "out", Limits(bytes=8))
    with pytest.raises(ReadError, match="more than 2 members"):
        unpack(path, "zip", None, tmp_path / "out", Limits(members=2))


@pytest.mark.parametrize("container", ["zip", "tar.gz", "gz"])
def test_a_damaged_archive_is_told_so(tmp_path: Path, container: str) -> None:
    whole = tmp_path / "whole"
    content = {"a.csv": bytes(range(256)) * 100}
    if container == "zip":
        make_zip(whole, content)
    elif container == "tar.gz":
        make_tar(whole, content)
    else:
        whole.write_bytes(gzip.compress(content["a.csv"]))
    path = tmp_path / f"x.{container}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(ReadError, match="damaged or cut"):
        unpack(path, container, None, tmp_path / "out")


def test_members_that_do_not_match_are_named(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", MEMBERS)
    with pytest.raises(ReadError, match="no member matches 'val.csv'; members: set/train/a.csv, set/test/a.csv"):
        unpack(path, "zip", "val.csv", tmp_path / "out")


@pytest.mark.parametrize("name", ["CON", "data/nul.csv", "com1.txt", "LPT9", "aux .csv"])
def test_names_of_devices_are_refused(tmp_path: Path, name: str) -> None:
    path = make_zip(tmp_path / "x.zip", {name: b"x"})
    with pytest.raises(ReadError, match="is the name of a device"):
        unpack(path, "zip", None, tmp_path / "out")


def test_names_that_only_look_like_devices_are_fine(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"contents.csv": b"x", "com10.csv": b"x", "nullable/a": b"x"})
    assert len(unpack(path, "zip", None, tmp_path / "out")) == 3


def test_an_encrypted_member_is_told_as_such(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.csv": b"x" * 20})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(ReadError, match="'a.csv' is encrypted: ask its owners for the password"):
        unpack(path, "zip", None, tmp_path / "out")


class TestNamesOfZipFiles:
    """Names that do not say in which encoding they are."""

    def named(self, path: Path, *names: bytes) -> list[str]:
        with zipfile.ZipFile(path, "w") as archive:
            for number, name in enumerate(names):
                archive.writestr(f"{number}".rjust(len(name), "_"), b"x")
        data = path.read_bytes()
        for number, name in enumerate(names):
            data = data.replace(f"{number}".rjust(len(name), "_").encode(), name)
        path.write_bytes(data)
        return [name for _, name in unpack(path, "zip", None, path.parent / "out")]

    @pytest.mark.parametrize(
        ("encoding", "names"),
        [
            ("utf-8", ["数据/病历.csv", "für.csv"]),
            ("gbk", ["数据/病历.csv", "说明.txt"]),
            ("cp437", ["für Ärzte.csv", "naïve.csv"]),
        ],
    )
    def test_their_bytes_tell_it(self, tmp_path: Path, encoding: str, names: list[str]) -> None:
        assert self.named(tmp_path / "x.zip", *(name.encode(encoding) for name in names)) == sorted(names)


class TestArchivesInArchives:
    def nested(self, path: Path, depth: int = 1) -> Path:
        content = make_zip(path.with_name("inner"), {"in/a.csv": b"1", "in/b.csv": b"2"}).read_bytes()
        for level in range(depth):
            content = make_zip(path.with_name(f"level{level}"), {f"parts/{level}.zip": content}).read_bytes()
        path.write_bytes(content)
        return path

    def test_a_pattern_reaches_into_an_archive_inside(self, tmp_path: Path) -> None:
        path = self.nested(tmp_path / "x.zip")
        found = unpack(path, "zip", "parts/*.zip/in/*.csv", tmp_path / "out")
        assert [(name, file.read_bytes()) for file, name in found] == [
            ("parts/0.zip/in/a.csv", b"1"),
            ("parts/0.zip/in/b.csv", b"2"),
        ]

    def test_packed_files_inside_are_reached_too(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", {"a.csv.gz": gzip.compress(b"1"), "b.csv.gz": gzip.compress(b"2")})
        found = unpack(path, "zip", "*.csv.gz/*.csv", tmp_path / "out")
        assert [name for _, name in found] == ["a.csv.gz/a.csv", "b.csv.gz/b.csv"]

    def test_a_folder_that_is_called_like_an_archive_stays_a_folder(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", {"data.zip/a.csv": b"1"})
        assert [name for _, name in unpack(path, "zip", "data.zip/*.csv", tmp_path / "out")] == ["data.zip/a.csv"]

    def test_not_deeper_than_anyone_packs(self, tmp_path: Path) -> None:
        path = self.nested(tmp_path / "x.zip", 3)
        with pytest.raises(ReadError, match="more than 3 archives inside one another"):
            unpack(path, "zip", "parts/2.zip/parts/1.zip/parts/0.zip/in/*.csv", tmp_path / "out")

    def test_the_limits_hold_for_all_of_them_together(self, tmp_path: Path) -> None:
        bomb = make_zip(tmp_path / "inner.zip", {"a.csv": b"0" * (1 << 20)}).read_bytes()
        path = make_zip(tmp_path / "x.zip", {f"{number}.zip": bomb for number in range(20)})
        with pytest.raises(ReadError, match="decompression bomb"):
            unpack(path, "zip", "*.zip/*.csv", tmp_path / "out", Limits(harmless=4 << 20, ratio=100))
        with pytest.raises(ReadError, match="more than 30 members"):
            unpack(path, "zip", "*.zip/*.csv", tmp_path / "more", Limits(members=30))


@pytest.mark.parametrize("container", ["7z", "rar"])
def test_archives_that_are_not_opened_say_what_to_do(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"x.{container}"
    path.write_bytes(b"x")
    assert container_of(path.name) == container
    with pytest.raises(ReadError, match="unpack it yourself and pass `files=` the folder"):
        unpack(path, container, None, tmp_path / "out")


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("data/*.csv", "data/a.csv", True),
        ("data/*.csv", "data/sub/a.csv", False),
        ("**/*.csv", "a.csv", True),
        ("**/a.csv", "x/y/a.csv", True),
        ("data/**", "data/x/y", True),
        ("{train,dev}-?.json", "dev-1.json", True),
        ("{train,dev}-?.json", "test-1.json", False),
        ("a.csv", "axcsv", False),
        ("a+(b).csv", "a+(b).csv", True),
    ],
)
def test_patterns_match_as_in_a_shell(pattern: str, path: str, fits: bool) -> None:
    assert bool(matcher(pattern).fullmatch(path)) is fits


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "~/x", "a\\..\\x", "C:/x", "", ".", "a\0b"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(MedRegistryError, match="leads out of its folder"):
        inside(tmp_path, path)


def test_a_harmless_path_is_kept() -> None:
    assert safe("a/./b.csv") == "a/b.csv"
    assert safe("a b/ü..csv") == "a b/ü..csv"


def test_folders_that_are_hidden_or_linked_are_not_entered(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("x")
    folder = tmp_path / "data"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "a.csv").write_text("x")
    (folder / "link").symlink_to(outside)
    (folder / "a.csv").write_text("x")
    assert [name for name, _ in files_below(folder)] == ["a.csv"]


def test_a_member_that_was_changed_where_it_was_unpacked_is_not_believed(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"x.csv": b"GOOD"})
    ((member, _),) = unpack(path, "zip", None, tmp_path / "out")
    member.write_bytes(b"EVIL")
    ((member, _),) = unpack(path, "zip", None, tmp_path / "out")
    assert member.read_bytes() == b"GOOD"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("other", ["x.csv", "./x.csv"])
def test_two_members_of_one_name_are_refused(tmp_path: Path, other: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("x.csv", "one")
        archive.writestr(other, "two")
    with pytest.raises(ReadError, match=r"two members are called 'x\.csv'"):
        unpack(tmp_path / "x.zip", "zip", None, tmp_path / "out")
