"""The steps of a pipeline, one function for each word of the vocabulary; importing this fills the table."""

from loaders.steps import answers, lists, media, nested, structs, text
from loaders.steps.table import STEPS, run

__all__ = ["STEPS", "answers", "lists", "media", "nested", "run", "structs", "text"]
