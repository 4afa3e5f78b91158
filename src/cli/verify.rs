//! `rowgen verify`: what sinks hold, compared with what must be there.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::{FileOptions, VerifyOptions};
use super::check::{overrides, plan_of, read};
use super::verify_report::Lines;
use super::{say, tell};
use crate::error::{Error, Problem, Problems, Result};
use crate::place::{self, decode, without_users};
use crate::plan::Overrides;
use crate::source::SourceKind;
use crate::spec::{Pipeline, Table};
use crate::units::show_count;
use crate::verify::{Against, CompareOptions, Outcome, Plans, Progress, Target, Told, targets};

/// Exit code: what sinks hold is not what must be there.
// The code of a run that is whole but missed what it promised: nothing is wrong with the request
// itself (1), and everything could be read (2).
const DIFFERENT: u8 = 3;

/// Exit code: what is there could not be read, or not all of it.
const NOT_ALL_READ: u8 = 2;

/// The least `--memory`: with less, differences are looked for in so many passes that they hardly
/// end.
// Found with `--memory` of a few bytes, which hardly ended. That it is 16 KiB is a choice; where
// the passes begin to be too many was not measured.
const LEAST_MEMORY: u64 = 16 << 10;

/// How often the line of progress is drawn.
const STEP: Duration = Duration::from_millis(100);

/// Differences in words and all of them in a file.
struct Teller {
    words: Vec<String>,
    /// Rows that these are of.
    rows: u64,
    most: u64,
    report: Option<Lines>,
}

pub(super) fn run(options: &VerifyOptions) -> Result<u8> {
    let pipeline = read(&options.file)?;
    let plans = plans(&pipeline, &options.file)?;
    let verify = asked(options, &pipeline)?;
    let (targets, unread) = targets(&plans, &verify)?;
    // Whoever names a sink wants it compared. Without `--sinks` all others are compared, and what
    // cannot be is told.
    if options.file.sinks.is_some()
        && let Some(one) = unread.first()
    {
        let problem = Problem::new("a sink cannot be compared").cause(one);
        return Err(Error::user(
            problem.maybe_hint(one.hint().map(str::to_string)),
        ));
    }
    for one in &unread {
        let hint = one
            .hint()
            .map_or(String::new(), |hint| format!("\n  hint: {hint}"));
        say(&without_users(&format!("not compared: {one}{hint}")));
    }
    if let Some(count) = options.self_test {
        return self_test(&targets, count);
    }
    let mut report = options
        .report
        .as_deref()
        .map(|path| Lines::open(path, &plans.whole, &verify.out))
        .transpose()?;
    let mut equal = true;
    for target in &targets {
        let mut told = Teller {
            words: Vec::new(),
            rows: 0,
            most: options.max_differences,
            report: report.take(),
        };
        let outcome = compare(target, &mut told)?;
        told.end(&outcome)?;
        equal &= outcome.is_equal();
        report = told.report;
    }
    // Only now has the report its name: half of one is never taken for all that differs.
    report.map_or(Ok(()), Lines::finish)?;
    // A sink that was not looked at is no success: a script that asks only for the exit code would
    // take it for one. Sinks that keep nothing, such as `discard`, do not count.
    let unknown = unread.iter().any(|one| one.keeps) && options.against.is_none();
    Ok(match (equal, unknown) {
        (false, _) => DIFFERENT,
        (true, true) => {
            say("a sink that keeps rows was not compared: `--sinks` names those that are to be");
            NOT_ALL_READ
        }
        (true, false) => 0,
    })
}

/// The plan of all rows; and that of a slice, if one is asked for.
fn plans(pipeline: &Pipeline, options: &FileOptions) -> Result<Plans> {
    let mut all = overrides(options)?;
    let slice = all.slice.take();
    first_rows(pipeline, &mut all);
    let sliced = Overrides {
        slice,
        ..all.clone()
    };
    Ok(Plans {
        whole: plan_of(pipeline, &all, false, true)?,
        // Files of a slice are compared with the plan of that slice. A sink that holds all rows in
        // one place is compared with the whole plan, of which only a share of the keys is looked
        // at.
        slice: slice
            .map(|_| plan_of(pipeline, &sliced, false, true))
            .transpose()?,
    })
}

/// Of tables without end `--rows` means their first rows, which are what they are however many come. Where
/// there are changes and no table is named, it is their number, as it is for the run.
fn first_rows(pipeline: &Pipeline, all: &mut Overrides) {
    let changes = pipeline.changes.is_some();
    let tables = || pipeline.tables.0.iter();
    let counted =
        |table: &Table| table.rows.as_ref().is_some_and(|rows| rows.0 > 0) || table.from.is_some();
    let none_ends = !changes && tables().all(|(_, table)| !counted(table));
    let said = |table: &Table| table.rows.as_ref().is_some_and(|rows| rows.0 == 0);
    let endless = tables().filter(|(_, table)| said(table) || none_ends);
    let endless: Vec<&str> = endless.map(|(name, _)| name.value.as_str()).collect();
    let (ranges, counts) = std::mem::take(&mut all.table_rows)
        .into_iter()
        .partition(|(table, _)| endless.contains(&table.as_str()));
    let ranges: Vec<(String, u64)> = ranges;
    all.table_rows = counts;
    all.table_ranges
        .extend(ranges.into_iter().map(|(table, rows)| (table, 0..rows)));
    let Some(rows) = all.rows.filter(|_| !changes) else {
        return;
    };
    match endless.as_slice() {
        _ if none_ends => all.range = Some(0..rows),
        [one] => all.table_ranges.push(((*one).to_string(), 0..rows)),
        _ => return,
    }
    all.rows = None;
}

