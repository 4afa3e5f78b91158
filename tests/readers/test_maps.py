"""Maps: pyarrow, DuckDB and fastavro read the same keys and values from Parquet, JSON and Avro."""

import json
import os
import subprocess

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from readers import duckdb_connection

ROWS = 5_000
PIPELINE = f"""version: 1
tables:
  t:
    rows: {ROWS}
    columns:
      id: sequence
      labels: {{ map: {{ length: {{ uniform: {{ min: 0, max: 4 }} }}, keys: {{ choice: [team, region, tier] }}, values: {{ expr: "key || '-' || id" }} }}, nulls: 0.1 }}
      counts: {{ map: {{ length: 2, keys: {{ template: "k{{item}}" }}, values: {{ type: int32, uniform: {{ min: 1, max: 9 }}, nulls: 0.2 }} }} }}
sinks:
  - file: {{ path: t.parquet }}
  - file: {{ path: t.jsonl }}
  - file: {{ path: t.avro }}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    (folder / "p.yaml").write_text(PIPELINE)
    subprocess.run([os.environ["ROWGEN"], "run", "p.yaml", "--quiet"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def rows(folder):
    """As the JSON library reads them."""
    return [json.loads(line) for line in (folder / "t.jsonl").read_text().splitlines()]


def test_the_rows_are_right(rows):
    assert [row["id"] for row in rows] == list(range(1, ROWS + 1))
    labels = [row["labels"] for row in rows]
    assert 0.07 < labels.count(None) / ROWS < 0.13
    assert all(value == f"{key}-{row['id']}" for row in rows for key, value in (row["labels"] or {}).items())
    assert {len(one) for one in labels if one is not None} == {0, 1, 2, 3}
    assert all(list(row["counts"]) == ["k0", "k1"] for row in rows)


def test_pyarrow(folder, rows):
    table = pq.read_table(folder / "t.parquet")
    assert table.schema.field("labels").type == pa.map_(pa.string(), pa.string())
    assert table.schema.field("counts").type == pa.map_(pa.string(), pa.int32())
    maps = lambda value: None if value is None else dict(value)
    found = [row | {name: maps(row[name]) for name in ("labels", "counts")} for row in table.to_pylist()]
    assert found == rows


def test_duckdb(folder, rows):
    db = duckdb_connection()
    db.execute(f"CREATE VIEW t AS FROM '{folder / 't.parquet'}'")
    kinds = {name: kind for name, kind, *_ in db.execute("DESCRIBE t").fetchall()}
    assert kinds["labels"] == "MAP(VARCHAR, VARCHAR)" and kinds["counts"] == "MAP(VARCHAR, INTEGER)"
    assert db.execute("SELECT id, labels, counts FROM t ORDER BY id").fetchall() == [(row["id"], row["labels"], row["counts"]) for row in rows]
    assert db.execute("SELECT count(*) FROM t WHERE labels['team'] <> 'team-' || id").fetchone() == (0,)


def test_fastavro(folder, rows):
    with open(folder / "t.avro", "rb") as file:
        assert list(fastavro.reader(file)) == rows
