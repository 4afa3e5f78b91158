"""What the engines are compared with: rowgen's own file, and a task that kills its worker once."""

import os
from pathlib import Path

import pyarrow.compute
import pyarrow.parquet
import rowgen

ROWS = 100_000
ORDERS = """
version: 1
seed: 7
tables:
  orders:
    rows: 100_000
    columns:
      id: { sequence: { start: 0 } }
      status: { choice: [PAID, SHIPPED, CANCELLED] }
      total: { type: "decimal(10,2)", uniform: { min: 0.01, max: 99.99 } }
      note: { choice: [gift, late], nulls: 0.5 }
      at: { type: "timestamp(us, UTC)", event_time: { start: 2026-01-01T00:00:00Z, rate: 10/s } }
      made: { type: "timestamp(us, UTC)", now: {} }
"""
# `now` is of the moment in which the rows are planned: a run and a reader have each their own.
COLUMNS = ["id", "status", "total", "note", "at"]


def written(folder):
    """What a run writes."""
    sink = f"sinks:\n  - file: {{ table: orders, path: {folder}/orders.parquet }}\n"
    rowgen.run(ORDERS + sink)
    return pyarrow.parquet.read_table(folder / "orders.parquet")


def in_order(table, like):
    """The rows by their number, in the types of another table: engines give parts in any order."""
    return table.select(like.column_names).sort_by("id").cast(like.schema).combine_chunks()


def dies_once(mark):
    """A step that ends its process in the middle, without a word, the first time that anyone takes it."""

    def step(rows):
        try:
            Path(mark).touch(exist_ok=False)
        except FileExistsError:
            return rows
        os._exit(1)

    return step
