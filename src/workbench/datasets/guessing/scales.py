"""Which columns are ratings, from which point to which, and what their other codes say: by the answers themselves.

A code that touches a scale (a 6 beside 1 to 5, a 0 beside 1 to 10) is an answer or none. People tell: who gives the
best mark to one item gives good marks to the others; who could not rate an item rates the others like everybody.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.datasets.guessing.facts import Facts
from workbench.datasets.guessing.gaps import is_gap
from workbench.datasets.guessing.questions import Question, Reading
from workbench.datasets.guessing.vocabulary.scale_words import family, levels_of, numbered
from workbench.datasets.guessing.vocabulary.words import NOT_APPLICABLE, REFUSED
from workbench.datasets.guessing.yaml_text import listed, quoted
from workbench.wording import listing, number, percent, sentence, shown

# From the scales that are met most.
STANDARD = (
    (1, 5),
    (0, 10),
    (1, 7),
    (1, 10),
    (1, 6),
    (1, 4),
    (0, 5),
    (0, 4),
    (0, 6),
    (1, 9),
    (1, 3),
    (-3, 3),
    (-2, 2),
    (-5, 5),
    (-1, 1),
    (1, 8),
    (1, 11),
)
WIDE = ((0, 100), (1, 100), (-100, 100))
_WIDE_FROM = 21  # points; below, a scale is one of the standard ones
_CODES = {
    77,
    88,
    97,
    98,
    99,
    66,
    777,
    888,
    977,
    988,
    997,
    998,
    999,
    9999,
    -1,
    -2,
    -3,
    -4,
    -5,
    -7,
    -8,
    -9,
    -66,
    -77,
    -88,
    -97,
    -98,
    -99,
    -999,
}
_LONE = {0, 6, 7, 8, 9, 11}


@dataclass(frozen=True)
class Scale:
    """How a column rates.

    Attributes
    ----------
    low, high
        Its ends.
    values
        The point of each text that is none itself.
    missing, not_applicable
        Codes and words that are no answers.
    question
        What must be answered first.
    open_codes
        Codes that touch the scale, of which nothing is known yet.
    unknown
        Texts whose place on the scale is not known.
    family
        Of its words; "" for numbers.
    points
        The point of each text.
    percent
        Whether it is written in %.
    """

    low: int
    high: int
    values: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    question: Question | None = None
    open_codes: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
    family: str = ""
    points: Mapping[str, int] = field(default_factory=dict)
    percent: bool = False

    @property
    def span(self) -> tuple[int, int]:
        """Both ends."""
        return self.low, self.high

    @property
    def inner(self) -> tuple[int, int]:
        """Both ends without the codes that are open."""
        low, high = self.span
        while low in self.open_codes:
            low += 1
        while high in self.open_codes:
            high -= 1
        return low, high

    @property
    def wide(self) -> bool:
        """Whether it has more points than people can tell apart."""
        return self.high - self.low + 1 >= _WIDE_FROM

    @property
    def keys(self) -> list[str]:
        """Its keys in a dataset.yaml."""
        keys = [f"scale: [{self.low}, {self.high}]", *(['unit: "%"'] if self.percent else [])]
        if self.values:
            keys.append("values: {" + ", ".join(f"{_key(text)}: {point}" for text, point in self.values.items()) + "}")
        keys += [f"missing: {listed(self.missing)}"] if self.missing else []
        keys += [f"not_applicable: {listed(self.not_applicable)}"] if self.not_applicable else []
        return keys


def _key(text: str) -> str:
    made = quoted(text)
    return made if made.startswith('"') or not re.search(r"[,{}\[\]]", made) else f'"{made}"'


def find(facts: Facts) -> Scale | None:
    """The scale of one column by its own answers; None where it is none. Codes that touch it are left open.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    if facts.padded or facts.personal or not facts.complete or (facts.dates is not None):
        return None
    beside = tuple(text for text, _ in facts.values if text.casefold() in NOT_APPLICABLE)
    refused = tuple(
        text for text, _ in facts.values if text not in beside and (text.casefold() in REFUSED or is_gap(text))
    )
    texts = [text for text, _ in facts.values if text not in beside and text not in refused]
    made = _of_numbers(facts, texts) or _of_numbered(texts) or _of_percent(texts) or _of_words(texts)
    if made is None or len(texts) < 2:
        return None
    return replace(made, missing=(*refused, *made.missing), not_applicable=(*beside, *made.not_applicable))


