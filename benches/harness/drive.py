"""Runs rowgen and its peers in turn, several rounds, and prints medians and ratios. See scripts/bench."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from measure import Run, count_rows, measure
from report import circumstances, record, table

TOP = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).resolve().parent
FORMATS = ["parquet", "csv"]
PACKAGES = {
    "casino": ["polars", "pyarrow", "numpy", "duckdb", "chdb"],
    "lineitem": ["tpchgen-cli"],
}


class Settings:
    """What the environment chooses."""

    rows = int(os.environ.get("ROWS", "10_000_000"))
    scale = os.environ.get("SCALE", "2")
    threads = int(os.environ.get("THREADS", "2"))
    rounds = int(os.environ.get("RUNS", "5"))
    folder = Path(os.environ.get("BENCH_DIR", TOP / "target" / "bench"))
    rowgen = os.environ.get("ROWGEN", "")


def rowgen(pipeline):
    """The shipped pipeline with one of its sinks, which are named after their formats."""
    file = TOP / "pipelines" / f"{pipeline}.yaml"
    if "ROWGEN_FSYNC" not in file.read_text():
        sys.exit(f"bench: {file} does not take fsync from ROWGEN_FSYNC; rowgen would wait for the disk, its peers not")
    size = f"rows={Settings.rows}" if pipeline == "casino" else f"scale={Settings.scale}"

    def command(fmt, folder):
        options = ["--set", size, "--sinks", fmt, "--threads", Settings.threads, "--out", folder, "--quiet"]
        return [Settings.rowgen, "run", *map(str, [file, *options])]

    return command


def casino_peer(tool):
    def command(fmt, folder):
        words = [fmt, Settings.rows, Settings.threads, folder / f"transactions.{fmt}"]
        return [sys.executable, str(PEERS / f"casino_{tool}.py"), *map(str, words)]

    return command


def tpchgen(fmt, folder):
    binary = str(Path(sys.executable).with_name("tpchgen-cli"))
    options = ["-s", Settings.scale, "-T", "lineitem", "-n", Settings.threads, "-o", folder, "--quiet"]
    return [binary, fmt, *map(str, options)]


CONTESTANTS = {
    "casino": {tool: casino_peer(tool) for tool in ["polars", "pyarrow", "duckdb", "clickhouse"]},
    "lineitem": {"tpchgen-cli": tpchgen},
}


def readable(command):
    """A command as the record keeps it, without the folders of the machine it ran on."""
    words = shlex.join(command)
    places = {
        Settings.rowgen: "rowgen",
        str(Path(sys.executable).parent) + "/": "",
        str(Settings.folder): "$BENCH_DIR",
        f"{TOP}/": "",
    }
    for place, name in places.items():
        words = words.replace(place, name) if place else words
    return words


def race(contestants):
    """All runs, the tools of a round one after another, each round beginning with another tool; and the row counts."""
    runs, rows = [], {}
    folder = Settings.folder / "out"
    # As the peers do not wait for the disk, neither does rowgen.
    environment = {"ROWGEN_FSYNC": "false", "PYTHONDONTWRITEBYTECODE": "1"}
    for fmt in FORMATS:
        for number in range(Settings.rounds):
            tools = list(contestants)
            first = number % len(tools)
            for tool in tools[first:] + tools[:first]:
                command = contestants[tool](fmt, folder)
                outcome = measure(command, folder, environment)
                runs.append(Run(tool, fmt, number + 1, *outcome, readable(command)))
                if (fmt, tool) not in rows:
                    rows[fmt, tool] = count_rows(folder, fmt)
                print(f"{fmt} round {number + 1} {tool}: {runs[-1].wall:.2f} s", file=sys.stderr)
    shutil.rmtree(folder)
    return sorted(runs, key=lambda run: (FORMATS.index(run.format), list(contestants).index(run.tool), run.round)), rows


def check_counts(name, rows):
    """The tools make the same table: as many rows, or for lineitem, whose orders draw their lines, nearly."""
    least, most = min(rows.values()), max(rows.values())
    same = least == most == Settings.rows if name == "casino" else most - least < 0.01 * least
    if not same:
        sys.exit(f"bench: the tools wrote different numbers of rows: {rows}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("name", choices=list(CONTESTANTS))
    parser.add_argument("--peers-only", action="store_true", help="without rowgen; nothing is recorded")
    options = parser.parse_args()
    contestants, versions = dict(CONTESTANTS[options.name]), {p: version(p) for p in PACKAGES[options.name]}
    if not options.peers_only:
        if not os.access(Settings.rowgen, os.X_OK):
            sys.exit(f"bench: no rowgen binary at {Settings.rowgen!r}; set ROWGEN, or use --peers-only")
        contestants = {"rowgen": rowgen(options.name), **contestants}
        said = subprocess.run([Settings.rowgen, "--version"], capture_output=True, text=True, check=True).stdout
        versions = {"rowgen": said.split()[-1], **versions}
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: Settings.threads])
    load = os.getloadavg()[0]
    runs, rows = race(contestants)
    check_counts(options.name, rows)
    facts = {
        "command": f"scripts/bench {' '.join(sys.argv[1:])}",
        "size": f"{Settings.rows:,} rows" if options.name == "casino" else f"scale {Settings.scale}",
        "limits": f"{Settings.threads} threads on as many cores; {Settings.rounds} rounds in turn, medians",
        "load before": f"{load:.2f}",
        "files": "Parquet with snappy, CSV; no tool waits for the disk (fsync off)",
        "measured": "whole processes, start included; CPU is user and system, children too",
    }
    text = f"{circumstances(TOP, versions, facts)}\n\n{table(runs, rows)}"
    print(text)
    if not options.peers_only:
        print(f"recorded in {record(TOP, options.name, runs, rows, text).relative_to(TOP)}", file=sys.stderr)


main()
