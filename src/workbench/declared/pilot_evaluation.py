"""What pilot_evaluation leaves for other studies."""

from workbench.declared.contract import Declared, Field


def _effect(about: str, *, missing: bool = False, lowest: float | None = None) -> Field:
    return Field(kind="number", unit="unit of the outcome", about=about, missing=missing, lowest=lowest)


_NAMES = {
    "initiative": Field(kind="text", about="which pilot"),
    "arm": Field(kind="text", about="what was dealt"),
    "outcome": Field(kind="text", about="`staying`, `cash`, `spend`, `orders`, an item of a survey, a column, …"),
    "group": Field(
        kind="text", about="among whom, as `column=value`; empty: everybody. On the primary outcome alone", missing=True
    ),
}

EFFECTS = Declared(
    name="effects",
    about="Each effect of a pilot: the arm against its control. Only `experimental` rows are effects of what chance "
    "dealt; `associational` ones may come from who was chosen.",
    columns={
        **_NAMES,
        "month": Field(
            kind="whole", unit="months", about="since the start; missing: of the whole window", lowest=0, missing=True
        ),
        "estimate": _effect("treated less control"),
        "se": _effect("its standard error; missing where the method has none", missing=True, lowest=0.0),
        "lower": _effect("lower end of its interval; may be without end", missing=True),
        "upper": _effect("upper end of its interval", missing=True),
        "confidence": Field(kind="number", about="level of the interval", lowest=0.0, highest=1.0),
        "kind": Field(kind="text", about="how the interval was made"),
        "df": Field(kind="number", about="degrees of freedom of its t distribution", missing=True),
        "p_value": Field(kind="number", about="of no effect, two-sided", lowest=0.0, highest=1.0, missing=True),
        "treated": _effect("mean of the arm", missing=True),
        "control": _effect("mean of the control", missing=True),
        "evidence": Field(kind="text", about="`experimental` or `associational`"),
        "n": Field(kind="whole", unit="customers", about="behind it", lowest=0),
        "alone": _effect("of a group: what it says by itself; `estimate` is drawn towards the others", missing=True),
        "alone_se": _effect("its standard error", missing=True, lowest=0.0),
        "units": Field(kind="whole", about="what was dealt as wholes: customers where no units were", lowest=0),
        "days": Field(kind="whole", unit="days", about="that the effect is of", missing=True, lowest=0),
    },
    key=("initiative", "arm", "outcome", "group", "month"),
)

EFFECT_DRAWS = Declared(
    name="effect_draws",
    about="What effects of the whole window may be: arms and outcomes are drawn together.",
    columns={
        "draw": Field(kind="whole", about="of the effects", lowest=0),
        **_NAMES,
        "effect": _effect("treated less control"),
    },
    key=("draw", "initiative", "arm", "outcome", "group"),
    draws="one draw of all effects on everybody together, under a flat prior; of the groups of one "
    "grouping together, drawn towards each other",
)

TABLES = (EFFECTS, EFFECT_DRAWS)