def _of_numbers(facts: Facts, texts: Sequence[str]) -> Scale | None:
    whole = {text: int(float(text)) for text in texts if re.fullmatch(r"-?\d{1,5}(\.0+)?", text)}
    if len(whole) < len(texts) or len(texts) < 3:
        return None
    return _between(whole, facts)


def _between(points: Mapping[str, int], facts: Facts | None) -> Scale | None:
    """The scale of texts that stand for points."""
    found = sorted(set(points.values()))
    for low, high in WIDE:
        inside = [point for point in found if low <= point <= high]
        outside = set(found) - set(inside)
        if len(inside) >= _WIDE_FROM and inside[-1] > 50 and outside <= _CODES | {101, 999}:
            codes = tuple(text for text, point in points.items() if point in outside)
            return Scale(low, high, missing=codes, points=points)
    if facts is not None and len(found) > 20:
        return None
    runs: list[list[int]] = []
    for point in found:
        if runs and point == runs[-1][-1] + 1:
            runs[-1].append(point)
        elif (
            runs
            and point == runs[-1][-1] + 2
            and facts is not None
            and point <= 10
            and len(found) > 5
            and point not in (9, 11)
        ):
            runs[-1].append(point)  # one point that nobody chose
        else:
            runs.append([point])
    core = max(runs, key=lambda run: (len(run), sum(_count(facts, points, each) for each in run)))
    outside = set(found) - set(core)
    if len(core) < 3 or (outside - _CODES - _LONE):
        return None
    return _fitted(core, outside, points, facts)


def _fitted(core: list[int], outside: set[int], points: Mapping[str, int], facts: Facts | None) -> Scale | None:
    low, high = core[0], core[-1]
    open_codes: list[int] = []
    # What may be a code that touches the scale: none of it is decided here.
    if (low, high) in ((1, 6), (0, 6)):
        open_codes.append(6)
    if low == 0 and high in (3, 4, 5, 6, 7, 10):
        open_codes.append(0)
    if (low, high) in ((1, 8), (0, 8), (1, 9), (0, 9), (0, 11), (1, 11)):
        open_codes += [point for point in (8, 9, 11) if (point > 7 if high < 10 else point > 10) and point <= high]
        if low == 0:
            open_codes.append(0)
    span = (low, high) if open_codes else _snapped(low, high)
    if span is None:
        return None
    codes = tuple(text for text, point in points.items() if point in outside)
    return Scale(*span, missing=codes, open_codes=tuple(open_codes), points=points)


def _snapped(low: int, high: int) -> tuple[int, int] | None:
    if (low, high) in STANDARD:
        return low, high
    for least, most in ((1, 5), (1, 7), (0, 10), (1, 10), (-3, 3), (-5, 5)):
        if least <= low and high <= most and (high - low + 1) >= 0.6 * (most - least + 1):
            return least, most
    return None


def _count(facts: Facts | None, points: Mapping[str, int], point: int) -> int:
    if facts is None:
        return 1
    return sum(count for text, count in facts.values if points.get(text) == point)


def _of_numbered(texts: Sequence[str]) -> Scale | None:
    points = numbered(texts)
    if points is None:
        return None
    made = _between(points, None)
    if made is None:
        return None
    words = {text: points[text] for text in sorted(points, key=points.__getitem__) if not re.fullmatch(r"-?\d+", text)}
    return replace(
        made, values={text: point for text, point in words.items() if text not in made.missing}, open_codes=()
    )


def _of_percent(texts: Sequence[str]) -> Scale | None:
    points = {text: int(each[1]) for text in texts if (each := re.fullmatch(r"(\d{1,3}) ?%", text))}
    if len(points) < len(texts) or len(points) < 6:
        return None
    if not 50 < max(points.values()) <= 100:
        return None  # a discount, not a mark
    return Scale(0, 100, points=points, percent=True)


def _of_words(texts: Sequence[str]) -> Scale | None:
    found = family(texts)
    if found is None:
        return None
    name, levels = found
    return _worded(name, levels, levels.values(), tuple(text for text in texts if text not in levels))


def _worded(name: str, levels: Mapping[str, int], seen, unknown: tuple[str, ...]) -> Scale | None:
    places = levels_of(name, seen)
    if len(places) < 3:
        return None
    points = {text: places.index(level) + 1 for text, level in sorted(levels.items(), key=lambda each: each[1])}
    question = None
    if unknown:
        asks = sentence("Which points of the scale are these answers?")
        evidence = sentence(
            "{words} stand beside {known}. Write values: with a number for each, or list them under missing: or "
            "not_applicable:.",
            words=listing([shown(text) for text in unknown[:5]]),
            known=listing([shown(text) for text in list(points)[:3]]),
        )
        question = Question(asks, evidence)
    return Scale(1, len(places), points, question=question, unknown=unknown, family=name, points=points)


