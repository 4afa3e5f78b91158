//! Text made from text: `||`, `concat`, parts of a text, padding, case.

use super::cast;
use super::cast_text::{self, Truth};
use super::error::{ExpressionError, Failure, Place};
use super::functions::{Arguments, Function, mismatch};
use super::node::{Kernel, Node, Shape};
use super::types::{self, Family};
use super::value::{Texts, Value, nulls};
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
        mapped(arguments, |text, to| {
            to.extend(
                text.chars()
                    .map(|letter| single(letter.to_lowercase(), letter)),
            );
        })
    }),
    Function::new("upper", "upper(text)", 1..=1, |arguments| {
        mapped(arguments, |text, to| {
            to.extend(
                text.chars()
                    .map(|letter| single(letter.to_uppercase(), letter)),
            );
        })
    }),
    Function::new("reverse", "reverse(text)", 1..=1, |arguments| {
        mapped(arguments, |text, to| to.extend(text.chars().rev()))
    }),
    Function::new("substr", "substr(text, start[, length])", 2..=3, substring),
    Function::new(
        "substring",
        "substring(text, start[, length])",
        2..=3,
        substring,
    ),
    Function::new("left", "left(text, length)", 2..=2, |arguments| {
        numbered(arguments, left)
    }),
    Function::new("right", "right(text, length)", 2..=2, |arguments| {
        numbered(arguments, right)
    }),
    Function::new("repeat", "repeat(text, times)", 2..=2, |arguments| {
        numbered(arguments, repeat)
    }),
    Function::new("lpad", "lpad(text, length[, fill])", 2..=3, |arguments| {
        pad(arguments, true)
    }),
    Function::new("rpad", "rpad(text, length[, fill])", 2..=3, |arguments| {
        pad(arguments, false)
    }),
];

/// The longest text that a function makes, as PostgreSQL's longest value.
const MAX_BYTES: usize = 1 << 30;

type Written = Result<(), Failure>;

/// Text row by row: `write` appends a row's text, and is not called for null rows.
pub(super) fn build(
    rows: usize,
    nulls: Option<NullBuffer>,
    mut write: impl FnMut(&mut String, usize) -> Written,
) -> Result<ArrayRef, Failure> {
    let mut text = String::with_capacity(rows * 16);
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0_i32);
    for row in 0..rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            write(&mut text, row)?;
        }
        let end = i32::try_from(text.len());
        offsets
            .push(end.map_err(|_| Failure::at(row, "the text of one batch is longer than 2 GiB"))?);
    }
    let offsets = OffsetBuffer::new(offsets.into());
    let array = StringArray::try_new(offsets, text.into_bytes().into(), nulls);
    Ok(Arc::new(array.map_err(super::evaluate::internal)?))
}

/// The other case of a letter; a letter whose other case is two (`ß`) stays, as in PostgreSQL.
fn single(mut cases: impl Iterator<Item = char>, letter: char) -> char {
    match (cases.next(), cases.next()) {
        (Some(case), None) => case,
        _ => letter,
    }
}

fn mapped(
    arguments: Arguments,
    function: impl Fn(&str, &mut String) + Send + Sync + 'static,
) -> Result<Node, ExpressionError> {
    arguments.require(0, Family::Text, "text")?;
    let kernel: Kernel = Box::new(move |values, frame| {
        let texts = values[0].text();
        build(frame.rows, nulls(values), |to, row| {
            function(texts.at(row), to);
            Ok(())
        })
    });
    Node::strict(
        arguments.place,
        Shape::of(DataType::Utf8),
        arguments.nodes,
        kernel,
    )
}

/// A text and a number.
fn numbered(
    mut arguments: Arguments,
    function: fn(&str, i64, &mut String, usize) -> Written,
) -> Result<Node, ExpressionError> {
    arguments.require(0, Family::Text, "text")?;
    integers(&mut arguments, 1)?;
    let kernel: Kernel = Box::new(move |values, frame| {
        let (texts, numbers) = (values[0].text(), values[1].narrow());
        build(frame.rows, nulls(values), |to, row| {
            if !frame.is_active(row) {
                return Ok(());
            }
            function(texts.at(row), numbers.at(row), to, row)
        })
    });
    let shape = Shape::of(DataType::Utf8).fallible(true);
    Node::strict(arguments.place, shape, arguments.nodes, kernel)
}

/// Makes the arguments from `first` on 64-bit integers.
fn integers(arguments: &mut Arguments, first: usize) -> Result<(), ExpressionError> {
    for index in first..arguments.nodes.len() {
        integer(arguments, index)?;
    }
    Ok(())
}

