"""Encode the text of a dataset so that nothing in it becomes a control token, and say which bytes each token covers."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from tokenizers import Tokenizer

from loaders.control import inert
from loaders.engines import OWN_BYTES, Engine, Verdict, candidates, compared, probed
from loaders.ragged import begins, spread
from loaders.tokenizers import Source

Ints = npt.NDArray[np.int64]
SPACE_MARK = "▁"
UNKNOWN = 1 << 40
"""Width of a token that stands for any text: no text is as long, so the library itself is asked where it lies."""

CONTINUING = range(0x80, 0xC0)
"""Bytes of UTF-8 that go on with a character."""
PRINTED = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
"""Bytes that a byte-level vocabulary writes as the character of that number; the others come after 255, in order."""


class Place(IntEnum):
    """What stands before a text: nothing, a control token, or more of the same text."""

    FIRST = 0
    FOLLOWING = 1
    INNER = 2


class Encoded(NamedTuple):
    """Tokens of several texts, one after another.

    Attributes:
        ids: int32.
        starts, ends: int64, the bytes (UTF-8) that each token covers, counted over all texts joined. Tokens that share
            a character may cover the same bytes.
        counts: int64, the number of tokens of each text.
    """

    ids: npt.NDArray[np.int32]
    starts: Ints
    ends: Ints
    counts: Ints


@dataclass
class Form:
    """The tokenizer for texts at one place: the library's, and a fast engine that was seen to give the same ids."""

    reference: Tokenizer
    engine: Engine | None = None
    prefixes: bool = False
    """It puts a space before a text that has none."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)


class Encoder:
    """Encodes text as the `tokenizers` library does, with control tokens inert.

    Args:
        source: the tokenizer.
        fast: False asks no fast engine.
    """

    def __init__(self, source: Source, *, fast: bool = True) -> None:
        self.source = source
        self.content = inert(source)
        self._fast = fast
        forms: dict[str, Form] = {}
        self.forms: list[Form] = []
        for place in Place:
            content = _beginning(self.content, place)
            differs = json.dumps([content.get("normalizer"), content.get("pre_tokenizer")])
            if differs not in forms:
                forms[differs] = self._form(place, json.dumps(content, ensure_ascii=False))
            self.forms.append(forms[differs])

    @property
    def engine(self) -> str:
        """What encodes: the library or a fast engine, with its version."""
        engines = {form.engine.name if form.engine else f"tokenizers {version('tokenizers')}" for form in self.forms}
        return ", ".join(sorted(engines))

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What the comparisons of each engine with the library came to."""
        return {name: verdict for form in self.forms for name, verdict in form.verdicts.items()}

    def checked(self, texts: pl.Series) -> Encoder:
        """The same without the engines that differ from the library on the first of these texts."""
        own = texts.head(max(1, int((texts.str.len_bytes().cum_sum() <= OWN_BYTES).sum())))
        told = [text[:OWN_BYTES] for text in own]
        forms: dict[int, Form] = {}
        for form in self.forms:
            if id(form) in forms:
                continue
            forms[id(form)] = form
            if form.engine is not None:
                verdict = compared(form.engine, form.reference, told)
                verdicts = {**form.verdicts, f"{form.engine.name} on the dataset's own texts": verdict}
                engine = form.engine if verdict else None
                forms[id(form)] = replace(form, engine=engine, verdicts=verdicts)
        other = copy(self)
        other.forms = [forms[id(form)] for form in self.forms]
        return other

    def encode(self, texts: pl.Series | list[str], places: npt.NDArray[Any]) -> Encoded:
        """Encode texts, each by itself.

        Args:
            texts: what to encode.
            places: of each, a `Place`: a tokenizer that puts a space before the first word alone puts none where a
                control token, or more of the text, stands before.
        """
        texts = texts if isinstance(texts, pl.Series) else pl.Series(texts, dtype=pl.String)
        used = {id(self.forms[place]): self.forms[place] for place in np.unique(places).tolist()}
        if len(used) <= 1:
            return self._encode(next(iter(used.values()), self.forms[0]), texts)
        parts = []
        for form in used.values():
            chosen = np.isin(places, [place for place in Place if self.forms[place] is form])
            parts.append((np.flatnonzero(chosen), self._encode(form, texts.filter(pl.Series(chosen)))))
        return _interleaved(parts, texts)

    def ids(self, text: str) -> npt.NDArray[np.int32]:
        """The ids of one text that follows a control token."""
        return self.encode([text], np.array([Place.FOLLOWING])).ids

    @cached_property
    def continues(self) -> npt.NDArray[np.bool_]:
        """Of each token, by id, whether it goes on with a character that the token before it began."""
        return _continues(self.content)

    @cached_property
    def widths(self) -> Ints | None:
        """The bytes of text that each token stands for, by id; None where that is not told by the token alone."""
        return _widths(self.content)

    def _form(self, place: Place, text: str) -> Form:
        tokenizer = Tokenizer.from_str(text)
        tokenizer.encode_special_tokens = True
        form = Form(tokenizer)
        if not self._fast or self.widths is None:
            return form
        form.prefixes = int(self.widths[tokenizer.encode("a", add_special_tokens=False).ids].sum()) == 2
        added = [token.content for token in self.source.tokenizer.get_added_tokens_decoder().values()]
        for engine in candidates(text):
            verdict = probed(engine, tokenizer, f"{self.source.sha256} {place.name.lower()}", added)
            form.verdicts[engine.name] = verdict
            if verdict:
                form.engine = engine
                break
        return form

    def _encode(self, form: Form, texts: pl.Series) -> Encoded:
        if form.engine is None or self.widths is None:
            return _by_reference(form.reference, texts)
        ids, offsets = form.engine.encode(texts.to_list())
        sizes, counts = _bytes(texts), np.diff(offsets)
        widths = self.widths[ids]
        covered = np.diff(np.append(0, np.cumsum(widths))[offsets])
        if form.prefixes:
            longer = np.flatnonzero(covered == sizes + 1)
            widths[offsets[longer]] -= 1
            covered[longer] -= 1
        told = covered == sizes
        if told.all():
            return _told(ids.astype(np.int32), widths, counts)
        # A normaliser changed the others, or a token stands for any text: where they lie only the library can say.
        same = np.repeat(told, counts)
        alike = _told(ids.astype(np.int32)[same], widths[same], counts[told])
        others = _by_reference(form.reference, texts.filter(pl.Series(~told)))
        return _interleaved([(np.flatnonzero(told), alike), (np.flatnonzero(~told), others)], texts)