def together(scales: Mapping[str, Scale]) -> dict[str, Scale]:
    """Items in words of one family have one scale: the levels that any of them has.

    Parameters
    ----------
    scales
        By header.
    """
    seen: dict[str, set[int]] = {}
    own: dict[str, tuple[str, dict[str, int]]] = {}
    for header, scale in scales.items():
        if scale.family and (told := family(scale.points)):
            name, levels = told
            own[header] = name, levels
            seen.setdefault(name, set()).update(levels.values())
    found = dict(scales)
    for header, (name, levels) in own.items():
        scale = scales[header]
        if made := _worded(name, levels, seen[name], scale.unknown):
            found[header] = replace(made, missing=scale.missing, not_applicable=scale.not_applicable)
    return found


def same_ends(scales: Mapping[str, Scale], stems: Mapping[str, str]) -> dict[str, Scale]:
    """Items of one block have one scale: where nobody chose an end of it, the others tell that it is there.

    Parameters
    ----------
    scales
        By header.
    stems
        What questions of one block share, by header.
    """
    blocks: dict[str, Counter] = {}
    for header, scale in scales.items():
        if not scale.family and not scale.wide:
            blocks.setdefault(stems[header], Counter())[scale.span] += 1
    found = dict(scales)
    for header, scale in scales.items():
        block = blocks.get(stems[header])
        if scale.family or scale.wide or scale.open_codes or not block or sum(block.values()) < 2:
            continue
        wider = [
            span
            for span in block
            if span[0] <= scale.low
            and scale.high <= span[1]
            and span != scale.span
            and block[span] >= block[scale.span]
        ]
        if wider and set(scale.points.values()) & {scale.low, scale.high}:
            widest = max(wider, key=lambda span: (block[span], span[1] - span[0]))
            if not any(
                other.open_codes
                for name, other in scales.items()
                if stems[name] == stems[header] and other.span == widest
            ):
                found[header] = replace(scale, low=widest[0], high=widest[1])
    return found


def settle(scale: Scale, facts: Facts, said: Mapping[int, str]) -> Scale:
    """A scale whose open codes have been decided.

    Parameters
    ----------
    said
        Of each open code: `answer`, `code`, or `open` where the answers cannot tell.
    scale
        With open codes.
    facts
        What was measured of the column.
    """
    codes = [code for code in scale.open_codes if said[code] == "code"]
    unknown = [code for code in scale.open_codes if said[code] == "open"]
    low, high, missing, beside = _without(scale, [*codes])
    made = replace(scale, low=low, high=high, missing=missing, not_applicable=beside, open_codes=())
    if not unknown:
        return made
    low, high, missing, beside = _without(scale, [*codes, *unknown])
    narrow = replace(scale, low=low, high=high, missing=missing, not_applicable=beside)
    asks = sentence("Is {codes} an answer here, or a code for none?", codes=listing([str(code) for code in unknown]))
    counted = {code: _count(facts, scale.points, code) for code in unknown}
    told = listing([f"{code}: {number(n)} ({percent(n / max(facts.present, 1))})" for code, n in counted.items()])
    evidence = sentence("Of {n} answers: {told}. The other items do not tell.", n=number(facts.present), told=told)
    readings = (
        Reading(
            tuple(made.keys),
            sentence("an answer: the scale reaches from {low} to {high}", low=str(made.low), high=str(made.high)),
        ),
        Reading(
            tuple(narrow.keys),
            sentence("no answer: the scale reaches from {low} to {high}", low=str(narrow.low), high=str(narrow.high)),
        ),
    )
    return replace(made, question=Question(asks, evidence, readings))


def _without(scale: Scale, codes: Sequence[int]) -> tuple[int, int, tuple[str, ...], tuple[str, ...]]:
    """Ends, missing and not applicable once some points are no answers."""
    answered = [point for point in scale.points.values() if point not in codes and scale.low <= point <= scale.high]
    low, high = min(answered, default=scale.low), max(answered, default=scale.high)
    if codes:
        snapped = _snapped(low, high)
        low, high = snapped or (low, high)
        if low in codes:
            low += 1
        if high in codes:
            high -= 1
    else:
        low, high = scale.span
    out = [text for text, point in scale.points.items() if point in codes]
    beside = [text for text in out if scale.points[text] == 6]
    missing = [text for text in out if text not in beside]
    return low, high, (*scale.missing, *missing), (*scale.not_applicable, *beside)
