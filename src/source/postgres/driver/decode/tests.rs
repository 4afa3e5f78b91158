//! What the sink writes is read as it was, and bytes of PostgreSQL's own are what its manual says.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal64Array,
    Decimal128Array, FixedSizeBinaryArray, Float32Array, Float64Array, Int16Array, Int32Array,
    Int64Array, ListArray, RecordBatch, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Decimal128Type, Int32Type};
use proptest::prelude::*;
use tokio_postgres::types::Type;

use super::super::split::Splitter;
use super::*;
use crate::sink::postgres::sent;

/// The rows of a COPY of one column.
fn cut(bytes: &[u8]) -> super::super::split::UndecodedRows {
    let mut splitter = Splitter::new(1);
    splitter.push(bytes).unwrap();
    assert!(splitter.has_ended());
    splitter.take(splitter.rows())
}

/// Values, none of which is odd.
fn first_odd(kind: &Kind, slots: &Slots<'_>) -> Result<ArrayRef, Wrong> {
    let mut odd = Vec::new();
    let values = decode(kind, slots, &mut odd)?;
    odd.into_iter().next().map_or(Ok(values), Err)
}

/// A column as it is after it was written and read.
fn back(array: &ArrayRef, target: Type, kind: &Kind) -> Result<ArrayRef, Wrong> {
    let batch = RecordBatch::try_from_iter([("c", array.clone())]).unwrap();
    let rows = cut(&sent(&batch, &[target]).unwrap());
    first_odd(kind, &rows.column(0))
}

/// One field with these bytes, behind one that is null.
fn field(kind: &Kind, bytes: &[u8]) -> Result<ArrayRef, Wrong> {
    let length = (bytes.len() as i32).to_be_bytes();
    let rows = [b"\0\x01\xff\xff\xff\xff\0\x01", &length[..], bytes].concat();
    let copy = [
        b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0",
        &rows[..],
        b"\xff\xff",
    ]
    .concat();
    first_odd(kind, &cut(&copy).column(0))
}

fn wrong(kind: &Kind, bytes: &[u8]) -> String {
    let wrong = field(kind, bytes).unwrap_err();
    assert_eq!(wrong.row, 1);
    wrong.what
}

