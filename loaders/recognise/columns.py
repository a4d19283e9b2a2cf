"""From the columns of a table to the fields of a schema: the first schema whose signs are there claims the table."""

from __future__ import annotations

from collections.abc import Callable

from loaders.recognise import choice, dialogue, labelled, prose
from loaders.recognise.common import with_common
from loaders.recognise.guess import Proposal
from loaders.recognise.table import Table

PROPOSERS: tuple[Callable[[Table], Proposal | None], ...] = (
    choice.propose,
    labelled.text_pair,
    dialogue.propose,
    labelled.segmentation,
    prose.instruction,
    prose.question_answer,
    prose.text_to_text,
    labelled.classification,
    prose.text,
)
"""In this order: what has options is no plain question, what has turns no plain text. A table that one of them claims
and doubts is not handed to the next, which would only see less of it."""


def propose(table: Table) -> Proposal | None:
    """The mapping of a table, not yet checked; None where no schema's signs are there."""
    for proposer in PROPOSERS:
        found = proposer(table)
        if found is not None:
            return with_common(table, found)
    return None
