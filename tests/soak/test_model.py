"""The rules, one by one, as the model knows them."""

from __future__ import annotations

import dataclasses

import pytest

import faults as f
from cluster import COMPLETED, FAILED, IN_PROGRESS, SECOND, Cluster, Record, Service, arn_of, number_of
from events import FIFO, QUEUE, SINGLE, TOPIC, Broken, Deploy, Event, Item, Meaning, Message, News, Nothing, Sweep
from faults import Plan
from model import Expected, Given, Model, left_out

MINUTE = 60 * SECOND


def world() -> tuple[Cluster, Model]:
    """What runs was begun a minute ago, with the newest revision."""
    cluster = Cluster()
    cluster.now += 60 * MINUTE
    for service in cluster.services:
        cluster.begin(service, arn_of(service, 10))
    cluster.now += MINUTE
    return cluster, Model(cluster)


def single(meaning: Meaning, event_id: str = "1") -> Event:
    return Event("", b"", SINGLE, (Message("", "", (Item(event_id, "", meaning),)),))


def batch(source: str, *meanings: Meaning | tuple[str, Meaning]) -> Event:
    """Messages 1, 2, ..; of the group that may stand before the meaning."""
    messages = []
    for number, one in enumerate(meanings, 1):
        group, meaning = one if isinstance(one, tuple) else ("", one)
        messages.append(Message(str(number), group, (Item(f"id-{number}", "", meaning),)))
    return Event("", b"", source, tuple(messages))


def expect(model: Model, event: Event, **plan) -> Expected:
    (expected,) = model.expect(event, Plan(**plan))
    return expected


def deploy(cluster: Cluster, *services: str, after: int = 1, revision: str | None = None) -> Deploy:
    """A change so many milliseconds after the beginning of what runs."""
    return Deploy(services or ("api",), cluster.services["api"].primary.created + after, revision)


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (-3600 * SECOND, "ignored"),
        (-2 * SECOND, "ignored"),
        (-2 * SECOND + 1, "deployed"),
        (0, "deployed"),
        (30 * SECOND, "deployed"),
    ],
)
def test_what_began_two_seconds_after_a_change_contains_it(after, status):
    cluster, model = world()
    expected = expect(model, single(deploy(cluster, after=after)))
    assert expected.status == status
    assert len(expected.rollouts) == (status == "deployed")
    assert expected.messages.total() == (status == "deployed")


@pytest.mark.parametrize(
    ("state", "words"),
    [(IN_PROGRESS, "already rolling"), (COMPLETED, "already rolled out")],
)
def test_it_is_said_how_far_the_other_one_is(state, words):
    cluster, model = world()
    cluster.services["api"].settle(state)
    expected = expect(model, single(deploy(cluster, after=-MINUTE)))
    assert [fate.says for fate in expected.fates] == [f"{words}: {cluster.services['api'].primary.id}"]


@pytest.mark.parametrize("service", ["cart", "cron", "feed", "img"])
def test_what_a_rollback_brings_back_contains_no_change(service):
    cluster, model = world()
    one = cluster.services[service]
    change = Deploy((service,), cluster.now - MINUTE - 30 * SECOND)
    assert expect(model, single(change)).status == "ignored"
    one.settle(COMPLETED)  # :10, and what is brought back is :10 again, with older tasks
    cluster.begin(service, one.newest)
    cluster.end(one, FAILED)
    for state in (IN_PROGRESS, COMPLETED):
        assert one.primary.state == state
        assert one.primary.revision == one.newest
        assert expect(model, single(change)).rollouts == [(service, one.newest)]
        cluster.end(one, COMPLETED)


def test_another_revision_does_not_contain_the_change():
    cluster, model = world()
    asked_for = deploy(cluster, after=-MINUTE, revision=arn_of("api", 9))
    assert expect(model, single(asked_for)).rollouts == [("api", arn_of("api", 9))]
    cluster.services["api"].revisions.append(11)
    assert expect(model, single(deploy(cluster, after=-MINUTE))).rollouts == [("api", arn_of("api", 11))]


