"""`spark.read.format("rowgen")`: the rows of a run, whatever Spark does with its tasks."""

import os
import signal
from collections import Counter

import pyarrow
import pyarrow.parquet
import pytest
import rowgen
from conftest import GOOD, NUMBERS, TOP
from pyspark_rowgen.types import spark_schema

CASINO = str(TOP / "pipelines/casino.yaml")

TYPES = """
version: 1
seed: 7
tables:
  t:
    rows: 1_000
    columns:
      id: sequence
      flag: { type: boolean, choice: [true, false], nulls: 0.2 }
      i8: { type: int8, uniform: { min: -9, max: 9 } }
      i16: { type: int16, uniform: { min: -9, max: 9 } }
      i32: { type: int32, uniform: { min: -9, max: 9 } }
      u8: { type: uint8, uniform: { min: 0, max: 255 } }
      u16: { type: uint16, uniform: { min: 0, max: 65535 } }
      u32: { type: uint32, uniform: { min: 0, max: 4294967295 } }
      u64: { type: uint64, uniform: { min: 18446744073709551000, max: 18446744073709551615 }, nulls: 0.2 }
      f32: { type: float32, uniform: { min: 0, max: 1 } }
      f64: { type: float64, uniform: { min: 0, max: 1 }, nulls: 0.2 }
      small: { type: "decimal(9,2)", uniform: { min: -5, max: 5 } }
      large: { type: "decimal(38,4)", expr: "small * 12345678901234567890", nulls: 0.2 }
      word: { choice: [alpha, "bèta", ""], nulls: 0.2 }
      code: { type: uuid, uuid: {}, nulls: 0.2 }
      bytes: { type: fixed_binary(8), bytes: {} }
      day: { type: date, uniform: { min: 1899-12-31, max: 2101-01-01 } }
      time: { type: "time(ms)", uniform: { min: "00:00:00", max: "23:59:59.999" } }
      seconds: { type: "timestamp(s)", uniform: { min: 1950-01-01, max: 2100-01-01 } }
      zoned: { type: "timestamp(ms, Europe/Rome)", uniform: { min: 1950-01-01, max: 2100-01-01 } }
      nanos: { type: "timestamp(ns)", uniform: { min: 1970-01-01, max: 2100-01-01 }, nulls: 0.2 }
      tags: { list: { length: { uniform: { min: 0, max: 3 } }, of: { type: uint16, uniform: { min: 1, max: 9 } } } }
      pair: { struct: { a: { type: uint8, constant: 1 }, b: { choice: [x, y] } } }
"""
NAMES = {
    "id": "bigint",
    "flag": "boolean",
    "i8": "tinyint",
    "i16": "smallint",
    "i32": "int",
    "u8": "smallint",
    "u16": "int",
    "u32": "bigint",
    "u64": "decimal(20,0)",
    "f32": "float",
    "f64": "double",
    "small": "decimal(9,2)",
    "large": "decimal(38,4)",
    "word": "string",
    "code": "string",
    "bytes": "binary",
    "day": "date",
    "time": "string",
    "seconds": "timestamp_ntz",
    "zoned": "timestamp",
    "nanos": "timestamp_ntz",
    "tags": "array<int>",
    "pair": "struct<a:smallint,b:string>",
}


def load(spark, pipeline, **options):
    return spark.read.format("rowgen").options(pipeline=pipeline, **options).load()


def rows(table):
    """A table as a multiset of rows."""
    columns = [table[name].to_pylist() for name in sorted(table.column_names)]
    return Counter(map(repr, zip(*columns, strict=True)))


def test_what_spark_writes_are_the_rows_of_a_run(spark, tmp_path):
    params = {"rows": 150_000}
    rowgen.run(CASINO, out=tmp_path / "own", params=params, sinks=["parquet"])
    own = pyarrow.concat_tables(map(pyarrow.parquet.read_table, (tmp_path / "own").rglob("*.parquet")))
    frame = load(spark, CASINO, table="transactions", **{"param.rows": 150_000})
    assert frame.rdd.getNumPartitions() == min(2, os.cpu_count()), "of 65 536 rows or more"
    frame.write.parquet(str(tmp_path / "spark"))
    written = pyarrow.parquet.read_table(tmp_path / "spark")
    assert written.num_rows == 150_000
    assert written.column_names == own.column_names
    own = own.cast(written.schema)
    assert rows(written) == rows(own)


