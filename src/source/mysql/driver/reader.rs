//! A table as one run reads it, which says when it ends.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;

use super::table::{Access, Table};
use crate::error::Result;
use crate::source::{Piece, Records};

/// Rows that are on their way when the run is to end are waited for so long.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// A table as one run reads it.
pub(super) struct Reader {
    table: Arc<Table>,
    /// Since when the run is to end.
    stopped: OnceLock<Instant>,
}

impl Reader {
    pub(super) fn new(table: Arc<Table>) -> Self {
        Self {
            table,
            stopped: OnceLock::new(),
        }
    }

    /// True once the run was to end so long ago that rows on their way would have come.
    fn is_over(&self) -> bool {
        let stopped = self.stopped.get();
        stopped.is_some_and(|since| since.elapsed() >= LAST_WORDS)
    }
}

impl Records for Reader {
    fn schema(&self) -> SchemaRef {
        self.table.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.table.rows
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        let table = &self.table;
        if columns.is_empty() || count == 0 {
            return Ok(Piece::empty(&table.schema, columns));
        }
        let read = table.fetch((first, count), columns, &|| self.is_over())?;
        table.piece(read, columns, first)
    }

    fn describe(&self) -> String {
        let order = match &self.table.access {
            Access::Key(key) => format!(", by `{}`", key.name),
            Access::Sequence(..) => String::new(),
        };
        let what = self.table.what.trim_start_matches("the ");
        format!("mysql {what}{order}")
    }

    fn digest(&self) -> String {
        self.table.digest.clone()
    }

    fn progress(&self) -> Option<&HashMap<i32, i64>> {
        self.table.progress.as_ref()
    }

    fn for_run(&self) -> Option<Arc<dyn Records>> {
        Some(Arc::new(Self::new(self.table.clone())))
    }

    fn stop(&self) {
        self.stopped.get_or_init(Instant::now);
    }
}
