//! What can go wrong, whose fault it is, and how it is said: `error:`, `caused by:`, `hint:`.

mod limit;
mod near;

use std::collections::HashSet;
use std::fmt;

use crate::place::{Place, shortened, without_users};

pub use near::did_you_mean;

/// A result whose error is rowgen's own.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault an error is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The pipeline file or the options: exit code 1.
    User,
    /// A disk, a broker, a database: exit code 2.
    Run,
    /// Another run is at work there: exit code 2. No run goes on with only half of its outputs.
    Busy,
}

/// One thing that is wrong: what, where, why, and what to do about it.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What is wrong: lower case, no final dot.
    pub message: String,
    /// Where in the pipeline file, if it is there.
    pub place: Option<Place>,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What the reader can do.
    pub hint: Option<String>,
}

/// One or more problems that end a command.
#[derive(Debug, Clone)]
pub struct Error {
    /// Whose fault it is.
    pub fault: Fault,
    /// At least one, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Where a problem is, as problems are sorted.
type Position = (String, usize, usize);

/// So many problems are told: nobody reads more at once.
// A choice. Planning ends there, too (`is_full`): of a hundred thousand columns that are all wrong
// the rest need not be built.
const MOST_TOLD: usize = 100;

/// Gathers problems, so that all of them are said at once.
#[derive(Debug, Default)]
pub struct Problems {
    all: Vec<Problem>,
    /// Where something was noted, and what.
    places: HashSet<Position>,
    said: HashSet<(String, Option<Position>)>,
    /// Something was the user's mistake.
    mistaken: bool,
}

impl Problem {
    /// A problem without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place: None,
            causes: Vec::new(),
            hint: None,
        }
    }

    /// Adds a hint; the first one stays.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        // The first hint was given where most is known; those above it are general.
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Adds a hint when there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Adds a cause below those that are there, and what can be done about a limit of the system.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        let cause = cause.to_string();
        let hint = limit::hint(&cause);
        self.causes.push(cause);
        self.maybe_hint(hint)
    }

    /// A text of this problem as it may be shown: without secrets, and never longer than one reads.
    pub fn shown(&self, text: &str) -> String {
        shortened(&match &self.place {
            Some(place) => without_users(&place.shown(text)),
            None => without_users(text),
        })
    }

    /// Says where; an inner place, being more exact, stays.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }
}

impl Error {
    /// The user's mistake.
    pub fn user(problem: impl Into<Problem>) -> Self {
        Self {
            fault: Fault::User,
            problems: vec![problem.into()],
        }
    }

    /// The run failed.
    pub fn run(problem: impl Into<Problem>) -> Self {
        Self {
            fault: Fault::Run,
            problems: vec![problem.into()],
        }
    }

    /// The run failed at doing something, because of an error of a library or of the system.
    pub fn because(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::run(Problem::new(doing).cause(cause))
    }

    /// A thread has panicked, which is a bug; `who` names what it did.
    pub fn of_panic(who: &str, panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Self::because(format!("{who} panicked, which is a bug of rowgen"), text)
    }

    /// The exit code of a command that ends with it.
    pub fn exit_code(&self) -> u8 {
        match self.fault {
            Fault::User => 1,
            Fault::Run | Fault::Busy => 2,
        }
    }

    /// Adds a hint to the last problem.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(problem) = self.problems.last_mut() {
            problem.hint.get_or_insert_with(|| hint.into());
        }
        self
    }

    /// Says where; an inner place, being more exact, stays.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        let problems = self.problems.into_iter();
        self.problems = problems.map(|problem| problem.at(place)).collect();
        self
    }

    /// Puts what was being done above what went wrong.
    #[must_use]
    pub fn context(mut self, doing: impl Into<String>) -> Self {
        if let Some(problem) = self.problems.first_mut() {
            let inner = std::mem::replace(&mut problem.message, doing.into());
            problem.causes.insert(0, inner);
        }
        self
    }
}

