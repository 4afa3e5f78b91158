"""What came before: walks and totals beside the columns that they are made of, whose rows are thrown away."""

import sys

from measure import Run, measure
from settings import TOP, Settings, readable

OUT = Settings.folder / "out"
PIPELINE = TOP / "benches" / "pipelines" / "before_bench.yaml"
EACH = 100  # the most rows of an account: half as many on average
TABLES = {"walk": ["steps", "walks", "walk_of_all"], "running": ["amounts", "sums", "sum_of_all"]}


def rows():
    return Settings.rows // (EACH // 2) * (EACH // 2)


def one(work, table, number):
    sets = ["--set", f"accounts={rows() // (EACH // 2)}", "--set", f"each={EACH}"]
    options = [*sets, "--sinks", table, "--threads", Settings.threads, "--quiet"]
    words = [str(word) for word in [Settings.rowgen, "run", PIPELINE, *options]]
    run = Run(table, work, number, rows(), *measure(words, OUT, {}, writes=False), readable(words))
    print(f"{work} round {number} {table}: {run.cpu:.2f} CPU s", file=sys.stderr)
    return run


def race():
    runs = []
    for number in range(1, Settings.rounds + 1):
        for work, tables in TABLES.items():
            for table in tables if number % 2 else reversed(tables):
                runs.append(one(work, table, number))
    tools = [table for tables in TABLES.values() for table in tables]
    return sorted(runs, key=lambda run: (tools.index(run.tool), run.round))


def facts():
    return {
        "measured": "whole processes, start included, into `discard`; each table has its foreign key and one column: steps and "
        f"amounts what the others are made of, walks and sums within accounts of 0 to {EACH} rows, the last of each through "
        "the whole table; rows: as many as are expected; CPU is user and system"
    }
