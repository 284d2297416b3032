"""Names: their mask shows the surname and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts.names import LONGEST_NAME, mask_name, read_name
from domain.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张**"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳", "欧**"),
        ("司马光", "司马**"),
        ("李先生", "李**"),
        ("阿凡提·买买提", "阿**"),
        ("John Smith", "J**"),
        ("王", "王**"),
    ],
)
def test_masks(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(min_size=2, max_size=LONGEST_NAME))
def test_a_mask_never_shows_the_whole_name(name: str) -> None:
    shown = mask_name(name).removesuffix("**")
    assert name.startswith(shown)
    assert len(shown) < len(name)


@pytest.mark.parametrize("name", ["", "  ", "张" * 61, "张\u0000三", "张\u202e三", "\ud800"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_name(name, "contact.name")
    assert refused.value.faults[0].path == "contact.name"


def test_blanks_are_put_in_order() -> None:
    assert read_name("  John   Ｓmith\t") == "John Smith"
