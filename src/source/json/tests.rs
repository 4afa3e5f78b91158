//! JSON arrays of every shape, against the field's own reader and against the same rows as lines.

use std::io::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::{Asked, Opened, Records, SourceKind};
use super::scan::{ArrayScan, ScanEvent, ScanPlace};
use crate::column::ColumnType;
use crate::error::Result;
use crate::format::tests::file as written;
use crate::place::{NamedItems, Placed, Source as Text, decode, parse};

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// What stands in a pipeline's file.
fn option<T: DeserializeOwned>(yaml: &str) -> T {
    let text = Text::new("p.yaml", yaml);
    decode(&parse(&Arc::new(text)).unwrap()).unwrap()
}

fn open(file: &tempfile::NamedTempFile) -> Result<Arc<dyn Records>> {
    let source: SourceKind = option(&format!("json: {{ path: {} }}", file.path().display()));
    match source.open(&Asked::default())? {
        Opened::Records(records) => Ok(records),
        Opened::Stream(_) => panic!("a file is no stream"),
    }
}

/// All rows, read in parts of `step` rows, as lines.
fn lines_of(records: &dyn Records, step: usize) -> String {
    let columns: Vec<usize> = (0..records.schema().fields().len()).collect();
    let mut batches = Vec::new();
    let mut first = 0;
    while first < records.rows() {
        let count = step.min((records.rows() - first) as usize);
        let piece = records.read(first, count, &columns).unwrap();
        assert!(piece.rejected.is_empty(), "{:?}", piece.rejected);
        batches.push(RecordBatch::try_new(records.schema(), piece.columns).unwrap());
        first += count as u64;
    }
    let lines = written("json: { layout: lines }", records.schema(), &batches);
    String::from_utf8(lines.unwrap()).unwrap()
}

const TEXT: &str = "[a-z\"\\\\\\[\\]{},:\n\r\t é]{0,9}";

fn row() -> impl Strategy<Value = Value> {
    let tags = prop::collection::vec(prop::option::of(TEXT), 0..4);
    let inner = prop::option::of((prop::option::of(any::<i64>()), prop::option::of(TEXT)));
    let inner = inner.prop_map(|inner| inner.map(|(n, text)| json!({ "n": n, "text": text })));
    (any::<i64>(), prop::option::of(TEXT), tags, inner).prop_map(
        |(id, name, tags, inner)| json!({ "id": id, "name": name, "tags": tags, "inner": inner }),
    )
}

fn schema() -> SchemaRef {
    let field = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    let inner = vec![field("n", DataType::Int64), field("text", DataType::Utf8)];
    Arc::new(Schema::new(vec![
        field("id", DataType::Int64),
        field("name", DataType::Utf8),
        field("tags", DataType::new_list(DataType::Utf8, true)),
        field("inner", DataType::Struct(inner.into())),
    ]))
}

fn batch(rows: &[Value]) -> RecordBatch {
    let builder = arrow_json::ReaderBuilder::new(schema()).with_batch_size(rows.len());
    let mut decoder = builder.build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    decoder.flush().unwrap().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn arrays_that_are_written_read_back_as_the_lines_of_the_same_rows(
        rows in prop::collection::vec(row(), 1..60),
        count in 1..3000_usize,
        batch_rows in 1..2000_usize,
        steps in prop::collection::vec(1..3000_usize, 2),
    ) {
        let rows: Vec<Value> = rows.iter().cycle().take(count).cloned().collect();
        let batches: Vec<RecordBatch> = rows.chunks(batch_rows).map(batch).collect();
        let lines = written("json: { layout: lines }", schema(), &batches).unwrap();
        let expected = String::from_utf8(lines.clone()).unwrap();
        let options = ["{ layout: array }", "{ layout: array, pretty: true }"];
        let arrays = options.map(|options| written(&format!("json: {options}"), schema(), &batches).unwrap());
        for bytes in arrays.iter().chain([&lines]) {
            let file = file(bytes);
            let records = open(&file).unwrap();
            prop_assert_eq!(records.rows(), count as u64);
            for step in &steps {
                prop_assert!(lines_of(records.as_ref(), *step) == expected, "{}", step);
            }
        }
    }
}

/// An element as a file may spell it.
fn element() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        TEXT.prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(TEXT, inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    (value, any::<bool>()).prop_map(|(value, pretty)| match pretty {
        true => serde_json::to_string_pretty(&value).unwrap(),
        false => value.to_string(),
    })
}

