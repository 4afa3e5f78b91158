//! What each sink guarantees of a table's rows when a run is interrupted and repeated, and why.

use crate::error::Problem;
use crate::place::Placed;
use crate::sink::{Delivery, Takes};
use crate::source::Opened;
use crate::spec::AskedDelivery;

/// What a sink guarantees of a table's rows, in the words of `rowgen plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// Each row is there once; why.
    ExactlyOnce(&'static str),
    /// No row is lost, and some may be there twice; why.
    AtLeastOnce(&'static str),
    /// Rows may be missing; why.
    AtMostOnce(&'static str),
}

impl Guarantee {
    /// The guarantee for rows that are made, or read from `source`, in a sink that takes them so.
    pub(super) fn of(source: Option<&Opened>, takes: &Takes, skips: bool) -> Self {
        // Whatever the sink promises: what was left out never reaches it.
        if skips {
            return Self::AtMostOnce("what is late is left out, as `catch_up: skip` asks");
        }
        let stream = source.is_some_and(Opened::is_stream);
        match (takes.delivery, stream) {
            (Delivery::Transactional, true) => {
                Self::ExactlyOnce("rows and their offsets are committed in one transaction")
            }
            (Delivery::Transactional, false) => {
                Self::ExactlyOnce("rows and how far the load is are committed in one transaction")
            }
            (Delivery::Idempotent, false) => Self::ExactlyOnce(
                "a repeated run writes the same again, and only what is whole is seen",
            ),
            (Delivery::Idempotent, true) => Self::AtLeastOnce(
                "offsets are committed after the rows are safe: a kill between the two reads them again",
            ),
            (Delivery::AtLeastOnce, true) => {
                Self::AtLeastOnce("offsets are committed after the rows are acknowledged")
            }
            (Delivery::AtLeastOnce, false) => {
                Self::AtLeastOnce("a repeated run sends every row again")
            }
            (Delivery::AtMostOnce, _) => Self::AtMostOnce(
                "what finds no room when it is due is skipped, and nobody says what has come",
            ),
        }
    }

    /// In words.
    pub fn describe(self) -> String {
        match self {
            Self::ExactlyOnce(why) => format!("exactly once: {why}"),
            Self::AtLeastOnce(why) => format!("at least once: {why}"),
            Self::AtMostOnce(why) => format!("at most once: {why}"),
        }
    }

    /// What is wrong if that is less than was asked for.
    pub(super) fn problem(self, asked: Option<&Placed<AskedDelivery>>) -> Option<Problem> {
        let asked = asked?;
        let (what, why, hint) = match (asked.value, self) {
            (AskedDelivery::ExactlyOnce, Self::AtLeastOnce(why)) => (
                "this sink cannot have each row exactly once",
                why,
                "say `delivery: at_least_once`, or use a sink that keeps offsets with its rows",
            ),
            (_, Self::AtMostOnce(why)) => (
                "this sink may lack rows",
                why,
                "leave `delivery` out, or use a sink that acknowledges its rows",
            ),
            // More than was asked for is no problem.
            _ => return None,
        };
        Some(Problem::new(what).cause(why).at(&asked.place).hint(hint))
    }
}
