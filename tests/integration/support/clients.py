"""boto3's clients of the sandbox."""

import boto3
from botocore.config import Config


def sandbox_client(service: str, url: str):
    """Whatever fails is seen at once: nothing is tried again."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(retries={"total_max_attempts": 1}),
    )


def client_in(service: str, url: str, region: str, credentials: dict | None = None):
    """The same in one of several regions; `credentials` of a role, as AssumeRole gives them."""
    keys = credentials or {"AccessKeyId": "sandbox", "SecretAccessKey": "sandbox", "SessionToken": None}
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )
