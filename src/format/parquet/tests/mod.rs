//! What stands in the files: encodings that suit the domains, metadata, checks of types.

mod columns;
mod differential;
mod open_files;
mod pairs;
mod uuids;

use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{CREATED_BY, Parquet};
use crate::batch::Batch;
use crate::domain::{Domain, Order};
use crate::format::{Format, Shape};
use crate::place::{Source, decode, parse};

const ROWS: usize = 4000;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn options(yaml: &str) -> Parquet {
    let source = Source::new("p.yaml", format!("{yaml}\n"));
    let node = parse(&Arc::new(source)).unwrap();
    decode(&node).unwrap_or_else(|problem| panic!("{problem}"))
}

fn rows() -> RecordBatch {
    let numbers = 0..ROWS as i64;
    let keys = numbers.clone().map(|n| format!("key-{n:06}"));
    let few = numbers.clone().map(|n| format!("{}", n % 3));
    let wide = numbers
        .clone()
        .map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64));
    let columns: [(&str, ArrayRef); 5] = [
        (
            "id",
            Arc::new(Int64Array::from_iter_values(numbers.clone())),
        ),
        ("key", Arc::new(StringArray::from_iter_values(keys.clone()))),
        ("mixed", Arc::new(StringArray::from_iter_values(keys))),
        ("few", Arc::new(StringArray::from_iter_values(few))),
        ("wide", Arc::new(Int64Array::from_iter_values(wide))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn shape(schema: Arc<Schema>, domains: Vec<Domain>) -> Shape {
    Shape {
        table: "t".into(),
        schema,
        order: Vec::new(),
        domains,
        rows: Some(ROWS as u64),
        batch_rows: ROWS,
        file_starts: std::sync::Arc::default(),
        open_files: 1,
        folders: Vec::new(),
        beside: 0,
        run_key: 0,
        trial: None,
        changes: None,
    }
}

fn known() -> Vec<Domain> {
    let key = Domain {
        order: Order::StrictlyAscending,
        unique: true,
        ..Domain::default()
    };
    let mixed = Domain {
        order: Order::Unknown,
        ..key.clone()
    };
    let few = Domain {
        distinct: Some(3),
        ..Domain::default()
    };
    vec![key.clone(), key, mixed.clone(), few, mixed]
}

fn written(yaml: &str) -> ParquetMetaData {
    let batch = rows();
    let shape = shape(batch.schema(), known());
    let encoder = options(yaml).open(&shape).unwrap();
    let memory = Memory::default();
    let file = Mutex::new(encoder.begin(Box::new(memory.clone())).unwrap());
    let put = |_, chunk| file.lock().unwrap().write(chunk).unwrap();
    encoder
        .encode(&Batch::new(0, 0, batch.clone()), &put)
        .unwrap();
    encoder.end(1, &put).unwrap();
    file.into_inner().unwrap().finish().unwrap();
    let bytes = bytes::Bytes::from(memory.0.lock().unwrap().clone());
    SerializedFileReader::new(bytes).unwrap().metadata().clone()
}

fn encodings(metadata: &ParquetMetaData) -> Vec<Encoding> {
    let columns = metadata.row_group(0).columns().iter();
    let kind = |encoding: &Encoding| *encoding != Encoding::RLE;
    columns
        .map(|column| column.encodings().filter(kind).last().unwrap())
        .collect()
}

#[test]
fn encodings_suit_what_is_known() {
    let found = encodings(&written("{}"));
    let expected = [
        Encoding::DELTA_BINARY_PACKED,
        Encoding::DELTA_BYTE_ARRAY,
        Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::RLE_DICTIONARY,
        Encoding::PLAIN,
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_named_is_used() {
    let metadata = written(
        "{ compression: zstd, columns: { key: { encoding: dictionary, compression: none, bloom_filter: { ndv: 100 } }, id: { encoding: plain } } }",
    );
    let found = encodings(&metadata);
    assert_eq!(found[..2], [Encoding::PLAIN, Encoding::RLE_DICTIONARY]);
    let group = metadata.row_group(0);
    assert_eq!(group.column(1).compression(), Compression::UNCOMPRESSED);
    assert!(matches!(
        group.column(0).compression(),
        Compression::ZSTD(_)
    ));
    assert!(group.column(1).bloom_filter_offset().is_some());
    assert!(group.column(0).bloom_filter_offset().is_none());
}

#[test]
fn a_dictionary_ends_where_it_is_asked_to() {
    let bytes = |limit: &str| {
        let key = "columns: { key: { encoding: dictionary, compression: none } }";
        let metadata = written(&format!("{{ {limit}{key} }}"));
        let chunk = metadata.row_group(0).column(1);
        chunk.data_page_offset() - chunk.dictionary_page_offset().unwrap()
    };
    let (whole, limited) = (bytes(""), bytes("dictionary_limit: 1KiB, "));
    assert!(whole > 40_000 && limited < 20_000, "{whole} {limited}");
}

#[test]
fn the_footer_says_who_wrote_what_in_which_order() {
    let metadata = written("metadata: { owner: data team }");
    let file = metadata.file_metadata();
    assert_eq!(file.created_by(), Some(CREATED_BY));
    let entries = file.key_value_metadata().unwrap();
    let keys: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["ARROW:schema", "owner"]);
    let sorting = metadata.row_group(0).sorting_columns().unwrap();
    assert_eq!((sorting[0].column_idx, sorting[0].descending), (0, false));
}

#[test]
fn types_that_spark_cannot_read_are_refused_and_uint64_is_warned_of() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("time", DataType::Time64(TimeUnit::Microsecond), true),
        Field::new("ns", DataType::Timestamp(TimeUnit::Nanosecond, None), true),
        Field::new("s", DataType::Timestamp(TimeUnit::Second, None), true),
        Field::new("big", DataType::UInt64, true),
    ]));
    let shape = shape(schema, vec![Domain::default(); 4]);
    let said = |yaml: &str| {
        let options = options(yaml);
        let problems = options
            .check(&shape)
            .into_iter()
            .chain(options.warnings(&shape));
        let texts: Vec<String> = problems.map(|problem| problem.to_string()).collect();
        texts.join("\n")
    };
    let spark = "\
error: `t.time`: Spark cannot read times of day
  hint: use a timestamp or text, or allow it with `compatibility: latest`
