//! Files of a source that could not be read and were left out, as they are told.

use std::fmt;

use serde::Serialize;

use super::SourceReport;
use crate::units::show_count;

/// A file that could not be read and was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadFile {
    /// Where it is.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// So many are named to people; whoever wants all reads the report or the dead letters.
const NAMED: usize = 10;

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is left out: {}", self.path, self.reason)
    }
}

/// A line for each of the first, and one for how many more there are.
pub fn lines(files: &[BadFile]) -> impl Iterator<Item = String> + '_ {
    let more = files.len().saturating_sub(NAMED) as u64;
    let more = match more {
        0 => None,
        1 => Some("1 more file is left out".to_string()),
        more => Some(format!("{} more files are left out", show_count(more))),
    };
    let named = files.iter().take(NAMED).map(ToString::to_string);
    named.chain(more)
}

/// The files of a source that were left out.
pub(super) struct LeftOut<'a>(pub(super) &'a SourceReport);

impl fmt::Display for LeftOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.0;
        for line in lines(&source.bad_files) {
            writeln!(f, "    {line}")?;
        }
        match &source.bad_file_letters {
            Some(path) if !source.bad_files.is_empty() => {
                writeln!(f, "    noted in {}", path.display())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_files_the_first_are_named() {
        let file = |number: usize| BadFile {
            path: format!("in/{number}.csv"),
            reason: "it is empty".into(),
        };
        let files: Vec<BadFile> = (0..12).map(file).collect();
        let told = |count: usize| lines(&files[..count]).collect::<Vec<_>>();
        assert_eq!(told(1), ["`in/0.csv` is left out: it is empty"]);
        assert_eq!(told(10).len(), 10);
        assert_eq!(told(11)[10], "1 more file is left out");
        assert_eq!(told(12)[10], "2 more files are left out");
    }
}
