"""An ECS of twelve services in time moved by hand: what is deployed, how that came about, and what it answers.

What is true stands in Service; what is shown of it may be older (natures.py)."""

from __future__ import annotations

import collections
import copy
import dataclasses
import json

from natures import NATURES, Look, Nature

ACCOUNT = "123456789012"
CLUSTER = "shop_cluster_dev"
PAGE = 8  # revisions on a page of ListTaskDefinitions

SERVICES = ("api", "auth", "backend", "cart", "cron", "feed", "img", "mail", "pay", "search", "web", "worker")
FROZEN = "frozen"  # events do not deploy it, manual requests do
GHOST = "ghost"  # has a valid name, but is not in ECS
COMMON = ("api", "web", "worker")  # the services that share a file

SECOND = 1000  # times are whole milliseconds, as ECS tells them
BEGINNING = 1_577_836_800 * SECOND
MOST_REVISIONS = 20
MOST_RECORDS = 12
MOST_MESSAGES = 6
MOST_KNOWN = 40  # rollouts of a service
LONGEST_LAG = 60 * SECOND

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
# Of ECS's records of rollouts.
SUCCESSFUL, STOPPED = "SUCCESSFUL", "STOPPED"
ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS = "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"
ROLLBACK_SUCCESSFUL, ROLLBACK_FAILED = "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"


def ecs_name(service: str) -> str:
    return "shop_service_dev" if service == "backend" else f"shop_service_{service}_dev"


def arn_of(service: str, revision: int) -> str:
    return f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{ecs_name(service)}:{revision}"


def repository_of(service: str) -> str:
    return "shop_backend" if service == "backend" else f"shop_service_{service}"


# What all revisions name: only a push of it is one that a redeployment brings.
NAMED_TAG = "live"


def image_of(service: str) -> str:
    return f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{repository_of(service)}:{NAMED_TAG}"


def number_of(arn: str) -> int:
    """42 of ..:task-definition/shop_service_api_dev:42"""
    return int(arn.rsplit(":", 1)[1])


def in_seconds(moment: int) -> str:
    """A time as JSON 1.1 has it: 1577836800.123"""
    return f"{moment // SECOND}.{moment % SECOND:03}"


@dataclasses.dataclass
class Deployment:
    id: str
    revision: str  # ARN
    created: int
    state: str
    back: bool = False  # a rollback has brought it back
    since: int = 0  # when it was made PRIMARY; a rollback's may have been created long before
    words: str = ""  # ECS's reason for the state
    failed_at: int | None = None

    @property
    def number(self) -> str:
        return self.id.rsplit("/", 1)[1]


@dataclasses.dataclass
class Record:
    """ECS's record of one rollout."""

    number: str  # of the deployment
    revision: str  # ARN
    created: int
    status: str
    finished: int | None = None
    rollback_at: int | None = None

    @property
    def going_back(self) -> bool:
        return self.status in (ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS)

    @property
    def taken_back(self) -> bool:
        return self.going_back or self.status in (ROLLBACK_SUCCESSFUL, ROLLBACK_FAILED)


@dataclasses.dataclass(frozen=True)
class View:
    """What there is to see from a moment on."""

    at: int
    described: str
    records: str
    primary: str  # its id


