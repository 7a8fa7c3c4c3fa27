"""One test for each row of the fault table (rows.py), against the built program."""

import json

import pytest

from rows import Row, rows
from runner import BOTH_CLOSED, CLOSED, Seen
from support.leaks import assert_no_secret
from support.programs import SESSION_TOKEN
from support.servers import SlackStub

LEVELS = ("debug", "info", "warn", "error")


def lines_of(seen: Seen) -> list[dict]:
    """Every line of the log is JSON, whatever went wrong. Without those of metrics."""
    return [line for line in map(json.loads, seen.log) if "_aws" not in line]


@pytest.mark.parametrize("row", rows(), ids=str)
def test_row(row: Row, seen: Seen):
    print(seen.output)  # pytest shows it when the test fails
    assert seen.left == {}, "not all of the row's faults have happened: it proves nothing"
    assert_what_the_user_sees(row, seen)
    assert_what_ecs_saw(row, seen)
    assert_that_the_next_event_works(row, seen)
    assert_no_secret(seen.output)
    for secret in (SESSION_TOKEN, SlackStub.PATH):
        assert secret[:12] not in seen.output, "the beginning of a secret was printed"
    assert seen.taken_in == 0, "a redirect was followed"


def assert_what_the_user_sees(row: Row, seen: Seen) -> None:
    outcome = seen.event.outcome
    if row.answer is None:
        assert outcome is None, outcome
    else:
        assert outcome is not None, f"no answer: the process ended with {seen.exit_code}"
        assert row.answer == (outcome.error_type if outcome.kind == "error" else outcome.body["status"]), outcome.text
        for words in row.says:
            assert words in outcome.text
    if row.attempts is not None:
        assert outcome.body["deployments"][0]["attempts"] == row.attempts
    if row.log is not None:
        lines = [line for line in lines_of(seen) if line["level"] == row.log.level]
        found = [line for line in lines if row.log.message in line["message"]]
        assert found, f"no line at level {row.log.level} holds {row.log.message!r}"
        assert any(row.log.fields in json.dumps(line["fields"], ensure_ascii=False) for line in found), found
    if row.slack:
        assert (seen.slack.posts, seen.slack.messages) == (row.posts, row.messages)
    if row.stdout in (CLOSED, BOTH_CLOSED):
        assert seen.stdout == "/dev/null", "the log goes where a connection is"


def assert_what_ecs_saw(row: Row, seen: Seen) -> None:
    assert seen.event.calls == row.calls
    assert seen.event.rollouts == row.rollouts
    warned = any("may_start_a_second_rollout" in line for line in seen.log)
    assert warned == row.second
    assert row.rollouts <= 1 or row.second, "two rollouts, and the log does not say so"


def assert_that_the_next_event_works(row: Row, seen: Seen) -> None:
    assert seen.exit_code == row.exits
    if row.again is not None:
        assert seen.again is not None and seen.again.outcome is not None
        assert seen.again.outcome.body.get("status") == row.again.status, seen.again.outcome.text
        assert seen.again.calls == row.again.calls
        assert seen.event.rollouts + seen.again.rollouts == 1
    if row.slack:
        assert seen.slack.after == row.messages_after
    outcome = seen.after.outcome
    assert outcome is not None and outcome.kind == "response", outcome
    assert outcome.body["status"] == "deployed", outcome.text
    # Where a rollout is under way, ECS's records say whether somebody has asked to take it back.
    assert seen.after.calls.replace("S", "") == "DLU"
    assert seen.after.rollouts == 1
