"""Measures the packaged program beside the floor and a Go bootstrap, and prints one table. Run by ./dev bench.

No timing is a failure here: the figures are for people. A program that answers wrongly is one.
"""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import statistics
import subprocess
import sys
import zipfile

import discovery
import tls

OURS, FLOOR, GO = "ci_lambda", "floor", "go"

# What a Lambda of 128 MB gets: 7 % of a CPU, handed out in slices of 20 ms.
CPU_SHARE = ("1400", "20000")
MEGABYTE = 1_000_000

# What the driver measures, how it is called, how many of its units are one of ours, and the targets: at most so many
# times the floor, at most so many times Go.
TIMES = (
    ("cold_ms", "cold start to the first `next`, ms", 2.0, 0.5),
    ("cold_cpu_ms", "  CPU of it, ms", None, None),
    ("first_event_ms", "first event, ms", None, None),
    ("warm_ms", "warm event, ms", None, 0.4),
    ("warm_cpu_ms", "  CPU of it, ms", None, None),
)

Samples = dict[tuple[str, str], list[float]]


class Driver:
    def __init__(self, arguments: argparse.Namespace, program: pathlib.Path) -> None:
        self._command = [arguments.driver, "--logs", str(arguments.work), "--floor", arguments.floor]
        self._programs = [f"{OURS}={program}", *([f"{GO}={arguments.go}"] if arguments.go else [])]
        self.limit = ""

    def measure(self, rounds: int, events: int, *more: str) -> Samples:
        command = [*self._command, "--rounds", str(rounds), "--events", str(events), *more, "--", *self._programs]
        done = subprocess.run(command, env=tls.environment(), stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit("bench: the driver has failed")
        samples: Samples = collections.defaultdict(list)
        for line in done.stdout.splitlines():
            program, metric, value = line.split(" ", 2)
            if metric == "limit":
                self.limit = value
            else:
                samples[program, metric].append(float(value))
        return samples


def row(what: str, *cells: str) -> None:
    widths = (40, 10, 8, 8, 9, 8, 5, 8, 8, 5)
    print("".join(f"{cell:<{widths[0]}}" if i == 0 else f"{cell:>{widths[i]}}" for i, cell in enumerate((what, *cells))))


def head(title: str) -> None:
    print()
    row(title, OURS, FLOOR, "Go", "/ floor", "target", "met", "/ Go", "target", "met")


def verdict(value: float, target: float | None) -> tuple[str, str]:
    if target is None:
        return "", ""
    return f"{target:.2g}", "yes" if value <= target else "NO"


def ratio(ours: float, other: list[float], target: float | None) -> tuple[str, str, str]:
    if not other:
        return "", "", ""
    value = ours / statistics.median(other)
    return f"{value:.2f}", *verdict(value, target)


def compare(what: str, samples: Samples, metric: str, to_floor: float | None, to_go: float | None, unit: float = 1) -> None:
    ours = statistics.median(samples[OURS, metric])
    floor, go = samples[FLOOR, metric], samples[GO, metric]
    shown = [f"{statistics.median(values) / unit:.2f}" if values else "-" for values in (floor, go)]
    row(what, f"{ours / unit:.2f}", *shown, *ratio(ours, floor, to_floor), *ratio(ours, go, to_go))


def show_limits(what: str, value: float, limit: float) -> None:
    row(what, f"{value:.2f}", "", "", "", *verdict(value, limit))


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--driver", "--floor", "--go"):
        parser.add_argument(name)
    for name in ("--dist", "--work"):
        parser.add_argument(name, type=pathlib.Path)
    arguments = parser.parse_args()

    program = arguments.work / "bootstrap"
    with zipfile.ZipFile(arguments.dist / "ci_lambda-x86_64.zip") as archive:
        program.write_bytes(archive.read("bootstrap"))
    program.chmod(0o755)
    driver = Driver(arguments, program)

    print(f"{os.cpu_count()} cores; load at the start {os.getloadavg()[0]:.1f}; medians; a ratio is ours to theirs")
    head("at full speed")
    samples = driver.measure(60, 30)
    for metric, what, to_floor, to_go in TIMES:
        compare(what, samples, metric, to_floor, to_go)
    # Once: the program keeps to ECS's quota of five UpdateService a second, so this takes minutes.
    memory = driver.measure(1, 1000)
    compare("peak memory after 1,000 events, MB", memory, "peak_kb", None, 0.45, MEGABYTE / 1024)

    limited = driver.measure(30, 15, "--cpu", *CPU_SHARE)
    head(f"with 7 % of a CPU ({driver.limit})")
    for metric, what, to_floor, to_go in TIMES:
        compare(what, limited, metric, to_floor, to_go)

    print()
    row("TLS to AWS on a cold start, CPU in ms", "", "", "", "", "target", "met")
    costs = tls.measure(program, arguments.work, rounds=15)
    plain, built_in, bundle = (statistics.median(costs[name]) for name in (tls.PLAIN, tls.BUILT_IN, tls.BUNDLE))
    row("start and first event, without TLS", f"{plain:.1f}")
    row("  with the built-in roots", f"{built_in:.1f}")
    row("  with the whole bundle of Debian", f"{bundle:.1f}")
    show_limits("TLS, built-in / whole bundle", (built_in - plain) / (bundle - plain), 1 / 3)
    show_limits("all of it, built-in / whole bundle", built_in / bundle, 1 / 3)

    print()
    row("discovery, 500 services that run 500 revisions", "", "", "", "", "target", "met")
    found = discovery.measure(program)
    calls = sum(found.first_calls.values())
    row(f"first event: {calls} calls to discover", "")
    # 450 revisions more than the 50 that may be read at once, 20 a second.
    show_limits("  until it has deployed, s", found.first_seconds, 25)
    row(f"later events: {sum(found.later_calls.values())} calls to discover", "")
    row("  of one, ms", f"{found.later_ms:.2f}")
    show_limits("peak memory, MB", found.peak_mb, 64)

    print()
    row("sizes in MB", "", "", "", "", "target", "met")
    peak = statistics.median(memory[OURS, "peak_kb"]) * 1024 / MEGABYTE
    show_limits("peak memory after 1,000 events", peak, 7)
    for archive in sorted(arguments.dist.glob("*.zip")):
        show_limits(archive.name, archive.stat().st_size / MEGABYTE, 3)
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
