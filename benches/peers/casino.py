"""The casino transactions as every peer makes them: the same 18 columns, from the same small tables.

A peer draws evenly from each table by index, and computes no rate: what a bet is worth in USDT, in each interval
between two changes of rate, is worked out here. So each peer is spared work that rowgen does.
"""

import mmap
import os
import resource
import sys
import time
from contextlib import contextmanager
from fractions import Fraction
from math import floor, lcm
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "readers"))

from casino_reference import VENDOR_CODES, active, bets_of, load, rate_changes, usdt_rate  # noqa: E402, F401

DAY = 1_768_435_200  # 2026-01-15, the day within which the shipped rates change
DAY_TEXT = "20260115"
DAY_MICROS = 86_400_000_000
VENDORS = 10
MOST_ROWS = 99_999_999
BETS_EACH = 6

# Tenths of the bet that a win pays, and how often in a hundred.
WINS = {0: 42, 5: 20, 15: 13, 20: 15, 30: 7, 50: 3}
WIN_TENTHS = [tenths for tenths, often in WINS.items() for _ in range(often)]

CATEGORIES = [row["id"] for row in active("game_categories")]
CURRENCIES = [(row["id"], row["code"]) for row in load("currencies")]


def agents():
    """(master, agent) pairs to draw from evenly: a master evenly, then one of its agents evenly."""
    under = {}
    for row in active("agents"):
        under.setdefault(row["master_agent_id"], []).append(row["id"])
    places = lcm(*map(len, under.values()))
    return [(master, ids[place % len(ids)]) for master, ids in under.items() for place in range(places)]


AGENTS = agents()
RATES = active("currency_rates")
CHANGES = [change for change in rate_changes(RATES) if change > DAY]
INTERVALS = len(CHANGES) + 1

# What a row draws, and from how many: each draw is an index from 0.
DRAWS = {
    "vendor": VENDORS,
    "code": len(VENDOR_CODES),
    "category": len(CATEGORIES),
    "agent": len(AGENTS),
    "currency": len(CURRENCIES),
    "bet": BETS_EACH,
    "win": len(WIN_TENTHS),
}


def micros(amount):
    """An amount in millionths, rounded half up."""
    return floor(amount * 1_000_000 + Fraction(1, 2))


MASTER_IDS, AGENT_IDS = zip(*AGENTS)
CURRENCY_IDS, CURRENCY_CODES = zip(*CURRENCIES)

# By currency and bet; and, for USDT, by interval too.
BET_MICROS = [micros(bet) for _, code in CURRENCIES for bet in bets_of(code)]
USDT_MICROS = [
    micros(bet * usdt_rate(RATES, code, since))
    for _, code in CURRENCIES
    for bet in bets_of(code)
    for since in [0, *CHANGES]
]


def interval_sql(settled, micros_of):
    """In SQL: how many changes of rate lie at or before a time, an expression in seconds or microseconds."""
    return " + ".join(f"({settled} >= {change * micros_of})::INTEGER" for change in CHANGES)


def arguments():
    """What a peer is called with: format (`memory`: a table of its own, written nowhere), rows, threads, path."""
    fmt, rows, threads, path = sys.argv[1:]
    if int(rows) > MOST_ROWS:
        sys.exit(f"the peers number at most {MOST_ROWS} rows, with eight digits")
    return fmt, int(rows), int(threads), path


def warm(gibibytes):
    """Touches so much memory and gives it back. The host of a virtual machine gives memory when it is first touched,
    and takes it away again when it has lain unused for some seconds: whoever came first paid for it, with up to
    five seconds of the kernel's time for three gibibytes.
    """
    if gibibytes:
        memory = mmap.mmap(-1, gibibytes << 30)
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, len(memory), mmap.PAGESIZE):
            memory[at] = 1
        memory.close()
        # The peak of the process's memory begins anew.
        Path("/proc/self/clear_refs").write_text("5")


@contextmanager
def timed():
    """Says what it took to make a table in memory: seconds by the clock, of the user, of the system."""
    warm(int(os.environ.get("WARM_MEMORY", 0)))
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    print(f"seconds: {wall} {after.ru_utime - before.ru_utime} {after.ru_stime - before.ru_stime}", flush=True)
