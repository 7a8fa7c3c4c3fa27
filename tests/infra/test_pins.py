"""What the tests install from Python's registry is known to the byte: every package has its version and its hashes."""

import re

import pytest

from support.paths import ROOT

# A lock, who installs it, and the requirements that it is made of.
LOCKS = {
    "tests/integration/requirements.lock": (
        "dev",
        ["tests/integration/requirements.txt", "tests/artefact/requirements.txt"],
    ),
    "tests/infra/requirements.lock": ("tests/infra/install.sh", ["tests/infra/requirements.txt"]),
}

each_lock = pytest.mark.parametrize("lock", LOCKS)


def canonical(name: str) -> str:
    """As PEP 503 has it, without extras."""
    return re.sub(r"[-_.]+", "-", name.split("[")[0]).lower()


def pins(path: str) -> list[tuple[str, str, str]]:
    """Name, version, and what else the entry says."""
    text = re.sub(r"^#.*$", "", (ROOT / path).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    entries = [line.strip() for line in text.splitlines() if line.strip()]
    found = [re.fullmatch(r"([\w.\[\]-]+)==([\w.]+)(.*)", entry) for entry in entries]
    assert all(found), f"{path} has an entry without a version: {entries[found.index(None)]}"
    return [(canonical(one[1]), one[2], one[3]) for one in found]


@each_lock
def test_every_package_has_the_hashes_of_its_files(lock):
    assert len(pins(lock)) > 80, "that is not all of what they need"
    for name, _, rest in pins(lock):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest), f"{name} has no hash"


@each_lock
def test_the_lock_has_what_is_required(lock):
    locked = {name: version for name, version, _ in pins(lock)}
    for requirements in LOCKS[lock][1]:
        for name, version, _ in pins(requirements):
            assert locked.get(name) == version, f"{lock} is older than {requirements}: make it anew"


@each_lock
def test_pip_takes_nothing_that_the_lock_does_not_have(lock):
    script = (ROOT / LOCKS[lock][0]).read_text()
    installs = re.findall(r"pip install(?:[^\n]*\\\n)*[^\n]*", script)
    assert installs and all("--require-hashes" in one for one in installs)
    # What builds itself while it is installed fetches more, without hashes.
    assert all("--only-binary :all:" in one for one in installs)
    assert lock.removeprefix("tests/infra/") in "".join(installs)
