//! Aggregates: one value of many rows, which stand outside of the expression: children of its row, the items
//! of a list. To the expression around, an aggregate is one more input.
//!
//! Whoever compiles the expression says what the names within an aggregate mean, makes the values there, and
//! gives them to a `Reduction` group by group.

mod bind;
mod extreme;
mod reduce;
mod sum;

pub use bind::BoundAggregate;
pub use reduce::Reduction;

use super::error::{ExpressionError, Result, TextSpan};
use super::evaluate::expanded;
use super::node::TypedNode;
use super::range::NumericBounds;
use super::types::{self, Family, family};
use super::value::{Evaluation, Inputs};
use super::{Binding, UnknownName, longest};
use arrow::array::ArrayRef;
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use sqlparser::ast::Expr;

/// Every aggregate with the way it is written, for the manual.
pub(super) const AGGREGATES: &[(&str, &str)] = &[
    ("avg", "avg(child.column)"),
    ("bool_and", "bool_and(child.condition)"),
    ("bool_or", "bool_or(child.condition)"),
    ("count", "count(child)"),
    ("max", "max(child.column)"),
    ("min", "min(child.column)"),
    ("string_agg", "string_agg(child.column, ', ')"),
    ("sum", "sum(child.column)"),
];

/// What becomes of many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AggregateFunction {
    Sum,
    Count,
    Min,
    Max,
    And,
    Or,
    Text,
}

/// What the names of an expression mean.
pub trait Names {
    /// What a path such as `bet_amount`, `customer_id.created_at` or `row` means; asked once for each.
    ///
    /// # Errors
    /// Nothing has that name.
    fn column(&mut self, path: &str) -> Result<Binding, UnknownName>;

    /// Whether other rows than the expression's own can be seen, in aggregates.
    fn sees_rows(&self) -> bool {
        false
    }

    /// The input that holds an aggregate's values.
    ///
    /// # Errors
    /// A mistake within it, or no rows are there for it.
    fn aggregate(&mut self, call: &AggregateCall<'_>) -> Result<Binding> {
        Err(call.error("an expression sees one row at a time", None))
    }
}

/// An aggregate as it is written.
pub struct AggregateCall<'a> {
    sql: &'a str,
    name: &'a str,
    function: AggregateFunction,
    /// Nothing for `count(*)`.
    argument: Option<&'a Expr>,
    filter: Option<&'a Expr>,
    separator: Option<String>,
    place: TextSpan,
}

/// How many rows a group has.
#[derive(Clone, Copy, Debug)]
pub struct GroupSize {
    pub least: u64,
    pub most: u64,
}

/// A compiled aggregate.
pub struct Aggregate {
    sql: String,
    function: AggregateFunction,
    /// Without one every row counts.
    argument: Option<TypedNode>,
    filter: Option<TypedNode>,
    separator: String,
    data_type: DataType,
    range: Option<NumericBounds>,
    nullable: bool,
    longest: Option<usize>,
    place: TextSpan,
    /// A group for which it fails is null.
    tolerant: bool,
}

/// What is computed of the rows of a stretch before they are reduced.
struct Values {
    array: Option<ArrayRef>,
    /// The rows that count; all where there is none.
    counted: Option<BooleanBuffer>,
}

impl AggregateCall<'_> {
    /// The call as it is written, in one spelling.
    pub fn text(&self) -> String {
        let argument = self.argument.map_or("*".to_owned(), Expr::to_string);
        let separator = self.separator.as_ref();
        let separator = separator.map_or(String::new(), |text| format!(", {text:?}"));
        let filter = self
            .filter
            .map_or(String::new(), |filter| format!(" filter (where {filter})"));
        format!("{}({argument}{separator}){filter}", self.function.name())
    }

    /// The function's name, as it is written.
    pub fn name(&self) -> &str {
        self.name
    }

    /// It counts rows without naming any: `count(*)`.
    pub fn is_of_all(&self) -> bool {
        self.argument.is_none()
    }

    /// What it counts, where that is one name: `order_lines` in `count(order_lines)`.
    pub fn counted(&self) -> Option<&str> {
        match (self.function, self.argument) {
            (AggregateFunction::Count, Some(Expr::Identifier(name))) => Some(&name.value),
            _ => None,
        }
    }

    /// A mistake at the place of the call.
    pub fn error(&self, message: impl Into<String>, hint: Option<String>) -> ExpressionError {
        ExpressionError {
            hint,
            ..self.place.error(message)
        }
    }
}

impl AggregateFunction {
    fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::And => "bool_and",
            Self::Or => "bool_or",
            Self::Text => "string_agg",
        }
    }
}

impl Aggregate {
    /// The type of its values.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Proved bounds of whole numbers, decimals, dates and times.
    pub fn range(&self) -> Option<NumericBounds> {
        self.range
    }

