"""NumPy archives: what becomes a value, what a path and what a row; and what is never opened."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from loaders.read import Located, read_file
from registry.errors import ReadError
from registry.loadspec import Read


def npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def read(path: Path, **options: Any) -> pl.DataFrame:
    return read_file(Located(path, path.name), Read(format="npz", options=options)).drop("__file__", "__row__")


def array_of(data: bytes) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def header(text: str, version: int = 1) -> bytes:
    line = text.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(line).to_bytes(2 if version == 1 else 4, "little") + line


def raw(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


class TestOneRowAFile:
    def test_single_elements_are_values_and_larger_arrays_are_paths(self, tmp_path: Path) -> None:
        path = npz(
            tmp_path / "data_00001.npz",
            slo_fundus=np.zeros((4, 3), np.uint8),
            age=np.float64(61.5),
            gender=np.array([1], np.int16),
            known=np.bool_(True),
            note=np.array("Sehnerv blass,\nC/D 0.7"),
            code=np.array(b"H40.1"),
        )
        assert read(path).to_dicts() == [
            {
                "slo_fundus": "data_00001.npz/slo_fundus.npy",
                "age": 61.5,
                "gender": 1,
                "known": True,
                "note": "Sehnerv blass,\nC/D 0.7",
                "code": "H40.1",
            }
        ]

    def test_numbers_of_any_width_and_byte_order_keep_their_value(self, tmp_path: Path) -> None:
        path = npz(
            tmp_path / "x.npz",
            big=np.array(258, ">i4"),
            half=np.float16(0.5),
            wide=np.array(2**63, np.uint64),
            empty="",
        )
        assert read(path).to_dicts() == [{"big": 258, "half": 0.5, "wide": 2**63, "empty": ""}]

    def test_an_array_without_elements_is_a_path(self, tmp_path: Path) -> None:
        assert read(npz(tmp_path / "x.npz", none=np.zeros((0, 5))))["none"].to_list() == ["x.npz/none.npy"]


class TestRowsAlongTheFirstAxis:
    def test_each_row_has_its_picture_as_a_file_and_its_label_as_a_number(self, tmp_path: Path) -> None:
        images = np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2)
        path = npz(tmp_path / "m.npz", train_images=images, train_labels=np.array([[0], [2], [1]], np.uint8))
        frame = read(path, rows=["train_images", "train_labels"])
        assert frame["train_labels"].to_list() == [0, 2, 1]
        assert frame["train_images"].dtype == pl.Binary
        for data, image in zip(frame["train_images"], images, strict=True):
            assert np.array_equal(array_of(data), image)

    def test_several_labels_a_row_are_a_list(self, tmp_path: Path) -> None:
        path = npz(tmp_path / "m.npz", labels=np.array([[1, 0, 1], [0, 0, 0]], np.uint8))
        assert read(path, rows=["labels"])["labels"].to_list() == [[1, 0, 1], [0, 0, 0]]

    def test_texts_and_vectors_are_read_as_such(self, tmp_path: Path) -> None:
        path = npz(tmp_path / "m.npz", name=np.array(["a", "bé"]), wave=np.array([[0.5, 1], [2, 3]], np.float32))
        assert read(path, rows=["name", "wave"]).to_dicts() == [
            {"name": "a", "wave": [0.5, 1.0]},
            {"name": "bé", "wave": [2.0, 3.0]},
        ]

    def test_many_rows_come_in_parts_and_all_of_them_in_order(self, tmp_path: Path) -> None:
        from loaders.readers import arrays

        images = np.random.default_rng(7).integers(0, 255, (90, 512, 512), np.uint8)
        path = npz(tmp_path / "m.npz", images=images, labels=np.arange(90))
        frames = list(arrays.read_npz(path, Read(options={"rows": ["images", "labels"]})))
        assert len(frames) > 1
        whole = pl.concat(frames)
        assert whole["labels"].to_list() == list(range(90))
        assert np.array_equal(array_of(whole["images"][89]), images[89])

    def test_arrays_that_are_stored_column_by_column_are_turned(self, tmp_path: Path) -> None:
        images = np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4))
        frame = read(npz(tmp_path / "m.npz", images=images), rows=["images"])
        assert [array_of(data).tolist() for data in frame["images"]] == images.tolist()

    @pytest.mark.parametrize(
        ("arrays", "told"),
        [
            ({"a": np.zeros((2, 3)), "b": np.zeros(3)}, "must be of one length, and are: a 2, b 3"),
            ({"a": np.zeros(2), "b": np.float64(1)}, "must be of one length, and are: a 2, b none"),
            ({"a": np.zeros(2)}, "no array 'b'; arrays there: a"),
            ({"a": np.zeros((0, 2)), "b": np.zeros((0, 2))}, "its arrays have no rows"),
        ],
    )
    def test_arrays_that_are_no_rows_are_refused(self, tmp_path: Path, arrays: dict[str, Any], told: str) -> None:
        with pytest.raises(ReadError, match=told):
            read(npz(tmp_path / "x.npz", **arrays), rows=["a", "b"])


class TestRefusals:
    def test_an_array_of_objects_is_never_unpickled(self, tmp_path: Path) -> None:
        class Bomb:
            def __reduce__(self) -> Any:
                return (Path.touch, (tmp_path / "ran",))

        objects = np.empty(1, dtype=object)
        objects[0] = Bomb()
        path = tmp_path / "x.npz"
        np.savez(path, note=objects)
        with pytest.raises(ReadError, match=r"'note' is an array of Python objects.*never opened"):
            read(path)
        with pytest.raises(ReadError, match="never opened"):
            read(path, rows=["note"])
        assert not (tmp_path / "ran").exists()

    def test_a_bare_pickle_is_no_array(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="'a' is no NumPy array"):
            read(raw(tmp_path / "x.npz", a=pickle.dumps({"a": list(range(9))})))

    @pytest.mark.parametrize("shape", ["(99999999999, 99999999999)", "(3,)", "(1,)"])
    def test_a_header_that_claims_other_sizes_than_there_are_is_not_believed(self, tmp_path: Path, shape: str) -> None:
        claimed = header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}")
        with pytest.raises(ReadError, match=r"claims .* bytes of data and has 16; it is cut short"):
            read(raw(tmp_path / "x.npz", a=claimed + bytes(16)))

    @pytest.mark.parametrize(
        "text",
        [
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
            "__import__('os').system('true')",
            "(" * 5000,
            "",
        ],
    )
    def test_a_header_that_numpy_does_not_write_is_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ReadError, match="'a' has no header that NumPy writes"):
            read(raw(tmp_path / "x.npz", a=header(text)))

    def test_a_header_as_long_as_a_file_is_not_read(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="the header of 'a' claims 1,000,001 bytes; not read"):
            read(raw(tmp_path / "x.npz", a=header(" " * 1_000_000, version=2)))

    def test_a_file_that_is_cut_short_is_told_as_such(self, tmp_path: Path) -> None:
        path = npz(tmp_path / "x.npz", a=np.arange(1000))
        path.write_bytes(path.read_bytes()[:-200])
        with pytest.raises(ReadError, match="damaged or cut zip archive"):
            read(path)

    def test_bytes_that_do_not_fit_their_checksum_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "x.npz"
        np.savez(path, a=np.frombuffer(b"ABCDEFGH" * 100, np.uint8).reshape(100, 8))
        path.write_bytes(path.read_bytes().replace(b"ABCDEFGHABCDEFGH", b"ABCDEFGHABCDXFGH", 1))
        with pytest.raises(ReadError, match="'a' is damaged or cut short"):
            read(path, rows=["a"])

    def test_a_member_that_unpacks_to_far_more_than_its_size_is_a_bomb(self, tmp_path: Path) -> None:
        path = npz(tmp_path / "x.npz", a=np.zeros((65 << 20) + 1, np.uint8))
        with pytest.raises(ReadError, match="decompression bomb"):
            read(path)

    def test_an_archive_without_arrays_names_what_it_has(self, tmp_path: Path) -> None:
        path = tmp_path / "x.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "nothing")
        with pytest.raises(ReadError, match=r"no array in it \(\.npy\), only readme\.txt"):
            read(path)

    def test_a_name_that_leads_out_of_the_archive_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="leads out of its folder"):
            read(raw(tmp_path / "x.npz", **{"../a": header("{}")}))

    @pytest.mark.parametrize("array", [np.array(1 + 2j), np.array("2020-01-01", "datetime64[D]"), np.zeros(2, "i4,f4")])
    def test_what_is_neither_number_nor_text_is_refused(self, tmp_path: Path, array: Any) -> None:
        with pytest.raises(ReadError, match="numbers and text are read"):
            read(npz(tmp_path / "x.npz", a=array))

    def test_an_option_that_it_does_not_take_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="takes no option 'keys'; the options are: rows"):
            read(npz(tmp_path / "x.npz", a=1), keys=["a"])
