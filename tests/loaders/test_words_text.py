"""Words of the vocabulary that text and picture datasets brought: turns by mark, pictures in tables, other places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.mapping import evaluate
from loaders.schemas import MEDIA, TURNS
from loaders.together import together
from registry.errors import MissingFiles, ReadError
from registry.loadspec import Pipeline
from tests.support.blocks import Mirror

MARKS = {"<|user|>": "user", "<|system|>": "assistant"}


def value(column: list[Any], *steps: Any, dtype: Any = None) -> pl.Series:
    return evaluate(Pipeline.parse(["x", *steps]), pl.DataFrame({"x": pl.Series(column, dtype=dtype)}))


class TestTurnsAt:
    def test_each_mark_begins_a_turn_of_its_role(self) -> None:
        turns = value([" <|user|> 头痛 <|system|>多久？"], {"turns_at": MARKS})
        assert turns.dtype == TURNS
        assert turns.to_list() == [[{"role": "user", "text": "头痛"}, {"role": "assistant", "text": "多久？"}]]

    def test_text_without_turns_gives_none_and_missing_text_stays_missing(self) -> None:
        turns = value(["", None, "<|user|>"], {"turns_at": MARKS})
        assert turns.to_list() == [[], None, [{"role": "user", "text": ""}]]

    def test_text_before_the_first_mark_is_refused(self) -> None:
        with pytest.raises(ReadError, match=r"'Hello <\|user\|> a' does not begin with one of the marks"):
            value(["<|user|> a", "Hello <|user|> a"], {"turns_at": MARKS})

    def test_a_longer_mark_is_not_taken_for_a_shorter_one(self) -> None:
        turns = value(["A: x AB: y"], {"turns_at": {"B:": "b", "AB:": "ab", "A:": "a"}})
        assert [turn["role"] for turn in turns[0]] == ["a", "ab"]

    @given(st.lists(st.lists(st.tuples(st.sampled_from(list(MARKS)), st.text("ab 头\n", max_size=5)), max_size=5)))
    def test_what_was_said_comes_back(self, said: list[list[tuple[str, str]]]) -> None:
        texts = ["".join(mark + text for mark, text in turns) for turns in said]
        turns = value(texts, {"turns_at": MARKS}, dtype=pl.String)
        assert turns.to_list() == [[{"role": MARKS[mark], "text": text.strip()} for mark, text in row] for row in said]


class TestPicturesInTables:
    @pytest.mark.parametrize(
        ("column", "expected"),
        [
            ([b"x", None], [[{"path": None, "bytes": b"x"}], []]),
            ([[b"x", b"y"], []], [[{"path": None, "bytes": b"x"}, {"path": None, "bytes": b"y"}], []]),
            ([{"bytes": b"x", "path": "p.png"}, None], [[{"path": "p.png", "bytes": b"x"}], []]),
            (["p.png", None], [[{"path": "p.png", "bytes": None}], []]),
        ],
        ids=["bytes", "lists of bytes", "structs as the Hub writes them", "paths"],
    )
    def test_bytes_and_paths_are_pictures(self, column: list[Any], expected: list[Any]) -> None:
        pictures = value(column, {"images": {}})
        assert pictures.dtype == MEDIA
        assert pictures.to_list() == expected

    def test_numbers_are_not(self) -> None:
        with pytest.raises(ReadError, match="works on paths, bytes or lists of them"):
            value([1], {"images": {}})


class TestTogether:
    def test_a_value_in_one_file_and_a_list_in_another_is_a_list_in_both(self) -> None:
        one = pl.DataFrame({"a": ["x", None], "only": [1, 2]})
        other = pl.DataFrame({"a": [["y", "z"]]})
        assert together([one, other]).to_dict(as_series=False) == {"a": [["x"], None, ["y", "z"]], "only": [1, 2, None]}

    def test_fields_of_lists_of_structs_are_widened_too(self) -> None:
        one = pl.DataFrame({"rows": [[{"id": "1", "out": "x"}, {"id": "2", "out": None}], None, []]})
        other = pl.DataFrame({"rows": [[{"id": "3", "out": ["y"], "more": {"z": 1}}]]})
        rows = together([one, other])["rows"].to_list()
        assert rows[0] == [{"id": "1", "out": ["x"], "more": None}, {"id": "2", "out": None, "more": None}]
        assert rows[1:] == [None, [], [{"id": "3", "out": ["y"], "more": {"z": 1}}]]

    @pytest.mark.parametrize("other", ["x", ["x"], 1])
    def test_an_object_and_something_else_do_not_fit(self, other: Any) -> None:
        with pytest.raises(pl.exceptions.SchemaError, match="objects in one file are"):
            together([pl.DataFrame({"a": [{"b": 1}]}), pl.DataFrame({"a": [other]})])

    def test_missing_values_fit_everything(self) -> None:
        frames = [pl.DataFrame({"a": [None]}), pl.DataFrame({"a": [[{"b": 1}]]}), pl.DataFrame({"a": [{"b": None}]})]
        assert together(frames)["a"].to_list() == [None, [{"b": 1}], [{"b": None}]]


class TestPlacesOfFiles:
    def test_a_file_with_a_source_of_its_own_is_asked_for_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(MissingFiles) as told:
            Mirror(tmp_path, monkeypatch).split("gmai-vl-5-5m", "example")
        assert "offline: https://github.com/uni-medical/GMAI-VL" in str(told.value)
        assert "Get it from: https://github.com/uni-medical/GMAI-VL\n" in str(told.value)

    def test_a_plain_copy_does_in_place_of_an_archive(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        mirror = Mirror(tmp_path, monkeypatch)
        words = "QUESTION O \nTYPE: O \n\nMujer B-Premise HighQuality\n"
        mirror.put("casimedicos-arg", "casimedicos-arg/ES/test.tsv", words)
        row = mirror.split("casimedicos-arg", "test", "es")[0]
        assert [span["text"] for span in row["spans"]] == ["Mujer"]
        assert row["extra"]["quality"] == [None, None, "HighQuality"]

    def test_a_single_file_is_known_by_its_name_before_it_is_taken_for_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mirror = Mirror(tmp_path / "mirror", monkeypatch)
        path = tmp_path / "test.tsv"
        path.write_text("QUESTION O \nTYPE: O \n\nMujer B-Premise HighQuality\n", encoding="utf-8")
        assert len(mirror.split("casimedicos-arg", "test", "es", files=path)) == 1