def test_a_request_without_a_time_always_deploys():
    _, model = world()
    assert expect(model, single(Deploy(("api",), None))).status == "deployed"


def test_an_event_that_comes_again_is_answered_as_before_for_ten_minutes():
    cluster, model = world()
    event = single(deploy(cluster))
    model.happened(event, expect(model, event), {"status": "deployed"})
    cluster.now += 9 * MINUTE
    again = expect(model, event)
    assert again.silent
    assert again.same_as == {"status": "deployed"}
    cluster.now += 2 * MINUTE
    assert not expect(model, event).silent


def test_an_event_that_failed_is_tried_again():
    cluster, model = world()
    event = single(deploy(cluster))
    failed = expect(model, event, look=f.SERVER_ERROR)
    assert failed.errors == ("Function.DeploymentFailed",)
    model.happened(event, failed, None)
    assert expect(model, event).status == "deployed"


FOR_EVER = {"reading_fails_for": f.FOR_EVER}
ONCE = {"reading_fails_for": f.FOR_ONE_TRY}
TWICE = {"reading_fails_for": f.FOR_TWO_TRIES}
UNTOLD = f.UNTOLD[0]  # it does not heal


@pytest.mark.parametrize(
    ("plan", "status", "updates", "rollouts"),
    [
        ({"updates": {"api": f.RESET}}, "deployed", 2, 1),
        ({"updates": {"api": f.RESET.done()}}, "deployed", 1, 1),
        ({"updates": {"api": f.RESET.done()}, "second_look": f.SERVER_ERROR, **TWICE}, "deployed", 1, 1),
        ({"updates": {"api": f.RESET.done()}, "second_look": f.SERVER_ERROR, **FOR_EVER}, "failed", 1, 1),
        ({"updates": {"api": f.RESET}, "second_look": f.SERVER_ERROR, **FOR_EVER}, "failed", 1, 0),
        ({"updates": {"api": f.RESET.done()}, "second_look": UNTOLD, **ONCE}, "deployed", 1, 1),
        ({"updates": {"api": UNTOLD.done()}}, "deployed", 1, 1),
        ({"updates": {"api": UNTOLD.done()}, "second_look": f.CLOSE, **ONCE}, "failed", 1, 1),
        ({"updates": {"api": f.THROTTLED[0]}}, "deployed", 2, 1),
        ({"updates": {"api": f.DENIED}}, "failed", 1, 0),
        ({"updates": {"api": f.EXPIRED_ONCE}}, "deployed", 2, 1),
        ({"updates": {"api": f.REFUSALS[-1]}}, "failed", 2, 0),
        ({"updates": {"api": f.HARMLESS[0]}}, "deployed", 1, 1),
        ({"revisions": {"api": f.CLOSE}, **TWICE}, "deployed", 1, 1),
        ({"revisions": {"api": f.CLOSE}, **FOR_EVER}, "failed", 0, 0),
        ({"revisions": {"api": UNTOLD}, **ONCE}, "failed", 0, 0),
        ({"revisions": {"web": f.CLOSE}, **FOR_EVER}, "deployed", 1, 1),
        ({"look": f.CLOSE, **TWICE}, "deployed", 1, 1),
        ({"look": f.CLOSE, **FOR_EVER}, "failed", 0, 0),
        ({"look": f.STALE[0]}, "deployed", 1, 1),
        ({"slack": f.SLACK[0]}, "deployed", 1, 1),
    ],
)
def test_a_fault_costs_a_deployment_only_where_it_must(plan, status, updates, rollouts):
    cluster, model = world()
    expected = expect(model, single(deploy(cluster)), **plan)
    assert [fate.status for fate in expected.fates] == [status]
    assert expected.updates["api"] == updates
    assert len(expected.rollouts) == rollouts
    assert expected.messages.total() == 1


