//! What Parquet itself says of dates and moments, where the Arrow schema that is written beside them says
//! something else: a date is no moment, and a moment has the unit that it is stored in.
//
// pyarrow writes dates of 64 bits as dates, and moments in seconds as milliseconds. The library then reads the
// first as moments, drops the zone of the second, and takes nanoseconds for whatever unit is said.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, parquet_to_arrow_schema};
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::KeyValue;
use parquet::schema::types::{BasicTypeInfo, SchemaDescriptor, Type, TypePtr};

use crate::type_names::plain_type;

/// The file with its dates and moments as Parquet says them.
///
/// # Errors
/// The library refuses them.
pub(super) fn own_times(
    metadata: ArrowReaderMetadata,
    options: &ArrowReaderOptions,
) -> ParquetResult<ArrowReaderMetadata> {
    if !has_arrow_schema(&metadata) {
        return Ok(metadata);
    }
    let described = metadata.parquet_schema();
    let words = metadata.metadata().file_metadata().key_value_metadata();
    let own = leaves(&parquet_to_arrow_schema(described, None)?);
    let said = SchemaDescriptor::new(without_moments(&described.root_schema_ptr())?);
    let said = leaves(&parquet_to_arrow_schema(&said, words)?);
    let physical = described.columns().iter().map(|leaf| leaf.physical_type());
    let mut leaves = physical.zip(own.iter().zip(&said));
    let mut mended = |read: &DataType| match leaves.next() {
        // Both units of those are asked for where they are read.
        Some((Physical::INT96, _)) | None => read.clone(),
        Some((_, (own, said))) => in_own_words(own, said).unwrap_or_else(|| read.clone()),
    };
    let fields = metadata.schema().fields().iter();
    let fields: Vec<FieldRef> = fields
        .map(|field| with_leaves(field, &mut mended))
        .collect();
    if metadata.schema().fields().iter().eq(&fields) {
        return Ok(metadata);
    }
    let options = options.clone().with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
}

/// True for a file beside whose own types there is an Arrow schema.
pub(super) fn has_arrow_schema(metadata: &ArrowReaderMetadata) -> bool {
    let words = metadata.metadata().file_metadata().key_value_metadata();
    let is_schema = |word: &KeyValue| word.key == ARROW_SCHEMA_META_KEY;
    words.is_some_and(|words| words.iter().any(is_schema))
}

/// What a column is whose Arrow schema says another date or moment than Parquet.
fn in_own_words(own: &DataType, said: &DataType) -> Option<DataType> {
    match (own, plain_type(said)) {
        (DataType::Date32, DataType::Date64) => Some(DataType::Date32),
        (DataType::Timestamp(unit, zone), DataType::Timestamp(other, place)) if unit != other => {
            // Parquet says that there is a zone, and only the Arrow schema which.
            let zone = zone.as_ref().map(|utc| place.as_ref().unwrap_or(utc));
            Some(DataType::Timestamp(*unit, zone.cloned()))
        }
        _ => None,
    }
}

/// The node with its moments as plain numbers: of those alone the library takes an Arrow schema's word as it is.
fn without_moments(node: &TypePtr) -> ParquetResult<TypePtr> {
    let about = node.get_basic_info();
    if node.is_primitive() {
        if node.get_physical_type() != Physical::INT64 || !is_moment(about) {
            return Ok(node.clone());
        }
        let plain = Type::primitive_type_builder(about.name(), Physical::INT64)
            .with_repetition(about.repetition());
        return plain.build().map(Arc::new);
    }
    let fields = node.get_fields().iter().map(without_moments);
    let group = Type::group_type_builder(about.name())
        .with_fields(fields.collect::<ParquetResult<_>>()?)
        .with_converted_type(about.converted_type())
        .with_logical_type(about.logical_type_ref().cloned());
    match about.has_repetition() {
        true => group.with_repetition(about.repetition()).build(),
        false => group.build(),
    }
    .map(Arc::new)
}

/// Whether Parquet calls a column moments, in words new or old.
fn is_moment(about: &BasicTypeInfo) -> bool {
    let old = [
        ConvertedType::TIMESTAMP_MILLIS,
        ConvertedType::TIMESTAMP_MICROS,
    ];
    matches!(
        about.logical_type_ref(),
        Some(LogicalType::Timestamp { .. })
    ) || old.contains(&about.converted_type())
}

/// The types of a schema's columns, those within lists, maps and structs, too, in Parquet's order.
fn leaves(schema: &Schema) -> Vec<DataType> {
    let mut types = Vec::new();
    for field in schema.fields() {
        with_leaves(field, &mut |leaf| {
            types.push(leaf.clone());
            leaf.clone()
        });
    }
    types
}

