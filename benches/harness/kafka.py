"""Kafka: rowgen and other clients send the same messages to one broker, and read the same topics from it."""

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from measure import Run, measure
from settings import PEERS, TOP, Settings, readable

SERVICES = TOP / "scripts" / "services"
PIPELINES = TOP / "benches" / "pipelines"
OUT = Settings.folder / "out"
REPORT = Settings.folder / "report.json"
PAYLOADS = Settings.folder / "payloads"
PARTITIONS = 20
DELETED = 1.5  # seconds after which the broker has removed a deleted topic's files
WARM_UP = 8_000_000
REQUESTS = 300_000  # of one message each, which a broker sees many of and these clients send few of
FIRST = 2  # messages of each partition before those that count
INDEXED = 8192  # their bytes: the next one is an entry of the index then
TOOLS = "org.apache.kafka.tools"
JAVA_TUNED = ["batch.size=262144", "linger.ms=5"]
JAVA_SMALL = ["batch.size=1", "linger.ms=0"]
# As far as librdkafka goes by settings alone.
RDKAFKA_TUNED = ["linger.ms=5", "batch.size=1000000", "batch.num.messages=100000", "queue.buffering.max.messages=1000000",
                 "queue.buffering.max.kbytes=1048576", "partitioner=murmur2_random"]  # fmt: skip


@dataclass
class Client:
    """What one tool is started with, and how clocks read: by what is timed, the messages and their seconds."""

    words: Callable[[str], list]  # of a topic
    clock: Callable[[str, float], dict]  # of what it said and the seconds of the whole process


@dataclass
class Work:
    name: str
    clients: dict[str, Client]
    bytes: int  # of all messages' values
    topic: str | None = None  # that all read; none: each sends to a new one


@contextlib.contextmanager
def servers(*names):
    """Servers of this benchmark's own."""
    # Not where files are written: below the home of root, which `target` may be, the accounts that servers
    # run under can enter nothing.
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ROWGEN_SERVERS"] = folder
        try:
            lines = subprocess.run([SERVICES, "start", *names], check=True, stdout=subprocess.PIPE, text=True).stdout
            os.environ.update(shlex.split(line)[1].split("=", 1) for line in lines.splitlines())
            yield
        finally:
            subprocess.run([SERVICES, "stop", *names], check=True)


def version():
    """The broker's, as its pom names it."""
    return re.search("<kafka.version>(.*)</", (TOP / "scripts/servers/maven/kafka.xml").read_text()).group(1)


class Topics:
    def __init__(self, brokers):
        from confluent_kafka import Consumer, Producer
        from confluent_kafka.admin import AdminClient

        settings = {"bootstrap.servers": brokers, "log_level": 0}
        self.admin = AdminClient(settings)
        self.consumer = Consumer({**settings, "group.id": "bench"})
        self.producer = Producer({**settings, "linger.ms": 0})

    def make(self, name):
        from confluent_kafka.admin import NewTopic

        self.admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(30)
        while len(getattr(self.admin.list_topics(timeout=10).topics.get(name), "partitions", ())) < PARTITIONS:
            time.sleep(0.05)

    def open(self, name):
        """A broker maps an index of 10 MiB with the first entry of each partition, which takes as long as many
        messages: that is over before anybody's clock starts."""
        for _ in range(FIRST):
            for partition in range(PARTITIONS):
                self.producer.produce(name, bytes(INDEXED), partition=partition)
            if self.producer.flush(30) > 0:
                sys.exit(f"bench: topic {name} takes no messages")

    def delete(self, name):
        self.admin.delete_topics([name])[name].result(30)
        time.sleep(DELETED)

    def count(self, name):
        """How many messages came after the first ones."""
        from confluent_kafka import TopicPartition

        ends = [self.consumer.get_watermark_offsets(TopicPartition(name, number)) for number in range(PARTITIONS)]
        return sum(high - low for low, high in ends) - FIRST * PARTITIONS


# --- the tools ---


def tool(name, *words):
    return [SERVICES, "tool", "kafka", f"{TOOLS}.{name}", *words]


