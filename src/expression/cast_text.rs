//! Values of every type as PostgreSQL writes them.

use super::digits::write_decimal;
use super::error::{Result, RowFailure};
use super::exact::scale;
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::text::build;
use super::time_format;
use super::types::{self, Representation};
use super::value::nulls;
use crate::kernel::time::Zone;
use arrow::datatypes::{DataType, TimeUnit};

/// How `concat` and a cast write a truth value: they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BooleanSpelling {
    Words,
    Letters,
}

type ValueWriter = Box<dyn Fn(&mut String, i64) + Send + Sync>;

pub(super) fn to_text(node: TypedNode, truth: BooleanSpelling) -> Result<TypedNode> {
    let place = node.place;
    let kernel: Kernel = match node.representation() {
        Representation::Boolean => booleans(truth),
        Representation::Narrow => narrow(writer(&node)),
        Representation::Wide => {
            let scale = scale(&node);
            Box::new(move |values, evaluation| {
                let operand = values[0].wide();
                build(evaluation.rows, nulls(values), |text, row| {
                    write_decimal(text, operand.at(row), scale);
                    Ok(())
                })
            })
        }
        Representation::Float => {
            let single = node.data_type == DataType::Float32;
            Box::new(move |values, evaluation| {
                let operand = values[0].float();
                build(evaluation.rows, nulls(values), |text, row| {
                    text.push_str(&float_text(operand.at(row), single));
                    Ok(())
                })
            })
        }
        Representation::Interval => Box::new(move |values, evaluation| {
            let operand = values[0].interval();
            build(evaluation.rows, nulls(values), |text, row| {
                let value = operand.at(row);
                let parts = (value.months, value.days.into(), value.nanoseconds.into());
                time_format::interval(text, parts);
                Ok(())
            })
        }),
        Representation::Text => return Ok(node),
        Representation::Other => {
            let name = node.type_name();
            let error = place.error(format!("{name} cannot be cast to text"));
            return Err(match node.data_type {
                DataType::Binary | DataType::LargeBinary => error.hint(
                    "bytes that are read, as a key of Kafka, are text with `types: { NAME: utf8 }`",
                ),
                _ => error,
            });
        }
    };
    let result_type = ResultType::of(DataType::Utf8).with_form(CallForm::AsText);
    TypedNode::strict(place, result_type, vec![node], kernel)
}

fn booleans(truth: BooleanSpelling) -> Kernel {
    let [yes, no] = match truth {
        BooleanSpelling::Words => ["true", "false"],
        BooleanSpelling::Letters => ["t", "f"],
    };
    Box::new(move |values, evaluation| {
        let truths = values[0].booleans(evaluation.rows);
        build(evaluation.rows, nulls(values), |text, row| {
            text.push_str(if truths.value(row) { yes } else { no });
            Ok::<(), RowFailure>(())
        })
    })
}

fn narrow(write: ValueWriter) -> Kernel {
    Box::new(move |values, evaluation| {
        let operand = values[0].narrow();
        build(evaluation.rows, nulls(values), |text, row| {
            write(text, operand.at(row));
            Ok(())
        })
    })
}

/// What writes a 64-bit representation of the node's type.
fn writer(node: &TypedNode) -> ValueWriter {
    match &node.data_type {
        DataType::Date32 => Box::new(time_format::date),
        DataType::Timestamp(unit, zone) => {
            let zone = zone.as_ref().and_then(|zone| Zone::parse(zone));
            let per_second = types::per_second(*unit);
            Box::new(move |text, value| {
                time_format::timestamp(text, value, zone.as_ref(), per_second)
            })
        }
        DataType::Time32(unit) | DataType::Time64(unit) => {
            let per_second = types::per_second(*unit);
            Box::new(move |text, value| time_format::time_of_day(text, value, per_second))
        }
        DataType::Duration(unit) => {
            let per_tick =
                i128::from(types::per_second(TimeUnit::Nanosecond) / types::per_second(*unit));
            let per_day = types::per_second(*unit) * crate::kernel::time::SECONDS_PER_DAY;
            Box::new(move |text, value| {
                let rest = i128::from(value % per_day) * per_tick;
                time_format::interval(text, (0, value / per_day, rest));
            })
        }
        _ => {
            let scale = scale(node);
            Box::new(move |text, value| write_decimal(text, value.into(), scale))
        }
    }
}

/// The shortest digits that read back as the same float; in scientific form from 1e15 and below 1e-4.
pub(super) fn float_text(value: f64, single: bool) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let (scientific, plain) = match single {
        true => (format!("{:e}", value as f32), format!("{}", value as f32)),
        false => (format!("{value:e}"), format!("{value}")),
    };
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return plain;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // PostgreSQL writes floats with the shortest digits since version 12, and turns to the
    // scientific form at these exponents.
    let most = if single { 6 } else { 15 };
    if (-4..most).contains(&exponent) {
        return plain;
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_postgresql() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (100_000.0, "100000"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(float_text(value, false), expected);
        }
        assert_eq!(float_text(f64::from(0.1_f32), true), "0.1");
        assert_eq!(float_text(1_234_567.0, true), "1.234567e+06");
    }
}
