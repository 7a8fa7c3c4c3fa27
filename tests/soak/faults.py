"""What goes wrong: each fault is an answer, and what it means for the one who asked.

The fault table (tests/faults) shows each fault alone; here they come in any order, in one process."""

from __future__ import annotations

import dataclasses
import enum
import json
import random
from collections.abc import Callable, Sequence

from wire import End, Reply, http

JSON = b"Content-Type: application/x-amz-json-1.1\r\n"
HTML = b"Content-Type: text/html\r\n"
PAGE = b"<html><head><title>503 Service Unavailable</title></head><body>busy</body></html>"
BIG = 10 * 1024 * 1024


class Effect(enum.Enum):
    NONE = "does no harm"
    REFUSED = "says that nothing was done"
    LOST = "leaves open what was done"


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    give: Callable[[bytes], Reply]  # of the body of the right answer
    effect: Effect
    carried_out: bool = False  # ECS has done it before it answers like this
    heals: bool = False  # the function may try again
    times: int = 1  # of UpdateService; calls that only read fail as long as the plan says
    a_name: bool = False  # it may be one of the names that is refused: each service is asked for alone, and passed over
    kept_only: bool = False  # on a connection that has served before: libcurl then sends what only reads once more

    def __str__(self) -> str:
        return self.name + (" (carried out)" if self.carried_out else "")

    def done(self) -> Fault:
        return dataclasses.replace(self, carried_out=True)


def good(body: bytes) -> Reply:
    return Reply(http(200, body, JSON))


def answering(status: int, body: bytes, headers: bytes = JSON) -> Callable[[bytes], Reply]:
    reply = Reply(http(status, body, headers))
    return lambda _: reply


def refusing(code: str, status: int = 400) -> Callable[[bytes], Reply]:
    return answering(status, json.dumps({"__type": code, "message": "as asked for"}).encode())


def breaking(data: bytes, end: End = End.CLOSE) -> Callable[[bytes], Reply]:
    return lambda _: Reply(data, end)


