"""What a study says: findings, metrics and checks, and the schema of results.json. A leaf that all may import.

A notebook shows each of them as a *bundle*: HTML for the reader and, under `MIME`, the same as plain data, which is
what the runner collects. Strictness lives here: a value that is not a finite number becomes null *and* a failed check.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from numbers import Real
from typing import Any, Literal, get_args

from workbench.wording import sentence

MIME = "application/vnd.workbench.v1+json"

Status = Literal["pass", "warn", "fail"]
Evidence = Literal["experimental", "associational", "assumed", "descriptive"]
Kind = Literal["unusable", "mind", "always"]
MOST_TITLE_WORDS = 8  # two titles stand on one line of the report's head
Metric = float | int | None


def _are_texts(place: str, of: object, *names: str, optional: bool = False) -> None:
    for name in names:
        value = getattr(of, name)
        if not (isinstance(value, str) or (optional and value is None)):
            raise TypeError(f"{place}: {name} is {value!r}, expected text")


def _are_numbers(place: str, of: object, *names: str) -> None:
    for name in names:
        value = getattr(of, name)
        if isinstance(value, bool) or not (value is None or isinstance(value, Real)):
            raise TypeError(f"{place}: {name} is {value!r}, expected a number")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sentence with its number, how sure it is and what kind of evidence stands behind it.

    Attributes
    ----------
    id
        Stable name within the study (`median_lifetime`), the anchor in the report.
    statement
        One sentence in plain words, made by `wording.sentence`.
    estimate, unit
        The number that the sentence is about.
    interval, interval_kind
        Lower and upper end, and what they are ("90% confidence, log-log"). Both or neither.
    evidence
        `experimental` allows causal words; `associational`, `assumed` and `descriptive` do not.
    n
        Customers (or answers) behind the number.
    table, figure
        Name of the exported table and figure that show it.
    action
        What could be done about it, by whom, and what would have to be known first; an association is never a command.
    rank
        Its place in an order of work, from 1; None where it is in none.
    rests_on
        Studies whose earlier runs it is made of; None says all that the run reads.
    """

    id: str
    statement: str
    estimate: Metric
    unit: str = ""
    interval: tuple[Metric, Metric] | None = None
    interval_kind: str | None = None
    evidence: Evidence
    n: int | None = None
    table: str | None = None
    figure: str | None = None
    action: str = ""
    rank: int | None = None
    rests_on: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        place = f"finding {self.id!r}"
        _are_texts(place, self, "id", "statement", "unit", "action")
        _are_texts(place, self, "interval_kind", "table", "figure", optional=True)
        _are_numbers(place, self, "estimate", "n", "rank")
        if not all(isinstance(study, str) for study in self.rests_on or ()):
            raise TypeError(f"{place}: rests_on is {self.rests_on!r}, expected names of studies")
        if (self.interval is None) != (self.interval_kind is None):
            raise ValueError(f"finding {self.id!r}: an interval and its kind go together, got {self.interval_kind!r}")
        low, high = self.interval or (None, None)
        if low is not None and high is not None and low > high:
            raise ValueError(f"finding {self.id!r}: an interval goes from low to high, got {self.interval}")
        if self.evidence not in get_args(Evidence):
            raise ValueError(
                f"finding {self.id!r}: evidence is {self.evidence!r}, expected one of {get_args(Evidence)}"
            )


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was tested about a run, with its outcome.

    Attributes
    ----------
    name
        Stable name within the study (`proportional_hazards_contract`).
    status
        `pass`; `warn`: read the message before using the numbers; `fail`: do not use them.
    value, threshold
        What was measured and where the line was, if they are numbers.
    message
        A sentence for people: what was tested, what came out, what follows.
    title
        The same in at most eight words, for the head of the report; the name in words where it is left out.
    kind
        What an objection means: `unusable` numbers, something to `mind` when reading them, or what data of this kind
        `always` carry (no dates, made up), which by itself makes no verdict worse. By the status where it is left out.
    """

    name: str
    status: Status
    message: str
    value: Metric = None
    threshold: Metric = None
    title: str = ""
    kind: Kind | None = None

    def __post_init__(self) -> None:
        place = f"check {self.name!r}"
        _are_texts(place, self, "name", "message", "title")
        _are_numbers(place, self, "value", "threshold")
        if self.status not in get_args(Status):
            raise ValueError(f"check {self.name!r}: status is {self.status!r}, expected one of {get_args(Status)}")
        if self.kind is not None and self.kind not in get_args(Kind):
            raise ValueError(f"check {self.name!r}: kind is {self.kind!r}, expected one of {get_args(Kind)}")
        if len(self.title.split()) > MOST_TITLE_WORDS:
            raise ValueError(f"check {self.name!r}: a title has {MOST_TITLE_WORDS} words at most, got {self.title!r}")

    def whole(self) -> "Check":
        """The same with a title and, where it objects, a kind."""
        words = self.name.replace("_", " ").split()[:MOST_TITLE_WORDS]
        title = self.title or " ".join(words)
        kinds: dict[Status, Kind] = {"fail": "unusable", "warn": "mind"}
        kind = self.kind or kinds.get(self.status)
        return replace(self, title=title[:1].upper() + title[1:], kind=kind)


def verdict(checks: Iterable[Check]) -> Status:
    """The worst status of all checks, without what data of this kind always carry; `pass` when there are none.

    Parameters
    ----------
    checks
        All checks of a run, in any order.
    """
    found = {check.status for check in checks if check.kind != "always" or check.status == "fail"}
    return "fail" if "fail" in found else "warn" if "warn" in found else "pass"


@dataclass(frozen=True)
class Results:
    """Everything that a run says, in the order in which it was said."""

    findings: tuple[Finding, ...]
    metrics: Mapping[str, Metric]
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Status:
        """The worst status of all checks."""
        return verdict(self.checks)

    @classmethod
    def from_payloads(cls, payloads: Iterable[Mapping]) -> "Results":
        """Gather the payloads of a notebook's bundles (others than finding, metrics and checks are passed over).

        Payloads come out of a notebook, which anyone can write: one of the wrong shape becomes a failed check, and so
        does a name that is used twice or a value that is not finite.

        Parameters
        ----------
        payloads
            What stands under `MIME`, in the order in which it was shown.
        """
        said = _Said()
        for payload in payloads:
            said.take(payload)
        return cls(*said.settled())

    def to_dict(self, study: str) -> dict:
        """The content of results.json; safe for strict JSON.

        Parameters
        ----------
        study
            Name of the study that said it.
        """
        return {
            "study": study,
            "verdict": self.verdict,
            "findings": [asdict(finding) for finding in self.findings],
            "metrics": dict(self.metrics),
            "checks": [asdict(check.whole()) for check in self.checks],
        }


class _Said:
    """What has been said so far, and what is wrong with it."""

    def __init__(self) -> None:
        self.findings: dict[str, Finding] = {}
        self.metrics: dict[str, Metric] = {}
        self.checks: dict[str, Check] = {}
        self.faults: list[str] = []
        self.shown: set[tuple[str, str]] = set()

    def take(self, payload: Mapping) -> None:
        """Add what a payload says."""
        try:
            match payload.get("kind"):
                case "figure" | "table" as kind:
                    self._show(kind, payload["name"])
                case "finding":
                    finding = _finding(payload["finding"])
                    self._add(self.findings, finding.id, finding)
                case "metrics":
                    for name, value in payload["metrics"].items():
                        self._add(self.metrics, str(name), _metric(value))
                case "checks":
                    for fields in payload["checks"]:
                        check = _check(fields)
                        self._add(self.checks, check.name, check)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.faults.append(sentence("a result of the wrong shape ({error})", error=error))

    def settled(self) -> tuple[tuple[Finding, ...], dict[str, Metric], tuple[Check, ...]]:
        """Findings, metrics and checks with finite numbers only, and the faults as one more check."""
        for finding in self.findings.values():
            for kind, name in (("figure", finding.figure), ("table", finding.table)):
                if name is not None and (kind, name) not in self.shown:
                    template = "finding {id} refers to the {kind} {name}, which is not there"
                    self.faults.append(sentence(template, id=repr(finding.id), kind=kind, name=repr(name)))
        findings = [_finite_finding(finding, self.faults) for finding in self.findings.values()]
        metrics = {name: _finite(value, f"metric {name!r}", self.faults) for name, value in self.metrics.items()}
        checks = [_finite_check(check, self.faults) for check in self.checks.values()]
        return tuple(findings), metrics, (*checks, *self._own_checks())

    def _own_checks(self) -> Iterator[Check]:
        if not self.checks:
            yield Check(
                name="anything_checked",
                status="warn",
                title=sentence("Nothing was checked"),
                message=sentence("Nothing was checked in this run, so nothing speaks for its numbers."),
            )
        if self.faults:
            yield Check(
                name="results_usable",
                status="fail",
                title=sentence("Some results cannot be used"),
                message=sentence("Some results cannot be used: {faults}.", faults="; ".join(self.faults)),
                value=len(self.faults),
            )

    def _show(self, kind: str, name: str) -> None:
        if (kind, name) in self.shown:
            self.faults.append(sentence("the {kind} {name} is shown twice", kind=kind, name=repr(name)))
        self.shown.add((kind, name))

    def _add(self, known: dict[str, Any], name: str, value: object) -> None:
        if name in known:
            self.faults.append(sentence("{name} is reported twice", name=repr(name)))
        known[name] = value


def _finding(fields: Mapping) -> Finding:
    interval = fields.get("interval")
    if interval is not None:
        low, high = interval
        interval = (_metric(low), _metric(high))
    return Finding(**{**fields, "estimate": _metric(fields["estimate"]), "interval": interval})


def _check(fields: Mapping) -> Check:
    return Check(**{**fields, "value": _metric(fields["value"]), "threshold": _metric(fields["threshold"])})


def _metric(value: object) -> Metric:
    # Bundles carry a value that is not finite as its name: JSON between kernel and runner is strict as well.
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise TypeError(f"got {value!r}, expected a number")


def _finite(value: Metric, place: str, faults: list[str]) -> Metric:
    if value is not None and not abs(value) <= sys.float_info.max:
        faults.append(f"{place} is {value if isinstance(value, float) else 'a number of too many digits'}")
        return None
    return value


def _finite_finding(finding: Finding, faults: list[str]) -> Finding:
    place = f"finding {finding.id!r}"
    interval = finding.interval
    if interval is not None:
        interval = (_finite(interval[0], place, faults), _finite(interval[1], place, faults))
    estimate = _finite(finding.estimate, place, faults)
    n, rank = (each if _finite(each, place, faults) is not None else None for each in (finding.n, finding.rank))
    return replace(finding, estimate=estimate, interval=interval, n=n, rank=rank)


def _finite_check(check: Check, faults: list[str]) -> Check:
    value, threshold = (_finite(number, f"check {check.name!r}", faults) for number in (check.value, check.threshold))
    return replace(check, value=value, threshold=threshold)
