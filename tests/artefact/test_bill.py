"""The bill of materials is valid CycloneDX, names every library, and names the versions that are really inside."""

import hashlib
import re
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from artefact import ARCHITECTURES, DIST, REPOSITORY, bill, zip_of

sys.path.insert(0, str(REPOSITORY / "packaging"))
import write_sbom


def upstream(component: dict) -> str:
    return component["version"].split("-")[0].split("+")[0]


def components(name: str) -> list[dict]:
    return [component for component in bill()["components"] if component["name"] == name]


def test_it_is_valid():
    text = (DIST / "ci_lambda.cdx.json").read_text()
    assert bill()["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_every_linked_library_is_named_with_version_licence_and_address():
    libraries = [component for component in bill()["components"] if component["type"] == "library"]
    names = {component["name"] for component in libraries}
    assert {"curl", "openssl", "glibc", "fmtlib", "nlohmann-json3"} <= names
    assert any(name.startswith("gcc-") for name in names), "libstdc++ and libgcc are missing"
    for component in libraries:
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
        libraries = [one for one in needed[f"ci_lambda-{arch}"] if one.startswith("pkg:")]
        kinds = {re.match(r"pkg:deb/debian/([a-z]+)", reference)[1] for reference in libraries}
        assert kinds == {"curl", "openssl", "glibc", "gcc", "fmtlib", "nlohmann"}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_version_of_openssl_is_that_inside_the_program(arch, bootstrap):
    content = bootstrap(arch).read_bytes()
    assert any(f"OpenSSL {upstream(component)} ".encode() in content for component in components("openssl"))


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_it_names_every_root_that_is_inside_the_program(arch, bootstrap):
    content = bootstrap(arch).read_bytes()
    pems = re.findall(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", content, re.DOTALL)
    inside = {x509.load_pem_x509_certificate(pem) for pem in pems}
    named = {one["hashes"][0]["content"]: one for one in bill()["components"] if one["type"] == "cryptographic-asset"}

    assert {root.fingerprint(SHA256()).hex() for root in inside} == set(named), "other roots are inside than are named"
    for root in inside:
        entry = named[root.fingerprint(SHA256()).hex()]
        properties = entry["cryptoProperties"]["certificateProperties"]
        assert properties["subjectName"] == root.subject.rfc4514_string()
        assert properties["notValidAfter"] == root.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    (needed,) = [entry["dependsOn"] for entry in bill()["dependencies"] if entry["ref"] == f"ci_lambda-{arch}"]
    assert {entry["bom-ref"] for entry in named.values()} <= set(needed)


def test_it_says_who_signs():
    """ADR 9: we do, with OpenSSL's hashes; libcurl's signer is not built."""
    assert "signs its AWS requests itself" in bill()["metadata"]["component"]["description"]
    ((curl, *_), (openssl, *_)) = components("curl"), components("openssl")
    assert "without its AWS signer" in curl["description"]
    assert "signatures of AWS requests" in openssl["description"]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_libcurls_signer_is_not_inside(arch, bootstrap):
    assert b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD" not in bootstrap(arch).read_bytes()


def test_it_names_the_compilers():
    tools = bill()["metadata"]["tools"]["components"]
    assert [tool["name"] for tool in tools] == ["clang++-19", "x86_64-linux-gnu-g++"]
    assert all(re.search(r"\d+\.\d+", tool["version"]) for tool in tools)


def test_a_package_that_is_older_than_debians_newest_says_so(tmp_path):
    versions = tmp_path / "versions"
    curl = "curl all 8.14.1-2+deb13u5 8.14.1-2+deb13u5 8.14.1-2+deb13u7"
    versions.write_text(f"{curl}\nlibssl-dev arm64 3.0.22-1 3.0.22-1\n")
    sources = write_sbom.source_packages("arm64", versions)
    curl, openssl = write_sbom.LIBRARIES[:2]

    older = write_sbom.component(curl, sources["curl"])
    assert older["version"] == "8.14.1-2+deb13u5"
    assert older["properties"] == [{"name": "older-than-listed", "value": "8.14.1-2+deb13u7"}]
    assert "properties" not in write_sbom.component(openssl, sources["libssl-dev"])
