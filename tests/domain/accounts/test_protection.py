"""Personal data at rest: it opens only where it belongs, and shows when it was altered."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts.phone import Phone
from domain.accounts.protection import Protection, Sealed, Unreadable

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))
uses = st.sampled_from(Sealed)


@given(uses, st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_sealed_opens(use: Sealed, clear: bytes, bond: bytes) -> None:
    assert Protection(SECRET).open(use, Protection(SECRET).seal(use, clear, bond), bond) == clear


@given(st.data(), st.binary(min_size=1, max_size=40))
def test_any_altered_bit_shows(data: st.DataObject, clear: bytes) -> None:
    protection = Protection(SECRET)
    sealed = bytearray(protection.seal(Sealed.PHONE, clear, b"row"))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(Unreadable):
        protection.open(Sealed.PHONE, bytes(sealed), b"row")


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_quietly(sealed: bytes) -> None:
    with pytest.raises(Unreadable):
        Protection(SECRET).open(Sealed.PHONE, sealed, b"row")


def test_sealed_data_belongs_to_one_use_one_row_and_one_secret() -> None:
    protection = Protection(SECRET)
    sealed = protection.seal(Sealed.PHONE, b"13800000000", b"row")
    for reader, use, bond in (
        (protection, Sealed.NAME, b"row"),
        (protection, Sealed.PHONE, b"another row"),
        (Protection(OTHER), Sealed.PHONE, b"row"),
        (Protection(OTHER, version=2), Sealed.PHONE, b"row"),
    ):
        with pytest.raises(Unreadable):
            reader.open(use, sealed, bond)


def test_the_same_value_is_sealed_differently_each_time() -> None:
    protection = Protection(SECRET)
    assert len({protection.seal(Sealed.PHONE, b"13800000000", b"row") for _ in range(50)}) == 50


def test_an_earlier_secret_still_opens_and_the_new_one_seals() -> None:
    old = Protection(SECRET).seal(Sealed.PHONE, b"13800000000", b"row")
    protection = Protection(OTHER, version=2, previous={1: SECRET})
    assert protection.open(Sealed.PHONE, old, b"row") == b"13800000000"
    assert not protection.is_current(old)
    new = protection.seal(Sealed.PHONE, b"13800000000", b"row")
    assert protection.is_current(new)
    with pytest.raises(Unreadable):
        Protection(SECRET).open(Sealed.PHONE, new, b"row")


@given(st.integers(13000000000, 13000000099), st.integers(13000000000, 13000000099))
def test_indexes_are_equal_exactly_for_equal_numbers(one: int, other: int) -> None:
    protection = Protection(SECRET)
    first = protection.phone_index(Phone.parse(f"+86 {one}"))
    assert (first == protection.phone_index(Phone.parse(str(other)))) is (one == other)


def test_blind_values_depend_on_use_secret_and_row() -> None:
    protection, phone = Protection(SECRET), Phone.parse("13800000000")
    row, other_row = uuid4().bytes, uuid4().bytes
    values = [
        protection.phone_index(phone),
        Protection(OTHER).phone_index(phone),
        protection.passcode_hash(row, "000000"),
        protection.passcode_hash(other_row, "000000"),
        protection.passcode_hash(row, "000001"),
    ]
    assert len(set(values)) == len(values)
    assert protection.bucket("login", phone.clear) != protection.bucket("send", phone.clear)
    assert phone.clear not in protection.bucket("login", phone.clear)


@pytest.mark.parametrize(("secret", "version"), [(b"short", 1), (SECRET, 0), (SECRET, 256)])
def test_an_unusable_secret_is_refused(secret: bytes, version: int) -> None:
    with pytest.raises(ValueError, match=r"secret|version"):
        Protection(secret, version=version)


def test_keys_are_not_printed() -> None:
    protection = Protection(SECRET)
    assert repr(protection) == str(protection) == "Protection()"
    assert not hasattr(protection, "__dict__")
