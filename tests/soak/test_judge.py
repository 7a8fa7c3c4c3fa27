"""Each rule of the judge finds the lie that it is there for, and takes nothing else for one."""

from __future__ import annotations

import collections
import dataclasses

import pytest

import faults as f
from cluster import COMPLETED, FAILED, SECOND, Cluster, Service, arn_of
from events import SINGLE, Deploy, Event, Item, Message, News, Sweep
from faults import Plan
from judge import MOMENT, NOT_KNOWN, Judge
from model import TOO_LONG, Fate
from natures import Look, Nature

API = "api"
UNTOLD = f.UNTOLD[0]  # it does not heal
PLAIN, LATE = Nature(), Nature(late_services=10 * SECOND)


def arn(revision: int) -> str:
    return arn_of(API, revision)


@dataclasses.dataclass
class Case:
    """One event about the api, which has run :10 for an hour."""

    nature: Nature = PLAIN
    named: int | None = None  # the revision that is asked for
    plan: Plan = dataclasses.field(default_factory=Plan)
    pushed: bool = False
    rolls_back: bool = False

    def __post_init__(self) -> None:
        self.cluster = Cluster({API: self.nature})
        self.api: Service = self.cluster.services[API]
        self.cluster.begin(API, arn(10))
        self.pass_time(3600 * SECOND)
        self.cluster.end(self.api, COMPLETED)
        self.pass_time(3600 * SECOND)
        self.changed_at = self.cluster.now - SECOND
        self.judge = Judge(self.cluster, self.rolls_back)
        self.begin()

    def begin(self) -> None:
        """The event comes now."""
        revision = None if self.named is None else arn(self.named)
        meaning = Deploy((API,), self.changed_at, revision, self.pushed)
        event = Event("", b"", SINGLE, (Message("", "", (Item("1", "", meaning),)),))
        self.judge.begin(event, self.plan)

    def pass_time(self, milliseconds: int) -> None:
        self.cluster.now += milliseconds

    def look(self) -> None:
        self.judge.listed(self.api, self.api.revisions)
        self.judge.shown(self.api, self.cluster.view(self.api) if self.nature.late_services else None)

    def send(self, revision: int, carried_out: bool = True) -> None:
        self.judge.sends(self.api, arn(revision), self.cluster.now)
        if carried_out:
            self.cluster.begin(API, arn(revision))
            self.judge.carried_out(self.api)

    def say(self, status: str, outcome: str = "", **entry: str) -> str:
        """What the judge says to it."""
        about = {"deployment_id": self.api.primary.id, "task_definition": self.api.primary.revision} | entry
        said = {"service": API, "status": status, "outcome": outcome, "reason": "a change", **about}
        self.judge.finish([Fate(API, status)], [said], {API})
        return "\n".join(self.judge.complaints)

    def already(self, deployment: str, newer: bool = False) -> str:
        more = " with api:11, which is newer" if newer else ""
        return self.say("ignored", f"already rolling: {deployment}{more}")


def test_what_is_as_it_should_be_is_not_complained_of():
    case = Case()
    case.look()
    case.send(10)
    assert not case.say("deployed")


@pytest.mark.parametrize("looks_again", [True, False])
def test_an_older_revision_goes_over_somebodys_newer_one(looks_again):
    case = Case()
    case.look()
    case.pass_time(SECOND if looks_again else MOMENT + 1)
    case.cluster.somebody_deploys(API, case.cluster.now, 0)
    if looks_again:
        case.look()
    else:
        case.pass_time(MOMENT + 1)
    case.send(10)
    complaint = case.say("deployed")
    assert ":10 goes over shop_service_api_dev:11, which is newer" in complaint
    assert "is deployed after somebody has deployed" in complaint


def test_what_somebody_deploys_after_the_look_could_not_be_known():
    case = Case()
    case.look()
    case.cluster.somebody_deploys(API, case.cluster.now, 0)
    case.send(10)
    assert not case.say("deployed")
    assert case.judge.overtaken == 1


def test_what_is_shown_late_could_not_be_known():
    case = Case(LATE)
    case.cluster.somebody_deploys(API, case.cluster.now)
    case.pass_time(MOMENT + 5 * SECOND)
    case.look()
    case.send(10)
    assert not case.say("deployed")


