"""Known vulnerabilities of what is locked, from what pip-audit has found: `python .ci/audit.py FOUND COMPLAINTS`.

Both are files: the JSON that pip-audit gave, and what it wrote to stderr. Ends with 1 where a vulnerability is known;
where no advisory source could be reached, that is said in one line, and nothing is promised. Whatever else went wrong
fails too: a check does not disappear.
"""

import json
import re
import sys
from pathlib import Path

# How requests, urllib3 and pip-audit call a source that cannot be reached or does not answer.
UNREACHABLE = re.compile(
    r"\b\w*(Connect|Connection|Proxy|SSL|HTTP|Service|NameResolution)\w*Error\b|\w+Timeout\b|your network"
)
OTHERWISE = "The audit of known vulnerabilities did not come to its end, and not for want of an advisory source."


def judged(found: str, complaints: str) -> tuple[int, list[str]]:
    """An exit code and lines for people.

    Parameters
    ----------
    found
        JSON of pip-audit; empty where it did not come to its end.
    complaints
        Its stderr.

    Examples
    --------
    >>> judged('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', "")
    (0, ['No vulnerability is known of the 1 packages of the lock.'])
    """
    try:
        packages = json.loads(found)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if UNREACHABLE.search(complaints):
            return 0, [
                "No advisory source can be reached from here: known vulnerabilities of the lock were not looked up."
            ]
        named = re.findall(r"^([\w.]+(?:Error|Exception))\b", complaints, re.MULTILINE)
        return 1, [OTHERWISE, *named[-1:]]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    lines = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability.get('fix_versions', [])) or 'no version yet'}"
        for each in packages
        for vulnerability in each.get("vulns", [])
    ]
    lines += [f"{name}: could not be looked up" for name in skipped]
    if lines:
        return 1, lines
    return 0, [f"No vulnerability is known of the {len(packages)} packages of the lock."]


if __name__ == "__main__":
    code, lines = judged(*(Path(each).read_text(encoding="utf-8", errors="replace") for each in sys.argv[1:3]))
    print("\n".join(lines))
    sys.exit(code)
