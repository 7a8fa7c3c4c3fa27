"""Events to try the rules with: the fixtures that all tests share, and more of them, most of them near misses."""

from __future__ import annotations

import json

from support.paths import FIXTURES

ACCOUNT = "123456789012"
ECS_ARN = f"arn:aws:ecs:us-east-1:{ACCOUNT}"


def fixtures() -> dict[str, dict]:
    """Those that EventBridge could deliver: with a source."""
    events = {path.stem: json.loads(path.read_text()) for path in sorted(FIXTURES.glob("*.json"))}
    return {name: event for name, event in events.items() if "source" in event}


def event(source: str, kind: str, detail: dict, resources: tuple[str, ...] = ()) -> dict:
    return {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000001",
        "source": source,
        "detail-type": kind,
        "account": ACCOUNT,
        "time": "2026-01-31T09:05:03Z",
        "region": "us-east-1",
        "resources": list(resources),
        "detail": detail,
    }


def push(repository: str, tag: str = "v7") -> dict:
    detail = {"action-type": "PUSH", "result": "SUCCESS", "repository-name": repository, "image-tag": tag}
    return event("aws.ecr", "ECR Image Action", detail)


def parameter(name: str) -> dict:
    return event("aws.ssm", "Parameter Store Change", {"operation": "Update", "name": name, "type": "String"})


def created(bucket: str, key: str) -> dict:
    return event("aws.s3", "Object Created", {"bucket": {"name": bucket}, "object": {"key": key}})


def call(name: str, bucket: str, key: str) -> dict:
    detail = {"eventSource": "s3.amazonaws.com", "eventName": name}
    return event(
        "aws.s3",
        "AWS API Call via CloudTrail",
        detail | {"requestParameters": {"bucketName": bucket, "key": key}},
    )


def deployment(service: str) -> dict:
    detail = {"eventType": "INFO", "eventName": "SERVICE_DEPLOYMENT_COMPLETED", "deploymentId": "ecs-svc/1"}
    return event("aws.ecs", "ECS Deployment State Change", detail, (f"{ECS_ARN}:service/{service}",))


def action(service: str, cluster: str) -> dict:
    detail = {"eventType": "WARN", "eventName": "SERVICE_TASK_START_IMPAIRED"}
    detail["clusterArn"] = f"{ECS_ARN}:cluster/{cluster}"
    return event("aws.ecs", "ECS Service Action", detail, (f"{ECS_ARN}:service/{service}",))


def hook(service: str, cluster: str) -> dict:
    detail = {"eventType": "INFO", "eventName": "HOOK_AWAITING_ACTION", "hookType": "PAUSE"}
    detail["clusterArn"] = f"{ECS_ARN}:cluster/{cluster}"
    detail["serviceArn"] = f"{ECS_ARN}:service/{cluster}/{service}"
    resource = f"{ECS_ARN}:service-deployment/{cluster}/{service}/k3JxWq9ZtY"
    return event("aws.ecs", "ECS Hook State Change", detail, (resource,))


def manual(source: str, **detail) -> dict:
    return event(source, "DEPLOY", {"service": "api"} | detail)


def elsewhere(event: dict, account: str = ACCOUNT, region: str = "us-east-1") -> dict:
    """The event, forwarded from another account or region: EventBridge leaves both as they were."""
    return event | {"account": account, "region": region}


# What the function acts upon must reach it; what is somebody else's should not. The tests ask the function itself which
# of these it acts upon.
MORE = {
    "push-mapped": push("team/front"),
    "push-mapped-to-two": push("team/core"),
    "push-not-mapped": push("team/other"),
    "push-prefix-of-ours": push("team/front2"),
    "push-name-inside": push("xshop_service_api"),
    "push-below": push("team/shop_service_api"),
    "push-longer": push("shop_backend_old"),
    "push-project-with-our-beginning": push("shopping_service_api"),
    "parameter-no-slash": parameter("dev/shop/api/KEY"),
    "parameter-deep": parameter("/dev/shop/api/db/main/PASSWORD"),
    "parameter-other-project": parameter("/dev/shop2/api/KEY"),
    "parameter-inside": parameter("/x/dev/shop/api/KEY"),
    "parameter-mapped": parameter("/live/front/KEY"),
    "parameter-mapped-no-slash": parameter("live/core/db/KEY"),
    "parameter-mapped-itself": parameter("/live/front"),
    "parameter-elsewhere": parameter("/alive/front/KEY"),
    "file-mapped": created("live-env", "front/a b.env"),
    "file-other-bucket": created("other-env", "api.env"),
    "file-other-key": created("live-env", "front/b.env"),
    "file-by-cloudtrail": call("CopyObject", "shop-env", "api.env"),
    "file-deleted-by-cloudtrail": call("DeleteObject", "shop-env", "api.env"),
    "file-read": call("GetObject", "shop-env", "api.env"),
    "ecs-mapped": deployment("live/front-door"),
    "ecs-longer-cluster": deployment("shop_cluster_dev2/shop_service_api_dev"),
    "ecs-longer-mapped-cluster": deployment("live2/front-door"),
    "ecs-hook": hook("shop_service_api_dev", "shop_cluster_dev"),
    "ecs-hook-elsewhere": hook("shop_service_api_dev", "other"),
    "ecs-short-arn": action("shop_service_api_dev", "shop_cluster_dev"),
    "ecs-short-arn-elsewhere": action("shop_service_api_dev", "other"),
    "manual-null-project": manual("action.deploy", project=None, env=None),
    "manual-empty-project": manual("action.deploy", project="", env=""),
    "manual-ours": manual("terraform.dev", project="shop", env="dev"),
    "manual-production": manual("action.production"),
    "manual-dev": manual("action.dev"),
    "manual-longer-env": manual("github.actions.dev2"),
    "manual-foreign-env": manual("action.deploy", env="prod"),
    "manual-foreign-project": manual("action.dev", project="shop2"),
    "manual-other-source": manual("action.nosuch"),
}
