"""The fault table: what goes wrong, what the user sees, what ECS saw, and whether the next event works.

Every row is one run of the built program with servers of its own (runner.py). docs/faults.md is made of this table
(page.py). A row's faults are used up by its event; the event after that finds a world in which all is well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import faults as f
from world import ANSWER, CONNECTION, CREDENTIALS, NEXT, SLACK, Script

# Behaviours of the function on which rows rely. Rows that need one that is not in HAS are not run and not on the page.
LOOKS = "looks at ECS before it sends an UpdateService again whose answer was lost"
COALESCES = "does not begin a rollout again that has begun after the event"
HAS: tuple[str, ...] = (LOOKS, COALESCES)

UPDATE, DESCRIBE, LIST = "UpdateService", "DescribeServices", "ListTaskDefinitions"


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of the log: its level, and what its message and its fields hold."""

    level: str
    message: str
    fields: str = ""


@dataclasses.dataclass(frozen=True)
class Again:
    """Lambda gives the event to the function once more: its answer, and the calls for it."""

    status: str
    calls: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    name: str
    script: Script = dataclasses.field(default_factory=dict)

    # What the user sees.
    answer: str | None = "deployed"  # its status, or the type of the error; None: there is none
    says: tuple[str, ...] = ()  # the answer, or the error
    log: Line | None = None
    attempts: int | None = None  # for `deployed`
    second: bool = False  # the log warns that a second rollout may have been started

    # What ECS saw: D, L, S and U for the calls, in their order (what is read at the same time by the alphabet).
    calls: str = "DLU"
    rollouts: int = 1

    # Afterwards.
    exits: int | None = None  # the process ends, with this code; what comes next gets a fresh one
    again: Again | None = None

    # Around it.
    retries: int = 0
    deadline: float = 60.0
    denied: bool = False  # ecs:DescribeServices is not allowed
    tls: str | None = None  # of ECS: which certificate it shows
    dns: str | None = None  # of ECS: how the name server behaves
    slack: bool = False
    slack_tls: str | None = None
    slack_dns: str | None = None
    posts: int = 1  # what Slack was sent
    messages: int = 1  # and what it took of that
    messages_after: int = 1  # and of the next event's
    credentials: str = "environment"
    stdout: str | None = None
    refused: bool = False  # nobody listens at the Runtime API
    needs: str | None = None

    def __str__(self) -> str:
        return self.name


@dataclasses.dataclass(frozen=True)
class Group:
    title: str
    rows: Sequence[Row]


FAILED = "Function.DeploymentFailed"

# What is looked up anew before each UpdateService, and what else is asked before a deployment counts as begun already.
LOOK, RECORDS = "DL", "S"

FOUND = Line("warn", "deployment found at ECS, whose answer was lost")
SENT_AGAIN = Line("warn", "UpdateService is sent again")
NOT_LOOKED_AT = Line("warn", "services are not looked at before they are updated: allow ecs:DescribeServices")
ENDS = "no further invocation can be fetched; the process ends"
NOT_TAKEN = "the invocation's answer could not be handed over"


def could_not(error: str) -> Line:
    return Line("error", "deployment failed: it could not start", error)


def retried(error: str) -> Line:
    return Line("warn", "deployment retry: the last attempt failed in a way that can heal", error)


def not_notified(error: str) -> Line:
    return Line("warn", "notification lost: the channel did not take it", error)


# --- what may befall UpdateService ----------------------------------------------------------------------------------

# Nothing was carried out, and who asks again gets it.
HEALING = (
    ("throttled", f.THROTTLED, "ThrottlingException: Rate exceeded"),
    ("429", f.TOO_MANY, "TooManyRequestsException"),
)

# Nothing was carried out, and to ask again would be no use.
FOR_GOOD = (
    ("denied", f.DENIED, "AccessDeniedException"),
    ("redirect", f.REDIRECT, "a redirect, which is not followed: check AWS_ENDPOINT_URL_ECS"),
    ("latin-1", f.LATIN_1, "UpdateService: InvalidParameterException"),
)

# Whether it was carried out cannot be known from here.
LOST = (
    ("500", f.SERVER_ERROR),
    ("503-html", f.UNAVAILABLE),
    ("reset-after", f.RESET_AFTER),
    ("closed-after", f.CLOSED),
)
LOST_AFTER_A_WAIT = (
    ("silent", f.SILENT),
    ("endless", f.ENDLESS),
)

