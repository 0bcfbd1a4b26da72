"""`make demo` and `make story`: studies one after the other, what each does said beforehand, all headlines at the end.

A tour is a list of steps; each is a command that anybody could type. A later study reads the runs of this very tour.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
GATE = 3  # exit code of a run whose report says not to use its numbers: it is there to be read, so the tour goes on


@dataclass(frozen=True, kw_only=True)
class Step:
    """One study on one dataset.

    Attributes
    ----------
    study, dataset
        Names.
    about
        What it does, for people.
    lasts
        About how long, measured on two cores.
    parameters
        Of the run; `{study}` stands for the run id of an earlier step.
    """

    study: str
    dataset: str
    about: str
    lasts: str
    parameters: Mapping[str, str] = field(default_factory=dict)


DEMO = (
    Step(
        study="driver_analysis",
        dataset="mobi",
        about="what moves the satisfaction of 250 mobile customers (a real survey)",
        lasts="half a minute",
    ),
    Step(
        study="churn_survival",
        dataset="telco",
        about="when 7,043 telephone contracts end, and which (fictional, published by IBM)",
        lasts="half a minute",
    ),
    Step(
        study="attrition_risk",
        dataset="telco",
        about="who leaves next, why, and whom it pays to contact",
        lasts="a minute",
        parameters={"survival_run": "{churn_survival}"},
    ),
    Step(
        study="clv_roi",
        dataset="cdnow",
        about="what 2,357 customers of a music shop are worth (real purchases)",
        lasts="20 seconds",
    ),
)
STORY = (
    Step(
        study="driver_analysis",
        dataset="demo",
        about="what moves satisfaction",
        lasts="6 minutes",
    ),
    Step(
        study="churn_survival",
        dataset="demo",
        about="when customers leave, and why",
        lasts="a minute",
    ),
    Step(
        study="attrition_risk",
        dataset="demo",
        about="who leaves next, beside the forecast of the run before",
        lasts="3 minutes",
        parameters={"survival_run": "{churn_survival}"},
    ),
    Step(
        study="clv_roi",
        dataset="demo",
        about="what customers are worth, and what to fund (assumed: 40% of orders and 60% of fees are kept)",
        lasts="2 minutes",
        parameters={
            "survival_run": "{churn_survival}",
            "driver_run": "{driver_analysis}",
            "margin": "0.4",
            "fee_margin": "0.6",
        },
    ),
)
SIMULATED = ("preset=demo", "seed=1")


def main(tour: str) -> int:
    """Take one of the tours.

    Parameters
    ----------
    tour
        `demo` or `story`.
    """
    if tour == "story":
        if (ROOT / "data" / "demo" / "dataset.yaml").exists():
            say("The simulated company is there already: data/demo/.")
        else:
            say("Making up a company of 5,000 customers over three years: data/demo/ (half a minute).")
            made = subprocess.run([*WORKBENCH, "data", "add", "demo", "--simulate", *SIMULATED], cwd=ROOT, check=False)
            if made.returncode:
                return made.returncode
        say(
            "It is fictional. No real data joins surveys to later behaviour: the chain is validated by simulation only."
        )
    return take(STORY if tour == "story" else DEMO, ROOT)


WORKBENCH = (sys.executable, "-m", "workbench.cli")


def take(steps: Sequence[Step], root: Path) -> int:
    """Run all steps; the exit code of the first that fails.

    Parameters
    ----------
    steps
        In their order.
    root
        The project.
    """
    began = time.monotonic()
    done: dict[str, dict] = {}
    for place, step in enumerate(steps, start=1):
        say(f"\n{place} of {len(steps)}. {step.study} on {step.dataset}: {step.about} (about {step.lasts})")
        given = {
            name: value.format(**{name: run["run_id"] for name, run in done.items()})
            for name, value in step.parameters.items()
        }
        chosen = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
        command = [*WORKBENCH, "run", step.study, "--dataset", step.dataset, *chosen, "--json"]
        ended = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)
        if ended.returncode not in (0, GATE):
            return ended.returncode
        done[step.study] = json.loads(ended.stdout)
    say(f"\nAll {len(steps)} done in {(time.monotonic() - began) / 60:.1f} minutes. What they found:")
    for step in steps:
        run = done[step.study]
        said = (run["headline"] or {}).get("statement") or "Nothing was found."
        say(f"  {step.study} on {step.dataset}: {said}")
        say(f"      reports/{run['study']}/{run['run_id']}/report.html")
    say("\nOpen reports/index.html in a browser: it leads to all of them.")
    return 0


def say(text: str) -> None:
    """Print at once, so that it stands before what a study prints.

    Parameters
    ----------
    text
        For people.
    """
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
