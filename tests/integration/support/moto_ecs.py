"""moto as Amazon ECS: nobody here wrote it, so it keeps us honest. Prepared and inspected with boto3."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import boto3
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
}
OTHERS = {"other_service_api_dev": 12}
FIRST = 9


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
                cluster=CLUSTER, serviceName=family, taskDefinition=f"{family}:{FIRST}", desiredCount=1
            )

    def reset(self) -> None:
        """The shop as it is before anything is deployed."""
        for service in [*REVISIONS, *OTHERS]:
            self.ecs.update_service(cluster=CLUSTER, service=service, taskDefinition=f"{service}:{FIRST}")
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


@contextlib.contextmanager
def running_moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
