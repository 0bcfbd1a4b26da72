"""A study in a language that nobody speaks: what a reader still finds in English, no translation could reach."""

import re
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import yaml
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from bs4 import BeautifulSoup

from tests.conftest import ROOT
from tests.models.drivers.answer_sheets import draw_answers
from workbench import wording
from workbench.datasets.catalogue import SAMPLES_FOLDER
from workbench.messages import all_messages

# Greek, because Babel then writes dates, lists and units without a single letter of English.
LANGUAGE = "el"
ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "áƀćđéƒǵĥíĵķĺḿńóṕɋŕśťúṽŵẋýžÁɃĆĐÉƑǴĤÍĴĶĹḾŃÓṔɊŔŚŤÚṼŴẊÝŽ"
)
# Not words for people: fields of templates, code and addresses in prose.
HASH = re.compile(r"sha256:\w+")
KEPT = re.compile(r"(\{[^}]*\}|`[^`]*`|\]\([^)]*\))")
MOST_ENGLISH = 0.05
"""Share of the letters that may stay English: units and names of methods that come from elsewhere."""


def accented(text):
    return "".join(part if KEPT.fullmatch(part) else part.translate(ACCENTS) for part in KEPT.split(text))


def write_catalogue(folder):
    """Every message of the catalogue, told by its accents."""
    catalogue = Catalog(locale=LANGUAGE)
    for forms in {message.forms for message in all_messages(ROOT / "notebooks") if message.forms}:
        if len(forms) == 1:
            catalogue.add(forms[0], accented(forms[0]))
        else:
            catalogue.add(forms, tuple(map(accented, forms)))
    target = folder / LANGUAGE / "LC_MESSAGES" / "workbench.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return folder


def words_of_data(definition, frame):
    """Texts that come with the data: titles, labels, names and values, which are no words of ours."""
    about = yaml.safe_load(definition)
    texts = {"trial", *(str(about[key]) for key in ("title", "description", "source", "licence"))}
    for name, table in about["tables"].items():
        texts |= {name, table["file"]}
        for column, facts in table["columns"].items():
            label = (isinstance(facts, dict) and facts.get("label")) or column.replace("_", " ")
            texts |= {column, label, wording.inline(label), label.capitalize()}
    for column in frame.select_dtypes(exclude="number"):
        texts |= set(frame[column].dropna().astype(str))
    return sorted({text for text in texts if re.search("[A-Za-z]", text)}, key=len, reverse=True)


def visible(page):
    """Texts that a reader sees, without code, commands, and names of files, parameters and packages."""
    soup = BeautifulSoup(page, "html.parser")
    for hidden in soup.select(
        "script, style, title, pre, code, .code, .unseen, .packages, .tool, .files a, .metrics dt, .value, footer"
    ):
        hidden.decompose()
    found = [text.strip() for text in soup.find_all(string=True) if text.strip()]
    return [*found, *(image["alt"] for image in soup.select("img[alt]"))]


def english(texts, data):
    """Letters in all, and the texts with letters that no translation reached."""
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in data)) if data else re.compile("(?!)")
    total, left = 0, Counter()
    for text in texts:
        plain = HASH.sub("", pattern.sub("", text))
        total += sum(character.isalpha() for character in plain)
        if count := len(re.findall("[A-Za-z]", plain)):
            left[text] += count
    return total, left


def lay(bench, definition, frame):
    """A dataset of a test, called trial."""
    folder = bench.root / "data" / "trial"
    folder.mkdir(parents=True)
    frame.to_csv(folder / yaml.safe_load(definition)["tables"].popitem()[1]["file"], index=False)
    (folder / "dataset.yaml").write_text(definition)


def simulate(bench):
    """A small simulated company, called trial; gives its definition."""
    made = bench.run("data", "add", "trial", "--simulate", "preset=small", "customers=600", "truth=false")
    assert made.returncode == 0, made.stderr
    return (bench.root / "data" / "trial" / "dataset.yaml").read_text()


def run_study(bench, study, *arguments, env=None):
    """Run a study on the dataset trial; gives the run's folder."""
    shutil.copy(ROOT / "notebooks" / f"{study}.ipynb", bench.root / "notebooks")
    ended = bench.run("run", study, "--dataset", "trial", *arguments, env=env)
    assert ended.returncode in (0, 3), ended.stderr  # a gate that fails on so few draws is told like the rest
    (made,) = bench.reports.glob(f"{study}/2*")
    return made


