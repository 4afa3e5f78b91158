"""The casino transactions, as Parquet and as CSV, read by everybody."""

import pytest
from casino_checks import ALWAYS, check_rates_change, none_where
from native_types import NATIVE_TYPES
from readers import duckdb_connection, read, readers_of
from schemas import CASINO

ROWS = 100_000
RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)"


@pytest.fixture(scope="module")
def casino(run):
    return run("casino", rows=ROWS)


@pytest.fixture(scope="module")
def parquet(casino):
    return casino.find("transactions.parquet")


@pytest.fixture(scope="module")
def csv(casino):
    return casino.find("transactions.csv")


@pytest.fixture(scope="module")
def reference(parquet):
    return read("pyarrow", parquet, CASINO)


@pytest.fixture(scope="module")
def db(parquet):
    db = duckdb_connection()
    db.execute(f"CREATE VIEW bets AS FROM '{parquet}'")
    return db


@pytest.mark.parametrize("check", [*ALWAYS, check_rates_change], ids=lambda check: check.__name__)
def test_holds(db, check):
    check(db)


def test_rows_are_in_order(parquet):
    db = duckdb_connection()
    db.execute(f"CREATE VIEW bets AS FROM read_parquet('{parquet}', file_row_number = true)")
    assert db.execute("SELECT count(*) FROM bets").fetchone()[0] == ROWS
    none_where(db, "split_part(id, '-', 3)::BIGINT != file_row_number + 1")
    earlier = "SELECT settled_at < lag(settled_at) OVER (ORDER BY file_row_number) AS back FROM bets"
    assert db.execute(f"SELECT count(*) FROM ({earlier}) WHERE back").fetchone()[0] == 0


@pytest.mark.parametrize("reader", NATIVE_TYPES)
def test_types(parquet, reader):
    found, expected = NATIVE_TYPES[reader](parquet, CASINO)
    assert found == expected


@pytest.mark.parametrize("reader", readers_of(".parquet"))
def test_readers_agree_about_parquet(parquet, reference, reader):
    assert read(reader, parquet, CASINO).equals(reference)


@pytest.mark.parametrize("reader", readers_of(".csv"))
def test_csv_is_parquet_row_for_row(csv, reference, reader):
    assert read(reader, csv, CASINO).equals(reference)


def test_csv_text(csv):
    """Names in order, amounts with all six decimals, times as RFC 3339."""
    assert csv.open().readline().rstrip("\n") == ",".join(CASINO.names)
    db = duckdb_connection()
    db.execute(f"CREATE VIEW bets AS FROM read_csv('{csv}', all_varchar = true)")
    for amount in ("bet_amount", "win_amount", "win_loss", "bet_amount_usdt"):
        none_where(db, rf"NOT regexp_full_match({amount}, '-?\d+\.\d{{6}}')")
    none_where(db, f"NOT regexp_full_match(settled_at, '{RFC_3339}')")
