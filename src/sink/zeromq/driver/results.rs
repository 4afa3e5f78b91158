//! The four times of each message that was answered, as CSV: hidden until it is whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::outlet::Outlet;
use crate::report::{FileReport, FourTimes, Meter};

// The columns of the old stream's results.
const HEADER: &str = "seq_n,msg_id,t1,t2,t3,t4,message_size,clock_offset_ms,network_delay_ms,processing_delay_ms,total_delay_ms\n";

/// A file of results under its hidden name, or what is written through.
pub struct Results {
    file: BufWriter<File>,
    path: PathBuf,
    /// The hidden name and the one that it gets.
    names: Option<(PathBuf, PathBuf)>,
    message_size: usize,
    rows: u64,
    bytes: u64,
    meter: Arc<Meter>,
}

impl Results {
    /// Makes it, with its folder.
    ///
    /// # Errors
    /// The system refuses.
    pub fn create(path: &Path, message_size: usize, meter: Arc<Meter>) -> Result<Self> {
        let doing = || format!("making the results `{}`", path.display());
        let Outlet { file, names } =
            Outlet::open_with_folder(path).map_err(|error| Error::because(doing(), error))?;
        if let Some((hidden, _)) = &names {
            meter.leaves(hidden.clone());
        }
        let mut results = Self {
            file: BufWriter::with_capacity(1 << 16, file),
            path: path.to_path_buf(),
            names,
            message_size,
            rows: 0,
            bytes: 0,
            meter,
        };
        results.write(HEADER)?;
        // A disk that is full is found out before the first message.
        let flushed = results.file.flush();
        flushed.map_err(|error| Error::because(doing(), error))?;
        Ok(results)
    }

    /// Adds a message.
    ///
    /// # Errors
    /// Writing failed.
    pub fn add(&mut self, number: u64, id: &str, times: &FourTimes) -> Result<()> {
        let FourTimes {
            sent,
            came,
            done,
            replied,
        } = times;
        let line = format!(
            "{number},{},{sent},{came},{done},{replied},{},{},{},{},{}\n",
            field(id),
            self.message_size,
            millis(times.offset()),
            millis(times.network()),
            millis(times.processing()),
            millis(times.total()),
        );
        self.rows += 1;
        self.write(&line)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.bytes += text.len() as u64;
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|error| Error::because(format!("writing `{}`", self.path.display()), error))
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(mut self) -> Result<FileReport> {
        let named = self.file.flush().and_then(|()| match &self.names {
            Some((hidden, target)) => std::fs::rename(hidden, target),
            None => Ok(()),
        });
        named
            .map_err(|error| Error::because(format!("writing `{}`", self.path.display()), error))?;
        if let Some((hidden, _)) = self.names.take() {
            self.meter.named(&hidden);
        }
        Ok(FileReport {
            path: self.path.clone(),
            rows: self.rows,
            bytes: self.bytes,
            sha256: None,
            first_row: None,
        })
    }
}

/// Without its name it is removed: what it lacks will not come.
impl Drop for Results {
    fn drop(&mut self) {
        let hidden = self.names.take().map(|(hidden, _)| hidden);
        // What stays is named in the report.
        if let Some(hidden) = hidden.filter(|hidden| std::fs::remove_file(hidden).is_ok()) {
            self.meter.named(&hidden);
        }
    }
}

/// Nanoseconds as milliseconds, with three digits, and a fourth one for half a microsecond: halves
/// come from the mean of two differences. The old file had whole milliseconds.
fn millis(nanos: i64) -> String {
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let (whole, rest) = (nanos / 1_000_000, nanos % 1_000_000);
    match rest % 1000 {
        0 => format!("{sign}{whole}.{:03}", rest / 1000),
        _ => format!("{sign}{whole}.{:04}", rest / 100),
    }
}

/// A field of CSV.
fn field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_milliseconds_with_their_microseconds() {
        let told = [0, 500, 1_000, -500, -1_500_000, 12_345_678_500].map(millis);
        assert_eq!(
            told,
            [
                "0.000",
                "0.0005",
                "0.001",
                "-0.0005",
                "-1.500",
                "12345.6785"
            ]
        );
    }

    #[test]
    fn results_are_hidden_until_they_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/results.csv");
        let meter = Arc::new(Meter::default());
        let mut results = Results::create(&path, 1024, meter.clone()).unwrap();
        let times = FourTimes {
            sent: 1000,
            came: 1010,
            done: 1020,
            replied: 1041,
        };
        results.add(7, "a,b", &times).unwrap();
        assert_eq!((path.exists(), meter.left().len()), (false, 1));
        let report = results.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let line = "7,\"a,b\",1000,1010,1020,1041,1024,-0.0055,0.0155,0.010,0.041\n";
        assert_eq!(text, format!("{HEADER}{line}"));
        assert_eq!(
            (report.rows, report.bytes, meter.left().len()),
            (1, text.len() as u64, 0)
        );
        let refused = Results::create(folder.path(), 1, meter)
            .err()
            .unwrap()
            .to_string();
        assert!(refused.ends_with("caused by: it is a folder"), "{refused}");
    }
}
