"""What changed in the catalogue, newest first."""

from __future__ import annotations

import streamlit as st

from dashboard import address, reads, tables, words
from dashboard.grids import grid
from dashboard.texts import file_name, table_csv
from registry.vocabulary import EVENT_KIND

LIMIT = 500
ROWS = 16
EXPORT = ("at", "kind", "slug", "name", "field", "old", "new", "origin", "place")


def show() -> None:
    """The page."""
    address.begin("changes")
    st.title("What changed", anchor=False)
    kind = address.one("event", EVENT_KIND)
    key, used = address.widget("event", kind)
    st.pills(
        "Kind of change", EVENT_KIND, key=key, on_change=used, format_func=lambda word: words.EVENT.get(word, word)
    )
    rows = reads.changes(kind, LIMIT)
    if not rows:
        st.text("Nothing of this kind happened since this catalogue was made; not every source is harvested yet.")
        return
    told = f"The newest {LIMIT} changes" if len(rows) == LIMIT else words.count(len(rows), "change")
    st.markdown(f"**{told}** · as of {words.minute(reads.state()['changed_at'])}")
    alt = "Changes with the old and the new value, who said it and where it was read"
    grid(tables.events(rows), f"changes-{kind}", alt, most=ROWS)
    st.download_button(
        "Download as CSV",
        lambda: table_csv(rows, EXPORT),
        file_name("medregistry-changes", ".csv"),
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    address.remember("changes")


show()
