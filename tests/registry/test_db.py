"""The database: made on first use, migrated up and down, the same schema as the models, clear errors."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, MetaData, inspect, text
from sqlmodel import SQLModel

import registry.tables  # noqa: F401
from registry import db
from registry.errors import DatabaseError

ROOT = Path(__file__).parents[2]


def test_the_migrations_make_the_schema_of_the_models(migrated_url: str) -> None:
    with db.reading(db.engine(migrated_url)) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _o, name, kind, *_: not (kind == "table" and name.startswith("dataset_text")),
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_schema_goes_down_and_up_again(migrated_url: str) -> None:
    target = db.engine(migrated_url)
    from alembic import command

    with db.writing(target) as connection:
        config = db._alembic()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(inspect(target).get_table_names()) <= {"alembic_version"}
    db.upgrade(target)
    assert db.schema_status(target).current == db.schema_status(target).head


def test_a_filled_catalogue_of_the_first_version_is_brought_up_to_date(database_url: str) -> None:
    target = db.engine(database_url)
    db.upgrade(target, "0001")
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    names = ("dataset", "source", "dataset_source")
    with db.writing(target) as connection:
        tables = MetaData()
        tables.reflect(connection)
        for name in names:
            table = tables.tables[name]
            row = {column.name: _of_type(column, at) for column in table.columns if not column.nullable}
            connection.execute(table.insert().values(row | {"id": 1} if "id" in table.c else row))
    db.upgrade(target)
    with db.reading(target) as connection:
        for name in names:
            assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() == 1
        if target.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def _of_type(column: Column[Any], at: dt.datetime) -> Any:
    """A value that a column takes; references lead to row 1, and words are such as its check knows."""
    if column.foreign_keys or column.primary_key:
        return 1
    known = {"standing": "curated", "status": "alive", "role": "official", "origin": "curated", "provider": "github"}
    if column.name in known:
        return known[column.name]
    kind = column.type.python_type
    return {dt.datetime: at, bool: False, int: 1, float: 1.0, str: "x"}[kind]


def test_upgrading_twice_does_nothing_the_second_time(migrated_url: str) -> None:
    target = db.engine(migrated_url)
    before = db.schema_status(target)
    db.upgrade(target)
    assert db.schema_status(target) == before


def test_a_writer_that_fails_leaves_nothing(migrated_url: str) -> None:
    target = db.engine(migrated_url)

    def store_and_fail() -> None:
        with db.writing(target) as connection:
            connection.exec_driver_sql("INSERT INTO catalogue_state (key, value) VALUES ('a', 'b')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        store_and_fail()
    with db.reading(target) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM catalogue_state").scalar() == 0


def test_two_processes_on_first_use_fill_it_once(database_url: str) -> None:
    code = "import registry; print(len(registry.search('', limit=3)))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    results = [process.communicate(timeout=120) for process in running]
    assert [out.strip() for out, _ in results] == ["3", "3"], results
    with db.reading(db.engine(database_url)) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM dataset WHERE slug = 'medqaro'").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM event WHERE kind = 'added'").scalar() == 2281


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mysql://somewhere/x", "SQLite or PostgreSQL"),
        ("not an address", "REGISTRY_DATABASE_URL is not a database address"),
        ("sqlite:////proc/nowhere/registry.db", "cannot be made"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_in_one_message(address: str, told: str) -> None:
    with pytest.raises(DatabaseError, match=told):
        db.ready(address)


def test_a_server_that_does_not_answer_is_told_without_the_password() -> None:
    with pytest.raises(DatabaseError) as caught:
        db.ready("postgresql://someone:hunter2@127.0.0.1:9/catalogue")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.write_text("<html>not a database</html>" * 100)
    with pytest.raises(DatabaseError, match="cannot be used"):
        db.ready(f"sqlite:///{path}")


def test_a_database_of_a_newer_version_is_refused(migrated_url: str) -> None:
    target = db.engine(migrated_url)
    with db.writing(target) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="not one that this version knows"):
        db.ready(migrated_url)
