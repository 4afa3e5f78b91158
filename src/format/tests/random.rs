//! Random batches through the text formats: the oracles write the same, and a dictionary changes nothing.

use proptest::prelude::*;

use super::*;
use crate::format::avro::ContainerEncoder;
use crate::format::cells::Cells;
use crate::format::message::MessageKind;

/// Numbers from one seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    /// A number of any length, often at the edges.
    fn wide(&mut self) -> i64 {
        match self.below(8) {
            0 => i64::MIN,
            1 => i64::MAX,
            2 => 0,
            3 => -1,
            _ => self.next() as i64 >> self.below(64),
        }
    }

    /// A number of at most so many digits.
    fn digits(&mut self, digits: u32) -> i64 {
        self.wide() % 10_i64.pow(digits)
    }

    fn float(&mut self) -> f64 {
        match self.below(6) {
            0 => -0.0,
            1 => self.digits(9) as f64 / 100.0,
            2 => 1e21,
            _ => Some(f64::from_bits(self.next()))
                .filter(|x| x.is_finite())
                .unwrap_or(1.5),
        }
    }

    fn text(&mut self) -> String {
        const PARTS: &[&str] = &[
            "a",
            "PRAGMATIC-",
            "0123456789abcdef0123456789abcdef",
            "é漢🎲",
            "\"",
            ",",
            "\n",
            "\r",
            "\t",
            "\0",
            "\\",
            " ",
            "NULL",
            "\u{7f}",
            "'",
            "\u{1b}",
        ];
        let plain = self.below(4) > 0;
        let most = if plain { 4 } else { PARTS.len() };
        (0..self.below(5))
            .map(|_| PARTS[self.below(most)])
            .collect()
    }
}

/// How many kinds of columns `values` knows.
const KINDS: usize = 27;

/// Random values of a kind of column; times are in microseconds, as the oracles are told.
fn values(kind: usize, len: usize, random: &mut Random) -> ArrayRef {
    macro_rules! numbers {
        ($array:ty, $value:expr) => {{
            let value: fn(&mut Random) -> _ = $value;
            Arc::new(<$array>::from_iter_values((0..len).map(|_| value(random)))) as ArrayRef
        }};
    }
    macro_rules! decimals {
        ($array:ty, $precision:expr, $scale:expr, $value:expr) => {{
            let value: fn(&mut Random) -> _ = $value;
            let array = <$array>::from_iter_values((0..len).map(|_| value(random)));
            Arc::new(array.with_precision_and_scale($precision, $scale).unwrap()) as ArrayRef
        }};
    }
    let texts = |random: &mut Random| (0..len).map(|_| random.text()).collect::<Vec<_>>();
    // Half of the time that the calendar of the oracles knows, and all of ours.
    let time = |random: &mut Random| match random.below(2) {
        0 => 1_768_464_000_000_000 + random.digits(12),
        _ => random.digits(18) * 4,
    };
    match kind {
        0 => numbers!(Int8Array, |random| random.wide() as i8),
        1 => numbers!(Int16Array, |random| random.wide() as i16),
        2 => numbers!(Int32Array, |random| random.wide() as i32),
        3 => numbers!(Int64Array, Random::wide),
        4 => numbers!(UInt8Array, |random| random.wide() as u8),
        5 => numbers!(UInt16Array, |random| random.wide() as u16),
        6 => numbers!(UInt32Array, |random| random.wide() as u32),
        7 => numbers!(Float32Array, |random| random.digits(6) as f32 / 64.0),
        8 => numbers!(Float64Array, Random::float),
        9 => decimals!(Decimal128Array, 38, 6, |random| i128::from(random.wide())
            << 40),
        10 => decimals!(Decimal128Array, 20, 0, |random| i128::from(random.wide())),
        11 => numbers!(Date32Array, |random| random.digits(7) as i32 * 4),
        12 => {
            let values = (0..len).map(|_| random.digits(10).rem_euclid(86_400) * 999_999);
            Arc::new(Time64MicrosecondArray::from_iter_values(values))
        }
        13 => {
            let values = (0..len).map(|_| time(random));
            Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
        }
        14 => Arc::new(StringArray::from(texts(random))),
        15 => Arc::new(LargeStringArray::from(texts(random))),
        16 => Arc::new(StringViewArray::from(texts(random))),
        17 => {
            let values: Vec<bool> = (0..len).map(|_| random.below(2) == 0).collect();
            Arc::new(BooleanArray::from(values))
        }
        // Those that some oracle does not know.
        18 => numbers!(UInt64Array, |random| random.wide() as u64),
        19 => decimals!(Decimal32Array, 9, 3, |random| random.digits(9) as i32),
        20 => decimals!(Decimal64Array, 18, 6, |random| random.digits(18)),
        21 => decimals!(Decimal64Array, 18, 17, |random| random.digits(18)),
        22 => decimals!(Decimal64Array, 10, 2, |random| random.digits(10)),
        23 => decimals!(Decimal64Array, 5, 5, |random| random.digits(5)),
        24 => numbers!(Date64Array, |random| random.digits(14)),
        25 => numbers!(Time32MillisecondArray, |random| random.digits(7).abs()
            as i32),
        _ => numbers!(TimestampSecondArray, |random| random.digits(12)),
    }
}

