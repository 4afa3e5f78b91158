"""TPC-H lineitem: the 16 columns with the types, domains and correlations of the specification."""

import pytest
from native_types import NATIVE_TYPES
from readers import duckdb_connection, read, readers_of
from schemas import LINEITEM

SCALE = 0.02
ORDERS, PARTS, SUPPLIERS = 1_500_000 * SCALE, int(200_000 * SCALE), int(10_000 * SCALE)

INSTRUCTIONS = {"DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"}
MODES = {"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"}


def supplier_of_part(i):
    """The i-th of the four suppliers of a part, which are spread over all suppliers."""
    return f"(l_partkey + {i} * ({SUPPLIERS} // 4 + (l_partkey - 1) // {SUPPLIERS})) % {SUPPLIERS} + 1"


# What no row does.
NEVER = {
    "null": " OR ".join(f"{name} IS NULL" for name in LINEITEM.names),
    "line number": "l_linenumber NOT BETWEEN 1 AND 7",
    "part": f"l_partkey NOT BETWEEN 1 AND {PARTS}",
    "supplier": f"l_suppkey NOT IN ({', '.join(map(supplier_of_part, range(4)))})",
    "quantity": "l_quantity NOT BETWEEN 1 AND 50 OR l_quantity % 1 != 0",
    "price": """l_extendedprice != l_quantity
        * ((90000 + (l_partkey // 10) % 20001 + 100 * (l_partkey % 1000))::DECIMAL(15, 2) * 0.01)::DECIMAL(15, 2)""",
    "discount": "l_discount NOT BETWEEN 0 AND 0.10",
    "tax": "l_tax NOT BETWEEN 0 AND 0.08",
    "receipt": "l_receiptdate - l_shipdate NOT BETWEEN 1 AND 30",
    "return flag": "l_returnflag NOT IN (CASE WHEN l_receiptdate <= DATE '1995-06-17' THEN 'R' ELSE 'N' END, "
    "CASE WHEN l_receiptdate <= DATE '1995-06-17' THEN 'A' ELSE 'N' END)",
    "line status": "l_linestatus != CASE WHEN l_shipdate > DATE '1995-06-17' THEN 'O' ELSE 'F' END",
    "comment": "length(l_comment) NOT BETWEEN 10 AND 43",
}

# What no order does: number its lines otherwise than 1, 2, 3 …, or have lines that no one order date explains.
NEVER_AN_ORDER = {
    "line numbers": """min(l_linenumber) != 1
        OR count(*) != max(l_linenumber) OR count(*) != count(DISTINCT l_linenumber)""",
    "order date": """greatest(max(l_shipdate) - 121, max(l_commitdate) - 90, DATE '1992-01-01')
        > least(min(l_shipdate) - 1, min(l_commitdate) - 30, DATE '1998-08-02')""",
}


@pytest.fixture(scope="module")
def parquet(run):
    return run("lineitem", scale=SCALE).find("lineitem.parquet")


@pytest.fixture(scope="module")
def db(parquet):
    db = duckdb_connection()
    db.execute(f"CREATE VIEW lineitem AS FROM '{parquet}'")
    return db


@pytest.mark.parametrize("reader", NATIVE_TYPES)
def test_types(parquet, reader):
    found, expected = NATIVE_TYPES[reader](parquet, LINEITEM)
    assert found == expected


@pytest.mark.parametrize("reader", readers_of(".parquet"))
def test_readers_agree(parquet, reader):
    assert read(reader, parquet, LINEITEM).equals(read("pyarrow", parquet, LINEITEM))


def test_row_count(db):
    """1 to 7 lines an order, evenly: four, with a standard deviation of two, over all orders."""
    rows, orders = db.execute("SELECT count(*), count(DISTINCT l_orderkey) FROM lineitem").fetchone()
    assert orders == ORDERS
    assert abs(rows - 4 * orders) < 5 * 2 * orders**0.5


@pytest.mark.parametrize("condition", NEVER)
def test_no_row(db, condition):
    assert db.execute(f"FROM lineitem WHERE {NEVER[condition]} LIMIT 3").fetchall() == []


@pytest.mark.parametrize("condition", NEVER_AN_ORDER)
def test_no_order(db, condition):
    wrong = f"SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING {NEVER_AN_ORDER[condition]} LIMIT 3"
    assert db.execute(wrong).fetchall() == []


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("l_linenumber", set(range(1, 8))),
        ("l_quantity", set(range(1, 51))),
        ("l_discount * 100", set(range(11))),
        ("l_tax * 100", set(range(9))),
        ("l_returnflag", {"A", "N", "R"}),
        ("l_linestatus", {"F", "O"}),
        ("l_shipinstruct", INSTRUCTIONS),
        ("l_shipmode", MODES),
        ("l_receiptdate - l_shipdate", set(range(1, 31))),
        ("l_partkey", set(range(1, PARTS + 1))),
        ("l_suppkey", set(range(1, SUPPLIERS + 1))),
    ],
)
def test_every_value_occurs(db, column, values):
    assert {row[0] for row in db.execute(f"SELECT DISTINCT {column} FROM lineitem").fetchall()} == values


def test_returned_and_accepted_are_even(db):
    flags = "SELECT avg((l_returnflag = 'R')::INTEGER) FROM lineitem WHERE l_returnflag != 'N'"
    assert 0.49 < db.execute(flags).fetchone()[0] < 0.51
