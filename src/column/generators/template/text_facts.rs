//! What is known of a template's text before its first row: its order, its length, whether it is
//! unique.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;

use super::parse::PlaceholderFormat;
use crate::column::values::scalar::is_decimal;
use crate::domain::{Domain, Order, Range};
use crate::kernel::strftime::TimePattern;

/// What is known of one piece's text.
pub struct TextFacts {
    text: Option<String>,
    /// Every text has this length in bytes.
    width: Option<usize>,
    longest: Option<usize>,
    /// In characters.
    shortest: usize,
    alphabet: Alphabet,
    unique: bool,
    order: Order,
    distinct: Option<u64>,
    nulls: bool,
}

/// The characters that may occur.
enum Alphabet {
    Any,
    Only(BTreeSet<char>),
}

/// Bytes of texts whose characters are looked at one by one.
const MOST_LOOKED_AT: usize = 1 << 20;

/// The ticks of 0000-01-01 and 9999-12-31, in days.
const FOUR_DIGIT_YEARS: (i128, i128) = (-719_528, 2_932_896);

impl TextFacts {
    /// A literal.
    pub fn literal(text: String) -> Self {
        Self {
            width: Some(text.len()),
            longest: Some(text.len()),
            shortest: text.chars().count(),
            alphabet: Alphabet::Only(text.chars().collect()),
            unique: false,
            order: Order::Ascending,
            distinct: Some(1),
            nulls: false,
            text: Some(text),
        }
    }

    /// A value of a type, shown in a format.
    pub fn value(domain: Domain, data_type: &DataType, format: &PlaceholderFormat) -> Self {
        let mut shape = Self {
            text: None,
            width: None,
            longest: None,
            shortest: 0,
            alphabet: Alphabet::Any,
            unique: false,
            order: Order::Unknown,
            distinct: domain.distinct,
            nulls: domain.nulls,
        };
        match (data_type, format) {
            (_, PlaceholderFormat::Time(pattern)) => shape.time(&domain, data_type, pattern),
            (DataType::Dictionary(..), _) => shape.texts(&domain),
            (DataType::Utf8, _) => {
                shape.longest = domain.longest;
                shape.shortest = domain.shortest;
                shape.unique = domain.unique;
            }
            (number, PlaceholderFormat::Usual | PlaceholderFormat::Width(_))
                if number.is_integer() || is_decimal(number) =>
            {
                shape.number(&domain, number, format);
            }
            _ => {}
        }
        shape
    }

