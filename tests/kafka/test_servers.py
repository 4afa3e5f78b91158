"""What the other tests rely on: the servers are there, and are as strict as these tests need them."""

import json
import os

import pytest
from broker import registry
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import Schema, SchemaRegistryError


def test_a_topic_is_there_only_when_asked_for(broker, topic):
    producer = Producer({"bootstrap.servers": broker.address, "topic.metadata.propagation.max.ms": 100})
    said = []
    producer.produce("nobody-made-it", b"x", on_delivery=lambda error, _: said.append(error.name()))
    producer.flush(10)
    assert said == ["UNKNOWN_TOPIC_OR_PART"]
    assert "nobody-made-it" not in broker.topics()
    asked_for = topic(3)
    assert len(broker.topics()[asked_for].partitions) == 3


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_one_listener_lets_in_only_those_who_log_in(mechanism):
    def topics(password):
        settings = {
            "bootstrap.servers": os.environ["KAFKA_SASL_BROKERS"],
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": mechanism,
            "sasl.username": os.environ["KAFKA_USER"],
            "sasl.password": password,
        }
        return AdminClient(settings, logger=Silent()).list_topics(timeout=5)

    assert topics(os.environ["KAFKA_PASSWORD"]).cluster_id
    with pytest.raises(KafkaException):
        topics("wrong")


def test_the_registry_keeps_schemas_and_refuses_incompatible_ones():
    client = registry()
    subject = "tests-servers-value"
    client.set_compatibility(subject, level="BACKWARD")
    number = client.register_schema(subject, schema_of("long"))
    assert client.register_schema(subject, schema_of("long")) == number
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema(subject, schema_of("string"))
    assert refused.value.http_status_code == 409


def schema_of(kind):
    fields = [{"name": "id", "type": kind}]
    return Schema(json.dumps({"type": "record", "name": "A", "fields": fields}), "AVRO")


class Silent:
    """A logger that says nothing of the log-ins that are meant to fail."""

    def log(self, *_):
        pass
