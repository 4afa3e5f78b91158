//! `to_char` of numbers: PostgreSQL's templates of digits, `FM9G999D00` and their like.
//!
//! The steps are those of `NUM_processor` and `NUM_numpart_to_char` in its `formatting.c` (PostgreSQL Licence),
//! with the signs of the locale `C` and commas between thousands. `L`, `RN`, `V`, `EEEE` and `TH` are refused.

use super::digits::decimal_text;
use super::error::{Result, TextSpan};
use super::exact::scale;
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::number_pattern::{Item, NumberPattern, Sign};
use super::rescale;
use super::text::build;
use super::types::{self, Representation};
use super::value::nulls;
use crate::kernel::decimal::Rounding;
use arrow::datatypes::DataType;

/// Digits that a float is sure to have.
const FLOAT_DIGITS: usize = 15;

pub(super) fn to_char(node: TypedNode, format: &TypedNode, place: TextSpan) -> Result<TypedNode> {
    let pattern = NumberPattern::of(format)?;
    let node = rounded(node, pattern.after)?;
    let kernel: Kernel = match node.representation() {
        Representation::Float => {
            let single = node.data_type == DataType::Float32;
            Box::new(move |values, evaluation| {
                let numbers = values[0].float();
                build(evaluation.rows, nulls(values), |to, row| {
                    let value = numbers.at(row);
                    let digits = float_digits(value.abs(), pattern.after, single);
                    pattern.write(value < 0.0, &digits, to);
                    Ok(())
                })
            })
        }
        representation => {
            let wide = representation == Representation::Wide;
            let scale = scale(&node);
            Box::new(move |values, evaluation| {
                let value = &values[0];
                build(evaluation.rows, nulls(values), |to, row| {
                    let number = match wide {
                        true => value.wide().at(row),
                        false => value.narrow().at(row).into(),
                    };
                    let mut digits = decimal_text(number.saturating_abs(), scale);
                    if pattern.after > 0 {
                        let (_, behind) = digits.split_once('.').unwrap_or((&digits, ""));
                        let missing = pattern.after - behind.len();
                        digits.push_str(if behind.is_empty() { "." } else { "" });
                        digits.extend(std::iter::repeat_n('0', missing));
                    }
                    pattern.write(number < 0, &digits, to);
                    Ok(())
                })
            })
        }
    };
    let result_type = ResultType::of(DataType::Utf8).with_form(CallForm::AsText);
    TypedNode::strict(place, result_type, vec![node], kernel)
}

/// An exact number with no more digits after its point than the format has.
fn rounded(node: TypedNode, after: usize) -> Result<TypedNode> {
    let (digits, from) = types::digits(&node.data_type);
    let exact = types::family(&node.data_type) == types::Family::Decimal;
    match exact && from.unsigned_abs() as usize > after {
        true => {
            let to = after as i8;
            // One digit more, as 9.99 of one digit behind its point is 10.0.
            let digits = (i16::from(digits) - i16::from(from) + i16::from(to) + 1).clamp(1, 38);
            rescale::rescale(node, digits as u8, to, Rounding::HalfAwayFromZero)
        }
        false => Ok(node),
    }
}

/// Behind the digits that a float has none are shown.
fn float_digits(value: f64, after: usize, single: bool) -> String {
    let most = if single { 6 } else { FLOAT_DIGITS };
    let whole = format!("{value:.0}").len();
    let after = after.min(most.saturating_sub(whole));
    format!("{value:.after$}")
}

/// A number on its way into a text.
struct Writing<'a> {
    pattern: &'a NumberPattern,
    negative: bool,
    number: &'a [u8],
    /// The digit that comes next.
    at: usize,
    /// The last digit behind the point that is not cut off.
    last: Option<usize>,
    /// Places before the first digit.
    spaces: usize,
    /// Places that were written.
    place: usize,
    count: usize,
    signed: bool,
    begun: bool,
    /// Digits behind the point: of a float those that it has.
    after: usize,
}

impl NumberPattern {
    /// The number of these digits, which have a point only where the pattern has digits behind it.
    fn write(&self, negative: bool, digits: &str, to: &mut String) {
        let before = digits.find('.').unwrap_or(digits.len());
        let after = (digits.len() - before).saturating_sub(1);
        let overflown = format!("{}.{}", "#".repeat(self.before), "#".repeat(after));
        let number = if before > self.before {
            overflown.as_bytes()
        } else {
            digits.as_bytes()
        };
        let spaces = self.before.saturating_sub(before);
        let signed = match self.sign {
            // Such a sign stands among the items and is written there.
            Sign::Marked { plus_alone } => !plus_alone,
            sign => !negative && self.fill && !matches!(sign, Sign::Before | Sign::Behind),
        };
        // −1, as in C, where neither side of the point has a digit left, which a large float's may
        // not. What `write_end` adds brings it back.
        let count = (self.before + after).wrapping_sub(1);
        let count = count.wrapping_add(usize::from(!signed && spaces == 0));
        let mut writing = Writing {
            pattern: self,
            negative,
            number,
            at: 0,
            last: self.last_shown(number, spaces),
            spaces,
            place: 0,
            count,
            signed,
            begun: false,
            after,
        };
        for item in &self.items {
            writing.item(item, to);
        }
    }

