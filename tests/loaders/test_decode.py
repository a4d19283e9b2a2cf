"""Pictures and signals of records, decoded for a batch: forms, order, bounds, and nothing paid by text."""

from __future__ import annotations

import io
import math
import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from loaders.decode import Decoder
from loaders.fetch import Origin
from loaders.forms import read_labels
from loaders.media import MediaPlace
from loaders.records import Records
from loaders.schemas import conform
from loaders.waveforms import read_record
from registry.errors import MedRegistryError, MissingFiles, ReadError, UnknownOption, UsageError
from tests.support import made_media as made


def records(folder: Path, rows: list[list[str]], column: str = "images", **files: Any) -> Records:
    """Records that name paths, and the files of `files` (a dict by path) in their folder."""
    for path, data in files.get("files", {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    named = [[{"path": path, "bytes": None} for path in row] for row in rows]
    frame = conform(
        pl.DataFrame({column: named}, schema={column: pl.List(pl.Struct({"path": pl.String, "bytes": pl.Binary}))}),
        "classification",
    )
    return Records(
        frame, "classification", {"slug": "made-up"}, folder, MediaPlace(Origin("made-up", None, offline=True))
    )


def one(folder: Path, path: str, data: bytes, **options: Any) -> dict[str, Any]:
    return Decoder(records(folder, [[path]], files={path: data}), **options)(np.array([0]))


def signal(folder: Path, path: str, data: bytes, **options: Any) -> dict[str, Any]:
    return Decoder(records(folder, [[path]], "signals", files={path: data}), **options)(np.array([0]))


def image(folder: Path, data: bytes, path: str = "a.png", **options: Any) -> list[Any]:
    return one(folder, path, data, **options)["images"][0].tolist()


def called(decoder: Decoder, rows: list[int]) -> Any:
    found = decoder(np.array(rows))
    return found["images"].numpy().tolist(), found["image_rows"].tolist()


class TestBatch:
    def files(self, count: int = 12) -> dict[str, bytes]:
        return {f"{n}.png": made.picture(np.full((4, 5, 3), n * 10, np.uint8)) for n in range(count)}

    def test_pictures_come_in_the_order_of_the_rows(self, tmp_path: Path) -> None:
        rows = [["0.png"], [], ["1.png", "2.png"], ["3.png"]]
        decoder = Decoder(records(tmp_path, rows, files=self.files()), size=(4, 5), threads=3)
        found = decoder(np.array([3, 1, 2, 0, 2]))
        assert found["images"].shape == (6, 3, 4, 5)
        assert found["images"].dtype == torch.uint8
        assert found["images"][:, 0, 0, 0].tolist() == [30, 10, 20, 0, 10, 20]
        assert found["image_rows"].tolist() == [0, 2, 2, 3, 4, 4]
        assert found["images"].is_contiguous()

    def test_many_threads_keep_the_order(self, tmp_path: Path) -> None:
        decoder = Decoder(records(tmp_path, [[f"{n}.png"] for n in range(12)], files=self.files()), threads=8)
        order = np.random.default_rng(0).permutation(12)
        assert [int(one[0, 0, 0]) // 10 for one in decoder(order)["images"]] == order.tolist()

    def test_pictures_of_their_own_size_are_a_list(self, tmp_path: Path) -> None:
        files = {"a.png": made.picture(made.colours(3, 4)), "b.png": made.picture(made.colours(7, 2))}
        found = Decoder(records(tmp_path, [["a.png"], ["b.png"]], files=files))(np.arange(2))
        assert [tuple(one.shape) for one in found["images"]] == [(3, 3, 4), (3, 7, 2)]

    def test_a_batch_without_a_picture_has_the_same_names(self, tmp_path: Path) -> None:
        decoder = Decoder(records(tmp_path, [["0.png"], []], files=self.files()), size=(4, 5))
        found = decoder(np.array([1]))
        assert found["images"].shape == (0, 3, 4, 5)
        assert found["image_rows"].tolist() == []

    def test_bytes_that_came_inside_the_table_are_taken(self) -> None:
        frame = conform(
            pl.DataFrame({"images": [[{"path": None, "bytes": made.picture(made.colours())}]]}), "classification"
        )
        assert Decoder(Records(frame, "classification"))(np.array([0]))["images"][0].shape == (3, 6, 9)

    def test_pairs_and_masks_are_named_as_their_columns(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(made.picture(made.colours(4, 4)))
        (tmp_path / "m.png").write_bytes(made.picture(np.array([[0, 7], [255, 1]], np.uint8)))
        pair = conform(pl.DataFrame({"before": [{"path": "a.png", "bytes": None}], "after": [None]}), "image_pair")
        assert set(Decoder(Records(pair, "image_pair", folder=tmp_path))(np.array([0]))) == {"before", "before_rows"}
        named = {"image": [{"path": "a.png", "bytes": None}], "mask": [{"path": "m.png", "bytes": None}]}
        frame = conform(pl.DataFrame(named), "segmentation")
        found = Decoder(Records(frame, "segmentation", folder=tmp_path), size=(4, 4))(np.array([0]))
        assert found["image"].shape == (1, 3, 4, 4)
        assert found["mask"].dtype == torch.int64
        assert found["mask"][0].tolist() == [[0, 0, 7, 7], [0, 0, 7, 7], [255, 255, 1, 1], [255, 255, 1, 1]]

    def test_an_image_processor_is_given_the_pictures(self, tmp_path: Path) -> None:
        from transformers import CLIPImageProcessorPil, Qwen2VLImageProcessorPil

        kept = records(tmp_path, [["0.png"], [], ["1.png", "2.png"]], files=self.files())
        clip = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16})
        found = Decoder(kept, processor=clip)(np.array([2, 1, 0]))
        assert found["pixel_values"].shape == (3, 3, 16, 16)
        assert found["image_rows"].tolist() == [0, 0, 2]
        patches = Decoder(kept, processor=Qwen2VLImageProcessorPil())(np.array([2]))
        assert patches["image_grid_thw"].shape == (2, 3)
        assert len(patches["pixel_values"]) == int(patches["image_grid_thw"].prod(1).sum())
        assert set(Decoder(kept, processor=clip)(np.array([1]))) == {"image_rows"}

    def test_it_works_in_a_spawned_process_and_is_small(self, tmp_path: Path) -> None:
        decoder = Decoder(records(tmp_path, [["0.png"], ["1.png"]], files=self.files()), size=(4, 5))
        assert len(pickle.dumps(decoder)) < 8000
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            assert pool.apply(called, (decoder, [1, 0])) == called(decoder, [1, 0])

    def test_it_works_in_a_process_that_was_forked_after_a_batch(self, tmp_path: Path) -> None:
        decoder = Decoder(records(tmp_path, [["0.png"], ["1.png"]], files=self.files()), size=(4, 5), threads=2)
        here = called(decoder, [0, 1])
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.apply_async(called, (decoder, [0, 1])).get(30) == here

    def test_text_pays_nothing(self) -> None:
        code = (
            "import sys, numpy as np, polars as pl\n"
            "from loaders.schemas import conform\nfrom loaders.records import Records\n"
            "from loaders.decode import Decoder\n"
            "d = Decoder(Records(conform(pl.DataFrame({'text': ['a']}), 'classification'), 'classification'))\n"
            "assert d(np.array([0])) == {} and not d\n"
            "print([m for m in ('torch', 'PIL', 'pydicom', 'nibabel', 'h5py', 'edfio') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    @pytest.mark.parametrize(
        "options",
        [{"size": 5}, {"size": (0, 4)}, {"channels": "BGR"}, {"size": (4, 4), "channels": None}, {"window": (5, 5)},
         {"signal_length": 0}, {"threads": 0}, {"processor": 3}],
    )  # fmt: skip
    def test_an_option_that_does_not_fit_is_refused(self, tmp_path: Path, options: dict[str, Any]) -> None:
        with pytest.raises((UsageError, UnknownOption)):
            Decoder(records(tmp_path, [["a.png"]]), **options)


class TestPictures:
    @pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "WEBP", "PPM", "GIF", "JPEG2000"])
    def test_forms(self, tmp_path: Path, form: str) -> None:
        options = {"lossless": True} if form == "WEBP" else {}
        shades = np.repeat(np.arange(0, 240, 40, np.uint8).reshape(2, 3)[:, :, None], 3, 2).repeat(16, 0).repeat(16, 1)
        found = one(tmp_path, "a", made.picture(shades, form, **options))["images"][0]
        assert found.shape == (3, 32, 48)
        assert np.abs(found.permute(1, 2, 0).numpy().astype(int) - shades).max() <= 3

    def test_orientation_is_applied_before_the_size(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        wide = np.zeros((64, 256, 3), np.uint8)
        wide[:, :128] = 250
        data = made.picture(wide, "JPEG", exif=exif, quality=95)
        found = one(tmp_path, "a.jpg", data)["images"][0]
        assert found.shape == (3, 256, 64)
        assert found[0, :100].min() > 200
        assert found[0, 160:].max() < 50
        small = one(tmp_path, "a.jpg", data, size=(64, 16))["images"][0, 0]
        assert small[:28].min() > 200
        assert small[36:].max() < 50

    def test_a_jpeg_decoded_at_a_part_of_its_size_is_near_the_whole(self, tmp_path: Path) -> None:
        whole = made.colours(256, 384)
        found = one(tmp_path, "a.jpg", made.picture(whole, "JPEG", quality=95), size=(32, 48))["images"][0]
        averaged = whole.reshape(32, 8, 48, 8, 3).mean((1, 3)).transpose(2, 0, 1)
        assert np.abs(found.numpy() - averaged).max() < 6

    def test_alpha_lies_on_white_and_palettes_are_colours(self, tmp_path: Path) -> None:
        clear = np.array([[[255, 0, 0, 255], [9, 9, 9, 0]]], np.uint8)
        assert image(tmp_path, made.picture(clear)) == [[[255, 255]], [[0, 255]], [[0, 255]]]
        colours = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)
        assert image(tmp_path, made.picture(colours, mode="P")) == [[[255, 0]], [[0, 0]], [[0, 255]]]

    def test_shades_and_one_bit(self, tmp_path: Path) -> None:
        gray = made.picture(np.array([[3, 200]], np.uint8))
        assert image(tmp_path, gray) == [[[3, 200]]] * 3
        assert image(tmp_path, gray, channels="L") == image(tmp_path, gray, channels=None) == [[[3, 200]]]
        assert image(tmp_path, made.picture(np.array([[0, 255]], np.uint8), mode="1"), channels="L") == [[[0, 255]]]

    def test_cmyk_becomes_colours(self, tmp_path: Path) -> None:
        data = made.picture(np.full((8, 8, 3), (200, 30, 40), np.uint8), "JPEG", mode="CMYK", quality=100)
        assert np.abs(np.array(image(tmp_path, data))[:, 4, 4] - [200, 30, 40]).max() <= 4

    def test_sixteen_bits_span_what_is_there_or_the_window(self, tmp_path: Path) -> None:
        deep = made.picture(np.array([[1000, 2000, 3000]], np.uint16))
        assert image(tmp_path, deep, channels="L") == [[[0, 128, 255]]]
        assert image(tmp_path, deep, channels="L", window=(2000, 4000)) == [[[0, 0, 128]]]

    def test_arrays_are_pictures_or_volumes(self, tmp_path: Path) -> None:
        gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
        assert image(tmp_path, made.npy(gray), "a.npy", channels="L") == [gray.tolist()]
        first = made.colours(5, 7).transpose(2, 0, 1)
        assert image(tmp_path, made.npz(slo=first, age=np.int64(3)), "a.npz", array="slo") == first.tolist()
        floats = np.array([[0.0, np.nan, 0.5, 1.0]])
        assert image(tmp_path, made.npy(floats), "a.npy", channels="L") == [[[0, 0, 128, 255]]]
        volume = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
        found = one(tmp_path, "v.npy", made.npy(volume))
        assert set(found) == {"volumes", "volume_rows"}
        assert found["volumes"][0].dtype == torch.float32
        assert found["volumes"][0].tolist() == volume.tolist()

    def test_dicom(self, tmp_path: Path) -> None:
        shades = np.array([[0, 500, 1000]], np.int16)
        assert image(tmp_path, made.dicom(shades), "a.dcm", channels="L") == [[[0, 128, 255]]]
        assert image(tmp_path, made.dicom(shades, "MONOCHROME1"), "a.dcm", channels="L") == [[[255, 127, 0]]]
        windowed = made.dicom(shades, WindowCenter=500.5, WindowWidth=1001, RescaleSlope=1, RescaleIntercept=0)
        assert image(tmp_path, windowed, "a.dcm", channels="L") == [[[0, 128, 255]]]
        hounsfield = made.dicom(shades, RescaleSlope=1, RescaleIntercept=-1000)
        assert image(tmp_path, hounsfield, "a.dcm", channels="L", window=(-500, 0)) == [[[0, 0, 255]]]
        colours = made.colours(2, 3)
        assert image(tmp_path, made.dicom(colours, "RGB"), "a") == colours.transpose(2, 0, 1).tolist()
        frames = made.dicom(np.stack([shades, shades]), RescaleSlope=2, RescaleIntercept=-1)
        assert one(tmp_path, "a.dcm", frames)["volumes"][0].tolist() == [[[-1, 999, 1999]]] * 2

    def test_masks_keep_their_numbers(self) -> None:
        indices = np.array([[0, 2], [1, 2]], np.uint8)
        palette = Image.fromarray(indices, "L").convert("P")
        palette.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0] + [0] * 759)
        file = io.BytesIO()
        palette.save(file, "PNG")
        assert read_labels("m.png", file.getvalue(), None, None).tolist() == indices.tolist()
        bits = made.picture(np.array([[0, 255]], np.uint8), mode="1")
        assert read_labels("m.png", bits, None, None).tolist() == [[0, 1]]
        red = np.array([[[255, 0, 0], [1, 2, 3]]], np.uint8)
        assert read_labels("m.png", made.picture(red), None, None).tolist() == [[0xFF0000, 0x010203]]
        gray = np.array([[[7, 7, 7], [9, 9, 9]]], np.uint8)
        assert read_labels("m.png", made.picture(gray), None, None).tolist() == [[7, 9]]
        assert read_labels("m.npy", made.npy(np.array([[0, -2]])), None, None).tolist() == [[0, -2]]

    def test_nifti_is_turned_to_ras_and_scaled(self, tmp_path: Path) -> None:
        import gzip

        values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
        data = made.nifti(values, np.diag([-1, 1, 1, 1]), 2, 3)
        for path, content in (("a.nii", data), ("a.nii.gz", gzip.compress(data))):
            found = one(tmp_path, path, content)["volumes"][0]
            assert found.tolist() == (values[::-1].T * 2 + 3).tolist()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
