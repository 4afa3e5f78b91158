//! Records of uploads, hidden beside their objects: the next run ends those of a run that was killed.

use serde::{Deserialize, Serialize};

use super::place::ObjectPlace;
use crate::error::{Error, Result};

/// A record of an upload.
#[derive(Debug, Serialize, Deserialize)]
struct UploadRecord {
    key: String,
    upload: String,
}

impl ObjectPlace {
    fn record_key(&self, key: &str) -> String {
        // Its name is that of the object from the folder on, with what no name has for `/`.
        let base = self.key_of(&self.base);
        let inside = key.strip_prefix(&base).unwrap_or(key);
        let name = inside.trim_start_matches('/').replace('/', "\\");
        format!("{}{name}.json", self.records)
    }

    /// Records an upload.
    pub(super) fn record(&self, key: &str, id: &str) -> Result<()> {
        let (key, upload) = (key.to_string(), id.to_string());
        let at = self.record_key(&key);
        let text = serde_json::to_string(&UploadRecord { key, upload });
        let text = text.map_err(|error| Error::because("recording an upload", error))?;
        self.bucket.put(&at, &text)
    }

    /// The uploads of these objects are over: nobody has to end them.
    pub(super) fn forget(&self, keys: &[String]) -> Result<()> {
        let records: Vec<String> = keys.iter().map(|key| self.record_key(key)).collect();
        self.bucket.remove(&records)
    }

    /// Ends uploads, and forgets them.
    pub(super) fn abort(&self, uploads: &[(String, String)]) -> Result<()> {
        self.bucket.abort(uploads)?;
        let keys: Vec<String> = uploads.iter().map(|(key, _)| key.clone()).collect();
        self.forget(&keys)
    }

    /// The uploads that runs before have begun and not ended, by what they have recorded.
    pub(super) fn recorded(&self) -> Result<Vec<(String, String)>> {
        let mut uploads = Vec::new();
        for object in self.bucket.list(self.records.trim_end_matches('/'))? {
            let text = self.bucket.text(&object.key)?;
            let record = text.and_then(|text| serde_json::from_str::<UploadRecord>(&text).ok());
            uploads.extend(record.map(|record| (record.key, record.upload)));
        }
        Ok(uploads)
    }
}
