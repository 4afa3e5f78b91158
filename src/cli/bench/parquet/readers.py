"""Reads Parquet files as rowgen asks: a line of JSON in, a line of JSON out.

rowgen bench parquet runs it in the folder of the files: readers.py VALUES THREADS.
"""
import json
import os
import sys
import time

VALUES, THREADS = sys.argv[1], int(sys.argv[2])
os.environ["POLARS_MAX_THREADS"] = str(THREADS)


def why(error):
    return "%s: %s" % (type(error).__name__, str(error).splitlines()[0] if str(error) else "")


class DuckDb:
    def __init__(self):
        import duckdb

        self.version = duckdb.__version__
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = %d" % THREADS)
        self.connection.execute("SET enable_progress_bar = false")
        try:
            # What is measured is reading, not what is kept of an earlier reading.
            self.connection.execute("SET enable_external_file_cache = false")
        except Exception:
            pass

    def ask(self, ask):
        quoted = lambda name: '"%s"' % name.replace('"', '""')
        files = "read_parquet([%s])" % ", ".join("'%s'" % file for file in ask["files"])
        columns = [ask["column"]] if ask["ask"] == "one_column" else ask["columns"]
        sql = "SELECT count(*), bit_xor(hash(%s)) FROM %s" % (", ".join(map(quoted, columns)), files)
        values = []
        if ask["ask"] in ("predicate", "lookup"):
            names = "%s_low, %s_high" % (ask["ask"], ask["ask"])
            low, high = self.connection.execute("SELECT %s FROM '%s'" % (names, VALUES)).fetchone()
            column = quoted(ask["column"])
            if ask["ask"] == "lookup":
                sql, values = sql + " WHERE %s = ?" % column, [low]
            else:
                sql, values = sql + " WHERE %s BETWEEN ? AND ?" % column, [low, high]
        begun = time.perf_counter()
        rows = self.connection.execute(sql, values).fetchone()[0]
        return time.perf_counter() - begun, rows


class Polars:
    def __init__(self):
        import polars

        self.version = polars.__version__
        self.polars = polars
        try:
            self.values = polars.read_parquet(VALUES)
        except Exception:
            self.values = None

    def ask(self, ask):
        polars = self.polars
        if ask["ask"] in ("predicate", "lookup"):
            low, high = (self.values[ask["ask"] + end] for end in ("_low", "_high"))
            low, high = (polars.lit(end[0], dtype=end.dtype) for end in (low, high))
        begun = time.perf_counter()
        frame = polars.scan_parquet(ask["files"])
        if ask["ask"] == "one_column":
            frame = frame.select(polars.col(ask["column"]))
        elif ask["ask"] == "predicate":
            column = polars.col(ask["column"])
            frame = frame.filter((column >= low) & (column <= high))
        elif ask["ask"] == "lookup":
            frame = frame.filter(polars.col(ask["column"]) == low)
        rows = frame.collect().height
        return time.perf_counter() - begun, rows


def main():
    # Libraries print what they like: answers go to what was standard output before them.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    readers, found = {}, {"python": sys.version.split()[0], "readers": {}}
    for name, kind in (("duckdb", DuckDb), ("polars", Polars)):
        try:
            readers[name] = kind()
            found["readers"][name] = {"version": readers[name].version}
        except Exception as error:
            found["readers"][name] = {"error": why(error)}
    answer(found)
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            seconds, rows = readers[ask["reader"]].ask(ask)
            answer({"seconds": seconds, "rows": rows})
        except Exception as error:
            answer({"error": why(error)})


main()