def rowgen(pipeline, sink, *params, out=OUT):
    def words(topic):
        sets = [word for pair in [f"topic={topic}", *params] for word in ("--set", pair)]
        options = [*sets, "--sinks", sink, "--threads", Settings.threads, "--out", out, "--report", REPORT, "--quiet"]
        return [Settings.rowgen, "run", PIPELINES / f"{pipeline}.yaml", *options]

    return Client(words, report_said)


def report_said(_, wall):
    """The whole process, and what compares with a producer's own clock: its sink, from before it connects to the
    last acknowledgement."""
    (sink,) = json.loads(REPORT.read_text())["sinks"]
    clocks = {"": (Settings.messages, wall)}
    if sink["kind"] == "kafka":
        clocks[", sink"] = (Settings.messages, sink["busy"] + sink["waited"])
    return clocks


def generated(sink, *params, out=OUT):
    """All transactions within one day, as the other benchmarks have them."""
    day = [f"rows={Settings.messages}", f"bets_per_second={Settings.messages / 86_400:.6f}"]
    return rowgen("kafka_bench", sink, *day, *params, out=out)


def seconds_said(text, _):
    return {"": (Settings.messages, float(re.search(r"^seconds: (\S+)", text, re.M).group(1)))}


def perf_said(text, _):
    """Of all messages and, where some were a warm-up, of those after it."""
    sent = re.findall(r"^(\d+)( steady state)? records sent, (\S+) records/sec", text, re.M)
    return {", warm" if steady else "": (int(records), int(records) / float(rate)) for records, steady, rate in sent[-2:]}


def perf(data, properties, warm_up=0):
    """The broker's own tool; its warm-up comes on top of the messages that count."""

    def words(topic):
        return tool("ProducerPerformance", "--topic", topic, "--num-records", Settings.messages + warm_up,
                    "--throughput", -1, "--payload-file", PAYLOADS / f"{data}.jsonl",
                    *(["--warmup-records", warm_up] if warm_up else []),
                    "--command-property", *properties)  # fmt: skip

    return Client(words, perf_said)


def rdkafka(program, data, key, properties):
    brokers = f"bootstrap.servers={os.environ['KAFKA_BROKERS']}"
    words = lambda topic: [*program, topic, PAYLOADS / f"{data}.jsonl", key, brokers, *RDKAFKA_TUNED, *properties]
    return Client(words, seconds_said)


def consumer_said(text, _):
    """From joining the group to the last message."""
    *_, last = [line for line in text.splitlines() if re.match(r"\d{4}-", line)]
    return {"": (Settings.messages, Settings.messages / float(last.split(",")[5]))}


# --- the works ---


def sends(data, key, acks, compression):
    idempotence = "true" if acks == "all" else "false"
    common = [f"acks={acks}", f"enable.idempotence={idempotence}"]
    java, c = [*common, f"compression.type={compression}"], [*common, f"compression.codec={compression}"]
    own = [f"acks={acks}", f"idempotence={idempotence}", f"compression={compression}"]
    clients = {
        "rowgen": generated(data, "producer=native", *own),
        "rowgen librdkafka": generated(data, "producer=librdkafka", *own),
        **({"rowgen from CSV": from_csv(own)} if data == "users" else {}),
        "perf-test": perf(data, java),
        "perf-test tuned": perf(data, [*java, *JAVA_TUNED], Settings.messages),
        "BaseProducer": rdkafka([Settings.libraries, "kafka-send"], data, key, c),
        "confluent-kafka": rdkafka([sys.executable, PEERS / "kafka_confluent.py"], data, key, c),
    }
    return Work(f"{data} acks={acks} {compression}", clients, payload_bytes(data))


def from_csv(own):
    return rowgen("kafka_csv_bench", "users", f"payloads={PAYLOADS}", "producer=native", *own)


def reads(data, fmt):
    """A group of its own for each run, so that each begins with the first message."""
    topic = f"{data}-{fmt}"
    peer = tool("ConsumerPerformance", "--topic", topic, "--num-records", Settings.messages)
    group = lambda: f"group=bench-{time.monotonic_ns()}"
    own = lambda name: rowgen("kafka_read_bench", topic, group()).words(name)
    clients = {"rowgen": Client(own, report_said), "perf-test": Client(lambda _: peer, consumer_said)}
    return Work(f"read {data} {fmt}", clients, payload_bytes(data), topic)


