"""What looks personal and is not marked is warned of, and never quoted."""

import pytest

from workbench.errors import DataError

PEOPLE = "title: x\ntables: {customers: {file: rows.csv, columns: {customer_id: c, %s}}}"


def warned(project, column, rows):
    checks = project.write(PEOPLE % column, rows).find().check()
    return [check for check in checks if "looks_personal" in check.name]


@pytest.mark.parametrize(
    ("column", "header", "value", "why"),
    [
        ("contact", "contact", "ada@example.org", "e-mail addresses"),
        ("line", "line", "+44 7700 900123", "telephones"),
        ("line", "line", "0171 2345678", "telephones"),
        ("line: {type: number}", "line", "13800138000", "telephones"),
        ("account", "account", "DE89370400440532013000", "accounts"),
        ("number", "number", "QQ123456C", "identity cards"),
        ("number", "number", "11010519491231002X", "identity cards"),
        ("card", "card", "4111 1111 1111 1111", ""),
        ("card", "card", "4111111111111111", ""),
        ("card", "card", "6222021234567890128", ""),
        ("handle", "handle", "@ada_lovelace", ""),
        ("who: {from: full name}", "full name", "Ada", "its name speaks"),
        ("born: {from: Geburtsdatum, type: date}", "Geburtsdatum", "1915-12-10", "its name speaks"),
    ],
)
def test_what_looks_personal_and_enters_unmarked_is_named_and_not_quoted(project, column, header, value, why):
    rows = f"c,{header}\na,{value}\nb,{value}\n"
    (check,) = warned(project, column, rows)
    name = column.split(":")[0]
    assert check.status == "warn"
    assert check.message.startswith(f"customers.{name} enters unmarked and looks personal: ")
    assert why in check.message
    assert "personal: drop, or personal: false if it tells nobody" in check.message
    assert value not in check.message
    quiet = column.replace("}", ", personal: false}") if "{" in column else f"{column}: {{personal: false}}"
    assert warned(project, quiet, rows) == []


def test_texts_that_are_nearly_all_unlike_are_warned_of(project):
    rows = "c,remark\n" + "".join(f"c{i},said {'x' * i}\n" for i in range(30))
    (check,) = warned(project, "remark", rows)
    assert "a text of its own" in check.message
    assert warned(project, "remark", "c,remark\n" + "".join(f"c{i},{'ab'[i % 2]}\n" for i in range(30))) == []


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("spend", ["10.5", "22", "1800.25"]),
        ("since: {type: date}", ["2020-01-02", "2021-12-31", "2020-05-06"]),
        ("product_name", ["Large box", "Small box", "Bag"]),
        ("band", ["10000-19999", "20000-29999", "30000+"]),
        ("phone: {type: boolean}", ["0", "1", "0"]),
        ("zip", ["02931", "94546", "01234"]),
        # Sixteen digits, of which one in three has the check digit of a bank card.
        ("order", ["4111111111111111", "4111111111111112", "4111111111111113"]),
    ],
)
def test_ordinary_columns_are_not(project, column, values):
    rows = "".join(f"{i},{value}\n" for i, value in enumerate(values))
    assert warned(project, column, f"c,{column.split(':')[0]}\n{rows}") == []


def test_an_id_of_e_mail_addresses_can_only_become_a_pseudonym(project):
    yaml = "title: x\ntables: {customers: {file: rows.csv, columns: {customer_id: c}}}"
    (check,) = project.write(yaml, "c\nada@example.org\n").find().check()
    assert "customers.customer_id enters unmarked" in check.message
    assert "Mark it personal: pseudonym, or personal: false" in check.message


