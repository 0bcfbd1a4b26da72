"""Secrets of the environment stay there: a kernel sees a short list of variables, and what is written down is searched.

Where a study needs a secret, `WORKBENCH_PASS` names the variables that its kernel gets as well, divided by commas.
"""

import base64
import html
import json
import os
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.studies.definition.secret import SHORTEST

if TYPE_CHECKING:
    from pandas import DataFrame

SHORTEST_ENCODED = 8
"""Bytes of a secret from which it is looked for in Base64: a shorter one is found in any picture by chance."""
PASSED = "WORKBENCH_PASS"
"""Names more variables that kernels get, divided by commas."""
NEVER = "WORKBENCH_PSEUDONYM_"
"""Variables of the key to pseudonyms begin so: the door alone sees it, whatever is asked for."""
NAME = re.compile(
    r"SECRET|TOKEN|PASS|_PWD|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|_KEY$|_URL$|_URI$|_DSN$|_PAT$|AUTH(?!OR(_|$))|COOKIE|_PROXY$|"
    r"CONNECTION|_CONN$|_SAS$|WEBHOOK|SALT|BEARER|(^|_)PIN$|密码|密钥|口令|令牌",
    re.IGNORECASE,
)
NO_SECRETS = re.compile(r"XAUTHORITY|SSH_(CONNECTION|CLIENT|TTY|AUTH_SOCK)|NO_PROXY", re.IGNORECASE)
"""Names that only sound so."""
# What Python and the libraries of a study go by; none of these is a secret.
ALLOWED = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|USER|LOGNAME|SHELL|TERM|COLUMNS|LINES|HOSTNAME|VIRTUAL_ENV|"
    r"CONDA_PREFIX|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|PYTHON(PATH|HASHSEED|HOME|UTF8|IOENCODING|DONTWRITEBYTECODE|"
    r"PYCACHEPREFIX|FAULTHANDLER)|XDG_\w+_(HOME|DIR)|(OMP|OPENBLAS|MKL|NUMEXPR|NUMBA|BLIS|VECLIB)_\w+|MPL\w+|"
    r"PYTENSOR_FLAGS|JAX_\w+|XLA_FLAGS|CUDA_\w+|COVERAGE_\w+|COV_CORE_\w+|SYSTEMROOT|SPARK_HOME|JAVA_HOME|"
    r"(?i:(HTTPS?|ALL|NO|FTP)_PROXY)|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|R_HOME|R_LIBS(_\w+)?|CC|CXX|"
    r"SDKROOT|MACOSX_DEPLOYMENT_TARGET|DYLD_FALLBACK_LIBRARY_PATH|KMP_\w+|(LOKY|POLARS|RAYON)_\w+|SLURM_CPUS_\w+|"
    r"(HIP|ROCR|NVIDIA)_VISIBLE_DEVICES|PYSPARK_PYTHON|SPARK_LOCAL_IP|PYTHON(USERBASE|NOUSERSITE)|TZDIR|HF_HOME|PROJ_LIB|"
    r"WORKBENCH_(LANGUAGE|CATALOGUES|MEMORY_LIMIT|ROOT)"
)


def kernel_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a kernel sees of the environment.

    Parameters
    ----------
    environment
        Of the command.

    Examples
    --------
    >>> kernel_environment({"PATH": "/bin", "DB_PASS": "hunter2"})
    {'PATH': '/bin'}
    """
    passed = {name.strip() for name in environment.get(PASSED, "").split(",")}
    passed = {name for name in passed if not name.startswith(NEVER)}
    return {name: value for name, value in environment.items() if name in passed or ALLOWED.fullmatch(name)}


def environment_secrets(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Values of variables that are passed on by name, or whose names say that they are secret; longest first.

    Parameters
    ----------
    environment
        By name; that of this process where it is not said.
    """
    passed = {name.strip() for name in environment.get(PASSED, "").split(",")}
    found = {
        value
        for name, value in environment.items()
        if name != PASSED and (name in passed or _secret(name)) and len(value.strip()) >= SHORTEST
    }
    return tuple(sorted(found, key=len, reverse=True))


