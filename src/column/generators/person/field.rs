//! The fields of a person: a few texts as dictionaries, the others written batch by batch.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, UInt64Type};

use super::crowd::{BIRTHS, Crowd, Fact};
use super::locale::folded;
use crate::column::build::BuiltColumn;
use crate::column::generators::facts::whole;
use crate::column::program::Fill;
use crate::column::random::hash::below;
use crate::column::rows::Rows;
use crate::column::values::dictionary_encoded::{column, dictionary_type};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::kernel::short_text::{ShortText, ShortTextWriter};

/// Every field.
pub const FIELDS: &[&str] = &[
    "first_name",
    "last_name",
    "full_name",
    "gender",
    "birth_date",
    "email",
    "user_name",
    "phone",
    "street",
    "postal_code",
    "city",
    "country",
    "country_code",
    "locale",
];

/// Uses of a person's random digits.
const MAIL: u64 = 0;
const PHONE: u64 = 1;
const POST: u64 = 2;

/// Domains for examples (RFC 2606).
const DOMAINS: [&str; 3] = ["@example.com", "@example.net", "@example.org"];

/// A field that is one of a list.
struct ListedField {
    crowd: Arc<Crowd>,
    fact: Fact,
    values: ArrayRef,
    /// The dictionary's index for each place of each language.
    codes: Vec<Vec<i32>>,
}

/// A field that is put together.
struct ComposedField {
    crowd: Arc<Crowd>,
    shape: FieldText,
}

enum FieldText {
    /// Two names beside each other.
    Name(LocaleNames),
    /// Two names, a number, and one of the domains; or without these.
    Address(LocaleNames, Vec<ShortText>),
    /// The town's country decides the pattern.
    Pattern(Vec<Vec<Vec<PatternStep>>>, u64),
    /// Each language's streets, and whether the number stands before them.
    Street(Vec<(Vec<ShortText>, bool)>),
}

/// What is written for each language's first names and last names.
struct LocaleNames {
    first: Vec<Vec<ShortText>>,
    last: Vec<Vec<ShortText>>,
}

/// A step of a pattern.
enum PatternStep {
    Text(ShortText),
    Digits(usize),
    Letter,
}

/// A field of the people in input 0.
pub fn person_field(name: &str, crowd: &Arc<Crowd>) -> Option<BuiltColumn> {
    let spaced = |name: &str| format!("{name} ");
    let dotted = |name: &str| format!("{}.", folded(name));
    let initial = |name: &str| folded(name).chars().take(1).collect();
    let pattern = |of: fn(&super::locale::Country) -> &'static str, digits| {
        let steps = crowd.lists.iter().map(|lists| {
            lists
                .countries
                .iter()
                .map(|country| steps(of(country)))
                .collect()
        });
        FieldText::Pattern(steps.collect(), digits)
    };
    Some(match name {
        "first_name" => listed(crowd, Fact::First),
        "last_name" => listed(crowd, Fact::Last),
        "gender" => listed(crowd, Fact::Gender),
        "city" => listed(crowd, Fact::City),
        "country" => listed(crowd, Fact::Country),
        "country_code" => listed(crowd, Fact::CountryCode),
        "locale" => listed(crowd, Fact::Locale),
        "birth_date" => whole(crowd, DataType::Date32, BIRTHS, Crowd::birth),
        "full_name" => written(
            crowd,
            FieldText::Name(LocaleNames::new(crowd, spaced, str::to_string)),
        ),
        "email" => {
            let domains = DOMAINS.map(ShortText::cut).to_vec();
            written(
                crowd,
                FieldText::Address(LocaleNames::new(crowd, dotted, folded), domains),
            )
        }
        "user_name" => {
            let names = LocaleNames::new(crowd, initial, folded);
            written(crowd, FieldText::Address(names, Vec::new()))
        }
        "phone" => written(crowd, pattern(|country| country.phone, PHONE)),
        "postal_code" => written(crowd, pattern(|country| country.postal_code, POST)),
        "street" => {
            let streets = crowd.lists.iter().map(|lists| {
                let street = |street: &&str| match lists.number_first {
                    true => ShortText::cut(&format!(" {street}")),
                    false => ShortText::cut(&format!("{street} ")),
                };
                (
                    lists.streets.iter().map(street).collect(),
                    lists.number_first,
                )
            });
            written(crowd, FieldText::Street(streets.collect()))
        }
        _ => return None,
    })
}

fn listed(crowd: &Arc<Crowd>, fact: Fact) -> BuiltColumn {
    let mut seen = HashMap::new();
    let mut distinct = Vec::new();
    let mut code = |text: &'static str| {
        *seen.entry(text).or_insert_with(|| {
            distinct.push(text);
            distinct.len() as i32 - 1
        })
    };
    let locales = 0..crowd.lists.len();
    let codes = locales.map(|locale| {
        crowd
            .texts(fact, locale)
            .into_iter()
            .map(&mut code)
            .collect()
    });
    let codes = codes.collect();
    let values: ArrayRef = Arc::new(StringArray::from(distinct));
    let domain = Domain::dictionary(&values);
    let crowd = crowd.clone();
    let fill = ListedField {
        crowd,
        fact,
        values,
        codes,
    };
    BuiltColumn::new(dictionary_type(&DataType::Utf8), domain, fill)
}

fn written(crowd: &Arc<Crowd>, shape: FieldText) -> BuiltColumn {
    let domain = Domain {
        longest: Some(shape.longest()),
        ..Domain::default()
    };
    let crowd = crowd.clone();
    BuiltColumn::new(DataType::Utf8, domain, ComposedField { crowd, shape })
}