def truncating(end: End) -> Callable[[bytes], Reply]:
    return lambda body: Reply(http(200, body[: len(body) // 2], JSON, length=len(body)), end)


def chunked(body: bytes) -> Reply:
    size = len(body) // 3 + 1
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return Reply(b"HTTP/1.1 200 OK\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")


RESET = Fault("resets the connection", breaking(b"", End.RESET), Effect.LOST, heals=True)
CLOSE = Fault("closes the connection", breaking(b""), Effect.LOST, heals=True)
SERVER_ERROR = Fault("answers 500", refusing("ServerException", 500), Effect.LOST, heals=True)
UNAVAILABLE = Fault("answers 503 with HTML", answering(503, PAGE, HTML), Effect.LOST, heals=True)
BROKEN = (RESET, CLOSE, SERVER_ERROR, UNAVAILABLE)
DENIED = Fault("denies", refusing("AccessDeniedException"), Effect.REFUSED)
THROTTLED = (
    Fault("throttles", refusing("ThrottlingException"), Effect.REFUSED, heals=True),
    Fault("throttles with 429", refusing("TooManyRequestsException", 429), Effect.REFUSED, heals=True),
)
REFUSALS = (
    Fault(
        "refuses in Latin-1",
        answering(400, '{"__type":"InvalidParameterException","message":"größer"}'.encode("latin-1")),
        Effect.REFUSED,
        a_name=True,
    ),
    Fault("redirects", answering(307, b"", b"Location: http://127.0.0.1:9/\r\n"), Effect.REFUSED),
    Fault("says that the credentials have expired", refusing("ExpiredTokenException"), Effect.REFUSED, times=2),
)
# UpdateService has been carried out, and the answer does not say so.
CUT = (
    Fault("truncates", truncating(End.CLOSE), Effect.LOST, heals=True),
    Fault("truncates by a reset", truncating(End.RESET), Effect.LOST, heals=True),
)
UNTOLD = (
    Fault("answers 200 and nothing", answering(200, b""), Effect.LOST),
    Fault("answers 200 with HTML", answering(200, PAGE, HTML), Effect.LOST),
    Fault("answers in UTF-16", lambda body: Reply(http(200, body.decode().encode("utf-16"), JSON)), Effect.LOST),
    Fault("speaks no HTTP", breaking(b"220 mail.example.com ESMTP\r\n"), Effect.LOST),
    Fault("announces half", lambda body: Reply(http(200, body, JSON, length=len(body) // 2), End.CLOSE), Effect.LOST),
)
TEN_MEGABYTES = Fault("answers 10 MB", lambda body: Reply(http(200, body.ljust(BIG), JSON)), Effect.LOST)
HARMLESS = (
    Fault(
        "closes after the answer",
        lambda body: Reply(http(200, body, JSON + b"Connection: close\r\n"), End.CLOSE),
        Effect.NONE,
        carried_out=True,
    ),
    Fault(
        "answers in pieces", lambda body: Reply(http(200, body, JSON), in_pieces=True), Effect.NONE, carried_out=True
    ),
    Fault("answers in chunks", chunked, Effect.NONE, carried_out=True),
)
EXPIRED_ONCE = Fault("says once that the credentials have expired", refusing("ExpiredTokenException"), Effect.NONE)
STALE = (
    Fault("had closed the kept connection", breaking(b""), Effect.NONE, kept_only=True),
    Fault("had reset the kept connection", breaking(b"", End.RESET), Effect.NONE, kept_only=True),
)

# What is tried again, with pauses in between.
HEALING_READS = (*THROTTLED, *BROKEN, *CUT)
HEALING_UPDATES = (*THROTTLED, *BROKEN, *(fault.done() for fault in (*BROKEN, *CUT)))
# The others.
READS = (*REFUSALS, *UNTOLD, *HARMLESS, *STALE)
UPDATES = (*REFUSALS, DENIED, *(fault.done() for fault in UNTOLD), *HARMLESS, EXPIRED_ONCE)


# --- Slack -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class SlackFault:
    """What one message meets with, post after post; then it is not to be posted again."""

    name: str
    script: tuple[Reply, ...]
    taken: bool  # the function knows that Slack has it

    def __str__(self) -> str:
        return self.name


OK = Reply(http(200, b"ok", HTML))


def slack(name: str, *script: Reply, taken: bool = False) -> SlackFault:
    return SlackFault(f"Slack {name}", script, taken)


def slack_status(status: int, body: bytes, headers: bytes = HTML) -> Reply:
    return Reply(http(status, body, headers))


AT_ONCE = slack_status(429, b"slow down", b"Retry-After: 0\r\n")
SOON = slack_status(429, b"slow down", b"Retry-After: 1\r\n")
SLACK = (
    slack("answers 404", slack_status(404, b"no_service")),
    slack("answers 403", slack_status(403, b"action_prohibited")),
    slack("answers 400", slack_status(400, b"invalid_blocks")),
    slack("redirects", slack_status(307, b"", b"Location: http://127.0.0.1:9/\r\n")),
    slack("resets the connection", Reply(b"", End.RESET)),
    slack("closes the connection", Reply(b"", End.CLOSE)),
    slack("truncates", Reply(http(200, b"o", HTML, length=2), End.CLOSE)),
    slack("speaks no HTTP", Reply(b"220 mail.example.com ESMTP\r\n", End.CLOSE)),
    slack("answers 200 with HTML", slack_status(200, PAGE), taken=True),
    slack("answers 200 and nothing", slack_status(200, b""), taken=True),
    slack("closes after the answer", Reply(http(200, b"ok", b"Connection: close\r\n"), End.CLOSE), taken=True),
    slack("asks once to come again", AT_ONCE, OK, taken=True),
    slack("asks twice to come again", AT_ONCE, SOON, OK, taken=True),
    slack("answers 500 once", slack_status(500, b"oops"), OK, taken=True),
    slack("answers 503 for good", *[slack_status(503, PAGE)] * 3),
)
SLACK_BIG = slack("answers 10 MB", slack_status(200, b" " * BIG))


# --- the Runtime API -------------------------------------------------------------------------------------------------


class Runtime(enum.Enum):
    """What the Runtime API does that one process survives."""

    NEXT_STALE = "the Runtime API had closed the kept connection before next"
    NEXT_PIECES = "the Runtime API gives the event in pieces"
    ANSWER_STALE = "the Runtime API had reset the kept connection before the answer"
    ANSWER_TAKEN_TWICE = "the Runtime API takes the answer, closes, and refuses it the second time with 403"
    ANSWER_413 = "the Runtime API answers 413"
    ANSWER_403 = "the Runtime API answers 403"
    ANSWER_FAREWELL = "the Runtime API closes after the answer"

    def __str__(self) -> str:
        return self.value


REFUSING = (Runtime.ANSWER_413, Runtime.ANSWER_403)


# --- what others do meanwhile ----------------------------------------------------------------------------------------


class Deed(enum.Enum):
    DEPLOY = "somebody registers a newer revision and deploys it"
    REDEPLOY = "somebody deploys the newest revision"
    REGISTER = "somebody registers a newer revision"
    FAIL = "the rollout fails"
    TAKE_BACK = "somebody asks ECS to take the rollout back"
    COMPLETE = "the rollout completes"

    def __str__(self) -> str:
        return self.value


DEEDS = (*[Deed.DEPLOY] * 5, Deed.REDEPLOY, Deed.REGISTER, *[Deed.FAIL] * 2, *[Deed.TAKE_BACK] * 3, Deed.COMPLETE)
# Just before the first or second call of that kind that is about the service; where the function has waited before it,
# at some time during the wait.
MOMENTS = (
    *[(operation, nth) for operation in ("DescribeServices", "ListTaskDefinitions", "UpdateService") for nth in (1, 2)],
    ("ListServiceDeployments", 1),
    ("DescribeTaskDefinition", 1),
    ("after UpdateService", 1),
)
# The first calls of the second try.
AFTER_A_WAIT = (("DescribeServices", 2), ("ListTaskDefinitions", 2))


@dataclasses.dataclass(frozen=True)
class Interruption:
    """Something happens to one service in the middle of an event."""

    deed: Deed
    operation: str
    nth: int
    place: float  # of a new revision in the list, and of the deed in a wait: from 0 to 1

    def __str__(self) -> str:
        return f"{self.deed} (at {self.operation} {self.nth})"


# --- what befalls one event ------------------------------------------------------------------------------------------


# How long calls that only read may fail, in milliseconds: the first of the tries, which come after 0, 5 and 15 seconds,
# the first two of them, or all.
FOR_ONE_TRY, FOR_TWO_TRIES, FOR_EVER = 4_000, 14_000, 1_000_000


@dataclasses.dataclass
class Plan:
    """The faults of one event, chosen before it begins."""

    look: Fault | None = None  # of each DescribeServices, until something has been updated
    second_look: Fault | None = None  # of each DescribeServices after that
    reading_fails_for: int = FOR_EVER
    revisions: dict[str, Fault] = dataclasses.field(default_factory=dict)  # of ListTaskDefinitions, by service
    updates: dict[str, Fault] = dataclasses.field(default_factory=dict)  # of UpdateService, by service
    # Of ListServiceDeployments and DescribeServiceDeployments, by service: the first so many of them.
    records: dict[str, Fault] = dataclasses.field(default_factory=dict)
    records_fail: int = 0
    definitions: dict[str, Fault] = dataclasses.field(default_factory=dict)  # of DescribeTaskDefinition, by service
    others: Fault | None = None  # of all other calls
    interruptions: dict[str, Interruption] = dataclasses.field(default_factory=dict)  # by service
    slack: SlackFault | None = None  # of the first message
    runtime: Runtime | None = None
    drops: bool = False  # the idle connections to ECS and Slack are closed before

    def __str__(self) -> str:
        named = [
            *(f"DescribeServices: ECS {fault}" for fault in (self.look, self.second_look) if fault),
            *(f"ListTaskDefinitions of {service}: ECS {fault}" for service, fault in self.revisions.items()),
            *(f"UpdateService of {service}: ECS {fault}" for service, fault in self.updates.items()),
            *(f"records of {service}: ECS {fault} ({self.records_fail})" for service, fault in self.records.items()),
            *(f"DescribeTaskDefinition of {service}: ECS {fault}" for service, fault in self.definitions.items()),
            *([f"other calls: ECS {self.others}"] if self.others else []),
            *(f"{service}: {one}" for service, one in self.interruptions.items()),
            *(str(fault) for fault in (self.slack, self.runtime) if fault),
            *([f"ECS fails to read for {self.reading_fails_for / 1000} s"] if self._reads() else []),
            *(["idle connections are closed"] if self.drops else []),
        ]
        return ", ".join(named)

    def _reads(self) -> bool:
        return bool(self.look or self.second_look or self.revisions or self.definitions or self.others)

    @property
    def unsure(self) -> set[str]:
        """Services of which the model does not foretell what becomes of them: the judge looks at what did."""
        return {*self.records, *self.definitions, *self.interruptions}

    def may_fail(self, service: str) -> bool:
        """Whether that service's deployment may fail: a fault that heals before the last try is no excuse."""
        faults = [self.look, self.second_look, self.revisions.get(service), self.definitions.get(service)]
        reads = [fault for fault in faults if fault is not None and fault.effect is not Effect.NONE]
        update = self.updates.get(service)
        if update is not None and update.effect is not Effect.NONE and not update.heals:
            return True
        return any(not fault.heals or self.reading_fails_for >= FOR_EVER for fault in reads)


@dataclasses.dataclass(frozen=True)
class Odds:
    """How often each part of the world misbehaves, of 1."""

    ecs: float = 0.06
    slack: float = 0.05
    runtime: float = 0.04
    drops: float = 0.01
    big: float = 0.0005
    interruptions: float = 0.08  # of events that may roll something
    records: float = 0.04
    definitions: float = 0.02


class Planner:
    def __init__(self, dice: random.Random, odds: Odds) -> None:
        self._dice = dice
        self._odds = odds
        # Who may not call DescribeTaskDefinition never does again: so only towards the end.
        self.may_deny_for_good = False

    def plan(self, services: Sequence[str], others: Sequence[str]) -> Plan:
        """For an event that may roll these services, or that makes other calls about those."""
        plan = Plan()
        dice, odds = self._dice, self._odds
        if services and dice.random() < odds.ecs:
            self._break_a_deployment(plan, services)
        elif others and dice.random() < odds.ecs:
            self._break_another_call(plan)
        if services and dice.random() < odds.interruptions:
            self._interrupt(plan, services)
        if (services or others) and dice.random() < odds.records:
            plan.records[dice.choice(services or others)] = dice.choice((*READS, *HEALING_READS, DENIED))
            plan.records_fail = dice.choice((1, 2, 1000))
        if services and dice.random() < odds.definitions:
            plan.definitions[dice.choice(services)] = self._fault_of_definitions(len(services) == 1)
        if dice.random() < odds.slack:
            plan.slack = dice.choice(SLACK)
        elif dice.random() < odds.big:
            plan.slack = SLACK_BIG
        if dice.random() < odds.runtime:
            plan.runtime = dice.choice(list(Runtime))
        plan.drops = dice.random() < odds.drops
        return plan

    def _break_a_deployment(self, plan: Plan, services: Sequence[str]) -> None:
        dice = self._dice
        # Who waits before the next try lets time pass for the others, too: only a service that is alone may have to.
        alone = len(services) == 1
        reads = (*READS, *HEALING_READS) if alone else READS
        big = TEN_MEGABYTES if dice.random() < self._odds.big / self._odds.ecs else None
        plan.reading_fails_for = dice.choice((FOR_ONE_TRY, FOR_TWO_TRIES, FOR_EVER))
        victim = dice.choice(services)
        chance = dice.random()
        if chance < 0.15:
            plan.look = big or dice.choice(reads)
        elif chance < 0.35:
            plan.revisions[victim] = big or dice.choice((*reads, DENIED))
        else:
            plan.updates[victim] = big.done() if big else dice.choice((*UPDATES, *(HEALING_UPDATES if alone else ())))
            # Where several services share a look, who else meets with its failure is a matter of chance.
            if alone and plan.updates[victim].effect is Effect.LOST and dice.random() < 0.3:
                plan.second_look = dice.choice(reads)

    def _break_another_call(self, plan: Plan) -> None:
        if self._dice.random() < 0.5:
            plan.look = self._dice.choice((*READS, *HEALING_READS))
        else:
            plan.others = self._dice.choice((*READS, *HEALING_READS, DENIED))

    def _fault_of_definitions(self, alone: bool) -> Fault:
        denied = (DENIED,) if self.may_deny_for_good else ()
        return self._dice.choice((*READS, *(HEALING_READS if alone else ()), *denied))

    def _interrupt(self, plan: Plan, services: Sequence[str]) -> None:
        dice = self._dice
        # Where the function waits, there is more to interrupt.
        waits = len(services) == 1 and not plan.updates and dice.random() < 0.5
        if waits:
            plan.reading_fails_for = FOR_ONE_TRY
            plan.updates[services[0]] = dice.choice(HEALING_UPDATES)
        operation, nth = dice.choice(AFTER_A_WAIT if waits and dice.random() < 0.7 else MOMENTS)
        plan.interruptions[dice.choice(services)] = Interruption(dice.choice(DEEDS), operation, nth, dice.random())
