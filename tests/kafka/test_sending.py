"""What rowgen sends, read by confluent-kafka and fastavro: every client, codec, key, header and format."""

import io
import json
import os
import time
import uuid

import fastavro
import pytest
from broker import registry
from confluent_kafka import TIMESTAMP_CREATE_TIME
from confluent_kafka.admin import ConfigResource
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from kafka.partitioner import murmur2
from rowgen import USERS, user

PRODUCERS = ["native", "librdkafka"]
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# More than two batches of 16 384 rows.
ROWS = 40_000
SCHEMA = {
    "type": "record",
    "name": "User",
    "namespace": "com.example",
    "fields": [
        {"name": "ID", "type": "int"},
        {"name": "NomeUtente", "type": "string"},
        {"name": "Email", "type": ["string", "null"]},
    ],
}
CANONICAL = fastavro.schema.to_parsing_canonical_form(SCHEMA)
AVRO_COLUMNS = {"ID": "id", "NomeUtente": "nome_utente", "Email": "email"}


def users(rows=ROWS, **more):
    return {"users": {"rows": rows, "columns": USERS | more}}


def avro_users(rows=20_000):
    """With an id that is an int of Avro."""
    return users(rows, id={"type": "int32", "sequence": {"start": 1}})


def java_partition(key, partitions):
    return (murmur2(key) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize("acks", ["all", "1", "0"])
@pytest.mark.parametrize("producer", PRODUCERS)
def test_every_codec_brings_every_row(broker, rowgen, topic, producer, acks):
    topics = {codec: topic(3) for codec in CODECS}
    options = {"key": "id", "producer": producer, "acks": acks, "idempotence": acks == "all"}
    sinks = [rowgen.kafka("users", name, name=codec, compression=codec, **options) for codec, name in topics.items()]
    outcome = rowgen.run(users(), sinks)
    for codec, name in topics.items():
        # Without acknowledgements, messages may arrive after the run.
        broker.until(lambda name=name: broker.count(name) == ROWS)
        assert outcome.sink(codec)["rows"] == ROWS
        seen = []
        for message in broker.read(name):
            row = json.loads(message.value())
            assert message.key() == str(row["id"]).encode()
            assert message.partition() == java_partition(message.key(), 3)
            seen.append(row)
        assert sorted(seen, key=lambda row: row["id"]) == [user(number) for number in range(1, ROWS + 1)]
    sizes = {codec: broker.stored(name) for codec, name in topics.items()}
    assert all(sizes[codec] < 0.7 * sizes["none"] for codec in CODECS[1:]), sizes


@pytest.mark.parametrize("producer", PRODUCERS)
def test_rows_of_a_partition_keep_their_order(broker, rowgen, topic, producer):
    keyed, dealt, turned, chosen, by_crc = (topic(4) for _ in range(5))
    sinks = [
        rowgen.kafka("users", keyed, name="a", key="id", producer=producer),
        rowgen.kafka("users", dealt, name="b", producer=producer),
        rowgen.kafka("users", turned, name="c", producer=producer, partitioner="round_robin"),
        rowgen.kafka("users", chosen, name="d", producer=producer, partitioner={"column": "place"}, columns=list(USERS)),
        rowgen.kafka("users", by_crc, name="e", producer=producer, key="id", partitioner="crc32"),
    ]
    rowgen.run(users(place={"type": "int32", "expr": "id % 3"}), sinks)
    for name in [keyed, dealt, turned, chosen, by_crc]:
        ids = {}
        for message in broker.read(name):
            ids.setdefault(message.partition(), []).append(json.loads(message.value())["id"])
        assert all(its == sorted(its) for its in ids.values())
        assert sum(map(len, ids.values())) == ROWS
        if name == turned:
            assert all(len(its) == ROWS // 4 for its in ids.values()) and len(ids) == 4
        if name == chosen:
            assert {place: {number % 3 for number in its} for place, its in ids.items()} == {0: {0}, 1: {1}, 2: {2}}
        if name == by_crc:
            other = topic(4)
            broker.send(other, [{"value": b"%d" % n, "key": b"%d" % n} for n in range(1, 1001)], partitioner="consistent")
            theirs = {int(message.value()): message.partition() for message in broker.read(other)}
            own = {number: place for place, its in ids.items() for number in its}
            assert theirs == {number: own[number] for number in theirs}


@pytest.mark.parametrize("producer", PRODUCERS)
def test_headers_times_keys_and_tombstones(broker, rowgen, topic, producer):
    name = topic(2)
    columns = {
        "at": {"type": "timestamp(ms, UTC)", "event_time": {"start": "2026-01-15", "rate": "10/s"}},
        "code": {"choice": ["EUR", "USD"], "nulls": 0.3},
        "payload": {"template": "message of {id}", "nulls": 0.2},
    }
    headers = {"correlation-id": {"uuid": "run"}, "origin": "rowgen", "currency": {"column": "code"}}
    sink = rowgen.kafka("users", name, key={"column": "id", "format": "int64"}, headers=headers, timestamp="at",
                        format={"raw": {"column": "payload"}}, producer=producer)  # fmt: skip
    beside = {"file": {"table": "users", "path": "users.jsonl", "columns": ["id", "at", "code", "payload"]}}
    rowgen.run(users(**columns), [sink, beside])
    rows = {row["id"]: row for row in map(json.loads, (rowgen.folder / "users.jsonl").open())}
    runs, seen = set(), 0
    for message in broker.read(name):
        row = rows[int.from_bytes(message.key(), "big")]
        assert message.value() == (row["payload"].encode() if row["payload"] is not None else None)
        kind, millis = message.timestamp()
        assert kind == TIMESTAMP_CREATE_TIME
        assert millis == 1_768_435_200_000 + (row["id"] - 1) * 100, row
        its = dict(message.headers())
        runs.add(its.pop("correlation-id"))
        assert its == {"origin": b"rowgen"} | ({"currency": row["code"].encode()} if row["code"] else {})
        seen += 1
    assert seen == len(rows) == ROWS
    assert len(runs) == 1 and uuid.UUID(runs.pop().decode())


def times(broker, topic):
    """The times of the messages by id."""
    found = {}
    for message in broker.read(topic):
        kind, found[json.loads(message.value())["id"]] = message.timestamp()
        assert kind == TIMESTAMP_CREATE_TIME
    return found


@pytest.mark.parametrize("producer", PRODUCERS)
def test_messages_at_a_pace_have_the_times_of_their_sending(broker, rowgen, topic, producer):
    name = topic(1)
    began = time.time() * 1000
    rowgen.run(users(60), [rowgen.kafka("users", name, producer=producer)], "--rate", "50/s")
    ended = time.time() * 1000
    seen = [millis for _, millis in sorted(times(broker, name).items())]
    assert began <= seen[0] and seen[-1] <= ended and seen == sorted(seen)
    # One message is due every 20 ms; a busy machine sends some of them late and together.
    assert seen[-1] - seen[0] >= 59 * 20 - 500, seen
    assert len(set(seen)) > 10, seen


@pytest.mark.parametrize("producer", PRODUCERS)
@pytest.mark.parametrize("options", [[], ["--rate", "50/s"]], ids=["unpaced", "paced"])
def test_a_message_without_a_time_has_that_of_its_sending(broker, rowgen, topic, producer, options):
    name = topic(1)
    at = {"type": "timestamp(us, UTC)", "constant": "2026-01-01T00:00:00Z", "nulls": 0.5}
    sink = rowgen.kafka("users", name, timestamp="at", columns=["id"], producer=producer)
    beside = {"file": {"table": "users", "path": "users.jsonl", "columns": ["id", "at"]}}
    began = time.time() * 1000
    rowgen.run(users(60, at=at), [sink, beside], *options)
    ended = time.time() * 1000
    rows = list(map(json.loads, (rowgen.folder / "users.jsonl").open()))
    seen, last = times(broker, name), began - 1
    assert {row["at"] is None for row in rows} == {True, False}
    for row in rows:
        millis = seen[row["id"]]
        if row["at"] is not None:
            assert millis == 1_767_225_600_000
        else:
            assert last <= millis <= ended
            last = millis
    nulls = [seen[row["id"]] for row in rows if row["at"] is None]
    assert not options or max(nulls) - min(nulls) > 500


@pytest.mark.parametrize("producer, sent", [("native", {2: 0, 3: 1}), ("librdkafka", {3: 1})])
def test_times_are_rounded_down_and_those_that_cannot_be_sent_are_refused(broker, rowgen, topic, producer, sent):
    """Java's clients know no time before 1970; to librdkafka 0 is the present."""
    name = topic(1)
    at = {"type": "timestamp(us, UTC)", "event_time": {"start": "1969-12-31T23:59:59.9995Z", "rate": "1000/s"}}
    more = {"timestamp": "at", "columns": ["id"], "producer": producer}
    sink = rowgen.kafka("users", name, on_bad_row={"dead_letter": "dead.jsonl"}, **more)
    rowgen.run(users(3, at=at), [sink], code=3)
    assert times(broker, name) == sent
    dead = [json.loads(line) for line in (rowgen.folder / "dead.jsonl").open()]
    reasons = [
        "column `at` in row 0 is 1969-12-31T23:59:59.999Z, but Kafka has no times before 1970",
        "column `at` in row 1 is 1970-01-01T00:00:00.000Z, which librdkafka takes for the present",
    ]
    assert [(its["row"], its["reason"]) for its in dead] == list(enumerate(reasons))[: 3 - len(sent)]
    outcome = rowgen.run(users(3, at=at), [rowgen.kafka("users", name, **more)], code=2)
    hint = "  hint: leave `timestamp` out for the time of sending, or set `on_bad_row`"
    assert outcome.sink("kafka-1")["error"] == f"error: {reasons[0]}\n{hint}"


@pytest.mark.parametrize("producer", PRODUCERS)
@pytest.mark.parametrize("framing", ["datum", "single_object", "confluent"])
def test_avro_is_what_other_decoders_read(broker, rowgen, topic, producer, framing, tmp_path):
    name = topic(2)
    (tmp_path / "user.avsc").write_text(json.dumps(SCHEMA))
    avro = {"framing": framing, "schema_file": "user.avsc"}
    if framing == "confluent":
        avro["registry"] = {"url": os.environ["SCHEMA_REGISTRY_URL"]}
    rowgen.run(avro_users(), [rowgen.kafka("users", name, format={"avro": avro}, columns=AVRO_COLUMNS, producer=producer)])
    decode = {"datum": datum, "single_object": single_object, "confluent": confluent(name)}[framing]
    rows = sorted((decode(message.value()) for message in broker.read(name)), key=lambda row: row["ID"])
    expected = (user(number) for number in range(1, 20_001))
    assert rows == [{"ID": u["id"], "NomeUtente": u["nome_utente"], "Email": u["email"]} for u in expected]


def datum(value, schema=fastavro.parse_schema(SCHEMA)):
    stream = io.BytesIO(value)
    row = fastavro.schemaless_reader(stream, schema)
    assert stream.read() == b"", "bytes after the datum"
    return row


def single_object(value, hexadecimal=fastavro.schema.fingerprint(CANONICAL, "CRC-64-AVRO")):
    # What fastavro prints is the number as the specification stores it: the lowest byte first.
    assert value[:10] == b"\xc3\x01" + bytes.fromhex(hexadecimal)
    return datum(value[10:])


def confluent(topic):
    """Decodes with what the registry has; its schema must say what was asked for."""
    client = registry()
    decoder, context = AvroDeserializer(client), SerializationContext(topic, MessageField.VALUE)

    def decode(value):
        return decoder(value, context)

    return decode


def test_the_registry_holds_one_subject_for_each_topic(broker, rowgen, topic):
    name, url = topic(), os.environ["SCHEMA_REGISTRY_URL"]
    avro = {"name": "User", "namespace": "com.example", "registry": {"url": url}}
    sinks = [rowgen.kafka("users", name, format={"avro": avro}, columns=AVRO_COLUMNS)]
    rowgen.run(avro_users(10), sinks)
    rowgen.run(avro_users(10), sinks)
    client = registry()
    assert client.get_versions(f"{name}-value") == [1]
    schema = json.loads(client.get_latest_version(f"{name}-value").schema.schema_str)
    assert (schema["name"], schema["namespace"]) == ("User", "com.example")
    assert {message.value()[:5] for message in broker.read(name)} == {
        b"\0" + client.get_latest_version(f"{name}-value").schema_id.to_bytes(4, "big")
    }


@pytest.mark.parametrize("fmt, expected", [
    ("csv", b"1,user1,user1@example.com"),
    ({"csv": {"delimiter": "|"}}, b"1|user1|user1@example.com"),
    ({"template": {"text": "{id}: {email}"}}, b"1: user1@example.com"),
    ({"json": {"int64": "string"}}, b'{"id":"1","nome_utente":"user1","email":"user1@example.com"}'),
])  # fmt: skip
def test_formats_of_a_row(broker, rowgen, topic, fmt, expected):
    name = topic()
    rowgen.run(users(1), [rowgen.kafka("users", name, format=fmt)])
    assert [message.value() for message in broker.read(name)] == [expected]


@pytest.mark.parametrize("fmt, expected", [
    ({"column": "id", "format": "string"}, b"1"),
    ({"column": "small", "format": "int32"}, b"\0\0\0\1"),
    ({"column": "id", "format": "int64"}, b"\0\0\0\0\0\0\0\1"),
    ({"column": "email", "format": "json"}, b'"user1@example.com"'),
    ({"columns": ["id", "email"], "format": "json"}, b'{"id":1,"email":"user1@example.com"}'),
])  # fmt: skip
def test_formats_of_a_key(broker, rowgen, topic, fmt, expected):
    name = topic()
    small = {"type": "int32", "constant": 1}
    rowgen.run(users(1, small=small), [rowgen.kafka("users", name, key=fmt, columns=["id"])])
    assert [(message.key(), message.value()) for message in broker.read(name)] == [(expected, b'{"id":1}')]


def test_a_topic_is_made_as_asked(broker, rowgen, new_topic):
    name = new_topic()
    asked = {"partitions": 7, "replication": 1, "config": {"retention.ms": "-1", "cleanup.policy": "compact"}}
    sinks = [rowgen.kafka("users", name, key="id", create_topic=asked)]
    rowgen.run(users(1000), sinks)
    assert len(broker.topics()[name].partitions) == 7
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    admin = broker.admin
    config = admin.describe_configs([resource])[resource].result(10)
    assert (config["retention.ms"].value, config["cleanup.policy"].value) == ("-1", "compact")
    rowgen.run(users(1000), sinks)
    assert broker.count(name) == 2000


@pytest.mark.parametrize("producer", PRODUCERS)
def test_topics_made_just_now_have_every_row(broker, rowgen, new_topic, producer):
    """A partition has no leader yet when the first batches come."""
    rows, options = 100_000, {"key": "id", "producer": producer, "create_topic": {"partitions": 20}}
    for _ in range(5):
        names = [new_topic() for _ in range(4)]
        outcome = rowgen.run(users(rows), [rowgen.kafka("users", name, name=name, **options) for name in names])
        assert [sink["rows"] for sink in outcome.report["sinks"]] == [rows] * 4
        assert [broker.count(name) for name in names] == [rows] * 4
        ids = sorted(int(message.key()) for message in broker.read(names[0]))
        assert ids == list(range(1, rows + 1))
        broker.delete(names)


def test_the_same_run_sends_the_same_messages(broker, rowgen, topic):
    names = [topic(3), topic(3)]
    for name, threads in zip(names, [1, 4]):
        sink = rowgen.kafka("users", name, key="id", headers={"correlation-id": {"uuid": "run"}})
        rowgen.run(users(), [sink], "--threads", threads, "--run-date", "2026-01-15")
    first, second = (
        [(m.partition(), m.offset(), m.key(), m.value(), m.headers()) for m in sorted(broker.read(name), key=place)]
        for name in names
    )
    assert first == second


def place(message):
    return message.partition(), message.offset()
