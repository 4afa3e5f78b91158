//! The functions by name. Each lives in the file of its subject, which lists its own here.

use super::cast::{self, CastContext};
use super::error::{ExpressionError, Result, TextSpan, did_you_mean};
use super::node::{Kernel, ResultType, TypedNode};
use super::types::{self, Family};
use super::{
    choice, dates, extract, float, hashes, list, regexp, rounding, text, text_format, text_part,
    text_search,
};
use arrow::datatypes::DataType;
use std::ops::RangeInclusive;

/// A function that an expression may call.
pub(super) struct Function {
    pub name: &'static str,
    /// As the manual writes it, for hints.
    pub signature: &'static str,
    counts: RangeInclusive<usize>,
    bind: fn(CallArguments) -> Result<TypedNode>,
}

/// The arguments of one call.
pub(super) struct CallArguments {
    pub name: &'static str,
    pub nodes: Vec<TypedNode>,
    /// The whole call.
    pub place: TextSpan,
}

/// Names that other dialects, or queries over many rows, have.
const ELSEWHERE: &[(&str, &str)] = &[
    ("avg", "an expression sees one row at a time"),
    ("count", "an expression sees one row at a time"),
    (
        "max",
        "an expression sees one row at a time; the largest of several values is `greatest(a, b)`",
    ),
    (
        "min",
        "an expression sees one row at a time; the smallest of several values is `least(a, b)`",
    ),
    ("sum", "an expression sees one row at a time"),
    ("ifnull", "write `coalesce(a, b)`"),
    ("isnull", "write `a is null`"),
    ("nvl", "write `coalesce(a, b)`"),
    ("if", "write `case when … then … else … end`"),
    ("iif", "write `case when … then … else … end`"),
    ("now", "use a column of the kind `now`"),
    ("current_date", "use a column of the kind `now`"),
    ("current_timestamp", "use a column of the kind `now`"),
    ("random", "use a column of the kind `uniform`"),
    ("gen_random_uuid", "use a column of the kind `uuid`"),
    ("try_cast", "write `try_cast(x as integer)`"),
    ("row", "the row's number is `row`, without parentheses"),
];

impl Function {
    pub const fn new(
        name: &'static str,
        signature: &'static str,
        counts: RangeInclusive<usize>,
        bind: fn(CallArguments) -> Result<TypedNode>,
    ) -> Self {
        Self {
            name,
            signature,
            counts,
            bind,
        }
    }
}

pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    [
        choice::FUNCTIONS,
        dates::FUNCTIONS,
        extract::FUNCTIONS,
        float::FUNCTIONS,
        hashes::FUNCTIONS,
        list::FUNCTIONS,
        regexp::FUNCTIONS,
        rounding::FUNCTIONS,
        text::FUNCTIONS,
        text_format::FUNCTIONS,
        text_part::FUNCTIONS,
        text_search::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// The call of a function by its name; `name_place` is where an unknown name is underlined.
pub(super) fn call(
    name: &str,
    name_place: TextSpan,
    nodes: Vec<TypedNode>,
    place: TextSpan,
) -> Result<TypedNode> {
    let lower = name.to_lowercase();
    // Once for each call in a pipeline's text: a list that can be read is quick enough.
    let Some(function) = all().find(|function| function.name == lower) else {
        return Err(unknown(name, &lower, name_place));
    };
    if !function.counts.contains(&nodes.len()) {
        let message = format!(
            "`{lower}` does not take {}",
            counted(nodes.len(), "argument")
        );
        return Err(place
            .error(message)
            .hint(format!("write `{}`", function.signature)));
    }
    (function.bind)(CallArguments {
        name: function.name,
        nodes,
        place,
    })
}

/// Whether there is such a function, before its arguments are looked at.
pub(super) fn known(name: &str, place: TextSpan) -> Result<()> {
    let lower = name.to_lowercase();
    match all().any(|function| function.name == lower) {
        true => Ok(()),
        false => Err(unknown(name, &lower, place)),
    }
}

fn unknown(name: &str, lower: &str, place: TextSpan) -> ExpressionError {
    if let Some(error) = elsewhere(lower, place) {
        return error;
    }
    let error = place.error(format!("unknown function `{name}`"));
    match did_you_mean(lower, all().map(|function| function.name)) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What to use instead of a function that only other places have.
pub(super) fn elsewhere(name: &str, place: TextSpan) -> Option<ExpressionError> {
    let (_, hint) = ELSEWHERE
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(
        place
            .error(format!("unknown function `{name}`"))
            .hint(*hint),
    )
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl CallArguments {
    /// The call's place and its arguments, whose number the registry has checked.
    pub fn exactly<const N: usize>(self) -> Result<(TextSpan, [TypedNode; N])> {
        let (place, count) = (self.place, self.nodes.len());
        let nodes = self.nodes.try_into();
        nodes.map(|nodes| (place, nodes)).map_err(|_| {
            place.error(format!(
                "`{}` does not take {}",
                self.name,
                counted(count, "argument")
            ))
        })
    }

    /// The call of a function that is null where any argument is.
    pub fn strict(self, result_type: ResultType, kernel: Kernel) -> Result<TypedNode> {
        TypedNode::strict(self.place, result_type, self.nodes, kernel)
    }

    /// The argument, which must be of a family, if it is there.
    pub fn require(&self, index: usize, family: Family, wanted: &str) -> Result<()> {
        let node = self.nodes.get(index);
        node.map_or(Ok(()), |node| require(self.name, node, family, wanted))
    }

    /// Casts the argument to a type.
    pub fn cast(&mut self, index: usize, to: &DataType) -> Result<()> {
        let null = TypedNode::null(DataType::Null, self.place);
        let node = std::mem::replace(&mut self.nodes[index], null);
        self.nodes[index] = cast::cast(node, to, CastContext::Implicitly)?;
        Ok(())
    }
}

/// Refuses a node of another family; quoted text is text, and null is of every family.
pub(super) fn require(name: &str, node: &TypedNode, family: Family, wanted: &str) -> Result<()> {
    match [Family::Null, family].contains(&types::family(&node.data_type)) {
        true => Ok(()),
        false => Err(mismatch(name, wanted, node)),
    }
}

/// "`length` takes text, not integer".
pub(super) fn mismatch(name: &str, wanted: &str, node: &TypedNode) -> ExpressionError {
    node.place
        .error(format!("`{name}` takes {wanted}, not {}", node.type_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_begin_their_signature() {
        let mut names: Vec<&str> = all().map(|function| function.name).collect();
        for function in all() {
            assert!(
                function
                    .signature
                    .starts_with(&format!("{}(", function.name)),
                "{}",
                function.name
            );
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(ELSEWHERE.iter().all(|(name, _)| !names.contains(name)));
    }
}
