"""Words that pairs with several raters and objects whose keys are data brought."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from loaders.mapping import evaluate
from registry.errors import ReadError
from registry.loadspec import Pipeline


def value(column: list[Any], *steps: Any, dtype: Any = None) -> pl.Series:
    return evaluate(Pipeline.parse(["x", *steps]), pl.DataFrame({"x": pl.Series(column, dtype=dtype)}))


class TestMean:
    def test_scores_of_several_raters_become_one(self) -> None:
        assert value([[1, 2, 3, 4], [0.5]], "mean", dtype=pl.List(pl.Float64)).to_list() == [2.5, 0.5]

    def test_a_rater_who_said_nothing_does_not_count_and_without_any_there_is_no_score(self) -> None:
        assert value([[4, None, 2], [None], [], None], "mean").to_list() == [3.0, None, None, None]

    def test_text_is_refused_and_the_message_says_how_it_becomes_numbers(self) -> None:
        with pytest.raises(ReadError, match="`each` with `cast` makes numbers of text"):
            value([["1", "2"]], "mean")
        assert value([["1", "2"]], {"each": [{"cast": "float"}]}, "mean").to_list() == [1.5]


class TestKeyedBy:
    def test_keys_become_a_field_of_the_values(self) -> None:
        found = value([{"a": {"n": 1}, "b": {"n": 2}}, {"a": None, "b": {"n": 3}}], {"keyed_by": "key"})
        assert found.to_list() == [[{"key": "a", "n": 1}, {"key": "b", "n": 2}], [{"key": "b", "n": 3}]]

    def test_values_that_are_no_objects_are_called_value(self) -> None:
        assert value([{"a": "x", "b": None}], {"keyed_by": "key"}).to_list() == [[{"key": "a", "value": "x"}]]

    def test_keys_that_count_come_in_the_order_of_their_numbers(self) -> None:
        found = value(
            [{"@cite_10": "x", "@cite_9": "y", "@cite_1": "z"}], {"keyed_by": "key"}, {"format_each": "{key}"}
        )
        assert found.to_list() == [["@cite_1", "@cite_9", "@cite_10"]]

    def test_values_of_unlike_types_are_brought_together_and_a_missing_object_stays_missing(self) -> None:
        found = value([{"a": {"n": 1}, "b": {"n": 2.5, "m": "x"}}, None], {"keyed_by": "key"})
        assert found.to_list() == [[{"key": "a", "n": 1.0, "m": None}, {"key": "b", "n": 2.5, "m": "x"}], None]

    def test_where_no_key_has_a_value_the_list_is_empty(self) -> None:
        assert value([{"a": None}, None], {"keyed_by": "key"}).to_list() == [[], None]

    def test_a_name_that_the_values_use_already_is_refused(self) -> None:
        with pytest.raises(ReadError, match="is a field of the structs already"):
            value([{"a": {"n": 1}}], {"keyed_by": "n"})
