"""The bars that rowgen is held to, and what one run reached of each."""

from collections.abc import Callable
from dataclasses import dataclass

import ordered
from report import MIB, Medians, aligned, medians


@dataclass
class Speed:
    """Rows a second against the fastest of some peers."""

    name: str
    work: str
    against: list
    bar: float | None
    tool: str = "rowgen"

    def reach(self, results):
        mine = results[self.work, self.tool]
        best = max(self.against, key=lambda tool: results[self.work, tool].by_wall)
        peer = results[self.work, best]
        ratio = mine.by_wall / peer.by_wall
        verdict = "stated" if self.bar is None else verdict_of(ratio >= self.bar)
        bar = "" if self.bar is None else f">= {self.bar:g}x"
        return [self.name, best, f"{ratio:.2f}x", f"{mine.by_cpu / peer.by_cpu:.2f}x", bar, verdict]

    def needs(self):
        return [(self.work, tool) for tool in [self.tool, *self.against]]


@dataclass
class Size:
    """A file against the smallest of some peers'."""

    name: str
    work: str
    against: list
    tool: str = "rowgen"

    def reach(self, results):
        smallest = min(self.against, key=lambda tool: results[self.work, tool].bytes)
        ratio = results[self.work, self.tool].bytes / results[self.work, smallest].bytes
        return [self.name, smallest, f"{ratio:.2f}x", "", "<= 1x", verdict_of(ratio <= 1)]

    needs = Speed.needs


@dataclass
class Slowness:
    """Time against a floor that cannot be reached."""

    name: str
    work: str
    against: list
    bar: float
    tool: str = "rowgen"

    def reach(self, results):
        mine, floor = results[self.work, self.tool], results[self.work, self.against[0]]
        ratio = mine.wall / floor.wall
        cpu = mine.cpu / floor.cpu
        return [self.name, self.against[0], f"{ratio:.2f}x", f"{cpu:.2f}x", f"<= {self.bar:g}x", verdict_of(ratio <= self.bar)]

    needs = Speed.needs


@dataclass
class Together:
    """Time against the sum of what is done in it."""

    name: str
    work: str
    against: list
    bar: float
    tool: str = "rowgen"

    def reach(self, results):
        mine, parts = results[self.work, self.tool], [results[self.work, tool] for tool in self.against]
        ratio = mine.wall / sum(part.wall for part in parts)
        cpu = mine.cpu / sum(part.cpu for part in parts)
        cells = [self.name, " + ".join(self.against), f"{ratio:.2f}x", f"{cpu:.2f}x"]
        return [*cells, f"<= {self.bar:g}x", verdict_of(ratio <= self.bar)]

    needs = Speed.needs


@dataclass
class AtMost:
    """One figure of one tool's runs."""

    name: str
    work: str
    bar: float
    figure: Callable[[Medians], float]
    unit: str
    digits: int = 2
    tool: str = "rowgen"

    def reach(self, results):
        value = self.figure(results[self.work, self.tool])
        shown = f"{value:.{self.digits}f} {self.unit}"
        return [self.name, "", shown, "", f"<= {self.bar:g} {self.unit}", verdict_of(value <= self.bar)]

    def needs(self):
        return [(self.work, self.tool)]


@dataclass
class Cost:
    """CPU seconds of one tool beside another's for the same rows."""

    name: str
    work: str
    against: list
    bar: float
    tool: str = "rowgen"

    def reach(self, results):
        ratio = results[self.work, self.against[0]].by_cpu / results[self.work, self.tool].by_cpu
        shown = f"{ratio:.2f}x"
        return [self.name, self.against[0], "", shown, f"<= {self.bar:g}x", verdict_of(ratio <= self.bar)]

    needs = Speed.needs


def memory(name, work, bar, tool="rowgen"):
    return AtMost(name, work, bar, lambda run: run.rss / MIB, "MiB", 0, tool)


@dataclass
class Kept:
    """How much of one work's speed another has."""

    name: str
    work: str
    base: str
    bar: float
    tool: str = "rowgen"

    def reach(self, results):
        mine, base = results[self.work, self.tool], results[self.base, self.tool]
        ratio = mine.by_wall / base.by_wall
        return [self.name, self.base, f"{ratio:.2f}x", "", f">= {self.bar:g}x", verdict_of(ratio >= self.bar)]

    def needs(self):
        return [(self.work, self.tool), (self.base, self.tool)]


