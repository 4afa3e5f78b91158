"""Runs the tools of a work in turn, several rounds, and counts what they wrote."""

import shutil
import sys

from measure import Run, count_rows, measure
from settings import Settings, readable
from works import OUT

# As the peers do not wait for the disk, neither does rowgen.
ENVIRONMENT = {"ROWGEN_FSYNC": "false", "PYTHONDONTWRITEBYTECODE": "1"}


def race(works):
    """All runs, the tools of a round one after another, each round beginning with another tool."""
    runs = [run for work in works for run in race_one(work)]
    shutil.rmtree(OUT)
    return runs


def race_one(work):
    runs, rows = [], {}
    tools = list(work.entries)
    for number in range(work.rounds):
        first = number % len(tools)
        for tool in tools[first:] + tools[:first]:
            entry = work.entries[tool]
            words = [str(word) for word in entry.words]
            outcome = measure(words, OUT, ENVIRONMENT, writes=work.format is not None)
            if tool not in rows:
                rows[tool] = count_rows(OUT, work.format) if work.format else entry.rows
            runs.append(Run(tool, work.name, number + 1, rows[tool], *outcome, readable(words)))
            print(f"{work.name} round {number + 1} {tool}: {runs[-1].wall:.2f} s", file=sys.stderr)
    check_counts(work, rows)
    return sorted(runs, key=lambda run: (tools.index(run.tool), run.round))


def check_counts(work, rows):
    """The tools make what they were asked for; where the table's rule decides (an order draws its
    lines), nearly the same."""
    asked = {tool: entry.rows or max(rows.values()) for tool, entry in work.entries.items()}
    exact = all(entry.rows for entry in work.entries.values())
    near = all(abs(rows[tool] - asked[tool]) <= (0 if exact else 0.01 * asked[tool]) for tool in rows)
    if not near:
        sys.exit(f"bench: {work.name}: the tools wrote {rows} rows, asked for {asked}")
