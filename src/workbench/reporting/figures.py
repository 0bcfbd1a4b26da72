"""The house style of figures, and figures as small SVG files that are the same every time.

Text stays text: the reader's browser draws it, so scripts that matplotlib has no letters for (Chinese, Arabic, emoji)
are shown, words can be selected, and a figure is smaller than with drawn letters.
"""

import io
import re
import sys
import warnings
from pathlib import Path

from workbench.textwidth import cells, wrap

STYLE: Path = Path(__file__).with_name("workbench.mplstyle")

_MARGIN = 4  # pixels between a title and the edge of the canvas
_SHORTEST = 8  # cells of a line of a title, however little room there is

# One of these in a label would make the whole file unreadable to an XML parser.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def use_style() -> bool:
    """Apply the house style where matplotlib is loaded; loading it here would cost every study half a second.

    Returns
    -------
    bool
        Whether it was applied.
    """
    if "matplotlib" not in sys.modules:
        return False
    import matplotlib.style

    matplotlib.style.use(STYLE)
    return True


def save_svg(figure) -> str:
    """A figure as SVG text, byte-identical for the same figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.axes.Axes
        An axes stands for the figure that holds it.

    Returns
    -------
    str
        One `<svg>` element without date, program or document type. What labels say is escaped.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> _ = figure.subplots().set_title("a < b")
    >>> save_svg(figure) == save_svg(figure), "a &lt; b" in save_svg(figure)
    (True, True)
    """
    from matplotlib import rc_context

    figure = getattr(figure, "figure", None) or figure
    target = io.StringIO()
    with rc_context({"svg.hashsalt": "workbench", "svg.fonttype": "none"}), warnings.catch_warnings():
        # Not true of text that the browser draws.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        _fit_axis_titles(figure)
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    text = target.getvalue()
    return NOT_XML.sub("\ufffd", text[text.index("<svg") :])


def _fit_axis_titles(figure) -> None:
    """Break titles of axes into lines where they would run out of the canvas: layouts give them room in height only."""
    width, height = figure.bbox.width, figure.bbox.height
    for _ in range(2):  # a title in two lines leaves the axes, and so the other title, less room
        figure.draw_without_rendering()
        for ax in figure.axes:
            x_box, y_box = ax.xaxis.label.get_window_extent(), ax.yaxis.label.get_window_extent()
            _break(ax.xaxis.label, x_box.width, _room((x_box.x0 + x_box.x1) / 2, width))
            _break(ax.yaxis.label, y_box.height, _room((y_box.y0 + y_box.y1) / 2, height))


def _room(centre: float, end: float) -> float:
    """Length of the longest text around `centre` that stays between 0 and `end`."""
    return 2 * min(centre, end - centre) - _MARGIN


def _break(label, length: float, room: float) -> None:
    text = label.get_text()
    if text and length > room > 0:
        width = max(int(max(map(cells, text.splitlines())) * room / length), _SHORTEST)
        label.set_text("\n".join(wrap(" ".join(text.split()), width)))
