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

    Everything that a template prints is escaped unless one of our filters has cleaned it; a name that is not there is
    an error and not an empty text.

    Parameters
    ----------
    environment
        Of jinja2, new.
    """
    environment.autoescape = True
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    words = {"_": wording.sentence, "plural": wording.plural, "language": wording.language}
    environment.globals.update(words, asset=asset, policy=policy, SIGNS=SIGNS)
    environment.filters.update(number=wording.number)
    return environment


@cache
def environment() -> Environment:
    """The environment of pages that are not made from a notebook."""
    return furnish(Environment(loader=FileSystemLoader(TEMPLATES)))


@cache
def asset(name: str) -> Markup:
    """Our own stylesheet or script, as it goes into the page.

    Parameters
    ----------
    name
        Of its file among the templates.
    """
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


@cache
def policy(script: str) -> str:
    """The content security policy of a page: our stylesheet, our one script, images inside the page, nothing else.

    Browsers compare what stands between the tags with the digest, so not even a fault in the escaping lets foreign
    script run, and no page of ours can send a request.

    Parameters
    ----------
    script
        Name of the page's script among the templates.
    """
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest('style.css')}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def finished(html: str) -> str:
    """A page as it may be written to a file: only characters that HTML and UTF-8 can hold.

    Parameters
    ----------
    html
        As the template gave it.
    """
    return NOT_TEXT.sub("\ufffd", html)


def _digest(name: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(asset(name).encode()).digest()).decode()
