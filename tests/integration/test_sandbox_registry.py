"""The registry of `ci_lambda sandbox`: botocore's model, boto3 and the AWS CLI as judges, and what a push brings about."""

import json

import botocore.exceptions
import pytest

from support.clients import sandbox_client
from support.model import call, call_ecr
from support.programs import Sandbox, aws_cli, cli, free_ports
from support.waiting import eventually

API = "shop_service_api"
WITHIN_THE_QUOTA = 0.2  # seconds between looks that ECS's quota of requests allows for ever
SERVICE = {"cluster": "shop_cluster_dev", "service": "shop_service_api_dev"}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("--speed", "600") as sandbox:
        yield sandbox


@pytest.fixture
def ecr(sandbox):
    return sandbox_client("ecr", sandbox.url)


def push(sandbox: Sandbox, image: str) -> dict:
    """What `ci_lambda sandbox push` does."""
    status, _, body = sandbox.post("/sandbox/push", image.encode())
    assert status == 200, body
    return json.loads(body)


def running_digest(sandbox: Sandbox) -> str:
    """Of the newest service revision."""
    newest = call(sandbox, "ListServiceDeployments", **SERVICE)["serviceDeployments"][0]
    arns = [newest["targetServiceRevisionArn"]]
    revisions = call(sandbox, "DescribeServiceRevisions", serviceRevisionArns=arns)["serviceRevisions"]
    return revisions[0]["containerImages"][0]["imageDigest"]


def test_every_operation_answers_as_the_model_has_it(sandbox):
    call_ecr(sandbox, "CreateRepository", repositoryName="tools/model")
    call_ecr(sandbox, "PutImageTagMutability", repositoryName="tools/model", imageTagMutability="IMMUTABLE")
    assert len(call_ecr(sandbox, "DescribeRepositories")["repositories"]) == 5
    ids = call_ecr(sandbox, "ListImages", repositoryName=API, filter={"tagStatus": "TAGGED"})["imageIds"]
    assert {one["imageTag"] for one in ids} >= {"v1.9", "v1.10", "v1.42"}
    details = call_ecr(sandbox, "DescribeImages", repositoryName=API)["imageDetails"]
    assert any("imageTags" not in one for one in details), "the manifests of the platforms have no tag"
    got = call_ecr(
        sandbox, "BatchGetImage", repositoryName=API, imageIds=[{"imageTag": "v1.42"}, {"imageTag": "v9"}, {}]
    )
    assert [one["failureCode"] for one in got["failures"]] == ["ImageNotFound", "MissingDigestAndTag"]
    manifest = got["images"][0]["imageManifest"]
    put = call_ecr(sandbox, "PutImage", repositoryName=API, imageManifest=manifest, imageTag="model")
    assert put["image"]["imageId"]["imageDigest"] == got["images"][0]["imageId"]["imageDigest"]
    gone = call_ecr(
        sandbox, "BatchDeleteImage", repositoryName=API, imageIds=[{"imageTag": "model"}, {"imageTag": "v9"}]
    )
    assert len(gone["imageIds"]) == 1 and gone["failures"][0]["failureCode"] == "ImageNotFound"


def test_boto3_finds_the_errors_that_ecr_has(ecr):
    with pytest.raises(ecr.exceptions.ImageNotFoundException, match="imageTag:'v9'"):
        ecr.describe_images(repositoryName=API, imageIds=[{"imageTag": "v9"}])
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException, match="'other'"):
        ecr.batch_get_image(repositoryName="other", imageIds=[{"imageTag": "v9"}])
    ecr.create_repository(repositoryName="tools/frozen", imageTagMutability="IMMUTABLE")
    one = '{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":1}}'
    ecr.put_image(repositoryName="tools/frozen", imageManifest=one, imageTag="v1")
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(repositoryName="tools/frozen", imageManifest=one, imageTag="v1")
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException, match="immutable"):
        ecr.put_image(repositoryName="tools/frozen", imageManifest=one + " ", imageTag="v1")
    with pytest.raises(botocore.exceptions.ClientError, match="GetLifecyclePolicy"):
        ecr.get_lifecycle_policy(repositoryName=API)


def test_the_aws_cli_lists_page_by_page(sandbox):
    listed = aws_cli(sandbox, "ecr", "list-images", "--repository-name", API, "--page-size", "2", "--output", "json")
    assert listed.returncode == 0, listed.stderr
    tags = [one.get("imageTag") for one in json.loads(listed.stdout)["imageIds"]]
    assert tags.count("v1.42") == 1 and len(tags) >= 15


def test_a_push_of_several_platforms_deploys_once_and_runs_what_the_task_definition_names(sandbox):
    pushed = push(sandbox, "api:v1.42")
    assert pushed["image"] == f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{API}:v1.42"

    def answers() -> list[dict] | None:
        done = [
            one for one in sandbox.get("/sandbox/invocations") if one["from"] == "ecr" and one["status"] == "done"
        ]
        mine = [one["event"]["detail"]["image-digest"] for one in done]
        return done[: mine.index(pushed["digest"]) + 1][-5:] if pushed["digest"] in mine else None

    invocations = eventually(answers, "the push's event")
    details = [one["event"]["detail"] for one in invocations]
    assert ["image-tag" in one for one in details] == [False] * 4 + [True]
    assert [one["answer"]["status"] for one in invocations] == ["ignored"] * 4 + ["deployed"]
    assert eventually(lambda: running_digest(sandbox) == pushed["digest"], "the deployment", WITHIN_THE_QUOTA)


def test_push_on_the_command_line_reaches_the_sandbox_that_runs(sandbox):
    port = sandbox.url.rsplit(":", 1)[1]
    done = cli("sandbox", "push", "shop/api:v1.43", "--port", port)
    assert done.code == 0
    digest = call_ecr(sandbox, "DescribeImages", repositoryName=API, imageIds=[{"imageTag": "v1.43"}])["imageDetails"][
        0
    ]["imageDigest"]
    assert done.out.splitlines()[:2] == [
        f"pushed 123456789012.dkr.ecr.us-east-1.amazonaws.com/{API}:v1.43",
        f"  {digest}",
    ]


@pytest.mark.parametrize(
    "image, words",
    [
        ("api", "needs a tag"),
        ("nothing:v1", "known are: shop_backend, shop_service_api, shop_service_web, shop_service_worker"),
    ],
)
def test_a_push_that_is_refused_says_the_way_out(sandbox, image, words):
    port = sandbox.url.rsplit(":", 1)[1]
    done = cli("sandbox", "push", image, "--port", port)
    assert done.code == 1
    assert words in done.err


def test_a_push_without_a_sandbox_says_how_to_start_one():
    (port,) = free_ports(1)
    done = cli("sandbox", "push", "api:v1", "--port", str(port))
    assert done.code == 1
    assert f"no sandbox answers at http://127.0.0.1:{port}" in done.err


@pytest.mark.parametrize("words", [["push"], ["push", ""], ["pull", "api:v1"], ["push", "api:v1", "--demo"]])
def test_a_push_that_is_wrongly_written_is_wrong_usage(words):
    done = cli("sandbox", *words)
    assert done.code == 2
    assert "push" in done.err
