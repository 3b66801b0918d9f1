"""Names of the database's schemas."""

SCHEMA = "twin"
# Tables of the layers that a city added, and those that a newer version replaced.
CUSTOM, PAST = "twin_custom", "twin_past"
# What is put off, in procrastinate's tables.
WORK = "twin_queue"
SCHEMAS = (SCHEMA, CUSTOM, PAST, WORK)