fn asked(options: &VerifyOptions, pipeline: &Pipeline) -> Result<CompareOptions> {
    let against = options
        .against
        .as_deref()
        .map(|source| against(source, &options.columns, pipeline));
    if options.memory < LEAST_MEMORY {
        return Err(Error::user("`--memory` is at least 16KiB"));
    }
    Ok(CompareOptions {
        out: options.out.clone().unwrap_or_default(),
        slice: options.file.slice,
        count_only: options.count_only,
        trust_manifest: options.trust_manifest,
        most_told: options.max_differences,
        all_told: options.report.is_some(),
        float_ulps: options.float_ulps,
        memory: options.memory,
        against: against.transpose()?,
        at: options.at,
    })
}

/// A source as a pipeline would say it, with its params; its paths start in the current folder.
fn against(text: &str, columns: &[(String, String)], pipeline: &Pipeline) -> Result<Against> {
    let source = place::Source::new("--against", text);
    let mut node = place::parse(&Arc::new(source))?;
    let mut problems = Problems::default();
    place::expand(&mut node, &pipeline.scope, &mut problems);
    problems.into_result()?;
    for (at, (name, there)) in columns.iter().enumerate() {
        let mut before = columns[..at].iter();
        if before.any(|(other, place)| other == name || place == there) {
            let what = format!("`--columns {name}={there}`: one of the two is said already");
            return Err(Error::user(what));
        }
    }
    let source: SourceKind = decode(&node)?;
    if let Some(Err(problem)) = source.shared().check() {
        // A mistake in the flag's own text (exit code 1), told before anything is read.
        return Err(Error::user(problem));
    }
    Ok(Against {
        place: node.place.clone(),
        source,
        columns: columns.to_vec(),
    })
}

fn compare(target: &Target<'_>, told: &mut Teller) -> Result<Outcome> {
    let progress = Progress::default();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // In the log of a service or of CI the line would be drawn ten times a second, each time
        // anew.
        if std::io::stderr().is_terminal() {
            scope.spawn(|| show(&progress, &over));
        }
        // The scope waits for the line's thread, which ends when it is told so: after a panic, too.
        let _told = Over(&over);
        target.compare(&progress, &mut |outcome, one| told.add(outcome, one))
    })
}

/// Says when it is dropped that a comparison is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What must be there, with faults: each has to be found.
fn self_test(targets: &[Target<'_>], count: u64) -> Result<u8> {
    let mut all = true;
    for target in targets {
        let (table, sink) = target.names();
        for tested in target.self_test(count, &Progress::default())? {
            let words = tested.fault.words();
            let (put, found) = (show_count(tested.put), tested.found);
            let found = match found {
                Some(found) => show_count(found),
                None => "others than those".into(),
            };
            // Equal and not `at least`: a fault that makes more rows differ than it touched would
            // show a comparison that sees what is not there.
            all &= tested.found == Some(tested.put);
            tell(&format!(
                "{table} in sink {sink}: {words}: {found} of {put} found\n"
            ))?;
        }
    }
    Ok(if all { 0 } else { DIFFERENT })
}

/// One live line: how many rows of both sides were read, and how long the others take.
fn show(progress: &Progress, over: &AtomicBool) {
    let template =
        "{bar:24} {percent:>3} %  {human_pos} of {human_len} rows, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template);
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(10));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    while !over.load(Ordering::Relaxed) {
        bar.set_length(progress.total.load(Ordering::Relaxed).max(1));
        bar.set_position(progress.done.load(Ordering::Relaxed));
        std::thread::sleep(STEP);
    }
    bar.finish_and_clear();
}

impl Teller {
    fn add(&mut self, outcome: &Outcome, told: &Told) -> Result<()> {
        // The words wait until the counts above them are known, so their number is bounded. The
        // report's lines are written as they come, whatever their number.
        if (self.words.len() as u64) < self.most {
            self.words.push(told.words());
            self.rows += u64::from(told.times);
        }
        self.line(&told.as_json(outcome))
    }

    fn line(&mut self, value: &serde_json::Value) -> Result<()> {
        match &mut self.report {
            Some(report) => report.add(value),
            None => Ok(()),
        }
    }

    fn end(&mut self, outcome: &Outcome) -> Result<()> {
        let mut text = outcome.words();
        for words in &self.words {
            text.push_str(&format!("  {words}\n"));
        }
        let all = outcome.counts.wrong();
        let more = all.saturating_sub(self.rows);
        if more > 0 && !outcome.counted_only {
            let more = show_count(more);
            text.push_str(&format!(
                "  and {more} more: `--report FILE` has all of them\n"
            ));
        }
        tell(&text)?;
        self.line(&outcome.as_json())
    }
}
