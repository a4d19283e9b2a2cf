"""The control tokens of a tokenizer, and a copy of it in which no text is one of them.

`Tokenizer.encode_special_tokens` is not enough: it leaves added tokens that are not flagged special, and a Unigram or
whole-word vocabulary finds "</s>" as a piece of its own. So control tokens are renamed, in a copy of the tokenizer, to
marks that no text holds; their ids stay, and the template puts them in by id.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from loaders.tokenizers import Source

CHATML = ("<|im_start|>", "<|im_end|>")
SHAPE = re.compile(r"<[|｜].*[|｜]>")
"""An added token of this shape is a control token, whatever its flags say."""
USUAL = (
    *("<s>", "</s>", "<unk>", "<pad>", "<mask>", "<bos>", "<eos>", "<|endoftext|>", *CHATML),
    *("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[BOS]", "[EOS]"),
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


def inert(source: Source) -> dict[str, Any]:
    """The tokenizer.json of a copy in which text never becomes a control token; it puts nothing around a text."""
    content: dict[str, Any] = json.loads(source.tokenizer.to_str())
    mark = f"\ufdd0{secrets.token_hex(8)}-"
    _rename(content, {token: f"{mark}{number}\ufdd1" for token, number in control_tokens(source).items()})
    content["post_processor"] = None
    return content


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
