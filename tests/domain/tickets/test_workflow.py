"""The transition table: what it promises to every ticket, however it is walked."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.kernel.actor import Role
from domain.kernel.errors import NotPossibleNow
from domain.kernel.vocabulary import TicketStatus as S
from domain.tickets.workflow import (
    ACTIONS,
    ENDED,
    STEPS,
    Action,
    Condition,
    Party,
    Step,
    available_actions,
    may,
    next_status,
    party,
)

MOVES: tuple[Action | Step, ...] = (*Action, *Step)
# Named in the contract, entered by steps that are not built yet.
LATER: set[S] = set()

# The loop as the rules tell it, written down a second time: whence, by what, whither.
WAYS = {
    (S.RECEIVED, Action.ANSWER): S.ANSWERED,
    (S.RECEIVED, Action.REDIRECT): S.REDIRECTED,
    (S.RECEIVED, Action.DISPATCH): S.DISPATCHED,
    (S.RECEIVED, Action.WITHDRAW): S.WITHDRAWN,
    (S.DISPATCHED, Action.DISPATCH): S.DISPATCHED,
    (S.DISPATCHED, Action.ACCEPT): S.ACCEPTED,
    (S.DISPATCHED, Action.WITHDRAW): S.WITHDRAWN,
    (S.ACCEPTED, Action.REPLY): S.REPLIED,
    (S.ACCEPTED, Action.WITHDRAW): S.WITHDRAWN,
    (S.DISPATCHED, Action.CONCLUDE): S.REPLIED,
    (S.ACCEPTED, Action.CONCLUDE): S.REPLIED,
    (S.DISPATCHED, Action.CONTEST): S.CONTESTED,
    (S.ACCEPTED, Action.CONTEST): S.CONTESTED,
    (S.CONTESTED, Action.WITHDRAW): S.WITHDRAWN,
    (S.CONTESTED, Step.REDISPATCH): S.DISPATCHED,
    (S.CONTESTED, Step.REINSTATE): S.DISPATCHED,
    (S.CONTESTED, Step.REINSTATE_ACCEPTED): S.ACCEPTED,
    (S.ACCEPTED, Action.SUSPEND): S.SUSPENDED,
    (S.SUSPENDED, Action.RESUME): S.ACCEPTED,
    (S.SUSPENDED, Action.WITHDRAW): S.WITHDRAWN,
    (S.REPLIED, Step.REWORK): S.DISPATCHED,
    (S.REPLIED, Step.CLOSE): S.CLOSED,
    (S.RECEIVED, Action.MERGE): S.MERGED,
    (S.DISPATCHED, Action.MERGE): S.MERGED,
    (S.ACCEPTED, Action.MERGE): S.MERGED,
    (S.DISPATCHED, Step.TAKE_AWAY): S.RECEIVED,
    (S.ACCEPTED, Step.TAKE_AWAY): S.RECEIVED,
    (S.CONTESTED, Step.TAKE_AWAY): S.RECEIVED,
    (S.SUSPENDED, Step.TAKE_AWAY): S.RECEIVED,
    (S.MERGED, Action.UNMERGE): S.RECEIVED,
    (S.MERGED, Step.PROMOTE): S.RECEIVED,
    (S.MERGED, Step.REWORK): S.DISPATCHED,
    (S.MERGED, Step.CLOSE): S.CLOSED,
}


def way(status: S, move: Action | Step) -> S | None:
    """Where the table leads; None where it has no such way."""
    try:
        return next_status(status, move)
    except NotPossibleNow:
        return None


def test_the_table_has_these_ways_between_statuses_and_no_others() -> None:
    moves = {(status, move): way(status, move) for status in S for move in MOVES}
    changing = {pair: to for pair, to in moves.items() if to is not None and to is not pair[0]}
    again = {(S.DISPATCHED, Action.DISPATCH): S.DISPATCHED}
    assert changing | again == WAYS


def test_what_has_ended_stays_so() -> None:
    """No analysis, no timer and nobody moves a ticket back from its end."""
    assert [(status, move) for status in ENDED for move in MOVES if way(status, move)] == []


def test_every_other_status_can_be_left_and_be_reached() -> None:
    for status in set(S) - ENDED - LATER:
        assert any(way(status, move) not in {None, status} for move in MOVES), status
    reached = {next_status(None, Step.SUBMIT)}
    for _ in S:
        reached |= {to for at in reached for move in MOVES if (to := way(at, move)) is not None}
    assert reached == set(S) - LATER


@pytest.mark.parametrize("move", [move for move in MOVES if move is not Step.SUBMIT])
def test_nothing_happens_to_a_ticket_that_is_not_there(move: Action | Step) -> None:
    with pytest.raises(NotPossibleNow):
        next_status(None, move)


def test_a_ticket_is_submitted_once() -> None:
    assert [status for status in S if way(status, Step.SUBMIT)] == []


def test_what_is_offered_is_what_is_possible_and_permitted() -> None:
    for status in S:
        for who in Party:
            fitting = [act for act in Action if may(who, act) and way(status, act) is not None]
            assert [act for act in fitting if ACTIONS[act].unless is None] == list(
                available_actions(status, who, frozenset(Condition))
            )
            assert [act for act in fitting if ACTIONS[act].given is None] == list(
                available_actions(status, who)
            )


@pytest.mark.parametrize("condition", Condition)
def test_each_condition_opens_or_shuts_something(condition: Condition) -> None:
    # But for what would shut the same action whatever the condition says.
    shutting = {row.unless for row in ACTIONS.values() if row.given is condition}
    everything = frozenset(Condition) - shutting
    pairs = [(status, who) for status in S for who in Party]
    with_it = [set(available_actions(*pair, everything)) for pair in pairs]
    without = [set(available_actions(*pair, everything - {condition})) for pair in pairs]
    assert with_it != without
    for held, free, (status, who) in zip(with_it, without, pairs, strict=True):
        for action in held ^ free:
            row = ACTIONS[action]
            assert condition in {row.given, row.unless}
            assert (action in held) is (row.given is condition)
            assert status in row.sources and who in row.parties


def test_rules_are_nobodys_choice() -> None:
    assert not {step.value for step in Step} & {action.value for action in Action}
    assert all(not row.parties for row in STEPS.values())
    assert all(row.parties for row in ACTIONS.values())
    assert not any(may(Party.NONE, action) for action in Action)
    assert all(row.given is None or row.given is not row.unless for row in ACTIONS.values())


def test_the_closest_part_counts() -> None:
    parts = ("lead", "joint", "co_handler", "handed_down", "called", "conferee", "above")
    for place, name in enumerate(parts):
        held = dict.fromkeys(parts[place:], True)
        assert party(Role.HANDLER, **held) is Party(name.upper())
        assert party(Role.CITIZEN, **held) is Party.NONE


def test_nobody_beside_the_lead_moves_a_ticket() -> None:
    """A joint unit's, a helper's or a called unit's step leaves the status as it is."""
    beside = {Party.JOINT, Party.CO_HANDLER, Party.HANDED_DOWN, Party.CALLED}
    beside |= {Party.CONFEREE}
    steps = [row for row in ACTIONS.values() if row.parties & beside]
    assert steps and all(row.target is None for row in steps)


