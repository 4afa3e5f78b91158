//! The compiled form: a tree whose every part knows its type, its bounds and its place in the text.

use super::error::{Result, RowFailure, TextSpan};
use super::longest::{LONGEST, longest};
use super::per_value::CachedPerValue;
use super::range::NumericBounds;
pub(super) use super::result_type::{CallForm, ResultType};
use super::types::{self, Representation, WIDE};
use super::value::{ColumnarValue, Evaluation, Inputs};
use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int64Array, StringArray, new_null_array,
};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use std::sync::Arc;

/// Bytes from which on a text is not kept as a constant.
// A choice: a constant stays in memory as long as the run, a text that is made anew only as long as
// its batch.
const LONG: usize = 1 << 20;
const LONGER: usize = LONGEST + 1;

/// Computes a part for all rows from the values of its arguments.
pub(super) type Kernel =
    Box<dyn Fn(&[ColumnarValue], &Evaluation<'_>) -> Result<ArrayRef, RowFailure> + Send + Sync>;

/// What stands on either side of an operator.
pub(super) type Sides = [TypedNode; 2];

pub(super) struct TypedNode {
    pub kind: NodeKind,
    pub data_type: DataType,
    /// Proved bounds; always there for integers and decimals.
    pub range: Option<NumericBounds>,
    pub nullable: bool,
    /// Whether a row can fail, so that rows that are not asked for must be told apart.
    pub fallible: bool,
    pub place: TextSpan,
}

pub(super) enum NodeKind {
    Column {
        index: usize,
        dictionary: bool,
        /// The most bytes of its texts.
        longest: Option<usize>,
    },
    /// One row in its representation. `quoted` text takes the type that its surroundings ask for.
    Constant { array: ArrayRef, quoted: bool },
    Call {
        kernel: Kernel,
        arguments: Vec<TypedNode>,
        form: CallForm,
    },
    /// `and` (when `decides` is false), `or` (when true): the right side counts only where the left does
    /// not decide.
    Logic {
        decides: bool,
        sides: Box<[TypedNode; 2]>,
    },
    /// The value beside the first condition that is true.
    // Each branch keeps its own representation until one is chosen, so that rounding or a cast
    // around the `case` can be pushed into its branches (`choice::each_value`).
    Case {
        branches: Vec<(TypedNode, TypedNode)>,
        otherwise: Box<TypedNode>,
    },
    /// The first value that is not null.
    Coalesce(Vec<TypedNode>),
    /// A part that depends on one dictionary column alone: computed once per dictionary value.
    PerValue {
        column: usize,
        part: Box<TypedNode>,
        last: CachedPerValue,
    },
}

impl TypedNode {
    /// A function that is null where any argument is.
    pub fn strict(
        place: TextSpan,
        result_type: ResultType,
        arguments: Vec<Self>,
        kernel: Kernel,
    ) -> Result<Self> {
        // The type is kept: `null + 1` is a null integer, which a `case` or a column then takes.
        if arguments.iter().any(Self::is_null) {
            return Ok(Self::null(result_type.data_type, place));
        }
        let nullable = result_type.nullable || arguments.iter().any(|argument| argument.nullable);
        Self::call(place, result_type.nullable(nullable), arguments, kernel)
    }

    /// A function that looks at nulls itself.
    pub fn call(
        place: TextSpan,
        result_type: ResultType,
        arguments: Vec<Self>,
        kernel: Kernel,
    ) -> Result<Self> {
        let fallible = result_type.fallible || arguments.iter().any(|argument| argument.fallible);
        let form = result_type.form;
        let kind = NodeKind::Call {
            kernel,
            arguments,
            form,
        };
        Self {
            fallible,
            ..Self::new(kind, place, result_type)
        }
        .folded()
    }

    pub fn new(kind: NodeKind, place: TextSpan, result_type: ResultType) -> Self {
        let ResultType {
            data_type,
            range,
            fallible,
            nullable,
            form: _,
        } = result_type;
        Self {
            kind,
            data_type,
            range,
            nullable,
            fallible,
            place,
        }
    }

    fn one_row(array: ArrayRef, quoted: bool, place: TextSpan, result_type: ResultType) -> Self {
        Self::new(NodeKind::Constant { array, quoted }, place, result_type)
    }

    pub fn null(data_type: DataType, place: TextSpan) -> Self {
        let result_type = match ResultType::of(data_type) {
            // A null has no number. The narrowest bounds keep what stands around it in 64 bits.
            result_type if result_type.range.is_some() => result_type.within(NumericBounds::of(0)),
            result_type => result_type,
        };
        let array = new_null_array(&array_type(&result_type), 1);
        Self::one_row(array, false, place, result_type.nullable(true))
    }

    /// A whole number, or the digits of a decimal.
    pub fn exact(value: i128, data_type: DataType, place: TextSpan) -> Self {
        let result_type = ResultType::of(data_type).within(NumericBounds::of(value));
        let array: ArrayRef = match result_type.representation() {
            Representation::Narrow => Arc::new(Int64Array::from(vec![value as i64])),
            _ => Arc::new(Decimal128Array::from(vec![value]).with_data_type(WIDE)),
        };
        Self::one_row(array, false, place, result_type)
    }

    /// Any other constant, in its representation.
    pub fn constant(array: ArrayRef, data_type: DataType, place: TextSpan) -> Self {
        Self::one_row(array, false, place, ResultType::of(data_type))
    }

    pub fn quoted(text: &str, place: TextSpan) -> Self {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        Self::one_row(array, true, place, ResultType::of(DataType::Utf8))
    }

    /// The call known to be of a form; a constant that it was folded to stays one.
    pub fn with_form(mut self, new: CallForm) -> Self {
        if let NodeKind::Call { form, .. } = &mut self.kind {
            *form = new;
        }
        self
    }

    pub fn form(&self) -> CallForm {
        match self.kind {
            NodeKind::Call { form, .. } => form,
            _ => CallForm::Plain,
        }
    }

    /// The arguments of a call.
    pub fn into_arguments(self) -> Vec<Self> {
        match self.kind {
            NodeKind::Call { arguments, .. } => arguments,
            _ => Vec::new(),
        }
    }

    pub fn at(mut self, place: TextSpan) -> Self {
        self.place = place;
        self
    }

    pub fn representation(&self) -> Representation {
        types::representation(&self.data_type, self.range)
    }

    /// Bounds of an integer or a decimal.
    pub fn bounds(&self) -> NumericBounds {
        self.range.unwrap_or(NumericBounds::DECIMAL)
    }

    pub fn type_name(&self) -> String {
        types::name(&self.data_type)
    }

    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Constant { array, .. } if array.is_null(0))
    }

    pub fn is_constant(&self) -> bool {
        matches!(self.kind, NodeKind::Constant { .. })
    }

    /// The text of a quoted literal that has no type yet.
    pub fn quoted_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Constant {
                array,
                quoted: true,
            } => Some(array.as_string::<i32>().value(0)),
            _ => None,
        }
    }

    /// The text of a constant.
    pub fn constant_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Constant { array, .. } if !array.is_null(0) => {
                array.as_string_opt::<i32>().map(|array| array.value(0))
            }
            _ => None,
        }
    }

    /// The digits of a constant whole number or decimal.
    pub fn constant_exact(&self) -> Option<i128> {
        match &self.kind {
            NodeKind::Constant { array, .. } if !array.is_null(0) => exact_value(array),
            _ => None,
        }
    }

    /// The values of which each row takes one; nothing where its value is computed.
    pub fn choices(&self) -> Option<Vec<&Self>> {
        match &self.kind {
            NodeKind::Case {
                branches,
                otherwise,
            } => {
                let values = branches.iter().map(|(_, value)| value);
                Some(values.chain([&**otherwise]).collect())
            }
            NodeKind::Coalesce(values) => Some(values.iter().collect()),
            NodeKind::PerValue { part, .. } => Some(vec![part]),
            _ => None,
        }
    }

    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            NodeKind::Column { .. } | NodeKind::Constant { .. } => Vec::new(),
            NodeKind::Call { arguments, .. } | NodeKind::Coalesce(arguments) => {
                arguments.iter().collect()
            }
            NodeKind::Logic { sides, .. } => sides.iter().collect(),
            NodeKind::Case {
                branches,
                otherwise,
            } => {
                let branches = branches
                    .iter()
                    .flat_map(|(condition, value)| [condition, value]);
                branches.chain([&**otherwise]).collect()
            }
            NodeKind::PerValue { part, .. } => vec![part],
        }
    }

    /// A constant where everything below is one; its failure is then a mistake in the text.
    pub fn folded(self) -> Result<Self> {
        if !self.children().into_iter().all(Self::is_constant) {
            return Ok(self);
        }
        // `repeat('x', 2000000000)` is a constant, too: it is refused before it is made.
        match longest(&self).filter(|_| self.representation() == Representation::Text) {
            Some(LONGER..) => return Err(self.place.error("the text is longer than 1 GiB")),
            // It is made again for each batch rather than kept.
            Some(LONG..) => return Ok(self),
            _ => {}
        }
        // The kernels that rows go through make the constant, too, of a batch of one row: there is
        // no second arithmetic whose answer could differ.
        let inputs = Inputs::batch(&[]);
        let value = self
            .evaluate(&Evaluation::new(&inputs, 1))
            .map_err(|failure| failure.place.unwrap_or(self.place).error(failure.message))?;
        if value.array.is_null(0) {
            return Ok(Self::null(self.data_type, self.place));
        }
        Ok(match self.representation() {
            // A constant is its own bounds: what stands around it is proved for one number, not for
            // all that its type holds.
            Representation::Narrow | Representation::Wide if self.range.is_some() => {
                let value = exact_value(&value.array).unwrap_or_default();
                Self::exact(value, self.data_type, self.place)
            }
            _ => Self::constant(value.array, self.data_type, self.place),
        })
    }
}

fn exact_value(array: &ArrayRef) -> Option<i128> {
    let narrow = array
        .as_primitive_opt::<Int64Type>()
        .map(|array| array.value(0).into());
    narrow.or_else(|| {
        array
            .as_primitive_opt::<Decimal128Type>()
            .map(|array| array.value(0))
    })
}

/// The Arrow type of a representation.
pub(super) fn array_type(result_type: &ResultType) -> DataType {
    match result_type.representation() {
        Representation::Boolean => DataType::Boolean,
        Representation::Narrow => DataType::Int64,
        Representation::Wide => WIDE,
        Representation::Float => DataType::Float64,
        Representation::Text => DataType::Utf8,
        Representation::Interval => types::INTERVAL,
        Representation::Other => result_type.data_type.clone(),
    }
}
