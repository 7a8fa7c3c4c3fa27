"""Runs ctest for people: what fails comes first, with its reason, and nothing is printed that says nothing.

usage: run.py LOG CTEST-COMMAND..

While the tests run, one line is printed for each that fails, and on a terminal one that counts. Then each failure with its
reason: of GoogleTest the failed expectations, of pytest the error and its place, of a sanitizer its report, of what has
crashed or taken too long its last words. LOG gets all of the output and the slowest tests; LOG with the suffix .xml the same
as JUnit's XML. Under CI a skipped test is a failure.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

SLOWEST = 20
LONGEST_REASON = 24  # lines; the log has the rest
LAST_WORDS = 10  # lines

# Behind the name of a test of many parameters stands what GoogleTest knows of them.
PARAMETERS = r"(?: +# .*)?"
RESULT = re.compile(rf"^ *(\d+)/(\d+) Test +#\d+: (\S+){PARAMETERS} \.+([^.]*?) +([\d.]+) sec *$")
VERDICT = re.compile(rf"^\t *\d+ - (\S+){PARAMETERS} \(([^()]*)\)$")
GTEST_NOISE = re.compile(r"^(\[[-= A-Z]{10}\]|Running main\(\) from |Note: Google Test filter = | *\d+ FAILED TESTS?$)")
GTEST_FAILURE = re.compile(r"^(\S+:\d+|unknown file): (Failure|Skipped)$")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|: runtime error: ")
PYTEST_HEADING = re.compile(r"^_{2,} (.+) _{2,}$")
PYTEST_SECTION = re.compile(r"^(=+|-+) .* (=+|-+)$")
PYTEST_PLACE = re.compile(r"^\S+\.py:\d+: ")
PYTEST_SKIPPED = re.compile(r"^SKIPPED \[\d+\] (.*)$", re.MULTILINE)


@dataclasses.dataclass
class Test:
    name: str
    status: str  # as in JUnit's XML: run, fail, notrun, disabled
    seconds: float
    output: str
    verdict: str = ""  # in ctest's words: Failed, SEGFAULT, Timeout, ..


def gtest_reason(lines: list[str]) -> list[str]:
    """The failed expectations."""
    reason: list[str] = []
    inside = False
    for line in lines:
        if GTEST_FAILURE.match(line):
            inside = True
        elif GTEST_NOISE.match(line):
            inside = False
        if inside:
            reason.append(line)
    return reason


def pytest_reason(lines: list[str]) -> list[str]:
    """Of each failed test its name, its error and where that was."""
    reason: list[str] = []
    name, errors, places = "", [], []

    def end() -> None:
        if name and errors:
            reason.extend([name, *(f"  {line}" for line in errors), *(f"  {place}" for place in places[-1:])])

    for line in lines:
        heading = PYTEST_HEADING.match(line)
        if heading or PYTEST_SECTION.match(line):
            end()
            name, errors, places = heading[1] if heading else "", [], []
        elif line.startswith("E  "):
            errors.append(line[1:].strip())
        elif PYTEST_PLACE.match(line):
            places.append(line)
    end()
    return reason


def sanitizer_reason(lines: list[str]) -> list[str]:
    for i, line in enumerate(lines):
        if SANITIZER.search(line):
            return lines[i:]
    return []


def reason_of(test: Test) -> list[str]:
    lines = test.output.replace(f"{os.getcwd()}/", "").splitlines()
    reason = sanitizer_reason(lines) or gtest_reason(lines) or pytest_reason(lines)
    if not reason:
        words = [line for line in lines if line.strip() and not GTEST_NOISE.match(line)]
        reason = words[-LAST_WORDS:]
    while reason and not reason[-1].strip():
        reason.pop()
    if not reason:
        return ["(it printed nothing)"]
    if len(reason) > LONGEST_REASON:
        reason = [*reason[:LONGEST_REASON], f".. and {len(reason) - LONGEST_REASON} more lines in the log"]
    return reason


def skipped_in(test: Test) -> list[str]:
    """What of it was skipped, and why: all of a unit test, or some tests of a file."""
    if test.status == "notrun" and test.verdict == "Skipped":
        why = " ".join(line for line in gtest_reason(test.output.splitlines())[1:] if line)
        return [f"{test.name}: {why}" if why else test.name]
    return [f"{test.name}: {found}" for found in PYTEST_SKIPPED.findall(test.output)]


def read_tests(junit: pathlib.Path, verdicts: dict[str, str]) -> list[Test]:
    tests = []
    for case in xml.etree.ElementTree.parse(junit).getroot().iter("testcase"):
        name = case.get("name", "")
        output = case.findtext("system-out") or ""
        test = Test(name, case.get("status", ""), float(case.get("time", 0)), output, verdicts.get(name, ""))
        tests.append(test)
    return tests


class Progress:
    """A line that counts, on a terminal only."""

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self.shown = ""

    def show(self, text: str) -> None:
        if self.terminal:
            print(f"\r{text}\x1b[K", end="", flush=True)
            self.shown = text

    def print(self, text: str) -> None:
        print(f"\r\x1b[K{text}" if self.shown else text, flush=True)
        if self.shown:
            self.show(self.shown)

    def end(self) -> None:
        if self.shown:
            print("\r\x1b[K", end="", flush=True)
        self.shown = ""


def run(command: list[str], log) -> tuple[int, dict[str, str], list[str]]:
    """ctest's exit code; test -> verdict; what it printed before the first result."""
    progress, verdicts, begin = Progress(), {}, []
    failed, any_result = 0, False
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout
    for line in process.stdout:
        log.write(line)
        line = line.rstrip("\n")
        if found := RESULT.match(line):
            any_result = True
            done, all_of_them, name, verdict, seconds = found.groups()
            if verdict.strip() != "Passed" and "Skipped" not in verdict:
                failed += 1
                progress.print(f"    failed: {name} ({float(seconds):.1f} s)")
            progress.show(f"    {done} of {all_of_them}, {failed} failed")
        elif found := VERDICT.match(line):
            verdicts[found[1]] = found[2]
        elif not any_result:
            begin.append(line)
    progress.end()
    return process.wait(), verdicts, begin


def counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def report(tests: list[Test], seconds: float, log_name: str, under_ci: bool) -> tuple[str, bool]:
    """The text for people, and whether all is well."""
    failed = [test for test in tests if test.status == "fail" or (test.status == "notrun" and test.verdict != "Skipped")]
    skipped = [text for test in tests for text in skipped_in(test)]
    lines = []
    for test in failed:
        how = "" if test.verdict in ("Failed", "") else f": {test.verdict}"
        lines += ["", f"FAILED {test.name}{how}", *(f"    {line}" for line in reason_of(test))]
    if skipped:
        why = "skipped, which is a failure under CI:" if under_ci else "skipped:"
        lines += ["", why, *(f"    {text}" for text in skipped)]
    if lines:
        lines.append("")
    if failed:
        lines.append(f"{len(failed)} of {counted(len(tests), 'test')} failed in {seconds:.0f} s")
        lines.append(f"all of the output: {log_name}")
        if len(failed) <= 3:
            again = "|".join(f"^{re.escape(test.name)}$" for test in failed)
            lines.append(f"again: ./dev test '{again}'")
    else:
        lines.append(f"{counted(len(tests), 'test')} passed in {seconds:.0f} s" + (f", {len(skipped)} skipped" if skipped else ""))
    return "\n".join(lines), not failed and not (skipped and under_ci)


def slowest(tests: list[Test]) -> str:
    listed = sorted(tests, key=lambda test: -test.seconds)[:SLOWEST]
    return "\n".join(["", "the slowest:", *(f"{test.seconds:8.1f} s  {test.name}" for test in listed)])


def main() -> int:
    log_path, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    junit = log_path.with_suffix(".xml").resolve()
    junit.unlink(missing_ok=True)
    under_ci = os.environ.get("CI") in ("true", "1")
    start = time.monotonic()
    with log_path.open("w") as log:
        code, verdicts, begin = run(
            [*command, "--output-on-failure", "--no-tests=error", "--output-junit", str(junit)]
            + ["--test-output-size-passed", "100000", "--test-output-size-failed", "1000000"],
            log,
        )
        tests = read_tests(junit, verdicts) if junit.exists() else []
        if not tests:  # it has not come to that
            noise = re.compile(r"^(Internal ctest changing|Test project |Errors while running CTest|$)")
            print("\n".join(line for line in begin if not noise.match(line)), file=sys.stderr)
            return code or 1
        text, well = report(tests, time.monotonic() - start, str(log_path), under_ci)
        log.write(f"{slowest(tests)}\n{text}\n")
    print(text)
    return code if code else (0 if well else 1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