def test_every_type_becomes_one_that_spark_has(spark):
    frame = load(spark, TYPES, batch_rows=300)
    assert dict(frame.dtypes) == NAMES
    found = frame.toArrow().to_pydict()
    made = pyarrow.table(rowgen.read(TYPES, dictionaries=False))
    for name in NAMES.keys() - {"u64", "code", "time", "zoned", "nanos"}:
        assert found[name] == made[name].to_pylist(), name
    text = lambda value: None if value is None else str(value)
    assert list(map(text, found["u64"])) == list(map(text, made["u64"].to_pylist()))
    assert found["code"] == list(map(text, made["code"].to_pylist()))
    assert found["time"] == [f"{time:%H:%M:%S.%f}"[:12] for time in made["time"].to_pylist()]
    micros = made["nanos"].cast(pyarrow.int64()).to_pylist()
    assert [at and at.timestamp() for at in found["zoned"]] == [at.timestamp() for at in made["zoned"].to_pylist()]
    nanos = frame.selectExpr("unix_micros(cast(nanos as timestamp)) as n").toArrow()["n"].to_pylist()
    assert nanos == [None if nanos is None else nanos // 1_000 for nanos in micros]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (pyarrow.list_(pyarrow.uuid()), "column `x` is a uuid within another value: Spark has no such type"),
        (pyarrow.decimal256(40, 2), "column `x` is decimal256(40, 2): Spark has no such type"),
        (pyarrow.month_day_nano_interval(), "column `x` is month_day_nano_interval: Spark has no such type"),
    ],
)
def test_what_spark_has_no_type_for_is_refused(kind, told):
    with pytest.raises(rowgen.PipelineError) as error:
        spark_schema(pyarrow.schema([("x", kind)]))
    assert str(error.value) == told + "\n  hint: leave it out with the option `columns`"


@pytest.mark.parametrize(
    ("options", "partitions"),
    [({"partitions": 7}, 7), ({"rows_per_partition": 30_000}, 4), ({"stop": 10, "partitions": 99}, 10), ({"start": 100_000}, 1)],
)
def test_any_partitions_are_the_same_rows(spark, options, partitions):
    frame = load(spark, NUMBERS, columns="id, price", **options)
    assert frame.columns == ["id", "price"] and frame.rdd.getNumPartitions() == partitions
    own = pyarrow.table(rowgen.read(NUMBERS, None, ["id", "price"], options.get("start", 0), options.get("stop")))
    assert frame.toArrow().to_pydict() == own.to_pydict()


