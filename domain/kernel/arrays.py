"""How arrays travel, told to each new connection before it has to ask.

asyncpg knows text[] by itself. Of any other array it asks the catalogue, once a connection, by a
recursive statement that takes forty times as long as a round trip: every first statement after a
restart of PostgreSQL would wait for that, on all connections at once.
"""

from __future__ import annotations

from typing import Any

import asyncpg

# The numbers of an array and of its elements are PostgreSQL's own and fixed (pg_type.dat).
ARRAYS = {
    1000: (16, "bool"),
    1007: (23, "int4"),
    1015: (1043, "varchar"),
    1016: (20, "int8"),
    1182: (1082, "date"),
    1185: (1184, "timestamptz"),
    2951: (2950, "uuid"),
}

_TYPES = [
    {
        "oid": array, "ns": "pg_catalog", "name": f"_{name}", "kind": b"b", "basetype": None,
        "elemtype": element, "elemdelim": ",", "range_subtype": None, "attrtypoids": None,
        "attrnames": None, "elemtype_name": name,
    }
    for array, (element, name) in ARRAYS.items()
]  # fmt: skip


def tell_arrays(connection: asyncpg.Connection[Any]) -> None:
    """Let a new connection know the arrays of ARRAYS."""
    connection.get_settings().register_data_types(_TYPES)
