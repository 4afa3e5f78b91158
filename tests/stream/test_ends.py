"""How either end ends, and what is left of it: files are those of a run that has begun, or what they were."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest
import zmq
from consumer import Consumer, Ports
from test_outputs import sent
from test_stream import short_wait
from watch import figure, resident, wait_until

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(("processing", "workers"), [(50, 1), (3_600_000, 2)])
def test_a_signal_ends_a_consumer_however_much_waits(stream, number, processing, workers):
    """Twenty seconds of work wait, or hours."""
    ports = Ports()
    consumer = stream.start("--consume", "-t", 60, "-processing-time-ms", processing, "-workers", workers, *ports.other_flags())
    producer = stream.start("-r", 400, "-t", 1, "-headroom", "0s", "-report", "r.json", *ports.flags())
    stream.begun(producer)
    time.sleep(2)
    began = time.monotonic()
    consumer.send_signal(number)
    told, _ = stream.finish(consumer, code=128 + number, timeout=20)
    assert time.monotonic() - began < 2
    received, replied, left = (figure(told, name) for name in ("Messages received", "Replies sent", "Left without a reply"))
    assert received == 400 and replied + left == 400 and left > 100
    producer.send_signal(number)
    told, said = producer.communicate(timeout=20)
    clocks = stream.clocks("r.json")
    # Replies that were made are not thrown away.
    assert (clocks["answered"], clocks["lost"]) == (replied, left), said


def test_a_consumer_ends_at_its_time_however_much_waits(stream):
    """Ten seconds after the messages' own time; an hour of work waits."""
    ports = Ports()
    consumer = stream.start("--consume", "-t", 0.2, "-processing-time-ms", 10_000_000, *ports.other_flags())
    producer = stream.start("-r", 100, "-t", 0.2, "-headroom", "0s", *ports.flags())
    stream.begun(producer)
    began = time.monotonic()
    told, _ = stream.finish(consumer, timeout=60)
    assert 9 < time.monotonic() - began < 13
    assert (figure(told, "Messages received"), figure(told, "Left without a reply")) == (20, 20)
    producer.send_signal(signal.SIGINT)
    producer.communicate(timeout=20)


FILES = {"-output": "o.csv", "-html": "o.html", "-report": "o.json", "-i": "o_network.csv"}
OUTPUTS = ["-output", "o.csv", "-html", "o.html", "-report", "o.json", "-i", "lo"]


def old(stream):
    for name in FILES.values():
        (stream.folder / name).write_text("old\n")


def names(folder):
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("how", ["nobody", "signal", "headroom", "port"])
def test_a_run_that_has_not_begun_replaces_nothing(stream, how):
    old(stream)
    ports = Ports()
    flags = ["-headroom", "1h" if how == "headroom" else "0s", "-start-timeout", "300ms" if how == "nobody" else "1h"]
    other = socket.socket()
    if how == "port":
        other.bind(("0.0.0.0", ports.control))
        other.listen()
    process = stream.start(*OUTPUTS, *flags, *ports.flags())
    if how in ("signal", "headroom"):
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
    told, said = stream.finish(process, code=143 if how in ("signal", "headroom") else 2, timeout=20)
    other.close()
    assert told == "" and "left as it was before: `o.csv`, `o_network.csv`, `o.html`, `o.json`\n" in said, said
    assert names(stream.folder) == sorted(FILES.values())
    assert all((stream.folder / name).read_text() == "old\n" for name in FILES.values())


def test_a_run_that_has_begun_replaces_all(stream):
    old(stream)
    os.chmod(stream.folder / "o.html", 0o600)
    _, said = sent(stream, *OUTPUTS)
    assert "left as it was" not in said and names(stream.folder) == sorted(FILES.values())
    assert all((stream.folder / name).read_text() != "old\n" for name in FILES.values())
    assert os.stat(stream.folder / "o.html").st_mode & 0o777 == 0o600
    assert len(stream.results("o_network.csv")) > 0


def test_folders_of_results_and_counters_are_made(stream):
    sent(stream, "-output", "new/o.csv", "-i", "lo")
    assert names(stream.folder / "new") == ["o.csv", "o_network.csv"]


