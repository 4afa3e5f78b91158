//! Sinks that cannot be opened, while the others go on without them.

use std::collections::BTreeMap;

use super::RunOptions;
use crate::error::{Error, Fault, Problem, Result};
use crate::plan::Plan;
use crate::source::Batches;
use crate::spec::OnSinkFailure;

/// A sink by the places of its job and of itself among the job's.
pub(super) type SinkIndex = (usize, usize);

/// Why sinks cannot be opened.
pub(super) struct Failures<'p> {
    plan: &'p Plan,
    /// The run begins again when it has failed.
    begins_again: bool,
    all: BTreeMap<SinkIndex, Error>,
    /// Something stands in the way that no sink is to go on without.
    decisive: bool,
}

impl<'p> Failures<'p> {
    /// None so far.
    pub(super) fn new(plan: &'p Plan, options: &RunOptions) -> Self {
        Self {
            plan,
            begins_again: options.begins_again,
            all: BTreeMap::new(),
            decisive: false,
        }
    }

    /// A sink cannot be opened: a mistake is told before the first row whatever `on_sink_failure` says,
    /// and so is another run at work; what the world refuses is this sink's own failure. A service does not
    /// go on without a sink of a stream: nothing could be acknowledged, and nobody would ask for the sink again.
    pub(super) fn add(&mut self, at: SinkIndex, error: Error) {
        let job = &self.plan.jobs[at.0];
        let sink = &job.sinks[at.1];
        let waits = self.begins_again && matches!(job.source, Batches::Streamed(_));
        let stops = sink.on_failure == OnSinkFailure::Stop || error.fault != Fault::Run || waits;
        self.decisive |= stops;
        let error = error.context(format!("could not open sink `{}`", sink.name));
        self.all.insert(at, error);
    }

    /// True where a sink has failed already.
    pub(super) fn has(&self, at: SinkIndex) -> bool {
        self.all.contains_key(&at)
    }

    /// Why a sink has failed.
    pub(super) fn of(&self, at: SinkIndex) -> Option<Error> {
        self.all.get(&at).cloned()
    }

    /// The end of the opening, if the others are not to go on, or if there are none.
    ///
    /// # Errors
    /// Everything that stands in the way, in the order of the sinks.
    pub(super) fn verdict(&self) -> Result<()> {
        let sinks: usize = self.plan.jobs.iter().map(|job| job.sinks.len()).sum();
        match self.decisive || self.all.len() == sinks {
            true => self.none(),
            false => Ok(()),
        }
    }

    /// As `verdict`, where nothing may stand in the way of any sink.
    ///
    /// # Errors
    /// As `verdict`.
    pub(super) fn none(&self) -> Result<()> {
        match self.all.is_empty() {
            true => Ok(()),
            false => Err(self.and(Vec::new())),
        }
    }

    /// Everything that stands in the way, and some more.
    pub(super) fn and(&self, more: Vec<Problem>) -> Error {
        let sinks = self.all.values().flat_map(|error| error.problems.clone());
        let busy = self.all.values().any(|error| error.fault == Fault::Busy);
        Error {
            // The fault says that another run is at work there: a schedule waits for that one
            // instead of counting a failure.
            fault: if busy { Fault::Busy } else { Fault::Run },
            problems: sinks.chain(more).collect(),
        }
    }
}
