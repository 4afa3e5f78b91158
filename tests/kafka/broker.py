"""The broker that `scripts/services` started, by way of confluent-kafka."""

import contextlib
import itertools
import os
import subprocess
import time
import uuid
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import SchemaRegistryClient
from kafka.admin import KafkaAdminClient

# What a broker says for a moment after it has started, or has made a topic.
NOT_YET = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}

SERVICES = Path(__file__).resolve().parents[2] / "scripts" / "services"


def registry():
    """A client of the registry; one whose answer does not come asks again, which it does not by itself."""
    return SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"], "timeout": 10})


class Broker:
    def __init__(self):
        self.address = os.environ["KAFKA_BROKERS"]
        self.numbers = itertools.count()

    @property
    def admin(self):
        """A new client each time: one that was there while the broker was not takes its time to come back."""
        return AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    def nonce(self):
        """Text that no earlier topic or group has in its name."""
        return f"{os.getpid()}-{next(self.numbers)}"

    def create(self, name, partitions=1, config=None):
        topic = NewTopic(name, partitions, 1, config={key: str(value) for key, value in (config or {}).items()})
        admin = self.admin
        admin.create_topics([topic])[name].result(30)
        self.until(lambda: len(getattr(self.topics().get(name), "partitions", ())) == partitions)

    def delete(self, names):
        admin = self.admin
        for outcome in admin.delete_topics(list(names)).values() if names else []:
            outcome.exception(30)

    @staticmethod
    def until(holds, seconds=30):
        """Waits until something holds: a broker answers before it has told itself everything."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.05)

    def topics(self):
        return self.admin.list_topics(timeout=10).topics

    def send(self, topic, payloads, **more):
        """Sends payloads (or keyword arguments of `produce`), and waits until all are acknowledged."""
        failed = []
        report = lambda error, _: failed.append(error) if error else None
        producer = Producer({"bootstrap.servers": self.address, "linger.ms": 20, "queue.buffering.max.messages": 2_000_000, **more})
        for payload in payloads:
            words = payload if isinstance(payload, dict) else {"value": payload}
            producer.produce(topic, on_delivery=report, **words)
            producer.poll(0)
        assert producer.flush(60) == 0 and not failed, failed[:3]

    def ends(self, topic):
        """First and last offset of every partition."""
        consumer = self.consumer()
        try:
            return {
                number: self.watermarks(consumer, TopicPartition(topic, number))
                for number in self.topics()[topic].partitions
            }
        finally:
            consumer.close()

    @staticmethod
    def watermarks(consumer, partition, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            try:
                return consumer.get_watermark_offsets(partition, timeout=10)
            except KafkaException as error:
                if error.args[0].code() not in NOT_YET or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def count(self, topic):
        return sum(high - low for low, high in self.ends(topic).values())

    def stored(self, topic):
        """How many bytes the topic's records have on the broker's disk."""
        client = KafkaAdminClient(bootstrap_servers=self.address)
        try:
            (broker,) = client.describe_log_dirs()
        finally:
            client.close()
        topics = [its for folder in broker["log_dirs"] for its in folder["topics"] if its["name"] == topic]
        return sum(partition["partition_size"] for its in topics for partition in its["partitions"])

    def consumer(self, **more):
        settings = {
            "bootstrap.servers": self.address,
            "group.id": f"tests-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 0,
            "check.crcs": True,  # every batch's checksum
            "enable.partition.eof": False,
            **more,
        }
        return Consumer(settings)

    def read(self, topic, seconds=120):
        """Every message that the topic has now, partition by partition in order of arrival, checksums checked."""
        ends = {number: high for number, (low, high) in self.ends(topic).items() if low < high}
        consumer, deadline = self.consumer(), time.monotonic() + seconds
        consumer.assign([TopicPartition(topic, number, 0) for number in ends])
        try:
            while ends:
                assert time.monotonic() < deadline, f"{topic}: not read within {seconds} s, left: {ends}"
                for message in consumer.consume(20_000, 0.2):
                    assert message.error() is None, message.error()
                    yield message
                    if message.offset() + 1 >= ends.get(message.partition(), 0):
                        ends.pop(message.partition(), None)
        finally:
            consumer.close()

    def committed(self, topic, group):
        """The group's offset of every partition, 0 where it has none."""
        consumer = self.consumer(**{"group.id": group})
        try:
            places = [TopicPartition(topic, number) for number in self.topics()[topic].partitions]
            return {place.partition: max(place.offset, 0) for place in consumer.committed(places, timeout=10)}
        finally:
            consumer.close()

    @staticmethod
    def services(*words):
        subprocess.run([SERVICES, *words], check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def paused(self):
        """It answers nobody, though its connections stand."""
        self.services("pause", "kafka")
        try:
            yield
        finally:
            self.services("resume", "kafka")
            self.recovered()

    def kill(self):
        self.services("kill", "kafka")

    def restart(self):
        self.services("restart", "kafka")
        self.recovered()

    def recovered(self):
        """Waits until it leads its partitions again."""

        def leads():
            try:
                return [self.ends(name) for name in self.topics()]
            except KafkaException:
                return False

        self.until(leads)
