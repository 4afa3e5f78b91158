"""Changes into MariaDB: the load of pipelines/cdc.yaml, beside a client of one prepared statement a change with the same
connections and transactions, and beside LOAD DATA of as many rows."""

import os
import subprocess
import sys

from kafka import SERVICES, run, servers
from measure import Run, measure
from settings import TOP, Settings, readable

OUT = Settings.folder / "out"
LOG = Settings.folder / "changes"
TABLES = ["customers", "orders"]
LOADS = {"2 x 1000": (2, 1000), "50 x 200": (50, 200)}


def client(statements, *words):
    return [SERVICES, "tool", "mariadb", "rowgen", *words, "-e", "; ".join(statements)]


def emptied():
    run(client(["SET foreign_key_checks = 0", *(f"TRUNCATE {table}" for table in TABLES), "DELETE FROM rowgen_offsets"]))


def settings(connections, batch):
    """What the pipeline reads of the environment."""
    user, rest = os.environ["MYSQL_URL"].removeprefix("mysql://").split("@")
    address, database = rest.split("/")
    name, password = user.split(":")
    host, port = address.split(":")
    known = {"MYSQL_HOST": host, "MYSQL_PORT": port, "MYSQL_USER": name, "MYSQL_PASSWORD": password, "MYSQL_DATABASE": database}
    # What is given is made, and then it ends.
    more = {"DURATION_SECONDS": "600", "CONCURRENCY": str(connections), "BATCH_SIZE": str(batch)}
    os.environ.update(known | more)


def load(*words):
    return [Settings.rowgen, *words[:1], LOG / "load.yaml", "--rows", Settings.messages, *words[1:]]


def log():
    """The load of pipelines/cdc.yaml as fast as it goes, and the same changes as files, for the other client."""
    lines = (TOP / "pipelines" / "cdc.yaml").read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("  rate:"))
    # The server takes no moment with a zone from a text.
    head = text[: text.index("sinks:")].replace("timestamp(s, UTC)", "timestamp(s)")
    LOG.mkdir(parents=True, exist_ok=True)
    (LOG / "load.yaml").write_text(text)
    sink = "sinks:\n  - file: { tables: all, path: '{table}.csv', if_exists: replace }\n"
    (LOG / "log.yaml").write_text(head.replace("log: { style: changes }\n", "") + sink)
    run([Settings.rowgen, "run", LOG / "log.yaml", "--rows", Settings.messages, "--out", LOG, "--quiet"])


def peer(connections, batch):
    """One table after the other, parents first, each over all connections; rowgen's tables share them."""
    words = [[Settings.libraries, "mysql-change", os.environ["MYSQL_URL"], table, LOG / f"{table}.csv", batch, connections] for table in TABLES]
    return ["sh", "-c", " && ".join(" ".join(map(str, word)) for word in words)]


def bulk():
    """As many rows as there are changes, of both tables in equal parts: the inserts' own, under other keys."""
    loads = [
        f"LOAD DATA LOCAL INFILE '{LOG}/{table}.rows' INTO TABLE {table} FIELDS TERMINATED BY ',' IGNORE 1 LINES" for table in TABLES
    ]
    return client(loads, "--local-infile=1")


def rows():
    """The files of LOAD DATA: rows of the tables, with keys that rise."""
    half = Settings.messages // 2
    for table in TABLES:
        lines = (LOG / f"{table}.csv").read_text().splitlines()
        inserts = [line.split(",", 3)[3] for line in lines if line.startswith("insert,")]
        with open(LOG / f"{table}.rows", "w") as out:
            out.write("head\n")
            for key in range(1, half + 1):
                out.write(f"{key},{inserts[key % len(inserts)]}\n")


def one(work, tool, number, words):
    emptied()
    words = [str(word) for word in words]
    wall, user, system, rss, _, code = measure(words, OUT, {}, writes=False)
    said = (OUT.parent / "said").read_text()
    seconds = [float(line.split()[1]) for line in said.splitlines() if line.startswith("seconds: ")]
    wall = sum(seconds) or wall
    if tool == "rowgen":
        check()
    print(f"{work} round {number} {tool}: {Settings.messages / wall:,.0f}/s", file=sys.stderr)
    command = readable(words).replace(os.environ["MYSQL_ADDRESS"], "$MYSQL_ADDRESS")
    return Run(tool, work, number, Settings.messages, wall, user, system, rss, 1, code, command)


def check():
    said = subprocess.run([str(word) for word in load("verify")], capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"bench: rows are not as they must be\n{said.stdout}{said.stderr}")


def race_one(number):
    runs = []
    for work, (connections, batch) in LOADS.items():
        settings(connections, batch)
        runs.append(one(work, "rowgen", number, load("run", "--log", "json")))
        runs.append(one(work, "a statement a change", number, peer(connections, batch)))
        runs.append(one(work, "LOAD DATA", number, bulk()))
    return runs


def race():
    with servers("mariadb"):
        settings(2, 1000)
        log()
        rows()
        run(load("run", "--quiet"))  # makes the tables
        runs = [run for number in range(1, Settings.kafka_rounds + 1) for run in race_one(number)]
        order = {pair: at for at, pair in enumerate(dict.fromkeys((run.work, run.tool) for run in runs))}
        return sorted(runs, key=lambda run: (order[run.work, "rowgen"], run.tool != "rowgen", run.tool, run.round))


def facts():
    path = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    return {
        "measured": "rowgen: the whole process, from its start to the last commit; a statement a change: mysql_async, its own "
        "clock, changes in memory, parents first; LOAD DATA: the whole process, rows as text files; into empty tables with "
        "their keys; the server shares the cores; after each load of rowgen `verify` has found all rows equal",
        "MariaDB": subprocess.run(["mariadbd", "--version"], capture_output=True, text=True, env=path).stdout.split("Ver ")[-1].split()[0],
    }
