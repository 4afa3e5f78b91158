"""What rowgen reads: every message that holds a row becomes one, every other one is listed, and a kill loses nothing."""

import collections
import io
import json
import os
import random
import signal

import fastavro
import pyarrow.dataset
import pytest
from broker import registry
from confluent_kafka import Producer
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from rowgen import user

PARTITIONS = 8
SCHEMA = {
    "type": "record",
    "name": "User",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "nome_utente", "type": ["null", "string"]},
        {"name": "email", "type": "string"},
    ],
}
PARSED = fastavro.parse_schema(SCHEMA)
TYPES = {"id": "int64", "nome_utente": "utf8", "email": "utf8"}
VALID = 1_000_000
CORRUPT = 10_000


def as_json(row):
    return json.dumps(row, separators=(",", ":")).encode()


def as_avro(row):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, PARSED, row)
    return out.getvalue()


# What a message can suffer; each makes bytes that are no row whatever the row was.
WRONG_JSON = {
    "truncated": lambda whole, draw: whole[: draw.randrange(1, len(whole))],
    "trailing": lambda whole, draw: whole + draw.choice([b"x", b"}", b"]", b"1", b',"a":1']),
    "wrong type": lambda whole, draw: whole.replace(b'"id":', b'"id":["x"],"was":'),
    "two objects": lambda whole, draw: whole + draw.choice([b"", b"\n", b" "]) + whole,
    "empty": lambda whole, draw: draw.choice([b"", b" ", b"\n"]),
}
WRONG_AVRO = {
    "truncated": lambda whole, draw: whole[: draw.randrange(1, len(whole))],
    "trailing": lambda whole, draw: whole + bytes(draw.randrange(256) for _ in range(draw.randrange(1, 9))),
    # The union's branch after the id is 5 and 0 where there are two and none is a text.
    "wrong type": lambda whole, draw: as_avro({"id": 1, "nome_utente": None, "email": ""})[:1] + b"\x0a" + whole,
    "two objects": lambda whole, draw: whole + whole,
    "empty": lambda whole, draw: b"",
}


def messages(encode, wrong, draw):
    """All valid and all corrupt ones, mixed: the bytes, and the id of what is valid."""
    kinds = list(wrong)
    fate = [None] * VALID + [kinds[number % len(kinds)] for number in range(CORRUPT)]
    draw.shuffle(fate)
    number = 0
    for kind in fate:
        if kind is None:
            number += 1
            yield encode(user(number)), number
        else:
            yield wrong[kind](encode(user(draw.randrange(1, 2_000_000))), draw), None