def encoder_of(source: Source) -> Encoder:
    """The encoder of a tokenizer; those used last stay open, as opening one takes up to a second."""
    key = (source.sha256, source.before, source.after, *sorted(source.named.items()))
    with _opening:
        if key not in _opened:
            while len(_opened) >= STAY_OPEN:
                del _opened[next(iter(_opened))]
            _opened[key] = Encoder(source)
        return _opened[key]


STAY_OPEN = 4
_opened: dict[tuple[Any, ...], Encoder] = {}
_opening = Lock()


def _told(ids: npt.NDArray[np.int32], widths: Ints, counts: Ints) -> Encoded:
    """Tokens that follow each other without a gap and together are the texts."""
    ends = np.cumsum(widths)
    return Encoded(ids, ends - widths, ends, counts)


def _by_reference(tokenizer: Tokenizer, texts: pl.Series) -> Encoded:
    encodings = tokenizer.encode_batch(texts.to_list(), add_special_tokens=False)
    counts = np.fromiter(map(len, encodings), np.int64, len(encodings))
    ids = np.fromiter(chain.from_iterable(one.ids for one in encodings), np.int32, int(counts.sum()))
    flat = chain.from_iterable(chain.from_iterable(one.offsets for one in encodings))
    spans = np.fromiter(flat, np.int64, 2 * len(ids)).reshape(-1, 2)
    chars = texts.str.len_chars().to_numpy().astype(np.int64)
    spans += np.repeat(np.cumsum(chars) - chars, counts)[:, None]
    if chars.sum() != (size := int(_bytes(texts).sum())):  # the library counts characters
        joined = np.frombuffer("".join(texts.to_list()).encode(), np.uint8)
        spans = np.append(np.flatnonzero((joined & 0xC0) != 0x80), size)[spans]
    return Encoded(ids, spans[:, 0], spans[:, 1], counts)