@dataclasses.dataclass
class Service:
    id: str
    revisions: list[int]
    deployments: list[Deployment]  # PRIMARY first
    nature: Nature = dataclasses.field(default_factory=Nature)
    records: list[Record] = dataclasses.field(default_factory=list)  # newest first
    messages: list[tuple[int, str]] = dataclasses.field(default_factory=list)  # newest first
    good: Deployment | None = None  # what a rollback brings back
    described: str | None = None  # JSON; None: to be made anew
    views: collections.deque[View] = dataclasses.field(default_factory=collections.deque)
    asked_until: int = 0  # when it was rolled back that ECS was asked to roll back
    changed: int = 0  # when what there is to see changed last
    registered: dict[int, int] = dataclasses.field(default_factory=dict)  # revision -> when, unless long ago
    known: collections.OrderedDict[str, Deployment] = dataclasses.field(default_factory=collections.OrderedDict)
    last_forward: int = 0  # when the latest rollout began that was no rollback
    wanted: Deployment | None = None  # what somebody deployed last past the function, as long as it counts

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def newest(self) -> str:
        return arn_of(self.id, max(self.revisions))

    @property
    def asked_to_go_back(self) -> bool:
        return bool(self.records) and self.records[0].status == ROLLBACK_REQUESTED

    @property
    def waits_for_a_person(self) -> bool:
        return bool(self.nature.approval) and self.primary.state == IN_PROGRESS and not self.primary.back

    def __str__(self) -> str:
        deployments = ", ".join(f"{one.id} :{number_of(one.revision)} {one.state}" for one in self.deployments)
        records = ", ".join(f"{one.number} :{number_of(one.revision)} {one.status}" for one in self.records)
        return f"{self.id} ({self.nature}): {deployments}; records: {records}; revisions up to {max(self.revisions)}"

    def begin(self, new: Deployment) -> None:
        """A rollout of somebody."""
        if self.records and self.records[0].finished is None:
            before = self.records[0]
            before.status, before.finished = ROLLBACK_FAILED if before.going_back else STOPPED, new.created
        self.records.insert(0, Record(new.number, new.revision, new.created, IN_PROGRESS))
        del self.records[MOST_RECORDS:]
        self.deployments = [new, self.primary]
        self.last_forward = new.created

    def as_it_is(self) -> Service:
        """To be looked at when this one has changed."""
        return dataclasses.replace(
            self,
            revisions=list(self.revisions),
            deployments=[copy.copy(one) for one in self.deployments],
            records=[copy.copy(one) for one in self.records],
        )

    def settle(self, state: str, at: int | None = None) -> None:
        """The PRIMARY has ended like this."""
        primary, at = self.primary, self.primary.created if at is None else at
        primary.state, self.described = state, None
        if state == FAILED:
            primary.failed_at = at
            self.give_up_on(primary)
        elif state == COMPLETED:
            self.good = copy.copy(primary)
        if self.records:
            record = self.records[0]
            if primary.back:
                record.status = ROLLBACK_SUCCESSFUL if state == COMPLETED else ROLLBACK_FAILED
            elif record.number == primary.number:
                record.status = SUCCESSFUL if state == COMPLETED else STOPPED
            record.finished = at

    def give_up_on(self, deployment: Deployment) -> None:
        """It does not run, so that it is no wrong to run something else."""
        if self.wanted is not None and number_of(self.wanted.revision) <= number_of(deployment.revision):
            self.wanted = None

    def say(self, at: int, words: str) -> None:
        self.messages.insert(0, (at, words))
        del self.messages[MOST_MESSAGES:]

    def register(self, at: int, place: int) -> int:
        """A new revision, at that place of the list."""
        number = max(self.revisions) + 1
        self.revisions.insert(place, number)
        self.registered[number] = at
        if len(self.revisions) > MOST_REVISIONS:
            oldest = min(self.revisions)
            self.revisions.remove(oldest)
            self.registered.pop(oldest, None)
        return number


