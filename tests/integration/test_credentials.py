"""Every place where `ci_lambda` looks for credentials, and that none of them is passed over in silence."""

import json
import os
import stat
import subprocess

import pytest

from support.programs import NO_CREDENTIALS, cli, function_environment, program
from support.servers import PATIENCE, EcsStub, HttpStub, Request, Response, SlackStub


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".aws").mkdir()
    return tmp_path


def executable(path, text: str) -> str:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def credential_of(request: Request) -> str:
    return request.header("Authorization").split("Credential=")[1].split("/")[0]


def deploy_with(environment: dict, ecs: EcsStub) -> tuple[str, str | None]:
    """Deploys; returns the access key id and the token that ECS was shown."""
    done = cli("deploy", "api", environment=environment)
    assert done.code == 0, done.err
    request = ecs.requests("UpdateService")[0]
    return credential_of(request), request.header("X-Amz-Security-Token")


def test_without_credentials_it_says_where_it_looked(ecs, home):
    done = cli("deploy", "api", environment=function_environment(ecs.url, HOME=str(home), **NO_CREDENTIALS))
    assert done.code != 0
    for place in ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS", ".aws"):
        assert place in done.err
    assert ecs.requests() == [], "an unsigned request was sent"


def test_half_a_key_is_an_error_and_not_passed_over(ecs, home):
    environment = function_environment(ecs.url, HOME=str(home), AWS_SECRET_ACCESS_KEY=None, AWS_SESSION_TOKEN=None)
    done = cli("deploy", "api", environment=environment)
    assert done.code != 0
    assert "AWS_SECRET_ACCESS_KEY" in done.err
    assert ecs.requests() == []