fn steps(pattern: &str) -> Vec<PatternStep> {
    let mut steps: Vec<PatternStep> = Vec::new();
    let mut text = String::new();
    let end = |text: &mut String, steps: &mut Vec<PatternStep>| {
        if !text.is_empty() {
            steps.push(PatternStep::Text(ShortText::cut(&std::mem::take(text))));
        }
    };
    for character in pattern.chars() {
        match (character, steps.last_mut()) {
            ('#', Some(PatternStep::Digits(count))) if text.is_empty() => *count += 1,
            ('#', _) => {
                end(&mut text, &mut steps);
                steps.push(PatternStep::Digits(1));
            }
            ('@', _) => {
                end(&mut text, &mut steps);
                steps.push(PatternStep::Letter);
            }
            _ => text.push(character),
        }
    }
    end(&mut text, &mut steps);
    steps
}

impl LocaleNames {
    fn new(crowd: &Crowd, first: impl Fn(&str) -> String, last: impl Fn(&str) -> String) -> Self {
        let blocks = |fact: Fact, shown: &dyn Fn(&str) -> String| {
            let locales = 0..crowd.lists.len();
            let block = |text: &'static str| ShortText::cut(&shown(text));
            locales
                .map(|locale| crowd.texts(fact, locale).into_iter().map(block).collect())
                .collect()
        };
        Self {
            first: blocks(Fact::First, &first),
            last: blocks(Fact::Last, &last),
        }
    }

    #[inline(always)]
    fn write(&self, crowd: &Crowd, locale: usize, person: u64, writer: &mut ShortTextWriter) {
        writer.put(&self.first[locale][crowd.place(Fact::First, locale, person)]);
        writer.put(&self.last[locale][crowd.place(Fact::Last, locale, person)]);
    }

    fn longest(&self) -> usize {
        let most =
            |blocks: &[Vec<ShortText>]| blocks.iter().flatten().map(|block| block.length()).max();
        most(&self.first).unwrap_or(0) + most(&self.last).unwrap_or(0)
    }
}

impl FieldText {
    fn longest(&self) -> usize {
        match self {
            FieldText::Name(names) => names.longest(),
            FieldText::Address(names, domains) => {
                names.longest()
                    + 6
                    + domains
                        .iter()
                        .map(|domain| domain.length())
                        .max()
                        .unwrap_or(0)
            }
            FieldText::Pattern(patterns, _) => {
                let length = |step: &PatternStep| match step {
                    PatternStep::Text(block) => block.length(),
                    PatternStep::Digits(count) => *count,
                    PatternStep::Letter => 1,
                };
                let lengths = patterns
                    .iter()
                    .flatten()
                    .map(|steps| steps.iter().map(length).sum());
                lengths.max().unwrap_or(0)
            }
            FieldText::Street(streets) => {
                let blocks = streets.iter().flat_map(|(blocks, _)| blocks);
                blocks.map(|block| block.length()).max().unwrap_or(0) + 3
            }
        }
    }

    #[inline(always)]
    fn write(&self, crowd: &Crowd, person: u64, writer: &mut ShortTextWriter) {
        let locale = crowd.locale(person);
        match self {
            FieldText::Name(names) => names.write(crowd, locale, person, writer),
            FieldText::Address(names, domains) => {
                names.write(crowd, locale, person, writer);
                let random = crowd.digits(person, MAIL);
                // The upper half is the number, the lower half still has random bits for the
                // domain.
                let product = u128::from(random) * 999_999;
                writer.put_number(1 + (product >> 64) as u64, 0);
                if !domains.is_empty() {
                    writer.put(&domains[below(product as u64, domains.len() as u64) as usize]);
                }
            }
            FieldText::Pattern(patterns, use_for) => {
                let country = crowd.place(Fact::Country, locale, person);
                let random = crowd.digits(person, *use_for);
                write_pattern(&patterns[locale][country], random, writer);
            }
            FieldText::Street(streets) => {
                let (street, number) = crowd.street(locale, person);
                let (blocks, number_first) = &streets[locale];
                if *number_first {
                    writer.put_number(number, 0);
                }
                writer.put(&blocks[street]);
                if !number_first {
                    writer.put_number(number, 0);
                }
            }
        }
    }
}

fn write_pattern(steps: &[PatternStep], mut random: u64, writer: &mut ShortTextWriter) {
    let mut draw = |bound: u64| {
        // One random number serves all steps: a draw takes the bits of its bound, and leaves the
        // others.
        let product = u128::from(random) * u128::from(bound);
        random = product as u64;
        (product >> 64) as u64
    };
    for step in steps {
        match step {
            PatternStep::Text(block) => writer.put(block),
            PatternStep::Digits(count) => writer.put_number(draw(10u64.pow(*count as u32)), *count),
            PatternStep::Letter => writer.put(&ShortText::letter(draw(26) as u8)),
        }
    }
}

impl Fill for ListedField {
    fn fill(&self, _: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let code = |person: &u64| {
            let locale = self.crowd.locale(*person);
            self.codes[locale][self.crowd.place(self.fact, locale, *person)]
        };
        let people = inputs[0].as_primitive::<UInt64Type>().values();
        column(people.iter().map(code).collect(), &self.values)
    }
}

impl Fill for ComposedField {
    fn fill(&self, _: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let mut writer = ShortTextWriter::new(inputs[0].len(), 24);
        for person in inputs[0].as_primitive::<UInt64Type>().values() {
            self.shape.write(&self.crowd, *person, &mut writer);
            writer.end();
        }
        let texts = writer
            .finish()
            .map_err(|message| Error::run(message.as_str()))?;
        Ok(Arc::new(texts))
    }
}
