//! Text made from text: `||`, `concat`, upper and lower case.

use super::cast_text::{self, BooleanSpelling};
use super::error::{Result, RowFailure, TextSpan};
use super::functions::{CallArguments, Function, mismatch};
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::types::{self, Family};
use super::value::{ColumnarValue, TextValues, nulls};
use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("concat", "concat(a, b, …)", 1..=usize::MAX, concat),
    Function::new(
        "concat_ws",
        "concat_ws(separator, a, b, …)",
        2..=usize::MAX,
        concat_ws,
    ),
    Function::new("lower", "lower(text)", 1..=1, |arguments| {
        mapped(arguments, lower)
    }),
    Function::new("upper", "upper(text)", 1..=1, |arguments| {
        mapped(arguments, upper)
    }),
    Function::new("reverse", "reverse(text)", 1..=1, |arguments| {
        mapped(arguments, |text, to| to.extend(text.chars().rev()))
    }),
];

pub(super) type WriteResult = Result<(), RowFailure>;

/// Text row by row: `write` appends a row's text, and is not called for null rows.
pub(super) fn build(
    rows: usize,
    nulls: Option<NullBuffer>,
    mut write: impl FnMut(&mut String, usize) -> WriteResult,
) -> Result<ArrayRef, RowFailure> {
    let mut text = String::with_capacity(rows * 16);
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0_i32);
    for row in 0..rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            write(&mut text, row)?;
        }
        // Arrow's `Utf8` has offsets of 32 bits. `LargeUtf8` would hold more, at twice the offsets
        // for every text column; batches of smaller texts are the better answer.
        let end = i32::try_from(text.len());
        offsets.push(
            end.map_err(|_| RowFailure::at(row, "the text of one batch is longer than 2 GiB"))?,
        );
    }
    let offsets = OffsetBuffer::new(offsets.into());
    let array = StringArray::try_new(offsets, text.into_bytes().into(), nulls);
    Ok(Arc::new(array.map_err(super::evaluate::internal)?))
}

pub(super) fn lower(text: &str, to: &mut String) {
    match text.is_ascii() {
        true => ascii(text, to, str::make_ascii_lowercase),
        false => to.extend(
            text.chars()
                .map(|letter| single(letter.to_lowercase(), letter)),
        ),
    }
}

pub(super) fn upper(text: &str, to: &mut String) {
    match text.is_ascii() {
        true => ascii(text, to, str::make_ascii_uppercase),
        false => to.extend(
            text.chars()
                .map(|letter| single(letter.to_uppercase(), letter)),
        ),
    }
}

fn ascii(text: &str, to: &mut String, change: fn(&mut str)) {
    let start = to.len();
    to.push_str(text);
    change(&mut to[start..]);
}

/// The other case of a letter; a letter whose other case is two (`ß`) stays, as in PostgreSQL.
fn single(mut cases: impl Iterator<Item = char>, letter: char) -> char {
    match (cases.next(), cases.next()) {
        (Some(case), None) => case,
        _ => letter,
    }
}

fn mapped(
    arguments: CallArguments,
    function: impl Fn(&str, &mut String) + Send + Sync + 'static,
) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let texts = values[0].text();
        build(evaluation.rows, nulls(values), |to, row| {
            function(texts.at(row), to);
            Ok(())
        })
    });
    arguments.strict(
        ResultType::of(DataType::Utf8).with_form(CallForm::PartOfText),
        kernel,
    )
}

/// `left || right`: one side at least is text, the other becomes it.
pub(super) fn joined(left: TypedNode, right: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let texts = [&left, &right].map(|node| types::family(&node.data_type));
    if !texts.contains(&Family::Text) && !texts.contains(&Family::Null) {
        let (left, right) = (left.type_name(), right.type_name());
        return Err(place
            .error(format!("`||` does not work on {left} and {right}"))
            .hint("it joins texts: cast one side to text, or use `concat`; conditions are joined with `or`"));
    }
    let sides = [left, right].map(|node| match types::family(&node.data_type) {
        Family::Null => Ok(TypedNode::null(DataType::Utf8, node.place)),
        _ => cast_text::to_text(node, BooleanSpelling::Words),
    });
    let [left, right] = sides;
    let (left, right) = (left?, right?);
    let mut parts = match left.form() {
        // `a || b || c` is one call of three texts. Each is copied once, not again for every `||`
        // behind it.
        CallForm::Joined => left.into_arguments(),
        _ => vec![left],
    };
    parts.push(right);
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        let texts: Vec<TextValues<'_>> = values.iter().map(ColumnarValue::text).collect();
        build(evaluation.rows, nulls(values), |to, row| {
            texts.iter().for_each(|text| to.push_str(text.at(row)));
            Ok(())
        })
    });
    let result_type = ResultType::of(DataType::Utf8).with_form(CallForm::Joined);
    TypedNode::strict(place, result_type, parts, kernel)
}

/// Nulls add nothing.
fn concat(arguments: CallArguments) -> Result<TypedNode> {
    let (place, parts) = (arguments.place, as_texts(arguments.nodes)?);
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        let texts: Vec<TextValues<'_>> = values.iter().map(ColumnarValue::text).collect();
        build(evaluation.rows, None, |to, row| {
            texts
                .iter()
                .filter_map(|text| text.get(row))
                .for_each(|text| to.push_str(text));
            Ok(())
        })
    });
    let result_type = ResultType::of(DataType::Utf8).with_form(CallForm::Concat);
    TypedNode::call(place, result_type, parts, kernel)
}

/// Null where the separator is; other nulls are left out with their separator.
fn concat_ws(arguments: CallArguments) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    let (place, parts) = (arguments.place, as_texts(arguments.nodes)?);
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        let texts: Vec<TextValues<'_>> = values.iter().map(ColumnarValue::text).collect();
        build(evaluation.rows, nulls(&values[..1]), |to, row| {
            let parts = texts[1..].iter().filter_map(|text| text.get(row));
            for (index, part) in parts.enumerate() {
                to.push_str(if index > 0 { texts[0].at(row) } else { "" });
                to.push_str(part);
            }
            Ok(())
        })
    });
    if parts[0].is_null() {
        return Ok(TypedNode::null(DataType::Utf8, place));
    }
    let result_type = ResultType::of(DataType::Utf8)
        .nullable(parts[0].nullable)
        .with_form(CallForm::Separated);
    TypedNode::call(place, result_type, parts, kernel)
}

fn as_texts(nodes: Vec<TypedNode>) -> Result<Vec<TypedNode>> {
    let nodes = nodes.into_iter();
    nodes.map(|node| as_text("concat", node)).collect()
}

/// A value as text to a function that takes any.
// Truth values are `t` and `f` here, and words where they are cast: PostgreSQL has both.
pub(super) fn as_text(function: &str, node: TypedNode) -> Result<TypedNode> {
    match types::family(&node.data_type) {
        Family::Null => Ok(TypedNode::null(DataType::Utf8, node.place)),
        Family::Other => {
            let wanted = "text and what can be written as text";
            Err(mismatch(function, wanted, &node))
        }
        _ => cast_text::to_text(node, BooleanSpelling::Letters),
    }
}
