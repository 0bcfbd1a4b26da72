"""A company's folder: whole or not there, the same wherever and however far it is made."""

import hashlib
import json
import resource

import pandas as pd
import pytest
from tests.benches import SIGNALS, wait_for
from threadpoolctl import threadpool_limits

from workbench import cli, datasets
from workbench.errors import DataError
from workbench.simulate.engine.settings import read_settings
from workbench.simulate.world import add, read_truth

TABLES = {
    "customers",
    "subscriptions",
    "transactions",
    "interactions",
    "usage",
    "surveys",
    "lifetimes",
    "treatments",
    "initiatives",
}
SMALL = ("customers=60", "months=14", "seed=2", "truth=false")


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_files_on_any_number_of_cores(company):
    settings = ("customers=17000", "months=2", "seed=9", "truth=false")
    assert contents(company(*settings, cores=1).data) == contents(company(*settings, cores=2).data)


def test_the_same_seed_gives_the_same_truth_on_any_number_of_threads(company, one_initiative, few_people):
    """BLAS rounds the sums of a regression over newcomers in another order where it has two threads."""
    settings = ("customers=240", "months=8", "seed=2", "initiatives=" + str(one_initiative))
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            found.append(contents(company(*settings).known))
    assert found[0] == found[1]


def test_another_seed_gives_another_company(company):
    one, other = (company("customers=60", "months=3", f"seed={seed}", "truth=false") for seed in (1, 2))
    assert not one.table("transactions").equals(other.table("transactions"))


@pytest.mark.parametrize("name", ["transactions", "interactions", "usage", "surveys", "treatments"])
def test_a_longer_horizon_keeps_the_earlier_months_as_they_were(company, firm, name):
    shorter = company("preset=small", "customers=600", "months=13", "seed=4", "truth=false")
    time = "start" if name == "treatments" else "timestamp"
    longer = firm.table(name)
    until = pd.Timestamp("2024-02-01")
    earlier = longer[pd.to_datetime(longer[time]) < until].reset_index(drop=True)
    pd.testing.assert_frame_equal(earlier, shorter.table(name))