@pytest.fixture
def small(stream):
    """A folder with room for 64 KiB."""
    folder = stream.folder / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("to mount a small folder needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_results_that_have_no_room_fail_and_the_report_is_told(stream, small):
    (small / "o.csv").write_text("old\n")
    ports = Ports()
    consumer = Consumer(ports)
    flags = ["-headroom", "0s", "-output", "small/o.csv", "-report", "r.json", *ports.flags()]
    told, said = stream.run("-r", 2000, "-t", 1, *flags, code=2)
    consumer.end()
    assert "writing `small/o.csv`" in said and "No space left on device" in said
    assert "=== Producer Results ===" in told and figure(told, "Messages sent") > 0
    assert "left as it was before: `small/o.csv`" in said
    assert names(small) == ["o.csv"] and (small / "o.csv").read_text() == "old\n"
    assert json.loads((stream.folder / "r.json").read_text())["outcome"] == "failed"


@pytest.mark.parametrize("flag", ["-html", "-report"])
def test_other_outputs_without_room_cost_only_themselves(stream, small, flag):
    """The folder is full before the end: what is there stays whole, all else is told and written."""
    (small / "there").write_text("old\n")
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", 20, "-t", 3, "-headroom", "0s", flag, "small/there", *ports.flags())
    wait_until(lambda: len(consumer.seen) > 2, "the first messages")
    with open(small / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)
    told, said = process.communicate(timeout=60)
    consumer.end()
    assert "No space left on device" in said and figure(told, "Messages sent") == 60, said
    assert (small / "there").read_text() == "old\n" and process.returncode == 2
    assert "left as it was before: `small/there`" in said and names(small) == ["filler", "there"]
    assert len(stream.results()) == 60


@pytest.mark.parametrize("flag", ["-html", "-report", "-i"])
def test_a_device_without_room_costs_only_itself(stream, flag):
    os.symlink("/dev/full", stream.folder / "full_network.csv")
    value = "lo" if flag == "-i" else "full_network.csv"
    told, said = sent(stream, flag, value, "-output", "full.csv", code=2)
    assert "No space left on device" in said and figure(told, "Replies") == 30 == len(stream.results("full.csv"))


def test_counters_of_results_that_go_to_a_device_are_in_a_file(stream):
    told, _ = sent(stream, "-output", "/dev/stdout", "-i", "lo")
    assert told.startswith("seq_n,msg_id,") and "Counters: producer_results_network.csv\n" in told
    assert names(stream.folder) == ["producer_results_network.csv"] and not os.path.exists("/dev/stdout_network.csv")


def test_a_reader_of_the_report_that_goes_away_costs_nothing_else(stream):
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", 100, "-t", 0.5, "-headroom", "0s", "-html", "o.html", "-report", "o.json", *ports.flags())
    process.stdout.close()
    process.wait(60)
    consumer.end()
    assert process.returncode in (0, 3) and names(stream.folder) == ["o.html", "o.json", "producer_results.csv"]


def test_slices_have_results_of_their_own(stream):
    for index in (1, 2):
        ports = Ports()
        consumer = Consumer(ports)
        stream.run(*short_wait(stream, ports, 40), "--slice", f"{index}/2", command="run")
        assert len(consumer.end()) == 20
    assert names(stream.folder / "out") == [f"producer_results-0000{index}-of-00002.csv" for index in (1, 2)]
    numbers = [int(row["seq_n"]) for index in (1, 2) for row in stream.results(f"out/producer_results-0000{index}-of-00002.csv")]
    assert sorted(numbers) == list(range(40))


def test_a_run_without_a_terminal_tells_what_messages_took(stream):
    ports = Ports()
    consumer = Consumer(ports)
    words = [word for word in short_wait(stream, ports, 50) if word != "--quiet"]
    _, said = stream.run(*words, command="run")
    consumer.end()
    lines = [json.loads(line) for line in said.splitlines()]
    (counted,) = [line for line in lines if line["message"] == "messages counted"]
    assert [counted[name] for name in ("sink", "sent", "answered", "lost", "skipped")] == ["stream", 50, 50, 0, 0]
    assert counted["messages_per_second"] == pytest.approx(100, rel=0.2)
    clocks = stream.clocks()
    timed = {line["time"]: line for line in lines if line["message"] == "messages timed"}
    assert list(timed) == ["preparation", "lateness", "clock_offset", "network_delay", "processing_delay", "total_delay", "response_time"]
    for name, line in timed.items():
        assert line["messages"] == clocks[name]["count"] == 50
        for figure in ("mean", "p50", "p70", "p99", "p999", "max"):
            assert line[f"{figure}_ms"] == pytest.approx(clocks[name][figure] / 1e3)


def test_a_run_for_people_tells_the_same(stream):
    ports = Ports()
    consumer = Consumer(ports)
    words = [word for word in short_wait(stream, ports, 50) if word != "--quiet"]
    _, said = stream.run(*words, "--log", "text", command="run")
    consumer.end()
    for name in ("Clock offset", "Network delay", "Total delay (service time)", "Response time, from the intended send"):
        assert re.search(rf"^    {re.escape(name)} \(ms\): mean -?[\d.]+, P50 .*, P70 .*, P99 .*, P99.9 .*, max ", said, re.MULTILINE), said


WRONG_NAMES = {"another": lambda seq: str(seq + 1), "spelt": lambda seq: f"0{seq}", "empty": lambda seq: "", "number": lambda seq: seq + 1}


@pytest.mark.parametrize("kind", WRONG_NAMES)
def test_a_reply_of_another_name_is_one_to_no_message(stream, kind):
    def answer(seq, t2, t3):
        right = Consumer.reply(None, seq, t2, t3)
        wrong = json.dumps({"seq_n": seq, "msg_id": WRONG_NAMES[kind](seq), "t2": 1, "t3": 2})
        return {0: [wrong], 1: [wrong, *right], 2: [*right, wrong]}.get(seq % 10, right)

    ports = Ports()
    consumer = Consumer(ports, answer=answer)
    stream.run(*short_wait(stream, ports, 50), code=3, command="run")
    seen = consumer.end()
    clocks = stream.clocks()
    assert [clocks[name] for name in ("answered", "lost", "unknown", "repeated")] == [45, 5, 15, 0]
    assert [gap["first"] for gap in clocks["gaps"]] == [0, 10, 20, 30, 40]
    rows = stream.results("out/producer_results.csv")
    assert {(int(row["seq_n"]), int(row["t2"])) for row in rows} == {(seq, t2) for seq, _, _, t2, *_ in seen if seq % 10}


def test_replies_to_what_was_skipped_are_to_no_message(stream):
    """The producer stands still for a while and leaves out what is late; the consumer answers also what never came."""
    answered = set()

    def answer(seq, t2, t3):
        gap = [number for number in range(seq) if number not in answered]
        answered.update(range(seq + 1))
        return [text for number in [*gap, seq] for text in Consumer.reply(None, number, t2, t3)]

    ports = Ports()
    consumer = Consumer(ports, answer=answer)
    process = stream.start("-r", 100, "-t", 3, "-catch-up", "skip", "-headroom", "0s", "-report", "r.json", *ports.flags())
    wait_until(lambda: len(consumer.seen) > 5, "the first messages")
    process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=60)
    consumer.end()
    clocks = stream.clocks("r.json")
    assert clocks["skipped"] > 0 and clocks["unknown"] == clocks["skipped"] and clocks["lost"] == 0


