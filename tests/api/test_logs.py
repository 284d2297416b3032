"""Logs hold no telephone number, whatever was logged and whoever logged it."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from api.logs import configure, mask_event, mask_phones
from domain.kernel.settings import Mode, Settings
from tests.support.engines import ROOT

NUMBER = "13800001234"
mobile = st.from_regex(r"\A1[3-9][0-9]{9}\Z")
around = st.text(st.characters(exclude_categories=("Nd", "Cs")), max_size=20).filter(
    lambda text: not text.endswith("-")
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13800001234，急", "电话138****1234，急"),
        ("+8613800001234", "+86138****1234"),
        ("8613800001234", "86138****1234"),
        ("138 0000 1234", "138****1234"),
        ("138-0000-1234", "138****1234"),
        ("１３８００００１２３４", "１３８****１２３４"),
        ("010-55550000", "010-55550000"),
        ("20261123138000012340000", "20261123138000012340000"),
        ("12345", "12345"),
    ],
)
def test_mobile_numbers_are_masked_and_nothing_else(text: str, masked: str) -> None:
    assert mask_phones(text) == masked


@settings(max_examples=100)
@given(before=around, number=mobile, after=around)
def test_no_surrounding_lets_a_number_through(before: str, number: str, after: str) -> None:
    assert number not in mask_phones(before + number + after)


@settings(max_examples=50)
@given(
    st.recursive(
        mobile | mobile.map(int) | st.integers() | st.none() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(mobile | st.text(), inner),
        max_leaves=8,
    )
)
def test_no_depth_lets_a_number_through(value: object) -> None:
    event = mask_event(None, "info", {"event": "x", "value": value})
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", repr(event))


@pytest.fixture
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("mode", list(Mode))
def test_every_way_into_the_log_is_masked(mode: Mode, capfd: pytest.CaptureFixture[str]) -> None:
    configure(Settings(JIESU_MODE=mode), "api")
    logger = structlog.get_logger()
    logger.info("called", phone=NUMBER, deep={"list": [NUMBER, int(NUMBER)]})
    logging.getLogger("some.library").warning("SELECT %s", NUMBER)
    try:
        raise ValueError(f"bad number {NUMBER}")
    except ValueError:
        logger.exception("failed")
        logging.getLogger("some.library").exception("failed too")
    written = capfd.readouterr()
    assert written.err.count("138****1234") >= 6
    assert NUMBER not in written.err
    assert written.out == ""


PROGRAM = """
import logging, sys
import structlog
from api.logs import configure
from domain.kernel.settings import Settings
configure(Settings(JIESU_MODE=sys.argv[1]), "worker")
structlog.contextvars.bind_contextvars(request_id="r-1")
structlog.get_logger().warning("ticket_dispatched", unit="110105001")
structlog.get_logger().debug("not wanted")
logging.getLogger("sqlalchemy").error("lost connection")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("failed")
"""


def lines_of(mode: Mode) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


def test_production_writes_one_json_object_a_line() -> None:
    first, second, third = (json.loads(line) for line in lines_of(Mode.PRODUCTION))
    assert first["event"] == "ticket_dispatched"
    assert first["request_id"] == "r-1"
    assert first["process"] == "worker"
    assert first["level"] == "warning"
    assert first["timestamp"].endswith("Z")
    assert second["logger"] == "sqlalchemy"
    assert second["event"] == "lost connection"
    assert "ZeroDivisionError" in third["exception"]


def test_development_writes_for_people() -> None:
    text = "\n".join(lines_of(Mode.DEVELOPMENT))
    assert "ticket_dispatched" in text
    assert "not wanted" not in text
    assert not text.startswith("{")
