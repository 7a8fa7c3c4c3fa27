"""A short soak of the built program, and that a soak fails when it must."""

from __future__ import annotations

import pathlib
import random
import sys

import pytest

from cluster import Cluster
from events import Event
from faults import Odds, Plan
from generator import Generator
from model import Expected
from process import size_of
from soak import Difference, Options, Soak
from support.programs import program

MISBEHAVING = pathlib.Path(__file__).with_name("misbehaving.py")
NO_FAULTS = Odds(ecs=0, slack=0, runtime=0, drops=0, big=0)


def clock() -> str:
    return program("CI_LAMBDA_SOAK_CLOCK")


def memory_is_checked() -> bool:
    return program("CI_LAMBDA_SOAK_MEMORY") == "ON"


def soak(events: int, command: list[str] | None = None, **options) -> Soak:
    chosen = Options(events=events, seed=1, warm_up=events * 2 // 3, **options)
    return Soak(command or [program("CI_LAMBDA_BOOTSTRAP")], clock(), chosen)


class NearMisses(Generator):
    """Nothing but events that are to be ignored."""

    def next(self) -> Event:
        return self._near_miss()

    def quiet(self) -> Event:
        return self._near_miss()

    def widest(self) -> Event:
        return self._near_miss()


def soak_that_ignores(events: int, how: str) -> Soak:
    one = soak(events, [sys.executable, str(MISBEHAVING), how], odds=NO_FAULTS, quiet=0)
    one.generator = NearMisses(random.Random(1), one.cluster)
    return one


def test_a_short_soak_finds_nothing():
    # With a sanitizer in the program, which keeps what is freed, an event takes ten times as long.
    events = 1200 if memory_is_checked() else 400
    one = soak(events, memory=memory_is_checked())
    one.run()
    print(one.summary())
    assert one.tally.events == events
    assert one.tally.rollouts > events / 2
    assert len(one.tally.kinds) > 8
    assert len(one.tally.faults) > 20


def test_the_same_seed_gives_the_same_events():
    def events(seed: int) -> list[bytes]:
        generator = Generator(random.Random(seed), Cluster())
        return [generator.next().body for _ in range(500)]

    assert events(1) == events(1)
    assert events(1) != events(2)


def test_a_rollout_too_many_is_found():
    one = soak(200, odds=NO_FAULTS)
    update = one.cluster.update

    def update_twice(name: str, task_definition: str):
        update(name, task_definition)
        return update(name, task_definition)

    one.cluster.update = update_twice
    with pytest.raises(Difference, match="these rollouts began"):
        one.run()


def test_a_rollout_too_few_is_found():
    one = soak(200, odds=NO_FAULTS)
    one.cluster.update = lambda name, task_definition: one.cluster.service_named(name)
    with pytest.raises(Difference, match="is said to be deployed by"):
        one.run()


@pytest.mark.parametrize(("more", "told"), [(1, "messages missing"), (-1, "surplus: {'Deployment started")])
def test_a_message_too_few_or_too_many_is_found(more: int, told: str):
    one = soak(200, odds=NO_FAULTS)
    expect = one.model.expect

    def expect_another_number(event: Event, plan: Plan) -> list[Expected]:
        ways = expect(event, plan)
        for title in ways[0].messages:
            ways[0].messages[title] += more
        return ways

    one.model.expect = expect_another_number
    with pytest.raises(Difference, match=told):
        one.run()


def test_a_wrong_answer_is_found_and_told_with_all_that_happened():
    one = soak(200, [sys.executable, str(MISBEHAVING), "nothing"], odds=NO_FAULTS)
    with pytest.raises(Difference) as found:
        one.run()
    report = str(found.value)
    for part in ("seed 1", "expected: ", "what happened:", '"status": "ignored"', "calls: none"):
        assert part in report


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("files", "file descriptors after the warm-up"),
        ("threads", "threads after the warm-up"),
        ("memory", "it grew by 512 or more"),
        ("twice", "answered 2 times"),
        ("nonsense", "what the program sent is not understood"),
        ("end", "the program ended, with 3"),
        ("silence", "asked for the next one without an answer"),
    ],
)
def test_it_is_found(how: str, told: str):
    with pytest.raises(Difference, match=told):
        soak_that_ignores(200, how).run()


def test_nothing_is_found_where_nothing_is_wrong():
    soak_that_ignores(200, "nothing").run()


def test_the_size_of_a_process_counts_its_files():
    before = size_of(pathlib.os.getpid())
    with open(__file__), open(__file__):
        assert size_of(pathlib.os.getpid()).files == before.files + 2
