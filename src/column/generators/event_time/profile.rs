//! A day whose hours are not equally busy: time that runs faster where more happens.

/// Turns the load done since the start into the time at which it is done.
pub struct DayProfile {
    /// Ticks in a day.
    day: i64,
    /// Load done at the start.
    done: i64,
    start: i64,
    /// The load of the day before each hour, in ticks of a day that is equally busy; and all of it.
    before: [f64; 25],
    /// The load of each hour in a tick.
    weights: [f64; 24],
}

impl DayProfile {
    /// A profile of 24 weights.
    ///
    /// # Errors
    /// There are more or fewer, or they make no day.
    pub fn new(weights: &[f64], ticks_per_second: i64, start: i64) -> Result<Self, String> {
        let Ok(mut hours) = <[f64; 24]>::try_from(weights) else {
            let found = weights.len();
            return Err(format!("a day's profile has 24 weights, found {found}"));
        };
        if let Some(wrong) = hours.iter().find(|weight| **weight < 0.0) {
            return Err(format!("a weight must be a number from 0, found {wrong}"));
        }
        let total: f64 = hours.iter().sum();
        if total <= 0.0 {
            return Err("at least one weight must be above 0".into());
        }
        hours.iter_mut().for_each(|weight| *weight *= 24.0 / total);
        let day = ticks_per_second * 86_400;
        let mut before = [0.0; 25];
        for (hour, weight) in hours.iter().enumerate() {
            before[hour + 1] = before[hour] + weight * (day / 24) as f64;
        }
        // Rounded sums would end a tick before or behind the day, and every later day with them.
        before[24] = day as f64;
        let mut profile = Self {
            day,
            done: 0,
            start,
            before,
            weights: hours,
        };
        profile.done = profile.load_at(start);
        Ok(profile)
    }

    /// The load of a span, in ticks of a day that is equally busy.
    pub fn load(&self, start: i64, length: i64) -> i64 {
        self.load_at(start.saturating_add(length)) - self.load_at(start)
    }

    /// The time at which so much load is done since the start.
    pub fn time(&self, load: i64) -> i64 {
        let load = load.saturating_add(self.done);
        let (days, rest) = (load.div_euclid(self.day), load.rem_euclid(self.day) as f64);
        // The last hour that begins before the load is done: one of weight 0 is never it.
        let hour = self.before[1..24].partition_point(|before| *before <= rest);
        let hour_ticks = self.day / 24;
        let within = ((rest - self.before[hour]) / self.weights[hour]) as i64;
        let within = within.clamp(0, hour_ticks - 1);
        let time = days
            .saturating_mul(self.day)
            .saturating_add(hour as i64 * hour_ticks + within);
        time.max(self.start)
    }

    fn load_at(&self, time: i64) -> i64 {
        let (days, rest) = (time.div_euclid(self.day), time.rem_euclid(self.day));
        let hour_ticks = self.day / 24;
        let (hour, within) = ((rest / hour_ticks) as usize, rest % hour_ticks);
        let load = self.before[hour] + within as f64 * self.weights[hour];
        days * self.day + load as i64
    }
}
