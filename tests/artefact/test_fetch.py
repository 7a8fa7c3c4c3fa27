"""Which version of a package is taken from Debian's archive, tried with an archive that lists what it does not have."""

import pathlib
import subprocess

import pytest

from artefact import REPOSITORY

# Lists 1.10 as its newest, in an order of its own; has what the folder `has` says; writes down how it is called.
APT = """#!/bin/bash
all="$0 $*"
printf '%s\\n' "$all" >>"$FOLDER/calls"
case "$all" in
    *madison*)
        for version in 1.9 1.10 1.2; do printf 'curl | %s | mirror trixie/main Sources\\n' "$version"; done
        printf 'curl | 2.0 | mirror sid/main Sources\\n'
        ;;
    *) [[ -e "$FOLDER/has/${all##*=}" ]] ;;
esac
"""


class Archive:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        (folder / "has").mkdir()
        (folder / "older").touch()
        for name in ("apt-get", "apt-cache"):
            (folder / name).write_text(APT)
            (folder / name).chmod(0o755)

    def fetch(self, has: list[str], allow_older: bool) -> subprocess.CompletedProcess:
        for version in has:
            (self.folder / "has" / version).touch()
        script = (
            'set -euo pipefail; die() { printf "%s\\n" "$*" >&2; exit 1; }; work=$FOLDER; allow_older=$1; source "$2"; '
            'fetch curl "trixie[^ ]* Sources" apt-get source; newest_listed curl'
        )
        return subprocess.run(
            ["bash", "-c", script, "bash", str(allow_older).lower(), REPOSITORY / "packaging" / "debian_archive.sh"],
            env={"PATH": f"{self.folder}:/usr/bin:/bin", "FOLDER": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def archive(tmp_path) -> Archive:
    return Archive(tmp_path)


def test_the_newest_version_is_taken(archive):
    done = archive.fetch(["1.2", "1.9", "1.10", "2.0"], allow_older=False)
    assert done.returncode == 0, done.stderr
    assert archive.calls[-1].endswith("curl=1.10")
    assert done.stdout == "", "it is the newest"


def test_an_older_version_than_the_newest_that_is_listed_is_an_error(archive):
    done = archive.fetch(["1.2", "1.9"], allow_older=False)
    assert done.returncode == 1
    assert "curl 1.10" in done.stderr and "--allow-older" in done.stderr
    assert not any(call.endswith("curl=1.9") for call in archive.calls)


def test_an_older_version_is_taken_where_that_is_allowed_and_is_noted(archive):
    done = archive.fetch(["1.2", "1.9"], allow_older=True)
    assert done.returncode == 0, done.stderr
    assert archive.calls[-1].endswith("curl=1.9")
    assert done.stdout == "1.10\n"
    assert "WARNING" in done.stderr and "1.10" in done.stderr


@pytest.mark.parametrize("allow_older", [False, True])
def test_no_version_at_all_is_an_error(allow_older, archive):
    assert archive.fetch([], allow_older).returncode == 1


def test_apt_is_told_to_refuse_what_is_out_of_date_or_unsigned(archive):
    """Whatever the machine's own configuration allows."""
    archive.fetch(["1.10"], allow_older=False)
    assert len(archive.calls) == 2
    for call in archive.calls:
        assert "Acquire::Check-Valid-Until=true" in call
        assert "Acquire::AllowInsecureRepositories=false" in call
        assert "APT::Get::AllowUnauthenticated=false" in call
