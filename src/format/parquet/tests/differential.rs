//! Our files beside those of the library: the same rows, statistics, page index and Bloom filters.

use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::basic::{Compression, Type};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{
    EnabledStatistics, ReaderProperties, WriterProperties, WriterVersion,
};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;

use super::columns::{KINDS, Random, coded, column};
use super::{Memory, options};
use crate::batch::Batch;
use crate::domain::Domain;
use crate::format::parquet::schema;
use crate::format::tests::nested;
use crate::format::{FileChunk, Format, Shape};

/// Rows of a page, of a batch, and of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub page: usize,
    pub batch: usize,
    pub all: usize,
}

pub(super) struct Case {
    rows: Rows,
    yaml: String,
    v2: bool,
    /// Every column has a filter.
    bloom: bool,
    batches: Vec<RecordBatch>,
    domains: Vec<Domain>,
    /// The columns that the library encodes, and cuts into pages of its own.
    by_library: Vec<bool>,
}

const CODECS: [&str; 7] = [
    "auto",
    "none",
    "snappy",
    "gzip",
    "lz4",
    "zstd(3)",
    "brotli(1)",
];

fn encodings(physical: Type) -> &'static [&'static str] {
    match physical {
        Type::BOOLEAN => &["auto", "plain"],
        Type::INT32 | Type::INT64 => &[
            "auto",
            "plain",
            "delta_binary_packed",
            "byte_stream_split",
            "dictionary",
        ],
        Type::BYTE_ARRAY => &[
            "auto",
            "plain",
            "delta_length_byte_array",
            "delta_byte_array",
            "dictionary",
        ],
        Type::FIXED_LEN_BYTE_ARRAY => &["auto", "plain", "byte_stream_split", "delta_byte_array"],
        _ => &["auto", "plain", "byte_stream_split"],
    }
}

fn physical(data_type: &DataType) -> Type {
    let field = Field::new("x", data_type.clone(), true);
    let schema = schema::logical(&Schema::new(vec![field]));
    let described = parquet::arrow::ArrowSchemaConverter::new().convert(&schema);
    described.unwrap().column(0).physical_type()
}

pub(super) fn case(seed: u64, rows: Rows, v2: bool, bloom: bool) -> Case {
    let mut random = Random(seed);
    let (mut fields, mut arrays, mut domains) = (Vec::new(), Vec::new(), Vec::new());
    let mut by_library = Vec::new();
    let mut said = String::new();
    for number in 0..1 + random.below(6) {
        let (kind, nulls) = (random.below(KINDS), random.below(4));
        // A dictionary that is known, one that is not, none.
        let (array, domain) = match random.below(3) {
            0 if kind > 0 => {
                let (array, values) = coded(kind, nulls, rows.all, &mut random);
                (array, Domain::dictionary(&values))
            }
            1 if kind > 0 => {
                let (array, _) = coded(kind, nulls, rows.all, &mut random);
                let (_, others) = coded(kind, 0, 1, &mut random);
                (array, Domain::dictionary(&others))
            }
            _ => {
                let array = column(kind, nulls, rows.all, &mut random);
                (array, Domain::default())
            }
        };
        let name = format!("c{number}");
        let all = encodings(physical(array.data_type()));
        let encoding = all[random.below(all.len())];
        let filter = bloom && kind > 0;
        said += &format!("{name}: {{ encoding: {encoding}, bloom_filter: {filter} }}, ");
        by_library.push(encoding == "dictionary" && domain.dictionary.is_none());
        fields.push(Field::new(
            name,
            array.data_type().clone(),
            array.null_count() > 0 || random.below(2) == 0,
        ));
        arrays.push(array);
        domains.push(Domain {
            nulls: true,
            ..domain
        });
    }
    if random.below(3) == 0 {
        let odd = nested().column(random.below(4)).clone();
        let places = (0..rows.all as u32).map(|row| row % 3);
        let places = arrow::array::UInt32Array::from_iter_values(places);
        let odd = arrow::compute::take(&odd, &places, None).unwrap();
        fields.push(Field::new("nested", odd.data_type().clone(), true));
        arrays.push(odd);
        domains.push(Domain::default());
    }
    let codec = CODECS[random.below(CODECS.len())];
    let page = if v2 { "v2" } else { "v1" };
    let yaml = format!(
        "{{ compatibility: latest, compression: {codec}, data_page: {page}, page_rows: {}, row_group_rows: 1_000_000, columns: {{ {said} }} }}",
        rows.page
    );
    let whole = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let starts = (0..rows.all).step_by(rows.batch);
    let batches = starts.map(|start| whole.slice(start, rows.batch.min(rows.all - start)));
    Case {
        rows,
        yaml,
        v2,
        bloom,
        batches: batches.collect(),
        domains,
        by_library,
    }
}