def test_what_somebody_is_to_a_ticket() -> None:
    """The role decides first: a handler who is also the submitter stays a handler."""
    for role in Role:
        for submitter in (False, True):
            for lead in (False, True):
                found = party(role, submitter=submitter, lead=lead)
                if role is Role.AGENT:
                    assert found is Party.CENTRE
                elif role is Role.SUPERVISOR:
                    assert found is Party.SUPERVISOR
                elif role is Role.HANDLER:
                    assert found is (Party.LEAD if lead else Party.NONE)
                elif role in {Role.CITIZEN, Role.PARTNER}:
                    assert found is (Party.SUBMITTER if submitter else Party.NONE)
                else:
                    assert found is Party.NONE


class Walk(RuleBasedStateMachine):
    """Any moves, in any order; the wrong ones are refused and change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.path: list[S] = []

    @initialize()
    def submit(self) -> None:
        self.path = [next_status(None, Step.SUBMIT)]

    @precondition(lambda self: self.path)
    @rule(move=st.sampled_from(MOVES))
    def take(self, move: Action | Step) -> None:
        present = self.path[-1]
        to = way(present, move)
        if to is None:
            assert present not in (ACTIONS | STEPS)[move].sources  # type: ignore[operator]
        else:
            self.path.append(to)

    @invariant()
    def replies_follow_a_dispatch(self) -> None:
        """Only the centre, for a ticket that was split, replies without an acceptance."""
        for before, after in zip(self.path, self.path[1:], strict=False):
            if after is S.REPLIED and before is not S.REPLIED:
                assert before in {S.DISPATCHED, S.ACCEPTED}

    @invariant()
    def an_end_is_the_last(self) -> None:
        assert not ENDED & set(self.path[:-1])

    @invariant()
    def rework_needs_a_reply(self) -> None:
        for before, after in zip(self.path, self.path[1:], strict=False):
            if after is S.DISPATCHED:
                assert before in {S.RECEIVED, S.DISPATCHED, S.CONTESTED, S.REPLIED, S.MERGED}
            if after is S.CLOSED:
                assert before in {S.REPLIED, S.MERGED}


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=30)
