//! Dates and times as text by a `strftime` pattern, each distinct day or second rendered once.

use std::collections::HashMap;
use std::fmt::Write;

use arrow::array::timezone::Tz;
use arrow::array::{StringArray, StringBuilder};
use arrow::buffer::NullBuffer;
use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
use chrono::{DateTime, FixedOffset, Offset, TimeZone};

use super::extremes::of_i64;

/// A pattern such as `%Y-%m-%d`, checked.
#[derive(Debug, Clone)]
pub struct TimePattern {
    items: Vec<Item<'static>>,
    finest: Finest,
}

/// The finest part of a time that a pattern shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Finest {
    Day,
    Second,
    Fraction,
}

/// What the ticks of an array count, and where its clock stands.
#[derive(Debug, Clone)]
pub struct TickClock {
    /// Ticks in a second; none when a tick is a day.
    pub per_second: Option<i64>,
    /// The zone of the wall clock; none is UTC.
    pub zone: Option<Tz>,
}

/// Times as text.
#[derive(Debug)]
pub enum Rendered {
    /// The same text for every row.
    Same(String),
    /// Each row's key, and the texts that the keys stand for.
    Dictionary(Vec<i32>, Vec<String>),
    /// Each row's own text.
    Own(StringArray),
}

/// Looks up a zone's offset once for times that lie near each other.
struct ZoneOffsets<'a> {
    zone: Option<&'a Tz>,
    /// Seconds since 1970, from and to, between which the offset is known.
    known: (i64, i64),
    offset: i32,
}

const DAY: i64 = 86_400;

/// Seconds of a quarter of an hour: a zone whose offset is the same at both ends of one keeps it in between.
// For stretches, not for each time: a look-up searches the zone's table of changes.
const QUARTER: i64 = 900;

impl TimePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The byte at which an unknown `%` begins.
    pub fn new(text: &str) -> Result<Self, usize> {
        let items = StrftimeItems::new(text)
            .parse_to_owned()
            .map_err(|_| wrong(text))?;
        // Times are written with their offset alone, which has no name.
        if items.contains(&Item::Fixed(Fixed::TimezoneName)) {
            return Err(text.find("%Z").unwrap_or_default());
        }
        let finest = items.iter().map(finest).max().unwrap_or(Finest::Day);
        Ok(Self { items, finest })
    }

    /// The ticks as text; rows that are null have any text.
    pub fn render(&self, ticks: &[i64], clock: &TickClock, nulls: Option<&NullBuffer>) -> Rendered {
        let valid = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        let extent = match nulls {
            None => of_i64(ticks),
            Some(nulls) => {
                let counted: Vec<i64> = nulls.valid_indices().map(|row| ticks[row]).collect();
                of_i64(&counted)
            }
        };
        let Some((least, most)) = extent else {
            return self.by_dictionary(ticks, clock, valid);
        };
        let grain = clock.grain(self.finest);
        let one = least.div_euclid(grain) == most.div_euclid(grain);
        if one && clock.zone.is_none() {
            let mut text = String::new();
            self.write(least, 0, clock, &mut text);
            return Rendered::Same(text);
        }
        match most.saturating_sub(least) / grain {
            // A choice, no measurement is behind it: a dictionary must save three of four texts to
            // be worth its keys.
            grains if grains > ticks.len() as i64 / 4 => self.each(ticks, clock, valid),
            _ => self.by_dictionary(ticks, clock, valid),
        }
    }

    fn by_dictionary(
        &self,
        ticks: &[i64],
        clock: &TickClock,
        valid: impl Fn(usize) -> bool,
    ) -> Rendered {
        let mut keys = Vec::with_capacity(ticks.len());
        let mut texts = Vec::new();
        let mut seen: HashMap<(i64, i32), i32> = HashMap::new();
        let mut offsets = ZoneOffsets::new(clock.zone.as_ref());
        let grain = clock.grain(self.finest);
        let mut near = (0..0, 0, 0);
        for (row, tick) in ticks.iter().enumerate() {
            if !valid(row) {
                keys.push(0);
                continue;
            }
            let (local, offset) = clock.local(*tick, &mut offsets);
            if !near.0.contains(&local) || near.1 != offset {
                let first = local.div_euclid(grain).saturating_mul(grain);
                let code = *seen.entry((first, offset)).or_insert_with(|| {
                    let mut text = String::new();
                    self.write(*tick, offset, clock, &mut text);
                    texts.push(text);
                    texts.len() as i32 - 1
                });
                near = (first..first.saturating_add(grain), offset, code);
            }
            keys.push(near.2);
        }
        Rendered::Dictionary(keys, texts)
    }

    fn each(&self, ticks: &[i64], clock: &TickClock, valid: impl Fn(usize) -> bool) -> Rendered {
        let mut offsets = ZoneOffsets::new(clock.zone.as_ref());
        let mut texts = StringBuilder::with_capacity(ticks.len(), ticks.len() * 24);
        for (row, tick) in ticks.iter().enumerate() {
            if valid(row) {
                let offset = clock.local(*tick, &mut offsets).1;
                self.write(*tick, offset, clock, &mut texts);
            }
            texts.append_value("");
        }
        Rendered::Own(texts.finish())
    }

    fn write(&self, tick: i64, offset: i32, clock: &TickClock, out: &mut impl Write) {
        let (seconds, nanos) = clock.split(tick);
        let zone = FixedOffset::east_opt(offset).unwrap_or_else(|| chrono::Utc.fix());
        if let Some(time) = DateTime::from_timestamp(seconds, nanos) {
            let shown = time
                .with_timezone(&zone)
                .format_with_items(self.items.iter());
            // Every item was checked when the pattern was read, and the buffers take any text.
            let _ = write!(out, "{shown}");
        }
    }

    /// The length of every text, when it is the same for all years from 0 to 9999.
    pub fn width(&self) -> Option<usize> {
        self.items.iter().map(width).sum()
    }

    /// True when a later time never has a lesser text, for years from 0 to 9999 in UTC.
    pub fn rises(&self) -> bool {
        let order = [
            Numeric::Year,
            Numeric::Month,
            Numeric::Day,
            Numeric::Hour,
            Numeric::Minute,
            Numeric::Second,
            Numeric::Nanosecond,
        ];
        let mut shown = self.items.iter().filter_map(|item| match item {
            Item::Literal(_) | Item::OwnedLiteral(_) | Item::Space(_) | Item::OwnedSpace(_) => None,
            Item::Numeric(field, _) => Some(Some(field)),
            _ => Some(None),
        });
        let mut expected = order.iter();
        self.width().is_some() && shown.all(|field| field == expected.next())
    }
}

