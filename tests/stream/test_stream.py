"""The stream against a consumer that knows only how its messages are described."""

import json
import os
import re
import signal
import socket
import time
import xml.etree.ElementTree

import pytest
from consumer import Consumer, Ports
from watch import figure, resident, wait_until

COLUMNS = (
    "seq_n,msg_id,t1,t2,t3,t4,message_size,clock_offset_ms,network_delay_ms,processing_delay_ms,total_delay_ms"
).split(",")


def short_wait(stream, ports, messages):
    """The words that run the pipeline of the stream itself, which waits a second for replies."""
    pipeline = stream.folder / "p.yaml"
    text = open(os.path.join(os.path.dirname(__file__), "../../pipelines/stream.yaml")).read()
    pipeline.write_text(text.replace("results:", "reply_timeout: 1s\n      results:"))
    sets = {"data_port": ports.data, "viz_port": ports.viz, "control_port": ports.control, "messages": messages, "rate": "100/s"}
    words = [word for name, value in sets.items() for word in ("--set", f"{name}={value}")]
    return [pipeline, "--quiet", "--report", "report.json", *words]


def check_results(rows, seen, size):
    """Every line agrees with what the consumer has kept, and its delays with its times."""
    by_seq = {seq: (msg, t1, t2, t3) for seq, msg, t1, t2, t3, _, _ in seen}
    assert len(by_seq) == len(seen)
    for row in rows:
        assert list(row) == COLUMNS
        seq, t1, t2, t3, t4 = (int(row[name]) for name in ("seq_n", "t1", "t2", "t3", "t4"))
        assert (int(row["msg_id"]), t1, t2, t3) == by_seq[seq]
        assert int(row["message_size"]) == size and t4 >= t1
        delays = [((t2 - t1) + (t3 - t4)) / 2, ((t4 - t1) - (t3 - t2)) / 2, t3 - t2, t4 - t1]
        found = [float(row[name]) * 1000 for name in COLUMNS[7:]]
        assert found == pytest.approx(delays, abs=1e-6)


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_message_is_seen_answered_and_timed(stream, channels, late):
    ports = Ports(channels)
    consumer = Consumer(ports, channels, late)
    told, _ = stream.run("-r", 200, "-t", 2, "-s", 100, "-channels", channels, *ports.flags())
    seen = consumer.end()
    assert sorted(seq for seq, *_ in seen) == list(range(400))
    assert all(seq == msg for seq, msg, *_ in seen)
    rows = stream.results()
    assert sorted(int(row["seq_n"]) for row in rows) == list(range(400))
    check_results(rows, seen, 100)
    assert figure(told, "Messages sent") == 400 and figure(told, "Messages skipped") == 0
    assert figure(told, "Replies") == 400
    for heading in ("=== Producer Results ===", "=== Message Prep Analysis ===", "=== Process Results ==="):
        assert heading in told
    assert os.listdir(stream.folder) == ["producer_results.csv"]


@pytest.mark.parametrize("size", [1, 2, 63, 1000, 1024, 8191, 65_536, 1 << 20, 5_000_001, 10 << 20])
def test_messages_are_what_is_described_at_every_size(stream, size):
    ports = Ports()
    consumer = Consumer(ports)
    stream.run("-r", 20, "-t", 0.6, "-s", size, *ports.flags())
    seen = consumer.end()
    assert [seq for seq, *_ in seen] == list(range(12))
    for seq, msg, _, _, _, data, length in seen:
        digits = len(str(seq))
        # 52 bytes and twice the digits longer than the data, as the old messages were.
        assert (data, length) == (size, size + 52 + 2 * digits)
    check_results(stream.results(), seen, size)


