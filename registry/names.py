"""How names and texts are compared: without case, accents or punctuation; Chinese, Japanese, Thai letter by letter."""

from __future__ import annotations

import re
import unicodedata

_UNSPACED = re.compile("([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")
_BREAKS = re.compile(r"[^\w]+|_+")


def fold(text: str) -> str:
    """Lower-case words parted by single blanks, without accents; scripts that know no blanks come letter by letter.

    ``fold("Événement-QA 泌尿")`` is ``"evenement qa 泌 尿"``. Korean stays in words.
    """
    if text.isascii():
        return " ".join(_BREAKS.sub(" ", text.lower()).split())
    decomposed = unicodedata.normalize("NFKD", text)
    bare = unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
    return " ".join(_BREAKS.sub(" ", _UNSPACED.sub(r" \1 ", bare.casefold())).split())


def squeeze(text: str) -> str:
    """`fold` without blanks: what makes ``PubMed QA``, ``pubmed_qa`` and ``PubMedQA`` one name."""
    return fold(text).replace(" ", "")
