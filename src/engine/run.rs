//! Carries a plan out: finite tables one after the other, endless ones side by side.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::facts::Facts;
use super::finish::Ending;
use super::gate::Gate;
use super::lanes::open;
use super::opened::{OpenJob, OpenSink};
use super::running::{RunOptions, failed};
use super::stop::Stop;
use super::watch::{RunState, Watched};
use super::work::{SharedWork, Stalls};
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::plan::{Job, JobChanges, Plan};
use crate::report::{Report, Times};
use crate::sink;
use crate::source::{Batches, Begin, RunningSource};
use crate::spec::OnSinkFailure;
use crate::sync::{lock, workers};

/// What becomes of a stream whose sink has failed while others go on.
const LACKS: &str = "what it lacks stays uncommitted, and the next run reads that again";

/// A plan whose sinks are open.
pub(super) struct OpenRun<'p> {
    pub(super) plan: &'p Plan,
    pub(super) watched: &'p Watched,
    pub(super) jobs: Vec<OpenJob<'p>>,
    /// Where each job's rows come from.
    pub(super) sources: Vec<RunningSource>,
    pub(super) gate: Arc<Gate>,
    pub(super) stop: Stop,
    /// The pace of each job that has one.
    paces: Vec<Option<Arc<Pace>>>,
    pub(super) pool: rayon::ThreadPool,
    /// Where relative paths start.
    pub(super) out: PathBuf,
}

/// How many batches may be under way: enough for every worker to have one in hand and one ahead,
/// and for a short pause of the slowest lane.
pub fn window(threads: usize) -> u64 {
    4 * threads as u64 + 4
}

/// Opens every source and sink, makes every row, finishes every sink, and tells what happened.
pub(super) fn carry_out(plan: &Plan, options: &RunOptions, watched: &Watched) -> Report {
    match begin(plan, options, watched) {
        Ok(run) => run.work_through(),
        Err(error) => failed(plan, watched, &options.stop, error),
    }
}

/// Opens every source and sink of the plan.
fn begin<'p>(plan: &'p Plan, options: &RunOptions, watched: &'p Watched) -> Result<OpenRun<'p>> {
    let pool = workers("worker", plan.threads)
        .map_err(|error| Error::because("starting the workers", error))?;
    let stop = options.stop.clone();
    // Counted from here: opening is part of the time that `for` gives.
    let deadline = plan.duration.map(|duration| Instant::now() + duration);
    let gate = Arc::new(Gate::new(window(plan.threads), stop.clone(), deadline));
    let seen: Arc<dyn sink::RunHandle> = Arc::new(Facts::new(gate.clone(), plan.stall_timeout));
    let paces = paces(plan);
    let jobs = open(plan, options, watched, &paces, &seen)?;
    let sources = begin_sources(plan, options, watched, &jobs, &gate).inspect_err(|_| {
        let sinks = jobs.iter().flat_map(|job| &job.sinks);
        sinks.for_each(OpenSink::abort);
    })?;
    skip(&jobs, &paces);
    Ok(OpenRun {
        plan,
        watched,
        jobs,
        sources,
        gate,
        stop,
        paces,
        pool,
        out: options.out.clone(),
    })
}

/// The pace of each job that has a rate: the gate and the sinks that hold rows back share it.
pub(super) fn paces(plan: &Plan) -> Vec<Option<Arc<Pace>>> {
    plan.jobs.iter().map(|job| pace(plan, job)).collect()
}

fn pace(plan: &Plan, job: &Job) -> Option<Arc<Pace>> {
    let of_machine = |rate: f64| Pace::of_machine(rate, plan.tempo);
    Some(Arc::new(match of_all(job) {
        // The rate is of the changes of all tables.
        Some((changes, rate)) => {
            let (table, first) = (changes.table.clone(), job.first_row);
            let skipped = match first {
                0 => 0,
                _ => table.number(first),
            };
            of_machine(rate).among(move |row| table.number(first + row) - skipped)
        }
        None => of_machine(job.rate?),
    }))
}

