"""The soak: one process of the function, many events, random faults, and a model that knows what must come of it."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator

from cluster import COMPLETED, FAILED, IN_PROGRESS, SECOND, Cluster, Service, arn_of, number_of
from events import SINGLE, Event, News
from faults import Deed, Effect, Fault, Interruption, Odds, Plan, Planner, Runtime, SlackFault, good, refusing
from generator import QUIET, WIDEST, Generator, service_config
from judge import Judge
from model import Expected, Given, Model
from moved_time import MovedTime
from natures import NATURES
from process import Program, Size
from support.programs import function_environment
from support.servers import SlackStub
from wire import Connection, End, Reply, Request, Wire, http

PATIENCE = 60.0  # seconds without a sign of the program; only a failure takes that long
DEADLINE = 900_000  # milliseconds that an invocation has
A_MOMENT = 0.05  # seconds in which nothing comes
PROGRESS = 5.0  # seconds between two lines about it
HISTORY = 6
# The function ends the threads that wait, and gives free memory back, each time that it has handled so many events
# (bootstrap.cpp).
RESTS_AFTER = 256
# So many that it has done so since the event that needed all threads.
LEAST_QUIET = RESTS_AFTER + 10
GROWTH = 512  # KiB
UNTIL_ROLLBACK = 2 * SECOND  # after ECS was asked for one
LATE_PART = 0.9  # of the events: then what the function may not do it will not do any more

TARGET = b"AmazonEC2ContainerServiceV20141113."
ACCEPTED = Reply(http(202, b'{"status":"OK"}'))
ANOTHER_IMAGE = "completed with another image"
# Of a service among several that Slack is told of: ":x: worker: could not start, shop_service_worker_dev:42: .."
LINE = re.compile(r"^:\w+: ([^:]+): ([^,:(]+?)(?: after [^,:]+)?(?: \([A-Z_]+\))?(?:[,:].*)?$")
REFUSALS = {Runtime.ANSWER_413: 413, Runtime.ANSWER_403: 403}


class Difference(Exception):
    """The program did not do what it must."""


@dataclasses.dataclass(frozen=True)
class Options:
    events: int
    seed: int
    warm_up: int  # events before the first measurement
    measures: bool = True  # whether it is looked at what the process holds
    memory: bool = True  # whether its growth is checked, too
    # Seconds before a measurement: libcurl looks once a second for kept connections that the other side has closed.
    quiet: float = 1.5
    odds: Odds = dataclasses.field(default_factory=Odds)
    rolls_back: bool = False  # ROLLBACK_ON_FAILURE

    @staticmethod
    def usual_warm_up(events: int) -> int:
        """What the function remembers is bounded, but has to be full first."""
        return min(events * 2 // 3, 10_000)


@dataclasses.dataclass
class Course:
    """One event on its way."""

    number: int
    event: Event
    plan: Plan
    expected: list[Expected]
    request_id: str
    began: int
    given: bool = False
    calls: list[str] = dataclasses.field(default_factory=list)
    updates: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    used: set[str] = dataclasses.field(default_factory=set)  # faults that are over, by their place in the plan
    posts: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by the message's bytes
    victim: bytes | None = None  # the message that meets with the plan's fault
    messages: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    answers: list[tuple[str, str, dict]] = dataclasses.field(default_factory=list)  # kind, error type, body
    taken: int = 0  # of the answers
    refused: int = 0
    unsure: frozenset[str] = frozenset()  # services that only the judge knows of
    world: Cluster | None = None  # as it was before, where there are such services
    asked: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by service and operation
    last_call: int = 0
    rolls_back_at: dict[str, int] = dataclasses.field(default_factory=dict)  # services


@dataclasses.dataclass
class Tally:
    events: int = 0
    quiet: int = 0
    requests: int = 0
    rollouts: int = 0
    messages: int = 0
    judged: int = 0  # events with a service of which only the judge knows
    late_looks: int = 0
    left_out: int = 0  # services that were deployed without the newest revision
    stopped: int = 0  # rollouts that took too long
    in_waits: int = 0  # of the deeds of others, those while the function waited
    deeds: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    kinds: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    statuses: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    faults: collections.Counter = dataclasses.field(default_factory=collections.Counter)


class Soak:
    def __init__(
        self, command: list[str], clock_library: str, options: Options, say: Callable[[str], None] = print
    ) -> None:
        self._options = options
        self._say = say
        dice = random.Random(options.seed)
        natures = {name: one.that_goes_back() for name, one in NATURES.items()} if options.rolls_back else NATURES
        self.cluster = Cluster(natures)
        self.model = Model(self.cluster, options.rolls_back)
        self.judge = Judge(self.cluster, options.rolls_back)
        self.generator = Generator(dice, self.cluster)
        self.planner = Planner(random.Random(options.seed + 1), options.odds)
        self._wire = Wire()
        self._clock = MovedTime()
        self._clock.move_to(self.cluster.now)
        self._script = self._events()
        self._course: Course | None = None
        self._past: collections.deque[str] = collections.deque(maxlen=HISTORY)
        self._done = False
        self._held: list[tuple[Connection, Reply]] = []  # Slack's answers, until no more posts come
        self._started = time.monotonic()
        self.tally = Tally()
        self.warm: Size | None = None
        self.end: Size | None = None
        runtime = self._wire.listen(self._runtime)
        self._program = Program(
            command,
            function_environment(
                "http://" + self._wire.listen(self._ecs),
                SLACK_WEBHOOK_URL="http://" + self._wire.listen(self._slack) + SlackStub.PATH,
                ENABLE_SLACK_NOTIFICATIONS="true",
                SERVICE_CONFIG=service_config(),
                AUTO_DEPLOY_MAP='{"frozen":false}',
                LOG_LEVEL="info",
                MAX_DEPLOYMENT_RETRIES="2",
                ROLLBACK_ON_FAILURE="true" if options.rolls_back else "false",
                AWS_LAMBDA_RUNTIME_API=runtime,
                # Relative: the list of libraries is divided by blanks, and so may be the path of the repository.
                LD_PRELOAD=os.path.relpath(clock_library),
                SOAK_CLOCK=self._clock.path,
                # A sanitizer would rather come first.
                ASAN_OPTIONS=" ".join([os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"]),
            ),
        )
        self._wire.watch(self._program.log_fd, self._read_log)

    # --- the run -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Raises Difference with all that is known about it."""
        try:
            self._turn_until_done()
            self._compare_sizes()
        except Difference as difference:
            raise Difference(self._report(str(difference))) from None
        except (LookupError, TypeError, ValueError) as error:
            raise Difference(self._report(f"what the program sent is not understood: {error!r}")) from error
        finally:
            self._program.stop()
            self._wire.close()
            self._clock.close()

    def _turn_until_done(self) -> None:
        sign = shown = time.monotonic()
        while not self._done:
            busy = self._wire.turn(A_MOMENT if self._held else 1.0)
            if not busy and self._held:
                self._give_held()
            now = time.monotonic()
            if busy:
                sign = now
            elif now - sign > PATIENCE:
                raise Difference(f"the program has done nothing for {PATIENCE:.0f} s")
            if now - shown >= PROGRESS:
                shown = now
                self._show_progress()
            if self._program.ended:
                raise Difference(f"the program ended, with {self._program.exit_code()}")

    def _events(self) -> Iterator[Event]:
        for number in range(self._options.events):
            if number == self._options.warm_up and self._options.measures:
                yield from self._quiet()
                self.warm = self._measure("after the warm-up")
            yield self.generator.next()
        if not self._options.measures:
            return
        yield from self._quiet()
        self.end = self._measure("at the end")

    def _quiet(self) -> Iterator[Event]:
        """All threads are needed once, all connections are closed, and then the same small event comes again and again:
        what was left over is gone, and what is there is the same each time."""
        yield self.generator.widest()
        self._wire.drop(self._ecs, self._slack)
        began, number = time.monotonic(), 0
        while (
            number < LEAST_QUIET
            or time.monotonic() - began < self._options.quiet
            or (self.tally.events + self.tally.quiet) % RESTS_AFTER == 0  # no thread has come again yet
        ):
            number += 1
            yield self.generator.quiet()

    def _measure(self, when: str) -> Size:
        size = self._program.size()
        self._say(f"  {when}, {self.tally.events:,} events: {size}")
        return size

    def _compare_sizes(self) -> None:
        warm, end = self.warm, self.end
        if not self._options.measures:
            return
        assert warm is not None and end is not None
        if end.files != warm.files:
            raise Difference(f"{warm.files} file descriptors after the warm-up, {end.files} at the end")
        if end.threads != warm.threads:
            raise Difference(f"{warm.threads} threads after the warm-up, {end.threads} at the end")
        if self._options.memory and end.kib - warm.kib >= GROWTH:
            raise Difference(
                f"{warm.kib:,} KiB after the warm-up, {end.kib:,} KiB at the end: it grew by {GROWTH} or more"
            )

    def _show_progress(self) -> None:
        seconds = time.monotonic() - self._started
        events = self.tally.events
        self._say(f"  {events:,} events, {events / seconds:.0f} a second; {self._program.size()}")

    def _read_log(self) -> None:
        self._program.read_log()
        if self._program.ended:
            self._wire.forget(self._program.log_fd)

    # --- one event ---------------------------------------------------------------------------------------------------

    def _begin(self) -> Course | None:
        event = next(self._script, None)
        if event is None:
            self._done = True
            return None
        self.planner.may_deny_for_good = self.tally.events >= LATE_PART * self._options.events
        plan = Plan() if event.kind in (QUIET, WIDEST) else self.planner.plan(event.services, self._asked_about(event))
        number = self.tally.events + self.tally.quiet
        request_id = f"{self._options.seed:08x}-0000-4000-8000-{number:012}"
        self.cluster.next_event()
        self._clock.move_to(self.cluster.now)
        unsure = self.model.unsure(event, plan)
        expected = [] if unsure else self.model.expect(event, plan)
        course = Course(number, event, plan, expected, request_id, self.cluster.now, last_call=self.cluster.now)
        if unsure:
            course.unsure, course.world = unsure, self.cluster.as_it_is()
        self.judge.begin(event, plan)
        if plan.drops:
            course.used.add("idle connections are closed")
            self._wire.drop(self._ecs, self._slack)
        return course

    def _asked_about(self, event: Event) -> list[str]:
        """Services that an event looks at, and rolls none of them."""
        if event.kind == "a sweep":
            # What is to be stopped, and cannot be, is an error that the model knows nothing of.
            return [] if self._options.rolls_back else list(self.cluster.services)
        return [item.meaning.service for item in event.items if isinstance(item.meaning, News)]

    def _ways(self, course: Course) -> list[Expected]:
        """What the model says now that it is known what became of the services of which nobody could foretell it."""
        kind, _, body = course.answers[0]
        own = [service for service in course.event.services if service in course.unsure]
        ones = body.get("deployments", [])
        deployments = {one["service"]: one["deployment_id"] for one in ones if "deployment_id" in one}

        def expect(statuses: dict[str, list[str]]) -> list[Expected]:
            given = Given(course.unsure, statuses, deployments, course.messages)
            return self.model.expect(course.event, course.plan, course.world, given)

        if kind == "response":
            statuses: dict[str, list[str]] = collections.defaultdict(list)
            for one in ones:
                statuses[one["service"]].append(one["status"])
            return expect(statuses)
        # An error does not say it of each service.
        every = itertools.product(("failed", "deployed", "ignored"), repeat=len(own))
        return [way for fates in every for way in expect({one: [fate] for one, fate in zip(own, fates, strict=True)})]

    def _finish(self, course: Course) -> None:
        """Everything that the event did has been done: the program asks for the next one."""
        if len(course.answers) != 1:
            raise Difference(f"the event was answered {len(course.answers)} times")
        self.cluster.now = self._clock.now
        if course.unsure:
            course.expected = self._ways(course)
        wrong = [self._what_differs(course, expected) for expected in course.expected]
        if all(wrong):
            raise Difference("\n  or ".join(wrong))
        expected = course.expected[wrong.index("")]
        kind, _, body = course.answers[0]
        self._ask_the_judge(course, expected)
        self.model.happened(course.event, expected, body if kind == "response" else None)
        if course.event.kind not in (QUIET, WIDEST):
            self.generator.answered(course.event, expected.failed_messages, bool(expected.errors) or course.refused > 0)
        self._count(course, expected)
        self._past.append(self._describe(course))

    def _ask_the_judge(self, course: Course, expected: Expected) -> None:
        kind, _, body = course.answers[0]
        if not expected.silent:
            entries = body["deployments"] if kind == "response" else []
            if course.event.kind == "a sweep":
                self.judge.swept(entries, course.unsure)
            else:
                self.judge.finish(expected.fates, entries, course.unsure)
                if course.unsure:
                    texts = b"".join(course.posts).decode("utf-8", "replace")
                    self.judge.told(course.messages, texts, course.unsure)
        if self.judge.complaints:
            raise Difference("\n".join(self.judge.complaints))

    def _what_differs(self, course: Course, expected: Expected) -> str:
        """In words; empty when it went like this."""
        kind, error, body = course.answers[0]
        if expected.errors:
            if kind != "error" or error not in expected.errors:
                return f"an error was expected ({' or '.join(expected.errors)})"
            # "api: why"; what did not fail may be named as well.
            silent = [service for service in expected.failing if f"{service}: " not in body["errorMessage"]]
            if silent:
                return f"the error does not name {silent}"
        else:
            if kind != "response":
                return "an answer was expected, not an error"
            if wrong := self._wrong_answer(course, expected, body):
                return wrong
        rollouts = [one for one in self.cluster.rollouts if one[0] not in course.unsure]
        if sorted(rollouts) != sorted(expected.rollouts):
            return f"these rollouts began: {sorted(self.cluster.rollouts)}"
        updates = collections.Counter(
            {service: times for service, times in course.updates.items() if service not in course.unsure}
        )
        if updates != expected.updates:
            return f"UpdateService was asked for: {dict(course.updates)}, expected {dict(expected.updates)}"
        if expected.silent and course.calls:
            return f"ECS was asked: {course.calls}"
        return self._wrong_messages(course, expected)

    def _wrong_answer(self, course: Course, expected: Expected, body: dict) -> str:
        if body["status"] != expected.status:
            return f'the status is "{body["status"]}"'
        if expected.same_as is not None and body != expected.same_as:
            return "the answer is not the same again"
        if body.get("batchItemFailures") != wrapped(expected.failed_messages):
            return "other messages are said to have failed"
        fates = sorted((one["service"], one["status"]) for one in body["deployments"])
        if fates != sorted((fate.service, fate.status) for fate in expected.fates):
            return f"the services' fates are {fates}"
        left_out = {(one["service"], one["status"], "(not with " in one["reason"]) for one in body["deployments"]}
        for fate in expected.fates:
            if expected.silent or fate.service in course.unsure:
                continue
            if (fate.service, fate.status, fate.left_out) not in left_out:
                should = "should" if fate.left_out else "should not"
                return f"of {fate.service} it {should} be said that a revision was left out"
        said = {(one["service"], one.get("outcome")) for one in body["deployments"]}
        for fate in expected.fates:
            if fate.says and (fate.service, fate.says) not in said:
                return f'{fate.service} is not said to be "{fate.says}"'
        begun = {*self.cluster.begun}
        for one in body["deployments"]:
            is_new = one["status"] == "deployed" and not expected.silent and one["service"] not in course.unsure
            if is_new and (one["service"], one["deployment_id"]) not in begun:
                return f"{one['service']} is said to be deployed by {one['deployment_id']}"
        if course.event.source == SINGLE and expected.status == "notified" and not expected.silent:
            lost = course.plan.slack is not None and not course.plan.slack.taken
            if ("not delivered" in body["detail"]) != lost:
                return f"it is {'not ' if lost else ''}said that a message was not delivered"
        return ""

    @staticmethod
    def _wrong_messages(course: Course, expected: Expected) -> str:
        missing = expected.messages - course.messages
        surplus = course.messages - expected.messages - expected.perhaps
        if missing or surplus:
            return f"messages missing: {dict(missing)}, surplus: {dict(surplus)}"
        return ""

    def _count(self, course: Course, expected: Expected) -> None:
        tally = self.tally
        tally.rollouts += len(self.cluster.rollouts)
        tally.messages += course.messages.total()
        tally.left_out += sum(fate.left_out for fate in expected.fates)
        tally.judged += any(service in course.unsure for service in course.event.services)
        if course.event.kind in (QUIET, WIDEST):
            tally.quiet += 1
            return
        tally.events += 1
        tally.kinds[course.event.kind] += 1
        tally.statuses[
            "answered as before" if expected.silent else expected.errors[0] if expected.errors else expected.status
        ] += 1
        tally.faults.update(course.used)

    # --- the Runtime API ---------------------------------------------------------------------------------------------

    def _runtime(self, request: Request) -> Reply | None:
        self.tally.requests += 1
        if request.line.startswith(b"GET "):
            return self._next(request)
        return self._answer(request)

    def _next(self, request: Request) -> Reply | None:
        course = self._course
        if course is not None and course.given:
            if not course.answers:
                raise Difference("the program asked for the next one without an answer")
            self._finish(course)
            course = None
        if course is None:
            course = self._course = self._begin()
            if course is None:
                return None
        runtime = course.plan.runtime
        if runtime is Runtime.NEXT_STALE and request.connection.served and self._first(course, str(runtime)):
            return Reply(b"", End.CLOSE)
        course.given = True
        headers = (
            b"Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: %b\r\nLambda-Runtime-Deadline-Ms: %d\r\n"
            b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:ci_lambda\r\n"
        ) % (course.request_id.encode(), self._clock.now + DEADLINE)
        in_pieces = runtime is Runtime.NEXT_PIECES and self._first(course, str(runtime))
        return Reply(http(200, course.event.body, headers), in_pieces=in_pieces)

    def _answer(self, request: Request) -> Reply:
        path = request.line.split(b" ")[1].decode()
        _, request_id, kind = path.rsplit("/", 2)
        course = self._course
        if course is None or request_id != course.request_id:
            raise Difference(f"an answer came to {path}, for which nobody asked")
        runtime = course.plan.runtime
        kept = request.connection.served > 0
        if runtime is Runtime.ANSWER_STALE and kept and self._first(course, str(runtime)):
            return Reply(b"", End.RESET)
        if course.taken and runtime is Runtime.ANSWER_TAKEN_TWICE:
            return Reply(http(403, b'{"errorType":"InvalidStateTransition"}'))
        error = request.header(b"Lambda-Runtime-Function-Error-Type").decode()
        course.answers.append((kind, error, json.loads(request.body)))
        if runtime in REFUSALS and self._first(course, str(runtime)):
            course.refused += 1
            return Reply(http(REFUSALS[runtime], b'{"errorType":"Refused","errorMessage":"not this one"}'))
        course.taken += 1
        if runtime is Runtime.ANSWER_TAKEN_TWICE and kept and self._first(course, str(runtime)):
            return Reply(b"", End.CLOSE)
        if runtime is Runtime.ANSWER_FAREWELL and self._first(course, str(runtime)):
            return Reply(http(202, b"{}", b"Connection: close\r\n"), End.CLOSE)
        return ACCEPTED

    @staticmethod
    def _first(course: Course, what: str) -> bool:
        """Whether this fault has not been met with before; from now on it has."""
        if what in course.used:
            return False
        course.used.add(what)
        return True

    # --- ECS ---------------------------------------------------------------------------------------------------------

    def _ecs(self, request: Request) -> Reply:
        self.tally.requests += 1
        course = self._course
        operation = request.header(b"X-Amz-Target").removeprefix(TARGET).decode()
        body = json.loads(request.body)
        assert course is not None
        self.cluster.now = self._clock.now
        about = self._services_of(operation, body)
        for service in about:
            self._let_others_act(course, service, operation)
        course.last_call = self.cluster.now
        if operation == "UpdateService":
            return self._update(course, body)
        if operation == "StopServiceDeployment":
            return self._stop(course, body, about[0])
        course.calls.append(operation)
        fault, right = self._reading(course, operation, body, about)
        healed = self.cluster.now - course.began >= course.plan.reading_fails_for
        if fault is None or healed or (fault.kept_only and not request.connection.served):
            return self._seen(operation, about, right)
        name = f"{operation}: ECS {fault}"
        if not self._first(course, name) and fault.effect is Effect.NONE:
            return self._seen(operation, about, right)
        return fault.give(right)

    def _services_of(self, operation: str, body: dict) -> list[Service]:
        """Whom a call is about."""
        if operation == "DescribeServices":
            names = body["services"]
        elif operation == "ListTaskDefinitions":
            names = [body["familyPrefix"]]
        elif operation == "DescribeTaskDefinition":
            names = [body["taskDefinition"].rsplit("/", 1)[-1].split(":")[0]]
        elif operation == "DescribeServiceDeployments":
            names = [arn.split("/")[-2] for arn in body["serviceDeploymentArns"]]
        elif operation == "DescribeServiceRevisions":
            names = [body["serviceRevisionArns"][0].split("/")[-2]]
        elif operation == "StopServiceDeployment":
            names = [body["serviceDeploymentArn"].split("/")[-2]]
        else:
            names = [body["service"]] if "service" in body else []
        return [service for name in names if (service := self.cluster.service_named(name)) is not None]

    def _seen(self, operation: str, about: list[Service], right: bytes) -> Reply:
        """A good answer; the judge remembers what is in it."""
        for service in about:
            late = self.cluster.is_late(service, self.cluster.now)
            if operation == "DescribeServices":
                shown_late = service.nature.late_services > 0
                self.judge.shown(service, self.cluster.view(service) if shown_late else None)
            elif operation == "ListTaskDefinitions":
                arns = json.loads(right)["taskDefinitionArns"]
                self.judge.listed(service, [number_of(arn) for arn in arns if "_old:" not in arn])
            if late and operation in ("DescribeServices", "ListServiceDeployments"):
                self.tally.late_looks += 1
        return good(right)

    def _reading(
        self, course: Course, operation: str, body: dict, about: list[Service]
    ) -> tuple[Fault | None, bytes]:
        """What befalls a call that changes nothing, and the right answer."""
        plan, cluster = course.plan, self.cluster
        service = about[0].id if about else ""
        if operation == "DescribeServices":
            fault = plan.second_look if course.updates else plan.look
            return fault, cluster.describe(body["services"])
        if operation == "ListTaskDefinitions":
            return plan.revisions.get(service), cluster.task_definitions(body["familyPrefix"], body.get("nextToken"))
        if operation == "ListServices":
            return plan.others, cluster.list_services()
        if operation == "ListServiceDeployments":
            return self._fault_of_records(course, service), cluster.service_deployments(body["service"])
        if operation == "DescribeServiceDeployments":
            (arn,) = body["serviceDeploymentArns"]
            return self._fault_of_records(course, service), cluster.service_deployment(arn)
        if operation == "DescribeServiceRevisions":
            return self._fault_of_records(course, service), cluster.service_revisions(body["serviceRevisionArns"])
        if operation == "DescribeTaskDefinition":
            return plan.definitions.get(service), cluster.task_definition(body["taskDefinition"])
        empty = {"ListTasks": b'{"taskArns":[]}'}
        if operation not in empty:
            raise Difference(f"ECS was asked for {operation}")
        return plan.others, empty[operation]

    @staticmethod
    def _fault_of_records(course: Course, service: str) -> Fault | None:
        course.asked[service, "records"] += 1
        over = course.asked[service, "records"] > course.plan.records_fail
        return None if over else course.plan.records.get(service)

    def _update(self, course: Course, body: dict) -> Reply:
        service = self.cluster.service_named(body["service"])
        if service is None:
            raise Difference(f"an UpdateService was sent for the unknown service {body['service']}")
        course.calls.append(f"UpdateService of {service.id}")
        course.updates[service.id] += 1
        self.judge.sends(service, arn_of(service.id, number_of(body["taskDefinition"])), self.cluster.now)
        fault = course.plan.updates.get(service.id)
        if fault is not None and course.updates[service.id] <= fault.times:
            course.used.add(f"UpdateService: ECS {fault}")
            if fault.carried_out:
                self._carry_out(course, service, body)
            answer = fault.give(self.cluster.updated(service))
        else:
            self._carry_out(course, service, body)
            answer = good(self.cluster.updated(service))
        self._let_others_act(course, service, "after UpdateService")
        return answer

    def _stop(self, course: Course, body: dict, service: Service) -> Reply:
        course.calls.append(f"StopServiceDeployment of {service.id}")
        self.judge.stops(service, course.event.kind == "a sweep")
        arn = body["serviceDeploymentArn"]
        if not self.cluster.stop(arn, self.cluster.now):
            return refusing("ConflictException")(b"")
        self.tally.stopped += 1
        return good(json.dumps({"serviceDeploymentArn": arn}).encode())

    def _carry_out(self, course: Course, service: Service, body: dict) -> None:
        before = service.primary
        self.cluster.update(body["service"], body["taskDefinition"])
        if service.primary is not before:
            self.judge.carried_out(service)

    # --- what others do meanwhile ------------------------------------------------------------------------------------

    def _let_others_act(self, course: Course, service: Service, operation: str) -> None:
        """Just before a call that is about this service."""
        due = course.rolls_back_at.get(service.id)
        if due is not None and due <= self.cluster.now and service.asked_to_go_back:
            self.cluster.roll_back(service, due)
        course.asked[service.id, operation] += 1
        one = course.plan.interruptions.get(service.id)
        if one is None or (one.operation, one.nth) != (operation, course.asked[service.id, operation]):
            return
        at = course.last_call + int(one.place * (self.cluster.now - course.last_call))
        if self._happens(course, service, one, at):
            self.tally.deeds[str(one.deed)] += 1
            self.tally.in_waits += self.cluster.now > course.last_call
            course.calls.append(f"({one.deed}: {service.id})")

    def _happens(self, course: Course, service: Service, one: Interruption, at: int) -> bool:
        """False where there is nothing to do."""
        place = int(one.place * len(service.revisions))
        if one.deed is Deed.REGISTER:
            service.register(at, place)
        elif one.deed in (Deed.DEPLOY, Deed.REDEPLOY):
            self.cluster.somebody_deploys(service.id, at, place if one.deed is Deed.DEPLOY else None)
        elif one.deed is Deed.TAKE_BACK:
            if not self.cluster.ask_to_go_back(service, at):
                return False
            self.judge.asked_to_go_back(service)
            course.rolls_back_at[service.id] = at + UNTIL_ROLLBACK
        elif service.primary.state == IN_PROGRESS:
            self.cluster.end(service, COMPLETED if one.deed is Deed.COMPLETE else FAILED, at)
        else:
            return False
        return True

    # --- Slack -------------------------------------------------------------------------------------------------------

    def _slack(self, request: Request) -> Reply | None:
        self.tally.requests += 1
        course = self._course
        assert course is not None
        fault = course.plan.slack
        message = request.body
        if course.victim is None and fault is not None:
            course.victim = message
            course.used.add(str(fault))
        reply, last = Reply(http(200, b"ok")), True
        if fault is not None and message == course.victim:
            reply, last = self._next_of(fault, course.posts[message])
        course.posts[message] += 1
        if last:
            course.messages.update(titles_of(message))
            if problem := wrong_about_the_image(message):
                self.judge.complaints.append(problem)
        if course.event.kind == WIDEST:
            self._held.append((request.connection, reply))
            return None
        return reply

    def _give_held(self) -> None:
        held, self._held = self._held, []
        for connection, reply in held:
            self._wire.send(connection, reply)

    @staticmethod
    def _next_of(fault: SlackFault, posts: int) -> tuple[Reply, bool]:
        """What the post after so many meets with, and whether it should be the last one."""
        return fault.script[min(posts, len(fault.script) - 1)], posts >= len(fault.script) - 1

    # --- what is said about it ---------------------------------------------------------------------------------------

    def _describe(self, course: Course) -> str:
        lines = [f"event {course.number}, {course.event.kind}: {shortened(course.event.body.decode('latin-1'))}"]
        if faults := str(course.plan):
            lines.append(f"faults: {faults}")
        lines.append(f"calls: {', '.join(course.calls) or 'none'}")
        lines.append(f"rollouts: {sorted(self.cluster.rollouts)}")
        lines.append(f"messages: {sorted(course.messages.elements())}")
        lines += [f"answer ({kind}): {shortened(json.dumps(body))}" for kind, _, body in course.answers]
        return "\n    ".join(lines)

    def _report(self, what: str) -> str:
        parts = [what, f"seed {self._options.seed}"]
        course = self._course
        if course is not None and not self._done:
            parts.append("\n  or ".join(f"expected: {one}" for one in course.expected))
            parts += ["what happened:", "  " + self._describe(course)]
            about = [self.cluster.services[name] for name in course.event.services if name in self.cluster.services]
            parts += ["ECS by now:", *(f"  {service}" for service in about)]
            parts += ["the log of it:", *self._program.log_of([course.request_id])[-20:]]
        parts += ["before that:", *(f"  {past}" for past in self._past)]
        return "\n".join(parts)

    def summary(self) -> str:
        tally, seconds = self.tally, time.monotonic() - self._started
        lines = [
            f"{tally.events:,} events in {seconds:.0f} s, {tally.events / seconds:.0f} a second "
            f"(and {tally.quiet:,} quiet ones), {tally.requests:,} requests",
            f"each was answered exactly once; {tally.rollouts:,} rollouts and {tally.messages:,} messages, "
            "as the model says",
            f"the judge was asked of {tally.judged:,} events; {tally.late_looks:,} looks showed what was old, "
            f"{self.cluster.foreign:,} deployments of somebody else, {self.cluster.rollbacks:,} rollbacks of ECS, "
            f"{self.judge.overtaken:,} deployments overtaken within a moment",
            f"ROLLBACK_ON_FAILURE={'true' if self._options.rolls_back else 'false'}: the newest revision was left out "
            f"{tally.left_out:,} times, {tally.stopped:,} rollouts were stopped",
            f"in the middle of an event, {tally.deeds.total():,} ({tally.in_waits:,} while the function waited): "
            + in_order(tally.deeds),
            "kinds: " + in_order(tally.kinds),
            "answers: " + in_order(tally.statuses),
            f"faults, {tally.faults.total():,}:",
            *(f"  {count:6,}  {name}" for name, count in sorted(tally.faults.items())),
        ]
        if self.warm and self.end:
            lines += [f"after the warm-up: {self.warm}", f"at the end:        {self.end}"]
            checked = "" if self._options.memory else " (not checked)"
            lines.append(f"memory growth: {self.end.kib - self.warm.kib} KiB{checked}, allowed: less than {GROWTH}")
        return "\n".join(lines)


