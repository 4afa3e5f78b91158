//! Kernels that make text.

use std::borrow::Cow;

use divan::{Bencher, black_box};
use rowgen::kernel::digits::{SLACK, all_eight, put};
use rowgen::kernel::short_text::{ShortText, ShortTextWriter};
use rowgen::kernel::strftime::{Rendered, TickClock, TimePattern};
use rowgen::kernel::text::{EvenOffsets, RowNumbers, TextPart, compose};

use crate::{ROWS, fills, random};

const VENDORS: [&str; 4] = ["PRAGMATIC", "EVOLUTION", "NETENT", "EGT"];

#[divan::bench]
fn eight_digits(bencher: Bencher<'_, '_>) {
    let (values, mut out) = (random(100_000_000), vec![0; ROWS]);
    fills(bencher, ROWS * 8, || {
        all_eight(black_box(&values), &mut out)
    });
}

#[divan::bench(args = [8, 12, 18])]
fn digits(bencher: Bencher<'_, '_>, width: usize) {
    let values = random(10_u64.pow(width as u32));
    let mut out = vec![0; ROWS * width + SLACK];
    fills(bencher, ROWS * width, || {
        black_box(&values)
            .iter()
            .fold(0, |at, value| put(&mut out, at, *value as u64, width))
    });
}

fn vendors() -> TextPart<'static> {
    TextPart::Dictionary {
        keys: Cow::Owned(random(4).iter().map(|code| *code as i32).collect()),
        texts: VENDORS.map(String::from).to_vec(),
    }
}

/// Composes again and again, with the bytes of one result.
fn composed<'a>(bencher: Bencher<'_, '_>, parts: impl Fn() -> Vec<TextPart<'a>>) {
    let steps = EvenOffsets::default();
    let bytes = compose(ROWS, parts(), None, &steps).map_or(0, |texts| texts.values().len());
    fills(bencher, bytes, || compose(ROWS, parts(), None, &steps));
}

#[divan::bench]
fn template_of_literal_and_number(bencher: Bencher<'_, '_>) {
    let values = random(100_000_000);
    composed(bencher, || {
        vec![
            TextPart::Literal("TXN-20260115-".into()),
            TextPart::Number(RowNumbers::new(values.as_slice(), 8)),
        ]
    });
}

#[divan::bench]
fn template_of_codes_and_number(bencher: Bencher<'_, '_>) {
    let values = random(100_000_000);
    let keys: Vec<i32> = random(4).iter().map(|code| *code as i32).collect();
    composed(bencher, || {
        vec![
            TextPart::Literal("EXT-".into()),
            TextPart::Dictionary {
                keys: Cow::Borrowed(&keys),
                texts: VENDORS.map(String::from).to_vec(),
            },
            TextPart::Literal("-".into()),
            TextPart::Number(RowNumbers::new(values.as_slice(), 8)),
        ]
    });
}

#[divan::bench]
fn template_of_long_numbers(bencher: Bencher<'_, '_>) {
    let values = random(1 << 60);
    composed(bencher, || {
        vec![
            TextPart::Number(RowNumbers::new(values.as_slice(), 12)),
            TextPart::Literal("-".into()),
            vendors(),
        ]
    });
}

#[divan::bench]
fn blocks(bencher: Bencher<'_, '_>) {
    let blocks = VENDORS.map(ShortText::cut);
    let keys = random(4);
    let write = || {
        let mut writer = ShortTextWriter::new(ROWS, 16);
        for code in black_box(&keys) {
            writer.put(&blocks[*code as usize]);
            writer.end();
        }
        writer.finish()
    };
    let bytes = write().map_or(0, |texts| texts.values().len());
    fills(bencher, bytes, write);
}

/// Times so many microseconds apart.
fn strftime(bencher: Bencher<'_, '_>, text: &str, gap: i64) {
    let Ok(pattern) = TimePattern::new(text) else {
        return;
    };
    let ticks: Vec<i64> = (0..ROWS as i64)
        .map(|row| 1_768_435_200_000_000 + row * gap)
        .collect();
    let clock = TickClock {
        per_second: Some(1_000_000),
        zone: None,
    };
    let bytes = match pattern.render(&ticks, &clock, None) {
        Rendered::Same(text) => text.len(),
        Rendered::Dictionary(keys, _) => keys.len() * 4,
        Rendered::Own(texts) => texts.values().len(),
    };
    fills(bencher, bytes, || {
        pattern.render(black_box(&ticks), &clock, None)
    });
}

#[divan::bench]
fn date_codes(bencher: Bencher<'_, '_>) {
    strftime(bencher, "%Y%m%d", 600_000_000);
}

#[divan::bench]
fn time_texts(bencher: Bencher<'_, '_>) {
    strftime(bencher, "%Y-%m-%d %H:%M:%S", 60_000_000);
}
