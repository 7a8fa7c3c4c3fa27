"""What people ask for by an image: `deploy --image-tag`, `diff`, `history`, `check`, `promote`, and events that name one."""

import json
import re

import pytest

from support.model import call, call_ecr
from support.programs import Function, Sandbox, cli, function_environment
from support.terminal import OnTerminal

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
API = "shop_service_api"
FAMILY = "shop_service_api_dev"
SERVICE = {"cluster": "shop_cluster_dev", "service": FAMILY}
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def sandbox():
    with Sandbox("--speed", "1000") as sandbox:
        yield sandbox


def environment(sandbox: Sandbox, **settings: str) -> dict[str, str]:
    return function_environment(sandbox.url, LOG_LEVEL="info", AWS_ENDPOINT_URL_ECR=sandbox.url, **settings)


def run(sandbox: Sandbox, *arguments: str, **settings: str):
    return cli(*arguments, environment=environment(sandbox, **settings))


def digest_of(sandbox: Sandbox, tag: str, repository: str = API) -> str:
    answer = call_ecr(sandbox, "DescribeImages", repositoryName=repository, imageIds=[{"imageTag": tag}])
    return answer["imageDetails"][0]["imageDigest"]


def newest(sandbox: Sandbox, family: str = FAMILY) -> dict:
    return call(sandbox, "DescribeTaskDefinition", taskDefinition=family, include=["TAGS"])["taskDefinition"]


def image_of(definition: dict) -> str:
    return definition["containerDefinitions"][0]["image"]


def put_index_for(sandbox: Sandbox, architecture: str, tag: str) -> None:
    """An image of this platform alone, under a tag of its own."""
    ids = [{"imageTag": "v1.42"}]
    got = call_ecr(sandbox, "BatchGetImage", repositoryName=API, imageIds=ids)["images"][0]
    index = json.loads(got["imageManifest"])
    index["manifests"] = [one for one in index["manifests"] if one["platform"]["architecture"] == architecture]
    text = json.dumps(index)
    call_ecr(
        sandbox, "PutImage", repositoryName=API, imageManifest=text, imageManifestMediaType=OCI_INDEX, imageTag=tag
    )


def test_an_image_tag_is_registered_by_its_digest_and_deployed(sandbox):
    digest = digest_of(sandbox, "v1.10")
    done = run(sandbox, "deploy", "api", "--image-tag", "v1.10", "--wait")
    assert done.code == 0, done.err
    assert re.search(rf"api: completed after .*{FAMILY}:43", done.out)
    assert image_of(newest(sandbox)) == f"{HOST}/{API}:v1.10@{digest}", "older than the newest revision's v1.42"
    again = run(sandbox, "deploy", "api", "--image-tag", "v1.10", "--wait")
    assert again.code == 0, again.err
    assert newest(sandbox)["revision"] == 43, "the same digest registers nothing"
    by_digest = run(sandbox, "deploy", "api", "--image", f"{HOST}/{API}@{digest}")
    assert by_digest.code == 0 and "already rolled out" in by_digest.out


def test_a_dry_run_looks_the_image_up_and_registers_nothing(sandbox):
    done = run(sandbox, "deploy", "api", "--image-tag", "v1.10", "--dry-run")
    assert done.code == 0, done.err
    short = digest_of(sandbox, "v1.10")[:19]
    assert f"would register a copy of {FAMILY}:42 with {API} = {API} v1.10@{short} (now v1.42)" in done.out
    as_json = run(sandbox, "deploy", "api", "--image-tag", "v1.10", "--dry-run", "--json").json()
    registration = as_json["deployments"][0]["registration"]
    assert registration["images"][0]["to"] == f"{HOST}/{API}:v1.10@{digest_of(sandbox, 'v1.10')}"
    assert newest(sandbox)["revision"] == 42


@pytest.mark.parametrize(
    "image, words",
    [
        (["--image-tag", "v9"], [f"there is no image {HOST}/{API}:v9", "aws ecr list-images --repository-name"]),
        (["--image", "nginx:1"], [f"no container of {FAMILY}:42 uses the repository nginx", f"its images are of {HOST}"]),
        (["--image-tag", "arm"], ["is for linux/arm64", "which is linux/amd64", "build it for that platform"]),
    ],
)
def test_what_cannot_be_deployed_is_an_error_that_says_why_and_registers_nothing(sandbox, image, words):
    put_index_for(sandbox, "arm64", "arm")
    for verb in (["deploy", "api"], ["deploy", "api", "--dry-run"], ["diff", "api"]):
        done = run(sandbox, *verb, *image)
        assert done.code == 1, done.out
        for word in words:
            assert word in done.err
    assert newest(sandbox)["revision"] == 42


