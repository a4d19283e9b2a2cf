"""Words for columns that go by several names, and for options whose order gives the answer away."""

from __future__ import annotations

import polars as pl

from loaders.mapping import evaluate
from loaders.rows import Context, apply
from registry.loadspec import Config, Pipeline


def renamed(names: dict[str, list[str]], **columns: list[str]) -> dict[str, list[str]]:
    block = Config.model_validate({"rows": [{"also_called": names}], "splits": {"test": "x.csv"}})
    return apply(pl.DataFrame(columns), block.rows or [], Context()).to_dict(as_series=False)


def test_a_column_goes_by_the_first_of_its_other_names_that_is_there() -> None:
    names = {"answer": ["Answer", "correct answer"]}
    assert renamed(names, question=["q"], Answer=["a"]) == {"question": ["q"], "answer": ["a"]}
    assert renamed(names, **{"correct answer": ["a"]}) == {"answer": ["a"]}


def test_a_column_that_is_there_under_its_own_name_stays_and_so_does_its_neighbour() -> None:
    assert renamed({"answer": ["Answer"]}, answer=["a"], Answer=["b"]) == {"answer": ["a"], "Answer": ["b"]}


def test_a_column_that_is_nowhere_is_left_for_the_mapping_to_miss() -> None:
    assert renamed({"answer": ["Answer"]}, question=["q"]) == {"question": ["q"]}


def test_sorted_options_hide_that_the_right_one_came_first() -> None:
    frame = pl.DataFrame({"right": ["gout", "angina"], "wrong": ["flu", "flu"], "other": [None, "cold"]})
    options = [{"columns": ["right", "wrong", "other"]}, "sort"]
    answers = Pipeline.parse(["right", {"index_in": options}])
    assert evaluate(Pipeline.parse(options), frame).to_list() == [["flu", "gout"], ["angina", "cold", "flu"]]
    assert evaluate(answers, frame).to_list() == [[1], [0]]
