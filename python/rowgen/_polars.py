"""A table as a lazy frame of polars, which asks for only the columns and rows that it needs."""

from ._ranges import NO_END
from ._rowgen import PipelineError, read


def scan(
    pipeline,
    table=None,
    *,
    columns=None,
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

    # One plan for all queries: whatever is written meanwhile, none of them sees other rows.
    whole = read(
        pipeline,
        table,
        columns,
        start,
        NO_END if stop is None else stop,
        params=params,
        seed=seed,
        run_date=run_date,
        now=now,
        threads=threads,
        dictionaries=False,
        # Text as polars has it, which is not copied again.
        views=True,
    )
    first = whole._told["start"]

    def rows(with_columns, predicate, n_rows, batch_size):
        if n_rows is not None:
            end = first + min(n_rows, len(whole))
        elif first + len(whole) == NO_END:
            raise PipelineError("the table has no end\n  hint: say `stop`, or ask for some rows with `head`")
        else:
            end = None
        for batch in whole._of(with_columns, batch_size).slice(stop=end):
            frame = polars.DataFrame(batch)
            yield frame if predicate is None else frame.filter(predicate)

    schema = polars.DataFrame(whole.slice(stop=0)).schema
    frame = lambda schema: register_io_source(io_source=rows, schema=schema, validate_schema=True, is_pure=True)
    try:
        return frame(schema)
    except polars.exceptions.PolarsError:
        # polars says what is wrong, and not with which of them.
        for name, kind in schema.items():
            try:
                frame({name: kind})
            except polars.exceptions.PolarsError as error:
                hint = "leave it out with `columns`, or let `types` read it as `utf8`"
                raise PipelineError(f"polars does not take column `{name}`: {error}\n  hint: {hint}") from error
        raise
