"""The picture of a neighbourhood: year from left to right, kinds in lanes. Nothing is simulated, so it stays put."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import plotly.graph_objects as go

from dashboard import words
from dashboard.texts import hover, line
from dashboard.theme import INK, KINDS
from registry.vocabulary import LINEAGE

if TYPE_CHECKING:
    import networkx as nx

MOST = 300
"""Nodes that are drawn; more can neither be read nor clicked."""

ROW = 24
"""Pixels between two nodes of a stack."""

BULGE = 0.7
"""Rows by which a line between two datasets bends."""

LANES = ("paper", "model", "code", "space", "derived-dataset", "dataset")

Position = tuple[float, float]


class Layout(NamedTuple):
    """Place of each node, the middle of each lane, what stands at the axis, and the number of rows."""

    places: dict[str, Position]
    lanes: dict[str, float]
    ticks: dict[float, str]
    rows: int


def keep(graph: nx.MultiDiGraph, relations: Iterable[str] | None, most: int = MOST) -> tuple[nx.MultiDiGraph, int]:
    """The part of a neighbourhood that is drawn, and how many nodes there are to draw.

    Edges of other `relations` go (None keeps all), and nodes that hang on none of the rest. Of too many, those that
    are cited most stay, then those with most edges.
    """
    seed = graph.graph["seed"]
    wanted = None if relations is None else set(relations)
    edges = [edge for edge in graph.edges(keys=True) if wanted is None or edge[2] in wanted]
    part = graph.edge_subgraph(edges)
    nodes = _reached(part, seed) if seed in part else {seed}
    total = len(nodes)
    if total > most:
        order = sorted(nodes - {seed}, key=lambda node: _weight(graph, node), reverse=True)
        nodes = {seed, *order[: most - 1]}
    drawn = part.subgraph(nodes) if seed in part else graph.subgraph(nodes).edge_subgraph([])
    return (drawn if seed in drawn else graph.subgraph([seed])), total


def _reached(graph: nx.MultiDiGraph, seed: str) -> set[str]:
    import networkx as nx

    return set(nx.node_connected_component(graph.to_undirected(as_view=True), seed))


def _weight(graph: nx.MultiDiGraph, node: str) -> tuple[int, int, str]:
    return (graph.nodes[node].get("citations") or 0, graph.degree(node), node)


def layout(graph: nx.MultiDiGraph) -> Layout:
    """Nodes of one kind and year are stacked in their lane, side by side where there are many."""
    years = [data["year"] for _, data in graph.nodes(data=True) if data.get("year")]
    first, last = (min(years), max(years)) if years else (2000, 2000)
    first = max(first, last - 24)
    unknown = first - 1.4
    cells: dict[tuple[str, float], list[str]] = defaultdict(list)
    for node, data in graph.nodes(data=True):
        year = data.get("year")
        cells[data["kind"], max(float(year), first) if year else unknown].append(node)
    span = last - first + (2 if any(x == unknown for _, x in cells) else 1)
    across = max(1, min(3, 20 // span))
    places: dict[str, Position] = {}
    lanes: dict[str, float] = {}
    bottom = 0.0
    for kind in reversed(LANES):
        stacks = {x: nodes for (of, x), nodes in cells.items() if of == kind}
        if not stacks:
            continue
        height = max(-(-len(nodes) // across) for nodes in stacks.values())
        for x, nodes in stacks.items():
            nodes.sort(key=lambda node: (*_weight(graph, node)[:2], line(graph.nodes[node].get("label"))), reverse=True)
            rows = -(-len(nodes) // across)
            for index, node in enumerate(nodes):
                row, column = divmod(index, across)
                in_row = min(across, len(nodes) - row * across)
                shift = (column - (in_row - 1) / 2) * 0.84 / across
                places[node] = (x + shift, bottom + (height - 1) / 2 + (rows - 1) / 2 - row)
        lanes[kind] = bottom + (height - 1) / 2
        bottom += height + 1
    step = 1 if last - first < 13 else 2
    ticks = {float(year): str(year) for year in range(last, first - 1, -step)}
    if any(data.get("year") and data["year"] < first for _, data in graph.nodes(data=True)):
        ticks.pop(float(first + 1), None)
        ticks[float(first)] = f"≤ {first}"
    if any(x == unknown for _, x in cells):
        ticks[unknown] = "no year"
    return Layout(places, lanes, ticks, int(bottom))


def figure(graph: nx.MultiDiGraph, theme: str, selected: str | None = None) -> go.Figure:
    """The drawing of what `keep` kept; points carry their node's name as `customdata[0]`.

    Args:
        graph: nodes and edges as of `registry.graph`.
        theme: light or dark.
        selected: the node whose edges are drawn strongly.
    """
    plan, ink, seed = layout(graph), INK[theme], graph.graph["seed"]
    counts = Counter(data["kind"] for _, data in graph.nodes(data=True))
    made = [edge for edge in graph.edges(keys=True) if edge[2] in LINEAGE]
    linked = [edge for edge in graph.edges(keys=True) if edge[2] not in LINEAGE]
    traces = [
        _lines(plan, linked, ink.edge, 0.8, "solid", "uses, cites, reports"),
        _lines(plan, made, ink.lineage, 1.4, "dot", "made from"),
    ]
    if selected in plan.places:
        touching = [edge for edge in graph.edges(keys=True) if selected in edge[:2]]
        traces.append(_lines(plan, touching, ink.text, 1.6, "solid", "of the selected one"))
        traces.append(_ring(plan, selected, ink.text))
    traces += [_nodes(graph, plan, kind, theme, counts[kind], ink.paper) for kind in LANES if counts[kind]]
    shown = go.Figure([trace for trace in traces if trace is not None])
    x, y = plan.places[seed]
    # Near an edge of the picture the name grows inwards.
    left, right = min(plan.ticks), max(plan.ticks)
    third = (right - left) / 3
    anchor = "left" if x < left + third else "right" if x > right - third else "center"
    shown.add_annotation(
        x=x,
        y=y,
        text=f"<b>{hover(graph.nodes[seed]['label'], 40, 1)}</b>",
        showarrow=False,
        xanchor=anchor if right > left else "center",
        xshift={"left": -14, "right": 14}.get(anchor, 0),
        yshift=-24,
        font={"color": ink.text, "size": 13},
    )
    shown.update_layout(
        height=max(400, min(960, plan.rows * ROW + 150)),
        margin={"l": 8, "r": 8, "t": 8, "b": 100},
        paper_bgcolor=ink.paper,
        plot_bgcolor=ink.paper,
        font={"color": ink.text},
        dragmode="pan",
        hovermode="closest",
        clickmode="event+select",
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "itemclick": False,
            "itemdoubleclick": False,
        },
        hoverlabel={"align": "left"},
    )
    shown.update_xaxes(
        title="Year of publication",
        tickvals=list(plan.ticks),
        ticktext=list(plan.ticks.values()),
        gridcolor=ink.grid,
        zeroline=False,
        tickfont={"color": ink.text},
        title_font={"color": ink.text},
    )
    shown.update_yaxes(
        tickvals=list(plan.lanes.values()),
        ticktext=[f"{KINDS[kind].word}s" if kind != "code" else "Code" for kind in plan.lanes],
        showgrid=False,
        zeroline=False,
        tickfont={"color": ink.text},
        range=[-1.2, plan.rows - 0.2],
    )
    return shown


def _lines(
    plan: Layout, edges: Iterable[tuple[str, str, str]], colour: str, width: float, dash: str, name: str
) -> go.Scatter | None:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for tail, head, relation in edges:
        (x0, y0), (x1, y1) = plan.places[tail], plan.places[head]
        # Datasets share a lane: a straight line between two of them would run through those in between.
        bend = BULGE if relation in LINEAGE else 0.0
        for part in (step / 8 for step in range(9)) if bend else (0.0, 1.0):
            xs.append(x0 + (x1 - x0) * part)
            ys.append(y0 + (y1 - y0) * part + 4 * bend * part * (1 - part))
        xs.append(None)
        ys.append(None)
    if not xs:
        return None
    style = {"color": colour, "width": width, "dash": dash}
    return go.Scatter(x=xs, y=ys, mode="lines", line=style, hoverinfo="skip", name=name, showlegend=True)


def _ring(plan: Layout, node: str, colour: str) -> go.Scatter:
    x, y = plan.places[node]
    marker = {"symbol": "circle-open", "size": 30, "color": colour, "line": {"width": 2}, "opacity": 1}
    return go.Scatter(x=[x], y=[y], mode="markers", marker=marker, hoverinfo="skip", showlegend=False)


def _nodes(graph: nx.MultiDiGraph, plan: Layout, kind: str, theme: str, count: int, paper: str) -> go.Scatter:
    look, seed = KINDS[kind], graph.graph["seed"]
    nodes = [node for node, data in graph.nodes(data=True) if data["kind"] == kind]
    facts = [graph.nodes[node] for node in nodes]
    return go.Scatter(
        x=[plan.places[node][0] for node in nodes],
        y=[plan.places[node][1] for node in nodes],
        mode="markers",
        name=f"{look.word} ({count:,})",
        marker={
            "symbol": look.symbol,
            "color": look.dark if theme == "dark" else look.light,
            "size": [
                22 if node == seed else _size(data.get("citations")) for node, data in zip(nodes, facts, strict=True)
            ],
            "opacity": 1,
            "line": {"color": paper, "width": 1},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        customdata=[
            [node, hover(data["label"]), data.get("year") or "no year"] for node, data in zip(nodes, facts, strict=True)
        ],
        hovertemplate=f"%{{customdata[1]}}<br>{look.word}, %{{customdata[2]}}<extra></extra>",
    )


def _size(citations: int | None) -> float:
    return min(26.0, 12 + 3 * math.log2(1 + (citations or 0)) / 2)


def rows(graph: nx.MultiDiGraph) -> list[dict[str, Any]]:
    """The edges as rows of a table: who, relation, to whom, why we think so."""
    found = []
    for tail, head, data in graph.edges(data=True):
        who, whom = graph.nodes[tail], graph.nodes[head]
        relation = data["relation"]
        found.append(
            {
                "From": line(who["label"]),
                "Kind": KINDS[who["kind"]].word,
                "Year": who.get("year"),
                "Relation": words.RELATION.get(relation, words.LINEAGE.get(relation, relation)).removesuffix(" it"),
                "Dataset": line(whom["label"]),
                "Evidence": words.evidence(line(data["evidence"], 600)),
                "Sure": data.get("confidence"),
                "Said by": words.ORIGIN.get(data["origin"], data["origin"]),
                "nodes": (tail, head),
            }
        )
    return sorted(found, key=lambda row: (-(row["Year"] or 0), row["From"]))
