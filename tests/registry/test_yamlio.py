"""A broken card tells all that is wrong with it, each with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from registry import yamlio
from registry.card import DatasetCard, FindingCard, Seed
from registry.errors import CardError

GOOD = """\
slug: toy-qa
name: Toy QA
kind: dataset
summary: Questions about toys.
access: open
licence:
  data: CC-BY-4.0
languages: [en]
sources:
  - provider: github
    id: owner/toy-qa
    role: official
size:
  examples: 3
  splits:
    train: 2
    test: 1
checked: 2026-11-22
"""


def told(path: Path, model: object = DatasetCard) -> list[tuple[int, str, str]]:
    card, problems = yamlio.check(path, model)
    assert (card is None) == bool(problems)
    assert all(problem.path == path for problem in problems)
    return [(problem.line, problem.where, problem.message) for problem in problems]


def write(folder: Path, text: str | bytes, name: str = "toy-qa.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def test_a_good_card_is_read_with_dates_and_numbers(tmp_path: Path) -> None:
    card, problems = yamlio.check(write(tmp_path, GOOD), DatasetCard)
    assert not problems
    assert card is not None
    assert card.checked == dt.date(2026, 11, 22)
    assert card.size.splits == {"train": 2, "test": 1}


def test_a_list_of_models_is_read_too(tmp_path: Path) -> None:
    seeds, problems = yamlio.check(
        write(tmp_path, "- {n: 1, title: T, arxiv: '2501.00001', kinds: [dataset]}\n"), list[Seed]
    )
    assert not problems
    assert seeds == [Seed(n=1, title="T", arxiv="2501.00001", kinds=["dataset"])]


def test_all_problems_of_a_card_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = (
        GOOD.replace("kind: dataset", "kind: datset")
        .replace("role: official", "rolle: official")
        .replace("train: 2", "train: many")
        .replace("languages: [en]", "languages: [english]")
        .replace("access: open\n", "")
    )
    problems = told(write(tmp_path, text))
    assert [(line, where) for line, where, _ in problems] == [
        (1, "access"),
        (3, "kind"),
        (7, "languages[0]"),
        (11, "sources[0].rolle"),
        (15, "size.splits.train"),
    ]
    messages = [message for _, _, message in problems]
    assert messages[0] == "this key is required and missing"
    assert "near: dataset" in messages[1]
    assert messages[2].startswith("'english' is not of the form")
    assert messages[3] == "unknown key; did you mean role?"
    assert messages[4] == "the value must be a whole number, not the text 'many'"


def test_a_missing_key_points_at_the_place_where_it_should_stand(tmp_path: Path) -> None:
    text = GOOD.replace("  - provider: github\n    id: owner/toy-qa\n", "  - id: owner/toy-qa\n")
    assert told(write(tmp_path, text)) == [(10, "sources[0].provider", "this key is required and missing")]


@pytest.mark.parametrize(
    ("old", "new", "line", "where", "message"),
    [
        ("slug: toy-qa", "slug: Toy QA", 1, "slug", "'Toy QA' is not of the form"),
        (
            "name: Toy QA",
            "name: 2024",
            2,
            "name",
            "the value must be text, not the number 2024; put it in quotes: '2024'",
        ),
        ("name: Toy QA", "name: no", 2, "name", "the value must be text, not the truth value false; put it in quotes"),
        ("name: Toy QA", "name:", 2, "name", "the value must be text, not empty"),
        ("summary: Questions", "sumary: Questions", 4, "sumary", "unknown key; did you mean summary?"),
        ("data: CC-BY-4.0", "data: CC BY 4.0", 7, "licence.data", "is not an SPDX expression"),
        ("data: CC-BY-4.0", "dat: CC-BY-4.0", 7, "licence.dat", "unknown key; did you mean data?"),
        ("languages: [en]", "languages: en", 8, "languages", "the value must be a list, not the text 'en'"),
        ("sources:\n", "sources: {}\nunused:\n", 9, "sources", "the value must be a list, not a mapping"),
        ("examples: 3", "examples: -3", 14, "size.examples", "'-3' should be greater than or equal to 0"),
        ("train: 2", "2024: 2", 16, "size.splits[2024]", "the key must be text, not the number 2024; put it in quotes"),
        ("checked: 2026-11-22", "checked: soon", 18, "checked", "the value must be a date as 2026-01-31"),
        ("id: owner/toy-qa", "url: toy.example", 11, "sources[0].url", "'toy.example' is not a web address"),
    ],
)
def test_each_kind_of_wrong_value_is_told_in_plain_words(
    tmp_path: Path, old: str, new: str, line: int, where: str, message: str
) -> None:
    assert old in GOOD
    problems = told(write(tmp_path, GOOD.replace(old, new, 1)))
    assert any(at == line and place == where and message in text for at, place, text in problems), problems


def test_a_wrong_step_of_the_load_block_is_told_with_near_words(tmp_path: Path) -> None:
    text = GOOD + "load:\n  schema: text\n  fields:\n    text: [Text, {splitt: ';'}]\n  splits:\n    train: a.csv\n"
    ((line, where, message),) = told(write(tmp_path, text))
    assert (line, where) == (22, "load.fields.text")
    assert "'splitt' is no step; near: split" in message


def test_the_two_readings_of_one_value_are_told_as_one_problem(tmp_path: Path) -> None:
    text = GOOD.replace("  splits:\n", "  parts:\n    patients: several\n  splits:\n")
    ((line, where, message),) = told(write(tmp_path, text))
    assert (line, where) == (16, "size.parts.patients")
    assert message.startswith(
        "the value must be a whole number, not the text 'several', or the value must be a mapping"
    )


def test_a_key_that_stands_twice_is_refused_beside_other_problems(tmp_path: Path) -> None:
    text = GOOD.replace("access: open", "access: opened") + "name: Toy\n"
    assert [(line, message.split(";")[0]) for line, _, message in told(write(tmp_path, text))] == [
        (5, "'opened' is not in the vocabulary"),
        (19, "the key 'name' stands twice"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("slug: toy\n\tname: Toy\n", 2, "a tab at the beginning of the line; YAML is indented with blanks"),
        ("slug: toy\nname: [Toy\nkind: dataset\n", 3, "is no YAML here"),
        ("slug: toy\nname: Toy: the QA\n", 2, "text with a colon and a blank needs quotes"),
        ("slug: toy\nname: 'Toy\n", 3, "is no YAML here"),
        ("slug: toy\n--- \nname: Toy\n", 2, "is no YAML here"),
        ("slug: !!python/object/apply:os.system [date]\n", 1, "a card holds plain values only"),
        ("slug: &a [*a]\n", 0, "stand for more than 200000 values or for themselves"),
        ("slug: toy\nchecked: 2026-13-45\n", 2, "has a value that cannot be read"),
        ("? [a, b]\n: c\n", 1, "a key cannot be a list"),
        ("", 0, "is empty"),
        ("# only a remark\n", 0, "is empty"),
        ("- slug: toy\n", 1, "is a list, but a mapping of keys to values is expected here"),
        ("toy\n", 1, "is the text 'toy', but a mapping of keys to values is expected here"),
        ("<!DOCTYPE html>\n<html><body>404</body></html>\n", 1, "is an HTML or XML page, not a card"),
        ("\n<html>\n", 1, "is an HTML or XML page, not a card"),
    ],
)
def test_a_file_that_is_no_card_gives_one_clear_message(tmp_path: Path, text: str, line: int, message: str) -> None:
    ((at, where, told_message),) = told(write(tmp_path, text))
    assert (at, where) == (line, "")
    assert message in told_message


def test_aliases_are_written_out_up_to_a_bound(tmp_path: Path) -> None:
    assert yamlio.load_yaml(write(tmp_path, "a: &name [x, y]\nb: *name\n")) == {"a": ["x", "y"], "b": ["x", "y"]}
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    ((_, _, message),) = told(write(tmp_path, bomb))
    assert "stand for more than 200000 values" in message


def test_text_with_an_ampersand_and_a_star_is_no_alias(tmp_path: Path) -> None:
    text = GOOD.replace("name: Toy QA", "name: Q & A").replace("Questions about toys.", "'[&a] Rhythm &blues, *loud*'")
    assert told(write(tmp_path, text)) == []


def test_another_encoding_is_told_with_the_line_of_the_first_wrong_byte(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("about toys", "über Spielzeug").encode("latin-1"))
    assert told(path) == [(4, "", "is not UTF-8 (byte 0xfc); save it as UTF-8")]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert told(write(tmp_path, b"\xef\xbb\xbf" + GOOD.encode())) == []


def test_a_file_over_the_bound_is_refused_without_being_parsed(tmp_path: Path) -> None:
    ((line, _, message),) = told(write(tmp_path, b"#" * (yamlio.MAX_BYTES + 1)))
    assert line == 0
    assert message == "has 2.0 MB; a card has at most 2 MB"


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    ((_, _, message),) = told(write(tmp_path, "slug: " + "[" * 20_000))
    assert "nested" in message or "is no YAML here" in message


def test_a_file_that_is_not_there_or_is_a_folder_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "none.yaml") == [(0, "", "cannot be read: No such file or directory")]
    assert told(tmp_path)[0][2].startswith("cannot be read: ")


def test_loading_plain_data_raises_with_all_problems(tmp_path: Path) -> None:
    assert yamlio.load_yaml(write(tmp_path, "a: 1\nb: [x, 2026-01-02]\n")) == {"a": 1, "b": ["x", dt.date(2026, 1, 2)]}
    with pytest.raises(CardError, match="2 problems") as caught:
        yamlio.load_yaml(write(tmp_path, "a: 1\na: 2\nb: 1\nb: 3\n"))
    assert [problem.line for problem in caught.value.problems] == [2, 4]
    assert f"{tmp_path / 'toy-qa.yaml'}:2: the key 'a' stands twice" in str(caught.value)


def test_the_line_of_a_value_is_found_or_that_of_its_parent(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert yamlio.line_of(path, ["sources", 0, "role"]) == 12
    assert yamlio.line_of(path, ["sources", 5, "role"]) == 9
    assert yamlio.line_of(path, ["nothing"]) == 1
    assert yamlio.line_of(write(tmp_path, "a: [", "broken.yaml"), ["a"]) == 0


def test_an_empty_list_of_datasets_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    text = "slug: f\nkind: bias\nstatement: Something is off.\n"
    assert told(write(tmp_path, text), FindingCard) == [(1, "datasets", "this key is required and missing")]
    assert told(write(tmp_path, text + "datasets: []\n"), FindingCard) == []
