"""Words that pictures and signals brought: flags by place, and the group of rows that repeat the same bytes."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl
import pytest

from loaders.mapping import evaluate
from registry.errors import ReadError
from registry.loadspec import Pipeline

NAMES = ["mass", "nodule", "hernia"]


def value(column: list[Any], *steps: Any, dtype: Any = None) -> pl.Series:
    return evaluate(Pipeline.parse(["x", *steps]), pl.DataFrame({"x": pl.Series(column, dtype=dtype)}))


class TestFlagged:
    def test_true_flags_become_their_names_in_order(self) -> None:
        flags = [[1, 0, 1], [0, 0, 0], [0, 3, 0]]
        found = value(flags, {"flagged": NAMES}, dtype=pl.List(pl.UInt8))
        assert found.to_list() == [["mass", "hernia"], [], ["nodule"]]

    def test_flags_may_be_written_as_booleans_and_missing_lists_have_no_names(self) -> None:
        assert value([[True, False, True], None], {"flagged": NAMES}).to_list()[0] == ["mass", "hernia"]
        assert not value([[True, False, True], None], {"flagged": NAMES}).to_list()[1]

    def test_a_list_of_another_length_is_refused(self) -> None:
        with pytest.raises(ReadError, match="does not have 3 values, one for each name"):
            value([[1, 0, 1], [1, 0]], {"flagged": NAMES})

    def test_what_is_no_flag_is_refused(self) -> None:
        with pytest.raises(ReadError, match="is neither a flag nor a count"):
            value([["1", "0", "maybe"]], {"flagged": NAMES})


class TestDigest:
    def test_equal_bytes_have_equal_digests(self) -> None:
        found = value([b"a", None, b"b", b"a"], "digest").to_list()
        assert found == [hashlib.sha256(data).hexdigest()[:16] if data else None for data in (b"a", None, b"b", b"a")]

    def test_a_text_has_the_digest_of_its_bytes(self) -> None:
        assert value(["é"], "digest").to_list() == value(["é".encode()], "digest").to_list()
