"""Rows in the order of a column: TPC-H lineitem by its ship date, in files of two sizes, by month, and with little memory;
beside the run without an order, and beside DuckDB, which sorts what that run wrote: its time leaves the making out."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from measure import Run, count_rows, data_files, measure
from settings import TOP, Settings, readable

OUT = Settings.folder / "out"
KEPT = Settings.folder / "kept"
PIPELINE = TOP / "pipelines" / "lineitem.yaml"
SORT = "SET threads = {}; COPY (SELECT * FROM read_parquet('{}') ORDER BY l_shipdate) TO '{}' (FORMAT parquet, COMPRESSION snappy)"
KIB = 1 << 10


def size(of_scale_10):
    """A size of files at this scale that cuts the rows into as many files as at scale 10."""
    return round(of_scale_10 * float(Settings.scale) / 10) // KIB * KIB


BIG, SMALL, MONTHLY = (size(mib << 20) for mib in (512, 64, 8))
# A quarter of what the keys take at 8 bytes a row.
LITTLE = max(size(115 << 20), 1 << 20)

# Each order: its sink, and what is said of it beside the file.
ORDERS = {
    "rowgen": ("sorted", {"size": BIG}),
    "rowgen small files": ("sorted", {"size": SMALL}),
    "rowgen by month": ("months", {"month_size": MONTHLY}),
    "rowgen little memory": ("sorted", {"size": BIG, "sort_memory": LITTLE}),
}


def rowgen(sink, params, out, threads=Settings.threads):
    sets = [word for name, value in params.items() for word in ("--set", f"{name}={value // KIB}KiB")]
    options = ["--set", f"scale={Settings.scale}", *sets, "--sinks", sink, "--threads", threads, "--out", out, "--quiet"]
    return [str(word) for word in [Settings.rowgen, "run", PIPELINE, *options]]


def duckdb():
    sql = SORT.format(Settings.threads, next(KEPT.rglob("*.parquet")), OUT / "sorted.parquet")
    return [sys.executable, "-c", "import duckdb, sys; duckdb.sql(sys.argv[1])", sql]


def one(tool, number, words, out):
    outcome = measure(words, out, {"ROWGEN_FSYNC": "false"}, writes=True)
    run = Run(tool, "sorted", number, count_rows(out, "parquet"), *outcome, readable(words))
    print(f"sorted round {number} {tool}: {run.wall:.2f} s", file=sys.stderr)
    return run


def digests():
    """The names and the SHA-256 of all data files."""
    found = []
    for path in sorted(data_files(OUT)):
        with open(path, "rb") as file:
            found.append((str(path), hashlib.file_digest(file, "sha256").hexdigest()))
    return found


def prove(order):
    """Ends the benchmark unless what was measured last is in order, whole, cut as asked, and the same at 1 and at 8 threads."""
    sink, params = ORDERS[order]
    size = params.get("size") or params["month_size"]
    words = [sys.executable, Path(__file__).with_name("ordered_proof.py"), order, OUT, KEPT, size]
    if subprocess.run(map(str, words)).returncode != 0:
        sys.exit(1)
    bytes_of = {Settings.threads: digests()}
    for threads in {1, 8} - {Settings.threads}:
        measure(rowgen(sink, params, OUT, threads), OUT, {"ROWGEN_FSYNC": "false"}, writes=True)
        bytes_of[threads] = digests()
    if len({tuple(digests) for digests in bytes_of.values()}) != 1:
        sys.exit(f"bench: {order}: other bytes at {sorted(bytes_of)} threads")
    print(f"sorted {order}: proved, also at {sorted(bytes_of)} threads", file=sys.stderr)


def race():
    runs = []
    for number in range(1, Settings.rounds + 1):
        runs.append(one("unsorted", number, rowgen("parquet", {}, KEPT), KEPT))
        sorts = {order: rowgen(*ORDERS[order], OUT) for order in ORDERS} | {"duckdb": duckdb()}
        for name in list(sorts) if number % 2 else list(reversed(sorts)):
            runs.append(one(name, number, sorts[name], OUT))
            if number == 1 and name in ORDERS:
                prove(name)
    counts = {run.rows for run in runs}
    if len(counts) != 1:
        sys.exit(f"bench: sorted: the tools wrote {counts} rows")
    for folder in (KEPT, OUT):
        shutil.rmtree(folder)
    tools = [*ORDERS, "unsorted", "duckdb"]
    return sorted(runs, key=lambda run: (tools.index(run.tool), run.round))


def facts():
    sizes = f"rowgen in files of {BIG // KIB} KiB, small files of {SMALL // KIB} KiB, by month of {MONTHLY // KIB} KiB"
    return {
        "files": f"Parquet with snappy; {sizes}; fsync off for every tool",
        "little memory": f"sort_memory of {LITTLE // KIB} KiB: keys go through a file",
        "proved": "by DuckDB, of each of rowgen's in the first round: every file in order, and files after each other; rows "
        "the same as without an order, by their count and the sum and xor of their hashes; files within a tenth of what is "
        "asked but the last one of a folder; the same bytes at 1, 2 and 8 threads",
        "measured": "whole processes, start included; unsorted: the same rows as they come; duckdb: sorts the file of that "
        "run, so that its time leaves the making out; CPU is user and system, children too",
    }
