"""Readers of tables, JSON and workbooks: what a file says is what comes out, and a file that is no data is told so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loaders.read import FILE, ROW, Located, read_files
from loaders.readers import MODULES, SUFFIXES, format_of, reader
from registry.errors import ReadError
from registry.loadspec import Read
from tests.support.workbook import write_workbook

Rows = list[tuple[Any, ...]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], Path]:
    def put(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


Write = Callable[[str, bytes | str], Path]


def read(path: Path, **options: Any) -> pl.DataFrame:
    frame = read_files([Located(path, path.name)], Read(**options))
    return frame.drop(FILE, ROW)


class TestTables:
    @pytest.mark.parametrize(
        ("content", "rows"),
        [
            (b'a,b\r\n"x\r\ny",z\r\n"p\nq",r\r\n', [("x\r\ny", "z"), ("p\nq", "r")]),
            (b"a,b\nNA,null\nnan,None\n", [("NA", "null"), ("nan", "None")]),
            (b'a,b\n,""\n', [(None, "")]),
            (b"\xef\xbb\xbfa,b\n1,2\n", [("1", "2")]),
            (b'a,b\n5" tube,x "y" z\n', [('5" tube', 'x "y" z')]),
            (b'a,b\n"he said ""x""",1\n', [('he said "x"', "1")]),
            (b"a,b\n1,2", [("1", "2")]),
            (b"a,b\r1,2\r3,4\r", [("1", "2"), ("3", "4")]),
            (b"a,b\n007,1.50\n", [("007", "1.50")]),
            (b"a,b\n x , y \n", [(" x ", " y ")]),
            (b"a,b\n,\n1,2\n\n", [(None, None), ("1", "2")]),
            (b'a,b\n1,"ends with a quote"""\n', [("1", 'ends with a quote"')]),
            (b'a,b\n1,"last, without line end"', [("1", "last, without line end")]),
        ],
        ids=[
            "line ends inside cells stay as they are",
            "NA, null and nan are text",
            "an empty cell is missing, a quoted one is empty",
            "a byte order mark is no part of a name",
            "a quote inside a cell is a character",
            "a doubled quote is one",
            "the last line may lack its end",
            "carriage returns alone end lines",
            "numbers keep their zeros",
            "white space stays",
            "an empty row is a row, a blank line is none",
            "a cell that ends with a quote ends",
            "a quoted last cell may lack the line end",
        ],
    )
    def test_cells_are_text_as_written(self, write: Write, content: bytes, rows: Rows) -> None:
        frame = read(write("x.csv", content))
        assert frame.columns == ["a", "b"]
        assert frame.rows() == rows
        assert set(frame.dtypes) == {pl.String}

    def test_a_cell_of_many_megabytes_is_read(self, write: Write) -> None:
        long = "x\n" * (12 << 20)
        assert read(write("x.csv", f'a,b\n"{long}",1\n'))["a"][0] == long

    def test_a_column_without_a_name_is_called_by_its_place(self, write: Write) -> None:
        assert read(write("x.csv", ",a,\n0,x,\n")).columns == ["column_1", "a", "column_3"]

    def test_files_without_a_header_take_the_names_of_the_card(self, write: Write) -> None:
        path = write("x.csv", "1,2\n3,4\n")
        assert read(path, header=False, columns=["p", "q"]).rows(named=True)[0] == {"p": "1", "q": "2"}
        assert read(path, header=False).columns == ["column_1", "column_2"]
        with pytest.raises(ReadError, match="the card names 1 columns, the first row has 2"):
            read(path, header=False, columns=["p"])

    def test_a_separator_and_missing_values_are_those_of_the_card(self, write: Write) -> None:
        path = write("x.csv", 'a;b\n1,5;?\n"?";x\n')
        assert read(path, separator=";", null_values=["?"]).rows() == [("1,5", None), ("?", "x")]

    def test_tabs_separate_and_quotes_may_be_plain_characters(self, write: Write) -> None:
        path = write("x.tsv", 'a\tb\n"x\ty"\n')
        assert read(path, quote=None).rows() == [('"x', 'y"')]

    def test_another_encoding_is_read_when_the_card_names_it(self, write: Write) -> None:
        path = write("x.csv", "a\nté\n".encode("latin-1"))
        assert read(path, encoding="latin-1").rows() == [("té",)]
        assert read(write("y.csv", "a\n高血压\n".encode("gb18030")), encoding="gb18030").rows() == [("高血压",)]
        assert read(write("z.csv", "a\ntă\n".encode("utf-16")), encoding="utf-16").rows() == [("tă",)]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"a,b,c\n1,2,3\n4,5\n6,7,8\n", "x.csv, line 3: 2 cells where the first row has 3: '4,5'"),
            (b'a,b\n"x\ny",2\n1,2,3\n', "x.csv, line 4: 3 cells where the first row has 2"),
            (b'a,b\n"x,1\ny,2\n', "line 2: 1 cells where the first row has 2"),
            (b'a,b\n1,"cut\nshort,2\n', r"the quoted cell that starts with 'cut\\nshort.* never ends"),
            (b'a,b\n1,"cut', "never ends; the file is cut short"),
            (b"a,b\n1,\xe9\n", r"not valid utf-8: byte 0xe9 at offset 6 \(line 2\).*encoding: latin-1"),
            (b"\xff\xfea\x00\n\x00", "encoding: utf-16"),
            (b"a,a\n1,2\n", "two columns are called 'a'"),
            (b"", r"the file is empty \(0 bytes\); fetch it again"),
            (b"\n\n", "nothing but blank lines"),
            (b"a,b\n", "no rows in it"),
            (b" \n<!DOCTYPE html><html><body>Sign in</body></html>", r"this is a web page \(HTML\), not data"),
            (b"<HTML><head>", "web page"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
                "this is a Git LFS pointer of 65 bytes, not the file; run `git lfs pull`",
            ),
        ],
    )
    def test_a_file_that_is_not_what_it_should_be_is_refused(self, write: Write, content: bytes, message: str) -> None:
        with pytest.raises(ReadError, match=message):
            read(write("x.csv", content))

    def test_a_file_of_an_unknown_encoding_or_option_is_refused(self, write: Write) -> None:
        path = write("x.csv", "a\n1\n")
        with pytest.raises(ReadError, match="no encoding of text called 'utf-9'"):
            read(path, encoding="utf-9")
        with pytest.raises(ReadError, match="no option skip; they have: escape"):
            read(path, options={"skip": 1})
        with pytest.raises(ReadError, match="a separator is one character"):
            read(path, separator="  ")

    def test_expected_columns_that_lack_are_named_with_those_that_are_there(self, write: Write) -> None:
        with pytest.raises(ReadError, match=r"x\.csv: no column 'Answer'; columns there: 'Question', 'Options'"):
            read(write("x.csv", "Question,Options\nq,o\n"), expect=["Question", "Answer"])

    def test_a_file_that_cannot_be_opened_is_told_so(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="gone.csv: cannot be read"):
            read(tmp_path / "gone.csv")


