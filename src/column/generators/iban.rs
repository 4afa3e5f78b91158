//! `iban`: international bank account numbers with valid check digits, that no bank gives out.
//!
//! No registry reserves numbers for tests. The bank here is a code of zeros, or `TEST`, which no country has
//! given to a bank; the account is random. Lengths and fields are those of the registry of ISO 13616, the two
//! check digits those of ISO/IEC 7064, and the check digits within the numbers of France, Italy, Spain and the
//! Netherlands are right, too.

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use super::check_digit::modulo_97;
use super::facts::{self, Draws, Facts, listed, texts};
use crate::column::build::{Build, BuiltColumn};
use crate::column::random::hash::Key;
use crate::error::Problem;
use crate::kernel::short_text::{ShortText, ShortTextWriter};
use crate::place::{OneOrMany, Placed};

/// An international bank account number; shown without blanks. `column.field` reads more of the same:
/// iban, formatted, country.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Iban {
    /// The countries, each as likely as the others (default: all).
    country: Option<Placed<OneOrMany<Country>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Country {
    At,
    Ch,
    De,
    Es,
    Fr,
    Gb,
    Ie,
    It,
    Nl,
}

const ALL: [Country; 9] = [
    Country::At,
    Country::Ch,
    Country::De,
    Country::Es,
    Country::Fr,
    Country::Gb,
    Country::Ie,
    Country::It,
    Country::Nl,
];

const CODES: &[&str] = &["AT", "CH", "DE", "ES", "FR", "GB", "IE", "IT", "NL"];

struct Accounts {
    countries: Vec<Country>,
    country: Key,
    account: Key,
}

impl Generator for Iban {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("iban", "text"));
        }
        let countries = match &self.country {
            None => ALL.to_vec(),
            Some(countries) if countries.value.0.is_empty() => {
                return Err(Problem::new("at least one country is needed").at(&countries.place));
            }
            Some(countries) => countries.value.0.clone(),
        };
        let all = Key::new("rowgen iban 1");
        let accounts = Accounts {
            countries,
            country: all.child("country"),
            account: all.child("account"),
        };
        facts::column_of(accounts, "iban", build)
    }
}

impl Country {
    fn code(self) -> &'static str {
        CODES[self as usize]
    }

    /// What stands behind the country and the check digits.
    fn account(self, random: u64) -> String {
        let mut draws = Draws(random);
        let mut digits = |count: u32| draws.below(10_u64.pow(count));
        match self {
            Self::At => format!("00000{:011}", digits(11)),
            Self::Ch => format!("00000{:012}", digits(12)),
            Self::De => format!("00000000{:010}", digits(10)),
            Self::Gb | Self::Ie => format!("TEST000000{:08}", digits(8)),
            Self::Nl => format!("TEST{:010}", eleven_proof(digits(9))),
            Self::Es => spanish(digits(10)),
            Self::Fr => {
                let account = digits(11);
                // The sum is of 89 · bank + 15 · branch + 3 · account, and the first two are zero
                // here.
                let key = 97 - (3 * account) % 97;
                format!("0000000000{account:011}{key:02}")
            }
            Self::It => italian(digits(12)),
        }
    }
}

/// The number with a last digit that makes the sum of its digits, weighted 10 to 1, one of elevens.
fn eleven_proof(mut digits: u64) -> u64 {
    loop {
        let weighted =
            (2..=10).map(|weight| digits / 10_u64.pow(weight - 2) % 10 * u64::from(weight));
        let check = (11 - weighted.sum::<u64>() % 11) % 11;
        match check {
            // No digit does: the next number's may.
            10 => digits = (digits + 1) % 1_000_000_000,
            check => return digits * 10 + check,
        }
    }
}

fn spanish(account: u64) -> String {
    const WEIGHTS: [u64; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let digits = format!("{account:010}");
    let weighted = digits
        .bytes()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u64::from(digit - b'0') * weight);
    let check = match 11 - weighted.sum::<u64>() % 11 {
        11 => 0,
        10 => 1,
        check => check,
    };
    // The first check digit is of bank and branch, all zeros: 11 stands as 0.
    format!("000000000{check}{digits}")
}