def test_sequence_numbers_go_past_a_million(stream):
    """Without a rate nothing is skipped: what finds no room waits."""
    pipeline = stream.folder / "p.yaml"
    ports = Ports()
    pipeline.write_text(f"""
version: 1
tables: {{ request: {{ rows: 1_000_200, columns: {{ seq_n: {{ sequence: {{ start: 0 }} }}, msg_id: {{ sequence: {{ start: 0 }} }} }} }} }}
sinks:
  - zeromq:
      bind: "tcp://127.0.0.1:{ports.data}"
      topic: request
      message: "request|seq_n={{seq_n}}|msg_id={{msg_id}}|t1={{send_time_us:020}}|data={{data}}"
      data: 1B
      start: "tcp://127.0.0.1:{ports.control}"
""")
    consumer = Consumer(ports, answer=lambda *_: [])
    stream.run(pipeline, "--quiet", command="run")
    wait_until(lambda: len(consumer.seen) >= 1_000_200, "the messages")
    seen = consumer.end()
    assert [seq for seq, *_ in seen] == list(range(1_000_200))


def test_replies_come_in_any_form_twice_or_to_nothing(stream):
    def answer(seq, t2, t3):
        spaced = json.dumps({"t3": t3, "seq_n": seq, "t2": t2, "msg_id": seq, "more": [1]}, indent=1)
        strange = ["{}", "no json"] if seq == 7 else []
        unknown = [json.dumps({"seq_n": 10**9, "msg_id": "x", "t2": t2, "t3": t3})] if seq == 8 else []
        return [spaced, spaced, *strange, *unknown]

    ports = Ports()
    consumer = Consumer(ports, answer=answer)
    told, _ = stream.run("-r", 100, "-t", 0.5, *ports.flags())
    check_results(stream.results(), consumer.end(), 1024)
    assert len(stream.results()) == 50
    # The last one's second reply may come when all are answered and nobody waits any more.
    found = re.search(r"left out: (\d+) repeated, (\d+) to no message, (\d+) unreadable", told)
    assert found and int(found[1]) in (49, 50) and (found[2], found[3]) == ("1", "2")


def test_what_is_not_answered_is_lost_and_listed(stream):
    ports = Ports()
    consumer = Consumer(ports, answer=lambda seq, t2, t3: [] if seq in (3, 4, 9) else Consumer.reply(None, seq, t2, t3))
    stream.run(*short_wait(stream, ports, 20), code=3, command="run")
    consumer.end()
    clocks = stream.clocks()
    assert (clocks["sent"], clocks["answered"], clocks["lost"]) == (20, 17, 3)
    assert clocks["gaps"] == [{"first": 3, "last": 4, "reason": "lost"}, {"first": 9, "last": 9, "reason": "lost"}]
    assert len(stream.results("out/producer_results.csv")) == 17


@pytest.mark.parametrize(("size", "rate"), [(1024, 500), (1 << 20, 200)])
def test_a_stalled_consumer_shows_in_the_response_time(stream, size, rate):
    """A second's silence in the middle: what is skipped is counted, the rest is answered, the run goes on."""
    ports = Ports()
    consumer = stream.start("--consume", "-t", 3, "-processing-time-ms", 0, *ports.other_flags())
    producer = stream.start("-r", rate, "-t", 3, "-s", size, *ports.flags())
    stream.begun(producer)
    time.sleep(1)
    consumer.send_signal(signal.SIGSTOP)
    time.sleep(1)
    memory = resident(producer)
    consumer.send_signal(signal.SIGCONT)
    told, _ = producer.communicate(timeout=120)
    consumer.send_signal(signal.SIGTERM)
    stream.finish(consumer, code=143)
    sent, skipped = figure(told, "Messages sent"), figure(told, "Messages skipped")
    assert sent + skipped == 3 * rate
    # Two hundred messages of 1 MiB are more than what waits and what the system's buffers take.
    assert size == 1024 or skipped > 0
    assert figure(told, "Replies") == sent == len(stream.results())
    assert producer.returncode == (3 if skipped else 0)
    assert memory < 200 << 20
    response = re.search(r"^Response time.*P99 ([\d.]+)", told, re.MULTILINE)
    assert float(response[1]) > 300, told


