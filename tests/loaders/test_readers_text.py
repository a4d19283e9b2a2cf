"""Readers of XML, text, token columns and picture folders: one made-up file in, one frame out."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.readers.folders import read_image
from loaders.readers.iob import read_iob
from loaders.readers.text import read_text
from loaders.readers.xml import read_xml
from registry.errors import ReadError
from registry.loadspec import Read


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document id="0000001" source="Toy">
<Focus>Fever &amp; chills</Focus>
<CUIs><CUI>C1</CUI><CUI>C2</CUI></CUIs>
<QAPairs>
  <QAPair pid="1"><Question qid="1-1">What is fever?</Question>
    <Answer>A <b>raised</b> temperature<!-- sic -->.</Answer></QAPair>
  <QAPair pid="4"><Question qid="1-4">Who gets it?</Question><Answer></Answer></QAPair>
</QAPairs>
</Document>
"""

PAIRS = Read(
    format="xml",
    record=".//QAPair|.//pair",
    paths={
        "pid": "@pid",
        "question": "Question|question",
        "answer": "Answer|answer",
        "focus": "../../Focus",
        "cuis": "/*//CUI",
        "source": "/*/@source",
        "note": "Note",
    },
    options={"lists": ["cuis"], "roots": ["Document", "doc"]},
)