def begun_to_speak(port, kind):
    """A connection of ZMTP 3.0, after its handshake."""
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            rude = socket.create_connection(("127.0.0.1", port), timeout=20)
            break
    rude.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
    ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
    rude.sendall(bytes([4, len(ready)]) + ready)
    return rude


@pytest.mark.parametrize(("where", "kind"), [("control", b"REQ"), ("data", b"SUB")])
@pytest.mark.parametrize("length", [5000, 200 << 20, 2**62])
def test_who_says_far_too_much_is_cut_off(stream, where, kind, length):
    """A frame that is longer than any word is not waited for; whoever speaks properly is heard after it."""
    ports = Ports()
    process = stream.start("-r", 50, "-t", 1, "-headroom", "0s", *ports.flags())
    assert "waiting for a consumer" in process.stderr.readline()
    with begun_to_speak(getattr(ports, where), kind) as rude:
        rude.sendall(b"\x02" + struct.pack(">Q", length))
        with contextlib.suppress(ConnectionResetError):
            while rude.recv(4096):
                pass
    assert resident(process) < 150 << 20
    consumer = Consumer(ports)
    told, _ = stream.finish(process)
    assert len(consumer.end()) == figure(told, "Replies") == 50


def test_a_reply_that_is_far_too_long_is_not_held_in_memory(stream):
    """200 MiB at once; while that connection is made anew some replies are lost, and the run goes on."""
    huge = "x" * (200 << 20)
    ports = Ports()
    answer = lambda seq, t2, t3: [*Consumer.reply(None, seq, t2, t3), *([huge] if seq == 20 else [])]
    process = stream.start("-r", 50, "-t", 4, "-headroom", "0s", "-report", "r.json", *ports.flags())
    consumer = Consumer(ports, answer=answer)
    most = 0
    while len(consumer.seen) < 190 and process.poll() is None:
        most = max(most, resident(process))
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    consumer.end()
    clocks = stream.clocks("r.json")
    assert most < 150 << 20 and clocks["answered"] > 50 and clocks["unreadable"] == 1, clocks


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_one_address_is_bound(stream, host):
    ports = Ports()
    producer = stream.start("-r", 100, "-t", 0.3, "-headroom", "0s", "-bind", host, "-viz-ip", host, *ports.flags())
    time.sleep(0.7)
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True).stdout if shutil.which("ss") else ""
    for port in (ports.data, ports.control):
        assert f"0.0.0.0:{port}" not in listening and f"*:{port} " not in listening
    consumer = stream.start("--consume", "-t", 1, "-bind", host, "-producer-ip", host, *ports.other_flags())
    told, _ = stream.finish(producer)
    assert figure(told, "Replies") == 30
    consumer.send_signal(signal.SIGINT)
    stream.finish(consumer, code=130)


