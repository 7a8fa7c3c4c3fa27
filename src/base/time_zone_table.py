#!/usr/bin/env python3
"""Writes time_zone_table.inc, and what its test expects, out of the time zone database.

    python3 src/base/time_zone_table.py [--check]

It needs the package tzdata, which tests/integration/requirements.lock pins. What is kept of a zone is the rule that holds
from the last change on that the database knows (the footer of its file, RFC 9636): all that matters for times to come.
"""

import datetime
import pathlib
import re
import sys
import zoneinfo

import tzdata

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "time_zone_table.inc"
EXPECTED = HERE.parents[1] / "tests" / "unit" / "base" / "time_zones.txt"
ZONES = pathlib.Path(tzdata.__file__).parent / "zoneinfo"

# Their rule is not all: during Ramadan the clocks go back, at times that the database lists one by one.
WITHOUT_RAMADAN = {"Asia/Gaza", "Asia/Hebron"}
# From when on the rule is all that there is: Cuba leaves out the winter of 2026.
YEARS = range(2028, 2035)

NAME = r"(?:<[^>]+>|[A-Za-z]+)"
OFFSET = r"([+-]?\d+(?::\d+)?)"
SWITCH = r"M(\d+)\.(\d+)\.(\d+)(?:/([+-]?\d+(?::\d+)?))?"
RULE = re.compile(rf"{NAME}{OFFSET}(?:{NAME}{OFFSET}?,{SWITCH},{SWITCH})?")


def minutes(text):
    hours, _, rest = text.lstrip("+-").partition(":")
    return (int(hours) * 60 + int(rest or 0)) * (-1 if text.startswith("-") else 1)


def rule_of(footer):
    """Minutes east of Greenwich: in winter, in summer; month, week, day of the week and minute of both changes."""
    match = RULE.fullmatch(footer)
    if match is None:
        raise SystemExit(f"a rule of another kind: {footer}")
    standard, summer, *switches = match.groups()
    usual = -minutes(standard)
    if switches[0] is None:
        return (usual, usual, 0, 0, 0, 0, 0, 0, 0, 0)
    numbers = [int(one) if at % 4 < 3 else minutes(one or "2") for at, one in enumerate(switches)]
    return (usual, usual + 60 if summer is None else -minutes(summer), *numbers)


def footers():
    names = (ZONES.parent / "zones").read_text().split()
    return {name: (ZONES / name).read_bytes().rsplit(b"\n", 2)[1].decode() for name in sorted(names)}


def table(rules_of_zones):
    rules = sorted(set(rules_of_zones.values()))
    place = {rule: at for at, rule in enumerate(rules)}
    lines = [
        f"// The time zone database {tzdata.IANA_VERSION}. Made by time_zone_table.py: do not edit.",
        "constexpr auto kRules = std::to_array<ZoneRule>({",
    ]
    for rule in rules:
        usual, summer, *switches = rule
        first, second = (", ".join(map(str, part)) for part in (switches[:4], switches[4:]))
        lines.append(f"    {{{usual}, {summer}, {{{first}}}, {{{second}}}}},")
    lines += ["});", "constexpr std::string_view kZones ="]
    lines += [f'    "{name} {place[rule]}\\n"' for name, rule in rules_of_zones.items()]
    return "\n".join(lines) + ";\n"


def changes(name):
    """When the clocks of a zone change, and by how many minutes they are ahead of UTC from then on."""
    zone = zoneinfo.ZoneInfo(name)
    at = datetime.datetime(YEARS[0], 1, 1, tzinfo=datetime.UTC)
    hour = datetime.timedelta(minutes=30)
    offset = at.astimezone(zone).utcoffset()
    yield at, offset
    while at.year in YEARS:
        at += hour
        if (now := at.astimezone(zone).utcoffset()) != offset:
            offset = now
            yield at, offset


def expected(rules_of_zones):
    shown = {}
    for name, rule in rules_of_zones.items():
        if name not in WITHOUT_RAMADAN:
            shown.setdefault(rule, name)
    lines = [f"# {tzdata.IANA_VERSION}. Made by src/base/time_zone_table.py: zone, change in seconds of Unix, minutes ahead of UTC"]
    for name in sorted(shown.values()):
        lines += [f"{name} {int(at.timestamp())} {int(offset.total_seconds()) // 60}" for at, offset in changes(name)]
    return "\n".join(lines) + "\n"


def main():
    zoneinfo.reset_tzpath(to=())
    rules_of_zones = {name: rule_of(footer) for name, footer in footers().items()}
    made = {TABLE: table(rules_of_zones), EXPECTED: expected(rules_of_zones)}
    if "--check" in sys.argv[1:]:
        old = [path.name for path, text in made.items() if path.read_text() != text]
        sys.exit(f"not what {pathlib.Path(__file__).name} makes: {', '.join(old)}" if old else 0)
    for path, text in made.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
