"""What must become of an event, by the rules of docs/events.md, docs/rollouts.md and docs/faults.md.

Written from those pages and not from the program. It knows what an event means, what ECS shows before it, and which
faults will befall it; it says the answer, the rollouts and the messages."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator

from cluster import COMPLETED, FAILED, IN_PROGRESS, SECOND, STOPPED, SUCCESSFUL, Cluster, Deployment, Service, number_of
from events import FIFO, SINGLE, TOPIC, Broken, Deploy, Event, Item, Message, News, Nothing, Sweep
from faults import Effect, Fault, Plan

# "After" is two seconds: event times are whole seconds, and clocks differ.
AFTER = 2 * SECOND
CLOCKS = SECOND
# A rollout takes too long after DEPLOYMENT_TIMEOUT_SECONDS.
TOO_LONG = 600 * SECOND

# What failed in a way that can heal is tried again, so long after the first try.
TRIES = (0, 5 * SECOND, 15 * SECOND)
# An event that was answered well gets the same answer again.
REMEMBERED = 600 * SECOND
# But the function's memory is not boundless. Within these it must remember, beyond them it may.
SURELY_ANSWERED = 100  # events
SURELY_ANSWERED_SERVICES = 500
SURELY_TOLD = 300  # facts

ALREADY = {
    IN_PROGRESS: "already rolling",
    COMPLETED: "already rolled out",
}


@dataclasses.dataclass(frozen=True)
class Fate:
    """What becomes of one service."""

    service: str
    status: str
    says: str = ""  # what the answer's `outcome` must be
    left_out: bool = False  # the answer says that the newest revision was left out

    def __str__(self) -> str:
        more = [*([self.says] if self.says else []), *(["not with the newest"] if self.left_out else [])]
        return f"{self.service}: {self.status}" + (f" ({', '.join(more)})" if more else "")


@dataclasses.dataclass
class Expected:
    """One way in which an event may end."""

    status: str = ""
    errors: tuple[str, ...] = ()  # the error is one of these types; empty: there is an answer
    fates: list[Fate] = dataclasses.field(default_factory=list)
    failed_messages: list[str] | None = None
    rollouts: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    updates: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # requests, by service
    messages: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    perhaps: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # messages, too
    silent: bool = False  # no call at all, and no message
    same_as: dict | None = None  # the answer, word for word
    answered: list[tuple[Item, Answered]] = dataclasses.field(default_factory=list)  # to be remembered
    told: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)

    @property
    def failing(self) -> list[str]:
        return sorted(fate.service for fate in self.fates if fate.status == "failed")

    def __str__(self) -> str:
        lines = [f"error {' or '.join(self.errors)}" if self.errors else f"status {self.status}"]
        lines += [str(fate) for fate in sorted(self.fates, key=str)]
        if self.failed_messages is not None:
            lines.append(f"failed messages: {self.failed_messages}")
        lines.append(f"rollouts: {sorted(self.rollouts)}")
        lines.append(f"messages: {sorted(self.messages.elements())}")
        if self.perhaps:
            lines.append(f"perhaps: {sorted(self.perhaps.elements())}")
        if self.silent:
            lines.append("no call to ECS")
        return "; ".join(lines)


@dataclasses.dataclass(frozen=True)
class Given:
    """What became of the services of which nobody can foretell it: the judge (judge.py) says whether that is right. All
    else follows from it."""

    unsure: frozenset[str] = frozenset()
    statuses: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # of each, in their order
    deployments: dict[str, str] = dataclasses.field(default_factory=dict)  # that it is said of; the last one of each
    told: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # all messages

    def copy(self) -> Given:
        """To be used up."""
        return dataclasses.replace(self, statuses={one: list(statuses) for one, statuses in self.statuses.items()})

    def next(self, service: str) -> str:
        left = self.statuses.get(service)
        return left.pop(0) if left else "not answered for"


@dataclasses.dataclass
class Answered:
    """What the function remembers of an event that it has handled well."""

    status: str
    fates: list[Fate]
    at: int = 0
    number: int = 0  # events that it had answered before
    services: int = 0  # and services in those answers
    answer: dict | None = None  # where the event came alone


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """The newest revision was taken back, and nothing has ended that since: what is deployed instead."""

    by_person: bool
    since: int
    instead: str


def left_out(service: Service) -> LeftOut | None:
    """docs/rollouts.md, "After a rollback", as far as ECS's records go."""
    records, newest = service.records if service.nature.records else [], number_of(service.newest)
    for place, record in enumerate(records):
        # What was superseded was not taken back.
        if number_of(record.revision) < newest or record.status == STOPPED:
            continue
        runs = service.primary.revision
        # It was deployed after that, by somebody who knew.
        since = [one for one in records[:place] if one.revision == runs]
        runs_since = any(one.status == SUCCESSFUL or (one is records[0] and not one.taken_back) for one in since)
        good = next((one for one in records if one.status == SUCCESSFUL), None)
        if record.taken_back:
            if good is None or good.revision == record.revision:
                return None  # there is nothing better
            return LeftOut(False, record.created, runs if runs_since else good.revision)
        if record.status != SUCCESSFUL or number_of(runs) >= newest:
            return None
        if runs_since:
            return LeftOut(True, record.created, runs)
        return None if good is record else LeftOut(True, record.created, good.revision)
    return None


