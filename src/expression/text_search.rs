//! Looking into text: `like`, lengths, positions, replacing, trimming.

use super::error::{Result, RowFailure, TextSpan};
use super::evaluate::internal;
use super::functions::{CallArguments, Function, require};
use super::node::{Kernel, ResultType, TypedNode};
use super::range::NumericBounds;
use super::text::build;
use super::text_part::length_of;
use super::types::Family;
use super::value::{ColumnarValue, TextValues, nulls};
use arrow::array::{ArrayRef, BooleanArray, Int64Array};
use arrow::compute::{ilike, like, nilike, nlike};
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("length", "length(text)", 1..=1, characters),
    Function::new("char_length", "char_length(text)", 1..=1, characters),
    Function::new(
        "character_length",
        "character_length(text)",
        1..=1,
        characters,
    ),
    Function::new("octet_length", "octet_length(text)", 1..=1, |arguments| {
        measured(arguments, |texts, row| texts[0].at(row).len())
    }),
    Function::new("position", "position(part in text)", 2..=2, |arguments| {
        measured(arguments, |texts, row| {
            place_of(texts[1].at(row), texts[0].at(row))
        })
    }),
    Function::new("strpos", "strpos(text, part)", 2..=2, |arguments| {
        measured(arguments, |texts, row| {
            place_of(texts[0].at(row), texts[1].at(row))
        })
    }),
    Function::new(
        "starts_with",
        "starts_with(text, beginning)",
        2..=2,
        starts_with,
    ),
    Function::new("replace", "replace(text, part, by)", 3..=3, |arguments| {
        made(arguments, replaced)
    }),
    Function::new(
        "trim",
        "trim([both | leading | trailing] [characters] from text)",
        1..=2,
        |arguments| trimmed(arguments, true, true),
    ),
    Function::new("btrim", "btrim(text[, characters])", 1..=2, |arguments| {
        trimmed(arguments, true, true)
    }),
    Function::new("ltrim", "ltrim(text[, characters])", 1..=2, |arguments| {
        trimmed(arguments, true, false)
    }),
    Function::new("rtrim", "rtrim(text[, characters])", 1..=2, |arguments| {
        trimmed(arguments, false, true)
    }),
    Function::new(
        "split_part",
        "split_part(text, delimiter, number)",
        3..=3,
        split_part,
    ),
];

fn all_text(arguments: &CallArguments) -> Result<()> {
    (0..arguments.nodes.len()).try_for_each(|index| arguments.require(index, Family::Text, "text"))
}

fn characters(arguments: CallArguments) -> Result<TypedNode> {
    measured(arguments, |texts, row| length_of(texts[0].at(row)))
}

/// A function from texts to a count.
fn measured(
    arguments: CallArguments,
    function: fn(&[TextValues<'_>], usize) -> usize,
) -> Result<TypedNode> {
    all_text(&arguments)?;
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let texts: Vec<TextValues<'_>> = values.iter().map(ColumnarValue::text).collect();
        let nulls = nulls(values);
        let count = |row| function(&texts, row) as i64;
        let counts: Vec<i64> = (0..evaluation.rows).map(count).collect();
        Ok(Arc::new(Int64Array::new(counts.into(), nulls)) as ArrayRef)
    });
    let result_type =
        // The texts of a batch have offsets of 32 bits together, so that the length of one has no
        // more.
        ResultType::of(DataType::Int32).within(NumericBounds::new(0, i32::MAX.into()));
    arguments.strict(result_type, kernel)
}

/// The character at which the part begins, from 1; 0 where it is not there.
fn place_of(text: &str, part: &str) -> usize {
    text.find(part)
        .map_or(0, |byte| length_of(&text[..byte]) + 1)
}

fn starts_with(arguments: CallArguments) -> Result<TypedNode> {
    all_text(&arguments)?;
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        let (text, beginning) = (values[0].text(), values[1].text());
        let truth = |row| text.at(row).starts_with(beginning.at(row));
        let truths = arrow::buffer::BooleanBuffer::collect_bool(evaluation.rows, truth);
        Ok(Arc::new(BooleanArray::new(truths, nulls(values))))
    });
    arguments.strict(ResultType::of(DataType::Boolean), kernel)
}

