"""Answers in words that have an order ("Strongly agree", 非常满意): which point of a scale each is. A data table."""

import re
from collections.abc import Iterable

# Families of answers from worst to best (<); words between commas say the same.
_FAMILIES = """
agree: strongly disagree, completely disagree, totally disagree, fully disagree, disagree strongly, disagree
    completely < disagree, mostly disagree, tend to disagree < somewhat disagree, slightly disagree, mildly
    disagree, disagree somewhat, disagree slightly, rather disagree < neutral, neither agree nor disagree, neither,
    undecided, neither disagree nor agree, neither nor, neither agree or disagree < somewhat agree, slightly agree,
    mildly agree, agree somewhat, agree slightly, rather agree < agree, mostly agree, tend to agree < strongly
    agree, completely agree, totally agree, fully agree, agree strongly, agree completely
satisfied: extremely dissatisfied, extremely unsatisfied, completely dissatisfied, totally dissatisfied < very
    dissatisfied, very unsatisfied < dissatisfied, unsatisfied, not satisfied, mostly dissatisfied < somewhat
    dissatisfied, slightly dissatisfied, rather dissatisfied, somewhat unsatisfied, moderately dissatisfied <
    neutral, neither satisfied nor dissatisfied, neither, neither nor, neither dissatisfied nor satisfied < somewhat
    satisfied, slightly satisfied, rather satisfied, moderately satisfied < satisfied, mostly satisfied < very
    satisfied < extremely satisfied, completely satisfied, totally satisfied
likely: extremely unlikely, definitely not, definitely would not, not at all likely < very unlikely, probably not,
    probably would not < unlikely < somewhat unlikely, slightly unlikely, rather unlikely < neutral, neither likely
    nor unlikely, neither, undecided, might or might not, maybe, unsure < somewhat likely, slightly likely, rather
    likely < likely < very likely, probably, probably would < extremely likely, definitely, definitely would
easy: extremely difficult, extremely hard < very difficult, very hard < difficult, hard < somewhat difficult,
    slightly difficult, rather difficult < neutral, neither easy nor difficult, neither, neither difficult nor easy
    < somewhat easy, slightly easy, rather easy < easy < very easy < extremely easy
german agreement: stimme überhaupt nicht zu, stimme gar nicht zu, trifft überhaupt nicht zu, trifft gar nicht zu,
    lehne stark ab < stimme nicht zu, stimme eher nicht zu, trifft eher nicht zu, lehne ab < teils/teils, teils
    teils, neutral, weder noch, weder/noch, unentschieden < stimme zu, stimme eher zu, trifft eher zu < stimme voll
    zu, stimme voll und ganz zu, stimme völlig zu, trifft voll zu, trifft voll und ganz zu, stimme stark zu
german satisfaction: sehr unzufrieden, äußerst unzufrieden < unzufrieden, eher unzufrieden < neutral, teils/teils,
    weder noch, weder zufrieden noch unzufrieden, teils teils < zufrieden, eher zufrieden < sehr zufrieden, äußerst
    zufrieden
french agreement: pas du tout d'accord, pas du tout d’accord, tout à fait en désaccord < pas d'accord, pas d’accord,
    plutôt pas d'accord, en désaccord < neutre, ni d'accord ni pas d'accord, sans opinion, ni l'un ni l'autre <
    d'accord, d’accord, plutôt d'accord < tout à fait d'accord, tout à fait d’accord
french satisfaction: très insatisfait, très insatisfaite, pas du tout satisfait, très mécontent < insatisfait,
    insatisfaite, plutôt insatisfait, pas satisfait, mécontent < neutre, ni satisfait ni insatisfait < satisfait,
    satisfaite, plutôt satisfait < très satisfait, très satisfaite, tout à fait satisfait
spanish agreement: totalmente en desacuerdo, muy en desacuerdo < en desacuerdo < neutral, ni de acuerdo ni en
    desacuerdo, indiferente < de acuerdo < totalmente de acuerdo, muy de acuerdo
spanish satisfaction: muy insatisfecho, muy insatisfecha < insatisfecho, insatisfecha < neutral, ni satisfecho ni
    insatisfecho, indiferente < satisfecho, satisfecha < muy satisfecho, muy satisfecha
italian satisfaction: molto insoddisfatto, per niente soddisfatto < insoddisfatto, poco soddisfatto < neutrale, né
    soddisfatto né insoddisfatto < soddisfatto, abbastanza soddisfatto < molto soddisfatto
portuguese satisfaction: muito insatisfeito < insatisfeito < neutro, nem satisfeito nem insatisfeito < satisfeito <
    muito satisfeito
dutch satisfaction: zeer ontevreden < ontevreden < neutraal < tevreden < zeer tevreden
chinese satisfaction: 非常不满意, 很不满意, 十分不满意, 非常不滿意, 极不满意 < 不满意, 不滿意, 较不满意,
    比较不满意 < 一般, 中立, 普通, 尚可, 说不清 < 满意, 滿意, 比较满意,
    较满意 < 非常满意, 很满意, 十分满意, 非常滿意, 极满意
chinese agreement: 非常不同意, 完全不同意, 强烈不同意, 很不同意 < 不同意, 比较不同意 < 一般, 中立, 不确定,
    说不清 < 同意, 比较同意 < 非常同意, 完全同意, 强烈同意, 很同意
japanese satisfaction: 非常に不満, 大変不満, とても不満 < 不満, やや不満 < どちらともいえない, どちらでもない,
    普通 < 満足, やや満足 < 非常に満足, 大変満足, とても満足
good: unacceptable, terrible, awful, horrible, extremely poor, extremely bad < very poor, very bad < poor, bad,
    needs improvement < below average < fair, average, ok, okay, neutral, acceptable, neither good nor bad < above
    average < good < very good, great < excellent, outstanding, extremely good, superb
german grades: ungenügend, sehr schlecht < mangelhaft, schlecht < ausreichend < befriedigend, mittelmäßig < gut <
    sehr gut
faces: 😡, 😠, 😫, 😢, 😭 < 🙁, 😟, ☹️, ☹, 😞 < 😐, 😑, 😶 < 🙂, 😊, 😀 < 😍, 😄, 😁, 🤩, 😃
"""


