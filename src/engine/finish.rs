//! The end of a run: sinks finish, what is safe is published, and the report is made.

use super::lanes::{OpenSink, Prepared};
use super::run::Run;
use super::running::about;
use crate::error::{Error, Result};
use crate::report::{Ended, Outcome, Report, SinkReport, SourceReport, Times};
use crate::spec::OnSinkFailure;

/// A sink of a group of jobs as it ends.
struct Ending<'r, 'p> {
    job: usize,
    sink: &'r OpenSink<'p>,
    report: SinkReport,
    prepared: Option<Prepared>,
}

impl Run<'_> {
    /// Finishes every sink of a group, then publishes what is safe. A failure of one that stops the
    /// others ends before any of them is seen.
    pub(super) fn finish_all(&self, group: &[usize], begun: bool) -> Vec<SinkReport> {
        let mut endings: Vec<Ending<'_, '_>> = Vec::new();
        for job in group {
            let table = &self.plan.jobs[*job].table;
            endings.extend(self.jobs[*job].sinks.iter().map(|sink| Ending {
                job: *job,
                sink,
                report: SinkReport::new(&sink.plan.name, &sink.plan.kind, table),
                prepared: None,
            }));
        }
        let mut order: Vec<usize> = (0..endings.len()).collect();
        order.sort_by_key(|index| !endings[*index].stops());
        for index in &order {
            self.finish(&mut endings[*index], begun);
        }
        for index in &order {
            self.publish(&mut endings[*index]);
        }
        endings.into_iter().map(Ending::told).collect()
    }

    /// Ends a sink; one that is not to end gives up what it has, and what was there before stays.
    fn finish(&self, ending: &mut Ending<'_, '_>, begun: bool) {
        let sink = ending.sink;
        ending.report.skipped = sink.skipped;
        let whole = self.is_whole(ending.job);
        let ends = begun && !self.stop.failed() && (whole || !sink.replaces);
        if !ends && !sink.lanes.iter().any(|lane| lane.failed()) {
            sink.abort();
            ending.report.aborted = true;
            return;
        }
        let prepared = sink.prepare(self.gate.given(ending.job));
        self.note(ending, prepared.map(Some));
    }

    /// Makes what is safe visible, unless something that stops the others has failed meanwhile.
    fn publish(&self, ending: &mut Ending<'_, '_>) {
        let Some(mut prepared) = ending.prepared.take() else {
            return;
        };
        let Some(publish) = prepared.publish.take() else {
            ending.report.add(prepared.finished);
            return;
        };
        if self.stop.failed() {
            publish.withdraw();
            ending.report.aborted = true;
            return;
        }
        let published = publish.publish(self.is_whole(ending.job));
        if published.is_ok() {
            ending.report.add(prepared.finished);
        }
        self.note(ending, published.map(|()| None));
    }

    fn note(&self, ending: &mut Ending<'_, '_>, outcome: Result<Option<Prepared>>) {
        match outcome {
            Ok(prepared) => ending.prepared = prepared,
            Err(error) => {
                ending.report.fail(&error);
                if ending.stops() {
                    self.stop.fail();
                }
            }
        }
    }

    /// False if a signal came before the last row of a table that has one.
    fn is_whole(&self, job: usize) -> bool {
        let batches = self.plan.jobs[job].source.batches();
        self.stop.signal().is_none() || batches.is_none_or(|all| self.gate.given(job) == all)
    }

    /// What happened.
    pub(super) fn report(
        &self,
        times: Times,
        sinks: Vec<SinkReport>,
        failure: Option<Error>,
        slow: bool,
    ) -> Report {
        let sources = self.source_reports();
        let rejected = sources.iter().map(|source| source.rejected);
        let rejected = rejected
            .chain(sinks.iter().map(|sink| sink.rejected))
            .sum::<u64>();
        let outcome = match (&failure, self.stop.signal()) {
            (_, Some(signal)) => Outcome::Interrupted(signal),
            (Some(_), None) => Outcome::Failed,
            (None, None) if sinks.iter().any(|sink| sink.error.is_some()) => Outcome::Failed,
            (None, None) if rejected > 0 => Outcome::Rejected,
            (None, None) if slow => Outcome::TooSlow,
            _ => Outcome::Done,
        };
        let ended = Ended {
            outcome,
            elapsed: self.watched.elapsed(),
            error: failure,
        };
        let rows = self.watched.rows();
        Report::new(about(self.plan), ended, times, sources, sinks, rows)
    }

    /// What became of the tables that were read.
    fn source_reports(&self) -> Vec<SourceReport> {
        let mut reports = Vec::new();
        for (job, source) in self.plan.jobs.iter().zip(&self.sources) {
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

    /// The report with what the sink has counted.
    fn told(self) -> SinkReport {
        let meter = &self.sink.meter;
        let mut report = self.report;
        report.rows = meter.rows();
        report.bytes = meter.bytes();
        report.rejected = meter.rejected();
        report.encoding = meter.encoding();
        report.errors = meter.errors().max(u64::from(report.error.is_some()));
        report
    }
}