def test_a_service_that_ecs_does_not_know_fails_alone():
    cluster, model = world()
    expected = expect(model, single(deploy(cluster, "api", "ghost")))
    assert expected.errors == ("Function.DeploymentFailed",)
    assert expected.failing == ["ghost"]
    assert [service for service, _ in expected.rollouts] == ["api"]


def test_broken_events_are_errors_and_others_are_ignored():
    _, model = world()
    assert expect(model, single(Broken(""))).errors == ("Function.InvalidEvent",)
    assert expect(model, single(Nothing(""))).status == "ignored"


def test_a_batch_deploys_each_service_once_and_names_what_failed():
    cluster, model = world()
    changes = [deploy(cluster, after=after) for after in (3, 1, 2)]
    expected = expect(model, batch(QUEUE, *changes, Broken(""), deploy(cluster, "ghost"), Nothing("")))
    assert expected.rollouts == [("api", arn_of("api", 10))]
    assert expected.failed_messages == ["4", "5"]
    assert expected.status == "failed"


def test_the_last_request_by_time_says_with_which_revision():
    cluster, model = world()
    requests = [
        deploy(cluster, after=after, revision=arn_of("api", number)) for after, number in ((3, 8), (1, 9), (2, 10))
    ]
    assert expect(model, batch(QUEUE, *requests)).rollouts == [("api", arn_of("api", 8))]
    assert expect(model, batch(FIFO, *requests)).rollouts == [("api", arn_of("api", 10))]


def test_a_fifo_queue_does_nothing_behind_a_failed_message_of_its_group():
    cluster, model = world()
    api, web, ghost = (deploy(cluster, one) for one in ("api", "web", "ghost"))
    event = batch(FIFO, ("a", api), ("a", ghost), ("a", web), ("b", web), ("b", Broken("")), ("b", api))
    expected = expect(model, event)
    assert sorted(service for service, _ in expected.rollouts) == ["api", "web"]
    assert expected.failed_messages == ["2", "3", "5", "6"]


def test_a_fifo_queue_keeps_the_order_of_services():
    cluster, model = world()
    event = batch(FIFO, deploy(cluster, "api"), deploy(cluster, "web"), deploy(cluster, "api"))
    expected = expect(model, event)
    assert expected.rollouts == [("api", arn_of("api", 10)), ("web", arn_of("web", 10))]
    assert [(fate.service, fate.status) for fate in expected.fates][-1] == ("api", "ignored")


def test_a_topic_fails_as_a_whole():
    _, model = world()
    assert expect(model, batch(TOPIC, Broken(""))).errors


def test_what_is_in_a_batch_for_the_second_time_is_not_done_again():
    cluster, model = world()
    event = batch(QUEUE, deploy(cluster), Broken(""))
    model.happened(event, expect(model, event), {})
    again = expect(model, event)
    assert again.rollouts == []
    assert again.failed_messages == ["2"]


def news(cluster: Cluster, name: str = "SERVICE_DEPLOYMENT_COMPLETED", words: str = "completed") -> News:
    return News("api", cluster.services["api"].primary.id, name, words, cluster.now)


def test_news_is_told_once():
    cluster, model = world()
    event = single(news(cluster), "1")
    told = expect(model, event)
    assert dict(told.messages) == {"Deployment completed: api": 1}
    model.happened(event, told, {})
    assert expect(model, single(news(cluster), "2")).status == "ignored"


def test_the_start_that_the_function_has_told_is_no_news():
    cluster, model = world()
    start = news(cluster, "SERVICE_DEPLOYMENT_IN_PROGRESS", "in progress")
    assert expect(model, single(start)).status == "notified"
    event = single(deploy(cluster))
    deployed = expect(model, event)
    cluster.next_event()
    cluster.update("shop_service_api_dev", arn_of("api", 10))
    model.happened(event, deployed, {})
    start = news(cluster, "SERVICE_DEPLOYMENT_IN_PROGRESS", "in progress")
    assert expect(model, single(start, "2")).status == "ignored"


