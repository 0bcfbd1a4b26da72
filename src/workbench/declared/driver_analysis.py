"""What driver_analysis leaves for other studies."""

from workbench.declared.contract import Declared, Field

EFFECTS = Declared(
    name="driver_effects",
    about="Draws of the effect of each driver in each segment, evenly spaced over the posterior. An effect is an "
    "association: how people who rate a driver a point better differ in what they say of the outcome, all other "
    "ratings equal.",
    columns={
        "draw": Field(kind="whole", about="which draw of the posterior", lowest=0),
        "segment": Field(kind="text", about="the group of the first segment; `all` where there is none"),
        "driver": Field(
            kind="text",
            about="the driver: a column of `surveys`, or the stem of items that make one (`perq` of `perq1` … `perq7`; "
            "the check `items_combined` says so)",
        ),
        "effect": Field(
            kind="number",
            unit="log-odds a point",
            about="change of the log-odds of a higher answer to the outcome for one point more of the driver's rating; "
            "with `link=probit` in standard deviations of the answers' noise; a mean over steps or sides where the "
            "shape is not linear",
        ),
        "use": Field(
            kind="number",
            unit="log-odds",
            about="the same for using it at an average rating against not using it; 0 where it applied to everybody",
        ),
        "outcome": Field(kind="text", about="the item of `surveys` that effects are on"),
    },
    key=("draw", "segment", "driver"),
    draws="one world: effects of one draw belong together over segments and drivers",
)

TABLES = (EFFECTS,)