def kafka():
    """Sending, by size, acks and compression, by the whole process's time and by the sink's; and reading."""
    cells = [f"acks={acks} {compression}" for acks in ["1", "all"] for compression in ["none", "lz4"]]
    perf = ["perf-test", "perf-test tuned", "perf-test tuned, warm"]
    sent = [
        Speed(f"{data} to Kafka, {cell}{clock}", f"{data} {cell}", against, bar, f"rowgen{clock}")
        for clock in ["", ", sink"]
        for data, least in [("users", 3), ("casino", 2)]
        for cell in cells
        for against, bar in [(perf, least), (["BaseProducer"], 3), (["confluent-kafka"], 5)]
    ]
    read = [(data, fmt) for data in ["users", "casino"] for fmt in ["json", "avro"]]
    return sent + [Speed(f"{data} from Kafka, {fmt}", f"read {data} {fmt}", ["perf-test"], 0.8) for data, fmt in read]


def python():
    """Into each library beside the peers, those that make a value for each call, and what the library itself needs."""
    libraries = {"pyarrow": ("rowgen", 5), "polars": ("rowgen, polars", 3), "duckdb": ("rowgen, duckdb", 3)}
    into = [
        Speed(f"casino into {library}", "table", against, least, tool)
        for library, (tool, bar) in libraries.items()
        for against, least in [(DATABASES, bar), (["clickhouse, memory"], None), (["faker"], None), (["mimesis"], None)]
    ]
    ceilings = [
        Speed(f"casino into {library}", "table", [f"{library}, ready"], None, libraries[library][0])
        for library in ["polars", "duckdb"]
    ]
    return [
        *into,
        *ceilings,
        Together("average over a stream", "average", ["made", "duckdb, ready"], 1.15),
        memory("average over a stream, peak memory", "average", 300),
    ]


def cdc_loads():
    """Connections and changes a transaction."""
    return ["2 x 1000", "50 x 200"]


def sorting():
    """Each of the orders beside DuckDB, its CPU beside the run without an order, its memory beside what keys may take."""
    orders = {"": 1024, " small files": 1024, " by month": 1024, " little memory": ordered.LITTLE / MIB}
    return [
        target
        for order, keys in orders.items()
        for target in [
            Speed(f"lineitem by its date{order}", "sorted", ["duckdb"], 1.5, f"rowgen{order}"),
            Cost(f"sorting lineitem{order}, its CPU", "sorted", ["unsorted"], 2.5, f"rowgen{order}"),
            memory(f"sorting lineitem{order}, peak memory", "sorted", 300 + keys, f"rowgen{order}"),
        ]
    ]


