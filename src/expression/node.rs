//! The compiled form: a tree whose every part knows its type, its bounds and its place in the text.

use super::error::{ExpressionError, Failure, Place};
use super::longest::{LONGEST, longest};
use super::per_value::Last;
use super::range::Range;
use super::types::{self, Lane, WIDE};
use super::value::{Frame, Inputs, Value};
use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int64Array, StringArray, new_null_array,
};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use std::sync::Arc;

/// Bytes from which on a text is not kept as a constant.
const LONG: usize = 1 << 20;
const LONGER: usize = LONGEST + 1;

/// Computes a part for all rows from the values of its arguments.
pub(super) type Kernel =
    Box<dyn Fn(&[Value], &Frame<'_>) -> Result<ArrayRef, Failure> + Send + Sync>;

pub(super) struct Node {
    pub kind: Kind,
    pub data_type: DataType,
    /// Proved bounds; always there for integers and decimals.
    pub range: Option<Range>,
    pub nullable: bool,
    /// Whether a row can fail, so that rows that are not asked for must be told apart.
    pub fallible: bool,
    pub place: Place,
}

pub(super) enum Kind {
    Column {
        index: usize,
        dictionary: bool,
        /// The most bytes of its texts.
        longest: Option<usize>,
    },
    /// One row in its lane. `quoted` text takes the type that its surroundings ask for.
    Constant { array: ArrayRef, quoted: bool },
    Call {
        kernel: Kernel,
        arguments: Vec<Node>,
        form: Form,
    },
    /// `and` (when `decides` is false), `or` (when true): the right side counts only where the left does
    /// not decide.
    Logic {
        decides: bool,
        sides: Box<[Node; 2]>,
    },
    /// The value beside the first condition that is true.
    Case {
        branches: Vec<(Node, Node)>,
        otherwise: Box<Node>,
    },
    /// The first value that is not null.
    Coalesce(Vec<Node>),
    /// A part that depends on one dictionary column alone: computed once per dictionary value.
    PerValue {
        column: usize,
        part: Box<Node>,
        last: Last,
    },
}

/// Calls that a surrounding one can take apart, to compute more directly what is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// A decimal quotient at its natural scale: rounding it may divide at the other scale at once.
    Quotient,
    /// A decimal given more digits after its point, which rounding takes away again.
    ScaledUp,
    /// A decimal of all the digits that a float has.
    OfFloat,
    /// Text joined by `||`: a longer chain is one call.
    Joined,
    /// Texts one after the other, without those that are null.
    Concat,
    /// Texts with the first one between them.
    Separated,
    /// A text so many times.
    Repeated,
    /// A text brought to a length.
    Padded,
    /// A part of a text, or all of it in another case.
    Within,
    /// Any other value as text.
    Written,
    /// A float without a fraction, such as `floor(x)`, or a time without parts of a second.
    Whole,
}

/// What is known of a call's result beside its arguments.
pub(super) struct Shape {
    pub data_type: DataType,
    pub range: Option<Range>,
    pub fallible: bool,
    pub nullable: bool,
    pub form: Form,
}

impl Shape {
    pub fn of(data_type: DataType) -> Self {
        let range = match types::family(&data_type) {
            types::Family::Integer | types::Family::Decimal => types::bounds(&data_type),
            _ => None,
        };
        Self {
            data_type,
            range,
            fallible: false,
            nullable: false,
            form: Form::Plain,
        }
    }

    pub fn formed(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    pub fn within(mut self, range: Range) -> Self {
        self.range = Some(range);
        self
    }

    pub fn fallible(mut self, fallible: bool) -> Self {
        self.fallible = fallible;
        self
    }

    pub fn nullable(mut self, nullable: bool) -> Self {
        self.nullable = nullable;
        self
    }

    pub fn lane(&self) -> Lane {
        types::lane(&self.data_type, self.range)
    }
}

impl Node {
    /// A function that is null where any argument is.
    pub fn strict(
        place: Place,
        shape: Shape,
        arguments: Vec<Self>,
        kernel: Kernel,
    ) -> Result<Self, ExpressionError> {
        if arguments.iter().any(Self::is_null) {
            return Ok(Self::null(shape.data_type, place));
        }
        let nullable = shape.nullable || arguments.iter().any(|argument| argument.nullable);
        Self::call(place, shape.nullable(nullable), arguments, kernel)
    }

    /// A function that looks at nulls itself.
    pub fn call(
        place: Place,
        shape: Shape,
        arguments: Vec<Self>,
        kernel: Kernel,
    ) -> Result<Self, ExpressionError> {
        let fallible = shape.fallible || arguments.iter().any(|argument| argument.fallible);
        let form = shape.form;
        let kind = Kind::Call {
            kernel,
            arguments,
            form,
        };
        Self {
            fallible,
            ..Self::new(kind, place, shape)
        }
        .folded()
    }

    pub fn new(kind: Kind, place: Place, shape: Shape) -> Self {
        let Shape {
            data_type,
            range,
            fallible,
            nullable,
            form: _,
        } = shape;
        Self {
            kind,
            data_type,
            range,
            nullable,
            fallible,
            place,
        }
    }

