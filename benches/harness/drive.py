"""Runs rowgen and its peers, prints medians, ratios and targets, and keeps them. See scripts/bench."""

import argparse
import os
import subprocess
import sys
from importlib.metadata import version

import before
import cdc
import kafka
import mysql
import ordered
import python
import seed_status
import spark
import stream
import targets
import verify
import works
from race import race
from report import circumstances, kept, record, table
from settings import TOP, Settings, crate_versions

PACKAGES = {
    "casino": ["polars", "pyarrow", "numpy", "duckdb", "chdb", "fastavro"],
    "lineitem": ["tpchgen-cli"],
    "orders": [],
    "sorted": ["duckdb"],
    "memory": [],
    "kafka": ["confluent-kafka"],
    "seed_status": [],
    "verify": ["duckdb"],
    "mysql": [],
    "stream": [],
    "cdc": [],
    "before": [],
    "spark": ["pyspark", "pyarrow"],
    "python": ["polars", "pyarrow", "numpy", "duckdb", "chdb", "Faker", "mimesis"],
}
CRATES = ["parquet", "arrow-csv", "arrow-json", "arrow-avro"]
FILES = {
    "casino": "Parquet with snappy (rowgen also with auto), CSV, JSON lines, Avro without compression",
    "lineitem": "Parquet with snappy, CSV",
    "memory": "Parquet with snappy",
    "orders": "Parquet with snappy, orders and their lines",
}
MEASURED = "whole processes, start included; CPU is user and system, children too"
MEASURED_KAFKA = (
    "rowgen: the whole process, its start, generation and decoding included; rowgen, sink: from before its sink connects to "
    "the last acknowledgement, generation included; sending, the others: their own clocks, from the first message, which is "
    "in memory, to the last acknowledgement; warm: the same process after as many messages; reading, perf-test: its own "
    "clock, from joining the group; CPU is the whole process's; a first round of every work, which warms the broker, does "
    "not count"
)


def size(name):
    return {
        "casino": f"{Settings.rows:,} rows",
        "lineitem": f"scale {Settings.scale}",
        "sorted": f"TPC-H lineitem at scale {Settings.scale}, by l_shipdate",
        "memory": f"{Settings.rows_memory:,} rows",
        "orders": f"{Settings.messages:,} orders",
        "kafka": f"{Settings.messages:,} messages, {kafka.PARTITIONS} partitions",
        "seed_status": f"{Settings.messages:,} messages, {kafka.PARTITIONS} partitions",
        "stream": ", ".join(f"{messages:,} messages of {name}" for name, (_, messages, _) in stream.SIZES.items()),
        "cdc": f"{Settings.messages:,} changes",
        "mysql": f"{Settings.messages:,} rows",
        "before": f"{before.rows():,} rows",
        "spark": f"{spark.ROWS:,} rows",
        "python": f"{Settings.rows:,} rows, {python.AVERAGE_TIMES * Settings.rows:,} of the average",
        "verify": f"{Settings.rows_memory:,} rows of Parquet, {Settings.rows:,} shuffled, {Settings.messages:,} in PostgreSQL",
    }[name]


def works_of(name, peers_only):
    """The works and what the benchmark's record says of them."""
    if name != "casino":
        chosen, facts = {"lineitem": works.lineitem, "memory": works.memory, "orders": works.orders}[name](), {}
    else:
        buffers, bytes_each = works.batch_buffers()
        chosen, facts = works.casino(buffers), {
            "a row": f"{bytes_each:.0f} bytes in rowgen's batches",
            "memset": "as many bytes; batches: each batch's buffers allocated, filled, freed; memory: beyond the caches",
        }
    if peers_only:
        for work in chosen:
            work.entries = {tool: entry for tool, entry in work.entries.items() if not tool.startswith("rowgen")}
    return [work for work in chosen if work.entries], facts


def versions_of(name, peers_only):
    known = {package: version(package) for package in PACKAGES[name]}
    if name == "casino":
        known |= crate_versions(CRATES)
    if name == "seed_status":
        known |= {"Apache Kafka": kafka.version(), **crate_versions(["tokio-postgres"])}
    if name == "cdc":
        known |= crate_versions(["mysql_async"])
    if name == "stream":
        known |= crate_versions(["zmq", "zeromq-src"])
    if name == "kafka":
        known |= {"Apache Kafka": kafka.version(), **crate_versions(["rdkafka", "rdkafka-sys"])}
    if peers_only:
        return known
    if name == "spark":
        return {"rowgen": spark.version(), **known}
    binary = python.ROWGEN if name == "python" else Settings.rowgen
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return {"rowgen": said.split()[-1], **known}


def raced(name, peers_only):
    """Every run, and what the record says of all."""
    if name == "kafka":
        return kafka.race(peers_only), {"measured": MEASURED_KAFKA}
    if name == "seed_status":
        return seed_status.race(), seed_status.facts()
    if name == "stream":
        return stream.race(), stream.facts()
    if name == "cdc":
        return cdc.race(), cdc.facts()
    if name == "sorted":
        return ordered.race(), ordered.facts()
    if name == "verify":
        return verify.race(), verify.facts()
    if name == "before":
        return before.race(), before.facts()
    if name == "python":
        return python.race(), python.facts()
    if name == "mysql":
        return mysql.race(), mysql.facts()
    if name == "spark":
        return spark.race(), spark.facts()
    chosen, facts = works_of(name, peers_only)
    return race(chosen), {"files": f"{FILES[name]}; fsync off for every tool", **facts, "measured": MEASURED}


def run(name, peers_only):
    """One benchmark: prints it, keeps it, and gives the lines of its targets."""
    load = os.getloadavg()[0]
    runs, facts = raced(name, peers_only)
    rounds = max(run.round for run in runs)
    facts = {
        "command": f"scripts/bench {' '.join(sys.argv[1:])}",
        "size": size(name),
        "limits": f"{Settings.threads} threads on as many cores; medians of {rounds} rounds in turn",
        "load before": f"{load:.2f}",
        **facts,
    }
    lines = targets.reached(name, runs)
    text = f"{circumstances(TOP, versions_of(name, peers_only), facts)}\n\n{table(runs)}"
    text += f"\n\n{targets.table(lines)}" if lines else ""
    print(text, flush=True)
    if not peers_only:
        print(f"recorded in {record(TOP, name, runs, text).relative_to(TOP)}\n", file=sys.stderr)
    return lines


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("name", choices=[*PACKAGES, "targets"])
    parser.add_argument("--peers-only", action="store_true", help="without rowgen; nothing is recorded")
    options = parser.parse_args()
    if not options.peers_only and options.name not in ("python", "spark") and not os.access(Settings.rowgen, os.X_OK):
        sys.exit(f"bench: no rowgen binary at {Settings.rowgen!r}; set ROWGEN, or use --peers-only")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: Settings.threads])
    names = [*PACKAGES] if options.name == "targets" else [options.name]
    lines = [line for name in names for line in run(name, options.peers_only)]
    if options.name == "targets":
        text = targets.table(lines)
        print(f"\n{text}")
        (kept(TOP) / "targets.txt").write_text(f"{circumstances(TOP, {}, {'command': 'scripts/bench targets'})}\n\n{text}\n")


main()