@pytest.mark.parametrize(
    ("state", "age", "status", "messages"),
    [
        (IN_PROGRESS, 599 * SECOND, None, 0),
        (IN_PROGRESS, 600 * SECOND, "timed_out", 1),
        (FAILED, 600 * SECOND, "failed", 0),
        (COMPLETED, 600 * SECOND, None, 0),
    ],
)
def test_a_sweep_finds_what_takes_too_long(state, age, status, messages):
    cluster, model = world()
    for service in cluster.services.values():
        service.settle(COMPLETED)
    cluster.services["api"].settle(state)
    expected = expect(model, single(Sweep(cluster.services["api"].primary.created + age)))
    assert [fate.status for fate in expected.fates] == ([status] if status else [])
    assert expected.messages.total() == messages


@pytest.mark.parametrize(
    ("service", "age", "status"),
    [
        ("search", 600 * SECOND, None),  # bakes for 15 minutes
        ("search", 1499 * SECOND, None),
        ("search", 1500 * SECOND, "timed_out"),
        ("web", 100 * 3600 * SECOND, None),  # waits for a person
        ("backend", 100 * 3600 * SECOND, None),  # has nothing left to do but to end old tasks
        ("cart", 600 * SECOND, "timed_out"),
    ],
)
def test_a_sweep_has_patience_with_what_is_slow_on_purpose(service, age, status):
    cluster, model = world()
    for name, one in cluster.services.items():
        if name != service:
            one.settle(COMPLETED)
    cluster.now = cluster.services[service].primary.created + age
    expected = expect(model, single(Sweep(None)))
    assert [fate.status for fate in expected.fates] == ([status] if status else [])


@pytest.mark.parametrize("service", ["cart", "cron", "feed", "img"])
def test_a_sweep_leaves_alone_what_comes_back(service):
    cluster, model = world()
    for one in cluster.services.values():
        one.settle(COMPLETED)
    cluster.begin(service, arn_of(service, 10))
    cluster.end(cluster.services[service], FAILED)
    cluster.now += 100 * MINUTE
    for state in (IN_PROGRESS, FAILED):
        assert cluster.services[service].primary.state == state
        assert not expect(model, single(Sweep(None))).fates
        cluster.end(cluster.services[service], FAILED)


def test_the_end_of_a_rollback_is_told_as_such():
    cluster, model = world()
    cart = cluster.services["cart"]
    cluster.end(cart, FAILED)
    completed = News("cart", cart.primary.id, "SERVICE_DEPLOYMENT_COMPLETED", "completed", cluster.now)
    assert dict(expect(model, single(completed)).messages) == {"Deployment rolled back: cart": 1}
    cluster.begin("cart", arn_of("cart", 10))
    assert dict(expect(model, single(completed)).messages) == {"Deployment completed: cart": 1}


def history(*rollouts: tuple[int, str], runs: int) -> Service:
    """Of the cart: revisions and how they ended, the oldest first."""
    cluster = Cluster()
    cart = cluster.services["cart"]
    cart.records = [
        Record(str(number), arn_of("cart", revision), cluster.now + number, status)
        for number, (revision, status) in enumerate(rollouts)
    ][::-1]
    cart.revisions = [8, 9, 10]
    cart.primary.revision = arn_of("cart", runs)
    return cart


OK, BACK, WENT_ON = "SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "STOPPED"


