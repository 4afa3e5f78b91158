"""What goes wrong on a real broker: nothing is lost without a word, nothing comes twice, and each is said clearly."""

import json
import os
import re
import time

import pytest
from rowgen import user
from test_sending import PRODUCERS, users

ROWS = 400_000


def each_once(broker, topic, rows):
    seen = bytearray(rows + 1)
    for message in broker.read(topic):
        row = json.loads(message.value())
        assert row == user(row["id"])
        seen[row["id"]] += 1
    lost = [number for number in range(1, rows + 1) if not seen[number]]
    twice = [number for number in range(1, rows + 1) if seen[number] > 1]
    assert (len(lost), len(twice)) == (0, 0), (lost[:5], twice[:5])


@pytest.mark.parametrize("producer", PRODUCERS)
def test_a_broker_killed_and_restarted_loses_and_doubles_nothing(broker, rowgen, topic, producer):
    name = topic(5)
    sinks = [rowgen.kafka("users", name, key="id", producer=producer)]
    process = rowgen.start(rowgen.write(users(ROWS), sinks), "--rate", "60_000/s")
    broker.until(lambda: broker.count(name) > ROWS // 10)
    broker.kill()
    time.sleep(1)
    there = process.poll()
    broker.restart()
    outcome = rowgen.finish(process)
    assert there is None, "the run was over before the broker came back"
    assert outcome.report["sinks"][0]["rows"] == ROWS
    each_once(broker, name, ROWS)


@pytest.mark.parametrize("producer", PRODUCERS)
def test_a_broker_away_for_good_fails_its_sink_alone(broker, rowgen, topic, producer):
    name = topic(5)
    sinks = [
        rowgen.kafka("users", name, name="messages", key="id", producer=producer, delivery_timeout="4s"),
        {"file": {"name": "lines", "table": "users", "path": "users.jsonl"}},
    ]
    process = rowgen.start(rowgen.write(users(ROWS), sinks), "--rate", "60_000/s")
    try:
        broker.until(lambda: broker.count(name) > ROWS // 10)
        broker.kill()
        outcome = rowgen.finish(process, code=2)
    finally:
        broker.restart()
    messages, lines = outcome.sink("messages"), outcome.sink("lines")
    assert lines["rows"] == ROWS and lines["error"] is None
    with open(rowgen.folder / "users.jsonl") as file:
        assert sum(1 for _ in file) == ROWS
    said = re.search(rf"(\d+) of (\d+) messages sent to topic `{name}` were not acknowledged", messages["error"])
    assert said, messages["error"]
    missing, sent = map(int, said.groups())
    assert 0 < missing and messages["rows"] == sent - missing
    # What was acknowledged is there, though the broker was killed.
    there = {json.loads(message.value())["id"] for message in broker.read(name)}
    assert messages["rows"] <= len(there) <= sent
    assert said.group(0) in outcome.said


def test_a_topic_that_is_not_there_is_said_before_the_first_row(broker, rowgen, new_topic):
    name = new_topic()
    yaml = f"""version: 1
tables:
  t: {{ rows: 10, columns: {{ id: sequence }} }}
sinks:
  - file: {{ path: t.csv }}
  - kafka: {{ name: messages, brokers: "{broker.address}", topic: {name} }}
"""
    outcome = rowgen.run(yaml, code=2)
    place = yaml.splitlines()[5]
    at = place.index(name)
    assert outcome.said == f"""error: could not open sink `messages`
 --> pipeline.yaml:6:{at + 1}
  |
6 | {place}
  | {" " * at}{"^" * len(name)}
  caused by: topic `{name}` does not exist
  hint: add `create_topic: {{ partitions: … }}`, or make it with Kafka's own tools
"""
    assert not (rowgen.folder / "t.csv").exists() and name not in broker.topics()


def test_a_topic_with_other_partitions_than_asked_is_refused(broker, rowgen, topic):
    name = topic(3)
    sinks = [rowgen.kafka("users", name, create_topic={"partitions": 20})]
    outcome = rowgen.run(users(10), sinks, code=2)
    assert f"topic `{name}` has 3 partitions, not 20" in outcome.said
    assert "change `create_topic`, or leave it out to take the topic as it is" in outcome.said


@pytest.mark.parametrize("producer", PRODUCERS)
def test_a_message_that_is_too_large_is_said_with_its_row(broker, rowgen, topic, producer):
    name = topic(1, **{"max.message.bytes": 3000})
    outcome = rowgen.run(*with_a_large_row(rowgen, name, producer), code=2)
    assert re.search(
        r"the message of row 76 has 50\d\d bytes, at most \d+ are taken\n"
        r".*hint: raise `batch_bytes` and the topic's `max.message.bytes`, or set `on_bad_row`\n",
        outcome.said, re.S,
    ), outcome.said  # fmt: skip


@pytest.mark.parametrize("producer", PRODUCERS)
def test_messages_that_are_too_large_can_be_left_out(broker, rowgen, topic, producer):
    name = topic(1, **{"max.message.bytes": 3000})
    outcome = rowgen.run(*with_a_large_row(rowgen, name, producer, on_bad_row={"dead_letter": "dead.jsonl"}), code=3)
    dead = [json.loads(line) for line in (rowgen.folder / "dead.jsonl").open()]
    assert [(its["table"], its["row"]) for its in dead] == [("users", 76)]
    assert {json.loads(message.value())["id"] for message in broker.read(name)} == set(range(1, 1001)) - {77}
    assert "1" in outcome.said


def with_a_large_row(rowgen, topic, producer, **options):
    """A thousand rows, of which number 77 makes a message of 5 000 bytes."""
    columns = {
        "big": {"constant": "x" * 5000, "hidden": True},
        "text": {"expr": "case id when 77 then big else 'short' end"},
    }
    sink = rowgen.kafka("users", topic, columns=["id", "text"], producer=producer, **options)
    return users(1000, **columns), [sink]


def login(rowgen, topic, mechanism, password):
    sasl = {"mechanism": mechanism, "username": os.environ["KAFKA_USER"], "password": password}
    sink = rowgen.kafka("users", topic, name="messages", sasl=sasl)
    sink["kafka"]["brokers"] = os.environ["KAFKA_SASL_BROKERS"]
    return users(1000), [sink]


@pytest.mark.parametrize("mechanism", ["plain", "scram_sha_256", "scram_sha_512"])
def test_who_logs_in_may_send_and_nobody_else(broker, rowgen, topic, mechanism):
    name = topic(2)
    rowgen.run(*login(rowgen, name, mechanism, os.environ["KAFKA_PASSWORD"]))
    assert broker.count(name) == 1000
    outcome = rowgen.run(*login(rowgen, name, mechanism, "not-the-password"), code=2)
    assert outcome.said.startswith("error: could not open sink `messages`\n"), outcome.said
    assert f"caused by: was not let in by Kafka at `{os.environ['KAFKA_SASL_BROKERS']}`\n" in outcome.said
    assert "hint: check `sasl:` and `tls:`\n" in outcome.said
    assert "not-the-password" not in outcome.said
    assert broker.count(name) == 1000


@pytest.mark.parametrize("producer", PRODUCERS)
def test_a_broker_that_answers_nobody_stalls_its_sink_alone(broker, rowgen, topic, producer):
    name = topic(5)
    sinks = [
        rowgen.kafka("users", name, name="messages", key="id", producer=producer),
        {"file": {"name": "lines", "table": "users", "path": "users.jsonl"}},
    ]
    # Endless for the broker's sink: more bytes than may be under way.
    rows = 3_000_000
    process = rowgen.start(rowgen.write(users(rows), sinks), "--rate", "300_000/s", "--stall-timeout", "4s")
    broker.until(lambda: broker.count(name) > 10_000)
    with broker.paused():
        outcome = rowgen.finish(process, code=2)
    assert outcome.sink("lines")["rows"] == rows
    assert "it took nothing for too long and was released" in outcome.sink("messages")["error"], outcome.said
    assert outcome.sink("messages")["rows"] <= broker.count(name)


def test_a_full_queue_waits(broker, rowgen, topic):
    name = topic(5)
    few = {"queue.buffering.max.messages": "1000"}
    rowgen.run(users(50_000), [rowgen.kafka("users", name, producer="librdkafka", properties=few)])
    each_once(broker, name, 50_000)


def test_nobody_listening_is_said_with_the_address(rowgen):
    yaml = """version: 1
tables:
  t: { rows: 10, columns: { id: sequence } }
sinks:
  - kafka: { name: messages, brokers: "127.0.0.1:9", topic: t }
"""
    outcome = rowgen.run(yaml, code=2)
    lines = outcome.said.splitlines()
    assert lines[0] == "error: could not open sink `messages`"
    assert lines[-3] == "  caused by: could not reach Kafka at `127.0.0.1:9`"
    assert "Connection refused" in lines[-2]
    assert lines[-1] == "  hint: is it running, and is `brokers` its address?"


def test_a_broker_that_does_not_answer_is_waited_for_no_longer_than_messages_are(broker, rowgen, topic):
    name = topic(2)
    path = rowgen.write(users(50), [rowgen.kafka("users", name, producer="native", delivery_timeout="3s")])
    broker.recovered()
    process = rowgen.start(path, "--rate", "10/s")
    broker.until(lambda: broker.count(name) > 0)
    with broker.paused():
        began = time.monotonic()
        outcome = rowgen.finish(process, code=2)
        took = time.monotonic() - began
    said = "  caused by: not delivered within 3.00 s\n  caused by: the broker did not answer within 3.00 s"
    assert outcome.sink("kafka-1")["error"].endswith(said)
    assert took < 20, took
