//! `uuid`: universally unique identifiers of RFC 9562, of version 4 (random) or 7 (by time).
//!
//! No two rows share one, whatever the times: 64 of the free bits are a bijection of the row number
//! (`Key::at`), the others an independent hash of it.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, FixedSizeBinaryArray, PrimitiveArray, StringArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::dispatched;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};
use crate::place::{Count, Placed, Text};

/// A UUID for each row, in lower case with hyphens: of version 4, random, or of version 7, which
/// begins with a time. No two rows share one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uuid {
    /// 4 (default) or 7.
    version: Option<Placed<Count>>,
    /// For version 7: the column that the time is taken from (default: the run's start).
    time: Option<Placed<Text>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UuidVersion {
    Random,
    /// Milliseconds since 1970, the same for every row.
    At(u64),
    /// Milliseconds since 1970 are the input.
    Timed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UuidForm {
    Text,
    Binary,
    Fixed,
}

struct UuidFill {
    key: Key,
    filler: Key,
    version: UuidVersion,
    form: UuidForm,
}

/// Characters of a UUID as text.
const TEXT: usize = 36;
/// Times have 48 bits of milliseconds: up to the year 10889.
const LAST_TIME: i64 = (1 << 48) - 1;

impl Generator for Uuid {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Utf8);
        let form = match data_type {
            DataType::Utf8 => UuidForm::Text,
            DataType::Binary => UuidForm::Binary,
            DataType::FixedSizeBinary(16) => UuidForm::Fixed,
            _ => return Err(build.wrong_type("uuid", "utf8, uuid, fixed_binary(16) and binary")),
        };
        let mut domain = Domain {
            unique: true,
            longest: Some(if form == UuidForm::Text { TEXT } else { 16 }),
            shortest: if form == UuidForm::Text { TEXT } else { 0 },
            ..Domain::default()
        };
        let fill = UuidFill {
            key: build.key,
            filler: build.key.child("filler"),
            version: self.version(build, &mut domain)?,
            form,
        };
        Ok(BuiltColumn::new(data_type, domain, fill))
    }
}

impl Uuid {
    fn version(&self, build: &mut Build<'_>, domain: &mut Domain) -> Result<UuidVersion, Problem> {
        let version = self.version.as_ref();
        match (version.map_or(4, |version| version.value.0), &self.time) {
            (4, None) => Ok(UuidVersion::Random),
            (4, Some(time)) => Err(Problem::new("a uuid of version 4 has no time")
                .at(&time.place)
                .hint("add `version: 7`")),
            (7, None) => {
                domain.depends_on_now = true;
                let now = build.now_micros().div_euclid(1000);
                Ok(UuidVersion::At(now.clamp(0, LAST_TIME) as u64))
            }
            (7, Some(time)) => {
                let input = build.input(time, &time.place)?;
                if !matches!(input.data_type, DataType::Timestamp(..) | DataType::Date32) {
                    let message = format!("column `{}` is no timestamp or date", time.as_str());
                    return Err(Problem::new(message).at(&time.place));
                }
                domain.nulls = input.domain.nulls;
                Ok(UuidVersion::Timed)
            }
            (other, _) => {
                let problem = Problem::new(format!("`version` is 4 or 7, found {other}"));
                Err(match version {
                    Some(version) => problem.at(&version.place),
                    None => problem,
                })
            }
        }
    }
}

impl Fill for UuidFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let mut first = self.key.fill(rows);
        let mut second = self.filler.fill(rows);
        let mut nulls = None;
        match self.version {
            UuidVersion::Random => random(&mut first, &mut second),
            UuidVersion::At(time) => timed(&vec![time as i64; rows.len()], &mut first, &mut second),
            UuidVersion::Timed => {
                let times = milliseconds(&inputs[0])?;
                check_times(rows, &times)?;
                timed(times.values(), &mut first, &mut second);
                nulls = times.nulls().cloned();
            }
        }
        match self.form {
            UuidForm::Text => text(&first, &second, nulls),
            UuidForm::Binary => binary(&first, &second, nulls),
            UuidForm::Fixed => fixed(&first, &second, nulls),
        }
    }
}

