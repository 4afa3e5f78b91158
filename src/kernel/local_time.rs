//! Texts as dates and times, local times as instants of a zone, and such instants as local times, as
//! PostgreSQL has them: a date is the day that is written, a time without a zone the clock that is written or
//! that the zone's clock shows, and times that a clock change repeats or skips have an instant, too.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;

use super::time::{SECONDS_PER_DAY, Zone, per_second};
use super::time_parse;

/// The values as `to`; null where that cannot be.
///
/// # Errors
/// No value of that type can become one of the other.
pub fn cast_to_zone(values: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let is_moment = matches!(to, DataType::Date32 | DataType::Timestamp(..));
    if let (true, DataType::LargeUtf8 | DataType::Utf8View) = (is_moment, values.data_type()) {
        return cast_to_zone(&cast(values, &DataType::Utf8)?, to);
    }
    match (values.data_type(), to) {
        (DataType::Timestamp(unit, zone), DataType::Date32) => {
            return days(values, *unit, zone.as_deref());
        }
        // Milliseconds, whatever they are called: Arrow's cast of such dates wraps in nanoseconds.
        (DataType::Date64, DataType::Timestamp(..)) => {
            let millis = DataType::Timestamp(TimeUnit::Millisecond, None);
            return cast_to_zone(&cast(values, &millis)?, to);
        }
        (DataType::Timestamp(unit, Some(zone)), DataType::Timestamp(_, None)) => {
            let zone = Zone::parse(zone).filter(|zone| !matches!(zone, Zone::Fixed(0)));
            if let Some(zone) = zone {
                let local = clocks(values, *unit, &zone)?;
                return cast_with_options(&local, to, &CastOptions::default());
            }
        }
        _ => {}
    }
    // Arrow's cast first, for the whole column: only rows that it reads in another way than
    // PostgreSQL, or not at all, are read again one by one.
    let made = cast_with_options(values, to, &CastOptions::default())?;
    if let (true, Some(texts)) = (is_moment, values.as_string_opt::<i32>()) {
        return read(texts, made);
    }
    let local = matches!(values.data_type(), DataType::Timestamp(_, None));
    let DataType::Timestamp(unit, Some(zone)) = to else {
        return Ok(made);
    };
    let failed = made.null_count() != values.logical_null_count();
    match Zone::parse(zone) {
        Some(zone) if local && failed => placed(values, &made, *unit, &zone),
        _ => Ok(made),
    }
}

/// The days on which moments are, by the clock of their zone; null where 32 bits do not hold it. Arrow's cast
/// fails for the whole column there, and for years that its library of dates does not have.
fn days(values: &ArrayRef, unit: TimeUnit, zone: Option<&str>) -> Result<ArrayRef, ArrowError> {
    let no_zone = || ArrowError::ParseError(format!("unknown time zone `{}`", zone.unwrap_or("")));
    let zone = zone
        .map_or(Some(Zone::UTC), Zone::parse)
        .ok_or_else(no_zone)?;
    let ticks = cast(values, &DataType::Int64)?;
    let day = |tick: i64| {
        let second = tick.div_euclid(per_second(unit));
        let local = second.saturating_add(zone.offset_at(second));
        i32::try_from(local.div_euclid(SECONDS_PER_DAY)).ok()
    };
    let days = ticks.as_primitive::<Int64Type>();
    Ok(Arc::new(days.unary_opt::<_, Date32Type>(day)))
}

/// True for a number that becomes a time without saying what it counts: in a timestamp a whole number
/// counts the type's own unit since 1970.
pub fn says_no_unit(from: &DataType, to: &DataType) -> bool {
    match to {
        DataType::Timestamp(..) => from.is_numeric() && !from.is_integer(),
        other => from.is_numeric() && other.is_temporal(),
    }
}

/// Of texts that Arrow's cast reads in another way, or not at all, what they say.
fn read(texts: &StringArray, made: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let zoned = matches!(made.data_type(), DataType::Timestamp(_, Some(_)));
    let differs = |row: &usize| {
        texts.is_valid(*row)
            && (made.is_null(*row) || !zoned && has_offset(texts.value(*row).as_bytes()))
    };
    let again: Vec<usize> = (0..texts.len()).filter(differs).collect();
    if again.is_empty() {
        return Ok(made);
    }
    let known = cast(&cast(&made, &ticks_of(made.data_type()))?, &DataType::Int64)?;
    let mut known: Vec<Option<i64>> = known.as_primitive::<Int64Type>().iter().collect();
    let zone = match made.data_type() {
        DataType::Timestamp(_, Some(zone)) => Zone::parse(zone),
        _ => None,
    };
    for row in again {
        known[row] = moment(texts.value(row), made.data_type(), zone.as_ref());
    }
    let known: ArrayRef = Arc::new(Int64Array::from(known));
    cast(
        &cast(&known, &ticks_of(made.data_type()))?,
        made.data_type(),
    )
}

