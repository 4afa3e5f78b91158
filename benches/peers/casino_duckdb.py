"""DuckDB makes the casino transactions: one COPY … TO.

Measured on 3 M rows: small tables as constant lists need three quarters of the CPU time of joins, and DuckDB's own
row group size four fifths of that of 1 Mi rows. A scan of stored row numbers uses all threads; range() alone uses one.
Without the order of rows, CSV needs five sixths of the CPU time and JSON three quarters.
"""

import duckdb
from casino import (
    AGENT_IDS,
    BET_MICROS,
    BETS_EACH,
    CATEGORIES,
    CURRENCY_CODES,
    CURRENCY_IDS,
    DAY,
    DAY_MICROS,
    DAY_TEXT,
    DRAWS,
    INTERVALS,
    MASTER_IDS,
    USDT_MICROS,
    VENDOR_CODES,
    WIN_TENTHS,
    arguments,
    interval_sql,
    timed,
)

FORMATS = {"parquet": "FORMAT parquet, COMPRESSION snappy", "csv": "FORMAT csv, HEADER", "json": "FORMAT json"}


def pick(values, index):
    """The value at an index (from 0) of a constant list; amounts are given as text."""
    return f"[{', '.join(map(repr, values))}]" + f"[{index} + 1]"


def amounts(micros, index):
    values = ", ".join(f"{m // 1_000_000}.{m % 1_000_000:06}::DECIMAL(18, 6)" for m in micros)
    return f"[{values}][{index} + 1]"


def query(rows):
    gap = DAY_MICROS // rows
    # One number for each draw: hash(i, key) of one i and two keys agree in their last bit.
    keyed = "(hash(i * 8 + {}) % {})::INTEGER AS {}"
    drawn = ", ".join(keyed.format(key, n, name) for key, (name, n) in enumerate(DRAWS.items(), 1))
    wins = ", ".join(f"{tenths / 10:.1f}::DECIMAL(4, 1)" for tenths in WIN_TENTHS)
    usdt = f"(currency * {BETS_EACH} + bet) * {INTERVALS} + {interval_sql('moment', 1_000_000)}"
    return f"""
        SELECT 'TXN-{DAY_TEXT}-' || digits AS id,
            'EXT-' || vendor_code || '-' || digits AS external_transaction_id,
            'BET-' || digits AS vendor_bet_id,
            'ROUND-' || lpad((n // 10)::VARCHAR, 8, '0') AS round_id,
            vendor + 1 AS vendor_id, vendor_code, 1 AS vendor_line_id, game_category_id, 1 AS house_id,
            master_agent_id, agent_id, currency_id, currency_code, bet_amount, win_amount,
            (win_amount - bet_amount)::DECIMAL(18, 6) AS win_loss,
            make_timestamptz(moment) AS settled_at, bet_amount_usdt
        FROM (SELECT *, (bet_amount * multiplier)::DECIMAL(18, 6) AS win_amount
        FROM (SELECT n, digits, moment, vendor,
            {pick(VENDOR_CODES, "code")} AS vendor_code,
            {pick(CATEGORIES, "category")} AS game_category_id,
            {pick(MASTER_IDS, "agent")} AS master_agent_id,
            {pick(AGENT_IDS, "agent")} AS agent_id,
            {pick(CURRENCY_IDS, "currency")} AS currency_id,
            {pick(CURRENCY_CODES, "currency")} AS currency_code,
            {amounts(BET_MICROS, f"currency * {BETS_EACH} + bet")} AS bet_amount,
            [{wins}][win + 1] AS multiplier,
            {amounts(USDT_MICROS, usdt)} AS bet_amount_usdt
        FROM (SELECT i + 1 AS n, lpad((i + 1)::VARCHAR, 8, '0') AS digits,
            {DAY * 1_000_000} + i * {gap} + (hash(i * 8) % {gap})::BIGINT AS moment, {drawn}
        FROM row_numbers)))"""


def main():
    fmt, rows, threads, path = arguments()
    db = duckdb.connect(config={"threads": threads})
    db.execute("SET TimeZone = 'UTC'")
    db.execute("SET preserve_insertion_order = false")
    numbers = f"CREATE TEMP TABLE row_numbers AS SELECT range AS i FROM range({rows})"
    if fmt == "memory":
        with timed():
            db.execute(numbers)
            db.execute(f"CREATE TEMP TABLE transactions AS {query(rows)}")
        print(f"rows: {db.execute('SELECT count(*) FROM transactions').fetchone()[0]}")
        return
    db.execute(numbers)
    db.execute(f"COPY ({query(rows)}) TO '{path}' ({FORMATS[fmt]})")


main()
