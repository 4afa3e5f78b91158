//! PostgreSQL's expression language over Arrow arrays: `expr` columns and a reference's `where` are written in it.
//!
//! ```text
//! text → parse (sqlparser) → bind (types, bounds, constants folded) → a tree of kernels → evaluate, per batch
//! ```
//!
//! Semantics are PostgreSQL's. Where its own depend on each value or on a session, ours are fixed:
//! * Decimals have at most 38 digits. A quotient has 16 digits after the point, more if an operand has;
//!   `numeric` without digits keeps its source's, and 16 after the point of a float or a text. What is cast or
//!   rounded to fewer digits is rounded once, half away from zero, from the exact quotient.
//! * `power`, `sqrt`, `exp`, `ln` give double precision also of decimals; underflow gives zero.
//! * Timestamps keep their unit and zone; a timestamp without a zone is UTC where one with a zone is needed,
//!   and quoted text without a zone is read in the zone of what it is compared with. An offset such as `+02`
//!   counts east, as in every type (PostgreSQL's `at time zone '+02'` counts west).
//! * `date_trunc` of a date gives a timestamp without a zone.
//! * Text is ordered by its bytes. Names are matched as they are written, quoted or not.
//!
//! Whole numbers, decimals, dates and timestamps carry bounds, so that most operations run in 64 bits without
//! a check. Types and values follow from the text and the inputs' types alone: bounds never change them.

mod aggregate;
mod bind;
mod bind_forms;
mod bits;
mod cast;
mod cast_number;
mod cast_text;
mod cast_time;
mod choice;
mod compare;
mod conditions;
mod dates;
mod digits;
mod encode;
mod error;
mod evaluate;
mod exact;
mod extract;
mod float;
mod functions;
mod hashes;
mod interval;
mod list;
mod load;
mod longest;
mod manual;
mod named_type;
mod node;
mod number;
mod number_pattern;
mod number_to_text;
mod operator;
mod order;
mod parse;
mod per_value;
mod quotient;
mod range;
mod regexp;
mod regexp_pattern;
mod rescale;
mod result_type;
mod rounding;
mod sparse;
mod split;
mod syntax;
mod temporal;
mod text;
mod text_format;
mod text_part;
mod text_search;
mod text_span;
mod text_value;
mod time_fields;
mod time_format;
mod time_from_text;
mod time_of_day;
mod time_pattern;
mod time_to_text;
mod tolerant;
mod try_cast;
mod types;
mod value;
mod whole;

#[cfg(test)]
mod tests;

pub use aggregate::{Aggregate, AggregateCall, BoundAggregate, GroupSize, Names, Reduction};
pub use error::{EvaluateError, ExpressionError, UnknownName};
pub use manual::FunctionText;
pub use range::NumericBounds;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use cast::CastContext;
use error::{RowFailure, TextSpan};
use node::{NodeKind, TypedNode};
use std::collections::BTreeSet;
use std::fmt;
use tolerant::MakeRows;
use value::{Evaluation, Inputs};

/// What a name in an expression means.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Its place among the arrays given to [`Expression::evaluate`].
    pub index: usize,
    pub data_type: DataType,
    pub nullable: bool,
    /// Proved bounds, where known: at the scale of a decimal, in the unit of a timestamp.
    pub range: Option<NumericBounds>,
    /// The most bytes of a text, where known.
    pub longest: Option<usize>,
}

/// Finds what a path such as `bet_amount`, `customer_id.created_at` or `row` means; asked once for each.
pub type Resolve<'a> = dyn FnMut(&str) -> Result<Binding, UnknownName> + 'a;

/// Names that are columns alone.
struct Columns<'a>(&'a mut Resolve<'a>);

impl Names for Columns<'_> {
    fn column(&mut self, path: &str) -> Result<Binding, UnknownName> {
        (self.0)(path)
    }
}

/// A compiled expression. It keeps no state between batches but the results for the last dictionary.
pub struct Expression {
    sql: String,
    root: TypedNode,
    /// The declared type; the natural one until [`Expression::cast_to`].
    data_type: DataType,
    /// A row for which it fails is null.
    tolerant: bool,
}

/// Compiles the text of an expression.
pub fn compile<'a>(
    sql: &'a str,
    resolve: &'a mut Resolve<'a>,
) -> Result<Expression, ExpressionError> {
    compile_with(sql, &mut Columns(resolve))
}

/// Compiles the text of an expression whose names mean what `names` say, aggregates too.
pub fn compile_with(sql: &str, names: &mut dyn Names) -> Result<Expression, ExpressionError> {
    let tree = parse::parse(sql)?;
    let root = bind::Binder::new(sql, names).bind(&tree)?;
    Ok(Expression {
        sql: sql.to_owned(),
        data_type: root.data_type.clone(),
        root: encode::encode(root),
        tolerant: false,
    })
}