def test_both_ends_are_rowgen(stream):
    ports = Ports(2)
    producer = stream.start("-r", 100, "-t", 1, "-channels", 2, "-i", "lo", "-d", "-html", "report.html", *ports.flags())
    other = ["-producer-ip", "127.0.0.1", *ports.other_flags()]
    consumer = stream.start("--consume", "-t", 1, "-channels", 2, "-workers", 2, *other)
    told, _ = stream.finish(producer)
    consumer.send_signal(signal.SIGTERM)
    consumed, _ = stream.finish(consumer, code=143)
    assert figure(told, "Messages sent") == figure(told, "Replies") == 100
    assert figure(consumed, "Messages received") == figure(consumed, "Replies sent") == 100
    assert re.search(r"^Headroom: this producer could have made [\d ]+ messages/s", told, re.MULTILINE)
    assert "=== Network Counter Analysis ===" in told and "P99.9" in told
    page = (stream.folder / "report.html").read_text()
    root = xml.etree.ElementTree.fromstring("<html>" + page[page.index("<h1>") : page.index("</html>")] + "</html>")
    assert len(root.findall("svg")) == 3 and len(root.findall("svg/polyline")) == 6
    assert all(line.get("points") for line in root.findall("svg/polyline"))
    assert "http" not in page and "100 messages" in root.find("p").text
    counters = stream.results("producer_results_network.csv")
    assert list(counters[0]) == "timestamp,bytes_sent,bytes_recv,packets_sent,packets_recv,errin,errout,dropin,dropout".split(",")
    assert int(counters[-1]["bytes_sent"]) >= int(counters[0]["bytes_sent"])


def test_a_report_that_cannot_be_written_is_told_before_the_run(stream):
    told, said = stream.run("-html", "no/report.html", code=2)
    assert told == "" and "the report cannot be written to `no/report.html`" in said


def test_nobody_comes(stream):
    ports = Ports()
    told, said = stream.run("-start-timeout", "300ms", *ports.flags(), code=2)
    assert f"no consumer has said `start` at `tcp://*:{ports.control}` within 300 ms" in said
    assert told == "" and os.listdir(stream.folder) == []


def test_a_port_in_use_is_named(stream):
    ports = Ports()
    for port, flags in ((ports.data, ()), (ports.control, ())):
        with socket.socket() as other:
            other.bind(("0.0.0.0", port))
            other.listen()
            _, said = stream.run(*ports.flags(), *flags, code=2)
            assert f"cannot bind `tcp://*:{port}`" in said and "Address already in use" in said
            assert "hint: another program has this port" in said


MISTAKES = {
    "-i nowhere0": "`-i`: there is no network interface `nowhere0`",
    "-s 0": "`-s` is bytes of data in a message, from 1 to 1073741824: `0` is none",
    "-s -5": "`-s` is bytes of data in a message, from 1 to 1073741824: `-5` is none",
    "-r 0": "`-r` is messages a second, above 0 and at most 1_000_000_000, or `max`: 0 is none",
    "-r -5": "`-r` is messages a second, above 0 and at most 1_000_000_000, or `max`: -5 is none",
    "-r 1e-20": "`-r` is messages a second, above 0 and at most 1_000_000_000, or `max`: 0.00000000000000000001 is none",
    "-r 1e20": "`-r` is messages a second, above 0 and at most 1_000_000_000, or `max`: 100000000000000000000 is none",
    "-r max -warm-up 1s": "`-warm-up` needs a rate, and `-r max` is none",
    "-r max -catch-up skip": "`-catch-up` needs a rate, and `-r max` is none",
    "-t 5 -warm-up 5s": "`-warm-up` of 5s leaves nothing of the time of 5",
    "-ramp-from 0 -ramp-time 1s": "`-ramp-from` is messages a second, above 0 and at most 1_000_000_000: 0 is none",
    "-ramp-from x -ramp-time 1s": "`-ramp-from` is messages a second: `x` is none",
    "-r fast": "`-r` is messages a second, or `max`: `fast` is none",
    "-t 0": "`-t` is how long messages are sent, above 0 s: `0` is no such time",
    "-t -1": "`-t` is how long messages are sent, above 0 s: `-1` is no such time",
    "-r 1 -t 0.5": "1 messages a second for 0.5 s are 0.5 messages",
    "-channels 0": "`-channels` is at least 1",
    "-channels 16": "`-viz-port` 5570 is taken: channels have the ports 5555 to 5570",
    "-channels 3 -viz-port 5556 -control-port 5557": "`-viz-port` 5556 is taken: channels have the ports 5555 to 5557",
    "-data-port 65535 -channels 2": "2 channels from port 65535 on need port 65536, and ports are 1 to 65535",
    "-viz-port 5580": "`-viz-port` and `-control-port` are both 5580",
}