@pytest.mark.parametrize(
    ("columns", "rows", "canary"),
    [
        ("customer_id: c", "c\nada@example.org\nada@example.org\n", "ada@"),
        ("customer_id: c, d: {type: date}", "c,d\na,+44 7700 900123\n", "7700"),
        ("customer_id: c, name: {values: {Bo: B}}", "c,name\na,Ada\n", "Ada"),
        ("customer_id: c, who: {values: {Bo: B}}", "c,who\na,Ada Lovelace\n", "Lovelace"),
        ("customer_id: c, n: {type: number}", "c,n\na,QQ123456C\n", "QQ"),
    ],
)
def test_a_violation_of_an_unmarked_column_tells_rows_instead_of_values(project, columns, rows, canary):
    with pytest.raises(DataError) as caught:
        project.write(
            f"title: x\ntables: {{customers: {{file: rows.csv, columns: {{{columns}}}}}}}", rows
        ).find().check()
    (fault,) = caught.value.faults
    assert canary not in fault
    assert " below the header" in fault


def test_digits_with_zeros_in_front_stay_codes(project):
    frame = project.write(PEOPLE % "zip", "c,zip\na,02931\nb,94546\nc,\n").find().load("customers").frame
    assert frame["zip"].tolist() == ["02931", "94546", None]


def test_a_header_that_stands_twice_is_told(project):
    checks = project.write(PEOPLE % "b", "c,x,x,b\na,1,2,3\n").find().check()
    (check,) = [check for check in checks if "double_headers" in check.name]
    assert "the header has a name more than once: x (2 times)" in check.message


@pytest.mark.parametrize(("value", "told"), [('"${n},{n}00.63"', False), ("({n}.00)", False), ("ABC {n}", True)])
def test_amounts_tell_nobody(project, value, told):
    rows = "".join(f"c{n},{value.replace('{n}', str(n))}\n" for n in range(100, 160))
    assert bool(warned(project, "spent: {type: category}", "c,spent\n" + rows)) is told


CHINESE = [
    ("who", "联系人", "张伟", "its name speaks"),
    ("who", "微信号", "weixin_1234", "its name speaks"),
    ("born: {type: date, from: 生日}", "生日", "1990-01-02", "its name speaks"),
    ("home: {from: 住址}", "住址", "北京", "its name speaks"),
    ("car: {from: 车牌}", "车牌", "粤B12345", "telephones"),
    ("line", "line", "138.0013.8000", "telephones"),
    ("line", "line", "１３８００１３８０００", "telephones"),
    ("note", "note", "请打 13800138000 联系", "telephones"),
    ("number", "number", "110105491231002", "identity cards"),
    ("number", "number", "E12345678", "identity cards"),
    ("place", "place", "北京市朝阳区建国路88号", "telephones"),
    ("mail", "post", "ada＠example.org", "e-mail addresses"),
]


@pytest.mark.parametrize(("column", "header", "value", "why"), CHINESE, ids=[each[2] for each in CHINESE])
def test_persons_are_recognised_in_chinese_and_in_full_width(project, column, header, value, why):
    if "from" not in column and column != header:
        column = f"{column}: {{from: {header}}}"
    (check,) = warned(project, column, f"c,{header}\na,{value}\nb,{value}\n")
    assert why in check.message
    assert value not in check.message


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["张伟"], "row 1 below the header: 2 characters, Chinese"),
        (["王小明先生"], "5 characters, Chinese"),
        (["Ada"], "row 1 below the header: 3 letters"),
        (["lovelace_ada"], "12 characters"),
        (["n/a"], "got 'n/a'"),
        (["Gold"] * 10, "got 'Gold'"),
        (["高级"] * 10, "got '高级'"),
    ],
)
def test_a_value_is_repeated_only_where_it_tells_nobody(project, values, told):
    yaml = "title: x\ntables: {customers: {file: rows.csv, columns: {customer_id: c, n: {type: number}}}}"
    rows = "".join(f"c{place},{value}\n" for place, value in enumerate(values))
    with pytest.raises(DataError) as caught:
        project.write(yaml, f"c,n\n{rows}").find().load("customers")
    assert told in str(caught.value)
    if not told.startswith("got"):
        assert values[0] not in str(caught.value)
