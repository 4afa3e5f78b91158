//! `changes:`: tables whose rows are inserts, updates and deletes of rows.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::changes::Target;
use crate::place::{Count, NamedItems, OneOrMany, Placed, Rate, Text};

/// Changes of tables: each table of the mix becomes the list of its inserts, updates and deletes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Changes a second of all tables together (default: as fast as it goes).
    pub rate: Option<Placed<Rate>>,
    /// How many changes of all tables together; 0 runs until it is stopped (default).
    pub count: Option<Placed<Count>>,
    /// Changes in a block, rounded to whole turns of the mix (default 5_000): a row refers to rows that are a block older or more, and rows are deleted in the block behind that of their insert.
    pub block: Option<Placed<Count>>,
    /// What an update says: the key and the columns of `set` (`minimal`, default), or all columns as it leaves them (`full`).
    #[serde(default)]
    pub image: Image,
    /// What is done how often: for each table the weights of its operations, against those of all others.
    pub mix: Placed<NamedItems<Mix>>,
}

/// How much of a row an update says, as `binlog_row_image` of MySQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// The key and what it sets.
    #[default]
    Minimal,
    /// The whole row as it is then.
    Full,
}

/// How often the rows of a table are inserted, updated and deleted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// The weight of its inserts.
    pub insert: Option<Placed<Count>>,
    /// Its updates.
    pub update: Option<Update>,
    /// The weight of its deletes: less than that of its inserts.
    pub delete: Option<Placed<Count>>,
}

/// How often rows are updated, which, and what of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The weight of the updates.
    pub weight: Placed<Count>,
    /// The columns that an update sets: it makes them anew, and the hidden columns that only these are made of.
    pub set: OneOrMany<Placed<Text>>,
    /// Which rows are updated (default: all alike).
    #[serde(default)]
    pub target: Targets,
}

/// Which rows are updated.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// How updates are spread over the rows that are there.
    #[serde(default)]
    pub distribution: Target,
}