fn italian(account: u64) -> String {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let digits = format!("0000000000{account:012}");
    // Places count from 1, so that the first is an odd one.
    let values = digits.bytes().enumerate().map(|(at, digit)| match at % 2 {
        0 => ODD[usize::from(digit - b'0')],
        _ => u32::from(digit - b'0'),
    });
    let letter = (b'A' + (values.sum::<u32>() % 26) as u8) as char;
    format!("{letter}{digits}")
}

impl Accounts {
    fn country(&self, bits: u64) -> Country {
        *Draws(self.country.at(bits)).of(&self.countries)
    }

    fn iban(&self, bits: u64) -> String {
        let country = self.country(bits);
        let (code, account) = (country.code(), country.account(self.account.at(bits)));
        let rest = modulo_97(account.bytes().chain(code.bytes()).chain(*b"00"));
        format!("{code}{:02}{account}", 98 - rest)
    }

    fn write_formatted(&self, bits: u64, writer: &mut ShortTextWriter) {
        let iban = self.iban(bits);
        let mut rest = iban.as_str();
        while rest.len() > 4 {
            writer.put(&ShortText::cut(&rest[..4]));
            writer.put(&ShortText::cut(" "));
            rest = &rest[4..];
        }
        writer.put(&ShortText::cut(rest));
    }
}

impl Facts for Accounts {
    const WHAT: &'static str = "`iban`";
    const FIELDS: &'static [&'static str] = &["iban", "formatted", "country"];

    fn field(self: &Arc<Self>, name: &str) -> Option<BuiltColumn> {
        Some(match name {
            "iban" => texts(self, 27, |all, bits, writer| {
                writer.put(&ShortText::cut(&all.iban(bits)));
            }),
            "formatted" => texts(self, 34, Self::write_formatted),
            "country" => listed(self, CODES, |all, bits| all.country(bits) as usize),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::testing::{check_any_split, one, problem};

    #[test]
    fn numbers_are_valid_and_of_their_country() {
        let mut columns = "account: iban".to_string();
        for field in Accounts::FIELDS {
            columns += &format!("\n{field}: {{ copy: account.{field} }}");
        }
        let tables = one(3000, &columns);
        let texts = |field: &str| tables.texts("t", field);
        let (iban, formatted, country) = (texts("iban"), texts("formatted"), texts("country"));
        for row in 0..3000 {
            let number = &iban[row];
            let turned = number[4..].bytes().chain(number[..4].bytes());
            assert_eq!(modulo_97(turned), 1, "{number}");
            assert_eq!(formatted[row].replace(' ', ""), *number);
            assert_eq!(number[..2], country[row]);
            let lengths = [20, 21, 22, 24, 27, 22, 22, 27, 18];
            let place = CODES.iter().position(|code| *code == country[row]).unwrap();
            assert_eq!(number.len(), lengths[place], "{number}");
        }
        for code in CODES {
            let share = country.iter().filter(|known| known == code).count();
            assert!((260..410).contains(&share), "{share} of 3000 are {code}");
        }
        check_any_split(&tables, "t", Accounts::FIELDS);
    }

    #[test]
    fn digits_within_are_right_and_mistakes_are_shown() {
        // Of accounts that their countries publish: ES 2100 0418 45 0200051332 has 5 for its account,
        // NL 91 ABNA 0417164300 is one of elevens.
        assert_eq!(&spanish(200_051_332)[9..10], "5");
        assert_eq!(eleven_proof(41_716_430), 417_164_300);
        let column =
            |text: &str| problem(&format!("t:\n  rows: 9\n  columns:\n    c: {{ {text} }}\n"));
        insta::assert_snapshot!(
            [
                "iban: { country: XX }",
                "iban: { country: [] }",
                "iban: {}, type: int64"
            ]
            .map(column)
            .join("\n\n")
        );
    }
}