def test_a_revision_is_passed_over():
    case = Case()
    case.api.register(case.cluster.now, 0)
    case.pass_time(MOMENT + 1)
    case.send(10)
    assert ":10 is deployed, and :11 was there" in case.say("deployed")


def test_a_revision_that_was_asked_for_may_be_older():
    case = Case(named=9)
    case.cluster.somebody_deploys(API, case.cluster.now - 60 * SECOND, 0)
    case.look()
    case.send(9)
    assert not case.say("deployed")


def test_a_revision_is_deployed_for_which_nobody_has_asked():
    case = Case(named=9)
    case.look()
    case.send(10)
    assert "for which nobody has asked" in case.say("deployed")


def test_a_deployment_is_made_up():
    case = Case()
    case.look()
    assert "is said to be deployed by ecs-svc/7" in case.say("deployed", deployment_id="ecs-svc/7")


def test_a_deployment_is_said_to_run_something_else():
    case = Case()
    case.look()
    case.send(10)
    assert "is said to run shop_service_api_dev:9" in case.say("deployed", task_definition=arn(9))


def test_somebodys_deployment_may_be_taken_for_one_whose_answer_was_lost():
    for plan, fine in ((Plan(updates={API: f.RESET}), True), (Plan(), False)):
        case = Case(plan=plan)
        case.look()
        case.send(10, carried_out=False)
        theirs = case.cluster.somebody_deploys(API, case.cluster.now)
        assert bool(case.say("deployed", deployment_id=theirs.id)) is not fine


def test_a_change_goes_missing():
    case = Case()
    case.look()
    assert "nothing was rolled out after the change" in case.already(case.api.primary.id)


def test_what_has_the_change_is_no_reason_to_deploy():
    case = Case()
    case.pass_time(5 * SECOND)
    theirs = case.cluster.somebody_deploys(API, case.cluster.now, 0)
    case.look()
    assert not case.already(theirs.id, newer=True)


def test_what_began_before_the_change_does_not_have_it():
    case = Case()
    before = case.api.primary.id
    case.pass_time(5 * SECOND)
    case.cluster.somebody_deploys(API, case.cluster.now)
    assert "which began before the change" in case.already(before)


def test_nobody_knows_what_is_said_to_roll():
    for outcome in ("already rolling: ecs-svc/7", "held back", ""):
        case = Case()
        case.cluster.somebody_deploys(API, case.cluster.now)
        assert "nobody knows that deployment" in case.say("ignored", outcome)


@pytest.mark.parametrize("look", list(Look))
@pytest.mark.parametrize("a_moment_ago", [False, True])
def test_what_a_rollback_has_brought_back_has_no_change(look, a_moment_ago):
    case = Case(Nature(comes_back=look))
    case.cluster.somebody_deploys(API, case.cluster.now)
    case.pass_time(5 * SECOND)
    case.cluster.end(case.api, FAILED)
    case.pass_time(0 if a_moment_ago else MOMENT + 1)
    complaint = case.already(case.api.primary.id)
    assert ("which a rollback has brought back" in complaint) is not a_moment_ago


def test_what_has_failed_has_no_change():
    case = Case()
    theirs = case.cluster.somebody_deploys(API, case.cluster.now + 2 * SECOND)
    case.cluster.end(case.api, FAILED)
    case.pass_time(MOMENT + 1)
    assert "which has failed" in case.already(theirs.id)


def test_what_rolls_already_is_older_than_what_was_listed():
    case = Case()
    case.pass_time(5 * SECOND)
    theirs = case.cluster.somebody_deploys(API, case.cluster.now)
    case.api.register(case.cluster.now, 0)
    case.look()
    assert ":11 was there" in case.already(theirs.id)


@pytest.mark.parametrize(
    ("plan", "fine"),
    [
        (Plan(), False),
        (Plan(look=f.CLOSE, reading_fails_for=f.FOR_TWO_TRIES), False),
        (Plan(look=f.CLOSE), True),
        (Plan(definitions={API: f.CLOSE}, reading_fails_for=f.FOR_ONE_TRY), False),
        (Plan(records={API: f.CLOSE}, records_fail=1000), False),
        (Plan(updates={API: f.RESET}), False),
        (Plan(updates={API: f.DENIED}), True),
        (Plan(updates={"web": f.DENIED}), False),
    ],
)
def test_only_what_does_not_heal_is_a_reason_to_fail(plan, fine):
    assert ("nothing stood in its way" in Case(plan=plan).say("failed")) is not fine


