//! `person`: a person in each row, whose name, sex, place, address and telephone number agree.
//!
//! The lists beside this file are our own, of names, towns and streets that are common in each
//! language: facts that nobody owns; like the rest of rowgen under the Apache License 2.0. Mail
//! addresses end in domains that RFC 2606 sets aside for examples; telephone numbers are, where a
//! country has some, those it sets aside for fiction (United States, Canada, United Kingdom,
//! Australia, Germany, France).

mod crowd;
mod field;
mod locale;

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::crowd::Crowd;
use self::field::{FIELDS, person_field};
use self::locale::Locale;
use super::Generator;
use super::facts::{self, Facts};
use crate::column::build::{Build, BuiltColumn};
use crate::error::Problem;
use crate::place::{OneOrMany, Placed};
use crate::units::show_count;

/// A person; shown as the full name. `column.field` reads more of the same person: first_name,
/// last_name, full_name, gender, birth_date, email, user_name, phone, street, postal_code, city,
/// country, country_code, locale.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The languages that people speak, each as likely as the others (default `en`).
    locale: Option<Placed<OneOrMany<Locale>>>,
}

/// Languages of all columns of persons, of which each holds its lists: 70 KB.
pub(in crate::column) const MOST_LANGUAGES: u64 = 2_000;

impl Generator for Person {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("person", "text"));
        }
        let locales = match &self.locale {
            None => vec![Locale::En],
            Some(locales) if locales.value.0.is_empty() => {
                return Err(Problem::new("at least one locale is needed").at(&locales.place));
            }
            Some(locales) => {
                refuse_repeated(locales)?;
                locales.value.0.clone()
            }
        };
        let languages = build.count_languages(locales.len() as u64);
        if languages > MOST_LANGUAGES {
            let (languages, most) = (show_count(languages), show_count(MOST_LANGUAGES));
            let message = format!(
                "the columns of `person` have {most} languages in a pipeline at most: up to here are {languages}"
            );
            return Err(Problem::new(message)
                .at(&build.place)
                .hint("one person has many fields: read them with `copy: who.email`"));
        }
        facts::column_of(Crowd::new(&locales), "full_name", build)
    }
}

/// # Errors
/// A language stands twice.
fn refuse_repeated(locales: &Placed<OneOrMany<Locale>>) -> Result<(), Problem> {
    let all = &locales.value.0;
    let again = |at: &usize| all[..*at].contains(&all[*at]);
    // There are fewer languages than that.
    match (0..all.len().min(100)).find(again) {
        None => Ok(()),
        Some(at) => {
            let message = format!("`{}` stands twice in `locale`", all[at].code());
            Err(Problem::new(message)
                .at(&locales.place)
                .hint("name each language once: all are equally likely"))
        }
    }
}

impl Facts for Crowd {
    const WHAT: &'static str = "a person";
    const FIELDS: &'static [&'static str] = FIELDS;

    fn field(self: &Arc<Self>, name: &str) -> Option<BuiltColumn> {
        person_field(name, self)
    }
}

#[cfg(test)]
mod tests;
