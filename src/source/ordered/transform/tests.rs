//! Transforms against what the specification of Iceberg says of them.

use arrow::array::{
    Date32Array, Decimal64Array, FixedSizeBinaryArray, Int8Array, Int64Array,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampSecondArray,
};

use super::*;

fn ints(made: &ArrayRef) -> Vec<Option<i32>> {
    made.as_primitive::<Int32Type>().iter().collect()
}

/// Hashes of appendix B, in a thousand buckets and without their signs.
#[test]
fn buckets_are_those_of_iceberg() {
    let of = |hash: i32| Some((hash & 0x7fff_ffff) % 1000);
    let bucket = |values: ArrayRef| ints(&Transform::Bucket(1000).apply(&values).unwrap());
    assert_eq!(
        bucket(Arc::new(Int64Array::from(vec![Some(34), None]))),
        [of(2_017_239_379), None]
    );
    assert_eq!(
        bucket(Arc::new(Int32Array::from(vec![34]))),
        [of(2_017_239_379)]
    );
    let decimal = Decimal64Array::from(vec![1420])
        .with_precision_and_scale(9, 2)
        .unwrap();
    assert_eq!(bucket(Arc::new(decimal)), [of(-500_754_589)]);
    assert_eq!(
        bucket(Arc::new(Date32Array::from(vec![17_486]))),
        [of(-653_330_422)]
    );
    let time = Time64MicrosecondArray::from(vec![81_068_000_000]);
    assert_eq!(bucket(Arc::new(time)), [of(-662_762_989)]);
    let at = TimestampMicrosecondArray::from(vec![1_510_871_468_000_000]);
    assert_eq!(bucket(Arc::new(at)), [of(-2_047_944_441)]);
    assert_eq!(
        bucket(Arc::new(StringArray::from(vec!["iceberg"]))),
        [of(1_210_000_089)]
    );
    let bytes = FixedSizeBinaryArray::try_from_iter([[0u8, 1, 2, 3]].iter()).unwrap();
    assert_eq!(bucket(Arc::new(bytes)), [of(-188_683_207)]);
}

#[test]
fn times_are_cut_also_before_1970() {
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![
        Some(-1),
        Some(1_510_871_468_000_000),
        None,
    ]));
    let texts = |transform: Transform| {
        let made = transform.apply(&at).unwrap();
        let texts = crate::source::folder_texts(&at, Some(transform)).unwrap();
        assert_eq!(made.len(), 3);
        texts
            .iter()
            .map(|text| text.unwrap_or("null").to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(Transform::Year), ["1969", "2017", "null"]);
    assert_eq!(texts(Transform::Month), ["1969-12", "2017-11", "null"]);
    assert_eq!(texts(Transform::Date), ["1969-12-31", "2017-11-16", "null"]);
    assert_eq!(
        texts(Transform::Hour),
        ["1969-12-31-23", "2017-11-16-22", "null"]
    );
    let domain = Domain::integers(-1, 1_510_871_468_000_000i64);
    let (made, known) = Transform::Month.made(at.data_type(), &domain);
    assert_eq!((made, known.bounds()), (DataType::Int32, Some((-1, 574))));
}

#[test]
fn values_are_truncated_downwards_and_texts_by_characters() {
    let cut = |values: ArrayRef, width| Transform::Truncate(width).apply(&values).unwrap();
    let whole = cut(
        Arc::new(Int32Array::from(vec![Some(1), Some(-1), None])),
        10,
    );
    assert_eq!(ints(&whole), [Some(0), Some(-10), None]);
    let texts = cut(
        Arc::new(StringArray::from(vec!["iceberg", "\u{e9}t\u{e9}s", "ab"])),
        3,
    );
    let texts: Vec<_> = texts.as_string::<i32>().iter().flatten().collect();
    assert_eq!(texts, ["ice", "\u{e9}t\u{e9}", "ab"]);
}

#[test]
fn transforms_are_read_or_refused() {
    let parse = |text| Transform::parse(text).map_err(|problem| problem.message);
    assert_eq!(parse("day"), Ok(None));
    assert_eq!(parse("month(at)"), Ok(Some((Transform::Month, "at"))));
    assert_eq!(
        parse("bucket( 16, id )"),
        Ok(Some((Transform::Bucket(16), "id")))
    );
    assert_eq!(
        parse("truncate(3,code)"),
        Ok(Some((Transform::Truncate(3), "code")))
    );
    for wrong in ["week(at)", "bucket(id)", "month(3, at)", "date()"] {
        assert_eq!(
            parse(wrong),
            Err(format!("`{wrong}` is no transform of a column"))
        );
    }
    for (wrong, number) in [
        ("bucket(0, id)", "0"),
        ("truncate(-1, code)", "-1"),
        ("truncate(3_000_000_000, code)", "3_000_000_000"),
        ("bucket(many, id)", "many"),
    ] {
        let what = format!("`{number}` in `{wrong}` is no whole number from 1 to 2147483647");
        assert_eq!(parse(wrong), Err(what));
    }
    let problem = Transform::Hour.problem("day", &DataType::Date32).unwrap();
    assert_eq!(problem.message, "`hour` of `day`: it is date");
    assert_eq!(problem.hint.unwrap(), "`hour` is of times with a date");
}

/// No folder is named for another value because its own does not fit.
#[test]
fn what_cannot_be_held_is_refused() {
    let told = |transform: Transform, values: ArrayRef| match transform.apply(&values) {
        Ok(made) => format!("{made:?}"),
        Err(error) => error.to_string(),
    };
    let hint = "is beyond what its type holds\n  hint: `where` of the sink leaves such rows out";
    let bytes: ArrayRef = Arc::new(Int8Array::from(vec![Some(-120), None, Some(-125)]));
    assert_eq!(
        told(Transform::Truncate(10), bytes),
        format!("error: `truncate` of -125 {hint}")
    );
    let least: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN + 7]));
    assert_eq!(
        told(Transform::Truncate(10), least),
        format!("error: `truncate` of -9223372036854775801 {hint}")
    );
    // The year 250 000, whose hours pass 32 bits.
    let hours: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, 7_827_070_780_800]));
    assert_eq!(
        told(Transform::Hour, hours),
        format!("error: `hour` of +250000-01-01T00:00:00 {hint}")
    );
}