def wrapped(failed: list[str] | None) -> list[dict] | None:
    return None if failed is None else [{"itemIdentifier": one} for one in failed]


def wrong_about_the_image(message: bytes) -> str:
    """In this world no revision has the digest that was pushed: that is said of what was begun for a push, and of
    nothing else. Where several services are told of, nothing says why each was begun."""
    content = json.loads(message)
    if "Deployments: " in content["text"].split(" [dev]", 1)[0]:
        return ""
    fields = [field["text"] for block in content["blocks"] for field in block.get("fields", [])]
    because = "".join(field for field in fields if field.startswith("*Started because*"))
    if ANOTHER_IMAGE in content["text"].split(" [dev]", 1)[0] and "image " not in because:
        return f"said to be another image, though nothing was pushed: {content['text']}"
    return ""


def titles_of(message: bytes) -> list[str]:
    """Of ":emoji: Deployment started: api [dev]: reason". Where several services are told of, what the title would be
    of each of them alone: of ":emoji: api: started, ecs-svc/7, ..", a line each."""
    content = json.loads(message.replace(ANOTHER_IMAGE.encode(), b"completed"))
    title = content["text"].split(" ", 1)[1].split(" [dev]", 1)[0]
    if not title.startswith("Deployments: "):
        return [title]
    texts = [block["text"]["text"] for block in content["blocks"][1:] if "text" in block]
    lines = [line for text in texts if not text.startswith("*Reason*") for line in text.split("\n")]
    return [LINE.sub(r"Deployment \2: \1", line) for line in lines]


def shortened(text: str) -> str:
    return text if len(text) <= 2000 else f"{text[:2000]}.. ({len(text)} characters)"


def in_order(counter: collections.Counter) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())