@pytest.mark.parametrize("words", [["--image-tag", ""], ["--image-tag", "a b"], ["--image", "repo"]])
def test_what_is_no_image_is_an_error_before_anything_is_asked(sandbox, words):
    done = run(sandbox, "deploy", "api", *words)
    assert done.code != 0
    assert "image" in done.err
    assert newest(sandbox)["revision"] == 42


def test_a_manual_event_may_name_an_image_whatever_the_mode(sandbox):
    settings = {"AWS_ENDPOINT_URL_ECR": sandbox.url, "ECR_DEPLOY_MODE": "redeploy", "ECR_PIN": "digest"}
    with Function(function_environment(sandbox.url, **settings)) as function:
        deployed = function.invoke({"service": "api", "image_tag": "v1.10"}).body
        digest = digest_of(sandbox, "v1.10")
        assert deployed["status"] == "deployed", deployed
        assert image_of(newest(sandbox)) == f"{HOST}/{API}@{digest}"
        again = function.invoke({"service": "api", "image": f"{API}:v1.10"}).body
        assert again["deployments"][0]["task_definition"].endswith(":43"), "nothing is registered twice"
        missing = function.invoke({"service": "api", "image_tag": "v9"})
        assert "there is no image" in missing.text
        both = function.invoke({"service": "api", "image_tag": "v9", "image": "a:b"})
        assert "both given" in both.text


def test_diff_shows_what_a_deployment_would_change_and_says_it_by_its_exit_code(sandbox):
    newer = run(sandbox, "diff", "api", "worker", "--exit-code")
    assert newer.code == 3, newer.err
    assert newer.out.splitlines()[:3] == [
        f"api: {FAMILY}:9 → {FAMILY}:42",
        f"  ~ container {API}",
        f"    ~ image {API}: v1.9 → v1.42",
    ]
    run(sandbox, "deploy", "api", "--wait")
    same = run(sandbox, "diff", "api", "--exit-code")
    assert same.code == 0 and "nothing would change" in same.out
    with_image = run(sandbox, "diff", "api", "--image-tag", "v1.10", "--json").json()
    assert with_image[0]["next"] == f"a copy of {FAMILY}:42"
    member = with_image[0]["containers"][0]["members"][0]
    assert member["after"] == f"{HOST}/{API}:v1.10@{digest_of(sandbox, 'v1.10')}"
    assert newest(sandbox)["revision"] == 42, "nothing was registered"


def test_diff_sees_that_a_tag_has_moved(sandbox):
    run(sandbox, "deploy", "api", "--wait")
    before = digest_of(sandbox, "v1.42")
    # Not by a push, which the function would deploy: a tag that is moved by hand.
    got = call_ecr(sandbox, "BatchGetImage", repositoryName=API, imageIds=[{"imageTag": "v1.10"}])["images"][0]
    call_ecr(sandbox, "BatchDeleteImage", repositoryName=API, imageIds=[{"imageTag": "v1.42"}])
    put = {"imageManifest": got["imageManifest"], "imageManifestMediaType": OCI_INDEX, "imageTag": "v1.42"}
    call_ecr(sandbox, "PutImage", repositoryName=API, **put)
    members = run(sandbox, "diff", "api", "--json").json()[0]["containers"]
    running = members[0]["members"][0] if members else None
    if running is not None:
        assert running["member"] == "image (the tag has moved)"
        assert running["before"] == before and running["after"] == digest_of(sandbox, "v1.10")
    else:  # the push of that tag has been deployed by the function in the meantime
        records = call(sandbox, "ListServiceDeployments", **SERVICE)["serviceDeployments"]
        assert len(records) >= 3


def test_history_has_verdict_image_commit_and_reason(sandbox):
    run(sandbox, "deploy", "api", "--image-tag", "v1.10", "--reason", "the old one was better", "--wait")
    sandbox.post("/sandbox/scenario", b"api=image-not-found")
    run(sandbox, "deploy", "api", "--image-tag", "v1.42", "--wait", ROLLBACK_ON_FAILURE="true")
    rows = run(sandbox, "history", "api", "--json").json()
    assert [row["verdict"] for row in rows] == ["rolled back", "completed", "completed"]
    good = rows[1]
    assert good["reason"] == "the old one was better"
    assert good["images"][0]["digest"] == digest_of(sandbox, "v1.10")
    assert good["images"][0]["version"] == "v1.10"
    assert re.fullmatch("[0-9a-f]{40}", good["images"][0]["revision"])
    assert good["images"][0]["source"] == f"https://github.com/shop/{API}"
    text = run(sandbox, "history", "api").out
    assert f"commit {good['images'][0]['revision'][:12]} of https://github.com/shop/{API}, version v1.10" in text
    assert "because the old one was better" in text
    assert re.search(r"rolled back +44 ", text) and "    ECS: " in text
    assert len(run(sandbox, "history", "api", "--limit", "1", "--json").json()) == 1


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_history_and_diff_fit_into_a_terminal(sandbox, columns):
    for verb in (["history", "api"], ["diff", "api", "--image-tag", "v1.10"]):
        with OnTerminal(*verb, environment=environment(sandbox), columns=columns) as terminal:
            assert terminal.finish() == 0
        assert all(len(line) < columns for line in terminal.screens[-1])


