"""One result of a notebook as a piece of HTML, for the reader in JupyterLab.

Cheap to import (jinja2 only): every study pays for it. Lab shows the HTML of a bundle and not its image, so a figure
brings its image along.
"""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, Template

from workbench.reporting.body import svg_uri
from workbench.reporting.documents import text_of
from workbench.reporting.page import environment, finished
from workbench.reporting.phrases import TONES
from workbench.reporting.results import Anchors, finding_view, metrics_block, table_block


def card(payload: Mapping, *, svg: str | None = None) -> str:
    """The HTML of one payload; everything in it is escaped.

    Parameters
    ----------
    payload
        What stands under `findings.MIME`: kind `finding`, `metrics`, `checks`, `figure`, `table` or `lines`.
    svg
        The image of a figure.

    Returns
    -------
    str
        A fragment without ids, scripts or stylesheet, in colours that suit a light and a dark Lab.

    Raises
    ------
    ValueError
        The payload is of no known kind or has not its shape.

    Examples
    --------
    >>> "a &lt; b" in card({"kind": "metrics", "metrics": {"a < b": 0.56689}})
    True
    """
    view = _view(payload)
    if view is None:
        kind = payload.get("kind")
        raise ValueError(f"got a payload of kind {kind!r}, expected a finding, metrics, checks, figure, table or lines")
    if payload["kind"] == "figure" and svg:
        view["source"], view["width"], view["height"] = svg_uri(svg)
    return finished(_template().render(view=view)).strip()


@cache
def _template() -> Template:
    place: Environment = environment()
    return place.get_template("card.html.j2")


def _view(payload: Mapping) -> dict | None:
    match payload:
        case {"kind": "finding", "finding": Mapping() as finding}:
            return {**finding_view(finding), "kind": "finding"}
        case {"kind": "checks", "checks": list() as checks}:
            checks = [check for check in checks if isinstance(check, Mapping)]
            return {
                "kind": "checks",
                "checks": [
                    {"tone": TONES.get(text_of(check, "status"), "bad"), "message": text_of(check, "message")}
                    for check in checks
                ],
            }
        case {"kind": "metrics"}:
            return metrics_block(payload)
        case {"kind": "table"}:
            return table_block(payload, None, Anchors())
        case {"kind": "lines"}:
            return {"kind": "lines", "text": text_of(payload, "text"), "caption": text_of(payload, "caption")}
        case {"kind": "figure"}:
            title, alt = text_of(payload, "title"), text_of(payload, "alt")
            return {
                "kind": "figure",
                "title": title,
                "alt": alt or title,
                "caption": text_of(payload, "caption"),
                "source": "",
            }
    return None