NOT_BEGUN = "error: the stream has not begun\n"


def test_errors_name_flags_and_no_line_of_a_file(stream):
    ports = Ports()
    (stream.folder / "data").mkdir()
    quick = ["-headroom", "0s", "-start-timeout", "300ms", *ports.flags()]
    with socket.socket() as other:
        other.bind(("0.0.0.0", ports.control))
        other.listen()
        _, taken = stream.run(*quick, code=2)
    assert taken.split("\n", 1)[1] == (
        f"{NOT_BEGUN}  flag: `-bind` and `-control-port`\n  caused by: cannot bind `tcp://*:{ports.control}`\n"
        "  caused by: Address already in use\n  hint: another program has this port: end it, or take another port\n"
    )
    _, elsewhere = stream.run(*quick, "-bind", "192.0.2.1", code=2)
    assert f"{NOT_BEGUN}  flag: `-bind` and `-data-port`\n  caused by: cannot bind `tcp://192.0.2.1:{ports.data}`\n" in elsewhere
    assert "hint: the host is `*`, or an address of this machine\n" in elsewhere
    _, nobody = stream.run(*quick, code=2)
    assert f"{NOT_BEGUN}  flag: `-bind` and `-control-port`\n  caused by: no consumer has said `start`" in nobody
    assert "hint: start the consumer first, with this control port, or raise `-start-timeout`\n" in nobody
    _, folder = stream.run(*quick, "-output", "data", code=2)
    assert f"{NOT_BEGUN}  flag: `-output`\n  caused by: making the results `data`\n  caused by: it is a folder" in folder
    _, zero = stream.run("-start-timeout", "0s", code=1)
    assert zero == "error: `-start-timeout` is longer than 0s\n  flag: `-start-timeout`\n"
    _, many = stream.run("-channels", 2000, "-data-port", 10_000, code=1)
    assert many.startswith("error: `-channels` is 1 to 1024\n  flag: `-channels`\n"), many
    assert all("stream.yaml" not in said for said in (taken, elsewhere, nobody, folder, zero, many))


def test_a_dataset_of_somebody_else_is_left_alone(stream):
    (stream.folder / "p.yaml").write_text("version: 1\ntables: { t: { rows: 10, columns: { id: sequence } } }\nsinks: [{ file: { path: rows/, format: csv } }]\n")
    stream.run("p.yaml", "--quiet", command="run")
    for flags in (["-output", "rows/o.csv"], ["-html", "rows/o.html"], ["-report", "rows/o.json"]):
        _, said = stream.run(*flags, *Ports().flags(), code=1)
        assert "would lie within a dataset" in said and "stream.yaml" not in said, said


def lines(folder, name, numbers, column=None):
    header = "seq_n,msg_id,t1,t2,t3,t4,message_size,clock_offset_ms,network_delay_ms,processing_delay_ms,total_delay_ms"
    offset = column or (lambda number: 0)
    rows = [f"{n},{n},1,2,3,4,5,{offset(n):.3f},0.1,0.2,{1 + n % 100 / 100:.3f}" for n in numbers]
    (folder / name).write_text("\n".join([header, *rows]) + "\n")


def test_messages_that_are_missing_are_told_beside_a_comparison(stream):
    lines(stream.folder, "whole.csv", range(5000))
    lines(stream.folder, "holes.csv", [n for n in range(5000) if n % 10 or n in (0, 4990)])
    told, _ = stream.run("whole.csv", "holes.csv", command="compare")
    assert "A is whole.csv: 5 000 messages\n" in told
    assert "B is holes.csv: 4 502 messages, 498 numbers between the first and the last have no line\n" in told
    assert told.endswith("messages without a reply are in no quantile: compare how many they are, too\n")
    told, _ = stream.run("whole.csv", "whole.csv", command="compare")
    assert told.endswith("no difference between the runs is shown\n")


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_a_column_below_zero_is_compared(stream, dashes):
    lines(stream.folder, "a.csv", range(5000), lambda n: -10 - n % 10 / 1000)
    lines(stream.folder, "b.csv", range(5000), lambda n: -12 - n % 10 / 1000)
    told, _ = stream.run("a.csv", "b.csv", f"{dashes}column", "clock_offset_ms", command="compare")
    assert re.search(r"^P50 +A -10\.00\d \(.*\), B -12\.00\d \(.*\): B is lower by 2\.000$", told, re.MULTILINE), told
    assert "\n-12.009 to -10.000; `-` are the bounds, `|` the quantile\n" in told
    assert told.endswith("the runs are different: B is lower\n")


