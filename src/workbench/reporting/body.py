"""The executed notebook as the blocks of a page: narrative, code, figures, tables, and what is only said in a whisper.

Reads plain JSON, so a notebook that someone else wrote, or that ends in the middle of a run, is read as far as it makes
sense. A block is a dict with a `kind`; the template knows how each looks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from workbench.findings import MIME
from workbench.reporting.documents import text_of
from workbench.reporting.results import Anchors, file_link, metrics_block, table_block
from workbench.wording import number, plural, sentence

# Characters: a page that can be mailed has a megabyte or two; what is longer is in notebook.ipynb.
LONGEST_TEXT = 20_000
LONGEST_MARKUP = 400_000
LARGEST_IMAGE = 2_000_000
LONGEST_OUTPUTS = 4_000_000  # of all that libraries show of themselves: two images, or ten long tables
MOST_OUTPUTS = 100  # of them on a page: ten screens, and nobody reads more

HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
FENCE = re.compile(r"^ {0,3}(```|~~~)")
ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
OBJECT = re.compile(r"^[\[(]?<.* at 0x[0-9a-f]+>", re.IGNORECASE)
SVG_TAG = re.compile(r"<svg\b[^>]*>", re.IGNORECASE)
# Cells for whoever works in JupyterLab, and what papermill writes into a failed notebook: the page has its own words.
LAB_TAG = "lab"
MARKER_TAGS = {"papermill-error-cell-tag", LAB_TAG}


@dataclass
class Body:
    """What a notebook says, in order.

    Attributes
    ----------
    blocks
        Everything but the limits.
    limits
        The section headed "Limits", which the page keeps for its end.
    figures
        The first figure of each name.
    diagnostics
        What cells wrote to their streams: `{"step", "stream", "text"}`.
    error
        `{"step", "summary", "traceback"}` of the first cell that raised, or None.
    steps_not_run
        Code cells after the one where the run stopped.
    stopped_step
        Heading of the cell where the run stopped, if it did.
    shown, length
        How many outputs of libraries stand on the page, and their characters.
    """

    blocks: list[dict] = field(default_factory=list)
    limits: list[dict] = field(default_factory=list)
    figures: dict[str, dict] = field(default_factory=dict)
    tables: dict[str, dict] = field(default_factory=dict)
    diagnostics: list[dict] = field(default_factory=list)
    error: dict | None = None
    steps_not_run: int = 0
    stopped_step: str = ""
    shown: int = 0
    length: int = 0


def read_body(notebook: Mapping, folder: Path, *, title: str, question: str, complete: bool, anchors: Anchors) -> Body:
    """Read an executed notebook.

    Parameters
    ----------
    notebook
        nbformat 4, as JSON.
    folder
        The run's folder, for links to its files.
    title, question
        What the head of the page says already and the narrative need not repeat.
    complete
        False for a run that failed or was interrupted: the narrative then ends where the run did.
    anchors
        The anchors of the page.
    """
    body = Body()
    step, opened, stopped = title, False, False
    after: list[dict] = []  # narrative of steps that the run did not reach
    for cell in _cells(notebook):
        source = text_of_lines(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            blocks = list(split_markdown(source))
            if not opened:
                opened, blocks = True, _without_opening(blocks, question)
            for block in blocks:
                step = block["text"] if block["kind"] == "heading" else step
            (after if stopped else body.blocks).extend(blocks)
        elif cell.get("cell_type") == "code" and stopped:
            body.steps_not_run += bool(source.strip())
        elif cell.get("cell_type") == "code":
            if source.strip():
                body.blocks.append({"kind": "code", "source": source})
            outputs = _outputs(cell)
            body.diagnostics += _streams(outputs, step)
            for output in outputs:
                body.blocks.extend(_output(output, step, folder, body, anchors))
            body.blocks = _left_out_told(body.blocks)
            if not complete and _stopped_in(cell):
                stopped, body.stopped_step = True, step
                body.blocks.append({"kind": "stop", "step": step})
    body.blocks, body.limits = _take_limits(body.blocks)
    body.limits = body.limits or _take_limits(after)[1]
    for blocks in (body.blocks, body.limits):
        _settle_headings(blocks, anchors)
    return body


def read_tables(notebook: Mapping) -> Iterator[Mapping]:
    """The payloads of the tables that a notebook shows, in order.

    Parameters
    ----------
    notebook
        Executed, as JSON.
    """
    for cell in _cells(notebook):
        for output in _outputs(cell):
            data = output.get("data")
            payload = data.get(MIME) if isinstance(data, Mapping) else None
            if isinstance(payload, Mapping) and payload.get("kind") == "table":
                yield payload


def split_markdown(source: str) -> Iterator[dict]:
    r"""Headings and the prose between them; what looks like a heading inside a fenced block is none.

    Parameters
    ----------
    source
        Markdown of one cell.

    Examples
    --------
    >>> [block["kind"] for block in split_markdown("Text.\n## By **plan**\nMore.")]
    ['prose', 'heading', 'prose']
    """
    prose: list[str] = []
    fence = None
    for line in source.splitlines():
        mark = FENCE.match(line)
        if mark and fence in (None, mark[1]):
            fence = None if fence else mark[1]
        heading = None if fence or mark else HEADING.match(line)
        if heading is None:
            prose.append(line)
            continue
        yield from _prose(prose)
        prose = []
        yield {"kind": "heading", "level": len(heading[1]), "text": plain(heading[2] or "")}
    yield from _prose(prose)


def plain(markdown: str) -> str:
    """A heading without its marks.

    Parameters
    ----------
    markdown
        The heading's text without its number signs.

    Examples
    --------
    >>> plain("The *hazard* of [plan](https://x.org) `A_b`")
    'The hazard of plan A_b'
    """
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text)
    return re.sub(r"(?<!\w)([*_`])(.+?)\1(?!\w)", r"\2", text).strip()


def text_of_lines(value: object) -> str:
    """A notebook's text, which is a string or a list of lines.

    Parameters
    ----------
    value
        As it stands in the notebook; anything else is an empty text.
    """
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def without_ansi(text: str) -> str:
    r"""Text as a terminal would leave it: no colours, and of an overwritten line only its end.

    Parameters
    ----------
    text
        What was printed.

    Examples
    --------
    >>> without_ansi("\x1b[31mError\x1b[0m\n 10%\r100%\n")
    'Error\n100%\n'
    """
    lines = ANSI.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)


def svg_uri(svg: str) -> tuple[str, str, str]:
    """An SVG as a data URI, with its width and height in pixels ("" where it does not say).

    As an image it runs no script and loads nothing; percent-encoding is a quarter smaller than base64.

    Parameters
    ----------
    svg
        The document.
    """
    tag = SVG_TAG.search(svg)
    width, height = (_pixels(tag[0], side) if tag else "" for side in ("width", "height"))
    return "data:image/svg+xml," + quote(svg, safe=" '()*+,-./:;=?@[]_~!$|{}^`", errors="replace"), width, height


def _cells(notebook: Mapping) -> Iterator[Mapping]:
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, Mapping) and not MARKER_TAGS.intersection(_tags(cell)):
            yield cell


def _outputs(cell: Mapping) -> list[Mapping]:
    outputs = cell.get("outputs")
    return [output for output in outputs if isinstance(output, Mapping)] if isinstance(outputs, list) else []


def _metadata(cell: Mapping, key: str) -> object:
    metadata = cell.get("metadata")
    return metadata.get(key) if isinstance(metadata, Mapping) else None


def _tags(cell: Mapping) -> list[str]:
    tags = _metadata(cell, "tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _stopped_in(cell: Mapping) -> bool:
    papermill = _metadata(cell, "papermill")
    status = papermill.get("status") if isinstance(papermill, Mapping) else None
    return status in ("failed", "running") or any(output.get("output_type") == "error" for output in _outputs(cell))


def _prose(lines: list[str]) -> Iterator[dict]:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield {"kind": "prose", "source": text}


def _without_opening(blocks: list[dict], question: str) -> list[dict]:
    """The first narrative cell without its heading (the title) and its first sentence (the question)."""
    if not blocks or blocks[0]["kind"] != "heading":
        return blocks
    rest = blocks[1:]
    words = question.split()
    if words and rest and rest[0]["kind"] == "prose":
        asked = re.match(r"\s*" + r"\s+".join(map(re.escape, words)), rest[0]["source"])
        if asked:
            rest[:1] = _prose([rest[0]["source"][asked.end() :].strip()])
    return rest


def _take_limits(blocks: list[dict]) -> tuple[list[dict], list[dict]]:
    for start, block in enumerate(blocks):
        if block["kind"] == "heading" and _is_limits(block["text"]):
            end = next(
                (
                    i
                    for i, b in enumerate(blocks[start + 1 :], start + 1)
                    if b["kind"] == "heading" and b["level"] <= block["level"]
                ),
                len(blocks),
            )
            return blocks[:start] + blocks[end:], blocks[start + 1 : end]
    return blocks, []


def _is_limits(heading: str) -> bool:
    own = sentence("Limits").casefold()
    return heading.casefold() == own or bool(re.match(r"limit(s|ations?)\b", heading.casefold()))


def _settle_headings(blocks: list[dict], anchors: Anchors) -> None:
    """Levels of the page: the notebook's second is the page's third, and none is left out on the way down."""
    above = 2
    for block in blocks:
        if block["kind"] == "heading":
            above = block["level"] = min(max(block["level"], 2) + 1, above + 1, 6)
            block["anchor"] = anchors.take("section", block["text"])
    _mark_empty(blocks)


def _mark_empty(blocks: list[dict]) -> None:
    """Headings with nothing but code under them are shown together with the code."""
    for i, block in enumerate(blocks):
        if block["kind"] == "heading":
            block["empty"] = True
            for below in blocks[i + 1 :]:
                if below["kind"] == "heading" and below["level"] <= block["level"]:
                    break
                if below["kind"] not in ("heading", "code"):
                    block["empty"] = False
                    break


def _output(output: Mapping, step: str, folder: Path, body: Body, anchors: Anchors) -> Iterator[dict]:
    match output.get("output_type"):
        case "error":
            error = _error(output, step)
            body.error = body.error or error
            yield error
        case "display_data" | "execute_result":
            data = output.get("data")
            yield from _display(data if isinstance(data, Mapping) else {}, step, folder, body, anchors)


def _streams(outputs: list[Mapping], step: str) -> Iterator[dict]:
    """What a cell wrote to each of its streams, in however many pieces."""
    pieces: dict[str, list[str]] = {}
    for output in outputs:
        if output.get("output_type") == "stream":
            stream = "stderr" if output.get("name") == "stderr" else "stdout"
            pieces.setdefault(stream, []).append(text_of_lines(output.get("text")))
    for stream, texts in pieces.items():
        if (text := "".join(texts)).strip():
            yield {"step": step, "stream": stream, "text": _shortened(without_ansi(text))}


def _left_out_told(blocks: list[dict]) -> list[dict]:
    """Outputs beyond the page's measure as one line."""
    count = sum(block["kind"] == "left out" for block in blocks)
    if not count:
        return blocks
    what = plural(
        "{n} more output of this step is in notebook.ipynb.",
        "{n} more outputs of this step are in notebook.ipynb.",
        count,
    )
    return [*(block for block in blocks if block["kind"] != "left out"), {"kind": "hidden", "what": what}]


