"""The x86_64 program where nothing is but what Lambda's base image promises: it deploys over HTTPS, and over no other.

In the root are the program, /tmp, /etc/resolv.conf and a bundle of authorities; the servers are outside, on loopback.
"""

import os
import time

import pytest

from artefact import bill, packaged_commit
from certificates import Authority
from support.programs import Emulator, Function, function_environment
from support.servers import EcsStub

EVENT = b'{"service":"api"}'
SERVICE = "shop_service_api_dev"
NAME = "ecs.shop.test"


def port_of(ecs: EcsStub) -> str:
    return ecs.address.rpartition(":")[2]


def refusal(empty_root, url: str) -> str:
    """What the function says when it must not deploy."""
    with Function(function_environment(url), empty_root.command) as function:
        outcome = function.invoke(EVENT)
    assert outcome.kind == "error"
    assert outcome.error_type == "Function.DeploymentFailed"
    return outcome.body["errorMessage"]


@pytest.mark.skipif(
    not os.access(os.environ.get("CI_LAMBDA_RIE", ""), os.X_OK),
    reason="the Lambda Runtime Interface Emulator is not here; ./dev fetches it",
)
def test_it_deploys_over_https_under_lambdas_emulator(empty_root, authority):
    assert empty_root.files() == {"bootstrap", "etc/resolv.conf", "etc/pki/tls/certs/ca-bundle.crt"}
    with EcsStub(tls=authority.server("127.0.0.1")) as ecs:
        with Emulator(function_environment(ecs.url), empty_root.command) as emulator:
            answer = emulator.invoke(EVENT)

    assert ecs.url.startswith("https://")
    assert answer["status"] == "deployed", answer
    assert ecs.updated_services() == [SERVICE]


def test_its_first_log_line_names_version_and_commit(empty_root, authority):
    with EcsStub(tls=authority.server("127.0.0.1")) as ecs:
        with Function(function_environment(ecs.url), empty_root.command) as function:
            function.invoke(EVENT)
            first = function.log()[0]
    assert first["fields"]["version"] == bill()["metadata"]["component"]["version"]
    assert first["fields"]["commit"] == packaged_commit()


# --- certificates -------------------------------------------------------------------------------------------------

WRONG = {
    "of-another-authority": lambda authority: Authority("somebody else").server("127.0.0.1"),
    "of-another-address": lambda authority: authority.server("127.0.0.2", NAME),
    "expired": lambda authority: authority.server("127.0.0.1", expired=True),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_certificate_is_refused_before_any_request(what, empty_root, authority):
    with EcsStub(tls=WRONG[what](authority)) as ecs:
        message = refusal(empty_root, ecs.url)

    assert ecs.connections > 0, "it did not even connect: this test proves nothing"
    assert ecs.requests() == []
    assert "certificate" in message
    assert "AWS_CA_BUNDLE" in message, "the way out is not named"


def test_a_missing_bundle_is_a_clear_error(empty_root, authority):
    empty_root.bundle.unlink()
    with EcsStub(tls=authority.server("127.0.0.1")) as ecs:
        message = refusal(empty_root, ecs.url)

    assert ecs.requests() == []
    assert "/etc/pki/tls/certs/ca-bundle.crt" in message and "AWS_CA_BUNDLE" in message


def test_another_bundle_can_be_named(empty_root, authority):
    empty_root.bundle.rename(empty_root.path / "tmp" / "company.pem")
    with EcsStub(tls=authority.server("127.0.0.1")) as ecs:
        environment = function_environment(ecs.url, AWS_CA_BUNDLE="/tmp/company.pem")
        with Function(environment, empty_root.command) as function:
            assert function.invoke(EVENT).kind == "response"
    assert ecs.updated_services() == [SERVICE]


# --- names --------------------------------------------------------------------------------------------------------


def test_it_asks_the_name_server_of_resolv_conf(empty_root, authority, nameserver):
    nameserver.names.add(NAME)
    empty_root.resolve_with(f"nameserver {nameserver.address}")
    with EcsStub(tls=authority.server(NAME), bind=(nameserver.address, 0)) as ecs:
        with Function(function_environment(f"https://{NAME}:{port_of(ecs)}"), empty_root.command) as function:
            outcome = function.invoke(EVENT)

    assert outcome.kind == "response", outcome.text
    assert ecs.updated_services() == [SERVICE]
    assert NAME in nameserver.asked


def test_aws_is_trusted_by_amazons_own_roots_alone(empty_root, authority, nameserver):
    amazon = "ecs.us-east-1.amazonaws.com"
    nameserver.names.add(amazon)
    empty_root.resolve_with(f"nameserver {nameserver.address}")
    # The place where AWS would be, so it is the port of HTTPS.
    with EcsStub(tls=authority.server(amazon), bind=(nameserver.address, 443)) as ecs:
        environment = function_environment(ecs.url, AWS_ENDPOINT_URL_ECS=None)
        with Function(environment, empty_root.command) as function:
            outcome = function.invoke(EVENT)

    assert amazon in nameserver.asked
    assert ecs.connections > 0, "it did not even connect: this test proves nothing"
    assert ecs.requests() == []
    assert outcome.kind == "error" and "certificate" in outcome.text


def test_an_unknown_name_is_named(empty_root, nameserver):
    empty_root.resolve_with(f"nameserver {nameserver.address}")
    message = refusal(empty_root, "https://nowhere.shop.test")
    assert "resolve" in message and "nowhere.shop.test" in message


def test_a_dead_name_server_is_a_clear_error(empty_root):
    empty_root.resolve_with("nameserver 127.255.255.254")  # the kernel refuses at once: nobody listens there
    message = refusal(empty_root, f"https://{NAME}")
    assert "resolve" in message and NAME in message


def test_a_silent_name_server_costs_the_connect_timeout_and_not_the_resolvers(empty_root, nameserver):
    nameserver.silent = True
    # glibc alone would ask for two and a half minutes.
    empty_root.resolve_with(f"nameserver {nameserver.address}", "options timeout:30 attempts:5")
    start = time.monotonic()
    message = refusal(empty_root, f"https://{NAME}")

    assert nameserver.asked, "it did not ask: this test proves nothing"
    assert time.monotonic() - start < 30
    assert "timed out" in message
