"""From pseudonyms back to the ids of the files: with the key alone, and by the one id of each customer."""

import pandas as pd
import pytest

from workbench import datasets
from workbench.datasets.own_ids import named, own_ids
from workbench.datasets.privacy.pseudonyms import NoKeyError
from workbench.errors import DataError

KEY = "3f9c1a7e5b2d8046af13c6e97b50d24e"
YAML = """\
title: Mine
{aliases}tables:
  customers:
    file: people.csv
    columns: {{customer_id: {{from: no, personal: {personal}}}, region: region}}
"""


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "data" / "mine"
    folder.mkdir(parents=True)
    (folder / "people.csv").write_text("no,region\nK1,n\nK2,s\nK9,s\n")
    (folder / "ids.csv").write_text("id,customer_id\nK9,K2\n")

    def made(personal="pseudonym", aliases=""):
        (folder / "dataset.yaml").write_text(YAML.format(personal=personal, aliases=aliases))
        return datasets.find("mine", tmp_path)

    return made


def test_each_pseudonym_leads_back_to_its_id(mine, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PSEUDONYM_KEY", KEY)
    read = mine().load("customers").frame
    assert not set(read["customer_id"]) & {"K1", "K2", "K9"}
    back = named(read, own_ids(mine()))
    assert dict(zip(back["customer_id"], back["region"], strict=True)) == {"K1": "n", "K2": "s", "K9": "s"}
    one = mine(aliases="aliases: {file: ids.csv, id: id}\n")
    assert sorted(own_ids(one).values()) == ["K1", "K2"]  # K9 is K2
    with pytest.raises(DataError, match="1 of 2 customers of the list have no id in the dataset"):
        named(pd.DataFrame({"customer_id": [read["customer_id"][0], "0" * 32]}), own_ids(mine()))


def test_without_the_key_there_is_no_way_back_and_without_pseudonyms_none_is_needed(mine, monkeypatch):
    monkeypatch.delenv("WORKBENCH_PSEUDONYM_KEY", raising=False)
    monkeypatch.delenv("WORKBENCH_PSEUDONYM_KEY_FILE", raising=False)
    with pytest.raises(NoKeyError):
        own_ids(mine())
    assert own_ids(mine(personal="false")) == {}