def test_lost_messages_of_reports_are_compared(stream):
    def run(name, silent):
        ports = Ports()
        consumer = Consumer(ports, answer=lambda seq, t2, t3: [] if seq < silent else Consumer.reply(None, seq, t2, t3))
        words = short_wait(stream, ports, 300)
        words[words.index("report.json")] = name
        stream.run(*words, code=3 if silent else 0, command="run")
        consumer.end()

    run("a.json", 0), run("b.json", 100)
    told, _ = stream.run("a.json", "b.json", command="compare")
    assert "A is a.json: 300 messages, 0 lost, 0 skipped\n" in told and "B is b.json: 200 messages, 100 lost, 0 skipped\n" in told


def test_clocks_that_are_hours_apart_are_compared_to_the_microsecond(stream):
    hours = 5 * 3_600_000_000
    ports = Ports()
    consumer = Consumer(ports, answer=lambda seq, t2, t3: Consumer.reply(None, seq, t2 + hours, t3 + hours))
    told, _ = stream.run("-r", 200, "-t", 1, "-headroom", "0s", "-report", "r.json", *ports.flags())
    consumer.end()
    offsets = sorted(float(row["clock_offset_ms"]) * 1000 for row in stream.results())
    clocks = stream.clocks("r.json")
    for name, share in (("p50", 0.5), ("p70", 0.7), ("p99", 0.99)):
        found = clocks["clock_offset"][name]
        # A thousandth of how far it is from the first one.
        assert found == pytest.approx(offsets[int(share * len(offsets)) - 1], abs=1 + 0.002 * (offsets[-1] - offsets[0])), name
    assert clocks["clock_offset"]["max"] == pytest.approx(offsets[-1], abs=0.6)


def test_the_consumer_of_the_book_is_one(stream):
    """It comes first, or in the middle of nothing; its ports are the usual ones, which others here may have."""
    ports = Ports()
    text = open(os.path.join(os.path.dirname(__file__), "../../examples/stream_consumer.py")).read()
    for usual, own in ((5555, ports.data), (5570, ports.viz), (5580, ports.control)):
        assert f":{usual}" in text
        text = text.replace(f":{usual}", f":{own}")
    consumer = subprocess.Popen([sys.executable, "-c", text])
    try:
        told, _ = stream.run("-r", 200, "-t", 1, *ports.flags())
    finally:
        consumer.kill()
        consumer.wait()
    assert figure(told, "Messages sent") == figure(told, "Replies") == len(stream.results()) == 200


@pytest.mark.parametrize("before", ["run", "subscription"])
def test_a_consumer_that_is_started_anew_goes_on(stream, before):
    """The first one is killed in the run, or when it has said `start` and nothing else."""
    ports = Ports()
    consume = ["--consume", "-t", 60, "-processing-time-ms", 0, *ports.other_flags()]
    first = stream.start(*consume) if before == "run" else None
    producer = stream.start("-r", 100, "-t", 4, "-headroom", "0s", "-report", "r.json", *ports.flags())
    if first:
        stream.begun(producer)
        time.sleep(1)
        first.kill()
        first.wait()
    else:
        context = zmq.Context()
        control = context.socket(zmq.REQ)
        control.connect(f"tcp://127.0.0.1:{ports.control}")
        control.send_string("start")
        assert control.recv_string() == "start"
        context.destroy(linger=0)
    second = stream.start(*consume)
    if first:
        # What the first one had not answered is waited for, but not by us.
        time.sleep(5)
        producer.send_signal(signal.SIGINT)
    producer.communicate(timeout=60)
    second.send_signal(signal.SIGINT)
    told, _ = stream.finish(second, code=130)
    clocks = stream.clocks("r.json")
    assert clocks["answered"] + clocks["lost"] == clocks["sent"] == 400
    if first:
        # Those of the first second, and those since the second consumer was there.
        assert clocks["answered"] > 150 and figure(told, "Replies sent") > 100
    else:
        assert clocks["answered"] == figure(told, "Replies sent") == 400
