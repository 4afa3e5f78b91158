"""Rows for `spark.read`: ranges of them for the tasks, each made where it is read."""

import os
from dataclasses import dataclass

from pyspark.sql.datasource import DataSourceReader, InputPartition
from rowgen._ranges import Rows

from .options import NO_END, wrong
from .types import arrow_schema, spark_batches

# A task of fewer rows ends before it was worth its start: one batch of rowgen.
FEWEST = 65_536
# The driver plans, sends and watches each of them.
MOST_PARTITIONS = 10_000


@dataclass
class Part(InputPartition):
    """The rows of a task. They know what they must be: the version, the fingerprint and the moment travel with them."""

    rows: Rows


class Reader(DataSourceReader):
    """Reads ranges of rows.

    It has no `pushFilters`: Spark refuses to read from a source that has it unless the session turns it on,
    and there are no rows that could be left out unmade. Which columns a query needs Spark does not tell.
    """

    def __init__(self, wanted, rows, schema):
        self.wanted, self.rows, self.schema = wanted, rows, schema

    def partitions(self):
        for name in ("rows_per_second", "rows_per_batch"):
            if getattr(self.wanted, name) is not None:
                raise wrong(f"`{name}` is an option of streams", "use `spark.readStream`, or leave it out")
        if self.rows.stop == NO_END:
            raise wrong("the table has no end", "say `stop`, the row behind the last one, or use `spark.readStream`")
        return parts(self.rows, self.wanted)

    def read(self, partition):
        return made(partition, self.wanted, self.schema)


def columns_of(rows, own, schema):
    """The rows with the columns of a schema, which may be a user's: of fewer columns, or in letters of another size."""
    names = {name.lower(): name for name in own.fieldNames()} | {name: name for name in own.fieldNames()}
    rows = rows.of(names.get(name, names.get(name.lower(), name)) for name in schema.fieldNames())
    arrow_schema(rows.read().schema, schema)
    return rows


def parts(rows, wanted):
    """The rows in parts that are as even as can be; one part without rows where there are none."""
    count = wanted.partitions or parts_of(len(rows), wanted.rows_per_partition)
    count = min(count, max(len(rows), 1))
    edges = [rows.start + len(rows) * part // count for part in range(count + 1)]
    return [Part(Rows(rows.recipe, start, stop)) for start, stop in zip(edges, edges[1:])]


def parts_of(rows, rows_each):
    """As many as make parts of this size, but one for each processor here if each still has a batch.

    Spark tells sources neither its parallelism nor its settings.
    """
    processors = min(os.cpu_count() or 1, rows // FEWEST)
    return min(max(-(-rows // rows_each), processors, 1), MOST_PARTITIONS)


def made(partition, wanted, schema):
    """The batches of a part, with the types that Spark expects."""
    table = partition.rows.read(threads=wanted.threads, batch_rows=wanted.batch_rows)
    return spark_batches(table, arrow_schema(table.schema, schema))
