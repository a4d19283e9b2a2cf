"""A page of a real headless browser that may talk to this machine only."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import chromium
from tests.support.required import absent

DESKTOP = (1280, 900)
PHONE = (390, 844)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; for one module only, as Playwright keeps an event loop running in the thread that uses it."""
    program = chromium.find()
    if program is None:
        absent("BROWSER", "no Chromium here: `make setup` tries to install it, CHROMIUM can name it")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(chromium.QUIET))
        yield started
        started.close()


@pytest.fixture
def browser_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a context of its own, desktop-sized unless the test is parametrised (indirectly) with a size.

    A script that fails in the page, or a request to another machine, fails the test at its end.
    """
    width, height = getattr(request, "param", DESKTOP)
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    errors: list[str] = []
    outside: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda asked: None if _is_here(asked.url) else outside.append(asked.url))
    yield page
    context.close()
    assert not errors, f"scripts failed in the page: {errors}"
    assert not outside, f"the page asked other machines: {sorted(set(outside))}"


def _is_here(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("data", "blob", "about", "file") or parts.hostname in ("127.0.0.1", "localhost", "::1")
