"""Files beside the data that are none, or hold it once more: outputs of models, and all rows in one file."""

from __future__ import annotations

from pathlib import PurePosixPath

from loaders.recognise.words import folded, split_of

_OUTPUTS = frozenset({"predictions", "preds", "predicted", "submission", "outputs"})
_OUTPUT_OF_A_SPLIT = frozenset({"prediction", "pred", "submissions", "output"})
"""Alone they may be what the data are about; beside the name of a split they are not."""
_WHOLE = frozenset(
    {"all", "full", "whole", "complete", "entire", "combined", "merged", "dataset", "data", "total", "everything"}
)


def is_output(path: str) -> bool:
    """Whether a file's name says that it holds what a model gave, or a form for it."""
    words = folded(PurePosixPath(path).name).split()
    return bool(_OUTPUTS & set(words)) or (
        bool(_OUTPUT_OF_A_SPLIT & set(words)) and any(split_of(word) for word in words)
    )


def is_whole(name: str) -> bool:
    """Whether a group of files is called after nothing but that it holds everything."""
    words = folded(name.rsplit("/", 1)[-1]).split()
    return bool(words) and set(words) <= _WHOLE
