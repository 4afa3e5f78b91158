//! UUIDs are UUIDs for readers that know all of the format, and sixteen bytes for Spark.

use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, FixedSizeBinaryArray, Int64Array, RecordBatch, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use parquet::basic::LogicalType;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Memory, options, shape};
use crate::batch::Batch;
use crate::column::UUID_EXTENSION;
use crate::domain::Domain;
use crate::format::Format;

/// A UUID, sixteen bytes that are none, and UUIDs in a struct and in a list.
fn batch() -> RecordBatch {
    let bytes: ArrayRef =
        Arc::new(FixedSizeBinaryArray::try_from_iter([[1_u8; 16], [2; 16]].into_iter()).unwrap());
    let uuid = |name: &str| {
        let extension = (
            "ARROW:extension:name".to_string(),
            UUID_EXTENSION.to_string(),
        );
        Field::new(name, DataType::FixedSizeBinary(16), true).with_metadata([extension].into())
    };
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let inner = Fields::from(vec![Field::new("n", DataType::Int64, true), uuid("id")]);
    let both = StructArray::new(inner, vec![numbers, bytes.clone()], None);
    let item = Arc::new(uuid("item"));
    let offsets = OffsetBuffer::from_lengths([1, 1]);
    let list = arrow::array::ListArray::new(item, offsets, bytes.clone(), None);
    let schema = Schema::new(vec![
        uuid("id"),
        Field::new("raw", DataType::FixedSizeBinary(16), true),
        Field::new("both", both.data_type().clone(), true),
        Field::new("list", list.data_type().clone(), true),
    ]);
    let columns: Vec<ArrayRef> = vec![bytes.clone(), bytes, Arc::new(both), Arc::new(list)];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// Which leaves of a file are UUIDs, and what is read back.
fn written(yaml: &str) -> (Vec<bool>, RecordBatch) {
    let batch = batch();
    let shape = shape(batch.schema(), vec![Domain::default(); 4]);
    let encoder = options(yaml).open(&shape).unwrap();
    let memory = Memory::default();
    let file = Mutex::new(encoder.begin(Box::new(memory.clone())).unwrap());
    let put = |_, chunk| file.lock().unwrap().write(chunk).unwrap();
    encoder.encode(&Batch::new(0, 0, batch), &put).unwrap();
    encoder.end(1, &put).unwrap();
    file.into_inner().unwrap().finish().unwrap();
    let bytes = bytes::Bytes::from(memory.0.lock().unwrap().clone());
    let footer = SerializedFileReader::new(bytes.clone()).unwrap();
    let footer = footer.metadata().file_metadata().schema_descr_ptr();
    let leaves = footer.columns().iter();
    let uuids = leaves.map(|leaf| leaf.logical_type_ref() == Some(&LogicalType::Uuid));
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes, 10);
    (uuids.collect(), reader.unwrap().next().unwrap().unwrap())
}

#[test]
fn readers_that_know_the_format_are_told_of_uuids() {
    let (uuids, read) = written("compatibility: latest");
    assert_eq!(uuids, [true, false, false, true, true]);
    assert_eq!(read, batch());
    let (uuids, read) = written("{}");
    assert_eq!(uuids, [false; 5]);
    assert_eq!(read, batch());
}