class TestXml:
    def test_each_record_is_a_row_with_attributes_parents_and_repeated_elements(self, tmp_path: Path) -> None:
        rows = read_xml(write(tmp_path, "a.xml", DOCUMENT), PAIRS).to_dicts()
        assert [row["pid"] for row in rows] == ["1", "4"]
        assert rows[0]["question"] == "What is fever?"
        assert rows[0]["focus"] == "Fever & chills"
        assert rows[0]["cuis"] == ["C1", "C2"]
        assert rows[0]["source"] == "Toy"

    def test_the_text_of_an_element_includes_what_is_inside_it_but_no_comment(self, tmp_path: Path) -> None:
        assert read_xml(write(tmp_path, "a.xml", DOCUMENT), PAIRS)["answer"][0] == "A raised temperature."

    def test_an_empty_element_is_empty_text_and_an_absent_one_is_null(self, tmp_path: Path) -> None:
        row = read_xml(write(tmp_path, "a.xml", DOCUMENT), PAIRS).to_dicts()[1]
        assert row["answer"] == ""
        assert row["note"] is None

    def test_the_same_record_may_have_other_names_in_other_files(self, tmp_path: Path) -> None:
        text = "<doc><pair pid='9'><question>q</question><answer>a</answer></pair></doc>"
        assert read_xml(write(tmp_path, "a.xml", text), PAIRS).select("pid", "question", "answer").row(0) == (
            "9",
            "q",
            "a",
        )

    def test_a_document_without_records_gives_no_row_and_the_same_columns(self, tmp_path: Path) -> None:
        empty = read_xml(write(tmp_path, "a.xml", "<Document><QAPairs/></Document>"), PAIRS)
        full = read_xml(write(tmp_path, "b.xml", DOCUMENT), PAIRS)
        assert empty.height == 0
        assert empty.schema == full.schema

    def test_the_encoding_is_the_one_that_the_document_declares(self, tmp_path: Path) -> None:
        text = "<?xml version='1.0' encoding='ISO-8859-1'?><doc><pair pid='1'><question>Fièvre</question></pair></doc>"
        assert read_xml(write(tmp_path, "a.xml", text.encode("latin-1")), PAIRS)["question"][0] == "Fièvre"

    def test_an_encoding_that_only_the_card_knows_is_used(self, tmp_path: Path) -> None:
        text = "<doc><pair pid='1'><question>Fièvre</question></pair></doc>".encode("latin-1")
        read = PAIRS.model_copy(update={"encoding": "latin-1"})
        assert read_xml(write(tmp_path, "a.xml", text), read)["question"][0] == "Fièvre"
        with pytest.raises(ReadError, match=r"a\.xml: not well-formed XML, line 1"):
            read_xml(tmp_path / "a.xml", PAIRS)

    def test_broken_xml_is_refused_with_its_line(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match=r"a\.xml: not well-formed XML, line \d+: .*"):
            read_xml(write(tmp_path, "a.xml", DOCUMENT[:300]), PAIRS)

    def test_another_root_element_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="root element is <rss>, and the card expects Document, doc"):
            read_xml(write(tmp_path, "a.xml", "<rss><item/></rss>"), PAIRS)

    def test_entities_of_the_document_are_never_expanded(self, tmp_path: Path) -> None:
        secret = write(tmp_path, "secret.txt", "SECRET")
        for declared in (f'<!ENTITY x SYSTEM "{secret.as_uri()}">', '<!ENTITY x "boom">'):
            text = f"<!DOCTYPE doc [{declared}]><doc><pair pid='1'><question>&x;</question></pair></doc>"
            with pytest.raises(ReadError, match="declares entities"):
                read_xml(write(tmp_path, "a.xml", text), PAIRS)

    def test_a_dtd_is_not_fetched_and_its_entities_are_refused(self, tmp_path: Path) -> None:
        dtd = write(tmp_path, "x.dtd", '<!ENTITY x "boom">')
        text = f"<!DOCTYPE doc SYSTEM '{dtd.as_uri()}'><doc><pair pid='1'><question>a&x;b</question></pair></doc>"
        with pytest.raises(ReadError, match="&x;"):
            read_xml(write(tmp_path, "a.xml", text), PAIRS)

    def test_a_web_page_and_an_empty_file_are_named_as_such(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="web page"):
            read_xml(write(tmp_path, "a.xml", "<!DOCTYPE html><html><body>Sign in</body></html>"), PAIRS)
        with pytest.raises(ReadError, match="empty"):
            read_xml(write(tmp_path, "b.xml", b""), PAIRS)

    def test_a_path_that_is_no_xpath_is_named(self, tmp_path: Path) -> None:
        read = Read(format="xml", record=".//pair", paths={"x": "@@"})
        with pytest.raises(ReadError, match="'@@' in the card is not an XPath"):
            read_xml(write(tmp_path, "a.xml", "<doc><pair/></doc>"), read)

    def test_a_card_without_record_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="`record` and `paths`"):
            read_xml(write(tmp_path, "a.xml", DOCUMENT), Read(format="xml"))

    def test_an_option_that_the_reader_does_not_know_is_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.xml", DOCUMENT)
        with pytest.raises(ReadError, match="takes no option 'list'; the options are: lists, roots"):
            read_xml(path, PAIRS.model_copy(update={"options": {"list": []}}))
        with pytest.raises(ReadError, match="'lists' is 'cuis' and should be of type list"):
            read_xml(path, PAIRS.model_copy(update={"options": {"lists": "cuis"}}))


