"""Spark: the casino through the data source, beside Spark's own expressions, ready batches, and rowgen's own run."""

import os
import shutil
import subprocess
import sys

from kafka import run
from measure import Run, count_rows, data_files, measure
from settings import PEERS, TOP, Settings, readable
from works import casino_params

OUT = Settings.folder / "out"
OWN = Settings.folder / "own"
PACKAGE = Settings.folder / "package"
ROWS = int(os.environ.get("ROWS", "50_000_000"))
ROUNDS = int(os.environ.get("RUNS", "1"))
THREADS = [2, 4]
SINKS = ["noop", "parquet"]
TOOLS = {"rowgen": "rowgen", "spark.range": "range", "ready batches": "ready"}
# The command of the wheel, without a folder for programs.
COMMAND = [sys.executable, "-c", "import rowgen; rowgen.main()"]


def install():
    """Puts the wheel where Spark's Python finds it."""
    shutil.rmtree(PACKAGE, ignore_errors=True)
    words = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(PACKAGE)]
    run([sys.executable, "-m", "pip", *words, os.environ["WHEEL"]])
    os.environ["PYTHONPATH"] = str(PACKAGE)


def version():
    return subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]


def one(sink, threads, tool, number):
    """A query by the program's own clock; CPU and memory are those of all its processes, start included."""
    rows = [ROWS, threads, OUT / "rows"]
    words = [str(word) for word in [sys.executable, PEERS / "casino_spark.py", TOOLS[tool], sink, *rows]]
    _, user, system, rss, size, code = measure(words, OUT, {}, writes=sink == "parquet")
    lines = (OUT.parent / "said").read_text().splitlines()
    wall = next(float(line.split()[1]) for line in lines if line.startswith("seconds: "))
    if sink == "parquet":
        check(tool, threads)
    return told(Run(tool, f"{sink}, {threads} threads", number, ROWS, wall, user, system, rss, size, code, readable(words)))


def own(threads, number):
    sets = [word for param in casino_params(ROWS) for word in ("--set", param)]
    words = [*COMMAND, "run", TOP / "pipelines/casino.yaml", *sets, "--sinks", "parquet", "--threads", threads]
    words = [str(word) for word in [*words, "--out", OWN, "--quiet"]]
    figures = measure(words, OWN, {"ROWGEN_FSYNC": "false"}, writes=True)
    return told(Run("rowgen run", f"parquet, {threads} threads", number, ROWS, *figures, readable(words)))


def told(run):
    print(f"{run.work} round {run.round} {run.tool}: {run.rows / run.wall:,.0f} rows/s", file=sys.stderr)
    return run


def check(tool, threads):
    """All rows are there; those of the data source are those of rowgen's own run, value by value."""
    count = count_rows(OUT, "parquet")
    if count != ROWS:
        sys.exit(f"bench: {tool} wrote {count} rows, asked for {ROWS}")
    if tool == "rowgen":
        files = [",".join(sorted(map(str, data_files(folder)))) for folder in (OUT, OWN)]
        run([sys.executable, TOP / "benches/harness/same_rows.py", *files])
        print(f"{threads} threads: {count} rows are those of rowgen's own run", file=sys.stderr)


def race():
    install()
    runs = []
    for threads in THREADS:
        for number in range(1, ROUNDS + 1):
            runs.append(own(threads, number))
            for sink in SINKS:
                tools = list(TOOLS) if number % 2 else list(reversed(TOOLS))
                runs += [one(sink, threads, tool, number) for tool in tools]
    shutil.rmtree(OUT)
    shutil.rmtree(OWN)
    works = list(dict.fromkeys(f"{sink}, {threads} threads" for sink in SINKS for threads in THREADS))
    tools = [*TOOLS, "rowgen run"]
    return sorted(runs, key=lambda run: (works.index(run.work), tools.index(run.tool), run.round))


def facts():
    return {
        "measured": "by each program's own clock, from the call that reads to the end of the write, after a query of a tenth "
        "of the rows; rowgen run: the whole process; CPU and peak memory are those of the whole process, Spark's start and "
        "the first query included (peak: of the largest process); spark.range: `spark.range(n).selectExpr(…)` of like "
        "columns; ready batches: a source in Python that yields one batch again and again; noop: rows are thrown away",
        "same rows": "what Spark wrote from the data source as Parquet was compared with rowgen's own file, value by value",
    }
