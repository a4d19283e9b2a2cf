"""Files that a card's words cannot describe: what their recipes refuse, and what they leave to the readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders.read import Located
from loaders.recipes import schizzosquad
from registry.errors import ReadError
from registry.loadspec import Read


def located(folder: Path, name: str, data: bytes) -> Located:
    path = folder / name
    path.write_bytes(data)
    return Located(path, name)


class TestPostsThatWereCutIntoParts:
    def test_a_character_cut_between_two_parts_is_whole_again(self, tmp_path: Path) -> None:
        first = located(tmp_path, "Part1.txt", b'_id,text\r\n100000001,"it\xe2\x80\r\n')
        second = located(tmp_path, "Part2.txt", b'\x99s"\r\n100000002,two\r\n')
        posts = schizzosquad.read([first, second], Read(format="text"))
        assert posts.rows() == [("100000001", "it’s"), ("100000002", "two")]

    def test_the_first_part_is_known_by_its_header(self, tmp_path: Path) -> None:
        part = located(tmp_path, "Part2.txt", b"100000002,two\r\n")
        with pytest.raises(ReadError, match=r"Part2\.txt: does not begin with '_id,text'"):
            schizzosquad.read([part], Read(format="text"))

    def test_a_missing_part_is_told_where_a_character_stays_cut(self, tmp_path: Path) -> None:
        first = located(tmp_path, "Part1.txt", b'_id,text\r\n100000001,one\r\n100000002,"it\xe2\x80\r\n')
        third = located(tmp_path, "Part3.txt", b"100000003,three\r\n")
        with pytest.raises(ReadError, match="post 2 of the parts put together is not UTF-8; a part is missing"):
            schizzosquad.read([first, third], Read(format="text"))

    def test_files_of_another_format_are_read_as_ever(self, tmp_path: Path) -> None:
        file = located(tmp_path, "a.jsonl", b'{"a": 1}\n')
        assert schizzosquad.read([file], Read(format="jsonl"))["a"].to_list() == [1]
