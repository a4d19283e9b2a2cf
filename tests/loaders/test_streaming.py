"""Large files come bit by bit: the same records as from the whole, in memory that does not grow with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders import checksums, store
from loaders import read as reading
from loaders.load import Splits, load_card
from loaders.read import Located, read_files, stream
from loaders.readers import content, elements, tables
from loaders.readers import json as json_reader
from registry.card import DatasetCard
from registry.errors import ReadError
from registry.loadspec import Read

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)
VALUES = st.one_of(TEXTS, st.integers(-(2**40), 2**40), st.floats(-1e6, 1e6), st.booleans(), st.none())
SOMETIMES_NESTED = st.one_of(VALUES, st.lists(TEXTS, max_size=3))
ROWS = st.lists(st.dictionaries(st.sampled_from("abcd"), SOMETIMES_NESTED, min_size=1), min_size=1, max_size=12)


@pytest.fixture
def bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large: a block holds some bytes, and what is read at once holds none."""
    monkeypatch.setattr(reading, "SMALL", 0)
    monkeypatch.setattr(reading, "PART", 64)
    monkeypatch.setattr(json_reader, "LONG", 0)
    monkeypatch.setattr(content, "BLOCK", 64)
    monkeypatch.setattr(tables, "SMALL", 0)
    monkeypatch.setattr(tables, "BLOCK", 64)
    monkeypatch.setattr(tables, "PART", 64)
    monkeypatch.setattr(store, "PART", 512)


