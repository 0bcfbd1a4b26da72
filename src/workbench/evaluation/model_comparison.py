"""Several models evaluated on the same customers: which predicts best."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from workbench.evaluation.survival_evaluation import Evaluation
from workbench.findings import Check
from workbench.wording import number, percent, sentence


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """Models by what they were found to be worth.

    Attributes
    ----------
    evaluations
        By name; on the same customers, weights and times.
    """

    evaluations: Mapping[str, Evaluation]

    @property
    def best(self) -> str:
        """The model with the least integrated squared error; the first where none has one."""
        scored = {name: each.integrated_brier for name, each in self.evaluations.items()}
        known = {name: score for name, score in scored.items() if score is not None}
        return min(known, key=lambda name: known[name]) if known else next(iter(scored))

    @property
    def loses(self) -> bool:
        """Whether even the best has a larger squared error than one curve for everybody."""
        return self.evaluations[self.best].loses

    def table(self) -> pd.DataFrame:
        """`model`, `integrated_brier`, `uno_c`, `gain` (share of one curve's squared error that the model saves)."""
        rows = [
            (
                name,
                each.integrated_brier,
                each.uno,
                each.integrated_share,
            )
            for name, each in self.evaluations.items()
        ]
        first = next(iter(self.evaluations.values()))
        rows.append((sentence("one curve for everybody"), first.integrated_brier_km, 0.5, 0.0))
        columns = ["model", "integrated_brier", "uno_c", "gain"]
        return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], float))

    def checks(self) -> tuple[Check, ...]:
        """Which model is used, where there are several, or that none is better than one curve."""
        if self.loses:
            message = sentence(
                "No model predicts better than one curve for everybody, so predictions are those of the curve: the "
                "same for all customers of one tenure."
            )
            title = sentence("No model beats one curve for everybody")
            return (Check(name="model_used", status="warn", title=title, message=message),)
        if len(self.evaluations) < 2:
            return ()
        share = self.evaluations[self.best].integrated_share
        gain = float("nan") if share is None else share
        message = sentence(
            "Of {count} models “{best}” predicts best and is used: its squared error is {gain} below that of one curve "
            "for everybody. Being chosen on the same customers flatters it a little."
            if gain >= 0
            else "Of {count} models “{best}” predicts best and is used, though its squared error is {gain} above that "
            "of one curve for everybody.",
            count=number(len(self.evaluations)),
            best=self.best,
            gain=percent(abs(gain)),
        )
        return (Check(name="model_used", status="pass", message=message),)