/// The array with some nulls, and a few rows less at both ends.
fn worn(array: &ArrayRef, rows: usize, random: &mut Random) -> ArrayRef {
    let nulls = match random.below(3) {
        0 => array.clone(),
        _ => {
            let mask: BooleanArray = (0..array.len())
                .map(|_| Some(random.below(5) == 0))
                .collect();
            arrow::compute::nullif(array, &mask).unwrap()
        }
    };
    nulls.slice(random.below(array.len() - rows + 1), rows)
}

/// Batches of the same columns, most of them with a dictionary, often the same in every batch.
fn batches(kinds: std::ops::Range<usize>, random: &mut Random) -> Vec<RecordBatch> {
    let kinds: Vec<usize> = (0..2 + random.below(6))
        .map(|_| kinds.start + random.below(kinds.len()))
        .collect();
    let shared: Vec<(ArrayRef, bool)> = kinds
        .iter()
        .map(|kind| {
            let count = 1 + random.below(9);
            (values(*kind, count, random), random.below(3) > 0)
        })
        .collect();
    let batch = |random: &mut Random| {
        let most = if random.below(8) == 0 { 5000 } else { 40 };
        let rows = 1 + random.below(most);
        let columns = kinds
            .iter()
            .zip(&shared)
            .map(|(kind, (dictionary, coded))| {
                let len = rows + random.below(9);
                if !coded {
                    return worn(&values(*kind, len, random), rows, random);
                }
                let dictionary = match random.below(4) {
                    0 => values(*kind, 3, random),
                    _ => dictionary.clone(),
                };
                let keys = (0..len).map(|_| random.below(dictionary.len()) as i32);
                let keys: ArrayRef = Arc::new(Int32Array::from_iter_values(keys));
                let keys = worn(&keys, rows, random)
                    .as_primitive::<Int32Type>()
                    .clone();
                Arc::new(DictionaryArray::new(keys, dictionary))
            });
        let columns: Vec<ArrayRef> = columns.collect();
        let fields = columns.iter().enumerate().map(|(index, column)| {
            let name = format!("{}_{index}", "long_name".repeat(index));
            Field::new(name, column.data_type().clone(), true)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, columns).unwrap()
    };
    (0..1 + random.below(3)).map(|_| batch(random)).collect()
}

/// The batch without dictionaries, and with decimals that the oracles know.
fn plain(batch: &RecordBatch, known: bool) -> RecordBatch {
    let columns = batch.columns().iter().map(|column| {
        let plain = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            plain => plain,
        };
        let column = arrow::compute::cast(column, plain).unwrap();
        match *plain {
            DataType::Decimal64(precision, scale) if known => {
                arrow::compute::cast(&column, &DataType::Decimal128(precision, scale)).unwrap()
            }
            _ => column,
        }
    });
    let columns: Vec<ArrayRef> = columns.collect();
    let fields = batch.schema();
    let fields = fields.fields().iter().zip(&columns);
    let fields =
        fields.map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).unwrap()
}

fn all(yaml: &str, batches: &[RecordBatch]) -> String {
    let bytes = file(yaml, batches[0].schema(), batches).unwrap();
    bytes.escape_ascii().to_string()
}

/// Every message of the batches, each followed by `ending`.
fn messages(yaml: &str, batches: &[RecordBatch], ending: &[u8]) -> String {
    let source = std::sync::Arc::new(Source::new("p.yaml", yaml));
    let format: MessageKind = decode(&parse(&source).unwrap()).unwrap();
    let writer = format.open(&shape("t", batches[0].schema()), None).unwrap();
    let mut all = Vec::new();
    for batch in batches {
        let mut cells = Cells::default();
        assert!(writer.write(batch, &mut cells).unwrap().is_none());
        assert_eq!(cells.len(), batch.num_rows());
        for row in 0..cells.len() {
            all.extend_from_slice(cells.get(row));
            all.extend_from_slice(ending);
        }
    }
    all.escape_ascii().to_string()
}

