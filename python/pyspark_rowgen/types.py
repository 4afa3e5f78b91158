"""The types that Spark has for rowgen's, and columns that are made into them."""

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from .options import wrong

# What each type becomes that Spark has not.
NEAREST = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
    pa.date64(): pa.date32(),
}
SAME = [pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.string(), pa.binary()]
SAME += [pa.date32()]
# Digits of the longest decimal.
DIGITS = 38


def spark_schema(schema):
    """The columns of a table as Spark knows them; the first one that Spark has no type for is refused."""
    return from_arrow_schema(pa.schema([nearest_field(field, field.name) for field in pa.schema(schema)]))


def arrow_schema(schema, wanted):
    """The columns that Spark expects, if they are those of the table."""
    for found, asked in zip(spark_schema(schema), wanted):
        given, said = found.dataType.simpleString(), asked.dataType.simpleString()
        if found.nullable and not asked.nullable:
            given, said = f"{given} and may be null", f"{said} not null"
        if given != said:
            text = f"column `{found.name}` is {given}, and the schema says {said}"
            raise wrong(text, "read it as it is and cast it afterwards")
    return to_arrow_schema(wanted, timezone="UTC")


def nearest_field(field, column):
    return field.with_type(nearest(field.type, column)).remove_metadata()


def nearest(kind, column):
    """The type of Spark that holds all values of this one, but for nanoseconds."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.string() if is_uuid(kind) else nearest(kind.storage_type, column)
    if kind in SAME:
        return kind
    if kind in NEAREST:
        return NEAREST[kind]
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz and "UTC")
    if pa.types.is_duration(kind):
        return pa.duration("us")
    if pa.types.is_time(kind):
        return pa.string()
    if pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if pa.types.is_decimal(kind) and kind.precision <= DIGITS and 0 <= kind.scale <= kind.precision:
        return pa.decimal128(kind.precision, kind.scale)
    return within(kind, column)


def within(kind, column):
    """Types that hold others."""
    if pa.types.is_struct(kind):
        return pa.struct([inner(field, column) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(inner(kind.key_field, column), inner(kind.item_field, column))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(inner(kind.value_field, column))
    raise refused(kind, column)


def inner(field, column):
    """A field of such a type. pyarrow casts no UUIDs there."""
    if is_uuid(field.type):
        raise refused(field.type, column)
    return nearest_field(field, column)


def refused(kind, column):
    shown = "a uuid within another value" if is_uuid(kind) else str(kind)
    return wrong(f"column `{column}` is {shown}: Spark has no such type", "leave it out with the option `columns`")


def is_uuid(kind):
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.uuid"


def spark_batches(batches, schema):
    """Batches as Spark takes them. Columns that have their type already are passed on as they are."""
    for batch in batches:
        batch = pa.record_batch(batch)
        columns = [converted(column, kind) for column, kind in zip(batch.columns, schema.types)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def converted(column, kind):
    if column.type == kind:
        return column
    if isinstance(column.type, pa.BaseExtensionType):
        column = uuid_texts(column.storage) if is_uuid(column.type) else column.storage
    # Nanoseconds are cut off; nothing else can be lost on the way to these types.
    return column if column.type == kind else column.cast(kind, safe=False)


def uuid_texts(column):
    """UUIDs as they are written by hand."""
    data = column.buffers()[1][column.offset * 16 : (column.offset + len(column)) * 16]
    digits = pa.py_buffer(data.to_pybytes().hex().encode())
    digits = pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(column), [None, digits])
    digits = digits.cast(pa.binary()).cast(pa.string())
    edges = [0, 8, 12, 16, 20, 32]
    groups = [pc.utf8_slice_codeunits(digits, start, stop) for start, stop in zip(edges, edges[1:])]
    texts = pc.binary_join_element_wise(*groups, "-")
    return pc.if_else(column.is_valid(), texts, None) if column.null_count else texts
