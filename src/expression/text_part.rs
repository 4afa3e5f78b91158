//! Parts of a text, and text brought to a length: `substr`, `left`, `lpad`, `repeat`.

use super::error::{Result, RowFailure};
use super::functions::{CallArguments, Function};
use super::longest::LONGEST;
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::text::{WriteResult, build};
use super::types::Family;
use super::value::{ColumnarValue, nulls};
use arrow::datatypes::DataType;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("substr", "substr(text, start[, length])", 2..=3, substring),
    Function::new(
        "substring",
        "substring(text, start[, length])",
        2..=3,
        substring,
    ),
    Function::new("left", "left(text, length)", 2..=2, |arguments| {
        numbered(arguments, left, CallForm::PartOfText)
    }),
    Function::new("right", "right(text, length)", 2..=2, |arguments| {
        numbered(arguments, right, CallForm::PartOfText)
    }),
    Function::new("repeat", "repeat(text, times)", 2..=2, |arguments| {
        numbered(arguments, repeat, CallForm::Repeated)
    }),
    Function::new("lpad", "lpad(text, length[, fill])", 2..=3, |arguments| {
        pad(arguments, true)
    }),
    Function::new("rpad", "rpad(text, length[, fill])", 2..=3, |arguments| {
        pad(arguments, false)
    }),
];

/// A text and a number.
fn numbered(
    mut arguments: CallArguments,
    function: fn(&str, i64, &mut String, usize) -> WriteResult,
    form: CallForm,
) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    integers(&mut arguments, 1)?;
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let (texts, numbers) = (values[0].text(), values[1].narrow());
        build(evaluation.rows, nulls(values), |to, row| {
            // A row that a `case` passes over may have any number: it must not end the run.
            if !evaluation.is_active(row) {
                return Ok(());
            }
            function(texts.at(row), numbers.at(row), to, row)
        })
    });
    let result_type = ResultType::of(DataType::Utf8)
        .fallible(true)
        .with_form(form);
    arguments.strict(result_type, kernel)
}

/// Makes the arguments from `first` on 64-bit integers.
fn integers(arguments: &mut CallArguments, first: usize) -> Result<()> {
    for index in first..arguments.nodes.len() {
        integer(arguments, index)?;
    }
    Ok(())
}

fn integer(arguments: &mut CallArguments, index: usize) -> Result<()> {
    if arguments.nodes[index].quoted_text().is_none() {
        arguments.require(index, Family::Integer, "an integer")?;
    }
    arguments.cast(index, &DataType::Int64)
}

/// Characters, which are bytes in ASCII.
pub(super) fn length_of(text: &str) -> usize {
    // A look at all bytes in wide steps; nearly every text is ASCII, and then a character is a
    // byte.
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
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

fn left(text: &str, count: i64, to: &mut String, _: usize) -> WriteResult {
    let count = if count < 0 {
        length_of(text) as i64 + count
    } else {
        count
    };
    to.push_str(&text[..byte_of(text, usize::try_from(count).unwrap_or(0))]);
    Ok(())
}

fn right(text: &str, count: i64, to: &mut String, _: usize) -> WriteResult {
    let skipped = match count {
        0.. => length_of(text) as i64 - count,
        _ => count.saturating_neg(),
    };
    to.push_str(&text[byte_of(text, usize::try_from(skipped).unwrap_or(0))..]);
    Ok(())
}

fn repeat(text: &str, times: i64, to: &mut String, row: usize) -> WriteResult {
    let times = usize::try_from(times).unwrap_or(0);
    if text.len().saturating_mul(times) > LONGEST {
        return Err(RowFailure::at(row, "the text is longer than 1 GiB"));
    }
    to.push_str(&text.repeat(times));
    Ok(())
}

fn substring(mut arguments: CallArguments) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    integers(&mut arguments, 1)?;
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        let (texts, starts) = (values[0].text(), values[1].narrow());
        let lengths = values.get(2).map(ColumnarValue::narrow);
        build(evaluation.rows, nulls(values), |to, row| {
            // Places before the first character count, as in SQL: `substr('abc', -1, 3)` is `a`.
            let start = starts.at(row).saturating_sub(1);
            let length = lengths.map_or(i64::MAX, |lengths| lengths.at(row));
            if length < 0 && evaluation.is_active(row) {
                return Err(RowFailure::at(
                    row,
                    format!("a substring of length {length}"),
                ));
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
    let result_type = ResultType::of(DataType::Utf8)
        .fallible(fallible)
        .with_form(CallForm::PartOfText);
    arguments.strict(result_type, kernel)
}

/// The first `length` characters: a cast to `varchar(length)`.
pub(super) fn cut(node: TypedNode, length: usize) -> Result<TypedNode> {
    let place = node.place;
    let length = TypedNode::exact(length as i128, DataType::Int64, place);
    let arguments = CallArguments {
        name: "left",
        nodes: vec![node, length],
        place,
    };
    numbered(arguments, left, CallForm::PartOfText)
}

fn pad(mut arguments: CallArguments, before: bool) -> Result<TypedNode> {
    let place = arguments.place;
    arguments.require(0, Family::Text, "text")?;
    integer(&mut arguments, 1)?;
    arguments.require(2, Family::Text, "text")?;
    if arguments.nodes.len() == 2 {
        arguments.nodes.push(TypedNode::quoted(" ", place));
    }
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let (texts, lengths, fills) = (values[0].text(), values[1].narrow(), values[2].text());
        build(evaluation.rows, nulls(values), |to, row| {
            let (text, length) = (texts.at(row), lengths.at(row).max(0) as usize);
            if length > LONGEST {
                return match evaluation.is_active(row) {
                    true => Err(RowFailure::at(row, "the text is longer than 1 GiB")),
                    false => Ok(()),
                };
            }
            let kept = &text[..byte_of(text, length)];
            let missing = length - length_of(kept);
            // An empty filling fills nothing, as in PostgreSQL.
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
    TypedNode::strict(
        place,
        ResultType::of(DataType::Utf8)
            .fallible(true)
            .with_form(CallForm::Padded),
        arguments.nodes,
        kernel,
    )
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
        let cut = |function: fn(&str, i64, &mut String, usize) -> WriteResult, count| {
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
