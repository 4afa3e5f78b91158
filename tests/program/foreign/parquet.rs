//! Parquet files of old writers: times in 96 bits, lists without their annotation.

use std::sync::Arc;

use parquet::data_type::{DataType, Int32Type, Int96, Int96Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::super::support::Folder;
use super::{rows, stopped, table};

const FROM: &str = "parquet: { path: in.parquet }";

/// Values of one column, and their definition and repetition levels.
type Levels<'v, T> = (&'v [T], &'v [i16], &'v [i16]);

/// A file of one column.
fn file<T: DataType>(
    folder: &Folder,
    schema: &str,
    (values, definition, repetition): Levels<'_, T::T>,
) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(folder.path("in.parquet")).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<T>()
        .write_batch(values, Some(definition), Some(repetition))
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

/// A time as so many days since 1970 and nanoseconds of a day.
fn time(days: i64, nanos: u64) -> Int96 {
    let mut time = Int96::new();
    let day = (days + 2_440_588) as u32;
    time.set_data(nanos as u32, (nanos >> 32) as u32, day);
    time
}

const LAST: i64 = 2_932_896;
const FIRST: i64 = -719_162;

fn times(folder: &Folder, values: &[Int96], definition: &[i16]) {
    let repetition = vec![0; definition.len()];
    file::<Int96Type>(
        folder,
        "message m { optional int96 t; }",
        (values, definition, &repetition),
    );
}

#[test]
fn times_in_96_bits_reach_every_year() {
    let folder = Folder::new();
    let morning = time(19_723, 3_723_000_004_000);
    times(
        &folder,
        &[time(LAST, 0), morning, time(FIRST, 0)],
        &[1, 1, 1, 0],
    );
    let expected = "{\"t\":\"9999-12-31T00:00:00.000000\"}\n{\"t\":\"2024-01-01T01:02:03.000004\"}\n{\"t\":\"0001-01-01T00:00:00.000000\"}\n{\"t\":null}\n";
    assert_eq!(rows(&folder, FROM, "{}"), expected);
    assert_eq!(rows(&folder, FROM, "{ t: timestamp(us) }"), expected);
    let dates =
        "{\"t\":\"9999-12-31\"}\n{\"t\":\"2024-01-01\"}\n{\"t\":\"0001-01-01\"}\n{\"t\":null}\n";
    assert_eq!(rows(&folder, FROM, "{ t: date }"), dates);
    assert_eq!(
        stopped(&folder, FROM, "{ t: timestamp(ns) }"),
        "error: could not read `in.parquet`\n\
         caused by: column `t`, row 0: 9999-12-31T00:00:00 is beyond the years of nanoseconds, 1677 to 2262\n\
         hint: read it as `timestamp(us)`"
    );
}

#[test]
fn nanoseconds_of_times_in_96_bits_are_kept_or_named() {
    let folder = Folder::new();
    let values = [time(0, 5_000), time(-1, 86_399_999_999_999)];
    times(&folder, &values, &[1, 1]);
    assert_eq!(
        stopped(&folder, FROM, "{}"),
        "error: could not read `in.parquet`\n\
         caused by: column `t`, row 1: 1969-12-31T23:59:59.999999999 has more digits than microseconds\n\
         hint: say `types: { t: timestamp(ns) }`"
    );
    assert_eq!(
        rows(&folder, FROM, "{ t: timestamp(ns) }"),
        "{\"t\":\"1970-01-01T00:00:00.000005000\"}\n{\"t\":\"1969-12-31T23:59:59.999999999\"}\n"
    );
}

#[test]
fn times_in_96_bits_within_lists_reach_every_year() {
    let folder = Folder::new();
    file::<Int96Type>(
        &folder,
        "message m { optional group l (LIST) { repeated group list { optional int96 element; } } }",
        (&[time(LAST, 0), time(FIRST, 0)], &[3, 3, 0], &[0, 1, 0]),
    );
    assert_eq!(
        rows(&folder, FROM, "{}"),
        "{\"l\":[\"9999-12-31T00:00:00.000000\",\"0001-01-01T00:00:00.000000\"]}\n{\"l\":null}\n"
    );
}

