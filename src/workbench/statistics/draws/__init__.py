"""Whether arms look as chance deals them (`drawn`), by what each customer was dealt first (`first_dealt`)."""

from workbench.statistics.draws.drawn import (
    BROKEN,
    FEWEST_A_DRAW,
    Draw,
    DrawCheck,
    Drawn,
    balance,
    check_draw,
    comparable,
    design_matrix,
    expected_shares,
    known_before,
    read_draw,
)
from workbench.statistics.draws.first_dealt import CROSSED, FirstDealt, first_dealt, sound_rows

__all__ = [
    "BROKEN",
    "CROSSED",
    "FEWEST_A_DRAW",
    "Draw",
    "DrawCheck",
    "Drawn",
    "FirstDealt",
    "balance",
    "check_draw",
    "comparable",
    "design_matrix",
    "expected_shares",
    "first_dealt",
    "known_before",
    "read_draw",
    "sound_rows",
]
