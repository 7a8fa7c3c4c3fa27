"""A short soak of the built program, and that a soak fails when it must."""

from __future__ import annotations

import dataclasses
import pathlib
import random
import sys
from collections.abc import Callable

import pytest

from cluster import Cluster, Service
from events import Event
from faults import Odds, Plan
from generator import Generator
from model import Expected
from process import size_of
from soak import Difference, Options, Soak
from support.programs import program

MISBEHAVING = pathlib.Path(__file__).with_name("misbehaving.py")
NO_FAULTS = Odds(ecs=0, slack=0, runtime=0, drops=0, big=0, interruptions=0, records=0, definitions=0)


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


@pytest.mark.parametrize("rolls_back", [False, True])
def test_a_short_soak_finds_nothing(rolls_back: bool):
    events = 450  # fewer would not do all that there is to do
    # To measure once is enough.
    one = soak(events, memory=memory_is_checked(), rolls_back=rolls_back, measures=not rolls_back)
    one.run()
    print(one.summary())
    assert one.tally.events == events
    assert one.tally.rollouts > events / 2
    assert len(one.tally.kinds) > 8
    assert len(one.tally.faults) > 20
    assert one.tally.judged > events / 20
    assert len(one.tally.deeds) > 3
    assert min(one.tally.late_looks, one.cluster.foreign, one.cluster.rollbacks) > events / 100
    assert (one.tally.left_out > events / 100) is rolls_back


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


# --- worlds that lie: what the program then does is wrong in truth, and must be found -------------------------------

EVENTS = 600
ALL_THE_TIME = dataclasses.replace(NO_FAULTS, interruptions=1)


def soak_in(lie: Callable[[Cluster], None], odds: Odds = NO_FAULTS) -> Soak:
    one = soak(EVENTS, odds=odds, measures=False)
    lie(one.cluster)
    return one


def rollbacks_look_like_rollouts(cluster: Cluster) -> None:
    """No word of it, and the record of what failed is gone."""
    roll_back, deployments = cluster.roll_back, cluster.service_deployments

    def roll_back_in_silence(service: Service, at: int) -> None:
        roll_back(service, at)
        service.messages.clear()
        service.primary.words = ""

    def without_records(name: str) -> bytes:
        return b'{"serviceDeployments":[]}' if cluster.service_named(name).primary.back else deployments(name)

    cluster.roll_back, cluster.service_deployments = roll_back_in_silence, without_records


def what_somebody_does_is_not_shown(cluster: Cluster) -> None:
    """DescribeServices and ListTaskDefinitions show for ever what was there at first, and nobody has said so."""
    describe, seen = cluster.describe, {}

    def describe_once(names: list[str]) -> bytes:
        return seen.setdefault(("services", *names), describe(names))

    list_all = cluster.task_definitions

    def list_once(family: str, token: str | None) -> bytes:
        return seen.setdefault(("revisions", family, token), list_all(family, token))

    cluster.describe, cluster.task_definitions = describe_once, list_once


def stages_are_not_shown(cluster: Cluster) -> None:
    cluster.service_deployment = lambda arn: b'{"serviceDeployments":[]}'


def another_revision_is_begun(cluster: Cluster) -> None:
    """Than the one that was sent."""
    update = cluster.update
    cluster.update = lambda name, _: update(name, "shop:8")


class Sweeps(Generator):
    """A sweep now and then, while the services roll."""

    def next(self) -> Event:
        self._let_time_pass()
        self._cluster.now += 100_000
        return self._sweep()


class Changes(Generator):
    """Of one service each."""

    def next(self) -> Event:
        self._let_time_pass()
        return self._one_change()


@pytest.mark.parametrize(
    ("lie", "odds", "told"),
    [
        # By the model.
        (rollbacks_look_like_rollouts, NO_FAULTS, 'the status is "ignored"|messages missing|fates are'),
        (another_revision_is_begun, NO_FAULTS, "these rollouts began"),
        # By the judge.
        (what_somebody_does_is_not_shown, ALL_THE_TIME, r"^\S+ is deployed, and :\d+ was there|which is newer"),
        (another_revision_is_begun, ALL_THE_TIME, r"(?m)^\S+ (runs, and somebody|is deployed, and nobody is told)"),
    ],
)
def test_what_a_program_does_in_a_world_that_lies_is_found(lie, odds, told):
    one = soak_in(lie, odds)
    if odds is ALL_THE_TIME:
        one.generator = Changes(random.Random(1), one.cluster)
    with pytest.raises(Difference, match=told):
        one.run()


def test_a_rollout_that_waits_for_a_person_and_is_called_late_is_found():
    one = soak_in(stages_are_not_shown)
    one.cluster.somebody_deploys("web", one.cluster.now)
    one.generator = Sweeps(random.Random(1), one.cluster)
    with pytest.raises(Difference, match=r"expected: status swept[^\n]*\n(?s:.)*answer[^\n]*web"):
        one.run()


@pytest.mark.parametrize("what", ["sends", "finish", "swept"])
def test_a_complaint_of_the_judge_ends_the_soak(what):
    one = soak(200, odds=NO_FAULTS, measures=False)
    if what == "swept":
        one.generator = Sweeps(random.Random(1), one.cluster)
    judge = getattr(one.judge, what)

    def judge_and_complain(*arguments) -> None:
        judge(*arguments)
        one.judge.complaints.append("this is not so")

    setattr(one.judge, what, judge_and_complain)
    with pytest.raises(Difference, match="this is not so"):
        one.run()


def test_the_size_of_a_process_counts_its_files():
    before = size_of(pathlib.os.getpid())
    with open(__file__), open(__file__):
        assert size_of(pathlib.os.getpid()).files == before.files + 2
