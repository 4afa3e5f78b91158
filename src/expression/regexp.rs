//! Regular expressions: `regexp_replace`, `regexp_match`, `regexp_like`, `regexp_count`, `regexp_substr`, `~`.
//!
//! A pattern is a constant and compiled once, by the crate `regex`, which is linear in the text whatever the
//! pattern: it knows neither backreferences nor looking ahead or behind, and of several ways to match it
//! takes the first one written where PostgreSQL takes the longest. `.` matches a line's end, too, unless the
//! flag `n` is given; `\y`, `\m` and `\M` are PostgreSQL's bounds of a word. Lists are none of expressions'
//! values here: `regexp_match` gives the first group, or all that matched where there is no group.

use super::error::{Result, TextSpan};
use super::functions::{CallArguments, Function, require};
use super::node::{Kernel, ResultType, Sides, TypedNode};
use super::range::NumericBounds;
use super::regexp_pattern::{Pattern, Replacement};
use super::text::build;
use super::types::Family;
use super::value::nulls;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringBuilder};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use regex::Regex;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "regexp_replace",
        "regexp_replace(text, pattern, by[, flags])",
        3..=4,
        replace,
    ),
    Function::new(
        "regexp_match",
        "regexp_match(text, pattern[, flags])",
        2..=3,
        |arguments| found(arguments, true),
    ),
    Function::new(
        "regexp_substr",
        "regexp_substr(text, pattern)",
        2..=2,
        |arguments| found(arguments, false),
    ),
    Function::new(
        "regexp_like",
        "regexp_like(text, pattern[, flags])",
        2..=3,
        like,
    ),
    Function::new("regexp_count", "regexp_count(text, pattern)", 2..=2, count),
];

/// The arguments of a call, which are text, and the pattern with the flags at `flags`.
fn compiled(arguments: &CallArguments, flags: usize) -> Result<Option<Pattern>> {
    (0..arguments.nodes.len())
        .try_for_each(|index| arguments.require(index, Family::Text, "text"))?;
    if arguments.nodes.iter().any(TypedNode::is_null) {
        return Ok(None);
    }
    Pattern::of(&arguments.nodes[1], arguments.nodes.get(flags)).map(Some)
}

/// The call of what looks at the text alone, the pattern being compiled into it.
fn of_text(
    mut arguments: CallArguments,
    result_type: ResultType,
    kernel: Kernel,
) -> Result<TypedNode> {
    arguments.nodes.truncate(1);
    arguments.strict(result_type, kernel)
}

fn null(data_type: DataType, place: TextSpan) -> Result<TypedNode> {
    Ok(TypedNode::null(data_type, place))
}

fn replace(arguments: CallArguments) -> Result<TypedNode> {
    let Some(pattern) = compiled(&arguments, 3)? else {
        return null(DataType::Utf8, arguments.place);
    };
    let by = &arguments.nodes[2];
    let Some(by) = by.constant_text() else {
        let error = by.place.error("what replaces a match must be a constant");
        return Err(error.hint("`replace` takes a column there, too"));
    };
    // Read once, as the pattern is: the crate's own replacement texts are read anew for each match,
    // and mean groups by `$1` where PostgreSQL writes `\1`.
    let by = Replacement::of(by, &pattern.regex, arguments.nodes[2].place)?;
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let texts = values[0].text();
        let most = if pattern.every { usize::MAX } else { 1 };
        build(evaluation.rows, nulls(values), |to, row| {
            let (text, mut end) = (texts.at(row), 0);
            for groups in pattern.regex.captures_iter(text).take(most) {
                if let Some(whole) = groups.get(0) {
                    to.push_str(&text[end..whole.start()]);
                    by.write(&groups, to);
                    end = whole.end();
                }
            }
            to.push_str(&text[end..]);
            Ok(())
        })
    });
    of_text(arguments, ResultType::of(DataType::Utf8), kernel)
}

/// What matched: of `groups` the first one, if there is any.
fn found(arguments: CallArguments, groups: bool) -> Result<TypedNode> {
    let Some(pattern) = compiled(&arguments, 2)? else {
        return null(DataType::Utf8, arguments.place);
    };
    pattern.only_first()?;
    let group = usize::from(groups && pattern.regex.captures_len() > 1);
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let texts = values[0].text();
        let mut found = StringBuilder::with_capacity(evaluation.rows, evaluation.rows * 8);
        for row in 0..evaluation.rows {
            let text = texts.get(row);
            found.append_option(text.and_then(|text| part(&pattern.regex, text, group)));
        }
        Ok(Arc::new(found.finish()) as ArrayRef)
    });
    let result_type = ResultType::of(DataType::Utf8).nullable(true);
    of_text(arguments, result_type, kernel)
}

fn part<'t>(regex: &Regex, text: &'t str, group: usize) -> Option<&'t str> {
    match group {
        // Without groups to keep, a match is found several times faster.
        0 => regex.find(text).map(|found| found.as_str()),
        group => Some(regex.captures(text)?.get(group)?.as_str()),
    }
}

fn like(arguments: CallArguments) -> Result<TypedNode> {
    let Some(pattern) = compiled(&arguments, 2)? else {
        return null(DataType::Boolean, arguments.place);
    };
    pattern.only_first()?;
    of_text(
        arguments,
        ResultType::of(DataType::Boolean),
        tested(pattern.regex, false),
    )
}

fn tested(regex: Regex, negated: bool) -> Kernel {
    Box::new(move |values, evaluation| {
        let (texts, nulls) = (values[0].text(), nulls(values));
        // A search is dear beside a look at a bit: rows that are null have any bytes, mostly none,
        // and are not searched.
        let valid = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let truth = |row| valid(row) && regex.is_match(texts.at(row)) != negated;
        let truths = BooleanBuffer::collect_bool(evaluation.rows, truth);
        Ok(Arc::new(BooleanArray::new(truths, nulls.clone())) as ArrayRef)
    })
}

fn count(arguments: CallArguments) -> Result<TypedNode> {
    let Some(pattern) = compiled(&arguments, 2)? else {
        return null(DataType::Int32, arguments.place);
    };
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let texts = values[0].text();
        let count = |row| pattern.regex.find_iter(texts.at(row)).count() as i64;
        let counts: Vec<i64> = (0..evaluation.rows).map(count).collect();
        Ok(Arc::new(Int64Array::new(counts.into(), nulls(values))) as ArrayRef)
    });
    let result_type =
        ResultType::of(DataType::Int32).within(NumericBounds::new(0, i32::MAX.into()));
    of_text(arguments, result_type, kernel)
}

/// `text ~ pattern`, with its negation and its form that ignores case.
pub(super) fn operator(
    symbol: &str,
    [text, pattern]: Sides,
    (negated, any_case): (bool, bool),
    place: TextSpan,
) -> Result<TypedNode> {
    for node in [&text, &pattern] {
        require(symbol, node, Family::Text, "text")?;
    }
    if text.is_null() || pattern.is_null() {
        return null(DataType::Boolean, place);
    }
    let regex = Pattern::with_flags(&pattern, if any_case { "i" } else { "" }, place)?.regex;
    let result_type = ResultType::of(DataType::Boolean);
    TypedNode::strict(place, result_type, vec![text], tested(regex, negated))
}