class TestText:
    def test_each_line_is_a_row_without_its_end(self, tmp_path: Path) -> None:
        frame = read_text(write(tmp_path, "a.txt", "one\r\ntwo \n\nfour\u2028still four"), Read(format="text"))
        assert frame["line"].to_list() == ["one", "two ", "", "four\u2028still four"]

    def test_the_whole_file_can_be_one_row(self, tmp_path: Path) -> None:
        frame = read_text(write(tmp_path, "a.txt", "one\ntwo\n"), Read(format="text", options={"whole": True}))
        assert frame.to_dicts() == [{"text": "one\ntwo\n"}]

    def test_blocks_are_numbered_and_blank_lines_go(self, tmp_path: Path) -> None:
        text = "\na\nb\n\n \nc\n"
        frame = read_text(write(tmp_path, "a.txt", text), Read(format="text", options={"blocks": True}))
        assert frame.rows() == [("a", 0), ("b", 0), ("c", 1)]

    def test_field_marks_become_columns(self, tmp_path: Path) -> None:
        line = (
            "<|x|> <|context|> <|endofcontext|> <|user|> 头 <|end|> <|endofuser|> <|response|> 多久？ <|endofresponse|>"
        )
        read = Read(format="text", marks={"context": "context", "said": "user", "k": "knowledge", "answer": "response"})
        frame = read_text(write(tmp_path, "a.txt", f"{line}\n\n{line}\n"), read)
        assert frame.height == 2
        assert frame.row(0, named=True) == {"context": "", "said": "头 <|end|>", "k": None, "answer": "多久？"}

    def test_a_line_without_any_mark_is_refused_with_its_number(self, tmp_path: Path) -> None:
        read = Read(format="text", marks={"a": "a"})
        with pytest.raises(ReadError, match=r"a\.txt, line 3: none of the marks <\|a\|> in 'plain'"):
            read_text(write(tmp_path, "a.txt", "<|a|> x <|endofa|>\n\nplain\n"), read)

    def test_another_encoding_is_refused_unless_the_card_names_it(self, tmp_path: Path) -> None:
        path = write(tmp_path, "a.txt", "Fièvre".encode("latin-1"))
        with pytest.raises(ReadError, match="not valid utf-8"):
            read_text(path, Read(format="text"))
        assert read_text(path, Read(format="text", encoding="latin-1"))["line"].to_list() == ["Fièvre"]


WORDS = """QUESTION O
TYPE: O

A B-Premise
girl I-Premise
ill. O

It B-Claim
is I-Claim
so. I-Premise

QUESTION O
TYPE: O

Done. B-Claim
Yes. B-Claim
"""
CASES = Read(format="iob", options={"document_starts": "^QUESTION TYPE:"})


