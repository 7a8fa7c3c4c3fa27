"""Example projects, each as inputs of the Terraform module and as parameters of the CloudFormation template."""

from __future__ import annotations

import dataclasses
import json

FILES = {"api": [{"bucket": "shop-env", "key": "api.env"}], "worker": [{"bucket": "shop-env", "key": "api.env"}]}


@dataclasses.dataclass(frozen=True)
class Project:
    variables: dict
    parameters: dict[str, str]
    document: str = ""  # what the ConfigReference among the parameters names


BY_RULE = Project(
    variables={"service_config": FILES},
    parameters={"ServiceConfig": json.dumps(FILES), "S3Buckets": "shop-env", "S3Keys": "api.env"},
)
WITH_CLOUDTRAIL = Project(
    variables=BY_RULE.variables | {"s3_event_source": "cloudtrail"},
    parameters=BY_RULE.parameters | {"S3EventSource": "cloudtrail"},
)
MAPS = {
    "ecs_service_map": {
        "api": {"service_name": "front-door", "task_family": "front-door-tasks"},
        "backend": {"service_name": "core", "task_family": "core"},
    },
    "ecr_repo_map": {"team/front": ["api"], "team/core": ["backend", "api"]},
    "ssm_service_map": {"/live/front": ["api"], "live/core/": ["backend"]},
    "s3_service_map": {"api": [{"bucket": "live-env", "key": "front/a b.env"}]},
    "auto_deploy_map": {"backend": True},
}
BY_MAP = Project(
    variables=MAPS | {"ecs_cluster_name": "live"},
    parameters={
        "EcsClusterName": "live",
        "EcsServiceMap": json.dumps(MAPS["ecs_service_map"]),
        "TaskFamilies": "core,front-door-tasks",
        "EcrRepoMap": json.dumps(MAPS["ecr_repo_map"]),
        "EcrRepositories": "team/core,team/front",
        "SsmServiceMap": json.dumps(MAPS["ssm_service_map"]),
        "SsmPathPrefix": "live",
        "ServiceConfig": "",
        "S3ServiceMap": json.dumps(MAPS["s3_service_map"]),
        "S3Buckets": "live-env",
        "S3Keys": "front/a b.env",
        "AutoDeployMap": json.dumps(MAPS["auto_deploy_map"]),
    },
)
SERVICES = {
    "api": {
        "service_name": "front-door",
        "task_family": "front-door-tasks",
        "repositories": ["team/front", "team/core"],
        "parameters": ["/live/front"],
        "files": [{"bucket": "live-env", "key": "front/a b.env"}],
    },
    "backend": {
        "service_name": "core",
        "task_family": "core",
        "repositories": ["team/core"],
        "parameters": ["live/core/"],
        "auto_deploy": True,
    },
}
# The same as BY_MAP.
BY_SERVICES = Project(
    variables={"services": SERVICES, "ecs_cluster_name": "live"},
    parameters={
        "ConfigReference": "s3://shop-config/dev/ci_lambda.json",
        "EcsClusterName": "live",
        "TaskFamilies": "core,front-door-tasks",
        "EcrRepositories": "team/core,team/front",
        "SsmPathPrefix": "live",
        "S3Buckets": "live-env",
        "S3Keys": "front/a b.env",
    },
    document=json.dumps({"services": SERVICES}),
)
WATCHING = {
    "waiting": Project(
        variables={"wait_for_deployment": True, "timeout_seconds": 900},
        parameters={"WaitForDeployment": "true", "TimeoutSeconds": "900"},
    ),
    "rolling-back": Project(variables={"rollback_on_failure": True}, parameters={"RollbackOnFailure": "true"}),
    "sweeping": Project(
        variables={"sweep_interval_seconds": 60},
        parameters={"SweepIntervalSeconds": "60"},
    ),
}
QUEUED = {
    "queued": Project(
        variables=BY_RULE.variables | {"enable_queue": True},
        parameters=BY_RULE.parameters | {"EnableQueue": "true"},
    ),
    "queued-and-waiting": Project(
        variables=BY_RULE.variables
        | WATCHING["waiting"].variables
        | WATCHING["sweeping"].variables
        | {
            "enable_queue": True,
            "queue_window_seconds": 60,
            "queue_batch_size": 10000,
            "queue_max_concurrency": 2,
            "queue_max_receive_count": 3,
            "reserved_concurrency": 4,
        },
        parameters=BY_RULE.parameters
        | WATCHING["waiting"].parameters
        | WATCHING["sweeping"].parameters
        | {
            "EnableQueue": "true",
            "QueueWindowSeconds": "60",
            "QueueBatchSize": "10000",
            "QueueMaxConcurrency": "2",
            "QueueMaxReceiveCount": "3",
            "ReservedConcurrency": "4",
        },
    ),
    "queued-without-a-window": Project(
        variables={
            "enable_queue": True,
            "queue_window_seconds": 0,
            "queue_batch_size": 10,
            "timeout_seconds": 300,
            "enable_manual_deploy": False,
        },
        parameters={
            "EnableQueue": "true",
            "QueueWindowSeconds": "0",
            "QueueBatchSize": "10",
            "TimeoutSeconds": "300",
            "EnableManualDeploy": "false",
        },
    ),
}
EVERYTHING_ON = Project(
    variables=BY_RULE.variables | {name: value for one in WATCHING.values() for name, value in one.variables.items()},
    parameters=BY_RULE.parameters | {name: value for one in WATCHING.values() for name, value in one.parameters.items()},
)
PROJECTS = {"by-rule": BY_RULE, "with-cloudtrail": WITH_CLOUDTRAIL, "by-map": BY_MAP, "by-services": BY_SERVICES}
