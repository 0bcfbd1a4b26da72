"""docs/simulated_world.md says what the code does: ranges, settings, presets and files."""

import re
from dataclasses import fields

import pyarrow.parquet as pq
import pytest
from tests.conftest import ROOT

from workbench.simulate.engine.coefficients import INTENTIONS, RANGES
from workbench.simulate.engine.settings import PRESET_HELP, PRESETS, TRIAL_DESIGNS, Settings, read_settings

PAGE = (ROOT / "docs" / "simulated_world.md").read_text("utf-8")


def rows(first):
    """Cells of every row of the tables whose first header is `first`."""
    found, inside = [], False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and not set(line) <= set("|-"):
            found.append(cells)
    return found


def test_the_ranges_are_those_that_worlds_are_drawn_from():
    told = {name.strip("`"): (float(low), float(high), meaning) for name, low, high, meaning in rows("coefficient")}
    assert told == {name: tuple(each) for name, each in RANGES.items()}


def test_intentions_are_those_that_worlds_are_drawn_from():
    told = rows("intention")
    assert [name.strip("`") for name, *_ in told] == list(INTENTIONS)
    for name, *middle, within, meaning in told:
        each = INTENTIONS[name.strip("`")]
        assert tuple(map(float, middle)) == each.middle
        assert within == (f"{each.within:.0%}" if each.relative else f"{each.within:g}")
        assert meaning == each.meaning


def test_the_designs_of_trials_are_those_that_can_be_chosen():
    assert {name.strip("`"): text for name, text in rows("trial design")} == TRIAL_DESIGNS


def test_the_settings_are_those_that_may_be_given():
    told = {name.strip("`"): (default, bounds, text) for name, default, bounds, text in rows("setting")}
    assert list(told) == [each.name for each in fields(Settings)]
    for each in fields(Settings):
        default, bounds, text = told[each.name]
        assert text == each.metadata["help"]
        plain = "" if each.default is None else str(each.default).lower()
        said = default.strip("`").replace(",", "").replace("–", "").lower()
        if isinstance(each.default, int | float) and not isinstance(each.default, bool):
            assert float(said) == each.default
        else:
            assert said == plain
        numbers = re.fullmatch(r"([\d.]+) to ([\d.,]+)", bounds)
        if numbers:
            low, high = (float(number.replace(",", "")) for number in numbers.groups())
            assert (low, high) == (each.metadata["low"], each.metadata["high"])


def test_the_presets_are_those_that_can_be_chosen():
    told = rows("preset")
    assert [name.strip("`") for name, _, _ in told] == list(PRESETS)
    for name, sets, text in told:
        chosen = name.strip("`")
        assert text == PRESET_HELP[chosen]
        given = re.findall(r"`(\w+=[\w.]+)`", sets)
        assert read_settings([f"preset={chosen}", *given]) == read_settings([f"preset={chosen}"])
        assert {each.partition("=")[0] for each in given} == set(PRESETS[chosen])


@pytest.mark.slow
def test_the_truth_is_in_the_files_and_columns_that_are_told(bench):
    made = bench.run("data", "add", "tiny", "--simulate", "preset=small")
    assert made.returncode == 0, made.stderr
    told = {name.strip("`"): text for name, text in rows("file")}
    folder = bench.root / "data" / ".truth" / "tiny"
    assert set(told) == {path.name for path in folder.iterdir()}
    for path in folder.glob("*.parquet"):
        for column in pq.read_schema(path).names:
            stem = re.sub(r"^(incidence|hazard)_.*", r"\1_…", column)
            if path.stem == "trial_effects":
                stem = re.sub(r".*(_error|_so_far|_respondents)$", r"…\1", stem)
            if path.stem == "leaving" and column.startswith(("state_", "observer_")):
                stem = column.split("_")[0] + "_30"
            stem = "cash flow" if path.stem == "ledger" and column.startswith("cash") else f"`{stem}`"
            assert stem in told[path.name], f"{path.name} has the column {column}"


def test_the_coefficients_in_the_equations_are_drawn_ones_or_settings():
    equations = PAGE[PAGE.index("## The equations") : PAGE.index("## Coefficients")]
    named = set(re.findall(r"`([a-z_]+)`", equations)) - {"code"}
    assert named <= set(RANGES) | set(INTENTIONS) | {each.name for each in fields(Settings)}
