"""Several models judged on the same customers: which foretells best."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from workbench.evaluation.verdicts import Evaluation
from workbench.findings import Check
from workbench.wording import number, percent, sentence


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models by what they were found to be worth.

    Attributes
    ----------
    evaluations
        By name; on the same customers, weights and times.
    apart
        Models that are compared and not used: they know what is new about customers, which a forecast for all of them
        does not have for the months to come.
    """

    evaluations: Mapping[str, Evaluation]
    apart: tuple[str, ...] = ()

    @property
    def best(self) -> str:
        """The model with the least integrated squared error; the first where none has one."""
        scored = {name: each.integrated_brier for name, each in self._used.items()}
        known = {name: score for name, score in scored.items() if score is not None}
        return min(known, key=known.get) if known else next(iter(scored))

    def table(self) -> pd.DataFrame:
        """`model`, `integrated_brier`, `uno_c`, `gain` (share of one curve's squared error that the model saves)."""
        rows = [
            (
                name,
                each.integrated_brier,
                each.uno,
                None if each.integrated_brier is None else 1 - each.integrated_brier / each.integrated_brier_km,
            )
            for name, each in self.evaluations.items()
        ]
        first = next(iter(self.evaluations.values()))
        rows.append((sentence("one curve for everybody"), first.integrated_brier_km, 0.5, 0.0))
        columns = ["model", "integrated_brier", "uno_c", "gain"]
        return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], float))

    def checks(self) -> tuple[Check, ...]:
        """Which model is used, where there are several; and what those apart would add."""
        return (*self._chosen(), *self._news())

    @property
    def _used(self) -> dict[str, Evaluation]:
        return {name: each for name, each in self.evaluations.items() if name not in self.apart}

    def _news(self) -> tuple[Check, ...]:
        """What knowing the news of each customer adds."""
        used = self.evaluations[self.best]
        checks = []
        for name in self.apart:
            each = self.evaluations[name]
            if each.integrated_brier is None or used.integrated_brier is None:
                continue
            gain = 1 - each.integrated_brier / used.integrated_brier
            template = (
                "Knowing what is new about customers (“{name}”) takes {gain} off the squared error of the model used, "
                "and ranks {right} instead of {before} of 100 pairs rightly: look at it to choose whom to contact."
                if gain > 0
                else "Knowing what is new about customers (“{name}”) does not foretell better than the model used "
                "({right} instead of {before} of 100 pairs ranked rightly)."
            )
            message = sentence(template, name=name, gain=percent(gain), right=number(round(100 * each.uno)),
                               before=number(round(100 * used.uno)))  # fmt: skip
            checks.append(Check(name="what_is_new", status="pass", message=message, value=gain, threshold=0.0))
        return tuple(checks)

    def _chosen(self) -> tuple[Check, ...]:
        if len(self._used) < 2:
            return ()
        table = self.table().set_index("model")
        message = sentence(
            "Of {count} models “{best}” foretells best and is used: its squared error is {gain} below that of one "
            "curve for everybody.",
            count=number(len(self._used)), best=self.best, gain=percent(float(table.loc[self.best, "gain"])),
        )  # fmt: skip
        return (Check(name="model_used", status="pass", message=message),)
