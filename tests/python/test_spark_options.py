"""What the options of the data source say, and mistakes in them: told before Spark plans anything."""

import pytest
import rowgen
from pyspark_rowgen.options import options_of


def test_options_are_the_arguments_of_read():
    given = {"pipeline": "a\nb", "columns": "id , price", "seed": "7", "start": "1_000", "params": '{"Rows": 5, "flag": true}'}
    found = options_of({**given, "param.flag": "false", "param.day": "2026-01-31", "rows_per_second": "0.5"})
    params = {"Rows": 5, "flag": "false", "day": "2026-01-31"}
    assert found.recipe == {"pipeline": "a\nb", "columns": ["id", "price"], "seed": "7", "params": params}
    assert (found.start, found.stop, found.threads, found.rows_per_second) == (1_000, None, 1, 0.5)
    assert options_of({"path": "t.yaml", "columns": '["a, b"]'}).recipe["columns"] == ["a, b"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "the option `pipeline` is missing\n  hint: it is the path of a pipeline file, or its text"),
        ({"pipeline": "a", "path": "b"}, "more than one pipeline is given\n  hint: it is the path of a pipeline file, or its text"),
        ({"paths": '["a", "b"]'}, "more than one pipeline is given\n  hint: it is the path of a pipeline file, or its text"),
        ({"path": "a", "colums": "b"}, "there is no option `colums`\n  hint: did you mean `columns`?"),
        ({"path": "a", "dictionaries": "true"}, "there is no option `dictionaries`"),
        ({"path": "a", "start": "-1"}, "`start`: expected a whole number from 0 on, found `-1`"),
        ({"path": "a", "partitions": "0"}, "`partitions`: expected a whole number from 1 on, found `0`"),
        ({"path": "a", "threads": "two"}, "`threads`: expected a whole number from 1 on, found `two`"),
        ({"path": "a", "rows_per_second": "nan"}, "`rows_per_second`: expected a number greater than 0, found `nan`"),
        ({"path": "a", "rows_per_second": "0"}, "`rows_per_second`: expected a number greater than 0, found `0`"),
        ({"path": "a", "params": "[1]"}, '`params`: expected JSON such as {"rows": 1000}, found `[1]`'),
        ({"path": "a", "columns": ""}, "`columns`: expected names with commas between them, found ``"),
        ({"path": "a", "columns": "[]"}, "`columns`: expected names with commas between them, found `[]`"),
        (
            {"path": "a", "columns": '["id"'},
            "`columns`: Expecting ',' delimiter: line 1 column 6 (char 5)\n  hint: such as [\"id\", \"a, b\"]",
        ),
    ],
)
def test_mistakes_in_options(given, told):
    with pytest.raises(rowgen.PipelineError) as error:
        options_of(given)
    assert str(error.value) == told
