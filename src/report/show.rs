//! The report for people.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::bad_file::LeftOut;
use super::{
    ClockReading, FaultReport, Outcome, Quantiles, Report, SinkReport, SourceReport, Transactions,
};
use crate::units::{show_bytes, show_count, show_duration};

impl Report {
    /// How it ended, in words.
    pub fn ended(&self) -> &'static str {
        match self.outcome {
            Outcome::Done => "done",
            Outcome::TooSlow => "done, but the rate was not held",
            Outcome::Rejected => match (self.rejected(), self.bad_files()) {
                (0, 0) => "done, but messages were lost",
                (0, _) => "done, but files were left out",
                (_, 0) => "done, but rows were left out",
                _ => "done, but files and rows were left out",
            },
            Outcome::Failed | Outcome::NotBegun(_) => "failed",
            Outcome::Interrupted(_) => "interrupted",
        }
    }
}

/// A report without what limited the run, of which a measurement knows more.
pub struct Unlimited<'a>(pub &'a Report);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl fmt::Display for Unlimited<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, false)
    }
}

impl Report {
    fn write(&self, f: &mut fmt::Formatter<'_>, limit: bool) -> fmt::Result {
        let ended = self.ended();
        writeln!(
            f,
            "{}: {ended}, {} rows in {}, {} rows/s on {} threads",
            self.pipeline,
            show_count(self.rows),
            show_duration(self.elapsed),
            show_count(self.rows_per_second as u64),
            self.threads
        )?;
        for warning in &self.warnings {
            writeln!(f, "  {warning}")?;
        }
        for source in &self.sources {
            writeln!(f, "  {}", Read(source))?;
            write!(f, "{}", LeftOut(source))?;
            if let Some(warning) = &source.warning {
                writeln!(f, "    {warning}")?;
            }
        }
        for sink in &self.sinks {
            writeln!(f, "  {}", Line(sink))?;
            for line in &sink.recovered {
                writeln!(f, "    {line}")?;
            }
            if let Some(faults) = &sink.faults {
                writeln!(f, "    {}", Faulty(faults))?;
            }
            if let Some(clocks) = &sink.clocks {
                write!(f, "{}", Stream(clocks))?;
            }
            if let Some(transactions) = &sink.transactions {
                write!(f, "{transactions}")?;
            }
            if sink.unsent > 0 {
                writeln!(f, "    {}", Unsent(sink))?;
            }
            if !sink.left.is_empty() {
                writeln!(f, "    {}", HiddenFiles(&sink.left))?;
            }
        }
        if limit {
            writeln!(f, "  limited by {}", self.limited_by.describe())?;
        }
        writeln!(
            f,
            "  workers: {} making, {} encoding, {} waiting",
            show_duration(self.times.making),
            show_duration(self.times.encoding),
            show_duration(self.times.waiting)
        )?;
        write!(f, "  seed {}, fingerprint {}", self.seed, self.fingerprint)
    }
}

/// The faults among the rows of a sink, in one line.
struct Faulty<'a>(&'a FaultReport);

impl fmt::Display for Faulty<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = show_count(self.0.clean_rows);
        let kinds = self.0.kinds.iter();
        let kinds: Vec<String> = kinds
            .map(|(kind, count)| format!("{} {kind}", show_count(*count)))
            .collect();
        match kinds.is_empty() {
            true => write!(f, "no faults in {rows} rows"),
            false => write!(f, "faults in {rows} rows: {}", kinds.join(", ")),
        }
    }
}

/// One table that was read, in one line.
struct Read<'a>(&'a SourceReport);

impl fmt::Display for Read<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.0;
        write!(f, "{} from {}", source.table, source.source)?;
        let waiting = source.lag.values().sum::<u64>();
        if waiting > 0 {
            write!(f, ", {} rows wait to be read", show_count(waiting))?;
        }
        if source.rejected == 0 {
            return Ok(());
        }
        let reasons: Vec<String> = source
            .reasons
            .iter()
            .map(|(reason, count)| format!("{} {reason}", show_count(*count)))
            .collect();
        let (rejected, reasons) = (show_count(source.rejected), reasons.join(", "));
        write!(f, ": {rejected} rows left out ({reasons})")?;
        match &source.dead_letters {
            Some(path) => write!(f, ", kept in {}", path.display()),
            None => Ok(()),
        }
    }
}

/// Messages and their replies, a line for each thing that was timed.
struct Stream<'a>(&'a ClockReading);

