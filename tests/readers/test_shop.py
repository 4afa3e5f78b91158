"""The shop's customers and orders: keys that join, nested lines, the same rows in Parquet, JSON and Avro."""

import pyarrow as pa
import pyarrow.parquet
import pytest
from native_types import NATIVE_TYPES
from readers import READERS, duckdb_connection, read

ORDERS = 20_000
TABLES = ["customers", "orders"]
# Every format with every reader that reads it; CSV has no nested columns.
READINGS = sorted((reader, suffix) for reader, suffix in READERS if suffix != ".csv")


@pytest.fixture(scope="module")
def shop(run):
    return run("shop", rows=ORDERS)


@pytest.fixture(scope="module")
def reference(shop):
    """Each table as pyarrow reads its Parquet file."""
    return {table: pyarrow.parquet.read_table(shop.find(f"{table}.parquet")).combine_chunks() for table in TABLES}


@pytest.fixture(scope="module")
def db(reference):
    db = duckdb_connection()
    for name, table in reference.items():
        db.register(name, table)
    return db


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("reader", "suffix"), READINGS)
def test_readers_agree(shop, reference, table, reader, suffix):
    expected = reference[table]
    found = read(reader, shop.find(table + suffix), expected.schema)
    assert found.num_rows == expected.num_rows
    for name in expected.schema.names:
        assert found[name].equals(expected[name]), name


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("reader", NATIVE_TYPES)
def test_types(shop, reference, table, reader):
    found, expected = NATIVE_TYPES[reader](shop.find(f"{table}.parquet"), reference[table].schema)
    assert found == expected


def test_promised_types(reference):
    orders = reference["orders"].schema
    assert orders.field("total").type == pa.decimal128(10, 2)
    assert orders.field("ordered_at").type == pa.timestamp("us", "UTC")
    assert pa.types.is_list(orders.field("lines").type)
    assert pa.types.is_struct(orders.field("lines").type.value_type)
    key = reference["customers"].schema.field("customer_id").type
    assert key == orders.field("customer_id").type


def test_counts_and_unique_keys(db):
    assert db.execute("SELECT count(*), count(DISTINCT order_id) FROM orders").fetchone() == (ORDERS, ORDERS)
    rows, keys = db.execute("SELECT count(*), count(DISTINCT customer_id) FROM customers").fetchone()
    assert rows == keys > 0


def test_every_order_has_its_customer(db):
    assert db.execute("SELECT * FROM orders ANTI JOIN customers USING (customer_id)").fetchall() == []
    assert db.execute("SELECT count(DISTINCT customer_id) FROM orders").fetchone()[0] > 1


def test_every_order_has_lines(db):
    assert db.execute("SELECT order_id FROM orders WHERE lines IS NULL OR len(lines) = 0").fetchall() == []
    lengths = db.execute("SELECT count(DISTINCT len(lines)) FROM orders").fetchone()[0]
    assert lengths > 1


def test_nulls_stand_where_they_are_asked_for(db, reference):
    """Two in a hundred e-mail addresses are unknown; keys never are."""
    share = reference["customers"]["email"].null_count / reference["customers"].num_rows
    assert 0.01 < share < 0.03
    for table, key in [("customers", "customer_id"), ("orders", "order_id"), ("orders", "customer_id")]:
        assert reference[table][key].null_count == 0, (table, key)
    assert db.execute("SELECT count(email) = count(DISTINCT email) FROM customers").fetchone()[0]