fn integer(arguments: &mut Arguments, index: usize) -> Result<(), ExpressionError> {
    if arguments.nodes[index].quoted_text().is_none() {
        arguments.require(index, Family::Integer, "an integer")?;
    }
    let place = arguments.nodes[index].place;
    let node = std::mem::replace(
        &mut arguments.nodes[index],
        Node::null(DataType::Null, place),
    );
    arguments.nodes[index] = cast::cast(node, &DataType::Int64, cast::Asked::Implicitly)?;
    Ok(())
}

/// The byte where the character begins, or the end.
fn byte_of(text: &str, character: usize) -> usize {
    if text.is_ascii() {
        return character.min(text.len());
    }
    text.char_indices()
        .nth(character)
        .map_or(text.len(), |(byte, _)| byte)
}

fn left(text: &str, count: i64, to: &mut String, _: usize) -> Written {
    let count = if count < 0 {
        text.chars().count() as i64 + count
    } else {
        count
    };
    to.push_str(&text[..byte_of(text, usize::try_from(count).unwrap_or(0))]);
    Ok(())
}

fn right(text: &str, count: i64, to: &mut String, _: usize) -> Written {
    let skipped = match count {
        0.. => text.chars().count() as i64 - count,
        _ => count.saturating_neg(),
    };
    to.push_str(&text[byte_of(text, usize::try_from(skipped).unwrap_or(0))..]);
    Ok(())
}

fn repeat(text: &str, times: i64, to: &mut String, row: usize) -> Written {
    let times = usize::try_from(times).unwrap_or(0);
    if text.len().saturating_mul(times) > MAX_BYTES {
        return Err(Failure::at(row, "the text is longer than 1 GiB"));
    }
    to.push_str(&text.repeat(times));
    Ok(())
}

fn substring(mut arguments: Arguments) -> Result<Node, ExpressionError> {
    arguments.require(0, Family::Text, "text")?;
    integers(&mut arguments, 1)?;
    let kernel: Kernel = Box::new(|values: &[Value], frame| {
        let (texts, starts) = (values[0].text(), values[1].narrow());
        let lengths = values.get(2).map(Value::narrow);
        build(frame.rows, nulls(values), |to, row| {
            let start = starts.at(row).saturating_sub(1);
            let length = lengths.map_or(i64::MAX, |lengths| lengths.at(row));
            if length < 0 && frame.is_active(row) {
                return Err(Failure::at(row, format!("a substring of length {length}")));
            }
            let end = start.saturating_add(length.max(0)).max(0) as usize;
            let (start, text) = (start.max(0) as usize, texts.at(row));
            if start < end {
                to.push_str(&text[byte_of(text, start)..byte_of(text, end)]);
            }
            Ok(())
        })
    });
    let fallible = arguments
        .nodes
        .get(2)
        .is_some_and(|length| length.bounds().low < 0);
    let shape = Shape::of(DataType::Utf8).fallible(fallible);
    Node::strict(arguments.place, shape, arguments.nodes, kernel)
}

/// The first `length` characters: a cast to `varchar(length)`.
pub(super) fn cut(node: Node, length: usize) -> Result<Node, ExpressionError> {
    let place = node.place;
    let length = Node::exact(length as i128, DataType::Int64, place);
    let arguments = Arguments {
        name: "left",
        nodes: vec![node, length],
        place,
    };
    numbered(arguments, left)
}

fn pad(mut arguments: Arguments, before: bool) -> Result<Node, ExpressionError> {
    let place = arguments.place;
    arguments.require(0, Family::Text, "text")?;
    integer(&mut arguments, 1)?;
    arguments.require(2, Family::Text, "text")?;
    if arguments.nodes.len() == 2 {
        arguments.nodes.push(Node::quoted(" ", place));
    }
    let kernel: Kernel = Box::new(move |values, frame| {
        let (texts, lengths, fills) = (values[0].text(), values[1].narrow(), values[2].text());
        build(frame.rows, nulls(values), |to, row| {
            let (text, length) = (texts.at(row), lengths.at(row).max(0) as usize);
            if length > MAX_BYTES {
                return match frame.is_active(row) {
                    true => Err(Failure::at(row, "the text is longer than 1 GiB")),
                    false => Ok(()),
                };
            }
            let kept = &text[..byte_of(text, length)];
            let missing = length - kept.chars().count();
            let filling = fills.at(row).chars().cycle().take(missing);
            if before {
                to.extend(filling);
                to.push_str(kept);
            } else {
                to.push_str(kept);
                to.extend(filling);
            }
            Ok(())
        })
    });
    Node::strict(
        place,
        Shape::of(DataType::Utf8).fallible(true),
        arguments.nodes,
        kernel,
    )
}

