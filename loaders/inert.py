"""Encode the text of a dataset so that nothing in it becomes a control token.

`Tokenizer.encode_special_tokens` is not enough: it leaves added tokens that are not flagged special, and a Unigram or
whole-word vocabulary finds "</s>" as a piece of its own. So control tokens are renamed, in a copy of the tokenizer, to
marks that no text holds; their ids stay, and the template puts them in by id.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, compress
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from loaders.tokenizers import Source

CHATML = ("<|im_start|>", "<|im_end|>")
SHAPE = re.compile(r"<[|｜].*[|｜]>")
"""An added token of this shape is a control token, whatever its flags say."""
USUAL = (
    *("<s>", "</s>", "<unk>", "<pad>", "<mask>", "<bos>", "<eos>", "<|endoftext|>", *CHATML),
    *("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[BOS]", "[EOS]"),
)


@dataclass(frozen=True)
class Encoded:
    """Tokens of several texts, one after another: `ids` int32; `starts`, `ends` int64 character places in each text;
    `counts` int64, the number of tokens of each text.
    """

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


class Encoder:
    """Encodes text as the `tokenizers` library does, with control tokens inert."""

    def __init__(self, source: Source) -> None:
        self.control = control_tokens(source)
        content = json.loads(source.tokenizer.to_str())
        mark = f"\ufdd0{secrets.token_hex(8)}-"
        _rename(content, {token: f"{mark}{number}\ufdd1" for token, number in self.control.items()})
        content["post_processor"] = None
        self._opening = _tokenizer(content)
        self._following = _tokenizer(content) if _prefix_once(content.get("pre_tokenizer")) else self._opening

    def encode(self, texts: Sequence[str], following: npt.NDArray[np.bool_]) -> Encoded:
        """Encode texts, each by itself.

        Args:
            texts: what to encode.
            following: of each, whether a control token stands before it: a tokenizer that puts a space before the first
                word alone puts none there.
        """
        if self._following is self._opening or not following.any():
            encodings = self._opening.encode_batch(texts, add_special_tokens=False)
        else:
            first, others = (
                iter(tokenizer.encode_batch(list(compress(texts, chosen)), add_special_tokens=False))
                for tokenizer, chosen in ((self._opening, ~following), (self._following, following))
            )
            encodings = [next(others if after else first) for after in following]
        spans = np.array(list(chain.from_iterable(e.offsets for e in encodings)), np.int64).reshape(-1, 2)
        return Encoded(
            np.fromiter(chain.from_iterable(e.ids for e in encodings), np.int32),
            spans[:, 0],
            spans[:, 1],
            np.fromiter((len(e) for e in encodings), np.int64, len(encodings)),
        )


def control_tokens(source: Source) -> dict[str, int]:
    """The control tokens of a tokenizer and their ids.

    They are the added tokens flagged special or of the shape <|…|>, those with a role (beginning, end, padding, …),
    those the tokenizer puts around a text itself, and the usual names that its vocabulary has. A token of one character
    is none, whatever its role: it is text that people write.
    """
    tokenizer = source.tokenizer
    added = {
        token.content: number
        for number, token in tokenizer.get_added_tokens_decoder().items()
        if token.special or SHAPE.fullmatch(token.content)
    }
    numbers = [*source.named.values(), *source.before, *source.after]
    named = {token: number for number in numbers if (token := tokenizer.id_to_token(number)) is not None}
    usual = {token: number for token in USUAL if (number := tokenizer.token_to_id(token)) is not None}
    return {token: number for token, number in (usual | named | added).items() if len(token) > 1}


def _tokenizer(content: dict[str, Any]) -> Tokenizer:
    tokenizer = Tokenizer.from_str(json.dumps(content, ensure_ascii=False))
    tokenizer.encode_special_tokens = True
    return tokenizer


def _rename(content: dict[str, Any], names: dict[str, str]) -> None:
    for token in content["added_tokens"]:
        if token["content"] in names:
            token.update(content=names[token["content"]], special=True, normalized=False)
    model = content["model"]
    vocabulary = model["vocab"]
    if isinstance(vocabulary, dict):
        model["vocab"] = {names.get(token, token): number for token, number in vocabulary.items()}
    else:
        model["vocab"] = [[names.get(token, token), score] for token, score in vocabulary]
    if model.get("unk_token") in names:
        model["unk_token"] = names[model["unk_token"]]
    if "merges" in model:
        inner = model.get("continuing_subword_prefix") or ""
        pairs = [pair.split(" ", 1) if isinstance(pair, str) else pair for pair in model["merges"]]
        model["merges"] = [
            [left, right]
            for left, right in pairs
            if left not in names and right not in names and left + right.removeprefix(inner) not in names
        ]


def _prefix_once(pre_tokenizer: Any) -> bool:
    """Turn "a space before the first word" into "none", in place; say whether it was so."""
    if not isinstance(pre_tokenizer, dict):
        return False
    once = pre_tokenizer.get("type") == "Metaspace" and pre_tokenizer.get("prepend_scheme") == "first"
    if once:
        pre_tokenizer["prepend_scheme"] = "never"
    parts = [_prefix_once(part) for part in pre_tokenizer.get("pretokenizers") or ()]
    return once or any(parts)
