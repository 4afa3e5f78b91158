"""What `rowgen stream` writes: outputs stay what they are, each has its own place, and no figure is made up."""

import os
import re
import signal
import stat
import subprocess
import time

import pytest
from consumer import Consumer, Ports
from watch import figure, wait_until


def sent(stream, *flags, code=0, **more):
    """A short run with a consumer that answers."""
    ports = Ports()
    consumer = Consumer(ports, **more)
    ended = stream.run("-r", 100, "-t", 0.3, "-headroom", "0s", *flags, *ports.flags(), code=code)
    consumer.end()
    return ended


@pytest.mark.parametrize("link", ["there.csv", "new.csv"])
def test_links_lead_to_the_results_and_stay(stream, link):
    (stream.folder / "there.csv").write_text("old\n")
    os.symlink(link, stream.folder / "link")
    sent(stream, "-output", "link", "-html", "link.html", "-report", "link.json")
    assert (stream.folder / "link").is_symlink()
    assert len(stream.results(link)) == 30


@pytest.mark.parametrize("flag", ["-output", "-html", "-report"])
@pytest.mark.parametrize("through", ["node", "link"])
def test_devices_are_written_through(stream, flag, through):
    node = stream.folder / "node"
    made = subprocess.run(["mknod", node, "c", "1", "3"], capture_output=True)
    if made.returncode or not os.access(node, os.W_OK):
        pytest.skip("nodes of devices need root")
    os.symlink("node", stream.folder / "link")
    sent(stream, flag, through)
    assert stat.S_ISCHR(os.stat(node).st_mode) and (stream.folder / "link").is_symlink()


@pytest.mark.parametrize("flag", ["-output", "-html", "-report"])
def test_a_named_pipe_is_refused_and_nobody_waits(stream, flag):
    os.mkfifo(stream.folder / "pipe")
    told, said = stream.run(flag, "pipe", "-headroom", "0s", "-start-timeout", "2s", *Ports().flags(), code=2, timeout=20)
    assert told == "" and "it is a named pipe" in said, said
    assert os.listdir(stream.folder) == ["pipe"]


@pytest.mark.parametrize("link", [False, True])
def test_the_report_of_a_run_is_no_named_pipe_either(stream, link):
    (stream.folder / "p.yaml").write_text("""
version: 1
tables: { t: { rows: 10, columns: { id: sequence } } }
sinks: [{ file: { path: out.csv } }]
""")
    os.mkfifo(stream.folder / "pipe")
    os.symlink("pipe", stream.folder / "link")
    _, said = stream.run("p.yaml", "--quiet", "--report", "link" if link else "pipe", command="run", code=1, timeout=20)
    assert "it is a named pipe" in said and not (stream.folder / "out.csv").exists()
    (stream.folder / "out").mkdir()
    os.symlink("out/report.json", stream.folder / "dangling")
    stream.run("p.yaml", "--quiet", "--report", "dangling", command="run")
    assert (stream.folder / "dangling").is_symlink() and (stream.folder / "out/report.json").exists()


PAIRS = [
    (["-output", "x", "-report", "x"], "`-report` would write over what `-output` writes"),
    (["-output", "x", "-html", "./x"], "`-html` would write over what `-output` writes"),
    (["-report", "x", "-html", "x"], "`-report` would write over what `-html` writes"),
    (["-output", "X.csv", "-i", "lo", "-report", "X_network.csv"], "`-report` would write over what `-i` writes"),
    (["-output", "d/../x", "-report", "x"], "`-report` would write over what `-output` writes"),
    (["-output", "link", "-report", "x"], "`-report` would write over what `-output` writes"),
    (["-output", "hard", "-html", "other"], "`-html` would write over what `-output` writes"),
]


@pytest.mark.parametrize(("flags", "said"), PAIRS)
def test_two_outputs_have_two_places(stream, flags, said):
    os.symlink("x", stream.folder / "link")
    (stream.folder / "hard").write_text("")
    os.link(stream.folder / "hard", stream.folder / "other")
    there = sorted(os.listdir(stream.folder))
    told, found = stream.run(*flags, *Ports().flags(), code=1, timeout=20)
    assert told == "" and said in found and "give each a path of its own" in found
    assert sorted(os.listdir(stream.folder)) == there


