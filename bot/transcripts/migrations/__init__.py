"""Alembic's scripts, run in process by `migrating`."""
