"""Ray Data: the rows of rowgen's own file, whatever the tasks, also after a worker has died."""

from dataclasses import replace

import pyarrow
import pyarrow.compute
import pytest
import ray
import ray.data
import rowgen.ray
from shared import COLUMNS, ORDERS, ROWS, dies_once, in_order, written


@pytest.fixture(scope="module", autouse=True)
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=256 << 20, logging_level="error")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def all_rows(dataset):
    return pyarrow.concat_tables(ray.get(dataset.to_arrow_refs()))


def test_rows_are_those_of_a_run(tmp_path):
    expected = written(tmp_path).select(COLUMNS)
    dataset = rowgen.ray.read(ORDERS, columns=COLUMNS, override_num_blocks=7)
    assert dataset.count() == ROWS
    assert in_order(all_rows(dataset), expected).equals(in_order(expected, expected))


def test_ray_knows_the_sizes_before_a_row_is_made():
    source = rowgen.ray.RowgenDatasource(ORDERS, columns=COLUMNS, start=1_000, stop=90_000)
    tasks = source.get_read_tasks(4)
    assert [task.metadata.num_rows for task in tasks] == [22_250] * 4
    assert tasks[0].schema.names == COLUMNS
    made = [pyarrow.concat_tables(task()) for task in tasks]
    told = [task.metadata.size_bytes for task in tasks]
    assert sum(told) == pytest.approx(source.estimate_inmemory_data_size(), rel=0.001)
    assert told == pytest.approx([table.nbytes for table in made], rel=0.05)
    # No batch of rows needs more memory than any other reader's: a task gives several.
    assert len(list(rowgen.ray.RowgenDatasource(ORDERS, columns=COLUMNS).get_read_tasks(1)[0]())) == 2


def test_only_what_is_asked_for_is_made():
    # Row 50 000 of `bad` cannot be made.
    text = ORDERS + '      bad: { expr: "1 / (50000 - id)" }\n'
    dataset = rowgen.ray.read(text, override_num_blocks=3)
    assert dataset.schema().names == [*COLUMNS, "made", "bad"]
    assert pyarrow.compute.sum(all_rows(dataset.select_columns(["total", "id"]))["id"]).as_py() == ROWS * (ROWS - 1) // 2
    # A limit that Ray gives to the tasks: row 50 000 lies within the second.
    limited = rowgen.ray.RowgenDatasource(text).get_read_tasks(3, per_task_row_limit=10)
    assert [sum(block.num_rows for block in task()) for task in limited] == [10, 10, 10]
    assert dataset.count() == ROWS
    with pytest.raises(Exception, match="division by zero"):
        dataset.materialize()


def test_a_dataset_without_rows_has_its_columns():
    dataset = rowgen.ray.read(ORDERS, columns=COLUMNS, stop=0)
    assert dataset.schema().names == COLUMNS
    assert dataset.count() == 0
    with pytest.raises(rowgen.PipelineError, match="^`columns`: expected a list of names, found `id`$"):
        rowgen.ray.read(ORDERS, columns="id")


def test_a_worker_that_dies_changes_no_row(tmp_path):
    dataset = rowgen.ray.read(ORDERS, override_num_blocks=4)
    step = dies_once(str(tmp_path / "died"))
    died = all_rows(dataset.map_batches(step, batch_format="pyarrow", batch_size=5_000))
    assert (tmp_path / "died").exists()
    # Also `made`, which is a time: that of planning, wherever and whenever a row is made.
    undisturbed = all_rows(dataset)
    assert in_order(died, undisturbed).equals(in_order(undisturbed, undisturbed))
    assert len(pyarrow.compute.unique(undisturbed["made"])) == 1


def test_a_worker_that_would_make_other_rows_is_refused(tmp_path):
    file = tmp_path / "orders.yaml"
    file.write_text(ORDERS)
    dataset = rowgen.ray.read(file, override_num_blocks=2)
    file.write_text(ORDERS.replace("seed: 7", "seed: 8"))
    with pytest.raises(Exception, match="orders.yaml, or what it reads, is not on this worker what it was"):
        dataset.materialize()
    source = rowgen.ray.RowgenDatasource(ORDERS)
    source._rows = replace(source._rows, recipe=replace(source._rows.recipe, version="0.0.1"))
    with pytest.raises(rowgen.PipelineError, match="the rows were planned by rowgen 0.0.1"):
        source.get_read_tasks(1)