def _error(output: Mapping, step: str) -> dict:
    name, value = text_of(output, "ename", "Error"), without_ansi(text_of(output, "evalue")).strip()
    lines = value.splitlines()
    if len(value) > 800 or len(lines) > 8:
        value = lines[-1][:800]
    told = output.get("traceback")
    trace = "\n".join(line for line in told if isinstance(line, str)) if isinstance(told, list) else ""
    return {
        "kind": "error",
        "step": step,
        "summary": f"{name}: {value}" if value else name,
        "traceback": _shortened(without_ansi(trace)),
    }


def _display(data: Mapping, step: str, folder: Path, body: Body, anchors: Anchors) -> Iterator[dict]:
    payload = data.get(MIME)
    if payload is not None:
        block = _payload(payload, data, folder, anchors) if isinstance(payload, Mapping) else None
        if block is None:
            yield {
                "kind": "hidden",
                "what": sentence("A result of the wrong shape is not shown here; it is in notebook.ipynb."),
            }
            return
        if block["kind"] == "figure":
            body.figures.setdefault(block["name"], block)
        elif block["kind"] == "table":
            body.tables.setdefault(block["name"], block)
        yield block
        return
    length = sum(len(text_of_lines(value)) for value in data.values())
    if body.shown >= MOST_OUTPUTS or body.length + min(length, LARGEST_IMAGE) > LONGEST_OUTPUTS:
        yield {"kind": "left out"}
        return
    body.shown, body.length = body.shown + 1, body.length + min(length, LARGEST_IMAGE)
    image = _image(data)
    if image:
        alt = sentence("A figure of the step “{step}”; its author gave no description.", step=step)
        yield {
            "kind": "figure",
            "anchor": anchors.take("figure", step),
            "name": "",
            "title": "",
            "alt": alt,
            "caption": "",
            "file": "",
            **image,
        }
    else:
        yield from _foreign(data, step, body)