fn wrong(text: &str) -> usize {
    let starts = text.match_indices('%').map(|(at, _)| at);
    let unknown = |at: &usize| matches!(StrftimeItems::new(&text[*at..]).next(), Some(Item::Error));
    starts.filter(unknown).min().unwrap_or_default()
}

fn finest(item: &Item<'_>) -> Finest {
    use Numeric as N;
    match item {
        Item::Numeric(N::Hour | N::Hour12 | N::Minute | N::Second | N::Timestamp, _)
        | Item::Fixed(
            Fixed::LowerAmPm
            | Fixed::UpperAmPm
            | Fixed::TimezoneOffset
            | Fixed::TimezoneOffsetColon
            | Fixed::TimezoneOffsetDoubleColon
            | Fixed::TimezoneOffsetTripleColon,
        ) => Finest::Second,
        Item::Numeric(N::Nanosecond, _) => Finest::Fraction,
        Item::Numeric(..)
        | Item::Literal(_)
        | Item::OwnedLiteral(_)
        | Item::Space(_)
        | Item::OwnedSpace(_)
        | Item::Fixed(
            Fixed::ShortMonthName
            | Fixed::LongMonthName
            | Fixed::ShortWeekdayName
            | Fixed::LongWeekdayName,
        ) => Finest::Day,
        _ => Finest::Fraction,
    }
}

fn width(item: &Item<'_>) -> Option<usize> {
    use chrono::format::Pad;
    match item {
        Item::Literal(text) | Item::Space(text) => Some(text.len()),
        Item::OwnedLiteral(text) | Item::OwnedSpace(text) => Some(text.len()),
        Item::Numeric(Numeric::Year, Pad::Zero) => Some(4),
        Item::Numeric(Numeric::Ordinal, Pad::Zero) => Some(3),
        Item::Numeric(Numeric::Nanosecond, Pad::Zero) => Some(9),
        Item::Numeric(
            Numeric::Month | Numeric::Day | Numeric::Hour | Numeric::Minute | Numeric::Second,
            Pad::Zero,
        ) => Some(2),
        _ => None,
    }
}

impl TickClock {
    /// The wall clock's ticks, and its offset in seconds.
    fn local(&self, tick: i64, offsets: &mut ZoneOffsets<'_>) -> (i64, i32) {
        match (self.per_second, &self.zone) {
            (Some(per_second), Some(_)) => {
                let offset = offsets.at(tick.div_euclid(per_second));
                (tick.saturating_add(i64::from(offset) * per_second), offset)
            }
            _ => (tick, 0),
        }
    }

