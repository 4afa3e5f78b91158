"""What is raced: works, and for each the tools that do it and the commands they do it with."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from settings import PEERS, TOP, Settings

SECONDS_OF_DAY = 86_400
FASTAVRO_SHARE = 20  # a tool that is so much slower makes so many times fewer rows
GENERATION_TIMES = 5  # what is so much faster makes so many times more rows
OUT = Settings.folder / "out"


@dataclass
class Entry:
    """One tool's command, and how many rows it is asked for; none where the table's own rule decides."""

    words: list
    rows: int | None


@dataclass
class Work:
    """One thing to do, by several tools in turn."""

    name: str
    entries: dict[str, Entry]
    format: str | None = None  # of the files that are written; none when what is made goes nowhere
    rounds: int = field(default_factory=lambda: Settings.rounds)


def casino_params(rows):
    """All rows within one day, as the peers have them: so every rate comes as often as with the peers."""
    return [f"rows={rows}", f"bets_per_second={rows / SECONDS_OF_DAY:.6f}"]


def rowgen(pipeline, sink, params, rows):
    """One sink of a pipeline."""
    if "ROWGEN_FSYNC" not in (TOP / pipeline).read_text():
        sys.exit(f"bench: {pipeline} does not take fsync from ROWGEN_FSYNC; rowgen would wait for the disk, others not")
    sets = [word for param in params for word in ("--set", param)]
    options = [*sets, "--sinks", sink, "--threads", Settings.threads, "--out", OUT, "--quiet"]
    return Entry([Settings.rowgen, "run", TOP / pipeline, *options], rows)


def own(sink, rows=Settings.rows):
    """One of rowgen's ways to write the casino: as shipped, or beside that for the benchmark."""
    shipped = sink in ("parquet", "csv")
    pipeline = "pipelines/casino.yaml" if shipped else "benches/pipelines/casino_bench.yaml"
    return rowgen(pipeline, sink, casino_params(rows), rows)


def peer(tool, fmt, rows=Settings.rows):
    path = OUT / f"transactions.{fmt}"
    return Entry([sys.executable, PEERS / f"casino_{tool}.py", fmt, rows, Settings.threads, path], rows)


def library(fmt, path=None):
    words = [Settings.libraries, fmt, Settings.threads, path or OUT / f"transactions.{fmt}"]
    return Entry([*words, *casino_params(Settings.rows)], Settings.rows)


def memset(way, rows, buffers):
    return Entry([Settings.libraries, f"memset-{way}", rows, Settings.threads, buffers], rows)


def batch_buffers():
    """The buffers of a batch of the casino, as `libraries` says and takes them, and their bytes a row."""
    words = [Settings.libraries, "buffers", *casino_params(Settings.rows)]
    said = subprocess.run(words, capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"bench: {said.stderr}")
    rows, lengths = said.stdout.strip().split(":")
    return said.stdout.strip(), sum(map(int, lengths.split(","))) / int(rows)


def casino(buffers):
    databases = ["polars", "pyarrow", "duckdb", "clickhouse"]
    null, many = Path("/dev/null"), GENERATION_TIMES * Settings.rows
    return [
        Work(
            "parquet",
            {
                "rowgen": own("parquet"),
                "rowgen auto": own("parquet-auto"),
                **{tool: peer(tool, "parquet") for tool in databases},
                "ArrowWriter": library("parquet"),
            },
            "parquet",
        ),
        Work(
            "csv",
            {"rowgen": own("csv"), **{tool: peer(tool, "csv") for tool in databases}, "arrow-csv": library("csv")},
            "csv",
        ),
        Work("csv to null", {"rowgen": own("csv-null"), "arrow-csv": library("csv", null)}),
        Work(
            "json",
            {"rowgen": own("json"), "duckdb": peer("duckdb", "json"), "arrow-json": library("json")},
            "json",
        ),
        Work("json to null", {"rowgen": own("json-null"), "arrow-json": library("json", null)}),
        Work(
            "avro",
            {
                "rowgen": own("avro"),
                "arrow-avro": library("avro"),
                "fastavro": peer("fastavro", "avro", max(Settings.rows // FASTAVRO_SHARE, 1)),
            },
            "avro",
        ),
        Work("avro to null", {"rowgen": own("avro-null"), "arrow-avro": library("avro", null)}),
        Work(
            "generation",
            {
                "rowgen": own("generation", many),
                "memset batches": memset("batches", many, buffers),
                "memset memory": memset("memory", many, buffers),
            },
        ),
    ]


def tpchgen(fmt):
    binary = Path(sys.executable).with_name("tpchgen-cli")
    options = ["-s", Settings.scale, "-T", "lineitem", "-n", Settings.threads, "-o", OUT, "--quiet"]
    return Entry([binary, fmt, *options], None)


def lineitem():
    def line(fmt):
        return rowgen("pipelines/lineitem.yaml", fmt, [f"scale={Settings.scale}"], None)

    return [Work(fmt, {"rowgen": line(fmt), "tpchgen-cli": tpchgen(fmt)}, fmt) for fmt in ["parquet", "csv"]]


def orders():
    """Orders and their lines, the header with what is made of the lines, and without."""

    def both(header):
        pipeline = "benches/pipelines/orders_bench.yaml"
        return rowgen(pipeline, f"{header},lines", [f"orders={Settings.messages}"], None)

    tools = {"rowgen": "total", "rowgen several": "several", "rowgen without": "plain"}
    return [Work("parquet", {tool: both(header) for tool, header in tools.items()}, "parquet")]


def memory():
    return [Work("parquet", {"rowgen": own("parquet", Settings.rows_memory)}, "parquet", rounds=1)]
