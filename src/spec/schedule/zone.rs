//! A time zone by its name.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer};

use crate::error::{Problem, did_you_mean};
use crate::place::{Text, carry};

/// A time zone of the IANA database, as `Europe/Rome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

impl Zone {
    /// The zone without daylight saving.
    pub const UTC: Self = Self(chrono_tz::UTC);
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?.0;
        let zone = text.parse::<chrono_tz::Tz>().map(Self);
        zone.map_err(|_| {
            let all = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let near = did_you_mean(&text, all);
            let hint = near.unwrap_or_else(|| "write a name such as `UTC` or `Europe/Rome`".into());
            carry(Problem::new(format!("unknown time zone `{text}`")).hint(hint))
        })
    }
}

impl JsonSchema for Zone {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a time zone: Europe/Rome" })
    }
}