impl Problems {
    /// Keeps the value, or notes the problem and goes on.
    pub fn note<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.push(problem)).ok()
    }

    /// Notes a problem, once.
    pub fn push(&mut self, problem: Problem) {
        self.mistaken = true;
        let position = problem.place.as_ref().map(Place::position);
        self.places.extend(position.clone());
        // The same mistake is met again by whoever needs the column; told once it is enough.
        if self.said.insert((problem.message.clone(), position)) {
            self.all.push(problem);
        }
    }

    /// True when more of them would not be told.
    pub fn is_full(&self) -> bool {
        self.all.len() > MOST_TOLD
    }

    /// Notes what went wrong while something was done, and whose fault that is.
    pub fn fail(&mut self, error: Error) {
        let mistaken = self.mistaken || error.fault == Fault::User;
        self.extend(error.problems);
        self.mistaken = mistaken;
    }

    /// Notes some problems, each once.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// True when something is noted where this problem is.
    pub fn has_place_of(&self, problem: &Problem) -> bool {
        let place = problem.place.as_ref();
        place.is_some_and(|place| self.places.contains(&place.position()))
    }

    /// What was noted.
    pub fn into_vec(self) -> Vec<Problem> {
        self.all
    }

    /// An error with every problem noted, in the order of the file: the user's, unless nothing but
    /// what was done failed.
    pub fn into_result(mut self) -> Result<()> {
        if self.all.is_empty() {
            return Ok(());
        }
        self.all
            .sort_by_cached_key(|problem| problem.place.as_ref().map(Place::position));
        Err(Error {
            fault: match self.mistaken {
                // A mistake is mended first: exit code 1 is told even where a server failed as
                // well.
                true => Fault::User,
                false => Fault::Run,
            },
            problems: self.all,
        })
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::user(problem)
    }
}

impl From<Vec<Problem>> for Error {
    /// The user's mistakes, of which there is one at least.
    fn from(problems: Vec<Problem>) -> Self {
        Self {
            fault: Fault::User,
            problems,
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::because("working on Arrow arrays", error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| self.shown(text);
        write!(f, "error: {}", shown(&self.message))?;
        if let Some(place) = &self.place {
            write!(f, "\n{place}")?;
        }
        for cause in &self.causes {
            write!(f, "\n  caused by: {}", shown(cause))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {}", shown(hint))?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(MOST_TOLD).enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{problem}")?;
        }
        match self.problems.len() > MOST_TOLD {
            true => write!(
                f,
                "\n\nerror: there is more: these are the first {MOST_TOLD} mistakes"
            ),
            false => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}
impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_error_cause_and_hint() {
        let problem = Problem::new("could not open sink 2")
            .cause("connecting to localhost:5432")
            .cause("connection refused")
            .hint("start the server");
        assert_eq!(
            problem.to_string(),
            "error: could not open sink 2\n  caused by: connecting to localhost:5432\n  caused by: connection refused\n  hint: start the server"
        );
    }

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        let names = ["users", "orders"];
        assert_eq!(
            did_you_mean("userz", names).as_deref(),
            Some("did you mean `users`?")
        );
        assert_eq!(did_you_mean("casino", names), None);
        assert_eq!(did_you_mean("users", ["users"]), None);
        let far = "customer_identity";
        assert_eq!(did_you_mean("customer_address", [far]), None);
    }

    #[test]
    fn of_many_problems_the_first_are_told() {
        let mut problems = Problems::default();
        (0..=MOST_TOLD).for_each(|number| problems.push(Problem::new(number.to_string())));
        assert!(problems.is_full());
        let text = problems.into_result().unwrap_err().to_string();
        assert!(text.starts_with("error: 0\n\nerror: 1\n"), "{text}");
        let end = "error: 99\n\nerror: there is more: these are the first 100 mistakes";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn the_same_problem_is_said_once() {
        let mut problems = Problems::default();
        problems.push(Problem::new("one"));
        problems.push(Problem::new("one"));
        let error = problems.into_result().unwrap_err();
        assert_eq!(error.to_string(), "error: one");
    }
}
