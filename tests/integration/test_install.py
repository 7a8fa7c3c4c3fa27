"""What `./dev install` puts below a prefix: the program, its completion in real shells, its man page."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

from support.programs import Child, base_environment, cli, program
from support.servers import PATIENCE

INSTALL = pathlib.Path(__file__).parents[2] / "packaging/install.sh"
SERVICES = {id: {"service_name": f"shop-{id}", "task_family": f"shop-{id}"} for id in ("api", "worker")}
# The requests of man(7) that the page uses, besides comments.
MAN_REQUESTS = {".TH", ".SH", ".SS", ".PP", ".TP", ".EX", ".EE"}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> pathlib.Path:
    prefix = tmp_path_factory.mktemp("a prefix")
    install(prefix)
    return prefix


def install(prefix: pathlib.Path) -> None:
    programs = [program("CI_LAMBDA_CLI"), program("CI_LAMBDA_BOOTSTRAP")]
    subprocess.run([INSTALL, *programs, prefix], check=True, capture_output=True, env=base_environment())


@pytest.fixture
def environment(prefix) -> dict[str, str]:
    """A shell that has the prefix in its PATH, and the settings of a project."""
    plain = base_environment()
    return {
        **plain,
        "PATH": f"{prefix}/bin:{plain['PATH']}",
        "PROJECT_NAME": "shop",
        "PROJECT_ENV": "dev",
        "AWS_REGION": "us-east-1",
        "SERVICE_CONFIG": "{}",
        "ECS_SERVICE_MAP": json.dumps(SERVICES),
    }


def run(command: list[str], environment: dict[str, str], cwd: pathlib.Path | None = None) -> str:
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def verbs() -> set[str]:
    """As the overview lists them."""
    listed = cli("help").out.split("Commands:\n")[1].split("\n\n")[0]
    return {line.split()[0] for line in listed.splitlines()}


def options(verb: str) -> set[str]:
    listed = cli("help", verb).out.split("\nOptions:\n")[1].split("\n\n")[0]
    return {match[1] for match in re.finditer(r"^  (?:-\w,)?(--[\w-]+)", listed, re.MULTILINE)}


# --- the files ----------------------------------------------------------------------------------------------------


def test_the_installed_program_runs_and_finds_the_function_beside_it(prefix, environment):
    assert run(["ci_lambda", "version"], environment) == cli("version").out
    sandbox = Child([str(prefix / "bin/ci_lambda"), "sandbox", "--port", "0"], base_environment())
    try:
        sandbox.wait_for_line(r"^sandbox: ready at ")
    finally:
        sandbox.stop()


def test_nothing_else_is_installed_and_a_second_time_changes_nothing(tmp_path):
    def files() -> dict[str, bytes]:
        return {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    install(tmp_path)
    first = files()
    install(tmp_path)
    assert files() == first
    assert set(first) == {
        "bin/ci_lambda",
        "lib/ci_lambda/bootstrap",
        "lib/ci_lambda/ci_lambda",
        "share/bash-completion/completions/ci_lambda",
        "share/fish/vendor_completions.d/ci_lambda.fish",
        "share/man/man1/ci_lambda.1",
        "share/zsh/site-functions/_ci_lambda",
    }


# --- completion ---------------------------------------------------------------------------------------------------

BASH = """
source "$1/share/bash-completion/completions/ci_lambda"
complete -p ci_lambda >/dev/null || exit 1
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"$(complete -p ci_lambda | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def bash(prefix, environment):
    """What bash offers for a line, cut into words as bash cuts it."""

    def completed(*words: str, cwd: pathlib.Path | None = None, **settings: str) -> set[str]:
        command = ["bash", "--norc", "-c", BASH, "bash", str(prefix), "ci_lambda", *words]
        return set(run(command, {**environment, **settings}, cwd).splitlines())

    return completed


def test_bash_offers_every_verb(bash):
    assert bash("") == verbs()
    assert bash("de") == {"deploy"}


def test_bash_offers_every_option_of_every_verb(bash):
    for verb in verbs() - {"help", "version"}:
        assert bash(verb, "--") == options(verb), verb


