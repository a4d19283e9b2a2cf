"""Tables on a page: one way to show them, the same widths and readings of columns everywhere."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

HEIGHT = 36
"""Pixels of a row."""


def _columns() -> dict[str, Any]:
    column = st.column_config
    host = r"https?://(?:www\.)?([^/?#]+)"
    wide = {
        "Before": 160,
        "Datasets": 210,
        "Evidence": 330,
        "File": 330,
        "From": 340,
        "Kind": 110,
        "Note": 300,
        "Paper": 260,
        "Place": 320,
        "Read in": 300,
        "SHA-256": 150,
        "Said by": 110,
        "Size of it": 180,
        "Status": 85,
        "Title": 380,
        "Value": 260,
        "What": 130,
        "What is wrong": 420,
        "When": 170,
    }
    return {name: column.TextColumn(width=width) for name, width in wide.items()} | {
        "Address": column.LinkColumn(display_text=host, width=150),
        "Sure": column.NumberColumn(format="percent", width=60, help="How sure the link is."),
        "Year": column.NumberColumn(format="%d", width=60),
        "Rows": column.NumberColumn(format="localized", width=80),
        "Records": column.NumberColumn(format="localized", width=90),
    }


def grid(frame: pl.DataFrame, key: str, alt: str, *, most: int = 12, select: bool = False) -> int | None:
    """Show a table; columns without a value are left out.

    Args:
        frame: cleaned text, numbers, and addresses that `dashboard.texts.web` let pass in the column "Address".
        key: of the widget.
        alt: what it is, for those who do not see it.
        most: rows up to which all are shown; more of them scroll.
        select: let a row be chosen.

    Returns:
        The chosen row, if any.
    """
    empty = [name for name in frame.columns if all(value in (None, "") for value in frame[name])]
    height: Any = "content" if frame.height <= most else HEIGHT * (most + 1)
    options: Any = {"on_select": "rerun", "selection_mode": "single-row"} if select else {}
    event: Any = st.dataframe(
        frame.drop(empty),
        key=key,
        alt=alt,
        hide_index=True,
        height=height,
        row_height=HEIGHT,
        placeholder="–",
        column_config={name: config for name, config in _columns().items() if name in frame.columns},
        **options,
    )
    # A chosen row may be one of an earlier, longer table.
    chosen = [index for index in event.selection.rows if index < frame.height] if select else []
    return chosen[0] if chosen else None