@pytest.mark.parametrize("flags", MISTAKES)
def test_a_mistake_is_told_before_anything_is_done(stream, flags):
    told, said = stream.run(*flags.split(), code=1)
    assert told == "" and said.splitlines()[0] == f"error: {MISTAKES[flags]}", said
    assert os.listdir(stream.folder) == []


def test_a_signal_ends_the_wait_and_the_run(stream):
    ports = Ports()
    process = stream.start(*ports.flags())
    assert "waiting for a consumer" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    told, said = stream.finish(process, code=130, timeout=20)
    assert told == "" and "the run ended before a consumer came" in said
    consumer = Consumer(ports)
    process = stream.start("-r", 50, "-t", 60, *ports.flags())
    wait_until(lambda: len(consumer.seen) >= 20, "the messages", 30)
    process.send_signal(signal.SIGTERM)
    told, _ = stream.finish(process, code=143, timeout=20)
    seen = consumer.end()
    assert figure(told, "Messages sent") == len(seen) == len(stream.results())


def test_the_pace_is_held(stream):
    """No message is sent before its time, and none later than the report says, however busy the machine is."""
    ports = Ports()
    consumer = Consumer(ports)
    told, _ = stream.run("-r", 1000, "-t", 3, "-report", "report.json", *ports.flags())
    seen = consumer.end()
    assert len(seen) == 3000
    sent = [t1 for _, _, t1, *_ in sorted(seen)]
    # Two clocks are read for each message, one after the other.
    latest = stream.clocks()["lateness"]["max"] + 50_000
    assert all(abs(t1 - sent[0] - number * 1000) <= latest for number, t1 in enumerate(sent))
    assert "Late against the intended send" in told


def test_a_warm_up_is_sent_and_left_out(stream):
    ports = Ports()
    consumer = Consumer(ports)
    told, _ = stream.run("-r", 100, "-t", 1.5, "-warm-up", "500ms", "-report", "report.json", *ports.flags())
    seen = consumer.end()
    assert sorted(seq for seq, *_ in seen) == list(range(150))
    assert "\nWarm-up: 50 messages sent, left out of all times and rates\n" in told
    assert sorted(int(row["seq_n"]) for row in stream.results()) == list(range(50, 150))
    check_results(stream.results(), seen, 1024)
    clocks = stream.clocks()
    assert [clocks[name] for name in ("sent", "warm_up", "answered", "lost")] == [150, 50, 150, 0]
    assert clocks["total_delay"]["count"] == clocks["response_time"]["count"] == clocks["lateness"]["count"] == 100


def test_a_rate_goes_from_one_to_another(stream):
    """50 to 150 a second in a second are 100 messages, and 75 more in the half second after it."""
    ports = Ports()
    consumer = Consumer(ports)
    told, _ = stream.run("-r", 150, "-t", 1.5, "-ramp-from", 50, "-ramp-time", "1s", *ports.flags())
    assert figure(told, "Messages sent") == len(consumer.end()) == 175


def test_arrivals_are_those_of_many_clients(stream):
    ports = Ports()
    consumer = Consumer(ports)
    told, _ = stream.run("-r", 100, "-t", 2, "-arrivals", "poisson", *ports.flags())
    sent = sorted(t1 for _, _, t1, *_ in consumer.end())
    gaps = [after - before for before, after in zip(sent, sent[1:])]
    assert figure(told, "Messages sent") == 200
    # Of exponential gaps 37 % are above their mean, of equal ones none by so much.
    assert sum(gap > 12_000 for gap in gaps) > 20


