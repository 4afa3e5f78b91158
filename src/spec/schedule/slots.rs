//! The slots of a schedule: minutes of the calendar of its zone, and the moments at which they are due.

use std::fmt;

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};

use super::{Cron, Zone};

/// How a slot is called: nothing of it needs quoting in a path or a shell.
const NAME: &str = "%Y-%m-%dT%H-%M";

/// A minute of the calendar for which a dataset is made. It is a time as clocks in the zone show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub NaiveDateTime);

/// The minutes that a pattern matches, from a first day on.
#[derive(Debug, Clone)]
pub struct Slots {
    pub(super) cron: Cron,
    pub(super) zone: Zone,
    pub(super) start: Option<NaiveDate>,
}

impl Slot {
    /// A slot by its name, as `2026-01-31T02-15`; also as `2026-01-31T02:15`.
    pub fn parse(text: &str) -> Option<Self> {
        let time = NaiveDateTime::parse_from_str(&text.replace(':', "-"), NAME);
        time.ok().map(Self)
    }

    /// Its day, which is the run's date.
    pub fn day(self) -> NaiveDate {
        self.0.date()
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format(NAME).fmt(f)
    }
}

impl Slots {
    /// The moment at which a slot is due. A time that clocks skip, as they go forward, is due when they
    /// have gone; one that they show twice, as they go back, the first time.
    pub fn due(&self, slot: Slot) -> DateTime<Utc> {
        let zone = self.zone.0;
        match zone.from_local_datetime(&slot.0) {
            // The first of two: the hour that clocks repeat has one slot for each minute that
            // matches, and it is made once.
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.to_utc(),
            LocalResult::None => self.behind_gap(slot.0),
        }
    }

    /// The first moment after the gap that this time lies in. Gaps end at whole minutes, and the longest
    /// one, on an island that changed its day, was of 24 hours.
    fn behind_gap(&self, time: NaiveDateTime) -> DateTime<Utc> {
        let after = (1..=2 * 24 * 60).find_map(|minutes| {
            let later = time.checked_add_signed(TimeDelta::minutes(minutes))?;
            self.zone.0.from_local_datetime(&later).earliest()
        });
        after.map_or_else(|| Utc.from_utc_datetime(&time), |moment| moment.to_utc())
    }

    /// The first slot after this one.
    pub fn after(&self, slot: Slot) -> Option<Slot> {
        self.from(slot.0.checked_add_signed(TimeDelta::minutes(1))?)
    }

    /// The first slot from this time on.
    pub fn from(&self, time: NaiveDateTime) -> Option<Slot> {
        let start = self.start.map_or(time, |start| time.max(start.into()));
        self.cron.at_or_after(start).map(Slot)
    }

    /// The newest slot that is due.
    pub fn newest(&self, now: DateTime<Utc>) -> Option<Slot> {
        // When clocks go back they show an earlier time than slots that are due already: what
        // follows is looked at, too.
        let mut newest = self.before(self.local(now))?;
        while let Some(next) = self.after(newest).filter(|next| self.due(*next) <= now) {
            newest = next;
        }
        Some(newest)
    }

    /// The last slot up to this time.
    pub fn before(&self, time: NaiveDateTime) -> Option<Slot> {
        let slot = self.cron.at_or_before(time)?;
        let begins = self.start.is_none_or(|start| slot.date() >= start);
        begins.then_some(Slot(slot))
    }

