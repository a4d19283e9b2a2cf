"""Which statements of the product take longest, and which of them read a whole table that is large."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection, Engine, event, literal, select
from sqlmodel import SQLModel

LARGE = 1_000
"""Rows from which a table is large."""
HELPERS = ("standing.py", "db.py", "statements.py")
"""Files that run statements for others."""
_LIST = re.compile(r"(?:\?|%\(\w+\)s(?:::\w+)?)(?:, *(?:\?|%\(\w+\)s(?:::\w+)?))+")
_SCAN = {
    "sqlite": re.compile(r"^SCAN (\w+)(?! VIRTUAL)"),
    "postgresql": re.compile(r"Seq Scan on (\w+)"),
}


class Watch:
    """Statements by the line that runs them: SQL with values, seconds, and how often."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.times: dict[str, int] = {}
        self.examples: dict[tuple[str, str], tuple[str, Any]] = {}

    def note(self, sql: str, values: Any, many: bool, seconds: float) -> None:
        """A statement that has run."""
        line = _line()
        self.seconds[line] = self.seconds.get(line, 0.0) + seconds
        self.times[line] = self.times.get(line, 0) + 1
        self.examples.setdefault((line, _LIST.sub("…", sql)), (sql, values[0] if many else values))

    def slowest(self, count: int = 3) -> list[str]:
        """The lines that took longest, with their share of the time of all."""
        whole = sum(self.seconds.values()) or 1.0
        ranked = sorted(self.seconds, key=lambda line: -self.seconds[line])[:count]
        shares = ((line, f"{self.seconds[line] / whole:.0%} of {whole:.2f} s in the database") for line in ranked)
        return [f"{share}: {self.times[line]} statements of {line}" for line, share in shares]

    def scans(self, target: Engine) -> list[str]:
        """Line and table of each full scan of a large table."""
        name = target.dialect.name
        found: dict[str, None] = {}
        with target.connect() as connection:
            if name == "postgresql":
                # It reads a small table whole though there is an index: what it does without one is of interest.
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            for (line, _), (sql, values) in self.examples.items():
                if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH", "INSERT")):
                    continue
                explain = "EXPLAIN QUERY PLAN" if name == "sqlite" else "EXPLAIN"
                plan = [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {sql}", values)]
                for scanned in (match[1] for step in plan if (match := _SCAN[name].search(step))):
                    if _is_large(connection, scanned):
                        found[f"{line} reads all of {scanned}"] = None
        return list(found)


def _is_large(connection: Connection, name: str) -> bool:
    """False too for what is no table but a part of the statement."""
    made = SQLModel.metadata.tables.get(name)
    if made is None:
        return False
    return len(connection.execute(select(literal(1)).select_from(made).limit(LARGE)).fetchall()) == LARGE


def _line() -> str:
    """``file.py:12 function`` of the product's own line that runs the present statement."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.parent.name in ("registry", "harvesters") and path.name not in HELPERS:
            return f"{path.parent.name}/{path.name}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back
    return "elsewhere"


@contextmanager
def watched(target: Engine) -> Iterator[Watch]:
    """Take note of the statements of a block."""
    watch, begun = Watch(), [0.0]

    def before(*_: Any) -> None:
        begun[0] = time.perf_counter()

    def after(_connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        watch.note(sql, values, many, time.perf_counter() - begun[0])

    event.listen(target, "before_cursor_execute", before)
    event.listen(target, "after_cursor_execute", after)
    try:
        yield watch
    finally:
        event.remove(target, "before_cursor_execute", before)
        event.remove(target, "after_cursor_execute", after)
