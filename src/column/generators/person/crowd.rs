//! Who a number is: every fact about a person is a function of the person's 64 bits.

use super::locale::{Locale, LocaleLists};
use crate::column::random::hash::{Key, below};

/// The people of some languages.
pub struct Crowd {
    /// The lists of each language.
    pub lists: Vec<LocaleLists>,
    keys: FactKeys,
}

/// Each fact has its own key, the same in every pipeline: who someone is comes from the number.
struct FactKeys {
    locale: Key,
    gender: Key,
    first: Key,
    last: Key,
    city: Key,
    street: Key,
    digits: Key,
    birth: Key,
}

/// A fact that is one of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// The first name: women's names, then men's.
    First,
    /// The last name.
    Last,
    /// `female` or `male`.
    Gender,
    /// The town.
    City,
    /// The country's name.
    Country,
    /// The country's code.
    CountryCode,
    /// The language's code.
    Locale,
}

/// 1940-01-01 to 2007-12-31, in days since 1970.
pub const BIRTHS: (i64, i64) = (-10_957, 13_878);

impl Crowd {
    /// The people who speak these languages.
    pub fn new(locales: &[Locale]) -> Self {
        let all = Key::new("rowgen person 1");
        Self {
            lists: locales.iter().map(|locale| locale.lists()).collect(),
            keys: FactKeys {
                locale: all.child("locale"),
                gender: all.child("gender"),
                first: all.child("first"),
                last: all.child("last"),
                city: all.child("city"),
                street: all.child("street"),
                digits: all.child("digits"),
                birth: all.child("birth"),
            },
        }
    }

    /// Every value that a fact has in a language, and the text that stands for it.
    pub fn texts(&self, fact: Fact, locale: usize) -> Vec<&'static str> {
        let lists = &self.lists[locale];
        match fact {
            Fact::First => lists.female.iter().chain(&lists.male).copied().collect(),
            Fact::Last => lists.last.clone(),
            Fact::Gender => vec!["female", "male"],
            Fact::City => lists.cities.iter().map(|(name, _)| *name).collect(),
            Fact::Country => lists.countries.iter().map(|country| country.name).collect(),
            Fact::CountryCode => lists.countries.iter().map(|country| country.code).collect(),
            Fact::Locale => vec![lists.code],
        }
    }

    /// The language that a person speaks.
    #[inline(always)]
    pub fn locale(&self, person: u64) -> usize {
        match self.lists.len() {
            1 => 0,
            count => below(self.keys.locale.at(person), count as u64) as usize,
        }
    }

    /// The place of a person's fact among the texts of the language.
    #[inline(always)]
    pub fn place(&self, fact: Fact, locale: usize, person: u64) -> usize {
        let lists = &self.lists[locale];
        let among = |key: &Key, count: usize| below(key.at(person), count as u64) as usize;
        match fact {
            Fact::First => match self.keys.gender.at(person) >> 63 {
                0 => among(&self.keys.first, lists.female.len()),
                _ => lists.female.len() + among(&self.keys.first, lists.male.len()),
            },
            Fact::Last => among(&self.keys.last, lists.last.len()),
            Fact::Gender => (self.keys.gender.at(person) >> 63) as usize,
            Fact::City => among(&self.keys.city, lists.cities.len()),
            Fact::Country | Fact::CountryCode => {
                lists.cities[among(&self.keys.city, lists.cities.len())].1
            }
            Fact::Locale => 0,
        }
    }

    /// The place of the street in its list, and the house number.
    pub fn street(&self, locale: usize, person: u64) -> (usize, u64) {
        let random = self.keys.street.at(person);
        // The high half is the street, and the low half, as random as before, gives the number: one
        // hash for both.
        let product = u128::from(random) * self.lists[locale].streets.len() as u128;
        ((product >> 64) as usize, 1 + below(product as u64, 180))
    }

    /// 64 bits for the digits of numbers and addresses; `use_for` tells their uses apart.
    pub fn digits(&self, person: u64, use_for: u64) -> u64 {
        self.keys.digits.at(person.wrapping_add(use_for))
    }

    /// The day of birth.
    pub fn birth(&self, person: u64) -> i64 {
        let (first, last) = BIRTHS;
        first + below(self.keys.birth.at(person), (last - first + 1) as u64) as i64
    }
}
