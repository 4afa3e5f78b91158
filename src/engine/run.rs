//! Carries a plan out: finite tables one after the other, endless ones side by side.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::gate::Gate;
use super::lanes::{OpenJob, OpenSink, Options, open};
use super::pace::Pace;
use super::stop::Stop;
use super::work::{Stalls, Work};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::report::{About, Ended, Meter, Outcome, Report, SinkReport, SourceReport, Times};
use crate::spec::OnSinkFailure;

/// A plan whose sinks are open.
pub struct Run<'p> {
    plan: &'p Plan,
    jobs: Vec<OpenJob<'p>>,
    gate: Arc<Gate>,
    stop: Stop,
    pool: rayon::ThreadPool,
    started: Instant,
}

/// One sink's figures while the run goes on.
#[derive(Debug, Clone)]
pub struct SinkProgress {
    /// Its name.
    pub name: String,
    /// Rows it will get; none without end.
    pub rows: Option<u64>,
    /// What it has so far.
    pub meter: Arc<Meter>,
}

/// How many batches may be under way: enough for every worker to have one in hand and one ahead,
/// and for a short pause of the slowest lane.
pub fn window(threads: usize) -> u64 {
    4 * threads as u64 + 4
}

/// Opens every sink of the plan.
///
/// # Errors
/// What stands in the way; nothing is left half-open.
pub fn start<'p>(plan: &'p Plan, options: &Options, stop: Stop) -> Result<Run<'p>> {
    let started = Instant::now();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads)
        .thread_name(|index| format!("worker {index}"))
        .build()
        .map_err(|error| Error::because("starting the workers", error))?;
    let window = window(plan.threads);
    let deadline = plan.duration.map(|duration| started + duration);
    let gate = Arc::new(Gate::new(window, stop.clone(), deadline));
    let seen: Arc<dyn crate::sink::Run> = gate.clone();
    let jobs = open(plan, options, &seen)?;
    if let Err(error) = begin(plan, options) {
        let sinks = jobs.iter().flat_map(|job| &job.sinks);
        sinks.for_each(OpenSink::abort);
        return Err(error);
    }
    Ok(Run {
        plan,
        jobs,
        gate,
        stop,
        pool,
        started,
    })
}

/// Begins to read what tables are read from.
fn begin(plan: &Plan, options: &Options) -> Result<()> {
    for job in &plan.jobs {
        if let Some(input) = &job.source.input {
            let doing = || format!("could not read table `{}`", job.table);
            input
                .begin(&options.out)
                .map_err(|error| error.context(doing()))?;
        }
    }
    Ok(())
}

