"""What `data/` says about the casino, and what follows from it: rates, bets, who plays under whom."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"

VENDOR_CODES = ["PRAGMATIC", "EVOLUTION", "NETENT", "MICROGAMING", "PLAYTECH", "EGT", "PLAYSON"]
BETS = [10, 50, 100, 200, 500, 1000]
BET_FACTORS = {"BTC": Fraction(1, 10_000), "ETH": Fraction(1, 1000), "JPY": Fraction(100), "CNY": Fraction(7)}


def load(name):
    """The rows of one reference file; numbers with a point stay exact."""
    return json.loads((DATA / f"{name}.json").read_text(), parse_float=Decimal)


def active(name):
    return [row for row in load(name) if row["status"] == 1]


def bets_of(currency):
    """The bets one can place in a currency."""
    return [bet * BET_FACTORS.get(currency, Fraction(1)) for bet in BETS]


def rate(rates, of, to, at):
    """The rate in force at a time, in seconds since 1970; None where there is none."""
    known = [r for r in rates if (r["currency_from"], r["currency_to"]) == (of, to) and r["effective_from"] <= at]
    return Fraction(max(known, key=lambda r: r["effective_from"])["rate"]) if known else None


def usdt_rate(rates, currency, at):
    """USDT for one unit of a currency: as it is, else directly, else through USD, else through USD turned round."""
    if currency == "USDT":
        return Fraction(1)
    direct = rate(rates, currency, "USDT", at)
    if direct is not None:
        return direct
    dollar = rate(rates, "USD", "USDT", at)
    to_dollar = rate(rates, currency, "USD", at)
    from_dollar = rate(rates, "USD", currency, at)
    if dollar is None or (to_dollar is None and from_dollar is None):
        return None
    return dollar * to_dollar if to_dollar is not None else dollar / from_dollar


def rate_changes(rates):
    """The times at which any rate changes, rising, from 0 (always)."""
    return sorted({0} | {r["effective_from"] for r in rates})
