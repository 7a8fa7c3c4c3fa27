"""`ci_lambda sandbox --demo`, on terminals of several widths, and how a sandbox that cannot start, or is told to, ends."""

import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import termios

import pytest

from support.kinds import KINDS
from support.programs import Sandbox, base_environment, cli, program
from support.servers import PATIENCE


def test_the_demo_shows_every_kind_and_succeeds():
    done = cli("sandbox", "--demo")
    assert done.code == 0
    assert "\x1b" not in done.out + done.err, "escape codes in a pipe"
    for part in ("event", "decision", "ecs", "slack"):
        told = re.findall(rf"^ +{part} ", done.out, re.MULTILINE)
        assert len(told) >= len(KINDS), f"{part} is not told for each event"
    for telling in ("shop_service_api_dev:42", "other_service_api", "UpdateService"):
        assert telling in done.out


def normalised(text: str) -> str:
    """What differs from run to run made alike: ids, durations, and the order of ECS calls that are made at once."""
    text = re.sub(r"ecs-svc/\d+", "ecs-svc/ID", text)
    text = re.sub(r"\b\d+ ms\b", "N ms", text)
    lines: list[str] = []
    calls: list[str] = []
    for line in text.split("\n"):
        if line.startswith("    ecs ") or (calls and line.startswith(" " * 14)):
            calls.append(line.replace("    ecs ", "        ", 1))
            continue
        lines += sorted(calls)
        calls = []
        lines.append(line)
    return "\n".join(lines + sorted(calls))


def test_the_excerpt_of_the_readme_is_what_the_demo_prints():
    readme = (pathlib.Path(__file__).parents[2] / "README.md").read_text()
    excerpt = re.search(r"An excerpt of what `./dev demo` prints:\n\n```\n(.*?)\n```", readme, re.DOTALL).group(1)
    printed = normalised(cli("sandbox", "--demo").out)
    parts = normalised(excerpt).split("\n\n")
    assert len(parts) >= 4, "an excerpt of several events, and the last line"
    for part in parts:
        assert f"\n{part}\n" in printed, f"the demo does not print this:\n{part}"


def test_the_demo_waits_for_nothing():
    done = cli("sandbox", "--demo", "--logs")
    assert "deployment accepted by ECS" in done.out, "the function's log is not shown"
    assert "deployment waits" not in done.out


@pytest.mark.parametrize("columns", [60, 80, 100, 130])
def test_the_demo_fits_the_terminal_and_nothing_is_cut(columns):
    text = on_a_terminal(columns, "sandbox", "--demo", "--no-color")
    lines = text.splitlines()
    assert "all as expected" in text
    assert max(len(line) for line in lines) <= min(columns, 100), max(lines, key=len)
    assert "…" not in text
    for whole in ("ListServiceDeployments", "ListTaskDefinitions", "ECS Deployment State Change (aws.ecs)"):
        assert whole in text
    assert re.search(r"ecs-svc/\d{19}$", text, re.MULTILINE), "a deployment's id, whole"


def on_a_terminal(columns: int, *arguments: str) -> str:
    """What `ci_lambda` writes to a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [program("CI_LAMBDA_CLI"), *arguments],
        env={**base_environment(), "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # nobody has the terminal open any more
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert process.wait(PATIENCE) == 0, text.decode()
    return text.decode().replace("\r\n", "\n")


def test_the_demo_is_the_same_whatever_is_set_in_the_environment():
    environment = {**base_environment(), "DRY_RUN": "true", "PROJECT_NAME": "mine", "AWS_PROFILE": "nosuch"}
    done = cli("sandbox", "--demo", environment=environment)
    assert done.code == 0


def test_a_function_that_cannot_start_is_explained():
    done = cli("sandbox", "--port", "0", environment={**base_environment(), "DRY_RUN": "perhaps"})
    assert done.code != 0
    assert "DRY_RUN" in done.err


def test_a_missing_bootstrap_is_named():
    done = cli("sandbox", "--demo", "--bootstrap", "/nonexistent/bootstrap")
    assert done.code != 0
    assert "/nonexistent/bootstrap" in done.err


def test_the_sandbox_ends_cleanly_and_takes_the_function_with_it():
    with Sandbox() as sandbox:
        sandbox.invoke(b'{"service":"api"}')
        children = children_of(sandbox.process.pid)
        assert children, "the function does not run"
        sandbox.process.terminate()
        assert sandbox.wait() == 0
        assert "the function has ended" not in sandbox.output(), "it was told to"
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in children)


def children_of(parent: int) -> list[int]:
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent_of_process = (process / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has ended meanwhile
        if int(parent_of_process) == parent:
            found.append(int(process.name))
    return found
