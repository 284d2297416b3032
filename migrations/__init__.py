"""Alembic migrations: one history, run for each city's schema."""
