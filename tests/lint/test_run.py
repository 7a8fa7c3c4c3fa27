"""What tests/run.py, which `./dev test` runs, prints of passing, failing, crashed and skipped tests."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

RUN = pathlib.Path(__file__).parents[1] / "run.py"

GTEST = """Running main() from gmock_main.cc
Note: Google Test filter = Room.Fails
[==========] Running 1 test from 1 test suite.
[ RUN      ] Room.Fails
noise of the test
{here}/tests/unit/room/room_test.cpp:7: Failure
Expected equality of these values:
  1
  2
[  FAILED  ] Room.Fails (0 ms)
[----------] 1 test from Room (0 ms total)
 1 FAILED TEST
"""
PYTEST = """.F                                                                       [100%]
=================================== FAILURES ===================================
___________________________________ test_bad ___________________________________

    def test_bad():
>       assert {"a": 1} == {"a": 2}
E       AssertionError: assert {'a': 1} == {'a': 2}

test_x.py:5: AssertionError
----------------------------- Captured stdout call -----------------------------
noise of the test
=========================== short test summary info ============================
1 failed, 1 passed in 0.08s
"""
SANITIZER = """[ RUN      ] Room.Races
noise of the test
==================
WARNING: ThreadSanitizer: data race (pid=1)
  Write of size 4 at 0x1 by thread T1:
    #0 write room.cpp:3
"""
SKIPPED = """[ RUN      ] Room.IsSkipped
room_test.cpp:9: Skipped
no reason

[  SKIPPED ] Room.IsSkipped (0 ms)
"""


@pytest.fixture
def run(tmp_path):
    """Runs tests, each a text that it prints and a Python statement with which it ends. Exit code and output."""

    def run(tests: dict[str, tuple[str, str]], *options: str, ci: bool = False, timeout: int = 60) -> tuple[int, str]:
        lines = []
        for i, (name, (text, end)) in enumerate(tests.items()):
            script = tmp_path / f"{i}.py"
            script.write_text(f"print({text.replace('{here}', str(tmp_path))!r}, flush=True)\n{end}\n")
            lines += [
                f'add_test("{name}" "{sys.executable}" "{script}")',
                f'set_tests_properties("{name}" PROPERTIES TIMEOUT {timeout} SKIP_REGULAR_EXPRESSION "  SKIPPED ")',
            ]
        (tmp_path / "CTestTestfile.cmake").write_text("\n".join(lines))
        environment = {**os.environ, "CI": "true" if ci else ""}
        done = subprocess.run(
            [sys.executable, RUN, "all.log", "ctest", *options], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        return done.returncode, re.sub(r" in \d+ s", " in N s", done.stdout + done.stderr)

    return run


def test_of_tests_that_pass_only_their_number_is_printed(run):
    code, output = run({"a": ("noise", ""), "b": ("noise", "")})
    assert code == 0
    assert output == "2 tests passed in N s\n"


def test_a_test_of_many_parameters_is_known_by_its_name_alone(run):
    parameters = "  # GetParam() = (1.5 s, true)"
    tests = {f"unit.Rows/T.Holds/a{parameters}": ("", ""), f"unit.Rows/T.Holds/b{parameters}": ("", "raise SystemExit(1)")}
    _, output = run(tests)
    assert "failed: unit.Rows/T.Holds/b (" in output
    assert "T.Holds/a" not in output
    assert "1 of 2 tests failed in N s\n" in output


def test_the_failed_expectations_of_googletest_are_its_reason(run):
    code, output = run({"unit.Room.Fails": (GTEST, "raise SystemExit(1)"), "b": ("", "")})
    assert code != 0
    assert (
        "FAILED unit.Room.Fails\n"
        "    tests/unit/room/room_test.cpp:7: Failure\n"
        "    Expected equality of these values:\n"
        "      1\n"
        "      2\n\n"
        "1 of 2 tests failed in N s\n"
        "all of the output: all.log\n"
        "again: ./dev test '^unit\\.Room\\.Fails$'\n"
    ) in output
    assert "noise" not in output


def test_the_errors_of_pytest_and_their_places_are_its_reason(run):
    _, output = run({"integration.x": (PYTEST, "raise SystemExit(1)")})
    assert (
        "FAILED integration.x\n"
        "    test_bad\n"
        "      AssertionError: assert {'a': 1} == {'a': 2}\n"
        "      test_x.py:5: AssertionError\n\n"
    ) in output
    assert "noise" not in output


def test_the_report_of_a_sanitizer_is_the_reason(run):
    _, output = run({"unit.Room.Races": (SANITIZER, "raise SystemExit(66)")})
    assert (
        "FAILED unit.Room.Races\n"
        "    WARNING: ThreadSanitizer: data race (pid=1)\n"
        "      Write of size 4 at 0x1 by thread T1:\n"
        "        #0 write room.cpp:3\n\n"
    ) in output
    assert "noise" not in output


def test_what_crashes_is_shown_with_its_last_words(run):
    words = "\n".join(f"word {i}" for i in range(100))
    _, output = run({"a": (words, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")})
    assert "FAILED a: SEGFAULT\n    word 90\n" in output
    assert "word 89" not in output


def test_what_takes_too_long_says_so(run):
    _, output = run({"a": ("begun", "import signal; signal.pause()")}, timeout=1)
    assert "FAILED a: Timeout\n    begun\n" in output


def test_a_skipped_test_is_named_with_its_reason_and_is_a_failure_under_ci(run):
    tests = {
        "unit.Room.IsSkipped": (SKIPPED, ""),
        "integration.x": ("SKIPPED [1] test_x.py:9: no emulator", ""),
    }
    reasons = "    unit.Room.IsSkipped: no reason\n    integration.x: test_x.py:9: no emulator\n\n2 tests passed in N s, 2 skipped\n"
    assert run(tests) == (0, f"\nskipped:\n{reasons}")
    assert run(tests, ci=True) == (1, f"\nskipped, which is a failure under CI:\n{reasons}")


def test_a_long_reason_is_cut_and_the_log_has_all_of_it(run, tmp_path):
    failures = "".join(f"a_test.cpp:{i}: Failure\n" for i in range(1, 101))
    _, output = run({"a": (failures, "raise SystemExit(1)")})
    assert "a_test.cpp:24: Failure\n    .. and 76 more lines in the log\n" in output
    assert "a_test.cpp:100: Failure" in (tmp_path / "all.log").read_text()


def test_the_log_names_the_slowest(run, tmp_path):
    run({"quick": ("", ""), "slow": ("", "import time; time.sleep(0.5)")})
    listed = (tmp_path / "all.log").read_text().split("the slowest:\n")[1]
    assert [line.split()[-1] for line in listed.splitlines()[:2]] == ["slow", "quick"]


def test_a_name_that_fits_no_test_is_a_failure(run):
    code, output = run({"a": ("", "")}, "-R", "nothing")
    assert code != 0
    assert output == "No tests were found!!!\n"