def test_credential_process_of_a_profile(ecs, home):
    answer = {
        "Version": 1,
        "AccessKeyId": "AKIDPROCESS",
        "SecretAccessKey": "process/secret+key=",
        "SessionToken": "process-token",
    }
    script = executable(home / "get creds", f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
    (home / ".aws" / "config").write_text(f'[profile shop]\ncredential_process = "{script}"\n')
    environment = function_environment(ecs.url, HOME=str(home), AWS_PROFILE="shop", **NO_CREDENTIALS)
    assert deploy_with(environment, ecs) == ("AKIDPROCESS", "process-token")


FAILING_PROCESS = "#!/bin/sh\necho \"the key is top/secret, the webhook <$SLACK_WEBHOOK_URL>\" >&2\nexit 3\n"


def with_failing_process(ecs: EcsStub, slack: SlackStub, home) -> dict[str, str]:
    script = executable(home / "creds", FAILING_PROCESS)
    (home / ".aws" / "config").write_text(f"[default]\ncredential_process = {script}\n")
    return function_environment(
        ecs.url,
        HOME=str(home),
        ENABLE_SLACK_NOTIFICATIONS="true",
        SLACK_WEBHOOK_URL=slack.webhook,
        **NO_CREDENTIALS,
    )


def test_what_a_failing_credential_process_says_is_neither_logged_nor_posted(ecs, home):
    with SlackStub() as slack:
        done = cli("deploy", "api", environment=with_failing_process(ecs, slack, home))
        assert done.code == 1
        assert "exit code 3" in done.err
        assert "top/secret" not in done.out + done.err + json.dumps(slack.messages)


def all_of(terminal: int) -> str:
    """What was written to a terminal that nobody has open any more; it may come in several pieces."""
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # EIO is a terminal's end of file
            return shown.decode()
        if not piece:
            return shown.decode()
        shown += piece


def test_a_person_at_a_terminal_sees_what_a_failing_credential_process_says_and_it_has_no_webhook(ecs, home):
    with SlackStub() as slack:
        environment = with_failing_process(ecs, slack, home)
        ours, theirs = os.openpty()
        with open(ours, "rb", buffering=0) as terminal:
            try:
                subprocess.run(
                    [program("CI_LAMBDA_CLI"), "deploy", "api"],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=theirs,
                    timeout=PATIENCE,
                )
            finally:
                os.close(theirs)
            shown = all_of(ours)
        assert "the key is top/secret, the webhook <>" in shown
        ours_of_it = [line for line in shown.splitlines() if not line.startswith("the key is")]
        assert "exit code 3" in "".join(ours_of_it) and "top/secret" not in "".join(ours_of_it)
        assert "top/secret" not in json.dumps(slack.messages)


def test_static_keys_of_the_default_profile(ecs, home):
    (home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIDSTATIC\naws_secret_access_key = static/secret+key=\n"
    )
    environment = function_environment(ecs.url, HOME=str(home), **NO_CREDENTIALS)
    assert deploy_with(environment, ecs) == ("AKIDSTATIC", None)


def test_everything_else_is_left_to_the_aws_cli(ecs, home):
    answer = {
        "Version": 1,
        "AccessKeyId": "AKIDEXPORTED",
        "SecretAccessKey": "exported/secret",
        "SessionToken": "exported-token",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    (home / "bin").mkdir()
    executable(
        home / "bin" / "aws",
        f'#!/bin/sh\necho "$@" >"{home}/arguments"\ncat <<\'END\'\n{json.dumps(answer)}\nEND\n',
    )
    (home / ".aws" / "config").write_text("[profile sso]\nsso_session = company\nsso_role_name = Admin\n")
    environment = function_environment(
        ecs.url, HOME=str(home), AWS_PROFILE="sso", PATH=f"{home}/bin:/usr/bin:/bin", **NO_CREDENTIALS
    )
    assert deploy_with(environment, ecs) == ("AKIDEXPORTED", "exported-token")
    arguments = (home / "arguments").read_text()
    assert "configure export-credentials" in arguments and "sso" in arguments


def test_a_profile_that_is_not_there_is_named(ecs, home):
    (home / ".aws" / "config").write_text("[profile shop]\nregion = eu-west-1\n")
    environment = function_environment(ecs.url, HOME=str(home), AWS_PROFILE="shpo", **NO_CREDENTIALS)
    done = cli("deploy", "api", environment=environment)
    assert done.code != 0
    assert "shpo" in done.err
    assert ecs.requests() == []


class CredentialEndpoint(HttpStub):
    def handle(self, request: Request):
        if request.header("Authorization") != "Basic container-token":
            return Response(401, {"message": "who are you?"})
        return Response(
            200,
            {
                "AccessKeyId": "AKIDCONTAINER",
                "SecretAccessKey": "container/secret",
                "Token": "container-session",
                "Expiration": "2099-01-01T00:00:00Z",
            },
        )


def test_container_credentials(ecs, home):
    with CredentialEndpoint() as endpoint:
        environment = function_environment(
            ecs.url,
            HOME=str(home),
            AWS_CONTAINER_CREDENTIALS_FULL_URI=endpoint.url + "/role",
            AWS_CONTAINER_AUTHORIZATION_TOKEN="Basic container-token",
            **NO_CREDENTIALS,
        )
        assert deploy_with(environment, ecs) == ("AKIDCONTAINER", "container-session")


def test_container_credentials_are_not_fetched_from_a_stranger_over_plain_http(ecs, home):
    environment = function_environment(
        ecs.url, HOME=str(home), AWS_CONTAINER_CREDENTIALS_FULL_URI="http://192.0.2.1/role", **NO_CREDENTIALS
    )
    done = cli("deploy", "api", environment=environment)
    assert done.code != 0
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in done.err
    assert ecs.requests() == []


def test_the_environment_wins_over_the_profile(ecs, home):
    (home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIDSTATIC\naws_secret_access_key = static\n"
    )
    key, _ = deploy_with(function_environment(ecs.url, HOME=str(home)), ecs)
    assert key == function_environment(ecs.url)["AWS_ACCESS_KEY_ID"]
