"""The Python package: the casino as tables of Python libraries, and an average over a stream of many rows."""

import os
import shutil
import sys

from kafka import run
from measure import Run, measure
from settings import PEERS, TOP, Settings, readable

OUT = Settings.folder / "out"
# The wheel beside the peers, and alone with DuckDB in an environment that has nothing else.
PACKAGE = Settings.folder / "package"
ALONE = Settings.folder / "alone"
ROWGEN = ALONE / "bin" / "rowgen"
PINNED = TOP / "tests" / "readers" / "requirements.txt"
PROGRAMS = TOP / "benches" / "python"
ROWWISE_SHARE = 100  # what makes a value for each call makes so many times fewer rows
WARM_GIBIBYTES = "3"  # what most tools take for a table
AVERAGE_TIMES = 100  # one column of so many times more rows


def install():
    """Puts the wheel where it is measured."""
    wheel, quietly = os.environ["WHEEL"], ["install", "--quiet", "--disable-pip-version-check"]
    shutil.rmtree(PACKAGE, ignore_errors=True)
    run([sys.executable, "-m", "pip", *quietly, "--no-deps", "--target", str(PACKAGE), wheel])
    run([sys.executable, "-m", "venv", "--clear", str(ALONE)])
    run([str(ALONE / "bin" / "python"), "-m", "pip", *quietly, "-c", str(PINNED), wheel, "duckdb"])


def peer(tool, rows, fmt="memory"):
    return [sys.executable, PEERS / f"casino_{tool}.py", fmt, rows, Settings.threads, "-"]


def tables():
    """Tools by their names; the ready ones are what a library itself needs of the time."""
    own = lambda into: [sys.executable, PROGRAMS / "table.py", into, Settings.rows, Settings.threads]
    few = max(Settings.rows // ROWWISE_SHARE, 1)
    return {
        "rowgen": own("pyarrow"),
        "rowgen, polars": own("polars"),
        "rowgen, duckdb": own("duckdb"),
        "rowgen, batches": own("batches"),
        "polars, ready": own("ready-polars"),
        "duckdb, ready": own("ready-duckdb"),
        **{tool: peer(tool, Settings.rows) for tool in ["polars", "pyarrow", "duckdb"]},
        "clickhouse": peer("clickhouse", Settings.rows, "arrow"),
        "clickhouse, memory": peer("clickhouse", Settings.rows),
        **{tool: peer(tool, few) for tool in ["faker", "mimesis"]},
    }


def average():
    words = lambda python, how: [python, PROGRAMS / "average.py", how, AVERAGE_TIMES * Settings.rows, Settings.threads]
    alone = ALONE / "bin" / "python"
    return {"rowgen": words(alone, "stream"), "made": words(alone, "make"), "duckdb, ready": words(sys.executable, "ready")}


def one(work, tool, number, words):
    """A program's run by its own clock: its start, its imports, and rows that are ready before do not count."""
    words = [str(word) for word in words]
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    if work == "table":
        environment["WARM_MEMORY"] = WARM_GIBIBYTES
    if words[0] == sys.executable:
        environment["PYTHONPATH"] = str(PACKAGE)
    *_, rss, _, code = measure(words, OUT, environment, writes=False)
    said = dict(line.split(": ", 1) for line in (OUT.parent / "said").read_text().splitlines() if ": " in line)
    wall, user, system = map(float, said["seconds"].split())
    rows = int(said["rows"])
    print(f"{work} round {number} {tool}: {rows / wall:,.0f} rows/s", file=sys.stderr)
    return Run(tool, work, number, rows, wall, user, system, rss, 0, code, readable(words))


def race():
    install()
    runs = []
    for work, tools in {"table": tables(), "average": average()}.items():
        names = list(tools)
        for number in range(1, Settings.rounds + 1):
            first = number % len(names)
            runs += [one(work, tool, number, tools[tool]) for tool in names[first:] + names[:first]]
    asked = {"table": Settings.rows, "average": AVERAGE_TIMES * Settings.rows}
    wrong = [run for run in runs if run.rows != asked[run.work] and run.tool not in ("faker", "mimesis")]
    if wrong:
        sys.exit(f"bench: {wrong[0].rows} rows: {wrong[0].command}")
    order = [(work, tool) for work, tools in {"table": tables(), "average": average()}.items() for tool in tools]
    return sorted(runs, key=lambda run: (order.index((run.work, run.tool)), run.round))


def facts():
    return {
        "measured": "by each program's own clock, time and CPU, from before the rows are planned until they are there: a "
        "Python process's start and its imports do not count, nor does memory that this virtual machine has yet to be given: "
        "each program first touches 3 GiB and gives them back; peak memory is the whole process's; table: the casino in the "
        "memory of pyarrow (rowgen), polars, DuckDB, or batches that are thrown away; ready: what the library needs for rows "
        "that are an Arrow table before; the peers make a table of their own, ClickHouse an Arrow table (and one of its "
        "engine Memory, which no Python library reads); faker, mimesis: dictionaries, and an Arrow table of them; average: "
        "select avg(total) over a stream, in an environment with the wheel and DuckDB alone; made: the same rows thrown "
        "away; ready: the same batch again and again"
    }
