//! `credit_card`: numbers of cards with a valid check digit, that no bank gives out.
//!
//! The first six digits are those which payment services publish for tests (`411111`, `555555`, `222300`,
//! `378282`, `601111`, `356600`); the last digit is Luhn's (ISO/IEC 7812-1).

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use super::check_digit::luhn;
use super::facts::{self, Draws, Facts, listed, texts};
use crate::column::build::{Build, BuiltColumn};
use crate::column::random::hash::Key;
use crate::error::Problem;
use crate::kernel::short_text::{ShortText, ShortTextWriter};
use crate::place::{OneOrMany, Placed};

/// A payment card; shown as its number. `column.field` reads more of the same card: number, brand,
/// masked, last_four, expires, cvc.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditCard {
    /// The brands, each as likely as the others (default: all).
    brand: Option<Placed<OneOrMany<Brand>>>,
}

/// Who stands behind a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Brand {
    Visa,
    Mastercard,
    Amex,
    Discover,
    Jcb,
}

const ALL: [Brand; 5] = [
    Brand::Visa,
    Brand::Mastercard,
    Brand::Amex,
    Brand::Discover,
    Brand::Jcb,
];

const NAMES: &[&str] = &["visa", "mastercard", "amex", "discover", "jcb"];

struct Cards {
    brands: Vec<Brand>,
    brand: Key,
    number: Key,
    rest: Key,
}

impl Brand {
    fn prefixes(self) -> &'static [u64] {
        match self {
            Self::Visa => &[411_111],
            Self::Mastercard => &[555_555, 222_300],
            Self::Amex => &[378_282],
            Self::Discover => &[601_111],
            Self::Jcb => &[356_600],
        }
    }

    /// Digits between the first six and the last one.
    fn free(self) -> u32 {
        if self == Self::Amex { 8 } else { 9 }
    }
}

impl Generator for CreditCard {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("credit_card", "text"));
        }
        let brands = match &self.brand {
            None => ALL.to_vec(),
            Some(brands) if brands.value.0.is_empty() => {
                return Err(Problem::new("at least one brand is needed").at(&brands.place));
            }
            Some(brands) => brands.value.0.clone(),
        };
        let all = Key::new("rowgen credit_card 1");
        let cards = Cards {
            brands,
            brand: all.child("brand"),
            number: all.child("number"),
            rest: all.child("rest"),
        };
        facts::column_of(cards, "number", build)
    }
}

impl Cards {
    fn brand(&self, bits: u64) -> Brand {
        *Draws(self.brand.at(bits)).of(&self.brands)
    }

    fn number(&self, bits: u64) -> u64 {
        let brand = self.brand(bits);
        let mut draws = Draws(self.number.at(bits));
        let scale = 10_u64.pow(brand.free());
        let digits = draws.of(brand.prefixes()) * scale + draws.below(scale);
        digits * 10 + luhn(digits)
    }

    fn write_masked(&self, bits: u64, writer: &mut ShortTextWriter) {
        let amex = self.brand(bits) == Brand::Amex;
        writer.put(&ShortText::cut(if amex {
            "***********"
        } else {
            "************"
        }));
        writer.put_number(self.number(bits) % 10_000, 4);
    }

    /// A month from 2026 to 2031.
    fn write_expiry(&self, bits: u64, writer: &mut ShortTextWriter) {
        let month = Draws(self.rest.at(bits)).below(72);
        writer.put_number(month % 12 + 1, 2);
        writer.put(&ShortText::cut("/"));
        writer.put_number(26 + month / 12, 2);
    }

    fn write_code(&self, bits: u64, writer: &mut ShortTextWriter) {
        let mut draws = Draws(self.rest.at(bits));
        // The draw of the expiry, passed over: the two facts of a card then do not follow from each
        // other.
        draws.below(72);
        let digits = if self.brand(bits) == Brand::Amex {
            4
        } else {
            3
        };
        writer.put_number(draws.below(10_u64.pow(digits)), digits as usize);
    }
}

impl Facts for Cards {
    const WHAT: &'static str = "`credit_card`";
    const FIELDS: &'static [&'static str] =
        &["number", "brand", "masked", "last_four", "expires", "cvc"];

    fn field(self: &Arc<Self>, name: &str) -> Option<BuiltColumn> {
        Some(match name {
            "number" => texts(self, 16, |cards, bits, writer| {
                writer.put_number(cards.number(bits), 0);
            }),
            "brand" => listed(self, NAMES, |cards, bits| cards.brand(bits) as usize),
            "masked" => texts(self, 16, Self::write_masked),
            "last_four" => texts(self, 4, |cards, bits, writer| {
                writer.put_number(cards.number(bits) % 10_000, 4);
            }),
            "expires" => texts(self, 5, Self::write_expiry),
            "cvc" => texts(self, 4, Self::write_code),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::testing::{check_any_split, one, problem};

    #[test]
    fn numbers_are_valid_and_of_their_brand() {
        for options in ["{}", "{ brand: amex }", "{ brand: [visa, mastercard] }"] {
            let mut columns = format!("card: {{ credit_card: {options} }}");
            for field in Cards::FIELDS {
                columns += &format!("\n{field}: {{ copy: card.{field} }}");
            }
            let tables = one(3000, &columns);
            let texts = |field: &str| tables.texts("t", field);
            let (number, brand, masked) = (texts("number"), texts("brand"), texts("masked"));
            let (last, expires, code) = (texts("last_four"), texts("expires"), texts("cvc"));
            for row in 0..3000 {
                let brand = ALL[NAMES.iter().position(|name| *name == brand[row]).unwrap()];
                assert!(options == "{}" || options.contains(NAMES[brand as usize]));
                let length = if brand == Brand::Amex { 15 } else { 16 };
                assert_eq!((number[row].len(), masked[row].len()), (length, length));
                assert!(
                    brand
                        .prefixes()
                        .contains(&number[row][..6].parse().unwrap())
                );
                let (digits, check) = number[row].split_at(length - 1);
                assert_eq!(luhn(digits.parse().unwrap()).to_string(), check);
                assert!(number[row].ends_with(&last[row]) && masked[row].ends_with(&last[row]));
                assert_eq!(code[row].len(), length - 11 - usize::from(length == 16) * 2);
                let (month, year) = expires[row].split_once('/').unwrap();
                assert!(
                    (1..=12).contains(&month.parse().unwrap())
                        && (26..=31).contains(&year.parse().unwrap())
                );
            }
            check_any_split(&tables, "t", Cards::FIELDS);
        }
        let column =
            |text: &str| problem(&format!("t:\n  rows: 9\n  columns:\n    c: {{ {text} }}\n"));
        insta::assert_snapshot!(
            [
                "credit_card: { brand: diners }",
                "credit_card: { brand: [] }",
                "credit_card: {}, type: int64"
            ]
            .map(column)
            .join("\n\n")
        );
    }
}