impl fmt::Display for Stream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clocks = self.0;
        let count = show_count;
        write!(
            f,
            "    {} sent, {} skipped",
            count(clocks.sent),
            count(clocks.skipped)
        )?;
        if clocks.warm_up > 0 {
            write!(f, ", {} to warm up", count(clocks.warm_up))?;
        }
        if clocks.answered + clocks.lost > 0 {
            write!(
                f,
                ", {} answered, {} lost",
                count(clocks.answered),
                count(clocks.lost)
            )?;
        }
        writeln!(f)?;
        let timed = clocks.timed().into_iter();
        for timed in timed.filter(|timed| timed.times.count > 0) {
            writeln!(f, "    {timed}")?;
        }
        Ok(())
    }
}

/// A line for what each took, and for how late it was.
impl fmt::Display for Transactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |micros: u64| show_duration(Duration::from_micros(micros));
        let all = |one: &Quantiles| {
            let (p50, p95, p99, max) = (time(one.p50), time(one.p95), time(one.p99), time(one.max));
            format!("{p50} in the middle, {p95} for 95 %, {p99} for 99 %, {max} at most")
        };
        let count = show_count(self.service.count);
        writeln!(f, "    {count} transactions took {}", all(&self.service))?;
        match &self.response {
            Some(response) => writeln!(
                f,
                "    they were committed {} after they were due",
                all(response)
            ),
            None => Ok(()),
        }
    }
}

/// Rows that were not sent any more, and what the next run does.
struct Unsent<'a>(&'a SinkReport);

impl fmt::Display for Unsent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = match self.0.begins_again {
            true => "begins with the first row",
            false => "goes on with them",
        };
        let unsent = show_count(self.0.unsent);
        write!(
            f,
            "{unsent} rows were made and not sent when the run was to end: the same run again {next}"
        )
    }
}

/// The hidden files of a sink that are still there; a report lists all of them.
struct HiddenFiles<'a>(&'a [PathBuf]);

impl fmt::Display for HiddenFiles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self
            .0
            .iter()
            // Three paths say where to look; all of them stand in `--report`.
            .take(3)
            .map(|path| path.display().to_string())
            .collect();
        write!(f, "left until the next run: {}", shown.join(", "))?;
        match self.0.len().saturating_sub(shown.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// One sink in one line, and why it failed in some more.
struct Line<'a>(&'a SinkReport);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sink = self.0;
        let name = match sink.kind == sink.name {
            true => sink.name.clone(),
            false => format!("{} ({})", sink.name, sink.kind),
        };
        if sink.skipped {
            return write!(f, "{name}: kept, the same output is there already");
        }
        // An aborted sink has not failed itself: what did is told elsewhere.
        if sink.aborted {
            return write!(f, "{name}: not committed");
        }
        if let Some(error) = &sink.error {
            return write!(f, "{name}: FAILED\n    {}", error.replace('\n', "\n    "));
        }
        write!(
            f,
            "{name}: {} rows, {}",
            show_count(sink.rows),
            show_bytes(sink.bytes)
        )?;
        if let Some(left_out) = sink.left_out {
            write!(f, ", {} left out by `where`", show_count(left_out))?;
        }
        if sink.rejected > 0 {
            write!(f, ", {} left out", show_count(sink.rejected))?;
            if let Some(path) = &sink.dead_letters {
                write!(f, ", kept in {}", path.display())?;
            }
        }
        if !sink.encoding.is_zero() {
            write!(f, ", {} encoding", show_duration(sink.encoding))?;
        }
        if !sink.busy.is_zero() {
            write!(f, ", {} busy", show_duration(sink.busy))?;
        }
        if !sink.waited.is_zero() {
            write!(f, ", {} waiting", show_duration(sink.waited))?;
        }
        match sink.files.as_slice() {
            [] => Ok(()),
            [one] => write!(f, ", {}", one.path.display()),
            [first, ..] => write!(
                f,
                ", {} files from {}",
                sink.files.len(),
                first.path.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_where_has_left_out() {
        let mut sink = SinkReport::new("few", "file", "t");
        (sink.rows, sink.bytes) = (7, 120);
        assert_eq!(Line(&sink).to_string(), "few (file): 7 rows, 120 B");
        sink.left_out = Some(59_996);
        assert_eq!(
            Line(&sink).to_string(),
            "few (file): 7 rows, 120 B, 59 996 left out by `where`"
        );
    }

    #[test]
    fn rows_that_are_left_say_what_the_next_run_does() {
        let mut sink = SinkReport::new("t", "mysql", "things");
        sink.unsent = 12_000;
        let left = "12 000 rows were made and not sent when the run was to end: the same run again";
        assert_eq!(
            Unsent(&sink).to_string(),
            format!("{left} goes on with them")
        );
        sink.begins_again = true;
        assert_eq!(
            Unsent(&sink).to_string(),
            format!("{left} begins with the first row")
        );
    }
}
