"""Tables of the accounts: citizens, staff, login codes, signing keys, attempts, disclosures."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.actor import STAFF
from domain.kernel.tables import Table

_STAFF_ROLES = ", ".join(f"'{role.value}'" for role in sorted(STAFF))


class Citizen(Table):
    """市民: one telephone number. Clear forms stand nowhere (`protection`)."""

    __tablename__ = "citizen"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_cipher: Mapped[bytes]
    phone_index: Mapped[bytes] = mapped_column(unique=True)
    masked_phone: Mapped[str]
    name_cipher: Mapped[bytes | None]
    masked_name: Mapped[str | None]
    created_at: Mapped[datetime]


class Staff(Table):
    """A person who works for the centre or a unit; `subject` is the `sub` of their tokens."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint(f"role in ({_STAFF_ROLES})", name="role_known"),
        CheckConstraint("role <> 'handler' or unit_id is not null", name="handler_has_unit"),
        Index("ix_staff_unit_id", "unit_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Passcode(Table):
    """登录验证码: one login code, as a keyed hash. The latest of a phone is the one that counts."""

    __tablename__ = "passcode"
    __table_args__ = (
        Index("ix_passcode_phone_index_created_at", "phone_index", "created_at"),
        Index("ix_passcode_created_at", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_index: Mapped[bytes]
    code_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")


class SigningKey(Table):
    """One key of the built-in issuer, from its publication to its end (`keys`)."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[dict[str, Any]]
    private_cipher: Mapped[bytes]
    created_at: Mapped[datetime]
    signs_at: Mapped[datetime]
    retires_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class Attempt(Table):
    """One admitted attempt at something that is limited; `bucket` is blind (`attempts`)."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_bucket_at", "bucket", "at"),
        Index("ix_attempt_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    bucket: Mapped[str]
    at: Mapped[datetime]


class Disclosure(Table):
    """Who saw whose contact in clear, for which ticket and why. Rows are only ever added."""

    __tablename__ = "disclosure"
    __table_args__ = (
        CheckConstraint("char_length(purpose) between 2 and 500", name="purpose_length"),
        Index("ix_disclosure_citizen_id_at", "citizen_id", "at"),
        Index("ix_disclosure_subject_at", "subject", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"))
    ticket_id: Mapped[UUID]
    subject: Mapped[str]
    role: Mapped[str]
    purpose: Mapped[str]
    at: Mapped[datetime]
