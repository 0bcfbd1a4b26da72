"""What every page of ours has in common: the templates, escaping always on, and a policy that lets nothing else run."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from workbench import wording
from workbench.reporting.phrases import SIGNS

TEMPLATES = Path(__file__).parent / "templates"

# What HTML cannot hold: control characters and halves of surrogate pairs.
NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def furnish(environment: Environment) -> Environment:
    """Make an environment one of ours. Must happen before its first template is read.

    Everything that a template prints is escaped unless one of our filters has cleaned it; a name that is not there is an
    error and not an empty text.
    """
    environment.autoescape = True
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(_=wording.sentence, asset=asset, policy=policy, SIGNS=SIGNS)
    environment.filters.update(number=wording.number)
    return environment


@cache
def environment() -> Environment:
    """The environment of pages that are not made from a notebook."""
    return furnish(Environment(loader=FileSystemLoader(TEMPLATES)))


@cache
def asset(name: str) -> Markup:
    """Our own stylesheet or script, as it goes into the page."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


@cache
def policy(*, style: str, script: str) -> str:
    """The content security policy of a page: our one stylesheet, our one script, images inside the page, nothing else.

    Browsers compare what stands between the tags with the digest, so not even a fault in the escaping lets foreign
    script run, and no page of ours can send a request.
    """
    allowed = {"script-src": script, "style-src": style}
    digests = "; ".join(f"{kind} 'sha256-{_digest(asset(name))}'" for kind, name in allowed.items())
    return f"default-src 'none'; img-src data:; {digests}; base-uri 'none'; form-action 'none'"


def finished(html: str) -> str:
    """A page as it may be written to a file: only characters that HTML and UTF-8 can hold."""
    return NOT_TEXT.sub("\ufffd", html)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
