"""What a stranger may put into a dataset: each is refused with one message; nothing of it runs or is left behind."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loaders import archives
from loaders.load import load_card
from registry.card import DatasetCard
from registry.errors import MedRegistryError, MissingFiles, ReadError

SOUND = b'{"text": "hello"}\n'


def made_up(files: Any, **load: Any) -> DatasetCard:
    known = {"slug": "made-up", "name": "Made Up", "kind": "dataset", "summary": "Made up.", "access": "open"}
    block = {"schema": "text", "source": "hand-over", "fields": {"text": "text"}, "splits": {"train": files}, **load}
    return DatasetCard.model_validate(known | {"load": block})


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def tarred(*members: tuple[str, bytes, bytes, str]) -> bytes:
    """Of (name, kind, data, where a link leads)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, kind, data, leads in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), leads
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def linked(name: str, leads: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, leads.encode()


class Runs:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, ("/tmp/medregistry-was-run",)


def pickled_array() -> bytes:
    file = io.BytesIO()
    np.savez(file, image=np.array([Runs(), Runs()], dtype=object))
    return file.getvalue()


REG, LINK, HARD, DEVICE = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE
ARCHIVES: dict[str, tuple[str, bytes, str]] = {
    "a path that climbs": ("x.zip", zipped(("../../evil.jsonl", SOUND)), "leads out of the archive"),
    "an absolute path": ("x.zip", zipped(("/etc/evil.jsonl", SOUND)), "leads out of the archive"),
    "a Windows drive": ("x.zip", zipped(("C:\\evil.jsonl", SOUND)), "leads out of the archive"),
    "a device name": ("x.zip", zipped(("data/COM1.jsonl", SOUND)), "COM1"),
    "a link in a zip": ("x.zip", zipped(linked("a.jsonl", "/etc/passwd")), "a link or a device"),
    "a link in a tar": ("x.tar.gz", tarred(("a.jsonl", LINK, b"", "/etc/passwd")), "a link or a device"),
    "a hard link": ("x.tar.gz", tarred(("a.jsonl", HARD, b"", "../../x")), "a link or a device"),
    "a device": ("x.tar.gz", tarred(("a.jsonl", DEVICE, b"", "")), "a link or a device"),
    "a tar that climbs": ("x.tar.gz", tarred(("../a.jsonl", REG, SOUND, "")), "leads out of the archive"),
    "a bomb": ("x.zip", zipped(("a.jsonl", b"\0" * (100 << 20))), "decompression bomb"),
    "a damaged archive": ("x.zip", zipped(("a.jsonl", SOUND))[:-12], "damaged or cut"),
    "no archive": ("x.zip", b"<html>sign in</html>", "damaged or cut"),
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_an_archive_with(what: str, tmp_path: Path, clean_env: Path) -> None:
    name, data, message = ARCHIVES[what]
    (tmp_path / name).write_bytes(data)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(MedRegistryError, match=message) as caught:
        load_card(made_up(name, read={"format": "jsonl"}), files=tmp_path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not list(clean_env.rglob("*evil*"))
    assert not list(clean_env.rglob("records/*/record.json"))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"members": 3}, "more than 3 members"),
        ({"bytes": 40}, "unpacks to more than 40 bytes"),
        ({"ratio": 1, "harmless": 10}, "decompression bomb"),
    ],
)
def test_an_archive_beyond_its_limits(
    limits: dict[str, int], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives.unpack, "__defaults__", (archives.Limits(**limits),))
    (tmp_path / "x.zip").write_bytes(zipped(*((f"{n}.jsonl", SOUND * 9) for n in range(5))))
    with pytest.raises(ReadError, match=message):
        load_card(made_up("x.zip"), files=tmp_path)


FILES: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "a pickle": ("x.pkl", pickle.dumps(Runs()), {}, "can run code when they are opened"),
    "a model file": ("x.pt", pickle.dumps(Runs()), {}, "can run code when they are opened"),
    "a pickle in an array": ("x.npz", pickled_array(), {}, "x.npz"),
    "an entity of its own": (
        "x.xml",
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><p>&x;</p></r>',
        {"record": ".//p", "paths": {"text": "."}},
        "entities",
    ),
    "entities within entities": (
        "x.xml",
        b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><r><p>&b;&b;&b;</p></r>',
        {"record": ".//p", "paths": {"text": "."}},
        "entities",
    ),
    "JSON nested without end": ("x.json", b"[" * 200_000, {}, "x.json"),
    "a line nested without end": ("x.jsonl", b'{"text": ' * 100_000, {}, "x.jsonl"),
    "names that the loader keeps for itself": (
        "x.jsonl",
        b'{"__file__": "../..", "text": "x"}',
        {},
        "keeps for itself",
    ),
    "no text of its encoding": ("x.jsonl", b'{"text": "\xff"}', {}, "not valid utf-8"),
    "an encoding that is none": ("x.jsonl", SOUND, {"encoding": "zlib_codec"}, "no encoding of text"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_with(what: str, tmp_path: Path) -> None:
    name, data, read, message = FILES[what]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ReadError, match=message) as caught:
        load_card(made_up(name, read=read), files=tmp_path)
    assert len(str(caught.value)) < 1000
    assert not Path("/tmp/medregistry-was-run").exists()


@pytest.mark.parametrize(
    "path", ["../secret.jsonl", "/etc/passwd", "a/../../b.jsonl", "C:/x.jsonl", "\\\\host\\x", "~/x"]
)
def test_a_card_that_names_a_path_outside_of_its_folder(path: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.jsonl").write_bytes(SOUND)
    with pytest.raises(MedRegistryError, match="leads out of its folder"):
        load_card(made_up(path, read={"format": "jsonl"}), files=tmp_path / "in")


def test_a_picture_that_a_row_names_outside_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "in/x.jsonl").write_text(json.dumps({"text": "../secret"}))
    card = made_up("x.jsonl", schema="classification", fields={"images": ["text", {"images": {}}]})
    records = load_card(card, "train", files=tmp_path / "in")
    with pytest.raises(MedRegistryError, match="leads out of its folder"):
        records.read_media(records[0]["images"][0]["path"])  # type: ignore[union-attr]


def test_text_that_looks_like_a_template_or_code_stays_text(tmp_path: Path) -> None:
    texts = ["{__class__}", "{0.__init__.__globals__}", "$(rm -rf /)", "'; DROP TABLE dataset; --", "{{7*7}}", "%s%n"]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps({"a": text}) + "\n" for text in texts))
    card = made_up("x.jsonl", fields={"text": {"template": "<{a}>"}})
    records = load_card(card, "train", files=tmp_path)
    assert [row["text"] for row in records] == [f"<{text}>" for text in texts]  # type: ignore[index]


def test_a_folder_that_is_a_link_is_not_walked_into(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.jsonl").write_bytes(SOUND)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MissingFiles):
        load_card(made_up("**/x.jsonl"), files=tmp_path / "in")
