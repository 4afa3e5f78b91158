//! What is known of the result of a call before it is evaluated: its type, its bounds, its form.

use super::range::NumericBounds;
use super::types::{self, Representation};
use arrow::datatypes::DataType;

/// Calls that a surrounding one can take apart, to compute more directly what is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// A rewriting pass over the whole tree would be the textbook's way. Forms were chosen because each
// saves a measured cost (`rescale`) or proves what types do not say (`whole`, `longest`), and
// because a node is made once, bottom-up: whoever builds the outer call has the inner one in hand.
pub(super) enum CallForm {
    Plain,
    /// A decimal quotient at its natural scale: rounding it may divide at the other scale at once.
    Quotient,
    /// A decimal given more digits after its point, which rounding takes away again.
    ScaledUp,
    /// A decimal of all the digits that a float has.
    FromFloat,
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
    PartOfText,
    /// Any other value as text.
    AsText,
    /// A text of so many bytes.
    OfLength(usize),
    /// A float without a fraction, such as `floor(x)`, or a time without parts of a second.
    WithoutFraction,
}

/// What is known of a call's result beside its arguments.
pub(super) struct ResultType {
    pub data_type: DataType,
    pub range: Option<NumericBounds>,
    pub fallible: bool,
    pub nullable: bool,
    pub form: CallForm,
}

impl ResultType {
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
            form: CallForm::Plain,
        }
    }

    pub fn with_form(mut self, form: CallForm) -> Self {
        self.form = form;
        self
    }

    pub fn within(mut self, range: NumericBounds) -> Self {
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

    pub fn representation(&self) -> Representation {
        types::representation(&self.data_type, self.range)
    }
}
