"""`rowgen bench parquet` asks DuckDB and polars, and they find the rows that are there."""

import json
import os
import subprocess
import sys

import duckdb
import polars

PIPELINE = """
version: 1
tables:
  t:
    rows: 30_000
    columns:
      id: sequence
      "two words": { pattern: "[a-z]{8}" }
      "quo\\"ted": { type: "decimal(10,2)", uniform: { min: 1, max: 900 }, nulls: 0.1 }
      at: { type: "timestamp(us, UTC)", event_time: { start: 2026-01-15, rate: 20/s } }
      day: { type: date, uniform: { min: 2020-01-01, max: 2025-12-31 } }
      tags: { list: { length: 2, of: { choice: [a, b] } } }
"""
ASKS = ["scan", "one_column", "predicate", "lookup"]


def test_every_reader_finds_the_rows_of_every_question(tmp_path):
    (tmp_path / "p.yaml").write_text(PIPELINE)
    for column in ["id", "two words", 'quo"ted', "at", "day"]:
        sweep = ["--compression", "zstd(1),none", "--order-by", column, "--bloom-filter", column]
        columns = ["--predicate", column, "--lookup", column, "--one-column", column]
        files = ["--row-group-rows", "5_000", "--target-file-size", "none,100KiB", "--rounds", "1", "--json"]
        command = [os.environ["ROWGEN"], "bench", "parquet", "p.yaml", "--python", sys.executable, *sweep, *columns, *files]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stderr
        found = json.loads(ended.stdout)
        assert found["notes"] == [], column
        assert dict(found["readers"])["duckdb"] == duckdb.__version__
        assert dict(found["readers"])["polars"] == polars.__version__
        assert len(found["cells"]) == 16
        for cell in found["cells"]:
            asked = sorted((read["reader"], read["ask"]) for read in cell["read"])
            assert asked == sorted((reader, ask) for reader in ["duckdb", "parquet", "polars"] for ask in ASKS)
            assert all(read["median"] > 0 for read in cell["read"])
    assert os.listdir(tmp_path) == ["p.yaml"]
