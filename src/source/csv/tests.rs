//! CSV files of every shape, against the field's own reader.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use proptest::prelude::*;

use super::super::{Asked, Opened, SourceKind};
use crate::place::{Source as Text, decode, parse};

/// The source that a file names.
fn source(options: &str) -> SourceKind {
    let text = Text::new("p.yaml", options);
    decode(&parse(&Arc::new(text)).unwrap()).unwrap()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Every row as text, read in parts of `step` rows.
fn ours(path: &str, step: usize) -> Vec<Vec<Option<String>>> {
    let source = source(&format!("csv: {{ path: {path}, delimiter: \"|\" }}"));
    let Opened::Records(records) = source.open(&Asked::default()).unwrap() else {
        panic!("a file is no stream");
    };
    let columns: Vec<usize> = (0..records.schema().fields().len()).collect();
    let mut rows = Vec::new();
    let mut first = 0;
    while first < records.rows() {
        let count = step.min((records.rows() - first) as usize);
        let piece = records.read(first, count, &columns).unwrap();
        assert!(piece.rejected.is_empty(), "{:?}", piece.rejected);
        for row in 0..count {
            let value = |column: &arrow::array::ArrayRef| {
                let text = arrow::compute::cast(column, &DataType::Utf8).unwrap();
                let text = text.as_string::<i32>().clone();
                text.iter().nth(row).unwrap().map(str::to_string)
            };
            rows.push(piece.columns.iter().map(value).collect());
        }
        first += count as u64;
    }
    rows
}

/// The same by arrow-csv, for which what is empty is null.
fn theirs(text: &str, width: usize) -> Vec<Vec<Option<String>>> {
    let fields: Vec<Field> = (0..width)
        .map(|column| Field::new(format!("c{column}"), DataType::Utf8, true))
        .collect();
    let reader = arrow_csv::ReaderBuilder::new(Arc::new(Schema::new(fields)))
        .with_header(true)
        .with_delimiter(b'|')
        .build(text.as_bytes())
        .unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let row = |batch: &RecordBatch, row: usize| {
        let value = |column: &arrow::array::ArrayRef| {
            let text = column.as_string::<i32>();
            text.iter().nth(row).unwrap().map(str::to_string)
        };
        batch.columns().iter().map(value).collect()
    };
    batches
        .iter()
        .flat_map(|batch| {
            (0..batch.num_rows())
                .map(|at| row(batch, at))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// A value as a file may spell it.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "x[a-zé\"' ]{0,9}",
        "[a-z\"|\r\nü ]{1,9}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
        Just("\"q\"".to_string()),
        Just("x".to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rows_are_those_of_the_field_s_own_reader(
        rows in prop::collection::vec(prop::collection::vec(cell(), 3), 1..4000),
        ends in prop::collection::vec(0..4_usize, 1..50),
        step in 1..3000_usize,
        last in any::<bool>(),
    ) {
        let mut text = "c0|c1|c2\n".to_string();
        for (number, row) in rows.iter().enumerate() {
            text += &row.join("|");
            text += ["\n", "\n", "\r\n", "\n\n"][ends[number % ends.len()]];
        }
        if !last {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        let file = file(&text);
        let ours = ours(&file.path().display().to_string(), step);
        prop_assert_eq!(ours.len(), rows.len());
        prop_assert_eq!(ours, theirs(&text, 3));
    }
}

#[test]
fn quoted_nothing_is_a_text_and_nothing_is_null() {
    let file = file("a|b\n|\"\"\n\"\"|x\n");
    let rows = ours(&file.path().display().to_string(), 9);
    let text = |text: &str| Some(text.to_string());
    assert_eq!(rows, [[None, text("")], [text(""), text("x")]]);
}