@pytest.mark.parametrize("catch_up", ["burst", "skip"])
def test_after_a_stall_messages_go_out_late_or_not_at_all(stream, catch_up):
    """The producer itself stands still for a second: what was due then is sent, or skipped and counted."""
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", 100, "-t", 3, "-catch-up", catch_up, *ports.flags())
    wait_until(lambda: len(consumer.seen) >= 50, "the messages")
    process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    process.send_signal(signal.SIGCONT)
    told, said = process.communicate(timeout=120)
    seen = consumer.end()
    sent, skipped = figure(told, "Messages sent"), figure(told, "Messages skipped")
    assert sent + skipped == 300 and sent == len(seen) == figure(told, "Replies")
    if catch_up == "burst":
        assert skipped == 0
    else:
        assert 80 <= skipped and process.returncode == 3 and "the rate of 100 Hz was not held" in said


def test_reports_are_compared_as_well(stream):
    def run(processing):
        ports = Ports()
        consumer = stream.start("--consume", "-t", 1, "-processing-time-ms", processing, *ports.other_flags())
        name = f"{processing}.json"
        stream.run("-r", 200, "-t", 5, "-headroom", "0s", "-report", name, *ports.flags())
        consumer.send_signal(signal.SIGTERM)
        stream.finish(consumer, code=143)
        return name

    fast, slow = run(0), run(4)
    told, _ = stream.run(fast, fast, command="compare")
    assert told.rstrip().endswith("no difference between the runs is shown"), told
    told, _ = stream.run(fast, slow, "--column", "response_time_ms", command="compare")
    assert re.search(r"^P50 .*: B is higher, ", told, re.MULTILINE), told
    _, said = stream.run(fast, slow, "--column", "network_delay_ms", command="compare", code=1)
    assert said.startswith(f"error: `{fast}` has no column `network_delay_ms`\n"), said
    assert "its columns are total_delay_ms, response_time_ms" in said
    (stream.folder / "other.json").write_text('{"sinks": []}')
    _, said = stream.run("other.json", slow, command="compare", code=1)
    assert said.startswith("error: `other.json` is no report of one sink that times its messages\n"), said


def test_two_runs_are_compared(stream):
    def write(name, times):
        lines = [f"{row},\"a,{row}\",1,2,3,4,1024,0.0,0.1,0.2,{(1 + row % 100 / 100) * times:.3f}" for row in range(20_000)]
        (stream.folder / name).write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")

    write("a.csv", 1), write("b.csv", 1), write("c.csv", 2)
    told, _ = stream.run("a.csv", "b.csv", command="compare")
    assert told.rstrip().endswith("no difference between the runs is shown"), told
    told, _ = stream.run("a.csv", "c.csv", command="compare")
    assert re.search(r"^P50 +A 1\.49\d \(.*\), B 2\.98\d \(.*\): B is higher, 2\.00 times A$", told, re.MULTILINE), told
    assert told.rstrip().endswith("the runs are different: B is higher")
    _, said = stream.run("a.csv", "c.csv", "--column", "totl_delay_ms", command="compare", code=1)
    assert "`a.csv` has no column `totl_delay_ms`" in said and "did you mean `total_delay_ms`?" in said


def test_as_fast_as_it_goes_ends_when_its_time_is_over(stream):
    ports = Ports()
    process = stream.start("-r", "max", "-t", 1, "-s", 10_000, *ports.flags())
    # The time begins with the first message, not while a consumer is waited for.
    time.sleep(2.5)
    consumer = Consumer(ports)
    told, _ = stream.finish(process)
    seen = consumer.end()
    sent = figure(told, "Messages sent")
    assert sent > 1000 and figure(told, "Messages skipped") == 0
    assert figure(told, "Replies") == len(seen) == sent
    assert 0.9 < float(re.search(r"^Time: ([\d.]+) s", told, re.MULTILINE)[1])


def test_a_consumer_that_goes_away_ends_nothing(stream):
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start(*short_wait(stream, ports, 200), command="run")
    wait_until(lambda: len(consumer.seen) >= 50, "the messages", 30)
    seen = consumer.end()
    stream.finish(process, code=3)
    clocks = stream.clocks()
    assert (clocks["sent"], clocks["skipped"], clocks["unreadable"]) == (200, 0, 0)
    assert clocks["answered"] + clocks["lost"] == 200 and abs(clocks["answered"] - len(seen)) <= 1
    last = clocks["gaps"][-1]
    assert (last["last"], last["reason"]) == (199, "lost")
