"""A check of a comparison, and whether it is a test that might have spoken against it."""

from workbench.findings import Check, Status

Told = tuple[Check, bool]
"""A check, and whether it compares the arms and might have spoken against them."""


def told(
    name: str,
    status: Status,
    message: str,
    title: str,
    value: float | None = None,
    threshold: float | None = None,
    *,
    counts: bool = True,
) -> Told:
    """One of them.

    Parameters
    ----------
    name, status, message, title, value, threshold
        As of `findings.Check`.
    counts
        Whether it compares the arms: neither what is only recorded or could not be seen, nor a remedy that was taken,
        nor what makes an interval wide.
    """
    return Check(name=name, status=status, message=message, title=title, value=value, threshold=threshold), counts
