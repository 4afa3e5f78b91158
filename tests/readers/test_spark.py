"""Spark on tables of Delta Lake and on sorted files in folders: rows, types, partitions, files skipped, history."""

from decimal import Decimal

import pyarrow.compute as pc
import pyarrow.parquet
import pytest
from delta_lake import ROWS, Lake
from deltalake import DeltaTable
from readers import spark

TYPES = {
    "id": "bigint",
    "country": "string",
    "at": "timestamp",
    "local": "timestamp_ntz",
    "day": "date",
    "amount": "decimal(12,2)",
    "score": "double",
    "small": "smallint",
    "flag": "boolean",
    "tags": "array<string>",
    "code": "string",
    "count": "decimal(20,0)",
    "time": "string",
}


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def table(lake, **options):
    return spark().read.options(**options).format("delta").load(str(lake.folder / "t"))


def sql(lake, text):
    return spark().sql(text.format(t=f"delta.`{lake.folder / 't'}`"))


def ids(frame):
    return sorted(frame.select("id").toArrow()["id"].to_pylist())


def test_rows_types_and_partitions_are_those_of_a_file(lake):
    lake.write("delta: { path: t, types: mapped, partition_by: [country, day], parquet: { row_group_rows: 4096 } }")
    lake.run()
    frame = table(lake)
    assert dict(frame.dtypes) == TYPES
    detail = sql(lake, "DESCRIBE DETAIL {t}").collect()[0]
    assert detail["partitionColumns"] == ["country", "day"] and detail["numFiles"] == len(lake.files())
    lake.write("file: { path: plain.parquet, format: { parquet: { compatibility: latest } } }")
    lake.run()
    plain = pyarrow.parquet.read_table(lake.folder / "plain.parquet")
    found = frame.toArrow().sort_by("id")
    for name in TYPES.keys() - {"code", "count", "time"}:
        assert found[name].to_pylist() == plain[name].to_pylist(), name
    assert list(map(int, found["count"].to_pylist())) == plain["count"].to_pylist()


def test_files_are_skipped_by_bounds_and_partitions_that_are_true(lake):
    lake.write("delta: { path: t, types: mapped, target_file_size: 64KiB, partition_by: country }")
    lake.run()
    frame, plain = table(lake), lake.table().to_pyarrow_table()
    files = len(frame.inputFiles())
    assert files == len(lake.files()) > 10
    for predicate, mask in [
        ("id < 100", pc.less(plain["id"], 100)),
        ("country = 'B/C d:é'", pc.equal(plain["country"], "B/C d:é")),
        ("at < timestamp '2026-01-15 00:05:00'", pc.less(plain["at"], pyarrow.scalar(1768435500000000, plain["at"].type))),
        ("local < timestamp_ntz '2026-01-15 00:01:00'", pc.less(plain["local"], pyarrow.scalar(1768435260000000, plain["local"].type))),
    ]:
        chosen = frame.filter(predicate)
        assert ids(chosen) == sorted(plain.filter(mask)["id"].to_pylist()), predicate
        assert 0 < len(chosen.inputFiles()) < files, predicate
    # Bounds of values that are in any order skip nothing, and must lose nothing.
    greatest, least = pc.max(plain["amount"]).as_py(), pc.min(plain["score"]).as_py()
    assert isinstance(greatest, Decimal)
    assert ids(frame.filter(f"amount = {greatest}")) == sorted(plain.filter(pc.equal(plain["amount"], greatest))["id"].to_pylist())
    assert ids(frame.filter(f"score <= {least!r}D")) == plain.filter(pc.equal(plain["score"], least))["id"].to_pylist()