# An answer came that cannot be understood.
SPOILT = (
    ("truncated", f.TRUNCATED),
    ("reset-in-answer", f.TRUNCATED_BY_RESET),
    ("length-too-short", f.TOO_SHORT),
    ("length-too-long", f.TOO_LONG),
    ("length-no-number", f.NO_NUMBER),
    ("no-http", f.NO_HTTP),
    ("empty", f.EMPTY),
    ("html", f.HTML),
    ("utf-16", f.UTF_16),
    ("10-megabytes", f.TEN_MEGABYTES),
)


def healing(name: str, fault: f.Fault, error: str) -> Row:
    return Row(name, {UPDATE: [fault]}, retries=1, calls=f"DLU{LOOK}U", attempts=2, log=retried(error))


def for_good(name: str, fault: f.Fault, error: str, tries: int = 1) -> Row:
    return Row(
        name,
        {UPDATE: [fault] * tries},
        retries=tries - 1,
        calls=f"{LOOK}U" * tries,
        answer=FAILED,
        says=(error,),
        log=could_not(error),
        rollouts=0,
    )


def found(name: str, fault: f.Fault, **more) -> Row:
    """It was carried out, and the answer was lost: a look finds it, though no try is left."""
    script = {UPDATE: [fault.after_doing_it()]}
    return Row(f"{name}-found", script, calls=f"DLU{LOOK}{RECORDS}", log=FOUND, needs=LOOKS, **more)


def sent_again(name: str, fault: f.Fault, **more) -> Row:
    """It was not carried out, which nobody can know: a look finds nothing, and it is sent again."""
    return Row(
        f"{name}-sent-again",
        {UPDATE: [fault]},
        retries=1,
        calls="DDLLU" if fault.unread else f"DLU{LOOK}U",
        attempts=2,
        second=True,
        log=SENT_AGAIN,
        needs=LOOKS,
        **more,
    )


def unavoidable(name: str, fault: f.Fault) -> Row:
    """It was carried out, the answer was lost, and to look is not allowed: a second rollout, and the log says so."""
    return Row(
        f"{name}-twice",
        {UPDATE: [fault.after_doing_it()]},
        denied=True,
        retries=1,
        calls=f"DLU{LOOK}U",
        rollouts=2,
        attempts=2,
        second=True,
        log=NOT_LOOKED_AT,
    )


# --- what may befall the calls that only read -----------------------------------------------------------------------

READ_AGAIN = (
    ("throttled", f.THROTTLED, "Rate exceeded"),
    ("429", f.TOO_MANY, "TooManyRequestsException"),
    ("500", f.SERVER_ERROR, "ServerException"),
    ("503-html", f.UNAVAILABLE, "HTTP 503"),
    ("reset-after", f.RESET_AFTER, "reset"),
    ("closed-after", f.CLOSED, "Empty reply from server"),
    ("truncated", f.TRUNCATED, ""),
    ("reset-in-answer", f.TRUNCATED_BY_RESET, "reset"),
    ("silent", f.SILENT, "timed out"),
)

NOT_READ = (
    ("redirect", f.REDIRECT, "a redirect, which is not followed: check AWS_ENDPOINT_URL_ECS"),
    ("no-http", f.NO_HTTP, "the answer is not understood"),
    ("empty", f.EMPTY, "not understood: not valid JSON"),
    ("html", f.HTML, "not understood: not valid JSON"),
    ("utf-16", f.UTF_16, "not understood: not valid JSON"),
    ("length-too-short", f.TOO_SHORT, "not understood: not valid JSON"),
    ("10-megabytes", f.TEN_MEGABYTES, "the answer is larger than"),
)


def read_again(operation: str, name: str, fault: f.Fault, error: str) -> Row:
    """Who only reads may read again: both calls, as one look."""
    return Row(
        f"{operation}-{name}",
        {operation: [fault]},
        retries=1,
        calls="DDLLU",
        attempts=2,
        log=retried(error),
    )


def not_read(operation: str, name: str, fault: f.Fault, error: str) -> Row:
    return Row(
        f"{operation}-{name}",
        {operation: [fault]},
        calls="DL",
        rollouts=0,
        answer=FAILED,
        says=(error,),
        log=could_not(error),
    )


# --- what may befall Slack ------------------------------------------------------------------------------------------

