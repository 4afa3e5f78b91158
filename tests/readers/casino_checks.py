"""What holds for any casino transactions: each check asks DuckDB about the view `bets`."""

from decimal import Decimal
from fractions import Fraction

from casino_reference import VENDOR_CODES, active, bets_of, load, rate_changes, usdt_rate

SEQUENCE = "split_part(id, '-', 3)"
MICRO = Fraction(1, 1_000_000)


def one(db, expression, where="true"):
    return db.execute(f"SELECT {expression} FROM bets WHERE {where}").fetchone()[0]


def values(db, columns):
    return set(db.execute(f"SELECT DISTINCT {columns} FROM bets").fetchall())


def none_where(db, condition):
    """No row for which a condition holds; shows a few that do."""
    wrong = db.execute(f"SELECT * REPLACE (settled_at::VARCHAR AS settled_at) FROM bets WHERE {condition} LIMIT 3")
    assert wrong.fetchall() == [], condition


def check_nulls(db):
    none_where(db, " OR ".join(f"{row[0]} IS NULL" for row in db.execute("DESCRIBE bets").fetchall()))


def check_ids(db):
    none_where(db, r"NOT regexp_full_match(id, 'TXN-\d{8}-(\d{8}|[1-9]\d{8,})')")
    none_where(db, "split_part(id, '-', 2) != strftime(settled_at, '%Y%m%d')")
    none_where(db, f"external_transaction_id != 'EXT-' || vendor_code || '-' || {SEQUENCE}")
    none_where(db, f"vendor_bet_id != 'BET-' || {SEQUENCE}")
    none_where(db, f"round_id != printf('ROUND-%08d', {SEQUENCE}::BIGINT // 10)")


def check_sequence(db):
    """Every number from 1 to the count of rows, once."""
    numbers = f"SELECT {SEQUENCE}::BIGINT AS s FROM bets"
    found = db.execute(f"SELECT count(*), count(DISTINCT s), min(s), max(s) FROM ({numbers})")
    rows, distinct, first, last = found.fetchone()
    assert (distinct, first, last) == (rows, 1, rows)


def check_domains(db):
    assert values(db, "vendor_id") == {(i,) for i in range(1, 11)}
    assert values(db, "vendor_code") == {(code,) for code in VENDOR_CODES}
    assert values(db, "vendor_line_id, house_id") == {(1, 1)}
    assert values(db, "game_category_id") == {(row["id"],) for row in active("game_categories")}
    assert values(db, "currency_id, currency_code") == {(row["id"], row["code"]) for row in load("currencies")}


def check_agents(db):
    """Every agent under its master; only active ones play; masters evenly, within five standard deviations."""
    pairs = {(row["master_agent_id"], row["id"]) for row in active("agents")}
    assert values(db, "master_agent_id, agent_id") == pairs
    counts = [row[0] for row in db.execute("SELECT count(*) FROM bets GROUP BY master_agent_id").fetchall()]
    rows, share = sum(counts), 1 / len(counts)
    spread = 5 * (rows * share * (1 - share)) ** 0.5
    assert all(abs(count - rows * share) <= spread for count in counts), counts


def check_bets(db):
    currencies = [row["code"] for row in load("currencies")]
    bets = {(code, Decimal(bet.numerator) / bet.denominator) for code in currencies for bet in bets_of(code)}
    assert values(db, "currency_code, bet_amount") == bets


def check_wins(db):
    none_where(db, "win_amount - bet_amount != win_loss")
    none_where(db, "win_amount < 0")
    assert one(db, "avg((win_loss < 0)::INTEGER)") > 0.5
    # Each bet counts alike: over sums, a few large bets in yen would decide.
    assert 0.93 <= one(db, "avg(win_amount::DOUBLE / bet_amount::DOUBLE)") <= 0.98


def check_usdt(db):
    """The bet in USDT at the rates in force at settled_at, worked out anew in exact fractions."""
    rates = active("currency_rates")
    changes = ", ".join(f"({at})" for at in rate_changes(rates))
    found = db.execute(
        f"""SELECT currency_code, bet_amount, since, list(DISTINCT bet_amount_usdt)
            FROM bets ASOF JOIN (VALUES {changes}) AS change(since) ON epoch_us(settled_at) >= since::BIGINT * 1_000_000
            GROUP BY ALL"""
    ).fetchall()
    for currency, bet, since, usdt in found:
        exact = Fraction(bet) * usdt_rate(rates, currency, since)
        assert len(usdt) == 1, (currency, bet, since, usdt)
        # A product is rounded once; a quotient may have been rounded once more before.
        allowed = MICRO if currency in ("CNY", "JPY") else MICRO / 2
        assert abs(Fraction(usdt[0]) - exact) <= allowed, (currency, bet, since, usdt, float(exact))


def check_rates_change(db):
    """As-of is seen to work: within the run, one bet has more than one worth in USDT."""
    worths = db.execute("SELECT currency_code, count(DISTINCT bet_amount_usdt / bet_amount) FROM bets GROUP BY ALL")
    changing = {currency for currency, worth in worths.fetchall() if worth > 1}
    assert {"BTC", "EUR", "JPY"} <= changing


ALWAYS = [
    check_nulls,
    check_ids,
    check_sequence,
    check_domains,
    check_agents,
    check_bets,
    check_wins,
    check_usdt,
]