def test_slices_and_a_slot_that_is_run_again_leave_each_row_once(lake):
    lake.write("delta: { path: t, types: mapped }")
    for part in ["1/2", "2/2", "1/2"]:
        lake.run("--slice", part)
    lake.write("delta: { path: t, types: mapped }", seed=2)
    lake.run()
    lake.run()
    assert ids(table(lake)) == sorted(2 * list(range(1, ROWS + 1)))
    history = sql(lake, "DESCRIBE HISTORY {t}").orderBy("version").collect()
    assert [entry["operation"] for entry in history] == ["CREATE TABLE", "WRITE", "WRITE"]
    assert [int(entry["operationMetrics"]["numOutputRows"]) for entry in history] == [ROWS // 2, ROWS // 2, ROWS]
    assert [entry["operationParameters"]["mode"] for entry in history] == 3 * ["Append"]
    assert {entry["engineInfo"].split("/")[0] for entry in history} == {"rowgen"}
    assert ids(table(lake, versionAsOf="1")) == list(range(1, ROWS + 1))


def test_spark_and_rowgen_write_one_table(lake):
    columns = "\n      id: sequence\n      name: { choice: [a, b] }\n"
    sql(lake, "CREATE TABLE {t} (id BIGINT, name STRING) USING delta")
    sql(lake, "INSERT INTO {t} VALUES (7000, 'x')")
    lake.write("delta: { path: t }", rows=100, columns=columns)
    lake.run()
    sql(lake, "DELETE FROM {t} WHERE id <= 10")
    lake.run()
    assert ids(table(lake)) == [*range(11, 101), 7000], "the transaction is there: nothing is added"
    sql(lake, "OPTIMIZE {t}")
    lake.write("delta: { path: t }", rows=5, columns=columns)
    lake.run()
    assert ids(table(lake)) == [*range(1, 6), *range(11, 101), 7000]
    lake.write("delta: { path: t, mode: overwrite }", rows=3, columns=columns)
    lake.run()
    assert ids(table(lake)) == [1, 2, 3]
    sql(lake, "RESTORE TABLE {t} TO VERSION AS OF 1")
    assert ids(table(lake)) == [7000]
    assert ids(table(lake)) == sorted(lake.table().to_pyarrow_table()["id"].to_pylist())


def test_sorted_files_in_folders(lake):
    lake.write(
        "file: { path: sorted, format: parquet, partition_by: [country, day, month(at)], order_by: [{ column: amount, order: desc }, id], "
        "target_file_size: 64KiB }",
        columns=SORTED,
    )
    lake.run()
    frame = spark().read.parquet(str(lake.folder / "sorted"))
    types = {
        "id": "bigint",
        "at": "timestamp",
        "local": "timestamp_ntz",
        "amount": "decimal(12,2)",
        "until": "date",
        "country": "string",
        "day": "date",
        "at_month": "string",
    }
    assert dict(frame.dtypes) == types
    lake.write("file: { path: plain.parquet }", columns=SORTED)
    lake.run()
    plain, found = pyarrow.parquet.read_table(lake.folder / "plain.parquet"), frame.toArrow().sort_by("id")
    for name in types.keys() - {"at_month"}:
        assert found[name].to_pylist() == plain[name].to_pylist(), name
    assert found["at_month"].to_pylist() == [at.strftime("%Y-%m") for at in plain["at"].to_pylist()]
    one = frame.filter("country = 'IT' AND day = date '2026-01-31'")
    assert {path.split("/sorted/")[1].rsplit("/", 1)[0] for path in one.inputFiles()} >= {"country=IT/day=2026-01-31/at_month=2026-01"}
    assert ids(one) == [row["id"] for row in plain.to_pylist() if row["country"] == "IT" and str(row["day"]) == "2026-01-31"]


SORTED = """
      id: sequence
      country: { choice: [IT, FR, "B/C d:é"], nulls: 0.1 }
      at: { type: "timestamp(us, UTC)", event_time: { start: 2026-01-30, rate: 200/h } }
      local: { type: "timestamp(ms)", event_time: { start: 2026-01-30, rate: 10/s } }
      day: { type: date, copy: at }
      until: { type: date, uniform: { min: 1899-12-31, max: 2101-01-01 } }
      amount: { type: "decimal(12,2)", uniform: { min: -5, max: 5000 }, nulls: 0.2 }
"""


def test_a_table_that_is_read_as_it_was_before(lake):
    for seed in [1, 2]:
        lake.write("delta: { path: t, types: mapped, mode: overwrite }", seed=seed)
        lake.run()
    before, now = table(lake, versionAsOf="0"), table(lake)
    assert before.count() == now.count() == ROWS
    expected = DeltaTable(lake.folder / "t", version=0).to_pyarrow_table().sort_by("id")
    assert before.toArrow().sort_by("id")["score"].to_pylist() == expected["score"].to_pylist()
    assert before.select("score").exceptAll(now.select("score")).count() > ROWS / 2
