//! A collection: how many documents it has, and any of them by their place in the order of `_id`.

use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::Result as Answer;
use mongodb::options::FindOptions;
use mongodb::{Client, Collection};

use super::super::MongoDb;
use super::server;
use crate::client::mongodb::Server;
use crate::client::runtime::{apart, block_on};
use crate::error::Result;

/// Where every so many documents begin is kept: those behind are found from there.
// A billion documents have 244 141 marks, and at most 4095 of them are passed over to reach any.
const STEP: u64 = 4096;

/// A collection as it was when it was opened.
pub struct Documents {
    server: Server,
    collection: Collection<RawDocumentBuf>,
    pub name: String,
    filter: Document,
    /// The `_id` of every `STEP`-th document.
    marks: Vec<Bson>,
    pub count: u64,
    /// It lives as long as what it reads.
    _client: Client,
}

impl Documents {
    /// Looks at the server, and at the `_id` of every document.
    ///
    /// # Errors
    /// Nobody answers, or the user may not.
    pub fn open(options: &MongoDb) -> Result<Self> {
        let (server, database) = server(options)?;
        apart("looking at the collection", || {
            block_on(Self::look(options, server, &database))?
        })
    }

    async fn look(options: &MongoDb, server: Server, database: &str) -> Result<Self> {
        let client = server.client().map_err(|refused| refused.error)?;
        let database = client.database(database);
        let there = server.ping(&database).await;
        there.map_err(|refused| refused.error)?;
        let name = options.collection.as_str();
        let filter = match options.is_current() {
            true => doc! { "_deleted": { "$ne": true } },
            false => doc! {},
        };
        let mut documents = Self {
            collection: database.collection(name),
            name: name.to_string(),
            filter,
            marks: Vec::new(),
            count: 0,
            _client: client,
            server,
        };
        let marked = documents.mark().await;
        let doing = format!("reading collection {name} of");
        marked.map_err(|error| documents.server.refused(&doing, &error).error)?;
        Ok(documents)
    }

    async fn mark(&mut self) -> Answer<()> {
        let options = FindOptions::builder()
            .sort(doc! { "_id": 1 })
            .projection(doc! { "_id": 1 })
            .batch_size(10_000)
            .build();
        let found = self.collection.find(self.filter.clone());
        let mut cursor = found.with_options(options).await?;
        while cursor.advance().await? {
            if self.count.is_multiple_of(STEP) {
                let document = Document::try_from(cursor.current().to_owned())?;
                self.marks.extend(document.get("_id").cloned());
            }
            self.count += 1;
        }
        Ok(())
    }

    /// Documents from this one on.
    ///
    /// # Errors
    /// The server does not give them.
    pub fn read(&self, first: u64, count: usize) -> Result<Vec<Document>> {
        let doing = format!("reading collection {} of", self.name);
        let read = || {
            let read = block_on(self.fetch(first, count))?;
            read.map_err(|error| self.server.refused(&doing, &error).error)
        };
        apart("reading a collection", read)
    }

    async fn fetch(&self, first: u64, count: usize) -> Answer<Vec<Document>> {
        let mut filter = self.filter.clone();
        // There are no more marks than fit.
        if let Some(mark) = self.marks.get((first / STEP) as usize) {
            filter.insert("_id", doc! { "$gte": mark });
        }
        let options = FindOptions::builder()
            .sort(doc! { "_id": 1 })
            .skip(first % STEP)
            .limit(i64::try_from(count).unwrap_or(i64::MAX))
            .build();
        let mut cursor = self.collection.find(filter).with_options(options).await?;
        let mut documents = Vec::with_capacity(count);
        while cursor.advance().await? {
            documents.push(Document::try_from(cursor.current().to_owned())?);
        }
        Ok(documents)
    }

    /// Where it is.
    pub fn server(&self) -> &str {
        self.server.name()
    }
}
