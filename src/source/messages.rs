//! Messages, each in bytes of its own, as the rows of Arrow arrays.
//!
//! Each message is consumed exactly and gives exactly one row. Decoders of batches can fuse, spill or
//! poison neighbours, so they are asked after every message, and what they cannot take is found by
//! itself and left out.

use arrow::array::RecordBatch;

use super::reject::BadRow;
use crate::error::{Error, Problem, Result};
use crate::place::{Duration, Placed};

/// Batches are not to be waited for longer.
const LONGEST_LINGER: std::time::Duration = std::time::Duration::from_secs(60);

/// Sees to it that a batch does not wait for ever for more messages.
///
/// # Errors
/// It would wait too long.
pub fn check_linger(linger: Option<&Placed<Duration>>) -> Result<(), Problem> {
    match linger.filter(|linger| linger.0 > LONGEST_LINGER) {
        Some(linger) => Err(Problem::new("`linger` is at most 60s").at(&linger.place)),
        None => Ok(()),
    }
}

/// Makes decoders of one kind of message.
pub trait Decoders {
    /// One of them.
    type Decoder: Decoder;

    /// A fresh one, for at most so many messages.
    ///
    /// # Errors
    /// It cannot be made, whatever the messages are.
    fn decoder(&self, messages: usize) -> Result<Self::Decoder>;
}

/// Takes messages and gives rows.
pub trait Decoder {
    /// Takes one message. After a refusal it can take no other.
    ///
    /// # Errors
    /// What is wrong with it.
    fn feed(&mut self, message: &[u8]) -> Result<(), BadRow>;

    /// The rows of all messages taken.
    ///
    /// # Errors
    /// What is wrong with one of them.
    fn rows(self) -> Result<RecordBatch, BadRow>;
}

/// The rows of those messages that can be read, and the others, in their order.
pub type Decoded = (RecordBatch, Vec<(usize, BadRow)>);

/// Decodes messages.
///
/// # Errors
/// No decoder can be made.
pub fn decode<D: Decoders>(decoders: &D, messages: &[&[u8]]) -> Result<Decoded> {
    let mut good: Vec<usize> = (0..messages.len()).collect();
    let mut bad = Vec::new();
    loop {
        let wrong = match attempt(decoders, messages, &good)? {
            Attempt::Rows(batch) if batch.num_rows() == good.len() => {
                bad.sort_by_key(|(message, _)| *message);
                return Ok((batch, bad));
            }
            Attempt::Rows(_) => {
                let message = "messages and rows are not equally many, which is a bug of rowgen";
                return Err(Error::run(message));
            }
            Attempt::Refused => misshapen(decoders, messages, &good)?,
            Attempt::Failed(_) => mistyped(decoders, messages, &good)?,
        };
        if wrong.is_empty() {
            return Err(Error::run("messages that fail together do not fail alone"));
        }
        let mut rest = wrong.iter().map(|(message, _)| *message).peekable();
        good.retain(|message| rest.next_if_eq(message).is_none());
        bad.extend(wrong);
    }
}

enum Attempt {
    Rows(RecordBatch),
    /// Some message is not one.
    Refused,
    /// Some value is not of its type.
    Failed(BadRow),
}

fn attempt<D: Decoders>(decoders: &D, messages: &[&[u8]], good: &[usize]) -> Result<Attempt> {
    let mut decoder = decoders.decoder(good.len())?;
    for message in good {
        if decoder.feed(messages[*message]).is_err() {
            return Ok(Attempt::Refused);
        }
    }
    Ok(match decoder.rows() {
        Ok(batch) => Attempt::Rows(batch),
        Err(bad) => Attempt::Failed(bad),
    })
}

/// The messages that are refused. One that is leaves a decoder in no state to go on.
fn misshapen<D: Decoders>(
    decoders: &D,
    messages: &[&[u8]],
    good: &[usize],
) -> Result<Vec<(usize, BadRow)>> {
    let mut bad = Vec::new();
    let mut decoder = decoders.decoder(good.len())?;
    for message in good {
        if let Err(wrong) = decoder.feed(messages[*message]) {
            bad.push((*message, wrong));
            decoder = decoders.decoder(good.len())?;
        }
    }
    Ok(bad)
}

/// Well-shaped messages with values of wrong types, found by halves.
fn mistyped<D: Decoders>(
    decoders: &D,
    messages: &[&[u8]],
    good: &[usize],
) -> Result<Vec<(usize, BadRow)>> {
    match (attempt(decoders, messages, good)?, good) {
        (Attempt::Rows(_), _) => Ok(Vec::new()),
        (Attempt::Failed(bad), [one]) => Ok(vec![(*one, bad)]),
        (Attempt::Refused, _) => misshapen(decoders, messages, good),
        (Attempt::Failed(_), good) => {
            let (left, right) = good.split_at(good.len() / 2);
            let mut bad = mistyped(decoders, messages, left)?;
            bad.extend(mistyped(decoders, messages, right)?);
            Ok(bad)
        }
    }
}