    pub fn null(data_type: DataType, place: Place) -> Self {
        let shape = match Shape::of(data_type) {
            shape if shape.range.is_some() => shape.within(Range::of(0)),
            shape => shape,
        };
        let array = new_null_array(&array_type(&shape), 1);
        Self::new(
            Kind::Constant {
                array,
                quoted: false,
            },
            place,
            shape.nullable(true),
        )
    }

    /// A whole number, or the digits of a decimal.
    pub fn exact(value: i128, data_type: DataType, place: Place) -> Self {
        let shape = Shape::of(data_type).within(Range::of(value));
        let array: ArrayRef = match shape.lane() {
            Lane::Narrow => Arc::new(Int64Array::from(vec![value as i64])),
            _ => Arc::new(Decimal128Array::from(vec![value]).with_data_type(WIDE)),
        };
        Self::new(
            Kind::Constant {
                array,
                quoted: false,
            },
            place,
            shape,
        )
    }

    /// Any other constant, in its lane.
    pub fn constant(array: ArrayRef, data_type: DataType, place: Place) -> Self {
        let kind = Kind::Constant {
            array,
            quoted: false,
        };
        Self::new(kind, place, Shape::of(data_type))
    }

    pub fn quoted(text: &str, place: Place) -> Self {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        Self::new(
            Kind::Constant {
                array,
                quoted: true,
            },
            place,
            Shape::of(DataType::Utf8),
        )
    }

    /// The call known to be of a form; a constant that it was folded to stays one.
    pub fn formed(mut self, new: Form) -> Self {
        if let Kind::Call { form, .. } = &mut self.kind {
            *form = new;
        }
        self
    }

    pub fn form(&self) -> Form {
        match self.kind {
            Kind::Call { form, .. } => form,
            _ => Form::Plain,
        }
    }

    /// The arguments of a call.
    pub fn into_arguments(self) -> Vec<Self> {
        match self.kind {
            Kind::Call { arguments, .. } => arguments,
            _ => Vec::new(),
        }
    }

    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    pub fn lane(&self) -> Lane {
        types::lane(&self.data_type, self.range)
    }

    /// Bounds of an integer or a decimal.
    pub fn bounds(&self) -> Range {
        self.range.unwrap_or(Range::DECIMAL)
    }

    pub fn type_name(&self) -> String {
        types::name(&self.data_type)
    }

    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Constant { array, .. } if array.is_null(0))
    }

    pub fn is_constant(&self) -> bool {
        matches!(self.kind, Kind::Constant { .. })
    }

    /// The text of a quoted literal that has no type yet.
    pub fn quoted_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Constant {
                array,
                quoted: true,
            } => Some(array.as_string::<i32>().value(0)),
            _ => None,
        }
    }

    /// The text of a constant.
    pub fn constant_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Constant { array, .. } if !array.is_null(0) => {
                array.as_string_opt::<i32>().map(|array| array.value(0))
            }
            _ => None,
        }
    }

    /// The digits of a constant whole number or decimal.
    pub fn constant_exact(&self) -> Option<i128> {
        match &self.kind {
            Kind::Constant { array, .. } if !array.is_null(0) => exact_value(array),
            _ => None,
        }
    }

    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Column { .. } | Kind::Constant { .. } => Vec::new(),
            Kind::Call { arguments, .. } | Kind::Coalesce(arguments) => arguments.iter().collect(),
            Kind::Logic { sides, .. } => sides.iter().collect(),
            Kind::Case {
                branches,
                otherwise,
            } => {
                let branches = branches
                    .iter()
                    .flat_map(|(condition, value)| [condition, value]);
                branches.chain([&**otherwise]).collect()
            }
            Kind::PerValue { part, .. } => vec![part],
        }
    }

    /// A constant where everything below is one; its failure is then a mistake in the text.
    pub fn folded(self) -> Result<Self, ExpressionError> {
        if !self.children().into_iter().all(Self::is_constant) {
            return Ok(self);
        }
        match longest(&self).filter(|_| self.lane() == Lane::Text) {
            Some(LONGER..) => return Err(self.place.error("the text is longer than 1 GiB")),
            // It is made again for each batch rather than kept.
            Some(LONG..) => return Ok(self),
            _ => {}
        }
        let inputs = Inputs::batch(&[]);
        let value = self
            .evaluate(&Frame::new(&inputs, 1))
            .map_err(|failure| failure.place.unwrap_or(self.place).error(failure.message))?;
        if value.array.is_null(0) {
            return Ok(Self::null(self.data_type, self.place));
        }
        Ok(match self.lane() {
            Lane::Narrow | Lane::Wide if self.range.is_some() => {
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

/// The Arrow type of a lane.
pub(super) fn array_type(shape: &Shape) -> DataType {
    match shape.lane() {
        Lane::Boolean => DataType::Boolean,
        Lane::Narrow => DataType::Int64,
        Lane::Wide => WIDE,
        Lane::Float => DataType::Float64,
        Lane::Text => DataType::Utf8,
        Lane::Interval => types::INTERVAL,
        Lane::Other => shape.data_type.clone(),
    }
}
