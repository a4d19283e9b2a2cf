"""Text of others is shown as it is and does nothing."""

from __future__ import annotations

import csv
import io

import pytest

from dashboard.texts import cell, clean, file_name, hover, line, link, md, table_csv, web
from tests.dashboard.hostile import EVIL, STRINGS


def unescaped_marks(text: str) -> list[str]:
    """Marks of Markdown in `text` that no backslash guards."""
    found, index = [], 0
    while index < len(text):
        if text[index] == "\\":
            index += 2
            continue
        if text[index] in '`*_{}[]()<>#!|$~&"=':
            found.append(text[index])
        index += 1
    return found


@pytest.mark.parametrize("name", STRINGS)
def test_markdown_of_hostile_text_keeps_no_live_mark(name: str) -> None:
    made = md(STRINGS[name])
    assert unescaped_marks(made) == []
    assert "http:" not in made.replace("\\", "")
    assert "https:" not in made.replace("\\", "")
    assert "www." not in made.replace("\\", "")
    assert "\n" not in made


@pytest.mark.parametrize("shortcode", [":material/verified:", ":smile:", ":red[x]", ":green-badge[x]"])
def test_icons_emoji_and_colours_are_taken_apart(shortcode: str) -> None:
    assert shortcode not in md(shortcode).replace("\\", "")


def test_controls_overrides_and_lone_surrogates_go_and_letters_stay() -> None:
    assert clean("a\x00b\x1b[1m\u202ec\ud800d\u2066e\u2069") == "ab[1mcde"
    assert clean("Întrebări 医学 العربية 🩺\nnext\tline") == "Întrebări 医学 العربية 🩺\nnext\tline"
    assert line("two\nlines  and\tmore") == "two lines and more"
    assert clean(None) == ""


def test_long_text_is_cut_with_a_mark() -> None:
    assert line("x" * 400) == "x" * 299 + "…"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://host/x",
        "//host/x",
        "/dataset?slug=x",
        "https:///nohost",
        "https://good.example@evil.example/",
        "https://[broken/",
        "",
        None,
        "https://x.example/" + "a" * 3_000,
    ],
)
def test_an_address_that_is_not_plain_http_with_a_host_is_no_link(address: str | None) -> None:
    assert web(address) is None
    assert link("label", address) == "label"


def test_an_address_cannot_end_its_link_early() -> None:
    made = link("a]b", f'{EVIL}/x)![y](z) "<script>')
    assert made.startswith("[a\\]b](https://evil.example/x%29!%5By%5D%28z%29%20%22%3Cscript%3E)")


def test_hover_text_escapes_tags_and_breaks_lines() -> None:
    assert "<a" not in hover(STRINGS["plotly"])
    assert hover("one two", width=4) == "one<br>two"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_cell_is_no_formula(start: str) -> None:
    assert not str(cell(f"{start}1+1")).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell(-5) == -5


def test_csv_reads_back_as_it_was_shown() -> None:
    rows = [{"name": 'a "quoted", one', "n": 3, "tags": ["x", "y"], "none": None}, {"name": "=1+1"}]
    text = table_csv(rows, ("name", "n", "tags", "none")).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "n", "tags", "none"],
        ['a "quoted", one', "3", "x, y", ""],
        ["'=1+1", "", "", ""],
    ]


@pytest.mark.parametrize(("stem", "name"), [("../../etc/passwd", "etc-passwd.csv"), ("\u202e", "medregistry.csv")])
def test_a_download_is_named_by_us(stem: str, name: str) -> None:
    assert file_name(stem, ".csv") == name