/// Every function, as the manual has it.
pub fn functions() -> Vec<FunctionText> {
    manual::texts()
}

impl Expression {
    /// The declared type, or the one that the expression has by itself.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Proved bounds of integers and decimals, and of dates and timestamps that are one of the inputs.
    pub fn range(&self) -> Option<NumericBounds> {
        self.root.range
    }

    pub fn nullable(&self) -> bool {
        self.root.nullable || self.tolerant
    }

    /// The same, but that a row for which it fails is null, where one can.
    #[must_use]
    pub fn null_where_it_fails(self) -> Self {
        Self {
            tolerant: self.root.fallible,
            ..self
        }
    }

    /// The most bytes of a text, where that is known.
    pub fn longest(&self) -> Option<usize> {
        longest::longest(&self.root)
    }

    /// The most bytes of the longest text that stands in it anywhere, as far as that is known.
    pub fn largest(&self) -> usize {
        longest::largest(&self.root)
    }

    /// The input whose order the values keep, earlier ones never behind later ones.
    pub fn rises_with(&self) -> Option<usize> {
        order::rises_with(&self.root)
    }

    /// Whether a row can fail: overflow or a division by zero that no bounds exclude.
    pub fn fallible(&self) -> bool {
        self.root.fallible
    }

    /// The inputs, in their order, that the expression would read without its conditions on inputs that
    /// are not of `few` values; none where it has no such conditions, or reads such inputs elsewhere.
    pub fn without_conditions(&self, few: &dyn Fn(usize) -> bool) -> Option<BTreeSet<usize>> {
        split::kept(&self.root, few)
    }

    /// The expression that reads the inputs `kept`, renumbered from 0, and after them its conditions on
    /// other inputs; and these conditions, which read the inputs as before.
    pub fn split(self, few: &dyn Fn(usize) -> bool, kept: &BTreeSet<usize>) -> (Self, Vec<Self>) {
        let Self {
            sql,
            root,
            data_type,
            tolerant,
        } = self;
        let split = split::split(root, few, kept);
        let condition = |root: TypedNode| Self {
            sql: sql.clone(),
            root,
            data_type: DataType::Boolean,
            tolerant,
        };
        let conditions = split.conditions.into_iter().map(condition).collect();
        let root = split.rest;
        (
            Self {
                sql,
                root,
                data_type,
                tolerant,
            },
            conditions,
        )
    }

    /// Fixes the column's declared type: bounds prove that every value fits, or each row is checked.
    pub fn cast_to(self, target: &DataType) -> Result<Self, ExpressionError> {
        let whole = TextSpan {
            offset: 0,
            length: self.sql.len(),
        };
        let inside = types::inside(target)
            .map_err(|what| whole.error(format!("{what} cannot be computed")))?;
        let root = match self.root.kind {
            // The encoding is decided anew below, once the cast is a part of what is computed per
            // value.
            NodeKind::PerValue { part, .. } => *part,
            _ => self.root,
        };
        let root = cast::cast(root.at(whole), &inside, CastContext::Implicitly)?;
        Ok(Self {
            sql: self.sql,
            data_type: target.clone(),
            root: encode::encode(root),
            tolerant: self.tolerant,
        })
    }

    /// The column for one batch of `rows` rows.
    pub fn evaluate(&self, inputs: &[ArrayRef], rows: usize) -> Result<ArrayRef, EvaluateError> {
        let made = match self.tolerant {
            false => self.column(inputs, rows),
            true => {
                let make: MakeRows<'_> = &|inputs, rows| self.column(inputs, rows);
                tolerant::null_where_it_fails(inputs, rows, &self.data_type, make)
            }
        };
        made.map_err(|failure| evaluate_error(&self.sql, failure))
    }

    fn column(&self, inputs: &[ArrayRef], rows: usize) -> Result<ArrayRef, RowFailure> {
        let inputs = Inputs::batch(inputs);
        let value = self.root.evaluate(&Evaluation::new(&inputs, rows))?;
        let representation = evaluate::expanded(&value, self.root.representation(), rows)?;
        load::store(representation, &self.data_type).map_err(evaluate::internal)
    }
}

/// A row's failure, with the part of the text that it is in.
fn evaluate_error(sql: &str, failure: RowFailure) -> EvaluateError {
    let RowFailure {
        message,
        row,
        place,
    } = failure;
    let part = place.and_then(|place| sql.get(place.offset..place.offset + place.length));
    let message = match part {
        Some(part) if !part.is_empty() => format!("{message} in `{part}`"),
        _ => message,
    };
    EvaluateError { message, row }
}

impl fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Expression");
        debug
            .field("sql", &self.sql)
            .field("data_type", &self.data_type)
            .finish_non_exhaustive()
    }
}
