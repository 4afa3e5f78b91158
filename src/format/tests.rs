//! What the tests of formats share: options from YAML, shapes, whole files in memory, awkward columns.

mod random;

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;

use super::{FileChunk, FormatKind, Shape};
use crate::batch::Batch;
use crate::domain::Domain;
use crate::error::Result;
use crate::place::{Source, decode, parse};

/// Bytes that a file writer puts down while the test keeps a hand on them.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// What has been written.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A format as it stands in a pipeline file.
pub fn format(yaml: &str) -> Result<FormatKind, crate::error::Problem> {
    let source = Arc::new(Source::new("p.yaml", yaml));
    decode(&parse(&source)?)
}

/// What a writer is told of these columns.
pub fn shape(table: &str, schema: SchemaRef) -> Shape {
    Shape {
        table: table.into(),
        order: Vec::new(),
        domains: vec![Domain::default(); schema.fields().len()],
        schema,
        rows: None,
        batch_rows: 3,
        file_starts: std::sync::Arc::default(),
        open_files: 1,
        folders: Vec::new(),
        beside: 0,
        run_key: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10,
        trial: None,
        changes: None,
    }
}

/// What is wrong with these columns in this format.
pub fn problems(yaml: &str, shape: &Shape) -> String {
    let problems = format(yaml).unwrap().check(shape);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    problems.join("\n")
}

/// The whole file, its batches encoded from the last to the first and put down in order.
pub fn file(yaml: &str, schema: SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let encoder = format(yaml)?.open(&shape("t", schema))?;
    let chunks: Mutex<HashMap<u64, FileChunk>> = Mutex::default();
    let put = |number, chunk| {
        chunks.lock().unwrap().insert(number, chunk);
    };
    for (number, batch) in batches.iter().enumerate().rev() {
        let first = number as u64 * 3;
        encoder.encode(&Batch::new(number as u64, first, batch.clone()), &put)?;
    }
    encoder.end(batches.len() as u64, &put)?;
    let memory = Memory::default();
    let mut file = encoder.begin(Box::new(memory.clone()))?;
    for number in 0..batches.len() as u64 {
        let chunk = chunks.lock().unwrap().remove(&number).unwrap();
        file.write(chunk)?;
    }
    file.finish()?;
    Ok(memory.bytes())
}

/// A batch of columns named by their types, all nullable.
pub fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// A field that Arrow marks as holding UUIDs.
pub fn uuid_field(name: &str) -> Field {
    let uuid = HashMap::from([("ARROW:extension:name".into(), "arrow.uuid".into())]);
    Field::new(name, DataType::FixedSizeBinary(16), true).with_metadata(uuid)
}

/// One UUID and one null.
pub fn uuids() -> ArrayRef {
    let bytes: Vec<u8> = (0..16).map(|byte| byte * 17).collect();
    let values = [Some(bytes.as_slice()), None].into_iter();
    Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, 16).unwrap())
}