/// The file as we write it, its batches encoded from the last to the first.
pub(super) fn ours(case: &Case, trial: bool) -> Bytes {
    let schema = case.batches[0].schema();
    let shape = Shape {
        table: "t".into(),
        schema,
        domains: case.domains.clone(),
        order: Vec::new(),
        rows: Some(case.rows.all as u64),
        batch_rows: case.rows.batch,
        file_starts: std::sync::Arc::default(),
        open_files: 1,
        folders: Vec::new(),
        beside: 0,
        run_key: 0,
        trial: trial.then(|| case.batches[0].clone()),
        changes: None,
    };
    let encoder = options(&case.yaml).open(&shape).unwrap();
    let chunks: Mutex<Vec<(u64, FileChunk)>> = Mutex::default();
    let put = |number, chunk| chunks.lock().unwrap().push((number, chunk));
    for (number, batch) in case.batches.iter().enumerate().rev() {
        let batch = Batch::new(number as u64, 0, batch.clone());
        encoder.encode(&batch, &put).unwrap();
    }
    encoder.end(case.batches.len() as u64, &put).unwrap();
    let mut chunks = chunks.into_inner().unwrap();
    chunks.sort_by_key(|(number, _)| *number);
    let memory = Memory::default();
    let mut file = encoder.begin(Box::new(memory.clone())).unwrap();
    for (_, chunk) in chunks {
        file.write(chunk).unwrap();
    }
    file.finish().unwrap();
    let bytes = memory.0.lock().unwrap().clone();
    bytes.into()
}

/// The rows as a file has them: values in place of keys.
fn logical(batch: &RecordBatch) -> RecordBatch {
    let schema = schema::logical(&batch.schema());
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match column.data_type() {
        DataType::Dictionary(..) => cast(column, field.data_type()).unwrap(),
        _ => column.clone(),
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

/// The file as the library writes it, with the same pages.
pub(super) fn theirs(case: &Case) -> Bytes {
    let mut properties = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_data_page_row_count_limit(case.rows.page)
        .set_write_batch_size(case.rows.page)
        .set_dictionary_enabled(false)
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(1_000_000))
        .set_writer_version(match case.v2 {
            true => WriterVersion::PARQUET_2_0,
            false => WriterVersion::PARQUET_1_0,
        });
    if case.bloom {
        for (field, domain) in case.batches[0].schema().fields().iter().zip(&case.domains) {
            if *field.data_type() == DataType::Boolean {
                continue;
            }
            let path = ColumnPath::new(vec![field.name().clone()]);
            let all = case.rows.all as u64;
            let distinct = domain.distinct.unwrap_or(all).min(all).max(1);
            properties = properties
                .set_column_bloom_filter_enabled(path.clone(), true)
                .set_column_bloom_filter_max_ndv(path.clone(), distinct)
                .set_column_bloom_filter_fpp(path, 0.05);
        }
    }
    let schema = schema::logical(&case.batches[0].schema());
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties.build())).unwrap();
    for batch in &case.batches {
        writer.write(&logical(batch)).unwrap();
    }
    writer.close().unwrap();
    bytes.into()
}

pub(super) fn read(bytes: &Bytes) -> Vec<ArrayRef> {
    let reader = ParquetRecordBatchReader::try_new(bytes.clone(), 1000).unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let columns = 0..batches[0].num_columns();
    columns
        .map(|column| {
            let parts: Vec<&dyn Array> = batches
                .iter()
                .map(|batch| &**batch.column(column))
                .collect();
            concat(&parts).unwrap()
        })
        .collect()
}

