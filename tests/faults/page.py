"""docs/faults.md, made of the rows. `python3 tests/faults/page.py` writes it; test_page.py checks it."""

from __future__ import annotations

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "faults.md"
sys.path[:0] = [str(HERE), str(HERE.parent / "integration"), str(HERE.parent / "support")]

from faults import Fault  # noqa: E402
from rows import GROUPS, Row, rows, shown  # noqa: E402
from world import ANSWER, CONNECTION, CREDENTIALS, NEXT, SLACK  # noqa: E402

INTRODUCTION = """# The fault table

<!-- Made by tests/faults/page.py of the rows in tests/faults/rows.py. Change those, and run it again. -->

What can go wrong around the function, and what happens then. Each row is a test that runs the built program
(`tests/faults`); {count} of them. An event says that a parameter of one service has changed. Afterwards, with all well
again, the function is given another one.

- **What ECS saw** is every call that reached it, in order: `L` is `ListTaskDefinitions` and `D` is `DescribeServices`,
  which are sent at the same time, `U` is `UpdateService`, and `S` is `ListServiceDeployments`, which is asked before a
  deployment counts as begun already. Each `U` has a look before it that is not old. Then how many rollouts that began.
- **The log** is JSON, one object a line. After a dash stands what the line's fields hold of the fault.
- A **retry** is allowed only where the row says so (`MAX_DEPLOYMENT_RETRIES`).
- An `UpdateService` has no client token: one whose answer is lost may have been carried out. Where a second rollout may
  have been begun, the log says `may_start_a_second_rollout`.
- In no row do the log or an answer hold a secret, and a redirect is never followed.
"""

WHO = {
    CONNECTION: "ECS, over TLS,",
    SLACK: "Slack",
    CREDENTIALS: "The container's endpoint for credentials",
    NEXT: "The Runtime API, asked for the next event,",
    ANSWER: "The Runtime API, given the answer,",
}
SIGTERM = -15
HEAD = "| what goes wrong | what the user sees | what ECS saw | the next event |\n|---|---|---|---|\n"


def what_goes_wrong(row: Row) -> str:
    parts = [script_part(row, what, list(faults)) for what, faults in row.script.items() if faults]
    if row.denied:
        parts.append("`ecs:DescribeServices` is not allowed")
    parts += [certificate(who, kind) for who, kind in (("ECS", row.tls), ("Slack", row.slack_tls)) if kind]
    parts += [name_server(who, how) for who, how in (("ECS", row.dns), ("Slack", row.slack_dns)) if how]
    if row.stdout:
        parts.append(f"stdout {row.stdout}")
    if row.refused:
        parts.append("Nobody listens at the Runtime API")
    if row.deadline < 60:
        parts.append("the deadline is near")
    if row.retries:
        parts.append("a retry is allowed")
    if row.again:
        parts.append("then Lambda gives the event once more")
    text = "; ".join(part for part in parts if part)
    return text[0].upper() + text[1:] if text else "Nothing"


def script_part(row: Row, what: str, faults: list[Fault | None]) -> str:
    bad = [fault for fault in faults if fault]
    who = WHO.get(what, f"`{what}`: ECS{', over TLS,' if row.tls else ''}")
    words = list(dict.fromkeys(fault.words for fault in bad))
    times = f", {len(bad)} times" if len(bad) > len(words) else ""
    later = ", not the first time" if faults[0] is None else ""
    return f"{who} {', then '.join(words)}{times}{later}"


def certificate(who: str, kind: str) -> str:
    return "" if kind == "right" else f"{who} shows a certificate {kind}"


def name_server(who: str, how: str) -> str:
    return f"{who} moves to another address, and DNS says so" if how == "changes" else f"the name server {how} ({who})"


def what_the_user_sees(row: Row) -> str:
    if row.answer is None:
        parts = ["no answer"]
    elif row.answer.startswith("Function."):
        parts = [f"error `{row.answer}`" + "".join(f": “{words}”" for words in row.says)]
    else:
        parts = [f"`{row.answer}`" + (f", at try {row.attempts}" if (row.attempts or 1) > 1 else "")]
    if row.slack:
        parts.append(f"messages sent to Slack: {row.posts}, taken: {row.messages}")
    if row.log:
        fields = f" – {row.log.fields}" if row.log.fields and row.log.fields not in row.says else ""
        parts.append(f"log, {row.log.level}: “{row.log.message}”{fields}")
    if row.second:
        parts.append("and `may_start_a_second_rollout`")
    if row.exits == SIGTERM:
        parts.append("Lambda reports the signal")
    elif row.exits is not None:
        parts.append(f"the process ends with {row.exits}")
    return "; ".join(parts)


def what_ecs_saw(row: Row) -> str:
    return f"`{' '.join(row.calls)}`: {row.rollouts}" if row.calls else "nothing: 0"


def what_comes_next(row: Row) -> str:
    works = "works" if row.exits is None else "works, in a fresh process"
    if row.again:
        calls = f"`{' '.join(row.again.calls)}`" if row.again.calls else "no call"
        return f"the same event: `{row.again.status}`, {calls}; another one {works}"
    if row.slack and not row.messages_after:
        return f"{works}; its message waits for Slack in vain"
    return works


def page() -> str:
    text = INTRODUCTION.format(count=len(rows()))
    for group in GROUPS:
        if not shown(group):
            continue
        text += f"\n## {group.title}\n\n{HEAD}"
        for row in shown(group):
            columns = (what_goes_wrong(row), what_the_user_sees(row), what_ecs_saw(row), what_comes_next(row))
            text += f"| {' | '.join(columns)} |\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
