"""How many comparisons the merging of fields costs validation (spec section 5.3.2).

Validation compares every two fields that share a response key, every two selection sets and
fragments that share a level, and their arguments: quadratic in each. It is counted here before
validation starts, level by level of the merged document, and stops at the bound.
"""

from __future__ import annotations

from schema.limits.expansion import Level

__all__ = ["comparisons"]


def comparisons(level: Level) -> int:
    """An upper estimate, in comparisons, of what one merged level costs validation.

    Fields of one key: every two, and each argument of them. Containers: every two, and each
    field of the one is looked up in the other.
    """
    total = 0
    count = 0
    for nodes in level.fields.values():
        count += len(nodes)
        if len(nodes) > 1:
            compared = sum(1 + len(node.arguments or ()) for node in nodes)
            total += (len(nodes) - 1) * compared // 2
    others = level.containers - 1
    if others > 0:
        total += level.containers * others // 2 + others * count // 2
    return total
