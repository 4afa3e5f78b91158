"""What arguments may be: every mistake names the argument, what it should be and what it is."""

import datetime
import decimal
import inspect

import numpy
import pyarrow
import pytest
import rowgen
from conftest import NUMBERS

ENDLESS = NUMBERS.replace("rows: 100_000", "rows: 0").replace("1 / (70000 - id)", "id")
MOST = 2**63 - 1
ROW = f"a whole number from 0 to {MOST}"
VALUE = "text, a number, a truth value, a date or a time"
TWO = """
version: 1
tables:
  a: { rows: 10, columns: { id: sequence } }
  b: { rows: 10, columns: { id: sequence } }
sinks:
  - file: { tables: all, path: "{table}.csv" }
"""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"start": -1}, f"`start`: expected {ROW}, found `-1`"),
        ({"stop": 2**63}, f"`stop`: expected {ROW}, found `9223372036854775808`"),
        ({"stop": 2**64}, f"`stop`: expected {ROW}, found `18446744073709551616`"),
        ({"stop": 1.5}, f"`stop`: expected {ROW}, found `1.5`"),
        ({"threads": 0}, "`threads`: expected a whole number from 1 to 4096, found `0`"),
        ({"threads": 2**63}, "`threads`: expected a whole number from 1 to 4096, found `9223372036854775808`"),
        ({"threads": "x"}, "`threads`: expected a whole number from 1 to 4096, found `x`"),
        ({"batch_rows": 0}, "`batch_rows`: expected a whole number from 1 to 4294967295, found `0`"),
        ({"table": 5}, "`table`: expected text, found `5`"),
        ({"columns": "id"}, "`columns`: expected a list of names, found `id`"),
        ({"columns": ["id", 5]}, "`columns`: expected a list of names, found `['id', 5]`"),
        ({"columns": b"id"}, "`columns`: expected a list of names, found `b'id'`"),
        ({"columns": ["id", "id"]}, "column `id` is asked for twice"),
        ({"seed": []}, "`seed`: expected text or a whole number, found `[]`"),
        ({"seed": 7.0}, "`seed`: expected text or a whole number, found `7.0`"),
        ({"seed": True}, "`seed`: expected text or a whole number, found `True`"),
        ({"params": ["a"]}, "`params`: expected a mapping of names to values, found `['a']`"),
        ({"params": {"a": None}}, f"`params[a]`: expected {VALUE}, found `None`"),
        ({"params": {"a": [1]}}, f"`params[a]`: expected {VALUE}, found `[1]`"),
        ({"params": {"a": b"x"}}, f"`params[a]`: expected {VALUE}, found `b'x'`"),
        ({"run_date": "yesterday"}, "`run_date`: expected a date such as 2026-01-31, found `yesterday`"),
        ({"run_date": []}, "`run_date`: expected a date such as 2026-01-31, found `[]`"),
        ({"dictionaries": 1}, "`dictionaries`: expected `True` or `False`, found `1`"),
    ],
)
def test_mistakes_in_arguments_of_read(arguments, told):
    with pytest.raises(rowgen.PipelineError) as error:
        rowgen.read(NUMBERS, **arguments)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rows": "5"}, f"`rows`: expected {ROW}, found `5`"),
        ({"rows": {"a": None}}, f"`rows[a]`: expected {ROW}, found `None`"),
        ({"out": 5}, "`out`: expected a path, found `5`"),
        ({"slice": "3/2"}, "`slice`: expected I/N with I from 1 to N, such as 2/8, found `3/2`"),
        ({"sinks": "csv"}, "`sinks`: expected a list of names, found `csv`"),
        ({"overwrite": "no"}, "`overwrite`: expected `True` or `False`, found `no`"),
    ],
)
def test_mistakes_in_arguments_of_run(arguments, told):
    with pytest.raises(rowgen.PipelineError) as error:
        rowgen.run(NUMBERS, **arguments)
    assert str(error.value) == told


