"""An ECS of twelve services in time moved by hand: what is deployed, and what it answers."""

from __future__ import annotations

import dataclasses
import json

ACCOUNT = "123456789012"
CLUSTER = "shop_cluster_dev"
PAGE = 8  # revisions on a page of ListTaskDefinitions

SERVICES = ("api", "auth", "backend", "cart", "cron", "feed", "img", "mail", "pay", "search", "web", "worker")
FROZEN = "frozen"  # events do not deploy it, manual requests do
GHOST = "ghost"  # has a valid name, but is not in ECS
COMMON = ("api", "web", "worker")  # the services that share a file

SECOND = 1000  # times are whole milliseconds, as ECS tells them
BEGINNING = 1_577_836_800 * SECOND

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"


def ecs_name(service: str) -> str:
    return "shop_service_dev" if service == "backend" else f"shop_service_{service}_dev"


def arn_of(service: str, revision: int) -> str:
    return f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{ecs_name(service)}:{revision}"


def in_seconds(moment: int) -> str:
    """A time as JSON 1.1 has it: 1577836800.123"""
    return f"{moment // SECOND}.{moment % SECOND:03}"


@dataclasses.dataclass
class Deployment:
    id: str
    revision: str  # ARN
    created: int
    state: str


@dataclasses.dataclass
class Service:
    id: str
    revisions: list[int]
    deployments: list[Deployment]  # PRIMARY first
    described: str | None = None  # JSON; None: to be made anew

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def newest(self) -> str:
        return arn_of(self.id, max(self.revisions))

    def settle(self, state: str) -> None:
        self.primary.state = state
        self.described = None


class Cluster:
    def __init__(self) -> None:
        self.now = BEGINNING + 7200 * SECOND
        self.services: dict[str, Service] = {}
        self.rollouts: list[tuple[str, str]] = []  # of the present event: service and revision
        self.begun: list[tuple[str, str]] = []  # the same: service and id
        self._numbers: dict[str, int] = {}
        for service in (*SERVICES, FROZEN):
            self._add(service)
        self._by_name = {ecs_name(service): service for service in self.services}

    def _add(self, service: str) -> None:
        first = Deployment(self._new_id(service), arn_of(service, 9), BEGINNING, COMPLETED)
        self.services[service] = Service(service, [9, 10, 8], [first])

    def next_event(self) -> None:
        self.rollouts, self.begun = [], []

    def service_named(self, name: str) -> Service | None:
        service = self._by_name.get(name)
        return None if service is None else self.services[service]

    def begin(self, service: str, revision: str) -> Deployment:
        """A new rollout. All of one event's begin in the same moment, so that their order makes no difference."""
        one = self.services[service]
        new = Deployment(self._new_id(service), revision, self.now, IN_PROGRESS)
        one.deployments = [new, one.primary]
        one.described = None
        return new

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
            else:
                found.append(self._described(service))
        return f'{{"services":[{",".join(found)}],"failures":{json.dumps(failures)}}}'.encode()

    def updated(self, service: Service) -> bytes:
        return f'{{"service":{self._described(service)}}}'.encode()

    def update(self, name: str, task_definition: str) -> Service | None:
        """UpdateService; `family:42` becomes an ARN."""
        service = self.service_named(name)
        if service is None:
            return None
        revision = arn_of(service.id, int(task_definition.rsplit(":", 1)[1]))
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

    def _described(self, service: Service) -> str:
        if service.described is None:
            service.described = self._describe(service)
        return service.described

    @staticmethod
    def _describe(service: Service) -> str:
        name = ecs_name(service.id)
        deployments = ",".join(
            f'{{"id":"{one.id}","status":"{"PRIMARY" if one is service.primary else "ACTIVE"}",'
            f'"taskDefinition":"{one.revision}","desiredCount":2,"pendingCount":0,"runningCount":2,"failedTasks":0,'
            f'"createdAt":{in_seconds(one.created)},"updatedAt":{in_seconds(one.created)},"launchType":"FARGATE",'
            f'"rolloutState":"{one.state}","rolloutStateReason":"ECS deployment {one.id} is {one.state}."}}'
            for one in service.deployments
        )
        return (
            f'{{"serviceArn":"arn:aws:ecs:us-east-1:{ACCOUNT}:service/{CLUSTER}/{name}","serviceName":"{name}",'
            f'"clusterArn":"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/{CLUSTER}","status":"ACTIVE","desiredCount":2,'
            f'"runningCount":2,"pendingCount":0,"taskDefinition":"{service.primary.revision}",'
            f'"deploymentController":{{"type":"ECS"}},"deploymentConfiguration":{{"maximumPercent":200,'
            f'"minimumHealthyPercent":100,"deploymentCircuitBreaker":{{"enable":false,"rollback":false}}}},'
            f'"deployments":[{deployments}],"events":[{{"id":"1","createdAt":{in_seconds(service.primary.created)},'
            f'"message":"(service {name}) has reached a steady state."}}]}}'
        )
