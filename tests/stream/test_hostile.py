"""What else may happen to a stream: nothing hangs, what is counted is right, and the exit codes are those of the book."""

import json
import os
import resource
import signal
import socket
import time

import pytest
import zmq
from consumer import Consumer, Ports
from watch import figure, resident, wait_until


@pytest.mark.parametrize(("size", "rate"), [(1024, 300), (1 << 20, 100)])
def test_a_consumer_that_is_killed_ends_nothing(stream, size, rate):
    """What it would have got goes to nobody: it is sent, lost, and waited for until somebody has had enough."""
    ports = Ports()
    consumer = stream.start("--consume", "-t", 60, "-processing-time-ms", 0, *ports.other_flags())
    producer = stream.start("-r", rate, "-t", 2, "-s", size, "-headroom", "0s", "-report", "report.json", *ports.flags())
    stream.begun(producer)
    time.sleep(1)
    consumer.kill()
    time.sleep(2)
    assert resident(producer) < 200 << 20
    producer.send_signal(signal.SIGINT)
    told, _ = producer.communicate(timeout=30)
    clocks = stream.clocks()
    assert producer.returncode == 130
    assert clocks["answered"] + clocks["lost"] == clocks["sent"] and clocks["lost"] > 0
    assert len(stream.results()) == clocks["answered"] == figure(told, "Replies")


def test_two_consumers_are_served_and_each_message_counts_once(stream):
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", 100, "-t", 3, *ports.flags())
    wait_until(lambda: len(consumer.seen) > 20, "the first messages")
    # Takes everything from now on, and answers nothing.
    silent = zmq.Context.instance().socket(zmq.SUB)
    silent.setsockopt(zmq.SUBSCRIBE, b"request")
    silent.connect(f"tcp://127.0.0.1:{ports.data}")
    told, _ = stream.finish(process)
    came = 0
    while silent.poll(200):
        silent.recv_multipart()
        came += 1
    silent.close(linger=0)
    seen = consumer.end()
    assert len(seen) == figure(told, "Messages sent") == figure(told, "Replies") == 300
    assert 0 < came < 300


def test_replies_that_are_garbage_are_counted_and_keep_nothing(stream):
    """Huge ones, ids that are texts of a megabyte, numbers beyond any range, a thousand of each."""

    def answer(seq, t2, t3):
        usual = Consumer.reply(None, seq, t2, t3)
        if seq % 10:
            return usual
        huge = json.dumps({"seq_n": seq, "msg_id": "x" * (1 << 20), "t2": t2, "t3": t3})
        far = [f'{{"seq_n": {number}, "msg_id": "1", "t2": 1, "t3": 2}}' for number in (10**6, 2**64 - 1, 2**64, -1, 1.5)]
        deep = "[" * 100_000
        odd = ['{"seq_n": 0', "\x00", "", deep, f'{{"seq_n": {seq}, "msg_id": {{}}, "t2": 1, "t3": 2}}']
        # The first good one counts.
        return [*odd, *far, *usual, huge, *usual * 10]

    ports = Ports()
    consumer = Consumer(ports, answer=answer)
    process = stream.start("-r", 100, "-t", 2, "-report", "report.json", *ports.flags())
    wait_until(lambda: len(consumer.seen) > 150, "most messages")
    assert resident(process) < 200 << 20
    stream.finish(process)
    consumer.end()
    clocks = stream.clocks()
    assert (clocks["sent"], clocks["answered"], clocks["lost"]) == (200, 200, 0)
    assert [row["msg_id"] for row in sorted(stream.results(), key=lambda row: int(row["seq_n"]))] == [str(number) for number in range(200)]
    assert clocks["unknown"] == 3 * 20 and clocks["unreadable"] == 8 * 20
    # Those of the last messages may come when nobody listens any more.
    assert 19 * 10 <= clocks["repeated"] <= 20 * 10


def test_times_of_a_consumer_that_are_nonsense_are_written_as_they_are(stream):
    ports = Ports()
    most = 2**64 - 1
    consumer = Consumer(ports, answer=lambda seq, t2, t3: [json.dumps({"seq_n": seq, "msg_id": seq, "t2": most, "t3": 0})])
    told, _ = stream.run("-r", 50, "-t", 1, *ports.flags())
    consumer.end()
    assert figure(told, "Replies") == 50
    assert all((row["t2"], row["t3"]) == (str(most), "0") for row in stream.results())


SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_headroom(stream, number):
    process = stream.start("-headroom", "1h", *Ports().flags())
    time.sleep(1)
    process.send_signal(number)
    told, said = stream.finish(process, code=128 + number, timeout=20)
    assert told == "" and os.listdir(stream.folder) == [], said


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("phase", ["handshake", "subscription", "replies"])
def test_a_signal_ends_every_wait_for_a_consumer(stream, number, phase):
    ports = Ports()
    process = stream.start("-headroom", "0s", "-start-timeout", "1h", *ports.flags())
    assert "waiting for a consumer" in process.stderr.readline()
    if phase != "handshake":
        context = zmq.Context()
        control = context.socket(zmq.REQ)
        control.connect(f"tcp://127.0.0.1:{ports.control}")
        control.send_string("start")
        assert control.recv_string() == "start"
        if phase == "replies":
            subscriber = context.socket(zmq.SUB)
            subscriber.connect(f"tcp://127.0.0.1:{ports.data}")
            subscriber.setsockopt(zmq.SUBSCRIBE, b"")
    time.sleep(0.5)
    process.send_signal(number)
    told, said = stream.finish(process, code=128 + number, timeout=20)
    assert told == "" and "the run ended before a consumer came" in said
    assert os.listdir(stream.folder) == []
    if phase != "handshake":
        context.destroy(linger=0)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("phase", ["warm-up", "ramp", "run"])
def test_a_signal_in_a_run_ends_it_with_its_results(stream, number, phase):
    flags = {"warm-up": ["-warm-up", "59s"], "ramp": ["-ramp-from", 20, "-ramp-time", "1h"], "run": []}[phase]
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", 100, "-t", 60, "-headroom", "0s", *flags, *ports.flags())
    wait_until(lambda: len(consumer.seen) > 20, "the first messages")
    process.send_signal(number)
    told, _ = stream.finish(process, code=128 + number, timeout=20)
    assert figure(told, "Messages sent") == len(consumer.end())
    assert len(stream.results()) == (0 if phase == "warm-up" else figure(told, "Replies"))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_wait_for_replies(stream, number):
    """All is sent, and nobody answers: half a minute is not waited for whoever wants to go."""
    ports = Ports()
    consumer = Consumer(ports, answer=lambda *_: [])
    process = stream.start("-r", 100, "-t", 0.5, "-headroom", "0s", *ports.flags())
    wait_until(lambda: len(consumer.seen) == 50, "the messages")
    time.sleep(0.5)
    process.send_signal(number)
    told, _ = process.communicate(timeout=20)
    consumer.end()
    assert process.returncode == 128 + number
    assert figure(told, "Messages sent") == 50 and "Replies: 0, 50 messages lost\n" in told


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_a_run_whose_consumer_takes_nothing(stream, number):
    """Without a rate a full queue is waited for, and what is in it does not go out any more."""
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", "max", "-t", "1h", "-s", "1MiB", "-headroom", "0s", *ports.flags())
    wait_until(lambda: len(consumer.seen) > 5, "the first messages")
    consumer.paused.set()
    time.sleep(1)
    assert resident(process) < 200 << 20
    process.send_signal(number)
    stream.finish(process, code=128 + number, timeout=30)
    consumer.paused.clear()
    consumer.end()


def small_files():
    """As on a disk that is full: a file takes 64 KiB, and no signal says so."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))


def test_results_that_find_no_room_end_the_run(stream):
    """At once, not when an hour is over; no half file stays."""
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", 2000, "-t", 3600, "-headroom", "0s", *ports.flags(), preexec_fn=small_files, restore_signals=False)
    told, said = stream.finish(process, code=2, timeout=60)
    consumer.end()
    assert "File too large" in said and "writing `producer_results.csv`" in said
    assert os.listdir(stream.folder) == []


@pytest.mark.parametrize("files", range(28, 33))
def test_sockets_that_find_no_room_are_told_cause_by_cause(stream, files):
    """The system's files run out while a socket is made, or while it is bound."""
    ports = Ports(64)
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    process = stream.start("-channels", 64, "-headroom", "0s", "-start-timeout", "2s", *ports.flags(), preexec_fn=few)
    told, said = stream.finish(process, code=2, timeout=20)
    causes = [line for line in said.splitlines() if "caused by: " in line]
    made = "  caused by: making a socket of ZeroMQ"
    assert told == "" and causes[1:] == ["  caused by: Too many open files"], said
    assert causes[0] == made or causes[0].startswith("  caused by: cannot bind `tcp://*:"), said
    assert os.listdir(stream.folder) == []


@pytest.mark.parametrize(("flag", "said"), [("-output", "making the results `there`"), ("-html", "`there`"), ("-report", "`there`")])
def test_a_folder_is_no_file(stream, flag, said):
    (stream.folder / "there").mkdir()
    told, found = stream.run(flag, "there", "-headroom", "0s", "-start-timeout", "2s", *Ports().flags(), code=2)
    assert told == "" and said in found and ("it is a folder" in found or "Is a directory" in found), found
    assert os.listdir(stream.folder) == ["there"]


def test_a_port_of_replies_that_speaks_something_else_is_no_consumer(stream):
    ports = Ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.viz))
        other.listen()
        context = zmq.Context()
        control = context.socket(zmq.REQ)
        control.connect(f"tcp://127.0.0.1:{ports.control}")
        control.send_string("start")
        subscriber = context.socket(zmq.SUB)
        subscriber.connect(f"tcp://127.0.0.1:{ports.data}")
        subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        told, said = stream.run("-start-timeout", "1s", "-headroom", "0s", *ports.flags(), code=2)
        context.destroy(linger=0)
    assert told == "" and f"no socket of replies is at `tcp://127.0.0.1:{ports.viz}` after 1" in said