/// `left || right`: one side at least is text, the other becomes it.
pub(super) fn joined(left: Node, right: Node, place: Place) -> Result<Node, ExpressionError> {
    let texts = [&left, &right].map(|node| types::family(&node.data_type));
    if !texts.contains(&Family::Text) && !texts.contains(&Family::Null) {
        let (left, right) = (left.type_name(), right.type_name());
        return Err(place
            .error(format!("`||` does not work on {left} and {right}"))
            .hint("cast one side to text, or use `concat`"));
    }
    let sides = [left, right].map(|node| match types::family(&node.data_type) {
        Family::Null => Ok(Node::null(DataType::Utf8, node.place)),
        _ => cast_text::to_text(node, Truth::Words),
    });
    let [left, right] = sides;
    let kernel: Kernel = Box::new(|values: &[Value], frame| {
        let (left, right) = (values[0].text(), values[1].text());
        build(frame.rows, nulls(values), |to, row| {
            to.push_str(left.at(row));
            to.push_str(right.at(row));
            Ok(())
        })
    });
    Node::strict(
        place,
        Shape::of(DataType::Utf8),
        vec![left?, right?],
        kernel,
    )
}

/// Nulls add nothing.
fn concat(arguments: Arguments) -> Result<Node, ExpressionError> {
    let (place, parts) = (arguments.place, as_texts(arguments.nodes)?);
    let kernel: Kernel = Box::new(|values: &[Value], frame| {
        let texts: Vec<Texts<'_>> = values.iter().map(Value::text).collect();
        build(frame.rows, None, |to, row| {
            texts
                .iter()
                .filter_map(|text| text.get(row))
                .for_each(|text| to.push_str(text));
            Ok(())
        })
    });
    Node::call(place, Shape::of(DataType::Utf8), parts, kernel)
}

/// Null where the separator is; other nulls are left out with their separator.
fn concat_ws(arguments: Arguments) -> Result<Node, ExpressionError> {
    arguments.require(0, Family::Text, "text")?;
    let (place, parts) = (arguments.place, as_texts(arguments.nodes)?);
    let kernel: Kernel = Box::new(|values: &[Value], frame| {
        let texts: Vec<Texts<'_>> = values.iter().map(Value::text).collect();
        build(frame.rows, nulls(&values[..1]), |to, row| {
            let parts = texts[1..].iter().filter_map(|text| text.get(row));
            for (index, part) in parts.enumerate() {
                to.push_str(if index > 0 { texts[0].at(row) } else { "" });
                to.push_str(part);
            }
            Ok(())
        })
    });
    if parts[0].is_null() {
        return Ok(Node::null(DataType::Utf8, place));
    }
    let shape = Shape::of(DataType::Utf8).nullable(parts[0].nullable);
    Node::call(place, shape, parts, kernel)
}

fn as_texts(nodes: Vec<Node>) -> Result<Vec<Node>, ExpressionError> {
    nodes
        .into_iter()
        .map(|node| match types::family(&node.data_type) {
            Family::Null => Ok(Node::null(DataType::Utf8, node.place)),
            Family::Other => Err(mismatch(
                "concat",
                "text and what can be written as text",
                &node,
            )),
            _ => cast_text::to_text(node, Truth::Letters),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_bytes() {
        assert_eq!(
            [0, 1, 2, 9].map(|character| byte_of("aéz", character)),
            [0, 1, 3, 4]
        );
        assert_eq!(
            [0, 2, 9].map(|character| byte_of("abc", character)),
            [0, 2, 3]
        );
        let cut = |function: fn(&str, i64, &mut String, usize) -> Written, count| {
            let mut to = String::new();
            function("żółw", count, &mut to, 0)
                .map(|()| to)
                .unwrap_or_default()
        };
        assert_eq!(
            [0, 2, 9, -1, -9, i64::MIN].map(|count| cut(left, count)),
            ["", "żó", "żółw", "żół", "", ""]
        );
        assert_eq!(
            [0, 2, 9, -1, -9, i64::MIN].map(|count| cut(right, count)),
            ["", "łw", "żółw", "ółw", "", ""]
        );
    }
}