# Slack may have posted these, so they are not sent again.
SLACK_PERHAPS = (
    ("reset-after", f.RESET_AFTER, "reset"),
    ("closed-after", f.CLOSED, "Empty reply from server"),
    ("silent", f.SILENT, "timed out"),
    ("endless", f.ENDLESS, "timed out"),
    ("truncated", f.TRUNCATED, ""),
    ("length-too-long", f.TOO_LONG, "timed out"),
    ("no-http", f.NO_HTTP, "the answer is not understood"),
    ("10-megabytes", f.TEN_MEGABYTES, "the answer is larger than"),
)

# Slack has it, and what it answers besides is nobody's business.
SLACK_TOOK = (
    ("slow", f.SLOW),
    ("length-too-short", f.TOO_SHORT),
    ("empty", f.EMPTY),
    ("html", f.HTML),
    ("utf-16", f.UTF_16),
)


def slack_loses(name: str, faults: list[f.Fault], error: str, *, posts: int, took: int = 0, **more) -> Row:
    log = not_notified(error)
    return Row(f"slack-{name}", {SLACK: faults}, slack=True, posts=posts, messages=took, log=log, **more)


def slack_gets(name: str, faults: list[f.Fault], *, posts: int = 1, **more) -> Row:
    return Row(f"slack-{name}", {SLACK: faults}, slack=True, posts=posts, log=Line("info", "notification sent"), **more)


# --- what may befall names and certificates ---------------------------------------------------------------------------


def unreachable(name: str, error: str, **more) -> Row:
    """No request ever leaves the function."""
    return Row(name, calls="", rollouts=0, answer=FAILED, says=(error,), log=could_not(error), **more)


def handshake(name: str, fault: f.Fault) -> Row:
    """Both connections of the pre-flight break."""
    return Row(
        f"tls-{name}", {CONNECTION: [fault] * 2}, tls="right", retries=1, attempts=2, log=retried("ListTaskDefinitions")
    )


WRONG_CERTIFICATES = (
    ("tls-authority", "of another authority"),
    ("tls-name", "of another name"),
    ("tls-expired", "that has expired"),
)