/// Arrays of every type with nulls, the type of the table they go to, and how they are read.
fn every_type(seed: &[(bool, i64, Vec<u8>)]) -> Vec<(ArrayRef, Type, Kind)> {
    fn of<T, A: Array + FromIterator<Option<T>> + 'static>(
        seed: &[(bool, i64, Vec<u8>)],
        value: impl Fn(i64, &[u8]) -> T,
    ) -> ArrayRef {
        let values = seed.iter();
        let values = values.map(|(valid, number, bytes)| valid.then(|| value(*number, bytes)));
        Arc::new(values.collect::<A>())
    }
    let text = |_, bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let uuids = seed.iter().map(|(valid, number, _)| {
        let bytes = u128::from(number.cast_unsigned()).to_be_bytes();
        valid.then_some(bytes)
    });
    let uuids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(uuids, 16).unwrap();
    let small = of::<_, Decimal64Array>(seed, |number, _| number % 10_i64.pow(12));
    let small = small.as_any().downcast_ref::<Decimal64Array>().unwrap();
    let small = small.clone().with_precision_and_scale(12, 2).unwrap();
    // Moments within PostgreSQL's calendar.
    let moment = |number: i64, _: &[u8]| number % 200_000_000_000_000_000;
    let times = of::<_, TimestampMicrosecondArray>(seed, moment);
    let zoned = times.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
    let zoned = zoned.clone().with_timezone("UTC");
    let lists = seed.iter().map(|(valid, number, bytes)| {
        let item =
            |byte: &u8| (!byte.is_multiple_of(3)).then_some(i32::from(*byte) ^ *number as i32);
        valid.then(|| bytes.iter().map(item).collect::<Vec<_>>())
    });
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    let (_, offsets, items, nulls) = lists.into_parts();
    let item = Arc::new(Field::new(LIST_ITEM, DataType::Int32, true));
    let lists = ListArray::new(item, offsets, items, nulls);
    vec![
        (
            of::<_, BooleanArray>(seed, |number, _| number > 0),
            Type::BOOL,
            Kind::Boolean,
        ),
        (
            of::<_, Int16Array>(seed, |number, _| number as i16),
            Type::INT2,
            Kind::Int16,
        ),
        (
            of::<_, Int32Array>(seed, |number, _| number as i32),
            Type::INT4,
            Kind::Int32,
        ),
        (
            of::<_, Int64Array>(seed, |number, _| number),
            Type::INT8,
            Kind::Int64,
        ),
        (
            of::<_, Float32Array>(seed, |number, _| {
                f32::from_bits(number as u32 & 0x7f7f_ffff)
            }),
            Type::FLOAT4,
            Kind::Float32,
        ),
        (
            of::<_, Float64Array>(seed, |number, _| number as f64 / 7.0),
            Type::FLOAT8,
            Kind::Float64,
        ),
        (Arc::new(small), Type::NUMERIC, Kind::Decimal(12, 2)),
        (of::<_, StringArray>(seed, text), Type::TEXT, Kind::Text),
        (of::<_, StringArray>(seed, text), Type::JSON, Kind::Text),
        (of::<_, StringArray>(seed, text), Type::JSONB, Kind::Jsonb),
        (
            of::<_, BinaryArray>(seed, |_, bytes| bytes.to_vec()),
            Type::BYTEA,
            Kind::Binary,
        ),
        (Arc::new(uuids), Type::UUID, Kind::Uuid),
        (
            of::<_, Date32Array>(seed, |number, _| (number % 1_000_000) as i32),
            Type::DATE,
            Kind::Date,
        ),
        (
            of::<_, Time64MicrosecondArray>(seed, |number, _| number.rem_euclid(86_400_000_000)),
            Type::TIME,
            Kind::Time,
        ),
        (times, Type::TIMESTAMP, Kind::Timestamp),
        (Arc::new(zoned), Type::TIMESTAMPTZ, Kind::Zoned),
        (
            Arc::new(lists),
            Type::INT4_ARRAY,
            Kind::List(Box::new(Kind::Int32)),
        ),
    ]
}

proptest! {
    #[test]
    fn what_the_sink_writes_is_read_as_it_was(
        seed in prop::collection::vec((prop::bool::weighted(0.8), any::<i64>(), prop::collection::vec(any::<u8>(), 0..12)), 0..40)
    ) {
        for (array, target, kind) in every_type(&seed) {
            let read = back(&array, target.clone(), &kind).unwrap();
            prop_assert_eq!(&read, &array, "{}", target);
            prop_assert_eq!(read.data_type(), array.data_type());
        }
    }

    #[test]
    fn decimals_of_any_digits_come_back(value in any::<i128>(), digits in 1_u32..=38, scale in 0_i8..=38) {
        let value = value % 10_i128.pow(digits);
        let array = Decimal128Array::from(vec![Some(value), None, Some(-value)]);
        let array: ArrayRef = Arc::new(array.with_precision_and_scale(38, scale).unwrap());
        let read = back(&array, Type::NUMERIC, &Kind::Decimal(38, scale)).unwrap();
        prop_assert_eq!(read.as_primitive::<Decimal128Type>(), array.as_primitive::<Decimal128Type>());
    }

    #[test]
    fn a_scale_takes_the_digits_that_it_holds(value in -99_999_999_i64..=99_999_999, from in 0_i8..=6, to in 0_i8..=6) {
        let array = Decimal64Array::from(vec![value]).with_precision_and_scale(18, from).unwrap();
        let read = back(&(Arc::new(array) as ArrayRef), Type::NUMERIC, &Kind::Decimal(18, to));
        let lost = 10_i64.pow(u32::from((from - to).max(0).unsigned_abs()));
        let more = 10_i64.pow(u32::from((to - from).max(0).unsigned_abs()));
        match value % lost {
            0 => {
                let expected = Decimal64Array::from(vec![value / lost * more]);
                let expected = expected.with_precision_and_scale(18, to).unwrap();
                prop_assert_eq!(&read.unwrap(), &(Arc::new(expected) as ArrayRef));
            }
            _ => prop_assert_eq!(
                read.unwrap_err().what,
                format!("it has more digits than decimal(18,{to}) holds")
            ),
        }
    }

    #[test]
    fn broken_fields_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for (_, _, kind) in every_type(&[]) {
            let _ = field(&kind, &bytes);
        }
    }
}

