//! What people are called and where they live, language by language, as the lists say.

use schemars::JsonSchema;
use serde::Deserialize;

/// A language and its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// German: Germany, Austria, Switzerland.
    De,
    /// English: the United States, the United Kingdom, Canada, Australia, Ireland.
    En,
    /// Spanish: Spain, Mexico, Argentina.
    Es,
    /// French: France, Belgium.
    Fr,
    /// Italian: Italy.
    It,
    /// Japanese in Latin letters: Japan.
    Ja,
}

/// The lists of one language.
pub struct LocaleLists {
    /// The language's code.
    pub code: &'static str,
    /// The countries that its towns are in.
    pub countries: Vec<Country>,
    /// Towns, with the place of their country.
    pub cities: Vec<(&'static str, usize)>,
    /// Streets.
    pub streets: Vec<&'static str>,
    /// House numbers stand before the street.
    pub number_first: bool,
    /// Women's first names.
    pub female: Vec<&'static str>,
    /// Men's first names.
    pub male: Vec<&'static str>,
    /// Last names.
    pub last: Vec<&'static str>,
}

/// A country.
pub struct Country {
    /// ISO 3166-1, two letters.
    pub code: &'static str,
    /// In its own language.
    pub name: &'static str,
    /// Telephone numbers: `#` is a digit.
    pub phone: &'static str,
    /// Postal codes: `#` is a digit, `@` a letter.
    pub postal_code: &'static str,
}

impl Locale {
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::De => ("de", include_str!("de.txt")),
            Self::En => ("en", include_str!("en.txt")),
            Self::Es => ("es", include_str!("es.txt")),
            Self::Fr => ("fr", include_str!("fr.txt")),
            Self::It => ("it", include_str!("it.txt")),
            Self::Ja => ("ja", include_str!("ja.txt")),
        }
    }

    /// Its code.
    pub fn code(self) -> &'static str {
        self.text().0
    }

    /// Its lists.
    pub fn lists(self) -> LocaleLists {
        let (code, text) = self.text();
        let mut lists = LocaleLists {
            code,
            countries: Vec::new(),
            cities: Vec::new(),
            streets: Vec::new(),
            number_first: false,
            female: Vec::new(),
            male: Vec::new(),
            last: Vec::new(),
        };
        let mut section = "";
        for line in text.lines() {
            match line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                Some(name) => section = name,
                None => lists.read(section, line),
            }
        }
        lists
    }
}

impl LocaleLists {
    fn read(&mut self, section: &str, line: &'static str) {
        let (head, rest) = line.split_once(": ").unwrap_or(("", line));
        let items = rest.split(", ");
        match section {
            "countries" => self.countries.extend(Country::read(line)),
            "cities" => {
                let country = self
                    .countries
                    .iter()
                    .position(|country| country.code == head);
                let country = country.unwrap_or_default();
                self.cities.extend(items.map(|city| (city, country)));
            }
            "streets" => {
                self.number_first = head == "before";
                self.streets.extend(items);
            }
            "female" => self.female.extend(items),
            "male" => self.male.extend(items),
            _ => self.last.extend(items),
        }
    }
}

impl Country {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.split('|');
        Some(Self {
            code: parts.next()?,
            name: parts.next()?,
            phone: parts.next()?,
            postal_code: parts.next()?,
        })
    }
}

/// A name in small ASCII letters, for addresses.
pub fn folded(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        match character {
            'a'..='z' => text.push(character),
            'à'..='å' => text.push('a'),
            'è'..='ë' => text.push('e'),
            'ì'..='ï' => text.push('i'),
            'ò'..='ö' => text.push('o'),
            'ù'..='ü' => text.push('u'),
            'ç' => text.push('c'),
            'ñ' => text.push('n'),
            'ß' => text.push_str("ss"),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_long_and_without_repetitions() {
        use Locale::{De, En, Es, Fr, It, Ja};
        for locale in [De, En, Es, Fr, It, Ja] {
            let lists = locale.lists();
            let (first, last) = if locale == En { (200, 400) } else { (80, 150) };
            for (names, least) in [
                (&lists.female, first),
                (&lists.male, first),
                (&lists.last, last),
            ] {
                assert!(names.len() >= least, "{}: {}", lists.code, names.len());
                let distinct: std::collections::BTreeSet<_> = names.iter().collect();
                assert_eq!(distinct.len(), names.len(), "{}", lists.code);
                for name in names {
                    assert!(
                        (2..=24).contains(&name.len()) && folded(name).len() > 1,
                        "{name}"
                    );
                    assert!(
                        name.chars().all(|c| c.is_alphabetic() || " '-".contains(c)),
                        "{name}"
                    );
                }
            }
            assert!(lists.cities.len() >= 50 && lists.streets.len() >= 20);
            let countries: std::collections::BTreeSet<_> =
                lists.cities.iter().map(|city| city.1).collect();
            assert_eq!(countries.len(), lists.countries.len());
        }
    }
}
