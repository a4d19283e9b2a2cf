"""The words that the options of tokens take."""

from __future__ import annotations

LABELS = ("answer", "last-answer", "all-but-system", "all")
"""On what loss is taken: every answer of the assistant, the last one, everything but the system's, everything."""

TRUNCATES = ("context", "context-head", "context-middle", "drop")
"""What goes of a row that is too long: the end of its context, its beginning, its middle; or the row."""

CUTS = ("context", "turns", "question")
"""What may be cut of a row, in this order and only while it is too long."""

PACKINGS = ("best-fit", "none")
"""How rows share a pack."""

ENGINES = ("local", "ray")
"""Where tokens are made: in this process, or on a Ray cluster."""
