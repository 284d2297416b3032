"""Who asks for too much is told to slow down, and nothing that they asked for was done."""

from __future__ import annotations

from pathlib import Path

from api.rates import Rates
from domain.kernel.actor import Role
from domain.kernel.clock import FixedClock
from tests.loop.conftest import MONDAY
from tests.loop.steps import citizen_of
from tests.support.city import Caller, hotline

SUBMIT = """mutation($input: SubmitTicketInput!) { submitTicket(input: $input) {
  __typename ... on SubmitTicketPayload { ticket { code } } } }"""
# A submission costs more than a point and less than twelve; nothing drains in the test's time.
TIGHT = (1e-6, 12.0)


async def submitted(caller: Caller) -> object:
    given = {"title": "路灯不亮", "content": "小区门口的路灯三天不亮。", "kind": "HELP"}
    return await caller.answer(SUBMIT, input=given)


async def test_the_bucket_is_each_callers_own_and_a_refusal_does_nothing(
    city_url: str, redis_socket: Path
) -> None:
    rates = Rates(dict.fromkeys(Role, TIGHT))
    clock, redis = FixedClock(MONDAY), f"unix://{redis_socket}"
    async with hotline(city_url, redis, clock, rates=rates) as city:
        greedy, modest = citizen_of(city), citizen_of(city)
        answers = [await submitted(greedy) for _ in range(12)]
        served = [answer for answer in answers if "errors" not in answer]
        refused = [answer for answer in answers if "errors" in answer]
        assert served and refused and answers == [*served, *refused]
        for answer in refused:
            [error] = answer["errors"]
            assert error["extensions"]["code"] == "RATE_LIMITED"
            assert error["extensions"]["retryAfter"] > 0
        row = await city.row("select count(*) as tickets from ticket")
        assert row["tickets"] == len(served)
        assert "errors" not in await submitted(modest)
