//! Rows in order at any number of threads, and readers that end.

use super::*;
use crate::place::Source;
use crate::spec::{self, GivenValues};
use arrow::array::AsArray;
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use std::time::Instant;

const FILE: &str = "
version: 1
seed: 7
tables:
  t:
    rows: 10_000
    columns:
      id: { sequence: { start: 0 } }
      word: { choice: [a, b, c] }
      bad: { expr: \"1 / (5000 - id)\" }
";

fn pipeline(text: &str) -> Pipeline {
    let given = GivenValues {
        run_date: "2026-01-01".into(),
        ..GivenValues::default()
    };
    spec::read_given(Source::new("t.yaml", text), &given).unwrap()
}

fn table(wanted: Wanted) -> Result<Table> {
    Table::new(&pipeline(FILE), &Overrides::default(), wanted)
}

fn columns(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

fn all(table: &Table) -> RecordBatch {
    let read: Vec<_> = table.read().unwrap().map(Result::unwrap).collect();
    concat_batches(table.schema(), &read).unwrap()
}

#[test]
fn rows_are_the_same_at_any_number_of_threads_and_in_any_batches() {
    let read = |threads, batch_rows| {
        let wanted = Wanted {
            columns: columns(&["word", "id"]),
            threads: Some(threads),
            batch_rows: Some(batch_rows),
            plain: true,
            ..Wanted::default()
        };
        all(&table(wanted).unwrap())
    };
    let one = read(1, 10_000);
    assert_eq!(one.num_rows(), 10_000);
    for (threads, batch_rows) in [(1, 7), (3, 64), (8, 999), (40, 20_000)] {
        assert_eq!(read(threads, batch_rows), one, "{threads} {batch_rows}");
    }
}

#[test]
fn a_range_is_what_the_whole_has_there() {
    let whole = table(Wanted {
        columns: columns(&["id"]),
        batch_rows: Some(100),
        ..Wanted::default()
    });
    let whole = whole.unwrap();
    assert_eq!(
        all(&whole.slice(Some(250), Some(640))),
        all(&whole).slice(250, 390)
    );
    // As ranges of Python are: beyond the end there is nothing.
    assert_eq!(whole.slice(Some(9_990), Some(20_000)).rows(), 10);
    assert_eq!(all(&whole.slice(Some(20_000), None)).num_rows(), 0);
    assert_eq!(all(&whole.slice(Some(5), Some(3))).num_rows(), 0);
}

#[test]
fn only_the_columns_that_are_asked_for_are_made() {
    let wanted = |names| Wanted {
        columns: columns(names),
        batch_rows: Some(1_000),
        ..Wanted::default()
    };
    // Row 5 000 of `bad` cannot be made.
    assert_eq!(
        all(&table(wanted(&["id", "word"])).unwrap()).num_rows(),
        10_000
    );
    let mut reader = table(wanted(&["id", "bad"])).unwrap().read().unwrap();
    let mut rows = 0;
    let error = loop {
        match reader.next_batch() {
            Ok(batch) => rows += batch.unwrap().num_rows(),
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(rows, 5_000);
    assert!(error.starts_with("error: "), "{error}");
    assert!(
        error.contains("division by zero") && error.contains("5000"),
        "{error}"
    );
    // Nothing comes after it, and nothing hangs.
    assert!(reader.next_batch().unwrap().is_none());
}

#[test]
fn a_reader_that_nobody_reads_on_ends_its_threads() {
    let wanted = Wanted {
        columns: columns(&["id"]),
        batch_rows: Some(1),
        threads: Some(4),
        ..Wanted::default()
    };
    let mut reader = table(wanted).unwrap().read().unwrap();
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!(first.column(0).as_primitive::<Int64Type>().value(0), 0);
    let work = reader.work.clone();
    drop(reader);
    // Only this test still holds what the threads had, once each has ended its batch.
    let until = Instant::now() + Duration::from_secs(60);
    while Arc::strong_count(&work) > 1 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(Arc::strong_count(&work), 1);
}

#[test]
fn decimals_and_dictionaries_are_as_other_libraries_read_them() {
    let file = FILE.replace(
        "bad: { expr: \"1 / (5000 - id)\" }",
        "price: { type: \"decimal(8,2)\", uniform: { min: 0, max: 9 } }
      few: { choice: [1, 2] }
      names: { list: { of: { pattern: \"[a-z]{20}\" }, length: 2 } }
      prices: { list: { of: { type: \"decimal(8,2)\", uniform: { min: 0, max: 9 } }, length: 2 } }",
    );
    let types = |plain, views| {
        let wanted = Wanted {
            plain,
            views,
            ..Wanted::default()
        };
        let table = Table::new(&pipeline(&file), &Overrides::default(), wanted).unwrap();
        assert_eq!(all(&table).num_rows(), 10_000);
        let fields = table.schema().fields().iter();
        let types: Vec<String> = fields.map(|field| field.data_type().to_string()).collect();
        types.join("; ")
    };
    let decimals = |text| {
        format!(
            "Decimal128(8, 2); Int64; List({text}, field: 'element'); List(Decimal128(8, 2), field: 'element')"
        )
    };
    for (plain, views, few, text) in [
        (false, false, "Dictionary(Int32, Utf8)", "Utf8"),
        (true, false, "Utf8", "Utf8"),
        (false, true, "Dictionary(Int32, Utf8)", "Utf8View"),
        (true, true, "Utf8View", "Utf8View"),
    ] {
        let expected = format!("Int64; {few}; {}", decimals(text));
        assert_eq!(types(plain, views), expected, "{plain} {views}");
    }
}

#[test]
fn a_fingerprint_has_what_decides_the_rows() {
    let made = |text: &str, seed: Option<&str>, now_micros| {
        let given = GivenValues {
            run_date: "2026-01-01".into(),
            seed: seed.map(str::to_owned),
            ..GivenValues::default()
        };
        let pipeline = spec::read_given(Source::new("t.yaml", text), &given).unwrap();
        let overrides = Overrides {
            now_micros,
            ..Overrides::default()
        };
        let table = Table::new(&pipeline, &overrides, Wanted::default()).unwrap();
        table.fingerprint().to_owned()
    };
    // A seed is the same wherever it is said, and the moment counts where a column asks for it.
    let one = made(FILE, None, 0);
    assert_eq!(one, made(FILE, Some("7"), 5));
    assert_eq!(one, made(&FILE.replace("seed: 7", "seed: 8"), Some("7"), 0));
    assert_eq!(one, made(&FILE.replace("seed: 7\n", ""), Some("7"), 0));
    assert_ne!(one, made(FILE, Some("8"), 0));
    let timed = format!("{FILE}      at: now\n");
    assert_eq!(made(&timed, None, 1), made(&timed, None, 1));
    assert_ne!(made(&timed, None, 1), made(&timed, None, 2));
}

#[test]
fn what_has_changed_since_it_was_planned_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    let shown = path.display();
    let text =
        format!("version: 1\ntables:\n  t: {{ from: {{ csv: {{ path: \"{shown}\" }} }} }}\n");
    let table = Table::new(&pipeline(&text), &Overrides::default(), Wanted::default()).unwrap();
    assert_eq!(all(&table).num_rows(), 1);
    std::fs::write(&path, "a\n2\n3\n").unwrap();
    assert_eq!(
        table.read().err().unwrap().to_string(),
        format!(
            "error: could not read `{shown}`\n  caused by: it has been written since it was opened\n  hint: a file must not change while it is read"
        )
    );
}

#[test]
fn batches_of_large_rows_have_fewer_of_them() {
    let file = "version: 1\ntables: { t: { rows: 40, columns: { x: { expr: \"repeat(md5(row::text), 1_000_000)\" } } } }\n";
    let table = Table::new(&pipeline(file), &Overrides::default(), Wanted::default()).unwrap();
    let mut reader = table.read().unwrap();
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!(first.num_rows(), 32, "of 32 MB each, within 1 GiB");
}

/// Rows of what a file was and of what it is: which ones nobody knows.
#[test]
fn a_file_that_is_written_over_while_it_is_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.csv");
    let lines = |word: &str| -> String {
        let rows = (0..200_000).map(|row| format!("{row:08},{word}\n"));
        std::iter::once("id,word\n".into()).chain(rows).collect()
    };
    std::fs::write(&path, lines("old")).unwrap();
    let file = format!(
        "version: 1\ntables: {{ t: {{ from: {{ csv: {{ path: {} }} }} }} }}\n",
        path.display()
    );
    let wanted = Wanted {
        batch_rows: Some(1000),
        ..Wanted::default()
    };
    let table = Table::new(&pipeline(&file), &Overrides::default(), wanted).unwrap();
    let mut reader = table.read().unwrap();
    reader.next_batch().unwrap().unwrap();
    std::fs::write(&path, lines("new")).unwrap();
    let error = std::iter::from_fn(|| reader.next_batch().transpose()).find_map(Result::err);
    let told = error.unwrap().to_string();
    assert!(
        told.contains("it has been written since it was opened"),
        "{told}"
    );
}

#[test]
fn what_is_not_there_is_said() {
    let wanted = Wanted {
        columns: columns(&["wrod"]),
        ..Wanted::default()
    };
    let error = table(wanted).err().unwrap().to_string();
    assert_eq!(
        error,
        "error: there is no column `wrod`\n  hint: did you mean `word`?"
    );
    let wanted = Wanted {
        columns: columns(&["id", "word", "id"]),
        ..Wanted::default()
    };
    let error = table(wanted).err().unwrap().to_string();
    assert_eq!(error, "error: column `id` is asked for twice");
    let endless = FILE
        .replace("rows: 10_000", "rows: 0")
        .replace("      bad: { expr: \"1 / (5000 - id)\" }\n", "");
    let made = Table::new(
        &pipeline(&endless),
        &Overrides::default(),
        Wanted::default(),
    );
    assert_eq!(
        made.err().unwrap().to_string(),
        "error: the table has no end\n  hint: say `stop`, the row behind the last one"
    );
}

#[test]
fn tables_that_leave_rows_out_are_refused() {
    let told = |text: &str| {
        let made = Table::new(&pipeline(text), &Overrides::default(), Wanted::default());
        made.err().unwrap().to_string()
    };
    let said = |option: &str| {
        format!(
            "error: `{option}` leaves out rows of this table, and a reader gives rows by their numbers\n  hint: write them with `rowgen run`, or take a table without it and filter what comes"
        )
    };
    let filtered = FILE.replace("    columns:", "    where: \"id % 3 = 0\"\n    columns:");
    assert_eq!(told(&filtered), said("where"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a\n1\nx\n").unwrap();
    let path = path.display();
    for rule in ["skip", "{ dead_letter: bad.jsonl }"] {
        let read = format!(
            "version: 1\ntables:\n  t:\n    from: {{ csv: {{ path: \"{path}\", on_bad_row: {rule} }} }}\n    types: {{ a: int32 }}\n"
        );
        assert_eq!(told(&read), said("on_bad_row"));
    }
}
