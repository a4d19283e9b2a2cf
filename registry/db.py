"""The catalogue's database: opened, migrated and filled from the cards on first use."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy.exc
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from registry.errors import DatabaseError
from registry.settings import settings

log = logging.getLogger(__name__)

BUSY_MS = 30_000


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise DatabaseError(
            "REGISTRY_DATABASE_URL is not a database address; write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        ) from None
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise DatabaseError('PostgreSQL needs a driver: pip install "medregistry[postgres]"') from None
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return url
    raise DatabaseError(f"the catalogue lives in SQLite or PostgreSQL, not in {backend!r}")


@lru_cache(maxsize=8)
def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True)
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseError(f"the folder of the database cannot be made: {error}") from None
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        # The driver would commit before DDL and hide our BEGIN: transactions are ours.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once: a reader that turns writer halfway is refused, not made to wait.
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def engine(url: str | None = None) -> Engine:
    """The engine of `url`, else of `REGISTRY_DATABASE_URL`, else of the embedded database; one per address.

    Raises:
        DatabaseError: the address cannot be used, or its driver is not installed.
    """
    return _engine(_url(url or settings().database_url))


@contextmanager
def _told(target: Engine) -> Iterator[None]:
    """Turn the driver's failures into one message without the password."""
    try:
        yield
    except DBAPIError as error:
        # Broken constraints and wrong SQL are bugs of ours and pass; these two are the world's.
        if type(error) not in (OperationalError, sqlalchemy.exc.DatabaseError):
            raise
        where = target.url.render_as_string(hide_password=True)
        raise DatabaseError(f"the catalogue at {where} cannot be used: {str(error.orig).strip()}") from error


@contextmanager
def reading(target: Engine) -> Iterator[Connection]:
    """A connection for queries; one consistent view for its duration."""
    with _told(target), target.connect() as connection:
        yield connection


@contextmanager
def writing(target: Engine) -> Iterator[Connection]:
    """A connection in one transaction: all of it is stored, or nothing."""
    with _told(target), target.connect() as connection:
        connection = connection.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            yield connection


@contextmanager
def _migrating(target: Engine) -> Iterator[Connection]:
    """As `writing`, for changes of the schema.

    SQLite makes a table anew to change it, and would count the old one's end against the rows that refer to it: there
    references are held against their tables once, when all is done.
    """
    if target.dialect.name != "sqlite":
        with writing(target) as connection:
            yield connection
        return
    with _told(target), target.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")  # counts only outside of a transaction
        try:
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")
            with connection.begin():
                yield connection
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3):
                    raise DatabaseError(f"the schema could not be brought up to date: rows refer to none: {broken}")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def one_at_a_time(connection: Connection) -> None:
    """Let the rest of this transaction run alone: a second process on first use waits, then finds the work done.

    SQLite's writers are alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(727263)")


def _migrations() -> Path:
    here = Path(__file__).parent
    packaged = here / "migrations"
    return packaged if packaged.is_dir() else here.parent / "migrations"


def _alembic() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    return config


class SchemaStatus(NamedTuple):
    """`current` is None for an empty database; up to date where both are the same."""

    current: str | None
    head: str


def schema_status(target: Engine) -> SchemaStatus:
    """Which migration the database is at and which one this version needs."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    with reading(target) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return SchemaStatus(current, head or "")


def upgrade(target: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision` in one transaction; nothing happens where it is there already.

    Raises:
        DatabaseError: the database is of a newer version than this one, or the migration failed.
    """
    from alembic import command
    from alembic.util import CommandError

    config = _alembic()
    try:
        with _migrating(target) as connection:
            one_at_a_time(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except CommandError as error:
        raise DatabaseError(f"the database's schema is not one that this version knows: {error}") from None
    except SQLAlchemyError as error:
        raise DatabaseError(f"the schema could not be brought up to date: {error}") from error


_ready: dict[URL, str] = {}


def ready(url: str | None = None) -> Engine:
    """The engine of a catalogue that is migrated and holds the cards of this version.

    The first call in a process compares the fingerprint of the cards with the database's and imports what changed.

    Raises:
        DatabaseError: see `engine` and `upgrade`.
        CardError: a card that breaks its form; nothing is imported.
    """
    from registry.cards_io import card_folders, fingerprint
    from registry.importer import import_cards

    target = engine(url)
    folders = card_folders()
    key = str(folders)
    if _ready.get(target.url) == key:
        return target
    mark = fingerprint(folders)
    status = schema_status(target)
    if status.current != status.head:
        upgrade(target)
    import_cards(target, folders, mark)
    _ready[target.url] = key
    return target
