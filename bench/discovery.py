"""What discovery costs with 500 services: calls, time and memory of the first event and of later ones.

Each service runs a revision of its own, whose task definition has three containers and 20 KB, as large ones have. ECS is in
here and answers at once; what the first event waits for are ECS's quotas, which the function keeps to. It is one round: the
quotas take half a minute, and do not vary.
"""

from __future__ import annotations

import collections
import dataclasses
import pathlib
import sys
import time

REPOSITORY = pathlib.Path(__file__).parents[1]
sys.path.append(str(REPOSITORY / "tests" / "integration"))

from support.programs import Function, function_environment  # noqa: E402: found by the line above
from support.servers import HttpStub, Response  # noqa: E402

SERVICES = 500
CLUSTER = "prod"
ACCOUNT = "123456789012"
ARN = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
LATER_EVENTS = 20
READS = ("ListServices", "DescribeServices", "DescribeTaskDefinition")


class Cluster(HttpStub):
    """ECS with 500 services."""

    def __init__(self) -> None:
        self.calls: collections.Counter[str] = collections.Counter()
        super().__init__()

    def handle(self, request):
        operation = request.header("X-Amz-Target").split(".")[-1]
        with self._lock:
            self.calls[operation] += 1
        return Response(body=getattr(self, operation)(request.json()))

    def ListServices(self, request):
        begin = int(request.get("nextToken", 0))
        end = begin + request["maxResults"]
        arns = [f"{ARN}:service/{CLUSTER}/s{number}" for number in range(begin, min(end, SERVICES))]
        return {"serviceArns": arns} | ({"nextToken": str(end)} if end < SERVICES else {})

    def DescribeServices(self, request):
        messages = [{"id": str(number), "createdAt": 1.0, "message": "has reached a steady state."} for number in range(100)]
        return {"services": [self.service(name) | {"events": messages, "tags": []} for name in request["services"]], "failures": []}

    def service(self, name: str, deployment: str = "ecs-svc/1") -> dict:
        revision = f"{ARN}:task-definition/{name}:7"
        primary = {"id": deployment, "status": "PRIMARY", "taskDefinition": revision, "rolloutState": "COMPLETED", "createdAt": 1.0}
        return {"serviceName": name, "status": "ACTIVE", "taskDefinition": revision, "deployments": [primary]}

    def DescribeTaskDefinition(self, request):
        name = request["taskDefinition"].split("/")[-1].split(":")[0]
        containers = [
            {
                "name": f"c{number}",
                "image": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/shop/{name}-{number}:v1",
                "environment": [{"name": f"VARIABLE_{one}", "value": "x" * 60} for one in range(60)],
                "secrets": [{"name": f"SECRET_{one}", "valueFrom": f"/prod/{name}/secret-{one}"} for one in range(10)],
            }
            for number in range(3)
        ]
        return {"taskDefinition": {"taskDefinitionArn": f"{ARN}:task-definition/{name}:7", "status": "ACTIVE", "containerDefinitions": containers}, "tags": []}

    def ListTaskDefinitions(self, request):
        return {"taskDefinitionArns": [f"{ARN}:task-definition/{request['familyPrefix']}:7"]}

    def ListServiceDeployments(self, request):
        return {"serviceDeployments": []}

    def UpdateService(self, request):
        return {"service": self.service(request["service"], "ecs-svc/2")}


@dataclasses.dataclass
class Cost:
    first_seconds: float
    first_calls: dict[str, int]  # those that discover
    later_ms: float  # the median
    later_calls: dict[str, int]  # of all later events together
    peak_mb: float


def pushed(service: int) -> dict:
    return {
        "id": f"00000000-0000-4000-8000-{service:012}",
        "source": "aws.ecr",
        "detail-type": "ECR Image Action",
        "account": ACCOUNT,
        "region": "us-east-1",
        "time": "2026-11-29T12:00:00Z",
        "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": f"shop/s{service}-0", "image-tag": "v2"},
    }


def measure(program: pathlib.Path) -> Cost:
    settings = {"DISCOVERY": "true", "ECS_CLUSTER_NAME": CLUSTER, "SERVICE_CONFIG": None, "LOG_LEVEL": "info"}
    with Cluster() as ecs, Function(function_environment(ecs.url, **settings), [str(program)]) as function:

        def deploy(service: int) -> float:
            began = time.perf_counter()
            outcome = function.invoke(pushed(service), deadline_in=300)
            assert [one["service"] for one in outcome.body["deployments"]] == [f"s{service}"], outcome.text
            return time.perf_counter() - began

        # What a deployment itself asks for: one look at its service.
        first = deploy(0)
        of_first = ecs.calls - collections.Counter(DescribeServices=1)
        ecs.calls.clear()
        later = sorted(deploy(number) for number in range(1, LATER_EVENTS + 1))
        of_later = ecs.calls - collections.Counter(DescribeServices=LATER_EVENTS)
        status = pathlib.Path(f"/proc/{function.process.pid}/status").read_text()
        peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return Cost(
        first_seconds=first,
        first_calls={name: of_first[name] for name in READS},
        later_ms=1000 * later[len(later) // 2],
        later_calls={name: of_later[name] for name in READS},
        peak_mb=peak_kb * 1024 / 1e6,
    )


if __name__ == "__main__":
    print(measure(pathlib.Path(sys.argv[1]).resolve()))