const CUT: &str = "hint: times of 64 bits are read with all of their digits: write the file with them, or leave `l` out of the sink's `columns`";

#[test]
fn nanoseconds_of_times_in_96_bits_within_lists_and_structs_are_not_cut_off() {
    let folder = Folder::new();
    let odd = time(-1, 86_399_999_999_999);
    // The second list is empty.
    let levels = (
        &[time(0, 5_000), time(0, 0), odd][..],
        &[3, 3, 2, 3][..],
        &[0, 1, 0, 0][..],
    );
    for (schema, row) in [
        (
            "message m { optional group l (LIST) { repeated group list { optional int96 element; } } }",
            2,
        ),
        (
            "message m { optional group l { optional group a { optional int96 b; } } }",
            3,
        ),
    ] {
        let (values, definition, repetition) = levels;
        let repetition = if row == 2 { repetition } else { &[0; 4] };
        file::<Int96Type>(&folder, schema, (values, definition, repetition));
        let told = format!(
            "error: could not read `in.parquet`\n\
             caused by: column `l`, row {row}: 1969-12-31T23:59:59.999999999 has more digits than microseconds\n\
             {CUT}"
        );
        assert_eq!(stopped(&folder, FROM, "{}"), told, "{schema}");
    }
}

#[test]
fn nanoseconds_of_years_that_they_do_not_reach_are_not_cut_off() {
    let folder = Folder::new();
    times(&folder, &[time(LAST, 1_000), time(LAST, 1_001)], &[1, 1]);
    assert_eq!(
        stopped(&folder, FROM, "{}"),
        "error: could not read `in.parquet`\n\
         caused by: column `t`, row 1: 9999-12-31T00:00:00.000001 has more digits than microseconds\n\
         hint: no type has both its year and its digits: round it where the file is written, or leave `t` out of the sink's `columns`"
    );
}

/// The schema of one column, and what three rows of it are: two values, none, one.
const LISTS: &[(&str, &str, &str)] = &[
    ("message m { repeated int32 x; }", "[1,2]", "[3]"),
    (
        "message m { required group x (LIST) { repeated int32 array; } }",
        "[1,2]",
        "[3]",
    ),
    (
        "message m { required group x (LIST) { repeated group array { required int32 a; } } }",
        "[{\"a\":1},{\"a\":2}]",
        "[{\"a\":3}]",
    ),
    (
        "message m { required group x (LIST) { repeated group x_tuple { required int32 a; } } }",
        "[{\"a\":1},{\"a\":2}]",
        "[{\"a\":3}]",
    ),
    (
        "message m { required group x (LIST) { repeated group bag { required int32 array_element; } } }",
        "[1,2]",
        "[3]",
    ),
    (
        "message m { repeated group x { required int32 a; } }",
        "[{\"a\":1},{\"a\":2}]",
        "[{\"a\":3}]",
    ),
    (
        "message m { required group x { repeated int32 array; } }",
        "{\"array\":[1,2]}",
        "{\"array\":[3]}",
    ),
];

#[test]
fn lists_of_old_writers_are_read() {
    let folder = Folder::new();
    for (schema, two, one) in LISTS {
        let levels = (&[1, 2, 3][..], &[1, 1, 0, 1][..], &[0, 1, 0, 0][..]);
        file::<Int32Type>(&folder, schema, levels);
        let none = match two.starts_with('{') {
            true => "{\"array\":[]}",
            false => "[]",
        };
        let expected = format!("{{\"x\":{two}}}\n{{\"x\":{none}}}\n{{\"x\":{one}}}\n");
        assert_eq!(rows(&folder, FROM, "{}"), expected, "{schema}");
        // Row by row as well.
        folder.write("p.yaml", &table(FROM, "{}", "out.jsonl"));
        let ended = folder.run(&["run", "p.yaml", "--quiet", "--batch-rows", "1"]);
        assert_eq!(
            (ended.code, folder.read("out.jsonl")),
            (0, expected),
            "{schema}"
        );
    }
}
