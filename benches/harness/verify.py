"""Verifying: what must be there is made again and compared, beside the run that wrote it and pg_dump of the same table."""

import os
import sys
from pathlib import Path

from kafka import run, servers
from measure import Run, measure
from settings import TOP, Settings, readable
from works import casino_params

OUT = Settings.folder / "out"
KEPT = Settings.folder / "kept"
SHUFFLED = Settings.folder / "shuffled.parquet"
FILES = TOP / "pipelines" / "casino.yaml"
DATABASE = TOP / "benches" / "pipelines" / "verify_bench.yaml"
# Another program's order, and its row groups.
SHUFFLE = "COPY (SELECT * FROM read_parquet('{}') ORDER BY hash(id)) TO '{}' (FORMAT parquet, ROW_GROUP_SIZE 1000000)"


def words_of(verb, rows, *more):
    sets = [word for param in casino_params(rows) for word in ("--set", param)]
    words = [Settings.rowgen, verb, FILES, *sets, "--sinks", "parquet", "--threads", Settings.threads, *more]
    return [str(word) for word in words]


def one(work, tool, number, rows, words, writes=None):
    """A tool's run: into the folder that is kept if it `writes` there."""
    environment = {"ROWGEN_FSYNC": "false"}
    wall, user, system, rss, size, code = measure(words, writes or OUT, environment, writes=writes is not None)
    print(f"{work} round {number} {tool}: {wall:.2f} s", file=sys.stderr)
    command = readable(words).replace(os.environ.get("POSTGRES_ADDRESS", "-"), "$POSTGRES_ADDRESS")
    return Run(tool, work, number, rows, wall, user, system, rss, size, code, command)


def made(work, number, rows):
    return one(work, "run", number, rows, words_of("run", rows, "--out", KEPT, "--quiet"), writes=KEPT)


def verified(work, number, rows, *more):
    return one(work, "rowgen", number, rows, words_of("verify", rows, "--out", KEPT, *more))


def as_written(number):
    rows = Settings.rows_memory
    return [made("parquet", number, rows), verified("parquet", number, rows)]


def shuffled(number):
    rows = Settings.rows
    written = made("shuffled", number, rows)
    source = next(KEPT.rglob("*.parquet"))
    sql = SHUFFLE.format(source, SHUFFLED)
    run([sys.executable, "-c", "import duckdb, sys; duckdb.sql(sys.argv[1])", sql])
    against = f"parquet: {{ path: {SHUFFLED} }}"
    return [written, verified("shuffled", number, rows, "--against", against)]


def dump():
    """The newest one that is installed, of the table and to nowhere."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"), key=lambda path: int(path.parts[-3]))[-1]
    return [str(newest), "--table", "orders", "--file", "/dev/null", os.environ["POSTGRES_URL"]]


def in_database():
    rows = Settings.messages
    loaded = ["--set", f"rows={rows}", "--threads", str(Settings.threads)]
    run([Settings.rowgen, "run", str(DATABASE), *loaded, "--quiet"])
    runs = []
    for number in range(1, Settings.kafka_rounds + 1):
        clients = {"rowgen": [Settings.rowgen, "verify", str(DATABASE), *loaded], "pg_dump": dump()}
        names = list(clients) if number % 2 else list(reversed(clients))
        runs += [one("postgres", name, number, rows, clients[name]) for name in names]
    return sorted(runs, key=lambda run: (run.tool != "rowgen", run.round))


def race():
    runs = [*as_written(1), *shuffled(1)]
    with servers("postgres"):
        runs += in_database()
    return sorted(runs, key=lambda run: (["parquet", "shuffled", "postgres"].index(run.work), run.tool != "rowgen"))


def facts():
    return {
        "measured": "whole processes, start included; run: rowgen writes what is verified; parquet: as it was written; "
        "shuffled: the same rows sorted by a hash and written by DuckDB; postgres: the rows in PostgreSQL, pg_dump writes "
        "them to /dev/null, and the database shares the cores"
    }