fn reader(bytes: &Bytes) -> SerializedFileReader<Bytes> {
    let filters = ReaderProperties::builder()
        .set_read_bloom_filter(true)
        .build();
    let options = ReadOptionsBuilder::new()
        .with_page_index()
        .with_reader_properties(filters)
        .build();
    SerializedFileReader::new_with_options(bytes.clone(), options).unwrap()
}

/// What the footers say of a column that both must say alike.
fn compare_metadata(case: &Case, column: usize, ours: &ParquetMetaData, theirs: &ParquetMetaData) {
    let (our, their) = (
        ours.row_group(0).column(column),
        theirs.row_group(0).column(column),
    );
    let what = format!("column {column}: {}", case.yaml);
    assert_eq!(our.statistics(), their.statistics(), "{what}");
    assert_eq!(our.num_values(), their.num_values(), "{what}");
    let levels = their.definition_level_histogram();
    assert_eq!(our.definition_level_histogram(), levels, "{what}");
    assert_eq!(our.column_descr(), their.column_descr());
    if case.by_library[column] {
        return;
    }
    let index = |metadata: &ParquetMetaData| metadata.column_index().unwrap()[0][column].clone();
    assert_eq!(index(ours), index(theirs), "{what}");
    let pages = |metadata: &ParquetMetaData| {
        let pages = metadata.offset_index().unwrap()[0][column]
            .page_locations()
            .clone();
        let first_rows = pages.iter().map(|page| page.first_row_index);
        first_rows.collect::<Vec<_>>()
    };
    assert_eq!(pages(ours), pages(theirs), "{what}");
}

fn compare(case: &Case, trial: bool) {
    let (our_file, their_file) = (ours(case, trial), theirs(case));
    let (our_rows, their_rows) = (read(&our_file), read(&their_file));
    for (column, (ours, theirs)) in our_rows.iter().zip(&their_rows).enumerate() {
        let theirs = cast(theirs, ours.data_type()).unwrap();
        assert_eq!(
            ours.to_data(),
            theirs.to_data(),
            "column {column}: {}",
            case.yaml
        );
    }
    let (our_reader, their_reader) = (reader(&our_file), reader(&their_file));
    let (our_group, their_group) = (
        our_reader.get_row_group(0).unwrap(),
        their_reader.get_row_group(0).unwrap(),
    );
    for (column, field) in case.batches[0].schema().fields().iter().enumerate() {
        if field.name() == "nested" {
            break;
        }
        compare_metadata(case, column, our_reader.metadata(), their_reader.metadata());
        let bits = |filter: Option<&parquet::bloom_filter::Sbbf>| {
            let mut bits = Vec::new();
            if let Some(filter) = filter {
                filter.write(&mut bits).unwrap();
            }
            bits
        };
        let (ours, theirs) = (
            bits(our_group.get_column_bloom_filter(column)),
            bits(their_group.get_column_bloom_filter(column)),
        );
        assert_eq!(ours, theirs, "filter of column {column}: {}", case.yaml);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn our_file_says_what_the_library_says(
        seed: u64,
        page in 1_usize..40,
        pages in 1_usize..4,
        all in 1_usize..300,
        v2: bool,
        bloom: bool,
        trial: bool,
    ) {
        let rows = Rows { page, batch: page * pages, all };
        compare(&case(seed, rows, v2, bloom), trial);
    }
}

#[test]
fn a_dictionary_of_every_kind_is_packed_as_its_keys_come() {
    for kind in 1..KINDS {
        let mut random = Random(kind as u64);
        let (array, values) = coded(kind, kind % 3, 200, &mut random);
        let schema = Schema::new(vec![Field::new("c", array.data_type().clone(), true)]);
        let batch = RecordBatch::try_new(Arc::new(schema), vec![array.clone()]).unwrap();
        let rows = Rows {
            page: 100,
            batch: 200,
            all: 200,
        };
        let case = Case {
            rows,
            yaml: "{ compatibility: latest, page_rows: 100 }".into(),
            v2: false,
            bloom: false,
            batches: vec![batch],
            domains: vec![Domain::dictionary(&values)],
            by_library: vec![false],
        };
        compare(&case, false);
        let file = reader(&ours(&case, true));
        let column = file.metadata().row_group(0).column(0).clone();
        assert!(column.dictionary_page_offset().is_some(), "kind {kind}");
        assert!(!array.as_dictionary::<Int32Type>().values().is_empty());
    }
}
