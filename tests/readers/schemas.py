"""The columns that the shipped pipelines promise, and how each reader names their types."""

import pyarrow as pa

AMOUNT = pa.decimal128(18, 6)
PRICE = pa.decimal128(15, 2)

CASINO = pa.schema(
    [
        ("id", pa.string()),
        ("external_transaction_id", pa.string()),
        ("vendor_bet_id", pa.string()),
        ("round_id", pa.string()),
        ("vendor_id", pa.int32()),
        ("vendor_code", pa.string()),
        ("vendor_line_id", pa.int32()),
        ("game_category_id", pa.int32()),
        ("house_id", pa.int32()),
        ("master_agent_id", pa.int32()),
        ("agent_id", pa.int32()),
        ("currency_id", pa.int32()),
        ("currency_code", pa.string()),
        ("bet_amount", AMOUNT),
        ("win_amount", AMOUNT),
        ("win_loss", AMOUNT),
        ("settled_at", pa.timestamp("us", "UTC")),
        ("bet_amount_usdt", AMOUNT),
    ]
)

LINEITEM = pa.schema(
    [
        ("l_orderkey", pa.int64()),
        ("l_partkey", pa.int64()),
        ("l_suppkey", pa.int64()),
        ("l_linenumber", pa.int32()),
        ("l_quantity", PRICE),
        ("l_extendedprice", PRICE),
        ("l_discount", PRICE),
        ("l_tax", PRICE),
        ("l_returnflag", pa.string()),
        ("l_linestatus", pa.string()),
        ("l_shipdate", pa.date32()),
        ("l_commitdate", pa.date32()),
        ("l_receiptdate", pa.date32()),
        ("l_shipinstruct", pa.string()),
        ("l_shipmode", pa.string()),
        ("l_comment", pa.string()),
    ]
)

USERS = pa.schema([("id", pa.int64()), ("nome_utente", pa.string()), ("email", pa.string())])

DUCKDB = {
    "bool": "BOOLEAN",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
}
CLICKHOUSE = {
    "bool": "Bool",
    "int32": "Int32",
    "int64": "Int64",
    "double": "Float64",
    "string": "String",
    "date32[day]": "Date32",
    "timestamp[us, tz=UTC]": "DateTime64(6, 'UTC')",
}


def duckdb_type(kind):
    if pa.types.is_list(kind):
        return duckdb_type(kind.value_type) + "[]"
    if pa.types.is_struct(kind):
        return "STRUCT(" + ", ".join(f"{f.name} {duckdb_type(f.type)}" for f in kind) + ")"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return DUCKDB[str(kind)]


def clickhouse_type(kind):
    if pa.types.is_list(kind):
        return f"Array({clickhouse_type(kind.value_type)})"
    if pa.types.is_struct(kind):
        return "Tuple(" + ", ".join(f"{f.name} {clickhouse_type(f.type)}" for f in kind) + ")"
    if pa.types.is_decimal(kind):
        return f"Nullable(Decimal({kind.precision}, {kind.scale}))"
    return f"Nullable({CLICKHOUSE[str(kind)]})"