#[test]
fn what_arrow_does_not_have_is_said() {
    let ends = [i64::MAX.to_be_bytes(), i64::MIN.to_be_bytes()];
    assert_eq!(
        wrong(&Kind::Zoned, &ends[0]),
        "infinity is no timestamp here"
    );
    assert_eq!(
        wrong(&Kind::Timestamp, &ends[1]),
        "-infinity is no timestamp here"
    );
    let late = (i64::MAX - 1).to_be_bytes();
    assert_eq!(
        wrong(&Kind::Timestamp, &late),
        "its year is too large for a timestamp here"
    );
    assert_eq!(
        wrong(&Kind::Date, &i32::MAX.to_be_bytes()),
        "infinity is no date here"
    );
    assert_eq!(
        wrong(&Kind::Date, &i32::MIN.to_be_bytes()),
        "-infinity is no date here"
    );
    let midnight = 86_400_000_000_i64.to_be_bytes();
    assert_eq!(
        wrong(&Kind::Time, &midnight),
        "24:00:00 is no time of a day here"
    );
    let number = Kind::Decimal(10, 2);
    assert_eq!(wrong(&number, b"\0\0\0\0\xc0\0\0\0"), "NaN is no decimal");
    assert_eq!(
        wrong(&number, b"\0\0\0\0\xd0\0\0\x20"),
        "Infinity is no decimal"
    );
    assert_eq!(
        wrong(&number, b"\0\0\0\0\xf0\0\0\x20"),
        "-Infinity is no decimal"
    );
    // 100 000 000, which has nine digits before the point.
    assert_eq!(
        wrong(&number, b"\0\x01\0\x02\0\0\0\0\0\x01"),
        "it has more digits than decimal(10,2) holds"
    );
    let matrix = b"\0\0\0\x02\0\0\0\0\0\0\0\x17";
    let list = Kind::List(Box::new(Kind::Int32));
    assert_eq!(
        wrong(&list, matrix),
        "it has 2 dimensions, and lists here have one"
    );
}

#[test]
fn bytes_of_another_type_are_said() {
    assert_eq!(
        wrong(&Kind::Int32, &[0; 8]),
        "it has 8 bytes, and was to have 4"
    );
    assert_eq!(wrong(&Kind::Text, b"\xff"), "it is no text in UTF-8");
    assert_eq!(
        wrong(&Kind::Jsonb, b"\x02{}"),
        "it is no jsonb of a version that is known"
    );
    assert_eq!(
        wrong(&Kind::Uuid, b"x"),
        "it has not the 16 bytes of a UUID"
    );
    assert_eq!(wrong(&Kind::Decimal(9, 0), b"\0\x02"), "it is no number");
    let list = Kind::List(Box::new(Kind::Int32));
    assert_eq!(
        wrong(&list, b"\0\0\0\x01\0\0\0\0\0\0\0\x17\0\0\0\x09\0\0\0\x01"),
        "it is no array"
    );
}

#[test]
fn an_item_that_is_wrong_names_the_row_of_its_list() {
    let array = Decimal64Array::from(vec![1, 2, 3, 4_000]);
    let array = array.with_precision_and_scale(9, 0).unwrap();
    let item = Arc::new(Field::new("item", array.data_type().clone(), true));
    let offsets = arrow::buffer::OffsetBuffer::from_lengths([2, 0, 2]);
    let lists: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::new(array), None));
    let kind = Kind::List(Box::new(Kind::Decimal(3, 0)));
    let wrong = back(&lists, Type::NUMERIC_ARRAY, &kind).unwrap_err();
    assert_eq!((wrong.row, wrong.is_value), (2, true));
}
