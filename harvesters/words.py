"""Words of the hubs in the words of the catalogue; those that say too little have none."""

from __future__ import annotations

import re
from collections.abc import Iterable

TASKS = {
    "audio-classification": "classification",
    "closed-domain-qa": "open-qa",
    "conversational": "dialogue",
    "coreference-resolution": "coreference",
    "dialogue-generation": "dialogue",
    "dialogue-modeling": "dialogue",
    "entity-linking-retrieval": "entity-linking",
    "extractive-qa": "extractive-qa",
    "fact-checking": "fact-checking",
    "fact-checking-retrieval": "fact-checking",
    "fill-mask": "pretraining",
    "image-captioning": "captioning",
    "image-classification": "classification",
    "image-segmentation": "segmentation",
    "image-to-text": "captioning",
    "language-modeling": "pretraining",
    "mask-generation": "segmentation",
    "multi-class-classification": "classification",
    "multi-label-classification": "classification",
    "multiple-choice": "multiple-choice-qa",
    "multiple-choice-qa": "multiple-choice-qa",
    "named-entity-recognition": "named-entity-recognition",
    "natural-language-inference": "textual-entailment",
    "object-detection": "detection",
    "open-domain-qa": "open-qa",
    "relation-extraction": "relation-extraction",
    "semantic-segmentation": "segmentation",
    "semantic-similarity-classification": "text-pair-classification",
    "semantic-similarity-scoring": "semantic-similarity",
    "sentence-similarity": "semantic-similarity",
    "summarization": "summarization",
    "text-classification": "classification",
    "text-retrieval": "retrieval",
    "text-simplification": "simplification",
    "token-classification": "named-entity-recognition",
    "translation": "translation",
    "visual-question-answering": "vqa",
    "word-sense-disambiguation": "word-sense-disambiguation",
}

MODALITIES = {
    "audio": "audio",
    "document": "text",
    "image": "image",
    "tabular": "tabular",
    "text": "text",
    "timeseries": "time-series",
    "video": "video",
}


def tasks(words: Iterable[str]) -> list[str]:
    """Tasks of the catalogue that these task categories and task ids of the Hub mean, each once."""
    return list(dict.fromkeys(TASKS[word] for word in words if word in TASKS))


def modalities(words: Iterable[str]) -> list[str]:
    """Modalities of the catalogue that these of the Hub mean, each once."""
    return list(dict.fromkeys(MODALITIES[word] for word in words if word in MODALITIES))


def languages(words: Iterable[str]) -> list[str]:
    """Language codes among `words`, in lower case; ``code``, ``multilingual`` and the like are none."""
    codes = (word.lower() for word in words)
    return list(dict.fromkeys(code for code in codes if re.fullmatch("[a-z]{2,3}(-[a-z]{2,4})?", code)))
