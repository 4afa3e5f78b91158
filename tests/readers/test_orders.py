"""A million orders and their lines: headers equal the sums of their lines, flat and nested alike."""

import pyarrow.parquet
import pytest
from readers import duckdb_connection

ORDERS = 1_000_000
TABLES = ["orders", "order_lines", "line_discounts"]


@pytest.fixture(scope="module")
def orders(run):
    return run("orders", orders=ORDERS)


@pytest.fixture(scope="module")
def db(orders):
    db = duckdb_connection()
    for table in TABLES:
        db.execute(f"CREATE VIEW {table} AS FROM '{orders.find(f'{table}.parquet')}'")
    documents = orders.find("documents.jsonl")
    db.execute(f"CREATE VIEW documents AS FROM read_json('{documents}', maximum_object_size = 67108864, sample_size = -1)")
    return db


def test_every_table_is_there(db, orders):
    assert db.execute("SELECT count(*), count(DISTINCT order_id) FROM orders").fetchone() == (ORDERS, ORDERS)
    lines = pyarrow.parquet.read_metadata(orders.find("order_lines.parquet")).num_rows
    assert ORDERS < lines < 5 * ORDERS


def test_every_header_is_the_sum_of_its_lines(db):
    """Exactly: decimals are compared as decimals, and each order counts."""
    differing = db.execute(
        """
        WITH sums AS (
            SELECT order_id, count(*) AS line_count, sum(quantity) AS pieces, sum(amount) AS net,
                coalesce(sum(discount), 0) AS discount, coalesce(sum(amount) FILTER (status = 'RETURNED'), 0) AS returned,
                max(shipped_on) AS last_shipped,
                CASE WHEN bool_or(status = 'OPEN') THEN 'OPEN' WHEN bool_and(status = 'RETURNED') THEN 'RETURNED'
                    ELSE 'SHIPPED' END AS status
            FROM order_lines GROUP BY order_id
        )
        SELECT o.order_id FROM orders o FULL JOIN sums s USING (order_id)
        WHERE o.line_count IS DISTINCT FROM s.line_count OR o.pieces IS DISTINCT FROM s.pieces
            OR o.net IS DISTINCT FROM s.net OR o.discount IS DISTINCT FROM s.discount
            OR o.total IS DISTINCT FROM s.net - s.discount OR o.returned IS DISTINCT FROM s.returned
            OR o.last_shipped IS DISTINCT FROM s.last_shipped OR o.status IS DISTINCT FROM s.status
        """
    ).fetchall()
    assert differing == []


def test_every_line_is_the_sum_of_its_discounts(db):
    differing = db.execute(
        """
        WITH sums AS (SELECT order_id, line_number, sum(amount) AS discount FROM line_discounts GROUP BY ALL)
        SELECT l.order_id FROM order_lines l FULL JOIN sums s USING (order_id, line_number)
        WHERE l.discount IS DISTINCT FROM s.discount OR l.order_id IS NULL
        """
    ).fetchall()
    assert differing == []
    some, none = db.execute("SELECT count(discount), count(*) - count(discount) FROM order_lines").fetchone()
    assert some > 0 and none > 0


def test_every_state_occurs(db):
    states = db.execute("SELECT status, count(*) FROM orders GROUP BY status ORDER BY status").fetchall()
    assert [state for state, _ in states] == ["OPEN", "RETURNED", "SHIPPED"]


def test_documents_hold_the_flat_rows(db):
    columns = "order_id, line_number, sku, quantity, price, amount, discount"
    nested = """
        SELECT d.order_id, l.line_number, l.sku, l.quantity, l.price::DECIMAL(10,2) AS price,
            l.amount::DECIMAL(12,2) AS amount, l.discount::DECIMAL(12,2) AS discount
        FROM documents d, unnest(d.lines) AS u(l)
    """
    flat = f"SELECT {columns} FROM order_lines"
    for left, right in [(flat, nested), (nested, flat)]:
        assert db.execute(f"SELECT count(*) FROM (({left}) EXCEPT ALL ({right}))").fetchone() == (0,)


def test_documents_hold_the_flat_discounts(db):
    flat = "SELECT order_id, line_number, reason, percent, amount FROM line_discounts"
    nested = """
        SELECT order_id, l.line_number, e.reason, e.percent, e.amount::DECIMAL(12,2) AS amount
        FROM (SELECT d.order_id, unnest(d.lines) AS l FROM documents d) AS lines, unnest(l.discounts) AS u(e)
    """
    for left, right in [(flat, nested), (nested, flat)]:
        assert db.execute(f"SELECT count(*) FROM (({left}) EXCEPT ALL ({right}))").fetchone() == (0,)
