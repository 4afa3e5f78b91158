"""Changes as envelopes of Debezium: what confluent-kafka reads of a topic is the log of changes, and nothing else."""

import json
import os
import subprocess

import pytest

TABLES = {
    "customers": {"columns": {"id": "sequence", "n": {"uniform": {"min": 1, "max": 999}}, "city": {"choice": ["Rome", "Paris"]}}},
    "orders": {
        "columns": {
            "order_id": "sequence",
            "customer_id": {"foreign_key": {"ref": "customers.id"}},
            "status": {"choice": ["PENDING", "SHIPPED"]},
        }
    },
}
MIX = {
    "customers": {"insert": 20, "update": {"weight": 20, "set": ["n"]}},
    "orders": {"insert": 40, "update": {"weight": 18, "set": ["status"]}, "delete": 2},
}
KEYS = {"customers": "id", "orders": "order_id"}
OPERATIONS = {"insert": "c", "update": "u", "delete": "d"}


@pytest.mark.parametrize("schema", [True, False])
def test_envelopes_are_the_log_of_changes(rowgen, broker, new_topic, schema):
    topics = {table: new_topic() for table in TABLES}
    envelopes = {"debezium": {"database": "shop", "schema": schema, "step": "1s"}}
    sinks = [{"file": {"tables": "all", "path": "{table}.jsonl"}}]
    for table, topic in topics.items():
        more = {"key": KEYS[table], "format": envelopes, "create_topic": {"partitions": 3}}
        sinks.append(rowgen.kafka(table, topic, **more))
    changes = {"count": 20_000, "block": 1_000, "image": "full", "mix": MIX}
    path = rowgen.write(TABLES, sinks, changes=changes)
    rowgen.finish(rowgen.start(path))
    for table, topic in topics.items():
        log = [json.loads(line) for line in (rowgen.folder / f"{table}.jsonl").read_text().splitlines()]
        told = {}
        for message in broker.read(topic):
            envelope = json.loads(message.value())
            if schema:
                assert envelope["schema"]["name"] == f"mysql.shop.{table}.Envelope"
                envelope = envelope["payload"]
            image = envelope["after"] or envelope["before"]
            assert message.key().decode() == str(image[KEYS[table]])
            assert envelope["ts_ms"] == 1_767_225_600_000 + 1_000 * envelope["source"]["pos"]
            told[envelope["source"]["pos"]] = (envelope["op"], envelope["before"] is None, image)
        assert len(told) == len(log)
        for change in log:
            operation, number = change.pop("operation"), change.pop("change")
            assert told[number] == (OPERATIONS[operation], operation != "delete", change)
    words = [os.environ["ROWGEN"], "verify", path.name]
    verified = subprocess.run(words, cwd=rowgen.folder, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout + verified.stderr
