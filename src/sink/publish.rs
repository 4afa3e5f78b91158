//! How the outputs of a run become visible together, and what is kept of them until all are.

use crate::error::Result;

/// All that a later run needs to publish an output whose run was killed on the way.
#[derive(Debug, Clone)]
pub struct Record {
    /// The kind of its sink, which alone can read it.
    pub kind: String,
    /// What the sink makes of it.
    pub output: serde_json::Value,
}

/// What runs before have left at a sink's place, and what became of it.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Lines for people.
    pub lines: Vec<String>,
    /// Tells the sink's output from all others; empty if none is ever finished for it.
    pub output: String,
    /// The outputs of a run that could not end, and that are published now: there is nothing left to do
    /// for them. What is kept of them stays until `settle`.
    pub published: Vec<Earlier>,
}

/// An output that was published for a run that could not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Tells it from all others.
    pub output: String,
    /// Its place among the outputs of that run, in whose order they are settled.
    pub position: usize,
    /// What the sink made of it.
    pub record: serde_json::Value,
}

/// Output that is safe and waits to be seen. The outputs of a run are seen all or none: each keeps what
/// is decided for all, each publishes, each settles, always in the same order.
pub trait Publish: Send {
    /// What a later run needs to publish it; nothing if it is published apart from others.
    fn record(&self) -> Option<serde_json::Value> {
        None
    }

    /// Keeps the run's records beside this output, safely: it is decided that all are published. May
    /// be asked again, with fewer records. With `goes_on` the run does not end with them: it must be
    /// known until it has that they are published.
    ///
    /// # Errors
    /// Writing failed.
    fn decide(&self, _run: &[Record], _goes_on: bool) -> Result<()> {
        Ok(())
    }

    /// Makes it visible.
    ///
    /// # Errors
    /// Writing failed.
    fn publish(&self) -> Result<()>;

    /// Every sink of the run is done: what was kept for a later run goes.
    ///
    /// # Errors
    /// Writing failed.
    fn settle(&self) -> Result<()>;

    /// It is whole, and the run publishes nothing: what the next run needs to take it over is kept.
    ///
    /// # Errors
    /// Writing failed: the next run makes it again.
    fn keep(&self) -> Result<()> {
        Ok(())
    }

    /// It is not wanted: what was there before stays.
    ///
    /// # Errors
    /// What was decided cannot be taken back.
    fn withdraw(self: Box<Self>) -> Result<()>;
}

/// Output that is visible as soon as it is written.
pub struct Published;

impl Publish for Published {
    fn publish(&self) -> Result<()> {
        Ok(())
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }

    fn withdraw(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
