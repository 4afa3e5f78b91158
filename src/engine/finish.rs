//! The end of a run: sinks finish, what is safe is published, and the report is made.

use super::opened::{OpenSink, PreparedSink};
use super::run::OpenRun;
use super::running::about;
use crate::error::{Error, Result};
use crate::report::{Clocks, Ended, Outcome, Report, SinkReport, SourceReport, Times};
use crate::sink::{Publish, Record};
use crate::spec::OnSinkFailure;

/// A sink as it ends.
pub(super) struct Ending<'r, 'p> {
    sink: &'r OpenSink<'p>,
    report: SinkReport,
    /// How many batches its job gave out.
    batches: u64,
    /// Making its rows was begun, and if they were cut short, then only by the end of the run's
    /// time.
    begun: bool,
    whole: bool,
    /// Rows that it was given are left to the next run.
    unsent: bool,
    /// Its table has an end.
    finite: bool,
    /// What is safe and waits to be published.
    prepared: Option<PreparedSink>,
    /// What was published, also by a run before; nobody else writes there while it is kept.
    published: Option<Box<dyn Publish>>,
    /// Its place in the order in which decisions are kept: that of the last one is removed last.
    position: usize,
    /// No other sink waits for it to publish: its rows can be seen already, and its failure stops
    /// no other.
    later: bool,
}

impl<'p> OpenRun<'p> {
    /// Finishes the sinks of a group of jobs, so that what they have written is safe. Those that
    /// nobody waits for are finished by `publish`.
    pub(super) fn finish(&self, group: &[usize], begun: bool) -> Vec<Ending<'_, 'p>> {
        let mut endings: Vec<Ending<'_, 'p>> = Vec::new();
        for job in group {
            let ending = |sink| self.ending(*job, sink, begun);
            endings.extend(self.jobs[*job].sinks.iter().map(ending));
        }
        let ends = |ending: &&Ending<'_, 'p>| ending.begun && !self.stop.failed();
        for ending in endings.iter().filter(ends) {
            ending
                .sink
                .lanes
                .iter()
                // All lanes are told that no more comes before the first of them is waited for:
                // blocks of changes wait for each other, and one that is finished alone would wait
                // for ever for those that have not heard.
                .for_each(|lane| lane.close(ending.batches));
        }
        let mut order: Vec<&mut Ending<'_, 'p>> = endings.iter_mut().collect();
        // Those whose failure stops the others first: they may still fail, and what then has not
        // ended yet can be given up whole.
        order.sort_by_key(|ending| !ending.stops());
        for ending in order.into_iter().filter(|ending| !ending.later) {
            self.prepare(ending);
        }
        endings
    }

