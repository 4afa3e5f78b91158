//! Rows out of MySQL.
//!
//! ```text
//! session  connections that see one moment, one for each worker
//! look     which columns, which key, how many rows                      columns, count
//! table    a batch is one SELECT of the rows between two keys; without a key all batches are of one
//! rows     rows of the binary protocol become columns                   decode
//! ```

mod columns;
mod count;
mod decode;
mod look;
mod rows;
mod session;
mod table;

use std::sync::{Arc, Mutex};

use super::{Mysql, Relation};
use crate::client::database::connections;
use crate::client::mysql::Database;
use crate::client::patience::Patience;
use crate::client::runtime::{apart, block_on};
use crate::client::server::Server;
use crate::error::{Problem, Result};
use crate::source::by_key::Key;
use crate::source::pool::Pool;
use crate::source::reading::{self, NEVER};
use crate::source::retype::wanted;
use crate::source::sequence::Sequences;
use crate::source::table_reader::{Known, Reader};
use crate::source::{Asked, Opened};
use table::{Access, Table};

/// Whoever reads.
type Reading<'r> = reading::Reading<'r, Database>;

/// What is wrong with the database's address, without connecting.
///
/// # Errors
/// It is none, or the certificate authority's file cannot be read.
pub fn check(mysql: &Mysql) -> Result<(), Problem> {
    Database::new(&mysql.url, mysql.tls.as_ref()).map(drop)
}

/// Looks at what is to be read, and changes nothing.
///
/// # Errors
/// Nobody answers, the user may not, or it is not as the pipeline says.
pub fn open(mysql: &Mysql, relation: Relation, asked: &Asked<'_>) -> Result<Opened> {
    let database = Database::new(&mysql.url, mysql.tls.as_ref())?;
    let relation = relation.within(database.schema());
    let table = apart("looking at the database", || {
        block_on(look(mysql, database, relation, asked))?
    })?;
    Ok(Opened::Records(Arc::new(Reader::new(Arc::new(table)))))
}

async fn look(
    mysql: &Mysql,
    database: Database,
    relation: Relation,
    asked: &Asked<'_>,
) -> Result<Table> {
    let what = format!("{relation} in {}", database.name());
    let count = connections(mysql.connections.as_ref());
    let begun = session::begin(&database, count).await;
    let mut begun = begun.map_err(|error| error.at(&mysql.url.place))?;
    let looking = Reading {
        patience: Patience::new(&database, &NEVER),
        relation: &relation,
    };
    if mysql.load.is_some() && begun.apart.take().is_some() {
        // What is read and how far the load is have to be of one moment.
        begun.connections.truncate(1);
    }
    let count = begun.connections.len();
    let leader = &mut begun.connections[0];
    let found = looking.look(leader, mysql.key.as_ref(), asked).await?;
    let progress = match &mysql.load {
        Some(load) => looking.progress(leader, load).await?,
        None => None,
    };
    let schema = wanted(&found.schema, asked.types)?;
    let counted = found.counted;
    let access = match (found.key, counted.ranges) {
        (Some(name), Some(ranges)) => {
            if let Some(why) = begun.apart {
                tracing::warn!(
                    "{what} is read as it is at {count} moments, one a connection: they cannot begin together ({why}); `connections: 1` reads one moment"
                );
            }
            Access::Key(Key {
                name,
                pool: Pool::new(begun.connections, count),
                ranges,
            })
        }
        _ => {
            let first = begun.connections.into_iter().next();
            Access::Sequence(Sequences::new(counted.rows), Mutex::new(first))
        }
    };
    let known = Known {
        schema,
        rows: counted.rows,
        digest: format!("{what}: {}", counted.digest),
        progress,
        what,
    };
    Ok(Table {
        known,
        database,
        relation,
        columns: found.columns,
        access,
        tells_odd: asked.only_read,
    })
}
