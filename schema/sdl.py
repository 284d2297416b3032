"""The committed SDL: what clients and reviewers read, written from the code.

    python -m schema.sdl

writes `schema/schema.graphql`. A test fails when the two differ.
"""

from __future__ import annotations

from pathlib import Path

from graphql.utilities.print_schema import print_schema_definition

from schema.build import build_schema

COMMITTED = Path(__file__).with_name("schema.graphql")
RELEASED = Path(__file__).with_name("released.graphql")  # as of the last release
BREAKING = Path(__file__).with_name("breaking.toml")  # what breaks since then, and why


def sdl() -> str:
    """The schema in the language of schemas, with all descriptions."""
    schema = build_schema()
    # Strawberry prints the types, but never the description of the schema itself.
    return f"{print_schema_definition(schema._schema)}\n\n{schema.as_str()}\n"


def main() -> None:
    COMMITTED.write_text(sdl(), encoding="utf-8")


if __name__ == "__main__":
    main()
