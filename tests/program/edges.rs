//! Values at the edges of types and formats: each is what it was, or one clear message says why it is not.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date64Array, Decimal128Array, Int64Array, RecordBatch, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use parquet::arrow::ArrowWriter;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use super::support::{Ended, Folder};

/// A Parquet file with these columns.
fn parquet(folder: &Folder, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(folder.path(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

/// The rows of a table that is read of `in.parquet`, with these types and columns.
fn read(folder: &Folder, types: &str, columns: &str) -> Ended {
    folder.write(
        "p.yaml",
        &format!(
            "version: 1\ntables:\n  t: {{ from: {{ parquet: {{ path: in.parquet }} }}, types: {types}, columns: {columns} }}\nsinks:\n  - file: {{ path: /dev/stdout, format: {{ json: {{ layout: lines }} }} }}\n"
        ),
    );
    folder.run(&["run", "p.yaml", "--quiet"])
}

/// What is said of a row that ends the run, without the lines that show the file.
fn told(ended: &Ended) -> String {
    assert_eq!(ended.code, 2, "{ended:?}");
    let shows = |line: &&str| line.contains(" | ") || line.contains("--> ") || line.ends_with(" |");
    let lines: Vec<&str> = ended.stderr.lines().filter(|line| !shows(line)).collect();
    lines.join("\n")
}

#[test]
fn a_moment_beyond_all_dates_is_no_other_date() {
    let folder = Folder::new();
    let millis = TimestampMillisecondArray::from(vec![86_400_000, 185_542_587_187_200_000]);
    parquet(&folder, "in.parquet", vec![("at", Arc::new(millis))]);
    let day = "{ day: { expr: \"cast(at as date)\" } }";
    assert_eq!(
        told(&read(&folder, "{}", day)),
        "error: making column `t.day`\n  caused by: row 1: the result does not fit date in `cast(at as date)`"
    );
    assert_eq!(
        told(&read(&folder, "{ at: date }", "{}")),
        "error: could not read `in.parquet`\n  caused by: column `at`, row 1: 185542587187200000 ms, out of range cannot be read as date\n  hint: say under `types` what holds every value, or leave `at` out there and round it in an `expr`"
    );
    let tried = "{ day: { expr: \"try_cast(at as date)\" } }";
    let days = read(&folder, "{}", tried).stdout;
    let days: Vec<&str> = days
        .lines()
        .map(|line| line.rsplit_once(',').unwrap().1)
        .collect();
    assert_eq!(days, ["\"day\":\"1970-01-02\"}", "\"day\":null}"]);
}

#[test]
fn a_date_in_milliseconds_is_no_other_moment() {
    let folder = Folder::new();
    let dates = Date64Array::from(vec![86_400_000, 32_503_680_000_000]);
    parquet(&folder, "in.parquet", vec![("d", Arc::new(dates))]);
    assert_eq!(
        told(&read(&folder, "{ d: timestamp(ns) }", "{}")),
        "error: could not read `in.parquet`\n  caused by: column `d`, row 1: 3000-01-01T00:00:00 cannot be read as timestamp(ns)\n  hint: say under `types` what holds every value, or leave `d` out there and round it in an `expr`"
    );
}

/// Nanoseconds reach from 1677 to 2262, and a part of the calendar may begin before.
#[test]
fn a_moment_is_cut_to_what_its_type_holds_or_refused() {
    let folder = Folder::new();
    let nanos = TimestampNanosecondArray::from(vec![900_000_000_123_456_789]);
    parquet(&folder, "in.parquet", vec![("at", Arc::new(nanos))]);
    let cut = |part: &str| {
        let columns = format!("{{ at: {{ expr: \"date_trunc('{part}', at)\" }} }}");
        read(&folder, "{}", &columns)
    };
    assert_eq!(
        cut("century").stdout,
        "{\"at\":\"1901-01-01T00:00:00.000000000\"}\n"
    );
    assert_eq!(
        told(&cut("millennium")),
        "error: making column `t.at`\n  caused by: row 0: the result does not fit timestamp(ns) in `date_trunc('millennium', at)`"
    );
    let nanos = TimestampNanosecondArray::from(vec![i64::MAX]).with_timezone("Europe/Rome");
    parquet(&folder, "in.parquet", vec![("at", Arc::new(nanos))]);
    let of = |expr: &str| read(&folder, "{}", &format!("{{ at: {{ expr: \"{expr}\" }} }}"));
    assert_eq!(of("cast(at as date)").stdout, "{\"at\":\"2262-04-12\"}\n");
    assert_eq!(of("extract(hour from at)").stdout, "{\"at\":0}\n");
    assert_eq!(
        told(&of("cast(at as timestamp)")),
        "error: making column `t.at`\n  caused by: row 0: the result does not fit timestamp(ns) in `cast(at as timestamp)`"
    );
}

#[test]
fn the_latest_row_is_found_by_numbers_beyond_those_with_a_sign() {
    let folder = Folder::new();
    let most: Vec<u64> = vec![10, 1 << 63, u64::MAX - 5];
    let names: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let at: ArrayRef = Arc::new(UInt64Array::from(most));
    parquet(&folder, "r.parquet", vec![("at", at), ("id", names)]);
    let ours = vec![5, 10, (1 << 63) - 1, 1 << 63, u64::MAX];
    parquet(
        &folder,
        "in.parquet",
        vec![("n", Arc::new(UInt64Array::from(ours)))],
    );
    folder.write(
        "p.yaml",
        "version: 1\nreference: { r: { path: r.parquet } }\ntables:\n  t:\n    from: { parquet: { path: in.parquet } }\n    columns:\n      id: { lookup: { from: r, as_of: { at: n }, field: id } }\nsinks:\n  - file: { path: /dev/stdout, format: { json: { layout: lines } } }\n",
    );
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    let rows = "{\"n\":5,\"id\":null}\n{\"n\":10,\"id\":1}\n{\"n\":9223372036854775807,\"id\":1}\n{\"n\":9223372036854775808,\"id\":2}\n{\"n\":18446744073709551615,\"id\":3}\n";
    assert_eq!((ended.stdout.as_str(), ended.code), (rows, 0), "{ended:?}");
}

/// Between 1 and the next float of 32 bits lies 1 + 2^-24; what is a little above it is nearer to the next one.
#[test]
fn a_decimal_becomes_the_nearest_float() {
    let folder = Folder::new();
    let middle = 10_i128.pow(30) + 10_i128.pow(30) / (1 << 24);
    let decimals = Decimal128Array::from(vec![middle - 1, middle + 1]);
    let decimals = decimals.with_precision_and_scale(38, 30).unwrap();
    let whole = Int64Array::from(vec![(1 << 60) + (1 << 36) - 1, (1 << 60) + (1 << 36) + 1]);
    let columns: Vec<(&str, ArrayRef)> = vec![("d", Arc::new(decimals)), ("n", Arc::new(whole))];
    parquet(&folder, "in.parquet", columns);
    let expected = "{\"d\":1.0,\"n\":1.1529215e18}\n{\"d\":1.0000001,\"n\":1.1529216e18}\n";
    let casts = "{ d: { type: float32, expr: \"cast(d as real)\" }, n: { type: float32, expr: \"cast(n as real)\" } }";
    assert_eq!(read(&folder, "{}", casts).stdout, expected);
    let types = read(
        &folder,
        "{ d: float32 }",
        "{ n: { expr: \"cast(n as real)\" } }",
    );
    assert_eq!(types.stdout, expected);
}

/// The bounds of what is sorted are its first and its last number. By the format what is no number is none, and
/// zero as the least value has a sign.
#[test]
fn sorted_floats_have_numbers_for_bounds() {
    let folder = Folder::new();
    folder.make(
        "version: 1\ntables:\n  t:\n    rows: 1000\n    columns:\n      id: sequence\n      a: { expr: \"case when id % 5 = 0 then cast('NaN' as float8) when id % 7 = 0 then cast('-0' as float8) else cast(id % 9 as float8) end\" }\n      b: { type: float32, expr: \"cast('NaN' as real)\" }\nsinks:\n  - file: { path: a.parquet, order_by: a }\n  - file: { path: b.parquet, order_by: b }\n  - file: { path: c.parquet }\n",
        &[],
    );
    let bounds = |name: &str, column: usize| {
        let file = SerializedFileReader::new(File::open(folder.path(name)).unwrap()).unwrap();
        let groups = file.metadata().row_groups();
        assert_eq!(groups.len(), 1);
        match groups[0].column(column).statistics().unwrap() {
            Statistics::Double(found) => found
                .min_opt()
                .zip(found.max_opt())
                .map(|(least, most)| (least.to_bits(), *most)),
            other => other.min_bytes_opt().map(|bytes| panic!("{bytes:?}")),
        }
    };
    let expected = Some(((-0.0_f64).to_bits(), 8.0));
    assert_eq!(bounds("a.parquet", 1), expected);
    assert_eq!(bounds("c.parquet", 1), expected);
    assert_eq!(
        (bounds("a.parquet", 2), bounds("b.parquet", 2)),
        (None, None)
    );
}

/// A year with more than four digits has a sign.
#[test]
fn years_of_any_number_of_digits_are_verified() {
    for (path, format) in [
        ("out.csv", "csv"),
        ("out.jsonl", "json"),
        ("out.avro", "avro"),
        ("out.parquet", "parquet"),
    ] {
        let folder = Folder::new();
        let columns = "id: sequence, d: { type: date, expr: \"date '9999-12-30' + cast(id as int)\" }, e: { type: date, expr: \"date '0001-01-03' - cast(id * 400 as int)\" }, far: { type: date, expr: \"date '1970-01-01' + cast(id * 200000000 as int)\" }, t: { type: timestamp(us), expr: \"timestamp '9999-12-31 22:00:00.5' + interval '1 hour' * id\" }, z: { type: \"timestamp(ms, UTC)\", expr: \"cast(timestamptz '9999-12-31 22:00:00.5Z' + interval '1 hour' * id as timestamptz(3))\" }, r: { type: \"timestamp(us, Europe/Rome)\", expr: \"timestamptz '9999-12-31 22:00:00.5Z' + interval '1 hour' * id\" }";
        folder.make(
            &format!(
                "version: 1\ntables:\n  t: {{ rows: 10, columns: {{ {columns} }} }}\nsinks:\n  - file: {{ path: {path}, format: {format} }}\n"
            ),
            &[],
        );
        let ended = folder.run(&["verify", "p.yaml"]);
        assert_eq!(ended.code, 0, "{format}: {ended:?}");
        assert!(ended.stdout.contains("all equal"), "{ended:?}");
    }
}