DATABASES = ["duckdb", "clickhouse", "pyarrow", "polars"]
TARGETS = {
    "casino": [
        Speed("casino Parquet, snappy", "parquet", DATABASES, 5),
        Speed("casino Parquet, auto", "parquet", DATABASES, None, "rowgen auto"),
        Size("casino Parquet, snappy: file", "parquet", DATABASES),
        Size("casino Parquet, auto: file", "parquet", DATABASES, "rowgen auto"),
        Speed("casino Parquet, snappy", "parquet", ["ArrowWriter"], 3),
        Speed("casino CSV", "csv", ["clickhouse"], 3),
        Speed("casino CSV", "csv", ["arrow-csv"], 4),
        Speed("casino CSV to /dev/null", "csv to null", ["arrow-csv"], 6),
        Speed("casino JSON lines", "json", ["arrow-json"], 3),
        Speed("casino JSON lines", "json", ["duckdb"], 8),
        Speed("casino JSON lines to /dev/null", "json to null", ["arrow-json"], 5),
        Speed("casino Avro", "avro", ["arrow-avro"], 3),
        Speed("casino Avro", "avro", ["fastavro"], 20),
        Speed("casino Avro to /dev/null", "avro to null", ["arrow-avro"], None),
        Slowness("casino generation, its time", "generation", ["memset batches"], 12),
        Slowness("casino generation, its time", "generation", ["memset memory"], 12),
    ],
    "lineitem": [
        Speed("lineitem Parquet, snappy", "parquet", ["tpchgen-cli"], 3),
        Speed("lineitem CSV", "csv", ["tpchgen-cli"], 3),
    ],
    "orders": [
        Cost("orders with the sum of their lines, its CPU", "parquet", ["rowgen without"], 1.6),
        Cost("orders with three aggregates, its CPU", "parquet", ["rowgen without"], 2.2, "rowgen several"),
    ],
    "sorted": sorting(),
    "memory": [memory("casino Parquet, peak memory", "parquet", 300)],
    "kafka": kafka(),
    "seed_status": [
        Speed("Kafka to PostgreSQL", "near", ["psql \\copy"], 1.2),
        Speed("Kafka to PostgreSQL", "near", ["INSERT"], 3),
        AtMost("Kafka to PostgreSQL, CPU a row", "near", 1.5, lambda run: run.cpu / run.rows * 1e6, "us"),
        memory("Kafka to PostgreSQL, peak memory", "near", 120),
        AtMost("Kafka to PostgreSQL, first rows", "first", 2, lambda run: run.wall, "s"),
        Kept("Kafka to PostgreSQL, 2.5 ms away", "2.5 ms", "proxy", 0.7),
        Kept("Kafka to PostgreSQL, 12 ms away", "12 ms", "proxy", 0.7),
    ],
    "verify": [
        Cost("verifying Parquet, its CPU", "parquet", ["run"], 2),
        memory("verifying Parquet, peak memory", "parquet", 300),
        Speed("verifying PostgreSQL", "postgres", ["pg_dump"], 1),
    ],
    "before": [
        Cost("walk within a parent, its CPU", "walk", ["steps"], 2, "walks"),
        Cost("walk of the whole table, its CPU", "walk", ["steps"], 3, "walk_of_all"),
        Cost("running within a parent, its CPU", "running", ["amounts"], 3, "sums"),
        Cost("running of the whole table, its CPU", "running", ["amounts"], 4, "sum_of_all"),
    ],
    "cdc": [
        *(Speed(f"changes into MariaDB, {load}", load, ["a statement a change"], 3) for load in cdc_loads()),
        *(Speed(f"changes into MariaDB, {load}", load, ["LOAD DATA"], None) for load in cdc_loads()),
        AtMost("changes into MariaDB, CPU a change", cdc_loads()[0], 2, lambda run: run.cpu / run.rows * 1e6, "us"),
    ],
    "spark": [
        target
        for threads in (2, 4)
        for target in [
            Speed(f"Spark to noop, {threads} threads", f"noop, {threads} threads", ["spark.range"], 0.8),
            Speed(f"Spark to Parquet, {threads} threads", f"parquet, {threads} threads", ["spark.range"], 0.65),
            Speed(f"Spark to noop, {threads} threads", f"noop, {threads} threads", ["ready batches"], None),
            Speed(f"Spark to Parquet, {threads} threads", f"parquet, {threads} threads", ["ready batches"], None),
            Speed(f"Spark to Parquet, {threads} threads", f"parquet, {threads} threads", ["rowgen run"], None),
        ]
    ],
    "python": python(),
    "mysql": [
        Speed("rows into MariaDB", "load", ["LOAD DATA"], None),
        Speed("verifying MariaDB", "verify", ["mariadb-dump"], 1),
    ],
    "stream": [
        *(Speed(f"messages of {size}", size, ["C, XPUB"], 0.9) for size in ("1 KiB", "1 MiB", "8 MiB")),
        *(Speed(f"messages of {size}", size, ["C, ring"], None) for size in ("1 KiB", "1 MiB", "8 MiB")),
        *(Speed(f"messages of {size}", size, ["C, PUSH"], None) for size in ("1 KiB", "1 MiB", "8 MiB")),
        *(Speed(f"messages of {size}", size, ["C, plain TCP"], None) for size in ("1 KiB", "1 MiB", "8 MiB")),
        *(memory(f"messages of {size}, peak memory", size, 150) for size in ("1 KiB", "1 MiB", "8 MiB")),
    ],
}


def verdict_of(reached):
    return "reached" if reached else "missed"


def reached(name, runs):
    """One line for each target of a benchmark whose tools all ran."""
    pairs = dict.fromkeys((run.work, run.tool) for run in runs)
    results = {pair: medians([run for run in runs if (run.work, run.tool) == pair]) for pair in pairs}
    return [target.reach(results) for target in TARGETS[name] if all(need in results for need in target.needs())]


def table(lines):
    """What was reached, by rows a second and by rows a CPU second, beside the bar."""
    header = ["target", "against", "reached", "by CPU", "bar", ""]
    return aligned([header, *lines], left=[0, 1, 5])