@pytest.mark.parametrize(
    ("rollouts", "runs", "by_person", "instead"),
    [
        ([(9, OK), (10, BACK)], 9, False, 9),
        ([(9, OK), (10, "ROLLBACK_IN_PROGRESS")], 9, False, 9),
        ([(9, OK), (10, "ROLLBACK_FAILED")], 9, False, 9),
        ([(9, OK), (10, BACK), (8, BACK)], 9, False, 9),
        ([(9, OK), (10, BACK), (8, OK)], 8, False, 8),
        ([(9, OK), (10, BACK), (8, OK), (9, BACK)], 8, False, 8),
        ([(10, OK), (9, OK)], 9, True, 9),
        ([(10, OK), (9, "IN_PROGRESS")], 9, True, 9),
        ([(10, OK), (9, OK), (8, BACK)], 9, True, 9),
        ([(10, OK), (9, OK), (8, "ROLLBACK_REQUESTED")], 8, True, 9),
        ([(8, OK), (10, BACK), (9, OK), (8, "ROLLBACK_REQUESTED")], 8, False, 9),
        # Nothing is left out.
        ([(9, OK), (10, OK)], 10, None, None),
        ([(9, OK), (10, WENT_ON), (9, OK)], 9, None, None),
        ([(9, OK), (10, BACK), (10, "IN_PROGRESS")], 10, None, None),
        ([(10, BACK)], 9, None, None),
        ([(10, OK), (10, BACK), (9, "IN_PROGRESS")], 9, None, None),
        ([(10, OK), (10, BACK)], 10, None, None),
        ([(10, OK), (9, "ROLLBACK_REQUESTED")], 9, None, None),
        ([(9, OK)], 9, None, None),
    ],
)
def test_what_was_taken_back_is_left_out_until_something_ends_that(rollouts, runs, by_person, instead):
    left = left_out(history(*rollouts, runs=runs))
    found = (None, None) if left is None else (left.by_person, number_of(left.instead))
    assert found == (by_person, instead)


@pytest.mark.parametrize(
    ("rolls_back", "change", "revision"),
    [
        (True, {}, 9),
        (True, {"pushed": True}, 10),
        (True, {"pushed": True, "time": -SECOND}, 9),  # older than the rollout that was taken back
        (True, {"revision": arn_of("cart", 10)}, 10),
        (False, {}, 10),
    ],
)
def test_what_is_deployed_after_a_rollback(rolls_back, change, revision):
    cluster = Cluster()
    cart = cluster.services["cart"]
    began = cluster.begin("cart", arn_of("cart", 10)).created
    cluster.end(cart, FAILED)
    cluster.now += MINUTE
    time = began + change.pop("time", MINUTE)
    expected = expect(Model(cluster, rolls_back), single(Deploy(("cart",), time, **change)))
    assert expected.rollouts == [("cart", arn_of("cart", revision))]
    assert [fate.left_out for fate in expected.fates] == [revision == 9]


def test_what_is_given_of_a_service_is_not_foretold_and_all_else_follows_from_it():
    cluster, model = world()
    event = batch(QUEUE, deploy(cluster, "api"), deploy(cluster, "web"))
    for status in ("deployed", "ignored", "failed"):
        (expected,) = model.expect(event, Plan(), given=Given(frozenset({"web"}), {"web": [status]}))
        assert [str(fate) for fate in expected.fates] == ["api: deployed", f"web: {status}"]
        assert expected.rollouts == [("api", arn_of("api", 10))]
        assert expected.failed_messages == (["2"] if status == "failed" else [])
        assert expected.messages["Deployment started: web"] == (status == "deployed")
        assert expected.messages["Deployment could not start: web"] == (status == "failed")


def test_a_sweep_that_cannot_look_fails():
    cluster, model = world()
    assert expect(model, single(Sweep(cluster.now)), look=f.SERVER_ERROR).errors == ("Function.SweepFailed",)


def test_every_fault_says_what_it_does():
    every = {*f.READS, *f.HEALING_READS, *f.UPDATES, *f.HEALING_UPDATES, f.TEN_MEGABYTES.done()}
    assert len({str(fault) for fault in every}) == len(every)
    for fault in every:
        assert dataclasses.replace(fault).give(b'{"a":1}') is not None
