"""Patterns of paths: they mean what a shell means by them, and none takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.paths import matcher
from registry.errors import MedRegistryError


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*a" * 200 + "b", "a" * 4_000, False),
        ("*a" * 200 + "*", "a" * 4_000, True),
        ("{a,a}" * 200 + "b", "a" * 200, False),
        ("**/" * 200 + "b", "a/" * 200, False),
    ],
)
def test_a_pattern_that_would_go_back_without_end_is_matched_at_once(pattern: str, path: str, fits: bool) -> None:
    begun = time.process_time()
    assert matcher(pattern).fullmatch(path) is fits
    assert time.process_time() - begun < 2


def as_expression(pattern: str) -> tuple[str, int]:
    """What a pattern means, as a regular expression that may go back; and how many of its braces are open."""
    signs = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    out, depth = "", 0
    for sign in re.findall(r"\*\*/|\*\*|.", pattern, re.DOTALL):
        if sign == "{":
            out, depth = out + "(?:", depth + 1
        elif sign == "}" and depth:
            out, depth = out + ")", depth - 1
        else:
            out += "|" if sign == "," and depth else signs.get(sign, re.escape(sign))
    return out, depth


@settings(max_examples=400, deadline=None)
@given(st.text("ab/*?{},.\n", max_size=9), st.lists(st.text("ab/,.\n{}", max_size=8), max_size=8))
def test_patterns_mean_what_their_regular_expression_means(pattern: str, paths: list[str]) -> None:
    text, depth = as_expression(pattern)
    expression = re.compile(text + ")" * depth, re.DOTALL)
    if depth:
        with pytest.raises(MedRegistryError, match="open brace"):
            matcher(pattern)
        return
    wanted = matcher(pattern)
    for path in paths:
        assert wanted.fullmatch(path) is bool(expression.fullmatch(path))
