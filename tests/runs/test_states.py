"""The transition table."""

from __future__ import annotations

import pytest

from gan_core.runs.states import FOLLOWS, LIVE, STATES, WORDS, IllegalMove, State, move

AT_REST: set[State] = {"finished", "stopped", "diverged", "failed", "interrupted"}


def test_every_state_has_words_and_a_line_in_the_table() -> None:
    assert set(FOLLOWS) == set(WORDS) == set(STATES)


def test_a_run_is_live_or_at_rest() -> None:
    assert set(STATES) - LIVE == AT_REST


@pytest.mark.parametrize("state", sorted(LIVE))
def test_every_live_state_can_fail_be_cut_off_and_lead_to_rest(state: State) -> None:
    assert {"failed", "interrupted"} <= FOLLOWS[state]
    assert FOLLOWS[state] & {"stopping", "stopped"}


@pytest.mark.parametrize("state", sorted(AT_REST))
def test_rest_is_left_through_the_queue_alone_and_divergence_never(state: State) -> None:
    assert FOLLOWS[state] == (set() if state == "diverged" else {"queued"})


def test_a_move_that_the_table_does_not_know_is_refused_in_a_sentence() -> None:
    assert move("queued", "running") == "running"
    with pytest.raises(IllegalMove, match="A run that is finished cannot become running; .* become queued\\."):
        move("finished", "running")
