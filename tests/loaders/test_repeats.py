"""Long text that repeats is held once; what a user sees of it is what was there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import store
from loaders.load import Splits, load_card
from loaders.repeats import LONG, coded, gathered, pieces
from registry.card import DatasetCard

CASE = "a case summary of some length, " * 4

TEXTS = st.lists(
    st.one_of(
        st.none(),
        st.text(max_size=3),
        st.sampled_from([CASE, CASE + "with more", "ș" * 80, "\0" * 70, " " * 99]),
    ),
    max_size=40,
)


def of_texts(texts: list[str | None]) -> pl.DataFrame:
    """Texts beside columns of other types."""
    count = range(len(texts))
    return pl.DataFrame(
        {
            "text": pl.Series(texts, dtype=pl.String),
            "number": pl.Series(count, dtype=pl.Int64),
            "list": pl.Series([["x", None]] * len(texts), dtype=pl.List(pl.String)),
        }
    )


def held(column: pl.Series) -> int:
    """Bytes of text that a column keeps in memory."""
    buffers: list[Any] = column.to_arrow(compat_level=pl.CompatLevel.newest()).buffers()
    return sum(buffer.size for buffer in buffers[2:])


class TestAColumn:
    def test_is_taken_apart_into_its_values_in_the_order_in_which_they_come(self) -> None:
        column = pl.Series([CASE + word for word in "babcab"])
        found = coded(column)
        assert found is not None
        assert found.values.to_list() == [CASE + word for word in "bac"]
        assert found.codes.to_list() == [0, 1, 0, 2, 1, 0]
        assert found.first.to_list() == [0, 1, 3]
        assert found.spread(found.values).to_list() == column.to_list()
        assert found.spread(pl.Series([1, 2, 3])).to_list() == [1, 2, 1, 3, 2, 1]

    @pytest.mark.parametrize(
        "column",
        [
            pl.Series([CASE]),
            pl.Series([CASE + str(number) for number in range(9)]),
            pl.Series(["short"] * 9),
            pl.Series([None] * 9, dtype=pl.String),
            pl.Series([], dtype=pl.String),
            pl.Series([1] * 9),
        ],
        ids=["one", "different", "short", "none", "empty", "numbers"],
    )
    def test_that_would_gain_nothing_is_left_alone(self, column: pl.Series) -> None:
        assert coded(column) is None

    @given(texts=TEXTS)
    @settings(deadline=None)
    def test_comes_back_as_it_was(self, texts: list[str | None]) -> None:
        column = pl.Series(texts, dtype=pl.String)
        if (found := coded(column)) is not None:
            assert found.spread(found.values).to_list() == texts
            assert found.values.n_unique() == len(found.values) <= len(texts) / 2


class TestFrames:
    @given(texts=st.lists(TEXTS, min_size=1, max_size=5), size=st.sampled_from([1, 200, 1 << 30]), settle=st.booleans())
    @settings(deadline=None)
    def test_gathered_hold_the_same_rows(self, texts: list[list[str | None]], size: int, settle: bool) -> None:
        frames = [of_texts(some) for some in texts]
        given = pl.concat(frames)
        found = list(gathered(iter(frames), size, settle=settle))
        assert pl.concat(found).equals(given)
        assert all(frame.schema == given.schema for frame in found)

    def test_gathered_hold_a_text_once_however_many_frames_it_comes_in(self) -> None:
        frames = [of_texts([CASE] * 100) for _ in range(20)]
        (found,) = gathered(iter(frames), 1 << 20, settle=True)
        assert found.height == 2000
        assert found["text"].to_list() == [CASE] * 2000
        assert held(found["text"]) < 2 * len(CASE)

    def test_of_other_columns_are_not_gathered_with_them(self) -> None:
        frames = [of_texts([CASE]), of_texts([CASE]).drop("list"), of_texts([CASE]).drop("list")]
        assert [frame.shape for frame in gathered(iter(frames), 1 << 20)] == [(1, 3), (2, 2)]

    def test_come_in_the_size_that_is_asked_for(self) -> None:
        frames = [of_texts([f"{number} {'x' * LONG * 10}"]) for number in range(100)]
        found = list(gathered(iter(frames), 10_000))
        assert len(found) > 3
        assert all(frame["text"].str.len_bytes().sum() < 20_000 for frame in found)

    def test_are_cut_in_pieces_by_what_is_written_out(self) -> None:
        frame = of_texts([CASE] * 1000)
        found = list(pieces(frame, len(CASE) * 100))
        assert len(found) > 5
        assert pl.concat(found).equals(frame)
        assert [piece.height for piece in pieces(frame.clear(), 100)] == [0]


class TestRecords:
    """The records of a file in which a few long texts repeat, as a user meets them."""

    CARD = DatasetCard.model_validate(
        {
            "slug": "cases",
            "name": "Cases",
            "kind": "dataset",
            "summary": "Made up.",
            "access": "manual",
            "load": {
                "schema": "question_answer",
                "source": "hand-over",
                "fields": {"question": "q", "context": ["case", "strip"], "answers": ["a", "list"]},
                "splits": {"train": "x.csv"},
            },
        }
    )

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        rows = [(f"question {number}?", f" {number % 3} {CASE}", f"answer {number}") for number in range(90)]
        pl.DataFrame(rows, schema=["q", "case", "a"], orient="row").write_csv(tmp_path / "x.csv")
        return tmp_path

    def load(self, folder: Path) -> pl.DataFrame:
        loaded = load_card(self.CARD, files=folder, offline=True)
        assert isinstance(loaded, Splits)
        return loaded["train"].frame

    def test_are_plain_text_in_every_form_they_are_given_in(self, folder: Path) -> None:
        for frame in (self.load(folder), self.load(folder)):  # made, and kept
            assert frame.schema["context"] == pl.String
            assert frame["context"].to_list() == [f"{number % 3} {CASE}".strip() for number in range(90)]
            assert frame.with_columns(pl.col("context").str.head(1))["context"].to_list() == ["0", "1", "2"] * 30
            assert frame.to_pandas()["context"].tolist() == frame["context"].to_list()

    def test_that_were_damaged_are_made_anew(self, folder: Path, clean_env: Path) -> None:
        first = self.load(folder)
        (part,) = (clean_env / ".cache/medregistry/records").glob("*/*.arrow")
        sound = part.read_bytes()
        for damage in (sound[:-1], b"", sound + b"x"):
            part.unlink()
            part.write_bytes(damage)
            assert self.load(folder).equals(first)
            assert part.read_bytes() == sound
        part.unlink()
        assert self.load(folder).equals(first)
        (part.parent / store.RECORD).write_text("{")
        assert self.load(folder).equals(first)
        assert part.read_bytes() == sound