/// Every leaf type with its least, greatest and oddest values, null in the last row of three.
pub fn leaves() -> RecordBatch {
    let text = vec![Some("a,\"b\"\r\n"), Some("\0é🎲"), None];
    let dictionary: DictionaryArray<Int32Type> = text.iter().copied().collect();
    batch(vec![
        (
            "boolean",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        ),
        (
            "int8",
            Arc::new(Int8Array::from(vec![Some(i8::MIN), Some(i8::MAX), None])),
        ),
        (
            "int16",
            Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(i16::MAX), None])),
        ),
        (
            "int32",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), None])),
        ),
        (
            "int64",
            Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None])),
        ),
        (
            "uint8",
            Arc::new(UInt8Array::from(vec![Some(0), Some(u8::MAX), None])),
        ),
        (
            "uint16",
            Arc::new(UInt16Array::from(vec![Some(0), Some(u16::MAX), None])),
        ),
        (
            "uint32",
            Arc::new(UInt32Array::from(vec![Some(0), Some(u32::MAX), None])),
        ),
        (
            "uint64",
            Arc::new(UInt64Array::from(vec![Some(0), Some(u64::MAX), None])),
        ),
        (
            "float32",
            Arc::new(Float32Array::from(vec![Some(0.1), Some(-0.0), None])),
        ),
        (
            "float64",
            Arc::new(Float64Array::from(vec![Some(1e300), Some(-0.1), None])),
        ),
        (
            "decimal64",
            Arc::new(
                Decimal64Array::from(vec![Some(-5), Some(999_999), None])
                    .with_precision_and_scale(6, 2)
                    .unwrap(),
            ),
        ),
        (
            "decimal128",
            Arc::new(
                Decimal128Array::from(vec![Some(-50_000_000), Some(10_i128.pow(37)), None])
                    .with_precision_and_scale(38, 6)
                    .unwrap(),
            ),
        ),
        ("utf8", Arc::new(StringArray::from(text.clone()))),
        ("large_utf8", Arc::new(LargeStringArray::from(text.clone()))),
        ("utf8_view", Arc::new(StringViewArray::from(text))),
        ("dictionary", Arc::new(dictionary)),
        (
            "date32",
            Arc::new(Date32Array::from(vec![Some(-1), Some(20_468), None])),
        ),
        (
            "time32s",
            Arc::new(Time32SecondArray::from(vec![Some(0), Some(86_399), None])),
        ),
        (
            "time32ms",
            Arc::new(Time32MillisecondArray::from(vec![
                Some(0),
                Some(86_399_999),
                None,
            ])),
        ),
        (
            "time64us",
            Arc::new(Time64MicrosecondArray::from(vec![
                Some(1),
                Some(86_399_999_999),
                None,
            ])),
        ),
        (
            "timestamp_s",
            Arc::new(TimestampSecondArray::from(vec![
                Some(-1),
                Some(1_768_464_000),
                None,
            ])),
        ),
        (
            "timestamp_ms",
            Arc::new(
                TimestampMillisecondArray::from(vec![Some(-1), Some(1_768_464_000_000), None])
                    .with_timezone("UTC"),
            ),
        ),
        (
            "timestamp_us",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(-1), Some(1_768_464_000_123_456), None])
                    .with_timezone("UTC"),
            ),
        ),
        (
            "timestamp_ns",
            Arc::new(TimestampNanosecondArray::from(vec![
                Some(-1),
                Some(1),
                None,
            ])),
        ),
    ])
}

/// Lists, structs, maps and what they hide: an item below a null list, a field below a null struct.
pub fn nested() -> RecordBatch {
    let offsets = || OffsetBuffer::new(vec![0, 2, 2, 3].into());
    let nulls = || Some(NullBuffer::from(vec![true, true, false]));
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let items = Arc::new(Int32Array::from(vec![Some(1), None, Some(9)]));
    let list = ListArray::new(item, offsets(), items, nulls());

    let price: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), None, Some(f64::NAN)]));
    let name: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None, None]));
    let fields = Fields::from(vec![
        Field::new("price", DataType::Float64, true),
        Field::new("name", DataType::Utf8, true),
    ]);
    let line = StructArray::new(fields.clone(), vec![price, name], nulls());

    let entry = Arc::new(Field::new("item", DataType::Struct(fields), true));
    let lines = ListArray::new(entry, offsets(), Arc::new(line.clone()), None);

    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("a\"");
    map.values().append_value(1);
    map.keys().append_value("b");
    map.values().append_null();
    map.append(true).unwrap();
    map.append(true).unwrap();
    map.append(false).unwrap();
    batch(vec![
        ("list", Arc::new(list)),
        ("struct", Arc::new(line)),
        ("lines", Arc::new(lines)),
        ("map", Arc::new(map.finish())),
    ])
}

#[test]
fn every_example_is_of_its_own_kind() {
    for kind in FormatKind::KINDS {
        assert_eq!(format(kind.example).unwrap().kind(), kind.name);
        assert_ne!(kind.summary(), "");
        let extensions = format(kind.name).unwrap();
        assert!(
            extensions
                .extensions()
                .contains(&extensions.extension().as_str())
        );
    }
}