error: `t.ns`: Spark cannot read timestamps of nanoseconds
  hint: use `timestamp(us)`, or allow it with `compatibility: latest`
";
    let everybody = "\
error: `t.s`: Parquet has no times of whole seconds
  hint: `type: timestamp(ms)` on a column that is made; of one that is read, the column `{ type: timestamp(ms), copy: NAME }`
error: Spark reads `t.big` as decimal(20,0)
  caused by: its type is uint64, and Spark has no unsigned integers
  hint: use int64 where the values fit";
    assert_eq!(said("{}"), format!("{spark}{everybody}"));
    assert_eq!(said("compatibility: latest"), everybody);
}

#[test]
fn unsigned_numbers_keep_all_their_bits() {
    let values: ArrayRef = Arc::new(UInt64Array::from(vec![0, u64::MAX]));
    let batch = RecordBatch::try_from_iter([("n", values)]).unwrap();
    let shape = shape(batch.schema(), vec![Domain::default()]);
    let encoder = Parquet::default().open(&shape).unwrap();
    let memory = Memory::default();
    let file = Mutex::new(encoder.begin(Box::new(memory.clone())).unwrap());
    let put = |_, chunk| file.lock().unwrap().write(chunk).unwrap();
    encoder
        .encode(&Batch::new(0, 0, batch.clone()), &put)
        .unwrap();
    encoder.end(1, &put).unwrap();
    file.into_inner().unwrap().finish().unwrap();
    let bytes = bytes::Bytes::from(memory.0.lock().unwrap().clone());
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes, 10);
    assert_eq!(reader.unwrap().next().unwrap().unwrap(), batch);
}
