"""Rows for `spark.readStream`: an offset is the number of the next row, beside what decides the rows.

So a checkpoint is all that a restart needs: it goes on behind the last row that was committed, with the
moment of the first start, and refuses a pipeline that has become another one.
"""

import time
from dataclasses import replace

from pyspark.sql.datasource import DataSourceStreamReader
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxRows, SupportsTriggerAvailableNow
from rowgen._ranges import Rows

from .options import NO_END, wrong
from .reader import made, parts

# Without a rate all rows are there at once: so many are taken at a time.
ROWS_PER_BATCH = 1_000_000
# What of a recipe an offset carries.
CARRIED = ("version", "fingerprint", "now")


class StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Gives rows at a rate, or as fast as Spark takes them, to the end of the table."""

    def __init__(self, wanted, rows, schema):
        self.wanted, self.rows, self.schema = wanted, rows, schema
        # When the first rows were asked for, and the number of the first one.
        self.begun = None
        self.takes_all = False

    def initialOffset(self):
        return {"row": self.rows.start, **{name: getattr(self.rows.recipe, name) for name in CARRIED}}

    def getDefaultReadLimit(self):
        most = self.wanted.rows_per_batch
        if most is None and self.wanted.rows_per_second is None:
            most = ROWS_PER_BATCH
        return ReadAllAvailable() if most is None else ReadMaxRows(most)

    def prepareForTriggerAvailableNow(self):
        self.takes_all = True

    def latestOffset(self, start, limit):
        row = start["row"]
        due = self.due(row)
        if isinstance(limit, ReadMaxRows):
            due = min(due, row + limit.max_rows)
        elif due == NO_END:
            raise endless()
        return start | {"row": max(row, due)}

    def due(self, row):
        """The row behind the last one that may be given now."""
        if self.takes_all and self.rows.stop == NO_END:
            raise endless()
        if self.takes_all or self.wanted.rows_per_second is None:
            return self.rows.stop
        # The time in which no query ran does not count: its rows would all come at once.
        now = time.monotonic()
        self.begun = self.begun or (now, row)
        passed = int((now - self.begun[0]) * self.wanted.rows_per_second)
        return min(self.rows.stop, self.begun[1] + passed)

    def partitions(self, start, end):
        if start["row"] == end["row"]:
            return []
        recipe = replace(self.rows.recipe, **{name: end[name] for name in CARRIED})
        rows = Rows(recipe, start["row"], end["row"])
        # Another pipeline or version is told here, before tasks fail one by one.
        rows.read()
        return parts(rows, self.wanted)

    def read(self, partition):
        return made(partition, self.wanted, self.schema)


def endless():
    return wrong("the table has no end: not all of its rows can be taken", "say `stop`, the row behind the last one")