    fn ending<'r>(&'r self, job: usize, sink: &'r OpenSink<'p>, begun: bool) -> Ending<'r, 'p> {
        let plan = &self.plan.jobs[job];
        let given = self.gate.given(job);
        let batches = self.sources[job].batches();
        let all = batches.is_none_or(|all| given == all) || sink.is_made();
        let mut report = SinkReport::new(&sink.plan.name, &sink.plan.kind, &plan.table);
        let (position, published) = sink.take_kept().unzip();
        report.skipped = sink.skipped;
        report.recovered.clone_from(&sink.recovered);
        report.faults = self.sources[job].faults().filter(|_| !sink.skipped);
        let filtered = sink.plan.is_filtered().then(|| sink.meter.left_out());
        let left_out = filtered.or(self.sources[job].left_out());
        report.left_out = left_out.filter(|_| !sink.skipped);
        Ending {
            sink,
            report,
            batches: given,
            begun,
            finite: plan.rows.is_some(),
            whole: (begun && all) || self.stop.in_time(),
            unsent: false,
            prepared: None,
            published,
            position: position.unwrap_or_default(),
            later: !sink.holds_back && sink.plan.on_failure != OnSinkFailure::Stop,
        }
    }

    /// Finishes a sink. Where the run has failed or was not begun it is aborted instead, and what
    /// was there before stays.
    fn prepare(&self, ending: &mut Ending<'_, '_>) {
        let sink = ending.sink;
        let ends = ending.begun && !self.stop.failed();
        let failed = sink.unopened.is_some() || sink.lanes.iter().any(|lane| lane.failed());
        if !ends && !failed {
            sink.abort();
            ending.report.aborted = true;
            return;
        }
        let prepared = sink.prepare(ending.batches);
        if let Some(prepared) = self.note(ending, prepared) {
            ending.unsent = prepared.finished.iter().any(|lane| lane.unsent > 0);
            // A table without end is never whole, so that rows that were not sent take nothing away
            // from it.
            ending.whole &= !ending.unsent || !ending.finite || self.stop.in_time();
            ending.prepared = Some(prepared);
        }
    }

    /// Publishes what was finished: all of it, or nothing if something has failed that stops the
    /// others, or a signal came. True if one did: where nothing is published, whoever runs it again
    /// must be told that something is left to do, and nobody else. Where the run goes on, what was decided
    /// stays until `settle_all`.
    pub(super) fn publish(&self, set: &mut [Ending<'_, '_>], goes_on: bool) -> bool {
        let signal = self.stop.signal().is_some();
        let finite = |ending: &Ending<'_, '_>| ending.finite;
        // A table with an end is whole or not there: a signal means that none of them is published.
        // Tables without end have no whole, and keep what is safe.
        let cut_short = set.iter().any(Ending::is_cut_short) || (signal && set.iter().any(finite));
        // Another output has failed, or may still: the same run comes again, and must know what is there.
        let again = set.iter().any(|ending| ending.later || !ending.is_well());
        let (mut kept, mut waiting): (Vec<_>, Vec<_>) = set
            .iter_mut()
            .partition(|ending| ending.published.is_some());
        waiting.retain(|ending| ending.prepared.is_some());
        for ending in waiting.iter_mut().filter(|ending| !ending.sink.holds_back) {
            self.show(ending);
        }
        waiting.retain(|ending| ending.sink.holds_back);
        waiting.sort_by_key(|ending| !ending.stops());
        if !cut_short && !self.stop.failed() {
            self.decide(&mut waiting, &mut kept, goes_on || again);
        }
        let nothing = cut_short || self.stop.failed();
        match nothing {
            true => waiting.iter_mut().for_each(|ending| self.withdraw(ending)),
            false => self.show_all(&mut waiting),
        }
        for ending in set.iter_mut().filter(|ending| ending.later) {
            self.prepare(ending);
            self.show(ending);
        }
        if !nothing && !goes_on && set.iter().all(Ending::is_well) {
            self.forget(set);
        }
        // The signal may have come while sinks ended.
        signal || (self.stop.signal().is_some() && set.iter().any(|ending| ending.unsent))
    }

    /// The whole run is done. What of it was published before its last tables began is remembered until
    /// then: a run that is killed among those, or cut short, does not do it again.
    pub(super) fn settle_all(&self, before: &mut [Ending<'_, '_>], last: &[Ending<'_, '_>]) {
        let mut all = before.iter().chain(last);
        if !self.stop.failed() && all.all(|ending| ending.is_well() && !ending.report.aborted) {
            self.forget(before);
        }
    }

    /// Everything is done: what was kept for the next run goes. After a failure it stays, so that the
    /// same run again does only what is left to do.
    fn forget(&self, set: &mut [Ending<'_, '_>]) {
        let mut order: Vec<&mut Ending<'_, '_>> = set.iter_mut().collect();
        order.sort_by_key(|ending| ending.position);
        for ending in order {
            let published = ending.published.as_ref();
            let settled = published.map_or(Ok(()), |publish| publish.settle());
            if self.note(ending, settled).is_none() {
                // The last output keeps its decision as long as any other does.
                return;
            }
        }
    }

    /// Writes the decision to publish beside every output, and leaves out those where it cannot be
    /// kept. Outputs that are published already come last: until their own decision is replaced,
    /// that one stands.
    fn decide<'a, 'r, 's>(
        &self,
        waiting: &mut Vec<&'a mut Ending<'r, 's>>,
        kept: &mut Vec<&'a mut Ending<'r, 's>>,
        goes_on: bool,
    ) {
        kept.sort_by_key(|ending| ending.position);
        // Whenever one cannot keep its copy, the decision is made again without it: copies name all
        // outputs that take part, and a copy that names one that does not would be wrong.
        while !waiting.is_empty() {
            let all = waiting.iter().chain(kept.iter());
            let records: Vec<Record> = all.filter_map(|ending| ending.record()).collect();
            let mut failed = false;
            for (position, ending) in waiting.iter_mut().chain(kept.iter_mut()).enumerate() {
                let decide = |one: &dyn Publish| one.decide(&records, goes_on);
                let decided = ending.publish().map_or(Ok(()), decide);
                if self.note(ending, decided).is_none() {
                    self.withdraw(ending);
                    failed = true;
                    break;
                }
                ending.position = position;
            }
            waiting.retain(|ending| ending.prepared.is_some());
            kept.retain(|ending| ending.report.error.is_none());
            if !failed || self.stop.failed() {
                return;
            }
        }
    }

    /// Publishes outputs, one after the other.
    fn show_all(&self, waiting: &mut [&mut Ending<'_, '_>]) {
        for ending in waiting.iter_mut() {
            if self.stop.failed() {
                ending.report.aborted = true;
                continue;
            }
            let Some(prepared) = ending.prepared.take() else {
                continue;
            };
            let outcome = prepared.publish.as_ref().map_or(Ok(()), |p| p.publish());
            if self.note(ending, outcome).is_some() {
                ending.report.add(prepared.finished);
            }
            ending.published = prepared.publish;
        }
    }

    /// Publishes a sink whose rows can be seen already: nothing has to be decided for it.
    fn show(&self, ending: &mut Ending<'_, '_>) {
        let Some(prepared) = ending.prepared.take() else {
            return;
        };
        let publish = |publish: Box<dyn Publish>| publish.publish().and_then(|()| publish.settle());
        let outcome = prepared.publish.map_or(Ok(()), publish);
        if self.note(ending, outcome).is_some() {
            ending.report.add(prepared.finished);
        }
    }

    fn withdraw(&self, ending: &mut Ending<'_, '_>) {
        ending.report.aborted = ending.report.error.is_none();
        let prepared = ending.prepared.take();
        let Some(publish) = prepared.and_then(|prepared| prepared.publish) else {
            return;
        };
        if ending.whole
            // Rows that were whole but could not be published are not made again: the next run of
            // the same plan and seed takes them over.
            && let Err(error) = publish.keep()
        {
            tracing::debug!(sink = ending.report.name, %error, "made again by the next run");
        }
        let outcome = publish.withdraw();
        self.note(ending, outcome);
    }

    fn note<T>(&self, ending: &mut Ending<'_, '_>, outcome: Result<T>) -> Option<T> {
        match outcome {
            Ok(done) => Some(done),
            Err(error) => {
                ending.report.fail(&error);
                if ending.stops() {
                    self.stop.fail();
                }
                None
            }
        }
    }

    /// What happened.
    pub(super) fn report(
        &self,
        times: Times,
        sinks: Vec<SinkReport>,
        failure: Option<Error>,
        slow: bool,
        interrupted: bool,
    ) -> Report {
        let sources = self.source_reports();
        let rejected = sources.iter().map(|source| source.rejected);
        let rejected = rejected
            .chain(sinks.iter().map(|sink| sink.rejected))
            .sum::<u64>();
        let files = sources.iter().map(|source| source.bad_files.len() as u64);
        let files = files.sum::<u64>();
        let clocks = sinks.iter().filter_map(|sink| sink.clocks.as_ref());
        let lost = clocks.map(|clocks| clocks.lost).sum::<u64>();
        // Whoever ends the wait for replies by a signal has lost those that were still missing.
        let signal = self.stop.signal().filter(|_| interrupted || lost > 0);
        let outcome = match (&failure, signal) {
            (_, Some(signal)) => Outcome::Interrupted(signal),
            (Some(_), None) => Outcome::Failed,
            (None, None) if sinks.iter().any(|sink| sink.error.is_some()) => Outcome::Failed,
            (None, None) if rejected + lost + files > 0 => Outcome::Rejected,
            (None, None) if slow => Outcome::TooSlow,
            _ => Outcome::Done,
        };
        let ended = Ended {
            outcome,
            elapsed: self.watched.elapsed(),
            error: failure,
        };
        let rows = self.watched.rows();
        Report {
            warnings: self.watched.warnings(),
            ..Report::new(about(self.plan), ended, times, sources, sinks, rows)
        }
    }

    /// What became of the tables that were read.
    fn source_reports(&self) -> Vec<SourceReport> {
        let mut reports = Vec::new();
        let jobs = self.plan.jobs.iter().zip(&self.watched.jobs);
        for ((job, watched), source) in jobs.zip(&self.sources) {
            let Some(kept) = source.kept() else {
                continue;
            };
            let reason = |(reason, count): (&'static str, u64)| (reason.to_string(), count);
            reports.push(SourceReport {
                table: job.table.clone(),
                source: kept.source,
                rejected: kept.rejected.values().sum(),
                reasons: kept.rejected.into_iter().map(reason).collect(),
                dead_letters: kept.dead_letters,
                bad_files: kept.bad_files.map_or(Vec::new(), |bad| bad.files),
                bad_file_letters: kept.file_letters,
                lag: watched.made.lags(),
                warning: watched.warning(),
            });
        }
        reports
    }
}

