"""What the tests of accounts share: one secret, the rules of a city."""

from __future__ import annotations

import pytest

from domain.accounts.protection import Protection
from domain.kernel.sections import LoginCode


@pytest.fixture
def protection() -> Protection:
    return Protection(bytes(range(32)))


@pytest.fixture
def rules() -> LoginCode:
    return LoginCode(valid_minutes=5, attempts=3, sends_per_hour=4)
