"""Each page, run in this process on all cards of the package and some private ones."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import reads
from registry.finder import Filters
from tests.dashboard import hostile
from tests.dashboard.conftest import ENTRY, Run


def words(app: AppTest) -> str:
    """All text of the page, headings and cells aside."""
    kinds = (
        app.markdown,
        app.text,
        app.title,
        app.header,
        app.subheader,
        app.info,
        app.warning,
        app.error,
        app.caption,
    )
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def grid(app: AppTest, index: int = 0) -> list[dict[str, object]]:
    return app.dataframe[index].value.to_dict("records")


def names(app: AppTest) -> list[str]:
    return [str(row["Dataset"]) for row in grid(app)]


def by_label(app: AppTest, kind: str, label: str) -> Any:
    return next(element for element in getattr(app, kind) if element.label == label)


def asked(app: AppTest, name: str) -> list[str]:
    value = app.query_params[name]
    return [value] if isinstance(value, str) else value


def pills(app: AppTest, label: str) -> Any:
    return next(element for element in app.button_group if element.label == label)


def test_the_landing_page_shows_the_most_used_datasets_and_where_they_are_kept(run: Run, catalogue: str) -> None:
    app = run()
    assert app.title[0].value == "Medical datasets"
    assert len(grid(app)) == 50
    assert "MedQA (USMLE)" in names(app)[:5]
    assert {row["Standing"] for row in grid(app)} <= {"Curated", "Listed"}
    assert catalogue in words(app)
    assert re.search(r"\*\*2,\d{3}\*\* datasets · \d+ curated \+ 1,\d{3} listed · as of \d+ \w{3} \d{4}", words(app))


def test_words_and_filters_of_the_address_choose_the_rows(run: Run) -> None:
    app = run(q="oncology", language="ro")
    assert set(names(app)) >= {"MedQARo"}
    assert {row["Language"] for row in grid(app)} == {"Romanian"}
    assert by_label(app, "text_input", "Search names, summaries, tasks and papers").value == "oncology"


def test_searching_writes_the_address_and_forgets_the_page_number(run: Run) -> None:
    app = run(page="3", sort="name")
    app.text_input[0].set_value("romanian").run()
    assert asked(app, "q") == ["romanian"]
    assert "page" not in app.query_params
    assert asked(app, "sort") == ["name"]
    assert "MedQARo" in names(app)


def test_choices_of_a_facet_are_alternatives_and_their_counts_follow_the_other_filters(run: Run) -> None:
    app = run(modality=["audio", "video"])
    both = reads.page("", Filters(modality=("audio", "video"))).total
    assert f"**{both:,}** of" in words(app)
    counts = reads.facets("", Filters(modality=("audio", "video")))["access"]
    assert f"Open ({counts.get('open', 0):,})" in pills(app, "Access").options
    assert any(option.startswith("text (") for option in pills(app, "Modality").options)


def test_a_facet_that_is_clicked_goes_to_the_address_and_can_be_dropped_again(run: Run) -> None:
    app = run()
    pills(app, "Standing").set_value(["curated"]).run()
    assert asked(app, "standing") == ["curated"]
    assert {row["Standing"] for row in grid(app)} == {"Curated"}
    next(button for button in app.button if button.label == "Standing: Curated").click().run()
    assert "standing" not in app.query_params


@pytest.mark.parametrize("use", ["commercial", "non-commercial", "unclear"])
def test_may_i_use_it_is_a_filter(run: Run, use: str) -> None:
    app = run(use=use)
    read = {"commercial": "Yes", "non-commercial": "Not commercially", "unclear": "Not known"}[use]
    assert {row["May I use it?"] for row in grid(app)} == {read}


def test_nonsense_in_the_address_is_ignored(run: Run) -> None:
    app = run(modality="smell", sort="zzz", page="-1", use="<script>", loads="perhaps")
    assert len(grid(app)) == 50


def test_a_page_beyond_the_last_is_the_last(run: Run) -> None:
    app = run(page="99999", standing="curated")
    assert 0 < len(grid(app)) <= 50


def test_a_misspelt_word_is_mended_and_told(run: Run) -> None:
    app = run(q="chexprt")
    assert "CheXpert" in names(app)
    assert "instead of" in words(app)


def test_an_empty_result_says_which_filter_took_the_last_hits_away(run: Run) -> None:
    app = run(q="medqaro", modality="audio")
    assert app.header[0].value == "No dataset fits"
    labels = [button.label for button in app.button]
    assert "Without Modality\\: audio (1)" in labels
    next(button for button in app.button if button.label.startswith("Without Modality")).click().run()
    assert "modality" not in app.query_params
    assert names(app) == ["MedQARo"]


def test_the_export_holds_every_row_that_matches(run: Run) -> None:
    run()
    wanted = Filters(language=("ro",))
    rows = reads.everything("", wanted, "name")
    assert len(rows) == reads.page("", wanted).total
    assert {"MedQARo", "Harmless Romanian QA"} <= {row["name"] for row in rows}


def test_a_curated_dataset_tells_how_to_load_it_what_is_wrong_and_how_to_cite_it(run: Run) -> None:
    app = run("dataset.py", slug="medqaro")
    text, code = words(app), "\n".join(element.value for element in app.code)
    assert 'registry.load("medqaro", files=' in code
    assert "romedqa_train_dataset.csv" in code
    assert "@misc{medqaro" in code
    assert "Not commercially" in text
    assert "1 known issue" in text
    assert "fixed questionnaire" in text
    assert "CC\\-BY\\-NC\\-SA\\-4\\.0" in text
    assert "Read by a curator that day" in text
    assert {"Not sure", "Where these facts were read"} <= {element.value for element in app.header}


def test_what_a_dataset_inherits_is_told_apart_from_its_own(run: Run) -> None:
    app = run("dataset.py", slug="medec")
    text = words(app)
    assert "more in what it is made from" in text
    assert "no licence is stated for medqa" in text


def test_sources_that_disagree_are_shown_with_both_values_and_where_each_was_read(run: Run) -> None:
    app = run("dataset.py", slug="medqa")
    tables = [element.value for element in app.dataframe if "Shown" in element.value.columns]
    rows = tables[0].to_dict("records")
    years = {row["Value"]: row["Read in"] for row in rows if row["Field"] == "year"}
    assert years.keys() == {"2021", "2020"}
    assert all(years.values())


def test_a_listed_dataset_says_that_it_is_less_sure_and_is_loaded_by_what_its_files_look_like(run: Run) -> None:
    app = run("dataset.py", slug="chexpert-b")
    assert "Listed, not curated" in app.warning[0].value
    assert "they are recognised by what they look like" in words(app)
    assert "What no source tells" in {element.value for element in app.header}
    assert 'registry.load("chexpert-b")' in app.code[0].value


def test_an_alias_finds_its_dataset(run: Run) -> None:
    assert run("dataset.py", slug="RoMedQA").title[0].value == "MedQARo"


def test_an_unknown_name_is_shown_as_it_was_typed_with_near_ones(run: Run) -> None:
    app = run("dataset.py", slug="medqarro")
    assert app.title[0].value == "No dataset of this name"
    assert app.text[0].value == "medqarro"
    assert "medqaro" in [element.proto.label for element in app.get("page_link")]


def test_no_name_is_no_error(run: Run) -> None:
    assert run("dataset.py").title[0].value == "No dataset is named"


def test_every_figure_of_the_size_says_where_it_was_counted(run: Run) -> None:
    assert "Counted in: README (commit 99f2663, 2026-01-27)" in words(run("dataset.py", slug="medqaro"))


def test_the_graph_begins_with_the_most_used_dataset_and_has_the_same_as_a_table(run: Run) -> None:
    app = run("graph.py")
    assert len(app.get("plotly_chart")) == 1
    told = re.search(r"\*\*(\d+) nodes\*\* · (\d+) edges", words(app))
    assert told
    assert len(grid(app)) == int(told[2])
    assert {"From", "Relation", "Dataset", "Evidence"} <= set(app.dataframe[0].value.columns)


def test_a_node_of_the_address_fills_the_panel_with_its_evidence(run: Run) -> None:
    app = run("graph.py", around="medqa", node="dataset:medec")
    text = words(app)
    assert "**MEDEC**" in text
    assert "the MS part is made from MedQA vignettes" in text
    app.query_params["node"] = "dataset:elsewhere"
    app.run()
    assert "will stand here" in words(app)


def test_relations_narrow_the_graph(run: Run) -> None:
    app = run("graph.py", around="medqa", relation="trains-on")
    assert {row["Relation"] for row in grid(app)} == {"trains on"}


def test_two_steps_reach_further(run: Run) -> None:
    near, far = (len(grid(run("graph.py", around="medec", steps=steps))) for steps in ("1", "2"))
    assert far > near


def test_a_graph_around_nothing_offers_near_names(run: Run) -> None:
    app = run("graph.py", around="medqarro")
    assert app.header[0].value == "No dataset of this name"
    assert not app.get("plotly_chart")


def test_all_findings_are_counted_by_kind(run: Run) -> None:
    app = run("issues.py", kind="shortcut")
    assert {row["Kind"] for row in grid(app)} == {"Shortcut"}
    assert f"Shortcut ({len(grid(app))})" in pills(app, "Kind").options


def test_changes_can_be_told_by_kind(run: Run) -> None:
    app = run("changes.py", event="new-finding")
    assert {row["What"] for row in grid(app)} == {"New finding"}


@pytest.mark.parametrize("name", [*hostile.STRINGS, "all", "listed"])
@pytest.mark.parametrize("page", ["dataset.py", "graph.py"])
def test_hostile_text_breaks_no_page(run: Run, page: str, name: str) -> None:
    slug = f"hostile-{name}"
    app = run(page, **({"slug": slug} if page == "dataset.py" else {"around": slug, "node": f"dataset:{slug}"}))
    assert not app.error
    assert app.title[0].value


@pytest.mark.parametrize("text", ["\x00", "%", "'; DROP TABLE dataset; --", '"*" OR', "{{7*7}}", "\u202e"])
def test_hostile_addresses_break_no_page(run: Run, text: str) -> None:
    assert not run(q=text).error
    assert not run("dataset.py", slug=text).error
    assert not run("graph.py", around=text, relation=text, node=text).error
    assert not run("issues.py", kind=text).error


def test_what_is_downloaded_holds_no_formula(run: Run) -> None:
    from dashboard.texts import table_csv

    run()
    text = table_csv(reads.everything("hostile", Filters(), "name"), ("name", "summary")).decode("utf-8-sig")
    found = [value for row in csv.reader(io.StringIO(text)) for value in row]
    assert any(value.startswith("'=HYPERLINK") for value in found)
    assert not any(value.startswith(("=", "+", "-", "@")) for value in found)


def test_a_database_that_is_gone_is_an_incident_and_tells_visitors_nothing_of_it(
    clean_env: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE_URL", "postgresql://reader:s3cret@127.0.0.1:1/catalogue")
    app = AppTest.from_file(str(ENTRY), default_timeout=60).run()
    assert not app.exception
    incident = re.search(r"incident ([0-9a-f]{8})", app.error[0].value)
    assert incident
    assert "127.0.0.1" not in words(app)
    assert incident[1] in caplog.text
    assert "s3cret" not in caplog.text
