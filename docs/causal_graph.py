"""Draws docs/causal_graph.svg: `python docs/causal_graph.py`. The same graph every time."""

from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure

from workbench.reporting.figures import STYLE, save_svg

# Name: centre, text, and whether the tables have it ("seen"), nobody has ("unseen") or it can be decided ("act").
NODES = {
    "segments": (1.0, 5.6, "plan, region, age", "seen"),
    "traits": (1.0, 4.4, "quality met,\nat all and each\ntouchpoint", "unseen"),
    "initiative": (1.0, 3.0, "initiative\nor pilot", "act"),
    "loyalty": (3.4, 6.6, "loyalty", "unseen"),
    "experience": (3.4, 4.4, "experience\nat 8 touchpoints", "unseen"),
    "complaint": (3.4, 2.6, "complaint,\nresolved or not", "seen"),
    "price": (5.8, 6.6, "price over\nlist price", "seen"),
    "satisfaction": (5.8, 4.4, "satisfaction", "unseen"),
    "ratings": (5.8, 2.6, "ratings", "seen"),
    "frailty": (8.2, 6.6, "frailty", "unseen"),
    "hazard": (8.2, 5.1, "hazards of leaving\nover price, service", "unseen"),
    "orders": (8.2, 3.8, "orders and\namounts", "seen"),
    "reply": (8.2, 2.2, "reply, answers\n(NPS, CSAT, CES)", "seen"),
    "call": (10.6, 6.6, "retention call\nor letter", "act"),
    "intention": (10.6, 5.1, "intention\nto leave", "unseen"),
    "signs": (12.8, 6.6, "logins, enquiries,\nreminders", "seen"),
    "leaving": (12.8, 5.1, "leaving, and why", "seen"),
    "cash": (10.6, 3.8, "cash flow", "seen"),
    "need": (10.6, 2.2, "need, ended or not", "unseen"),
    "involuntary": (12.8, 2.6, "hazards over need,\nunpaid bills", "unseen"),
    "taste": (5.8, 1.4, "rate and size\nof orders", "unseen"),
}
EDGES = (
    ("segments", "experience"), ("traits", "experience"), ("initiative", "experience"), ("experience", "complaint"),
    ("experience", "satisfaction"), ("experience", "ratings"), ("complaint", "satisfaction"),
    ("loyalty", "satisfaction"), ("loyalty", "hazard"), ("price", "satisfaction"), ("price", "hazard"),
    ("satisfaction", "hazard"), ("satisfaction", "orders"), ("satisfaction", "reply"), ("satisfaction", "ratings"),
    ("frailty", "hazard"), ("call", "hazard"), ("call", "intention"), ("hazard", "intention"),
    ("involuntary", "intention"), ("involuntary", "leaving"), ("intention", "leaving"), ("intention", "signs"),
    ("intention", "orders"),
    ("loyalty", "orders"), ("need", "involuntary"), ("need", "orders"), ("taste", "orders"), ("orders", "cash"),
    ("leaving", "cash"),
)  # fmt: skip
LOOK = {
    "seen": {"facecolor": "#e8f0fa", "edgecolor": "#0b559f", "linestyle": "-"},
    "unseen": {"facecolor": "white", "edgecolor": "#6b7682", "linestyle": "--"},
    "act": {"facecolor": "#fbefd9", "edgecolor": "#c4820e", "linestyle": "-"},
}


def draw() -> Figure:
    """The graph; boxes with full lines stand in the tables, dashed ones in the truth alone."""
    matplotlib.style.use(STYLE)
    figure = Figure(figsize=(11.6, 5.4), layout="constrained")
    ax = figure.subplots()
    ax.set_xlim(-0.1, 14.1)
    ax.set_ylim(0.5, 7.2)
    ax.axis("off")
    boxes = {
        name: ax.text(x, y, text, ha="center", va="center", fontsize=10,
                      bbox={"boxstyle": "round,pad=0.45", "linewidth": 1.2, **LOOK[kind]}, zorder=3)
        for name, (x, y, text, kind) in NODES.items()
    }  # fmt: skip
    for start, end in EDGES:
        ax.annotate(
            "", xy=NODES[end][:2], xytext=NODES[start][:2],
            arrowprops={"arrowstyle": "-|>", "color": "#4a5563", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 2,
                        "patchA": boxes[start].get_bbox_patch(), "patchB": boxes[end].get_bbox_patch(),
                        "mutation_scale": 11},
            zorder=2,
        )  # fmt: skip
    for place, (kind, text) in enumerate(
        (("seen", "in the tables"), ("unseen", "seen by nobody"), ("act", "can be decided, seen"))
    ):
        ax.text(0.2 + 1.9 * place, 0.7, text, fontsize=9, va="center",
                bbox={"boxstyle": "round,pad=0.3", "linewidth": 1, **LOOK[kind]})  # fmt: skip
    return figure


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(save_svg(draw()), "utf-8")