def test_who_was_asked_to_go_back_is_a_reason_to_fail():
    case = Case(Nature(comes_back=Look.NEW_ID))
    case.cluster.somebody_deploys(API, case.cluster.now)
    assert case.cluster.ask_to_go_back(case.api, case.cluster.now)
    case.judge.asked_to_go_back(case.api)
    assert not case.say("failed")


def test_one_deployment_is_one_request():
    case = Case()
    case.look()
    case.send(10)
    case.send(10)
    assert "UpdateService was asked for 2 times" in case.say("deployed")


def test_an_older_revision_runs_in_the_end():
    case = Case()
    case.cluster.somebody_deploys(API, case.cluster.now, 0)
    case.cluster.begin(API, arn(10))
    assert ":10 runs, and somebody deployed shop_service_api_dev:11" in case.say("deployed")


def test_what_ecs_took_back_is_no_reason_to_complain_of_what_runs():
    case = Case(Nature(comes_back=Look.NEW_TIME))
    case.cluster.somebody_deploys(API, case.cluster.now, 0)
    case.cluster.end(case.api, FAILED)
    case.look()
    case.send(11)
    assert not case.say("deployed")


@pytest.mark.parametrize(
    ("plan", "text", "told"),
    [
        (Plan(records={API: f.CLOSE}, records_fail=2), "", "is told as completed, and came back"),
        (Plan(look=f.CLOSE), "", "nobody could know that"),
        (Plan(look=UNTOLD), "", "nobody could know that"),
        (Plan(look=f.CLOSE), f"whether it .. {NOT_KNOWN}.", ""),
    ],
)
def test_the_end_of_a_rollback_is_told_as_a_rollout_that_completed(plan, text, told):
    cluster = Cluster({API: Nature(comes_back=Look.NEW_TIME)})
    api, judge = cluster.services[API], Judge(cluster)
    cluster.begin(API, arn(10))
    cluster.end(api, FAILED)
    cluster.now += MOMENT + 1
    news = News(API, api.primary.id, "SERVICE_DEPLOYMENT_COMPLETED", "completed", 0)
    judge.begin(Event("", b"", SINGLE, (Message("", "", (Item("", "", news),)),)), plan)
    judge.told(collections.Counter({"Deployment rolled back: api": 1}), "", {API})
    assert not judge.complaints
    judge.told(collections.Counter({"Deployment completed: api": 1}), text, {API})
    assert told in "\n".join(judge.complaints)
    assert bool(judge.complaints) is bool(told)


def after_a_rollback(**options) -> Case:
    """:11 was taken back, and :10 runs again."""
    case = Case(Nature(comes_back=Look.NEW_TIME), rolls_back=True, **options)
    case.cluster.somebody_deploys(API, case.cluster.now, 0)
    for state in (FAILED, COMPLETED):
        case.pass_time(60 * SECOND)
        case.cluster.end(case.api, state)
    case.pass_time(60 * SECOND)
    case.begin()
    case.look()
    return case


def test_what_was_taken_back_is_left_out_and_it_is_told():
    case = after_a_rollback()
    case.send(10)
    assert not case.say("deployed", reason="a change (not with api:11, which was rolled back)")
    case = after_a_rollback()
    case.send(10)
    assert "nobody is told why it is not a newer one" in case.say("deployed")


def test_what_was_taken_back_comes_again_without_a_reason():
    for options, fine in (
        ({}, False),
        ({"pushed": True}, True),
        ({"named": 11}, True),
        ({"plan": Plan(records={API: f.CLOSE})}, True),
    ):
        case = after_a_rollback(**options)
        case.send(11)
        assert ("comes again, which was taken back" in case.say("deployed")) is not fine


def test_a_revision_that_nobody_has_brought_back_takes_the_place_of_what_was_taken_back():
    case = after_a_rollback()
    case.send(9)
    assert ":9 is deployed, and :11 was there" in case.say("deployed")


