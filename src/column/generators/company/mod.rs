//! `company`: a company in each row, whose name, form, industry and numbers agree.
//!
//! Names are put together of our own lists of words and of common last names; that a real company is called
//! the same is chance. Industries are the sections of the statistical classifications (ISIC, NACE) in plain
//! words. Tax numbers begin with `XX`, a code that ISO 3166 leaves to its users, so that no authority gave
//! them, and end in a check digit (Luhn, ISO/IEC 7812-1). Domains end in `.example` (RFC 2606).

mod words;

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::words::{FIRST, FORMS, INDUSTRIES, LAST, SECOND};
use super::Generator;
use super::check_digit::luhn;
use super::facts::{self, Draws, Facts, blocks, lines, listed, texts, whole};
use crate::column::build::{Build, BuiltColumn};
use crate::column::random::hash::Key;
use crate::error::Problem;
use crate::kernel::short_text::{ShortText, ShortTextWriter};

/// A company; shown as its name with its form. `column.field` reads more of the same company: name,
/// full_name, legal_form, industry, tax_id, domain, email, founded, employees.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Company {}

struct Companies {
    first: Vec<ShortText>,
    second: Vec<ShortText>,
    last: Vec<ShortText>,
    /// The same as parts of a domain.
    labels: [Vec<ShortText>; 3],
    forms: Vec<ShortText>,
    name: Key,
    form: Key,
    industry: Key,
    number: Key,
    size: Key,
    founded: Key,
}

/// 1950-01-01 and 2024-12-31, in days since 1970.
const FOUNDED: (i64, i64) = (-7_305, 20_088);

const MOST_EMPLOYEES: i64 = 20_000;

impl Generator for Company {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        match build.data_type(DataType::Utf8) {
            DataType::Utf8 => facts::column_of(Companies::new(), "full_name", build),
            _ => Err(build.wrong_type("company", "text")),
        }
    }
}

impl Companies {
    fn new() -> Self {
        // The same in every pipeline. The seed is in the numbers that rows draw; what a number
        // stands for has none, so that a list of words can be checked once.
        let all = Key::new("rowgen company 1");
        let label = |text: &'static str| {
            let lower = |word: &str| ShortText::cut(&word.to_lowercase());
            lines(text).into_iter().map(lower).collect()
        };
        Self {
            first: blocks(FIRST),
            second: blocks(SECOND),
            last: blocks(LAST),
            labels: [label(FIRST), label(SECOND), label(LAST)],
            forms: FORMS
                .iter()
                .map(|form| ShortText::cut(&format!(" {form}")))
                .collect(),
            name: all.child("name"),
            form: all.child("form"),
            industry: all.child("industry"),
            number: all.child("number"),
            size: all.child("size"),
            founded: all.child("founded"),
        }
    }

    /// One of three ways of names, each of two words.
    fn words(&self, bits: u64) -> (u64, usize, usize) {
        let mut draws = Draws(self.name.at(bits));
        let way = draws.below(3);
        let count = |words: &[ShortText]| words.len() as u64;
        let [one, other] = match way {
            0 => [count(&self.first), count(&self.second)],
            1 => [count(&self.last), count(&self.second)],
            _ => [count(&self.last), count(&self.last)],
        };
        (way, draws.below(one) as usize, draws.below(other) as usize)
    }

    fn write_name(&self, bits: u64, writer: &mut ShortTextWriter) {
        let (way, one, other) = self.words(bits);
        let (first, between, second) = match way {
            0 => (&self.first[one], " ", &self.second[other]),
            1 => (&self.last[one], " ", &self.second[other]),
            _ => (&self.last[one], " & ", &self.last[other]),
        };
        writer.put(first);
        writer.put(&ShortText::cut(between));
        writer.put(second);
    }

    fn write_domain(&self, bits: u64, writer: &mut ShortTextWriter) {
        let (way, one, other) = self.words(bits);
        let [first, second, last] = &self.labels;
        let (front, back) = match way {
            0 => (&first[one], &second[other]),
            1 => (&last[one], &second[other]),
            _ => (&last[one], &last[other]),
        };
        writer.put(front);
        writer.put(&ShortText::cut("-"));
        writer.put(back);
        writer.put(&ShortText::cut(".example"));
    }

    fn legal_form(&self, bits: u64) -> usize {
        Draws(self.form.at(bits)).below(FORMS.len() as u64) as usize
    }

    fn write_tax_id(&self, bits: u64, writer: &mut ShortTextWriter) {
        let digits = Draws(self.number.at(bits)).below(10_u64.pow(9));
        writer.put(&ShortText::cut("XX"));
        writer.put_number(digits * 10 + luhn(digits), 10);
    }

    /// Many have few: evenly on a logarithmic scale, of steps of two.
    fn employees(&self, bits: u64) -> i64 {
        let mut draws = Draws(self.size.at(bits));
        let step = draws.below(14);
        ((1 << step) + draws.below(1 << step) as i64).min(MOST_EMPLOYEES)
    }
}

