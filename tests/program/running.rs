//! A run that a program holds: started, watched, stopped, dropped, several at once; and what fails in
//! it ends it.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use rowgen::column::rows::Rows;
use rowgen::column::{Origin, Program, ProgramCell, ProgramNode};
use rowgen::engine::{self, RunOptions, RunState};
use rowgen::plan::{self, Overrides, Plan};
use rowgen::report::Outcome;
use rowgen::source::{Batches, TableColumns};
use rowgen::{load, spec};

use crate::support::Folder;

fn plan(folder: &Folder, yaml: &str) -> Plan {
    plan_of(folder, yaml, None)
}

fn plan_of(folder: &Folder, yaml: &str, range: Option<Range<u64>>) -> Plan {
    let path = folder.write("p.yaml", yaml);
    let pipeline = spec::read(&path, &spec::GivenValues::default()).unwrap();
    let loaded = load::load(&pipeline, |_| true).unwrap();
    let overrides = Overrides {
        threads: Some(2),
        range,
        ..Overrides::default()
    };
    plan::make(&pipeline, loaded, &overrides, false).unwrap()
}

fn options(folder: &Folder) -> RunOptions {
    RunOptions {
        out: folder.path("."),
        ..RunOptions::default()
    }
}

const ENDLESS: &str = "version: 1\ntables:\n  t: { rows: 0, columns: { id: sequence } }\nsinks: [discard]\nrun: { rate: 1000/s, batch_rows: 10 }\n";

#[test]
fn a_run_is_watched_stopped_and_waited_for() {
    let folder = Folder::new();
    let running = engine::start(Arc::new(plan(&folder, ENDLESS)), options(&folder));
    let deadline = Instant::now() + Duration::from_secs(20);
    while running.status().rows < 100 {
        assert!(Instant::now() < deadline, "{:?}", running.status());
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = running.status();
    assert_eq!(status.state, RunState::Running);
    assert_eq!(status.sinks[0].name, "discard-1");
    assert_eq!(status.sinks[0].rows_expected, None);
    assert!(status.sources[0].figures.batch_rows.count >= 10);
    assert!(!running.is_over());
    running.stop();
    assert!(running.wait_for(Duration::from_secs(20)));
    let last = running.status();
    assert_eq!(last.state, RunState::Ended);
    let report = running.wait();
    assert_eq!(report.outcome, Outcome::Done);
    // One count for bars, log lines and the report.
    assert_eq!(report.rows, last.rows);
    assert_eq!(report.sinks[0].rows, last.sinks[0].figures.rows);
}

#[test]
fn a_run_that_is_dropped_ends() {
    let folder = Folder::new();
    let stop = engine::Stop::default();
    let options = RunOptions {
        stop: stop.clone(),
        ..options(&folder)
    };
    drop(engine::start(Arc::new(plan(&folder, ENDLESS)), options));
    assert!(stop.requested());
}

#[test]
fn one_plan_runs_several_times_at_once() {
    let yaml = "version: 1\ntables:\n  t: { rows: 50_000, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n";
    let folders = [Folder::new(), Folder::new(), Folder::new()];
    let plan = Arc::new(plan(&folders[0], yaml));
    let start = |folder| engine::start(plan.clone(), options(folder));
    let running: Vec<_> = folders.iter().map(start).collect();
    for (running, folder) in running.into_iter().zip(&folders) {
        assert_eq!(running.wait().outcome, Outcome::Done);
        assert_eq!(folder.read("t.csv").lines().count(), 50_001);
    }
}

#[test]
fn what_fails_to_open_is_in_the_report() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 10, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n";
    folder.write("t.csv", "mine\n");
    let report = engine::start(Arc::new(plan(&folder, yaml)), options(&folder)).wait();
    assert_eq!(report.exit_code(), 2);
    let error = report.error.unwrap();
    assert!(error.contains("could not open sink `file-1`"), "{error}");
    assert_eq!(folder.read("t.csv"), "mine\n");
}

#[test]
fn a_worker_that_panics_ends_the_run_with_an_error() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 1_000_000, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\nrun: { batch_rows: 100 }\n";
    let mut plan = plan(&folder, yaml);
    let Batches::Made(made) = &plan.jobs[0].source else {
        panic!("the table is made");
    };
    let broken = |rows: Rows<'_>, _: &[ArrayRef]| {
        assert!(rows.at(0) < 2000, "index out of bounds");
        let numbers = Int64Array::from(rows.map(|row| row as i64));
        Ok(Arc::new(numbers) as ArrayRef)
    };
    let node = ProgramNode::new(
        "id",
        DataType::Int64,
        vec![],
        Origin::Fill(Arc::new(broken)),
    );
    let cell = Arc::new(ProgramCell::default());
    let program = cell.get_or_init(|| Program::new(vec![node]));
    let made = made.with(TableColumns::new(&cell, program, &[0]));
    plan.jobs[0].source = Batches::Made(made);
    let running = engine::start(Arc::new(plan), options(&folder));
    assert!(running.wait_for(Duration::from_secs(60)), "the run hangs");
    let report = running.wait();
    assert_eq!(report.exit_code(), 2);
    assert_eq!(
        report.error.unwrap(),
        "error: making rows panicked, which is a bug of rowgen\n  caused by: index out of bounds"
    );
    assert!(!folder.path("t.csv").exists());
}