def _interleaved(parts: list[tuple[Ints, Encoded]], texts: pl.Series) -> Encoded:
    """Tokens of all texts from those of some and of the others; each part comes with the numbers of its texts."""
    sizes = _bytes(texts)
    base = np.cumsum(sizes) - sizes
    counts = np.zeros(len(texts), np.int64)
    for numbers, part in parts:
        counts[numbers] = part.counts
    at = begins(counts)
    made = Encoded(np.empty(at[-1], np.int32), np.empty(at[-1], np.int64), np.empty(at[-1], np.int64), counts)
    for numbers, part in parts:
        own = sizes[numbers]
        shift = np.repeat(base[numbers] - (np.cumsum(own) - own), part.counts)
        where = spread(at[numbers], part.counts)
        made.ids[where], made.starts[where], made.ends[where] = part.ids, part.starts + shift, part.ends + shift
    return made


def _bytes(texts: pl.Series) -> Ints:
    sizes: Ints = texts.str.len_bytes().to_numpy().astype(np.int64)
    return sizes


def _beginning(content: dict[str, Any], place: Place) -> dict[str, Any]:
    """The tokenizer.json for texts at a place."""
    if place is Place.FIRST:
        return content
    parts = ("normalizer", "pre_tokenizer")
    return content | {part: _without_prefix(content.get(part), once=place is Place.FOLLOWING) for part in parts}


def _without_prefix(part: Any, *, once: bool) -> Any:
    """A normaliser or pre-tokenizer that puts no space before a text; only "before the first word alone" if `once`."""
    if not isinstance(part, dict):
        return part
    kind = part.get("type")
    if kind == "Metaspace" and (part.get("prepend_scheme") == "first" or not once):
        return part | {"prepend_scheme": "never"}
    if not once and kind == "ByteLevel":
        return part | {"add_prefix_space": False}
    if not once and kind == "Prepend":
        return None
    for inside in ("normalizers", "pretokenizers"):
        if inside in part:
            changed = [_without_prefix(one, once=once) for one in part[inside]]
            return part | {inside: [one for one in changed if one is not None]}
    return part


def _widths(content: dict[str, Any]) -> Ints | None:
    model, vocabulary = content["model"], content["model"]["vocab"]
    if model.get("type") != "BPE" or model.get("end_of_word_suffix") or model.get("continuing_subword_prefix"):
        return None
    added = {token["content"]: token["id"] for token in content["added_tokens"]}
    widths = np.full(max([*vocabulary.values(), *added.values()], default=-1) + 1, UNKNOWN, np.int64)
    if _byte_level(content.get("pre_tokenizer")):
        known = {number: len(token) for token, number in vocabulary.items()}  # each character stands for a byte
    elif model.get("byte_fallback"):
        known = {number: len(token.replace(SPACE_MARK, " ").encode()) for token, number in vocabulary.items()}
        known |= {number: 1 for byte in range(256) if (number := vocabulary.get(f"<0x{byte:02X}>")) is not None}
    else:
        return None
    known |= {number: len(token.encode()) for token, number in added.items()}
    widths[list(known)] = list(known.values())
    if model.get("unk_token") is not None:
        widths[vocabulary[model["unk_token"]]] = UNKNOWN
    return widths


def _continues(content: dict[str, Any]) -> npt.NDArray[np.bool_]:
    vocabulary = content["model"]["vocab"]
    listed = vocabulary if isinstance(vocabulary, dict) else {token: n for n, (token, _) in enumerate(vocabulary)}
    others = [byte for byte in range(256) if byte not in PRINTED]
    signs = {chr(byte if byte in PRINTED else 256 + others.index(byte)) for byte in CONTINUING}
    begun = signs if _byte_level(content.get("pre_tokenizer")) else set()
    whole = {f"<0x{byte:02X}>" for byte in CONTINUING}
    found = [number for token, number in listed.items() if token[:1] in begun or token in whole]
    flags = np.zeros(max([0, *listed.values(), *(token["id"] for token in content["added_tokens"])]) + 1, bool)
    flags[found] = True
    return flags


def _byte_level(part: Any) -> bool:
    return isinstance(part, dict) and (
        part.get("type") == "ByteLevel" or any(_byte_level(one) for one in part.get("pretokenizers", ()))
    )