dispatched! {
    /// From a bijection of the row and a filler to the halves of a UUID of version 4.
    fn random(first: &mut [u64], second: &mut [u64]) {
        for (first, second) in first.iter_mut().zip(second) {
            // The version takes four bits of the bijection; they move into the second half, so that
            // no two rows lose their difference.
            let displaced = (*first >> 12) & 0xf;
            let high = (*first & !0xf000) | 0x4000;
            *second = (1 << 63) | (displaced << 58) | (*second >> 6);
            *first = high;
        }
    }
    /// From a bijection of the row and a filler to the halves of a UUID of version 7.
    fn timed(times: &[i64], first: &mut [u64], second: &mut [u64]) {
        for ((first, second), time) in first.iter_mut().zip(second).zip(times) {
            // 48 bits of time, then the bijection's upper 12 bits: RFC 9562 calls them `rand_a`.
            let high = ((*time as u64) << 16) | 0x7000 | (*first >> 52);
            *second = (1 << 63) | ((*first & ((1 << 52) - 1)) << 10) | (*second >> 54);
            *first = high;
        }
    }
    /// The text of one half: 8, 4 and 4 hexadecimal digits, in the words' order.
    fn digits(halves: &[u64], out: &mut [[u64; 2]]) {
        for (half, out) in halves.iter().zip(out) {
            *out = [hexadecimal(*half >> 32), hexadecimal(*half & 0xffff_ffff)];
        }
    }
}