class Model:
    def __init__(self, cluster: Cluster, rolls_back: bool = False) -> None:
        self._cluster = cluster
        self.rolls_back = rolls_back  # ROLLBACK_ON_FAILURE
        self._answered: dict[tuple[str, str], Answered] = {}
        self._answers = 0
        self._answered_services = 0
        self._told: dict[tuple[str, str, str], int] = {}
        self.said_started: set[str] = set()
        self.perhaps_said_started: set[str] = set()

    def unsure(self, event: Event, plan: Plan) -> frozenset[str]:
        """The services of which nobody can foretell what becomes of them in this event."""
        services = self._cluster.services.values()
        return frozenset(service.id for service in services if self._is_unsure(service, event, plan))

    def _is_unsure(self, service: Service, event: Event, plan: Plan) -> bool:
        if service.id in plan.unsure or service.asked_to_go_back or self._cluster.is_late(service, self._cluster.now):
            return True
        news = [item.meaning for item in event.items if self._is_news_of(service, item)]
        if any(one.deployment in self.perhaps_said_started for one in news):
            return True
        if service.primary.back and news:
            # It depends on a look, which may fail, or come after what the same batch begins.
            look_fails = plan.look is not None and plan.look.effect is not Effect.NONE
            if look_fails or service.id in event.services:
                return True
        # It is late to show what the event itself has begun.
        return bool(service.nature.lag) and (event.source == FIFO or service.id in plan.updates)

    @staticmethod
    def _is_news_of(service: Service, item: Item) -> bool:
        return isinstance(item.meaning, News) and item.meaning.service == service.id

    def expect(
        self, event: Event, plan: Plan, world: Cluster | None = None, given: Given | None = None
    ) -> list[Expected]:
        """All ways in which the event may end: one, but where the function may have forgotten something. `world`: as it
        was before, where the event has been handled already."""
        world, given = world or self._cluster, given or Given()

        def think(known: set[tuple[str, str]]) -> Expected:
            return Invocation(self, world, event, plan, known, given.copy()).run()

        if event.source == SINGLE and self._before(event.items[0], world.now):
            ways = [self._as_before(event.items[0])]
            return ways if self._surely(event.items[0]) else [*ways, think(set())]
        return [think({(item.id, item.text) for item in event.items if self._before(item, world.now)})]

    def happened(self, event: Event, expected: Expected, answer: dict | None) -> None:
        """This way it was: what the function remembers from now on."""
        for item, answered in expected.answered:
            if not item.id:
                continue
            self._answers += 1
            self._answered_services += len(answered.fates)
            answered.number, answered.services = self._answers, self._answered_services
            answered.at = self._cluster.now
            answered.answer = answer if event.source == SINGLE else None
            self._answered[item.id, item.text] = answered
        for fact in expected.told:
            self._told.setdefault(fact, len(self._told))
        if answer is not None and "deployments" in answer:
            entries = answer["deployments"]
            self.said_started |= {one["deployment_id"] for one in entries if one["status"] == "deployed"}
            return
        for service in {fate.service for fate in expected.fates if fate.status == "deployed"}:
            begun = {deployment for name, deployment in self._cluster.begun if name == service}
            begun.add(self._cluster.services[service].primary.id)
            # An error names no deployments: where there are several, the function may have told any.
            (self.said_started if len(begun) == 1 else self.perhaps_said_started).update(begun)

    def has_told(self, fact: tuple[str, str, str]) -> bool:
        return fact in self._told

    def surely_told(self, fact: tuple[str, str, str]) -> bool:
        return fact in self._told and len(self._told) - self._told[fact] < SURELY_TOLD

    def status_before(self, item: Item) -> str:
        return self._answered[item.id, item.text].status

    def _before(self, item: Item, now: int) -> Answered | None:
        before = self._answered.get((item.id, item.text)) if item.id else None
        return before if before and now - before.at <= REMEMBERED else None

    def _surely(self, item: Item) -> bool:
        before = self._answered[item.id, item.text]
        return (
            self._answers - before.number < SURELY_ANSWERED
            and self._answered_services - before.services < SURELY_ANSWERED_SERVICES
        )

    def _as_before(self, item: Item) -> Expected:
        before = self._answered[item.id, item.text]
        return Expected(status=before.status, fates=before.fates, silent=True, same_as=before.answer)


