//! Statements of unordered bulks, and what a server says of them.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::Database;
use mongodb::bson::raw::{RawArrayBuf, RawDocumentBuf, cstr};
use mongodb::bson::{Bson, Document};
use mongodb::error::Error as Refusal;

use crate::client::mongodb::passes;
use crate::units::show_count;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Adds a document.
    Insert,
    /// Puts a document in the place of the one with its `_id`, or adds it.
    Replace,
    /// As `Replace`, unless what is there is newer.
    Newer,
}

/// One statement of a bulk.
#[derive(Debug)]
pub struct Statement {
    /// The row that it is for.
    pub row: usize,
    /// The collection.
    pub collection: Arc<str>,
    /// What it does.
    pub kind: Kind,
    /// Of two statements of a bulk with this identity, one is enough; nothing where all are needed.
    pub identity: Option<Vec<u8>>,
    /// Where it stands among those of its identity: the greatest one is enough.
    pub position: String,
    /// It itself: a document to add, or an element of `updates`.
    pub bytes: RawDocumentBuf,
}

impl Statement {
    /// It itself, if its document is one that a server takes.
    ///
    /// # Errors
    /// It is too long.
    pub fn fitting(self) -> Result<Self, String> {
        match self.bytes.as_bytes().len() {
            0..=MOST_OF_DOCUMENT => Ok(self),
            bytes => Err(format!(
                "a document of {} bytes is longer than the {} that MongoDB takes",
                show_count(bytes as u64),
                show_count(MOST_OF_DOCUMENT as u64)
            )),
        }
    }
}

/// What a server did not do.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The statement, among those of the command.
    pub index: usize,
    code: i32,
    message: String,
}

/// A command has at most so many bytes of statements: a server takes 16 MiB of a document.
// The rest is for what stands around the statements: 4 MiB are far more than that.
const MOST_BYTES: usize = 12 << 20;

/// A document has at most so many: for a longer one the server closes the connection without a word.
// Before this check the sink sent such a document again and again, for ever.
const MOST_OF_DOCUMENT: usize = 16 << 20;

/// At most so many statements are in a command: what a server takes.
const MOST_STATEMENTS: usize = 100_000;

/// A key is there already.
const DUPLICATE: i32 = 11000;

/// Only the text tells which index it was: `… index: _id_ dup key: { _id: 1 }`, by some servers
/// `database.collection.$_id_`. An index of another column may have `_id_` within its name, as
/// `customer_id_1` has: a document that it refuses is not there.
fn names_own_index(message: &str) -> bool {
    let mut words = message.split_whitespace();
    let own = words.any(|word| word == "_id_" || word.ends_with(".$_id_"));
    own || message.contains("{ _id:")
}

impl Refused {
    /// A document with this `_id` is there.
    pub fn is_there(&self) -> bool {
        self.code == DUPLICATE && names_own_index(&self.message)
    }

    /// It may be done another time.
    pub fn passes(&self) -> bool {
        passes(self.code)
    }

    /// What the server says.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The statements as commands: by collection and by what they do, of several with one identity the last,
/// not too many at once.
pub fn commands<'s>(statements: &[&'s Statement]) -> Vec<Vec<&'s Statement>> {
    // The statements of an unordered command may be done in any order, so that of several for one
    // document only the last may be sent.
    let mut last: HashMap<(&str, &[u8]), &Statement> = HashMap::new();
    for statement in statements {
        if let Some(identity) = &statement.identity {
            let key = (statement.collection.as_ref(), identity.as_slice());
            let known = last.entry(key).or_insert(statement);
            if statement.position >= known.position {
                *known = statement;
            }
        }
    }
    let is_last = |statement: &&&Statement| match &statement.identity {
        None => true,
        Some(identity) => {
            let key = (statement.collection.as_ref(), identity.as_slice());
            last.get(&key)
                .is_some_and(|last| std::ptr::eq(*last, **statement))
        }
    };
    let mut left: Vec<&Statement> = statements.iter().filter(is_last).copied().collect();
    // A stable sort: the statements of a command are in the order of their rows.
    left.sort_by(|one, other| (other.kind, &one.collection).cmp(&(one.kind, &other.collection)));
    let mut commands: Vec<Vec<&Statement>> = Vec::new();
    let mut bytes = 0;
    for statement in left {
        let size = statement.bytes.as_bytes().len();
        let fits = |command: &&mut Vec<&Statement>| {
            let first = command[0];
            first.kind == statement.kind
                && first.collection == statement.collection
                && command.len() < MOST_STATEMENTS
                && bytes + size <= MOST_BYTES
        };
        match commands.last_mut().filter(fits) {
            Some(command) => command.push(statement),
            None => {
                bytes = 0;
                commands.push(vec![statement]);
            }
        }
        bytes += size;
    }
    commands
}

/// Sends a command: what it did not do.
///
/// # Errors
/// The server did not answer, or refused all of it.
pub async fn send(
    database: &Database,
    command: &[&Statement],
    concern: &RawDocumentBuf,
) -> Result<Vec<Refused>, Refusal> {
    let mut list = RawArrayBuf::new();
    for statement in command {
        list.push(&statement.bytes);
    }
    let first = command[0];
    let mut whole = RawDocumentBuf::new();
    let collection = first.collection.as_ref();
    match first.kind {
        Kind::Insert => {
            whole.append(cstr!("insert"), collection);
            whole.append(cstr!("documents"), &list);
        }
        _ => {
            whole.append(cstr!("update"), collection);
            whole.append(cstr!("updates"), &list);
        }
    }
    // Unordered: an ordered command ends at the first statement that is refused, and the others
    // would have to be sent again.
    whole.append(cstr!("ordered"), false);
    whole.append(cstr!("writeConcern"), concern);
    let answer = database.run_raw_command(whole).await?;
    Ok(refused(&answer))
}

/// What an answer says of statements that were not done.
pub fn refused(answer: &Document) -> Vec<Refused> {
    let errors = answer.get_array("writeErrors");
    let errors = errors.map_or(&[][..], Vec::as_slice).iter();
    let mut refused: Vec<Refused> = errors.filter_map(Bson::as_document).map(one).collect();
    if let Ok(concern) = answer.get_document("writeConcernError") {
        // All is done, and not yet as safe as it has to be.
        refused.push(Refused {
            index: usize::MAX,
            // `WriteConcernFailed`, one of those that pass.
            code: 64,
            message: concern.get_str("errmsg").unwrap_or_default().into(),
        });
    }
    refused
}

fn one(error: &Document) -> Refused {
    let number = |name| error.get(name).and_then(whole).unwrap_or(0);
    Refused {
        index: usize::try_from(number("index")).unwrap_or(usize::MAX),
        code: i32::try_from(number("code")).unwrap_or(0),
        message: error.get_str("errmsg").unwrap_or_default().into(),
    }
}

fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) => Some(*number as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_there_only_by_its_own_index() {
        for (message, there) in [
            (
                "E11000 duplicate key error collection: shop.orders index: _id_ dup key: { _id: 1 }",
                true,
            ),
            (
                "E11000 duplicate key error index: shop.orders.$_id_ dup key: { : 1 }",
                true,
            ),
            (
                "E11000 duplicate key error collection: shop.orders index: customer_id_1 dup key: { customer_id: 7 }",
                false,
            ),
            (
                "E11000 duplicate key error collection: shop.by_id_of index: name_1 dup key: { name: \"x\" }",
                false,
            ),
        ] {
            assert_eq!(names_own_index(message), there, "{message}");
        }
    }
}
