"""Apache Airflow 3: a dataset for each slot of pipelines/daily.yaml, made by as many tasks as there are slices.

The package `rowgen` is installed where Airflow's workers are (`pip install rowgen`), and the slices write to one place
(LAKE: a folder that all workers see, or s3://…). Nothing is said between the tasks: a slice is made by its number alone,
and a task that is run again, or twice at the same time, leaves the same files once.

    airflow dags test rowgen_daily 2026-01-15
"""

import os
from datetime import timedelta

import pendulum
from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from airflow.timetables.trigger import CronTriggerTimetable

ZONE = "Europe/Rome"
PIPELINE = os.environ.get("ROWGEN_PIPELINE", "pipelines/daily.yaml")
SLICES = int(os.environ.get("ROWGEN_SLICES", "4"))


def slot_day():
    """The day of the slot in the zone of the pipeline's schedule: it is due when the DAG is."""
    run = get_current_context()["dag_run"]
    return pendulum.instance(run.logical_date or run.run_after).in_timezone(ZONE).date()


@dag(
    # The `schedule` of the pipeline.
    schedule=CronTriggerTimetable("15 2 * * *", timezone=ZONE),
    start_date=pendulum.datetime(2026, 1, 1, tz=ZONE),
    catchup=True,
    max_active_runs=2,
)
def rowgen_daily():
    @task
    def slices():
        return [f"{index}/{SLICES}" for index in range(1, SLICES + 1)]

    @task(retries=3, retry_delay=timedelta(minutes=1))
    def make(slice_of: str):
        import rowgen

        try:
            report = rowgen.run(PIPELINE, run_date=slot_day(), slice=slice_of)
        except rowgen.PipelineError as mistake:
            # It stays one however often it is tried. A `RunError` is tried again.
            raise AirflowFailException(str(mistake)) from mistake
        return {sink["name"]: sink["rows"] for sink in report["sinks"]}

    @task
    def whole(rows: list):
        """All slices are there: _SUCCESS stands beside them, and readers may begin."""
        print(f"{slot_day()}: {sum(sum(made.values()) for made in rows)} rows in {SLICES} slices")

    whole(make.expand(slice_of=slices()))


rowgen_daily()
