"""ClickHouse, in process as chdb, makes the casino transactions: one INSERT INTO FUNCTION file.

Its rows come in no fixed order: `numbers_mt` is spared what keeping them in order costs the others.
"""

import chdb
from chdb.session import Session
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

FORMATS = {"parquet": "Parquet", "csv": "CSVWithNames"}


def pick(values, index, kind):
    """The value at an index (from 0) of a constant array of one type."""
    return f"CAST({list(values)} AS Array({kind}))[{index} + 1]"


def amount(micros):
    """Millionths, as they are, seen as a decimal."""
    return f"reinterpret({micros}, 'Decimal(18, 6)')"


def query(rows):
    gap = DAY_MICROS // rows
    keyed = "intHash64(number + {} * 0x9E3779B97F4A7C15) % {} AS {}"
    drawn = ", ".join(keyed.format(key, n, name) for key, (name, n) in enumerate(DRAWS.items(), 1))
    usdt = f"(currency * {BETS_EACH} + bet) * {INTERVALS} + {interval_sql('moment', 1_000_000)}"
    text = "LowCardinality(String)"
    return f"""
        SELECT concat('TXN-{DAY_TEXT}-', digits) AS id,
            concat('EXT-', vendor_code, '-', digits) AS external_transaction_id,
            concat('BET-', digits) AS vendor_bet_id,
            concat('ROUND-', leftPad(toString(intDiv(number + 1, 10)), 8, '0')) AS round_id,
            toInt32(vendor + 1) AS vendor_id,
            {pick(VENDOR_CODES, "code", text)} AS vendor_code,
            toInt32(1) AS vendor_line_id,
            {pick(CATEGORIES, "category", "Int32")} AS game_category_id,
            toInt32(1) AS house_id,
            {pick(MASTER_IDS, "agent", "Int32")} AS master_agent_id,
            {pick(AGENT_IDS, "agent", "Int32")} AS agent_id,
            {pick(CURRENCY_IDS, "currency", "Int32")} AS currency_id,
            {pick(CURRENCY_CODES, "currency", text)} AS currency_code,
            {amount("bet_micros")} AS bet_amount,
            {amount("win_micros")} AS win_amount,
            {amount("win_micros - bet_micros")} AS win_loss,
            fromUnixTimestamp64Micro(moment, 'UTC') AS settled_at,
            {amount(pick(USDT_MICROS, usdt, "Int64"))} AS bet_amount_usdt
        FROM (SELECT *,
            leftPad(toString(number + 1), 8, '0') AS digits,
            {DAY * 1_000_000} + toInt64(number) * {gap} + intHash64(number) % {gap} AS moment,
            {pick(BET_MICROS, f"currency * {BETS_EACH} + bet", "Int64")} AS bet_micros,
            intDiv(bet_micros * {pick(WIN_TENTHS, "win", "Int64")}, 10) AS win_micros
        FROM (SELECT number, {drawn} FROM numbers_mt({rows})))"""


def in_memory(fmt, rows, threads):
    """A table of ClickHouse's engine `Memory`, or an Arrow table, which is what Python's libraries can read of it."""
    if fmt == "arrow":
        import pyarrow  # noqa: F401: as chdb does when it makes its first Arrow table; imports do not count

    session = Session()
    session.query(f"SET max_threads = {threads}, max_insert_threads = {threads}")
    with timed():
        if fmt == "memory":
            session.query(f"CREATE TABLE transactions ENGINE = Memory AS {query(rows)}")
        else:
            table = session.query(query(rows), "ArrowTable")
    count = table.num_rows if fmt == "arrow" else session.query("SELECT count() FROM transactions", "CSV")
    print(f"rows: {count}")


def main():
    fmt, rows, threads, path = arguments()
    if fmt in ("memory", "arrow"):
        in_memory(fmt, rows, threads)
        return
    settings = (
        f"max_threads = {threads}, output_format_parquet_compression_method = 'snappy', "
        "output_format_decimal_trailing_zeros = 1, date_time_output_format = 'iso'"
    )
    chdb.query(f"INSERT INTO FUNCTION file('{path}', {FORMATS[fmt]}) SETTINGS {settings} {query(rows)}")


main()