class TestParquet:
    def test_types_are_those_of_the_file(self, tmp_path: Path) -> None:
        frame = pl.DataFrame({"a": [1, None], "b": [["x"], []]})
        frame.write_parquet(tmp_path / "x.parquet")
        assert read(tmp_path / "x.parquet").equals(frame)

    def test_a_file_that_is_cut_is_refused(self, tmp_path: Path, write: Write) -> None:
        pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.parquet")
        path = write("x.parquet", (tmp_path / "x.parquet").read_bytes()[:-8])
        with pytest.raises(ReadError, match="not a whole Parquet file"):
            read(path)


class TestJsonLines:
    def test_rows_keep_their_types_and_fields_that_only_some_have(self, write: Write) -> None:
        frame = read(write("x.jsonl", '{"a": 1, "o": {"A": "x"}}\r\n\n{"a": 2, "o": {"A": "y", "B": "z"}}'))
        assert frame.to_dicts() == [{"a": 1, "o": {"A": "x", "B": None}}, {"a": 2, "o": {"A": "y", "B": "z"}}]

    def test_a_field_that_comes_late_is_not_lost(self, write: Write) -> None:
        lines = ['{"a": 1}'] * 5000 + ['{"a": 2, "late": ["x"]}']
        assert read(write("x.jsonl", "\n".join(lines)))["late"][-1].to_list() == ["x"]

    def test_mixed_types_become_text(self, write: Write) -> None:
        frame = read(write("x.jsonl", '{"a": 7}\n{"a": "007"}\n{"a": ["x"]}\n'))
        assert frame["a"].to_list() == ["7", "007", '["x"]']

    def test_a_byte_order_mark_is_passed_over(self, write: Write) -> None:
        assert read(write("x.jsonl", b'\xef\xbb\xbf{"a": 1}\n')).rows() == [(1,)]

    def test_objects_that_are_all_empty_become_missing_values(self, write: Write) -> None:
        assert read(write("x.jsonl", '{"a": {}, "b": 1}\n')).rows() == [(None, 1)]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (
                '{"a": 1}\n{"a": 2}\n{"a": "x',
                "x.jsonl, line 3: not a JSON object and is the last: the file is cut short",
            ),
            ('{"a": 1}\nhello\n{"a": 2}\n', "x.jsonl, line 2: not a JSON object .*: 'hello'"),
            ('{"a": 1}\n5\n', "line 2: a single value, not an object"),
            ('[{"a": 1}]', "a JSON list, not JSON lines; the card should say `read: {format: json}`"),
            ('{\n "a": 1\n}', "one JSON document, not JSON lines"),
            (b'{"a": "\xff"}\n', "not valid utf-8: byte 0xff at offset 7"),
            ("", "the file is empty"),
            ("<!doctype html>", "web page"),
        ],
    )
    def test_a_wrong_line_is_refused_by_its_number(self, write: Write, content: str | bytes, message: str) -> None:
        with pytest.raises(ReadError, match=message):
            read(write("x.jsonl", content))


