"""Login by one-time code, and the admin's staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, FromClause, false, func
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domain.accounts import commands, passcodes
from domain.accounts.attempts import claim_attempt
from domain.accounts.issuing import issue_for_citizen
from domain.accounts.models import Staff as StaffRow
from domain.kernel.actor import Role
from domain.kernel.errors import Fault, InvalidInput
from domain.kernel.work import UnitOfWork
from domain.units.queries import id_of_code
from schema.context import Context, Services
from schema.mutation import mutation, perform, uuid_of
from schema.node import Node, identifier
from schema.problems import result_of
from schema.reading.declare import One, Row, column, read, reading, reads
from schema.roles import StaffRole
from schema.units.types import Unit

# From one network address, whoever's number it is; a household and an office share one.
_LOGINS_AN_ADDRESS = (30, timedelta(minutes=10))
_CODES_AN_ADDRESS = (20, timedelta(hours=1))


@strawberry.input(description="Whose code to send (获取验证码).")
class RequestLoginCodeInput:
    phone: str = strawberry.field(description="A mobile number of the mainland (手机号).")


@strawberry.input(description="The code that came by text message (登录).")
class LogInInput:
    phone: str = strawberry.field(description="The number it was sent to (手机号).")
    code: str = strawberry.field(description="Six digits (验证码).")


@strawberry.input(description="A person who works here (新增工作人员).")
class CreateStaffInput:
    subject: str = strawberry.field(description="The `sub` of their tokens (标识).")
    name: str = strawberry.field(description="Name (姓名).")
    role: StaffRole = strawberry.field(description="Role (角色).")
    unit_code: str | None = strawberry.field(
        default=None, description="A handler's unit (单位编码)."
    )


@strawberry.input(
    description="What changes of a staff account; what is left out stays (修改工作人员)."
)
class UpdateStaffInput:
    staff_id: strawberry.ID = strawberry.field(description="Global id (标识).")
    name: str | None = strawberry.field(default=None, description="Name (姓名).")
    role: StaffRole | None = strawberry.field(default=None, description="Role (角色).")
    unit_code: str | None = strawberry.field(default=None, description="Unit (单位编码).")
    active: bool | None = strawberry.field(default=None, description="In use or not (是否在用).")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that you read (预期版本)."
    )


def _to_the_admin(role: Role, _staff: FromClause) -> ColumnElement[bool] | None:
    """The API shows staff to the admin only (schema.access); who one is oneself, `viewer` says."""
    return None if role is Role.ADMIN else false()


@reads(StaffRow, _to_the_admin, node=True)
@strawberry.type(description="A person who works for the centre or a unit (工作人员).")
class Staff(Node):
    id: strawberry.ID = identifier("Staff")
    subject: str = column(description="The `sub` of their tokens (标识).")
    name: str = column(description="Name (姓名).")
    role: StaffRole = column(lambda staff: func.upper(staff.c.role), description="Role (角色).")
    unit: Unit | None = read(
        One(lambda: Unit, on=lambda staff, unit: unit.c.id == staff.c.unit_id),
        description="Unit (单位).",
    )
    active: bool = column(description="In use or not (是否在用).")
    version: int = column(description="Rises with every change (版本).")


@strawberry.type
class _StaffPayload:
    staff_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: Staff,
            where=lambda staff, a: [staff.c.id == a.parent("staff_id", PG_UUID(as_uuid=True))],
        ),
        description="The account (工作人员).",
    )
    def staff(self) -> Staff | None: ...


@strawberry.type(description="The account was made (新增结果).")
class CreateStaffPayload(_StaffPayload):
    pass


@strawberry.type(description="The account was changed (修改结果).")
class UpdateStaffPayload(_StaffPayload):
    pass


@strawberry.type(description="A code is on its way, if the number can be reached (验证码已发送).")
class RequestLoginCodePayload:
    expires_in: int = strawberry.field(description="Seconds that it is good for (有效秒数).")


@strawberry.type(description="Logged in (登录结果).")
class LogInPayload:
    token: str = strawberry.field(description="Send it as `Authorization: Bearer …` (令牌).")
    expires_at: datetime = strawberry.field(description="Until when it is good (有效至).")


RequestLoginCodeResult = result_of("RequestLoginCode", RequestLoginCodePayload)
LogInResult = result_of("LogIn", LogInPayload)
CreateStaffResult = result_of("CreateStaff", CreateStaffPayload)
UpdateStaffResult = result_of("UpdateStaff", UpdateStaffPayload)


async def _limit(context: Context, kind: str, bound: tuple[int, timedelta]) -> None:
    """Count the attempt of this network address before anything else happens."""
    services: Services = context.services
    bucket = services.protection.bucket(kind, context.actor.address or "unknown")
    await claim_attempt(services.database, bucket, *bound)


async def _unit_id(work: UnitOfWork, code: str | None) -> UUID | None:
    if code is None:
        return None
    unit_id = await id_of_code(work.session, code)
    if unit_id is None:
        raise InvalidInput(Fault("unitCode", "is not the code of an active unit"))
    return unit_id


@strawberry.type
class AccountMutations:
    @mutation(RequestLoginCodeResult, description="Send a one-time code to a phone (获取验证码).")
    async def request_login_code(
        self,
        info: strawberry.Info,
        given: RequestLoginCodeInput,
    ) -> RequestLoginCodePayload:
        services: Services = info.context.services
        rules = services.city.rules.profile.login_code
        await _limit(info.context, "codes", _CODES_AN_ADDRESS)
        await perform(
            info,
            lambda work: passcodes.request_login_code(
                work, services.protection, rules, given.phone
            ),
        )
        return RequestLoginCodePayload(expires_in=rules.valid_minutes * 60)

    @mutation(LogInResult, description="Log in with the code (登录).")
    async def log_in(
        self,
        info: strawberry.Info,
        given: LogInInput,
    ) -> LogInPayload:
        services: Services = info.context.services
        rules = services.city.rules.profile.login_code
        await _limit(info.context, "logins", _LOGINS_AN_ADDRESS)
        citizen = await passcodes.log_in(
            services.database, services.protection, rules, given.phone, given.code
        )
        token, expires_at = await perform(
            info,
            lambda work: issue_for_citizen(
                work,
                services.protection,
                citizen.id,
                issuer=services.issuer,
                audience=services.audience,
            ),
        )
        return LogInPayload(token=token, expires_at=expires_at)

    @mutation(CreateStaffResult, description="Register a person who works here (新增工作人员).")
    async def create_staff(
        self,
        info: strawberry.Info,
        given: CreateStaffInput,
    ) -> CreateStaffPayload:
        async def create(work: UnitOfWork) -> StaffRow:
            unit_id = await _unit_id(work, given.unit_code)
            return await commands.create_staff(
                work,
                subject=given.subject,
                name=given.name,
                role=Role(given.role.value),
                unit_id=unit_id,
            )

        return CreateStaffPayload(staff_id=(await perform(info, create)).id)

    @mutation(
        UpdateStaffResult,
        description="Change a staff account; tokens follow within seconds (修改工作人员).",
    )
    async def update_staff(
        self,
        info: strawberry.Info,
        given: UpdateStaffInput,
    ) -> UpdateStaffPayload:
        async def update(work: UnitOfWork) -> StaffRow:
            staff_id = uuid_of("Staff", given.staff_id)
            return await commands.update_staff(
                work,
                staff_id or UUID(int=0),
                name=given.name,
                role=Role(given.role.value) if given.role else None,
                unit_id=await _unit_id(work, given.unit_code),
                active=given.active,
                expected_version=given.expected_version,
            )

        return UpdateStaffPayload(staff_id=(await perform(info, update)).id)
