"""Rows in the order of a column: TPC-H lineitem by its ship date, beside the run without an order, and beside DuckDB, which
sorts what that run wrote: its time leaves the making out."""

import shutil
import sys

from measure import Run, count_rows, measure
from settings import TOP, Settings, readable

OUT = Settings.folder / "out"
KEPT = Settings.folder / "kept"
PIPELINE = TOP / "pipelines" / "lineitem.yaml"
SORT = "SET threads = {}; COPY (SELECT * FROM read_parquet('{}') ORDER BY l_shipdate) TO '{}' (FORMAT parquet, COMPRESSION snappy)"


def rowgen(sink, out):
    options = ["--set", f"scale={Settings.scale}", "--sinks", sink, "--threads", Settings.threads, "--out", out, "--quiet"]
    return [str(word) for word in [Settings.rowgen, "run", PIPELINE, *options]]


def duckdb():
    sql = SORT.format(Settings.threads, next(KEPT.rglob("*.parquet")), OUT / "sorted.parquet")
    return [sys.executable, "-c", "import duckdb, sys; duckdb.sql(sys.argv[1])", sql]


def one(tool, number, words, out):
    outcome = measure(words, out, {"ROWGEN_FSYNC": "false"}, writes=True)
    run = Run(tool, "sorted", number, count_rows(out, "parquet"), *outcome, readable(words))
    print(f"sorted round {number} {tool}: {run.wall:.2f} s", file=sys.stderr)
    return run


def race():
    runs = []
    for number in range(1, Settings.rounds + 1):
        runs.append(one("unsorted", number, rowgen("parquet", KEPT), KEPT))
        sorts = {"rowgen": rowgen("sorted", OUT), "duckdb": duckdb()}
        names = list(sorts) if number % 2 else list(reversed(sorts))
        runs += [one(name, number, sorts[name], OUT) for name in names]
    counts = {run.rows for run in runs}
    if len(counts) != 1:
        sys.exit(f"bench: sorted: the tools wrote {counts} rows")
    shutil.rmtree(KEPT)
    tools = ["rowgen", "unsorted", "duckdb"]
    return sorted(runs, key=lambda run: (tools.index(run.tool), run.round))


def facts():
    return {
        "files": "Parquet with snappy, rowgen in files of 512 MiB; fsync off for every tool",
        "measured": "whole processes, start included; unsorted: the same rows as they come; duckdb: sorts the file of that "
        "run, so that its time leaves the making out; CPU is user and system, children too",
    }
