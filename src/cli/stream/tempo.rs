//! The flags that say how messages follow each other.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{StreamOptions, rate_of, time_of};
use crate::error::{Error, Result};
use crate::pace::Ramp;
use crate::units::parse_duration;

/// How messages follow each other, at a rate.
#[derive(Debug, Clone, Args)]
pub(crate) struct TempoOptions {
    /// How messages follow each other
    #[arg(long, value_enum, default_value = "fixed")]
    pub(super) arrivals: Arrivals,
    /// The rate at the start, in messages a second, which goes evenly to that of `-r` within `-ramp-time`
    #[arg(
        long,
        value_name = "HZ",
        requires = "ramp_time",
        allow_hyphen_values = true
    )]
    ramp_from: Option<String>,
    /// How long the rate takes from `-ramp-from` to `-r`
    #[arg(
        long,
        value_name = "DURATION",
        requires = "ramp_from",
        default_value = "0s"
    )]
    pub(super) ramp_time: String,
    /// What becomes of messages that are late: all are sent, or those after which others are due are skipped
    #[arg(long, value_enum, default_value = "burst")]
    pub(super) catch_up: CatchUp,
    /// What is sent for so long at the start counts for no time and no rate
    #[arg(long, default_value = "0s", value_name = "DURATION")]
    pub(super) warm_up: String,
}

/// How messages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Arrivals {
    /// All gaps are equal
    Fixed,
    /// As those of many independent clients
    Poisson,
}

/// What becomes of messages that are late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CatchUp {
    /// All are sent, as fast as it goes
    Burst,
    /// Those after which others are due already are skipped
    Skip,
}

impl Arrivals {
    /// As the pipeline spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Poisson => "poisson",
        }
    }
}

impl CatchUp {
    /// As the pipeline spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Skip => "skip",
        }
    }
}

impl TempoOptions {
    /// What comes before the rate is reached.
    pub(super) fn ramp(&self) -> Result<Option<Ramp>> {
        let Some(from) = &self.ramp_from else {
            return Ok(None);
        };
        let over = time_of("-ramp-time", &self.ramp_time)?;
        let from = rate_of("-ramp-from", from)?;
        Ok(Some(Ramp { from, over }))
    }

    /// When what is measured begins.
    pub(super) fn measured_from(&self) -> Duration {
        parse_duration(&self.warm_up).unwrap_or_default()
    }

    /// What makes no sense as fast as it goes, or is longer than the run.
    pub(super) fn check(&self, stream: &StreamOptions) -> Result<()> {
        let warm_up = time_of("-warm-up", &self.warm_up)?;
        let given = [
            ("-warm-up", !warm_up.is_zero()),
            ("-ramp-from", self.ramp_from.is_some()),
            ("-catch-up", self.catch_up == CatchUp::Skip),
            ("-arrivals", self.arrivals == Arrivals::Poisson),
        ];
        // Without a rate each of these flags would be ignored without a word.
        let given = given.iter().find(|(_, given)| *given);
        match given.filter(|_| stream.rate == "max") {
            Some((flag, _)) => Err(Error::user(format!(
                "`{flag}` needs a rate, and `-r max` is none"
            ))),
            None if stream.time().is_ok_and(|time| time <= warm_up) => Err(Error::user(format!(
                "`-warm-up` of {} leaves nothing of the time of {}",
                self.warm_up, stream.time
            ))),
            None => Ok(()),
        }
    }
}
