//! Bytes as PostgreSQL's manual and sources say them.

use std::sync::Arc;

use arrow::array::{
    BinaryArray, BooleanArray, Date32Array, Decimal64Array, Decimal128Array, DictionaryArray,
    Float64Array, Int32Array, Int64Array, ListArray, StringArray, TimestampMillisecondArray,
    UInt64Array,
};
use arrow::datatypes::Int32Type;
use proptest::prelude::*;

use super::*;

/// The fields of a row, by their lengths.
fn split(row: &[u8]) -> Vec<Option<&[u8]>> {
    let count = u16::from_be_bytes([row[0], row[1]]);
    let mut rest = &row[2..];
    let fields = (0..count).map(|_| {
        let length = i32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]);
        rest = &rest[4..];
        let length = usize::try_from(length).ok()?;
        let (field, behind) = rest.split_at(length);
        rest = behind;
        Some(field)
    });
    let fields = fields.collect();
    assert!(rest.is_empty());
    fields
}

/// The fields of one column.
fn column(array: impl Array + 'static, target: &Type) -> Vec<Option<Vec<u8>>> {
    let batch = RecordBatch::try_from_iter([("c", Arc::new(array) as ArrayRef)]).unwrap();
    let encoded = encode(&batch, std::slice::from_ref(target)).unwrap();
    let rows = (0..batch.num_rows()).map(|row| {
        let row = encoded.rows(row..row + 1);
        split(&row)[0].map(<[u8]>::to_vec)
    });
    rows.collect()
}

#[test]
fn rows_have_their_fields_one_after_the_other() {
    let batch = RecordBatch::try_from_iter([
        (
            "a",
            Arc::new(Int32Array::from(vec![Some(1), None])) as ArrayRef,
        ),
        (
            "b",
            Arc::new(StringArray::from(vec![None, Some("é")])) as ArrayRef,
        ),
    ])
    .unwrap();
    let encoded = encode(&batch, &[Type::INT8, Type::TEXT]).unwrap();
    let first = b"\0\x02\0\0\0\x08\0\0\0\0\0\0\0\x01\xff\xff\xff\xff";
    let second = b"\0\x02\xff\xff\xff\xff\0\0\0\x02\xc3\xa9";
    assert_eq!(&encoded.rows(0..1)[..], first);
    assert_eq!(&encoded.rows(1..2)[..], second);
    assert_eq!(encoded.size(0..2), first.len() + second.len());
    assert!(encoded.rows(1..1).is_empty());
}

#[test]
fn values_have_the_bytes_of_their_type() {
    let bytes = |bytes: &[u8]| Some(bytes.to_vec());
    assert_eq!(
        column(BooleanArray::from(vec![true, false]), &Type::BOOL),
        [bytes(&[1]), bytes(&[0])]
    );
    assert_eq!(
        column(Int64Array::from(vec![-2]), &Type::INT8),
        [bytes(&(-2_i64).to_be_bytes())]
    );
    assert_eq!(
        column(Int32Array::from(vec![-2]), &Type::INT4),
        [bytes(&(-2_i32).to_be_bytes())]
    );
    assert_eq!(
        column(Float64Array::from(vec![1.5]), &Type::FLOAT8),
        [bytes(&1.5_f64.to_be_bytes())]
    );
    assert_eq!(
        column(StringArray::from(vec!["{}"]), &Type::JSONB),
        [bytes(b"\x01{}")]
    );
    assert_eq!(
        column(BinaryArray::from_vec(vec![b"\0\xff"]), &Type::BYTEA),
        [bytes(b"\0\xff")]
    );
    // 2000-01-01 is day 0, and 1999-12-31T23:59:59.999 one millisecond before.
    assert_eq!(
        column(Date32Array::from(vec![10_957]), &Type::DATE),
        [bytes(&[0; 4])]
    );
    let before = TimestampMillisecondArray::from(vec![946_684_799_999]);
    assert_eq!(
        column(before, &Type::TIMESTAMP),
        [bytes(&(-1000_i64).to_be_bytes())]
    );
    let coded: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
    assert_eq!(
        column(coded, &Type::VARCHAR),
        [bytes(b"a"), None, bytes(b"a")]
    );
}

