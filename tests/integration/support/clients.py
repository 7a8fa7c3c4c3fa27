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
