//! A cron pattern: five fields, read by the crate `croner`.

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use croner::parser::{CronParser, Seconds, Year};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer};

use crate::error::Problem;
use crate::place::{Text, carry};

/// A cron pattern, which matches minutes of a calendar.
///
/// `croner` is asked about a calendar without a zone: which moment a minute of it is, where clocks go
/// forward or back, is decided by `Slots`, so that each minute that matches is one slot.
#[derive(Debug, Clone)]
pub struct Cron(croner::Cron);

const FIELDS: &str = "five fields: minute, hour, day of the month, month, day of the week; `15 2 * * *` is 02:15 each day";

impl Cron {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is none, or no time matches it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let parser = CronParser::builder();
        // Five fields as in `crontab(5)`: a sixth one would be seconds to some programs and years
        // to others.
        let parser = parser.seconds(Seconds::Disallowed).year(Year::Disallowed);
        let cron = parser.build().parse(text.trim()).map_err(|error| {
            let what = format!("`{text}` is no cron pattern");
            Problem::new(what).cause(error).hint(FIELDS)
        })?;
        let cron = Self(cron);
        // A leap day comes within eight years; `0 0 30 2 *` never does.
        match cron.at_or_after(chrono::NaiveDate::default().into()) {
            Some(_) => Ok(cron),
            None => Err(Problem::new(format!("no day matches `{text}`"))
                .hint("the third field is the day of the month, the fourth the month")),
        }
    }

    /// The first minute that matches, from this one on.
    pub fn at_or_after(&self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        let found = self.0.find_next_occurrence(&calendar(time), true);
        found.ok().map(|found| found.naive_utc())
    }

    /// The last minute that matches, up to this one.
    pub fn at_or_before(&self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        let found = self.0.find_previous_occurrence(&calendar(time), true);
        found.ok().map(|found| found.naive_utc())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// A calendar in which every minute is there once.
fn calendar(time: NaiveDateTime) -> DateTime<Utc> {
    Utc.from_utc_datetime(&time)
}

impl<'de> Deserialize<'de> for Cron {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Text::deserialize(deserializer)?).map_err(carry)
    }
}

impl JsonSchema for Cron {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cron".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a cron pattern of five fields: 15 2 * * *" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_never_comes_is_refused() {
        let wrong = |text: &str| Cron::parse(text).unwrap_err().to_string();
        assert_eq!(
            wrong("0 0 30 2 *"),
            "error: no day matches `0 0 30 2 *`\n  hint: the third field is the day of the month, the fourth the month"
        );
        for text in ["", "15 2 * *", "0 15 2 * * *", "61 2 * * *", "15 2 * * MOO"] {
            assert!(wrong(text).contains("is no cron pattern"), "{text}");
        }
        assert!(Cron::parse("0 0 29 2 *").is_ok());
        assert!(Cron::parse("@daily").is_ok());
    }
}
