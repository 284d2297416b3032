"""Citizen (市民), masked; the clear form is had by `revealContact` only."""

from __future__ import annotations

import strawberry

from domain.accounts.models import Citizen as CitizenRow
from schema.reading.declare import column, everyone, reads


# Reached only through a ticket that is visible and shows its citizen, or as the viewer's own.
@reads(CitizenRow, everyone)
@strawberry.type(description="Who asked, masked (市民).")
class Citizen:
    masked_name: str | None = column(description="Such as 张** (脱敏姓名).")
    masked_phone: str = column(description="Such as 138****0000 (脱敏电话).")
