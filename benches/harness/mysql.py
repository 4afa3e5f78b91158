"""MariaDB: rows into an empty table beside LOAD DATA, and compared beside mariadb-dump of the same table."""

import os
import subprocess
import sys

from kafka import SERVICES, run, servers
from measure import Run, measure
from settings import TOP, Settings, readable

OUT = Settings.folder / "out"
TEXT = Settings.folder / "text"
PIPELINE = TOP / "benches" / "pipelines" / "mysql_bench.yaml"
CONNECTIONS = 2  # of rowgen, on two cores
LOAD = (
    "SET time_zone = '+00:00'; LOAD DATA LOCAL INFILE '{}' INTO TABLE orders CHARACTER SET utf8mb4 "
    "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"'"
)


def client(*words):
    return [SERVICES, "tool", "mariadb", "rowgen", *words]


def query(sql):
    return subprocess.run(client("-BN", "-e", sql), check=True, capture_output=True, text=True).stdout.strip()


def words_of(verb, rows, sinks, *more):
    sets = ["--set", f"rows={rows}", "--sinks", sinks, "--threads", Settings.threads]
    return [str(word) for word in [Settings.rowgen, verb, PIPELINE, *sets, *more]]


def dump():
    """To nowhere, with one statement for many rows, as it does without options."""
    host, port = os.environ["MYSQL_ADDRESS"].split(":")
    words = ["mariadb-dump", "--no-defaults", "--single-transaction", "-h", host, "-P", port, "-u", "rowgen", "-prowgen"]
    return [*words, "--result-file=/dev/null", "rowgen", "orders"]


def one(work, tool, number, rows, words):
    if work == "load":
        run(client("-e", "TRUNCATE TABLE orders; DELETE FROM rowgen_offsets"))
    words = [str(word) for word in words]
    wall, user, system, rss, size, code = measure(words, OUT, {}, writes=False)
    there = int(query("SELECT COUNT(*) FROM orders"))
    if there != rows:
        sys.exit(f"bench: {there} rows are there of {rows}, after {work} by {tool}")
    print(f"{work} round {number} {tool}: {wall:.2f} s", file=sys.stderr)
    command = readable(words).replace(os.environ["MYSQL_ADDRESS"], "$MYSQL_ADDRESS")
    return Run(tool, work, number, rows, wall, user, system, rss, size, code, command)


def race():
    rows = Settings.messages
    with servers("mariadb"):
        run(words_of("run", rows, "text", "--out", TEXT, "--quiet"))
        run(words_of("run", rows, "mysql", "--quiet"))
        loads = {
            "rowgen": words_of("run", rows, "mysql", "--quiet"),
            "LOAD DATA": client("--local-infile=1", "-e", LOAD.format(TEXT / "orders.csv")),
        }
        verifies = {"rowgen": words_of("verify", rows, "mysql"), "mariadb-dump": dump()}
        runs = []
        for number in range(1, Settings.kafka_rounds + 1):
            for work, clients in {"load": loads, "verify": verifies}.items():
                # What is compared was written by rowgen, whoever came last.
                names = list(clients) if work == "verify" and number % 2 else list(reversed(clients))
                runs += [one(work, name, number, rows, clients[name]) for name in names]
    return sorted(runs, key=lambda run: (run.work, run.tool != "rowgen", run.round))


def facts():
    said = subprocess.run(["mariadb-dump", "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "measured": "whole processes, start included; load: into the empty table, rowgen over two connections, LOAD DATA "
        "from a CSV file over one; verify: rowgen reads and compares the rows, mariadb-dump writes them to /dev/null; "
        "the database shares the cores; its log is on its way to the disk at a commit (flush_log_at_trx_commit=2), its "
        "binlog is on",
        "MariaDB": said.split("Distrib ")[-1].split(",")[0].strip(),
    }