class TestJson:
    def test_a_list_of_objects_is_rows(self, write: Write) -> None:
        assert read(write("x.json", '[{"a": 1}, {"a": 2}]')).rows() == [(1,), (2,)]

    def test_an_object_of_rows_gives_its_keys_as_a_column(self, write: Write) -> None:
        path = write("x.json", '{"123": {"q": "x"}, "456": {"q": "y"}}')
        assert read(path, keyed_by="pmid").rows() == [("123", "x"), ("456", "y")]
        values = write("y.json", '{"123": "yes"}')
        assert read(values, keyed_by="pmid").to_dicts() == [{"pmid": "123", "value": "yes"}]

    def test_rows_may_lie_deeper(self, write: Write) -> None:
        path = write("x.json", json.dumps({"data": {"p": {"qas": [{"q": 1}]}, "r": {"qas": [{"q": 2}, {"q": 3}]}}}))
        assert read(path, rows_at="data.*.qas").rows() == [(1,), (2,), (3,)]
        assert read(path, rows_at=".").height == 1

    def test_paths_pick_columns(self, write: Write) -> None:
        path = write("x.json", '{"1": {"a": {"b": "x"}, "c": 0}}')
        assert read(path, keyed_by="id", paths={"text": "a.b"}).to_dicts() == [{"id": "1", "text": "x"}]
        with pytest.raises(ReadError, match="`paths` do not fit its rows"):
            read(path, keyed_by="id", paths={"text": "a.z"})

    def test_rows_may_be_single_values(self, write: Write) -> None:
        assert read(write("x.json", '["a", "b"]')).to_dicts() == [{"value": "a"}, {"value": "b"}]

    def test_numbers_that_json_does_not_have_are_missing(self, write: Write) -> None:
        assert read(write("x.json", '[{"a": NaN}, {"a": 1.5}]')).rows() == [(None,), (1.5,)]

    @pytest.mark.parametrize(
        ("content", "options", "message"),
        [
            ('[{"a": 1}, {"a": ', {}, "line 1, column 18: not JSON: .*cut short"),
            ('[{"a": 1},\n {"a" 2}]', {}, r"line 2, column 7: not JSON: Expecting ':' delimiter$"),
            ('{"a": 1}\n{"a": 2}\n', {}, "more than one JSON value; JSON lines need `format: jsonl`"),
            ('{"data": [], "version": 1}', {}, "an object, not a list of rows; its first keys are data, version"),
            ('{"data": []}', {"rows_at": "rows"}, "nothing at 'rows' of `rows_at: rows`.*keys there: data"),
            ("[]", {}, "no rows in it"),
            ("[1]", {"keyed_by": "id"}, "rows keyed by 'id' should be an object, not a list"),
            ('{"1": {"id": 2}}', {"keyed_by": "id"}, "the row '1' has a field 'id' already"),
            ("[" * 100_000, {}, "nested too deeply|not JSON"),
        ],
    )
    def test_a_document_of_another_shape_is_refused(
        self, write: Write, content: str, options: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ReadError, match=message):
            read(write("x.json", content), **options)


