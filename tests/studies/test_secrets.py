"""Which variables a kernel sees, and what is taken out of what is written down."""

import pytest

from workbench.studies.execution.secrets import environment_secrets, kernel_environment, redact, redacted

NAMES = """
DB_PASS MYSQL_PWD SSHPASS GH_PAT AUTHORIZATION BASIC_AUTH SESSION_COOKIE CONNECTION_STRING JDBC_CONN PGPASSFILE
STORAGE_SAS SLACK_WEBHOOK PASSWORD_SALT BEARER CARD_PIN 密码 API_TOKEN DATABASE_URL AWS_SECRET_ACCESS_KEY
WORKBENCH_PSEUDONYM_KEY WORKBENCH_PSEUDONYM_KEY_FILE
"""
SECRET = {name: f"hunter-{place}-two" for place, name in enumerate(NAMES.split())}
PLAIN = {"PATH": "/bin:/usr/bin", "PWD": "/work", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "2", "HOME": "/home/somebody"}


@pytest.mark.parametrize("name", SECRET)
def test_a_kernel_sees_no_secret_and_texts_are_searched_for_it(name):
    environment = {name: SECRET[name], **PLAIN}
    assert set(kernel_environment(environment)) == set(PLAIN) - {"PWD"}
    if name != "WORKBENCH_PSEUDONYM_KEY_FILE":  # the name of a file
        assert environment_secrets(environment) == (SECRET[name],)


def test_a_variable_that_is_named_is_passed_and_searched_for():
    environment = {"WEATHER": "sunny-and-mild", "WORKBENCH_PASS": "WEATHER", **PLAIN}
    assert kernel_environment(environment)["WEATHER"] == "sunny-and-mild"
    assert environment_secrets(environment) == ("sunny-and-mild",)


def test_syntax_and_numbers_stay():
    secrets = ("metadata", "123456")
    found = redacted({"metadata": {"text": "metadata 123456 0.123456 1234567", "n": 123456}}, secrets)
    assert found == {"metadata": {"text": "[secret] [secret] 0.123456 1234567", "n": 123456}}


def test_a_secret_is_found_as_python_and_html_write_it():
    secret = "it's<b>"
    assert redact(repr(secret), (secret,)).count("[secret]") == 1
    assert redact("it&#x27;s&lt;b&gt; it&#39;s&lt;b&gt;", (secret,)) == "[secret] [secret]"


def test_what_ordinary_work_needs_is_seen_and_what_only_sounds_secret_is_none():
    plain = {
        name: "some-value" for name in ("https_proxy", "NO_PROXY", "R_HOME", "KMP_DUPLICATE_LIB_OK", "SSL_CERT_FILE")
    }
    assert kernel_environment(plain) == plain
    assert environment_secrets(plain) == ("some-value",)  # a proxy's address may hold a password
    odd = {name: "Ada Lovelace" for name in ("GIT_AUTHOR_NAME", "XAUTHORITY", "SSH_CONNECTION")}
    assert environment_secrets(odd) == ()


@pytest.mark.parametrize("name", ["WORKBENCH_PSEUDONYM_KEY", "WORKBENCH_PSEUDONYM_KEY_FILE"])
def test_the_key_to_pseudonyms_is_never_passed_on(name):
    environment = {name: "0123456789abcdef", "WORKBENCH_PASS": f"{name},OTHER", "OTHER": "some-value"}
    assert kernel_environment(environment) == {"OTHER": "some-value"}


def test_in_a_kernel_other_advice_helps(monkeypatch):
    """A notebook that opens a dataset by itself has neither key nor password: no setting of the shell mends that."""
    from workbench.datasets.privacy.pseudonyms import NoKeyError
    from workbench.datasets.reading.remote import _expand
    from workbench.errors import DataError

    assert "set WORKBENCH_PSEUDONYM_KEY" in str(NoKeyError("orders.customer_id"))
    monkeypatch.setenv("WORKBENCH_RUN_FOLDER", "/nowhere")
    said = str(NoKeyError("orders.customer_id"))
    assert "read the table by run.table" in said
    assert "WORKBENCH_P" not in said
    with pytest.raises(DataError, match=r"read by run\.table, or name them in WORKBENCH_PASS"):
        _expand("postgres://${NOBODY_HAS_SET_THIS}@host/base")