def payload_bytes(data):
    return (PAYLOADS / f"{data}.jsonl").stat().st_size - Settings.messages


def prepare(topics, peers_only):
    """The messages as files, the topics that are read, and a broker that has seen work."""
    PAYLOADS.mkdir(parents=True, exist_ok=True)
    for sink in ["users-payloads", "casino-payloads", "users-csv"]:
        run(generated(sink, out=PAYLOADS).words("none"))
    topics.make("warm-up")
    for messages, properties in [(WARM_UP, JAVA_TUNED), (REQUESTS, ["acks=all", *JAVA_SMALL]),
                                 (REQUESTS, ["acks=1", "enable.idempotence=false", *JAVA_SMALL])]:  # fmt: skip
        run(tool("ProducerPerformance", "--topic", "warm-up", "--num-records", messages, "--throughput", -1,
                 "--payload-file", PAYLOADS / "users.jsonl", "--command-property", *properties))  # fmt: skip
    topics.delete("warm-up")
    for data in [] if peers_only else ["users", "casino"]:
        for fmt, sink in [("json", data), ("avro", f"{data}-avro")]:
            topics.make(f"{data}-{fmt}")
            run(generated(sink).words(f"{data}-{fmt}"))


def run(words):
    outcome = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if outcome.returncode != 0:
        sys.exit(f"bench: exit code {outcome.returncode}: {shlex.join(map(str, words))}\n{outcome.stdout}{outcome.stderr}")


def works(peers_only):
    chosen = [
        sends(data, key, acks, compression)
        for data, key in [("users", "-"), ("casino", "id")]
        for acks in ["1", "all"]
        for compression in ["none", "lz4"]
    ]
    chosen += [] if peers_only else [reads(data, fmt) for data in ["users", "casino"] for fmt in ["json", "avro"]]
    for work in chosen if peers_only else []:
        work.clients = {tool: client for tool, client in work.clients.items() if not tool.startswith("rowgen")}
    return chosen


# --- the race ---


def race(peers_only):
    with servers("kafka"):
        topics = Topics(os.environ["KAFKA_BROKERS"])
        prepare(topics, peers_only)
        return [run for work in works(peers_only) for run in race_one(work, topics)]


def race_one(work, topics):
    """Every client in each round, each round beginning with another. The first one, in which the broker compiles
    what this work asks of it, does not count."""
    names, runs = list(work.clients), []
    for number in range(Settings.kafka_rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            these = one(work, name, number, topics)
            print(f"{work.name} round {number} {name}: {these[-1].rows / these[-1].wall:,.0f}/s", file=sys.stderr)
            runs += these if number > 0 else []
    return sorted(runs, key=lambda run: names.index(run.tool.split(", ")[0]))


def one(work, name, number, topics):
    """One client's run, in a topic of its own unless the work reads one."""
    client, topic = work.clients[name], work.topic or f"bench-{time.monotonic_ns()}"
    if work.topic is None:
        topics.make(topic)
        topics.open(topic)
    words = [str(word) for word in client.words(topic)]
    wall, user, system, rss, _, code = measure(words, OUT, {"PYTHONDONTWRITEBYTECODE": "1"}, writes=False)
    clock = client.clock((OUT.parent / "said").read_text(), wall)
    total = max(messages for messages, _ in clock.values())
    if work.topic is None:
        there = topics.count(topic)
        topics.delete(topic)
        if there != total:
            sys.exit(f"bench: {there} messages arrived of {total}: {shlex.join(words)}")
    command = readable(words).replace(os.environ["KAFKA_BROKERS"], "$KAFKA_BROKERS")
    share = lambda messages: (user * messages / total, system * messages / total)
    size = lambda messages: work.bytes * messages // Settings.messages
    return [
        Run(name + suffix, work.name, number, messages, seconds, *share(messages), rss, size(messages), code, command)
        for suffix, (messages, seconds) in clock.items()
    ]
