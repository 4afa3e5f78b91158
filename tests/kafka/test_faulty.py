"""Faults among messages: the ledger, itself sent to a topic, applied to the clean rows is what the topic has, in its order."""

import json

ROWS = 10_000

TABLE = {
    "readings": {
        "rows": ROWS,
        "columns": {
            "id": "sequence",
            "at": {"event_time": {"start": "2026-01-01T00:00:00Z", "rate": "2/s"}},
            "city": {"choice": {"Zürich": 3, "Genève": 2, "Lugano": 1}},
            "humidity": {"type": "int32", "uniform": {"min": 0, "max": 100}},
        },
    }
}
FAULTS = {
    "missing": {"rate": 0.02},
    "late": {"rate": 0.02, "delay": 700},
    "out_of_order": {"window": 5, "rate": 0.1},
    "duplicates": {"rate": 0.02, "within": 30},
    "nulls": {"columns": ["city", "humidity"], "rate": 0.02},
    "corrupt": [
        {"columns": "city", "rate": 0.02, "kinds": ["truncate", "mojibake"]},
        {"columns": "humidity", "rate": 0.02, "kinds": ["out_of_range", "wrong_type"]},
    ],
}


def value(text, before):
    """What a ledger's text is in JSON, beside a value of the column."""
    number = isinstance(before, int) and text is not None and text.lstrip("-").isdigit()
    return int(text) if number else text


def replayed(rows, ledger):
    rows, slots, copies = dict(enumerate(rows)), {}, []
    for line in ledger:
        row, kind, after = line["row"], line["kind"], line["after"]
        assert line["key"] == str(row + 1)
        if kind == "missing":
            del rows[row]
        elif kind == "duplicates":
            copies.append((int(after), row))
        elif line["column"] is None:
            assert slots.setdefault(row, int(after)) == int(after) > row
        else:
            before = rows[row][line["column"]]
            assert line["before"] == str(before)
            rows[row] = rows[row] | {line["column"]: value(after, before)}
    places = [(slots.get(row, row), row in slots, row, 0) for row in rows] + [(slot, True, row, 1) for slot, row in copies]
    return [rows[row] for _, _, row, _ in sorted(places)]


def sent(broker, topic):
    return [json.loads(message.value()) for message in broker.read(topic)]


def test_the_ledger_says_what_is_wrong_with_the_messages(broker, rowgen, topic):
    readings, faults, part = topic(), topic(), topic()
    sinks = [
        {"file": {"path": "clean.jsonl"}},
        rowgen.kafka("readings", readings, name="all", faults=FAULTS, ledger={"kafka": {"brokers": broker.address, "topic": faults}}),
        rowgen.kafka("readings", part, name="damp", where="humidity > 60", faults=FAULTS, ledger={"path": "damp.jsonl"}),
    ]
    outcome = rowgen.run(TABLE, sinks)
    clean = [json.loads(line) for line in (rowgen.folder / "clean.jsonl").read_text().splitlines()]
    ledger = sent(broker, faults)
    kinds = outcome.sink("all")["faults"]["kinds"]
    assert sum(kinds.values()) == len(ledger) and len(kinds) == 9
    assert sent(broker, readings) == replayed(clean, ledger)
    dry = {row for row, reading in enumerate(clean) if reading["humidity"] <= 60}
    own = [json.loads(line) for line in (rowgen.folder / "damp.jsonl").read_text().splitlines()]
    assert own == [line for line in ledger if line["row"] not in dry]
    assert outcome.sink("damp")["left_out"] == len(dry)
    gone = [{"row": row, "key": str(row + 1), "column": None, "kind": "missing", "after": None} for row in dry]
    assert sent(broker, part) == replayed(clean, gone + own)