    /// With `FM` zeros at the end are cut off, but for those that a `0` asks for.
    fn last_shown(&self, number: &[u8], spaces: usize) -> Option<usize> {
        let point = number.iter().position(|letter| *letter == b'.')?;
        if !self.fill || !self.point {
            return None;
        }
        let behind = number[point + 1..].iter().rposition(|digit| *digit != b'0');
        let last = behind.map_or(point, |digit| point + 1 + digit);
        match self.zero_end > spaces {
            true => Some(last.max((number.len() - 1).min(self.zero_end - spaces))),
            false => Some(last),
        }
    }
}

impl Writing<'_> {
    fn item(&mut self, item: &Item, to: &mut String) {
        let fill = self.pattern.fill;
        let blank = |shown: bool, letter| match (shown, fill) {
            (true, _) => Some(letter),
            (false, true) => None,
            (false, false) => Some(' '),
        };
        match item {
            Item::Nine | Item::Zero | Item::Point => self.digit(*item == Item::Zero, to),
            Item::Comma => to.extend(blank(self.begun, ',')),
            Item::Minus => to.extend(blank(self.negative, '-')),
            Item::Plus => to.extend(blank(!self.negative, '+')),
            Item::Sign => to.push(if self.negative { '-' } else { '+' }),
            Item::Letter(letter) => to.push(*letter),
        }
    }

    /// `9.9` of 0.1 has a space before its point.
    fn is_space_before_point(&self) -> bool {
        let no_zeros = self.pattern.zero_start.is_none();
        no_zeros && self.at == 0 && self.number.first() == Some(&b'0') && self.after > 0
    }

    fn ends_at_point(&self) -> bool {
        self.last.is_some_and(|last| self.number[last] == b'.')
    }

    fn write_sign(&mut self, to: &mut String) {
        let from_zero = self.pattern.zero_start == Some(self.place);
        let here = self.place >= self.spaces || from_zero;
        if self.signed || !here || self.is_space_before_point() && !self.ends_at_point() {
            return;
        }
        let brackets = self.pattern.sign == Sign::Brackets && (!self.pattern.fill || self.negative);
        match self.pattern.sign {
            Sign::Before => to.push(if self.negative { '-' } else { '+' }),
            Sign::Behind => return,
            _ if brackets => to.push(if self.negative { '<' } else { ' ' }),
            _ if self.negative => to.push('-'),
            _ if !self.pattern.fill => to.push(' '),
            _ => {}
        }
        self.signed = true;
    }

    fn digit(&mut self, zero: bool, to: &mut String) {
        self.write_sign(to);
        let fill = self.pattern.fill;
        let zeros = self
            .pattern
            .zero_start
            .is_some_and(|start| start <= self.place);
        if self.place < self.spaces {
            match zeros {
                true => {
                    to.push('0');
                    self.begun = true;
                }
                false => to.extend((!fill).then_some(' ')),
            }
        } else {
            match self.number.get(self.at) {
                Some(b'.') => to.push('.'),
                Some(_) if self.last.is_some_and(|last| self.at > last) && !zero => {}
                Some(_) if self.is_space_before_point() => match (fill, self.ends_at_point()) {
                    (false, _) => to.push(' '),
                    (true, true) => to.push('0'),
                    (true, false) => {}
                },
                Some(digit) => {
                    to.push(char::from(*digit));
                    self.begun = true;
                }
                None => {}
            }
            self.at = (self.at + 1).min(self.number.len());
        }
        self.write_end(to);
        self.place += 1;
    }

    fn write_end(&self, to: &mut String) {
        let more = usize::from(self.spaces > 0) + usize::from(self.pattern.point);
        let end = match self.last == Some(self.at) {
            true => self.place,
            false => self.count.wrapping_add(more),
        };
        if self.place + 1 != end {
            return;
        }
        match self.pattern.sign {
            Sign::Brackets if self.signed && (!self.pattern.fill || self.negative) => {
                to.push(if self.negative { '>' } else { ' ' });
            }
            Sign::Behind => to.push(if self.negative { '-' } else { '+' }),
            _ => {}
        }
    }
}
