"""Encrypted connections: the broker proves who it is, and so does rowgen, whether it writes or reads."""

import json
import os
import shutil
from pathlib import Path

import pytest
from rowgen import user
from test_reading import TYPES
from test_sending import users

CERTIFICATES = {"ca": "broker.crt", "certificate": "client.crt", "key": "client.key"}


@pytest.fixture
def certified(rowgen):
    """rowgen with the certificates beside its pipeline, towards the listener that asks for one."""
    for name in CERTIFICATES.values():
        shutil.copy(Path(os.environ["KAFKA_TLS"]) / name, rowgen.folder)
    rowgen.address = os.environ["KAFKA_TLS_BROKERS"]
    return rowgen


def send(rowgen, topic, code=0, **tls):
    return rowgen.run(users(1000), [rowgen.kafka("users", topic, name="messages", tls=tls)], code=code)


def test_what_is_sent_over_tls_is_there_and_can_be_read_over_tls(broker, certified, topic):
    name = topic(2)
    send(certified, name, **CERTIFICATES)
    sent = [json.loads(message.value()) for message in broker.read(name)]
    assert sorted(row["id"] for row in sent) == list(range(1, 1001))
    source = certified.from_kafka(name, name, tls=CERTIFICATES)
    certified.run({"users": {"from": source, "types": TYPES}}, [{"file": {"table": "users", "path": "users.jsonl"}}])
    read = [json.loads(line) for line in (certified.folder / "users.jsonl").open()]
    assert sorted(read, key=lambda row: row["id"]) == [user(number) for number in range(1, 1001)]


def refused(certified, topic, cause, **tls):
    """What is said of it; nothing has come."""
    said = send(certified, topic, code=2, **tls).said
    assert said.startswith("error: could not open sink `messages`\n"), said
    assert cause in said, said
    return said


def test_a_broker_that_another_authority_vouches_for_is_refused(broker, certified, topic):
    name = topic(1)
    said = refused(certified, name, "certificate verify failed", **CERTIFICATES | {"ca": "client.crt"})
    assert f"caused by: was not let in by Kafka at `{certified.address}`\n" in said
    assert "hint: check `sasl:` and `tls:`\n" in said
    assert broker.count(name) == 0


def test_unless_nobody_has_to_vouch_for_it(broker, certified, topic):
    name = topic(1)
    send(certified, name, **CERTIFICATES | {"ca": "client.crt", "verify": False})
    assert broker.count(name) == 1000


def test_who_shows_no_certificate_is_not_let_in(broker, certified, topic):
    name = topic(1)
    refused(certified, name, f"Kafka at `{certified.address}`\n", ca="broker.crt")
    assert broker.count(name) == 0


def test_a_certificate_that_is_not_there_is_said(certified, topic):
    said = refused(certified, topic(1), "could not read the certificate `nothing.crt`\n", **CERTIFICATES | {"ca": "nothing.crt"})
    assert "caused by: No such file or directory" in said
    assert '"nothing.crt"' in said, "the line that names it"
