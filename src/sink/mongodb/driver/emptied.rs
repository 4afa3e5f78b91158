//! Tables that were emptied: of the state of each, nothing may be left that is older than that, nor come back.
//!
//! A document of the collection says when it was, `{ _id: { _truncated: true }, _deleted: true, _position }`. It
//! is written as rows are, so that the last time stays. Whoever has written looks at it afterwards, and removes
//! what is older: either it was there by then, or its writer comes later and finds the rows. So it makes no
//! difference by which connection, how often, and in which order changes come, and no transaction is needed,
//! which a server that stands alone does not have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mongodb::Database;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Result as Answer;

use super::bulk::{Refused, Statement, refused};
use crate::sync::lock;

/// Of each collection where the last change stands that emptied it, as far as that was seen and all that is
/// older is gone.
#[derive(Default)]
pub struct Emptied(Mutex<HashMap<Arc<str>, String>>);

/// The key of the document that says so. No row has a document of one `true` as its key.
pub fn id() -> Bson {
    Bson::Document(doc! { "_truncated": true })
}

impl Emptied {
    /// Leaves out what is older than the last emptying: it would be seen until it is removed.
    pub fn newer<'s>(&self, command: &[&'s Statement]) -> Vec<&'s Statement> {
        let known = lock(&self.0);
        let is_newer = |statement: &&&Statement| {
            let emptied = known.get(&statement.collection);
            emptied.is_none_or(|emptied| *emptied <= statement.position)
        };
        command.iter().filter(is_newer).copied().collect()
    }

    /// These were written: removes what is older than the last time at which the collection was emptied. What
    /// the server did not do of that.
    ///
    /// # Errors
    /// The server did not answer, or refused it.
    pub async fn after(
        &self,
        database: &Database,
        written: &[&Statement],
        concern: &RawDocumentBuf,
    ) -> Answer<Vec<Refused>> {
        let Some(first) = written.first() else {
            return Ok(Vec::new());
        };
        let collection = &first.collection;
        // Never of a secondary, which may not have it yet.
        let find = doc! { "find": collection.as_ref(), "filter": { "_id": id() }, "limit": 1, "singleBatch": true };
        let answer = database.run_command(find).await?;
        let Some(emptied) = position(&answer) else {
            return Ok(Vec::new());
        };
        let is_known = lock(&self.0)
            .get(collection)
            .is_some_and(|known| known.as_str() >= emptied);
        // Mostly a table was emptied long ago, and nothing that comes is older: then no delete is
        // sent.
        if is_known && written.iter().all(|one| one.position.as_str() >= emptied) {
            return Ok(Vec::new());
        }
        let delete = doc! {
            "delete": collection.as_ref(),
            "deletes": [{ "q": { "_position": { "$lt": emptied } }, "limit": 0 }],
            "writeConcern": Document::try_from(concern.clone())?,
        };
        let left = refused(&database.run_command(delete).await?);
        // Noted only once all that is older is gone: until then each writer removes it again.
        if left.is_empty() {
            let mut known = lock(&self.0);
            let known = known.entry(collection.clone()).or_default();
            if known.as_str() < emptied {
                *known = emptied.to_string();
            }
        }
        Ok(left)
    }
}

/// Where the change stands that a found document tells of.
fn position(answer: &Document) -> Option<&str> {
    let cursor = answer.get_document("cursor").ok()?;
    let found = cursor.get_array("firstBatch").ok()?.first()?;
    found.as_document()?.get_str("_position").ok()
}
