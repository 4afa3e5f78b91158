//! What the YAML parser refuses, in our words: too much, twice, or not YAML at all.

use std::sync::Arc;

use serde_yaml::Error;
use serde_yaml::budget::BudgetBreach;

use super::traps::{Complaint, explain};
use super::yaml::{MOST_BYTES, MOST_DEPTH, MOST_VALUES, position};
use super::{Place, Source};
use crate::error::Problem;
use crate::units::{show_bytes, show_count};

/// The parser's complaint as the mistake that it is, at its place.
pub(super) fn problem(source: &Arc<Source>, error: &Error) -> Problem {
    // The library's own snippet is dropped: the line that we show has no user or password of a URL
    // in it.
    let plain = inner(error);
    // Of what an alias stands for, the alias is what the reader looks for.
    let place = match error.location().or_else(|| plain.location()) {
        Some(location) => {
            let ((line, column), length) = position(location);
            Place::new(source.clone(), line, column, length)
        }
        None => Place::new(source.clone(), 1, 1, 1),
    };
    let complaint = |message| Complaint {
        source,
        message,
        line: place.line(),
        column: place.column(),
    };
    let problem = match plain {
        Error::Budget { breach, .. } => limit(breach),
        Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => aliases(),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            Problem::new("an alias stands within what its anchor names")
                .hint("write out what it stands for")
        }
        Error::DuplicateMappingKey { key, .. } => twice(key.as_deref(), &place),
        Error::UnknownAnchor { .. } => explain(&complaint("unknown anchor")),
        Error::MultipleDocuments { .. } => explain(&complaint("multiple YAML documents")),
        Error::ExternalMessage { msg, .. } if msg == "recursion limit exceeded" => deep(),
        Error::ExternalMessage { msg, .. } | Error::Message { msg, .. } => explain(&complaint(msg)),
        Error::MergeValueNotMapOrSeqOfMaps { .. } | Error::MergeKeyNotAllowed { .. } => {
            Problem::new("`<<` takes the keys of another map, and this is none")
                .hint("name a map with an anchor above, and write `<<: *name`")
        }
        Error::InvalidBinaryBase64 { .. }
        | Error::BinaryNotUtf8 { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::UnsupportedTag { .. } => Problem::new("tags of YAML are not taken here")
            .hint("leave it out: `type:` beside a value says what it is"),
        // What is asked for is any value, and any text as a key.
        _ => Problem::new("a key is one text")
            .hint("quote it if it is text: `\"[a]\": …`; a list or a map cannot be a key"),
    };
    problem.at(&place)
}

/// Without what the library shows of the file, and without the alias that led there.
fn inner(error: &Error) -> &Error {
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => inner(error),
        plain => plain,
    }
}

fn twice(key: Option<&str>, place: &Place) -> Problem {
    let written = place.written();
    let key = key.unwrap_or(&written);
    let problem = Problem::new(format!("the key `{key}` stands twice in this map"));
    match key.strip_prefix('-') {
        Some(item) if item.starts_with(char::is_alphabetic) => problem.hint(format!(
            "a space stands after the dash of an item: `- {item}: …`"
        )),
        _ => problem.hint("remove one of the two, or give it another name"),
    }
}

/// What is too much for one file, and where it belongs.
fn limit(breach: &BudgetBreach) -> Problem {
    let reference = "long lists belong in a file of their own: under `reference:` as `names: { path: names.csv }`, and in the column `reference: { from: names, field: name }`";
    match breach {
        BudgetBreach::Depth { .. } => deep(),
        BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } => {
            let most = show_count(MOST_VALUES as u64);
            Problem::new(format!("the file has more than {most} keys and values")).hint(reference)
        }
        BudgetBreach::ScalarBytes { .. } | BudgetBreach::InputBytes { .. } => {
            let most = show_bytes(MOST_BYTES as u64);
            Problem::new(format!("the file has more than {most} of text")).hint(reference)
        }
        BudgetBreach::Documents { .. } => {
            Problem::new("a pipeline file is one YAML document").hint("remove the lines `---`")
        }
        _ => aliases(),
    }
}

fn deep() -> Problem {
    Problem::new(format!("values stand more than {MOST_DEPTH} levels deep"))
        .hint("what is nested deeper can be columns of its own, read with `copy`")
}

fn aliases() -> Problem {
    Problem::new("the file's anchors and aliases stand for too much")
        .hint("write out what they stand for, or move it to a file and `include:` it")
}
