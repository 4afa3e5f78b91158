"""Tables as data frames of Dask: `rowgen.dask.read`. Needs Dask: `pip install rowgen[dask]`.

Each partition makes rows of its own. A partition that is made again, on any worker, has the same rows.
"""

import pandas
import pyarrow
from dask.dataframe import from_map

from ._ranges import plan, whole

# About what Dask advises for a partition.
PARTITION_BYTES = 100 << 20


def read(
    pipeline,
    table=None,
    columns=None,
    start=0,
    stop=None,
    *,
    params=None,
    seed=None,
    run_date=None,
    now=None,
    threads=1,
    npartitions=None,
):
    """The rows of a table as a `dask.dataframe.DataFrame`, whose index are the numbers of the rows.

    The arguments are those of `rowgen.read`; `threads` are those of one partition. Without `npartitions`
    a partition takes about 100 MiB. Columns keep their Arrow types (`pandas.ArrowDtype`), and only
    those that are computed with are made.
    """
    values = {"params": params, "seed": seed, "run_date": run_date, "now": now, "threads": threads}
    table, rows = plan(pipeline, table, columns, start, stop, **values)
    if npartitions is None:
        most = int(PARTITION_BYTES / max(rows.bytes_each(), 1))
    else:
        most = -(-len(rows) // whole("npartitions", npartitions))
    parts = rows.parts(most)
    return from_map(
        _frame,
        parts,
        meta=_pandas(pyarrow.schema(table.schema).empty_table()),
        divisions=(*(part.start for part in parts), max(rows.stop - 1, rows.start)),
        label="rowgen",
        threads=threads,
    )


# Dask leaves out columns that are none unless they are an argument that has to be.
def _frame(rows, columns, *, threads):
    """What a worker runs; Dask says which columns are computed with."""
    frame = _pandas(pyarrow.table(rows.of(columns).read(threads=threads)))
    numbers = pandas.RangeIndex(rows.start, rows.stop)
    return frame.set_axis(numbers) if columns else pandas.DataFrame(index=numbers)


def _pandas(table):
    """Without a copy: pandas' own types have no decimals, and no integers that may be missing."""
    return table.to_pandas(types_mapper=pandas.ArrowDtype)