/// The field with other types at its leaves, which are asked for in Parquet's order.
pub(super) fn with_leaves(
    field: &FieldRef,
    leaf: &mut dyn FnMut(&DataType) -> DataType,
) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::List(item) => DataType::List(with_leaves(item, leaf)),
        DataType::LargeList(item) => DataType::LargeList(with_leaves(item, leaf)),
        DataType::FixedSizeList(item, size) => {
            DataType::FixedSizeList(with_leaves(item, leaf), *size)
        }
        DataType::Map(entries, sorted) => DataType::Map(with_leaves(entries, leaf), *sorted),
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| with_leaves(field, leaf));
            DataType::Struct(fields.collect())
        }
        other => leaf(other),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow::array::{
        ArrayRef, Date32Array, ListArray, RecordBatch, TimestampMicrosecondArray,
        TimestampMillisecondArray, TimestampNanosecondArray,
    };
    use arrow::datatypes::{Int32Type, TimeUnit};
    use parquet::arrow::arrow_writer::ArrowWriterOptions;
    use parquet::arrow::{ArrowWriter, encode_arrow_schema};
    use parquet::file::properties::WriterProperties;

    use super::super::{Asked, Opened, SourceKind};
    use super::*;
    use crate::place::{self, decode};
    use crate::shown_value::show;

    const SECONDS: TimeUnit = TimeUnit::Second;

    /// A file of this column, whose Arrow schema says that it is another.
    fn write(path: &Path, column: &ArrayRef, said: DataType) {
        let batch = RecordBatch::try_from_iter([("a", column.clone())]).unwrap();
        let said = encode_arrow_schema(&Schema::new(vec![Field::new("a", said, true)]));
        let word = KeyValue::new(ARROW_SCHEMA_META_KEY.to_string(), said);
        let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![word]));
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true);
        let file = std::fs::File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    /// Its type and its first value, as they are read.
    fn read(column: ArrayRef, said: DataType) -> (DataType, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        write(&path, &column, said);
        let text = format!("parquet: {{ path: {} }}", path.display());
        let node = place::parse(&Arc::new(place::Source::new("test", text))).unwrap();
        let source: SourceKind = decode(&node).unwrap();
        let Opened::Records(records) = source.open(&Asked::default()).unwrap() else {
            panic!("a file is no stream");
        };
        let values = records.read(0, 1, &[0]).unwrap().columns[0].clone();
        assert_eq!(records.schema().field(0).data_type(), values.data_type());
        (values.data_type().clone(), show(&values, 0))
    }

    fn moments(unit: TimeUnit, zone: Option<&str>) -> DataType {
        DataType::Timestamp(unit, zone.map(Into::into))
    }

    #[test]
    fn dates_of_64_bits_are_dates_within_lists_too() {
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![18_263]));
        let date = (DataType::Date32, "2020-01-02".to_string());
        assert_eq!(read(dates.clone(), DataType::Date64), date);
        let values = Box::new(DataType::Date64);
        let indices = Box::new(DataType::Int32);
        assert_eq!(read(dates, DataType::Dictionary(indices, values)), date);
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(18_263)])]);
        let list = arrow::compute::cast(&list, &DataType::new_list(DataType::Date32, true));
        let said = DataType::new_list(DataType::Date64, true);
        let (data_type, value) = read(list.unwrap(), said);
        assert_eq!(value, "[2020-01-02]");
        assert!(matches!(data_type, DataType::List(item) if item.data_type() == &DataType::Date32));
    }

    #[test]
    fn moments_have_the_unit_that_they_are_stored_in() {
        let value = 1_577_934_245_123_456_789;
        let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![value]));
        let shown = "2020-01-02T03:04:05.123456789".to_string();
        for unit in [SECONDS, TimeUnit::Millisecond, TimeUnit::Microsecond] {
            let expected = (moments(TimeUnit::Nanosecond, None), shown.clone());
            assert_eq!(read(nanos.clone(), moments(unit, None)), expected);
            assert_eq!(read(nanos.clone(), moments(unit, Some("UTC"))), expected);
        }
        let micros: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![value / 1000]));
        let (data_type, value) = read(micros, moments(SECONDS, None));
        assert_eq!(data_type, moments(TimeUnit::Microsecond, None));
        assert_eq!(value, "2020-01-02T03:04:05.123456");
    }

    #[test]
    fn seconds_of_a_zone_keep_it() {
        let millis = TimestampMillisecondArray::from(vec![1_577_934_245_000]);
        let millis: ArrayRef = Arc::new(millis.with_timezone("UTC"));
        for zone in ["Europe/Berlin", "+01:00"] {
            let (data_type, value) = read(millis.clone(), moments(SECONDS, Some(zone)));
            assert_eq!(data_type, moments(TimeUnit::Millisecond, Some(zone)));
            assert_eq!(value, "2020-01-02T04:04:05+01:00");
        }
        let (data_type, _) = read(millis, moments(SECONDS, None));
        assert_eq!(data_type, moments(TimeUnit::Millisecond, Some("UTC")));
    }
}
