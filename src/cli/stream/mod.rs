//! `rowgen stream`: `pipelines/stream.yaml` with the flags and the report of the program that it replaces.

mod arguments;
#[cfg_attr(not(feature = "zeromq"), path = "no_consume.rs")]
mod consume;
mod counters;
mod flags;
pub(super) mod html;
mod outputs;
mod report;
mod tempo;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::arguments::FileOptions;
use super::check::{given, overrides, plan_of};
use super::run::write_report;
use super::{is_broken_pipe, print, progress, say, signals};
use crate::client::zeromq::Address;
use crate::engine::{self, Running, Stop};
use crate::error::{Error, Problem, Result};
use crate::pace::{Pace, Schedule};
use crate::place::Source;
use crate::plan::{self, Plan};
use crate::report::{ClockReading, Outcome, Report};
use crate::spec;
use crate::units::{parse_duration, show_count};
pub(super) use arguments::{StreamOptions, long_flags};
use counters::{Counters, Counting};
use outputs::{Outputs, counters_path};

/// How often `end_after` looks whether the time is over.
// A run of `-t 10` ends within 20 ms, 0.2 %, of its time. No measurement chose it.
const STEP: Duration = Duration::from_millis(20);

const PIPELINE: &str = include_str!("../../../pipelines/stream.yaml");

/// More messages than any run sends: one as fast as it goes ends when its time is over.
const MOST_MESSAGES: u64 = 1 << 50;

pub(super) fn run(options: &StreamOptions) -> Result<u8> {
    options.check()?;
    if options.consume {
        return consume::run(options);
    }
    // What can be refused is refused before a consumer is waited for: interface, outputs, rate, in
    // this order.
    let counters = options
        .interface
        .as_deref()
        .map(Counters::find)
        .transpose()?;
    let outputs = Outputs::look(options)?;
    let rate = options.hertz()?;
    let sent = Arc::new(plan(options, rate, None)?);
    let stop = signals::stop()?;
    // Before the consumer is there: measured beside a run it would take the run's processors.
    let headroom = headroom(options, &stop)?;
    say(&format!(
        "messages from port {} on, replies from {}:{}; waiting for a consumer that says `start` at port {}",
        options.data_port(),
        options.viz_ip,
        options.viz_port,
        options.control_port
    ));
    let path = counters_path(options);
    let counting = counters.map(|counters| counters.start(&path)).transpose()?;
    let running = engine::start(
        sent,
        engine::RunOptions {
            stop: stop.clone(),
            ..Default::default()
        },
    );
    let time = options.time()?;
    std::thread::scope(|scope| {
        if rate.is_none() {
            // Without a rate no number of messages follows from `-t`: a thread ends the run when
            // its time is over.
            scope.spawn(|| end_after(time, &running, &stop));
        }
        if std::io::stderr().is_terminal() {
            progress::show(&running);
        }
    });
    let code = end(options, &running.wait(), headroom, counting);
    outputs.tell_kept();
    Ok(code)
}

/// Tells and writes what came of a run, and returns the exit code. If one output fails, the others
/// are written all the same.
fn end(
    options: &StreamOptions,
    done: &Report,
    headroom: Option<f64>,
    counting: Option<Counting>,
) -> u8 {
    let sinks = done.sinks.iter().filter_map(|sink| sink.error.as_ref());
    done.error.iter().chain(sinks).for_each(|error| say(error));
    // A run that never began has nothing to tell, and must not replace the results of an earlier
    // one.
    let begun = done.sinks.iter().any(|sink| sink.clocks.is_some());
    // One output that cannot be written costs none of the others: a full disk once cost all of
    // them.
    let mut failed = false;
    let mut note = |result: Result<()>| {
        if let Err(error) = result
            && !is_broken_pipe(&error)
        {
            say(&error.to_string());
            failed = true;
        }
    };
    let counted = counting.map(|counting| counting.finish(begun)).transpose();
    let counted = counted.map_err(|error| note(Err(error))).ok().flatten();
    if begun {
        let html = options.html.as_deref();
        note(html.map_or(Ok(()), |path| html::write(path, options, done)));
        let report = options.report.as_deref();
        note(report.map_or(Ok(()), |path| write_report(done, path)));
        let text = report::text(options, done, headroom, counted.as_ref());
        note(print(&text).map(drop));
    }
    tell_what_is_missing(options, done);
    match done.exit_code() {
        // An output that is missing is a failure of the run, but no error hides an interruption.
        0 | 3 if failed => 2,
        code => code,
    }
}

/// Why the exit code is 3.
fn tell_what_is_missing(options: &StreamOptions, done: &Report) {
    let clocks = done.sinks.iter().filter_map(|sink| sink.clocks.as_ref());
    let lost = clocks.map(|clocks| clocks.lost).sum::<u64>();
    if lost > 0 {
        say(&format!(
            "{} messages were lost: no reply to them has come",
            show_count(lost)
        ));
    }
    let skipped = done.outcome == Outcome::Rejected && done.rejected() > 0;
    if skipped || done.outcome == Outcome::TooSlow {
        say(&format!("the rate of {} Hz was not held", options.rate));
    }
}

