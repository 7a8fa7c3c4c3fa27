"""The arm64 program, run by qemu's user emulation where the machine is another one."""

import pytest

from artefact import runner
from support.programs import Function, function_environment
from support.servers import EcsStub

SERVICE = "shop_service_api_dev"


@pytest.fixture
def command(bootstrap) -> list[str]:
    return [*runner("arm64"), str(bootstrap("arm64"))]


def deploy(command: list[str], environment: dict[str, str]) -> None:
    with Function(environment, command) as function:
        outcome = function.invoke(b'{"service":"api"}')
    assert outcome.kind == "response", outcome.text
    assert outcome.body["status"] == "deployed"


def test_it_answers_and_deploys(command):
    with EcsStub() as ecs:
        deploy(command, function_environment(ecs.url))
    assert ecs.updated_services() == [SERVICE]
    assert "Signature=" in ecs.requests("UpdateService")[0].header("Authorization")


def test_it_deploys_over_https(command, authority, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.pem)
    with EcsStub(tls=authority.server("127.0.0.1")) as ecs:
        deploy(command, function_environment(ecs.url, AWS_CA_BUNDLE=str(bundle)))
    assert ecs.updated_services() == [SERVICE]


def test_it_refuses_an_unknown_authority(command, authority, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(type(authority)("somebody else").pem)
    with EcsStub(tls=authority.server("127.0.0.1")) as ecs:
        with Function(function_environment(ecs.url, AWS_CA_BUNDLE=str(bundle)), command) as function:
            outcome = function.invoke(b'{"service":"api"}')
    assert outcome.kind == "error"
    assert "certificate" in outcome.body["errorMessage"]
    assert ecs.requests() == []