@pytest.mark.parametrize(
    ("nature", "by_sweep", "told"),
    [
        (PLAIN, True, ""),
        (PLAIN, False, "for which nobody has asked"),
        (Nature(bakes=15), True, "is healthy, and is stopped"),
        (Nature(approval=25), True, "is healthy, and is stopped"),
        (Nature(drains=True), True, "is healthy, and is stopped"),
    ],
)
def test_a_rollout_is_stopped_that_is_healthy(nature, by_sweep, told):
    case = Case(nature, rolls_back=True)
    case.cluster.begin(API, arn(10))
    case.pass_time(TOO_LONG)
    case.begin()
    case.judge.stops(case.api, by_sweep)
    assert told in "\n".join(case.judge.complaints)
    assert bool(case.judge.complaints) is bool(told)


def found_by_a_sweep(nature: Nature, end: str = "", plan: Plan | None = None) -> str:
    """What the judge says to it that the sweep calls the rollout late, which is older than all patience."""
    cluster = Cluster({API: nature})
    api, judge = cluster.services[API], Judge(cluster)
    cluster.begin(API, arn(10))
    cluster.now += TOO_LONG + (0 if nature.bakes else nature.on_purpose)
    if end:
        cluster.end(api, end)
        cluster.now += 60 * SECOND
    item = Item("", "", Sweep(None))
    judge.begin(Event("", b"", SINGLE, (Message("", "", (item,)),)), plan or Plan())
    judge.swept([{"service": API, "status": "timed_out", "deployment_id": api.primary.id}], {API})
    return "\n".join(judge.complaints)


@pytest.mark.parametrize(
    ("nature", "end", "told"),
    [
        (PLAIN, "", ""),
        (PLAIN, COMPLETED, "has ended, COMPLETED, and the sweep calls it late"),
        (Nature(comes_back=Look.OLD_TIME), FAILED, "comes back, and the sweep calls it timed_out"),
        (Nature(bakes=15), "", "is not late"),
        (Nature(drains=True), "", "is not late"),
        (Nature(approval=25), "", "waits for a person"),
    ],
)
def test_a_sweep_calls_late_what_is_not(nature, end, told):
    complaint = found_by_a_sweep(nature, end)
    assert told in complaint
    assert bool(complaint) is bool(told)


def test_what_cannot_be_read_may_be_called_late():
    assert not found_by_a_sweep(Nature(approval=25), plan=Plan(records={API: f.CLOSE}))


def test_the_model_leaves_to_the_judge_what_nobody_can_foretell():
    from model import Model

    def unsure(cluster: Cluster, plan: Plan | None = None, *meanings) -> bool:
        event = Event("", b"", SINGLE, (Message("", "", tuple(Item("", "", one) for one in meanings)),))
        return API in Model(cluster).unsure(event, plan or Plan())

    deploy = Deploy((API,), None)
    case = Case(LATE)
    assert not unsure(case.cluster, None, deploy)
    assert unsure(case.cluster, Plan(updates={API: f.RESET}), deploy)
    case.cluster.somebody_deploys(API, case.cluster.now)
    assert unsure(case.cluster, None, deploy)
    case.pass_time(LATE.lag)
    assert not unsure(case.cluster, None, deploy)
    interrupted = Plan(interruptions={API: f.Interruption(f.Deed.DEPLOY, "DescribeServices", 1, 0.5)})
    for plan in (interrupted, Plan(records={API: f.CLOSE}), Plan(definitions={API: f.CLOSE})):
        assert unsure(Case().cluster, plan, deploy)

    back = Case(Nature(comes_back=Look.NEW_TIME))
    back.cluster.somebody_deploys(API, back.cluster.now)
    assert back.cluster.ask_to_go_back(back.api, back.cluster.now)
    assert unsure(back.cluster, None, deploy)
    back.cluster.roll_back(back.api, back.cluster.now)
    news = News(API, back.api.primary.id, "SERVICE_DEPLOYMENT_COMPLETED", "completed", 0)
    assert not unsure(back.cluster, None, news)
    assert unsure(back.cluster, Plan(look=f.CLOSE), news)
    assert unsure(back.cluster, None, news, deploy)
