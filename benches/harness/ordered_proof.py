"""That sorted files are what they should be: in order, whole, of the size that was asked for. DuckDB reads them.

A process of its own: a child's peak memory is never less than that of the process which starts it."""

import sys
from pathlib import Path

import duckdb
from measure import data_files

# Rows that are alike in the date stand as in the table, which is in the order of these.
KEY = "(l_shipdate, l_orderkey, l_linenumber)"
# One pass that keeps the order of files and of their rows: a window without an order streams.
WRONG = f"""SELECT count(*) FROM (SELECT {KEY} AS key, lag({KEY}) OVER () AS before FROM read_parquet({{}})) WHERE key <= before"""
ROWS = "SELECT count(*), sum(hash(lines)), bit_xor(hash(lines)) FROM (SELECT COLUMNS(*) FROM read_parquet({}, hive_partitioning = false)) AS lines"
MONTHS = """SELECT count(*) FROM read_parquet({}, hive_partitioning = true, hive_types_autocast = false)
    WHERE strftime(l_shipdate, '%Y-%m') != l_shipdate_month"""


def paths(folder):
    return sorted(str(path) for path in data_files(folder))


def asked(connection, sql, files):
    return connection.execute(sql.format(files)).fetchone()


def prove(name, folder, unsorted, size):
    """Ends the benchmark with what is wrong, if anything is."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1; SET preserve_insertion_order = true")
    files = paths(folder)
    (wrong,) = asked(connection, WRONG, files)
    rows, all_rows = asked(connection, ROWS, files), asked(connection, ROWS, paths(unsorted))
    problems = {
        f"{wrong} rows come too early": wrong > 0,
        f"rows are {rows}, without an order {all_rows}": rows != all_rows,
        **wrong_sizes(folder, size),
    }
    if "_month=" in files[0]:
        (misplaced,) = asked(connection, MONTHS, files)
        problems[f"{misplaced} rows are in the folder of another month"] = misplaced > 0
    said = [problem for problem, found in problems.items() if found]
    if said:
        sys.exit(f"bench: {name}: {'; '.join(said)}")


def wrong_sizes(folder, size):
    folders = {}
    for path in sorted(data_files(folder)):
        folders.setdefault(path.parent, []).append(path)
    lengths = [path.stat().st_size for files in folders.values() for path in files[:-1]]
    off = [length for length in lengths if abs(length / size - 1) > 0.1]
    files = sum(map(len, folders.values()))
    return {
        f"{len(off)} of {len(lengths)} files are not within a tenth of {size} bytes: {off[:5]}": off,
        f"{files} files in {len(folders)} folders: none but the last ones": not lengths,
    }


if __name__ == "__main__":
    name, folder, unsorted, size = sys.argv[1:]
    prove(name, Path(folder), Path(unsorted), int(size))
