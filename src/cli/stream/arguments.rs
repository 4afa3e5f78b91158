//! The flags of the old producer and consumer.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::tempo::TempoOptions;
use super::{rate_of, time_of};
use crate::client::zeromq::Address;
use crate::error::{Error, Problem, Problems, Result};
use crate::pace::Schedule;
use crate::units::{parse_bytes, parse_duration};

/// Flags of `rowgen stream`; each may have one dash or two.
#[derive(Debug, Clone, Args)]
pub(crate) struct StreamOptions {
    /// Messages a second, or `max` for as fast as it goes
    #[arg(short = 'r', long, default_value = "10", allow_hyphen_values = true)]
    pub(super) rate: String,
    /// How long: seconds, or `90s`
    #[arg(short = 't', long, default_value = "60", allow_hyphen_values = true)]
    pub(super) time: String,
    /// Bytes of data in a message, or `1MiB`
    #[arg(short = 's', long, default_value = "1024", allow_hyphen_values = true)]
    size: String,
    /// The port of the first channel
    #[arg(long, default_value_t = 5555)]
    data_port: u16,
    /// The address of this machine at which sockets wait for the other side; `*` is all of them
    #[arg(long, default_value = "*", value_name = "HOST")]
    pub(super) bind: String,
    // 5570 and 5580 are the defaults of the old Go programs, and the ones that work with several
    // channels: 5556 and 5557, those of its document and of the Python consumers, are data ports 2
    // and 3.
    /// The port that replies come from (Python's consumers: 5556)
    #[arg(long, default_value_t = 5570)]
    pub(super) viz_port: u16,
    /// The port at which the consumer says `start` (Python's consumers: 5557)
    #[arg(long, default_value_t = 5580)]
    pub(super) control_port: u16,
    /// The host that replies come from
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) viz_ip: String,
    /// How many sockets messages are dealt to, each with a port of its own
    #[arg(long, default_value_t = 1)]
    pub(super) channels: u16,
    /// The file of results
    #[arg(long, default_value = "producer_results.csv")]
    pub(super) output: PathBuf,
    /// Writes the report as one HTML file, too
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Counts what passes a network interface, once a second, to a file beside that of results
    #[arg(short = 'i', long, value_name = "NAME")]
    pub(super) interface: Option<String>,
    /// More of how messages were made ready
    #[arg(short = 'd', long)]
    pub(super) debug: bool,
    // The old program made all messages before the first send: rate × time × size of memory, 9 GB
    // in a run that was measured. Scripts that pass the flag still work.
    /// Taken and not needed: messages are made in a small ring, whatever the run's length
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "N")]
    cache: Option<String>,
    #[command(flatten)]
    pub(super) tempo: TempoOptions,
    /// Writes the report as JSON, too: `rowgen compare` reads it
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// How long a consumer is waited for: 60s
    #[arg(long, value_name = "DURATION")]
    pub(super) start_timeout: Option<String>,
    /// How long it is measured before how fast messages could be made here; 0s measures nothing
    #[arg(long, default_value = "1s", value_name = "DURATION")]
    headroom: String,
    /// Is the consumer instead: takes messages, works on each, replies
    #[arg(long)]
    pub(super) consume: bool,
    /// Of the consumer: the producer's host
    #[arg(long, default_value = "127.0.0.1", requires = "consume")]
    pub(super) producer_ip: String,
    /// Of the consumer: the producer's first data port
    #[arg(long, default_value_t = 5555, requires = "consume")]
    pub(super) producer_data_port: u16,
    /// Of the consumer: how long it works on a message
    #[arg(
        long,
        default_value_t = 0.4,
        requires = "consume",
        allow_hyphen_values = true
    )]
    processing_time_ms: f64,
    /// Of the consumer: messages that it works on at once
    #[arg(long, default_value_t = 1, requires = "consume")]
    pub(super) workers: u16,
}

/// `-data-port` is `--data-port`: the old programs had one dash before long names, too.
pub(crate) fn long_flags(arguments: &mut [OsString]) {
    let command = arguments.get(1);
    if command.is_none_or(|command| command != "stream" && command != "compare") {
        return;
    }
    for argument in arguments.iter_mut().skip(2) {
        let Some(text) = argument.to_str() else {
            continue;
        };
        // `-rate` would be a cluster of short flags to the parser. A negative number (`-5`) and one
        // short flag with its value (`-r10`) have no letter in the second place and stay.
        let mut letters = text.chars().skip(1);
        let two = (letters.next(), letters.next());
        let is_long = matches!(two, (Some('a'..='z'), Some('a'..='z' | '-')));
        if text.starts_with('-') && is_long {
            *argument = format!("-{text}").into();
        }
    }
}

impl StreamOptions {
    /// All that is wrong with them.
    pub(super) fn check(&self) -> Result<()> {
        // All mistakes at once, as in a pipeline file.
        let mut problems = Problems::default();
        let mut note = |result: Result<()>| {
            if let Err(error) = result {
                problems.extend(error.problems);
            }
        };
        note(self.hertz().map(drop));
        note(self.time().map(drop));
        note(self.size().map(drop));
        note(self.headroom().map(drop));
        note(self.tempo.ramp().map(drop));
        note(self.tempo.check(self));
        note(self.patience().map(drop));
        note(self.processing().map(drop));
        self.hosts().into_iter().for_each(&mut note);
        note(self.ports());
        problems.into_result()
    }