class TestHostile:
    @pytest.mark.parametrize(
        ("path", "data", "told"),
        [
            ("a.png", made.claiming_png(60_000, 60_000), "decompression bomb"),
            ("a.png", made.claiming_png(9_400, 9_600), "decompression bomb"),
            ("a.png", made.claiming_png(64, 64), "damaged picture, or cut short"),
            ("a.jpg", made.picture(made.colours(64, 64), "JPEG")[:700], "damaged picture, or cut short"),
            ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture of a known format"),
            ("a.png", b"", "no picture of a known format"),
            ("a.npy", made.npy(np.array([{}], object), pickled=True), "pickle, which could run anything"),
            ("a.npy", made.npy(np.zeros((4, 4)))[:-1], "cut short or changed"),
            ("a.npz", made.npz(a=np.zeros(3), b=np.zeros(3)), "array= names the one"),
            ("a.npz", made.npz(a=np.zeros((3, 3)))[:-30], "damaged or cut archive"),
            ("a.dcm", made.dicom(np.zeros((4, 4), np.uint8))[:-5], "without pixels that can be read"),
            ("a.dcm", made.dicom(np.zeros((4, 4), np.uint8), Rows=60_000, Columns=60_000), "more than the limit"),
            ("a.nii", made.nifti(np.zeros((4, 4, 4), np.int16), np.eye(4))[:-9], "cut short"),
        ],
    )  # fmt: skip
    def test_a_picture_is_refused_with_its_place(self, tmp_path: Path, path: str, data: bytes, told: str) -> None:
        rows = records(tmp_path, [["ok.png"], [path]], files={"ok.png": made.picture(made.colours()), path: data})
        with pytest.raises(ReadError, match=f"^made-up: row 1, {path}: .*{told}"):
            Decoder(rows)(np.array([0, 1]))

    def test_a_missing_picture_is_told_as_read_media_does(self, tmp_path: Path) -> None:
        with pytest.raises(MissingFiles, match=r"made-up: a\.png is not on this machine"):
            Decoder(records(tmp_path, [["a.png"]]))(np.array([0]))

    def test_a_path_never_leaves_its_folder(self, tmp_path: Path) -> None:
        with pytest.raises(MedRegistryError, match=r"row 0, \.\./a\.png: .*leads out of its folder"):
            Decoder(records(tmp_path / "in", [["../a.png"]], files={"../a.png": b""}))(np.array([0]))

    @pytest.mark.parametrize(
        ("package", "path", "data"),
        [("PIL", "a.png", b"x"), ("PIL", "a.npy", made.npy(np.zeros((2, 2)))), ("pydicom", "a.dcm", b"x"),
         ("nibabel", "a.nii", b"x"), ("h5py", "a.h5", b"\x89HDF")],
    )  # fmt: skip
    def test_a_missing_package_is_told_with_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, path: str, data: bytes
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MedRegistryError, match=r'row 0, .*pip install "medregistry\[media\]"'):
            one(tmp_path, path, data)

    def test_a_film_is_refused_by_its_name(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"row 0, a\.mp4: a film"):
            one(tmp_path, "a.mp4", b"anything")

    def test_rows_that_are_not_there_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there are 1 records"):
            Decoder(records(tmp_path, [["a.png"]]))(np.array([1]))

    def test_hdf5_never_opens_another_file(self, tmp_path: Path) -> None:
        import h5py

        (tmp_path / "secret.h5").write_bytes(made.hdf5(x=np.arange(5.0)))
        data = io.BytesIO()
        with h5py.File(data, "w") as file:
            file["linked"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "x")
            file.create_dataset("kept", (5,), "f8", external=[(str(tmp_path / "secret.h5"), 0, h5py.h5f.UNLIMITED)])
            layout = h5py.VirtualLayout((5,), "f8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "x", (5,))
            file.create_virtual_dataset("shown", layout)
        with pytest.raises(ReadError, match="0 arrays of numbers"):
            signal(tmp_path, "a.h5", data.getvalue())


class TestSignals:
    def test_wfdb_in_physical_units_from_either_of_its_files(self, tmp_path: Path) -> None:
        steps = np.array([[1000, -500], [0, 250], [-32768, 1]])
        files = {f"rec/{name}": data for name, data in made.wfdb("00001_hr", steps).items()}
        rows = records(tmp_path, [["rec/00001_hr.dat"], ["rec/00001_hr.hea"]], "signals", files=files)
        found = Decoder(rows)(np.arange(2))
        for values in found["signals"]:
            np.testing.assert_allclose(values, [[1, 0, np.nan], [-0.5, 0.25, 0.001]], rtol=1e-6)
        assert found["signal_rates"].tolist() == [500, 500]
        assert found["signal_rows"].tolist() == [0, 1]

    def test_format_212_as_the_specification_lays_it_out(self) -> None:
        # Samples 0x123 and -1 (0xFFF); then -2048, which is no valid sample, and 5.
        data = bytes([0x23, 0xF1, 0xFF, 0x00, 0x08, 0x05])
        header = b"r 2 360 2\nr.dat 212 100(3) 12 0 0 0 0 MLII\nr.dat 212 200 12 1 0 0 0 V5\n"
        values, rate = read_record("r.hea", header, {"r.dat": data}.__getitem__)
        np.testing.assert_allclose(values, [[(0x123 - 3) / 100, np.nan], [(-1 - 1) / 200, (5 - 1) / 200]])
        assert rate == 360

    @pytest.mark.parametrize(
        ("form", "data", "steps"),
        [
            ("8", bytes([0, 2, 255]), [7, 9, 8]),
            ("16", bytes([1, 0, 255, 255, 0, 1]), [1, -1, 256]),
            ("16+2", bytes([9, 9, 1, 0, 255, 255, 0, 1]), [1, -1, 256]),
            ("24", bytes([1, 0, 0, 255, 255, 255, 0, 0, 1]), [1, -1, 65536]),
            ("32", bytes([1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 1, 0]), [1, -1, 65536]),
            ("61", bytes([0, 1, 255, 255, 1, 0]), [1, -1, 256]),
            ("80", bytes([129, 127, 255]), [1, -1, 127]),
            ("160", bytes([1, 128, 255, 127, 0, 129]), [1, -1, 256]),
            ("212", bytes([1, 240, 255, 0, 1]), [1, -1, 256]),
        ],
    )  # fmt: skip
    def test_formats_of_wfdb(self, form: str, data: bytes, steps: list[int]) -> None:
        header = f"r 1 100 3\nr.dat {form} 1 12 0 7 0 0 x\n".encode()
        assert read_record("r.hea", header, {"r.dat": data}.__getitem__)[0].tolist() == [steps]

    def test_a_slower_channel_has_each_sample_repeated(self) -> None:
        header = b"r 2 10 2\nr.dat 16x1 1 16 0 0 0 0 a\nr.dat 16x2 1 16 0 0 0 0 b\n"
        data = np.array([1, 10, 11, 2, 12, 13], "<i2").tobytes()
        values, rate = read_record("r.hea", header, {"r.dat": data}.__getitem__)
        assert values.tolist() == [[1, 1, 2, 2], [10, 11, 12, 13]]
        assert rate == 20

    @pytest.mark.parametrize(
        ("header", "told"),
        [
            (b"r 1 100 3\n../secret.dat 16 1 16 0 0 0 0 x\n", "is not beside it; not read"),
            (b"r 1 100 3\n/etc/passwd 16 1 16 0 0 0 0 x\n", "is not beside it; not read"),
            (b"r/2 1 100 3\n", "several segments"),
            (b"r 1 100 9\nr.dat 16 1 16 0 0 0 0 x\n", "9 samples are claimed, 3 are there; cut short"),
            (b"r 1 100 3\nr.dat 310 1 16 0 0 0 0 x\n", "samples in the format"),
            (b"r 2 100 3\nr.dat 16 1 16 0 0 0 0 x\n", "1 of them told"),
            (b"r 1 100 3\nr.dat 16 words\n", "breaks the form of WFDB"),
            (b"", "breaks the form of WFDB"),
        ],
    )  # fmt: skip
    def test_a_header_that_is_not_right_is_refused(self, tmp_path: Path, header: bytes, told: str) -> None:
        files = {"r.hea": header or b"\n", "r.dat": bytes(6)}
        with pytest.raises(ReadError, match=rf"^made-up: row 0, r\.dat: .*{told}"):
            Decoder(records(tmp_path, [["r.dat"]], "signals", files=files))(np.array([0]))

    def test_samples_without_a_header_say_what_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(MissingFiles, match=r"r\.dat is read by the header beside it, of WFDB: .*r\.hea is not on"):
            signal(tmp_path, "r.dat", bytes(6))

    def test_edf(self, tmp_path: Path) -> None:
        values = np.random.default_rng(0).normal(size=300)
        data = made.edf((values, 100), (np.array([1.0, 2, 3]), 1))
        found = signal(tmp_path, "a.edf", data)
        assert found["signals"][0].shape == (2, 300)
        np.testing.assert_allclose(found["signals"][0][0], values, atol=1e-3)
        np.testing.assert_allclose(found["signals"][0][1, [0, 99, 100, 299]], [1, 1, 2, 3], atol=1e-3)
        assert found["signal_rates"].tolist() == [100]
        with pytest.raises(ReadError, match=r"row 0, a\.edf: .*bytes are claimed.*cut short"):
            signal(tmp_path, "a.edf", data[:-50])

    @pytest.mark.parametrize(("form", "subtype"), [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16")])
    def test_sound(self, tmp_path: Path, form: str, subtype: str) -> None:
        values = np.stack([np.linspace(-0.5, 0.5, 400), np.zeros(400)], 1)
        data = made.sound(values, 8000, form, subtype)
        found = signal(tmp_path, "a.wav", data)
        np.testing.assert_allclose(found["signals"][0], values.T, atol=1e-4)
        assert found["signal_rates"].tolist() == [8000]
        with pytest.raises(ReadError, match="cut short"):
            signal(tmp_path, "a.wav", data[: len(data) // 2])

    def test_arrays_lie_with_the_shorter_axis_as_channels(self, tmp_path: Path) -> None:
        long = np.arange(10, dtype=np.float32).reshape(5, 2)
        assert signal(tmp_path, "a.npy", made.npy(long))["signals"][0].tolist() == long.T.tolist()
        assert signal(tmp_path, "a.npy", made.npy(long[:, 0]))["signals"][0].tolist() == [long[:, 0].tolist()]
        hdf5 = made.hdf5(g__a=long, b=np.arange(3.0))
        found = signal(tmp_path, "a.h5", hdf5, array="g/a")
        assert found["signals"][0].tolist() == long.T.tolist()
        assert math.isnan(found["signal_rates"][0])

    @pytest.mark.parametrize(
        "text", ["time,I\n's','mV'\n1,2\n3,4\n5,6\n", "1 2\n3 4\n5 6", "1;2\n3;4\n5;6\n", "a\tb\n1\t2\n3\t4\n5\t6\n"]
    )
    def test_tables_of_numbers(self, tmp_path: Path, text: str) -> None:
        assert signal(tmp_path, "a.csv", text.encode())["signals"][0].tolist() == [[1, 3, 5], [2, 4, 6]]

    @pytest.mark.parametrize("text", ["1,2\n3,x\n", "a,b\nc,d\n", "", "1,2\n3\n"])
    def test_a_table_of_words_is_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ReadError, match=r"row 0, a\.csv: "):
            signal(tmp_path, "a.csv", text.encode())

    def test_a_length_makes_one_tensor(self, tmp_path: Path) -> None:
        files = {"a.npy": made.npy(np.ones(3, np.float32)), "b.npy": made.npy(np.full(9, 2, np.float32))}
        found = Decoder(records(tmp_path, [["a.npy"], ["b.npy"]], "signals", files=files), signal_length=5)(
            np.arange(2)
        )
        assert found["signals"].tolist() == [[[1, 1, 1, 0, 0]], [[2, 2, 2, 2, 2]]]
        assert found["signal_lengths"].tolist() == [3, 5]

    def test_channels_that_differ_make_no_tensor(self, tmp_path: Path) -> None:
        files = {"a.npy": made.npy(np.ones(3)), "b.npy": made.npy(np.ones((2, 9)))}
        with pytest.raises(UsageError, match="signals of 1 and 2 channels"):
            Decoder(records(tmp_path, [["a.npy"], ["b.npy"]], "signals", files=files), signal_length=5)(np.arange(2))


def test_real_pictures(shared: Path) -> None:
    folder = shared / "data/med-banana-50k"
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpeg"))
    assert paths
    found = Decoder(records(folder, [[path] for path in paths]), size=(224, 224))(np.arange(len(paths)))
    assert found["images"].shape == (len(paths), 3, 224, 224)
    assert found["images"].float().std((1, 2, 3)).min() > 10
