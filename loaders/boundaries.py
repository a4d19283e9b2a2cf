"""Where a text may be cut before it is encoded, so that its pieces have the tokens of the whole.

Between two texts of a record a template puts some of its own, as "⏎⏎Context: ". A cut there is *proven* for a tokenizer
when it is one of these, and the normaliser, whose every rule looks at a few characters at a time, changes nothing
across it:

- *words apart*: the pre-tokenizer splits there and splits both sides as it splits the whole. What a pre-tokenizer does
  at a cut between white space and a visible character depends on the characters beside it alone where its rules are
  those of `_near`: no looking back, no looking further ahead than one character, and no run of several words; so two
  characters of either side are enough to try it.
- *no token across*: the sides are in one word, and no token of the vocabulary holds the two characters next to each
  other, so that no merge can join them. (Not for Unigram, where sums of scores are compared over the whole word.)

Where no cut is proven the texts are joined and encoded as one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from loaders.inert import Encoder, Place

REACH = 2
"""Characters on either side of a cut that decide what becomes of it."""

VISIBLE = "LNPS"
"""First letters of the general categories that a cut may stand beside: letters, numbers, punctuation, symbols."""

NORMALIZERS = {"NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "BertNormalizer", "Prepend", "Nmt", "Strip"}
"""Normalisers that look at a character and those that combine with it, or at white space at the ends of a text."""
PRE_TOKENIZERS = {"BertPreTokenizer", "Whitespace", "WhitespaceSplit", "Punctuation", "Digits", "Metaspace"}
"""Pre-tokenizers that decide by the kinds of neighbouring characters."""
RUNS_OF_SPACES = (" {2,}", r"\s+", r"\s{2,}", " +")


class Boundaries:
    """The proven cuts of a tokenizer; each is looked for once."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._content = encoder.content
        self._tokenizer = encoder.forms[Place.INNER].reference
        self._known: dict[tuple[str, str, str], int] = {}
        self.enabled = self._near_sighted()

    def cut(self, before: str, between: str, after: str) -> int:
        """Where to cut between two texts.

        Args:
            before: the last `REACH` characters of the first text.
            between: what the template puts between them.
            after: the first `REACH` characters of the second.

        Returns:
            How many characters of `between` stay with the first text; -1 where no cut is proven.
        """
        if not self.enabled:
            return -1
        key = (before, between, after)
        if key not in self._known:
            self._known[key] = next(self._proven(*key), -1)
        return self._known[key]

    def _proven(self, before: str, between: str, after: str) -> Iterator[int]:
        if not (before and after and _visible(before[-1]) and _visible(after[0])):
            return
        whole = before + between + after
        words = self._words(whole)
        for place in range(len(before), len(before) + len(between) + 1):
            left, right = whole[place - 1], whole[place]
            if left.isspace() == right.isspace() or not _visible(right if left.isspace() else left):
                continue
            if self._in_an_added_token(left, right):
                continue
            first, second = self._words(whole[:place]), self._words(whole[place:])
            if not first or not second:
                continue
            joined = [*first[:-1], first[-1] + second[0], *second[1:]]
            if words == first + second or (words == joined and self._never_joined(first[-1][-1], second[0][0])):
                yield place - len(before)

    def _words(self, text: str) -> list[str]:
        tokenizer = self._tokenizer
        if tokenizer.normalizer is not None:
            text = tokenizer.normalizer.normalize_str(text)
        if tokenizer.pre_tokenizer is None:
            return [text] if text else []
        return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]

    def _in_an_added_token(self, left: str, right: str) -> bool:
        return any(left + right in token["content"] for token in self._content["added_tokens"])

    def _never_joined(self, left: str, right: str) -> bool:
        """Whether no token holds the two characters in a row; tells nothing of words that hold an unknown character."""
        model = self._content["model"]
        if model.get("type") != "BPE" or any(
            model.get(rule) for rule in ("continuing_subword_prefix", "end_of_word_suffix", "ignore_merges")
        ):
            return False
        known = self._bytes_known or (left in self._pieces and right in self._pieces)
        return known and left + right not in self._pairs

    @cached_property
    def _pieces(self) -> set[str]:
        vocabulary = self._content["model"]["vocab"]
        return set(vocabulary) if isinstance(vocabulary, dict) else {token for token, _ in vocabulary}

    @cached_property
    def _bytes_known(self) -> bool:
        model = self._content["model"]
        return bool(model.get("byte_fallback")) and all(f"<0x{byte:02X}>" in self._pieces for byte in range(256))

    @cached_property
    def _pairs(self) -> set[str]:
        return {piece[i : i + 2] for piece in self._pieces for i in range(len(piece) - 1)}

    def _near_sighted(self) -> bool:
        """Whether every rule of the tokenizer decides by what is near, so that `REACH` characters tell."""
        wanders = any(
            token["lstrip"] or token["rstrip"] or token["single_word"]
            for token in self._content["added_tokens"]
            if not token["content"].startswith("\ufdd0")  # those are in no text
        )
        model = self._content["model"]
        return (
            not wanders
            and not model.get("dropout")
            and _near_normalizer(self._content.get("normalizer"))
            and _near_pre_tokenizer(self._content.get("pre_tokenizer"))
        )


