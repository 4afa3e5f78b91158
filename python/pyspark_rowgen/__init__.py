"""Rows of rowgen pipelines in Spark: `spark.read.format("rowgen").option("pipeline", …).load()`, and `readStream`.

Spark imports every module whose name begins with `pyspark_` when it first looks for a data source of
Python, and knows `DefaultSource` by its name from then on. Spark itself is no dependency: whoever has
none never imports this.
"""

from pyspark.sql.datasource import DataSource

from .options import options_of
from .reader import Reader, columns_of
from .stream import StreamReader
from .types import spark_schema

__all__ = ["DefaultSource"]


class DefaultSource(DataSource):
    """A table of a pipeline as it is at the moment of `load()`.

    Every action, task and retry makes the rows anew. So what could differ between them is decided here,
    once: the moment that stands for the start of the run, and the fingerprint that all of them compare.
    """

    def __init__(self, options):
        super().__init__(options)
        self.wanted = options_of(options)
        table, self.rows = self.wanted.plan()
        self.columns = spark_schema(table.schema)

    @classmethod
    def name(cls):
        return "rowgen"

    def schema(self):
        return self.columns

    def reader(self, schema):
        return Reader(self.wanted, columns_of(self.rows, self.columns, schema), schema)

    def streamReader(self, schema):
        return StreamReader(self.wanted, columns_of(self.rows, self.columns, schema), schema)
