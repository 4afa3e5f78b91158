//! Documents on their way to being rows.

mod collection;
mod events;
mod records;
mod text;

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};

use super::MongoDb;
use crate::client::mongodb::Server;
use crate::error::{Error, Problem, Result};
use crate::source::retype::typed;
use crate::source::{Asked, Opened};
use collection::Documents;
pub use events::{Event, EventsRead, events};
use records::Rows;

/// What is wrong with the address.
///
/// # Errors
/// It is none.
pub fn check(options: &MongoDb) -> Result<(), Problem> {
    crate::client::mongodb::check(&options.url)
}

/// Asks which documents there are.
///
/// # Errors
/// The server cannot be reached, or the columns are not known.
pub fn open(options: &MongoDb, asked: &Asked<'_>) -> Result<Opened> {
    if asked.types.is_empty() {
        let problem = Problem::new("documents do not tell their columns");
        let hint = "say them in the table's `types`: `types: { id: int64, name: utf8 }`";
        return Err(problem.at(&options.collection.place).hint(hint).into());
    }
    let fields = asked
        .types
        .iter()
        .map(|(name, wanted)| typed(&name.value, wanted));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
    let documents = Documents::open(options)?;
    Ok(Opened::Records(Arc::new(Rows::new(
        documents,
        schema,
        options.on_bad_row.clone(),
    ))))
}

/// The server and the name of the database.
fn server(options: &MongoDb) -> Result<(Server, String)> {
    let server = Server::new(&options.url, options.tls.as_ref()).map_err(Error::user)?;
    let said = options.database.as_ref().map(|name| name.as_str());
    let name = said.or(server.database()).ok_or_else(|| {
        Problem::new("neither `database` nor the address names a database")
            .at(&options.url.place)
            .hint("say `database: shop`, or `mongodb://HOST:27017/shop`")
    });
    let name = name.map_err(Error::user)?.to_string();
    Ok((server, name))
}
