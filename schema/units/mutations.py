"""The admin's mutations on the tree of units."""

from __future__ import annotations

from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domain.dispatch import succession
from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.work import UnitOfWork
from domain.units import commands
from domain.units.models import Unit as UnitRow
from domain.units.queries import id_of_code
from schema.enums import UnitLevel
from schema.mutation import mutation, perform, uuid_of
from schema.problems import UnitHasOpenTickets, result_of
from schema.reading.declare import Row, reading
from schema.units.types import Unit

_EXPECTED = "The version that you read; another one now is a Conflict (预期版本)."


@strawberry.input(description="A new unit (新增单位).")
class CreateUnitInput:
    code: str = strawberry.field(description="Unique; letters, digits, dashes (编码).")
    name: str = strawberry.field(description="1 to 100 characters (名称).")
    level: UnitLevel = strawberry.field(description="Where it stands (层级).")
    parent_code: str = strawberry.field(description="The unit above (上级编码).")
    population: int | None = strawberry.field(default=None, description="Residents (人口).")
    duty_phone: str | None = strawberry.field(
        default=None, description="24-hour contact (值班电话)."
    )
    aliases: list[str] | None = strawberry.field(
        default_factory=list, description="Other names in addresses, at most 20 (别名)."
    )


@strawberry.input(description="What changes of a unit; what is left out stays (修改单位).")
class UpdateUnitInput:
    unit_id: strawberry.ID = strawberry.field(description="Global id (标识).")
    name: str | None = strawberry.field(default=None, description="A new name (名称).")
    population: int | None = strawberry.field(default=None, description="Residents (人口).")
    duty_phone: str | None = strawberry.field(
        default=None, description="24-hour contact (值班电话)."
    )
    aliases: list[str] | None = strawberry.field(
        default=None, description="All other names (别名)."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="Where a unit goes, with all that is below it (调整隶属).")
class MoveUnitInput:
    unit_id: strawberry.ID = strawberry.field(description="Global id (标识).")
    parent_code: str = strawberry.field(description="The new unit above (上级编码).")
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="A unit that ends (撤销单位).")
class RetireUnitInput:
    unit_id: strawberry.ID = strawberry.field(description="Global id (标识).")
    successor_code: str | None = strawberry.field(
        default=None,
        description="Takes over what was dispatched and not accepted; without it any open ticket "
        "refuses the retirement (承接单位编码).",
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.type
class _UnitPayload:
    unit_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: Unit,
            where=lambda unit, a: [unit.c.id == a.parent("unit_id", PG_UUID(as_uuid=True))],
        ),
        description="The unit as it is now (单位).",
    )
    def unit(self) -> Unit | None: ...


@strawberry.type(description="The unit was made (新增结果).")
class CreateUnitPayload(_UnitPayload):
    pass


@strawberry.type(description="The unit was changed (修改结果).")
class UpdateUnitPayload(_UnitPayload):
    pass


@strawberry.type(description="The unit was moved (调整结果).")
class MoveUnitPayload(_UnitPayload):
    pass


@strawberry.type(description="The unit was retired (撤销结果).")
class RetireUnitPayload(_UnitPayload):
    pass


CreateUnitResult = result_of("CreateUnit", CreateUnitPayload)
UpdateUnitResult = result_of("UpdateUnit", UpdateUnitPayload)
MoveUnitResult = result_of("MoveUnit", MoveUnitPayload)
RetireUnitResult = result_of("RetireUnit", RetireUnitPayload, UnitHasOpenTickets)


async def _parent(work: UnitOfWork, code: str) -> UUID:
    parent = await id_of_code(work.session, code)
    if parent is None:
        raise InvalidInput(Fault("parentCode", "is not the code of an active unit"))
    return parent


@strawberry.type
class UnitMutations:
    @mutation(CreateUnitResult, description="Create a unit (新增单位).")
    async def create_unit(
        self,
        info: strawberry.Info,
        given: CreateUnitInput,
    ) -> CreateUnitPayload:
        async def create(work: UnitOfWork) -> UnitRow:
            return await commands.create_unit(
                work,
                code=given.code,
                name=given.name,
                level=given.level,
                parent_id=await id_of_code(work.session, given.parent_code),
                population=given.population,
                duty_phone=given.duty_phone,
                aliases=given.aliases or (),
            )

        return CreateUnitPayload(unit_id=(await perform(info, create)).id)

    @mutation(UpdateUnitResult, description="Rename a unit or change its facts (修改单位).")
    async def update_unit(
        self,
        info: strawberry.Info,
        given: UpdateUnitInput,
    ) -> UpdateUnitPayload:
        unit = await perform(
            info,
            lambda work: commands.update_unit(
                work,
                uuid_of("Unit", given.unit_id),
                name=given.name,
                population=given.population,
                duty_phone=given.duty_phone,
                aliases=given.aliases,
                expected_version=given.expected_version,
            ),
        )
        return UpdateUnitPayload(unit_id=unit.id)

    @mutation(MoveUnitResult, description="Move a unit, with all that is below it (调整隶属).")
    async def move_unit(
        self,
        info: strawberry.Info,
        given: MoveUnitInput,
    ) -> MoveUnitPayload:
        async def move(work: UnitOfWork) -> UnitRow:
            parent = await _parent(work, given.parent_code)
            unit_id = uuid_of("Unit", given.unit_id)
            return await succession.move_with_tickets(work, unit_id, parent, given.expected_version)

        return MoveUnitPayload(unit_id=(await perform(info, move)).id)

    @mutation(
        RetireUnitResult,
        description="Retire a unit; its open tickets are handed on, or it is refused (撤销单位).",
    )
    async def retire_unit(
        self,
        info: strawberry.Info,
        given: RetireUnitInput,
    ) -> RetireUnitPayload:
        rules = info.context.services.city.rules
        unit = await perform(
            info,
            lambda work: succession.retire_with_successor(
                work,
                rules,
                uuid_of("Unit", given.unit_id),
                given.successor_code,
                given.expected_version,
            ),
        )
        return RetireUnitPayload(unit_id=unit.id)
