//! `rowgen serve`: pipelines as a service, watched and steered over HTTP.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::arguments::{FileOptions, ServeOptions};
use super::check::{overrides, plan_of, plan_rows, read};
use super::{dotenv, log, log_level, scheduled, signals};
use crate::engine::{RunOptions, Stop};
use crate::error::{Error, Problem, Result};
use crate::place::{Placed, Secret};
use crate::plan::{Job, Overrides, Plan};
use crate::report::Report;
use crate::schedule::{Scheduler, SlotEnd, Task, When};
use crate::serve::{self, Listener, MakePlan, Offer, Sender, Service, Supervised};
use crate::source::Batches;
use crate::spec::{Pipeline, Scheduled, Serve, Slot};

/// Paths that every service has.
const OURS: &[&str] = &[
    "/", "/health", "/live", "/metrics", "/status", "/events", "/pause", "/resume",
];

pub(super) fn run(options: &ServeOptions, variables: Option<dotenv::Read>) -> Result<u8> {
    // The variable and its name are those of the service that this one replaces.
    log::begin(log_level::of_variable("LOG_LEVEL")?);
    if let Some(dotenv::Read { path, variables }) = variables {
        tracing::info!(path, variables, "environment file read");
    }
    let served = carry_out(options);
    served.or_else(|error| {
        error.problems.iter().for_each(log::problem);
        Ok(error.exit_code())
    })
}

fn carry_out(options: &ServeOptions) -> Result<u8> {
    let pipelines = pipelines(options)?;
    let stop = signals::stop()?;
    let (mut plans, mut schedules) = (Vec::new(), Vec::new());
    let overrides = overrides(&options.file)?;
    for pipeline in &pipelines {
        // A pipeline with a schedule is planned anew for each slot: this plan is only made to find
        // mistakes in it, so it needs no trial, which would make and encode a batch.
        let plan = plan_of(pipeline, &overrides, pipeline.scheduled.is_none(), true)?;
        match &pipeline.scheduled {
            Some(scheduled) => {
                scheduled::of_no_slot(&options.file)?;
                scheduled::check(pipeline, &overrides)?;
                plan.warnings
                    .iter()
                    .for_each(|warning| tracing::warn!("{warning}"));
                schedules.push(scheduler(options, scheduled, &plan, &overrides, &stop));
            }
            None => plans.push(Arc::new(plan)),
        }
    }
    let serves: Vec<&Serve> = pipelines.iter().map(|pipeline| &pipeline.serve).collect();
    let address = match &options.listen {
        Some(address) => *address,
        None => serve::address(serves.iter().find_map(|one| one.listen.as_ref()))?,
    };
    // Before any pipeline begins, as for `run --serve`: a port in use ends nothing that has begun.
    let listener = Listener::bind(address, "--listen")?;
    let mut offer = offer(&serves, &options.file, &stop)?;
    // An empty variable is what a deployment has whose secret is missing: an empty token would be
    // one that everybody knows.
    if let Some(token) = options.token.as_ref().filter(|token| !token.is_empty()) {
        offer.token = Some(Secret(token.clone()));
    }
    for warning in plans.iter().flat_map(|plan| &plan.warnings) {
        tracing::warn!("{warning}");
    }
    plans.iter().for_each(|plan| tell_start(plan));
    let make = |plan: &Arc<Plan>| Supervised::new(plan.clone(), stop.clone());
    let service = Service::new(plans.iter().map(make).collect(), schedules, offer);
    tracing::info!(address = %listener.address, "Starting HTTP server");
    let _server = service.listen(listener)?;
    let code = serve_until_over(&service, options.out.clone(), &plans);
    // A schedule never ends by itself, so that its end by a signal is told as such.
    let ended = stop.signal().filter(|_| !service.schedules.is_empty());
    Ok(ended.map_or(code, |signal| u8::try_from(128 + signal).unwrap_or(130)))
}

fn pipelines(options: &ServeOptions) -> Result<Vec<Pipeline>> {
    let files = std::iter::once(&options.file.file).chain(&options.more);
    let pipelines = files.map(|file| {
        read(&FileOptions {
            file: file.clone(),
            ..options.file.clone()
        })
    });
    pipelines.collect()
}

/// Makes the slots of a pipeline, those that were missed and those that come.
fn scheduler(
    options: &ServeOptions,
    scheduled: &Scheduled,
    plan: &Plan,
    overrides: &Overrides,
    stop: &Stop,
) -> Arc<Scheduler> {
    let schedule = &scheduled.template.schedule;
    let (name, version) = (plan.name.clone(), env!("CARGO_PKG_VERSION"));
    let (cron, zone) = (schedule.cron.value.as_str(), schedule.slots());
    let zone = zone.describe().1;
    tracing::info!(pipeline = name, version, cron, zone, "Starting schedule");
    Scheduler::new(Task {
        slots: schedule.slots(),
        parallel: schedule.max_parallel(),
        when: When::Always(schedule.catch_up()),
        clock: options.clock.clone().unwrap_or_default(),
        options: RunOptions {
            out: options.out.clone().unwrap_or_default(),
            stop: stop.clone(),
            ..RunOptions::default()
        },
        plan: scheduled::planner(scheduled.template.clone(), overrides.clone()),
        tell: Box::new(move |slot, end| tell_slot(&name, slot, end)),
        name: plan.name.clone(),
    })
}

