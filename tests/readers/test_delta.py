"""Tables of Delta Lake as deltalake reads them; files that a table of Iceberg takes as they are."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
import pytest
from delta_lake import ROWS, Lake
from deltalake import DeltaTable, write_deltalake


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def test_rows_types_and_partitions_are_those_of_a_file(lake):
    lake.write("delta: { path: t, types: mapped, partition_by: country, parquet: { row_group_rows: 4096 } }")
    lake.run()
    table = lake.table()
    assert table.metadata().partition_columns == ["country"]
    read = table.to_pyarrow_table().sort_by("id")
    types = {field.name: str(field.type) for field in read.schema}
    expected = {
        "at": "timestamp[us, tz=UTC]",
        "local": "timestamp[us]",
        "day": "date32[day]",
        "amount": "decimal128(12, 2)",
        "small": "int16",
        "flag": "bool",
        "code": "string",
        "count": "decimal128(20, 0)",
        "time": "string",
        "country": "string",
    }
    assert {name: types[name] for name in expected} == expected
    lake.write("file: { path: plain.parquet, format: { parquet: { compatibility: latest } } }")
    lake.run()
    plain = pa.parquet.read_table(lake.folder / "plain.parquet").sort_by("id")
    for name in ["id", "country", "at", "day", "amount", "score", "small", "flag", "tags"]:
        assert read[name].to_pylist() == plain[name].to_pylist(), name
    assert [int(count) for count in read["count"].to_pylist()] == plain["count"].to_pylist()
    assert read["time"].to_pylist()[:3] == [str(time) for time in plain["time"].to_pylist()[:3]]
    codes = [bytes.fromhex(code.replace("-", "")) for code in read["code"].to_pylist()]
    assert codes == [code if isinstance(code, bytes) else code.bytes for code in plain["code"].to_pylist()]


def test_statistics_are_true_and_files_are_skipped_by_them(lake):
    lake.write("delta: { path: t, types: mapped, files: 8 }")
    lake.run()
    actions = pa.table(lake.table().get_add_actions(flatten=True))
    assert actions.num_rows == 8 and sum(actions["num_records"].to_pylist()) == ROWS
    for action, path in zip(actions.to_pylist(), actions["path"].to_pylist()):
        rows = pa.parquet.read_table(lake.folder / "t" / path)
        for name in ["id", "at", "local", "day", "amount", "score", "small", "country"]:
            bounds = pa.compute.min_max(rows[name]).as_py()
            least, greatest = action[f"min.{name}"], action[f"max.{name}"]
            if name in ("at", "local"):
                assert least <= bounds["min"] and greatest >= bounds["max"], name
                assert (greatest - bounds["max"]).total_seconds() < 0.001, name
            else:
                assert (least, greatest) == (bounds["min"], bounds["max"]), name
            assert action[f"null_count.{name}"] == rows[name].null_count, name
    # A reader that looks at nothing but statistics opens one file of eight.
    for path in lake.files()[1:]:
        path.rename(path.with_suffix(".away"))
    found = lake.table().to_pyarrow_dataset().to_table(filter=pa.compute.field("id") < 10)
    assert found["id"].to_pylist() == list(range(1, 10))


def test_files_of_a_table_are_in_order(lake):
    order = "order_by: [{ column: amount, order: desc, nulls: first }, id], target_file_size: 64KiB"
    lake.write(f"delta: {{ path: t, types: mapped, partition_by: country, {order} }}")
    lake.run()
    assert len(lake.files()) > 5
    for folder in {path.parent for path in lake.files()}:
        files = [pa.parquet.ParquetFile(path) for path in sorted(folder.glob("*.parquet"))]
        rows = [row for file in files for row in file.read(["amount", "id"]).to_pylist()]
        keys = [(row["amount"] is not None, -(row["amount"] or 0), row["id"]) for row in rows]
        assert keys == sorted(keys)
        said = [(one.column_index, one.descending, one.nulls_first) for one in files[0].metadata.row_group(0).sorting_columns]
        names = files[0].schema_arrow.names
        assert said[0] == (names.index("amount"), True, True)
    assert sorted(lake.table().to_pyarrow_table()["id"].to_pylist()) == list(range(1, ROWS + 1))


def test_the_same_run_adds_nothing_and_another_seed_does(lake):
    lake.write("delta: { path: t, types: mapped }")
    lake.run()
    said = lake.run("--log", "text")
    assert "holds the rows of this plan and seed already" in said
    lake.write("delta: { path: t, types: mapped }", seed=2)
    lake.run()
    table = lake.table()
    assert table.version() == 1 and len(table.to_pyarrow_table()) == 2 * ROWS
    history = table.history()
    assert [entry["operation"] for entry in history] == ["WRITE", "CREATE TABLE"]
    assert history[0]["operationMetrics"]["numOutputRows"] == str(ROWS)
    assert history[0]["operationParameters"]["mode"] == "Append"
    assert history[0]["engineInfo"].startswith("rowgen/")


def test_overwrite_replaces_all_rows_and_keeps_the_history(lake):
    for seed in [1, 2]:
        lake.write("delta: { path: t, types: mapped, mode: overwrite, partition_by: day }", seed=seed)
        lake.run()
    table = lake.table()
    assert table.version() == 1 and sorted(table.to_pyarrow_table()["id"].to_pylist()) == list(range(1, ROWS + 1))
    before = DeltaTable(lake.folder / "t", version=0).to_pyarrow_table()
    assert len(before) == ROWS and before["score"].to_pylist() != table.to_pyarrow_table()["score"].to_pylist()
    lake.run()
    assert lake.table().version() == 1, "it holds these rows"
    # Somebody else adds a row: the run makes the table what it says again, and the first seed too.
    write_deltalake(lake.folder / "t", table.to_pyarrow_table().slice(0, 1), mode="append")
    lake.run()
    assert lake.table().version() == 3 and len(lake.table().to_pyarrow_table()) == ROWS
    lake.write("delta: { path: t, types: mapped, mode: overwrite, partition_by: day }", seed=1)
    lake.run()
    assert lake.table().to_pyarrow_table().sort_by("id") == before.sort_by("id")
    assert DeltaTable(lake.folder / "t", version=0).to_pyarrow_table().sort_by("id") == before.sort_by("id")


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_slices_at_once_leave_each_row_once(lake, mode):
    lake.write(f"delta: {{ path: t, types: mapped, mode: {mode}, partition_by: country }}")
    runs = [lake.start("--slice", f"{index}/5") for index in range(1, 5)]
    for run in runs:
        said = run.communicate(timeout=120)[1]
        assert run.returncode == 0, said
    if mode == "overwrite":
        assert not (lake.folder / "t" / "_delta_log").exists(), "nothing is seen before the last slice"
    lake.run("--slice", "2/5")
    lake.run("--slice", "5/5")
    lake.run("--slice", "5/5")
    table = lake.table()
    assert sorted(table.to_pyarrow_table()["id"].to_pylist()) == list(range(1, ROWS + 1))
    assert table.version() == (4 if mode == "append" else 0)


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_killed_run_leaves_each_row_once(lake, mode):
    sink = f"delta: {{ path: t, types: mapped, mode: {mode}, partition_by: country, target_file_size: 256KiB }}"
    lake.write(sink, seed=9)
    lake.run()
    # Their log may name them for a while: versions before are read by them.
    replaced = 0 if mode == "append" else len(lake.files())
    lake.write(sink, rows=200_000)
    began = time.monotonic()
    subprocess.run([os.environ["ROWGEN"], "run", "p.yaml", "--quiet", "--out", "trial"], cwd=lake.folder, check=True)
    whole = time.monotonic() - began
    killed = 0
    for part in range(1, 13):
        run = lake.start()
        time.sleep(whole * part / 11)
        run.send_signal(signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
        rows = len(lake.table().to_pyarrow_table())
        assert rows in (ROWS, ROWS + 200_000 if mode == "append" else 200_000), rows
    assert killed > 3
    lake.run()
    rows = lake.table().to_pyarrow_table()
    expected = list(range(1, 200_001)) + (list(range(1, ROWS + 1)) if mode == "append" else [])
    assert sorted(rows["id"].to_pylist()) == sorted(expected)
    named = set(pa.table(lake.table().get_add_actions())["path"].to_pylist())
    there = {str(path.relative_to(lake.folder / "t")) for path in lake.files()}
    assert len(there) - len(named) == replaced, "files that no log names are removed"


def test_many_commits_have_checkpoints(lake):
    for seed in range(12):
        lake.write("delta: { path: t }", rows=10, seed=seed, columns="\n      id: sequence\n")
        lake.run()
    log = lake.folder / "t" / "_delta_log"
    assert (log / "_last_checkpoint").exists() and list(log.glob("*.checkpoint*.parquet"))
    assert lake.table().to_pyarrow_table().num_rows == 120
    assert len(lake.table().history()) == 12


def test_a_table_of_another_writer_takes_rows_if_they_fit(lake):
    columns = "\n      id: sequence\n      name: { choice: [a, b] }\n"
    schema = pa.schema([("id", pa.int64()), ("name", pa.string())])
    write_deltalake(lake.folder / "t", pa.table({"id": [7], "name": ["x"]}, schema=schema))
    lake.write("delta: { path: t }", rows=3, columns=columns)
    lake.run()
    assert sorted(lake.table().to_pyarrow_table()["id"].to_pylist()) == [1, 2, 3, 7]
    write_deltalake(lake.folder / "t", pa.table({"id": [8], "name": ["y"]}, schema=schema), mode="append")
    assert lake.table().to_pyarrow_table().num_rows == 5


def test_the_shipped_pipeline(run):
    output = run("delta", orders=5_000)
    orders, customers = (DeltaTable(output.folder / "out/lake" / name) for name in ("orders", "customers"))
    assert orders.to_pyarrow_table().num_rows == 5_000
    assert customers.to_pyarrow_table().num_rows == 10_000
    log = (output.folder / "out/lake/orders/_delta_log/00000000000000000000.json").read_text().splitlines()
    assert sum("txn" in json.loads(line) for line in log) == 1


def test_iceberg_takes_files_with_field_ids(lake):
    columns = """
      order_id: sequence
      at: { type: "timestamp(us, UTC)", event_time: { start: 2026-01-15, rate: 1/s } }
      tags: { list: { of: { choice: [a, b] }, length: 2 } }
      place: { struct: { city: { choice: [Rome, Oslo] }, zip: { uniform: { min: 1, max: 9 } } } }
