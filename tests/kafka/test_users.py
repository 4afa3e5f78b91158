"""One read of a million users: a JSON array, an Avro file, JSON messages and Avro messages, all at once."""

import json
import uuid

import fastavro
import pytest
from rowgen import PIPELINES, Rowgen, user
from test_sending import datum, java_partition

ROWS = 1_000_000
PARTITIONS = 20
AVRO = {
    "type": "record",
    "name": "User",
    "fields": [
        {"name": "ID", "type": "int"},
        {"name": "NomeUtente", "type": "string"},
        {"name": "Email", "type": "string"},
    ],
}


@pytest.fixture(scope="module")
def sent(broker, tmp_path_factory):
    """What pipelines/users.yaml made of what pipelines/users_csv.yaml made, and its two topics."""
    rowgen = Rowgen(tmp_path_factory.mktemp("users"), broker.address)
    rowgen.finish(rowgen.start(PIPELINES / "users_csv.yaml", rows=ROWS))
    topics = {fmt: f"users-{fmt}-{broker.nonce()}" for fmt in ["json", "avro"]}
    params = {"users": rowgen.folder / "out" / "users_million.csv", "topic": topics["json"], "avro_topic": topics["avro"]}
    outcome = rowgen.finish(rowgen.start(PIPELINES / "users.yaml", partitions=PARTITIONS, **params))
    yield outcome, topics
    broker.delete(topics.values())


def test_every_sink_has_every_row(sent, broker):
    outcome, topics = sent
    assert {sink["name"]: sink["rows"] for sink in outcome.report["sinks"]} == dict.fromkeys(
        ["json", "avro", "kafka_json", "kafka_avro"], ROWS
    )
    assert all(sink["errors"] == 0 for sink in outcome.report["sinks"])
    assert {topic: broker.count(topic) for topic in topics.values()} == dict.fromkeys(topics.values(), ROWS)


def test_the_files_hold_every_user_in_order(sent):
    outcome, _ = sent
    with open(outcome.folder / "out" / "users.json") as file:
        assert all(row == user(number) for number, row in enumerate(json.load(file), 1))
    with open(outcome.folder / "out" / "users.avro", "rb") as file:
        number = 0
        for number, row in enumerate(fastavro.reader(file), 1):
            assert tuple(row.values()) == tuple(user(number).values())
        assert number == ROWS


def test_every_message_is_its_row_with_key_header_and_javas_partition(sent, broker):
    seen, runs = bytearray(ROWS + 1), set()
    for message in broker.read(sent[1]["json"]):
        key = message.key()
        text = key.decode()
        assert message.value() == (
            f'{{"id":{text},"nome_utente":"user{text}","email":"user{text}@example.com"}}'.encode()
        )
        assert message.partition() == java_partition(key, PARTITIONS)
        ((name, run),) = message.headers()
        runs.add((name, run))
        seen[int(text)] += 1
    assert seen[0] == 0 and seen.count(1) == ROWS, "not each row once"
    ((name, run),) = runs
    assert name == "correlation-id" and str(uuid.UUID(run.decode())) == run.decode()


def test_every_avro_message_is_its_row(sent, broker):
    schema, seen = fastavro.parse_schema(AVRO), bytearray(ROWS + 1)
    for message in broker.read(sent[1]["avro"]):
        row = datum(message.value(), schema)
        number = row["ID"]
        assert tuple(row.values()) == tuple(user(number).values()) and message.key() == b"%d" % number
        seen[number] += 1
    assert seen[0] == 0 and seen.count(1) == ROWS, "not each row once"


def test_json_and_avro_can_be_compared(sent):
    """The report has the time that each sink's encoding took."""
    outcome, _ = sent
    times = {name: outcome.sink(name)["encoding"] for name in ["kafka_json", "kafka_avro"]}
    assert all(0 < seconds < outcome.report["elapsed"] * outcome.report["threads"] for seconds in times.values()), times
