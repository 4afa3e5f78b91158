//! What the names of an expression mean in a table: its columns, and aggregates of rows that it reaches.

use arrow::datatypes::DataType;

use super::fills::Shows;
use super::rows::RowNames;
use crate::column::build::{Build, Input};
use crate::domain::{Domain, Range};
use crate::error::Problem;
use crate::expression::{
    Aggregate, AggregateCall, Binding, ExpressionError, Names, NumericBounds, UnknownName,
};
use crate::place::Place;

/// The names around a column.
pub(super) struct ColumnNames<'n, 'b> {
    pub build: &'n mut Build<'b>,
    pub place: &'n Place,
    /// What is known of the inputs, in the order in which they are asked for.
    pub domains: Vec<Domain>,
    /// The inputs that say for which rows an aggregate has no value, where that makes the row null.
    pub failures: Vec<usize>,
    /// The mistake that a name ended in, which may lie elsewhere.
    pub inner: Option<Problem>,
}

/// What an aggregate is to the column that is being built.
pub(super) struct AggregateInputs {
    pub value: Input,
    /// For which rows it has no value, where they are null.
    pub failure: Option<Input>,
}

impl Names for ColumnNames<'_, '_> {
    fn column(&mut self, path: &str) -> Result<Binding, UnknownName> {
        let input = self.build.input(path, self.place);
        match input {
            Ok(input) => Ok(self.input(input)),
            Err(problem) => Err(unknown(problem, &mut self.inner)),
        }
    }

    fn sees_rows(&self) -> bool {
        true
    }

    fn aggregate(&mut self, call: &AggregateCall<'_>) -> Result<Binding, ExpressionError> {
        let made = RowNames::new(self.build, self.place, &mut self.inner).inputs(call)?;
        if let Some(failure) = made.failure {
            self.failures.push(failure.index);
            self.domains.push(failure.domain);
        }
        Ok(self.input(made.value))
    }
}

impl ColumnNames<'_, '_> {
    fn input(&mut self, input: Input) -> Binding {
        self.domains.push(input.domain.clone());
        described(input.index, input)
    }
}

/// The mistake as the expression tells it; the whole of it is kept in `inner`.
pub(super) fn unknown(problem: Problem, inner: &mut Option<Problem>) -> UnknownName {
    let unknown = UnknownName {
        message: problem.message.clone(),
        hint: problem.hint.clone(),
    };
    // An expression's own mistakes are a message and a hint. This one has a place, perhaps in
    // another column or file, and is told instead.
    *inner = Some(problem);
    unknown
}

/// What an expression knows of an input, which is at `index` among those that it gets.
pub(super) fn described(index: usize, input: Input) -> Binding {
    let range = match input.domain.range {
        Some(Range::Integer { min, max }) => Some(NumericBounds::new(min, max)),
        _ => None,
    };
    Binding {
        index,
        data_type: input.data_type,
        nullable: input.domain.nulls,
        range,
        longest: input.domain.longest,
    }
}

/// The type of what is shown of an aggregate, and what is known of it.
pub(super) fn described_by(aggregate: &Aggregate, shows: Shows) -> (DataType, Domain) {
    match shows {
        Shows::Failure => (DataType::Boolean, Domain::default()),
        Shows::Value => {
            let range = aggregate.range().map(|range| Range::Integer {
                min: range.low,
                max: range.high,
            });
            let domain = Domain {
                range,
                nulls: aggregate.nullable(),
                longest: aggregate.longest(),
                ..Domain::default()
            };
            (aggregate.data_type().clone(), domain)
        }
    }
}
