"""The search for secrets in what a program prints and answers."""

from __future__ import annotations

import urllib.parse

from .programs import SECRET_ACCESS_KEY, SESSION_TOKEN
from .servers import SlackStub

WEBHOOK_SECRET = SlackStub.PATH.rsplit("/", 1)[1]


def assert_no_secret(text: str) -> None:
    for name, secret in {
        "webhook": WEBHOOK_SECRET,
        "webhook path": SlackStub.PATH,
        "secret key": SECRET_ACCESS_KEY,
        "session token": SESSION_TOKEN,
    }.items():
        assert secret not in text, f"the {name} was printed"
        # As it would stand inside JSON or a URL.
        assert secret.replace("/", "\\/") not in text, f"the {name} was printed, escaped"
        for safe in ("", "/"):
            encoded = urllib.parse.quote(secret, safe=safe)
            assert encoded.lower() not in text.lower(), f"the {name} was printed, encoded"