def _foreign(data: Mapping, step: str, body: Body) -> Iterator[dict]:
    """What a library shows of itself: text and cleaned HTML; anything that would have to run is only named."""
    if foreign := sorted(str(kind) for kind in data if not str(kind).startswith(("text/", "application/json"))):
        yield {"kind": "hidden", "what": _hidden(", ".join(foreign))}
    elif "text/javascript" in data:
        yield {"kind": "hidden", "what": _hidden("text/javascript")}
    elif "text/html" in data:
        html = text_of_lines(data["text/html"])
        if len(html) > LONGEST_MARKUP:
            yield {
                "kind": "hidden",
                "what": sentence("A very long output of HTML is not shown here; it is in notebook.ipynb."),
            }
        else:
            yield {"kind": "html", "source": html, "label": sentence("Output of the step “{step}”", step=step)}
    elif "text/markdown" in data:
        yield {"kind": "prose", "source": text_of_lines(data["text/markdown"])[:LONGEST_MARKUP]}
    else:
        text = without_ansi(text_of_lines(data.get("text/plain") or data.get("text/latex")))
        if OBJECT.match(text):
            body.diagnostics.append({"step": step, "stream": "stdout", "text": _shortened(text)})
        elif text.strip():
            yield {
                "kind": "text",
                "text": _shortened(text),
                "label": sentence("Output of the step “{step}”", step=step),
            }


