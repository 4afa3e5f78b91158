"""What a stream does to others and to its topic: groups, measuring, tombstones, failed sinks, how soon rows come."""

import json
import os
import subprocess
import time

from kafka import KafkaProducer
from rowgen import user
from test_reading import TYPES, as_json


def ids(path):
    return [json.loads(line)["id"] for line in path.open()]


def rows(path):
    return [json.loads(line) for line in path.open()]


def test_bench_moves_nothing(broker, rowgen, topic):
    name, other, dead = topic(3), topic(1), topic(1)
    broker.send(name, [as_json(user(number)) for number in range(1, 20_001)] + [b"{"])
    source = rowgen.from_kafka(name, name, until="forever", consumers=2, on_bad_row={"dead_letter": {"topic": dead}})
    sinks = [{"file": {"table": "users", "path": "landed", "format": "parquet"}}, rowgen.kafka("users", other, format="json")]
    path = rowgen.write({"users": {"from": source, "types": TYPES}}, sinks)
    ended = subprocess.run(
        [os.environ["ROWGEN"], "bench", path.name], cwd=rowgen.folder, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 3, ended.stderr
    assert f"users from kafka topic {name}" in ended.stdout and "20 000 rows" in ended.stdout, ended.stdout
    assert "sink kafka-2 (kafka): encoded and thrown away" in ended.stdout, ended.stdout
    assert broker.committed(name, name) == {0: 0, 1: 0, 2: 0}
    assert (broker.count(other), broker.count(dead)) == (0, 0)
    # The run has all of it.
    source["kafka"] |= {"until": "end"}
    rowgen.run({"users": {"from": source, "types": TYPES}}, sinks, code=3)
    assert (broker.count(other), broker.count(dead)) == (20_000, 1)


def test_a_table_beside_an_idle_stream_is_made_at_its_own_speed(rowgen, topic):
    source = rowgen.from_kafka(topic(1), "idle", until="forever")
    tables = {"users": {"from": source, "types": TYPES}, "numbers": {"rows": 0, "columns": {"id": "sequence"}}}
    sinks = [{"discard": {"table": "users", "name": "users"}}, {"discard": {"table": "numbers", "name": "numbers"}}]
    outcome = rowgen.run(tables, sinks, "--threads", "1", "--for", "3s")
    assert outcome.sink("numbers")["rows"] > 1_000_000


def test_each_pipeline_s_table_has_a_group_of_its_own(broker, rowgen, topic):
    name = topic(1)
    broker.send(name, [as_json(user(number)) for number in range(1, 101)])
    source = rowgen.from_kafka(name, "")
    del source["kafka"]["group"]
    for pipeline in ["one", "other"]:
        sinks = [{"file": {"table": "users", "path": f"{pipeline}.jsonl"}}]
        rowgen.finish(rowgen.start(rowgen.write({"users": {"from": source, "types": TYPES}}, sinks, pipeline)))
        assert len(ids(rowgen.folder / f"{pipeline}.jsonl")) == 100
        assert broker.committed(name, f"rowgen-{pipeline}-users") == {0: 100}


def test_tombstones_are_rows_or_are_passed_over(broker, rowgen, topic):
    name = topic(1)
    sent = [(b"1", b'{"id":1,"v":"a"}'), (b"1", None), (b"2", b'{"id":2,"v":"b"}'), (None, None)]
    broker.send(name, [{"key": key, "value": value} for key, value in sent])
    types = {"id": "int64", "v": "utf8", "k": "utf8"}
    metadata = {"metadata": {"key": "k", "offset": "o", "tombstone": "gone"}}
    expected = [
        {"id": 1, "v": "a", "o": 0, "k": "1", "gone": False},
        {"id": None, "v": None, "o": 1, "k": "1", "gone": True},
        {"id": 2, "v": "b", "o": 2, "k": "2", "gone": False},
        {"id": None, "v": None, "o": 3, "k": None, "gone": True},
    ]
    for said, kept in [(None, expected), ("rows", expected), ("skip", [expected[0], expected[2]])]:
        options = metadata | ({"tombstones": said} if said else {})
        source = rowgen.from_kafka(name, f"{name}-{said}", **options)
        sinks = [{"file": {"table": "t", "path": "t.jsonl", "if_exists": "replace"}}]
        rowgen.run({"t": {"from": source, "types": types}}, sinks)
        assert rows(rowgen.folder / "t.jsonl") == kept, said
        assert broker.committed(name, f"{name}-{said}") == {0: 4}


def test_keys_that_are_no_text_make_bad_messages(broker, rowgen, topic):
    name = topic(1)
    broker.send(name, [{"key": b"\xff", "value": as_json(user(1))}, {"key": "è".encode(), "value": as_json(user(2))}])
    source = rowgen.from_kafka(name, name, metadata={"key": "k"}, on_bad_row={"dead_letter": "dead.jsonl"})
    rowgen.run({"t": {"from": source, "types": TYPES | {"k": "utf8"}}}, [{"file": {"table": "t", "path": "t.jsonl"}}], code=3)
    assert [row["k"] for row in rows(rowgen.folder / "t.jsonl")] == ["è"]
    assert [letter["reason"] for letter in rows(rowgen.folder / "dead.jsonl")] == ["the key is not text in UTF-8"]


def test_behind_a_failed_sink_nothing_is_committed_and_the_log_says_so(broker, rowgen, topic):
    name, small = topic(1), topic(1, **{"max.message.bytes": 1000})
    broker.send(name, [as_json(user(number)) for number in range(1, 1001)])
    source = rowgen.from_kafka(name, name, until=3001)
    sinks = [rowgen.kafka("users", small, format="json", name="small", on_sink_failure="continue"), {"discard": {"table": "users", "name": "rest"}}]  # fmt: skip
    path = rowgen.write({"users": {"from": source, "types": TYPES}}, sinks)
    run = rowgen.start(path, "--log", "json")
    broker.until(lambda: broker.count(small) == 1000)
    broker.send(name, [as_json(user(0) | {"email": "x" * 5000})])
    broker.until(lambda: sum(broker.committed(name, name).values()) == 1000)
    broker.send(name, [as_json(user(number)) for number in range(1001, 3001)])
    outcome = rowgen.finish(run, code=2)
    assert broker.committed(name, name) == {0: 1000}
    events = [json.loads(line) for line in outcome.said.splitlines() if line.startswith("{")]
    # What is wrong with the row comes at the end, an error of the whole run.
    said = [event for event in events if event["level"] == "ERROR" and "sink" in event]
    assert [(event["sink"], event["table"], event["message"]) for event in said] == [
        ("small", "users", "a sink has failed: what it lacks stays uncommitted, and the next run reads that again")
    ]
    assert outcome.sink("rest")["rows"] == 3001
    # Whoever reads no log is told, too.
    lacks = "what it lacks stays uncommitted, and the next run reads that again"
    assert outcome.report["sources"][0]["warning"] == f"sink `small` has failed: {lacks}"


def test_messages_that_wait_are_told_by_partition(broker, rowgen, topic):
    name = topic(1)
    broker.send(name, [as_json(user(number)) for number in range(1, 1001)])
    for until, waiting in [(400, 600), (350, 250), ("end", 0)]:
        source = rowgen.from_kafka(name, name, until=until)
        outcome = rowgen.run({"users": {"from": source, "types": TYPES}}, [{"discard": {"table": "users"}}])
        assert outcome.report["sources"][0]["lag"] == {"0": waiting}
        assert (f"{waiting} rows wait to be read" in outcome.said) == (waiting > 0)


def test_a_message_is_in_the_next_topic_within_a_tenth_of_a_second(broker, rowgen, topic):
    name, copy = topic(1), topic(1)
    source = rowgen.from_kafka(name, name, until="forever", linger="5ms")
    run = rowgen.start(rowgen.write({"users": {"from": source, "types": TYPES}}, [rowgen.kafka("users", copy, format="json")]), "--for", "12s")  # fmt: skip
    for number in range(50):
        broker.send(name, [{"value": as_json(user(number)), "timestamp": int(time.time() * 1000)}], **{"linger.ms": 0})
        time.sleep(0.1)
    rowgen.finish(run)
    started = [message.timestamp()[1] for message in broker.read(name)]
    ended = [message.timestamp()[1] for message in broker.read(copy)]
    took = sorted(end - start for start, end in zip(started, ended, strict=True))
    assert took[len(took) // 2] < 100, took


def test_messages_without_a_time_have_none(broker, rowgen, topic):
    name = topic(1)
    producer = KafkaProducer(bootstrap_servers=broker.address)
    for number, moment in [(1, 1), (2, -1)]:
        producer.send(name, as_json(user(number)), timestamp_ms=moment)
    producer.close()
    source = rowgen.from_kafka(name, name, metadata={"timestamp": "at"})
    rowgen.run({"t": {"from": source, "types": TYPES}}, [{"file": {"table": "t", "path": "t.jsonl"}}])
    assert [row["at"] for row in rows(rowgen.folder / "t.jsonl")] == ["1970-01-01T00:00:00.001Z", None]