def test_a_larger_company_has_the_same_first_customers(company):
    settings = ("months=3", "seed=6", "truth=false")
    few, many = company("customers=64", *settings), company("customers=256", *settings)
    some, all_ = few.table("subscriptions"), many.table("subscriptions")
    kept = all_[all_["customer_id"].isin(some["customer_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, some)


def test_all_canonical_tables_keep_their_contracts(bench):
    made = add("firm", read_settings(SMALL), bench.root)
    source = datasets.find("firm", bench.root)
    assert made == bench.root / "data" / "firm" / "dataset.yaml"
    assert set(source.tables) == TABLES
    assert all(check.status != "fail" for check in source.check())
    assert source.profile()["fictional"]


def test_numbers_of_customers_orders_and_answers_are_dealt_once(firm):
    assert firm.table("customers")["customer_id"].is_unique
    assert firm.table("surveys")["response_id"].is_unique
    orders = firm.table("transactions")
    assert orders[orders["amount"] > 0]["order_id"].is_unique


def test_no_study_can_read_the_truth(bench, one_initiative, few_people):
    add("firm", read_settings(["customers=40", "months=3", f"initiatives={one_initiative}"]), bench.root)
    assert [each.name for each in datasets.available(bench.root) if each.origin == "data"] == ["firm"]
    path = bench.root / "data" / "firm" / "dataset.yaml"
    path.write_text(path.read_text().replace("file: lifetimes.parquet", "file: ../.truth/firm/newcomers.parquet"))
    with pytest.raises(DataError):
        datasets.find("firm", bench.root).check()


def test_the_truth_is_read_by_name(bench, one_initiative, few_people):
    add("firm", read_settings(["customers=40", "months=3", "seed=5", f"initiatives={one_initiative}"]), bench.root)
    assert read_truth("firm", bench.root)["settings"]["seed"] == 5
    with pytest.raises(DataError, match="no truth is known"):
        read_truth("other", bench.root)


def test_nothing_is_overwritten(bench):
    add("firm", read_settings(["customers=10", "months=1", "truth=false"]), bench.root)
    before = contents(bench.root / "data" / "firm")
    with pytest.raises(DataError, match="is there already"):
        add("firm", read_settings(["customers=20", "months=1", "truth=false"]), bench.root)
    assert contents(bench.root / "data" / "firm") == before


@pytest.mark.parametrize("room", [2_000, 20_000])
def test_a_full_disk_leaves_nothing_behind(bench, room):
    # A limit on the size of a file: what a full disk says, on the first table or on a later one.
    finished = bench.run(
        "data",
        "add",
        "firm",
        "--simulate",
        "customers=400",
        "months=6",
        "truth=false",
        env={"PYTHONDONTWRITEBYTECODE": "1"},  # Python 3.13.0 would keep a half of what it compiles, for all to import
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    assert finished.returncode == 2
    assert "nothing was left behind" in finished.stderr
    assert finished.stderr.count("\n") == 1
    assert list((bench.root / "data").iterdir()) == []


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm", "kill"])
def test_an_interrupted_company_leaves_no_half_of_it(bench, how):
    process = bench.start("data", "add", "firm", "--simulate", "customers=20000", "months=24", "truth=false")
    wait_for(lambda: list((bench.root / "data").glob(".simulating-*/firm/transactions.parquet")))
    process.send_signal(SIGNALS[how])
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == {"ctrl-c": 130, "sigterm": 143, "kill": -9}[how]
    assert "Traceback" not in stderr
    assert not (bench.root / "data" / "firm").exists()
    if how == "kill":  # nobody was left to clean up: whoever comes next does
        add("other", read_settings(["customers=10", "months=1", "truth=false"]), bench.root)
        assert {path.name for path in (bench.root / "data").iterdir()} == {"other"}
    else:
        assert list((bench.root / "data").iterdir()) == []


@pytest.mark.parametrize("name", ["..", "a/b", "", ".truth", "a" * 65, "new\nline"])
def test_a_name_that_is_none_is_refused(bench, name):
    with pytest.raises(DataError, match="expected letters"):
        add(name, read_settings(["customers=10", "months=1"]), bench.root)


@pytest.mark.parametrize(
    "typed", [["customers=0"], ["months=-2"], ["churn=2"], ["initiatives=nowhere.yaml"], ["preset=?"], ["x"]]
)
def test_bad_settings_exit_with_2_and_write_nothing(bench, monkeypatch, capsys, typed):
    monkeypatch.chdir(bench.root)
    assert cli.main(["data", "add", "firm", "--simulate", *typed]) == 2
    assert capsys.readouterr().err.startswith("workbench: ")
    assert list((bench.root / "data").iterdir()) == []


def test_a_company_is_made_shown_and_checked_from_the_command_line(bench, monkeypatch, capsys):
    monkeypatch.chdir(bench.root)
    for command in (["add", "firm", "--simulate", *SMALL], ["check", "firm"], ["show", "firm"]):
        assert cli.main(["data", *command]) == 0
    said = capsys.readouterr().out
    assert "data/firm/dataset.yaml" in said
    assert "made up" in said


def test_the_dataset_says_how_to_make_it_again(bench):
    add("firm", read_settings(["preset=small", "customers=50", "months=2", "seed=3", "truth=false"]), bench.root)
    said = datasets.find("firm", bench.root).source
    assert said.endswith("data add firm --simulate preset=small customers=50 months=2 seed=3 truth=false")


@pytest.mark.parametrize(
    "settings", [("customers=1", "months=1"), ("customers=30", "months=5"), ("months=6", "customers=9")]
)
def test_a_company_too_small_or_young_for_some_tables_has_the_others(bench, settings):
    add("firm", read_settings([*settings, "truth=false"]), bench.root)
    source = datasets.find("firm", bench.root)
    assert {"customers", "subscriptions", "lifetimes", "initiatives"} <= set(source.tables) < TABLES
    assert all(check.status != "fail" for check in source.check())


def test_names_of_people_do_not_enter(bench):
    add("firm", read_settings(["customers=50", "months=2", "truth=false"]), bench.root)
    assert "name" not in datasets.find("firm", bench.root).load("customers").frame


def test_dirt_is_found_by_the_checks_of_the_data(bench):
    add("mess", read_settings(["customers=1500", "months=8", "dirt=0.05", "truth=false"]), bench.root)
    with pytest.raises(DataError) as refused:
        datasets.find("mess", bench.root).check()
    found = "\n".join(refused.value.faults)
    assert "subscriptions" in found  # an end before its start
    assert "surveys" in found  # a response twice


def test_late_and_missing_records_are_there_when_asked_for(company):
    firm = company("customers=400", "months=6", "dirt=0.1", "truth=false")
    orders = firm.table("transactions")
    assert 0.05 < (orders["known_at"] > orders["timestamp"]).mean() < 0.15
    assert 0.05 < orders["category"].isna().mean() < 0.15
    assert orders.duplicated().any()
    assert not set(orders["customer_id"]) <= set(firm.table("customers")["customer_id"])


def test_without_dirt_nothing_is_missing_that_should_be_there(firm):
    assert firm.table("transactions").notna().all().all()
    assert firm.table("customers").notna().all().all()
    assert not firm.table("interactions").duplicated().any()


def test_truth_is_strict_json(firm):
    json.loads((firm.known / "truth.json").read_text(), parse_constant=lambda name: pytest.fail(name))