    /// How many ticks share one text.
    fn grain(&self, finest: Finest) -> i64 {
        match (self.per_second, finest) {
            (None, _) | (_, Finest::Fraction) => 1,
            (Some(per_second), Finest::Second) => per_second,
            (Some(per_second), Finest::Day) => per_second * DAY,
        }
    }

    /// Whole seconds and nanoseconds of so many ticks.
    fn split(&self, ticks: i64) -> (i64, u32) {
        match self.per_second {
            None => (ticks.saturating_mul(DAY), 0),
            Some(per_second) => {
                let nanos = ticks.rem_euclid(per_second) * (1_000_000_000 / per_second);
                (ticks.div_euclid(per_second), nanos as u32)
            }
        }
    }
}

impl<'a> ZoneOffsets<'a> {
    fn new(zone: Option<&'a Tz>) -> Self {
        Self {
            zone,
            known: (0, 0),
            offset: 0,
        }
    }

    fn at(&mut self, seconds: i64) -> i32 {
        if (self.known.0..self.known.1).contains(&seconds) {
            return self.offset;
        }
        let start = seconds.div_euclid(QUARTER) * QUARTER;
        let (first, last) = (self.look_up(start), self.look_up(start + QUARTER));
        if first != last {
            return self.look_up(seconds);
        }
        self.known = (start, start + QUARTER);
        self.offset = first;
        first
    }

    fn look_up(&self, seconds: i64) -> i32 {
        let utc = DateTime::from_timestamp(seconds, 0).map(|time| time.naive_utc());
        match (self.zone, utc) {
            (Some(zone), Some(utc)) => zone.offset_from_utc_datetime(&utc).fix().local_minus_utc(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: Option<&str>) -> TickClock {
        TickClock {
            per_second: Some(1_000),
            zone: zone.map(|zone| zone.parse().unwrap()),
        }
    }

    fn shown(pattern: &str, ticks: &[i64], clock: &TickClock) -> Vec<String> {
        match TimePattern::new(pattern)
            .unwrap()
            .render(ticks, clock, None)
        {
            Rendered::Same(text) => vec![text; ticks.len()],
            Rendered::Dictionary(keys, texts) => keys
                .iter()
                .map(|code| texts[*code as usize].clone())
                .collect(),
            Rendered::Own(texts) => texts.iter().map(|text| text.unwrap().to_string()).collect(),
        }
    }

    #[test]
    fn days_and_instants_are_shown_in_their_zone() {
        let ticks = [1_768_435_200_000, 1_768_435_199_999, 1_768_435_200_001];
        assert_eq!(
            shown("%Y%m%d", &ticks, &clock(None)),
            ["20260115", "20260114", "20260115"]
        );
        assert_eq!(
            shown(
                "%Y-%m-%dT%H:%M:%S%.3f%:z",
                &ticks,
                &clock(Some("Europe/Rome"))
            ),
            [
                "2026-01-15T01:00:00.000+01:00",
                "2026-01-15T00:59:59.999+01:00",
                "2026-01-15T01:00:00.001+01:00"
            ]
        );
        let days = TickClock {
            per_second: None,
            zone: None,
        };
        assert_eq!(
            shown("%d %b %Y", &[0, -1, 0, 0, 0, 0, 0, 0], &days)[..2],
            ["01 Jan 1970", "31 Dec 1969"]
        );
    }

    #[test]
    fn the_hour_that_comes_twice_keeps_its_two_offsets() {
        // 2025-10-26 in Rome: 02:30 stands twice, at 00:30 and at 01:30 UTC.
        let ticks: Vec<i64> = [0, 3600, 0, 3600]
            .repeat(1000)
            .iter()
            .map(|s| (1_761_438_600 + s) * 1000)
            .collect();
        assert_eq!(
            shown("%H:%M%z", &ticks, &clock(Some("Europe/Rome")))[..3],
            ["02:30+0200", "02:30+0100", "02:30+0200"]
        );
    }

    #[test]
    fn what_is_known_of_a_pattern() {
        let known = |text: &str| {
            let pattern = TimePattern::new(text).unwrap();
            (pattern.width(), pattern.rises())
        };
        assert_eq!(known("%Y-%m-%d"), (Some(10), true));
        assert_eq!(known("%Y%m%d%H%M%S"), (Some(14), true));
        assert_eq!(known("%d.%m.%Y"), (Some(10), false));
        assert_eq!(known("%Y %B"), (None, false));
        assert_eq!(TimePattern::new("%Y-%Q%m").unwrap_err(), 3);
        assert_eq!(TimePattern::new("%Y %Z").unwrap_err(), 3);
    }
}
