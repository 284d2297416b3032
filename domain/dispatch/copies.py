"""抄送区: whom a ticket is shown to beside its lead (B12)."""

from __future__ import annotations

from domain.kernel.vocabulary import UnitLevel
from domain.kernel.work import UnitOfWork
from domain.units.models import Unit


async def district_copies(work: UnitOfWork, lead: Unit) -> list[Unit]:
    """The district that a street's ticket is copied to (抄送区); none for any other unit."""
    if lead.level != UnitLevel.STREET or lead.parent_id is None:
        return []
    parent = await work.session.get(Unit, lead.parent_id)
    is_district = parent is not None and parent.level == UnitLevel.DISTRICT
    return [parent] if parent is not None and is_district else []