#[test]
fn lists_are_arrays() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(7), None]),
        None,
        Some(vec![]),
    ]);
    let head = |dimensions: u8, nulls: u8| [0, 0, 0, dimensions, 0, 0, 0, nulls, 0, 0, 0, 23];
    let items = b"\0\0\0\x02\0\0\0\x01\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff";
    assert_eq!(
        column(lists, &Type::INT4_ARRAY),
        [
            Some([&head(1, 1)[..], items].concat()),
            None,
            Some(head(0, 0).to_vec())
        ]
    );
}

/// What `numeric_recv` makes of a field: digits to the base of 10 000, their weight, sign and scale.
fn decimal(field: &[u8]) -> String {
    let words: Vec<i64> = field
        .chunks(2)
        .map(|pair| i64::from(u16::from_be_bytes([pair[0], pair[1]])))
        .collect();
    let (count, weight, sign, scale) = (words[0], words[1] as u16 as i16, words[2], words[3]);
    assert_eq!(words.len() as i64, 4 + count);
    let group = |index: i64| {
        let index = usize::try_from(index).ok();
        index
            .and_then(|index| words.get(4 + index))
            .copied()
            .unwrap_or(0)
    };
    let weight = i64::from(weight);
    let whole: String = (0..=weight.max(0))
        .map(|at| format!("{:04}", group(at - (weight.max(0) - weight))))
        .collect();
    let behind: String = (1..=(scale + 3) / 4)
        .map(|at| format!("{:04}", group(weight + at)))
        .collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let minus = if sign == 0x4000 { "-" } else { "" };
    match scale {
        0 => format!("{minus}{whole}"),
        _ => format!("{minus}{whole}.{}", &behind[..scale as usize]),
    }
}

fn plain(value: i128, scale: usize) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, behind) = digits.split_at(digits.len() - scale);
    let minus = if value < 0 { "-" } else { "" };
    match scale {
        0 => format!("{minus}{whole}"),
        _ => format!("{minus}{whole}.{behind}"),
    }
}

#[test]
fn decimals_have_digits_of_four() {
    let values = Decimal64Array::from(vec![Some(123_456_789), Some(-5), Some(0), None]);
    let values = values.with_precision_and_scale(18, 2).unwrap();
    let fields = column(values, &Type::NUMERIC);
    // 1 234 567.89: 123, 4567, 8900; the first one stands for tens of thousands.
    let expected = b"\0\x03\0\x01\0\0\0\x02\0\x7b\x11\xd7\x22\xc4";
    assert_eq!(fields[0].as_deref(), Some(&expected[..]));
    assert_eq!(decimal(fields[1].as_ref().unwrap()), "-0.05");
    assert_eq!(decimal(fields[2].as_ref().unwrap()), "0.00");
    assert_eq!(fields[3], None);
    let largest = column(UInt64Array::from(vec![u64::MAX]), &Type::NUMERIC);
    assert_eq!(decimal(largest[0].as_ref().unwrap()), u64::MAX.to_string());
}

proptest! {
    #[test]
    fn decimals_come_back(value in any::<i128>(), digits in 1_u32..=38, scale in 0_usize..=38) {
        let value = value % 10_i128.pow(digits);
        let array = Decimal128Array::from(vec![value]);
        let array = array.with_precision_and_scale(38, scale as i8).unwrap();
        let field = column(array, &Type::NUMERIC).remove(0).unwrap();
        prop_assert_eq!(decimal(&field), plain(value, scale));
    }
}

#[test]
fn what_does_not_go_together_is_said() {
    for (data_type, target, fault) in [
        (
            DataType::Int64,
            Type::INT4,
            "int64 may be too large for an integer of 32 bits; `cast` the column",
        ),
        (
            DataType::UInt64,
            Type::INT8,
            "uint64 may be too large for an integer of 64 bits; `cast` the column",
        ),
        (DataType::Utf8, Type::INT4, "utf8 does not go into int4"),
        (
            DataType::Boolean,
            Type::TEXT,
            "boolean does not go into text",
        ),
    ] {
        assert_eq!(fits(&data_type, &target).unwrap_err(), fault);
    }
    assert!(fits(&DataType::Int64, &Type::NUMERIC).is_ok());
    assert!(fits(&DataType::Null, &Type::INET).is_ok());
}
