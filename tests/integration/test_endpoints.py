"""The endpoint of every AWS API that is called, in every region and variant: as botocore's own rules have it."""

import functools
import json
import pathlib
import re
import subprocess

import botocore.loaders
import botocore.session
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

from support.programs import base_environment, program

ROOT = pathlib.Path(__file__).parents[2]

LOADER = botocore.loaders.create_loader()


def regions() -> list[str]:
    """All that botocore names, of all partitions, and some that it does not. None of GovCloud: there the rules of events
    name its two regions and no pattern, so that nobody knows what a third one will have."""
    partitions = LOADER.load_data("partitions")["partitions"]
    named = [region for partition in partitions for region in partition["regions"] if not region.endswith("-global")]
    return [*named, "eu-north-99", "cn-south-9", "us-iso-south-9", "us-isob-south-9"]


@functools.cache
def ours() -> dict:
    command = [program("CI_LAMBDA_DOCUMENT_READER"), "endpoints", *regions()]
    done = subprocess.run(command, env=base_environment(), capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def sources() -> str:
    return "".join(path.read_text() for path in (ROOT / "src").rglob("*.cpp"))


SERVICES = sorted(set(re.findall(r'constinit const AwsService k\w+\{\.name = "(\w+)"', sources())))


def test_every_api_that_is_called_is_compared():
    assert len(SERVICES) >= 11
    assert sources().count("const AwsService k") == len(SERVICES)
    assert sorted(ours()) == SERVICES


def theirs(service: str, region: str, fips: bool, dualstack: bool) -> str | None:
    """None: botocore has no such combination."""
    try:
        return provider(service).resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack).url
    except EndpointProviderError:
        return None


@functools.cache
def provider(service: str) -> EndpointProvider:
    rules = LOADER.load_service_model(service, "endpoint-rule-set-1")
    return EndpointProvider(rules, LOADER.load_data("partitions"))


@pytest.mark.parametrize("service", SERVICES)
def test_the_endpoint_is_botocores(service):
    compared = 0
    differ = []
    for region, variants in ours()[service].items():
        for variant in variants:
            expected = theirs(service, region, variant["fips"], variant["dualstack"])
            if expected is None:
                continue
            compared += 1
            if variant["url"] != expected:
                differ.append((region, variant["fips"], variant["dualstack"], variant["url"], expected))
    assert differ == []
    assert compared > 2 * len(regions())


@pytest.mark.parametrize("service", SERVICES)
def test_name_and_variable_are_botocores(service):
    model = botocore.session.get_session().get_service_model(service)
    (variant, *_) = ours()[service]["us-east-1"]
    assert variant["signing_name"] == model.signing_name
    wanted = "AWS_ENDPOINT_URL_" + re.sub(r"[- ]", "_", str(model.service_id)).upper()
    assert variant["endpoint_variable"] == wanted