/// Rows of changing tables that earlier runs have written take no time of the pace.
fn skip(jobs: &[OpenJob<'_>], paces: &[Option<Arc<Pace>>]) {
    let both = || jobs.iter().zip(paces);
    let begins = both().filter_map(|(job, pace)| {
        of_all(job.job)?;
        let row = job.begins_at() - job.job.first_row;
        let left = job.job.rows.is_none_or(|rows| row < rows);
        Some(pace.as_ref().filter(|_| left)?.number(row))
    });
    let Some(first) = begins.min() else {
        return;
    };
    for (job, pace) in both() {
        if let Some(pace) = pace.as_ref().filter(|_| of_all(job.job).is_some()) {
            pace.skip(first);
        }
    }
}

/// The changes of a job whose rate is that of all tables together, and that rate.
fn of_all(job: &Job) -> Option<(&JobChanges, f64)> {
    let changes = job.changes.as_ref().filter(|_| !job.own_rate)?;
    Some((changes, changes.rate?))
}

/// Begins to read what tables are read from.
fn begin_sources(
    plan: &Plan,
    options: &RunOptions,
    watched: &Watched,
    jobs: &[OpenJob<'_>],
    gate: &Arc<Gate>,
) -> Result<Vec<RunningSource>> {
    let mut sources: Vec<RunningSource> = Vec::new();
    let watched = &watched.jobs;
    for ((job, open), watched) in plan.jobs.iter().zip(jobs).zip(watched) {
        let gate = gate.clone();
        let begin = Begin {
            out: options.out.clone(),
            measured: options.measured,
            batch_rows: usize::try_from(job.source.batch_rows()).unwrap_or(usize::MAX),
            meter: watched.made.clone(),
            wake: Arc::new(move || gate.wake()),
            // The plan gives a stream no other sink beside one that keeps offsets.
            resume: open.sinks.iter().find_map(OpenSink::resume),
        };
        let source = match &job.order {
            Some(order) => RunningSource::sorted(&order.sorting, &begin),
            None => job.source.start(&begin),
        };
        match source {
            Ok(source) => sources.push(source),
            Err(error) => {
                // Groups of consumers are left now: their partitions would stay with this process
                // until its session times out.
                sources.iter().for_each(RunningSource::close);
                return Err(error.context(format!("could not read table `{}`", job.table)));
            }
        }
    }
    Ok(sources)
}

impl OpenRun<'_> {
    fn work_through(self) -> Report {
        let mut times = Times::default();
        let mut failure = None;
        let mut slow = false;
        let mut interrupted = false;
        // The tables that have an end are published together, before the others begin.
        let (mut set, mut before) = (Vec::new(), Vec::new());
        let groups = groups(self.plan);
        for (index, group) in groups.iter().enumerate() {
            let begun = !self.stop.requested() && failure.is_none();
            if begun {
                self.watched.turn_to(RunState::Running);
                let began = self.watched.elapsed();
                let (spent, error) = self.work(group);
                slow |= self.too_slow(group, began);
                times.add(&spent);
                failure = failure.or(error);
            }
            self.watched.turn_to(RunState::Ending);
            set.extend(self.finish(group, begun));
            match groups.get(index + 1) {
                None => interrupted |= self.publish(&mut set, false),
                // Finite tables are published before an endless one begins: they would wait for its
                // end for ever.
                Some(next) if self.is_endless(next) => {
                    interrupted |= self.publish(&mut set, true);
                    before.append(&mut set);
                }
                Some(_) => {}
            }
            failure = self.close_streams(group, failure);
        }
        if failure.is_none() && !interrupted {
            self.settle_all(&mut before, &set);
        }
        let sinks = before.into_iter().chain(set).map(Ending::told).collect();
        self.report(times, sinks, failure, slow, interrupted)
    }

    /// True for the tables without end, which all run in the last group.
    fn is_endless(&self, group: &[usize]) -> bool {
        let mut jobs = group.iter();
        jobs.any(|job| self.plan.jobs[*job].rows.is_none())
    }

    fn work(&self, group: &[usize]) -> (Times, Option<Error>) {
        if let Err(error) = self.sort(group) {
            return (Times::default(), self.unsorted(error));
        }
        let batches: Vec<_> = group
            .iter()
            .map(|job| (*job, self.sources[*job].ready()))
            .collect();
        for job in group {
            let ahead = self.plan.jobs[*job].ahead;
            // A sink that holds rows back until they are due gets the first one that much earlier,
            // too.
            self.paces[*job]
                .iter()
                .for_each(|pace| pace.start_in(ahead));
        }
        self.gate.begin(&batches);
        let (times, failure) = self.work_and_sort(group);
        if failure.is_none()
            && let Err(error) = self.look_again(group)
        {
            self.stop.fail();
            return (times, Some(error));
        }
        (times, failure)
    }

    /// Makes all batches of a group that can be made by now.
    pub(super) fn work_on(&self, group: &[usize]) -> (Times, Option<Error>) {
        let work = SharedWork {
            jobs: &self.jobs,
            watched: self.watched,
            sources: &self.sources,
            gate: &self.gate,
            stop: &self.stop,
            paces: &self.paces,
            failure: Mutex::new(None),
        };
        let done = Stop::default();
        let times = std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                let watched = catch_unwind(AssertUnwindSafe(|| self.watch(&work, group, &done)));
                if let Err(panic) = watched {
                    work.fail(Error::of_panic("the run's watch", panic.as_ref()));
                }
            });
            // A broadcast, not parallel iteration over batches: each worker pulls the next number
            // when it is free, so batches reach the lanes nearly in order and few of them wait
            // there.
            let times = self.pool.broadcast(|context| work.run(context.index()));
            done.request();
            watch.thread().unpark();
            times
        });
        let failure = lock(&work.failure).take();
        let mut sum = Times::default();
        times.iter().for_each(|spent| sum.add(spent));
        (sum, failure)
    }

    /// Looks after lanes that stall while the workers work.
    fn watch(&self, work: &SharedWork<'_, '_>, group: &[usize], done: &Stop) {
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

    /// Tells a source that the run is to end, and how many of its batches are safe in every sink.
    fn settle(&self, job: usize) -> Result<()> {
        let open = &self.jobs[job];
        let source = &self.sources[job];
        if self.stop.requested() {
            source.stop();
        }
        self.tell_safe(job)?;
        let gone = |sink: &&OpenSink<'_>| sink.wants_rows() && !sink.live();
        let stops = |sink: &OpenSink<'_>| sink.plan.on_failure == OnSinkFailure::Stop;
        if open.sinks.iter().filter(gone).any(stops) {
            // The worker that hands over the next batch would notice; where there is none, nobody
            // else does.
            self.stop.request();
            self.gate.wake();
        }
        if let Some(sink) = open.sinks.iter().find(gone)
            && source.freeze()
        {
            let name = &sink.plan.name;
            tracing::error!(
                table = open.job.table,
                sink = name,
                "a sink has failed: {LACKS}"
            );
            self.watched.jobs[job].warn(format!("sink `{name}` has failed: {LACKS}"));
        }
        Ok(())
    }

    /// Tells the streams what is safe now that every sink has finished, and leaves them.
    fn close_streams(&self, group: &[usize], mut failure: Option<Error>) -> Option<Error> {
        for job in group {
            // After a failure of the run its sinks were given up, which `settle` would take for
            // failures of their own.
            let told = match failure.is_some() {
                true => self.tell_safe(*job),
                false => self.settle(*job),
            };
            failure = failure.or(told.err());
            self.sources[*job].close();
        }
        failure
    }

    /// Tells a source how many of its batches are safe in every sink.
    fn tell_safe(&self, job: usize) -> Result<()> {
        let sinks = self.jobs[job].sinks.iter();
        let sinks = sinks.filter(|sink| sink.wants_rows());
        let durable = sinks.map(OpenSink::durable).min().unwrap_or(0);
        self.sources[job].durable(durable.min(self.gate.given(job)))
    }

    /// True when a table's rows came later than they were due. Runs of under a second prove nothing;
    /// five in a hundred are forgiven.
    fn too_slow(&self, group: &[usize], began: Duration) -> bool {
        let slow = |job: &usize| {
            let job_plan = &self.plan.jobs[*job];
            let rows = self.watched.jobs[*job].made.rows();
            // A table that has all its rows is measured until its own last batch, not until the end
            // of those that run beside it.
            let end = match job_plan.rows == Some(rows) {
                true => self.watched.last_made(*job),
                false => self.watched.elapsed(),
            };
            let elapsed = end.saturating_sub(began);
            // How fast a stream's rows come is not this run's doing.
            let made = matches!(job_plan.source, Batches::Made(_));
            let pace = self.paces[*job].as_ref().filter(|_| made);
            let there = self.jobs[*job].begins_at() - job_plan.first_row;
            let late = |pace: &Arc<Pace>| pace.span(there + rows) < elapsed.mul_f64(0.95);
            elapsed >= Duration::from_secs(1) && pace.is_some_and(late)
        };
        group.iter().any(slow)
    }
}

/// Jobs that run side by side: a finite table's own, then the next one's, then all endless ones
/// together. A sink with a rate of its own is a job beside those of its table, and tables whose rows are
/// changes come together.
fn groups(plan: &Plan) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut endless = Vec::new();
    for (index, job) in plan.jobs.iter().enumerate() {
        let beside = |other: &usize| {
            let other = &plan.jobs[*other];
            // All cores sort at once, and nothing else meanwhile.
            let sorted = job.order.is_some() || other.order.is_some();
            let change = job.changes.is_some() && other.changes.is_some();
            !sorted && (change || job.own_rate && job.table == other.table)
        };
        let mut latest_first = groups.iter_mut().rev();
        match (
            job.rows,
            latest_first.find(|group| group.iter().any(beside)),
        ) {
            (None, _) => endless.push(index),
            (Some(_), Some(group)) => group.push(index),
            (Some(_), None) => groups.push(vec![index]),
        }
    }
    if !endless.is_empty() {
        groups.push(endless);
    }
    groups
}
