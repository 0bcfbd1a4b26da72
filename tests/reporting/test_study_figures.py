"""Every figure of the studies as a reader sees it: no text off its canvas, none on another."""

import pytest
from tests.test_second_language import (
    CHURN,
    DRIVERS,
    QUICK_CHURN,
    QUICK_DRIVERS,
    QUICK_RISK,
    answers,
    lifetimes,
    run_study,
    simulate,
    trial,
)

pytestmark = pytest.mark.browser

# Boxes of texts as the browser draws them, without the room above and below the letters.
MEASURE = """svg => {
  const root = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim()).map(t => {
    const box = t.getBoundingClientRect(), size = t.getBBox();
    const trim = Math.min(box.width, box.height) * 0.15;
    return {text: t.textContent.trim(), turned: box.height > box.width && size.width > size.height,
            left: box.left + trim, right: box.right - trim, top: box.top + trim, bottom: box.bottom - trim};
  });
  const out = boxes.filter(b => b.left < root.left - 1 || b.right > root.right + 1 || b.top < root.top - 1 ||
                                b.bottom > root.bottom + 1).map(b => `off the canvas: ${b.text}`);
  for (let i = 0; i < boxes.length; i++) for (let j = 0; j < i; j++) {
    const a = boxes[i], b = boxes[j];
    if (a.text === b.text && Math.abs(a.left - b.left) < 2 && Math.abs(a.top - b.top) < 2) continue;  // an outline
    if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      out.push(`on another: ${a.text} / ${b.text}`);
  }
  return out;
}"""


def faults(chromium, svg):
    page = chromium.new_page()
    try:
        page.set_content(f"<!doctype html><body style='margin:0'>{svg}")
        return page.evaluate(f"({MEASURE})(document.querySelector('svg'))")
    finally:
        page.close()


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">{}</svg>'


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ('<text x="10" y="30">one</text><text x="10" y="60">two</text>', []),
        ('<text x="190" y="30">long</text>', ["off the canvas: long"]),
        ('<text x="10" y="30">one</text><text x="14" y="34">two</text>', ["on another: two / one"]),
    ],
)
def test_texts_are_measured_as_they_are_drawn(chromium, texts, found):
    assert faults(chromium, SVG.format(texts)) == found


def assert_legible(chromium, run):
    figures = sorted(run.glob("figures/*.svg"))
    assert figures
    found = {path.stem: said for path in figures if (said := faults(chromium, path.read_text()))}
    assert not found


def test_figures_of_churn_are_legible(chromium, bench):
    assert_legible(chromium, trial(bench, "churn_survival", CHURN, lifetimes(), *QUICK_CHURN))


@pytest.mark.slow
def test_figures_of_drivers_are_legible(chromium, bench):
    assert_legible(chromium, trial(bench, "driver_analysis", DRIVERS, answers(), *QUICK_DRIVERS))


@pytest.mark.slow
def test_figures_of_who_leaves_next_are_legible(chromium, bench):
    assert_legible(chromium, trial(bench, "attrition_risk", CHURN, lifetimes(1200), *QUICK_RISK))


@pytest.mark.slow
def test_figures_of_a_simulated_company_are_legible(chromium, bench):
    simulate(bench)
    assert_legible(chromium, run_study(bench, "world_validation"))


# Names as companies have them: long, in Chinese, with two lines of words.
LONG = {
    "Basic": "企业旗舰版年付套餐含全部增值服务",
    "Premium": "Premium plan with everything that there is, for two years",
}


@pytest.mark.slow
def test_long_names_stay_on_the_canvas_of_every_figure(chromium, bench):
    frame = lifetimes()
    assert_legible(
        chromium, trial(bench, "churn_survival", CHURN, frame.assign(plan=frame["plan"].map(LONG)), *QUICK_CHURN)
    )
