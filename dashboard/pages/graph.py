"""The citation graph around a dataset: as a picture, in words beside it, and as a table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboard import address, figure, reads, site, words
from dashboard.grids import grid
from dashboard.texts import file_name, host, line, link, md, table_csv, web
from dashboard.theme import KINDS
from registry.errors import UnknownDataset, UsageError
from registry.finder import NO_FILTERS
from registry.vocabulary import LINEAGE, RELATION

if TYPE_CHECKING:
    import networkx as nx

TABLE_ROWS = 12
CONFIG = {"displaylogo": False, "scrollZoom": False, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"]}


@st.cache_resource(ttl="10m", max_entries=60, show_spinner=False)
def part(stand: str, slug: str, steps: int, relations: tuple[str, ...]) -> tuple[nx.MultiDiGraph, int]:
    """What is drawn around a dataset, and how many nodes there are."""
    return figure.keep(reads.graph(slug, steps), relations or None)


@st.cache_resource(ttl="10m", max_entries=60, show_spinner=False)
def drawing(stand: str, slug: str, steps: int, relations: tuple[str, ...], theme: str, node: str | None) -> go.Figure:
    """The figure, shared by all who look at the same."""
    return figure.figure(part(stand, slug, steps, relations)[0], theme, node)


def controls(around: str, steps: int, counts: Counter[str], relations: tuple[str, ...]) -> None:
    """What is looked at, from how far, by which relations."""
    name, distance = st.columns([3, 1], vertical_alignment="bottom")
    key, used = address.widget("around", around, resets=("node", "relation"))
    name.text_input(
        "Around which dataset", key=key, on_change=used, max_chars=80, icon=":material/hub:", placeholder="medqa"
    )
    key, used = address.widget("steps", str(steps), "1", resets=("node",))
    with distance:
        st.segmented_control(
            "Steps from it",
            ("1", "2"),
            key=key,
            on_change=used,
            required=True,
            help="1: what touches it. 2: also what else that touches.",
        )
    present = [word for word in (*RELATION, *LINEAGE) if counts[word]]
    if len(present) > 1:
        key, used = address.widget("relation", list(relations), resets=("node",))
        st.pills(
            "Relations (none chosen: all)",
            present,
            selection_mode="multi",
            key=key,
            on_change=used,
            format_func=lambda word: f"{relation(word)} ({counts[word]:,})",
        )


def relation(word: str) -> str:
    """A relation as a verb."""
    return words.RELATION.get(word, words.LINEAGE.get(word, word)).removesuffix(" it")


def picked(chart: str) -> None:
    """Put the clicked node in the address."""
    points: list[dict[str, Any]] = st.session_state[chart]["selection"]["points"]
    named = [point["customdata"][0] for point in points if point.get("customdata")]
    address.put("node", named[0] if named else None)


def picture(
    shown: nx.MultiDiGraph, theme: str, slug: str, steps: int, relations: tuple[str, ...], node: str | None
) -> None:
    """The chart; a click on a node selects it."""
    key = f"chart-{slug}-{steps}"
    kinds = Counter(KINDS[data["kind"]].word.lower() for _, data in shown.nodes(data=True))
    told = ", ".join(words.count(number, kind) for kind, number in kinds.items())
    st.plotly_chart(
        drawing(reads.version(), slug, steps, relations, theme, node),
        key=key,
        on_select=lambda: picked(key),
        selection_mode="points",
        config=CONFIG,
        alt=f"Around {line(shown.nodes[shown.graph['seed']]['label'], 80)}: {told}, by year; the table has the same",
    )


def panel(shown: nx.MultiDiGraph, node: str | None) -> None:
    """What is known of the selected node, and why it is here."""
    labels = {name: line(data["label"], 90) for name, data in shown.nodes(data=True)}
    order = sorted(labels, key=lambda name: (shown.nodes[name]["kind"], labels[name].casefold()))
    key, used = address.widget("node", node)
    st.selectbox(
        "Selected",
        order,
        key=key,
        on_change=used,
        index=None,
        format_func=lambda name: f"{labels.get(name, name)} · {KINDS[shown.nodes[name]['kind']].word}",
        placeholder="Click a node, or choose one here",
    )
    if node is None:
        st.text("Its title, year and address, and the evidence of each of its edges, will stand here.")
        return
    data = shown.nodes[node]
    st.markdown(f"**{md(data['label'], 240)}**")
    told = [KINDS[data["kind"]].word, str(data.get("year") or "year not known")]
    if data.get("citations") is not None:
        told.append(words.count(data["citations"], "citation"))
    st.text(" · ".join(told))
    if target := web(data.get("url")):
        st.markdown(f"Address: {link(host(target), target)}")
    if slug := data.get("slug"):
        site.to_dataset(slug, "Open its page")
        if node != shown.graph["seed"]:
            site.link("graph", "Put it in the middle", icon=":material/hub:", around=slug)
    edges = [row for row in figure.rows(shown) if node in row["nodes"]]
    st.markdown(f"**{words.count(len(edges), 'edge')}**")
    for row in edges[:6]:
        out = row["nodes"][0] == node
        other = row["Dataset"] if out else row["From"]
        with st.container(gap=None):
            st.markdown(f"{row['Relation']} {md(other, 90)}" if out else f"{md(other, 90)} {row['Relation']} it")
            sure = f"{row['Sure']:.0%} sure, " if row["Sure"] is not None else ""
            st.caption(f"{md(row['Evidence'], 220) or 'no evidence noted'} ({sure}said by {row['Said by']})")
    if len(edges) > 6:
        st.text(f"and {len(edges) - 6} more in the table below")


def table(shown: nx.MultiDiGraph) -> None:
    """The same, edge by edge."""
    found = figure.rows(shown)
    st.header("The same as a table", anchor="table")
    if not found:
        st.text("No edge is known.")
        return
    columns = ("From", "Kind", "Year", "Relation", "Dataset", "Evidence", "Sure", "Said by")
    frame = pl.DataFrame([{name: row[name] for name in columns} for row in found], infer_schema_length=None)
    grid(frame, "edges", "Edges of the graph with relation, evidence and how sure they are", most=TABLE_ROWS)
    st.download_button(
        "Download the edges as CSV",
        lambda: table_csv(found, columns),
        file_name(f"medregistry-graph-{shown.graph['seed'].removeprefix('dataset:')}", ".csv"),
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def start() -> str | None:
    """The dataset to begin with: the one that most papers are about."""
    rows = reads.page("", NO_FILTERS, "cited_by", 1).rows
    return rows[0]["slug"] if rows else None


def unknown(around: str, error: UsageError) -> None:
    """No such dataset: near names to go on with."""
    st.header("No dataset of this name" if isinstance(error, UnknownDataset) else "Which one?", anchor=False)
    if isinstance(error, UnknownDataset):
        st.text(around)
        for slug in error.near:
            site.link("graph", slug, icon=":material/hub:", around=slug)
    else:
        st.text(line(error, 400))
    site.link("catalogue", "Search the catalogue", icon=":material/search:", q=around)


def show() -> None:
    """The page."""
    address.begin("graph")
    st.title("Citation graph", anchor=False)
    around = address.text("around", 80) or start()
    if around is None:
        st.text("The catalogue holds no dataset yet.")
        return
    steps = 2 if address.text("steps") == "2" else 1
    try:
        slug = reads.dataset(around).slug
        whole = reads.graph(slug, steps)
    except UsageError as error:
        controls(around, steps, Counter(), ())
        unknown(around, error)
        return
    counts = Counter(key for _, _, key in whole.edges(keys=True))
    relations = address.many("relation", counts.keys())
    controls(around, steps, counts, relations)
    shown, total = part(reads.version(), slug, steps, relations)
    node = address.one("node", list(shown.nodes))
    told = f"**{shown.number_of_nodes():,}" + (f" of {total:,}" if total > shown.number_of_nodes() else "")
    told += f" nodes** · {words.count(shown.number_of_edges(), 'edge')}"
    if total > shown.number_of_nodes():
        told += " · the most cited ones are drawn"
    if whole.graph["truncated"]:
        told += f" · the search stopped at {whole.number_of_nodes():,} nodes"
    st.markdown(
        told, help="Papers, models, code and datasets that this catalogue links, with the evidence of each edge."
    )
    chart, beside = st.columns([3, 1], gap="medium")
    with chart:
        picture(shown, st.context.theme.type or "light", slug, steps, relations, node)
    with beside:
        panel(shown, node)
    table(shown)
    address.remember("graph")


show()
