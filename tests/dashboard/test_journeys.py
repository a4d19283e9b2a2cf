"""What visitors do, in a real browser on a real server; pictures are kept in `test-output/dashboard`."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import serving

Visit = Callable[..., Page]
DESKTOP, PHONE = (1440, 900), (390, 844)
ROW = 36

PAGES = {
    "catalogue": ("/", "canvas"),
    "nothing-found": ("/?q=medqaro&modality=audio", "text=No dataset fits"),
    "dataset": ("/dataset?slug=medqaro", "text=Where these facts were read"),
    "listed": ("/dataset?slug=chexpert-b", "text=What no source tells"),
    "unknown": ("/dataset?slug=medqarro", "text=Search the catalogue for it"),
    "graph": ("/graph?around=medqa&node=dataset:medec", ".js-plotly-plot .legend"),
    "issues": ("/issues", "canvas"),
    "changes": ("/changes", "canvas"),
}


def name_at(page: Page, row: int) -> None:
    """Click the name in a row of the catalogue, 0 first."""
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 24, box["y"] + ROW * (row + 1) + ROW / 2)


def search(page: Page, text: str) -> None:
    field = page.get_by_label("Search names, summaries, tasks and papers")
    field.fill(text)
    field.press("Enter")


def test_a_visitor_finds_the_romanian_questions_and_copies_the_line_that_loads_them(
    address: str, visit: Visit, output: Path
) -> None:
    page = visit(address)
    expect(page.get_by_role("heading", name="Medical datasets")).to_be_visible()
    search(page, "romanian oncology")
    expect(page.get_by_text(re.compile(r"of 2,\d{3} datasets"))).to_be_visible()
    page.wait_for_selector("canvas")
    first = page.get_by_test_id("stDataFrame").locator("td", has_text="MedQARo")
    expect(first).to_be_attached()
    name_at(page, 0)
    expect(page.get_by_role("heading", name="MedQARo", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/dataset\?slug=medqaro$"))
    expect(page.get_by_test_id("stCode").first).to_contain_text('data = registry.load("medqaro"')
    expect(page.get_by_text("Not commercially")).to_be_visible()
    page.screenshot(path=output / "journey-romanian.png")
    page.get_by_role("link", name="Back to results").click()
    expect(page.get_by_label("Search names, summaries, tasks and papers")).to_have_value("romanian oncology")
    expect(page).to_have_url(re.compile(r"\?q=romanian"))


def test_back_in_the_browser_returns_to_the_same_results(address: str, visit: Visit) -> None:
    page = visit(f"{address}/?q=romanian&modality=text")
    page.wait_for_selector("canvas")
    name_at(page, 0)
    expect(page.get_by_role("heading", name="Get it")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Search names, summaries, tasks and papers")).to_have_value("romanian")
    expect(page.get_by_role("button", name="Modality: text")).to_be_visible()


def test_facets_go_to_the_address_count_and_are_undone_by_back(address: str, visit: Visit) -> None:
    page = visit(address)
    page.wait_for_selector("canvas")
    side = page.get_by_test_id("stSidebar")
    side.get_by_role("button", name=re.compile(r"^audio \(\d+\)")).click()
    expect(page).to_have_url(re.compile(r"\?modality=audio"))
    expect(page.get_by_role("button", name="Modality: audio")).to_be_visible()
    side.get_by_role("button", name=re.compile(r"^Curated \(\d+\)")).click()
    expect(page).to_have_url(re.compile(r"standing=curated"))
    page.go_back()
    expect(page.get_by_role("button", name="Standing: Curated")).to_have_count(0)
    expect(page.get_by_role("button", name="Modality: audio")).to_be_visible()
    page.get_by_role("button", name="Modality: audio").click()
    expect(page).not_to_have_url(re.compile("modality"))


def test_a_language_is_chosen_from_a_list_that_tells_how_many_there_are(address: str, visit: Visit) -> None:
    page = visit(address)
    page.wait_for_selector("canvas")
    choice = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Language")
    choice.click()
    choice.fill("roman")
    page.get_by_role("option", name=re.compile(r"Romanian \(\d+\)")).click()
    expect(page).to_have_url(re.compile(r"language=ro"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Language: Romanian")).to_be_visible()


def test_without_a_mouse_one_searches_opens_and_goes_back(address: str, visit: Visit) -> None:
    page = visit(address)
    page.wait_for_selector("canvas")
    field = page.get_by_label("Search names, summaries, tasks and papers")
    field.focus()
    page.keyboard.type("medqaro")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"^\d+ of 2,\d{3} datasets"))).to_be_visible()
    opener = page.get_by_role("combobox", name="Open a dataset of this page")
    opener.focus()
    page.keyboard.type("MedQARo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="MedQARo", exact=True)).to_be_visible()
    back = page.get_by_role("link", name="Back to results")
    back.focus()
    page.keyboard.press("Enter")
    expect(field).to_have_value("medqaro")


def test_a_click_on_a_node_tells_its_evidence_and_the_address_repeats_it(
    address: str, visit: Visit, output: Path
) -> None:
    page = visit(f"{address}/graph?around=medqa")
    page.wait_for_selector(".js-plotly-plot .legend")
    markers = page.locator(".js-plotly-plot .scatterlayer .trace.scatter").last.locator(".points path")
    box = markers.nth(3).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile(r"node="))
    expect(page.get_by_text(re.compile(r"^\d+ edges?$")).last).to_be_visible()
    expect(page.get_by_text(re.compile("said by a curator's card")).first).to_be_visible()
    chosen = page.get_by_role("combobox", name="Selected").input_value()
    page.screenshot(path=output / "journey-graph.png")
    again = visit(page.url)
    again.wait_for_selector(".js-plotly-plot .legend")
    expect(again.get_by_role("combobox", name="Selected")).to_have_value(chosen)
    again.get_by_role("link", name="Open its page").click()
    expect(again.get_by_role("heading", name="Get it")).to_be_visible()


def test_a_phone_has_the_filters_behind_a_button(address: str, visit: Visit) -> None:
    page = visit(address, PHONE)
    page.wait_for_selector("canvas")
    page.get_by_role("button", name="Filters").click()
    side = page.get_by_test_id("stSidebar")
    expect(side.get_by_role("button", name=re.compile(r"^video \(\d+\)"))).to_be_in_viewport()
    side.get_by_role("button", name=re.compile(r"^video \(\d+\)")).click()
    expect(page).to_have_url(re.compile("modality=video"))


def test_an_unknown_name_offers_near_ones(address: str, visit: Visit) -> None:
    page = visit(f"{address}/dataset?slug=medqarro")
    expect(page.get_by_role("heading", name="No dataset of this name")).to_be_visible()
    page.get_by_role("link", name="medqaro", exact=True).click()
    expect(page.get_by_role("heading", name="MedQARo", exact=True)).to_be_visible()


def test_the_export_is_a_table_of_all_hits(address: str, visit: Visit) -> None:
    page = visit(f"{address}/?language=ro")
    page.wait_for_selector("canvas")
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(r"^Download all \d+ as CSV")).click()
    assert download.value.suggested_filename == "medregistry-datasets.csv"
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert text.startswith("slug,name,standing,")
    assert "medqaro,MedQARo,curated," in text


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("name", PAGES)
def test_each_page_fits_its_window(
    address: str, visit: Visit, output: Path, name: str, size: tuple[int, int], theme: str
) -> None:
    path, ready = PAGES[name]
    page = visit(address + path, size, theme)
    page.wait_for_selector(ready)
    page.wait_for_timeout(400)
    page.screenshot(path=output / f"{name}-{size[0]}-{theme}.png")
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide == seen
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_test_id("stException").count() == 0


@pytest.mark.parametrize("name", PAGES)
def test_each_page_speaks_to_a_screen_reader(address: str, visit: Visit, name: str) -> None:
    path, ready = PAGES[name]
    page = visit(address + path)
    page.wait_for_selector(ready)
    levels = page.eval_on_selector_all("main h1, main h2, main h3", "all => all.map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    nameless = page.eval_on_selector_all(
        "main a, main button, main input",
        "all => all.filter(e => e.offsetParent && !(e.innerText || e.ariaLabel || e.labels?.length || e.title"
        " || e.getAttribute('aria-labelledby'))).map(e => e.outerHTML.slice(0, 200))",
    )
    assert nameless == []


def test_only_the_policy_speaks_on_the_console(address: str, visit: Visit) -> None:
    page = visit("about:blank")
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.wait_for_selector("canvas")
    page.goto(f"{address}/graph?around=medqa")
    page.wait_for_selector(".js-plotly-plot .legend")
    # Streamlit's page has one inline script, which the policy stops; deep links ask for two files in vain.
    known = ("Executing inline script violates", "the server responded with a status of 404")
    assert [text for text in told if not any(part in text for part in known)] == []


def test_the_first_two_visitors_of_a_fresh_server_both_see_the_catalogue(
    tmp_path: Path, catalogue: str, cards: Path, visit: Visit
) -> None:
    with serving(tmp_path, REGISTRY_DATABASE_URL=catalogue, REGISTRY_CARDS=str(cards)) as address:
        pages = [visit("about:blank"), visit("about:blank")]
        for page in pages:
            page.evaluate(f"location.href = {address + '/dataset?slug=medqa'!r}")
        for page in pages:
            expect(page.get_by_role("heading", name="Get it")).to_be_visible()
            assert page.get_by_text("could not be shown").count() == 0