/// The elements of what stands behind an array's first bracket, scanned in parts of these sizes.
fn scanned(text: &str, sizes: &[usize]) -> Option<Vec<String>> {
    let mut scan = ArrayScan::new(ScanPlace::Before);
    let (mut elements, mut begin, mut offset) = (Vec::new(), 0, 0);
    let mut sizes = sizes.iter().cycle();
    while offset < text.len() {
        let end = text.len().min(offset + sizes.next()?);
        let mut at = 0;
        while let Some(found) = scan.next(&text.as_bytes()[offset..end], &mut at).ok()? {
            match found {
                ScanEvent::Begin(place) => begin = offset + place,
                ScanEvent::End(place) => {
                    elements.push(text[begin..offset + place].trim_end().into())
                }
                ScanEvent::Close(_) => {}
            }
        }
        offset = end;
    }
    (scan.place == ScanPlace::End).then_some(elements)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn elements_are_found_in_parts_of_any_size(
        elements in prop::collection::vec((element(), "[ \t\r\n]{0,4}", "[ \t\r\n]{0,4}"), 0..20),
        sizes in prop::collection::vec(1..40_usize, 1..9),
    ) {
        let texts: Vec<String> = elements.iter().map(|(text, _, _)| text.clone()).collect();
        let spelt = elements.iter().map(|(text, before, behind)| format!("{before}{text}{behind}"));
        let text = format!("{}\n] \r\n", spelt.collect::<Vec<_>>().join(","));
        prop_assert_eq!(scanned(&text, &sizes), Some(texts.clone()));
        prop_assert_eq!(scanned(&text, &[usize::MAX / 2]), Some(texts));
    }

    /// Whatever the field's own reader takes has the same elements here.
    #[test]
    fn an_array_that_is_harmed_is_refused_or_still_one(
        elements in prop::collection::vec(element(), 0..6),
        place in any::<prop::sample::Index>(),
        put in prop::option::of("[\\[\\]{}\",:\\\\x 1]"),
    ) {
        let text = format!("[{}]", elements.join(","));
        let mut characters: Vec<char> = text.chars().collect();
        let place = place.index(characters.len() - 1) + 1;
        match put.and_then(|put| put.chars().next()) {
            Some(put) => characters.insert(place, put),
            None => drop(characters.remove(place)),
        }
        let text: String = characters.into_iter().collect();
        let ours = scanned(&text[1..], &[7]);
        if let Ok(theirs) = serde_json::from_str::<Vec<Value>>(&text) {
            let ours = ours.unwrap().into_iter();
            let ours: Vec<Value> = ours.map(|text| serde_json::from_str(&text).unwrap()).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn what_stands_around_an_array_does_not_matter() {
    let rows = "{\"id\":1,\"name\":\"a]\"}\n{\"id\":2,\"name\":null}\n";
    for text in [
        "[{\"id\":1,\"name\":\"a]\"},{\"id\":2}]",
        "\u{feff}[{\"id\":1,\"name\":\"a]\"},{\"id\":2}]",
        "\u{feff} \r\n\t[\r\n {\r\n\"id\" : 1 ,\r\n \"name\":\"a]\"\r\n}\r\n,\r\n{\"id\":2}\r\n]\r\n\r\n",
        "\u{feff}{\"id\":1,\"name\":\"a]\"}\n{\"id\":2}",
        &format!(
            "{}[{{\"id\":1,\"name\":\"a]\"}},{{\"id\":2}}]",
            " \n".repeat(1 << 20)
        ),
    ] {
        let file = file(text.as_bytes());
        assert_eq!(lines_of(open(&file).unwrap().as_ref(), 9), rows);
    }
}

#[test]
fn a_bad_element_has_its_line_wherever_it_stands() {
    let row = |row: usize| match row % 700 {
        99 => format!("{{\n\"id\":\n\"x{row}\"}}"),
        _ => format!("{{\n\"id\":\n{row}}}"),
    };
    let rows: Vec<String> = (0..5000).map(row).collect();
    let file = file(format!("\n\n[\n{}\n]", rows.join(",\n")).as_bytes());
    let source = format!("json: {{ path: {} }}", file.path().display());
    let types: NamedItems<Placed<ColumnType>> = option("id: int64");
    let source: SourceKind = option(&source);
    let asked = Asked {
        types: &types.0,
        ..Asked::default()
    };
    let Opened::Records(records) = source.open(&asked).unwrap() else {
        panic!("a file is no stream");
    };
    for step in [1, 700, 1024, 1500, 5000] {
        let mut places = Vec::new();
        for first in (0..5000).step_by(step) {
            let count = step.min(5000 - first);
            let piece = records.read(first as u64, count, &[0]).unwrap();
            places.extend(
                piece
                    .rejected
                    .into_iter()
                    .map(|bad| bad.letter["line"].clone()),
            );
        }
        let lines = (0..5000)
            .filter(|row| row % 700 == 99)
            .map(|row| 4 + 3 * row);
        assert_eq!(places, lines.collect::<Vec<_>>(), "{step}");
    }
}

/// More than the parts in which a file is indexed.
#[test]
fn an_element_may_be_huge() {
    let name = "[\\\"{\n".replace('\n', "\\n").repeat(700_000);
    let row = |id: usize| format!("{{\"id\":{id},\"name\":\"{name}\"}}");
    let file = file(format!("[{},\n{}]", row(1), row(2)).as_bytes());
    let lines = lines_of(open(&file).unwrap().as_ref(), 1);
    assert!(lines == format!("{}\n{}\n", row(1), row(2)));
}
