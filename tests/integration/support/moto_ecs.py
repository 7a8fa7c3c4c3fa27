"""moto as Amazon ECS: nobody here wrote it, so it keeps us honest. Prepared and inspected with boto3."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from unittest import mock

import boto3
from moto.core.responses import BaseResponse
from moto.server import ThreadedMotoServer

# One line for each request would bury what a failing test has to say.
logging.getLogger("werkzeug").setLevel(logging.WARNING)

CLUSTER = "shop_cluster_dev"
# Family (which is also the service's name) -> number of its revisions; the services start on revision 9.
REVISIONS = {
    "shop_service_dev": 10,
    "shop_service_api_dev": 42,
    "shop_service_worker_dev": 12,
    "shop_service_mail_dev": 11,
    "shop_service_billing_dev": 10,
}
OTHERS = {"other_service_api_dev": 12}
FIRST = 9
# The one that runs its newest revision from the start: what is deployed already is to be recognised.
UP_TO_DATE = "shop_service_billing_dev"


def first_revision(service: str) -> str:
    return f"{service}:{REVISIONS[service] if service == UP_TO_DATE else FIRST}"


def client(service: str, url: str):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE000000002",
        aws_secret_access_key="notasecret",
    )


class MotoEcs:
    def __init__(self, url: str) -> None:
        self.url = url
        self.ecs = client("ecs", url)
        self.ecs.create_cluster(clusterName=CLUSTER)
        for family, revisions in {**REVISIONS, **OTHERS}.items():
            for _ in range(revisions):
                self.ecs.register_task_definition(
                    family=family, containerDefinitions=[{"name": "app", "image": "app:latest", "memory": 128}]
                )
            self.ecs.create_service(
                cluster=CLUSTER, serviceName=family, taskDefinition=first_revision(family), desiredCount=1
            )

    def reset(self) -> None:
        """The shop as it is before anything is deployed."""
        for service in [*REVISIONS, *OTHERS]:
            self.ecs.update_service(cluster=CLUSTER, service=service, taskDefinition=first_revision(service))
        self._before = self._deployment_ids()

    def _services(self) -> list[dict]:
        names = [*REVISIONS, *OTHERS]
        return self.ecs.describe_services(cluster=CLUSTER, services=names)["services"]

    def _deployment_ids(self) -> dict[str, str]:
        return {service["serviceName"]: service["deployments"][0]["id"] for service in self._services()}

    def deployed(self) -> dict[str, str]:
        """Service -> `family:revision` of each service that was given a new deployment."""
        ids = self._deployment_ids()
        return {
            service["serviceName"]: service["taskDefinition"].split("/")[-1]
            for service in self._services()
            if ids[service["serviceName"]] != self._before[service["serviceName"]]
        }


def refusing_what_it_does_not_know(call_action):
    """moto has no ListServiceDeployments, nor much else that is newer than it, and answers a page of HTML with status
    500, as a server does that is out of order. An ECS says that it does not know the operation."""

    def call(self):
        try:
            return call_action(self)
        except NotImplementedError as error:
            refusal = {"__type": "UnknownOperationException", "message": str(error)}
            return 400, {"status": 400}, json.dumps(refusal)

    return call


@contextlib.contextmanager
def running_moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    refusing = refusing_what_it_does_not_know(BaseResponse.call_action)
    with mock.patch.object(BaseResponse, "call_action", refusing):
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.stop()
