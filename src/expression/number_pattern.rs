//! The formats of `to_char` for numbers, read once, with PostgreSQL's rules of what goes together.

use super::error::{ExpressionError, Result, TextSpan};
use super::node::TypedNode;
use super::time_pattern::either_case;

pub(super) struct NumberPattern {
    pub items: Vec<Item>,
    /// Digits before the point and behind it.
    pub before: usize,
    pub after: usize,
    pub point: bool,
    /// `FM`: without spaces before and zeros behind.
    pub fill: bool,
    /// The place from which on zeros are written, and the one up to which they stay.
    pub zero_start: Option<usize>,
    pub zero_end: usize,
    pub sign: Sign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Nine,
    Zero,
    Point,
    Comma,
    Minus,
    Plus,
    Sign,
    Letter(char),
}

/// Where the sign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Before the first digit, a space where there is none.
    Own,
    /// `S` before or behind the digits.
    Before,
    Behind,
    /// `PR`: a negative number stands in brackets.
    Brackets,
    /// `MI`, `PL` and `SG` write it where they stand; a plus alone leaves the minus to its own place.
    Marked {
        plus_alone: bool,
    },
}

const ITEMS: &[(&str, Item)] = &[
    ("MI", Item::Minus),
    ("PL", Item::Plus),
    ("SG", Item::Sign),
    (",", Item::Comma),
    (".", Item::Point),
    ("G", Item::Comma),
    ("D", Item::Point),
    ("9", Item::Nine),
    ("0", Item::Zero),
];

/// Names of PostgreSQL's that need a locale or are no plain digits.
const REFUSED: [&str; 6] = ["EEEE", "RN", "TH", "SP", "V", "L"];

impl NumberPattern {
    /// The format, which is a constant.
    pub fn of(node: &TypedNode) -> Result<Self> {
        let text = node.constant_text().ok_or_else(|| {
            let error = node.place.error("the format must be a constant");
            error.hint("such as `'FM999G990D00'`")
        })?;
        let mut pattern = Self {
            items: Vec::new(),
            before: 0,
            after: 0,
            point: false,
            fill: false,
            zero_start: None,
            zero_end: 0,
            sign: Sign::Own,
        };
        let mut rest = text;
        let mut digits_before_sign = None;
        while let Some(letter) = rest.chars().next() {
            if let Some(after) = either_case(rest, "FM") {
                (pattern.fill, rest) = (true, after);
            } else if let Some(after) = either_case(rest, "PR") {
                pattern.set(Sign::Brackets, node.place)?;
                rest = after;
            } else if let Some((item, after)) = ITEMS
                .iter()
                .find_map(|(name, item)| Some((*item, either_case(rest, name)?)))
            {
                pattern.add(item, node.place)?;
                rest = after;
            } else if let Some(after) = either_case(rest, "S") {
                let sign = if pattern.point {
                    Sign::Behind
                } else {
                    Sign::Before
                };
                pattern.set(sign, node.place)?;
                digits_before_sign = Some(pattern.before);
                rest = after;
            } else {
                rest = pattern.letter(letter, rest, node.place)?;
            }
        }
        // No digit came behind `S`, so it ends the number as it does behind a point.
        if pattern.sign == Sign::Before && digits_before_sign == Some(pattern.before) {
            pattern.sign = Sign::Behind;
        }
        if pattern.before + pattern.after == 0 {
            let error = node.place.error("the format has no digits");
            return Err(error.hint("`9` is a digit, `0` one that is shown where it is zero, too"));
        }
        Ok(pattern)
    }

    /// Digits count into the number's width, signs exclude each other.
    fn add(&mut self, item: Item, place: TextSpan) -> Result<()> {
        match item {
            Item::Nine | Item::Zero if self.sign == Sign::Brackets => {
                return Err(place.error("digits stand before `PR` in a format"));
            }
            Item::Nine if self.point => self.after += 1,
            Item::Nine => self.before += 1,
            Item::Zero => {
                if self.zero_start.is_none() && !self.point {
                    self.zero_start = Some(self.before);
                }
                match self.point {
                    true => self.after += 1,
                    false => self.before += 1,
                }
                self.zero_end = self.before + self.after;
            }
            Item::Point if self.point => {
                return Err(place.error("the format has two decimal points"));
            }
            Item::Point => self.point = true,
            Item::Minus | Item::Sign => self.set(Sign::Marked { plus_alone: false }, place)?,
            Item::Plus if self.sign != (Sign::Marked { plus_alone: false }) => {
                self.set(Sign::Marked { plus_alone: true }, place)?;
            }
            Item::Plus | Item::Comma | Item::Letter(_) => {}
        }
        self.items.push(item);
        Ok(())
    }

    fn set(&mut self, sign: Sign, place: TextSpan) -> Result<()> {
        let both_marked = matches!(
            (self.sign, sign),
            (Sign::Marked { .. }, Sign::Marked { .. })
        );
        if self.sign != Sign::Own && !both_marked {
            return Err(place.error("the format places the sign twice"));
        }
        self.sign = sign;
        Ok(())
    }

    /// Text in double quotes, or a sign of punctuation; what stands behind it.
    fn letter<'t>(&mut self, letter: char, rest: &'t str, place: TextSpan) -> Result<&'t str> {
        let after = &rest[letter.len_utf8()..];
        if letter == '"' {
            let (text, after) = after
                .split_once('"')
                .ok_or_else(|| place.error("a double quote of the format is not closed"))?;
            self.items.extend(text.chars().map(Item::Letter));
            return Ok(after);
        }
        // PostgreSQL copies a letter that it does not know. That would let a misspelt name through.
        if letter.is_alphanumeric() {
            return Err(unknown(letter, rest, place));
        }
        self.items.push(Item::Letter(letter));
        Ok(after)
    }
}

fn unknown(letter: char, rest: &str, place: TextSpan) -> ExpressionError {
    if let Some(name) = REFUSED
        .iter()
        .find(|name| either_case(rest, name).is_some())
    {
        let error = place.error(format!(
            "`{name}` of PostgreSQL's formats is not known here"
        ));
        return error
            .hint("`9`, `0`, `.`, `,`, `D`, `G`, `FM`, `S`, `MI`, `PL`, `SG` and `PR` are");
    }
    let error = place.error(format!("`{letter}` is no part of a format of numbers"));
    error.hint("literal text stands in double quotes: `'FM990.00\" kg\"'`")
}