def test_bash_offers_the_services_of_the_configuration(bash):
    assert bash("deploy", "") == {"api", "worker"}
    assert bash("deploy", "api", "") == {"worker"}
    assert bash("deploy", "", PROJECT_NAME="") == set()


def test_bash_offers_the_values_of_an_option(bash):
    assert bash("deploy", "--log", "") == {"text", "json"}
    assert bash("deploy", "--log", "=") == {"text", "json"}
    assert bash("deploy", "--log", "=", "j") == {"json"}


def test_bash_offers_files_with_their_blanks(bash, tmp_path):
    (tmp_path / "event 1.json").touch()
    (tmp_path / "other").touch()
    assert bash("plan", "ev", cwd=tmp_path) == {"event 1.json"}
    assert bash("plan", "", cwd=tmp_path) == {"event 1.json", "other"}


def test_bash_offers_nothing_and_says_nothing_after_a_slip_of_the_pen(bash):
    assert bash("depoly", "") == set()


# Other programs are tried where they are. A test that is skipped would be a failure under CI, and nothing needs them.


def test_fish_offers_the_same_where_there_is_one(prefix, environment, tmp_path):
    if not (fish := shutil.which("fish")):
        return

    def completed(line: str) -> set[str]:
        script = f"source '{prefix}/share/fish/vendor_completions.d/ci_lambda.fish'; complete -C '{line}'"
        output = run([fish, "--no-config", "-c", script], {**environment, "HOME": str(tmp_path)})
        return {line.split("\t")[0] for line in output.splitlines()}

    assert completed("ci_lambda ") == verbs()
    assert completed("ci_lambda deploy ") == {"api", "worker"}
    assert completed("ci_lambda deploy --log=j") == {"--log=json"}


def test_zsh_offers_the_same_where_there_is_one(prefix, environment):
    if not (zsh := shutil.which("zsh")):
        return
    script = """
        compdef() { }
        compadd() { print -l -- ${(P)@[-1]} }
        source "$1/share/zsh/site-functions/_ci_lambda"
        shift
        words=("$@") CURRENT=$#
        _ci_lambda
    """

    def completed(*line: str) -> set[str]:
        return set(run([zsh, "-f", "-c", script, "zsh", str(prefix), "ci_lambda", *line], environment).splitlines())

    assert completed("") == verbs()
    assert completed("deploy", "") == {"api", "worker"}
    assert completed("deploy", "--log=j") == {"--log=json"}


# --- the man page -------------------------------------------------------------------------------------------------


def test_the_man_page_has_every_verb_and_is_well_formed(prefix):
    page = (prefix / "share/man/man1/ci_lambda.1").read_text()
    assert page.startswith(".TH CI_LAMBDA 1 ")
    assert set(re.findall(r"^\.SS \\fB(.*)\\fR$", page, re.MULTILINE)) == verbs()
    assert {line.split()[0] for line in page.splitlines() if line.startswith(".")} <= MAN_REQUESTS
    # Every backslash begins an escape that is meant.
    assert set(re.findall(r"\\(f?.)", page)) <= {"fB", "fI", "fR", "-", "e", "&"}
    for line in page.splitlines():
        assert line.count("\\fR") == line.count("\\fB") + line.count("\\fI"), line


def test_groff_renders_the_man_page_without_a_warning_where_there_is_one(prefix):
    if not (groff := shutil.which("groff")):
        return
    text = run([groff, "-man", "-Tascii", "-P-cbou", "-ww", prefix / "share/man/man1/ci_lambda.1"], base_environment())
    for heading in ("NAME", "SYNOPSIS", "COMMANDS", "ENVIRONMENT", "EXIT STATUS"):
        assert f"\n{heading}\n" in text
    assert "ci_lambda deploy services .. [options]" in text
    assert "DEPLOYMENT_TIMEOUT_SECONDS" in text


def test_mandoc_finds_no_error_in_the_man_page_where_there_is_one(prefix):
    if mandoc := shutil.which("mandoc"):
        run([mandoc, "-T", "lint", "-W", "error", prefix / "share/man/man1/ci_lambda.1"], base_environment())
