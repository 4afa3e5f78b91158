"""The reference data that ships: its shapes, and that every currency converts."""

import pytest
from casino_reference import active, load, rate, rate_changes, usdt_rate

PAIR = ["currency_from", "currency_from_id", "currency_to", "currency_to_id"]
SHAPES = {
    "agents": (54, ["id", "sas_entity_id", "master_agent_id", "status", "notification_enabled"]),
    "game_categories": (6, ["id", "code", "name", "status"]),
    "currencies": (8, ["id", "code", "name"]),
    "currency_rates": (14, ["id", *PAIR, "rate", "effective_from", "status"]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape_and_unique_ids(name):
    count, fields = SHAPES[name]
    rows = load(name)
    assert len(rows) == count
    assert all(list(row) == fields for row in rows)
    assert len({row["id"] for row in rows}) == count


def test_every_master_has_an_active_agent():
    masters = {row["master_agent_id"] for row in load("agents")}
    assert len(masters) == 20
    assert {row["master_agent_id"] for row in active("agents")} == masters


def test_rates_name_known_currencies():
    ids = {row["code"]: row["id"] for row in load("currencies")}
    for row in load("currency_rates"):
        assert row["currency_from_id"] == ids[row["currency_from"]]
        assert row["currency_to_id"] == ids[row["currency_to"]]


def test_every_currency_converts_at_any_time_by_each_of_the_rules():
    rates = active("currency_rates")
    rules = set()
    for currency in (row["code"] for row in load("currencies")):
        assert all(usdt_rate(rates, currency, at) for at in rate_changes(rates)), currency
        pairs = [(currency, "USDT"), (currency, "USD"), ("USD", currency)]
        rules.add(tuple(rate(rates, *pair, 0) is not None for pair in pairs))
    assert {(True, False, False), (False, True, False), (False, False, True)} <= rules
