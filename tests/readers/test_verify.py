"""`rowgen verify` finds the faults of files that other people's writers made, all of them and nothing else."""

import os
import subprocess

import duckdb
import fastavro
import polars
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from faults import FAULTS, check, told

ROWS = 3_000
PIPELINE = """
version: 1
name: verified
tables:
  t:
    rows: {rows}
    columns:
      id: {{ sequence: {{ start: 1 }} }}
      code: {{ pattern: "[A-Z]{{5}}" }}
      amount: {{ type: "decimal(10,2)", uniform: {{ min: 1, max: 900 }} }}
      share: {{ type: float64, uniform: {{ min: 0, max: 1 }} }}
      day: {{ type: date, uniform: {{ min: 2020-01-01, max: 2026-01-01 }} }}
      at: {{ type: "timestamp(us, UTC)", event_time: {{ start: 2026-01-01, span: 30d }} }}
sinks:
  - file: {{ name: file, path: {file}, if_exists: replace{layout} }}
  - file: {{ name: rows, path: rows.parquet, if_exists: replace }}
"""


def by_pyarrow(table, path):
    if path.suffix == ".csv":
        return pyarrow.csv.write_csv(table, path)
    pyarrow.parquet.write_table(table, path, row_group_size=700, compression="zstd")


def by_duckdb(table, path):
    array = ", ARRAY true" if path.suffix == ".json" else ""
    options = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}.get(path.suffix, f"FORMAT json{array}")
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("t", table)
        db.execute(f"COPY (SELECT * FROM t) TO '{path}' ({options})")


def by_polars(table, path):
    frame = polars.from_arrow(table)
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)


def by_fastavro(table, path):
    """With the schema that rowgen wrote, whose order of rows and blocks is not kept."""
    with open(path, "rb") as file:
        schema = fastavro.reader(file).writer_schema
    for field in schema["fields"]:
        field["type"] = field["type"] if isinstance(field["type"], list) else ["null", field["type"]]
    with open(path, "wb") as file:
        fastavro.writer(file, schema, table.to_pylist(), codec="deflate")


WRITERS = [
    (by_pyarrow, "t.parquet"),
    (by_pyarrow, "t.csv"),
    (by_duckdb, "t.parquet"),
    (by_duckdb, "t.csv"),
    (by_duckdb, "t.jsonl"),
    (by_duckdb, "t.json"),
    (by_polars, "t.parquet"),
    (by_polars, "t.csv"),
    (by_fastavro, "t.avro"),
]


def rowgen(folder, verb, *words):
    words = [os.environ["ROWGEN"], verb, "p.yaml", *words]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)


def verified(folder):
    """The exit code, the kinds and keys of what was found, and the counts."""
    ended = rowgen(folder, "verify", "--sinks", "file", "--report", "report.jsonl")
    assert ended.returncode in (0, 3), ended.stderr
    return ended.returncode, *told(folder / "report.jsonl", "id")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("write, name", WRITERS, ids=lambda it: it if isinstance(it, str) else it.__name__)
def test_faults_are_found(tmp_path, write, name, fault):
    layout = ", format: { json: { layout: array } }" if name.endswith(".json") else ""
    (tmp_path / "p.yaml").write_text(PIPELINE.format(rows=ROWS, file=name, layout=layout))
    ended = rowgen(tmp_path, "run", "--quiet")
    assert ended.returncode == 0, ended.stderr
    made = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    schema = pyarrow.schema([field.with_nullable(True) for field in made.schema])
    for count in (0, 1, 1000):
        rows = made.to_pylist()
        wanted = fault(rows, range(1, ROWS - 1, ROWS // count)) if count else {}
        write(pyarrow.Table.from_pylist(rows, schema=schema), tmp_path / name)
        check(wanted, *verified(tmp_path), ROWS)
