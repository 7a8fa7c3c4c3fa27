"""The table of times that ./dev prints, and the budgets that it is held to."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]
BUDGETS = ROOT / ".ci/budgets"


def budgets() -> dict[str, tuple[str, str]]:
    lines = [line for line in BUDGETS.read_text().splitlines() if line and not line.startswith("#")]
    return {name: (cold, warm) for cold, warm, name in (line.split(maxsplit=2) for line in lines)}


def table(tmp_path, times: str, *variables: str) -> list[str]:
    (tmp_path / "budgets").write_text("# a comment\n10  5  build the house\n\n 7  -  tests\n")
    (tmp_path / "times").write_text(times)
    options = [word for variable in variables for word in ("-v", variable)]
    command = ["awk", *options, "-f", ROOT / ".ci/times.awk", "budgets", "times"]
    return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.splitlines()


def test_what_took_longer_than_its_budget_is_marked_and_red(tmp_path):
    assert table(tmp_path, "11 3 build the house\n7 2 tests\n100 1 other\n", "kind=cold", "red=<", "plain=>") == [
        " seconds      CPU   budget   step",
        "<      11        3       10   build the house   OVER BUDGET>",
        "       7        2        7   tests",
        "     100        1            other",
    ]


def test_a_run_in_which_nothing_has_changed_has_budgets_of_its_own(tmp_path):
    assert table(tmp_path, "6 3 build the house\n9 2 tests\n", "kind=warm")[1:] == [
        "       6        3        5   build the house   OVER BUDGET",
        "       9        2            tests",
    ]


def test_every_budget_is_of_a_step_that_there_is():
    scripts = [ROOT / "dev", *ROOT.glob("packaging/*.sh"), *ROOT.glob("fuzz/*.sh")]
    text = "".join(script.read_text() for script in scripts)
    text = text.replace("$venv", ".cache/venv")
    for preset in ("asan", "tsan"):
        text += text.replace("$preset", preset)
    for arch in ("x86_64", "arm64"):
        text += f'"building for {arch}"' * ('"building for $arch"' in text)
    for verb in ("demo", "test"):
        text += f'"./dev {verb} from bare"' * ('"./dev $verb from bare"' in text)
    assert [name for name in budgets() if not re.search(rf'"{re.escape(name)}( \(|")', text)] == []


def test_the_steps_share_out_no_more_than_the_whole():
    """Those that run one after the other; the package is made beside the tests and clang-tidy."""
    in_turn = [
        "apt-get install",
        "building the programs",
        "building the tests that are not for sanitizers",
        "building programs and tests with asan",
        "the tests that are not for sanitizers",
        "tests",
        "clang-tidy",
        "brief fuzz",
        "building with tsan",
        "tests with tsan",
    ]
    assert sum(int(budgets()[name][0]) for name in in_turn) <= int(budgets()["all of it"][0])


def test_the_promises_are_those_of_the_documents():
    promised = {name: budgets()[name] for name in ("all of it", "./dev demo from bare", "./dev test from bare")}
    assert promised == {
        "all of it": ("1800", "360"),
        "./dev demo from bare": ("180", "-"),
        "./dev test from bare": ("480", "-"),
    }
