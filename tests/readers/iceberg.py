"""Takes files of rowgen into a table of Iceberg as they are: the recipe of docs/src/delta.md."""

from pathlib import Path
from pyarrow.parquet import read_schema
from pyiceberg.catalog import load_catalog

catalog = load_catalog("lake", type="sql", uri="sqlite:///catalog.db", warehouse="file:///tmp/warehouse")
catalog.create_namespace_if_not_exists("shop")
files = sorted(str(path.resolve()) for path in Path("lake/files").glob("*.parquet"))
table = catalog.create_table_if_not_exists("shop.orders", read_schema(files[0]))
table.add_files(files)
print(table.scan(row_filter="order_id < 10").to_arrow().num_rows)
