//! What happened when: messages and their response times over the run, in as many steps as fit a picture.

use std::time::Duration;

use serde::Serialize;

/// The most steps that are kept; a longer run has longer ones.
// About one step for each pixel of the page's chart, which is 900 wide. 1200 steps of 100 ms are
// the first two minutes.
const MOST: usize = 1200;

/// How long the steps are at first.
const STEP: Duration = Duration::from_millis(100);

/// Figures over time.
#[derive(Debug)]
pub struct Series {
    step: Duration,
    steps: Vec<Step>,
}

/// What happened in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Step {
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that were skipped.
    pub skipped: u64,
    /// Replies that came.
    pub answered: u64,
    /// Their response times together, in microseconds.
    pub response_sum: f64,
    /// The longest one, in microseconds.
    pub response_max: f64,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            step: STEP,
            steps: Vec::new(),
        }
    }
}

impl Series {
    /// The step at such a time after the start.
    pub fn at(&mut self, time: Duration) -> &mut Step {
        let mut place = self.place(time);
        while place >= MOST {
            self.halve();
            place = self.place(time);
        }
        if self.steps.len() <= place {
            self.steps.resize(place + 1, Step::default());
        }
        &mut self.steps[place]
    }

    /// How long a step is, in seconds, and all of them.
    pub fn read(&self) -> (f64, Vec<Step>) {
        (self.step.as_secs_f64(), self.steps.clone())
    }

    fn place(&self, time: Duration) -> usize {
        usize::try_from(time.as_nanos() / self.step.as_nanos().max(1)).unwrap_or(usize::MAX)
    }

    /// Two steps become one.
    fn halve(&mut self) {
        // Halving keeps all figures as sums: a run's length is not known beforehand, and memory
        // must not grow with it.
        self.step *= 2;
        let pairs = self.steps.chunks(2);
        self.steps = pairs
            .map(|pair| pair.iter().fold(Step::default(), Step::and))
            .collect();
    }
}

impl Step {
    /// A reply came after so many microseconds.
    pub fn answer(&mut self, response: f64) {
        self.answered += 1;
        self.response_sum += response;
        self.response_max = self.response_max.max(response);
    }

    fn and(self, other: &Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            skipped: self.skipped + other.skipped,
            answered: self.answered + other.answered,
            response_sum: self.response_sum + other.response_sum,
            response_max: self.response_max.max(other.response_max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_run_has_longer_steps_and_loses_nothing() {
        let mut series = Series::default();
        let seconds = 1000;
        for tenth in 0..seconds * 10 {
            let step = series.at(Duration::from_millis(tenth * 100 + 50));
            step.sent += 1;
            step.answer(tenth as f64);
        }
        let (step, steps) = series.read();
        assert_eq!((step, steps.len()), (1.6, 625));
        assert!(
            steps
                .iter()
                .all(|step| (step.sent, step.answered) == (16, 16))
        );
        assert_eq!(steps[0].response_sum, 120.0);
        assert_eq!(steps[624].response_max, 9999.0);
        // A clock that leaps a century.
        series.at(Duration::from_secs(3_000_000_000)).skipped += 1;
        let (_, steps) = series.read();
        assert!(steps.len() <= MOST);
        assert_eq!(steps.iter().map(|step| step.sent).sum::<u64>(), 10_000);
    }
}
