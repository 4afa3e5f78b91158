"""Kafka to PostgreSQL: status updates from a topic into the contract's table, beside clients that have the rows ready."""

import contextlib
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from kafka import SERVICES, run, servers
from measure import Run, measure
from settings import TOP, Settings, readable

OUT = Settings.folder / "out"
REPORT = Settings.folder / "report.json"
ROWS = Settings.folder / "seed_status.tsv"
TABLE = "processed_seed_status"
COLUMNS = "event_timestamp, response_message, status, seed_id, sub_scenario_id, scenario_id, script_id"
FEW = 2_500  # one transaction: what a start takes
FAR = {"2.5 ms": 2.5, "12 ms": 12}  # of round trip
CONNECTIONS = 2  # of the clients that insert, as many as rowgen has on two cores


@contextlib.contextmanager
def far(milliseconds):
    """The database's URL through a proxy that delays each byte."""
    words = [sys.executable, Path(__file__).with_name("proxy.py"), os.environ["POSTGRES_ADDRESS"], str(milliseconds)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            port = proxy.stdout.readline().strip()
            yield os.environ["POSTGRES_URL"].replace(os.environ["POSTGRES_ADDRESS"], f"127.0.0.1:{port}")
        finally:
            proxy.terminate()


def psql(*words):
    return [SERVICES, "tool", "postgres", "-q", "-v", "ON_ERROR_STOP=1", *words]


def query(sql):
    return subprocess.run(psql("-At", "-c", sql), check=True, capture_output=True, text=True).stdout.strip()


def emptied():
    """What an earlier run left to be written is over, too."""
    run(psql("-c", f"TRUNCATE {TABLE} RESTART IDENTITY", "-c", "DELETE FROM rowgen_offsets", "-c", "CHECKPOINT"))


def rowgen(topic, url):
    options = [f"topic={topic}", f"group=bench-{time.monotonic_ns()}", "until=end", f"rejected={OUT}/rejected.jsonl"]
    sets = [word for pair in options for word in ("--set", pair)]
    os.environ["DB_URL"] = url
    words = [Settings.rowgen, "run", TOP / "pipelines" / "seed_status.yaml", *sets, "--threads", Settings.threads]
    return [*words, "--report", REPORT, "--quiet"]


def copied():
    return psql("-c", f"\\copy {TABLE} ({COLUMNS}) FROM '{ROWS}'")


def inserted():
    return [Settings.libraries, "postgres-insert", os.environ["POSTGRES_URL"], TABLE, ROWS, FEW, CONNECTIONS]


def produced(topic, messages):
    sets = ["--set", f"topic={topic}"]
    run([Settings.rowgen, "run", TOP / "pipelines" / "seed_status_messages.yaml", *sets, "--rows", messages, "--quiet"])


def prepare():
    """The topics, the table, and its rows as a file."""
    produced("updates", Settings.messages)
    produced("few", FEW)
    run(rowgen("updates", os.environ["POSTGRES_URL"]))
    run(psql("-c", f"\\copy {TABLE} ({COLUMNS}) TO '{ROWS}'"))


def one(work, tool, number, words, messages):
    """A client's run into the empty table."""
    emptied()
    words = [str(word) for word in words]
    wall, user, system, rss, _, code = measure(words, OUT, {}, writes=False)
    if tool == "INSERT":
        wall = float((OUT.parent / "said").read_text().split()[1])
    there = int(query(f"SELECT count(*) FROM {TABLE}"))
    if there != messages:
        sys.exit(f"bench: {there} rows arrived of {messages}: {shlex.join(words)}")
    print(f"{work} round {number} {tool}: {messages / wall:,.0f}/s", file=sys.stderr)
    command = readable(words).replace(os.environ["POSTGRES_ADDRESS"], "$POSTGRES_ADDRESS")
    return Run(tool, work, number, messages, wall, user, system, rss, ROWS.stat().st_size, code, command)


def race_one(number):
    """Every work once, the clients of the first one in turn."""
    near = os.environ["POSTGRES_URL"]
    clients = {"rowgen": lambda: rowgen("updates", near), "psql \\copy": copied, "INSERT": inserted}
    names = list(clients)
    first = number % len(names)
    runs = [
        one("near", name, number, clients[name](), Settings.messages) for name in names[first:] + names[:first]
    ]
    for work, milliseconds in {"proxy": 0, **FAR}.items():
        with far(milliseconds) as url:
            runs.append(one(work, "rowgen", number, rowgen("updates", url), Settings.messages))
    return [*runs, one("first", "rowgen", number, rowgen("few", near), FEW)]


def race():
    with servers("kafka", "postgres"):
        prepare()
        runs = [run for number in range(1, Settings.kafka_rounds + 1) for run in race_one(number)]
        order = {pair: at for at, pair in enumerate(dict.fromkeys((run.work, run.tool) for run in runs))}
        return sorted(runs, key=lambda run: (order[run.work, "rowgen"], run.tool != "rowgen", run.tool, run.round))


def facts():
    """What the figures stand on."""
    said = subprocess.run(["bash", "-c", "ls -d /usr/lib/postgresql/*"], capture_output=True, text=True).stdout
    size = os.path.getsize(Settings.rowgen) / 1e6
    return {
        "measured": "rowgen: the whole process, from its start to the last commit, messages already in the topic; psql: the "
        "whole process, rows as a text file; INSERT: tokio-postgres, prepared statements of 2 500 rows, rows in memory, two "
        "connections; into the empty table with its indexes, fsync on; the broker and the database share the cores",
        "PostgreSQL": said.split("/")[-1].strip(),
        "binary": f"{size:.1f} MB",
    }
