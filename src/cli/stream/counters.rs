//! What passes a network interface, once a second, as the system counts it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{SecondsFormat, Utc};

use crate::error::{Error, Problem, Result};
use crate::outlet::Outlet;

const FOLDER: &str = "/sys/class/net";
const HEADER: &str =
    "timestamp,bytes_sent,bytes_recv,packets_sent,packets_recv,errin,errout,dropin,dropout\n";

/// The system's names of the counters, in the order of the file.
// The header above has the names and the order of the old file, errors and drops in before out.
const COUNTERS: [&str; 8] = [
    "tx_bytes",
    "rx_bytes",
    "tx_packets",
    "rx_packets",
    "rx_errors",
    "tx_errors",
    "rx_dropped",
    "tx_dropped",
];

/// The counters of an interface.
#[derive(Debug, Clone)]
pub(super) struct Counters(PathBuf);

/// A thread that writes them down.
pub(super) struct Counting {
    counters: Counters,
    first: [u64; 8],
    over: Sender<()>,
    thread: JoinHandle<Result<Outlet>>,
    path: PathBuf,
}

impl Counters {
    /// Of the interface of this name.
    pub(super) fn find(name: &str) -> Result<Self> {
        let mut all: Vec<String> = std::fs::read_dir(FOLDER)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        all.sort_unstable();
        if all.iter().any(|known| known == name) {
            return Ok(Self(Path::new(FOLDER).join(name).join("statistics")));
        }
        let problem = Problem::new(format!("`-i`: there is no network interface `{name}`"));
        let known = format!("the interfaces here are {}", all.join(", "));
        Err(Error::user(problem.hint(known)))
    }

    /// Writes them down until `finish`.
    pub(super) fn start(self, path: &Path) -> Result<Counting> {
        let failed = writing(path);
        let outlet = Outlet::open_with_folder(path).map_err(&failed)?;
        let (over, ended) = mpsc::channel();
        let (first, counters) = (self.read(), self.clone());
        let write = move || match counters.write(&outlet, &ended) {
            Ok(()) => Ok(outlet),
            Err(error) => {
                // The hidden file is removed. Why the counters are not written says the write's own
                // error, whether that works or not.
                drop(outlet.end(false));
                Err(failed(error))
            }
        };
        let thread = std::thread::Builder::new()
            .name("interface".into())
            .spawn(write);
        Ok(Counting {
            counters: self,
            first,
            over,
            thread: thread.map_err(|error| Error::because("starting a thread", error))?,
            path: path.to_path_buf(),
        })
    }

    /// A line at once and one each second until it is over.
    fn write(&self, outlet: &Outlet, over: &Receiver<()>) -> io::Result<()> {
        let mut file = &outlet.file;
        file.write_all(HEADER.as_bytes())?;
        loop {
            let figures = self.read().map(|figure| figure.to_string());
            let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
            writeln!(file, "{time},{}", figures.join(","))?;
            // A channel instead of a sleep: the end of a run does not wait for the rest of a
            // second.
            if over.recv_timeout(Duration::from_secs(1)) != Err(RecvTimeoutError::Timeout) {
                return Ok(());
            }
        }
    }

    /// A counter that the system does not keep is 0.
    fn read(&self) -> [u64; 8] {
        COUNTERS.map(|name| {
            let text = std::fs::read_to_string(self.0.join(name)).unwrap_or_default();
            text.trim().parse().unwrap_or_default()
        })
    }
}

impl Counting {
    /// Ends it, and keeps what was written of a run that has begun; what each counter has gained.
    pub(super) fn finish(self, begun: bool) -> Result<[u64; 8]> {
        // Sending fails when the thread has ended with an error, which `join` returns.
        let _ = self.over.send(());
        let done = self.thread.join();
        let outlet =
            done.map_err(|panic| Error::of_panic("the thread of counters", panic.as_ref()))??;
        outlet.end(begun).map_err(writing(&self.path))?;
        let now = self.counters.read();
        Ok(std::array::from_fn(|index| {
            // An interface that was taken down may count from 0 again.
            now[index].saturating_sub(self.first[index])
        }))
    }
}

fn writing(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let doing = format!("writing `{}`", path.display());
    move |error| Error::because(doing.clone(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_of_an_interface_that_is_there() {
        let refused = Counters::find("lx").unwrap_err().to_string();
        let (first, hint) = refused
            .split_once("\n  hint: the interfaces here are ")
            .unwrap();
        assert_eq!(first, "error: `-i`: there is no network interface `lx`");
        assert!(hint.split(", ").any(|name| name == "lo"), "{hint}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/counters.csv");
        for begun in [false, true] {
            let counting = Counters::find("lo").unwrap().start(&path).unwrap();
            std::thread::sleep(Duration::from_millis(100));
            counting.finish(begun).unwrap();
            assert_eq!(path.exists(), begun);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], HEADER.trim_end());
        assert_eq!((lines.len(), lines[1].split(',').count()), (2, 9));
    }
}