"""
    lake.write("file: { path: lake/files, format: { parquet: { field_ids: true } }, files: 3 }", columns=columns)
    lake.run()
    recipe = (Path(__file__).parent / "iceberg.py").read_text()
    recipe = recipe.replace("/tmp/warehouse", str(lake.folder / "warehouse"))
    (lake.folder / "recipe.py").write_text(recipe)
    ended = subprocess.run([sys.executable, "recipe.py"], cwd=lake.folder, capture_output=True, text=True)
    assert ended.stdout.strip() == "9", ended.stderr
    from pyiceberg.catalog import load_catalog

    database = f"sqlite:///{lake.folder}/catalog.db"
    catalog = load_catalog("lake", type="sql", uri=database, warehouse=f"file://{lake.folder}/warehouse")
    table = catalog.load_table("shop.orders")
    ids = {name: table.schema().find_field(name).field_id for name in table.schema().column_names}
    assert sorted(ids.values()) == list(range(1, len(ids) + 1)), ids
    for field in pa.parquet.read_schema(lake.folder / "lake/files/part-00000.parquet"):
        assert int(field.metadata[b"PARQUET:field_id"]) == ids[field.name]
    rows = table.scan().to_arrow()
    plain = pa.concat_tables(pa.parquet.read_table(path) for path in sorted((lake.folder / "lake/files").glob("*.parquet")))
    for name in plain.column_names:
        assert rows[name].to_pylist() == plain[name].to_pylist(), name
