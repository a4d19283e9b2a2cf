"""Pictures and signals that records name: where they are looked for, and how they come out of archives and tables."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import signal
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from loaders import members, unpacked
from loaders.fetch import Origin
from loaders.load import load_card
from loaders.media import MediaPlace, read_media
from loaders.records import Records
from registry.card import DatasetCard
from registry.errors import ChecksumError, MedRegistryError, MissingFiles, ReadError
from registry.loadspec import FileRef, Media, Withheld
from tests.support.files_server import FilesServer

PICTURE = b"\x89PNG\r\n\x1a\n made up"
OTHER = b"\xff\xd8\xff made up"


def put(folder: Path, path: str, content: bytes = PICTURE) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(files: dict[str, bytes], link: str | None = None) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if link is not None:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    return made.getvalue()


def table(rows: list[dict[str, Any]]) -> bytes:
    made = io.BytesIO()
    pl.DataFrame(rows).write_parquet(made, row_group_size=2)
    return made.getvalue()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    return tmp_path / "mirror"


def place(*media: Media, source: str | None = "hf:o/n", offline: bool = True, **more: Any) -> MediaPlace:
    return MediaPlace(Origin("set", source, offline=offline), media, **more)


def media(*paths: str | FileRef, **more: Any) -> Media:
    return Media(files=[FileRef(path=path) if isinstance(path, str) else path for path in paths], **more)


def made_media(clean_env: Path) -> list[Path]:
    folder = Path(os.environ["REGISTRY_CACHE"]) / "media"
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.exists() else []


class TestFolder:
    def test_a_file_of_the_folder_comes_first(self, tmp_path: Path, mirror: Path) -> None:
        put(tmp_path / "own", "images/a.png")
        put(mirror, "set/images/a.png", OTHER)
        assert read_media(tmp_path / "own", "images/a.png", place(media("images/*.png"))) == PICTURE
        assert Records(pl.DataFrame(), "text", folder=tmp_path / "own").read_media("images/a.png") == PICTURE

    @pytest.mark.parametrize("path", ["../a.png", "/etc/passwd", "images/../../a.png", "a\\b.png", "a\0.png"])
    def test_a_path_never_leaves_its_folder(self, tmp_path: Path, mirror: Path, path: str) -> None:
        put(tmp_path, "a.png")
        with pytest.raises(MedRegistryError, match="leads out of its folder"):
            read_media(tmp_path / "own", path, place(media("**/*.png")))

    def test_without_a_card_the_message_names_the_place(self, tmp_path: Path) -> None:
        with pytest.raises(MissingFiles, match=f"a.png is not on this machine: no file {tmp_path}/a.png"):
            read_media(tmp_path, "a.png")
        with pytest.raises(MissingFiles, match="were not read from a folder"):
            read_media(None, "a.png")

    def test_a_withheld_file_is_not_even_read_where_it_lies(self, tmp_path: Path, mirror: Path) -> None:
        put(tmp_path, "closed/a.png")
        held = [Withheld(paths=["closed/**"], reason="credentialed data in an open place")]
        given = MediaPlace(Origin("set", "hf:o/n", withheld=held), [media("closed/*.png")])
        with pytest.raises(MissingFiles, match=r"closed/a\.png is withheld.*credentialed data in an open place"):
            read_media(tmp_path, "closed/a.png", given)

    def test_the_cards_folder_stands_before_paths_of_the_source(self, mirror: Path) -> None:
        put(mirror, "set/deep/a.png")
        assert read_media(None, "images/deep/a.png", place(media("deep/*.png", folder="images"))) == PICTURE

    def test_a_picture_of_the_splits_own_files_is_found_again(self, mirror: Path) -> None:
        put(mirror, "set/b/1.png")
        refs = [FileRef(path="{a,b}/*.png")]
        assert read_media(None, "b/1.png", place(files=refs)) == PICTURE


class TestArchives:
    def test_a_path_may_lead_into_an_archive_of_the_folder(self, tmp_path: Path, mirror: Path) -> None:
        np.savez(put(tmp_path, "Training/data_1.npz"), slo=np.arange(3))
        put(tmp_path, "x.zip", zipped({"in/a.png": PICTURE}))
        put(tmp_path, "y.tar.gz", tarred({"in/a.png": OTHER}))
        slo = read_media(tmp_path, "Training/data_1.npz/slo.npy", place())
        assert np.load(io.BytesIO(slo)).tolist() == [0, 1, 2]
        assert read_media(tmp_path, "x.zip/in/a.png") == PICTURE
        assert read_media(tmp_path, "y.tar.gz/in/a.png", place()) == OTHER

    def test_members_of_the_cards_archives_lie_in_its_folder(self, mirror: Path) -> None:
        put(mirror, "set/imgs.zip", zipped({"1/source.jpg": PICTURE, "2/source.jpg": OTHER}))
        assert read_media(None, "imgs/2/source.jpg", place(media("imgs.zip", folder="imgs"))) == OTHER
        with pytest.raises(MissingFiles):
            read_media(None, "other/2/source.jpg", place(media("imgs.zip", folder="imgs")))

    def test_the_one_of_several_archives_that_has_it_is_read(self, mirror: Path) -> None:
        put(mirror, "set/zips/1.zip", zipped({"./a.png": PICTURE}))
        put(mirror, "set/zips/2.zip", zipped({"b.png": OTHER}))
        assert read_media(None, "b.png", place(media("zips/*.zip"))) == OTHER
        assert read_media(None, "zips/1.zip/a.png", place(files=[FileRef(path="zips/*.zip")])) == PICTURE

    def test_a_tar_file_is_unpacked_once(self, mirror: Path, clean_env: Path) -> None:
        put(mirror, "set/all.tar.gz", tarred({"a.png": PICTURE, "deep/b.png": OTHER}))
        given = place(media("all.tar.gz", folder="images"))
        assert read_media(None, "images/a.png", given) == PICTURE
        assert read_media(None, "images/deep/b.png", given) == OTHER
        assert len(made_media(clean_env)) == 1

    def test_a_tar_file_with_a_link_is_refused_whole(self, mirror: Path, clean_env: Path) -> None:
        put(mirror, "set/all.tar.gz", tarred({"a.png": PICTURE}, link="b.png"))
        with pytest.raises(ReadError, match="is a link or a device"):
            read_media(None, "a.png", place(media("all.tar.gz")))
        assert made_media(clean_env) == []

    def test_a_member_beyond_the_limit_is_refused(self, tmp_path: Path) -> None:
        path = put(tmp_path, "x.zip", zipped({"a.png": bytes(4096)}))
        with pytest.raises(ReadError, match="4,096 bytes, more than the limit of 1,000"):
            members.read(path, "a.png", 1000)

    def test_a_decompression_bomb_is_refused(self, tmp_path: Path) -> None:
        put(tmp_path, "x.zip", zipped({"a.png": bytes((64 << 20) + 1)}))
        with pytest.raises(ReadError, match="decompression bomb"):
            read_media(tmp_path, "x.zip/a.png")

    def test_a_member_with_more_bytes_than_it_claims_is_not_believed(self, tmp_path: Path) -> None:
        lying = zipped({"a.png": b"x" * 5000})
        size = (5000).to_bytes(4, "little")
        put(tmp_path, "x.zip", lying.replace(size, (70).to_bytes(4, "little")))
        with pytest.raises(ReadError, match="damaged or cut short|other than the 70 bytes it claims"):
            read_media(tmp_path, "x.zip/a.png")

    @pytest.mark.parametrize("kept", [0.5, 0.0])
    def test_an_archive_that_is_cut_short_is_told_as_such(self, tmp_path: Path, kept: float) -> None:
        whole = zipped({"a.png": os.urandom(3000)})
        put(tmp_path, "x.zip", whole[: int(len(whole) * kept)])
        with pytest.raises(ReadError, match="damaged or cut zip archive"):
            read_media(tmp_path, "x.zip/a.png")

    def test_a_member_that_is_not_there_is_told_with_those_that_are(self, tmp_path: Path) -> None:
        put(tmp_path, "x.zip", zipped({"a.png": PICTURE}))
        with pytest.raises(ReadError, match=r"no member 'b\.png'; there are a\.png"):
            read_media(tmp_path, "x.zip/b.png")

    def test_an_archive_is_read_by_many_threads_and_forked_processes(self, tmp_path: Path) -> None:
        files = {f"{number}.bin": os.urandom(20_000) for number in range(40)}
        put(tmp_path, "x.zip", zipped(files))
        assert read_media(tmp_path, "x.zip/0.bin") == files["0.bin"]
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda name: read_media(tmp_path, f"x.zip/{name}"), files))
        assert found == list(files.values())
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert pool.starmap(read_media, [(tmp_path, f"x.zip/{name}") for name in files]) == list(files.values())

    def test_a_changed_archive_is_opened_anew(self, tmp_path: Path) -> None:
        put(tmp_path, "x.zip", zipped({"a.png": PICTURE}))
        assert read_media(tmp_path, "x.zip/a.png") == PICTURE
        put(tmp_path, "x.zip", zipped({"a.png": OTHER + b"longer"}))
        assert read_media(tmp_path, "x.zip/a.png") == OTHER + b"longer"


class TestTables:
    NAMED = {"folder": "images", "name": "img_id", "bytes": "image", "suffix": ".jpg"}

    def test_pictures_of_a_table_lie_under_their_names(self, mirror: Path, clean_env: Path) -> None:
        rows = [
            {"img_id": f"c{number % 3}", "image": {"bytes": bytes([number % 3]), "path": None}} for number in range(7)
        ]
        put(mirror, "set/data/0.parquet", table(rows))
        put(mirror, "set/data/1.parquet", table([{"img_id": "d", "image": {"bytes": b"d", "path": "x"}}]))
        given = place(media("data/*.parquet", **self.NAMED))
        assert read_media(None, "images/c2.jpg", given) == b"\x02"
        assert read_media(None, "images/d.jpg", given) == b"d"
        (folder,) = made_media(clean_env)
        assert sorted(path.name for path in folder.iterdir()) == ["c0.jpg", "c1.jpg", "c2.jpg", "d.jpg"]

    def test_the_table_of_a_sister_dataset_is_found_under_its_name(self, mirror: Path) -> None:
        put(mirror, "sister/data/0.parquet", table([{"img_id": 7, "image": PICTURE}]))
        ref = FileRef(path="data/*.parquet", source="hf:o/sister", dataset="sister")
        assert read_media(None, "images/7.jpg", place(media(ref, **self.NAMED))) == PICTURE

    def test_without_a_name_the_path_beside_the_bytes_counts(self, mirror: Path) -> None:
        put(mirror, "set/t.parquet", table([{"image": {"bytes": PICTURE, "path": "sub/a.png"}}, {"image": None}]))
        assert read_media(None, "sub/a.png", place(media("t.parquet", bytes="image"))) == PICTURE

    def test_a_name_that_no_row_has_is_told(self, mirror: Path) -> None:
        put(mirror, "set/t.parquet", table([{"img_id": "a", "image": PICTURE}]))
        with pytest.raises(MissingFiles, match=r"no row of t\.parquet is called 'b'"):
            read_media(None, "images/b.jpg", place(media("t.parquet", **self.NAMED)))

    @pytest.mark.parametrize("name", ["../a", "/tmp/a", "x/../../a"])
    def test_a_name_that_leads_out_is_refused_and_nothing_is_kept(
        self, mirror: Path, clean_env: Path, name: str
    ) -> None:
        put(mirror, "set/t.parquet", table([{"img_id": "ok", "image": PICTURE}, {"img_id": name, "image": PICTURE}]))
        with pytest.raises(ReadError, match="leads out of the folder; none is used"):
            read_media(None, "images/ok.jpg", place(media("t.parquet", **self.NAMED)))
        assert made_media(clean_env) == []

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (table([{"id": "a", "image": PICTURE}]), "no column 'img_id'; columns there: id, image"),
            (table([{"img_id": "a", "image": 3}]), "neither bytes nor"),
            (b"PAR1 and nothing", "not a whole Parquet file of pictures"),
        ],
    )
    def test_a_table_of_another_shape_is_refused(self, mirror: Path, content: bytes, told: str) -> None:
        put(mirror, "set/t.parquet", content)
        with pytest.raises(ReadError, match=told):
            read_media(None, "images/a.jpg", place(media("t.parquet", **self.NAMED)))

    def test_many_threads_that_ask_at_once_unpack_it_once(self, mirror: Path, clean_env: Path) -> None:
        put(mirror, "set/t.parquet", table([{"img_id": str(number), "image": PICTURE} for number in range(300)]))
        given = place(media("t.parquet", **self.NAMED))
        with ThreadPoolExecutor(8) as threads:
            found = threads.map(lambda number: read_media(None, f"images/{number}.jpg", given), range(300))
            assert set(found) == {PICTURE}
        assert len(made_media(clean_env)) == 1

    def test_more_bytes_than_expected_are_not_unpacked(
        self, mirror: Path, clean_env: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(unpacked, "LIMITS", unpacked.LIMITS._replace(bytes=10))
        put(mirror, "set/t.parquet", table([{"img_id": "a", "image": PICTURE}]))
        with pytest.raises(ReadError, match="more or larger pictures than expected"):
            read_media(None, "images/a.jpg", place(media("t.parquet", **self.NAMED)))
        assert made_media(clean_env) == []

    def test_what_a_killed_process_left_is_swept_away(self, mirror: Path, clean_env: Path) -> None:
        put(mirror, "set/t.parquet", table([{"img_id": "a", "image": PICTURE}]))
        given = place(media("t.parquet", **self.NAMED))
        read_media(None, "images/a.jpg", given)
        (folder,) = made_media(clean_env)
        folder.rename(folder.parent / f".part-{folder.name}-killed")
        assert read_media(None, "images/a.jpg", given) == PICTURE
        assert made_media(clean_env) == [folder]

    def test_a_full_disk_is_told_as_such(self, mirror: Path, clean_env: Path) -> None:
        import resource

        put(mirror, "set/t.parquet", table([{"img_id": "a", "image": bytes(200_000)}]))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
            with pytest.raises(MedRegistryError, match="File too large"):
                read_media(None, "images/a.jpg", place(media("t.parquet", **self.NAMED)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        assert made_media(clean_env) == []

    def test_a_newer_table_is_unpacked_anew(self, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(mirror, "set/t.parquet", table([{"img_id": "a", "image": PICTURE}]))
        given = place(media("t.parquet", **self.NAMED))
        assert read_media(None, "images/a.jpg", given) == PICTURE
        put(mirror, "set/t.parquet", table([{"img_id": "a", "image": OTHER + b"new"}]))
        monkeypatch.setattr(unpacked, "_known", {})  # as in another process
        assert read_media(None, "images/a.jpg", given) == OTHER + b"new"


class TestFetching:
    def test_a_picture_is_fetched_when_it_is_asked_for(self, tmp_path: Path) -> None:
        with FilesServer({"/images/a.png": PICTURE, "/images/b.png": OTHER}) as server:
            given = place(media("images/*.png"), source=server.address, offline=False)
            assert server.asked == []
            assert read_media(tmp_path, "images/a.png", given) == PICTURE
            assert server.asked == ["/images/a.png"]
            assert read_media(tmp_path, "images/a.png", given) == PICTURE
            assert server.asked == ["/images/a.png"]

    def test_offline_nothing_is_asked_and_the_message_says_what_to_do(self, tmp_path: Path) -> None:
        with FilesServer({"/images/a.png": PICTURE}) as server:
            given = place(media("images/*.png"), source=server.address, by_hand="Ask the owners for the pictures.")
            with pytest.raises(MissingFiles) as told:
                read_media(tmp_path, "images/a.png", given)
            assert server.asked == []
        message = str(told.value)
        assert message.startswith("set: images/a.png is not on this machine:\n  images/a.png: offline")
        assert "Ask the owners for the pictures." in message
        assert f"put it at {tmp_path}/images/a.png" in message
        assert "load without offline=True" in message

    def test_a_path_that_the_card_does_not_know_is_asked_of_nobody(self, tmp_path: Path) -> None:
        with FilesServer({}) as server:
            given = place(media("images/*.png"), source=server.address, offline=False)
            with pytest.raises(MissingFiles, match="does not say where it is to be had"):
                read_media(tmp_path, "secret/a.png", given)
            assert server.asked == []

    def test_a_file_that_the_card_pins_must_have_its_bytes(self, tmp_path: Path) -> None:
        with FilesServer({"/a.png": PICTURE}) as server:
            ref = FileRef(path="a.png", sha256="0" * 64)
            with pytest.raises(ChecksumError):
                read_media(tmp_path, "a.png", place(media(ref), source=server.address, offline=False))

    def test_a_place_travels_to_other_processes(self, mirror: Path) -> None:
        put(mirror, "set/images/a.png")
        given = pickle.loads(pickle.dumps(place(media("images/*.png"))))
        assert read_media(None, "images/a.png", given) == PICTURE


class TestLoading:
    def load(self, load: dict[str, Any], **options: Any) -> Records:
        card = DatasetCard.model_validate(
            {
                "slug": "made-up",
                "name": "Made Up",
                "kind": "dataset",
                "summary": "Made up for a test.",
                "access": "open",
                "languages": ["en"],
                "load": load,
            }
        )
        records = load_card(card, "train", **options)
        assert isinstance(records, Records)
        return records

    def test_pictures_that_are_rows_of_an_archive_are_read_out_of_it(self, tmp_path: Path) -> None:
        put(tmp_path, "all.zip", zipped({"cats/1.png": PICTURE, "dogs/2.png": OTHER}))
        records = self.load(
            {
                "schema": "classification",
                "source": "hand-over",
                "read": {"format": "image", "member": "*/*.png"},
                "fields": {"images": [{"file": "path"}, {"images": {}}], "labels": ["folder", "list"]},
                "splits": {"train": "all.zip"},
            },
            files=tmp_path,
        )
        assert [row["labels"] for row in records] == [["cats"], ["dogs"]]
        assert [records.read_media(row["images"][0]["path"]) for row in records] == [PICTURE, OTHER]

    def test_pictures_of_rows_are_fetched_one_by_one_when_asked_for(self) -> None:
        with FilesServer({"/train.csv": b"id,img\n1,a\n2,b\n", "/pics/b.png": OTHER}) as server:
            records = self.load(
                {
                    "schema": "classification",
                    "source": server.address,
                    "fields": {"id": "id", "images": ["img", {"images": {"folder": "pics", "suffix": ".png"}}]},
                    "splits": {"train": "train.csv"},
                    "media": [{"files": "pics/*.png"}],
                }
            )
            assert server.asked == ["/train.csv"]
            assert records.read_media(records[1]["images"][0]["path"]) == OTHER
            assert server.asked == ["/train.csv", "/pics/b.png"]
            with pytest.raises(MissingFiles, match=r"made-up: pics/a\.png is not on this machine"):
                records.read_media(records[0]["images"][0]["path"])

    def test_arrays_of_a_file_for_each_row_are_read_out_of_it(self, tmp_path: Path) -> None:
        np.savez(put(tmp_path, "Training/data_1.npz"), slo=np.arange(4).reshape(2, 2), age=61)
        records = self.load(
            {
                "schema": "classification",
                "source": "hand-over",
                "read": {"format": "npz"},
                "fields": {"images": [{"file": "path"}, {"suffix": "/slo.npy"}, {"images": {}}]},
                "splits": {"train": "Training/*.npz"},
            },
            files=tmp_path,
        )
        data = records.read_media(records[0]["images"][0]["path"])
        assert np.load(io.BytesIO(data)).tolist() == [[0, 1], [2, 3]]
        assert records[0]["extra"]["age"] == 61
