//! `try_cast(x as type)`: null where the cast of a row fails. Not PostgreSQL's, which has none: as in DuckDB,
//! SQL Server and Snowflake. What fails within `x` itself still fails.

use super::cast::{self, CastTarget};
use super::error::{Result, TextSpan};
use super::evaluate::expanded;
use super::longest::longest;
use super::node::{Kernel, NodeKind, ResultType, TypedNode, array_type};
use super::tolerant::null_where_it_fails;
use super::value::{Evaluation, Inputs};

pub(super) fn try_cast(node: TypedNode, target: &CastTarget, place: TextSpan) -> Result<TypedNode> {
    // The cast alone, compiled as an expression over one input: what is tried again row by row must
    // not hold what `x` itself is made of.
    let part = cast::explicit(as_column(&node), target, place)?;
    if !part.fallible {
        return cast::explicit(node, target, place);
    }
    let of = ResultType::of(part.data_type.clone()).nullable(true);
    let range = part.range.or(of.range);
    let result_type = ResultType { range, ..of };
    let (own, wanted) = (node.representation(), part.representation());
    let data_type = array_type(&result_type);
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let array = expanded(&values[0], own, evaluation.rows)?;
        null_where_it_fails(&[array], evaluation.rows, &data_type, &|arrays, rows| {
            let inputs = Inputs::single(&arrays[0]);
            let value = part.evaluate(&Evaluation::new(&inputs, rows))?;
            expanded(&value, wanted, rows)
        })
    });
    TypedNode::call(place, result_type, vec![node], kernel)
}

/// The same values as a column: text that is quoted is a text like any other here.
fn as_column(node: &TypedNode) -> TypedNode {
    let kind = NodeKind::Column {
        index: 0,
        dictionary: false,
        longest: longest(node),
    };
    let of = ResultType::of(node.data_type.clone()).nullable(node.nullable);
    let range = node.range;
    TypedNode::new(kind, node.place, ResultType { range, ..of })
}

#[cfg(test)]
mod tests {
    use crate::expression::tests::fixture::texts;

    #[test]
    fn what_cannot_be_cast_is_null_and_nothing_else() {
        for (sql, expected) in [
            ("try_cast(s as integer)", "∅ ∅ ∅ ∅ ∅ ∅"),
            (
                "try_cast(right(b::text, 1) || 'x' as integer)",
                "∅ ∅ ∅ ∅ ∅ ∅",
            ),
            ("try_cast(left(s, 1) || n as text)", "H1 2 ż3 ∅ a5  6"),
            (
                "try_cast(case when n % 2 = 0 then 'x' else n::text end as int)",
                "1 ∅ 3 ∅ 5 ∅",
            ),
            ("try_cast(i as smallint)", "7 -7 0 ∅ ∅ 12"),
            ("try_cast('2024-02-3' || n as date)", "∅ ∅ ∅ ∅ ∅ ∅"),
            (
                "try_cast('2024-02-2' || n as date)",
                "2024-02-21 2024-02-22 2024-02-23 2024-02-24 2024-02-25 2024-02-26",
            ),
            ("try_cast('x' as date)", "∅ ∅ ∅ ∅ ∅ ∅"),
            ("try_cast('7' as int) + n", "8 9 10 11 12 13"),
            ("try_cast(null as int)", "∅ ∅ ∅ ∅ ∅ ∅"),
            (
                "try_cast(d as decimal(6, 2))",
                "100.00 -0.50 12.35 ∅ 0.00 ∅",
            ),
            ("try_cast(c as date)", "∅ ∅ ∅ ∅ ∅ ∅"),
        ] {
            let rows = texts(sql).map(|rows| rows.join(" "));
            assert_eq!(rows.as_deref(), Ok(expected), "{sql}");
        }
        let inner = texts("try_cast(b / (n - 2) as smallint)");
        assert_eq!(
            inner,
            Err("row 1 of the batch: division by zero in `b / (n - 2)`".to_owned())
        );
    }
}
