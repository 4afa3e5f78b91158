//! What tests ask of MongoDB.

use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};
use rowgen::client::runtime::block_on;

use crate::environment;

/// A database that a test talks to.
pub struct Store {
    client: Client,
    name: String,
}

impl Store {
    /// One of the server that all tests share.
    pub fn shared(name: &str) -> Self {
        Self::at(&environment("MONGODB_URL"), name)
    }

    /// One there.
    pub fn at(url: &str, name: &str) -> Self {
        let client = block_on(async { Client::with_uri_str(url).await });
        Self {
            client: client.unwrap().unwrap(),
            name: name.into(),
        }
    }

    /// A collection of it.
    pub fn collection(&self, name: &str) -> Collection<Document> {
        self.client.database(&self.name).collection(name)
    }

    /// All documents of a collection, by their `_id`.
    pub fn all(&self, name: &str) -> Vec<Document> {
        let found = async {
            let collection = self.collection(name);
            let mut cursor = collection.find(doc! {}).sort(doc! { "_id": 1 }).await?;
            let mut all = Vec::new();
            while cursor.advance().await? {
                all.push(Document::try_from(cursor.current().to_owned())?);
            }
            Ok(all)
        };
        let found: mongodb::error::Result<_> = block_on(found).unwrap();
        found.unwrap()
    }

    /// How many there are.
    pub fn count(&self, name: &str) -> u64 {
        let counted = async { self.collection(name).count_documents(doc! {}).await };
        block_on(counted).unwrap().unwrap()
    }
}
