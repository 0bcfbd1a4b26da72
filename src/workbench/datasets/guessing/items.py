"""The items of a survey: which columns are ratings, which is the outcome, what it measures, which way it points."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.datasets.guessing import scales, uses
from workbench.datasets.guessing.facts import Facts
from workbench.datasets.guessing.questions import Question, Reading
from workbench.datasets.guessing.scales import Scale
from workbench.datasets.reading import sources
from workbench.datasets.reading.connection import Connection
from workbench.datasets.values.mapping import as_text
from workbench.wording import listing, sentence, shown

if TYPE_CHECKING:
    import numpy as np

_BATTERY = 3  # questions of one stem and one scale
_ROWS_ASKED = 20_000  # correlations of that many people vary by less than 0.01
_FEWEST_PEOPLE = 20  # below, nothing is told of a code by who gave it
_SURE = 3.0  # logarithm of the odds of one explanation against the other
_SLACK = 0.15  # of a standard deviation: how far people may be from what either explanation says
_AGAINST = -0.15  # a correlation with the outcome that says that an item points the other way
_GRADE = r"(schul|gesamt|end|durchschnitts|teil|einzel)note[ns]?(?![a-z])"
_OPINION = re.compile(
    r"(?i)(?<![a-z])(satisf|nps|netpro|promot|csat|ces(?![a-z])|overall|quality|safe|loyal|trust|"
    r"eas[ey]|effort|likel|happy|agree|grade|"
    r"zufried|note(?![a-z])|soddisf|satisfac|insatisf|opinion|bewert)|" + _GRADE + "|"
    r"(rate|rating|score|grade|mood)(?![a-z])|满意|评分|评价|体验|打分|満足|評価"
)
RECOMMEND = re.compile(
    r"(?i)recomm?[ae]nd|(?<![a-z])(nps|reco)(?![a-z])|net ?promot|netpro|promoter|weiterempf|empfehl|"
    r"consigli(are|er)|aanbevel|aanbeveel|polec(i|a)|推荐|推薦|推奨|おすすめ|추천"
)
_SATISFIED = re.compile(r"(?i)satisf|csat|zufried|soddisf|tevreden|满意|滿意|満足|만족|happy")
_EFFORT = re.compile(r"(?i)effort|(?<![a-z])ces(?![a-z])|aufwand|mühe|esfuerzo|费力|手間")
_OUTCOME = re.compile(
    r"(?i)(satisf|csat|overall|loyal|(?<=\d)all$|^cus[al]\d*$|gesamt|zufriedenheit$|insgesamt|"
    r"global|général|en général|complessiv|总体|整体|总评|总满意|総合|全体)|^满意度$|^(nps|csat)|(^|"
    r"[ _])zufriedenheit([ _]|$)"
)
_GENERAL = re.compile(
    r"(?i)(?<![a-z])nps|overall|all in all|loyal|(?<=\d)all$|^cus[al]\d*$|"
    r"gesamt|insgesamt|global|général|satisfa\w+ (en )?general|satisfação geral|complessiv|algemene tevreden|"
    r"总体|整体|总评|总满意|総合|全体"
)
_BARE = re.compile(
    r"(?i)(customer |kunden)?(satisfaction|csat|zufriedenheit|satisfacción|soddisfazione|满意度)([ _](score|rating))?"
)
_LOW_SAID = re.compile(
    r"(?i)1 ?(=|is|ist|:)? ?(the )?(very )?(best|sehr gut|excellent|top)|best ?(=|is) ?1(?!\d)|1[_ -]best|"
    r"schulnote|effort|aufwand|schwierig|difficult(?!.*easy)|(?<![a-z])pain(?![a-z])"
)
_EITHER_WAY = re.compile(r"(?i)(?<![a-z])(grade|note|noten|mark|rank|ranking|place)s?(?![a-z])|等级|名次|" + _GRADE)
_HIGH_SAID = re.compile(r"(?i)eas[ey]|10 ?= ?best|5 ?= ?(best|excellent|very)")
NOMINAL = re.compile(
    r"(?i)(?<![a-z])(age|gender|sex|income|lang|purp|reason|times|county|country|region|zip|state|city|area|"
    r"dest|gate|"
    r"code|type|method|day|month|year|date|home|strata|peak|segment|class|status|plan|tariff|group|tier|id$|"
    r"no$|quantity|qty|count|number|amount|price|channel|children|persons|size|duration|progress|finished|"
    r"wave|week)|"
    r"[ _](id|code|type|group|plan|status|class)$|年龄|性别|收入|地区|城市|渠道|编号|数量|职业|学历"
)


@dataclass(frozen=True)
class Item:
    """A rating of a survey.

    Attributes
    ----------
    scale
        Its points.
    role
        What it measures (`outcome`), what may bring that about (`driver`), what was expected or is needed; "" where the
        table is no survey.
    measure
        Of an outcome: nps, csat, ces or "".
    low_is_good
        Whether its lowest point is the best.
    question
        What must be answered first.
    """

    scale: Scale
    role: str = ""
    measure: str = ""
    low_is_good: bool = False
    question: Question | None = None

    @property
    def keys(self) -> list[str]:
        """Its keys in a dataset.yaml."""
        keys = list(self.scale.keys)
        keys += ["direction: low_is_good"] if self.low_is_good else []
        keys += [f"role: {self.role}"] if self.role else []
        keys += [f"measure: {self.measure}"] if self.measure else []
        return keys


def stem(header: str) -> str:
    """What questions of one block share: Q7 of Q7ART, PERQ of PERQ3, service of service_speed.

    Parameters
    ----------
    header
        As it stands in the file.
    """
    found = re.match(r"(?i)[a-z]+\d+(?=[a-z_ ])|[a-z_ ]+?(?=[_ ]?\d+$)|[a-z]+(?=[_ ])", header)
    return found[0].casefold() if found else header


def ratings(facts: Sequence[Facts], said: Mapping[str, str]) -> dict[str, Scale]:
    """The scales of ratings by header, open codes and all.

    Codes from 1 to 5 may be answers of any kind. They are taken for ratings where the header speaks of an opinion, or
    where several questions share their stem (Q7ART, Q7FOOD …) and scale; wider scales unless the header speaks of
    something else; words that have an order always.

    Parameters
    ----------
    said
        What each column is called in full (its name and label), by its name.
    facts
        What was measured of each column.
    """
    found = {each.header: scale for each in facts if not each.telling and (scale := scales.find(each))}
    found = scales.together(found)
    found = scales.same_ends(found, {header: stem(header) for header in found})
    batteries = Counter((stem(header), scale.inner) for header, scale in found.items())
    worded = any(scale.family for scale in found.values())

    def coded(scale: Scale) -> tuple[str, ...]:
        return tuple(sorted({*scale.missing, *scale.not_applicable, *map(str, scale.open_codes)}))

    def opinion(header: str) -> bool:
        return bool(RECOMMEND.search(said[header]) or _OPINION.search(said[header]))

    def rated(header: str) -> bool:
        scale = found[header]
        if scale.family:
            return True
        size = batteries[stem(header), scale.inner]
        if scale.inner[1] - scale.inner[0] < 3 or (scale.wide and not scale.percent and size < _BATTERY):
            return opinion(header)
        same = [found[other] for other in found if batteries[stem(other), found[other].inner] >= _BATTERY]
        alike = any(other.inner == scale.inner and coded(other) == coded(scale) for other in same)
        if coded(scale) and alike and not NOMINAL.search(header):
            return True  # it has all the codes that the questions of a block have
        if opinion(header) or size >= _BATTERY:
            return True
        if scale.values or worded:
            return not NOMINAL.search(header)
        return scale.high - scale.low > 4 and not NOMINAL.search(header)

    made = {header: scale for header, scale in found.items() if rated(header)}
    explained = [header for header in made if is_outcome(said[header])]
    if explained and len(made) == len(explained):
        # Beside what is to be explained, columns of one scale are what may explain it.
        spans = Counter(scale.inner for header, scale in found.items() if header not in explained)
        alike = {header for header, scale in found.items() if spans[scale.inner] >= 2 and not NOMINAL.search(header)}
        made = {header: scale for header, scale in found.items() if header in made or header in alike}
    return made


def is_outcome(said: str) -> bool:
    """Whether an item asks for what is to be explained, by what it is called in full.

    Parameters
    ----------
    said
        What the item is called in full.
    """
    return bool(RECOMMEND.search(said) or _OUTCOME.search(said))


def answers(
    connection: Connection, raw: sources.RawTable, found: Mapping[str, Scale], positions: Mapping[str, int]
) -> "dict[str, np.ndarray]":
    """The points that people gave, by header; a gap is not a number. At most the first rows of a long file.

    Parameters
    ----------
    connection
        Where rows are laid out.
    raw
        The rows as they were read, with their headers.
    found
        Scales by header.
    positions
        Of the columns in the file, by header.
    """
    import numpy as np

    if not found:
        return {}
    columns = {f"a{i}": as_text(raw.table[f"c{positions[header]}"]) for i, header in enumerate(found)}
    query = connection.sql(raw.table.select(**columns).limit(_ROWS_ASKED))
    rows = connection.execute(query)
    given = zip(*rows, strict=True) if rows else ([] for _ in found)
    return {
        header: np.array(
            [scale.points.get(text, np.nan) if text is not None else np.nan for text in column], dtype=float
        )
        for (header, scale), column in zip(found.items(), given, strict=True)
    }


def decided(
    found: Mapping[str, Scale], points: "Mapping[str, np.ndarray]", facts: Mapping[str, Facts]
) -> dict[str, Scale]:
    """The scales with their open codes decided by the other answers of the people who gave them, or asked.

    Parameters
    ----------
    found
        Scales by header.
    points
        What people gave, by header.
    facts
        What was measured of each column, by header.
    """
    import numpy as np

    inner = {}
    for header, scale in found.items():
        given = points[header].copy()
        given[(given < scale.low) | (given > scale.high)] = np.nan
        for code in scale.open_codes:
            given[given == code] = np.nan
        inner[header] = given
    evidence: dict[tuple[str, int], float] = defaultdict(float)
    people: Counter[tuple[str, int]] = Counter()
    for header, scale in found.items():
        for code in scale.open_codes:
            block = f"{stem(header)} {scale.high if code else 0}"
            evidence[block, code] += _odds(header, code, inner, points)
            people[block, code] += int((points[header] == code).sum())
    sides = {
        code: [value for (_, each), value in evidence.items() if each == code] for code in {c for _, c in evidence}
    }
    made = {}
    for header, scale in found.items():
        said = {}
        for code in scale.open_codes:
            odds = evidence[f"{stem(header)} {scale.high if code else 0}", code]
            said[code] = "answer" if odds > _SURE else "code" if odds < -_SURE else "open"
            if said[code] == "open" and _known(header, scale, code):
                said[code] = "answer"
            if said[code] == "open" and min(sides[code]) < -_SURE and max(sides[code]) <= _SURE:
                said[code] = "code"  # one file, one book of codes
            if said[code] == "open" and max(sides[code]) > _SURE and min(sides[code]) >= -_SURE:
                said[code] = "answer"
        made[header] = scales.settle(scale, facts[header], said)
    return made


def _known(header: str, scale: Scale, code: int) -> bool:
    """Whether the scale is one that has the code: 0 to 10 does."""
    return code == 0 and scale.high in (10, 11)


def _odds(header: str, code: int, inner: "Mapping[str, np.ndarray]", points: "Mapping[str, np.ndarray]") -> float:
    """Log odds that a code is an answer: its people go on the line of the others, or they are like everybody."""
    import numpy as np

    others = [given for name, given in inner.items() if name != header]
    if not others:
        return 0.0
    stacked = np.vstack(others)
    with np.errstate(all="ignore"):
        centre = np.array([np.nanmean(row) if np.isfinite(row).any() else np.nan for row in stacked])
        sd = np.array([np.nanstd(row) if np.isfinite(row).any() else np.nan for row in stacked])
        sd[sd == 0] = np.nan
        scaled = (stacked - centre[:, None]) / sd[:, None]
        scaled = scaled[np.isfinite(sd)]
    count = np.isfinite(scaled).sum(axis=0)
    mood = np.divide(np.nansum(scaled, axis=0), count, out=np.full(scaled.shape[1], np.nan), where=count > 0)
    own = inner[header]
    both = np.isfinite(own) & np.isfinite(mood)
    with_code = (points[header] == code) & np.isfinite(mood)
    if both.sum() < _FEWEST_PEOPLE or with_code.sum() < 5 or np.std(own[both]) == 0:
        return 0.0
    slope, level = np.polyfit(own[both], mood[both], 1)
    scatter = float(np.std(mood[both]))
    if scatter == 0:
        return 0.0
    error = np.sqrt(scatter**2 / with_code.sum() + (_SLACK * scatter) ** 2)
    seen = float(mood[with_code].mean())
    as_answer, as_code = (seen - (level + slope * code)) / error, (seen - mood[both].mean()) / error
    return float(as_code**2 - as_answer**2) / 2


def of_survey(
    found: Mapping[str, Scale], points: "Mapping[str, np.ndarray]", said: Mapping[str, str], file: str
) -> tuple[dict[str, Item], Question | None]:
    """Roles, measures and directions of the ratings of a survey, and what must be asked of all of them.

    Parameters
    ----------
    said
        What each column is called in full (its name and label), by its name.
    file
        Name of the file: it may say which way items point.
    found
        Scales by header.
    points
        What people gave, by header.
    """
    outcomes = _outcomes(found, said)
    recommends = [header for header in found if RECOMMEND.search(said[header]) and found[header].span == (0, 10)]
    made = {
        header: Item(
            scale,
            "outcome" if header in outcomes else uses.role_of(said[header]),
            _measure(said[header], scale, header in outcomes),
        )
        for header, scale in found.items()
    }
    question = None
    if found and not outcomes:
        if efforts := [header for header in found if _EFFORT.search(said[header]) and len(found) == 1]:
            made[efforts[0]] = replace(made[efforts[0]], role="outcome", measure="ces")
        else:
            question = _no_outcome(found)
    lead = (recommends or [header for header in outcomes if not _EFFORT.search(said[header])] or outcomes)[:1]
    pointed = {header: _pointed(header, item, made, points, lead, said[header], file) for header, item in made.items()}
    return _beside_the_lead(pointed, points, lead), question


def _outcomes(found: Mapping[str, Scale], said: Mapping[str, str]) -> list[str]:
    """What is to be explained: all in all, where an item asks for that; satisfaction with single things is not it."""
    candidates = [header for header in found if is_outcome(said[header])]
    general = [header for header in candidates if _is_general(said[header])]
    return general or (candidates if len(candidates) == 1 else [])


def _is_general(said: str) -> bool:
    return bool(RECOMMEND.search(said) or _GENERAL.search(said) or _BARE.fullmatch(said))


def _measure(said: str, scale: Scale, outcome: bool) -> str:
    if not outcome:
        return ""
    if RECOMMEND.search(said):
        return "nps" if scale.span == (0, 10) else ""
    return "csat" if _SATISFIED.search(said) else ""


def _no_outcome(found: Mapping[str, Scale]) -> Question:
    names = listing([shown(header) for header in list(found)[:6]] + (["…"] if len(found) > 6 else []))
    asks = sentence("Which of these items is what you want to explain: {names}?", names=names)
    evidence = sentence(
        "No name speaks of recommending, of satisfaction or of all in all. Write role: outcome on that item, "
        "and take the question away."
    )
    return Question(asks, evidence)


def _pointed(
    header: str,
    item: Item,
    made: Mapping[str, Item],
    points: "Mapping[str, np.ndarray]",
    lead: Iterable[str],
    said: str,
    file: str,
) -> Item:
    """An item with its direction, or the question which it is."""
    scale = item.scale
    if scale.family or scale.question:  # words have an order of their own
        return item
    against = _correlation(header, made, points, lead)
    declared = bool(_LOW_SAID.search(said)) and not _HIGH_SAID.search(said)
    of_file = bool(re.search(r"(?i)1[_ -]?(is|=)?[_ -]?best", file))
    if of_file or declared:
        if against is not None and not of_file and against > -_AGAINST and not re.search(r"(?i)schulnote|best", said):
            return replace(item, question=_which_way(header, against, scale))
        if of_file and not (_EITHER_WAY.search(said) or declared):
            return item
        return replace(item, low_is_good=True)
    if _EITHER_WAY.search(said) and scale.low == 1:
        return replace(item, question=_which_way(header, None, scale))
    if against is not None and against < _AGAINST:
        return replace(item, question=_which_way(header, against, scale))
    return item


def _beside_the_lead(
    pointed: Mapping[str, Item], points: "Mapping[str, np.ndarray]", lead: Sequence[str]
) -> dict[str, Item]:
    """Items with an outcome of which the lowest point is, or may be, the best: who goes along with it is asked too."""
    first = pointed[lead[0]] if lead else None
    if first is None or not (first.low_is_good or first.question):
        return dict(pointed)
    found = {}
    for header, item in pointed.items():
        along = _correlation(header, pointed, points, lead) if header not in lead else None
        undecided = not (item.scale.family or item.scale.question or item.low_is_good)
        if undecided and along is not None and along > -_AGAINST and not item.question:
            item = replace(item, question=_which_way(header, along, item.scale, beside=lead[0]))
        elif undecided and first.low_is_good and along is not None and along < _AGAINST:
            item = replace(item, question=None)  # the best mark beside the best grade
        found[header] = item
    return found


def _correlation(
    header: str, made: Mapping[str, Item], points: "Mapping[str, np.ndarray]", lead: Iterable[str]
) -> float | None:
    """With the outcome, or of the outcome with the drivers; None where it is not clearly away from 0."""
    import numpy as np

    lead = list(lead)
    if not lead:
        return None
    others = [name for name in made if name != header] if header in lead else lead
    found = []
    for name in others:
        one, other = points[header], points[name]
        kept = np.isfinite(one) & np.isfinite(other)
        for each, given in ((made[header], one), (made[name], other)):
            kept &= (given >= each.scale.low) & (given <= each.scale.high)
        if kept.sum() >= _FEWEST_PEOPLE and np.std(one[kept]) > 0 and np.std(other[kept]) > 0:
            r = float(np.corrcoef(one[kept], other[kept])[0, 1])
            if abs(r) * np.sqrt(kept.sum()) > 3:
                found.append(r)
    if not found:
        return None
    if header in lead:  # an outcome against which nearly all drivers stand
        return float(np.median(found)) if len(found) > 1 else None
    return found[0]


def _which_way(header: str, against: float | None, scale: Scale, *, beside: str = "") -> Question:
    asks = sentence("Is {low} the best or the worst answer to {item}?", low=str(scale.low), item=shown(header))
    if against is None:
        evidence = sentence("Its name fits both.")
    elif beside:
        evidence = sentence(
            "Who gives more here gives more to {lead} (correlation {r}), of which the lowest point may be the best.",
            lead=shown(beside),
            r=f"{against:.2f}",
        )
    elif against < 0:
        evidence = sentence(
            "Who gives more here gives less to the outcome (correlation {r}).", r=f"{against:.2f}".replace("-", "−")
        )
    else:
        evidence = sentence(
            "Its name speaks of effort, but who gives more here gives more to the outcome (correlation {r}).",
            r=f"{against:.2f}",
        )
    low, high = str(scale.low), str(scale.high)
    readings = (
        Reading(("direction: low_is_good",), sentence("{low} is the best answer; it is turned round", low=low)),
        Reading((), sentence("{high} is the best answer", high=high)),
    )
    return Question(asks, evidence, readings)


def splits(facts: Facts) -> str:
    """The mark between the choices of a question with several answers; "" where it is none.

    Parameters
    ----------
    facts
        What was measured of the column.
    """
    texts = [(text, count) for text, count in facts.values if text.strip()]
    if facts.numeric or facts.dates or facts.notation or facts.personal or not texts:
        return ""
    for mark in (";", "|", "\n", ","):
        with_mark = sum(count for text, count in texts if mark in text)
        parts: Counter[str] = Counter()
        sizes = set()
        for text, count in texts:
            pieces = [piece.strip() for piece in text.split(mark) if piece.strip()]
            sizes.add(len(pieces))
            for piece in pieces:
                parts[piece] += count
        told = sum(count for _, count in texts)
        if with_mark < 0.2 * told or not 2 <= len(parts) <= 25 or len(sizes) < 2 or len(parts) >= len(texts) + 2:
            continue
        if min(parts.values()) >= max(2, 0.005 * told) and max(map(len, parts)) <= 60 and told >= 0.9 * facts.present:
            return mark
    return ""
