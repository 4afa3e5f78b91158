"""The average of one column of many rows: HOW ROWS THREADS.

stream: DuckDB reads them while rowgen makes them; make: they are made, and thrown away; ready: DuckDB reads as many that
are there, the same batch again and again. The first two need nothing but the wheel and duckdb.
"""

import resource
import sys
import time

HOW, ROWS, THREADS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
MEAN, DEVIATION = 500.5, 999 / 12**0.5
TEXT = """
version: 1
params: { rows: 1 }
tables:
  t:
    rows: ${rows}
    columns:
      id: sequence
      total: { uniform: { min: 1.0, max: 1000.0 } }
"""


def planned(rows):
    import rowgen

    return rowgen.read(TEXT, columns=["total"], params={"rows": rows}, threads=THREADS)


def ready():
    """A stream in C++, so that Python's lock is in nobody's way."""
    import pyarrow

    batch = pyarrow.record_batch(next(iter(planned(1 << 16))))
    whole, rest = divmod(ROWS, batch.num_rows)
    return pyarrow.Table.from_batches([*[batch] * whole, batch.slice(0, rest)]).to_reader()


def average(t):
    import duckdb

    duckdb.sql(f"SET threads = {THREADS}")
    return duckdb.sql("select avg(total) from t").fetchall()[0][0]


def main():
    rows = ready() if HOW == "ready" else None
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    if HOW == "make":
        mean, count = MEAN, sum(batch.num_rows for batch in planned(ROWS))
    else:
        mean, count = average(rows or planned(ROWS)), ROWS
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    print(f"seconds: {wall} {after.ru_utime - before.ru_utime} {after.ru_stime - before.ru_stime}")
    print(f"rows: {count}")
    if HOW != "ready" and abs(mean - MEAN) > 5 * DEVIATION / ROWS**0.5:
        sys.exit(f"the average of {ROWS} even draws is {mean}")


main()