/// The eight hexadecimal digits of 32 bits as eight bytes, the first one lowest.
#[inline(always)]
// Eight digits in one register: shifts spread the half bytes over bytes, and the carry of an
// addition finds those above 9. A table of two digits for each byte is a look-up for each byte,
// which no vector unit can do.
fn hexadecimal(bits: u64) -> u64 {
    let pairs = (bits << 32 | bits >> 16) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs << 16 | pairs >> 8) & 0x00ff_00ff_00ff_00ff;
    let digits = (bytes << 8 | bytes >> 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = ((digits + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    // `0` is 0x30; `a` is 39 above where the digits would go on.
    digits + 0x3030_3030_3030_3030 + letters * 39
}

fn milliseconds(times: &ArrayRef) -> Result<PrimitiveArray<Int64Type>> {
    let zone = match times.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let times = cast(times, &DataType::Timestamp(TimeUnit::Millisecond, zone))?;
    Ok(cast(&times, &DataType::Int64)?
        .as_primitive::<Int64Type>()
        .clone())
}

fn check_times(rows: Rows<'_>, times: &PrimitiveArray<Int64Type>) -> Result<()> {
    let wrong =
        |index: &usize| times.is_valid(*index) && !(0..=LAST_TIME).contains(&times.value(*index));
    match (0..times.len()).find(wrong) {
        None => Ok(()),
        Some(index) => Err(Error::run(Problem::new(format!(
            "row {}: a uuid of version 7 needs a time from 1970 to 10889",
            rows.at(index)
        )))),
    }
}

fn text(first: &[u64], second: &[u64], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let (mut starts, mut ends) = (vec![[0; 2]; first.len()], vec![[0; 2]; first.len()]);
    digits(first, &mut starts);
    digits(second, &mut ends);
    // The hyphens are there from the beginning; digits are written around them.
    let mut text = vec![b'-'; first.len() * TEXT];
    for ((out, start), end) in text.chunks_exact_mut(TEXT).zip(&starts).zip(&ends) {
        let [start, middle] = start.map(u64::to_le_bytes);
        let [late, end] = end.map(u64::to_le_bytes);
        out[..8].copy_from_slice(&start);
        out[9..13].copy_from_slice(&middle[..4]);
        out[14..18].copy_from_slice(&middle[4..]);
        out[19..23].copy_from_slice(&late[..4]);
        out[24..28].copy_from_slice(&late[4..]);
        out[28..].copy_from_slice(&end);
    }
    let text = StringArray::try_new(offsets(first.len(), TEXT)?, text.into(), nulls)?;
    Ok(Arc::new(text))
}

fn bytes(first: &[u64], second: &[u64]) -> Vec<u8> {
    let mut bytes = vec![0; first.len() * 16];
    for ((out, first), second) in bytes.chunks_exact_mut(16).zip(first).zip(second) {
        out[..8].copy_from_slice(&first.to_be_bytes());
        out[8..].copy_from_slice(&second.to_be_bytes());
    }
    bytes
}

fn binary(first: &[u64], second: &[u64], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let bytes = bytes(first, second).into();
    let binary = BinaryArray::try_new(offsets(first.len(), 16)?, bytes, nulls)?;
    Ok(Arc::new(binary))
}

fn fixed(first: &[u64], second: &[u64], nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let bytes = bytes(first, second).into();
    Ok(Arc::new(FixedSizeBinaryArray::try_new(16, bytes, nulls)?))
}

fn offsets(rows: usize, width: usize) -> Result<OffsetBuffer<i32>> {
    let most = i32::try_from(rows * width)
        .map_err(|error| Error::because("laying out a batch of uuids", error))?;
    let offsets: ScalarBuffer<i32> = (0..=most).step_by(width).collect();
    Ok(OffsetBuffer::new(offsets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::testing::{NOW_MICROS, Tables, check_any_split, one, problem};

    const COLUMNS: &str = "\
a: { uuid: {} }
b: { uuid: {}, type: uuid }
c: { uuid: {}, type: binary }
t: { event: 1 }";

    fn columns() -> Tables {
        let at = "{ uniform: { min: 2020-01-01, max: 2025-12-31 }, type: \"timestamp(us, UTC)\", nulls: 0.1 }";
        let text = COLUMNS.replace("{ event: 1 }", at);
        one(
            20_000,
            &format!(
                "{text}\nd: {{ uuid: {{ version: 7, time: t }} }}\ne: {{ uuid: {{ version: 7 }} }}"
            ),
        )
    }

    #[test]
    fn text_is_well_formed_and_unique() {
        let tables = columns();
        for (column, version) in [("a", b'4'), ("d", b'7'), ("e", b'7')] {
            let texts = tables.texts("t", column);
            for text in texts.iter().filter(|text| *text != "null") {
                let bytes = text.as_bytes();
                assert_eq!(bytes.len(), 36);
                for (at, byte) in bytes.iter().enumerate() {
                    match at {
                        8 | 13 | 18 | 23 => assert_eq!(*byte, b'-'),
                        14 => assert_eq!(*byte, version),
                        19 => assert!(b"89ab".contains(byte)),
                        _ => assert!(b"0123456789abcdef".contains(byte), "{text}"),
                    }
                }
            }
            let mut unique = texts.clone();
            unique.retain(|text| text != "null");
            let before = unique.len();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), before);
        }
        assert!(tables.domain("t", "a").unique && !tables.domain("t", "a").nulls);
        assert!(tables.domain("t", "e").depends_on_now);
    }

    #[test]
    fn version_7_begins_with_the_time() {
        let tables = columns();
        let now = format!("{:012x}", NOW_MICROS / 1000);
        for text in tables.texts("t", "e") {
            assert_eq!(text[..13].replace('-', ""), now);
        }
        let times = milliseconds(&tables.column("t", "t")).unwrap();
        let identifiers = tables.column("t", "d");
        assert!(tables.domain("t", "d").nulls && times.null_count() > 1000);
        for (time, text) in times.iter().zip(identifiers.as_string::<i32>()) {
            let time = time.map(|time| format!("{time:012x}"));
            assert_eq!(text.map(|text| text[..13].replace('-', "")), time);
        }
    }

    #[test]
    fn free_bits_are_random() {
        let mut ones = [0u32; 128];
        for value in columns().column("t", "b").as_fixed_size_binary() {
            let bits = u128::from_be_bytes(value.unwrap().try_into().unwrap());
            (0..128).for_each(|bit| ones[bit] += ((bits >> bit) & 1) as u32);
        }
        let version_and_variant = 0xf000_c000_0000_0000_0000u128;
        for (bit, ones) in ones.into_iter().enumerate() {
            // 20000 tosses: 10000 ± 5 standard deviations of 71.
            let free = (9645..10_355).contains(&ones);
            let fixed = (version_and_variant >> bit) & 1 == 1;
            assert!(free != fixed, "bit {bit}: {ones}");
        }
    }

    #[test]
    fn any_split_gives_the_same() {
        let tables = columns();
        check_any_split(&tables, "t", &["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn values_are_frozen() {
        insta::assert_snapshot!(columns().texts("t", "a")[..2].join("\n"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let table = |column: &str| {
            problem(&format!(
                "t:\n  rows: 9\n  columns:\n    n: sequence\n    c: {column}\n"
            ))
        };
        insta::assert_snapshot!(
            [
                table("{ uuid: { version: 1 } }"),
                table("{ uuid: { time: n } }"),
                table("{ uuid: { version: 7, time: n } }"),
                table("{ uuid: {}, type: int64 }"),
            ]
            .join("\n\n")
        );
        let early = one(
            2,
            "t: { constant: 1969-12-31, type: date }\nc: { uuid: { version: 7, time: t } }",
        );
        let error = early.failure("t", "c");
        assert_eq!(
            error,
            "error: making column `t.c`\n  caused by: row 0: a uuid of version 7 needs a time from 1970 to 10889"
        );
    }
}