def _secret(name: str) -> bool:
    return bool(NAME.search(name)) and not NO_SECRETS.fullmatch(name)


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """`text` without the secrets: as they are, as Python, JSON and addresses write them, marked up, Base64 and hex.

    Parameters
    ----------
    text
        From a kernel; not JSON, whose syntax a secret may look like (see `redacted`).
    secrets
        From `environment_secrets`.

    Examples
    --------
    >>> redact("password is hunter2!", ("hunter2!",))
    'password is [secret]'
    """
    return _pattern(secrets).sub("[secret]", text) if secrets else text


@lru_cache(maxsize=4)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """Any shape of any secret: earlier secrets and longer shapes first."""
    found = []
    for shape in [shape for secret in secrets for shape in _shapes(secret)]:
        # A number may hold the digits of a secret by chance, but not so many.
        few = shape.isdigit() and len(shape) < 2 * SHORTEST_ENCODED
        edges = (r"(?<![\d.])", r"(?![\d.])") if few else ("", "")
        found.append(edges[0] + re.escape(shape) + edges[1])
    return re.compile("|".join(found))


def _shapes(secret: str) -> list[str]:
    """How a secret may stand in a text, each once and the longest first."""
    marked = html.escape(secret)
    shapes = {secret, repr(secret)[1:-1], marked, marked.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")}
    shapes |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    shapes |= {urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}
    return sorted(shapes | _encoded(secret), key=len, reverse=True)


def _encoded(secret: str) -> set[str]:
    """The secret in hexadecimal, and its part in Base64, whatever stands before and behind it (a name, in a header).

    Base64 has four letters for three bytes: by where the secret begins, there are three ways to write it. A letter at
    an end is of a neighbour's bits as well, so a few bits of the ends stay.
    """
    content = secret.encode("utf-8", errors="surrogatepass")
    if len(content) < SHORTEST_ENCODED:
        return set()
    found = {content.hex(), content.hex().upper()}
    for before in range(3):
        whole = base64.b64encode(bytes(before) + content).decode()
        own = whole[-(-before * 8 // 6) : (before + len(content)) * 8 // 6]
        found |= {own, own.replace("+", "-").replace("/", "_")}
    return found


def redacted(value: Any, secrets: tuple[str, ...]) -> Any:
    """Plain data without the secrets: in its strings, never in its keys or numbers.

    Parameters
    ----------
    value
        Strings, numbers, lists and mappings.
    secrets
        From `environment_secrets`.

    Examples
    --------
    >>> redacted({"metadata": ["metadata", 1]}, ("metadata",))
    {'metadata': ['[secret]', 1]}
    """
    if not secrets:
        return value
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, Mapping):
        return {key: redacted(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, secrets) for item in value]
    return value


def redacted_frame(frame: "DataFrame", secrets: tuple[str, ...]) -> "DataFrame":
    """A table without the secrets: in its texts and names of columns.

    Parameters
    ----------
    frame
        Of any columns.
    secrets
        From `environment_secrets`.
    """
    if not secrets:
        return frame
    found = frame.rename(columns=lambda name: redacted(name, secrets))
    for place, kind in enumerate(frame.dtypes):
        if kind.kind not in "iufbMm":
            found.isetitem(place, [redacted(value, secrets) for value in frame.iloc[:, place]])
    return found


def take_out(folder: Path, texts: Sequence[str]) -> list[str]:
    """Remove files of a run in which a secret stands in spite of all; their places in its folder.

    Parameters
    ----------
    folder
        Of the run.
    texts
        Secrets that the run was given; what the environment holds may be an ordinary word.
    """
    shapes = [shape.encode() for text in texts for shape in _shapes(text)]
    found = []
    for path in sorted(folder.rglob("*")) if shapes else ():
        if path.is_file() and not path.is_symlink() and any(shape in path.read_bytes() for shape in shapes):
            path.unlink()
            found.append(path.relative_to(folder).as_posix())
    return found
