"""Figures of README: those that the latest runs of a study drew, copied to docs/pictures; `make pictures`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES: Mapping[tuple[str, str], str] = {
    ("driver_analysis", "demo"): "importance",
    ("churn_survival", "demo"): "hazard_ratios",
    ("attrition_risk", "demo"): "profit_curve",
    ("clv_roi", "demo"): "waterfall",
    ("campaign_return", "completejourney"): "past_campaigns",
}
"""Name of the figure by study and dataset."""


def main(root: Path = ROOT) -> int:
    """Copy them all; 1 where there is no run of a study.

    Parameters
    ----------
    root
        The project.
    """
    absent = []
    for (study, dataset), figure in PICTURES.items():
        drawn = latest(root, study, dataset, figure)
        if drawn is None:
            absent.append(f"{study} on {dataset} ({figure}.svg)")
            continue
        target = root / "docs" / "pictures" / f"{study}.svg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(drawn.read_text(encoding="utf-8"), encoding="utf-8")
        print(f"docs/pictures/{target.name}: {drawn.relative_to(root)}")
    if absent:
        print(
            f"no run has drawn: {', '.join(absent)}; `make story` and `workbench run campaign_return` do.",
            file=sys.stderr,
        )
    return int(bool(absent))


def latest(root: Path, study: str, dataset: str, figure: str) -> Path | None:
    """The figure of the last run that drew it.

    Parameters
    ----------
    root
        The project.
    study, dataset, figure
        Names.
    """
    for manifest in sorted((root / "reports" / study).glob("2*/manifest.json"), reverse=True):
        drawn = manifest.parent / "figures" / f"{figure}.svg"
        if json.loads(manifest.read_text(encoding="utf-8")).get("dataset") == dataset and drawn.exists():
            return drawn
    return None


if __name__ == "__main__":
    sys.exit(main())