class TestIob:
    def test_documents_begin_where_the_card_says(self, tmp_path: Path) -> None:
        frame = read_iob(write(tmp_path, "a.tsv", WORDS), CASES)
        assert frame["text"].to_list() == ["QUESTION TYPE:\nA girl ill.\nIt is so.", "QUESTION TYPE:\nDone. Yes."]
        assert frame["tokens"][1].to_list() == ["QUESTION", "TYPE:", "Done.", "Yes."]
        assert frame["tags"][1].to_list() == ["O", "O", "B-Claim", "B-Claim"]

    def test_spans_are_the_marked_words_by_character(self, tmp_path: Path) -> None:
        frame = read_iob(write(tmp_path, "a.tsv", WORDS), CASES)
        found = [[(span["id"], span["type"], span["text"]) for span in spans] for spans in frame["spans"]]
        assert found == [
            [("T1", "Premise", "A girl"), ("T2", "Claim", "It is"), ("T3", "Premise", "so.")],
            [("T1", "Claim", "Done."), ("T2", "Claim", "Yes.")],
        ]
        for row in frame.iter_rows(named=True):
            for span in row["spans"]:
                assert row["text"][span["start"][0] : span["end"][0]] == span["text"]

    def test_without_a_beginning_each_sentence_is_a_row(self, tmp_path: Path) -> None:
        frame = read_iob(write(tmp_path, "a.tsv", WORDS), Read(format="iob"))
        assert frame["text"].to_list() == ["QUESTION TYPE:", "A girl ill.", "It is so.", "QUESTION TYPE:", "Done. Yes."]

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_tabs_and_blanks_part_columns_even_in_one_file(self, tmp_path: Path, end: str) -> None:
        lines = ["fièvre\tB-Claim\tHigh\t", "aiguë I-Claim High", "", "rien\tO\t\t"]
        read = Read(format="iob", columns=["token", "tag", "quality", "note"])
        frame = read_iob(write(tmp_path, "a.tsv", end.join(lines)), read)
        assert frame["text"].to_list() == ["fièvre aiguë", "rien"]
        assert frame["quality"].to_list() == [["High", "High"], [None]]
        assert frame["spans"][0].to_list()[0]["end"] == [12]
        assert frame["spans"][1].to_list() == []

    def test_an_inside_tag_that_continues_nothing_opens_a_span(self, tmp_path: Path) -> None:
        text = "a I-X\nb I-X\nc I-Y\nd O\ne I-Y\n\nf I-Y\n"
        frame = read_iob(write(tmp_path, "a.tsv", text), Read(format="iob"))
        assert [[span["text"] for span in spans] for spans in frame["spans"]] == [["a b", "c", "e"], ["f"]]

    def test_the_scheme_with_ends_and_single_words_is_read_too(self, tmp_path: Path) -> None:
        text = "a B-X\nb E-X\nc I-X\nd S-X\ne S-X\nf O\n"
        frame = read_iob(write(tmp_path, "a.tsv", text), Read(format="iob"))
        assert [span["text"] for span in frame["spans"][0]] == ["a b", "c", "d", "e"]

    @pytest.mark.parametrize("line", ["word", "word X-Claim", "two words O", "\tO", "word B-"])
    def test_a_line_that_is_no_word_with_a_tag_is_refused_with_its_number(self, tmp_path: Path, line: str) -> None:
        with pytest.raises(ReadError, match=r"a\.tsv, line 3: .*is not a word and a tag"):
            read_iob(write(tmp_path, "a.tsv", f"a O\n\n{line}\n"), Read(format="iob"))

    def test_text_before_the_first_document_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="the first sentence does not begin a document"):
            read_iob(write(tmp_path, "a.tsv", "stray O\n\n" + WORDS), CASES)

    def test_a_file_of_blank_lines_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="only blank lines"):
            read_iob(write(tmp_path, "a.tsv", "\n \n"), Read(format="iob"))

    def test_a_card_that_names_no_token_column_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="must name 'token' and 'tag'; it names word, tag"):
            read_iob(write(tmp_path, "a.tsv", WORDS), Read(format="iob", columns=["word", "tag"]))

    @settings(deadline=None)
    @given(
        sentences=st.lists(
            st.lists(
                st.tuples(
                    st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=5),
                    st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]),
                ),
                min_size=1,
                max_size=6,
            ),
            min_size=1,
            max_size=6,
        )
    )
    def test_spans_always_point_at_their_text_and_cover_every_tagged_word(
        self, tmp_path_factory: pytest.TempPathFactory, sentences: list[list[tuple[str, str]]]
    ) -> None:
        text = "\n\n".join("\n".join(f"{token} {tag}" for token, tag in sentence) for sentence in sentences)
        frame = read_iob(write(tmp_path_factory.mktemp("iob"), "a.tsv", text), Read(format="iob"))
        assert frame["tokens"].to_list() == [[token for token, _ in sentence] for sentence in sentences]
        for row, sentence in zip(frame.iter_rows(named=True), sentences, strict=True):
            for span in row["spans"]:
                assert row["text"][span["start"][0] : span["end"][0]] == span["text"]
            inside = [word for span in row["spans"] for word in span["text"].split(" ")]
            assert inside == [token for token, tag in sentence if tag != "O"]


class TestPictures:
    def test_a_picture_is_a_row_with_the_name_of_its_folder_and_is_not_opened(self, tmp_path: Path) -> None:
        (tmp_path / "glioma").mkdir()
        path = write(tmp_path / "glioma", "a.png", b"not really a picture")
        assert read_image(path, Read(format="image")).to_dicts() == [{"name": "a.png", "folder": "glioma"}]

    def test_an_empty_picture_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReadError, match="empty"):
            read_image(write(tmp_path, "a.png", b""), Read(format="image"))


def test_the_formats_of_this_file_are_known_by_their_ending(tmp_path: Path) -> None:
    from loaders.read import Located, read_file

    path = write(tmp_path, "a.txt", "one\n")
    frame = read_file(Located(path, "data/a.txt"), Read())
    assert frame.to_dicts() == [{"line": "one", "__file__": "data/a.txt", "__row__": 0}]
    assert frame.schema["__row__"] == pl.Int64