impl Ending<'_, '_> {
    /// Its failure stops the others.
    fn stops(&self) -> bool {
        self.sink.plan.on_failure == OnSinkFailure::Stop
    }

    fn is_well(&self) -> bool {
        self.report.error.is_none()
    }

    /// Its table lacks rows, and not because this sink has failed.
    fn is_cut_short(&self) -> bool {
        let failed = self.report.error.is_some() || (self.later && !self.sink.live());
        !self.whole && !self.sink.skipped && !failed
    }

    /// The output that waits to be published, or that is published already.
    fn publish(&self) -> Option<&dyn Publish> {
        let waits = self.prepared.as_ref().and_then(|one| one.publish.as_ref());
        waits.or(self.published.as_ref()).map(|one| &**one)
    }

    fn record(&self) -> Option<Record> {
        let kind = self.sink.plan.kind.clone();
        let output = self.publish()?.record()?;
        Some(Record { kind, output })
    }

    /// The report with what the sink has counted.
    pub(super) fn told(self) -> SinkReport {
        let meter = &self.sink.meter;
        let mut report = self.report;
        let whole = report.error.is_none() && !report.aborted;
        (report.rows, report.bytes) = match whole {
            true => (meter.rows(), meter.bytes()),
            false => meter.safe(),
        };
        report.rejected = meter.rejected();
        let letters = || self.sink.plan.options.takes().letters;
        report.dead_letters = (report.rejected > 0).then(letters).flatten();
        report.encoding = meter.encoding();
        report.errors = meter.errors().max(u64::from(report.error.is_some()));
        report.left = meter.left();
        report.clocks = meter.timed().map(Clocks::read);
        report.transactions = meter.transactions();
        report
    }
}
