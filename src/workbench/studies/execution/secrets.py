"""Secrets of the environment stay there: they are taken out of everything that a run writes down."""

import html
import json
import os
import re
from collections.abc import Mapping

NAME = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|_KEY$|_URL$|_URI$|_DSN$", re.IGNORECASE
)
SHORTEST = 6  # a shorter value would take ordinary words out of the report


def environment_secrets(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Values of variables whose names say that they are secret, longest first.

    Parameters
    ----------
    environment
        By name; that of this process where it is not said.
    """
    found = {value for name, value in environment.items() if NAME.search(name) and len(value) >= SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """`text`, plain or JSON, without the secrets: as they are, as Python shows them, and marked up.

    Parameters
    ----------
    text
        From a kernel.
    secrets
        From `environment_secrets`.

    Examples
    --------
    >>> redact("password is hunter2!", ("hunter2!",))
    'password is [secret]'
    """
    for secret in secrets:
        marked = html.escape(secret)
        for shape in (secret, repr(secret)[1:-1], marked, marked.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")):
            for written in (shape, json.dumps(shape, ensure_ascii=False)[1:-1]):
                text = text.replace(written, "[secret]")
    return text
