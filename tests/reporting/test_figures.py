import itertools
import subprocess
import sys
import warnings
from xml.etree import ElementTree

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from matplotlib.figure import Figure

from workbench.reporting import figures


def drawn(**labels) -> str:
    with matplotlib.style.context(figures.STYLE):
        figure = Figure()
        axes = figure.subplots()
        axes.fill_between([0, 1], [0, 1], [1, 2], alpha=0.2)
        axes.plot([0, 1], [0, 1])
        axes.set(**labels)
        return figures.save_svg(axes)


def text(svg: str) -> str:
    return " ".join(
        element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    )


def test_the_same_figure_is_the_same_bytes_and_carries_no_date():
    first, second = drawn(title="Half leave"), drawn(title="Half leave")
    assert first == second
    assert "<dc:date>" not in first
    assert "<dc:creator>" not in first


def test_an_axes_stands_for_its_figure():
    figure = Figure()
    assert figures.save_svg(figure.subplots()) == figures.save_svg(figure)


@pytest.mark.parametrize(
    "label",
    [
        "<script>alert(1)</script>",
        '"/><image href="https://example.org/x"/>',
        "]]><g onload='alert(1)'>",
        "costs $5 to $10 & more",
        "顧客 عميل 😀",
        "a\\b_{c}^2 {{ x }}",
    ],
)
def test_labels_arrive_as_text_whatever_they_say(label):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # and no warning about letters that the browser will draw
        svg = drawn(title=label, xlabel=label)
    assert label in text(svg)
    tags = {element.tag.split("}")[1] for element in ElementTree.fromstring(svg).iter()}
    assert not tags & {"script", "image", "foreignObject"}


def test_control_characters_in_a_label_leave_a_readable_file():
    assert "bell\ufffd" in text(drawn(title="bell\x07"))


def test_a_figure_is_as_wide_as_the_text_of_the_report():
    assert 'width="460.8pt"' in drawn()


def test_using_the_style_does_not_load_matplotlib():
    program = (
        "import sys; from workbench.reporting.figures import use_style; print(use_style(), 'matplotlib' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).split() == ["False", "False"]


def test_using_the_style_sets_it():
    with matplotlib.rc_context():
        assert figures.use_style()
        assert matplotlib.rcParams["axes.spines.top"] is False


# Machado, Oliveira, Fernandes 2009, severity 1: how colours look to the three kinds of colour blindness, in linear RGB.
VISIONS = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    channels = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(channels: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ channels
    x, y, z = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.fixture
def colours() -> list[str]:
    with matplotlib.style.context(figures.STYLE):
        return matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]


@pytest.mark.parametrize("vision", VISIONS)
def test_series_stay_apart_for_colour_blind_readers(colours, vision):
    seen = [lab(np.clip(np.array(VISIONS[vision]) @ linear(colour), 0, 1)) for colour in colours]
    # A difference of 2.3 in CIE Lab is just noticeable; lines on a page need several times that.
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 15


def test_every_series_stands_out_from_white(colours):
    assert len(colours) <= 6
    luminance = [linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in colours]
    assert all(1.05 / (value + 0.05) >= 3 for value in luminance)  # WCAG 1.4.11


def outside(figure) -> list[str]:
    """Texts of a figure that do not lie on its canvas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        figure.draw_without_rendering()
    texts = [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    return [
        said
        for said, box in boxes
        if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.width + 1 or box.y1 > figure.bbox.height + 1
    ]


def test_titles_of_axes_stay_on_the_canvas():
    """Also where the machine that measures them lacks letters: the browser has them."""
    with matplotlib.style.context(figures.STYLE):
        figure = Figure(figsize=(6.2, 1.9))
        axes = figure.subplots()
        axes.set_yticks([0, 1], ["A label that takes a third", "of the width of the figure"])
        axes.set_xlabel("Rate of leaving against the reference, which is the largest group (1 = the same)")
        axes.set_ylabel("Kunden, die noch da sind / 仍在网客户")
        assert outside(figure)
        svg = figures.save_svg(figure)
        assert outside(figure) == []
    assert "(1 = the same)" in text(svg)
