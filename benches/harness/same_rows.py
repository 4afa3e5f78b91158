"""Compares the rows of Parquet files, value by value and in their order: same_rows.py FILES FILES, commas between them.

The parts that Spark writes are numbered as its partitions are, which are ranges of rows: so the order is the same, too.
"""

import sys

import pyarrow
from pyarrow.parquet import ParquetFile

ROWS = 65_536


def batches(files, schema=None):
    """The rows in batches of one size, whatever the files' row groups are."""
    kept = []
    for file in files:
        for batch in ParquetFile(file).iter_batches(ROWS):
            table = pyarrow.table(batch)
            kept.append(table.cast(schema or table.schema))
            while sum(map(len, kept)) >= ROWS:
                table = pyarrow.concat_tables(kept)
                yield table.slice(0, ROWS)
                kept = [table.slice(ROWS)]
    yield pyarrow.concat_tables(kept)


def main():
    one, other = (argument.split(",") for argument in sys.argv[1:])
    schema = ParquetFile(one[0]).schema_arrow.remove_metadata()
    schema = pyarrow.schema([field.with_nullable(True) for field in schema])
    rows = 0
    for found, expected in zip(batches(one, schema), batches(other, schema), strict=True):
        if not found.equals(expected):
            names = [name for name in schema.names if not found[name].equals(expected[name])]
            sys.exit(f"the rows from {rows} on differ in {', '.join(names) or 'their number'}")
        rows += len(found)


main()
