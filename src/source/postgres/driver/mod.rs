//! Rows out of PostgreSQL.
//!
//! ```text
//! look     which columns, which key, how many rows; at one moment     columns, count
//! pool     connections that see that moment, one for each worker      session
//! table    a batch is one COPY of the rows between two keys           ranges, copy
//! sequence without a key all batches are of one COPY                  copy
//! decode   rows of a COPY become columns, one at a time               split, decode
//! ```

mod columns;
mod copy;
mod count;
mod decode;
mod look;
mod session;
mod split;
mod table;

use std::sync::Arc;

use super::{Postgres, Relation};
use crate::client::database::connections;
use crate::client::patience::Patience;
use crate::client::postgres::Database;
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
use look::Look;
use session::Snapshot;
use table::{Access, Table};

/// Whoever reads.
type Reading<'r> = reading::Reading<'r, Database>;

/// What is wrong with the database's address, without connecting.
///
/// # Errors
/// It is none, or the certificate authority's file cannot be read.
pub fn check(postgres: &Postgres) -> Result<(), Problem> {
    Database::new(&postgres.url, postgres.tls.as_ref()).map(drop)
}

/// Looks at what is to be read, and changes nothing.
///
/// # Errors
/// Nobody answers, the user may not, or it is not as the pipeline says.
pub fn open(postgres: &Postgres, relation: Relation, asked: &Asked<'_>) -> Result<Opened> {
    let database = Database::new(&postgres.url, postgres.tls.as_ref())?;
    let table = apart("looking at the database", || {
        block_on(look(postgres, database, relation, asked))?
    })?;
    Ok(Opened::Records(Arc::new(Reader::new(Arc::new(table)))))
}

async fn look(
    postgres: &Postgres,
    database: Database,
    relation: Relation,
    asked: &Asked<'_>,
) -> Result<Table> {
    let what = format!("{relation} in {}", database.name());
    let taken = Snapshot::take(database).await;
    let mut snapshot = taken.map_err(|error| error.at(&postgres.url.place))?;
    let Snapshot {
        database, leader, ..
    } = &mut snapshot;
    let reading = Reading {
        patience: Patience::new(database, &NEVER),
        relation: &relation,
    };
    let looking = Look {
        client: &leader.client,
        reading,
    };
    let found = looking.look(postgres.key.as_ref(), asked).await?;
    let progress = match &postgres.load {
        Some(load) => reading.progress(&mut leader.client, load).await?,
        None => None,
    };
    let schema = wanted(&found.schema, asked.types)?;
    let counted = found.counted;
    let access = match (found.key, counted.ranges) {
        (Some(name), Some(ranges)) => Access::Key(Key {
            name,
            pool: Pool::new(Vec::new(), connections(postgres.connections.as_ref())),
            ranges,
        }),
        _ => Access::Sequence(Sequences::new(counted.rows)),
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
        relation,
        columns: found.columns,
        access,
        snapshot,
        tells_odd: asked.only_read,
    })
}
