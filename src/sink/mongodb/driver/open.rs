//! A load: what is looked at before, and what is done before its first row.

use std::sync::{Arc, OnceLock};

use mongodb::bson::doc;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::{Client, Database};

use super::super::envelopes::Columns;
use super::super::{Mode, MongoDb};
use super::changes::Changes;
use super::emptied::Emptied;
use super::rows::Documents;
use super::session::{Connecting, Made, Rows};
use crate::batch::Batch;
use crate::client::database::connections;
use crate::client::mongodb::{Refused, Server};
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Result};
use crate::sink::session::{self, SessionOptions};
use crate::sink::{Found, Target};

/// Everything about a load that does not change.
pub struct Load {
    pub server: Server,
    /// How safe a write has to be before it is answered.
    pub concern: RawDocumentBuf,
    name: String,
    kind: Kind,
    empties: bool,
    client: OnceLock<Client>,
    /// What tables were emptied.
    pub emptied: Emptied,
}

/// What rows become.
enum Kind {
    Documents(Documents),
    Changes(Box<Changes>),
}

/// No bulk has more bytes: it is sent in commands of 12 MiB.
// Four commands in one bulk; nothing was measured.
const BULK_BYTES: usize = 48 << 20;

impl Load {
    pub fn new(options: &MongoDb, target: &Target, server: Server) -> Result<Self> {
        let said = options.database.as_ref().map(|name| name.as_str());
        // One of them is there, which was checked.
        let name = said.or(server.database()).unwrap_or_default();
        let concern = RawDocumentBuf::try_from(&server.write_concern());
        let concern = concern.map_err(|error| Error::because("reading the address", error))?;
        let kind = match &options.envelopes {
            Some(envelopes) => {
                let columns = Columns::of(&target.shape, &options.url.place);
                let columns = columns.map_err(Error::user)?;
                Kind::Changes(Box::new(Changes::new(envelopes.clone(), columns)))
            }
            None => {
                let load = (!target.is_stream).then_some(target.load.as_str());
                Kind::Documents(Documents::new(options, &target.shape.table, load))
            }
        };
        Ok(Self {
            name: name.to_string(),
            kind,
            concern,
            // A stream is never emptied: its earlier rows do not come again.
            empties: (options.mode == Mode::Truncate || target.overwrite) && !target.is_stream,
            server,
            client: OnceLock::new(),
            emptied: Emptied::default(),
        })
    }

    /// The database. Only on a thread that waits on the runtime.
    pub fn database(&self) -> Result<Database, Refused> {
        // One client for all sessions: it keeps a pool of connections and watches the servers of a
        // set.
        let client = match self.client.get() {
            Some(client) => client,
            None => {
                let made = self.server.client()?;
                self.client.get_or_init(|| made)
            }
        };
        Ok(client.database(&self.name))
    }

    /// Looks, and changes nothing.
    pub async fn look(&self) -> Result<()> {
        let database = self.database().map_err(|refused| refused.error)?;
        let there = self.server.ping(&database).await;
        there.map_err(|refused| refused.error)
    }

    /// What rows become.
    pub fn encode(&self, batch: &Batch) -> Result<Rows> {
        let (statements, unheld) = match &self.kind {
            Kind::Documents(documents) => documents.encode(batch)?,
            Kind::Changes(changes) => changes.encode(batch)?,
        };
        let rows = batch.rows.num_rows();
        Ok(Rows {
            made: Arc::new(Made::new(statements, unheld, batch.rows.clone())),
            rows: 0..rows,
        })
    }

    /// Removes what is there.
    async fn empty(&self) -> Result<()> {
        let Kind::Documents(documents) = &self.kind else {
            return Ok(());
        };
        let database = self.database().map_err(|refused| refused.error)?;
        let delete = doc! {
            "delete": documents.collection.as_ref(),
            "deletes": [{ "q": {}, "limit": 0 }],
        };
        // Documents go and the collection stays, with its indexes and whatever else somebody has
        // set up.
        let deleted = database.run_command(delete).await;
        let doing = format!("emptying collection {} of", documents.collection);
        deleted.map_err(|error| self.server.refused(&doing, &error).error)?;
        Ok(())
    }
}

impl Load {
    /// The load as the engine is told of it.
    pub fn found(self: Arc<Self>, target: &Target, options: &MongoDb) -> Result<Found> {
        let encode = {
            let load = self.clone();
            move |batch: &Batch| load.encode(batch)
        };
        let rows = options.bulk_rows() as usize;
        let sessions = SessionOptions {
            sessions: connections(options.connections.as_ref()),
            rows: rows..=rows,
            bytes: BULK_BYTES,
            linger: options
                .linger
                .as_ref()
                .map(|linger| linger.0)
                .unwrap_or_default(),
            bad_rows: options.on_bad_row.clone(),
            ..SessionOptions::default()
        };
        let found = session::sink(target, Connecting(self.clone()), sessions, encode)?;
        let empties = self.empties;
        let prepare = move || match empties {
            true => apart("emptying the collection", || block_on(self.empty())?),
            false => Ok(()),
        };
        Ok(session::prepared(found, (empties, None), prepare))
    }
}
