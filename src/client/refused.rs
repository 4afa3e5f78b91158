//! Why a server does not do what it was asked, where its driver's errors are one type.

use super::address::RUNNING;
use crate::error::{Error, Problem};

/// What an error says, what helps, and whether it may pass.
pub type Said = (String, Option<&'static str>, bool);

/// Why the server does not do what it was asked.
#[derive(Debug, Clone)]
pub struct Refused {
    /// In words, with what helps.
    pub error: Error,
    /// It may do it later.
    pub passes: bool,
}

impl Refused {
    /// The server says nothing.
    pub fn silent(doing: String) -> Self {
        Self::new(doing, ("nobody answers".into(), Some(RUNNING), true))
    }

    /// What was being done, and what an error says of it.
    pub fn new(doing: String, (words, hint, passes): Said) -> Self {
        let problem = Problem::new(doing).cause(words);
        Self {
            error: Error::run(problem.maybe_hint(hint.map(Into::into))),
            passes,
        }
    }
}