def trial(bench, study, definition, frame, *arguments):
    """Run a study on a dataset of a test; gives the run's folder."""
    lay(bench, definition, frame)
    return run_study(bench, study, *arguments)


def assert_translated(bench, tmp_path, study, data, *arguments):
    catalogues = write_catalogue(tmp_path / "catalogues")
    env = {wording.LANGUAGE_VARIABLE: LANGUAGE, wording.CATALOGUES_VARIABLE: str(catalogues)}
    made = run_study(bench, study, *arguments, env=env)
    total, left = english(visible((made / "report.html").read_text()), data)
    share = sum(left.values()) / total
    print(f"{study}: {share:.1%} of {total:,} letters")
    for text, count in left.most_common():
        print(f"{count:>6}  {text[:300]}")
    assert share < MOST_ENGLISH


CHURN = """
title: Trial
description: Made up.
source: drawn at random
licence: none
fictional: true
tables:
  lifetimes:
    file: lifetimes.csv
    segments: [plan]
    columns:
      duration: {unit: months}
      event: {true_values: ["True"], false_values: ["False"]}
      plan: {label: Plan}
      usage: {type: number, label: Usage}
"""


QUICK_CHURN = ("-p", "horizons=[12,24]", "-p", "repeats=1")


def lifetimes(size=400):
    random = np.random.default_rng(1)
    plan = random.choice(["Basic", "Premium"], size)
    usage = random.normal(size=size).round(3)
    life = random.exponential(np.where(plan == "Basic", 14, 30) * np.exp(0.3 * usage)).round(1) + 0.1
    end = random.uniform(5, 50, size).round(1)
    return pd.DataFrame({"duration": np.minimum(life, end), "event": life <= end, "plan": plan, "usage": usage})


def test_a_churn_report_leaves_nothing_in_english(bench, tmp_path):
    lay(bench, CHURN, frame := lifetimes())
    assert_translated(bench, tmp_path, "churn_survival", words_of_data(CHURN, frame), *QUICK_CHURN)


QUICK_RISK = ("-p", "budget=1", "-p", "refits=3", "-p", "capacity=60")


@pytest.mark.slow
def test_a_report_of_who_leaves_next_leaves_nothing_in_english(bench, tmp_path):
    lay(bench, CHURN, frame := lifetimes(1200))
    assert_translated(bench, tmp_path, "attrition_risk", words_of_data(CHURN, frame), *QUICK_RISK)


@pytest.mark.slow
def test_a_report_on_a_simulated_company_leaves_nothing_in_english(bench, tmp_path):
    data = words_of_data(simulate(bench), pd.DataFrame())
    for folder in (SAMPLES_FOLDER / name for name in ("completejourney", "cdnow", "mobi", "telco")):
        about = yaml.safe_load((folder / "dataset.yaml").read_text())
        data += [folder.name, about["title"], about["source"]]
    assert_translated(bench, tmp_path, "world_validation", sorted(data, key=len, reverse=True))


DRIVERS = """
title: Trial
description: Made up.
source: drawn at random
licence: none
fictional: true
tables:
  surveys:
    file: surveys.csv
    segments: [segment]
    columns:
      outcome: {scale: [0, 10], role: outcome, label: Recommendation}
      segment: {label: Region}
      da: {scale: [1, 5], not_applicable: [9], role: driver, label: Food}
      db: {scale: [1, 5], not_applicable: [9], role: driver, label: Signs}
"""


QUICK_DRIVERS = ("-p", "imputations=2", "-p", "draws=500")


def answers(size=600):
    random = np.random.default_rng(1)
    frame, *_ = draw_answers(size, (1.0, 0.4), random, levels=11, segments=2, segment_sd=0.1, unused=0.2)
    for name in ("da", "db"):
        frame[name] = frame[name].mask(frame.pop(f"{name}__not_applicable"), 9)
    return frame.assign(outcome=frame["outcome"] - 1)


@pytest.mark.slow
def test_a_driver_report_leaves_nothing_in_english(bench, tmp_path):
    lay(bench, DRIVERS, frame := answers())
    assert_translated(bench, tmp_path, "driver_analysis", words_of_data(DRIVERS, frame), *QUICK_DRIVERS)
