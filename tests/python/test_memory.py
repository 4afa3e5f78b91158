"""Memory of tables that are dropped goes back to the system; rows that stream past take little."""

from pathlib import Path

import pyarrow
import rowgen
from conftest import NUMBERS

# Some 90 bytes a row.
ROWS = 8_000_000
WORDS = NUMBERS.replace("100_000", str(ROWS))


def resident():
    """Mebibytes that this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 >> 20


def columns():
    return rowgen.read(WORDS, columns=["id", "price", "at", "word"], threads=2)


def test_a_table_that_is_dropped_gives_its_memory_back():
    for _ in range(3):
        before = resident()
        table = pyarrow.table(columns())
        held = resident() - before
        assert held > 200, held
        del table
        assert resident() - before < 150, (before, held, resident())


def test_a_table_of_small_batches_gives_its_memory_back_too():
    kept = pyarrow.table(columns())
    before = resident()
    few = rowgen.read(WORDS, columns=["id", "price"], batch_rows=1000, threads=2)
    table = pyarrow.table(few)
    held = resident() - before
    assert held > 80, held
    del table
    # An eighth of what is kept may stay.
    assert resident() - before < 80, (before, held, resident())
    assert kept.num_rows == ROWS


def test_rows_that_stream_past_take_as_much_as_the_batches_ahead():
    before = resident()
    for batch in columns():
        assert resident() - before < 150
        del batch
