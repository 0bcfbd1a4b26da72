"""Foreign markup made harmless: markdown and HTML out of a notebook, through nbconvert's own filters."""

import re

import bleach
from bs4 import BeautifulSoup
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "var",
]
IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
LINK = re.compile(r"(https?://|mailto:|#|[\w.-]+(/[\w.-]+)*$)", re.IGNORECASE)
# No ids (they are anchors of the page), no classes (they would borrow its looks), no inline style.
ATTRIBUTES = {
    "a": lambda tag, name, value: name == "title" or (name == "href" and bool(LINK.match(value))),
    "abbr": ["title"],
    "img": lambda tag, name, value: name in ("alt", "title") or (name == "src" and bool(IMAGE.fullmatch(value))),
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
    "ol": ["start"],
}
# Their content is no text for readers, so it goes with them.
SILENT = [
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
    "head",
    "title",
    "textarea",
]


def prose(markdown: str) -> Markup:
    """Markdown as clean HTML: no script, no request, no heading (those are the page's).

    Parameters
    ----------
    markdown
        From a notebook, which anyone can write.
    """
    html = MarkdownWithMath(renderer=_Renderer(escape=False, allow_harmful_protocols=False)).render(markdown)
    return clean(html)


def clean(html: str) -> Markup:
    """HTML with nothing in it but text, tables, links for people and images that it carries itself.

    Parameters
    ----------
    html
        From anywhere.
    """
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup(SILENT):
        tag.decompose()
    for image in soup("img"):
        # An image from elsewhere would be a request, and a broken one says less than its description.
        if not IMAGE.fullmatch(str(image.get("src") or "")):
            image.replace_with(f"[{image.get('alt') or 'image'}]")
        elif not image.get("alt"):
            image["alt"] = "An image; its author gave no description."
    protocols = ["http", "https", "mailto", "data"]  # the attributes above say where `data` may stand
    html = bleach.clean(str(soup), tags=TAGS, attributes=ATTRIBUTES, protocols=protocols, strip=True)
    # Wide tables scroll inside themselves; the tags are clean by now, and these are ours.
    html = html.replace("<table>", '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>')
    return Markup(html.replace("</table>", "</table></div>"))


def is_bare(html: Markup) -> bool:
    """Whether cleaning left nothing to see.

    Parameters
    ----------
    html
        From `clean`.
    """
    return not html.striptags().strip() and "<img" not in html


class _Renderer(IPythonRenderer):
    """Headings that are left in prose (underlined ones) become a strong line: the page's outline stays its own."""

    def heading(self, text: str, level: int, **attrs: object) -> str:
        return f"<p><strong>{text}</strong></p>\n"

    def block_mermaidjs(self, code: str) -> str:
        return super().block_code(code)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return self.text(f"[{text}]") if not IMAGE.fullmatch(url) else super().image(text, url, title)