def _families(text: str) -> dict[str, list[list[str]]]:
    """The families of the table by name: levels from worst to best, each with its words."""
    found = {}
    for entry in re.split(r"\n(?=\S)", text.strip()):
        name, _, levels = entry.partition(":")
        found[name] = [[" ".join(word.split()) for word in level.split(",")] for level in levels.split("<")]
    return found


FAMILIES = _families(_FAMILIES)
# Families whose two sides mirror each other: a side that nobody chose is there all the same.
_MIRRORED = frozenset(FAMILIES) - {"good", "german grades"}
# Families of fixed length: all points count, whether anybody chose them or not.
_FIXED = frozenset(name for name, levels in FAMILIES.items() if len(levels) == 5)
_NUMBERED = re.compile(
    r"(?P<n>-?\d{1,3}) ?(?:[-–—:=.)]|points?:?|\() ?(?P<words>[^\d].*)|"
    r"(?P<after>[^\d].*?) ?[(（](?P<m>-?\d{1,3})[)）]"
)


def numbered(texts: Iterable[str]) -> dict[str, int] | None:
    """Points of answers of which some have a number and words ("10 - Extremely", 非常满意(5)), the rest a number.

    Parameters
    ----------
    texts
        The values.

    Examples
    --------
    >>> numbered(["0 - Not at all", "1", "2", "10 - Extremely"])
    {'0 - Not at all': 0, '1': 1, '2': 2, '10 - Extremely': 10}
    """
    found: dict[str, int] = {}
    worded = 0
    for text in texts:
        if re.fullmatch(r"-?\d{1,3}(\.0)?", text):
            found[text] = int(float(text))
        elif match := _NUMBERED.fullmatch(text):
            found[text] = int(match["n"] or match["m"])
            worded += 1
        else:
            return None
    return found if worded and len(set(found.values())) == len(found) else None


def family(texts: Iterable[str]) -> tuple[str, dict[str, int]] | None:
    """The family of answers that has most of some words, with the level of each word that it has.

    None where it is fewer than two levels, or fewer than two words in three.

    Parameters
    ----------
    texts
        The values.
    """
    words = {text: " ".join(text.casefold().replace("’", "'").split()).strip(" .!") for text in texts}
    best: tuple[str, dict[str, int]] | None = None
    for name, levels in FAMILIES.items():
        places = {word.replace("’", "'"): i for i, same in enumerate(levels) for word in same}
        found = {text: places[word] for text, word in words.items() if word in places}
        if len(set(found.values())) >= 2 and (best is None or len(found) > len(best[1])):
            best = name, found
    return best if best and 3 * len(best[1]) >= 2 * len(words) else None


def levels_of(name: str, seen: Iterable[int]) -> list[int]:
    """The levels that a scale has of which some have been seen, lowest first.

    Parameters
    ----------
    name
        Of the family.
    seen
        Levels that occur.

    Examples
    --------
    >>> levels_of("satisfied", [4, 6, 7])
    [1, 2, 4, 6, 7]
    """
    found = set(seen)
    most = len(FAMILIES[name]) - 1
    if name in _FIXED:
        return [level for level in range(most + 1) if level != most // 2 or level in found or len(found) < 4]
    if name in _MIRRORED:
        found |= {most - level for level in found}
    return sorted(found)