def fill(broker, topic, made):
    """Sends the messages, and gives where the corrupt ones are."""
    payloads = []
    ids = []
    for place, (value, number) in enumerate(made):
        payloads.append({"value": value, "partition": place % PARTITIONS})
        ids.append(number)
    broker.send(topic, payloads)
    # Each partition has its messages in the order in which they were sent.
    return {
        (place % PARTITIONS, place // PARTITIONS): payloads[place]["value"]
        for place, number in enumerate(ids)
        if number is None
    }


def landed(folder, name):
    """The Parquet files of a folder as columns."""
    return pyarrow.dataset.dataset(folder / name, format="parquet").to_table()


FORMATS = {
    "json": ("json", as_json, WRONG_JSON),
    "avro": ({"avro": {"framing": "datum", "schema_file": "user.avsc"}}, as_avro, WRONG_AVRO),
}


@pytest.mark.parametrize("fmt", FORMATS)
def test_valid_messages_land_and_corrupt_ones_are_listed(broker, rowgen, topic, fmt):
    name = topic(PARTITIONS)
    (rowgen.folder / "user.avsc").write_text(json.dumps(SCHEMA))
    options, encode, wrong = FORMATS[fmt]
    corrupt = fill(broker, name, messages(encode, wrong, random.Random(5)))
    assert len(corrupt) == CORRUPT
    source = rowgen.from_kafka(name, name, format=options, consumers=2, on_bad_row={"dead_letter": "dead.jsonl"})
    sinks = [{"file": {"table": "users", "path": "landed", "format": "parquet"}}]
    types = {} if fmt == "avro" else {"types": TYPES}
    outcome = rowgen.run({"users": {"from": source} | types}, sinks, code=3)
    letters = [json.loads(line) for line in (rowgen.folder / "dead.jsonl").open()]
    listed = {(letter["partition"], letter["offset"]): letter for letter in letters}
    assert len(letters) == len(listed), "a message was listed twice"
    unlisted, surplus = set(corrupt) - set(listed), set(listed) - set(corrupt)
    assert not unlisted and not surplus, (
        [corrupt[place] for place in list(unlisted)[:5]],
        [listed[place] for place in list(surplus)[:5]],
    )
    assert all(letter["topic"] == name and letter["reason"] for letter in letters)
    rows = landed(rowgen.folder, "landed")
    assert rows.num_rows == VALID
    by_id = rows.sort_by("id")
    assert by_id["id"].to_pylist() == list(range(1, VALID + 1))
    assert by_id["email"].to_pylist() == [user(number)["email"] for number in range(1, VALID + 1)]
    assert by_id["nome_utente"].to_pylist() == [user(number)["nome_utente"] for number in range(1, VALID + 1)]
    assert outcome.report["sinks"][0]["rows"] == VALID
    assert sum(broker.committed(name, name).values()) == VALID + CORRUPT


def test_corrupt_messages_can_go_to_a_topic_as_they_were(broker, rowgen, topic):
    name, dead = topic(2), topic(1)
    broker.send(name, [{"value": as_json(user(1)), "key": b"a"}, {"value": b"{", "key": b"b"}, {"value": b"", "key": b"c"}])
    source = rowgen.from_kafka(name, name, on_bad_row={"dead_letter": {"topic": dead}})
    rowgen.run({"users": {"from": source, "types": TYPES}}, [{"file": {"table": "users", "path": "a.jsonl"}}], code=3)
    kept = sorted(((m.key(), m.value() or b"", dict(m.headers())) for m in broker.read(dead)), key=lambda its: its[0])
    assert [(key, value) for key, value, _ in kept] == [(b"b", b"{"), (b"c", b"")]
    assert all(headers["topic"].decode() == name and headers["reason"] for _, _, headers in kept)
    assert all({"partition", "offset"} <= set(headers) for _, _, headers in kept)


def test_a_topic_that_takes_no_dead_letters_ends_the_run(broker, rowgen, topic, new_topic):
    name, small, missing = topic(1), topic(1, **{"max.message.bytes": 1000}), new_topic()
    broker.send(name, [as_json(user(1)), b"x" * 5000, as_json(user(2))])
    sinks = [{"file": {"table": "users", "path": "a.jsonl", "if_exists": "replace"}}]
    for dead, said in [
        (
            small,
            f"error: could not write dead letters to topic `{small}`\n"
            "  caused by: MessageSizeTooLarge (Broker: Message size too large)\n"
            "  hint: raise `max.message.bytes` of that topic to that of the source\n",
        ),
        (
            missing,
            f"caused by: Kafka at `{broker.address}` has no topic `{missing}`\n"
            "  hint: a source creates none for its dead letters\n",
        ),
    ]:
        source = rowgen.from_kafka(name, name, on_bad_row={"dead_letter": {"topic": dead}})
        outcome = rowgen.run({"users": {"from": source, "types": TYPES}}, sinks, code=2)
        assert said in outcome.said
        assert broker.committed(name, name) == {0: 0}


def test_an_avro_value_that_is_not_of_its_type_makes_a_bad_message(broker, rowgen, topic):
    name = topic(1)
    (rowgen.folder / "user.avsc").write_text(json.dumps(SCHEMA))
    broker.send(name, [as_avro(user(1)), b"", as_avro(user(2) | {"id": 3_000_000_000}), as_avro(user(3))])
    options = {"format": FORMATS["avro"][0], "on_bad_row": {"dead_letter": "dead.jsonl"}}
    tables = {"users": {"from": rowgen.from_kafka(name, name, **options), "types": {"id": "int32"}}}
    rowgen.run(tables, [{"file": {"table": "users", "path": "a.jsonl"}}], code=3)
    assert [json.loads(line)["id"] for line in (rowgen.folder / "a.jsonl").open()] == [1, 3]
    letters = [json.loads(line) for line in (rowgen.folder / "dead.jsonl").open()]
    assert [(letter["offset"], letter["reason"]) for letter in letters] == [
        (1, "expected an Avro datum, found nothing"),
        (2, "column `id`: 3000000000 cannot be read as int32"),
    ]


def test_the_first_corrupt_message_stops_the_run_unless_told_otherwise(broker, rowgen, topic):
    name = topic(1)
    broker.send(name, [as_json(user(1)), b'{"id":2', as_json(user(3))])
    tables = {"users": {"from": rowgen.from_kafka(name, name), "types": TYPES}}
    sinks = [{"file": {"table": "users", "path": "a.jsonl", "if_exists": "replace"}}]
    outcome = rowgen.run(tables, sinks, code=2)
    assert f"topic `{name}`, partition 0, offset 1" in outcome.said
    assert broker.committed(name, name) == {0: 0}
    tables["users"]["from"]["kafka"]["on_bad_row"] = "skip"
    rowgen.run(tables, sinks, code=3)
    assert [json.loads(line)["id"] for line in (rowgen.folder / "a.jsonl").open()] == [1, 3]


def test_avro_of_a_registry_is_read(broker, rowgen, topic):
    name, url = topic(4), os.environ["SCHEMA_REGISTRY_URL"]
    serialize, context = AvroSerializer(registry(), json.dumps(SCHEMA)), SerializationContext(name, MessageField.VALUE)  # fmt: skip
    broker.send(name, [serialize(user(number), context) for number in range(1, 20_001)])
    source = rowgen.from_kafka(name, name, format={"avro": {"framing": "confluent", "registry": {"url": url}}})
    rowgen.run({"users": {"from": source}}, [{"file": {"table": "users", "path": "landed", "format": "parquet"}}])
    rows = landed(rowgen.folder, "landed").sort_by("id")
    assert rows.to_pylist() == [user(number) for number in range(1, 20_001)]


def test_a_run_goes_on_where_the_last_one_ended(broker, rowgen, topic):
    name = topic(3)
    tables = {"users": {"from": rowgen.from_kafka(name, name, until=700), "types": TYPES}}
    seen = []
    broker.send(name, [as_json(user(number)) for number in range(1, 1001)])
    for until in [700, "end", "end"]:
        tables["users"]["from"]["kafka"]["until"] = until
        rowgen.run(tables, [{"file": {"table": "users", "path": "a.jsonl", "if_exists": "replace"}}])
        seen.append([json.loads(line)["id"] for line in (rowgen.folder / "a.jsonl").open()])
    assert [len(ids) for ids in seen] == [700, 300, 0]
    assert sorted(seen[0] + seen[1]) == list(range(1, 1001))


def test_a_killed_run_begun_again_misses_nothing(broker, rowgen, topic):
    name, rows = topic(PARTITIONS), 600_000
    every = 1000  # message is corrupt
    broken = lambda number: number % every == 0
    broker.send(name, [b"{" if broken(n) else as_json(user(n)) for n in range(1, rows + 1)])
    sinks = [{"file": {"table": "users", "path": "landed", "roll": "1s", "format": "parquet"}}]
    source = rowgen.from_kafka(name, name, consumers=2, on_bad_row={"dead_letter": "dead.jsonl"})
    path = rowgen.write({"users": {"from": source, "types": TYPES}}, sinks)
    killed = rowgen.folder / "first"
    process = rowgen.start(path, "--out", killed, "--rate", "100_000/s")
    broker.until(lambda: sum(broker.committed(name, name).values()) > rows // 10)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    committed = broker.committed(name, name)
    assert 0 < sum(committed.values()) < rows, "killed too late"
    # The group still counts on the one that was killed, until its session is over.
    again = rowgen.folder / "second"
    rowgen.finish(rowgen.start(path, "--out", again), code=3)
    first, second = (collections.Counter(landed(folder, "landed")["id"].to_pylist()) for folder in [killed, again])
    assert set(first) | set(second) == {number for number in range(1, rows + 1) if not broken(number)}
    # What was told to the brokers was safe, so the second run began there and had each message once.
    assert sum(second.values()) == len(second) < rows and max(first.values()) == 1
    dead = [json.loads(line) for folder in [killed, again] for line in (folder / "dead.jsonl").open()]
    assert len({(letter["partition"], letter["offset"]) for letter in dead}) == rows // every
    assert sum(broker.committed(name, name).values()) == rows


def test_a_second_process_of_a_group_takes_its_share_and_nothing_is_missing(broker, rowgen, topic):
    name, rows = topic(PARTITIONS), 600_000
    broker.send(name, [as_json(user(number)) for number in range(1, rows + 1)])
    sinks = [{"file": {"table": "users", "path": "landed", "roll": "1s", "format": "parquet"}}]
    path = rowgen.write({"users": {"from": rowgen.from_kafka(name, name), "types": TYPES}}, sinks)
    folders = [rowgen.folder / "first", rowgen.folder / "second"]
    first = rowgen.start(path, "--out", folders[0], "--rate", "50_000/s")
    broker.until(lambda: sum(broker.committed(name, name).values()) > rows // 10)
    second = rowgen.start(path, "--out", folders[1], "--rate", "50_000/s")
    rowgen.finish(second)
    rowgen.finish(first)
    shares = [set(landed(folder, "landed")["id"].to_pylist()) for folder in folders]
    assert shares[0] | shares[1] == set(range(1, rows + 1))
    assert min(map(len, shares)) > rows // 10, "one process had nearly nothing to do"
    assert sum(broker.committed(name, name).values()) == rows


def test_two_processes_of_a_group_both_end_behind_a_transaction(broker, rowgen, topic):
    name, rows = topic(2), 60_000
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": name})
    producer.init_transactions(30)
    producer.begin_transaction()
    for number in range(rows):
        producer.produce(name, as_json(user(number + 1)), partition=number % 2)
    producer.commit_transaction(30)
    sinks = [{"file": {"table": "users", "path": "landed", "roll": "1s", "format": "parquet"}}]
    path = rowgen.write({"users": {"from": rowgen.from_kafka(name, name), "types": TYPES}}, sinks)
    folders = [rowgen.folder / "first", rowgen.folder / "second"]
    runs = [rowgen.start(path, "--out", folder, "--rate", "15_000/s") for folder in folders]
    for run in runs:
        rowgen.finish(run, timeout=60)
    landed_ids = [set(landed(folder, "landed")["id"].to_pylist()) for folder in folders if any((folder / "landed").glob("*"))]
    assert set().union(*landed_ids) == set(range(1, rows + 1))
    # What ends the transaction is an offset, too.
    assert broker.committed(name, name) == {number: high for number, (_, high) in broker.ends(name).items()}
