//! What time it is for a schedule: the machine's, or a time of its own that may go faster.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

/// A clock that shows days and times.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's own.
    #[default]
    Machine,
    /// A clock that began at some time and runs faster or slower, to try a schedule out.
    Own {
        /// The time that it showed at first.
        from: DateTime<Utc>,
        /// When that was.
        since: Instant,
        /// How many of its seconds a second has.
        speed: f64,
    },
}

impl Clock {
    /// What it shows.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Machine => Utc::now(),
            // Computed from the beginning at each look, so that nothing adds up.
            Self::Own { from, since, speed } => {
                let passed = since.elapsed().as_secs_f64() * speed;
                let passed = TimeDelta::milliseconds((passed * 1e3) as i64);
                from.checked_add_signed(passed).unwrap_or(*from)
            }
        }
    }

    /// Reads a clock that begins now: `2026-01-01T00:00:00Z`, or with its speed
    /// `2026-01-01T00:00:00Z,3600`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (from, speed) = text.split_once(',').unwrap_or((text, "1"));
        let from = from.trim().parse::<DateTime<Utc>>().ok();
        let speed = speed.trim().parse::<f64>().ok();
        match (from, speed) {
            // Ten million times: four months in a second.
            (Some(from), Some(speed)) if (0.0..=1e7).contains(&speed) => Ok(Self::Own {
                from,
                since: Instant::now(),
                speed,
            }),
            _ => Err(
                "expected a time, and how many times as fast it goes: 2026-01-01T00:00:00Z,3600"
                    .into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_its_own_goes_on_from_its_time() {
        let clock = Clock::parse("2026-01-01T00:00:00Z,86400").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let later: DateTime<Utc> = "2026-01-01T00:28:00Z".parse().unwrap();
        assert!(clock.now() >= later);
        for wrong in [
            "",
            "2026",
            "2026-01-01T00:00:00Z,fast",
            "2026-01-01T00:00:00Z,-1",
        ] {
            assert!(Clock::parse(wrong).is_err(), "{wrong}");
        }
    }
}
