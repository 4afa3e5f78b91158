//! The lines of the load generator that rowgen replaces: operations a second, for those who read them. A
//! line that cannot be written is lost, and the run goes on.

use std::io::Write;

use crate::engine::{Running, Status};
use crate::plan::Plan;
use crate::report::{Report, Transactions};
use crate::units::show_duration;

/// Operations of a run, counted from the moment at which everything was open.
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// Operations a second in the first whole interval, and in the last one.
    first: Option<f64>,
    last: Option<f64>,
}

impl Operations {
    /// Tells them every few seconds until the run is over.
    pub(super) fn during(&mut self, running: &Running, plan: &Plan) {
        let (mut before, mut last_rows) = (0.0, 0);
        let mut wait = plan.log_interval;
        while !running.wait_for(wait) {
            let status = running.status();
            let elapsed = status.seconds - status.opening;
            // An interval begins when everything is open.
            let early = (before + plan.log_interval.as_secs_f64()) - elapsed;
            // Counted from the start of the process, the first interval would hold the opening of
            // all connections, and `Degradation` below compares the last interval with it.
            if status.opening == 0.0 || early > 0.001 {
                // At most a second: how long the opening takes is not known beforehand.
                wait = std::time::Duration::from_secs_f64(early.clamp(0.01, 1.0));
                continue;
            }
            wait = plan.log_interval;
            let recent = rate(status.rows - last_rows, elapsed - before);
            self.first = self.first.or(Some(recent));
            self.last = Some(recent);
            line(&stats(status.rows, elapsed, recent));
            (before, last_rows) = (elapsed, status.rows);
        }
    }

    /// Tells what came of it.
    pub(super) fn end(&self, report: &Report, status: &Status, plan: &Plan) {
        let elapsed = (report.elapsed.as_secs_f64() - status.opening).max(0.0);
        let actual = rate(report.rows, elapsed);
        line(&format!("Total operations: {}", report.rows));
        line(&format!("Duration: {elapsed:.2}s"));
        line(&format!("Actual CPS: {actual:.2}"));
        // The rate is of all tables together, so every job that has one says the same.
        let asked = plan.jobs.iter().find_map(|job| job.changes.as_ref()?.rate);
        if let Some(target) = asked {
            line(&format!("Target CPS: {target}"));
            line(&format!("Efficiency: {:.2}%", 100.0 * actual / target));
        }
        if let (Some(first), Some(last)) = (self.first, self.last) {
            line(&degradation(first, last));
        }
        for sink in &report.sinks {
            if let Some(transactions) = &sink.transactions {
                times(&sink.table, transactions)
                    .iter()
                    .for_each(|text| line(text));
            }
        }
    }
}

fn stats(operations: u64, elapsed: f64, recent: f64) -> String {
    let overall = rate(operations, elapsed);
    format!(
        "Stats - Total ops: {operations}, Overall CPS: {overall:.2}, Recent CPS: {recent:.2}, Duration: {elapsed:.1}s"
    )
}

/// How much slower it was in the end; below 0 where it was faster.
fn degradation(first: f64, last: f64) -> String {
    // The old program fell from 3 600 to 1 500 changes a second within a run, and its average hid
    // it.
    let less = 100.0 * (first - last) / first.max(1e-9);
    format!("Degradation: {less:.2}% (first interval {first:.2} CPS, last {last:.2} CPS)")
}

fn times(table: &str, transactions: &Transactions) -> Vec<String> {
    let time = |micros: u64| show_duration(std::time::Duration::from_micros(micros));
    let of = |what: &str, one: &crate::report::Quantiles| {
        format!(
            "{what} of {table}: p50 {}, p95 {}, p99 {}, max {} ({} transactions)",
            time(one.p50),
            time(one.p95),
            time(one.p99),
            time(one.max),
            one.count
        )
    };
    let response = transactions.response.as_ref();
    let response = response.map(|one| of("Response time", one));
    let service = of("Service time", &transactions.service);
    response.into_iter().chain([service]).collect()
}

fn rate(operations: u64, seconds: f64) -> f64 {
    operations as f64 / seconds.max(1e-9)
}

fn line(text: &str) {
    // Nothing can be done when nobody reads it.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_old_program() {
        assert_eq!(
            stats(4069, 5.0009, 813.6575),
            "Stats - Total ops: 4069, Overall CPS: 813.65, Recent CPS: 813.66, Duration: 5.0s"
        );
        assert_eq!(
            degradation(3600.0, 1500.0),
            "Degradation: 58.33% (first interval 3600.00 CPS, last 1500.00 CPS)"
        );
    }
}
