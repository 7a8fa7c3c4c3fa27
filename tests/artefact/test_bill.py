"""The bill of materials is valid CycloneDX, names every library, and names the versions that are really inside."""

import hashlib
import re

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from artefact import ARCHITECTURES, DIST, bill, zip_of


def upstream(component: dict) -> str:
    return component["version"].split("-")[0].split("+")[0]


def components(name: str) -> list[dict]:
    return [component for component in bill()["components"] if component["name"] == name]


def test_it_is_valid():
    text = (DIST / "ci_lambda.cdx.json").read_text()
    assert bill()["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_every_linked_library_is_named_with_version_licence_and_address():
    names = {component["name"] for component in bill()["components"]}
    assert {"curl", "openssl", "glibc", "fmtlib", "nlohmann-json3"} <= names
    assert any(name.startswith("gcc-") for name in names), "libstdc++ and libgcc are missing"
    for component in bill()["components"]:
        assert component["version"] and component["licenses"]
        assert component["purl"].startswith(f"pkg:deb/debian/{component['name']}@")


def test_it_is_about_these_zips():
    programs = {program["name"]: program["hashes"] for program in bill()["metadata"]["component"]["components"]}
    for arch in ARCHITECTURES:
        digest = hashlib.sha256(zip_of(arch).read_bytes()).hexdigest()
        assert programs[f"ci_lambda-{arch}.zip"] == [{"alg": "SHA-256", "content": digest}]


def test_each_program_depends_on_every_kind_of_library():
    needed = {entry["ref"]: entry["dependsOn"] for entry in bill()["dependencies"]}
    for arch in ARCHITECTURES:
        kinds = {re.match(r"pkg:deb/debian/([a-z]+)", reference)[1] for reference in needed[f"ci_lambda-{arch}"]}
        assert kinds == {"curl", "openssl", "glibc", "gcc", "fmtlib", "nlohmann"}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_version_of_openssl_is_that_inside_the_program(arch, bootstrap):
    content = bootstrap(arch).read_bytes()
    assert any(f"OpenSSL {upstream(component)} ".encode() in content for component in components("openssl"))
