"""The closed vocabulary of `load` blocks: every word does what it says, and refuses what it does not understand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from loaders.mapping import SOURCES, columns_of, evaluate
from loaders.read import FILE, ROW
from loaders.rows import ROWS, Context, apply
from loaders.steps import STEPS
from registry import loadspec
from registry.errors import ReadError
from registry.loadspec import Config, Load, Pipeline


def table(**columns: list[Any]) -> pl.DataFrame:
    """A table as it comes from the file data/x.csv."""
    frame = pl.DataFrame(columns, strict=False)
    return frame.with_columns(
        pl.lit("data/x.csv").alias(FILE), pl.int_range(frame.height, dtype=pl.Int64, eager=True).alias(ROW)
    )


def value_of(pipeline: Any, **columns: list[Any]) -> list[Any]:
    return evaluate(Pipeline.parse(pipeline), table(**columns)).to_list()


def after(step: Any, values: list[Any]) -> list[Any]:
    """What one step makes of values."""
    return value_of(["x", step], x=values)


def test_the_words_of_the_vocabulary_are_those_that_have_a_function() -> None:
    assert set(SOURCES) == set(loadspec.SOURCES)
    assert set(STEPS) == set(loadspec.STEPS)
    assert set(ROWS) == set(loadspec.ROWS)


SOURCE_EXAMPLES: dict[str, tuple[Any, dict[str, list[Any]], list[Any]]] = {
    "column": ({"column": "a b"}, {"a b": ["x", None]}, ["x", None]),
    "constant": ({"constant": ["yes", "no"]}, {"a": [1, 2]}, [["yes", "no"]] * 2),
    "template": ({"template": "{{{a}}} of {b}"}, {"a": ["x", None], "b": [1, 2]}, ["{x} of 1", None]),
    "columns": ({"columns": ["a", "b"]}, {"a": ["x", None], "b": ["y", "z"]}, [["x", "y"], ["z"]]),
    "struct": ({"struct": {"one": "a"}}, {"a": ["x", None]}, [{"one": "x"}, {"one": None}]),
    "coalesce": ({"coalesce": [["a", {"null_if": ["NA"]}], "b"]}, {"a": ["x", "NA"], "b": ["y", "z"]}, ["x", "z"]),
    "row_number": ({"row_number": "q{}"}, {"a": [1, 2]}, ["q{}-0", "q{}-1"]),
    "file": ({"file": "stem"}, {"a": [1]}, ["x"]),
}

STEP_EXAMPLES: dict[str, tuple[Any, list[Any], list[Any]]] = {
    "strip": ("strip", [" a b\n", None], ["a b", None]),
    "lower": ("lower", ["AÉ"], ["aé"]),
    "upper": ("upper", ["aé"], ["AÉ"]),
    "null_if": ({"null_if": ["NA", ""]}, ["NA", "", "n"], [None, None, "n"]),
    "fill_null": ({"fill_null": "none"}, ["a", None], ["a", "none"]),
    "cast": ({"cast": "integer"}, [" 7", "2.0", "9007199254740993", None], [7, 2, 9007199254740993, None]),
    "replace": ({"replace": {"pattern": "^([A-E]) ", "by": "${1}: "}}, ["A x A y"], ["A: x A y"]),
    "regex": ({"regex": "PMC([0-9]+)"}, ["at PMC12 PMC3", "none"], ["12", None]),
    "prefix": ({"prefix": "id-"}, ["1", None], ["id-1", None]),
    "suffix": ({"suffix": ".jpg"}, ["1", None], ["1.jpg", None]),
    "split": ({"split": "; "}, ["a; b", None], [["a", "b"], None]),
    "split_regex": ({"split_regex": "[、，]"}, ["a、b，c"], [["a", "b", "c"]]),
    "split_before": (
        {"split_before": "(?m)^[A-E] "},
        ["A x\nmore\nB y", "pre A x"],
        [["A x\nmore\n", "B y"], ["pre A x"]],
    ),
    "find_all": ({"find_all": "([A-E])[.]"}, ["A. x B. y", "none"], [["A", "B"], []]),
    "join": ({"join": "+"}, [["a", None, "b"], [], None], ["a+b", "", None]),
    "get": ({"get": "b"}, [{"a": 1, "b": 2}, None], [2, None]),
    "item": ({"item": -1}, [["a", "b"], []], ["b", None]),
    "values": (
        "values",
        [{"B": "b", "A": "a", "C": None}, {"A": "x", "B": None, "C": "z"}, None],
        [["a", "b"], ["x", None, "z"], None],
    ),
    "keys_by_value": ("keys_by_value", [{"a": 1, "b": 0}, {"a": 0, "b": 3}, None], [["a"], ["b"], None]),
    "keyed_by": ({"keyed_by": "k"}, [{"a": {"n": 1}, "b": None}, None], [[{"k": "a", "n": 1}], None]),
    "list": ("list", ["a", None], [["a"], []]),
    "drop_empty": ("drop_empty", [["a", " ", None], None], [["a"], None]),
    "unique": ("unique", [["b", "a", "b"]], [["b", "a"]]),
    "sort": ("sort", [["b", None, "a"], [], None], [["a", "b", None], [], None]),
    "mean": ("mean", [[1, 2, None], [], None], [1.5, None, None]),
    "map": ({"map": {"values": {"0": "no", "1": ["yes", "sure"]}}}, [1, 1, None], [["yes", "sure"]] * 2 + [None]),
    "each": ({"each": ["strip", "upper"]}, [[" a", "b "], [], None, ["c"]], [["A", "B"], [], None, ["C"]]),
    "letters": ("letters", ["AC", "B, D", "E", None], [[0, 2], [1, 3], [4], None]),
    "index": ({"index": 1}, ["1", "4", None], [[0], [3], []]),
    "index_in": ({"index_in": {"constant": ["yes", "no"]}}, ["no", "yes", None], [[1], [0], None]),
    "json": ({"json": {"a": ["integer"]}}, ['{"a": [1, 2], "b": 0}', None], [{"a": [1, 2]}, None]),
    "literal_list": ("literal_list", ["['it\\'s', \"b\"]", "[]", None], [["it's", "b"], [], None]),
    "digest": ("digest", ["abc", None, "abc"], ["ba7816bf8f01cfea", None, "ba7816bf8f01cfea"]),
    "format_each": ({"format_each": "{a}={b}"}, [[{"a": 1, "b": "x"}], []], [["1=x"], []]),
    "base64": ("base64", ["aGk=", "data:image/png;base64,aG\nk=", None], [b"hi", b"hi", None]),
    "flagged": ({"flagged": ["mass", "hernia"]}, [[1, 0], [0, 2], [0, 0]], [["mass"], ["hernia"], []]),
    "unwrap_json": ("unwrap_json", ["[1]", '"[1]"', r'"\"[1]\""', None], ["[1]", "[1]", "[1]", None]),
    "signals": (
        {"signals": {"folder": "records", "suffix": ".dat"}},
        ["a", None],
        [[{"path": "records/a.dat", "bytes": None}], []],
    ),
    "images": (
        {"images": {"folder": "imgs", "suffix": ".png"}},
        [["a", "b"], []],
        [[{"path": "imgs/a.png", "bytes": None}, {"path": "imgs/b.png", "bytes": None}], []],
    ),
    "turns": (
        {"turns": {"role": "who", "text": "said", "roles": {"Dr": "assistant"}}},
        [[{"who": "Dr", "said": "Hello"}]],
        [[{"role": "assistant", "text": "Hello"}]],
    ),
    "turns_at": (
        {"turns_at": {"<|u|>": "user", "<|s|>": "assistant"}},
        ["<|u|>hi<|s|>hello"],
        [[{"role": "user", "text": "hi"}, {"role": "assistant", "text": "hello"}]],
    ),
}

ROW_EXAMPLES: dict[str, tuple[Any, dict[str, list[Any]], dict[str, list[Any]]]] = {
    "keep": ({"keep": {"column": "a", "in": [1], "not_null": True}}, {"a": ["1", "2", None]}, {"a": ["1"]}),
    "drop_empty_rows": (
        "drop_empty_rows",
        {"a": ["x", " ", None], "b": [None, "", None]},
        {"a": ["x"], "b": [None]},
    ),
    "explode": ({"explode": ["a", "b"]}, {"a": [[1, 2], []], "b": [["x", "y"], []]}, {"a": [1, 2], "b": ["x", "y"]}),
    "unnest": ({"unnest": "s"}, {"a": [1], "s": [{"a": 2, "b": 3}]}, {"a": [1], "s_a": [2], "b": [3]}),
    "rename": ({"rename": {"a": "b"}}, {"a": [1]}, {"b": [1]}),
    "also_called": ({"also_called": {"b": ["x", "a"], "c": ["d"]}}, {"a": [1], "z": [2]}, {"b": [1], "z": [2]}),
    "unpivot": (
        {"unpivot": {"columns": ["p", "q"], "name": "kind", "value": "text"}},
        {"a": [1, 2], "p": ["x", "y"], "q": ["z", None]},
        {"a": [1, 1, 2, 2], "kind": ["p", "q", "p", "q"], "text": ["x", "z", "y", None]},
    ),
    "entries": (
        {"entries": {"column": "s", "key": "id"}},
        {"a": [1, 2], "s": [{"p": 5, "q": 6}, {"p": None, "q": 7}]},
        {"a": [1, 1, 2], "id": ["p", "q", "q"], "s": [5, 6, 7]},
    ),
    "group": (
        {"group": {"by": ["a"]}},
        {"a": [2, 1, 2], "b": ["x", "y", "z"]},
        {"a": [2, 1], "b": [["x", "z"], ["y"]]},
    ),
    "number_within": (
        {"number_within": {"by": ["a"], "as": "n"}},
        {"a": ["x", "y", "x"]},
        {"a": ["x", "y", "x"], "n": [0, 0, 1]},
    ),
    "compute": ({"compute": {"b": ["a", "strip"], "c": "b"}}, {"a": [" x"]}, {"a": [" x"], "b": ["x"], "c": ["x"]}),
    "unique": ({"unique": ["a"]}, {"a": [1, 1, 2], "b": ["x", "y", "z"]}, {"a": [1, 2], "b": ["x", "z"]}),
}


def rows_after(step: Any, frame: pl.DataFrame, context: Context | None = None) -> pl.DataFrame:
    block = Config.model_validate({"rows": [step], "splits": {"test": "x.csv"}})
    return apply(frame, block.rows or [], context or Context())


@pytest.mark.parametrize("word", loadspec.SOURCES)
def test_a_pipeline_may_begin_with(word: str) -> None:
    pipeline, columns, expected = SOURCE_EXAMPLES[word]
    assert value_of(pipeline, **columns) == expected


@pytest.mark.parametrize("word", loadspec.STEPS)
def test_a_step_does_what_its_word_says(word: str) -> None:
    step, values, expected = STEP_EXAMPLES[word]
    assert after(step, values) == expected


@pytest.mark.parametrize("word", sorted(set(loadspec.ROWS) - {"join"}))
def test_a_row_step_does_what_its_word_says(word: str) -> None:
    step, columns, expected = ROW_EXAMPLES[word]
    result = rows_after(step, table(**columns))
    assert result.select(list(expected)).to_dict(as_series=False) == expected
    assert {FILE, ROW} <= set(result.columns), "where a row came from must outlive the step"


class TestJoin:
    left = table(id=["1", "2", "3"])
    right = table(key=[2, 1], name=["two", "one"])

    def joined(self, right: pl.DataFrame | None = None, **argument: Any) -> dict[str, list[Any]]:
        other = self.right if right is None else right
        step = {"join": {"files": "other.csv", "key": {"id": "key"}, **argument}}
        result = rows_after(step, self.left, Context(lambda join: other))
        return result.drop(FILE, ROW).to_dict(as_series=False)

    def test_left_keeps_every_row_and_compares_keys_as_text(self) -> None:
        assert self.joined() == {"id": ["1", "2", "3"], "name": ["one", "two", None]}

    def test_inner_keeps_rows_with_a_partner(self) -> None:
        assert self.joined(how="inner", prefix="x_") == {"id": ["1", "2"], "x_name": ["one", "two"]}

    def test_semi_and_anti_bring_no_columns(self) -> None:
        assert self.joined(how="semi") == {"id": ["1", "2"]}
        assert self.joined(how="anti") == {"id": ["3"]}

    def test_a_key_that_repeats_in_the_other_file_is_refused(self) -> None:
        with pytest.raises(ReadError, match=r"other\.csv: the key 1 stands in several rows"):
            self.joined(table(key=[1, 1], name=["a", "b"]))

    def test_a_column_that_is_there_already_is_refused(self) -> None:
        with pytest.raises(ReadError, match="give the join a `prefix`"):
            self.joined(table(key=[1], id=["a"]))

    def test_a_join_that_may_be_missing_gives_missing_values_and_a_note(self) -> None:
        step = {"join": {"files": "other.csv", "key": "id", "optional": ["text"]}}
        context = Context(lambda join: None)
        result = rows_after(step, self.left, context)
        assert result["text"].to_list() == [None] * 3
        assert context.notes == ["without the columns of other.csv, which is not here"]


REFUSED: dict[str, tuple[Any, list[Any], str]] = {
    "letters that are digits": ("letters", ["A", "12"], r"data/x\.csv, row 2, column 'x': '12' is not made of letters"),
    "an empty answer": ("letters", [""], "'' is not made of letters"),
    "a letter twice": ("letters", ["ABA"], "'ABA' names a letter twice"),
    "words in a list of letters": ("letters", [["A", "no"]], "something other than single letters"),
    "a number below the first": ({"index": 1}, ["1", "0"], "row 2, column 'x': '0' is not a number counted from 1"),
    "a text that is no number": ({"index": 0}, ["one"], "'one' is not a number counted from 0"),
    "a text that is no option": ({"index_in": {"constant": ["yes"]}}, ["yes", "Yes"], "row 2.*'Yes' is not among"),
    "a value that the card does not name": (
        {"map": {"values": {"a": "b"}}},
        ["a", "c", "d"],
        r"row 2.*'c' is not among the values that the card names: a \(and 1 more\)",
    ),
    "a number with a fraction": ({"cast": "integer"}, ["1.5"], "'1.5' is not a whole number"),
    "words as a number": ({"cast": "float"}, ["1,5"], "'1,5' cannot be read as float"),
    "maybe as a flag": ({"cast": "boolean"}, ["true", "maybe"], "row 2.*'maybe' cannot be read as boolean"),
    "JSON that is cut": ({"json": ["text"]}, ['["a"]', '["a"'], "row 2.*is not JSON"),
    "an expression in a literal": ("literal_list", ["['a'] + ['b']"], "is not a list of texts"),
    "a call in a literal": ("literal_list", ["[__import__('os')]"], "is not a list of texts"),
    "a role that the card does not name": (
        {"turns": {"role": "r", "text": "t", "roles": {"a": "user"}}},
        [[{"r": "b", "t": "x"}]],
        "has a role that the card does not name; it names a",
    ),
    "a field that is not there": ({"get": "b"}, [{"a": 1}], "'b' is not among them"),
    "a flag that is neither": ("keys_by_value", [{"a": "x"}], r"is neither a flag nor a count \(field 'a'\)"),
    "text where a list is due": ("unique", ["a"], "`unique` works on lists, and this is String"),
    "a list where text is due": ("strip", [["a"]], r"`strip` works on text, and this is List\(String\)"),
    "a NUL where text is cut": ({"split_regex": ","}, ["a\x00b"], r"holds the character U\+0000"),
    "letters inside a list, by the row of the list": ({"each": [{"index": 0}]}, [["1"], ["2", "x"]], "row 2.*'x'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_value_is_refused_with_file_row_and_column(what: str) -> None:
    step, values, message = REFUSED[what]
    with pytest.raises(ReadError, match=message):
        after(step, values)


def test_a_missing_column_is_named_beside_those_that_are_there() -> None:
    with pytest.raises(ReadError, match=r"data/x\.csv: no column 'b'; columns there: 'a'\. Is this the right file\?"):
        value_of("b", a=[1])


def test_a_value_longer_than_a_line_is_cut_in_the_message() -> None:
    with pytest.raises(ReadError) as caught:
        after("letters", ["x" * 10_000])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("argument", "values", "expected"),
    [
        ({"values": {"a": "b"}, "default": "other"}, ["a", "c", None], ["b", "other", None]),
        ({"values": {"a": "b"}, "lenient": True}, ["a", "c", None], ["b", "c", None]),
        ({"values": {"a": None, "b": 2}}, ["a", "b"], [None, 2]),
        ({"values": {"true": "yes", "false": "no"}}, [True, False], ["yes", "no"]),
    ],
)
def test_map_can_fall_back_pass_through_and_read_flags(argument: Any, values: list[Any], expected: list[Any]) -> None:
    assert after({"map": argument}, values) == expected


def test_answers_are_found_by_the_option_of_the_same_row() -> None:
    options = [["x", "y"], ["y", "z", "y"], ["q"]]
    assert value_of(["a", {"index_in": "o"}], a=["y", "y", None], o=options) == [[1], [0], None]
    assert value_of(["a", {"index_in": "o"}], a=[["y", "x"], [], None], o=options) == [[1, 0], [], None]


def test_a_lenient_search_marks_what_is_not_an_option() -> None:
    step = {"index_in": {"options": "o", "lenient": True}}
    assert value_of(["a", step], a=[["x", "F"]], o=[["x", "y"]]) == [[0, -1]]


def test_steps_on_a_column_without_any_value_give_missing_values() -> None:
    assert after("strip", [None, None]) == [None, None]
    assert after("letters", [None]) == [None]
    assert after({"each": ["strip"]}, [None, None]) == [None, None]
    assert after("list", [None]) == [[]]


def test_each_on_lists_that_are_all_empty_keeps_them() -> None:
    assert after({"each": ["letters"]}, [[], []]) == [[], []]


def test_values_of_several_types_become_one_type() -> None:
    assert after("values", [{"a": 1, "b": "x"}]) == [["1", "x"]]
    assert after("values", [{"p": {"t": "x"}, "q": {"t": "y", "u": 1}}]) == [
        [{"t": "x", "u": None}, {"t": "y", "u": 1}]
    ]


def test_the_columns_of_a_pipeline_are_those_that_it_reads() -> None:
    pipeline = Pipeline.parse([{"coalesce": ["a", {"template": "{b} {c}"}]}, {"index_in": {"columns": ["d", "e"]}}])
    assert columns_of(pipeline) == {"a", "b", "c", "d", "e"}


class TestForm:
    """What a card may write; `registry.loadspec` refuses the rest before any file is opened."""

    @pytest.mark.parametrize(
        ("pipeline", "message"),
        [
            (["a", "leters"], "'leters' is not one word|near: letters"),
            (["a", {"leters": None}], "'leters' is no step; near: letters"),
            (["a", {"cast": "number"}], "cast"),
            (["a", {"strip": "x"}], "'strip' takes no argument"),
            (["a", {"regex": "(?=x)"}], "looks around or back"),
            (["a", {"regex": "("}], "is not a regular expression"),
            ([], "a pipeline needs a column"),
            ([{"columns": ["a"], "template": "b"}], "is not one word with its argument"),
        ],
    )
    def test_a_pipeline_of_the_wrong_form_is_refused(self, pipeline: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Pipeline.parse(pipeline)

    def test_a_block_survives_being_written_and_read_again(self) -> None:
        block = {
            "schema": "multiple_choice",
            "rows": [{"keep": {"column": "a", "in": ["x"]}}, "drop_empty_rows", {"compute": {"b": ["a", "strip"]}}],
            "fields": {"question": "q", "answers": ["a", {"each": ["strip", {"regex": "(.)"}]}, {"index_in": "o"}]},
            "splits": {"test": "x.csv"},
        }
        first = Load.model_validate(block)
        written = first.model_dump(mode="json", by_alias=True)
        assert Load.model_validate(written) == first

    def test_a_block_needs_splits_or_configurations(self) -> None:
        with pytest.raises(ValidationError, match="either `splits` or `configs`"):
            Load.model_validate({"schema": "text"})