fn tell_slot(pipeline: &str, slot: Slot, end: &SlotEnd) {
    let (text, slot) = (end.describe(), slot.to_string());
    match end {
        SlotEnd::There => tracing::debug!(pipeline, slot, "{text}"),
        SlotEnd::Made { rows, .. } => tracing::info!(pipeline, slot, rows, "{text}"),
        SlotEnd::Busy(_) | SlotEnd::Cut => tracing::info!(pipeline, slot, "{text}"),
        SlotEnd::Kept(_) => tracing::warn!(pipeline, slot, "{text}"),
        SlotEnd::Failed { .. } => tracing::error!(pipeline, slot, "{text}"),
    }
}

/// The words of the service that this one replaces, where it does what that one did.
fn tell_start(plan: &Plan) {
    let streams = |job: &Job| matches!(job.source, Batches::Streamed(_));
    let stores = |job: &Job| job.sinks.iter().any(|sink| sink.kind == "postgres");
    let version = env!("CARGO_PKG_VERSION");
    let message = match plan.jobs.iter().any(|job| streams(job) && stores(job)) {
        true => "Starting Kafka-PostgreSQL Pipeline",
        false => "Starting pipeline",
    };
    tracing::info!(pipeline = plan.name, version, "{message}");
}

/// Works until every pipeline has ended; the exit code is that of the worst one.
fn serve_until_over(service: &Arc<Service>, out: Option<PathBuf>, plans: &[Arc<Plan>]) -> u8 {
    let options = RunOptions {
        out: out.unwrap_or_default(),
        ..RunOptions::default()
    };
    let often = plans.iter().map(|plan| plan.log_interval).min();
    std::thread::scope(|scope| {
        let pipelines = service.pipelines.iter();
        let works: Vec<_> = pipelines
            .map(|pipeline| scope.spawn(|| pipeline.work(&options, &|report| tell(report))))
            .collect();
        let schedules = service.schedules.iter();
        let slots: Vec<_> = schedules.map(|one| scope.spawn(|| one.work())).collect();
        let mut told = Instant::now();
        let works_on = || works.iter().any(|work| !work.is_finished());
        while works_on() || slots.iter().any(|slots| !slots.is_finished()) {
            service.look();
            if often.is_some_and(|often| told.elapsed() >= often) {
                told = Instant::now();
                progress(service);
            }
        }
        let codes = works.into_iter().map(|work| match work.join() {
            Ok(report) => {
                log::end(&report);
                tell(&report);
                report.exit_code()
            }
            Err(panic) => {
                log::error(&Error::of_panic("a pipeline", panic.as_ref()).to_string());
                2
            }
        });
        codes.max().unwrap_or(0)
    })
}

fn tell(report: &Report) {
    let errors = report.sinks.iter().filter_map(|sink| sink.error.as_ref());
    errors
        .chain(&report.error)
        .for_each(|error| log::error(error));
}

fn progress(service: &Service) {
    for status in service.pipelines.iter().filter_map(|one| one.figures()) {
        for sink in &status.sinks {
            let figures = &sink.figures;
            tracing::info!(
                pipeline = status.pipeline,
                table = sink.table,
                sink = sink.name,
                rows = figures.rows,
                bytes = figures.bytes,
                rejected = figures.rejected,
                retries = figures.retries,
                "progress"
            );
        }
    }
    for trouble in service.troubles() {
        tracing::warn!("{trouble}");
    }
}

/// What all pipelines together offer.
fn offer(serves: &[&Serve], options: &FileOptions, stop: &Stop) -> Result<Offer> {
    let problems = path_problems(serves);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let mut offer = Offer::default();
    for serve in serves {
        offer.add(serve).map_err(Error::user)?;
        for (path, trigger) in &serve.triggers.0 {
            let plan = planner(trigger.pipeline.beside(), options.clone());
            // What is wrong with the pipeline of a trigger is told before the first call. Planned
            // for one row, because only its mistakes are wanted.
            plan(0..1)?;
            let count = |said: &Option<Placed<crate::place::Count>>| {
                said.as_ref().map(|count| count.value.0)
            };
            let (rows, most) = (count(&trigger.count), count(&trigger.most));
            let sender = Sender::new(plan, rows, most, stop.clone());
            offer.senders.push((path.value.clone(), sender));
        }
    }
    Ok(offer)
}

fn planner(file: PathBuf, options: FileOptions) -> Box<MakePlan> {
    Box::new(move |rows: Range<u64>| {
        let of_trigger = FileOptions {
            file: file.clone(),
            threads: options.threads,
            ..FileOptions::default()
        };
        plan_rows(&of_trigger, rows)
    })
}

/// Refuses what is no path, and paths that are offered twice.
fn path_problems(serves: &[&Serve]) -> Vec<Problem> {
    // Two pipelines share one server, and the old service's paths are free to choose: any of them
    // may collide with ours or with another's.
    let mut seen: HashSet<&str> = OURS.iter().copied().collect();
    let mut problems = Vec::new();
    for serve in serves {
        let triggers = serve.triggers.0.iter();
        let triggers = triggers.map(|(path, _)| (path.value.as_str(), &path.place));
        let tracking = serve
            .tracking
            .iter()
            .flat_map(|one| [&one.status, &one.reset]);
        let tracking = tracking.map(|path| (path.as_str(), &path.place));
        for (path, place) in triggers.chain(tracking) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
            let message = match path.strip_prefix('/') {
                Some(rest) if !rest.is_empty() && rest.bytes().all(plain) => {
                    match seen.insert(path) {
                        true => continue,
                        false => format!("the path `{path}` is offered already"),
                    }
                }
                _ => format!("expected a path such as `/send-test-data`, found `{path}`"),
            };
            problems.push(Problem::new(message).at(place));
        }
    }
    problems
}
