"""The casino transactions a row at a time, as libraries make them that give one value for each call.

Amounts are whole millionths: these libraries are spared Python's decimals.
"""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from casino import (
    AGENTS,
    BET_MICROS,
    BETS_EACH,
    CATEGORIES,
    CHANGES,
    CURRENCIES,
    DAY,
    DAY_MICROS,
    DAY_TEXT,
    INTERVALS,
    USDT_MICROS,
    VENDOR_CODES,
    VENDORS,
    WIN_TENTHS,
    arguments,
    timed,
)

MIDNIGHT = datetime.fromtimestamp(DAY, UTC)
CHANGED = [(change - DAY) * 1_000_000 for change in CHANGES]


def row(number, gap, below, pick):
    """Row `number`; `below` draws a whole number from 0, `pick` one of some values."""
    vendor_code, digits = pick(VENDOR_CODES), f"{number:08}"
    master, agent = pick(AGENTS)
    currency = below(len(CURRENCIES))
    place = currency * BETS_EACH + below(BETS_EACH)
    bet = BET_MICROS[place]
    win = bet * pick(WIN_TENTHS) // 10
    micros = (number - 1) * gap + below(gap)
    interval = sum(micros >= change for change in CHANGED)
    return {
        "id": f"TXN-{DAY_TEXT}-{digits}",
        "external_transaction_id": f"EXT-{vendor_code}-{digits}",
        "vendor_bet_id": f"BET-{digits}",
        "round_id": f"ROUND-{number // 10:08}",
        "vendor_id": below(VENDORS) + 1,
        "vendor_code": vendor_code,
        "vendor_line_id": 1,
        "game_category_id": pick(CATEGORIES),
        "house_id": 1,
        "master_agent_id": master,
        "agent_id": agent,
        "currency_id": CURRENCIES[currency][0],
        "currency_code": CURRENCIES[currency][1],
        "bet_amount": bet,
        "win_amount": win,
        "win_loss": win - bet,
        "settled_at": MIDNIGHT + timedelta(microseconds=micros),
        "bet_amount_usdt": USDT_MICROS[place * INTERVALS + interval],
    }


def made(below, pick):
    """A table of as many rows as the program is asked for."""
    _, rows, _threads, _path = arguments()
    gap = DAY_MICROS // rows
    with timed():
        table = pa.Table.from_pylist([row(number, gap, below, pick) for number in range(1, rows + 1)])
    print(f"rows: {table.num_rows}")
