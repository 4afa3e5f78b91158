"""A table as a lazy frame of polars, which asks for only the columns and rows that it needs."""

from datetime import datetime, timezone


def scan(
    pipeline,
    table=None,
    *,
    start=0,
    stop=None,
    params=None,
    seed=None,
    run_date=None,
    now=None,
    threads=None,
):
    """The rows of a table as a `polars.LazyFrame`.

    Only the columns that the query uses are made, and no more rows than `head` asks for. The
    arguments are those of `read`. Needs polars: `pip install rowgen[polars]`.
    """
    import polars
    from polars.io.plugins import register_io_source

    from ._rowgen import read

    # Every query of the frame is of the moment in which the frame was made.
    now = now or datetime.now(timezone.utc)
    rest = {
        "params": params,
        "seed": seed,
        "run_date": run_date,
        "now": now,
        "threads": threads,
        "dictionaries": False,
        # Text as polars has it, which is not copied again.
        "views": True,
    }
    whole = read(pipeline, table, None, start, stop, **rest)

    def rows(with_columns, predicate, n_rows, batch_size):
        end = len(whole) if n_rows is None else min(n_rows, len(whole))
        part = read(pipeline, table, with_columns, start, start + end, batch_rows=batch_size, **rest)
        for batch in part:
            frame = polars.DataFrame(batch)
            yield frame if predicate is None else frame.filter(predicate)

    return register_io_source(
        io_source=rows,
        schema=polars.DataFrame(whole.slice(start, start)).schema,
        validate_schema=True,
        is_pure=True,
    )