    /// Nobody connects to every host.
    fn hosts(&self) -> [Result<()>; 3] {
        [
            ("-bind", &self.bind, true),
            ("-viz-ip", &self.viz_ip, false),
            ("-producer-ip", &self.producer_ip, false),
        ]
        .map(|(flag, host, all)| {
            let fits = Address::is_host(host) && (all || !host.contains('*'));
            let what = match all {
                true => "an address of this machine, or `*`",
                false => "the other side's name or address",
            };
            let wrong = || Error::user(format!("`{flag}` is {what}: `{host}` is none"));
            fits.then_some(()).ok_or_else(wrong)
        })
    }

    /// Bytes of data, as it was said.
    pub(super) fn said_size(&self) -> &str {
        &self.size
    }

    /// The port of the first channel.
    pub(super) fn data_port(&self) -> u16 {
        self.data_port
    }

    /// Messages a second; nothing for as fast as it goes.
    pub(super) fn hertz(&self) -> Result<Option<f64>> {
        if self.rate == "max" {
            return Ok(None);
        }
        rate_of("-r", &self.rate).map(Some)
    }

    /// The rate that a run is held against: with a ramp the mean of the messages that are measured.
    pub(super) fn target(&self) -> String {
        let rate = &self.rate;
        let ramp = self.tempo.ramp().ok().flatten();
        let (Some(ramp), Ok(Some(hertz)), Ok(time)) = (ramp, self.hertz(), self.time()) else {
            return rate.clone();
        };
        let schedule = Schedule::new(hertz, Some(ramp));
        let begin = self.tempo.measured_from();
        let rows = schedule.rows(time) - schedule.rows(begin);
        let mean = rows / time.saturating_sub(begin).as_secs_f64().max(1e-9);
        format!("{mean:.2}, on the way from {} to {rate}", ramp.from)
    }

    /// How long.
    pub(super) fn time(&self) -> Result<Duration> {
        // The old program took bare seconds, with a fraction, too.
        let seconds = || {
            self.time
                .parse()
                .ok()
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        };
        let time = parse_duration(&self.time).ok().or_else(seconds);
        time.filter(|time| !time.is_zero()).ok_or_else(|| {
            Error::user(format!(
                "`-t` is how long messages are sent, above 0 s: `{}` is no such time",
                self.time
            ))
        })
    }

    /// How long it is measured how fast messages could be made.
    pub(super) fn headroom(&self) -> Result<Duration> {
        time_of("-headroom", &self.headroom)
    }

    /// Bytes of data.
    pub(super) fn size(&self) -> Result<u64> {
        let bytes = self
            .size
            .parse()
            .ok()
            .or_else(|| parse_bytes(&self.size).ok());
        bytes
            // 1 GiB is the most that any value of rowgen has.
            .filter(|bytes| (1..=1 << 30).contains(bytes))
            .ok_or_else(|| {
                Error::user(format!(
                    "`-s` is bytes of data in a message, from 1 to 1073741824: `{}` is none",
                    self.size
                ))
            })
    }

    /// How long the other side is waited for.
    pub(super) fn patience(&self) -> Result<Option<Duration>> {
        let asked = self.start_timeout.as_deref();
        asked
            .map(|time| time_of("-start-timeout", time))
            .transpose()
    }

    /// How long the consumer works on a message.
    pub(super) fn processing(&self) -> Result<Duration> {
        let time = Duration::try_from_secs_f64(self.processing_time_ms / 1e3);
        time.map_err(|_| {
            Error::user(format!(
                "`-processing-time-ms` is at least 0: {} is not",
                self.processing_time_ms
            ))
        })
    }

    fn ports(&self) -> Result<()> {
        let first = if self.consume {
            self.producer_data_port
        } else {
            self.data_port
        };
        if self.channels == 0 {
            return Err(Error::user("`-channels` is at least 1"));
        }
        // In 32 bits: 65 535 channels from port 5555 on would wrap around.
        let last = u32::from(first) + u32::from(self.channels) - 1;
        if first == 0 || last > 65_535 {
            return Err(Error::user(format!(
                "{} channels from port {first} on need port {last}, and ports are 1 to 65535",
                self.channels
            )));
        }
        for (flag, port) in [
            ("-viz-port", self.viz_port),
            ("-control-port", self.control_port),
        ] {
            if port == 0 || (u32::from(first)..=last).contains(&u32::from(port)) {
                let message =
                    format!("`{flag}` {port} is taken: channels have the ports {first} to {last}");
                let hint = "take another port, fewer channels, or other ports for them";
                return Err(Error::user(Problem::new(message).hint(hint)));
            }
        }
        match self.viz_port == self.control_port {
            true => Err(Error::user(format!(
                "`-viz-port` and `-control-port` are both {}",
                self.viz_port
            ))),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_have_one_dash_or_two() {
        let given = [
            "rowgen",
            "stream",
            "-r",
            "5",
            "-data-port",
            "1",
            "--viz-port=2",
            "-r=7",
            "-output=x",
            "-t5",
            "-5",
            "-viz-ip",
        ];
        let mut arguments = given.map(OsString::from);
        long_flags(&mut arguments);
        let expected = [
            "rowgen",
            "stream",
            "-r",
            "5",
            "--data-port",
            "1",
            "--viz-port=2",
            "-r=7",
            "--output=x",
            "-t5",
            "-5",
            "--viz-ip",
        ];
        assert_eq!(arguments, expected.map(OsString::from));
        for (command, flag) in [("run", "-data"), ("compare", "--column")] {
            let mut other = ["rowgen", command, "-column", "-data"].map(OsString::from);
            long_flags(&mut other);
            assert!(other.iter().any(|other| other == flag), "{command}");
        }
    }
}
