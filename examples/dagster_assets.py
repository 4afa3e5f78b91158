"""Dagster: an asset whose partitions are the slots of pipelines/daily.yaml, each made by as many steps as there are slices.

The package `rowgen` is installed where Dagster's code runs (`pip install rowgen`), and the slices write to one place
(LAKE: a folder that all of them see, or s3://…). A step that is run again, or twice at the same time, leaves the same
files once.

    dagster asset materialize -f examples/dagster_assets.py --select lake --partition 2026-01-15
"""

import os
from datetime import date

import dagster

PIPELINE = os.environ.get("ROWGEN_PIPELINE", "pipelines/daily.yaml")
SLICES = int(os.environ.get("ROWGEN_SLICES", "4"))

# The `schedule` of the pipeline: the slot of a day is due on the day itself, hence the offset.
SLOTS = dagster.DailyPartitionsDefinition(start_date="2026-01-01", timezone="Europe/Rome", end_offset=1)


@dagster.op(out=dagster.DynamicOut(str))
def slices():
    for index in range(1, SLICES + 1):
        yield dagster.DynamicOutput(f"{index}/{SLICES}", mapping_key=f"slice_{index}")


@dagster.op(retry_policy=dagster.RetryPolicy(max_retries=3, delay=60))
def make(context: dagster.OpExecutionContext, slice_of: str) -> dict:
    import rowgen

    try:
        report = rowgen.run(PIPELINE, run_date=date.fromisoformat(context.partition_key), slice=slice_of)
    except rowgen.PipelineError as mistake:
        # It stays one however often it is tried. A `RunError` is tried again.
        raise dagster.Failure(str(mistake), allow_retries=False) from mistake
    return {sink["name"]: sink["rows"] for sink in report["sinks"]}


@dagster.op
def whole(context: dagster.OpExecutionContext, rows: list[dict]) -> dagster.Output[None]:
    """All slices are there: _SUCCESS stands beside them, and readers may begin."""
    total = sum(sum(made.values()) for made in rows)
    context.log.info(f"{context.partition_key}: {total} rows in {SLICES} slices")
    return dagster.Output(None, metadata={"rows": total})


@dagster.graph_asset(partitions_def=SLOTS)
def lake():
    return whole(slices().map(make).collect())


daily = dagster.build_schedule_from_partitioned_job(
    dagster.define_asset_job("daily", selection=[lake], partitions_def=SLOTS), hour_of_day=2, minute_of_hour=15
)
defs = dagster.Definitions(assets=[lake], schedules=[daily])
