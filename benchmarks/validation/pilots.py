"""What pilots of a company say of lifts, beside the lifts: by lot, and among volunteers."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from benchmarks.validation.worlds import World

from workbench.decisions.pilots import learn
from workbench.decisions.pilots.words import WIDE
from workbench.decisions.roi import Chain, Experience
from workbench.models.linkage import Linkage


def tried(world: World, linkage: Linkage, chain: Chain, until: pd.Timestamp, seed: int) -> list[dict[str, Any]]:
    """Each pilot that teaches a lift: what it says, what the bare difference says, and what is true."""
    experience = Experience(linkage=linkage, chain=chain, until=until)
    learnt = learn(experience, world.dataset, world.tables, random_seed=seed)
    true = {each.name: float(each.true_lift) for each in world.initiatives}
    return [
        {
            "name": lesson.stated.name,
            "by_lot": lesson.arms.by_lot,
            "true": true[lesson.stated.name],
            "pilot": [lesson.estimate, lesson.error],
            "bare": list(lesson.raw),
            "posterior": list(lesson.posterior),
        }
        for lesson in learnt.lessons
    ]


def lifts(which: str, *, by_lot: bool) -> Callable[[dict[str, Any]], list[float]]:
    """Whether the 90% interval of each pilot of a kind holds its lift."""
    return lambda world: [
        abs(each["true"] - each[which][0]) <= WIDE * each[which][1]
        for each in world.get("pilots", ())
        if each["by_lot"] == by_lot
    ]