GROUPS = (
    Group(
        "ECS refuses `UpdateService`",
        (
            *(healing(*one) for one in HEALING),
            for_good("throttled-for-good", f.THROTTLED, "Rate exceeded (gave up after 2 attempts)", tries=2),
            *(for_good(*one) for one in FOR_GOOD),
            Row(
                "503-html-told-to-slack",
                {UPDATE: [f.UNAVAILABLE]},
                answer=FAILED,
                says=("HTTP 503",),
                calls=f"DLU{LOOK}",
                rollouts=0,
                slack=True,
                log=could_not("HTTP 503"),
            ),
        ),
    ),
    Group(
        "The answer of `UpdateService` is late",
        (
            Row("slow", {UPDATE: [f.SLOW]}, attempts=1),
            Row("farewell", {DESCRIBE: [f.FAREWELL], LIST: [f.FAREWELL], UPDATE: [f.FAREWELL]}, attempts=1),
            Row(
                "silent-until-the-deadline",
                {UPDATE: [f.SILENT.after_doing_it()]},
                deadline=9.0,
                answer=FAILED,
                says=("timed out",),
                log=could_not("timed out"),
            ),
        ),
    ),
    Group(
        "The answer of `UpdateService` is lost",
        (
            *(found(*one) for one in (*LOST, *LOST_AFTER_A_WAIT, *SPOILT)),
            *(sent_again(*one) for one in LOST),
            sent_again("reset-before", f.RESET_BEFORE),
            sent_again("reset-during", f.RESET_DURING),
            *(unavoidable(*one) for one in (*LOST, *LOST_AFTER_A_WAIT)),
        ),
    ),
    Group(
        "ECS answers the calls that only read",
        (
            *(read_again(operation, *one) for operation in (DESCRIBE, LIST) for one in READ_AGAIN),
            *(not_read(operation, *one) for operation in (DESCRIBE, LIST) for one in NOT_READ),
            Row(f"{DESCRIBE}-denied", {DESCRIBE: [f.DENIED]}, log=NOT_LOOKED_AT),
            not_read(LIST, "denied", f.DENIED, "AccessDeniedException"),
        ),
    ),
    Group(
        "Credentials expire in the middle",
        (
            Row("expired-renewed", {UPDATE: [f.EXPIRED]}, credentials="container", calls="DLUU", attempts=1),
            Row("expired-in-pre-flight", {LIST: [f.EXPIRED]}, credentials="container", calls="DLLU", attempts=1),
            Row(
                "expired-for-good",
                {UPDATE: [f.EXPIRED, f.EXPIRED]},
                calls="DLUU",
                rollouts=0,
                answer=FAILED,
                says=("ExpiredTokenException",),
                log=could_not("ExpiredTokenException"),
            ),
            Row(
                "expired-not-renewed",
                {UPDATE: [f.EXPIRED], CREDENTIALS: [None, f.SERVER_ERROR]},
                credentials="container",
                rollouts=0,
                answer=FAILED,
                says=("the container's credentials endpoint answered 500",),
                log=could_not("the container's credentials endpoint answered 500"),
            ),
        ),
    ),
    Group(
        "DNS",
        (
            unreachable("dns-unknown", "Could not resolve host: ecs.shop.test", dns="does not know the name"),
            unreachable("dns-fails", "Could not resolve host: ecs.shop.test", dns="fails"),
            unreachable("dns-silent", "timed out", dns="is silent"),
            Row("dns-slow", dns="is slow"),
            Row("dns-changes", dns="changes"),
        ),
    ),
    Group(
        "TLS",
        (
            *(
                unreachable(name, "name its PEM file in AWS_CA_BUNDLE", tls=certificate)
                for name, certificate in WRONG_CERTIFICATES
            ),
            handshake("handshake-reset", f.HANDSHAKE_RESET),
            handshake("handshake-cut", f.HANDSHAKE_CUT),
            handshake("handshake-silent", f.HANDSHAKE_SILENT),
            handshake("no-tls", f.NO_TLS),
            Row(
                "tls-handshake-of-the-update",
                {DESCRIBE: [f.FAREWELL], LIST: [f.FAREWELL], CONNECTION: [None, None, f.HANDSHAKE_RESET]},
                tls="right",
                retries=1,
                calls="DDLLU",
                attempts=2,
                log=retried("DescribeTaskDefinition"),  # the first call that needs a connection anew
            ),
            found("tls-reset-after", f.RESET_AFTER, tls="right"),
            found("tls-reset-in-answer", f.TRUNCATED_BY_RESET, tls="right"),
            found("tls-cut-in-answer", f.TRUNCATED_BELOW_TLS, tls="right"),
            sent_again("tls-reset-after", f.RESET_AFTER, tls="right"),
        ),
    ),
    Group(
        "Slack",
        (
            slack_gets("500-once", [f.SERVER_ERROR], posts=2),
            slack_gets("503-html-once", [f.UNAVAILABLE], posts=2),
            slack_gets("429", [f.TOO_MANY], posts=2),
            slack_gets("tls-handshake-silent-once", [f.HANDSHAKE_SILENT], slack_tls="right"),
            *(slack_gets(name, [fault.after_doing_it()]) for name, fault in SLACK_TOOK),
            slack_loses("500-for-good", [f.SERVER_ERROR] * 3, "Slack answered 500", posts=3),
            slack_loses("429-for-long", [f.TOO_MANY_FOR_LONG], "asks for a pause", posts=1, messages_after=0),
            slack_loses("503-html-for-good", [f.UNAVAILABLE] * 3, "Slack answered 503", posts=3),
            slack_loses("404", [f.NOT_FOUND], "does the webhook in SLACK_WEBHOOK_URL still exist?", posts=1),
            slack_loses("redirect", [f.REDIRECT], "Slack answered 307", posts=1),
            slack_loses("reset-before", [f.RESET_BEFORE], "reset", posts=0),
            slack_loses("reset-during", [f.RESET_DURING], "reset", posts=0),
            *(
                slack_loses(name, [fault.after_doing_it()], error, posts=1, took=1)
                for name, fault, error in SLACK_PERHAPS
            ),
            *(
                slack_loses(name, [], "name its PEM file in AWS_CA_BUNDLE", posts=0, slack_tls=certificate)
                for name, certificate in WRONG_CERTIFICATES
            ),
            slack_loses("tls-handshake-reset", [f.HANDSHAKE_RESET] * 3, "", posts=0, slack_tls="right"),
            slack_loses(
                "tls-cut-in-answer", [f.TRUNCATED_BELOW_TLS.after_doing_it()], "", posts=1, took=1, slack_tls="right"
            ),
            *(
                slack_loses(name, [], error, posts=0, slack_tls="right", slack_dns=dns)
                for name, dns, error in (
                    ("dns-unknown", "does not know the name", "Could not resolve host: hooks.shop.test"),
                    ("dns-fails", "fails", "Could not resolve host: hooks.shop.test"),
                    ("dns-silent", "is silent", "timed out"),
                )
            ),
        ),
    ),
    Group(
        "The Runtime API",
        (
            Row("next-refused", refused=True, answer=None, exits=1, calls="", rollouts=0, log=Line("error", ENDS)),
            Row("next-closed", {NEXT: [f.CLOSED]}, answer=None, exits=1, calls="", rollouts=0, log=Line("error", ENDS)),
            Row(
                "next-500",
                {NEXT: [f.SERVER_ERROR]},
                answer=None,
                exits=1,
                calls="",
                rollouts=0,
                log=Line("error", ENDS, "the Runtime API answered 500 to next"),
            ),
            Row(
                "next-no-id",
                {NEXT: [f.NO_REQUEST_ID]},
                answer=None,
                exits=1,
                calls="",
                rollouts=0,
                log=Line("error", ENDS, "without Lambda-Runtime-Aws-Request-Id"),
            ),
            Row("next-closed-while-idle", {NEXT: [None, f.CLOSED]}),
            Row("answer-413", {ANSWER: [f.TOO_LARGE]}, log=Line("error", NOT_TAKEN, "answered 413")),
            Row("answer-403", {ANSWER: [f.FORBIDDEN]}, log=Line("error", NOT_TAKEN, "answered 403")),
            Row("answer-500", {ANSWER: [f.SERVER_ERROR]}, exits=1, log=Line("error", NOT_TAKEN, "answered 500")),
            Row("answer-closed", {ANSWER: [f.CLOSED]}),
            Row("answer-reset-before", {ANSWER: [f.RESET_BEFORE]}),
            Row(
                "answer-closed-and-taken",
                {ANSWER: [f.CLOSED.after_doing_it(), f.FORBIDDEN]},
                log=Line("error", NOT_TAKEN, "answered 403"),
            ),
            Row("answer-silent", {ANSWER: [f.SILENT]}, exits=1, log=Line("error", NOT_TAKEN, "timed out")),
        ),
    ),
    Group(
        "Lambda gives the event once more",
        (
            Row(
                "answer-500-again",
                {ANSWER: [f.SERVER_ERROR]},
                exits=1,
                again=Again("ignored", f"{LOOK}{RECORDS}"),
                needs=COALESCES,
            ),
            Row(
                "sigterm-again",
                {UPDATE: [f.TERMINATED]},
                answer=None,
                exits=-15,
                rollouts=0,
                again=Again("deployed", "DLU"),
            ),
            Row(
                "sigterm-after-again",
                {UPDATE: [f.TERMINATED.after_doing_it()]},
                answer=None,
                exits=-15,
                again=Again("ignored", f"{LOOK}{RECORDS}"),
                needs=COALESCES,
            ),
            Row(
                "silent-until-the-deadline-again",
                {UPDATE: [f.SILENT.after_doing_it()]},
                deadline=9.0,
                answer=FAILED,
                says=("timed out",),
                again=Again("ignored", f"{LOOK}{RECORDS}"),
                needs=COALESCES,
            ),
            Row("answer-413-again", {ANSWER: [f.TOO_LARGE]}, again=Again("deployed", ""), needs=COALESCES),
            Row("delivered-twice", again=Again("deployed", ""), needs=COALESCES),
        ),
    ),
    Group(
        "The log",
        (
            Row("stdout-closed", stdout="is closed"),
            Row("stdout-stderr-closed", stdout="is closed, and stderr too"),
            Row("stdout-full-disk", stdout="is a file on a full disk"),
            Row("stdout-full-pipe", stdout="is a pipe that nobody empties"),
            Row("stdout-abandoned", stdout="is a pipe that nobody reads any more"),
        ),
    ),
    Group(
        "SIGTERM",
        (
            Row("sigterm", {UPDATE: [f.TERMINATED]}, answer=None, exits=-15, rollouts=0),
            Row("sigterm-after", {UPDATE: [f.TERMINATED.after_doing_it()]}, answer=None, exits=-15),
        ),
    ),
)


def shown(group: Group) -> list[Row]:
    """Its rows of the behaviours that the function has."""
    return [row for row in group.rows if row.needs is None or row.needs in HAS]


def rows() -> list[Row]:
    return [row for group in GROUPS for row in shown(group)]
