"""Writes the software bill of materials: every library that is linked into the shipped programs, and the certificates
that are compiled in (CycloneDX JSON).

usage: write_sbom.py VERSION COMMIT VERSIONS_FILE DIST_DIR

VERSIONS_FILE is what fetch_debian.sh has noted. Versions are those of Debian's source packages, because these say which
security fixes are in. Two architectures that link different versions of a library list both.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
# Who compiles, and whose C++ library is linked.
COMPILERS = {"x86_64": "x86_64-linux-gnu-g++", "arm64": "clang++-19"}
STANDARD_LIBRARIES = {"x86_64": "x86_64-linux-gnu-g++", "arm64": "aarch64-linux-gnu-g++"}
SUMMARY = "rolls ECS services; signs its AWS requests itself (Signature Version 4), with OpenSSL's hashes"
AMAZON_ROOTS = REPOSITORY / "src" / "net" / "amazon_roots.pem"


@dataclasses.dataclass(frozen=True)
class Library:
    name: str
    package: str  # the Debian package whose version counts
    licence: dict
    description: str
    links: tuple[str, ...] = ()


GCC_LICENCE = {"expression": "GPL-3.0-or-later WITH GCC-exception-3.1"}

LIBRARIES = [
    Library("curl", "curl", {"license": {"id": "curl"}}, "HTTP client, without its AWS signer", ("openssl", "glibc")),
    Library(
        "openssl",
        "libssl-dev",
        {"license": {"id": "Apache-2.0"}},
        "TLS, and SHA-256 and HMAC for the signatures of AWS requests",
        ("glibc",),
    ),
    Library("glibc", "libc6-dev", {"license": {"id": "LGPL-2.1-or-later"}}, "C library, name resolution"),
    Library("gcc", "gcc", GCC_LICENCE, "libstdc++, libgcc and libgcc_eh", ("glibc",)),
    Library("fmtlib", "fmtlib", {"license": {"id": "MIT"}}, "formatting", ("gcc",)),
    Library("nlohmann-json3", "nlohmann-json3-dev", {"license": {"id": "MIT"}}, "JSON, headers only", ("gcc",)),
]


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def installed(package: str) -> tuple[str, str]:
    """Name and version of the source of a package of this machine."""
    return tuple(output("dpkg-query", "-W", "-f=${source:Package} ${source:Version}\n", package).splitlines()[0].split())


def gcc_source(compiler: str) -> tuple[str, str]:
    library = pathlib.Path(output(compiler, "-print-file-name=libstdc++.a")).resolve()
    return installed(output("dpkg-query", "-S", str(library)).split(": ")[0])


@dataclasses.dataclass(frozen=True)
class Source:
    """A source package of Debian."""

    name: str
    version: str
    newest: str = ""  # what the archive listed and did not have, if this one is older


def source_packages(arch: str, versions_file: pathlib.Path) -> dict[str, Source]:
    """Package -> its source, as linked for the architecture."""
    fetched = {}
    for line in versions_file.read_text().splitlines():
        package, package_arch, _, version, *newest = line.split()
        if package_arch in ("all", arch):
            fetched[package] = (version, *newest)
    sources = {library.package: Source(library.name, *fetched.get(library.package, ("",))) for library in LIBRARIES}
    sources["gcc"] = Source(*gcc_source(STANDARD_LIBRARIES[arch]))
    sources["nlohmann-json3-dev"] = Source(*installed("nlohmann-json3-dev"))
    return sources


def reference(source: Source) -> str:
    name, version = (urllib.parse.quote(part, safe=".~-") for part in (source.name, source.version))
    return f"pkg:deb/debian/{name}@{version}?arch=source"


def component(library: Library, source: Source) -> dict:
    described = {
        "type": "library",
        "bom-ref": reference(source),
        "name": source.name,
        "version": source.version,
        "description": library.description,
        "licenses": [library.licence],
        "purl": reference(source),
    }
    if source.newest:
        described["properties"] = [{"name": "older-than-listed", "value": source.newest}]
    return described


def certificate(pem: str) -> dict:
    """One that is compiled in: whom the program trusts when it talks to AWS."""
    fields = ["-subject", "-issuer", "-startdate", "-enddate", "-dateopt", "iso_8601", "-nameopt", "RFC2253"]
    done = subprocess.run(
        ["openssl", "x509", "-noout", *fields], input=pem, check=True, capture_output=True, text=True
    )
    said = dict(line.split("=", 1) for line in done.stdout.splitlines())
    der = base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
    digest = hashlib.sha256(der).hexdigest()
    return {
        "type": "cryptographic-asset",
        "bom-ref": f"certificate-{digest}",
        "name": re.search(r"CN=([^,]+)", said["subject"])[1],
        "description": "a root that calls to AWS trust, compiled into the program",
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "cryptoProperties": {
            "assetType": "certificate",
            "certificateProperties": {
                "subjectName": said["subject"],
                "issuerName": said["issuer"],
                "notValidBefore": said["notBefore"].replace(" ", "T"),
                "notValidAfter": said["notAfter"].replace(" ", "T"),
                "certificateFormat": "X.509",
            },
        },
    }


def certificates(file: pathlib.Path) -> list[dict]:
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read_text(), re.DOTALL)
    return [certificate(pem) for pem in pems]


def tools() -> list[dict]:
    """The compilers."""
    said = {compiler: output(compiler, "--version").splitlines()[0] for compiler in COMPILERS.values()}
    return [{"type": "application", "name": name, "version": version} for name, version in sorted(said.items())]


def program(arch: str, version: str, zip_file: pathlib.Path) -> dict:
    return {
        "type": "application",
        "bom-ref": f"ci_lambda-{arch}",
        "name": zip_file.name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(zip_file.read_bytes()).hexdigest()}],
    }


def bill(version: str, commit: str, versions_file: pathlib.Path, dist: pathlib.Path) -> dict:
    components = {one["bom-ref"]: one for one in certificates(AMAZON_ROOTS)}
    roots = set(components)
    dependencies: dict[str, set[str]] = {"ci_lambda": {f"ci_lambda-{arch}" for arch in COMPILERS}}
    dependencies |= {root: set() for root in roots}
    for arch in COMPILERS:
        sources = source_packages(arch, versions_file)
        references = {library.name: reference(sources[library.package]) for library in LIBRARIES}
        dependencies[f"ci_lambda-{arch}"] = set(references.values()) | roots
        for library in LIBRARIES:
            ref = references[library.name]
            components[ref] = component(library, sources[library.package])
            dependencies.setdefault(ref, set()).update(references[other] for other in library.links)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": tools()},
            "component": {
                "type": "application",
                "bom-ref": "ci_lambda",
                "name": "ci_lambda",
                "version": version,
                "description": SUMMARY,
                "properties": [{"name": "commit", "value": commit}],
                "components": [program(arch, version, dist / f"ci_lambda-{arch}.zip") for arch in COMPILERS],
            }
        },
        "components": [components[ref] for ref in sorted(components)],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(needed)} for ref, needed in sorted(dependencies.items())
        ],
    }


def main() -> None:
    version, commit, versions_file, dist = sys.argv[1:]
    text = json.dumps(bill(version, commit, pathlib.Path(versions_file), pathlib.Path(dist)), indent=2)
    (pathlib.Path(dist) / "ci_lambda.cdx.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
