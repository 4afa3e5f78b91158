"""Uses of the package that mypy must find right, by its stubs alone: it is never run."""

from datetime import date
from pathlib import Path

import polars
import pyarrow
import rowgen


def rows(pipeline: Path) -> int:
    table: rowgen.Table = rowgen.read(pipeline, "orders", ["order_id"], 0, 10, params={"rows": 10}, run_date=date(2026, 1, 15))
    arrow = pyarrow.table(table.slice(5))
    first: int = next(iter(table)).num_rows
    return first + len(table) + int(arrow.num_rows)


def frame(pipeline: str) -> polars.DataFrame:
    return rowgen.scan(pipeline, stop=10, threads=2).head(5).collect()


def slice_of(pipeline: str) -> object:
    try:
        return rowgen.run(pipeline, slice="2/8", sinks=["parquet"], overwrite=True)["sinks"]
    except rowgen.RunError as failed:
        return failed.report["outcome"]
    except rowgen.PipelineError as mistake:
        return str(mistake)