class TestWorkbooks:
    @pytest.fixture
    def book(self, tmp_path: Path) -> Path:
        """A workbook with two sheets."""
        sheets = {
            name: [["Question", "Options"], ["q", cell], ["NA", None]]
            for name, cell in {"first": r"A x\nB y", "second": "z"}.items()
        }
        return write_workbook(tmp_path / "x.xlsx", sheets)

    def test_a_sheet_is_text_with_backslashes_as_they_are(self, book: Path) -> None:
        assert read(book, sheet="first").rows() == [("q", r"A x\nB y"), ("NA", None)]
        assert read(book, sheet="second", null_values=["NA"]).rows() == [("q", "z"), (None, None)]

    def test_several_sheets_need_a_name(self, book: Path) -> None:
        with pytest.raises(ReadError, match="name one sheet in the card.*it has first, second"):
            read(book)
        with pytest.raises(ReadError, match="it has first, second"):
            read(book, sheet="third")

    @pytest.mark.parametrize("content", [b"PK\x03\x04 cut", b"Question,Options\n"])
    def test_what_is_no_workbook_is_refused(self, write: Write, content: bytes) -> None:
        with pytest.raises(ReadError, match="not an Excel workbook"):
            read(write("x.xlsx", content))


class TestFormats:
    def test_every_format_has_a_reader_that_can_be_imported(self) -> None:
        assert all(callable(reader(name)) for name in MODULES)
        assert set(SUFFIXES.values()) <= set(MODULES)

    def test_the_card_decides_before_the_ending(self) -> None:
        assert format_of("data/RJUA_test.json", Read(format="jsonl")) == "jsonl"
        assert format_of("data/X.JSON", Read()) == "json"
        with pytest.raises(ReadError, match="the ending does not tell its format"):
            format_of("data/corpus.pubtator", Read())

    def test_a_format_without_a_reader_is_refused(self) -> None:
        with pytest.raises(ReadError, match="format 'dicom' cannot be read as rows"):
            reader("dicom")


def test_files_of_a_split_follow_each_other_and_say_where_rows_come_from(tmp_path: Path) -> None:
    for name, content in {"a.csv": "x,y\n1,2\n", "b.csv": "x,z\n3,4\n5,6\n"}.items():
        (tmp_path / name).write_text(content)
    frame = read_files([Located(tmp_path / name, f"data/{name}") for name in ("a.csv", "b.csv")], Read())
    assert frame.select("x", "y", "z", FILE, ROW).rows() == [
        ("1", "2", None, "data/a.csv", 0),
        ("3", None, "4", "data/b.csv", 0),
        ("5", None, "6", "data/b.csv", 1),
    ]