class Cluster:
    def __init__(self, natures: dict[str, Nature] | None = None) -> None:
        self.now = BEGINNING + 7200 * SECOND
        self.services: dict[str, Service] = {}
        self.rollouts: list[tuple[str, str]] = []  # of the function, in the present event: service and revision
        self.begun: list[tuple[str, str]] = []  # the same: service and id
        self.foreign = self.rollbacks = 0  # deployments past the function, and ECS's own rollbacks
        self._numbers: dict[str, int] = {}
        for service in (*SERVICES, FROZEN):
            self._add(service, (NATURES if natures is None else natures).get(service, Nature(records=False)))
        self._by_name = {ecs_name(service): service for service in self.services}

    def _add(self, service: str, nature: Nature) -> None:
        first = Deployment(self._new_id(service), arn_of(service, 9), BEGINNING, COMPLETED, since=BEGINNING)
        record = Record(first.number, first.revision, BEGINNING, SUCCESSFUL, BEGINNING)
        one = Service(service, [9, 10, 8], [first], nature, [record], good=copy.copy(first), last_forward=BEGINNING)
        self.services[service] = one
        self._know(one, first)
        self._changed(one, BEGINNING)

    def next_event(self) -> None:
        self.rollouts, self.begun = [], []

    def as_it_is(self) -> Cluster:
        """To be looked at when this one has changed."""
        other = copy.copy(self)
        other.services = {name: service.as_it_is() for name, service in self.services.items()}
        return other

    def service_named(self, name: str) -> Service | None:
        service = self._by_name.get(name)
        return None if service is None else self.services[service]

    # --- what happens ------------------------------------------------------------------------------------------------

    def begin(self, service: str, revision: str, at: int | None = None) -> Deployment:
        """A new rollout. All of one event's begin in the same moment, so that their order makes no difference."""
        one = self.services[service]
        at = self.now if at is None else at
        new = Deployment(self._new_id(service), revision, at, IN_PROGRESS, since=at)
        one.begin(new)
        self._know(one, new)
        self._changed(one, at)
        return new

    def somebody_deploys(self, service: str, at: int, place: int | None = None) -> Deployment:
        """The newest revision, past the function; or one that is registered now, at that place of the list."""
        one = self.services[service]
        if place is not None:
            one.register(at, place)
        new = self.begin(service, one.newest, at)
        one.wanted = new
        self.foreign += 1
        return new

    def end(self, service: Service, state: str, at: int | None = None) -> None:
        """The PRIMARY ends like this, and what failed is rolled back where ECS does that."""
        at = self.now if at is None else at
        failed = service.primary
        if state == FAILED and not failed.back and service.nature.comes_back and service.good is not None:
            self.roll_back(service, at)
            return
        service.settle(state, at)
        if state == COMPLETED:
            failed.words = f"ECS deployment {failed.id} completed."
            service.say(at, f"(deployment {failed.id}) deployment completed.")
            service.say(at, "has reached a steady state.")
        self._changed(service, at)

    def ask_to_go_back(self, service: Service, at: int) -> bool:
        """StopServiceDeployment of somebody: ECS takes a moment to do it."""
        possible = service.nature.comes_back and service.nature.records and service.good is not None
        if not possible or service.primary.state != IN_PROGRESS or service.primary.back:
            return False
        service.records[0].status = ROLLBACK_REQUESTED
        service.give_up_on(service.primary)
        self._changed(service, at)
        return True

    def roll_back(self, service: Service, at: int) -> None:
        """To what ran well before."""
        failed, good, nature = service.primary, service.good, service.nature
        assert good is not None
        self.rollbacks += 1
        if service.asked_to_go_back:
            service.asked_until = at
        what = "ECS deployment alarm" if nature.alarm else "ECS deployment circuit breaker"
        why = "alarm detected" if nature.alarm else "tasks failed to start"
        failed.state, failed.failed_at, failed.words = FAILED, at, f"{what}: {why}."
        service.give_up_on(failed)
        new_id = self._new_id(service.id) if nature.comes_back is Look.NEW_ID else good.id
        created = good.created if nature.comes_back is Look.OLD_TIME else at
        words = f"{what}: rolling back to deploymentId {new_id}."
        back = Deployment(new_id, good.revision, created, IN_PROGRESS, back=True, since=at, words=words)
        service.deployments = [back, failed]
        service.records[0].status, service.records[0].rollback_at = ROLLBACK_IN_PROGRESS, at
        service.say(at, f"(deployment {failed.id}) deployment failed: {why}.")
        service.say(at, f"rolling back to deployment {new_id}.")
        self._know(service, back)
        self._changed(service, at)

    def _know(self, service: Service, deployment: Deployment) -> None:
        service.known[deployment.id] = deployment
        if len(service.known) > MOST_KNOWN:
            service.known.popitem(last=False)

    def _changed(self, service: Service, at: int) -> None:
        service.described, service.changed = None, at
        if not service.nature.lag:
            return
        service.views.append(View(at, self._describe(service), self._list(service), service.primary.id))
        while len(service.views) > 1 and service.views[1].at < at - LONGEST_LAG:
            service.views.popleft()

    def _new_id(self, service: str) -> str:
        self._numbers[service] = number = self._numbers.get(service, 0) + 1
        place = sorted((*SERVICES, FROZEN)).index(service)
        return f"ecs-svc/1{place:02}{number:012}"

    # --- what it answers ---------------------------------------------------------------------------------------------

    def describe(self, names: list[str]) -> bytes:
        found, failures = [], []
        for name in names:
            service = self.service_named(name)
            if service is None:
                failures.append(
                    {"arn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{CLUSTER}/{name}", "reason": "MISSING"}
                )
            elif service.nature.late_services:
                found.append(self.view(service).described)
            else:
                found.append(self._described(service))
        return f'{{"services":[{",".join(found)}],"failures":{json.dumps(failures)}}}'.encode()

    def is_late(self, service: Service, at: int) -> bool:
        """What is shown of it is older than what is true."""
        return bool(service.nature.lag) and at - service.changed < service.nature.lag

    def view(self, service: Service) -> View:
        """What DescribeServices shows of a service that is shown late."""
        return self._view(service, service.nature.late_services)

    def _view(self, service: Service, late: int) -> View:
        moment = self.now - late
        return next((view for view in reversed(service.views) if view.at <= moment), service.views[0])

    def updated(self, service: Service) -> bytes:
        return f'{{"service":{self._described(service)}}}'.encode()

    def update(self, name: str, task_definition: str) -> Service | None:
        """UpdateService; `family:42` becomes an ARN."""
        service = self.service_named(name)
        if service is None:
            return None
        revision = arn_of(service.id, number_of(task_definition))
        self.begun.append((service.id, self.begin(service.id, revision).id))
        self.rollouts.append((service.id, revision))
        return service

    def task_definitions(self, family: str, token: str | None) -> bytes:
        service = self.service_named(family)
        start = int(token) if token else 0
        numbers = service.revisions if service else []
        arns = [arn_of(service.id, number) for number in numbers[start : start + PAGE]] if service else []
        if service:
            # `familyPrefix` finds longer names, too.
            arns.append(f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{family}_old:99")
        answer: dict = {"taskDefinitionArns": arns}
        if start + PAGE < len(numbers):
            answer["nextToken"] = str(start + PAGE)
        return json.dumps(answer).encode()

    def list_services(self) -> bytes:
        arns = [f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{CLUSTER}/{ecs_name(one)}" for one in self.services]
        arns.append(f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{CLUSTER}/somebody-elses")
        return json.dumps({"serviceArns": arns}).encode()

    def service_deployments(self, name: str) -> bytes:
        """The records of one service, newest first."""
        service = self.service_named(name)
        if service is None or not service.nature.records:
            return b'{"serviceDeployments":[]}'
        late = service.nature.late_records
        return (self._view(service, late).records if late else self._list(service)).encode()

    def service_deployment(self, arn: str) -> bytes:
        """One record in full, as it is."""
        _, name, number = arn.rsplit("/", 2)
        service = self.service_named(name)
        found = [record for record in service.records if record.number == number] if service else []
        return json.dumps({"serviceDeployments": [self._in_full(service, one) for one in found]}).encode()

    def stop(self, arn: str, at: int) -> bool:
        """StopServiceDeployment with ROLLBACK. False: it is not under way."""
        _, name, number = arn.rsplit("/", 2)
        service = self.service_named(name)
        return service is not None and service.records[0].number == number and self.ask_to_go_back(service, at)

    def service_revisions(self, arns: list[str]) -> bytes:
        """What rollouts brought. A revision of a task definition always has the same images here."""
        found = []
        for arn in arns:
            _, name, number = arn.rsplit("/", 2)
            service = self.service_named(name)
            for record in service.records if service else []:
                if record.number == number:
                    digest = f"sha256:{number_of(record.revision):064x}"
                    image = {"containerName": "app", "image": image_of(service.id), "imageDigest": digest}
                    found.append(
                        {"serviceRevisionArn": arn, "taskDefinition": record.revision, "containerImages": [image]}
                    )
        return json.dumps({"serviceRevisions": found}).encode()

    def task_definition(self, wanted: str) -> bytes:
        name = wanted.rsplit("/", 1)[-1]
        family, number = name.rsplit(":", 1)
        service = self.service_named(family)
        active = service is not None and int(number) in service.revisions
        described = {
            "taskDefinitionArn": wanted,
            "status": "ACTIVE" if active else "INACTIVE",
            "containerDefinitions": [{"name": "app", "image": image_of(service.id if service else family)}],
        }
        return json.dumps({"taskDefinition": described, "tags": []}).encode()

    @staticmethod
    def _record_arn(service: Service, record: Record) -> str:
        return (
            f"arn:aws:ecs:us-east-1:{ACCOUNT}:service-deployment/{CLUSTER}/{ecs_name(service.id)}/{record.number}"
        )

    def _brief(self, service: Service, record: Record) -> dict:
        name = ecs_name(service.id)
        brief = {
            "serviceDeploymentArn": self._record_arn(service, record),
            "serviceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{CLUSTER}/{name}",
            "status": record.status,
            "targetServiceRevisionArn": (
                f"arn:aws:ecs:us-east-1:{ACCOUNT}:service-revision/{CLUSTER}/{name}/{record.number}"
            ),
            "createdAt": record.created / SECOND,
            "startedAt": record.created / SECOND,
        }
        if record.finished is not None:
            brief["finishedAt"] = record.finished / SECOND
        return brief

    def _in_full(self, service: Service, record: Record) -> dict:
        full = self._brief(service, record)
        full["targetServiceRevision"] = {"arn": full.pop("targetServiceRevisionArn")}
        full["deploymentConfiguration"] = configuration_of(service.nature)
        if record.rollback_at is not None:
            full["rollback"] = {"reason": "Service deployment rolled back.", "startedAt": record.rollback_at / SECOND}
        nature = service.nature
        if nature.blue_green and record.status == IN_PROGRESS:
            full["lifecycleStage"] = "BAKE_TIME" if nature.bakes else "POST_TEST_TRAFFIC_SHIFT"
            if nature.approval:
                hook = {
                    "hookId": "1",
                    "targetType": "PAUSE",
                    "status": "AWAITING_ACTION",
                    "expiresAt": record.created / SECOND + nature.approval * 60,
                    "timeoutAction": "CONTINUE",
                }
                full["lifecycleHookDetails"] = [hook]
        return full

    def _list(self, service: Service) -> str:
        return json.dumps({"serviceDeployments": [self._brief(service, one) for one in service.records]})

    def _described(self, service: Service) -> str:
        if service.described is None:
            service.described = self._describe(service)
        return service.described

    def _describe(self, service: Service) -> str:
        name = ecs_name(service.id)
        deployments = ",".join(
            f'{{"id":"{one.id}","status":"{"PRIMARY" if one is service.primary else "ACTIVE"}",'
            f'"taskDefinition":"{one.revision}","desiredCount":2,{self._counts(service, one)},"failedTasks":0,'
            f'"createdAt":{in_seconds(one.created)},"updatedAt":{in_seconds(one.failed_at or one.created)},'
            f'"launchType":"FARGATE","rolloutState":"{one.state}",'
            f'"rolloutStateReason":"{one.words or f"ECS deployment {one.id} is {one.state}."}"}}'
            for one in service.deployments
        )
        messages = ",".join(
            f'{{"id":"{place}","createdAt":{in_seconds(at)},"message":"(service {name}) {words}"}}'
            for place, (at, words) in enumerate(service.messages or [(BEGINNING, "has reached a steady state.")])
        )
        record = f'"currentServiceDeployment":"{self._record_arn(service, service.records[0])}",'
        return (
            f'{{"serviceArn":"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{CLUSTER}/{name}","serviceName":"{name}",'
            f'"clusterArn":"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/{CLUSTER}","status":"ACTIVE","desiredCount":2,'
            f'"runningCount":2,"pendingCount":0,"taskDefinition":"{service.primary.revision}",'
            f"{record if service.nature.records else ''}"
            f'"deploymentController":{{"type":"ECS"}},'
            f'"deploymentConfiguration":{CONFIGURATIONS[service.nature]},'
            f'"deployments":[{deployments}],"events":[{messages}]}}'
        )

    @staticmethod
    def _counts(service: Service, one: Deployment) -> str:
        at_it = one is service.primary and one.state != COMPLETED and not service.nature.drains
        return '"pendingCount":1,"runningCount":1' if at_it else '"pendingCount":0,"runningCount":2'


def configuration_of(nature: Nature) -> dict:
    by_breaker = nature.comes_back is not None and not nature.alarm and not nature.blue_green
    configuration: dict = {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": by_breaker, "rollback": by_breaker},
    }
    if nature.alarm:
        configuration["alarms"] = {"alarmNames": ["errors"], "enable": True, "rollback": True}
    if nature.blue_green:
        configuration["strategy"] = "BLUE_GREEN"
    if nature.bakes:
        configuration["bakeTimeInMinutes"] = nature.bakes
    if nature.approval:
        configuration["lifecycleHooks"] = [
            {
                "targetType": "PAUSE",
                "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
                "timeoutConfiguration": {"timeoutInMinutes": nature.approval, "action": "CONTINUE"},
            }
        ]
    return configuration


class Configurations(dict):
    """Of each nature, as JSON."""

    def __missing__(self, nature: Nature) -> str:
        text = self[nature] = json.dumps(configuration_of(nature))
        return text


CONFIGURATIONS = Configurations()
