"""Readers end: at Ctrl-C, at an exception of the consumer, across processes; nothing hangs or leaks."""

import gc
import inspect
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import duckdb
import polars
import pyarrow
import pytest
import rowgen
from conftest import NUMBERS

LONG = NUMBERS.replace("100_000", "100_000_000_000")


def interrupted(body, imported="sys, duckdb, polars, pyarrow, rowgen"):
    """Runs Python until it says that it reads, interrupts it, and gives what came of it."""
    # An interrupt within an import is lost where somebody catches what it raises.
    program = f"import {imported}\n" + textwrap.dedent(body)
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
        "polars.DataFrame(rowgen.read(sys.argv[1], columns=['id']))",
        # With more threads it is any of them that waits for rows, and only the main one may look for signals.
        "duckdb.sql('SET threads = 1'); t = rowgen.read(sys.argv[1], columns=['id']); duckdb.sql('select avg(id) from t').fetchall()",
    ],
)
def test_control_c_ends_a_reader(read):
    _, limit = resource.getrlimit(resource.RLIMIT_AS)
    told, code = interrupted(f"print('reads', flush=True)\n{read}")
    assert code != 0
    assert "KeyboardInterrupt" in told or "nterrupt" in told, (told, limit)


def test_control_c_ends_a_reader_of_a_module_that_another_thread_imported():
    program = textwrap.dedent("""
        import sys, threading, pyarrow
        def first():
            global rowgen
            import rowgen
        thread = threading.Thread(target=first)
        thread.start()
        thread.join()
        print('reads', flush=True)
        pyarrow.table(rowgen.read(sys.argv[1], columns=['id']))
    """)
    told, code = interrupted(program, imported="sys")
    assert code != 0 and "nterrupt" in told, told


def test_what_a_handler_raises_is_what_the_caller_gets():
    class Late(Exception):
        pass

    def late(number, frame):
        raise Late("of my own")

    before = signal.signal(signal.SIGALRM, late)
    try:
        for read in (pyarrow.table, polars.DataFrame):
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            with pytest.raises(Late, match="of my own"):
                try:
                    read(rowgen.read(LONG, columns=["id"]))
                except Late:
                    raise
                except Exception:  # the consumer's own; Python's next step raises the other
                    time.sleep(1)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_python_that_is_called_within_a_call_may_read_too():
    class Param:
        def __str__(self):
            return str(pyarrow.table(rowgen.read(NUMBERS, columns=["id"], stop=5)).num_rows)

    rows = NUMBERS.replace("version: 1", "version: 1\nparams: { rows: 7 }").replace("100_000", '"${rows}"')
    assert len(rowgen.read(rows, columns=["id"], params={"rows": Param()})) == 5


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
    # Each with the batch that it makes.
    assert wait_for(lambda: threads() == before)
    with pytest.raises(ZeroDivisionError):
        for _ in table:
            raise ZeroDivisionError
    gc.collect()
    assert wait_for(lambda: threads() == before)


