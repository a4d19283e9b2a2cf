"""Small tokenizers of every family, trained on text made up here, with control tokens of every kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CHATML = ("<|im_start|>", "<|im_end|>")

SENTENCES = (
    "The patient was admitted with fever, cough and dyspnoea after 3 days of treatment.",
    "Which of the following is the most likely diagnosis? A. Pneumonia B. Asthma C. Sepsis",
    "Metoprolol 25 mg twice daily; blood pressure 142/91 mmHg, heart rate 88 bpm.",
    "Pacientul prezintă dureri toracice și țesut tumoral în plămânul stâng.",
    "患者发热、咳嗽三天，血压正常，诊断为肺炎。",
    "El paciente niega antecedentes de alergia; se inició tratamiento antibiótico.",
    "user assistant system answer question context yes no maybe <s> </s> [SEP] [CLS] <|im_end|>",
    "naïve café ﬁne ½ Ångström µg β-blocker\tand\n\ntwo lines",
)


def _byte_bpe(special: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    return tokenizer


def byte_chatml() -> Tokenizer:
    """As Qwen: byte-level BPE whose control tokens are flagged special."""
    return _byte_bpe(("<|endoftext|>", *CHATML))


def byte_headers() -> Tokenizer:
    """As GPT-2: one control token, and a space before the first word."""
    tokenizer = _byte_bpe(("<|endoftext|>",))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return tokenizer


def byte_unflagged() -> Tokenizer:
    """Byte-level BPE whose control tokens are not flagged special, and added tokens with all other flags."""
    tokenizer = _byte_bpe(("<|endoftext|>",))
    tokenizer.add_tokens([AddedToken(token, special=False) for token in CHATML])
    tokenizer.add_tokens([AddedToken("<|tool|>", special=False, lstrip=True, rstrip=True)])
    tokenizer.add_special_tokens(
        [AddedToken("[EDGE]", lstrip=True, rstrip=True), AddedToken("[WORD]", single_word=True)]
    )
    tokenizer.add_tokens([AddedToken("mmHg", special=False), AddedToken("<think>", special=False)])
    return tokenizer


def byte_split() -> Tokenizer:
    """As Llama 3: a regular expression cuts words, whole words of the vocabulary skip the merges, a beginning token."""
    content = json.loads(_byte_bpe(("<|begin_of_text|>", "<|end_of_text|>", *CHATML)).to_str())
    content["model"]["ignore_merges"] = True
    tokenizer = Tokenizer.from_str(json.dumps(content))
    pattern = Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)]
    )
    return tokenizer


def wordpiece() -> Tokenizer:
    """As BERT uncased: lower case, accents off, [CLS] and [SEP] around."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def wordpiece_spaces() -> Tokenizer:
    """WordPiece over words cut at white space, so that "[SEP]" is a word of the vocabulary."""
    tokenizer = wordpiece()
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def _unigram(special: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>", *special], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    return tokenizer


def unigram() -> Tokenizer:
    """As T5: Unigram over Metaspace, an end token put by the tokenizer itself."""
    tokenizer = _unigram(())
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


def unigram_chatml() -> Tokenizer:
    """Unigram with ChatML tokens among its pieces."""
    return _unigram(CHATML)


def _sentencepiece_bpe(special: tuple[str, ...]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    content = json.loads(tokenizer.to_str())
    vocabulary = content["model"]["vocab"]
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    content["model"]["byte_fallback"] = True
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.add_special_tokens(list(special))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def llama() -> Tokenizer:
    """As Llama 2: the normaliser puts a space mark before each text, no pre-tokenizer, bytes for unknown characters."""
    tokenizer = _sentencepiece_bpe(())
    content = json.loads(tokenizer.to_str())
    content["pre_tokenizer"] = None
    content["normalizer"] = {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ],
    }
    return Tokenizer.from_str(json.dumps(content))


def mistral() -> Tokenizer:
    """As Mistral with ChatML: a space mark before the very first word alone."""
    tokenizer = _sentencepiece_bpe(CHATML)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    return tokenizer


FAMILIES: dict[str, Callable[[], Tokenizer]] = {
    made.__name__: made
    for made in (
        byte_chatml,
        byte_headers,
        byte_unflagged,
        byte_split,
        wordpiece,
        wordpiece_spaces,
        unigram,
        unigram_chatml,
        llama,
        mistral,
    )
}
"""Name of each kind of tokenizer and the function that trains it."""


@cache
def _trained(family: str) -> str:
    return FAMILIES[family]().to_str()


def tokenizer_of(family: str) -> Tokenizer:
    """A tokenizer of a family, trained once in a session; the caller's own copy."""
    return Tokenizer.from_str(_trained(family))
