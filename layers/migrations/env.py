"""Alembic's entry: runs the migrations on the connection that `layers.database.migrate` hands over."""

from alembic import context

from layers.schemas import SCHEMA

connection = context.config.attributes["connection"]
connection.exec_driver_sql(f"create schema if not exists {SCHEMA}")
connection.exec_driver_sql(f"set local search_path = {SCHEMA}, public")
context.configure(
    connection=connection,
    version_table_schema=SCHEMA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
