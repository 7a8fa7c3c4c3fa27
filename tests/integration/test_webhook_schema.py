"""Messages of channels, judged by what nobody here wrote: JSON Schema, and Standard Webhooks' own check of signatures."""

import datetime
import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest
import standardwebhooks

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "webhook.schema.json").read_text())


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> list[dict]:
    directory = tmp_path_factory.mktemp("samples")
    subprocess.run(
        [os.environ["CI_LAMBDA_UNIT_SERVICES"], "--gtest_filter=Samples.*"],
        env=os.environ | {"CI_LAMBDA_SAMPLES": str(directory)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    found = [json.loads(path.read_text()) for path in sorted(directory.iterdir())]
    assert len(found) == 44
    return found


def test_webhooks_are_what_their_schema_says(samples):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for sample in samples:
        validator.validate(json.loads(sample["body"]))


@pytest.mark.parametrize("member", ["type", "timestamp", "data"])
def test_the_schema_refuses_what_lacks_something(samples, member):
    body = json.loads(samples[0]["body"])
    del body[member]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, SCHEMA)


@pytest.fixture
def at_that_time(monkeypatch, samples):
    """The samples were made in a test's own time."""
    sent = int(samples[0]["headers"]["webhook-timestamp"])

    class Then(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(sent, tz)

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Then)


def test_standard_webhooks_knows_our_signatures(samples, at_that_time):
    webhook = standardwebhooks.Webhook(KEY)
    for sample in samples:
        assert webhook.verify(sample["body"], sample["headers"]) == json.loads(sample["body"])


def test_standard_webhooks_refuses_what_was_changed(samples, at_that_time):
    webhook = standardwebhooks.Webhook(KEY)
    changed = samples[0]["body"].replace("deployment.", "deployments.", 1)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        webhook.verify(changed, samples[0]["headers"])
