//! Parts of every kind side by side, and parts that do not fit together.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

fn coded(keys: &[i32], texts: &[&str]) -> TextPart<'static> {
    TextPart::Dictionary {
        keys: keys.to_vec().into(),
        texts: texts.iter().map(ToString::to_string).collect(),
    }
}

fn number(values: &[i64], width: usize) -> TextPart<'static> {
    TextPart::Number(RowNumbers::new(values.to_vec(), width))
}

fn composed(rows: usize, parts: Vec<TextPart<'_>>) -> Vec<String> {
    let array = compose(rows, parts, None, &EvenOffsets::default()).unwrap();
    array.iter().map(|text| text.unwrap().to_string()).collect()
}

#[test]
fn parts_stand_side_by_side() {
    let parts = vec![
        TextPart::Literal("EXT-".into()),
        coded(&[1, 0], &["EGT", "EVOLUTION"]),
        TextPart::Literal("-".into()),
        number(&[7, 8], 8),
    ];
    assert_eq!(
        composed(2, parts),
        ["EXT-EVOLUTION-00000007", "EXT-EGT-00000008"]
    );
    let parts = vec![TextPart::Literal("BET-".into()), number(&[99, 100], 2)];
    assert_eq!(composed(2, parts), ["BET-99", "BET-100"]);
    assert_eq!(composed(0, vec![number(&[], 0)]), [""; 0]);
}

#[test]
fn numbers_of_as_many_digits_stand_between_texts_as_others_do() {
    let all: [&[i64]; 5] = [
        &[10, 99, 57],
        &[9, 10, 100],
        &[0, 7, 3],
        &[100_000_000, 999_999_999, 100_000_001],
        &[12_345_678, 99_999_999, 10_000_000],
    ];
    for (values, width) in all
        .iter()
        .flat_map(|values| [0, 2, 9].map(|width| (values, width)))
    {
        for (before, after) in [("", ""), ("user", ""), ("", "!"), ("u", "@example.com")] {
            let text = |value: &i64| format!("{before}{value:0width$}{after}");
            let expected: Vec<String> = values.iter().map(text).collect();
            let mut parts = vec![number(values, width)];
            if !before.is_empty() {
                parts.insert(0, TextPart::Literal(before.into()));
            }
            if !after.is_empty() {
                parts.push(TextPart::Literal(after.into()));
            }
            assert_eq!(composed(3, parts), expected);
        }
    }
}

#[test]
fn long_texts_and_own_texts_are_whole() {
    let long = "x".repeat(40);
    let own = StringArray::from(vec!["ä", "", "own"]);
    let parts = vec![
        number(&[1, 123_456_789_012, 3], 0),
        coded(&[0, 1, 0], &[&long, "s"]),
        TextPart::Own(own.clone()),
        TextPart::Literal(long.as_str().into()),
    ];
    assert_eq!(
        composed(3, parts),
        [
            format!("1{long}ä{long}"),
            format!("123456789012s{long}"),
            format!("3{long}own{long}")
        ]
    );
}

/// Offsets would point beyond the bytes, or fall.
#[test]
fn parts_of_other_rows_than_the_text_are_refused() {
    let nulls = |rows| Some(NullBuffer::new_null(rows));
    let wrong = [
        (vec![number(&[1, 2], 1)], None),
        (vec![number(&[1, 2, 3, 4], 1)], None),
        (vec![coded(&[0, 0], &["a"]), number(&[1, 2, 3], 1)], None),
        (vec![coded(&[0, 0, 0], &["a"]), number(&[1], 1)], None),
        (vec![coded(&[0, 0, 0, 0], &["a"])], None),
        (vec![TextPart::Own(StringArray::from(vec!["a"; 4]))], None),
        (vec![number(&[1, 2, 3], 1)], nulls(4)),
        (vec![number(&[1, 2, 3], 1)], nulls(2)),
    ];
    for (index, (parts, nulls)) in wrong.into_iter().enumerate() {
        let compose = || compose(3, parts, nulls, &EvenOffsets::default());
        let panic = catch_unwind(AssertUnwindSafe(compose)).unwrap_err();
        let told = panic.downcast_ref();
        assert_eq!(
            told,
            Some(&"parts of a text have other rows than it"),
            "{index}"
        );
    }
}

#[test]
fn more_digits_than_a_text_can_have_are_an_error() {
    let parts = vec![number(&[1, i64::MAX], usize::MAX)];
    let result = compose(2, parts, None, &EvenOffsets::default());
    assert_eq!(result.unwrap_err(), TOO_LONG);
}

#[test]
fn null_rows_take_no_room_whatever_their_codes() {
    let nulls = NullBuffer::from(vec![true, false, true]);
    let parts = vec![coded(&[0, -5, 0], &["a"]), number(&[1, -1, 2], 2)];
    let array = compose(3, parts, Some(nulls), &EvenOffsets::default()).unwrap();
    assert_eq!(
        array,
        StringArray::from(vec![Some("a01"), None, Some("a02")])
    );
    assert_eq!(array.value_data(), b"a01a02");
}