/// The integers that hold such moments.
fn ticks_of(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Date32 => DataType::Int32,
        _ => DataType::Int64,
    }
}

/// Nothing for a zone that nobody knows.
fn moment(text: &str, to: &DataType, zone: Option<&Zone>) -> Option<i64> {
    match to {
        DataType::Date32 => time_parse::date(text).map(i64::from),
        DataType::Timestamp(_, Some(_)) if zone.is_none() => None,
        DataType::Timestamp(unit, _) => {
            let ticks = time_parse::timestamp(text, zone, per_second(*unit))?;
            i64::try_from(ticks).ok()
        }
        _ => None,
    }
}

/// True where something else than a time, or `Z`, may stand behind a date.
pub fn has_offset(text: &[u8]) -> bool {
    let time =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b' ' | b'Z' | b'z');
    // Behind the date: its own hyphens would be taken for those of an offset.
    let behind = text.get(11..).unwrap_or_default();
    !behind.iter().all(time)
}

/// What the zone's clock shows, where Arrow's cast would show the clock in Greenwich; null where that is beyond
/// 64 bits.
fn clocks(values: &ArrayRef, unit: TimeUnit, zone: &Zone) -> Result<ArrayRef, ArrowError> {
    let instants = cast(values, &DataType::Int64)?;
    let clock = |instant: i64| zone.to_local(instant, per_second(unit));
    let clocks: Int64Array = instants.as_primitive::<Int64Type>().unary_opt(clock);
    cast(
        &(Arc::new(clocks) as ArrayRef),
        &DataType::Timestamp(unit, None),
    )
}

