"""One event of every kind, and what it must lead to. Shared by all tests that send one of each."""

from __future__ import annotations

import dataclasses
import json
import pathlib

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures" / "events"


def event(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def event_json(name: str) -> dict:
    return json.loads(event(name))


@dataclasses.dataclass(frozen=True)
class Kind:
    fixture: str
    status: str  # of the function's answer, when Slack is on
    services: tuple[str, ...] = ()  # ids of the services that roll

    def __str__(self) -> str:
        return self.fixture

    @property
    def event(self) -> bytes:
        return event(self.fixture)


KINDS = [
    Kind("ecr-push", "deployed", ("api",)),
    Kind("ecr-replication", "deployed", ("api",)),
    Kind("ssm-update", "deployed", ("api",)),
    Kind("s3-cloudtrail-put", "deployed", ("api", "worker")),
    Kind("s3-native-created", "deployed", ("api", "worker")),
    Kind("ecs-deployment-completed", "notified"),
    Kind("ecs-deployment-failed", "notified"),
    Kind("ecs-task-start-impaired", "notified"),
    Kind("manual", "deployed", ("api",)),
    Kind("bare", "deployed", ("api",)),
]


# Near misses: (what is wrong, an event made from a fixture).
def near_misses() -> dict[str, tuple[dict, str]]:
    """Name -> (event, a word that the reason must hold)."""
    other_project = event_json("ecr-push")
    other_project["detail"]["repository-name"] = "other_service_api"
    untagged = event_json("ecr-push")
    del untagged["detail"]["image-tag"]
    build_cache = event_json("ecr-push")
    build_cache["detail"]["image-tag"] = "buildcache"
    referrers = event_json("ecr-push")
    referrers["detail"]["image-tag"] = "sha256-" + "0123456789abcdef" * 4
    failed_call = event_json("s3-cloudtrail-put")
    failed_call["detail"]["errorCode"] = "AccessDenied"
    deleted = event_json("ssm-update")
    deleted["detail"]["operation"] = "Delete"
    other_environment = event_json("ssm-update")
    other_environment["detail"]["name"] = "/prod/shop/api/LOG_LEVEL"
    other_cluster = event_json("ecs-deployment-completed")
    other_cluster["resources"] = ["arn:aws:ecs:us-east-1:123456789012:service/other_cluster_dev/shop_service_api_dev"]
    other_cluster["detail"].pop("clusterArn", None)
    steady = event_json("ecs-deployment-completed")
    steady["detail-type"] = "ECS Service Action"
    steady["detail"]["eventName"] = "SERVICE_STEADY_STATE"
    manual_elsewhere = event_json("manual")
    manual_elsewhere["detail"]["project"] = "other"
    other_account = event_json("ecr-push")
    other_account["account"] = "999999999999"
    other_region = event_json("ecr-push")
    other_region["region"] = "eu-west-1"
    unknown = {"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification", "detail": {}}
    return {
        "image-of-another-project": (other_project, "other_service_api"),
        "image-without-a-tag": (untagged, "tag"),
        "build-cache": (build_cache, "build cache"),
        "list-of-what-refers-to-an-image": (referrers, "signature or attestation"),
        "image-of-another-account": (other_account, "999999999999"),
        "image-of-another-region": (other_region, "eu-west-1"),
        "replication-that-failed": (event_json("ecr-replication-failed"), "FAILED"),
        "failed-s3-call": (failed_call, "AccessDenied"),
        "s3-call-without-parameters": (event_json("s3-cloudtrail-null-parameters"), "which file"),
        "old-version-of-a-file-deleted": (event_json("s3-native-deleted-version"), "one version"),
        "placeholder-of-terraform": (event_json("ssm-create-placeholder"), "placeholder"),
        "deleted-parameter": (deleted, "elete"),
        "parameter-of-another-environment": (other_environment, "/prod/shop/api/LOG_LEVEL"),
        "service-of-another-cluster": (other_cluster, "other_cluster_dev"),
        "steady-state": (steady, "steady"),
        "manual-for-another-project": (manual_elsewhere, "other"),
        "event-of-no-interest": (unknown, "aws.ec2"),
    }


def s3_configuration() -> str:
    """SERVICE_CONFIG in which api and worker use the files of the S3 fixtures."""
    cloudtrail = event_json("s3-cloudtrail-put")["detail"]["requestParameters"]
    native = event_json("s3-native-created")["detail"]
    files = [
        {"bucket": cloudtrail["bucketName"], "key": cloudtrail["key"]},
        {"bucket": native["bucket"]["name"], "key": native["object"]["key"]},
    ]
    return json.dumps({"api": files, "worker": files})


def ecs_service(service_id: str) -> str:
    """The default pattern, {project}_service_{name}_{env}."""
    return "shop_service_dev" if service_id == "backend" else f"shop_service_{service_id}_dev"
