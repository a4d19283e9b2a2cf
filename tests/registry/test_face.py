"""What `import registry` offers on the catalogue."""

from __future__ import annotations

import datetime as dt
import json

import pytest

import registry
from registry import queries


@pytest.mark.usefixtures("catalogue_url")
class TestInfo:
    @pytest.mark.parametrize(
        ("name", "slug"),
        [
            ("medqaro", "medqaro"),
            ("MedQARo", "medqaro"),
            ("RoMedQA", "medqaro"),
            ("hf:qiaojin/PubMedQA", "pubmedqa"),
            ("hf:QIAOJIN/pubmedqa", "pubmedqa"),
            ("github:Jwoo5/ecg-qa", "ecg-qa"),
        ],
    )
    def test_a_dataset_is_known_by_slug_alias_and_repository(self, name: str, slug: str) -> None:
        assert registry.info(name).slug == slug

    def test_an_unknown_name_offers_near_ones_and_loads_no_neighbour(self) -> None:
        with pytest.raises(registry.UnknownDataset) as caught:
            registry.info("medcq")
        assert "medqa" in caught.value.near
        assert "medqa" in str(caught.value)

    def test_a_repository_of_several_datasets_is_refused_with_their_names(self) -> None:
        with pytest.raises(registry.UsageError, match=r"har-cot.*sleep-cot"):
            registry.info("github:StanfordBDHG/OpenTSLM")

    def test_it_tells_all_that_the_card_says(self) -> None:
        known = registry.info("medec")
        card = queries.card("medec")
        assert (known.name, known.access, known.licence) == (card.name, card.access, card.licence.data)
        assert known.card["unsure"] == card.unsure
        assert known.card["read_in"] == card.read_in
        assert [parent["slug"] for parent in known.parents] == [parent.dataset for parent in card.derived_from]
        assert known.terms["commercial"] is None  # the licence of a parent is not known

    def test_findings_of_a_parent_are_inherited(self) -> None:
        known = registry.info("medec")
        assert {row["inherited_from"] for row in known.findings} >= {None, "medqa"}

    def test_a_listed_dataset_says_that_it_is_and_where_it_was_read(self) -> None:
        row = queries.search_page("", limit=1, wanted=queries.finder.filters(status="listed")).rows[0]
        known = registry.info(row["slug"])
        assert known.standing == "listed"
        assert known.card["read_in"]

    def test_it_is_plain_json(self) -> None:
        assert json.loads(json.dumps(registry.info("medqaro").to_dict()))["slug"] == "medqaro"


@pytest.mark.usefixtures("catalogue_url")
class TestFindings:
    def test_of_one_dataset(self) -> None:
        found = registry.findings("medec")
        assert len(found) == 3
        assert all("medec" in row for row in found["datasets"])

    def test_of_all_by_kind(self) -> None:
        assert set(registry.findings(kind="contamination")["kind"]) == {"contamination"}
        assert len(registry.findings()) == 243

    def test_a_kind_that_is_none_is_refused(self) -> None:
        with pytest.raises(registry.UnknownOption, match="shortcut"):
            registry.findings(kind="typo")


@pytest.mark.usefixtures("catalogue_url")
class TestGraph:
    def test_around_a_dataset_stand_its_papers_and_relatives(self) -> None:
        drawn = registry.graph("medqa")
        assert drawn.graph["seed"] == "dataset:medqa"
        assert ("dataset:medec", "dataset:medqa") in {(a, b) for a, b, _ in drawn.edges(keys=True)}
        assert all(data["evidence"] for *_, data in drawn.edges(data=True))

    def test_every_edge_touches_what_a_step_reaches(self) -> None:
        near, far = registry.graph("medqa"), registry.graph("medqa", depth=2)
        assert set(near) < set(far)
        assert all("dataset:medqa" in edge for edge in near.edges())

    def test_relations_choose_the_edges(self) -> None:
        drawn = registry.graph("medqa", relations=["evaluates-on"])
        assert {key for *_, key in drawn.edges(keys=True)} == {"evaluates-on"}

    def test_a_relation_that_is_none_is_refused(self) -> None:
        with pytest.raises(registry.UnknownOption):
            registry.graph("medqa", relations=["likes"])

    def test_it_stops_at_the_limit_and_says_so(self) -> None:
        from registry.db import reading, ready
        from registry.graphs import graph

        with reading(ready()) as connection:
            drawn = graph(connection, "medqa", 2, limit=20)
        assert len(drawn) <= 20
        assert drawn.graph["truncated"]


@pytest.mark.usefixtures("catalogue_url")
class TestChanges:
    def test_the_first_import_added_everything(self) -> None:
        assert set(registry.changes(name="medqaro")["kind"]) == {"added", "new-finding"}

    def test_nothing_changed_in_the_future(self) -> None:
        assert registry.changes(since=dt.date(2999, 1, 1)).is_empty()


@pytest.mark.usefixtures("catalogue_url")
class TestBriefing:
    def test_it_is_at_most_three_lines(self) -> None:
        for slug in ("medec", "medqaro", "cmexam", "pubmedqa", "slake", "medqa"):
            assert len(queries.briefing(slug)) <= 3

    def test_it_names_findings_and_licence_limits(self) -> None:
        told = "\n".join(queries.briefing("medqaro"))
        assert "shortcut" in told
        assert "commercial use is forbidden" in told

    def test_the_effective_licence_names_the_ancestor_that_limits_it(self) -> None:
        assert "medqa" in queries.effective_licence("medec").reason("commercial")


def test_a_dataset_without_a_card_cannot_be_cited(embedded_catalogue_url: str) -> None:
    row = queries.search_page("", limit=1, wanted=queries.finder.filters(status="listed")).rows[0]
    with pytest.raises(registry.NotLoadable, match="no card"):
        queries.card(row["slug"])
