//! Messages of the users' columns, in every format: rows a second of one core.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use divan::Bencher;
use divan::counter::ItemsCount;
use rowgen::domain::Domain;
use rowgen::format::Shape;
use rowgen::format::cells::Cells;
use rowgen::format::message::{Key, MessageFormat, MessageKind};
use rowgen::place::{Source, decode, parse};

use crate::{ROWS, random};

fn users() -> RecordBatch {
    let numbers = random(1 << 24);
    let names = numbers.iter().map(|number| format!("utente{number:08}"));
    let mails = numbers
        .iter()
        .map(|number| format!("utente{number:08}@example.com"));
    let columns: [(&str, ArrayRef); 3] = [
        (
            "id",
            Arc::new(Int64Array::from_iter_values(1..=ROWS as i64)),
        ),
        (
            "nome_utente",
            Arc::new(StringArray::from_iter_values(names)),
        ),
        ("email", Arc::new(StringArray::from_iter_values(mails))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn shape(batch: &RecordBatch) -> Shape {
    Shape {
        table: "users".into(),
        schema: batch.schema(),
        order: Vec::new(),
        domains: vec![Domain::default(); batch.num_columns()],
        rows: None,
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

fn options<T: serde::de::DeserializeOwned>(yaml: &str) -> T {
    let source = Arc::new(Source::new("bench", yaml));
    decode(&parse(&source).unwrap()).unwrap()
}

fn writes(bencher: Bencher<'_, '_>, format: &dyn MessageFormat) {
    let batch = users();
    let writer = format.open(&shape(&batch), None).unwrap();
    let mut cells = Cells::default();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        cells.bytes.clear();
        cells.offsets.truncate(1);
        writer.write(&batch, &mut cells).unwrap()
    });
}

#[divan::bench(args = ["json", "csv", "avro", "avro: { framing: single_object }", "template: { text: \"{id}|{nome_utente}|{email}\" }", "raw: { column: email }"])]
fn users_as(bencher: Bencher<'_, '_>, yaml: &str) {
    writes(bencher, &*options::<MessageKind>(yaml));
}

#[divan::bench(args = ["id", "{ column: id, format: int64 }", "{ column: id, format: json }", "{ columns: [id, email], format: avro }"])]
fn keys_of_users(bencher: Bencher<'_, '_>, yaml: &str) {
    writes(bencher, &options::<Key>(yaml));
}
