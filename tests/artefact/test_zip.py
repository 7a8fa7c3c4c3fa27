"""What is in the zips, and what kind of program it is."""

import hashlib
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest

from artefact import ARCHITECTURES, DIST, REPOSITORY, zip_of

MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}

each_architecture = pytest.mark.parametrize("arch", ARCHITECTURES)


def output(*command: str | pathlib.Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@each_architecture
def test_the_zip_holds_one_executable_called_bootstrap(arch):
    with zipfile.ZipFile(zip_of(arch)) as archive:
        (entry,) = archive.infolist()
    assert entry.filename == "bootstrap"
    assert entry.external_attr >> 16 == 0o100755
    assert entry.date_time == (1980, 1, 1, 0, 0, 0), "the time of the build makes each zip another one"
    assert entry.compress_type == zipfile.ZIP_DEFLATED


@each_architecture
def test_the_zip_is_small(arch):
    assert zip_of(arch).stat().st_size <= 3_200_000


def test_the_checksums_are_those_of_the_files():
    listed = dict(reversed(line.split("  ")) for line in (DIST / "SHA256SUMS").read_text().splitlines())
    assert set(listed) == {"ci_lambda-x86_64.zip", "ci_lambda-arm64.zip", "ci_lambda.cdx.json"}
    for name, digest in listed.items():
        assert hashlib.sha256((DIST / name).read_bytes()).hexdigest() == digest


@each_architecture
def test_it_is_for_its_architecture_and_needs_no_other_file(arch, bootstrap):
    program = bootstrap(arch)
    header = output("readelf", "-hW", program)
    dynamic = output("readelf", "-dW", program)
    segments = output("readelf", "-lW", program)

    assert MACHINES[arch] in header
    assert "DYN (Position-Independent Executable file)" in header
    assert "NEEDED" not in dynamic, "it needs a shared library"
    assert "INTERP" not in segments, "it needs a loader"
    assert re.search(r"FLAGS_1\b.*\bPIE\b", dynamic)


@each_architecture
def test_it_is_hardened(arch, bootstrap):
    program = bootstrap(arch)
    dynamic = output("readelf", "-dW", program)
    segments = output("readelf", "-lW", program)

    assert re.search(r"GNU_STACK.* RW +0x", segments), "the stack is executable"
    assert not re.search(r"^ +LOAD .* RWE ", segments, re.MULTILINE), "memory is writable and executable"
    assert "GNU_RELRO" in segments
    assert re.search(r"FLAGS_1\b.*\bNOW\b", dynamic)
    # glibc's words for what -fstack-protector and -D_FORTIFY_SOURCE find; linked only where something checks.
    assert b"stack smashing detected" in program.read_bytes()
    assert b"buffer overflow detected" in program.read_bytes()


@each_architecture
def test_it_is_stripped_and_names_no_path_of_the_build_machine(arch, bootstrap):
    sections = output("readelf", "-SW", bootstrap(arch))
    assert ".symtab" not in sections and ".debug" not in sections
    content = bootstrap(arch).read_bytes()
    for path in (str(REPOSITORY), str(pathlib.Path.home()), ".cache/", "package-" + arch):
        assert path.encode() not in content


@pytest.mark.skipif(not shutil.which("file"), reason="the program `file` is not installed")
@each_architecture
def test_file_agrees(arch, bootstrap):
    kind = output("file", "-b", bootstrap(arch))
    assert "ELF 64-bit LSB pie executable" in kind
    assert re.search(r"static-pie linked|statically linked", kind)
    assert "stripped" in kind and "not stripped" not in kind