@dataclasses.dataclass
class Wish:
    """What is asked for one service, by one or several events."""

    time: int | None
    revision: str | None
    pushed: bool = False


@dataclasses.dataclass
class Way:
    """A service on its way, over all tries."""

    service: str
    revision: str | None
    offset: int = 0  # of this try
    looked: bool = False
    left_out: bool = False  # the revision is not the newest one, which was taken back
    lost: bool = False  # an UpdateService was answered in no way that says what became of it
    carried_out: bool = False  # and ECS has begun
    heals: bool = False  # what this try failed with

    def failed(self, fault: Fault) -> None:
        self.heals = fault.heals


class Invocation:
    """One event, thought through."""

    def __init__(
        self, model: Model, world: Cluster, event: Event, plan: Plan, known: set[tuple[str, str]], given: Given
    ) -> None:
        self._model = model
        self._cluster = world
        self._given = given
        self._event = event
        self._plan = plan
        self._known = known
        self._used: set[str] = set()  # services whose UpdateService has met with its fault
        self._began: dict[str, Service] = {}  # services as they are after what this event has begun
        self._expected = Expected()

    def run(self) -> Expected:
        if self._event.source == SINGLE:
            self._single(self._event.items[0])
        else:
            self._batch()
        return self._expected

    # --- one event ---------------------------------------------------------------------------------------------------

    def _single(self, item: Item) -> None:
        expected, meaning = self._expected, item.meaning
        if isinstance(meaning, Broken):
            expected.errors = ("Function.InvalidEvent",)
        elif isinstance(meaning, Nothing):
            expected.status = "ignored"
        elif isinstance(meaning, News):
            expected.status = self._tell(meaning)
        elif isinstance(meaning, Sweep):
            self._sweep(meaning)
        else:
            expected.fates = self._deploy(wishes([meaning]))
            expected.status = worst(expected.fates)
            if expected.failing:
                expected.errors = ("Function.DeploymentFailed",)
        if not expected.errors:
            expected.answered.append((item, Answered(expected.status, expected.fates)))

    def _tell(self, news: News) -> str:
        """`notified` or `ignored`."""
        fact = (news.deployment, news.name, f"{news.words} {news.again or ''}")
        if news.name == "SERVICE_DEPLOYMENT_IN_PROGRESS" and self._has_said_started(news):
            return "ignored"
        if self._model.has_told(fact) or fact in self._expected.told:
            return "ignored"
        self._expected.told.append(fact)
        self._expected.messages[f"Deployment {self._in_words(news)}: {news.service}"] += 1
        return "notified"

    def _has_said_started(self, news: News) -> bool:
        if news.deployment in self._model.perhaps_said_started:
            return not self._given.told[f"Deployment {news.words}: {news.service}"]
        return news.deployment in self._model.said_started

    def _in_words(self, news: News) -> str:
        """ECS announces the end of a rollback like that of any deployment."""
        if news.name != "SERVICE_DEPLOYMENT_COMPLETED":
            return news.words
        rolled_back = "rolled back"
        if news.service in self._given.unsure:
            return rolled_back if self._given.told[f"Deployment {rolled_back}: {news.service}"] else news.words
        primary = self._cluster.services[news.service].primary
        return rolled_back if primary.id == news.deployment and primary.back else news.words

    def _sweep(self, sweep: Sweep) -> None:
        expected = self._expected
        if self._fails(self._plan.look) and not self._plan.look.a_name:
            expected.errors = ("Function.SweepFailed",)
            return
        expected.status = "swept"
        if self._plan.look is not None and self._plan.look.a_name:
            return
        time = self._cluster.now if sweep.time is None else sweep.time
        for service in self._cluster.services.values():
            fate = self._overdue(service, time)
            if fate:
                expected.fates.append(Fate(service.id, fate))
            if fate != "timed_out":
                continue  # a failure has been told by ECS
            fact = (self._given.deployments.get(service.id, service.primary.id), "overdue", "")
            where = expected.perhaps if self._model.has_told(fact) else expected.messages
            if not self._model.surely_told(fact):
                where[f"Deployment timed out: {service.id}"] += 1
            expected.told.append(fact)

    def _overdue(self, service: Service, time: int) -> str:
        """`timed_out`, `failed` or empty."""
        if service.id in self._given.unsure:
            return self._given.next(service.id) if self._given.statuses.get(service.id) else ""
        primary, nature = service.primary, service.nature
        if primary.state == COMPLETED or primary.created > time - TOO_LONG:
            return ""
        if primary.back:
            return ""  # ECS is at it, and nothing that we could do would help it
        if primary.state == FAILED:
            return "failed"
        # Slow on purpose: it bakes, waits for a person, or has only old tasks left to end.
        patient = max(time, self._cluster.now) - primary.created < TOO_LONG + nature.on_purpose
        return "" if patient or nature.drains or service.waits_for_a_person else "timed_out"

    # --- deploying ---------------------------------------------------------------------------------------------------

    def _deploy(self, wanted: dict[str, Wish]) -> list[Fate]:
        fates = [self._deploy_one(service, wish) for service, wish in wanted.items()]
        for fate in fates:
            if fate.status == "deployed":
                self._expected.messages[f"Deployment started: {fate.service}"] += 1
            elif fate.status == "failed":
                self._could_not_start(fate.service)
        return fates

    def _could_not_start(self, service: str) -> None:
        """Told once for each event, however often it comes again; without an id, the function goes by what it asks for.
        Told again when it fails in another way, after a while, or when Slack did not get it."""
        wanted_by = {item.id for item in self._event.items if service in getattr(item.meaning, "services", ())}
        facts = [(event, "could not start", service) for event in sorted(wanted_by)]
        again = facts and all(self._model.has_told(fact) for fact in facts)
        where = self._expected.perhaps if again else self._expected.messages
        where[f"Deployment could not start: {service}"] += 1
        self._expected.told += facts

    def _deploy_one(self, service: str, wish: Wish) -> Fate:
        known = self._cluster.services.get(service)
        if known is None:
            return Fate(service, "failed")
        if service in self._given.unsure:
            return Fate(service, self._given.next(service))
        way = Way(service, wish.revision)
        for offset in TRIES:
            way.offset = offset
            fate = self._try(way, known, wish)
            if fate is not None:
                return dataclasses.replace(fate, left_out=way.left_out)
            if not way.heals:
                break
        # ECS is asked once more before the deployment counts as failed; what has begun is taken as the answer.
        found = way.carried_out and not self._fails(self._look(), way.offset)
        return Fate(service, "deployed" if found else "failed", left_out=way.left_out)

    def _try(self, way: Way, known: Service, wish: Wish) -> Fate | None:
        """None: it failed."""
        if way.revision is None and self._fails(self._plan.revisions.get(way.service), way.offset):
            return way.failed(self._plan.revisions[way.service])
        look = None if way.looked and not way.lost else self._look()
        if self._fails(look, way.offset):
            return way.failed(look)
        way.looked = True
        if way.revision is None:
            way.revision, way.left_out = self._choose(known, wish)
        if way.carried_out:
            return Fate(way.service, "deployed")
        if not way.lost and (fate := self._already(way, known, wish)):
            return fate
        return self._update(way)

    def _choose(self, known: Service, wish: Wish) -> tuple[str, bool]:
        """The revision, and whether the newest one is left out."""
        left = left_out(self._began.get(known.id, known)) if self._model.rolls_back else None
        if left is None:
            return known.newest, False
        is_newer = wish.pushed and (wish.time is None or wish.time > left.since)
        return (known.newest, False) if is_newer and not left.by_person else (left.instead, True)

    def _already(self, way: Way, known: Service, wish: Wish) -> Fate | None:
        """What ECS makes true has the change, if it began after it and runs the revision."""
        primary = self._began.get(way.service, known).primary
        if wish.time is None or primary.revision != way.revision or primary.created < wish.time + AFTER:
            return None
        if way.service in self._began:
            return Fate(way.service, "ignored")
        if known.primary.state == FAILED or known.primary.back:
            return None  # what failed has brought nothing, and what a rollback brings back may be older than it looks
        return Fate(way.service, "ignored", f"{ALREADY[known.primary.state]}: {known.primary.id}")

    def _update(self, way: Way) -> Fate | None:
        expected, service = self._expected, way.service
        fault = None if service in self._used else self._plan.updates.get(service)
        self._used.add(service)
        expected.updates[service] += 1
        if fault is None or fault.effect is Effect.NONE:
            if fault is not None and not fault.carried_out:
                expected.updates[service] += 1  # with credentials that are read anew
            self._begin(service, way.revision)
            return Fate(service, "deployed")
        if fault.effect is Effect.REFUSED:
            expected.updates[service] += fault.times - 1
            return way.failed(fault)
        way.lost = True
        way.carried_out = fault.carried_out
        if way.carried_out:
            self._begin(service, way.revision)
        return way.failed(fault)

    def _look(self) -> Fault | None:
        return self._plan.second_look if self._expected.updates else self._plan.look

    def _fails(self, fault: Fault | None, offset: int = 0) -> bool:
        """A call that only reads."""
        return fault is not None and fault.effect is not Effect.NONE and offset < self._plan.reading_fails_for

    def _begin(self, service: str, revision: str) -> None:
        self._expected.rollouts.append((service, revision))
        after = self._began.get(service) or self._cluster.services[service].as_it_is()
        now = self._cluster.now
        after.begin(Deployment("ecs-svc/0", revision, now, IN_PROGRESS, since=now))
        self._began[service] = after

    # --- batches -----------------------------------------------------------------------------------------------------

    def _batch(self) -> None:
        expected, event = self._expected, self._event
        failed: set[int] = set()
        statuses: list[str] = []
        steps = self._in_order(failed) if event.source == FIFO else iter([list(range(len(event.messages)))])
        for step in steps:
            expected.fates += self._step(step, failed, statuses)
        ids = [event.messages[index].id for index in sorted(failed)]
        if event.source == TOPIC:
            if failed:
                expected.errors = ("Function.InvalidEvent", "Function.DeploymentFailed")
        else:
            expected.failed_messages = ids
        if failed:
            expected.status = "failed"
        elif expected.fates:
            expected.status = worst(expected.fates)
        else:
            expected.status = "notified" if "notified" in statuses else "ignored"

    def _step(self, step: Iterable[int], failed: set[int], statuses: list[str]) -> list[Fate]:
        """These messages together: each service at most once."""
        todo: list[tuple[int, Item]] = []
        for index in step:
            for item in self._event.messages[index].items:
                if (item.id, item.text) in self._known:
                    statuses.append(self._model.status_before(item))
                elif isinstance(item.meaning, Broken):
                    failed.add(index)
                elif isinstance(item.meaning, Deploy):
                    todo.append((index, item))
                else:
                    status = self._tell(item.meaning) if isinstance(item.meaning, News) else "ignored"
                    statuses.append(status)
                    self._expected.answered.append((item, Answered(status, [])))
        wanted = wishes([item.meaning for _, item in todo], keep_order=self._event.source == FIFO)
        fates = {fate.service: fate for fate in self._deploy(wanted)}
        for index, item in todo:
            own = [fates[service] for service in item.meaning.services]
            if any(fate.status == "failed" for fate in own):
                failed.add(index)
            else:
                self._expected.answered.append((item, Answered(worst(own), own)))
        return list(fates.values())

    def _in_order(self, failed: set[int]) -> Iterator[list[int]]:
        """The messages of a group keep their order: those in a row that concern the same services go together."""
        left: dict[str, list[int]] = {}
        for index, message in enumerate(self._event.messages):
            left.setdefault(message.group, []).append(index)
        while any(left.values()):
            step: list[int] = []
            for group, indices in left.items():
                row = self._row(indices)
                step += row
                left[group] = indices[len(row) :]
            yield sorted(step)
            for group, indices in left.items():
                if indices and any(self._event.messages[index].group == group for index in failed):
                    failed.update(indices)  # nothing behind a failed message is done, and it comes again, too
                    left[group] = []

    def _row(self, indices: list[int]) -> list[int]:
        row: list[int] = []
        concerned: set[str] = set()
        for index in indices:
            message = self._event.messages[index]
            services = concerns(message)
            if services and concerned and services != concerned:
                break
            row.append(index)
            concerned |= services
            if any(isinstance(item.meaning, Broken) for item in message.items):
                break
        return row


def concerns(message: Message) -> set[str]:
    return {service for item in message.items if isinstance(item.meaning, Deploy) for service in item.meaning.services}


def wishes(deploys: list[Deploy], keep_order: bool = False) -> dict[str, Wish]:
    """What is asked for each service: the last request, by the events' times or in the queue's order, says with which
    revision, and the latest change is to be contained."""
    merged: dict[str, Wish] = {}
    for deploy in deploys if keep_order else sorted(deploys, key=time_of):
        for service in deploy.services:
            before = merged.get(service)
            latest = deploy if before is None else max(deploy, Deploy((), before.time), key=time_of)
            pushed = deploy.pushed or (before is not None and before.pushed)
            merged[service] = Wish(latest.time, deploy.revision, pushed)
    return merged


def time_of(deploy: Deploy) -> tuple[bool, int]:
    """What has no time means "now", and comes last."""
    return deploy.time is None, deploy.time or 0


def worst(fates: list[Fate]) -> str:
    statuses = {fate.status for fate in fates}
    return next(status for status in ("failed", "deployed", "ignored") if status in statuses)
