//! Local times, in texts or in timestamps without a zone, as instants of a zone. Those that a clock
//! change repeats or skips have an instant, too: PostgreSQL's, as everywhere else.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::error::ArrowError;

use super::time::{Zone, per_second};

/// The values as `to`; null where that cannot be.
///
/// # Errors
/// No value of that type can become one of the other.
pub fn cast_to_zone(values: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let made = cast_with_options(values, to, &CastOptions::default())?;
    let local = matches!(
        values.data_type(),
        DataType::Utf8 | DataType::Timestamp(_, None)
    );
    let DataType::Timestamp(unit, Some(zone)) = to else {
        return Ok(made);
    };
    let failed = made.null_count() != values.logical_null_count();
    match Zone::parse(zone) {
        Some(zone) if local && failed => placed(values, &made, *unit, &zone),
        _ => Ok(made),
    }
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
        known.or_else(|| Some(zone.to_instant(local?, per_second(unit))))
    };
    let instants: Int64Array = known.iter().zip(local).map(instant).collect();
    cast(&(Arc::new(instants) as ArrayRef), made.data_type())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    /// Seconds since 1970 of local times in Rome.
    fn seconds(values: &ArrayRef) -> Vec<Option<i64>> {
        let rome = DataType::Timestamp(TimeUnit::Second, Some("Europe/Rome".into()));
        let made = cast_to_zone(values, &rome).unwrap();
        assert_eq!(made.data_type(), &rome);
        let seconds = cast(&made, &DataType::Int64).unwrap();
        seconds.as_primitive::<Int64Type>().iter().collect()
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
