"""Writes the software bill of materials: every library that is linked into the shipped programs (CycloneDX JSON).

usage: write_sbom.py VERSION COMMIT VERSIONS_FILE DIST_DIR

VERSIONS_FILE is what fetch_debian.sh has noted. Versions are those of Debian's source packages, because these say which
security fixes are in. Two architectures that link different versions of a library list both.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import subprocess
import sys
import urllib.parse

COMPILERS = {"x86_64": "x86_64-linux-gnu-g++", "arm64": "aarch64-linux-gnu-g++"}


@dataclasses.dataclass(frozen=True)
class Library:
    name: str
    package: str  # the Debian package whose version counts
    licence: dict
    description: str
    links: tuple[str, ...] = ()


GCC_LICENCE = {"expression": "GPL-3.0-or-later WITH GCC-exception-3.1"}

LIBRARIES = [
    Library("curl", "curl", {"license": {"id": "curl"}}, "HTTP client, AWS request signing", ("openssl", "glibc")),
    Library("openssl", "libssl-dev", {"license": {"id": "Apache-2.0"}}, "TLS and cryptography", ("glibc",)),
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


def source_packages(arch: str, versions_file: pathlib.Path) -> dict[str, tuple[str, str]]:
    """Package -> name and version of its source, as linked for the architecture."""
    fetched = {
        package: version
        for package, package_arch, _, version in map(str.split, versions_file.read_text().splitlines())
        if package_arch in ("all", arch)
    }
    sources = {library.package: (library.name, fetched.get(library.package, "")) for library in LIBRARIES}
    sources["gcc"] = gcc_source(COMPILERS[arch])
    sources["nlohmann-json3-dev"] = installed("nlohmann-json3-dev")
    return sources


def reference(source: tuple[str, str]) -> str:
    name, version = (urllib.parse.quote(part, safe=".~-") for part in source)
    return f"pkg:deb/debian/{name}@{version}?arch=source"


def component(library: Library, source: tuple[str, str]) -> dict:
    return {
        "type": "library",
        "bom-ref": reference(source),
        "name": source[0],
        "version": source[1],
        "description": library.description,
        "licenses": [library.licence],
        "purl": reference(source),
    }


def program(arch: str, version: str, zip_file: pathlib.Path) -> dict:
    return {
        "type": "application",
        "bom-ref": f"ci_lambda-{arch}",
        "name": zip_file.name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(zip_file.read_bytes()).hexdigest()}],
    }


def bill(version: str, commit: str, versions_file: pathlib.Path, dist: pathlib.Path) -> dict:
    components: dict[str, dict] = {}
    dependencies: dict[str, set[str]] = {"ci_lambda": {f"ci_lambda-{arch}" for arch in COMPILERS}}
    for arch in COMPILERS:
        sources = source_packages(arch, versions_file)
        references = {library.name: reference(sources[library.package]) for library in LIBRARIES}
        dependencies[f"ci_lambda-{arch}"] = set(references.values())
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
            "component": {
                "type": "application",
                "bom-ref": "ci_lambda",
                "name": "ci_lambda",
                "version": version,
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
