"""Hostile text in every field of a card, in a real browser: nothing runs, nothing leaves, nothing is dressed up."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.hostile import STRINGS, VISIBLE, slug

Visit = Callable[..., Page]
NAMES = [*STRINGS, "all"]


def assert_inert(page: Page) -> None:
    """Nothing of the hostile text became a part of the page."""
    assert page.evaluate("window.__x === undefined && document.title.includes('MedRegistry')")
    assert page.locator("main iframe, main form[action], main style, main script, main object, main embed").count() == 0
    assert page.locator("main img:not([src^='data:'])").count() == 0
    assert page.locator("main .katex, main .mermaid, main [data-testid=stMarkdownMermaid]").count() == 0
    assert page.get_by_role("heading", level=1).is_visible()
    links = page.eval_on_selector_all("a[href]", "all => all.map(e => [e.href, e.target, e.rel, e.innerText])")
    for href, target, rel, text in links:
        parts = urlsplit(href)
        assert parts.scheme in ("http", "https"), href
        if parts.hostname == "evil.example":
            # Only the fields that are addresses become links: never one that stands in a text.
            assert parts.path.split("/")[1] in ("home", "paper", "place", "finding", "listed", "file"), (href, text)
            assert target == "_blank"
            assert "noopener" in rel or "noreferrer" in rel
    for said in ("verified", "rainbow"):
        assert page.locator(f".stMarkdownBadge:has-text('{said}')").count() == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_card_is_inert_even_without_the_policy_and_reads_as_it_was_written(
    address: str, visit: Visit, name: str
) -> None:
    page = visit(f"{address}/dataset?slug={slug(name)}", policy=False)
    page.wait_for_selector("text=Where these facts were read")
    page.wait_for_timeout(300)
    assert_inert(page)
    assert page.get_by_text("could not be shown").count() == 0
    if name in VISIBLE:
        title = page.get_by_role("heading", level=1).inner_text().replace("\u2060", "")
        assert title.startswith(f"{slug(name)} {' '.join(STRINGS[name].split())}"[:150])
        assert page.get_by_test_id("stText").first.inner_text() == STRINGS[name]


def test_the_policy_lets_the_page_work(address: str, visit: Visit) -> None:
    page = visit(f"{address}/dataset?slug={slug('all')}")
    page.wait_for_selector("text=Where these facts were read")
    page.wait_for_selector("canvas")
    assert_inert(page)


@pytest.mark.parametrize("name", ["all", "plotly", "latex", "template"])
def test_a_hostile_card_is_inert_in_the_graph(address: str, visit: Visit, name: str) -> None:
    page = visit(f"{address}/graph?around={slug(name)}&node=dataset:{slug(name)}", policy=False)
    page.wait_for_selector(".js-plotly-plot .legend")
    points = page.locator(".js-plotly-plot .points path")
    for index in range(points.count()):
        box = points.nth(index).bounding_box()
        if box:
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.wait_for_timeout(150)
    assert page.locator(".js-plotly-plot a").count() == 0
    assert_inert(page)


def test_hostile_cards_are_inert_in_the_catalogue_and_the_lists(address: str, visit: Visit) -> None:
    for path in ("/?q=hostile", "/issues", "/changes", "/dataset?slug=hostile-listed"):
        page = visit(address + path, policy=False)
        page.wait_for_selector("canvas")
        page.wait_for_timeout(300)
        assert_inert(page)


@pytest.mark.parametrize("name", [name for name in STRINGS if name != "control"])
def test_a_hostile_address_is_inert_on_the_page_of_an_unknown_dataset(address: str, visit: Visit, name: str) -> None:
    page = visit(f"{address}/dataset?slug={quote(STRINGS[name][:500])}", policy=False)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(200)
    assert_inert(page)


@pytest.mark.parametrize("path", ["/?q={0}&modality={0}&sort={0}", "/graph?around={0}&node={0}", "/issues?kind={0}"])
def test_a_hostile_address_is_inert_on_every_page(address: str, visit: Visit, path: str) -> None:
    for name in ("script", "image", "link", "badge"):
        page = visit(address + path.format(quote(STRINGS[name])), policy=False)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_timeout(200)
        assert_inert(page)


def test_the_policy_stops_what_gets_past_the_pages(address: str, visit: Visit) -> None:
    page = visit(address)
    page.wait_for_selector("canvas")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', `<iframe srcdoc=\"<script>parent.__x=7</script>\"></iframe>`)"
    )
    page.wait_for_timeout(500)
    assert page.evaluate("window.__x === undefined")
