"""The types that each reader reports for a Parquet file, beside those it should."""

import re

import chdb
import polars
import pyarrow.parquet
from pyspark.sql.pandas.types import from_arrow_schema
from readers import duckdb_connection, spark
from schemas import clickhouse_type, duckdb_type


def duckdb_types(path, schema):
    described = duckdb_connection().sql(f"DESCRIBE FROM '{path}'").fetchall()
    return {row[0]: row[1] for row in described}, {f.name: duckdb_type(f.type) for f in schema}


def clickhouse_types(path, schema):
    described = chdb.query(f"DESCRIBE file('{path}', Parquet)", "ArrowTable")
    names, kinds = (described[field].cast("string").to_pylist() for field in ("name", "type"))
    expected = {f.name: plain(clickhouse_type(f.type)) for f in schema}
    return dict(zip(names, map(plain, kinds))), expected


def plain(kind):
    """A ClickHouse type without spaces and without Nullable: a required column has none, and is right too."""
    return re.sub(r"Nullable\(((?:[^()]|\([^()]*\))*)\)", r"\1", re.sub(r"\s", "", kind))


def polars_types(path, schema):
    return dict(polars.read_parquet_schema(path)), dict(polars.from_arrow(schema.empty_table()).schema)


def pyarrow_types(path, schema):
    found = pyarrow.parquet.read_schema(path)
    return {f.name: f.type for f in found}, {f.name: f.type for f in schema}


def spark_types(path, schema):
    found = spark().read.parquet(str(path)).schema
    return ({f.name: f.dataType.simpleString() for f in kind} for kind in (found, from_arrow_schema(schema)))


NATIVE_TYPES = {
    "clickhouse": clickhouse_types,
    "duckdb": duckdb_types,
    "polars": polars_types,
    "pyarrow": pyarrow_types,
    "spark": spark_types,
}
