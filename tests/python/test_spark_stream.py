"""`spark.readStream.format("rowgen")`: each row once, in order, across restarts."""

import json
import time
from datetime import datetime

import pyarrow
import pyarrow.parquet
import pytest
import rowgen
from conftest import NUMBERS

ENDLESS = NUMBERS.replace("rows: 100_000", "rows: 0").replace("1 / (70000 - id)", "id")


def stream(spark, pipeline, **options):
    return spark.readStream.format("rowgen").options(pipeline=pipeline, columns="id,price", **options).load()


def start(frame, folder, **trigger):
    """Writes a stream as Parquet, with its checkpoint beside."""
    writer = frame.writeStream.format("parquet").option("checkpointLocation", f"{folder}/checkpoint")
    return writer.trigger(**trigger).start(f"{folder}/rows")


def finished(query):
    assert query.awaitTermination(60), query.status
    return [progress["numInputRows"] for progress in query.recentProgress if progress["numInputRows"]]


def written(spark, folder):
    """What readers of the finished stream see, which is what its log names."""
    return spark.read.parquet(f"{folder}/rows").toArrow().sort_by("id")


def own(pipeline, stop):
    return pyarrow.table(rowgen.read(pipeline, columns=["id", "price"], stop=stop))


def test_what_is_available_is_taken_in_batches_and_once(spark, tmp_path):
    for _ in range(2):
        frame = stream(spark, NUMBERS, rows_per_batch=40_000)
        batches = finished(start(frame, tmp_path, availableNow=True))
    # The second query had nothing to do.
    assert batches == []
    assert written(spark, tmp_path).to_pydict() == own(NUMBERS, None).to_pydict()
    offsets = sorted((tmp_path / "checkpoint/offsets").glob("[0-9]*"), key=lambda path: int(path.name))
    ends = [json.loads(path.read_text().splitlines()[2])["row"] for path in offsets]
    assert ends == [40_000, 80_000, 100_000]


def test_a_query_goes_on_where_its_checkpoint_ends(spark, tmp_path):
    for _ in range(3):
        query = start(stream(spark, ENDLESS, rows_per_second=2_000), tmp_path, processingTime="200 milliseconds")
        until(lambda: sum(progress["numInputRows"] for progress in query.recentProgress) > 500)
        # In the middle of whatever it does.
        query.stop()
    found = written(spark, tmp_path)
    assert found.num_rows > 1_500
    assert found.to_pydict() == own(ENDLESS, found.num_rows).to_pydict()


def until(reached):
    end = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_rows_come_at_their_rate(spark):
    query = stream(spark, ENDLESS, rows_per_second=1_000).writeStream.format("noop").start()
    given = lambda: [progress for progress in query.recentProgress if progress["numInputRows"]]
    at = lambda progress: datetime.fromisoformat(progress["timestamp"]).timestamp()
    try:
        until(lambda: len(given()) > 1 and at(given()[-1]) - at(given()[0]) > 3)
        first, *others = given()
    finally:
        query.stop()
    rate = sum(progress["numInputRows"] for progress in others) / (at(others[-1]) - at(first))
    # How long Spark takes from the time that it notes to the question for rows is not always the same.
    assert 800 < rate < 1_200


def test_a_checkpoint_of_another_pipeline_is_refused(spark, tmp_path):
    finished(start(stream(spark, NUMBERS, stop=1_000), tmp_path, availableNow=True))
    query = start(stream(spark, NUMBERS.replace("seed: 7", "seed: 8")), tmp_path, availableNow=True)
    with pytest.raises(Exception, match="PipelineError: the pipeline, or what it reads, is not on this worker"):
        query.awaitTermination(60)


def test_a_table_without_end_has_nothing_that_is_all(spark, tmp_path):
    query = start(stream(spark, ENDLESS), tmp_path, availableNow=True)
    with pytest.raises(Exception, match="PipelineError: the table has no end: not all of its rows can be taken"):
        query.awaitTermination(60)
