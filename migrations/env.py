"""How Alembic runs the migrations: on the connection that `registry.db.upgrade` hands over, else on its own."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import registry.tables  # noqa: F401  fills the metadata
from registry.db import engine, writing


def _include(_item: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    # The full-text table differs between the databases and is no model.
    return not (kind == "table" and (name or "").startswith("dataset_text"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
        include_object=_include,
        transactional_ddl=True,
    )
    context.run_migrations()


handed: Connection | None = context.config.attributes.get("connection")
if handed is not None:
    _run(handed)
else:
    with writing(engine(context.config.get_main_option("sqlalchemy.url"))) as opened:
        _run(opened)
