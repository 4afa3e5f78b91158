"""Dask: the rows of rowgen's own file, whatever the partitions, also after a worker has died."""

import pandas
import pyarrow
import pytest
import rowgen.dask
from dask.distributed import Client, LocalCluster
from rowgen._ranges import plan
from shared import COLUMNS, ORDERS, ROWS, dies_once, in_order, written


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        with Client(local) as client:
            yield client


def all_rows(frame):
    return pyarrow.Table.from_pandas(frame.compute(), preserve_index=False)


def test_rows_are_those_of_a_run(tmp_path):
    expected = written(tmp_path).select(COLUMNS)
    frame = rowgen.dask.read(ORDERS, columns=COLUMNS, npartitions=7)
    assert frame.npartitions == 7
    assert len(frame) == ROWS
    assert frame["id"].sum().compute() == ROWS * (ROWS - 1) // 2
    read = all_rows(frame)
    assert in_order(read, expected).equals(in_order(expected, expected))
    # The parts are in order, and their index are the numbers of the rows.
    assert read["id"].to_pylist() == list(range(ROWS))
    assert frame.loc[77_777].compute().equals(frame.compute().iloc[77_777:77_778])


def test_the_frame_is_described_before_a_row_is_made():
    frame = rowgen.dask.read(ORDERS, columns=COLUMNS, start=10, stop=20_010, npartitions=2)
    assert frame.divisions == (10, 10_010, 20_009)
    assert list(frame.columns) == COLUMNS
    made = frame.partitions[1].compute()
    assert dict(frame.dtypes) == dict(made.dtypes)
    assert frame.dtypes["total"] == pandas.ArrowDtype(pyarrow.decimal128(10, 2))
    assert (made.index[0], made.index[-1]) == (10_010, 20_009)
    # A small table is one partition, a large one has as many as take 100 MiB each.
    assert rowgen.dask.read(ORDERS).npartitions == 1
    large = rowgen.dask.read(ORDERS.replace("100_000", "100_000_000"), columns=COLUMNS)
    assert 20 < large.npartitions < 100
    assert len(rowgen.dask.read(ORDERS, start=200_000)) == 0


def test_only_what_is_asked_for_is_made():
    # Row 50 000 of `bad` cannot be made.
    frame = rowgen.dask.read(ORDERS + '      bad: { expr: "1 / (50000 - id)" }\n', npartitions=3)
    assert frame[["total", "id"]]["id"].sum().compute() == ROWS * (ROWS - 1) // 2
    with pytest.raises(Exception, match="division by zero"):
        frame.compute()


def test_a_frame_of_no_columns_has_its_rows():
    made = rowgen.dask.read(ORDERS, stop=1_000, npartitions=2)[[]].compute()
    assert list(made.columns) == [] and list(made.index) == list(range(1_000))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"npartitions": 0}, "`npartitions`: expected a whole number from 1 on, found `0`"),
        ({"npartitions": -1}, "`npartitions`: expected a whole number from 1 on, found `-1`"),
        ({"npartitions": 1.5}, "`npartitions`: expected a whole number from 1 on, found `1.5`"),
        ({"columns": "id"}, "`columns`: expected a list of names, found `id`"),
        ({"threads": "x"}, "`threads`: expected a whole number from 1 to 4096, found `x`"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(arguments, told):
    with pytest.raises(rowgen.PipelineError) as error:
        rowgen.dask.read(ORDERS, **arguments)
    assert str(error.value) == told


def test_a_worker_that_dies_changes_no_row(tmp_path):
    frame = rowgen.dask.read(ORDERS, npartitions=4)
    step = dies_once(str(tmp_path / "died"))
    died = frame.map_partitions(step, meta=frame._meta).compute()
    assert (tmp_path / "died").exists()
    # Also `made`, which is a time: that of planning, wherever and whenever a row is made.
    assert died.equals(frame.compute())
    assert rowgen.dask.read(ORDERS, columns=["made"], npartitions=8)["made"].nunique().compute() == 1


def test_a_worker_that_would_make_other_rows_is_refused(tmp_path):
    file = tmp_path / "orders.yaml"
    file.write_text(ORDERS)
    frame = rowgen.dask.read(file, npartitions=2)
    file.write_text(ORDERS.replace("seed: 7", "seed: 8"))
    with pytest.raises(rowgen.PipelineError, match="orders.yaml, or what it reads, is not on this worker what it was"):
        frame.compute()
    # What a worker of another environment makes of variables.
    text = ORDERS.replace("seed: 7", 'seed: "${env:ROWGEN_TEST_SEED:-1}"')
    _, rows = plan(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROWGEN_TEST_SEED", "2")
        with pytest.raises(rowgen.PipelineError, match="the pipeline, or what it reads, is not on this worker"):
            rows.read(threads=2)
