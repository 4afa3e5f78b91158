"""Other people's readers behind one function: a file in, the same Arrow table out, rows in file order."""

import functools
import os
from pathlib import Path

import chdb
import duckdb
import fastavro
import polars
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from schemas import clickhouse_type, duckdb_type

# A result over 1 MiB is fetched from the driver by its host name, which need not lead back to this machine.
LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
# Tables are small: a task for each partition of a shuffle would be most of the time.
SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.ui.showConsoleProgress": "false",
}


def delta_lake():
    """Settings with which Spark knows tables of Delta Lake."""
    jars = sorted(map(str, Path(os.environ["DELTA_JARS"]).glob("*.jar")))
    return {
        "spark.jars": ",".join(jars),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }


@functools.cache
def spark():
    """The one Spark session of the whole test run: starting it takes ten seconds."""
    session = SparkSession.builder.master("local[2]").appName("rowgen readers")
    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR"}
    return session.config(map=settings | LOOPBACK | SMALL | delta_lake()).getOrCreate()


def duckdb_connection():
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def read(reader, path, schema, delimiter=","):
    """Reads a file with one reader; `schema` types the text formats and is what the result is cast to."""
    table = READERS[reader, path.suffix](str(path), schema, delimiter)
    return table.select(schema.names).cast(schema).combine_chunks()


def duckdb_text(function, more):
    def read_text(path, schema, delimiter):
        columns = {f.name: duckdb_type(f.type) for f in schema}
        options = f"columns = {columns}" + more.format(delimiter=delimiter)
        return duckdb_connection().sql(f"FROM {function}('{path}', {options})").to_arrow_table()

    return read_text


def duckdb_parquet(path, _schema, _delimiter):
    return duckdb_connection().sql(f"FROM '{path}'").to_arrow_table()


def clickhouse(fmt):
    def read_format(path, schema, delimiter):
        structure = ", ".join(f"{f.name} {clickhouse_type(f.type)}" for f in schema).replace("'", "\\'")
        # One thread and the file's order: ClickHouse otherwise hands on whichever block is ready first.
        settings = (
            "max_threads = 1, input_format_parquet_preserve_order = 1, date_time_input_format = 'best_effort', "
            f"output_format_arrow_string_as_string = 1, format_csv_delimiter = '{delimiter}'"
        )
        query = f"SELECT * FROM file('{path}', {fmt}, '{structure}') SETTINGS {settings}"
        return chdb.query(query, "ArrowTable")

    return read_format


def polars_csv(path, schema, delimiter):
    kinds = polars.Schema(polars.from_arrow(schema.empty_table()).schema)
    # Times are read as text and then parsed: the CSV reader itself knows no zones.
    text = {name: polars.String if isinstance(kind, polars.Datetime) else kind for name, kind in kinds.items()}
    frame = polars.read_csv(path, separator=delimiter, schema=text)
    times = [polars.col(n).str.to_datetime(time_unit="us", time_zone="UTC") for n in kinds if text[n] != kinds[n]]
    return frame.with_columns(times).to_arrow()


def pyarrow_csv(path, schema, delimiter):
    convert = pyarrow.csv.ConvertOptions(
        column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    return pyarrow.csv.read_csv(
        path, parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter), convert_options=convert
    )


def pyarrow_jsonl(path, _schema, _delimiter):
    return pyarrow.json.read_json(path)


def spark_text(kind):
    def read_text(path, schema, delimiter):
        reader = spark().read.schema(from_arrow_schema(schema))
        if kind == "csv":
            return reader.csv(path, header=True, sep=delimiter).toArrow()
        return reader.json(path).toArrow()

    return read_text


def fastavro_records(path, schema, _delimiter):
    with open(path, "rb") as file:
        return pa.Table.from_pylist(list(fastavro.reader(file)), schema)


READERS = {
    ("clickhouse", ".avro"): clickhouse("Avro"),
    ("clickhouse", ".csv"): clickhouse("CSVWithNames"),
    ("clickhouse", ".jsonl"): clickhouse("JSONEachRow"),
    ("clickhouse", ".parquet"): clickhouse("Parquet"),
    ("duckdb", ".csv"): duckdb_text("read_csv", ", header = true, delim = '{delimiter}'"),
    ("duckdb", ".jsonl"): duckdb_text("read_json", ", format = 'newline_delimited'"),
    ("duckdb", ".parquet"): duckdb_parquet,
    ("fastavro", ".avro"): fastavro_records,
    ("polars", ".avro"): lambda path, _schema, _delimiter: polars.read_avro(path).to_arrow(),
    ("polars", ".csv"): polars_csv,
    ("polars", ".jsonl"): lambda path, _schema, _delimiter: polars.read_ndjson(
        path, infer_schema_length=None
    ).to_arrow(),
    ("polars", ".parquet"): lambda path, _schema, _delimiter: polars.read_parquet(path).to_arrow(),
    ("pyarrow", ".csv"): pyarrow_csv,
    ("pyarrow", ".jsonl"): pyarrow_jsonl,
    ("pyarrow", ".parquet"): lambda path, _schema, _delimiter: pyarrow.parquet.read_table(path),
    ("spark", ".csv"): spark_text("csv"),
    ("spark", ".jsonl"): spark_text("json"),
    ("spark", ".parquet"): lambda path, _schema, _delimiter: spark().read.parquet(path).toArrow(),
}


def readers_of(suffix):
    """The readers that read one format."""
    return sorted(reader for reader, kind in READERS if kind == suffix)
