"""What the other tests rely on: nothing leaves the machine, nothing of the user's is touched, databases are apart."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page
from pytest_socket import SocketConnectBlockedError

from registry import db
from registry.settings import settings
from tests.support import cards
from tests.support.browser import PHONE
from tests.support.databases import Databases


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_no_test_reaches_another_machine() -> None:
    with pytest.raises(SocketConnectBlockedError), socket.create_connection(("192.0.2.1", 80), timeout=1):
        pass


def test_the_settings_point_into_a_home_of_the_tests_own(clean_env: Path) -> None:
    now = settings()
    assert str(clean_env) in now.database_url
    assert now.cache.is_relative_to(clean_env)
    assert Path.home() == clean_env
    assert (now.hf_token, now.github_token, now.openalex_api_key, now.mirror) == (None, None, None, None)
    assert [name for name in os.environ if name.endswith("_TOKEN")] == []


def test_an_empty_database_is_empty_on_both_engines(database_url: str) -> None:
    engine = db.engine()
    assert engine.url.render_as_string(hide_password=False) == database_url
    assert sa.inspect(engine).get_table_names() == []
    with db.writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE mine (x INTEGER)"))
    assert sa.inspect(engine).get_table_names() == ["mine"]


def test_a_migrated_database_has_the_tables_and_no_row(migrated_url: str) -> None:
    engine = db.engine(migrated_url)
    status = db.schema_status(engine)
    assert status.current == status.head
    with db.reading(engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM dataset")) == 0


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_two_filled_databases_share_nothing(databases: Databases, kind: str) -> None:
    first, second = databases.fresh(kind, "filled"), databases.fresh(kind, "filled")  # type: ignore[arg-type]
    one, other = db.engine(next(first)), db.engine(next(second))
    with db.writing(one) as connection:
        connection.execute(sa.text("UPDATE dataset SET name = 'changed'"))
    with db.reading(other) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM dataset WHERE name = 'changed'")) == 0
        assert connection.scalar(sa.text("SELECT count(*) FROM dataset")) > 2000
    assert (next(first, None), next(second, None)) == (None, None)


def test_private_cards_of_the_first_test_do_not_reach_the_others(
    tmp_path: Path, clean_env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards.dataset(tmp_path / "cards", "only-of-one-test")
    monkeypatch.setenv("REGISTRY_CARDS", str(tmp_path / "cards"))
    fresh = Databases(tmp_path)
    for address in fresh.fresh("sqlite", "filled"):
        with db.reading(db.engine(address)) as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM dataset WHERE slug = 'only-of-one-test'")) == 0
            assert connection.scalar(sa.text("SELECT count(*) FROM dataset WHERE slug = 'medqaro'")) == 1


@pytest.mark.parametrize("browser_page", [PHONE], indirect=True)
def test_a_page_is_drawn_at_the_size_that_was_asked(browser_page: Page, tmp_path: Path) -> None:
    browser_page.set_content("<meta charset=utf-8><h1>Grüße</h1><script>document.title = innerWidth</script>")
    assert browser_page.inner_text("h1") == "Grüße"
    assert browser_page.title() == str(PHONE[0])
    assert browser_page.screenshot(path=tmp_path / "page.png").startswith(b"\x89PNG")