impl Facts for Companies {
    const WHAT: &'static str = "`company`";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "full_name",
        "legal_form",
        "industry",
        "tax_id",
        "domain",
        "email",
        "founded",
        "employees",
    ];

    fn field(self: &Arc<Self>, name: &str) -> Option<BuiltColumn> {
        Some(match name {
            "name" => texts(self, 48, Self::write_name),
            "full_name" => texts(self, 64, |all, bits, writer| {
                all.write_name(bits, writer);
                writer.put(&all.forms[all.legal_form(bits)]);
            }),
            "legal_form" => listed(self, FORMS, Self::legal_form),
            "industry" => listed(self, INDUSTRIES, |all, bits| {
                Draws(all.industry.at(bits)).below(INDUSTRIES.len() as u64) as usize
            }),
            "tax_id" => texts(self, 12, Self::write_tax_id),
            "domain" => texts(self, 64, Self::write_domain),
            "email" => texts(self, 72, |all, bits, writer| {
                writer.put(&ShortText::cut("info@"));
                all.write_domain(bits, writer);
            }),
            "founded" => whole(self, DataType::Date32, FOUNDED, |all, bits| {
                let (first, last) = FOUNDED;
                first + Draws(all.founded.at(bits)).below((last - first + 1) as u64) as i64
            }),
            "employees" => whole(self, DataType::Int32, (1, MOST_EMPLOYEES), Self::employees),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::testing::{check_any_split, one};

    fn table(rows: u64) -> crate::column::testing::Tables {
        let mut columns = "firm: company".to_string();
        for field in Companies::FIELDS {
            columns += &format!("\n{field}: {{ copy: firm.{field} }}");
        }
        one(rows, &columns)
    }

    #[test]
    fn companies_look_like_this() {
        let tables = table(6);
        let row = |row: usize| {
            let fields = Companies::FIELDS
                .iter()
                .map(|field| tables.texts("t", field)[row].clone());
            fields.collect::<Vec<_>>().join(" | ")
        };
        insta::assert_snapshot!((0..6).map(row).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn what_is_told_of_a_company_agrees() {
        let tables = table(3000);
        let texts = |field: &str| tables.texts("t", field);
        let (name, full, form, tax) = (
            texts("name"),
            texts("full_name"),
            texts("legal_form"),
            texts("tax_id"),
        );
        let (domain, email, firm) = (texts("domain"), texts("email"), texts("firm"));
        for row in 0..3000 {
            assert_eq!(full[row], format!("{} {}", name[row], form[row]));
            assert_eq!(firm[row], full[row]);
            assert_eq!(email[row], format!("info@{}", domain[row]));
            let label = name[row]
                .to_lowercase()
                .replace(" & ", "-")
                .replace(' ', "-");
            assert_eq!(domain[row], format!("{label}.example"));
            let (digits, check) = tax[row][2..].split_at(9);
            assert_eq!(
                luhn(digits.parse().unwrap()).to_string(),
                check,
                "{}",
                tax[row]
            );
        }
        let employees = tables.integers("t", "employees");
        assert!(
            employees
                .iter()
                .all(|count| (1..=MOST_EMPLOYEES).contains(count))
        );
        let small = employees.iter().filter(|count| **count < 100).count();
        assert!(
            (1200..1700).contains(&small),
            "{small} of 3000 have fewer than 100"
        );
        check_any_split(&tables, "t", Companies::FIELDS);
    }
}