    /// The slots from one day to another, both included, in order.
    pub fn between(
        &self,
        first: NaiveDate,
        last: NaiveDate,
    ) -> impl Iterator<Item = Slot> + use<'_> {
        let begin = self.from(first.into());
        let all = std::iter::successors(begin, |slot| self.after(*slot));
        all.take_while(move |slot| slot.day() <= last)
    }

    /// All slots from the first day on until this one, in order.
    pub fn until(&self, last: Slot) -> Vec<Slot> {
        let all = self.start.into_iter();
        let all = all.flat_map(|start| self.between(start, last.day()));
        all.take_while(|slot| *slot <= last).collect()
    }

    /// True of a minute that the pattern matches.
    pub fn has(&self, slot: Slot) -> bool {
        self.from(slot.0) == Some(slot)
    }

    /// Two slots that are as near as any: on one day, if any day has several.
    pub fn pair(&self, slot: Slot) -> Option<(Slot, Slot)> {
        // Patterns that have several slots on some days only have them within two years.
        let end = slot.day().checked_add_days(Days::new(800))?;
        let all = std::iter::successors(Some(slot), |slot| self.after(*slot));
        Self::nearest(all.take_while(|slot| slot.day() <= end).take(3000))
    }

    /// Two of these slots that are as near as any: on one day, if any day has several. They are in order.
    pub fn nearest(all: impl Iterator<Item = Slot>) -> Option<(Slot, Slot)> {
        let mut pairs = all.scan(None, |before: &mut Option<Slot>, slot| {
            Some(before.replace(slot).map(|before| (before, slot)))
        });
        let mut first = None;
        let near = pairs.by_ref().flatten().find(|pair| {
            first.get_or_insert(*pair);
            pair.0.day() == pair.1.day()
        });
        near.or(first)
    }

    /// What clocks in the zone show.
    pub fn local(&self, now: DateTime<Utc>) -> NaiveDateTime {
        now.with_timezone(&self.zone.0).naive_local()
    }

    /// The pattern as it was written, and the zone.
    pub fn describe(&self) -> (&str, &'static str) {
        (self.cron.as_str(), self.zone.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(cron: &str, zone: &str) -> Slots {
        Slots {
            cron: Cron::parse(cron).unwrap(),
            zone: Zone(zone.parse().unwrap()),
            start: None,
        }
    }

    fn of_day(slots: &Slots, day: &str) -> Vec<String> {
        let day: NaiveDate = day.parse().unwrap();
        let all = slots.between(day, day);
        all.map(|slot| format!("{slot} {}", slots.due(slot).format("%dT%H:%M")))
            .collect()
    }

    #[test]
    fn a_time_that_clocks_skip_is_due_when_they_have_gone_forward() {
        let rome = slots("15 2 * * *", "Europe/Rome");
        assert_eq!(of_day(&rome, "2026-03-28"), ["2026-03-28T02-15 28T01:15"]);
        assert_eq!(of_day(&rome, "2026-03-29"), ["2026-03-29T02-15 29T01:00"]);
        assert_eq!(of_day(&rome, "2026-03-30"), ["2026-03-30T02-15 30T00:15"]);
        // Midnight itself is skipped; and a whole day.
        let cairo = slots("0 0 * * *", "Africa/Cairo");
        assert_eq!(of_day(&cairo, "2026-04-24"), ["2026-04-24T00-00 23T22:00"]);
        let apia = slots("0 12 * * *", "Pacific/Apia");
        assert_eq!(of_day(&apia, "2011-12-30"), ["2011-12-30T12-00 30T10:00"]);
    }

    #[test]
    fn a_time_that_clocks_show_twice_is_due_once() {
        let rome = slots("15,45 2 * * *", "Europe/Rome");
        let once = ["2026-10-25T02-15 25T00:15", "2026-10-25T02-45 25T00:45"];
        assert_eq!(of_day(&rome, "2026-10-25"), once);
        let hourly = slots("0 * * * *", "Europe/Rome");
        for day in ["2026-03-29", "2026-10-25", "2026-07-01"] {
            assert_eq!(of_day(&hourly, day).len(), 24, "{day}");
        }
    }

    #[test]
    fn the_newest_slot_is_the_last_that_is_due() {
        let newest = |slots: &Slots, now: &str| {
            let now: DateTime<Utc> = now.parse().unwrap();
            slots.newest(now).unwrap().to_string()
        };
        let rome = slots("15,45 2 * * *", "Europe/Rome");
        assert_eq!(newest(&rome, "2026-10-25T00:44:59Z"), "2026-10-25T02-15");
        assert_eq!(newest(&rome, "2026-10-25T00:45:00Z"), "2026-10-25T02-45");
        // Clocks show 02:10 again.
        assert_eq!(newest(&rome, "2026-10-25T01:10:00Z"), "2026-10-25T02-45");
        assert_eq!(newest(&rome, "2026-03-29T00:59:00Z"), "2026-03-28T02-45");
        assert_eq!(newest(&rome, "2026-03-29T01:00:00Z"), "2026-03-29T02-45");
    }

    #[test]
    fn every_slot_of_ten_years_follows_the_one_before() {
        for (cron, zone) in [
            ("*/30 * * * *", "Europe/Rome"),
            ("15 2 * * *", "America/New_York"),
        ] {
            let slots = slots(cron, zone);
            let (first, last) = ("2020-01-01".parse().unwrap(), "2029-12-31".parse().unwrap());
            let mut before = None;
            let mut count = 0;
            for slot in slots.between(first, last) {
                let due = slots.due(slot);
                assert!(before.is_none_or(|before| before <= due), "{slot}");
                assert_eq!(Slot::parse(&slot.to_string()), Some(slot));
                assert!(slots.has(slot));
                (before, count) = (Some(due), count + 1);
            }
            assert_eq!(count, 3653 * if cron.starts_with('*') { 48 } else { 1 });
        }
    }

    #[test]
    fn a_pair_is_of_one_day_where_a_day_has_two() {
        let pair = |cron: &str| {
            let slots = slots(cron, "UTC");
            let first = slots.from("2026-01-05".parse::<NaiveDate>().unwrap().into());
            let (one, other) = slots.pair(first.unwrap()).unwrap();
            format!("{one} {other}")
        };
        assert_eq!(pair("0 2 * * *"), "2026-01-05T02-00 2026-01-06T02-00");
        assert_eq!(pair("0 2,14 1 * *"), "2026-02-01T02-00 2026-02-01T14-00");
    }
}
