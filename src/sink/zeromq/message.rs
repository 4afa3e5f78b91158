//! The text of messages: columns, the time of the send, and one body that stays the same.

use std::ops::Range;

use super::Zeromq;
use crate::error::{Problem, Problems, Result};
use crate::format::Shape;
use crate::format::message::{Plain, no_text, placeholder};
use crate::place::{BracePart, Place, braces, place_of};

/// Digits of a time in microseconds, until the year 2286.
const TIME_DIGITS: usize = 16;

/// More than a number of 64 bits has.
const MOST_DIGITS: usize = 64;

const TIME: &str = "send_time_us";
const DATA: &str = "data";

/// A message: what stands before the time, what stands between it and the body, what follows.
#[derive(Debug)]
pub struct Message {
    /// Before the time of the send, between that and the body, and after the body.
    pub pieces: [Piece; 3],
    /// Digits of the time; 0 without it.
    pub digits: usize,
    /// Bytes of the body.
    pub body: usize,
}

/// Text with columns in it.
#[derive(Debug, Default)]
pub struct Piece {
    /// The columns with the text around them.
    pub columns: Plain,
    /// The text of a piece without columns.
    pub text: Vec<u8>,
}

impl Message {
    /// The message that these options ask for.
    ///
    /// # Errors
    /// What its text cannot say of such a table.
    pub fn of(zeromq: &Zeromq, shape: &Shape) -> Result<Self, Vec<Problem>> {
        let text = &zeromq.message;
        let mut message = Self {
            pieces: Default::default(),
            digits: 0,
            body: 0,
        };
        let mut at = 0;
        let mut problems = Problems::default();
        for part in braces(text).map_err(|problem| vec![problem])? {
            let range = match part {
                BracePart::Literal(text) => {
                    message.pieces[at].text.extend_from_slice(text.as_bytes());
                    continue;
                }
                BracePart::Named(range) => range,
            };
            let place = place_of(text, range.clone());
            let (name, format) = named(text, range);
            let next = match (name, &zeromq.data) {
                (TIME, _) => message.time(format, &place, at),
                (DATA, Some(data)) => message.data(data.value.0, &place, at),
                _ => column(shape, name, format, &place)
                    .map(|index| message.pieces[at].push(shape, index, at)),
            };
            at = problems.note(next).unwrap_or(at);
        }
        if let (Some(data), true) = (&zeromq.data, message.body == 0 && problems.is_empty()) {
            let problem = Problem::new("the message has no place for `data`").at(&data.place);
            problems.push(problem.hint("write `{data}` in `message`, or leave `data` out"));
        }
        problems.into_result().map_err(|error| error.problems)?;
        message.pieces.iter_mut().for_each(Piece::end);
        Ok(message)
    }

    /// The time stands here; the piece that follows.
    fn time(&mut self, format: Option<&str>, place: &Place, at: usize) -> Result<usize, Problem> {
        if self.digits > 0 || at > 0 {
            let problem =
                Problem::new("`{send_time_us}` stands once in a message, before `{data}`");
            return Err(problem.at(place));
        }
        let digits = match format {
            None => Some(TIME_DIGITS),
            Some(format) => format
                .strip_prefix('0')
                .and_then(|digits| digits.parse().ok()),
        };
        self.digits = digits.filter(|digits| (TIME_DIGITS..=MOST_DIGITS).contains(digits)).ok_or_else(|| {
            let problem = Problem::new(format!("the time of the send has {TIME_DIGITS} to {MOST_DIGITS} digits"));
            problem.at(place).hint("write `{send_time_us}`, or `{send_time_us:020}` for 20 digits with zeros before them")
        })?;
        Ok(1)
    }

    /// The body stands here; the piece that follows.
    fn data(&mut self, bytes: u64, place: &Place, at: usize) -> Result<usize, Problem> {
        if at == 2 {
            return Err(Problem::new("`{data}` stands once in a message").at(place));
        }
        self.body = usize::try_from(bytes).unwrap_or(usize::MAX);
        Ok(2)
    }
}

/// What stands between two braces: a name, and behind a colon how it is spelt.
fn named(text: &str, range: Range<usize>) -> (&str, Option<&str>) {
    match text[range.clone()].split_once(':') {
        Some((name, format)) => (name.trim(), Some(format.trim())),
        None => (text[range].trim(), None),
    }
}

/// The column of that name, if it has a text form.
fn column(
    shape: &Shape,
    name: &str,
    format: Option<&str>,
    place: &Place,
) -> Result<usize, Problem> {
    let index = placeholder(shape, name, place)?;
    let problem = match format {
        Some(_) => Problem::new("only `{send_time_us}` has a number of digits")
            .hint("make a column that is spelt so: `{ template: \"{id:08}\" }`"),
        None => match no_text(shape.schema.field(index), "a message") {
            Some(problem) => problem.hint("give it another type"),
            None => return Ok(index),
        },
    };
    Err(problem.at(place))
}

impl Piece {
    fn push(&mut self, shape: &Shape, index: usize, at: usize) -> usize {
        self.columns
            .push(shape, index, std::mem::take(&mut self.text));
        at
    }

    fn end(&mut self) {
        if !self.columns.is_empty() {
            self.columns.end(&std::mem::take(&mut self.text));
        }
    }
}