/// Ends a run that has no rate once its messages have been sent for so long: what a consumer is waited for
/// does not count.
fn end_after(time: Duration, running: &Running, stop: &Stop) {
    let begun = || {
        let sinks = running.status().sinks;
        sinks.iter().any(|sink| sink.figures.rows > 0)
    };
    let mut first = None;
    while !running.is_over() {
        if first.is_none() && begun() {
            // The time of the first row that is seen, up to 20 ms late, so that the sending is
            // never shorter than asked for.
            first = Some(Instant::now());
        }
        stop.at_deadline(first.map(|first| first + time));
        running.wait_for(STEP);
    }
}

/// Messages a second that could be made here, as fast as it goes and sent nowhere, for a short while: what
/// a result is measured against. Nothing where nobody wants to know, or the run is to end already.
fn headroom(options: &StreamOptions, stop: &Stop) -> Result<Option<f64>> {
    let time = options.headroom()?;
    if time.is_zero() {
        return Ok(None);
    }
    // The very same plan, as fast as it goes and without sockets: what is measured is this producer
    // and no other code.
    let (measured, _) = plan::measured(plan(options, None, Some(time))?);
    let options = engine::RunOptions {
        measured: true,
        stop: Stop::of(stop),
        ..Default::default()
    };
    let made = engine::start(Arc::new(measured), options).wait();
    let clocks = made.sinks.first().and_then(|sink| sink.clocks.as_ref());
    let rate = clocks.map(ClockReading::rate);
    Ok(rate.filter(|_| stop.signal().is_none()))
}

/// The plan of the pipeline for these flags, at a rate or as fast as it goes, for so long at most.
fn plan(options: &StreamOptions, rate: Option<f64>, limit: Option<Duration>) -> Result<Plan> {
    let messages = match rate {
        Some(rate) => messages(&Schedule::new(rate, options.tempo.ramp()?), options.time()?)?,
        None => MOST_MESSAGES,
    };
    let mut set = vec![
        ("messages", messages.to_string()),
        ("rate", format!("{}/s", rate.unwrap_or(1.0))),
        ("size", format!("{}B", options.size()?)),
        ("channels", options.channels.to_string()),
        ("bind", host(&options.bind)),
        ("data_port", options.data_port().to_string()),
        ("viz_port", options.viz_port.to_string()),
        ("control_port", options.control_port.to_string()),
        ("viz_ip", host(&options.viz_ip)),
        ("output", options.output.display().to_string()),
        ("arrivals", options.tempo.arrivals.name().to_string()),
        ("catch_up", options.tempo.catch_up.name().to_string()),
        ("warm_up", options.tempo.warm_up.clone()),
    ];
    if let Some(ramp) = options.tempo.ramp()? {
        set.push(("ramp_from", format!("{}/s", ramp.from)));
        set.push(("ramp_time", options.tempo.ramp_time.clone()));
    }
    if let Some(wait) = &options.start_timeout {
        set.push(("start_timeout", wait.clone()));
    }
    let file = FileOptions {
        set: set
            .into_iter()
            .map(|(name, value)| (name.to_string(), value))
            .collect(),
        duration: limit,
        ..FileOptions::default()
    };
    // The pipeline is a file within the program: errors name the flag instead of its lines, which
    // nobody has seen.
    let source = Source::told_by(&flags::FLAGS, "stream.yaml", PIPELINE);
    let pipeline = spec::read_given(source, &given(&file)?)?;
    let mut plan = plan_of(&pipeline, &overrides(&file)?, true, true)?;
    if rate.is_none() {
        // The file says `rate: ${rate}`, and a rate cannot be left out by a param: it is taken out
        // of the plan.
        plan.jobs.iter_mut().for_each(|job| job.rate = None);
    }
    Ok(plan)
}

/// A host as it stands before a port.
fn host(host: &str) -> String {
    Address::new(host, 1).host().to_string()
}

/// How many messages a schedule has in a time.
fn messages(schedule: &Schedule, time: Duration) -> Result<u64> {
    let messages = schedule.whole_rows(time);
    if (1..=MOST_MESSAGES).contains(&messages) {
        return Ok(messages);
    }
    let what = format!(
        "{} messages a second for {} s are {} messages",
        schedule.rate(),
        time.as_secs_f64(),
        schedule.rows(time)
    );
    Err(Error::user(Problem::new(what).hint(
        "take a time or a rate that makes at least one message",
    )))
}

/// The rate that a flag says.
fn rate_of(flag: &str, text: &str) -> Result<f64> {
    let rate = text.parse().unwrap_or(f64::NAN);
    if Pace::problem(rate).is_none() {
        return Ok(rate);
    }
    let or_max = if flag == "-r" { ", or `max`" } else { "" };
    Err(Error::user(match rate.is_nan() {
        true => format!("`{flag}` is messages a second{or_max}: `{text}` is none"),
        false => format!(
            "`{flag}` is messages a second, above 0 and at most 1_000_000_000{or_max}: {rate} is none"
        ),
    }))
}

/// The time that a flag says.
fn time_of(flag: &str, text: &str) -> Result<Duration> {
    parse_duration(text).map_err(|fault| Error::user(format!("`{flag}`: {fault}")))
}
