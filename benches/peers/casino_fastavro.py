"""fastavro writes the casino transactions, made by numpy and pyarrow: one process and one file for each thread.

Times go in as whole microseconds, which fastavro writes without the work that a datetime costs it.
"""

from multiprocessing import get_context

import pyarrow as pa
from casino import DAY_MICROS, arguments
from casino_numpy import chunk
from fastavro import parse_schema, writer

CHUNK_ROWS = 1 << 14
AMOUNT = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 6}
TIME = {"type": "long", "logicalType": "timestamp-micros"}


def avro_type(field):
    if pa.types.is_decimal(field.type):
        return AMOUNT
    if pa.types.is_timestamp(field.type):
        return TIME
    return "int" if pa.types.is_int32(field.type) else "string"


def values(column):
    return (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()


def records(worker, rows, threads, gap):
    for first in range(worker * CHUNK_ROWS, rows, threads * CHUNK_ROWS):
        batch = chunk(first, min(CHUNK_ROWS, rows - first), gap)
        names = batch.schema.names
        for row in zip(*map(values, batch.columns)):
            yield dict(zip(names, row))


def write(worker, rows, threads, path):
    gap = DAY_MICROS // rows
    # A union with null, as every tool writes columns that may be null.
    fields = [{"name": f.name, "type": ["null", avro_type(f)]} for f in chunk(0, 1, gap).schema]
    schema = parse_schema({"type": "record", "name": "transactions", "fields": fields})
    with open(path.removesuffix(".avro") + f".{worker}.avro", "wb") as file:
        writer(file, schema, records(worker, rows, threads, gap), codec="null")


def main():
    _, rows, threads, path = arguments()
    with get_context("fork").Pool(threads) as pool:
        pool.starmap(write, [(worker, rows, threads, path) for worker in range(threads)])


main()