def _visible(character: str) -> bool:
    return unicodedata.category(character)[0] in VISIBLE


def _near_normalizer(part: Any) -> bool:
    if part is None:
        return True
    kind = part["type"]
    if kind == "Sequence":
        return all(_near_normalizer(one) for one in part["normalizers"])
    if kind == "Replace":
        pattern = part["pattern"]
        return len(pattern.get("String", "too long")) == 1 or pattern.get("Regex") in RUNS_OF_SPACES
    return kind in NORMALIZERS or kind == "Precompiled"


def _near_pre_tokenizer(part: Any) -> bool:
    if part is None:
        return True
    kind = part["type"]
    if kind == "Sequence":
        return all(_near_pre_tokenizer(one) for one in part["pretokenizers"])
    if kind == "Split":
        pattern = part["pattern"]
        return len(pattern.get("String", "too long")) == 1 or ("Regex" in pattern and near(pattern["Regex"]))
    return kind in PRE_TOKENIZERS or kind == "ByteLevel"


ATOM = re.compile(
    r"""
    (?P<atom>
        \[ \^? \]? (?: \\. | \[:\^?\w+:\] | [^\]\\] )* \]   # a set of characters
      | \\[pP]\{ \^? [\w ]+ \} | \\[sSdDwWrnt] | \\[^\w]    # a class, or a sign that is escaped
      | \\x\{[0-9A-Fa-f]+\} | \\u[0-9A-Fa-f]{4}
      | \((?:\?i?:)?[^()\[\]{}?*+.^$\\\s]*\)                 # words to choose from, as (?:s|t|re)
      | [^()\[\]{}*+?.|^$\\]                                # a sign
    )
    (?P<times> [*+?] | \{\d+(?:,\d*)?\} )? [+?]?
    """,
    re.VERBOSE,
)
AT_MOST_ONE_AHEAD = r"(?!\S)"
SPACES = re.compile(r"\\[srnWDP]|\s|\\t|\\x\{(?:20|0?[9AaDd])\}|\[\^(?!.*\\s)")
"""What an atom is written with that may be white space."""


def near(pattern: str) -> bool:
    """Whether a regular expression that splits text decides by the `REACH` characters before white space.

    Each alternative must be a row of sets, classes, signs and words to choose from, each as often as it likes; looking
    ahead for "no more white space" is allowed, and nothing else that looks around. White space after visible
    characters may stand only where at most `REACH` atoms come before it.
    """
    for alternative in _alternatives(pattern):
        rest, atoms = alternative.removesuffix(AT_MOST_ONE_AHEAD), []
        while rest:
            found = ATOM.match(rest)
            if found is None or not found.end():
                return False
            atoms.append(bool(SPACES.search(found["atom"])))
            rest = rest[found.end() :]
        if any(spaces for spaces in atoms[REACH + 1 :]):
            return False
    return True


def _alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern: what stands between bars that are in no group and no set."""
    depth, inside, begun, parts = 0, False, 0, list[str]()
    position = 0
    while position < len(pattern):
        sign = pattern[position]
        if sign == "\\":
            position += 1
        elif inside:
            inside = sign != "]"
        elif sign == "[":
            inside = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and depth == 0:
            parts.append(pattern[begun:position])
            begun = position + 1
        position += 1
    return [*parts, pattern[begun:]]
