"""Runs on disk: which there are, which live, and which a name means."""

import json
import os

import pytest

from workbench.errors import RunError, StudyError
from workbench.files import file_hash, write_atomic
from workbench.studies.chain import lines
from workbench.studies.index import marked, rebuild
from workbench.studies.manifest import create_run, read_manifest, read_runs, resolve_run, settle, write_manifest


@pytest.fixture
def make(tmp_path):
    reports = tmp_path / "reports"

    def make_run(study="churn", status="succeeded"):
        folder, log = create_run(reports, {"study": study, "status": "running", "exit_code": None})
        if status is not None:
            write_manifest(folder, {**json.loads((folder / "manifest.json").read_text()), "status": status})
            log.close()
        make_run.log = log
        return folder

    make_run.reports = reports
    return make_run


def test_a_live_run_is_told_from_a_dead_one(make):
    living = make(status=None)
    log = make.log
    dead = make(status="running")
    assert read_manifest(living)["status"] == "running"
    assert read_manifest(dead)["status"] == "failed"
    log.close()
    assert read_manifest(living)["status"] == "failed"


def test_a_death_is_written_down_once(make):
    dead = make(status="running")
    assert settle(make.reports, read_runs(make.reports))
    assert json.loads((dead / "manifest.json").read_text())["status"] == "failed"
    assert not settle(make.reports, read_runs(make.reports))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"status": "odd"}',
        b"\xff\x00",
        b'{"status": "succeeded", "study": "x", "run_id": "y"}',
    ],
)
def test_a_bad_manifest_is_named_and_the_others_are_listed(make, content):
    good, bad = make(), make()
    (bad / "manifest.json").write_bytes(content)
    found = {manifest["run_id"]: manifest for manifest in read_runs(make.reports)}
    assert found[bad.name]["status"] == "unreadable"
    assert "manifest.json" in found[bad.name]["reason"]
    assert found[good.name]["status"] == "succeeded"


def test_foreign_files_and_folders_do_not_stop_the_list(make):
    good = make()
    (make.reports / "churn" / "notes").mkdir()
    (make.reports / "churn" / "file.txt").write_text("x")
    (make.reports / "index.html").write_text("x")
    (good / "manifest.json").with_name("copy.json").write_text("{")
    by_id = {manifest["run_id"]: manifest["status"] for manifest in read_runs(make.reports)}
    assert by_id == {good.name: "succeeded", "notes": "unreadable"}


def test_a_run_is_named_by_id_prefix_latest_or_folder(make, monkeypatch):
    first = make()
    other = make("attrition")
    assert resolve_run(make.reports, first.name) == first
    assert resolve_run(make.reports, other.name[:-1]) == other
    assert resolve_run(make.reports, "attrition/latest") == other
    assert resolve_run(make.reports, f"churn/{first.name}") == first
    assert resolve_run(make.reports, str(first)) == first
    monkeypatch.chdir(make.reports.parent)
    assert resolve_run(make.reports, f"reports/churn/{first.name}/") == first


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../..",
        "/",
        "/etc",
        "churn/..",
        "churn/../../secret",
        "churn/%2e%2e",
        "%2e%2e/x",
        "none/latest",
        "churn",
        "2026\n",
        "*",
        "~",
    ],
)
def test_what_is_no_run_inside_reports_is_refused(make, name):
    make()
    make("attrition")
    with pytest.raises(StudyError) as error:
        resolve_run(make.reports, name)
    assert "\n" not in error.value.faults[0]


def test_an_ambiguous_prefix_names_what_it_could_be(make):
    make()
    make()
    with pytest.raises(StudyError, match="begins 2 run ids"):
        resolve_run(make.reports, "2")


def test_a_link_is_no_run(make, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "manifest.json").write_text("{}")
    make()
    (make.reports / "churn" / "20260101-000000-abcdef").symlink_to(outside)
    (make.reports / "linked").symlink_to(tmp_path)
    assert len(read_runs(make.reports)) == 1
    for name in ("20260101-000000-abcdef", str(make.reports / "churn" / "20260101-000000-abcdef"), "linked/outside"):
        with pytest.raises(StudyError):
            resolve_run(make.reports, name)


def test_a_run_is_never_there_without_its_manifest(make, monkeypatch):
    def no_room(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workbench.studies.manifest.write_atomic", no_room)
    with pytest.raises(OSError, match="No space"):
        make()
    assert list((make.reports / "churn").iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"headline": 3},
        {"reason": 7},
        {"exit_code": "zero"},
        {"exit_code": ...},
        {"inputs": [1]},
        {"inputs": {"a": 1}},
        {"parameters": []},
        {"seconds": "long"},
        {"started": 20260101},
        {"warnings": "none"},
    ],
    ids=str,
)
def test_a_manifest_of_the_wrong_shape_is_one_line_and_the_rest_is_listed(make, damage):
    good, bad = make(), make()
    content = json.loads((bad / "manifest.json").read_text()) | damage
    content = {name: value for name, value in content.items() if value is not ...}
    (bad / "manifest.json").write_text(json.dumps(content))
    found = {manifest["run_id"]: manifest for manifest in read_runs(make.reports)}
    assert found[bad.name]["status"] == "unreadable"
    assert found[good.name]["status"] == "succeeded"
    assert len(list(lines(list(found.values()), as_tree=True))) == 2


def test_a_deep_manifest_is_one_line(make):
    bad = make()
    (bad / "manifest.json").write_text("[" * 100_000)
    assert [each["status"] for each in read_runs(make.reports)] == ["unreadable"]


def test_a_run_that_was_changed_afterwards_is_told(make):
    folder = make()
    write_atomic(folder / "results.json", "{}")
    content = json.loads((folder / "manifest.json").read_text())
    write_manifest(folder, {**content, "exit_code": 0, "results": file_hash(folder / "results.json")})
    rebuild(make.reports)
    assert not any(each.get("changed") for each in marked(make.reports, read_runs(make.reports)))
    write_atomic(folder / "results.json", '{"verdict": "pass"}')
    (found,) = marked(make.reports, read_runs(make.reports))
    assert "changed after it ended" in next(lines([found], as_tree=False))
    write_atomic(folder / "results.json", "{}")
    write_manifest(folder, {**content, "exit_code": 0, "results": file_hash(folder / "results.json"), "title": "New"})
    rebuild(make.reports)  # what was written down stands
    assert [each.get("changed") for each in marked(make.reports, read_runs(make.reports))] == [True]
    assert "changed after it ended" in (make.reports / "index.html").read_text()


def test_a_pipe_in_place_of_the_lock_is_named_and_not_waited_for(make):
    make()
    os.mkfifo(make.reports / ".index.lock")
    with pytest.raises(OSError, match=r"\.index\.lock"):
        rebuild(make.reports)


def test_no_run_is_written_through_a_link(make, tmp_path):
    make()
    (tmp_path / "elsewhere").mkdir()
    (make.reports / "linked").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="reports/linked is a link"):
        make(study="linked")


def test_a_folder_that_may_not_be_entered_ends_no_list(make, nobody):
    good, closed = make(), make(study="closed")
    closed.parent.chmod(0)
    try:
        assert [each["run_id"] for each in read_runs(make.reports)] == [good.name]
    finally:
        closed.parent.chmod(0o755)
