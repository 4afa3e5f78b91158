//! Every kind of piece, at every length around the widths of blocks.

use std::panic::catch_unwind;

use super::*;

/// Rows beyond one chunk; and values of every length around the widths of blocks. Miri, which takes
/// a thousand times as long, looks at fewer.
const ROWS: usize = if cfg!(miri) { CHUNK + 4 } else { 600 };
const LONGEST: &[i32] = match cfg!(miri) {
    true => &[0, 33, 128, 200],
    false => &[0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 200],
};

fn text(length: usize) -> String {
    "abcdefghijklmnopqrstuvwxyz".repeat(20)[..length].to_string()
}

fn offsets(texts: &[String]) -> Vec<usize> {
    let ends = texts.iter().scan(0, |end, text| {
        *end += text.len();
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

#[test]
fn pieces_stand_side_by_side_whatever_their_lengths() {
    for longest in LONGEST.iter().copied() {
        let keys: Vec<i32> = (0..ROWS as i32)
            .map(|row| row * 7 % (longest + 1))
            .collect();
        let few: Vec<String> = (0..=longest as usize).map(text).collect();
        let all: Vec<String> = keys.iter().map(|key| text(*key as usize)).collect();
        let array = StringArray::from(all.clone());
        let (few_ends, all_ends) = (offsets(&few), offsets(&all));
        let bytes = |texts: &[String]| texts.concat().into_bytes();
        let (few_bytes, all_bytes) = (bytes(&few), bytes(&all));
        let coded = ValueBlocks::of(&few_ends, &few_bytes);
        let own = ValueBlocks::of(&all_ends, &all_bytes);
        assert_eq!(own.is_some(), longest as usize <= ValueBlocks::WIDEST);

        let mut rows = RowWriter::new(ROWS);
        rows.literal(b"<");
        rows.texts(&array, (b"[", b"]"), false);
        rows.texts(&array, (b"", b","), false);
        rows.texts(&array, (b"!", b""), true);
        rows.texts(&array, (&[b'-'; 33], &[b'='; 9]), false);
        rows.values(&all_ends, &all_bytes);
        rows.picked(&keys, &few_ends, &few_bytes);
        if let (Some(coded), Some(own)) = (&coded, &own) {
            rows.keyed(&keys, coded);
            rows.own(own);
        }
        let (mut out, mut ends) = (b"before".to_vec(), vec![6]);
        rows.append(&mut out, Some(&mut ends));
        let times = if own.is_some() { 4 } else { 2 };
        for (row, text) in all.iter().enumerate() {
            let size = (text.len() * 2) as u8;
            let mut expected = format!("<[{text}]{text},!").into_bytes();
            match text.len() {
                length @ 64.. => expected.extend([size | 0x80, (length >> 6) as u8]),
                _ => expected.push(size),
            }
            let long = format!("{text}{}{text}{}", "-".repeat(33), "=".repeat(9));
            expected.extend((long + &text.repeat(times)).bytes());
            assert_eq!(out[ends[row]..ends[row + 1]], expected, "row {row}");
        }
        assert_eq!(ends[ROWS], out.len());
        wide(&keys, &few, &all);
    }
}

/// Blocks that are too wide to be copied whole.
fn wide(keys: &[i32], few: &[String], all: &[String]) {
    let fill = |texts: &[String]| {
        ValueBlocks::fill(300, texts.len(), b"", |row, block| {
            let text = texts[row].as_bytes();
            block[..text.len()].copy_from_slice(text);
            text.len()
        })
    };
    let (coded, own) = (fill(few), fill(all));
    let mut rows = RowWriter::new(keys.len());
    rows.keyed(keys, &coded);
    rows.own(&own);
    let mut out = Vec::new();
    rows.append(&mut out, None);
    let expected: Vec<String> = all.iter().map(|text| text.repeat(2)).collect();
    assert_eq!(out, expected.concat().into_bytes());
}

#[test]
fn a_slice_of_texts_ends_where_its_buffer_does() {
    let array = StringArray::from(vec!["one", "two", "three"]).slice(1, 2);
    let mut rows = RowWriter::new(2);
    rows.texts(&array, (b"", b"\n"), false);
    let mut out = Vec::new();
    rows.append(&mut out, None);
    assert_eq!(out, b"two\nthree\n");
}

/// Room is made by the first offset and the last: a value beyond it would be written over what
/// stands behind the rows.
#[test]
fn offsets_that_fall_or_lie_beyond_their_bytes_are_refused() {
    let bytes = [b'x'; 1000];
    let wrong = [
        [0, 1000, 0],
        [500, 200, 900],
        [0, 200, usize::MAX],
        [0, 0, 1001],
    ];
    for offsets in wrong {
        let values = || {
            let mut rows = RowWriter::new(2);
            rows.values(&offsets, &bytes);
            rows.append(&mut Vec::new(), None);
        };
        let picked = || {
            let mut rows = RowWriter::new(2);
            rows.picked(&[0, 0], &offsets, &bytes);
            rows.append(&mut Vec::new(), None);
        };
        for panic in [catch_unwind(values), catch_unwind(picked)] {
            let panic = panic.expect_err(&format!("{offsets:?}"));
            assert_eq!(
                panic.downcast_ref(),
                Some(&"offsets of values fall, or lie beyond their bytes"),
                "{offsets:?}"
            );
        }
    }
}
