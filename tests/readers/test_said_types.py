"""Parquet files whose Arrow schema says other dates and moments than Parquet: they are read as pyarrow reads them."""

import datetime
import os
import subprocess

import duckdb
import pyarrow as pa
import pyarrow.parquet

PIPELINE = """
version: 1
tables:
  t: { from: { parquet: { path: in.parquet } } }
sinks:
  - file: { path: out.parquet, format: { parquet: { compatibility: latest } } }
"""
DAY = datetime.date(2020, 1, 2)
COLUMNS = {
    "day": pa.array([DAY, datetime.date(1969, 12, 31), None], pa.date64()),
    "days": pa.array([[DAY], [None], None], pa.list_(pa.date64())),
    "at": pa.array([1577934245, -1, None], pa.timestamp("s")),
    "berlin": pa.array([1577934245, -1, None], pa.timestamp("s", "Europe/Berlin")),
    "offset": pa.array([1577934245, -1, None], pa.timestamp("s", "+02:00")),
    "times": pa.array([[1577934245], [None], None], pa.list_(pa.timestamp("s", "Europe/Berlin"))),
}


def test_dates_and_moments_are_those_of_pyarrow(tmp_path):
    pyarrow.parquet.write_table(pa.table(COLUMNS), tmp_path / "in.parquet")
    (tmp_path / "p.yaml").write_text(PIPELINE)
    subprocess.run([os.environ["ROWGEN"], "run", "p.yaml", "--quiet"], cwd=tmp_path, check=True)
    read = pyarrow.parquet.read_table
    expected, written = read(tmp_path / "in.parquet"), read(tmp_path / "out.parquet")
    types = ["date32[day]", "list<element: date32[day]>", "timestamp[ms]", "timestamp[ms, tz=Europe/Berlin]"]
    types += ["timestamp[ms, tz=+02:00]", "list<element: timestamp[ms, tz=Europe/Berlin]>"]
    assert [str(field.type) for field in expected.schema] == types
    assert [str(field.type) for field in written.schema] == types
    assert written.to_pylist() == expected.to_pylist()
    of_duckdb = [duckdb.sql(f"from '{tmp_path}/{name}.parquet'").fetchall() for name in ("in", "out")]
    assert of_duckdb[0] == of_duckdb[1]