def test_a_pipeline_is_a_path_or_a_text(tmp_path):
    file = tmp_path / "t.yaml"
    file.write_text(NUMBERS)
    for given in (file, str(file), NUMBERS, NUMBERS.replace("\n", "\r\n")):
        assert len(rowgen.read(given)) == 100_000
    for given in (None, b"t.yaml"):
        with pytest.raises(rowgen.PipelineError) as error:
            rowgen.read(given)
        assert str(error.value) == f"`pipeline`: expected the path of a pipeline file, or its text, found `{given}`"
    with pytest.raises(rowgen.RowgenError, match="\n  hint: the text of a pipeline has a line end, and a path has none$"):
        rowgen.read("{ version: 1, tables: {} }")


def test_what_raises_while_it_is_asked_keeps_its_exception():
    class Param:
        def __str__(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rowgen.read(NUMBERS, params={"a": Param()})


def test_values_of_other_libraries_are_those_of_python():
    names = ["text", "flag", "whole", "float", "price", "day"]
    columns = "".join(f'      {name}: {{ type: utf8, constant: "${{{name}}}" }}\n' for name in names)
    text = f"version: 1\nparams: {{ {', '.join(name + ': 0' for name in names)} }}\n"
    text += f"tables:\n  t:\n    rows: 1\n    columns:\n{columns}"
    values = [numpy.str_("x"), numpy.True_, numpy.int64(7), numpy.float64(0.5), decimal.Decimal("1.50"), datetime.date(2026, 3, 4)]
    made = pyarrow.table(rowgen.read(text, params=dict(zip(names, values)), dictionaries=False)).to_pylist()
    assert list(made[0].values()) == ["x", "true", "7", "0.5", "1.50", "2026-03-04"]


def test_any_collection_of_names_names_columns():
    for names in (("word", "id"), {"word": 1, "id": 2}.keys(), iter(["word", "id"]), numpy.array(["word", "id"])):
        assert rowgen.read(NUMBERS, columns=names).column_names == ["word", "id"]


def test_rows_beyond_the_last_number_are_refused():
    last = rowgen.read(ENDLESS, columns=["id"], start=MOST - 2, stop=MOST)
    assert pyarrow.table(last)["id"].to_pylist() == [MOST - 2, MOST - 1]
    assert len(rowgen.read(ENDLESS, stop=MOST)) == MOST
    with pytest.raises(rowgen.PipelineError, match="`stop`: expected a whole number"):
        last.slice(stop=MOST + 1)


def test_rows_of_several_tables_are_said_by_their_names(tmp_path):
    with pytest.raises(rowgen.PipelineError, match="`--rows` needs exactly one table with `rows` or `from`, here are 2"):
        rowgen.run(TWO, rows=5)
    report = rowgen.run(TWO, rows={"a": 5, "b": 6}, out=tmp_path)
    assert sorted(sink["rows"] for sink in report["sinks"]) == [5, 6]


def test_the_seed_is_the_same_wherever_it_is_said():
    read = lambda **values: rowgen.read(NUMBERS, columns=["price"], **values)
    assert read().fingerprint == read(seed=7).fingerprint == read(seed="7").fingerprint == read(seed=numpy.int64(7)).fingerprint


def test_the_moment_is_in_the_fingerprint_of_rows_that_have_it():
    timed = "version: 1\ntables: { t: { rows: 3, columns: { id: sequence, at: now } } }\n"
    untimed = timed.replace(", at: now", "")
    moments = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
    for text, count in ((timed, 2), (untimed, 1)):
        tables = [rowgen.read(text, now=now, run_date="2026-01-01") for now in moments]
        assert len({table.fingerprint for table in tables}) == count
        assert pyarrow.table(tables[0]).equals(pyarrow.table(tables[1])) == (count == 1)
    # It is of all columns, whichever are read.
    assert rowgen.read(timed, None, ["id"], now=moments[0]).fingerprint == rowgen.read(timed, now=moments[0]).fingerprint


def test_signatures_say_what_is_taken_where_nothing_is_said():
    parameters = inspect.signature(rowgen.read).parameters
    assert (parameters["start"].default, parameters["dictionaries"].default) == (0, True)
    assert inspect.signature(rowgen.run).parameters["overwrite"].default is False