    fn number(&mut self, domain: &Domain, data_type: &DataType, format: &PlaceholderFormat) {
        let scale = match data_type {
            DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
                usize::try_from(*scale).unwrap_or_default()
            }
            _ => 0,
        };
        let least_width = match format {
            PlaceholderFormat::Width(width) => *width,
            _ => 0,
        };
        // A point, and a zero before it.
        let floor = if scale > 0 { scale + 2 } else { 1 };
        let width = |value: i128| {
            let digits = value
                .unsigned_abs()
                .checked_ilog10()
                .map_or(1, |log| log as usize + 1);
            let all = (digits + usize::from(scale > 0)).max(floor) + usize::from(value < 0);
            all.max(least_width)
        };
        self.shortest = floor.max(least_width);
        let mut characters: BTreeSet<char> = ('0'..='9').collect();
        characters.extend((scale > 0).then_some('.'));
        self.unique = domain.unique;
        let negative = match domain.range {
            Some(Range::Integer { min, max }) => {
                self.longest = Some(width(min).max(width(max)));
                // With a sign texts are not in the order of the numbers.
                self.width = (min >= 0 && width(min) == width(max)).then_some(width(max));
                self.shortest = self.width.unwrap_or(self.shortest);
                min < 0
            }
            _ => {
                // 38 digits, a sign and a point: no decimal and no integer has more.
                self.longest = Some(least_width.max(40));
                !data_type.is_unsigned_integer()
            }
        };
        characters.extend(negative.then_some('-'));
        self.alphabet = Alphabet::Only(characters);
        if self.width.is_some() {
            self.order = domain.order;
        }
    }

    fn time(&mut self, domain: &Domain, data_type: &DataType, pattern: &TimePattern) {
        let per_day = match data_type {
            DataType::Timestamp(unit, _) => {
                crate::column::values::scalar::per_second(*unit) * 86_400
            }
            _ => 1,
        };
        let (first, last) = FOUR_DIGIT_YEARS;
        let within = matches!(domain.range, Some(Range::Integer { min, max })
            if min >= first * per_day && max < (last + 1) * per_day);
        // Other years have a sign or a fifth digit.
        if !within {
            return;
        }
        self.width = pattern.width();
        self.longest = pattern.width();
        // Where clocks go back, later times can have lesser texts.
        let utc = match data_type {
            DataType::Timestamp(_, Some(zone)) => zone.as_ref() == "UTC",
            _ => true,
        };
        if utc && pattern.rises() {
            self.order = domain.order.min(Order::Ascending);
        }
    }

    fn texts(&mut self, domain: &Domain) {
        self.unique = domain.unique;
        let Some(values) = domain
            .dictionary
            .as_ref()
            .and_then(|values| values.as_string_opt::<i32>())
        else {
            return;
        };
        let texts = || values.iter().flatten();
        self.longest = texts().map(str::len).max();
        self.width = self
            .longest
            .filter(|longest| texts().all(|text| text.len() == *longest));
        if values.value_data().len() <= MOST_LOOKED_AT {
            self.alphabet = Alphabet::Only(texts().flat_map(str::chars).collect());
        }
        self.shortest = texts().map(|text| text.chars().count()).min().unwrap_or(0);
        if values.len() == 1 {
            self.order = Order::Ascending;
        }
    }
}

/// What is known of the pieces side by side.
pub fn domain(shapes: &[TextFacts]) -> Domain {
    let distinct = shapes.iter().map(|shape| shape.distinct);
    let all = |product: Option<u64>, next: Option<u64>| product?.checked_mul(next?);
    Domain {
        order: order(shapes),
        distinct: distinct.fold(Some(1), all),
        unique: unique(shapes.iter()) || unique(shapes.iter().rev()),
        nulls: shapes.iter().any(|shape| shape.nulls),
        longest: shapes.iter().map(|shape| shape.longest).sum(),
        shortest: shapes.iter().map(|shape| shape.shortest).sum(),
        ..Domain::default()
    }
}

/// Texts rise while every piece rises at a fixed width; the first that rises strictly decides.
fn order(shapes: &[TextFacts]) -> Order {
    for shape in shapes {
        match shape.order {
            Order::Unknown => return Order::Unknown,
            _ if shape.width.is_none() => return Order::Unknown,
            Order::Ascending => {}
            // What stands behind it never decides a comparison.
            Order::StrictlyAscending => return Order::StrictlyAscending,
        }
    }
    Order::Ascending
}

/// True when a unique piece can be told from the text, read from one end: each piece up to it has
/// a fixed width, or ends at a literal that has a character which the piece lacks.
// Read from one end: as long as each part's end can be told, a part that is unique makes the whole
// text so. The same from the other end, where the parts behind have one length.
fn unique<'a>(mut shapes: impl Iterator<Item = &'a TextFacts>) -> bool {
    let mut next = shapes.next();
    while let Some(shape) = next {
        next = shapes.next();
        let ends = match next {
            None => true,
            Some(next) => shape.width.is_some() || shape.ends_at(next),
        };
        if !ends || shape.unique {
            return ends;
        }
    }
    false
}

impl TextFacts {
    // `{name}-{id}`: a name without a hyphen ends at the first one. With one in it, `a-1`, `b` and
    // `a`, `1-b` would be the same text.
    fn ends_at(&self, next: &TextFacts) -> bool {
        let (Alphabet::Only(characters), Some(text)) = (&self.alphabet, &next.text) else {
            return false;
        };
        text.chars()
            .any(|character| !characters.contains(&character))
    }
}