/// A function from texts to a text.
fn made(
    arguments: CallArguments,
    function: fn(&[TextValues<'_>], usize, &mut String),
) -> Result<TypedNode> {
    all_text(&arguments)?;
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let texts: Vec<TextValues<'_>> = values.iter().map(ColumnarValue::text).collect();
        build(evaluation.rows, nulls(values), |to, row| {
            function(&texts, row, to);
            Ok(())
        })
    });
    arguments.strict(ResultType::of(DataType::Utf8), kernel)
}

fn replaced(texts: &[TextValues<'_>], row: usize, to: &mut String) {
    let (text, part, by) = (texts[0].at(row), texts[1].at(row), texts[2].at(row));
    // An empty part stands between all characters; PostgreSQL replaces nothing then, whereas Rust's
    // `replace` would fill all gaps.
    if part.is_empty() {
        return to.push_str(text);
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(part) {
        to.push_str(before);
        to.push_str(by);
        rest = after;
    }
    to.push_str(rest);
}

/// Cuts a set of characters (by default spaces) off either end.
pub(super) fn trimmed(mut arguments: CallArguments, start: bool, end: bool) -> Result<TypedNode> {
    if arguments.nodes.len() == 1 {
        arguments
            .nodes
            .push(TypedNode::quoted(" ", arguments.place));
    }
    let function = match (start, end) {
        (true, false) => |text: &mut &str, set: &str| {
            *text = text.trim_start_matches(|letter| set.contains(letter))
        },
        (false, _) => |text: &mut &str, set: &str| {
            *text = text.trim_end_matches(|letter| set.contains(letter))
        },
        (true, true) => {
            |text: &mut &str, set: &str| *text = text.trim_matches(|letter| set.contains(letter))
        }
    };
    all_text(&arguments)?;
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let (texts, sets) = (values[0].text(), values[1].text());
        build(evaluation.rows, nulls(values), |to, row| {
            let mut text = texts.at(row);
            function(&mut text, sets.at(row));
            to.push_str(text);
            Ok(())
        })
    });
    arguments.strict(ResultType::of(DataType::Utf8), kernel)
}

fn split_part(arguments: CallArguments) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    arguments.require(1, Family::Text, "text")?;
    arguments.require(2, Family::Integer, "an integer")?;
    let fallible = arguments.nodes[2].bounds().contains(0);
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        let (texts, delimiters, numbers) = (values[0].text(), values[1].text(), values[2].narrow());
        build(evaluation.rows, nulls(values), |to, row| {
            let (text, delimiter, number) = (texts.at(row), delimiters.at(row), numbers.at(row));
            // Rows that are not asked for, in other branches of a `case`, may have any number.
            if number == 0 && evaluation.is_active(row) {
                return Err(RowFailure::at(row, "`split_part` counts from 1"));
            }
            to.push_str(part(text, delimiter, number).unwrap_or(""));
            Ok(())
        })
    });
    let result_type = ResultType::of(DataType::Utf8).fallible(fallible);
    arguments.strict(result_type, kernel)
}

fn part<'a>(text: &'a str, delimiter: &str, number: i64) -> Option<&'a str> {
    let skipped = usize::try_from(number.unsigned_abs().checked_sub(1)?).ok()?;
    match (delimiter.is_empty(), number > 0) {
        (true, _) => (skipped == 0).then_some(text),
        (false, true) => text.split(delimiter).nth(skipped),
        (false, false) => text.rsplit(delimiter).nth(skipped),
    }
}

/// `text like pattern`, with its negation and its form that ignores case.
pub(super) fn matches(
    text: TypedNode,
    pattern: TypedNode,
    (negated, any_case): (bool, bool),
    place: TextSpan,
) -> Result<TypedNode> {
    for node in [&text, &pattern] {
        require("like", node, Family::Text, "text")?;
    }
    let function = match (negated, any_case) {
        (false, false) => like,
        (true, false) => nlike,
        (false, true) => ilike,
        (true, true) => nilike,
    };
    let kernel: Kernel = Box::new(move |values, _| {
        Ok(Arc::new(
            function(&values[0], &values[1]).map_err(internal)?,
        ))
    });
    TypedNode::strict(
        place,
        ResultType::of(DataType::Boolean),
        vec![text, pattern],
        kernel,
    )
}