def _hidden(kind: str) -> str:
    return sentence("An output of the kind {kind} is not shown here; it is in notebook.ipynb.", kind=kind)


def _payload(payload: Mapping, data: Mapping, folder: Path, anchors: Anchors) -> dict | None:
    match payload.get("kind"):
        case "finding":
            finding = payload.get("finding")
            return {"kind": "finding", "id": text_of(finding, "id")} if isinstance(finding, Mapping) else None
        case "checks":
            checks = payload.get("checks")
            names = (
                [text_of(check, "name") for check in checks if isinstance(check, Mapping)]
                if isinstance(checks, list)
                else None
            )
            return {"kind": "checks", "names": names} if names is not None else None
        case "metrics":
            return metrics_block(payload)
        case "table":
            return table_block(payload, folder, anchors)
        case "lines":
            return {"kind": "lines", "text": text_of(payload, "text"), "caption": text_of(payload, "caption")}
        case "figure":
            name = text_of(payload, "name", "figure")
            title, alt = text_of(payload, "title"), text_of(payload, "alt")
            return {
                "kind": "figure",
                "anchor": anchors.take("figure", name),
                "name": name,
                "title": title,
                "alt": alt or title or name,
                "caption": text_of(payload, "caption"),
                "file": file_link(folder, "figures", f"{name}.svg"),
                **(_image(data) or {"source": "", "width": "", "height": ""}),
            }
    return None


def _image(data: Mapping) -> dict | None:
    svg = text_of_lines(data.get("image/svg+xml"))
    if SVG_TAG.search(svg) and len(svg) <= LARGEST_IMAGE:
        source, width, height = svg_uri(svg)
        return {"source": source, "width": width, "height": height}
    for kind in ("image/png", "image/jpeg", "image/gif", "image/webp"):
        content = re.sub(r"\s+", "", text_of_lines(data.get(kind)))
        if content and len(content) <= LARGEST_IMAGE and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", content):
            return {"source": f"data:{kind};base64,{content}", "width": "", "height": ""}
    return None


def _pixels(tag: str, side: str) -> str:
    match = re.search(rf"\s{side}=[\"']([0-9.]+)(pt|px)?[\"']", tag)
    if not match or match[1].count(".") > 1 or match[1] == ".":
        return ""
    return str(round(float(match[1]) * (4 / 3 if match[2] == "pt" else 1)))


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    rest = len(text) - LONGEST_TEXT
    return text[:LONGEST_TEXT] + "\n" + sentence("… and {rest} characters more, in notebook.ipynb", rest=number(rest))