def test_check_finds_images_that_are_gone(sandbox):
    run(sandbox, "deploy", "api", "--wait")
    assert "images: those that run, and those that a rollback would bring back, are there" in run(sandbox, "check").out
    old, new = digest_of(sandbox, "v1.9"), digest_of(sandbox, "v1.42")
    call_ecr(sandbox, "BatchDeleteImage", repositoryName=API, imageIds=[{"imageDigest": old}])
    warned = run(sandbox, "check")
    assert warned.code == 0, warned.out
    assert re.search(rf"NOTE  service api: a rollback would bring back {FAMILY}:9 with \S+@{old}", warned.out)
    call_ecr(sandbox, "BatchDeleteImage", repositoryName=API, imageIds=[{"imageDigest": new}])
    bad = run(sandbox, "check")
    assert bad.code == 1
    assert re.search(rf"BAD   service api: it runs \S+@{new}, and it is not there any more", bad.out)


def test_promote_deploys_the_proven_digest_in_the_other_environment(sandbox):
    run(sandbox, "deploy", "api", "--image-tag", "v1.10", "--wait")
    dry = run(sandbox, "promote", "api", "--from", "dev", "--to", "prod", "--dry-run")
    assert dry.code == 0, dry.err
    assert "would register a copy of shop_service_api_prod:9" in dry.out
    done = run(sandbox, "promote", "api", "--from", "dev", "--to", "prod", "--wait")
    assert done.code == 0, done.err
    assert "shop_service_api_prod:10" in done.out
    definition = newest(sandbox, "shop_service_api_prod")
    assert image_of(definition) == f"{HOST}/{API}:v1.10@{digest_of(sandbox, 'v1.10')}"
    again = run(sandbox, "promote", "api", "--from", "dev", "--to", "prod")
    assert again.code == 0 and "already rolled out" in again.out
    rows = run(sandbox, "history", "api", "--json", PROJECT_ENV="prod").json()
    assert rows[0]["reason"] == f"promoted from dev: {FAMILY}:43"


def test_an_event_promotes_what_has_proven_good_in_another_environment(sandbox):
    run(sandbox, "deploy", "api", "--image-tag", "v1.10", "--wait")
    request = {"service": "api", "promote_from": "dev"}
    with Function(environment(sandbox, PROJECT_ENV="prod")) as function:
        (deployment,) = function.invoke(request).body["deployments"]
        assert deployment["status"] == "deployed", deployment
        assert deployment["reason"] == f"manual deployment of what runs in dev ({FAMILY}:43 in dev)"
        definition = newest(sandbox, "shop_service_api_prod")
        assert image_of(definition) == f"{HOST}/{API}:v1.10@{digest_of(sandbox, 'v1.10')}"
        event = {"source": "action.prod", "detail-type": "DEPLOY", "id": "again", "detail": request}
        assert function.invoke(event).body["deployments"][0]["status"] == "ignored", "it runs already"
        nobody = function.invoke({"service": "worker", "promote_from": "stage"})
        assert "what worker runs in stage is not known: ecs DescribeServices: ClusterNotFoundException" in nobody.text
        sandbox.post("/sandbox/scenario", b"api=no-capacity")
        run(sandbox, "deploy", "api", "--image-tag", "v1.42")
        rolling = function.invoke(request)
        assert "is still rolling in dev" in rolling.text
    assert newest(sandbox, "shop_service_api_prod")["revision"] == definition["revision"]


def test_promote_says_what_has_not_proven_good_and_what_it_lacks(sandbox):
    without = run(sandbox, "promote", "api", "--to", "prod")
    assert without.code == 2 and "--from dev" in without.err
    same = run(sandbox, "promote", "api", "--from", "dev", "--to", "dev")
    assert same.code == 2 and "is the same service as in dev" in same.err
    nobody = run(sandbox, "promote", "worker", "--from", "dev", "--to", "prod")
    assert nobody.code == 1 and "shop_service_worker_prod" in nobody.err
    sandbox.post("/sandbox/scenario", b"api=no-capacity")
    run(sandbox, "deploy", "api", "--image-tag", "v1.42")
    rolling = run(sandbox, "promote", "api", "--from", "dev", "--to", "prod")
    assert rolling.code == 1 and "is still rolling in dev" in rolling.err
    assert newest(sandbox, "shop_service_api_prod")["revision"] == 9
