"""The ledger of `faulty.yaml` is what DuckDB finds different between the clean and the faulty readings, both ways."""

import subprocess

import pytest
from conftest import command
from readers import duckdb_connection

ROWS = 60_000
# How the columns are read, from the CSV, too.
COLUMNS = {
    "device": "VARCHAR",
    "at": "TIMESTAMPTZ",
    "town": "VARCHAR",
    "canton": "VARCHAR",
    "temperature": "DECIMAL(5, 2)",
    "humidity": "INTEGER",
}
THREADS = [1, 2, 8]


def written(folder, *arguments):
    words = [*command("faulty", folder, {"rows": ROWS}), "--quiet", *arguments]
    subprocess.run(words, check=True, capture_output=True, text=True)
    return folder / "out"


def one(folder, name, suffix):
    """A file and its parts, in the order of the slices."""
    return sorted(str(path) for path in folder.glob(f"{name}*{suffix}"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What each number of threads has written."""
    return {threads: written(tmp_path_factory.mktemp("whole"), f"--threads={threads}") for threads in THREADS}


@pytest.fixture(scope="module")
def sliced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sliced")
    for part in (1, 2, 3):
        out = written(folder, f"--slice={part}/3")
    return out


# The files with faults, their ledgers, and which of the clean rows are theirs.
SINKS = {"readings": ("faults", "true"), "south": ("south_faults", "canton IN ('GE', 'TI')")}


@pytest.fixture(scope="module", params=[(sink, run) for sink in SINKS for run in (*THREADS, "slices")], ids=lambda param: "-".join(map(str, param)))
def db(request, whole, sliced):
    sink, run = request.param
    faults, kept = SINKS[sink]
    folder = sliced if run == "slices" else whole[run]
    db = duckdb_connection()
    db.execute("SET threads = 1; SET preserve_insertion_order = true; SET TimeZone = 'UTC'")
    db.execute(f"CREATE TABLE readings AS FROM read_parquet({one(folder, 'readings', '.parquet')})")
    db.execute(f"CREATE TABLE clean AS FROM readings WHERE {kept}")
    # Files are read one after the other: their rows are numbered as they come.
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in {"reading_id": "BIGINT", **COLUMNS}.items())
    db.execute("CREATE SEQUENCE place")
    db.execute("CREATE TABLE faulty (place BIGINT, reading_id BIGINT, " + ", ".join(f'"{n}" {t}' for n, t in COLUMNS.items()) + ")")
    for path in one(folder, sink, ".csv"):
        db.execute(f"INSERT INTO faulty SELECT nextval('place'), * FROM read_csv('{path}', header = true, allow_quoted_nulls = false, columns = {{{types}}})")
    columns = ["key", "column", "kind", "before", "after"]
    ledger = "{'row': 'BIGINT', " + ", ".join(f"'{name}': 'VARCHAR'" for name in columns) + "}"
    paths = one(folder, faults, ".jsonl")
    db.execute(f"CREATE TABLE ledger AS SELECT * FROM read_json({paths}, format = 'newline_delimited', columns = {ledger})")
    return db


def same(db, found, told):
    """Both queries have the same rows, each as often; how many those are."""
    for one, other in ((found, told), (told, found)):
        assert db.sql(f"SELECT * FROM ({one}) EXCEPT ALL SELECT * FROM ({other}) LIMIT 3").fetchall() == []
    return db.sql(f"SELECT count(*) FROM ({told})").fetchall()[0][0]


def test_the_same_bytes(whole, sliced):
    faulty = [(sink, ".csv") for sink in SINKS] + [(faults, ".jsonl") for faults, _ in SINKS.values()]
    for name, suffix in (*faulty, ("readings", ".parquet")):
        files = [open(one(folder, name, suffix)[0], "rb").read() for folder in whole.values()]
        assert all(file == files[0] for file in files)
        if suffix == ".jsonl":
            assert b"".join(open(path, "rb").read() for path in one(sliced, name, suffix)) == files[0]


def test_every_row_is_there_but_those_that_the_ledger_says(db):
    found = "SELECT reading_id FROM clean ANTI JOIN faulty USING (reading_id)"
    assert 100 < same(db, found, "SELECT key::BIGINT FROM ledger WHERE kind = 'missing'")
    assert db.sql("SELECT count(*) FROM faulty ANTI JOIN clean USING (reading_id)").fetchall() == [(0,)]


def test_rows_come_as_often_as_the_ledger_says(db):
    found = "SELECT reading_id, count(*) - 1 FROM faulty GROUP BY ALL HAVING count(*) > 1"
    assert 100 < same(db, found, "SELECT key::BIGINT, count(*) FROM ledger WHERE kind = 'duplicates' GROUP BY ALL")


@pytest.mark.parametrize("column", COLUMNS)
def test_values_differ_where_the_ledger_says(db, column):
    kind = COLUMNS[column]
    found = f"""
        SELECT DISTINCT reading_id, clean."{column}" AS before, faulty."{column}" AS after
        FROM clean JOIN faulty USING (reading_id) WHERE clean."{column}" IS DISTINCT FROM faulty."{column}" """
    told = f"""SELECT key::BIGINT, before::{kind}, after::{kind} FROM ledger WHERE "column" = '{column}' """
    assert (same(db, found, told) > 100) == (column != "device")


def test_rows_stand_where_the_ledger_says(db):
    """Who sorts the clean rows by where the ledger puts them has the order of the file."""
    expected = """
        SELECT c.reading_id, coalesce(l.after::BIGINT, c.reading_id - 1) AS slot, c.reading_id - 1 AS own, 0 AS copy
        FROM (clean c ANTI JOIN (FROM ledger WHERE kind = 'missing') m ON c.reading_id = m.row + 1)
        LEFT JOIN (FROM ledger WHERE kind IN ('late', 'out_of_order')) l ON c.reading_id = l.row + 1
        UNION ALL
        SELECT key::BIGINT, after::BIGINT, row, 1 FROM ledger WHERE kind = 'duplicates'"""
    order = f"SELECT reading_id, row_number() OVER (ORDER BY slot, slot <> own, own, copy) FROM ({expected})"
    clean = db.sql("SELECT count(*) FROM clean").fetchall()[0][0]
    assert clean > ROWS / 3 and clean * 0.98 < same(db, "SELECT reading_id, place FROM faulty", order)


@pytest.mark.parametrize("db", [("south", run) for run in (*THREADS, "slices")], indirect=True, ids=lambda param: "-".join(map(str, param)))
def test_late_rows_come_behind_those_of_earlier_times(db):
    """In the south the delay is up to ten seconds: some time within them lies before the next row's, and behind the last one's."""
    late = """
        SELECT epoch(b.at) - epoch(r.at) AS least, epoch(n.at) - epoch(r.at) AS most
        FROM ledger l JOIN readings r ON r.reading_id = l.row + 1
        JOIN readings b ON b.reading_id = l.after::BIGINT + 1
        LEFT JOIN readings n ON n.reading_id = l.after::BIGINT + 2
        WHERE l.kind = 'late'"""
    count, wrong, mean = db.sql(f"SELECT count(*), count(*) FILTER (least >= 10 OR most <= 0 OR least > most), avg(least) FROM ({late})").fetchall()[0]
    assert count > 400 and wrong == 0 and 4.3 < mean < 5.7