def whole(path: Path, **options: Any) -> pl.DataFrame:
    """As it is read where nothing is large."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(content, "BLOCK", 16 << 20)
        monkeypatch.setattr(tables, "BLOCK", 16 << 20)
        monkeypatch.setattr(tables, "PART", 16 << 20)
        monkeypatch.setattr(json_reader, "LONG", 32 << 20)
        return read_files([Located(path, path.name)], Read(**options))


def in_bits(path: Path, **options: Any) -> pl.DataFrame:
    found = list(stream([Located(path, path.name)], Read(**options)))
    assert len({tuple(frame.schema.items()) for frame in found}) == 1
    return pl.concat(found)


GENTLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestTheSameRows:
    @GENTLY
    @given(rows=ROWS)
    def test_of_json_lines(self, bit_by_bit: None, tmp_path: Path, rows: list[dict[str, Any]]) -> None:
        path = tmp_path / "x.jsonl"
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows * 3), encoding="utf-8")
        assert in_bits(path).equals(whole(path))

    @GENTLY
    @given(rows=ROWS, indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
    def test_of_a_json_list(
        self, bit_by_bit: None, tmp_path: Path, rows: list[dict[str, Any]], indent: int | None, ascii_only: bool
    ) -> None:
        path = tmp_path / "x.json"
        path.write_text(json.dumps(rows * 3, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
        assert in_bits(path).equals(whole(path))

    @GENTLY
    @given(
        rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=30), encoding=st.sampled_from(["utf-8", "utf-16"])
    )
    def test_of_a_table(self, bit_by_bit: None, tmp_path: Path, rows: list[tuple[str, str]], encoding: str) -> None:
        path = tmp_path / "x.csv"
        pl.DataFrame(rows, schema=["a", "b"], orient="row").write_csv(path, quote_style="always")
        path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
        assert in_bits(path, encoding=encoding).equals(whole(path, encoding=encoding))

    def test_of_a_table_with_a_cell_longer_than_a_block_behind_many_short_ones(
        self, bit_by_bit: None, tmp_path: Path
    ) -> None:
        path = tmp_path / "x.csv"
        path.write_text("a,b\n" + "1,2\n" * 100 + f'"{"x" * 5000}",3\n' + "4,5\n" * 50)
        found = in_bits(path)
        assert found.height == 151
        assert found.equals(whole(path))

    def test_of_parquet(self, bit_by_bit: None, tmp_path: Path) -> None:
        path = tmp_path / "x.parquet"
        pl.DataFrame({"a": [f"text {n}" for n in range(500)], "b": [[n] for n in range(500)]}).write_parquet(
            path, row_group_size=100
        )
        assert len(list(stream([Located(path, "x.parquet")], Read()))) > 5
        assert in_bits(path).equals(whole(path))

    def test_of_files_whose_columns_differ(self, bit_by_bit: None, tmp_path: Path) -> None:
        one, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
        one.write_text('{"a": "x", "c": {"p": 1}}\n' * 9)
        other.write_text('{"a": ["y", "z"], "b": 2, "c": {"q": "t"}}\n' * 9)
        files = [Located(path, path.name) for path in (one, other)]
        found = pl.concat(list(stream(files, Read())))
        assert found.equals(read_files(files, Read()))
        assert found["a"].to_list() == [["x"]] * 9 + [["y", "z"]] * 9
        assert found["c"][17] == {"p": None, "q": "t"}


class TestObjectsWhoseKeysAreData:
    @pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
    def test_are_text_where_the_card_says_so_or_where_they_are_too_many(self, tmp_path: Path, name: str) -> None:
        rows = [json.dumps({"uid": f"{n}-1", "links": {str(n): 1, str(n + 1): 2}}) for n in range(6_000)]
        path = tmp_path / name
        path.write_text("\n".join(rows) if name == "x.jsonl" else f"[{','.join(rows)}]")
        for options in ({"text": ["links"]}, {}):
            frame = read_files([Located(path, name)], Read(options=options))
            assert frame.row(5_999)[:2] == ("5999-1", '{"5999": 1, "6000": 2}')

    def test_at_the_top_are_told_for_what_they_seem(self, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl"
        path.write_text("".join(json.dumps({f"key {n}": n}) + "\n" for n in range(10_500)))
        with pytest.raises(ReadError, match="10,500 different fields.*`keyed_by: NAME`"):
            read_files([Located(path, path.name)], Read())


class TestTheSameRefusals:
    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("x.jsonl", '{"a": 1}\n' * 40 + '{"a": ', "x.jsonl, line 41: not a JSON object and is the last"),
            ("x.jsonl", '{"a": 1}\n' * 40 + "7\n", "x.jsonl, line 41: a single value, not an object"),
            ("x.json", "[" + '{"a": 1},' * 40 + '{"a"', "the list does not end; the file is cut short"),
            ("x.json", '[{"a": 1}] {"b": 2}', "something follows the list"),
            ("x.json", "[]", "no rows in it"),
            ("x.json", '[{"a": 1},, {"a": 2}]', "two commas follow each other"),
            ("x.json", '[{"a": 1}, {"a": 2},\n]', "two commas follow each other, or one the last"),
            ("x.csv", "a,b\n" + "1,2\n" * 40 + "1,2,3\n", "x.csv, line 42: 3 cells where the first row has 2"),
            ("x.csv", "a,b\n" + "1,2\n" * 40 + '1,"cut', "never ends; the file is cut short"),
            ("x.csv", "a,b\n", "no rows in it"),
        ],
    )
    def test_name_the_line(self, bit_by_bit: None, tmp_path: Path, name: str, text: str, message: str) -> None:
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(ReadError, match=message):
            in_bits(path)

    def test_a_wrong_byte_is_named_wherever_it_is(self, bit_by_bit: None, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl"
        path.write_bytes(b'{"a": "' + "é".encode() * 80 + b'"}\n' * 2 + b'{"a": "\xe9"}\n')
        with pytest.raises(ReadError, match=r"byte 0xe9 at offset 180 \(line 3\)"):
            in_bits(path)

    def test_an_element_that_does_not_end_is_not_read_for_ever(
        self, bit_by_bit: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(elements, "LONGEST_ELEMENT", 1000)
        (tmp_path / "x.json").write_text('[{"a": "' + "x" * 5000)
        with pytest.raises(ReadError, match="one element of its list is longer than 1,000 bytes"):
            in_bits(tmp_path / "x.json")


def made_up(**load: Any) -> DatasetCard:
    known = {"slug": "made-up", "name": "Made Up", "kind": "dataset", "summary": "Made up.", "access": "open"}
    block = {"schema": "multiple_choice", "source": "hand-over", **load}
    return DatasetCard.model_validate({**known, "load": block})


def splits(card: DatasetCard, folder: Path) -> Splits:
    loaded = load_card(card, files=folder)
    assert isinstance(loaded, Splits)
    return loaded


class TestRecords:
    CARD = made_up(
        fields={"id": "n", "question": "q", "options": "o", "answers": ["a", {"index": 0}]},
        rows=[{"keep": {"column": "q", "not_in": ["gone"]}}],
        splits={"train": "x.jsonl"},
    )

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        lines = [
            {
                "n": str(n % 95),
                "q": "gone" if n == 50 else f"q{n}",
                "o": ["x", "y"],
                "a": n % 3,
                "e": None if n < 90 else n,
            }
            for n in range(100)
        ]
        folder = tmp_path / "files"
        folder.mkdir()
        (folder / "x.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    def test_are_the_same_whether_they_come_in_parts_or_at_once(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "one"))
        at_once = splits(self.CARD, folder)
        request.getfixturevalue("bit_by_bit")
        monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "other"))
        in_parts = splits(self.CARD, folder)
        assert len(list((tmp_path / "other").glob("records/*/*.arrow"))) > 3
        assert in_parts["train"].frame.equals(at_once["train"].frame)
        assert in_parts.manifest["reports"] == at_once.manifest["reports"]
        assert at_once.manifest["reports"] == [
            "train: 32 rows with an answer that is not among the options, taken out: 2, 5, 8, 11, 14",
            "train: 32 rows without an answer",
            "train: 5 rows whose id occurs earlier, told apart as #2, #3, …: 0, 1, 2, 3, 4",
        ]

    def test_are_the_same_bytes_on_every_machine(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        found = []
        for name in ("one", "other"):
            monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / name))
            splits(self.CARD, folder)
            files = sorted((tmp_path / name / "records").rglob("*.arrow"))
            found.append({file.relative_to(tmp_path / name): file.read_bytes() for file in files})
        assert found[0] == found[1]
        assert found[0]

    def test_rows_are_numbered_through_the_whole_split(self, folder: Path, request: pytest.FixtureRequest) -> None:
        request.getfixturevalue("bit_by_bit")
        number = {"compute": {"k": {"coalesce": [{"row_number": "r"}]}}}
        card = made_up(schema="text", fields={"id": "k", "text": "q"}, rows=[number], splits={"train": "x.jsonl"})
        assert splits(card, folder)["train"].frame["id"].to_list() == [f"r-{n}" for n in range(100)]

    def test_whose_note_says_nothing_are_made_anew(self, folder: Path, clean_env: Path) -> None:
        splits(self.CARD, folder)
        (record,) = (clean_env / ".cache/medregistry/records").rglob("record.json")
        for junk in ("[]", '{"parts": 1, "notes": [], "rows": 1}', "{"):
            record.write_text(junk)
            assert len(splits(self.CARD, folder)["train"]) == 99

    def test_are_made_once_and_read_again(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = splits(self.CARD, folder)["train"].frame
        monkeypatch.setattr(store, "_make", None)
        assert splits(self.CARD, folder)["train"].frame.equals(first)

    def test_are_made_anew_when_the_file_or_the_card_is_another(self, folder: Path) -> None:
        first = splits(self.CARD, folder)["train"].manifest["records"]
        other = made_up(fields={"id": "n", "question": "q"}, splits={"train": "x.jsonl"})
        assert splits(other, folder)["train"].manifest["records"] != first
        with (folder / "x.jsonl").open("a") as file:
            file.write('{"n": "new", "q": "q", "o": ["x"], "a": 0}\n')
        again = splits(self.CARD, folder)["train"]
        assert again.manifest["records"] != first
        assert again[-1]["id"] == "new"

    def test_that_were_damaged_are_made_anew(self, folder: Path, clean_env: Path) -> None:
        first = splits(self.CARD, folder)["train"].frame.clone()
        rows = first.rows()
        (part,) = (clean_env / ".cache/medregistry/records").rglob("*.arrow")
        part.write_bytes(part.read_bytes()[:-100])
        assert splits(self.CARD, folder)["train"].frame.rows() == rows

    def test_of_a_file_that_is_refused_are_not_there_at_all(self, folder: Path, clean_env: Path) -> None:
        with (folder / "x.jsonl").open("a") as file:
            file.write("{")
        with pytest.raises(ReadError, match="line 101"):
            splits(self.CARD, folder)
        left = [path.name for path in (clean_env / ".cache/medregistry/records").iterdir()]
        assert all(name.endswith(".lock") for name in left)


MEASURE = """
import re, sys
from pathlib import Path
from loaders.load import load_card
from registry.card import DatasetCard

