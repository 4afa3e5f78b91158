"""The casino transactions through Spark: SOURCE SINK ROWS THREADS PATH.

SOURCE is `rowgen`, the data source; `range`, Spark's own rows and expressions of like columns; or `ready`, a source in
Python that has one batch of rowgen's and yields it again and again: what a source in Python can reach at all. SINK is
`noop` or `parquet`. Spark's start, and a first query of fewer rows that warms its code up, do not count.
"""

import os
import sys
import time
from pathlib import Path

from casino import (
    AGENT_IDS,
    BET_MICROS,
    BETS_EACH,
    CATEGORIES,
    CHANGES,
    CURRENCY_CODES,
    CURRENCY_IDS,
    DAY,
    DAY_MICROS,
    DAY_TEXT,
    DRAWS,
    INTERVALS,
    MASTER_IDS,
    USDT_MICROS,
    VENDOR_CODES,
    WIN_TENTHS,
)
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

SOURCE, SINK, ROWS, THREADS, PATH = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
PIPELINE = str(Path(__file__).resolve().parents[2] / "pipelines/casino.yaml")
ROWS_PER_TASK = 1_000_000
WARM_UP = 10  # a query of so many times fewer rows
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
}


def texts(values):
    return "array(" + ", ".join(f"'{value}'" for value in values) + ")"


def numbers(values):
    return "array(" + ", ".join(map(str, values)) + ")"


def amounts(micros):
    return "array(" + ", ".join(f"cast({value / 10**6:.6f}BD as decimal(18,6))" for value in micros) + ")"


def take(values, index):
    """The values at an index (from 0) of a small table."""
    return f"element_at({values}, cast({index} + 1 as int))"


def range_rows(spark, rows):
    gap = DAY_MICROS // rows
    partitions = max(-(-rows // ROWS_PER_TASK), THREADS)
    interval = " + ".join(f"int(moment >= {change * 10**6})" for change in CHANGES)
    draws = [f"pmod(xxhash64(id, {key}L), {n}L) as {name}" for key, (name, n) in enumerate(DRAWS.items(), 1)]
    moment = f"{DAY * 10**6} + id * {gap} + pmod(xxhash64(id, 0L), {gap}L) as moment"
    drawn = spark.range(0, rows, 1, partitions).selectExpr(
        "id + 1 as n", "lpad(cast(id + 1 as string), 8, '0') as digits", moment, *draws
    )
    bet = f"(currency * {BETS_EACH} + bet)"
    looked_up = drawn.selectExpr(
        "*",
        f"{take(texts(VENDOR_CODES), 'code')} as vendor_code",
        f"{take(amounts(BET_MICROS), bet)} as bet_amount",
        f"{take(amounts(USDT_MICROS), f'{bet} * {INTERVALS} + {interval}')} as bet_amount_usdt",
    )
    multiplier = take("array(" + ", ".join(f"{tenths / 10:.1f}BD" for tenths in WIN_TENTHS) + ")", "win")
    won = looked_up.selectExpr("*", f"cast(bet_amount * {multiplier} as decimal(18,6)) as win_amount")
    return won.selectExpr(
        f"concat('TXN-{DAY_TEXT}-', digits) as id",
        "concat('EXT-', vendor_code, '-', digits) as external_transaction_id",
        "concat('BET-', digits) as vendor_bet_id",
        "concat('ROUND-', lpad(cast(n div 10 as string), 8, '0')) as round_id",
        "cast(vendor + 1 as int) as vendor_id",
        "vendor_code",
        "1 as vendor_line_id",
        f"{take(numbers(CATEGORIES), 'category')} as game_category_id",
        "1 as house_id",
        f"{take(numbers(MASTER_IDS), 'agent')} as master_agent_id",
        f"{take(numbers(AGENT_IDS), 'agent')} as agent_id",
        f"{take(numbers(CURRENCY_IDS), 'currency')} as currency_id",
        f"{take(texts(CURRENCY_CODES), 'currency')} as currency_code",
        "bet_amount",
        "win_amount",
        "cast(win_amount - bet_amount as decimal(18,6)) as win_loss",
        "timestamp_micros(moment) as settled_at",
        "bet_amount_usdt",
    )


def options(rows):
    """Those of the benchmark of rowgen itself: all rows within one day."""
    shares = {"table": "transactions", "partitions": max(-(-rows // ROWS_PER_TASK), THREADS)}
    return {"pipeline": PIPELINE, **shares, "param.rows": rows, "param.bets_per_second": f"{rows / 86_400:.6f}"}


class Again(DataSourceReader):
    """One batch of the casino for each task, again and again."""

    def __init__(self, reader, rows):
        self.reader, self.rows = reader, rows

    def partitions(self):
        count = max(-(-self.rows // ROWS_PER_TASK), THREADS)
        edges = [self.rows * part // count for part in range(count + 1)]
        return [InputPartition(stop - start) for start, stop in zip(edges, edges[1:])]

    def read(self, partition):
        first = self.reader.partitions()[0]
        batch = next(self.reader.read(first))
        whole, rest = divmod(partition.value, batch.num_rows)
        yield from [batch] * whole
        yield batch.slice(0, rest)


class Ready(DataSource):
    @classmethod
    def name(cls):
        return "ready"

    def inner(self):
        from pyspark_rowgen import DefaultSource

        given = {name: value for name, value in self.options.items() if name != "asked"}
        return DefaultSource({**given, "stop": 65_536, "partitions": 1})

    def schema(self):
        return self.inner().schema()

    def reader(self, schema):
        return Again(self.inner().reader(schema), int(self.options["asked"]))


def frame(spark, rows):
    if SOURCE == "range":
        return range_rows(spark, rows)
    if SOURCE == "rowgen":
        return spark.read.format("rowgen").options(**options(rows)).load()
    return spark.read.format("ready").options(**options(rows), asked=rows).load()


def written(frame, folder):
    writer = frame.write.mode("overwrite")
    if SINK == "noop":
        writer.format("noop").save()
    else:
        writer.option("compression", "snappy").parquet(folder)


def main():
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = SparkSession.builder.master(f"local[{THREADS}]").config(map=SETTINGS).getOrCreate()
    if SOURCE == "ready":
        spark.dataSource.register(Ready)
    written(frame(spark, max(ROWS // WARM_UP, 1)), PATH)
    start = time.perf_counter()
    written(frame(spark, ROWS), PATH)
    print(f"seconds: {time.perf_counter() - start}", flush=True)
    jvm = spark.sparkContext._gateway.proc
    spark.stop()
    # Its end is waited for, so that its CPU and memory are this process's.
    jvm.stdin.close()
    jvm.wait()


if __name__ == "__main__":
    main()
