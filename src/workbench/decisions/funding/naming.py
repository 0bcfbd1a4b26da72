"""Names of the data as they end names of metrics."""

import re


def keys(names: list[str]) -> list[str]:
    """Names as they end a metric's name: small letters, digits and _, each once.

    Parameters
    ----------
    names
        Of initiatives or links.

    Examples
    --------
    >>> keys(["App renewal", "app-renewal", "B"])
    ['app_renewal', 'app_renewal_2', 'b']
    """
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name.lower()).strip("_") or "initiative"
        number, taken = 2, plain
        while taken in found:
            taken, number = f"{plain}_{number}", number + 1
        found.append(taken)
    return found