def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

from loaders import store
peak = 0
write = store._write
def watched(*args):
    global peak
    peak = max(peak, anonymous())
    return write(*args)
store._write = watched
card = DatasetCard.model_validate_json(sys.argv[1])
before = anonymous()
records = load_card(card, "train", files=sys.argv[2])
assert records[len(records) - 1]["text"]
print(peak - before, anonymous() - before, len(records))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "parquet"])
def test_memory_does_not_grow_with_the_file(form: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": [f"{n} " + "some text of a paper " * 400 for n in range(48_000)]})
    path = tmp_path / f"x.{form}"
    if form == "parquet":
        frame.write_parquet(path, compression="uncompressed", row_group_size=2000)
    elif form == "csv":
        frame.write_csv(path)
    elif form == "jsonl":
        frame.write_ndjson(path)
    else:
        path.write_text(frame.write_json())
    assert path.stat().st_size > 380 << 20
    card = made_up(schema="text", fields={"text": "text"}, splits={"train": path.name})
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, card.model_dump_json(by_alias=True), str(tmp_path)],
        # What Polars' allocator holds in reserve depends on how busy the machine is.
        env=os.environ | {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    peak, after, rows = map(int, done.stdout.split())
    assert rows == 48_000
    assert peak < 350, "some blocks and one part are in memory, never the file"
    assert after < 350


CARD_OF_A_CASE = made_up(
    schema="question_answer",
    fields={
        "question": "q",
        "context": ["case", "strip", {"replace": {"pattern": "pain", "by": "ache"}}],
        "answers": ["a", "list"],
    },
    group=["case", "digest"],
    splits={"train": "x.csv"},
)


class TestTextThatRepeats:
    """A hundred questions are asked of each case summary, in whatever order they stand."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        numbers = pl.Series("n", [n * 7919 % 4000 for n in range(4000)])
        cases = [f" case {n}, with pain " + f"and words of {n} " * 300 for n in range(40)]
        frame = numbers.to_frame().select(
            pl.Series("case", [None if n % 997 == 0 else cases[n % 40] for n in numbers], dtype=pl.String),
            pl.format("question {}?", "n").alias("q"),
            pl.format("answer {}", "n").alias("a"),
        )
        (tmp_path / "files").mkdir()
        frame.write_csv(tmp_path / "files" / "x.csv")
        return tmp_path / "files"

    def test_is_kept_once(self, folder: Path, clean_env: Path) -> None:
        records = splits(CARD_OF_A_CASE, folder)["train"]
        source = pl.read_csv(folder / "x.csv")
        assert records.frame["context"].equals(source["case"].str.strip_chars().str.replace_all("pain", "ache"))
        assert records.frame["question"].equals(source["q"])
        assert records.frame["group"].n_unique() == 41
        assert records.arrow["context"].to_pylist() == records.frame["context"].to_list()
        written = sum(path.stat().st_size for path in (clean_env / ".cache/medregistry/records").rglob("*.arrow"))
        assert written < 2_000_000 < (folder / "x.csv").stat().st_size / 5

    def test_is_the_same_bit_by_bit(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        at_once = splits(CARD_OF_A_CASE, folder)["train"].frame
        request.getfixturevalue("bit_by_bit")
        monkeypatch.setattr(tables, "BLOCK", 64 << 10)
        monkeypatch.setattr(reading, "PART", 256 << 10)
        monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "other"))
        assert splits(CARD_OF_A_CASE, folder)["train"].frame.equals(at_once)

    def test_a_value_that_is_refused_is_told_with_its_row_and_how_many_are_like_it(self, folder: Path) -> None:
        card = made_up(
            schema="text",
            fields={"text": "q", "id": "q"},
            group=["case", {"cast": "integer"}],
            splits={"train": "x.csv"},
        )
        with pytest.raises(
            ReadError, match=r"x.csv, row 2, column 'case': .*cannot be read as integer \(and 3,994 more"
        ):
            splits(card, folder)

    def test_is_written_in_the_same_bytes_by_any_number_of_threads(self, folder: Path, tmp_path: Path) -> None:
        found = []
        for threads in ("1", "3"):
            cache = tmp_path / threads
            subprocess.run(
                [sys.executable, "-c", LOAD, CARD_OF_A_CASE.model_dump_json(by_alias=True), str(folder)],
                env=os.environ | {"POLARS_MAX_THREADS": threads, "REGISTRY_CACHE": str(cache)},
                check=True,
                cwd=Path(__file__).parents[2],
            )
            found.append({path.relative_to(cache): path.read_bytes() for path in cache.rglob("*.arrow")})
        assert found[0] == found[1]
        assert found[0]


LOAD = """
import sys
from loaders import read, store
from loaders.load import load_card
from registry.card import DatasetCard
read.SMALL, read.PART, store.PART = 0, 1 << 18, 1 << 17
load_card(DatasetCard.model_validate_json(sys.argv[1]), files=sys.argv[2], offline=True)
"""


class TestWhileTheFileIsMeasured:
    """A large file whose checksum nobody knows yet is read and measured at once."""

    @pytest.fixture(autouse=True)
    def everything_is_slow_to_measure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checksums, "SLOW", 0)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "x.csv").write_text("n,t\n" + "".join(f"{n},text {n}\n" for n in range(500)))
        return tmp_path

    CARD = made_up(schema="text", fields={"id": "n", "text": "t"}, splits={"train": "x.csv"})

    def test_records_have_the_name_that_they_would_have_had(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = splits(self.CARD, folder)["train"].manifest["records"]
        monkeypatch.setattr(checksums, "SLOW", 1 << 30)
        monkeypatch.setattr(store, "_make", None)
        assert splits(self.CARD, folder)["train"].manifest["records"] == first

    def test_a_file_that_changes_meanwhile_is_refused_and_leaves_nothing(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, clean_env: Path
    ) -> None:
        write = store._write

        def changed(*given: Any) -> Any:
            with (folder / "x.csv").open("a") as file:
                file.write("500,late\n")
            return write(*given)

        monkeypatch.setattr(store, "_write", changed)
        with pytest.raises(ReadError, match="x.csv: was changed while it was read"):
            splits(self.CARD, folder)
        left = [path.name for path in (clean_env / ".cache/medregistry/records").iterdir()]
        assert all(name.endswith(".lock") for name in left)


def test_numbers_that_are_none_are_missing_in_json_lines_as_in_json(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"a": NaN, "b": "NaN is text"}\n{"a": 1.5, "b": "é"}\n{"a": -Infinity, "b": null}\n', encoding="utf-8"
    )
    frame = read_files([Located(path, path.name)], Read())
    assert frame["a"].to_list() == [None, 1.5, None]
    assert frame["b"].to_list() == ["NaN is text", "é", None]
