"""Fast tokenizers that stand in for the `tokenizers` library where they give the same ids, seen before they are used.

None is trusted by its name: a probe of all of Unicode and the first texts of the dataset at hand go through both, and
one difference is enough to use the library itself. The verdict on the probe is kept, by tokenizer and versions, in
`cache/engines/`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loaders.tokenizers import keep
from registry.settings import settings

Flat = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]
"""Ids of several texts, one after another, and where each text's begin: n + 1 places."""

PROBE = 1
"""Another number whenever the probe becomes another."""
BLOCKS = (
    *((0, 0x3400, 16), (0x3400, 0xA000, 128), (0xA000, 0xAC00, 16), (0xAC00, 0xD800, 128), (0xE000, 0xF900, 512)),
    *((0xF900, 0x10000, 16), (0x10000, 0x1F000, 32), (0x1F000, 0x1FC00, 16), (0x1FC00, 0x110000, 4096)),
)
"""First code point, last, and how far apart the blocks are that are tried in more ways than one: ideographs, Hangul and
private characters are alike among themselves.
"""
OWN_BYTES = 200_000
"""Text of the dataset at hand that goes through both."""


class Engine(NamedTuple):
    """A fast tokenizer, opened; `encode` takes texts and puts nothing around them."""

    name: str
    encode: Callable[[list[str]], Flat]


class Verdict(NamedTuple):
    """Whether ids were the same: texts compared, how many differ, and one that does."""

    texts: int
    differ: int
    example: str = ""

    def __bool__(self) -> bool:
        return self.differ == 0


def candidates(content: str) -> Iterator[Engine]:
    """The fast engines that are installed and can open a tokenizer.json, the fastest first.

    Args:
        content: of the tokenizer.json.
    """
    for name, opened in (("fastokens", _fastokens), ("gigatoken", _gigatoken)):
        try:
            encode = opened(content)
        except ModuleNotFoundError:
            continue
        except Exception:  # noqa: BLE001, S112 - each refuses what it does not know in a way of its own
            continue
        yield Engine(f"{name} {version(name)}", encode)


def _fastokens(content: str) -> Callable[[list[str]], Flat]:
    from fastokens import Tokenizer

    tokenizer = Tokenizer.from_json_str(content)

    def encode(texts: list[str]) -> Flat:
        ids, offsets = tokenizer.encode_batch_flat(texts)
        return np.frombuffer(ids, np.uint32), np.frombuffer(offsets, np.uint64).astype(np.int64)

    return encode


def _gigatoken(content: str) -> Callable[[list[str]], Flat]:
    from gigatoken import Tokenizer

    tokenizer = Tokenizer.from_json(content)

    def encode(texts: list[str]) -> Flat:
        layout = tokenizer.encode_batch(texts).layout
        offsets = np.asarray(layout.offsets.data, np.int64)
        return np.asarray(layout.content.data, np.uint32)[offsets[0] : offsets[-1]], offsets - offsets[0]

    return encode


def compared(engine: Engine, reference: Any, texts: Sequence[str]) -> Verdict:
    """Encode texts with an engine and a `tokenizers.Tokenizer`, and say how many differ in any id."""
    theirs = [encoding.ids for encoding in reference.encode_batch_fast(list(texts), add_special_tokens=False)]
    try:
        ids, offsets = engine.encode(list(texts))
    except Exception as error:  # noqa: BLE001 - an engine that fails is not used, however it fails
        return Verdict(len(texts), len(texts), f"{type(error).__name__}: {str(error)[:200]}")
    sizes = np.fromiter(map(len, theirs), np.int64, len(theirs))
    if np.array_equal(np.diff(offsets), sizes):
        flat = np.fromiter((number for row in theirs for number in row), np.uint32, int(sizes.sum()))
        if np.array_equal(flat, ids):
            return Verdict(len(texts), 0)
    wrong = [i for i, row in enumerate(theirs) if ids[offsets[i] : offsets[i + 1]].tolist() != row]
    return Verdict(len(texts), len(wrong), texts[wrong[0]][:200])


def probed(engine: Engine, reference: Any, name: str, added: Sequence[str]) -> Verdict:
    """The verdict on the probe, kept or found now.

    Args:
        engine, reference: the same tokenizer, opened by both.
        name: what stands for the tokenizer: its SHA-256, and which form of it.
        added: contents of its added tokens, to try them in text.
    """
    told = json.dumps([PROBE, name, engine.name, version("tokenizers")])
    path = settings().cache / "engines" / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Verdict(int(kept["texts"]), int(kept["differ"]), str(kept["example"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    verdict = compared(engine, reference, [*probe(), *_around(added)])
    content = {"engine": engine.name, "tokenizer": name, "reference": f"tokenizers {version('tokenizers')}"}
    keep(path, json.dumps({**content, **verdict._asdict()}, ensure_ascii=True, indent=1) + "\n")
    return verdict


@cache
def probe() -> tuple[str, ...]:
    """About 18,000 short texts: every code point of the two planes that are written in, and some of the others.

    Each block of sixteen comes bare; most come spaced, and among letters, digits, spaces and line ends; then runs of
    white space, of digits and of one sign, and short forms as in "it's".
    """
    written = [start for start in range(0, 0x20000, 16) if not 0xD800 <= start < 0xE000]
    texts = ["".join(map(chr, range(start, start + 16))) for start in written]
    for first, last, step in BLOCKS:
        for start in range(first, last, step):
            block = [chr(code) for code in range(start, start + 16)]
            texts.append(" ".join(block))
            if step == 16:
                alone = block if start < 0x600 else block[::6]
                texts += [f"ab{c}cd {c}1{c} 's{c}'S\t{c}\n{c}." for c in alone]
    for space in (" ", "\n", "\t", "\r\n", "\r", "\u00a0", "\u3000", "\u2028", " \n", "\n ", "\t "):
        texts += [f"{space * n}a{space * n}1{space * n}.{space * n}Å{space * n}" for n in (*range(1, 26), 100)]
    for sign in "0a.ä你'\"-=#_€":
        texts += [f"x {sign * n} y{sign * n}" for n in (*range(1, 20), 1000)]
    shorts = ("s", "t", "re", "ve", "m", "ll", "d")
    for mark in "'’`":
        texts += [f"it{mark}{end} IT{mark}{end.upper()} {mark}{end} 1{mark}{end}\n{mark}{end}" for end in shorts]
    return tuple(texts)


def _around(added: Sequence[str]) -> list[str]:
    """Added tokens among text, at its ends and beside each other."""
    return [
        form.format(token)
        for token in added[:2000]
        for form in ("{0}", "x{0}y", " {0} ", "x {0} y", "x\n{0}\ny", "{0}{0} {0}", "A{0}1{0}.")
    ]
