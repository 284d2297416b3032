"""Reads compiled: a selection set becomes one SQL statement in which PostgreSQL builds the JSON.

Knows GraphQL and SQL; knows no ticket. `declare` says what a type reads, `planner` turns a
selection into a statement, `plan` runs it, `compiled` caches and serves whole operations,
`resolver` serves single fields inside the generic executor.
"""