/// Arrow's cast knows no instant of a local time that stands twice or never.
fn placed(
    values: &ArrayRef,
    made: &ArrayRef,
    unit: TimeUnit,
    zone: &Zone,
) -> Result<ArrayRef, ArrowError> {
    let local = cast_with_options(
        values,
        &DataType::Timestamp(unit, None),
        &CastOptions::default(),
    )?;
    let (local, known) = (
        cast(&local, &DataType::Int64)?,
        cast(made, &DataType::Int64)?,
    );
    let (local, known) = (
        local.as_primitive::<Int64Type>(),
        known.as_primitive::<Int64Type>(),
    );
    let instant = |(known, local): (Option<i64>, Option<i64>)| {
        known.or_else(|| zone.to_instant(local?, per_second(unit)))
    };
    let instants: Int64Array = known.iter().zip(local).map(instant).collect();
    cast(&(Arc::new(instants) as ArrayRef), made.data_type())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since 1970 of local times in Rome.
    fn seconds(values: &ArrayRef) -> Vec<Option<i64>> {
        let rome = DataType::Timestamp(TimeUnit::Second, Some("Europe/Rome".into()));
        let made = cast_to_zone(values, &rome).unwrap();
        assert_eq!(made.data_type(), &rome);
        let seconds = cast(&made, &DataType::Int64).unwrap();
        seconds.as_primitive::<Int64Type>().iter().collect()
    }

    #[test]
    fn texts_say_the_day_and_the_clock_that_are_written() {
        let texts = [
            "2026-01-31T00:30:00+02:00",
            "2026-01-31 23:30:00-05",
            "2026-01-31T10:00:00Z",
            "2026-01-31 10:00",
            "2026-01-31",
            "20260131",
            "2026-01-31 10:00 America/New_York",
            "31.01.2026",
        ];
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let ticks = |to: &DataType| -> Vec<Option<i64>> {
            let made = cast_to_zone(&texts, to).unwrap();
            assert_eq!(made.data_type(), to);
            let ticks = cast(&cast(&made, &ticks_of(to)).unwrap(), &DataType::Int64).unwrap();
            ticks.as_primitive::<Int64Type>().iter().collect()
        };
        let day = 20_484;
        let mut days = [Some(day); 8];
        days[7] = None;
        assert_eq!(ticks(&DataType::Date32), days);
        let clocks = [1800, 84_600, 36_000, 36_000, 0, 0, 36_000];
        let clocks = clocks.map(|clock| Some(day * 86_400 + clock));
        let local = ticks(&DataType::Timestamp(TimeUnit::Second, None));
        assert_eq!(local, [&clocks[..], &[None]].concat());
        let offsets = [-7200, 18_000, 0, 0, 0, 0, 18_000];
        let instants = clocks.iter().zip(offsets);
        let instants: Vec<Option<i64>> = instants
            .map(|(clock, offset)| clock.map(|clock| clock + offset))
            .chain([None])
            .collect();
        let zoned = DataType::Timestamp(TimeUnit::Second, Some("UTC".into()));
        assert_eq!(ticks(&zoned), instants);
        let view = cast(&texts, &DataType::Utf8View).unwrap();
        assert_eq!(
            cast_to_zone(&view, &zoned).unwrap().as_ref(),
            cast_to_zone(&texts, &zoned).unwrap().as_ref()
        );
    }

    #[test]
    fn a_moment_is_on_a_day_that_32_bits_hold_or_on_none() {
        use arrow::array::{Date64Array, TimestampMillisecondArray};
        let millis = [
            Some(-1),
            None,
            Some(i64::MAX),
            Some(i64::MIN),
            Some(9_000_000_000_000_000),
        ];
        let millis = TimestampMillisecondArray::from(millis.to_vec());
        let days = |values: ArrayRef| -> Vec<Option<i32>> {
            let made = cast_to_zone(&values, &DataType::Date32).unwrap();
            made.as_primitive::<Date32Type>().iter().collect()
        };
        let far = Some(104_166_666);
        assert_eq!(
            days(Arc::new(millis.clone())),
            [Some(-1), None, None, None, far]
        );
        let rome = millis.with_timezone("Europe/Rome");
        assert_eq!(days(Arc::new(rome)), [Some(0), None, None, None, far]);
        let dates: ArrayRef = Arc::new(Date64Array::from(vec![86_400_000, 32_503_680_000_000]));
        let nanos = DataType::Timestamp(TimeUnit::Nanosecond, None);
        let made = cast_to_zone(&dates, &nanos).unwrap();
        let made = cast(&made, &DataType::Int64).unwrap();
        let made: Vec<Option<i64>> = made.as_primitive::<Int64Type>().iter().collect();
        assert_eq!(made, [Some(86_400_000_000_000), None]);
    }

    #[test]
    fn an_instant_without_its_zone_is_what_the_zone_s_clock_shows() {
        let instants: ArrayRef = Arc::new(Int64Array::from(vec![
            Some(1_711_846_799),
            Some(1_711_846_800),
            Some(1_729_989_000),
            Some(1_729_992_600),
            None,
            Some(-1),
        ]));
        let shown = |zone: &str| -> Vec<Option<i64>> {
            let zoned = DataType::Timestamp(TimeUnit::Second, Some(zone.into()));
            let zoned = cast(&instants, &zoned).unwrap();
            let local = DataType::Timestamp(TimeUnit::Millisecond, None);
            let made = cast_to_zone(&zoned, &local).unwrap();
            assert_eq!(made.data_type(), &local);
            let ticks = cast(&made, &DataType::Int64).unwrap();
            let ticks = ticks.as_primitive::<Int64Type>().iter();
            ticks.map(|ticks| Some(ticks? / 1000)).collect()
        };
        let moved = |by: [i64; 6]| -> Vec<Option<i64>> {
            let all = instants.as_primitive::<Int64Type>().iter().zip(by);
            all.map(|(instant, by)| Some(instant? + by)).collect()
        };
        // The clock goes from 02:00 to 03:00 in March, and shows 02:30 twice in October.
        let rome = [3600, 7200, 7200, 3600, 0, 3600];
        assert_eq!(shown("Europe/Rome"), moved(rome));
        assert_eq!(shown("-05:30"), moved([-19_800; 6]));
        assert_eq!(shown("UTC"), moved([0; 6]));
        let last = DataType::Timestamp(TimeUnit::Second, Some("+01:00".into()));
        let last = cast(
            &(Arc::new(Int64Array::from(vec![i64::MAX])) as ArrayRef),
            &last,
        );
        let local = DataType::Timestamp(TimeUnit::Second, None);
        assert!(cast_to_zone(&last.unwrap(), &local).unwrap().is_null(0));
    }

    #[test]
    fn hours_that_stand_twice_or_never_have_postgresqls_instants() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![
            Some("2024-03-31 02:30:00"),
            Some("2024-10-27 02:30:00"),
            Some("2024-10-27 02:30:00+02:00"),
            Some("2024-06-01 12:00:00"),
            Some("yesterday"),
            None,
        ]));
        let expected = [
            // 03:30 in summer time; 02:30 in standard time, the later of the two; then the earlier.
            Some(1_711_848_600),
            Some(1_729_992_600),
            Some(1_729_989_000),
            Some(1_717_236_000),
            None,
            None,
        ];
        assert_eq!(seconds(&texts), expected);
        let local = cast(
            &texts.slice(0, 2),
            &DataType::Timestamp(TimeUnit::Microsecond, None),
        );
        assert_eq!(seconds(&local.unwrap()), expected[..2]);
    }
}
