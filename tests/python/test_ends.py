"""Readers end: at Ctrl-C, at an exception of the consumer, across processes; nothing hangs or leaks."""

import gc
import multiprocessing
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pyarrow
import pytest
import rowgen
from conftest import NUMBERS

LONG = NUMBERS.replace("100_000", "100_000_000_000")


def interrupted(body):
    """Runs Python until it says that it reads, interrupts it, and gives what came of it."""
    program = "import sys, pyarrow, rowgen\n" + textwrap.dedent(body)
    process = subprocess.Popen(
        [sys.executable, "-c", program, LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "reads\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        return process.communicate(timeout=20)[1], process.returncode
    finally:
        process.kill()


@pytest.mark.parametrize(
    "read",
    [
        "for batch in rowgen.read(sys.argv[1], columns=['id']): pass",
        "pyarrow.RecordBatchReader.from_stream(rowgen.read(sys.argv[1], columns=['id'])).read_all()",
        "import polars; polars.DataFrame(rowgen.read(sys.argv[1], columns=['id']))",
        "import duckdb; t = rowgen.read(sys.argv[1], columns=['id']); duckdb.sql('select avg(id) from t').fetchall()",
    ],
)
def test_control_c_ends_a_reader(read):
    _, limit = resource.getrlimit(resource.RLIMIT_AS)
    told, code = interrupted(f"print('reads', flush=True)\n{read}")
    assert code != 0
    assert "KeyboardInterrupt" in told or "nterrupt" in told, (told, limit)


def test_control_c_ends_a_run_as_it_ends_the_command(tmp_path):
    sink = f"sinks:\n  - file: {{ table: t, path: {tmp_path}/t.csv, columns: [id] }}\n"
    told, code = interrupted(f"print('reads', flush=True)\nrowgen.run(sys.argv[1] + {sink!r}, force=True)")
    assert code != 0 and "KeyboardInterrupt" in told, told
    assert not (tmp_path / "t.csv").exists()


def test_threads_end_with_their_reader(threads):
    before = threads()
    table = rowgen.read(LONG, columns=["id"], threads=4)
    # Whoever never reads has no threads.
    batches = iter(table)
    capsule = table.__arrow_c_stream__()
    assert threads() == before
    next(batches)
    assert threads() == before + 4
    del batches, capsule
    gc.collect()
    assert threads() == before
    with pytest.raises(ZeroDivisionError):
        for _ in table:
            raise ZeroDivisionError
    gc.collect()
    assert threads() == before


def test_two_readers_at_once_do_not_disturb_each_other():
    table = rowgen.read(NUMBERS, columns=["id", "word"], batch_rows=1_000)
    whole = pyarrow.table(table)
    read, wrong = [None] * 4, []

    def work(place):
        try:
            read[place] = pyarrow.table(table)
        except Exception as error:  # noqa: BLE001: told below
            wrong.append(error)

    workers = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert wrong == []
    assert all(one.equals(whole) for one in read)


def count(text):
    return pyarrow.table(rowgen.read(text, columns=["id"])).num_rows


def sum_of(table):
    return sum(pyarrow.table(table)["id"].to_pylist())


def goes_on(batches):
    try:
        next(batches)
    except rowgen.RunError as error:
        return str(error)
    return "it went on"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_read_for_themselves(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        assert pool.map_async(count, [NUMBERS] * 3).get(60) == [100_000] * 3


def test_a_reader_that_was_begun_does_not_hang_in_a_forked_process():
    context = multiprocessing.get_context("fork")
    unread = rowgen.read(NUMBERS, columns=["id"])
    begun = iter(rowgen.read(NUMBERS, columns=["id"], batch_rows=100))
    next(begun)
    answers = context.Queue()
    work = lambda: answers.put((sum_of(unread), goes_on(begun)))
    process = context.Process(target=work)
    process.start()
    total, told = answers.get(timeout=60)
    process.join(20)
    assert total == 4_999_950_000
    assert told.startswith("this reader was begun in another process"), told
    # Here it goes on.
    assert next(begun).num_rows == 100


def test_nothing_is_left_of_many_readers():
    def read():
        for _ in range(50):
            pyarrow.table(rowgen.read(NUMBERS, columns=["id", "word"]))
            next(iter(rowgen.read(LONG, columns=["id"])))
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    first = read()
    # Three passes make 180 MB of columns. What the allocator keeps for other threads is no leak.
    grown = [read() for _ in range(3)][-1] - first
    assert grown < 60_000, grown
