"""UUIDs of Parquet files whose writer says so in Parquet's own words alone."""

import os
import subprocess
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet

OWN = uuid.UUID("0195e9d6-1234-7abc-8def-0123456789ab")
PIPELINE = """
version: 1
tables:
  t: { from: { parquet: { path: in.parquet } } }
sinks:
  - file: { path: out.csv }
  - file: { path: out.parquet, format: { parquet: { compatibility: latest } } }
"""


def written(folder, pipeline=PIPELINE):
    (folder / "p.yaml").write_text(pipeline)
    subprocess.run([os.environ["ROWGEN"], "run", "p.yaml", "--quiet"], cwd=folder, check=True)
    described = duckdb.sql(f"describe from '{folder}/out.parquet'").fetchall()
    text = folder / "out.csv"
    return text.read_text() if text.exists() else None, described[0][1]


def test_those_of_duckdb_stay_uuids(tmp_path):
    duckdb.sql(f"copy (select '{OWN}'::uuid as u) to '{tmp_path}/in.parquet'")
    assert written(tmp_path) == (f"u\n{OWN}\n", "UUID")


def test_those_of_pyarrow_without_its_schema_stay_uuids(tmp_path):
    table = pa.table({"u": pa.array([OWN.bytes], pa.uuid())})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet", store_schema=False)
    assert written(tmp_path) == (f"u\n{OWN}\n", "UUID")


def test_bytes_that_nobody_calls_a_uuid_are_bytes(tmp_path):
    table = pa.table({"u": pa.array([OWN.bytes], pa.binary(16))})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet", store_schema=False)
    assert written(tmp_path, PIPELINE.replace("  - file: { path: out.csv }\n", "")) == (None, "BLOB")
