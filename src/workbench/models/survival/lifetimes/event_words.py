"""What the end of a customer's life is called: subscribers leave, buyers without a contract lapse."""

from collections.abc import Mapping
from types import MappingProxyType

from workbench.wording import sentence

_LEAVE = {
    "leave": "leave",
    "left": "left",
    "leaving": "leaving",
    "stay": "stay",
    "there": "still there",
    "gone": "gone",
}
_LAPSE = {
    "leave": "lapse",
    "left": "lapsed",
    "leaving": "lapsing",
    "stay": "go on buying",
    "there": "still buying",
    "gone": "lapsed",
}


def event_words(lapse: bool) -> Mapping[str, str]:
    """Words to be filled into sentences: `leave`, `left`, `leaving`, `stay`, `there`, `gone`.

    Parameters
    ----------
    lapse
        Whether the end is a lapse in buying instead of one that somebody declared.

    Examples
    --------
    >>> sentence("Half of them {leave} within a year.", **event_words(True))
    'Half of them lapse within a year.'
    """
    return MappingProxyType({name: sentence(word) for name, word in (_LAPSE if lapse else _LEAVE).items()})
