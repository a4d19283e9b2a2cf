"""The picture: by year and kind, never more than can be read, and nothing in it acts."""

from __future__ import annotations

import networkx as nx
import pytest

from dashboard.figure import LANES, MOST, figure, keep, layout, rows
from dashboard.theme import KINDS
from tests.dashboard.hostile import STRINGS


def neighbourhood(papers: int = 3, label: str = "Paper") -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph(seed="dataset:seed", truncated=False)
    graph.add_node("dataset:seed", kind="dataset", label="Seed", year=2020, slug="seed", url="https://seed.example")
    graph.add_node("dataset:child", kind="dataset", label="Child", year=2022, slug="child", url=None)
    graph.add_edge(
        "dataset:child",
        "dataset:seed",
        key="extends",
        relation="extends",
        evidence="card",
        origin="curated",
        confidence=1.0,
    )
    for index in range(papers):
        node = f"artifact:{index}"
        year = None if index == 0 else 2018 + index % 8
        graph.add_node(node, kind="paper", label=f"{label} {index}", year=year, url=None, citations=index)
        for relation in ("cites", "trains-on")[: 1 + index % 2]:
            graph.add_edge(
                node,
                "dataset:seed",
                key=relation,
                relation=relation,
                evidence="abstract",
                origin="harvested",
                confidence=0.8,
            )
    return graph


def test_of_too_many_nodes_the_most_cited_are_drawn_and_the_rest_is_counted() -> None:
    drawn, total = keep(neighbourhood(500), None)
    assert (drawn.number_of_nodes(), total) == (MOST, 502)
    assert "dataset:seed" in drawn
    assert "artifact:499" in drawn
    assert "artifact:1" not in drawn


def test_relations_that_are_not_asked_for_take_their_nodes_away() -> None:
    drawn, total = keep(neighbourhood(4), ("trains-on",))
    assert set(drawn) == {"dataset:seed", "artifact:1", "artifact:3"}
    assert total == 3
    assert {key for *_, key in drawn.edges(keys=True)} == {"trains-on"}


def test_a_dataset_that_nothing_touches_is_still_drawn() -> None:
    graph = neighbourhood(0)
    drawn, total = keep(graph, ("cites",))
    assert list(drawn) == ["dataset:seed"]
    assert total == 1
    assert figure(drawn, "light").data[-1].customdata[0][0] == "dataset:seed"


def test_no_two_nodes_share_a_place_and_lanes_do_not_mix() -> None:
    drawn, _ = keep(neighbourhood(280), None)
    plan = layout(drawn)
    assert len(set(plan.places.values())) == drawn.number_of_nodes()
    heights = {kind: [plan.places[n][1] for n, d in drawn.nodes(data=True) if d["kind"] == kind] for kind in LANES}
    assert max(heights["dataset"]) < min(heights["paper"])


def test_what_has_no_year_stands_apart_and_says_so() -> None:
    plan = layout(neighbourhood(3))
    x = plan.places["artifact:0"][0]
    assert x < min(place for place, text in plan.ticks.items() if text.isdigit())
    assert plan.ticks[x] == "no year"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_point_carries_its_node_and_kinds_have_their_colour_and_shape(theme: str) -> None:
    drawn, _ = keep(neighbourhood(5), None)
    shown = figure(drawn, theme, selected="artifact:3")
    points = {row[0] for trace in shown.data if trace.customdata is not None for row in trace.customdata}
    assert points == set(drawn)
    papers = next(trace for trace in shown.data if (trace.name or "").startswith("Paper"))
    assert papers.name == "Paper (5)"
    assert papers.marker.symbol == KINDS["paper"].symbol
    assert papers.marker.color == getattr(KINDS["paper"], theme)
    assert papers.marker.opacity == 1
    assert all(trace.type == "scatter" for trace in shown.data)


@pytest.mark.parametrize("name", STRINGS)
def test_text_of_others_is_data_and_no_markup(name: str) -> None:
    drawn, _ = keep(neighbourhood(2, STRINGS[name]), None)
    shown = figure(drawn, "light")
    for trace in shown.data:
        assert "evil" not in (trace.hovertemplate or "") + (trace.name or "")
        for row in trace.customdata if trace.customdata is not None else ():
            assert "<" not in row[1].replace("<br>", "")


def test_the_table_has_every_edge_with_its_evidence() -> None:
    drawn, _ = keep(neighbourhood(4), None)
    found = rows(drawn)
    assert len(found) == drawn.number_of_edges()
    child = next(row for row in found if row["From"] == "Child")
    assert (child["Relation"], child["Dataset"], child["Evidence"]) == ("extends", "Seed", "the dataset's card says so")
    assert all(row["Sure"] and row["Said by"] for row in found)
