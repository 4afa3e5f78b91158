"""numpy and pyarrow make the casino transactions: chunks on every thread, written in order."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from casino import DAY_MICROS, arguments, timed
from casino_numpy import chunk

CHUNK_ROWS = 1 << 18  # and so the rows of a row group; from 16 to 20 bits, this was fastest


def writer(fmt, path, schema):
    if fmt == "parquet":
        return pa.parquet.ParquetWriter(path, schema, compression="snappy")
    return pa.csv.CSVWriter(path, schema, write_options=pa.csv.WriteOptions(quoting_style="none"))


def main():
    fmt, rows, threads, path = arguments()
    pa.set_cpu_count(threads)
    gap = DAY_MICROS // rows
    firsts = range(0, rows, CHUNK_ROWS)
    make = lambda first: chunk(first, min(CHUNK_ROWS, rows - first), gap)
    if fmt == "memory":
        with timed(), ThreadPoolExecutor(threads) as pool:
            table = pa.Table.from_batches(pool.map(make, firsts))
        print(f"rows: {table.num_rows}")
        return
    with ThreadPoolExecutor(threads) as pool, writer(fmt, path, chunk(0, 1, gap).schema) as out:
        # As many chunks ahead as there are threads: memory stays bounded.
        ahead = [pool.submit(make, first) for first in firsts[:threads]]
        for first in [*firsts[threads:], *[None] * len(ahead)]:
            out.write_batch(ahead.pop(0).result())
            if first is not None:
                ahead.append(pool.submit(make, first))


main()