#[test]
fn a_sink_with_a_rate_of_its_own_runs_beside_the_others() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 300, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n  - discard: { rate: 200/s }\nrun: { batch_rows: 10 }\n";
    let plan = plan(&folder, yaml);
    assert_eq!(plan.jobs.len(), 2);
    let began = Instant::now();
    let running = engine::start(Arc::new(plan), options(&folder));
    let rows = |sink: usize| running.status().sinks[sink].figures.rows;
    while rows(0) < 300 {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(rows(1) < 300, "the paced sink is as fast as the other one");
    let report = running.wait();
    assert!(began.elapsed() >= Duration::from_millis(1400));
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!(report.rows, 300, "each row counts once");
    assert_eq!([report.sinks[0].rows, report.sinks[1].rows], [300, 300]);
}

#[test]
fn rates_that_make_no_sense_are_refused_where_they_stand() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 100, columns: { id: sequence } }\nsinks:\n  - discard: { rate: 1e20/s }\nrun: { rate: 1e-20/s }\n";
    folder.write("p.yaml", yaml);
    let ended = folder.run(&["check", "p.yaml", "--rate", "1e-20/s"]);
    assert_eq!(ended.code, 1);
    let expected = "\
error: `--rate`: a run's rate is at least `0.04/d` and at most `1_000_000_000/s`

error: a run's rate is at least `0.04/d` and at most `1_000_000_000/s`
 --> p.yaml:5:22
  |
5 |   - discard: { rate: 1e20/s }
  |                      ^^^^^^

error: a run's rate is at least `0.04/d` and at most `1_000_000_000/s`
 --> p.yaml:6:14
  |
6 | run: { rate: 1e-20/s }
  |              ^^^^^^^
";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn what_a_sink_guarantees_is_said_and_more_is_refused() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 100, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv, delivery: exactly_once }\n  - discard: { delivery: exactly_once }\n";
    folder.write("p.yaml", yaml);
    let refused = folder.run(&["check", "p.yaml"]);
    assert_eq!(refused.code, 1);
    let expected = "\
error: this sink cannot have each row exactly once
 --> p.yaml:6:26
  |
6 |   - discard: { delivery: exactly_once }
  |                          ^^^^^^^^^^^^
  caused by: a repeated run sends every row again
  hint: say `delivery: at_least_once`, or use a sink that keeps offsets with its rows
";
    assert_eq!(refused.stderr, expected);
    let planned = folder.run(&["plan", "p.yaml", "--sinks", "file-1"]);
    let said =
        "    exactly once: a repeated run writes the same again, and only what is whole is seen\n";
    assert!(planned.stdout.contains(said), "{}", planned.stdout);
}

#[test]
fn a_rate_is_not_judged_by_a_slower_one_beside_it() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 2400, columns: { id: sequence } }\nsinks:\n  - discard: { rate: 2000/s }\n  - discard: { rate: 1000/s, name: slow }\nrun: { batch_rows: 10 }\n";
    let report = engine::start(Arc::new(plan(&folder, yaml)), options(&folder)).wait();
    assert_eq!(report.outcome, Outcome::Done);
    assert!(report.elapsed >= Duration::from_millis(2300));
}

#[test]
fn what_is_appended_is_not_there_exactly_once() {
    let folder = Folder::new();
    for path in [
        "path: out, format: csv, if_exists: append",
        "path: /dev/stdout, format: csv",
    ] {
        let yaml = format!(
            "version: 1\ntables:\n  t: {{ rows: 10, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ {path}, delivery: exactly_once }}\n"
        );
        let refused = folder.refuse(&yaml);
        assert!(
            refused.contains("this sink cannot have each row exactly once"),
            "{refused}"
        );
    }
}

#[test]
fn a_range_of_rows_is_what_the_whole_table_has_there() {
    let yaml = |rows: u64| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: {rows}, columns: {{ id: sequence, u: uuid }} }}\nsinks:\n  - file: {{ path: t.csv, format: {{ csv: {{ header: false }} }} }}\nrun: {{ batch_rows: 7 }}\n"
        )
    };
    let lines = |yaml: &str, range: Option<Range<u64>>| {
        let folder = Folder::new();
        let plan = plan_of(&folder, yaml, range);
        let report = engine::start(Arc::new(plan), options(&folder)).wait();
        assert_eq!(report.outcome, Outcome::Done);
        let text = folder.read("t.csv");
        text.lines().map(str::to_string).collect::<Vec<_>>()
    };
    let all = lines(&yaml(100), None);
    assert_eq!(lines(&yaml(100), Some(20..45)), all[20..45]);
    assert_eq!(lines(&yaml(100), Some(90..1000)), all[90..]);
    assert_eq!(lines(&yaml(100), Some(100..200)), [""; 0]);
    // An endless table has them, too.
    assert_eq!(lines(&yaml(0), Some(20..45)), all[20..45]);
}
