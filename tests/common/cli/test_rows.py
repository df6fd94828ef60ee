"""The rows of a file: none is lost, changed or torn apart on its way in."""

import json
from pathlib import Path

import pytest
from mediaops_common.cli.rows import activities_in, rows_in


@pytest.fixture
def file(tmp_path: Path):
    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return written


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_ends_where_its_line_does_and_nowhere_else(file, end):
    rows = [{"text": f"one{mark}two"} for mark in "\u2028\u2029\u0085\x7f"]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    assert rows_in(file("rows.ndjson", end.join([*lines, "", ""]))) == rows


def test_an_amount_may_be_negative(file):
    header = "type,count,value.amount_minor,value.currency"
    text = f"{header}\norder.refunded,1,-500,CNY\norder.refunded,-,--5,CNY\n"
    found = activities_in(file("rows.csv", text))
    assert found[0]["value"] == {"amount_minor": -500, "currency": "CNY"}
    assert (found[1]["count"], found[1]["value"]["amount_minor"]) == ("-", "--5")


@pytest.mark.parametrize("read", [rows_in, activities_in])
def test_a_column_that_stands_twice_is_refused_by_its_name(file, read):
    with pytest.raises(ValueError, match="column text "):
        read(file("rows.csv", "type,text,text\ncomment.created,first,second\n"))


def test_columns_without_a_name_are_no_repeated_ones(file):
    text = "type,,\nlike.created,,\n"
    assert activities_in(file("rows.csv", text)) == [{"type": "like.created"}]


@pytest.mark.parametrize("header", ["actor,actor.name", "actor.name,actor"])
def test_a_column_does_not_take_the_place_of_those_of_its_fields(file, header):
    with pytest.raises(ValueError, match="contradict"):
        activities_in(file("rows.csv", f"{header}\na,b\n"))
