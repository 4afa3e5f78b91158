//! `rowgen run`: the run, its progress, its report.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Log, RunOptions};
use super::check::make_plan;
use super::operations::Operations;
use super::{dotenv, log, producer, progress, report_place, say, signals};
use crate::engine::{self, Running, Stop};
use crate::error::{Error, Result};
use crate::outlet;
use crate::plan::Plan;
use crate::report::{Outcome, Report};
use crate::spec::Style;

/// How the run is told of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Live lines and a report for people.
    Text,
    /// One structured line for each event.
    Json,
    /// The lines of the message producer that rowgen replaces.
    Producer,
    /// Those of the load generator that rowgen replaces.
    Changes,
    /// Only what is wrong.
    Errors,
}

pub(super) fn run(options: &RunOptions, variables: Option<dotenv::Read>) -> Result<u8> {
    let log = log_of(options);
    // The log begins before the plan is made, so that mistakes in the pipeline are lines of it,
    // too: programs that read the log once met plain text there.
    let json = log == Log::Json && !options.quiet;
    if json {
        log::begin(tracing::Level::INFO);
    }
    let done = carry_out(options, log, variables);
    done.or_else(|error| match json {
        true => {
            error.problems.iter().for_each(log::problem);
            Ok(error.exit_code())
        }
        false => Err(error),
    })
}

fn log_of(options: &RunOptions) -> Log {
    options
        .log
        .unwrap_or(match std::io::stderr().is_terminal() {
            true => Log::Text,
            false => Log::Json,
        })
}

fn carry_out(options: &RunOptions, log: Log, variables: Option<dotenv::Read>) -> Result<u8> {
    let plan = make_plan(&options.file, true)?;
    let style = plan.log.style.as_ref().map(|style| style.value);
    let told = match (options.log, style) {
        _ if options.quiet => Told::Errors,
        (None, Some(Style::Producer)) => Told::Producer,
        (None, Some(Style::Changes)) => Told::Changes,
        _ if log == Log::Json => Told::Json,
        _ => Told::Text,
    };
    // In these two styles stdout carries the old program's lines word for word, so nothing else may
    // stand there.
    if matches!(told, Told::Producer | Told::Changes) {
        // What the engine itself warns of is logged to stderr.
        log::begin(tracing::Level::INFO);
    }
    told.before(&plan, variables);
    if let Some(path) = &options.report {
        let out = options.out.as_deref().unwrap_or(Path::new(""));
        // In this order: the second look opens the file, and in the place of a sink's output or of
        // what is read that would already do harm.
        report_place::check(("--report", path), &plan, out, "this run")?;
        can_report(path)?;
    }
    let run_options = engine::RunOptions {
        begins_again: false,
        out: options.out.clone().unwrap_or_default(),
        overwrite: options.overwrite,
        force: options.force,
        checksums: options.report.is_some(),
        stop: signals::stop()?,
        measured: false,
    };
    // The port is bound before the engine starts: a port in use once ended a run that had begun and
    // may have published. A build without the feature is refused here for the same reason.
    let listener = options.serve.map(listener).transpose()?;
    let plan = Arc::new(plan);
    let stop = run_options.stop.clone();
    let running = Arc::new(engine::start(plan.clone(), run_options));
    let shown = listener.map(|listener| shown(&plan, &running, stop, listener));
    // A named binding, not `_`: the server ends when this value is dropped, and is to live as long
    // as the run.
    let _shown = shown.transpose()?;
    let mut operations = Operations::default();
    match told {
        Told::Errors => {}
        Told::Json => log::during(&running, &plan),
        Told::Text => progress::show(&running),
        Told::Producer => producer::during(&running, &plan),
        Told::Changes => operations.during(&running, &plan),
    }
    let report = running.wait();
    if told == Told::Changes {
        operations.end(&report, &running.status(), &plan);
    }
    told.after(&report);
    if let Some(path) = &options.report {
        write_report(&report, path)?;
    }
    Ok(report.exit_code())
}

