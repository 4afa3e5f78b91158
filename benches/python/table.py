"""The casino transactions in the memory of a Python library: INTO ROWS THREADS.

INTO is pyarrow, polars or duckdb; or batches, which are thrown away; or ready-polars or ready-duckdb, which get what
they are to read as an Arrow table that is there before the clock starts: what the library itself needs.
"""

import os
import sys
from pathlib import Path

INTO, ROWS, THREADS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.environ["POLARS_MAX_THREADS"] = str(THREADS)  # read when polars is imported
TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "benches" / "peers"))

import duckdb  # noqa: E402
import pandas  # noqa: E402, F401: pyarrow imports it when it makes its first table
import polars  # noqa: E402
import pyarrow  # noqa: E402
import rowgen  # noqa: E402
from casino import timed  # noqa: E402

PARAMS = {"rows": ROWS, "bets_per_second": f"{ROWS / 86_400:.6f}"}


def planned():
    make = rowgen.scan if INTO == "polars" else rowgen.read
    return make(TOP / "pipelines" / "casino.yaml", params=PARAMS, threads=THREADS)


def into_duckdb(rows):
    """As its own peer: the order of rows is not kept."""
    db = duckdb.connect(config={"threads": THREADS})
    db.execute("SET preserve_insertion_order = false")
    db.execute("CREATE TEMP TABLE transactions AS SELECT * FROM rows")
    return db.execute("SELECT count(*) FROM transactions").fetchone()[0]


MAKE = {
    "batches": lambda rows: sum(batch.num_rows for batch in rows),
    "pyarrow": lambda rows: pyarrow.table(rows).num_rows,
    "polars": lambda rows: rows.collect().height,
    "duckdb": into_duckdb,
    "ready-polars": lambda rows: polars.from_arrow(rows).height,
    "ready-duckdb": into_duckdb,
}


def main():
    pyarrow.set_cpu_count(THREADS)
    ready = pyarrow.table(planned()) if INTO.startswith("ready-") else None
    with timed():
        rows = MAKE[INTO](ready or planned())
    print(f"rows: {rows}")


main()