impl Run<'_> {
    /// The sinks' figures, to watch while it runs.
    pub fn progress(&self) -> Vec<SinkProgress> {
        let sinks = self
            .jobs
            .iter()
            .flat_map(|job| job.sinks.iter().map(move |sink| (job, sink)));
        sinks
            .map(|(job, sink)| SinkProgress {
                name: sink.plan.name.clone(),
                rows: job.job.rows,
                meter: sink.meter.clone(),
            })
            .collect()
    }

    /// Makes every row, finishes every sink, and tells what happened. Failures are in the report.
    pub fn run(self) -> Report {
        let mut times = Times::default();
        let mut sinks = Vec::new();
        let mut failure = None;
        let mut slow = false;
        for group in groups(self.plan) {
            let begun = !self.stop.requested() && failure.is_none();
            if begun {
                let began = Instant::now();
                let (spent, error) = self.work(&group);
                slow |= self.too_slow(&group, began.elapsed());
                times.making += spent.making;
                times.encoding += spent.encoding;
                times.writing += spent.writing;
                times.waiting += spent.waiting;
                failure = failure.or(error);
            }
            sinks.extend(self.finish_all(&group, begun));
            failure = failure.or(self.close_streams(&group));
        }
        self.report(times, sinks, failure, slow)
    }

    fn work(&self, group: &[usize]) -> (Times, Option<Error>) {
        let batches: Vec<_> = group
            .iter()
            .map(|job| (*job, self.plan.jobs[*job].source.batches()))
            .collect();
        self.gate.begin(&batches);
        let work = Work {
            jobs: &self.jobs,
            gate: &self.gate,
            stop: &self.stop,
            pace: self.plan.rate.map(Pace::new),
            failure: Mutex::new(None),
        };
        let done = Stop::default();
        let times = std::thread::scope(|scope| {
            let watch = scope.spawn(|| self.watch(&work, group, &done));
            let times = self.pool.broadcast(|context| work.run(context.index()));
            done.request();
            watch.thread().unpark();
            times
        });
        let failure = work
            .failure
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        (sum(&times), failure)
    }

    /// Looks after lanes that stall while the workers work.
    fn watch(&self, work: &Work<'_, '_>, group: &[usize], done: &Stop) {
        let mut stalls = Stalls::new(group);
        while !done.requested() {
            work.release_stalled(&mut stalls, self.plan.stall_timeout);
            self.gate.check_deadline();
            for job in group {
                if let Err(error) = self.settle(*job) {
                    work.fail(error);
                }
            }
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }

    /// Tells a stream that the run is to end, and how many of its batches are safe in every sink.
    fn settle(&self, job: usize) -> Result<()> {
        let open = &self.jobs[job];
        let Some(input) = open.job.source.input.as_ref() else {
            return Ok(());
        };
        if let Some(flow) = input.flow().filter(|_| self.stop.requested()) {
            flow.stop();
        }
        let sinks = open.sinks.iter().filter(|sink| !sink.skipped);
        let durable = sinks.map(OpenSink::durable).min().unwrap_or(0);
        input.durable(durable.min(self.gate.given(job)))
    }

    /// What is safe now that every sink has finished is told to the streams, before they are left.
    fn close_streams(&self, group: &[usize]) -> Option<Error> {
        let mut failure = None;
        for job in group {
            failure = failure.or(self.settle(*job).err());
            let input = self.jobs[*job].job.source.input.as_ref();
            if let Some(flow) = input.and_then(|input| input.flow()) {
                flow.close();
            }
        }
        failure
    }

    /// Finishes every sink of a group. One whose failure stops the others ends before they commit.
    fn finish_all(&self, group: &[usize], begun: bool) -> Vec<SinkReport> {
        let mut sinks: Vec<(usize, &OpenSink<'_>)> = Vec::new();
        for job in group {
            sinks.extend(self.jobs[*job].sinks.iter().map(|sink| (*job, sink)));
        }
        let stops = |index: usize| sinks[index].1.plan.on_failure == OnSinkFailure::Stop;
        let mut order: Vec<usize> = (0..sinks.len()).collect();
        order.sort_by_key(|index| !stops(*index));
        let mut reports: Vec<Option<SinkReport>> = vec![None; sinks.len()];
        for index in order {
            let (job, sink) = sinks[index];
            let whole = self.is_whole(job);
            let ends = begun && !self.stop.failed() && (whole || !sink.replaces);
            let report = self.finish(job, sink, ends, whole);
            if report.error.is_some() && stops(index) {
                self.stop.fail();
            }
            reports[index] = Some(report);
        }
        reports.into_iter().flatten().collect()
    }

    /// False if a signal came before the last row of a table that has one.
    fn is_whole(&self, job: usize) -> bool {
        let batches = self.plan.jobs[job].source.batches();
        self.stop.signal().is_none() || batches.is_none_or(|all| self.gate.given(job) == all)
    }

    /// Ends a sink; one that is not to end gives up what it has, and what was there before stays.
    fn finish(&self, job: usize, sink: &OpenSink<'_>, ends: bool, whole: bool) -> SinkReport {
        let mut report =
            SinkReport::new(&sink.plan.name, &sink.plan.kind, &self.plan.jobs[job].table);
        report.skipped = sink.skipped;
        if ends || sink.lanes.iter().any(|lane| lane.failed()) {
            match sink.finish(self.gate.given(job), whole) {
                Ok(finished) => report.add(finished),
                Err(error) => report.fail(&error),
            }
        } else {
            sink.abort();
            report.aborted = true;
        }
        report.rows = sink.meter.rows();
        report.bytes = sink.meter.bytes();
        report.rejected = sink.meter.rejected();
        report.encoding = sink.meter.encoding();
        report.errors = sink.meter.errors().max(u64::from(report.error.is_some()));
        report
    }

    /// True when a table's rows came slower than the rate that was asked for. Runs of under a
    /// second prove nothing; five in a hundred are forgiven.
    fn too_slow(&self, group: &[usize], elapsed: Duration) -> bool {
        let Some(rate) = self.plan.rate.filter(|_| elapsed >= Duration::from_secs(1)) else {
            return false;
        };
        let due = rate * elapsed.as_secs_f64() * 0.95;
        let given = |job: &usize| self.gate.given(*job) * self.plan.jobs[*job].source.batch_rows;
        // A stream comes as fast as it comes.
        let made = |job: &&usize| self.jobs[**job].job.source.input.is_none();
        group
            .iter()
            .filter(made)
            .any(|job| (given(job) as f64) < due)
    }

    fn report(
        &self,
        times: Times,
        sinks: Vec<SinkReport>,
        failure: Option<Error>,
        slow: bool,
    ) -> Report {
        let sources = self.sources();
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
        let plan = self.plan;
        let about = About {
            pipeline: plan.name.clone(),
            seed: plan.seed.clone(),
            fingerprint: plan.fingerprint.clone(),
            params: plan.params.clone(),
            threads: plan.threads,
        };
        let ended = Ended {
            outcome,
            elapsed: self.started.elapsed(),
            error: failure,
        };
        Report::new(about, ended, times, sources, sinks, self.rows())
    }

    /// What became of the tables that were read.
    fn sources(&self) -> Vec<SourceReport> {
        let mut reports = Vec::new();
        for job in &self.plan.jobs {
            let Some(input) = &job.source.input else {
                continue;
            };
            let counts = input.rejects.counts();
            let reason = |(reason, count): (&'static str, u64)| (reason.to_string(), count);
            reports.push(SourceReport {
                table: job.table.clone(),
                source: input.opened.describe(),
                rejected: counts.values().sum(),
                reasons: counts.into_iter().map(reason).collect(),
                dead_letters: input.rejects.path().map(Path::to_path_buf),
            });
        }
        reports
    }

    /// Rows made, each counted once however many sinks and jobs it went to.
    fn rows(&self) -> u64 {
        let mut tables: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        for job in &self.jobs {
            let most = job
                .sinks
                .iter()
                .map(|sink| sink.meter.rows())
                .max()
                .unwrap_or(0);
            let rows = tables.entry(&job.job.table).or_default();
            *rows = most.max(*rows);
        }
        tables.values().sum()
    }
}

/// Jobs that run side by side: each finite one alone, all endless ones together.
fn groups(plan: &Plan) -> Vec<Vec<usize>> {
    let (finite, endless): (Vec<usize>, Vec<usize>) =
        (0..plan.jobs.len()).partition(|job| plan.jobs[*job].rows.is_some());
    let mut groups: Vec<Vec<usize>> = finite.into_iter().map(|job| vec![job]).collect();
    if !endless.is_empty() {
        groups.push(endless);
    }
    groups
}

fn sum(times: &[Times]) -> Times {
    times.iter().fold(Times::default(), |total, times| Times {
        making: total.making + times.making,
        encoding: total.encoding + times.encoding,
        writing: total.writing + times.writing,
        waiting: total.waiting + times.waiting,
    })
}
