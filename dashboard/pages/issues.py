"""What is known to be wrong, over all datasets."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import address, reads, site, words
from dashboard.grids import grid
from dashboard.texts import file_name, line, link, table_csv, web
from registry.standing import Row
from registry.vocabulary import FINDING_KIND, FINDING_STATUS

EXPORT = ("slug", "kind", "status", "origin", "datasets", "statement", "effect", "paper", "url", "year", "revision")
ROWS = 14


def frame(rows: list[Row]) -> pl.DataFrame:
    """The findings as people read them."""
    return pl.DataFrame(
        [
            {
                "Kind": words.FINDING.get(row["kind"], row["kind"]),
                "Datasets": line(words.few(row["datasets"], 3)) or "a class of datasets",
                "What is wrong": line(row["statement"], 1_000),
                "Size of it": line(row["effect"], 600),
                "Status": row["status"],
                "Said by": words.ORIGIN.get(row["origin"], row["origin"]),
                "Year": row["year"],
                "Paper": line(row["paper"]),
                "Address": web(row["url"]),
            }
            for row in rows
        ],
        schema_overrides={"Year": pl.Int64, "Address": pl.String},
        infer_schema_length=None,
    )


def selected(row: Row) -> None:
    """One finding in full, with links to the datasets it is about."""
    with st.container(border=True):
        st.markdown(f"**{words.FINDING.get(row['kind'], row['kind'])}**, {row['status']}")
        st.text(line(row["statement"], 2_000))
        if row["effect"]:
            st.text(f"Size of it: {line(row['effect'], 1_000)}")
        if row["paper"]:
            st.markdown(f"Reported in {link(row['paper'], row['url'])}" + (f" ({row['year']})" if row["year"] else ""))
        with st.container(horizontal=True, gap="xsmall"):
            for slug in row["datasets"][:40]:
                site.to_dataset(slug)


def show() -> None:
    """The page."""
    address.begin("issues")
    st.title("Known issues", anchor=False)
    everything = reads.findings()
    present = [word for word in FINDING_KIND if any(row["kind"] == word for row in everything)]
    kind = address.one("kind", present)
    state = address.one("state", FINDING_STATUS)
    counts = {word: sum(row["kind"] == word for row in everything) for word in present}
    key, used = address.widget("kind", kind)
    st.pills(
        "Kind",
        present,
        key=key,
        on_change=used,
        format_func=lambda word: f"{words.FINDING.get(word, word)} ({counts[word]:,})",
        help="Extra annotations are no fault: somebody added labels to the dataset after its release.",
    )
    states = [word for word in FINDING_STATUS if any(row["status"] == word for row in everything)]
    if len(states) > 1:
        key, used = address.widget("state", state)
        st.pills("Status", states, key=key, on_change=used, help="Candidates are not confirmed by a person yet.")
    rows = [row for row in everything if kind in (None, row["kind"]) and state in (None, row["status"])]
    told = words.count(len(rows), "finding")
    st.markdown(f"**{told}** · as of {words.minute(reads.state()['changed_at'])}")
    if not rows:
        st.text("No finding of this kind is known; that does not mean there is none.")
        return
    alt = "Findings with the datasets they are about; select a row to read it in full"
    chosen = grid(frame(rows), f"findings-{kind}-{state}", alt, most=ROWS, select=True)
    if chosen is None:
        st.text("Select a row to read it in full and to go to its datasets.")
    else:
        selected(rows[chosen])
    st.download_button(
        f"Download these {len(rows):,} as CSV",
        lambda: table_csv(rows, EXPORT),
        file_name("medregistry-issues", ".csv"),
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    address.remember("issues")


show()
