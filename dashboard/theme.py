"""How the pages look: Streamlit's theme options, and colour and shape of each kind of node."""

from __future__ import annotations

from typing import Any, NamedTuple

_LIGHT = {
    "primaryColor": "#0A66B7",
    "backgroundColor": "#FFFFFF",
    "secondaryBackgroundColor": "#F3F6F9",
    "textColor": "#0F1620",
    "linkColor": "#0A5FAB",
    "borderColor": "#D5DCE3",
    "dataframeHeaderBackgroundColor": "#F3F6F9",
    "codeBackgroundColor": "#F3F6F9",
    "codeTextColor": "#0F1620",
}
_DARK = {
    "primaryColor": "#4C94FF",
    "backgroundColor": "#11161C",
    "secondaryBackgroundColor": "#1A222B",
    "textColor": "#E6EBF0",
    "linkColor": "#7FB2FF",
    "borderColor": "#35414D",
    "dataframeHeaderBackgroundColor": "#1A222B",
    "codeBackgroundColor": "#1A222B",
    "codeTextColor": "#E6EBF0",
}

OPTIONS: dict[str, Any] = {
    "theme.baseFontSize": 15,
    "theme.headingFontSizes": ["1.75rem", "1.3rem", "1.1rem"],
    "theme.headingFontWeights": [650, 600, 600],
    "theme.baseRadius": "0.4rem",
    "theme.showWidgetBorder": True,
    "theme.showSidebarBorder": True,
    "theme.linkUnderline": True,
    "theme.paddingTop": "1rem",
    **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in _DARK.items()},
}
"""Streamlit's options: both themes are given, so the reader may choose."""


class Look(NamedTuple):
    """Word, plotly marker and colours of a kind of node."""

    word: str
    symbol: str
    light: str
    dark: str


KINDS = {
    "paper": Look("Paper", "diamond", "#595309", "#F2E33D"),
    "model": Look("Model", "square", "#8C008C", "#C66B9A"),
    "code": Look("Code", "cross", "#787D82", "#D0D5DA"),
    "space": Look("Space", "hexagon", "#D2693F", "#FF4A30"),
    "derived-dataset": Look("Derived dataset", "triangle-up", "#104038", "#00BF7F"),
    "dataset": Look("Dataset", "circle", "#0084E6", "#4C94FF"),
}
"""Told apart by colour, shape and word; the colours also by people who see fewer of them (a test measures it)."""


class Ink(NamedTuple):
    """Colours of what surrounds the nodes."""

    paper: str
    text: str
    edge: str
    lineage: str
    grid: str


INK = {
    "light": Ink(_LIGHT["backgroundColor"], _LIGHT["textColor"], "#B4BDC6", "#5B6B7A", "#E6EBF0"),
    "dark": Ink(_DARK["backgroundColor"], _DARK["textColor"], "#4A5763", "#93A4B5", "#232D37"),
}