def test_a_task_that_is_killed_makes_the_same_rows_again(spark, tmp_path):
    killed = str(tmp_path)

    def dies_once(batches):
        from pyspark import TaskContext

        task = TaskContext.get()
        for number, batch in enumerate(batches):
            if number == 2 and task.attemptNumber() == 0:
                open(f"{killed}/{task.partitionId()}", "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    frame = load(spark, NUMBERS, columns=",".join(GOOD), partitions=2, batch_rows=1_000)
    found = frame.mapInArrow(dies_once, frame.schema).toArrow()
    assert sorted(os.listdir(killed)) == ["0", "1"]
    own = pyarrow.table(rowgen.read(NUMBERS, columns=GOOD, dictionaries=False))
    assert rows(found) == rows(own)


def test_the_moment_of_a_frame_is_that_of_its_load(spark):
    text = 'version: 1\ntables: { t: { rows: 9, columns: { at: { type: "timestamp(us, UTC)", now: {} } } } }\n'
    frame = load(spark, text, partitions=3)
    one, two = frame.distinct().collect(), frame.distinct().collect()
    assert len(one) == 1 and one == two
    told = load(spark, text, now="2026-01-31T00:00:00Z").first()["at"]
    assert told.isoformat() == "2026-01-31T00:00:00"


def test_a_schema_and_sql_say_what_options_say(spark, tmp_path):
    (tmp_path / "t.yaml").write_text(NUMBERS)
    few = spark.read.format("rowgen").schema("price decimal(10,2), id bigint").load(f"{tmp_path}/t.yaml")
    assert few.columns == ["price", "id"]
    own = pyarrow.table(rowgen.read(NUMBERS, columns=["price", "id"], stop=3)).to_pylist()
    assert [row.asDict() for row in few.take(3)] == own
    # Names differ by more than the size of their letters.
    large = spark.read.format("rowgen").schema("PRICE decimal(10,2), id bigint").load(f"{tmp_path}/t.yaml")
    assert large.columns == ["PRICE", "id"] and large.take(3) == few.take(3)
    spark.sql(f"create temporary view t using rowgen options (pipeline '{tmp_path}/t.yaml', columns 'id,word', seed '9')")
    counts = spark.sql("select word, count(*) as n, sum(id) as ids from t group by word").collect()
    own = pyarrow.table(rowgen.read(NUMBERS, columns=["id", "word"], seed=9, dictionaries=False)).group_by("word")
    own = own.aggregate([([], "count_all"), ("id", "sum")]).to_pylist()
    assert {(row.word, row.n, row.ids) for row in counts} == {(row["word"], row["count_all"], row["id_sum"]) for row in own}


def mistake(spark, read):
    """What Spark tells of a mistake, from where rowgen begins to tell it."""
    with pytest.raises(Exception, match="rowgen.*Error: ") as told:
        read()
    return str(told.value).split("Error: ", 1)[1]


def test_mistakes_are_told_as_rowgen_tells_them(spark):
    told = mistake(spark, lambda: load(spark, NUMBERS.replace("uniform", "unifrom")))
    assert "--> pipeline:10:" in told and "^" in told
    told = mistake(spark, lambda: load(spark, NUMBERS, partitons=3))
    assert told.startswith("there is no option `partitons`\n  hint: did you mean `partitions`?\n")
    told = mistake(spark, lambda: load(spark, NUMBERS, columns="wrod"))
    assert told.startswith("there is no column `wrod`")
    few = spark.read.format("rowgen").option("pipeline", NUMBERS).schema("id int")
    told = mistake(spark, lambda: few.load().count())
    assert told.startswith("column `id` is bigint, and the schema says int\n")
    told = mistake(spark, lambda: load(spark, NUMBERS, columns="id,id"))
    assert told.startswith("column `id` is asked for twice\n")
    told = mistake(spark, lambda: load(spark, NUMBERS, stop=2**64))
    assert told.startswith("`stop`: expected a whole number from 0 to 9223372036854775807, found `18446744073709551616`\n")
    told = mistake(spark, lambda: load(spark, NUMBERS, threads=5000))
    assert told.startswith("`threads`: expected a whole number from 1 to 4096, found `5000`\n")
    told = mistake(spark, lambda: load(spark, NUMBERS, params='{"n": null}'))
    assert told.startswith("`params[n]`: expected text, a number, a truth value, a date or a time, found `None`\n")
    told = mistake(spark, lambda: spark.read.format("rowgen").load(["a.yaml", "b.yaml"]))
    assert told.startswith("more than one pipeline is given\n")
    endless = NUMBERS.replace("rows: 100_000", "rows: 0").replace("1 / (70000 - id)", "id")
    told = mistake(spark, lambda: load(spark, endless).count())
    assert told.startswith("the table has no end\n  hint: say `stop`, ")
    assert load(spark, endless, stop=7).count() == 7
    told = mistake(spark, lambda: load(spark, NUMBERS, rows_per_second=3).count())
    assert told.startswith("`rows_per_second` is an option of streams\n")


def test_a_row_that_cannot_be_made_fails_the_job(spark):
    assert "division by zero" in mistake(spark, lambda: load(spark, NUMBERS).count())


def test_a_pipeline_that_was_changed_is_refused(spark, tmp_path):
    file = tmp_path / "t.yaml"
    file.write_text(NUMBERS)
    frame = load(spark, str(file), columns="id")
    file.write_text(NUMBERS.replace("seed: 7", "seed: 8"))
    told = mistake(spark, frame.count)
    assert told.startswith(f"{file}, or what it reads, is not on this worker what it was where the rows were planned\n")


def test_executors_of_another_version_are_refused(spark):
    from dataclasses import replace

    from pyspark_rowgen import DefaultSource

    class Older(DefaultSource):
        """As if the driver had an older wheel than the executors."""

        @classmethod
        def name(cls):
            return "older"

        def reader(self, schema):
            reader = super().reader(schema)
            rows = reader.rows
            reader.rows = replace(rows, recipe=replace(rows.recipe, version="0.0.9"))
            return reader

    spark.dataSource.register(Older)
    frame = spark.read.format("older").options(pipeline=NUMBERS, columns="id").load()
    told = mistake(spark, frame.count)
    here = rowgen.__version__
    assert told.startswith(f"this worker has rowgen {here}, and the rows were planned by rowgen 0.0.9\n")
