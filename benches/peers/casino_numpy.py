"""Chunks of the casino transactions as numpy and pyarrow make them, for the peers that write them."""

import numpy
import pyarrow as pa
import pyarrow.compute
from casino import (
    AGENT_IDS,
    BET_MICROS,
    BETS_EACH,
    CATEGORIES,
    CHANGES,
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
)

MICROS = 1_000_000


def int32s(values):
    return numpy.array(values, dtype=numpy.int32)


def decimals(micros):
    """Millionths as decimal128(18, 6): a low and a high half, the high one all sign."""
    halves = numpy.empty((len(micros), 2), dtype=numpy.int64)
    halves[:, 0] = micros
    halves[:, 1] = micros >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 6), len(micros), [None, pa.py_buffer(halves)])


def digits(numbers):
    return pa.compute.utf8_lpad(pa.array(numbers).cast(pa.string()), 8, "0")


def texts(values, index):
    return pa.DictionaryArray.from_arrays(index, values)


def chunk(first, count, gap):
    """Rows from `first` on, `gap` microseconds apart."""
    draw = numpy.random.default_rng(first)
    numbers = numpy.arange(first + 1, first + count + 1)
    moments = DAY * MICROS + (numbers - 1) * gap + draw.integers(0, gap, count)
    drawn = {name: draw.integers(0, n, count, dtype=numpy.int32) for name, n in DRAWS.items()}
    bet_index = drawn["currency"] * BETS_EACH + drawn["bet"]
    bet = numpy.array(BET_MICROS)[bet_index]
    win = bet * numpy.array(WIN_TENTHS)[drawn["win"]] // 10
    interval = numpy.searchsorted(numpy.array(CHANGES) * MICROS, moments, side="right")
    sequence, join = digits(numbers), pa.compute.binary_join_element_wise
    vendor_code = texts(VENDOR_CODES, drawn["code"])
    ones = numpy.ones(count, dtype=numpy.int32)
    return pa.record_batch(
        {
            "id": join(f"TXN-{DAY_TEXT}", sequence, "-"),
            "external_transaction_id": join("EXT", vendor_code.cast(pa.string()), sequence, "-"),
            "vendor_bet_id": join("BET", sequence, "-"),
            "round_id": join("ROUND", digits(numbers // 10), "-"),
            "vendor_id": drawn["vendor"] + numpy.int32(1),
            "vendor_code": vendor_code,
            "vendor_line_id": ones,
            "game_category_id": int32s(CATEGORIES)[drawn["category"]],
            "house_id": ones,
            "master_agent_id": int32s(MASTER_IDS)[drawn["agent"]],
            "agent_id": int32s(AGENT_IDS)[drawn["agent"]],
            "currency_id": int32s(CURRENCY_IDS)[drawn["currency"]],
            "currency_code": texts(CURRENCY_CODES, drawn["currency"]),
            "bet_amount": decimals(bet),
            "win_amount": decimals(win),
            "win_loss": decimals(win - bet),
            "settled_at": pa.array(moments, pa.timestamp("us", "UTC")),
            "bet_amount_usdt": decimals(numpy.array(USDT_MICROS)[bet_index * INTERVALS + interval]),
        }
    )
