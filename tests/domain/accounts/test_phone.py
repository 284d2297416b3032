"""Telephone numbers: one form for all ways of writing one, and a mask that hides enough."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts.phone import InvalidPhone, Phone, read_phone
from domain.kernel.errors import InvalidInput

digits = st.text(string.digits, min_size=8, max_size=8)
mobiles = st.builds(
    "1{}{}".format, st.sampled_from("3456789"), st.text(string.digits, min_size=9, max_size=9)
)
landlines = st.builds(
    "{}-{}{}".format,
    st.sampled_from(["010", "021", "0531", "0355"]),
    st.sampled_from("2345678"),
    st.text(string.digits, min_size=7, max_size=7),
)
extensions = st.text(string.digits, max_size=6).map(lambda text: text and f"-{text}")
abroad = st.sampled_from(["+85255550000", "+886255550000", "+14155550000", "+442055550000"])
numbers = st.one_of(mobiles, st.builds(str.__add__, landlines, extensions), abroad)


@pytest.mark.parametrize(
    ("written", "clear"),
    [
        ("13800000000", "13800000000"),
        ("138 0000 0000", "13800000000"),
        ("138-0000-0000", "13800000000"),
        ("138—0000—0000", "13800000000"),
        ("１３８００００００００", "13800000000"),
        ("+86 138 0000 0000", "13800000000"),
        ("＋86（138）0000-0000", "13800000000"),
        ("008613800000000", "13800000000"),
        ("8613800000000", "13800000000"),
        ("\u200013800000000\u3000", "13800000000"),
        ("01055550000", "010-55550000"),
        ("010-5555 0000", "010-55550000"),
        ("(010)55550000", "010-55550000"),
        ("（0531）5555000", "0531-5555000"),
        ("0531-55550000转8001", "0531-55550000-8001"),
        ("0531 55550000 ext. 8001", "0531-55550000-8001"),
        ("0531-55550000 分机：8001", "0531-55550000-8001"),
        ("010-55550000#1", "010-55550000-1"),
        ("010-55550000-8001", "010-55550000-8001"),
        ("0355-5555000-8001", "0355-5555000-8001"),
        ("+86 10 5555 0000", "010-55550000"),
        ("0086-010-55550000", "010-55550000"),
        ("+852 5555 0000", "+85255550000"),
        ("0085255550000", "+85255550000"),
    ],
)
def test_ways_of_writing(written: str, clear: str) -> None:
    assert Phone.parse(written).clear == clear


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "1380000000",
        "138000000000",
        "12345678901",
        "55550000",
        "010-15550000",
        "010-5555000",
        "0531-555500",
        "0531-55550000-1234567",
        "+8612800000000",
        "+86",
        "abc13800000000",
        "13800000000; drop table citizen",
        "138\u00000000\u00000000",
        "1" * 1000,
        "١٣٨٠٠٠٠٠٠٠٠",
    ],
)
def test_what_is_no_number_is_refused_without_being_repeated(written: str) -> None:
    with pytest.raises(InvalidPhone) as refused:
        Phone.parse(written)
    assert str(refused.value) == "is not a telephone number"
    assert refused.value.args == ("is not a telephone number",)


def test_a_client_is_told_the_field_and_not_the_value() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_phone("1380000000", "contact.phone")
    assert refused.value.faults[0].path == "contact.phone"
    assert "1380000000" not in repr(refused.value)


@given(numbers)
def test_the_clear_form_reads_as_itself(clear: str) -> None:
    assert Phone.parse(clear).clear == clear


@given(mobiles, st.lists(st.sampled_from([" ", "-", "—", ".", ""]), min_size=11, max_size=11))
def test_signs_between_digits_change_nothing(number: str, signs: list[str]) -> None:
    written = "".join(digit + sign for digit, sign in zip(number, signs, strict=True))
    assert Phone.parse("+86" + written).clear == number


@given(numbers)
def test_a_mask_shows_at_most_three_leading_and_four_trailing_digits(clear: str) -> None:
    phone = Phone.parse(clear)
    subscriber = clear.split("-")[1] if "-" in clear else clear.lstrip("+")
    first, stars, last = re.fullmatch(r"(.*?)([*-]+)(\d*)", phone.masked).groups()  # type: ignore[union-attr]
    assert stars.count("*") >= 4
    assert len(first.lstrip("+")) <= 3
    assert len(last) <= 4
    assert clear.replace("+", "").startswith(first.lstrip("+"))
    assert subscriber.endswith(last)


@given(numbers)
def test_no_way_of_printing_shows_the_number(clear: str) -> None:
    phone = Phone.parse(clear)
    for shown in (str(phone), repr(phone), f"{phone}", f"{phone!r:>40}", str([phone])):
        assert clear not in shown
        assert "****" in shown


@given(st.text(max_size=70))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        phone = Phone.parse(text)
    except InvalidPhone:
        return
    assert re.fullmatch(r"\d{11}|0\d{2,3}-\d{7,8}(-\d{1,6})?|\+\d{7,15}", phone.clear)


def test_only_mainland_mobiles_take_text_messages() -> None:
    reached = [
        Phone.parse(text).is_mobile for text in ("13800000000", "01055550000", "+85255550000")
    ]
    assert reached == [True, False, False]
