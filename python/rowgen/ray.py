"""Tables as datasets of Ray Data: `rowgen.ray.read`. Needs Ray: `pip install rowgen[ray]`.

Each task makes rows of its own, batch by batch, which Ray puts together to blocks of the size that it
wants. A task that is run again makes the same rows.
"""

from functools import lru_cache, partial

import pyarrow
import ray.data
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from ._ranges import plan


class RowgenDatasource(Datasource):
    """The rows of a table, for `ray.data.read_datasource`. The arguments are those of `rowgen.read`."""

    def __init__(
        self,
        pipeline,
        table=None,
        columns=None,
        start=0,
        stop=None,
        *,
        params=None,
        seed=None,
        run_date=None,
        now=None,
        threads=1,
    ):
        super().__init__()
        values = {"params": params, "seed": seed, "run_date": run_date, "now": now, "threads": threads}
        _, self._rows = plan(pipeline, table, columns, start, stop, **values)
        self._threads = threads
        self._projection_map = None

    def get_name(self):
        return "rowgen"

    def supports_projection_pushdown(self):
        return True

    def apply_projection(self, projection_map):
        other = super().apply_projection(projection_map)
        if other._projection_map:
            other._rows = self._rows.of(other._projection_map)
        return other

    def estimate_inmemory_data_size(self):
        return int(len(self._rows) * _bytes_each(self._rows))

    def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
        each = -(-len(self._rows) // max(parallelism, 1))
        return [self._task(rows, per_task_row_limit) for rows in self._rows.parts(each)]

    def _task(self, rows, limit):
        made = rows if limit is None else rows.parts(limit)[0]
        metadata = BlockMetadata(
            num_rows=len(rows),
            size_bytes=int(len(rows) * _bytes_each(self._rows)),
            input_files=None,
            exec_stats=None,
        )
        return ReadTask(
            partial(_blocks, made, self._threads),
            metadata,
            schema=pyarrow.schema(self._rows.read().schema),
            per_task_row_limit=limit,
        )


def read(
    pipeline,
    table=None,
    columns=None,
    start=0,
    stop=None,
    *,
    params=None,
    seed=None,
    run_date=None,
    now=None,
    threads=1,
    **options,
):
    """The rows of a table as a `ray.data.Dataset`.

    The arguments are those of `rowgen.read`; `threads` are those of one task, and Ray reserves as many
    processors for it. `options` are those of `ray.data.read_datasource`, such as `override_num_blocks`.
    Text comes as text, never as a dictionary.
    """
    values = {"params": params, "seed": seed, "run_date": run_date, "now": now}
    source = RowgenDatasource(pipeline, table, columns, start, stop, threads=threads, **values)
    return ray.data.read_datasource(source, **({"num_cpus": threads} | options))


# Ray asks several times while it plans.
@lru_cache(maxsize=16)
def _bytes_each(rows):
    return rows.bytes_each()


def _blocks(rows, threads):
    """What a worker runs."""
    table = rows.read(threads=threads)
    for batch in table:
        yield pyarrow.Table.from_batches([pyarrow.record_batch(batch)])
    if not rows:
        # Ray knows the columns of what it has seen.
        yield pyarrow.schema(table.schema).empty_table()