fn datums(batches: &[RecordBatch]) -> (ContainerEncoder, Cells) {
    let FormatKind::Avro(avro) = format("avro").unwrap() else {
        panic!("avro is Avro")
    };
    let container = avro.container(&shape("t", batches[0].schema())).unwrap();
    let mut cells = Cells::default();
    for batch in batches {
        container.write_datums(batch, &mut cells).unwrap();
    }
    (container, cells)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_dictionary_changes_nothing(seed: u64) {
        let batches = batches(0..KINDS, &mut Random(seed));
        let plain: Vec<RecordBatch> = batches.iter().map(|batch| plain(batch, false)).collect();
        for yaml in [
            "csv",
            "csv: { null: NULL, empty: '-', delimiter: \";\" }",
            "csv: { quote_style: always, null: '\\N' }",
            "json: { layout: lines }",
            "json: { layout: lines, nulls: omit, decimals: string, int64: string }",
            "json: { layout: array, pretty: true, nulls: omit }",
            "avro",
            "avro: { null_order: second, codec: snappy }",
            "avro: { bare: true, timestamps: millis }",
        ] {
            prop_assert_eq!(all(yaml, &batches), all(yaml, &plain), "{}", yaml);
        }
    }

    #[test]
    fn messages_are_the_rows_of_files(seed: u64) {
        let batches = batches(0..KINDS, &mut Random(seed));
        for (file, message, ending) in [
            ("csv: { header: false }", "csv", "\n"),
            ("csv: { header: false, quote_style: always, null: '\\N' }", "csv: { quote_style: always, null: '\\N' }", "\n"),
            ("json: { layout: lines }", "json", "\n"),
            ("json: { layout: lines, nulls: omit, decimals: string }", "json: { nulls: omit, decimals: string }", "\n"),
            ("avro: { bare: true }", "avro", ""),
            ("avro: { bare: true, null_order: second, timestamps: millis }", "avro: { null_order: second, timestamps: millis }", ""),
        ] {
            prop_assert_eq!(all(file, &batches), messages(message, &batches, ending.as_bytes()), "{}", message);
        }
    }

    #[test]
    fn arrow_csv_writes_the_same_rows(seed: u64) {
        let batches = batches(0..18, &mut Random(seed));
        let mut expected = Vec::new();
        let mut writer = arrow_csv::WriterBuilder::new()
            .with_timestamp_tz_format("%Y-%m-%dT%H:%M:%S%.6fZ".into())
            .with_time_format("%H:%M:%S%.6f".into())
            .build(&mut expected);
        for batch in &batches {
            writer.write(&plain(batch, true)).unwrap();
        }
        drop(writer);
        let expected = expected.escape_ascii().to_string();
        prop_assert_eq!(all("csv: { empty: '' }", &batches), expected);
    }

    #[test]
    fn arrow_json_writes_the_same_rows(seed: u64) {
        let batches = batches(0..18, &mut Random(seed));
        for nulls in [true, false] {
            let mut expected = Vec::new();
            let mut writer = arrow_json::WriterBuilder::new()
                .with_explicit_nulls(nulls)
                .with_timestamp_tz_format("%Y-%m-%dT%H:%M:%S%.6fZ".into())
                .with_time_format("%H:%M:%S%.6f".into())
                .build::<_, arrow_json::writer::LineDelimited>(&mut expected);
            for batch in &batches {
                writer.write(&plain(batch, true)).unwrap();
            }
            writer.finish().unwrap();
            drop(writer);
            let expected = expected.escape_ascii().to_string();
            let nulls = if nulls { "write" } else { "omit" };
            let yaml = format!("json: {{ layout: lines, nulls: {nulls} }}");
            prop_assert_eq!(all(&yaml, &batches), expected);
        }
    }

    #[test]
    fn arrow_avro_writes_the_same_datums(seed: u64) {
        let batches = batches(0..18, &mut Random(seed));
        let plain: Vec<RecordBatch> = batches.iter().map(|batch| plain(batch, true)).collect();
        let (container, ours) = datums(&batches);
        let key = arrow_avro::schema::SCHEMA_METADATA_KEY.to_string();
        let metadata = HashMap::from([(key, container.schema)]);
        let schema = plain[0].schema().as_ref().clone().with_metadata(metadata);
        let mut encoder = arrow_avro::writer::WriterBuilder::new(schema)
            .build_encoder::<arrow_avro::writer::format::AvroBinaryFormat>()
            .unwrap();
        plain.iter().for_each(|batch| encoder.encode(batch).unwrap());
        let rows = encoder.flush();
        prop_assert_eq!(ours.len(), rows.len());
        for row in 0..rows.len() {
            let expected = rows.row(row).unwrap().to_vec();
            prop_assert_eq!(ours.get(row), expected.as_slice(), "row {}", row);
        }
    }
}
