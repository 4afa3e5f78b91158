//! What sinks keep at servers: which source reads it back, and how `--against` says the same.

use std::sync::Arc;

use super::spelling::Spelling;
use crate::error::Problem;
use crate::place::{Placed, Secret, Text};
use crate::sink::{ChangesOf, HeldChanges, HeldTable, Holds, TableServer};
use crate::source::{self, Source};

/// The source that reads a table back, and how values are spelt there; with `load` it reads the
/// progress of that load of changes, too.
///
/// # Errors
/// This build has no driver for it.
pub(super) fn reader(
    held: &HeldTable<'_>,
    table: &str,
    load: Option<&str>,
) -> Result<(Arc<dyn Source>, Spelling), String> {
    let (url, tls) = (held.url.clone(), held.tls.cloned());
    let connections = held.connections.cloned();
    let table = called(held, table);
    Ok(match held.server {
        TableServer::Postgres if cfg!(feature = "postgres") => {
            // The progress of the load is read in the same snapshot as its rows, or a load that is
            // going on would differ by what came between.
            let source = source::postgres::Postgres::of((url, tls), table, connections, load);
            (Arc::new(source), Spelling::Table)
        }
        TableServer::Mysql if cfg!(feature = "mysql") => {
            let source = source::mysql::Mysql::of((url, tls), table, connections, load);
            (Arc::new(source), Spelling::Mysql)
        }
        TableServer::MongoDb if cfg!(feature = "mongodb") => {
            let database = held.database.cloned();
            let source = source::mongodb::MongoDb::of(url, database, table, tls);
            (Arc::new(source), Spelling::Documents)
        }
        TableServer::Postgres => return Err(without("PostgreSQL")),
        TableServer::Mysql => return Err(without("MySQL")),
        TableServer::MongoDb => return Err(without("MongoDB")),
    })
}

/// What this build has no driver for.
pub(super) fn without(server: &str) -> String {
    format!("this rowgen was built without {server}")
}

/// The sources that read the documents of a table's changes, and the state that they have come to.
pub(super) fn readers_of_changes(
    held: &HeldChanges<'_>,
    of: &ChangesOf,
) -> [source::mongodb::MongoDb; 2] {
    let reader = |collection: &str| {
        source::mongodb::MongoDb::of(
            held.url.clone(),
            held.database.cloned(),
            held.url.place.with(Text(collection.to_string())),
            held.tls.cloned(),
        )
    };
    [reader(&of.documents).changes(), reader(&of.state).current()]
}

/// What a table of a server is called.
fn called(held: &HeldTable<'_>, table: &str) -> Placed<Text> {
    let own = || held.url.place.with(Text(table.to_string()));
    held.into.cloned().unwrap_or_else(own)
}

/// A table whose rows do not come again, and what helps: whoever makes them knows what they must be.
pub(super) fn streamed(holds: &Holds<'_>, table: &str) -> Problem {
    let problem = Problem::new("its table is read from a stream, whose rows do not come again");
    match holds {
        Holds::Table(held) => problem.hint(elsewhere(held, table)),
        Holds::Changes(held) => problem.hint(elsewhere_changes(held)),
        _ => problem,
    }
}

fn elsewhere(held: &HeldTable<'_>, table: &str) -> String {
    let (server, what) = match held.server {
        TableServer::Postgres => ("postgres", "table"),
        TableServer::Mysql => ("mysql", "table"),
        TableServer::MongoDb => ("mongodb", "collection"),
    };
    let name = called(held, table);
    let options = format!("{what}: {}", quoted(&name.place.shown(name.as_str())));
    let address = address(held.url, held.database);
    format!(
        "{MAKER} {}",
        command(&format!("{server}: {{ {address}, {options} }}"))
    )
}

/// The same of documents that tell of the changes of other tables.
fn elsewhere_changes(held: &HeldChanges<'_>) -> String {
    let address = address(held.url, held.database);
    let against = |collection: &str, how: &str| {
        let collection = quoted(collection);
        format!("mongodb: {{ {address}, collection: {collection}, {how}: true }}")
    };
    let Some(of) = held.tables.first() else {
        return format!("{MAKER} {}", command(&against(&held.any, "changes")));
    };
    format!(
        "{MAKER} {} for the rows that there are, and with `collection: {}, changes: true` for the document of each change",
        command(&against(&of.state, "current")),
        quoted(&of.documents)
    )
}

const MAKER: &str = "the pipeline that makes the rows knows what they must be:";

/// In quotes that a shell leaves alone, for there are names with `$` within.
fn command(against: &str) -> String {
    format!("`rowgen verify PIPELINE --sinks SINK --against '{against}'`")
}

/// The address as the pipeline spells it: `${…}` stands in the place of a secret.
fn address(url: &Placed<Secret>, database: Option<&Placed<Text>>) -> String {
    // As the file spells it, with `${env:…}` in the place of a password: the command can be pasted
    // and shows no secret.
    let url = format!("url: \"{}\"", url.place.shown(&url.value.0));
    match database {
        Some(name) => format!(
            "{url}, database: {}",
            quoted(&name.place.shown(name.as_str()))
        ),
        None => url,
    }
}

/// A text as YAML takes it within braces.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text.to_string(),
        false => format!("\"{text}\""),
    }
}
