"""Intervals of DuckDB's Parquet files: months, days and milliseconds, of which none is lost."""

import json
import os
import subprocess

import duckdb

PIPELINE = """
version: 1
tables:
  t:
    from: { parquet: { path: in.parquet } }
    columns: { text: { expr: "iv::text" } }
sinks:
  - file: { path: out.jsonl, columns: [id, text] }
"""


def run(folder, pipeline):
    (folder / "p.yaml").write_text(pipeline)
    words = [os.environ["ROWGEN"], "run", "p.yaml", "--quiet"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def test_months_days_and_milliseconds_are_read(tmp_path):
    made = [
        "interval 2 month + interval 3 day + interval 4 second",
        "interval '5 years'",
        "interval 1000 hour",
        "null::interval",
        "interval 0 day",
    ]
    values = ", ".join(f"({id}, {value})" for id, value in enumerate(made))
    duckdb.sql(f"copy (from (values {values}) t(id, iv)) to '{tmp_path}/in.parquet'")
    ended = run(tmp_path, PIPELINE)
    assert ended.returncode == 0, ended.stderr
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == ["2 mons 3 days 00:00:04", "5 years", "41 days 16:00:00", None, "00:00:00"]


def test_those_within_lists_are_refused(tmp_path):
    duckdb.sql(f"copy (select [interval 1 month] as ivs) to '{tmp_path}/in.parquet'")
    ended = run(tmp_path, PIPELINE.replace("iv::text", "1"))
    assert ended.returncode == 1
    assert "column `ivs` has intervals within lists or structs, whose months are not read" in ended.stderr