def test_a_run_whose_thread_cannot_be_started_ends(tmp_path):
    program = f"""
        import rowgen
        try:
            rowgen.run({NUMBERS + f"sinks: [{{ file: {{ table: t, path: {tmp_path}/t.csv, columns: [id] }} }}]" !r})
        except rowgen.RunError as error:
            print(error)
    """
    # No machine has room for such a stack.
    environment = os.environ | {"RUST_MIN_STACK": str(10**14)}
    words = [sys.executable, "-c", textwrap.dedent(program)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("starting the run's thread\n"), ended.stdout


def test_batches_are_read_by_one_thread_at_a_time():
    batches, told = iter(rowgen.read(LONG, columns=["id"])), []

    def read():
        try:
            while not told:
                next(batches)
        except rowgen.RunError as error:
            told.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert told[0] == (
        "another thread reads these batches just now\n"
        "  hint: read the table on each thread: `iter(table)`, or a part of it with `table.slice(start, stop)`"
    )
    assert next(batches).num_rows > 0


def test_nobody_waits_for_batches_that_nobody_wants():
    # Whoever drops a reader holds the lock of Python.
    slow = "".join(f'      h{at}: {{ expr: "(id * {7919 + at}) % 104729" }}\n' for at in range(8))
    rows = rowgen.read(LONG + slow, columns=[f"h{at}" for at in range(8)], batch_rows=1_000_000, threads=1)
    for begin in (iter, pyarrow.RecordBatchReader.from_stream):
        waits = []
        for _ in range(4):
            began = time.monotonic()
            begun = begin(rows)
            next(begun)
            made = time.monotonic()
            del begun
            # The next batch takes as long as the first one: whoever waited for it waited for most of that.
            waits.append((time.monotonic() - made) / (made - began))
            assert wait_for(lambda: makers() == 0)
        assert min(waits) < 0.3, waits


def makers():
    """How many threads make rows: other libraries keep threads of their own."""
    count = 0
    for thread in os.listdir("/proc/self/task"):
        try:
            count += Path(f"/proc/self/task/{thread}/comm").read_text().startswith("rows-")
        except OSError:  # it has ended meanwhile
            pass
    return count


# A cell ends at Ctrl-C, and the session goes on: as in a notebook, whose kernel is interrupted by SIGINT.
SESSION = """
import os
import sys
import time
import traceback
from pathlib import Path

MAKERS
cells = [
    "import gc, duckdb, polars, pyarrow, rowgen; t = rowgen.read(sys.argv[1], columns=['id'])",
    "duckdb.sql('set threads = 1'); few = t.slice(0, 10)",
    "duckdb.sql('select sum(id) from few').fetchall()",
    "print('reads', flush=True); READ",
    "gc.collect(); [time.sleep(0.05) for _ in range(100) if makers()]; print('threads', makers(), flush=True)",
    "print('again', pyarrow.table(t.slice(5, 9))['id'].to_pylist(), flush=True)",
]
names = {"sys": sys, "time": time, "makers": makers}
for cell in cells:
    told = None
    try:
        try:
            exec(cell.replace("READ", sys.argv[2]), names)
        except BaseException:
            told = traceback.format_exc().replace(chr(10), " ")
        # A library's own error comes first, and then KeyboardInterrupt at the next step of Python.
        for _ in range(3):
            pass
    except KeyboardInterrupt:
        told = "KeyboardInterrupt"
    if told:
        print("ended", told, flush=True)
"""


@pytest.mark.parametrize(
    "read",
    ["[None for _ in t]", "pyarrow.table(t)", "duckdb.sql('select sum(id) from t').fetchall()"],
)
def test_a_session_goes_on_after_control_c(read):
    session = SESSION.replace("MAKERS", inspect.getsource(makers))
    words = [sys.executable, "-c", session, LONG, read]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "reads\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        told, wrong = process.communicate(timeout=20)
    finally:
        process.kill()
    ended, *after = told.splitlines()
    assert ended.startswith("ended") and "nterrupt" in ended, (told, wrong)
    assert after == ["threads 0", "again [5, 6, 7, 8]"]
    assert process.returncode == 0


def wait_for(holds):
    """A library may drop what it read on a thread of its own, a little later."""
    for _ in range(400):
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_an_error_of_the_library_that_reads_ends_the_reader():
    rows = rowgen.read(LONG, columns=["id"], threads=2)
    reader = pyarrow.RecordBatchReader.from_stream(rows)
    reader.read_next_batch()
    # A thread says its name a moment after it began.
    assert wait_for(lambda: makers() == 2)
    del reader
    assert wait_for(lambda: makers() == 0)
    with pytest.raises(duckdb.Error, match="enough"):
        duckdb.sql("select sum(case when id = 500000 then error('enough') else id end) from rows").fetchall()
    gc.collect()
    assert wait_for(lambda: makers() == 0)
    with pytest.raises(polars.exceptions.PolarsError):
        rowgen.scan(LONG).select(polars.col("id").cast(polars.Int8)).collect()

    def is_gone():
        # polars 2.1 lets go of what a failed query read when one of its threads runs the next one.
        polars.LazyFrame({"a": [1]}).select(polars.col("a") + 1).collect()
        gc.collect()
        return makers() == 0

    assert wait_for(is_gone)


def test_a_reader_that_nobody_reads_costs_nothing():
    table = rowgen.read(LONG, threads=4)
    files = lambda: len(os.listdir("/proc/self/fd"))
    size = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    left = lambda: [(iter(table), table.__arrow_c_stream__(), table.slice(7)) for _ in range(1_000)]
    left()
    before = files(), size()
    for _ in range(5):
        left()
        assert makers() == 0
    assert files() == before[0]
    # Five times as many as the first time.
    assert size() - before[1] < 4 << 20


def test_a_program_ends_while_readers_are_open():
    program = (
        "import sys, threading, rowgen\n"
        "open = [iter(rowgen.read(sys.argv[1], columns=['id'])) for _ in range(3)]\n"
        "next(open[0]); next(open[1])\n"
        "threading.Thread(target=lambda: [None for _ in open[2]], daemon=True).start()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, LONG], timeout=20, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


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


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
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
