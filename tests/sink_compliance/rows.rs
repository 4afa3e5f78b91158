//! The rows that every sink must take: keys, shared dictionaries, decimals, nulls, lists.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Decimal64Array, DictionaryArray, Int32Array, Int64Array,
    ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rowgen::domain::{Domain, Order};
use rowgen::format::Shape;

pub const BATCH_ROWS: u64 = 1000;

/// The rows from `first` on.
pub fn batch(first: u64, rows: u64) -> RecordBatch {
    let numbers: Vec<i64> = (first as i64..(first + rows) as i64).collect();
    let names = numbers.iter().map(|n| format!("name-{n:08}"));
    let codes = numbers.iter().map(|n| Some((n * 7 % 3) as i32));
    let amounts = numbers
        .iter()
        .map(|n| (n % 5 > 0).then_some(n * 1_000_003 % 77_777_777));
    let mut tags = ListBuilder::new(StringBuilder::new());
    for n in &numbers {
        for tag in 0..n % 4 {
            tags.values().append_value(format!("tag-{tag}"));
        }
        tags.append(n % 9 > 0);
    }
    let times = numbers.iter().map(|n| 1_767_225_600_000_000 + n * 250_000);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(numbers.clone())),
        Arc::new(StringArray::from_iter_values(names)),
        Arc::new(DictionaryArray::new(
            Int32Array::from_iter(codes),
            Arc::new(dictionary()),
        )),
        Arc::new(
            Decimal64Array::from_iter(amounts)
                .with_precision_and_scale(18, 6)
                .unwrap(),
        ),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
        Arc::new(BooleanArray::from_iter(
            numbers.iter().map(|n| Some(n % 2 > 0)),
        )),
        Arc::new(tags.finish()),
    ];
    RecordBatch::try_new(Arc::new(schema()), columns).unwrap()
}

fn dictionary() -> StringArray {
    StringArray::from(vec!["USDT", "CNY", "EUR"])
}

pub fn schema() -> Schema {
    let dictionary = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let item = Field::new("item", DataType::Utf8, true);
    Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("code", dictionary, false),
        Field::new("amount", DataType::Decimal64(18, 6), true),
        Field::new("at", time, true),
        Field::new("flag", DataType::Boolean, true),
        Field::new("tags", DataType::List(item.into()), true),
    ])
}

/// What a plan would know of them.
pub fn shape(rows: u64) -> Shape {
    let key = Domain {
        order: Order::StrictlyAscending,
        unique: true,
        ..Domain::integers(0, 1_000_000)
    };
    let name = Domain {
        range: None,
        ..key.clone()
    };
    let code: ArrayRef = Arc::new(dictionary());
    let amount = Domain {
        distinct: None,
        nulls: true,
        ..Domain::integers(0, 77_777_777)
    };
    let flag = Domain::default();
    let tags = Domain {
        nulls: true,
        ..Domain::default()
    };
    Shape {
        table: "bets".into(),
        schema: Arc::new(schema()),
        order: Vec::new(),
        domains: vec![
            key.clone(),
            name,
            Domain::dictionary(&code),
            amount,
            key,
            flag,
            tags,
        ],
        rows: Some(rows),
        batch_rows: BATCH_ROWS as usize,
        file_starts: std::sync::Arc::default(),
        open_files: 1,
        folders: Vec::new(),
        beside: 0,
        run_key: 7,
        trial: Some(batch(0, 10)),
        changes: None,
    }
}

/// Every row of a Parquet file, in order.
pub fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

/// The keys of a file's rows, in order.
pub fn ids(path: &Path) -> Vec<i64> {
    let name = path.display().to_string();
    if name.ends_with(".parquet") {
        return of_batch(&read(path));
    }
    if name.ends_with(".avro") {
        let file = BufReader::new(File::open(path).unwrap());
        let reader = arrow_avro::reader::ReaderBuilder::new()
            .build(file)
            .unwrap();
        return reader.flat_map(|batch| of_batch(&batch.unwrap())).collect();
    }
    let json = name.contains(".json");
    let lines = text(path);
    let lines = lines.lines().skip(usize::from(!json));
    lines
        .map(|line| match json {
            true => serde_json::from_str::<serde_json::Value>(line).unwrap()["id"]
                .as_i64()
                .unwrap(),
            false => line.split(',').next().unwrap().parse().unwrap(),
        })
        .collect()
}

fn of_batch(batch: &RecordBatch) -> Vec<i64> {
    batch
        .column(0)
        .as_primitive::<Int64Type>()
        .values()
        .to_vec()
}

fn text(path: &Path) -> String {
    let mut file = File::open(path).unwrap();
    let mut text = String::new();
    match path.extension().unwrap().to_str().unwrap() {
        "gz" => flate2::read::MultiGzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap(),
        "zst" => zstd::Decoder::new(file)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap(),
        _ => file.read_to_string(&mut text).unwrap(),
    };
    text
}