@pytest.mark.parametrize("paused", [0, 0.5])
def test_a_stall_counts_in_time_and_rate(stream, paused):
    ports = Ports()
    consumer = Consumer(ports)
    process = stream.start("-r", "max", "-t", 3, "-s", "1MiB", "-headroom", "0s", *ports.flags())
    wait_until(lambda: len(consumer.seen) > 5, "the first messages")
    time.sleep(paused)
    consumer.paused.set()
    time.sleep(4)
    consumer.paused.clear()
    told, _ = process.communicate(timeout=90)
    consumer.end()
    seconds = float(re.search(r"^Time: ([\d.]+) s", told, re.MULTILINE)[1])
    rate = float(re.search(r"^Rate: ([\d.]+) Hz", told, re.MULTILINE)[1])
    assert 2.9 < seconds < 5, told
    assert rate == pytest.approx(figure(told, "Messages sent") / seconds, rel=0.01)


@pytest.mark.parametrize("signalled", [False, True])
def test_lost_messages_are_told_and_what_is_not_measured_is_no_number(stream, signalled):
    ports = Ports()
    consumer = Consumer(ports, answer=lambda *_: [])
    process = stream.start("-r", 100, "-t", 0.5, "-headroom", "0s", "-report", "r.json", *ports.flags())
    if signalled:
        wait_until(lambda: len(consumer.seen) == 50, "the messages")
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
    told, said = process.communicate(timeout=60)
    consumer.end()
    assert process.returncode == (143 if signalled else 3), said
    assert "50 messages were lost: no reply to them has come" in said
    assert "Network delay (ms): -\n" in told and "Response time, from the intended send (ms): -\n" in told
    clocks = stream.clocks("r.json")
    assert clocks["total_delay"]["p99"] is None and clocks["seconds"] > 0.4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("producer", [False, True])
def test_a_consumer_says_which_signal_ended_it(stream, number, producer):
    ports = Ports()
    consumer = stream.start("--consume", "-t", 60, *ports.other_flags())
    if producer:
        stream.run("-r", 100, "-t", 0.3, "-headroom", "0s", *ports.flags())
    else:
        time.sleep(0.5)
    consumer.send_signal(number)
    told, _ = stream.finish(consumer, code=128 + number, timeout=20)
    assert ("Replies sent: 30\n" in told) == producer


def test_replies_are_not_thrown_away_when_the_producer_is_slow(stream):
    """More than the thousand that libzmq would keep."""
    ports = Ports()
    consumer = stream.start("--consume", "-t", 60, "-processing-time-ms", 0, *ports.other_flags())
    told, _ = stream.run("-r", 20000, "-t", 1, "-s", 1, "-headroom", "0s", *ports.flags(), code=0, timeout=90)
    consumer.send_signal(signal.SIGTERM)
    consumed, _ = stream.finish(consumer, code=143)
    assert figure(told, "Replies") == figure(told, "Messages sent") == figure(consumed, "Replies sent")


@pytest.mark.parametrize(("warm_up", "ramp"), [(True, False), (False, True), (True, True)])
def test_a_summary_is_of_the_messages_that_are_measured(stream, warm_up, ramp):
    flags = ["-warm-up", "0.1s"] if warm_up else []
    flags += ["-ramp-from", 50, "-ramp-time", "0.3s"] if ramp else []
    told, _ = sent(stream, *flags, "-html", "page.html", "-output", "r.csv")
    page = (stream.folder / "page.html").read_text()
    summary = re.search(r"<p>([\d ]+) messages of 1024 bytes of data in ([\d.]+) s: ([\d.]+) a second", page)
    messages, seconds, rate = (float(group.replace(" ", "")) for group in summary.groups())
    assert messages == len(stream.results("r.csv")) and rate == pytest.approx(messages / seconds, abs=1)
    assert (" more to warm up" in page) == warm_up
    assert ("on the way from 50 to 100)" in told) == ramp