    pub fn nullable(&self) -> bool {
        self.nullable
    }

    /// Whether a group can have no value: one of its rows fails, or their sum has too many digits.
    pub fn fallible(&self) -> bool {
        let part = |part: &Option<TypedNode>| part.as_ref().is_some_and(|part| part.fallible);
        let fits = |range: NumericBounds| {
            range.low > NumericBounds::DECIMAL.low && range.high < NumericBounds::DECIMAL.high
        };
        let exact = types::is_number(&self.data_type) && family(&self.data_type) != Family::Float;
        let sums = self.function == AggregateFunction::Sum && exact;
        part(&self.argument) || part(&self.filter) || sums && !self.range.is_some_and(fits)
    }

    /// The same, but that a group for which it fails is null.
    #[must_use]
    pub fn null_where_it_fails(self) -> Self {
        Self {
            nullable: true,
            tolerant: true,
            ..self
        }
    }

    /// The most bytes of a text, where that is known.
    pub fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// Whether it needs any values of its rows, or only to know how many they are.
    pub fn reads_rows(&self) -> bool {
        self.argument.is_some() || self.filter.is_some()
    }

    /// What its argument and its filter are in `rows` rows of the inputs, of which only `valid` ones count.
    fn values(
        &self,
        inputs: &[ArrayRef],
        rows: usize,
        valid: Option<BooleanBuffer>,
    ) -> Result<Values, super::EvaluateError> {
        let failed = |failure| super::evaluate_error(&self.sql, failure);
        let inputs = Inputs::batch(inputs);
        let mut evaluation = Evaluation::new(&inputs, rows);
        if let Some(valid) = valid {
            evaluation = evaluation.only(valid);
        }
        // The filter first: where it does not hold the argument may fail, as `1 / n` does `where n
        // > 0`.
        if let Some(filter) = &self.filter {
            let truth = filter.evaluate(&evaluation).map_err(failed)?.booleans(rows);
            evaluation = evaluation.only(super::evaluate::is(&truth, true));
        }
        let array = match &self.argument {
            None => None,
            Some(argument) => {
                let value = argument.evaluate(&evaluation).map_err(failed)?;
                let array = expanded(&value, argument.representation(), rows);
                Some(array.map_err(failed)?)
            }
        };
        let counted = evaluation.active;
        Ok(Values { array, counted })
    }
}

const I32: NumericBounds = NumericBounds::new(i32::MIN as i128, i32::MAX as i128);

/// The type of a function's value of arguments of a type; nothing where it takes none such.
fn result_type(function: AggregateFunction, argument: &DataType) -> Option<DataType> {
    use AggregateFunction as Function;
    let of = family(argument);
    Some(match (function, of) {
        (Function::Count, _) => DataType::Int64,
        // As in PostgreSQL: a sum of whole numbers takes the next larger type, one of decimals all digits.
        (Function::Sum, Family::Integer) => match types::bounds(argument) {
            Some(bounds) if bounds.is_within(I32) => DataType::Int64,
            _ => types::decimal(38, 0),
        },
        (Function::Sum, Family::Decimal) => types::decimal(38, types::digits(argument).1),
        (Function::Sum, Family::Float) => argument.clone(),
        (
            Function::Min | Function::Max,
            Family::Integer
            | Family::Decimal
            | Family::Float
            | Family::Text
            | Family::Date
            | Family::Timestamp
            | Family::Time,
        ) => argument.clone(),
        (Function::And | Function::Or, Family::Boolean) => DataType::Boolean,
        (Function::Text, Family::Text) => DataType::Utf8,
        _ => return None,
    })
}

/// Proved bounds of a function's values, where the argument has some.
fn result_range(
    function: AggregateFunction,
    argument: Option<NumericBounds>,
    size: GroupSize,
    all: bool,
) -> Option<NumericBounds> {
    use AggregateFunction as Function;
    let (least, most) = (i128::from(size.least), i128::from(size.most));
    match function {
        Function::Count => Some(NumericBounds::new(if all { least } else { 0 }, most)),
        Function::Min | Function::Max => argument,
        Function::Sum => argument.map(|one| {
            // At least one value is summed, or the sum is null.
            let of = |bound: i128| bound.saturating_mul(most);
            NumericBounds::new(of(one.low).min(one.low), of(one.high).max(one.high))
                .clamp(NumericBounds::DECIMAL)
        }),
        _ => None,
    }
}

fn result_longest(
    function: AggregateFunction,
    argument: &TypedNode,
    separator: &str,
    size: GroupSize,
) -> Option<usize> {
    let one = longest::longest(argument)?;
    match function {
        AggregateFunction::Text => {
            let most = usize::try_from(size.most).unwrap_or(usize::MAX);
            let each = one.saturating_add(separator.len());
            Some(most.saturating_mul(each).saturating_sub(separator.len()))
        }
        _ => Some(one),
    }
}