/// Where the run is to be shown, before it begins.
#[cfg(feature = "serve")]
fn listener(address: SocketAddr) -> Result<crate::serve::Listener> {
    crate::serve::Listener::bind(address, "--serve")
}

/// Nothing is shown in a build without it.
#[cfg(not(feature = "serve"))]
fn listener(_: SocketAddr) -> Result<std::convert::Infallible> {
    let missing = crate::client::missing("a service over HTTP", "serve");
    Err(Error::user(missing))
}

/// The run on a page of its own, until what this returns is dropped.
#[cfg(feature = "serve")]
fn shown(
    plan: &Arc<Plan>,
    running: &Arc<Running>,
    stop: Stop,
    listener: crate::serve::Listener,
) -> Result<crate::serve::Server> {
    use crate::serve::{Offer, Service, Supervised};
    let mut offer = Offer::default();
    offer.add(&plan.serve).map_err(Error::user)?;
    let pipeline = Supervised::of(plan.clone(), running.clone(), stop);
    let service = Service::new(vec![pipeline], Vec::new(), offer);
    say(&format!("the run is shown at http://{}", listener.address));
    let server = service.listen(listener)?;
    let (running, looking) = (running.clone(), move || service.look());
    let look = move || {
        while !running.is_over() {
            looking();
        }
    };
    let thread = std::thread::Builder::new().name("watch".into()).spawn(look);
    thread.map_err(|error| Error::because("starting a thread", error))?;
    Ok(server)
}

#[cfg(not(feature = "serve"))]
fn shown(
    _: &Arc<Plan>,
    _: &Arc<Running>,
    _: Stop,
    never: std::convert::Infallible,
) -> Result<std::convert::Infallible> {
    match never {}
}

impl Told {
    /// What is to be known before the run begins.
    fn before(self, plan: &Plan, variables: Option<dotenv::Read>) {
        if let Some(dotenv::Read { path, variables }) = variables {
            match self {
                Self::Json => tracing::info!(path, variables, "environment file read"),
                Self::Text => say(&format!("{path}: {variables} variables read")),
                Self::Producer => producer::environment(path, variables),
                Self::Changes => tracing::info!(path, variables, "environment file read"),
                Self::Errors => {}
            }
        }
        for warning in &plan.warnings {
            match self {
                Self::Json | Self::Changes => tracing::warn!("{warning}"),
                Self::Text => say(&format!("warning: {warning}")),
                Self::Producer => producer::warn(warning),
                Self::Errors => {}
            }
        }
    }

    /// Tells what came of the run; errors are told in every style.
    fn after(self, report: &Report) {
        let tell = |error: &String| match self {
            Self::Json => log::error(error),
            _ => say(error),
        };
        if let (Outcome::NotBegun(_), Some(error)) = (report.outcome, &report.error) {
            tell(error);
            return;
        }
        match self {
            Self::Json => log::end(report),
            Self::Text => say(&report.to_string()),
            Self::Producer => producer::end(report),
            Self::Errors | Self::Changes => {}
        }
        // The text report lists the errors of sinks itself.
        let sinks = report.sinks.iter().filter(|_| self != Self::Text);
        let errors = sinks.filter_map(|sink| sink.error.as_ref());
        errors.chain(&report.error).for_each(tell);
    }
}

/// Found out before the first row: a run that has published and then ends with an error is run again,
/// and with `if_exists: append` its rows would be there twice.
pub(super) fn can_report(path: &Path) -> Result<()> {
    let doing = || format!("the report cannot be written to `{}`", path.display());
    outlet::probe(path).map_err(|error| Error::because(doing(), error))
}

pub(super) fn write_report(report: &Report, path: &Path) -> Result<()> {
    let doing = || format!("writing the report to `{}`", path.display());
    let text =
        serde_json::to_string_pretty(report).map_err(|error| Error::because(doing(), error))?;
    outlet::write(path, &(text + "\n")).map_err(|error| Error::because(doing(), error))
}
