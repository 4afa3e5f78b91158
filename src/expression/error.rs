//! What can go wrong, and where: while compiling at a place in the text, while evaluating at a row.

use std::fmt;

/// Bytes of the expression's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TextSpan {
    pub offset: usize,
    pub length: usize,
}

/// Why an expression cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// One lower-case sentence without a final dot.
    pub message: String,
    /// Where the caret goes: a byte of the text, its length when something is missing at the end.
    pub offset: usize,
    /// Bytes to underline; 0 at the end of the text.
    pub length: usize,
    /// What to write instead.
    pub hint: Option<String>,
}

pub(super) type Result<T, E = ExpressionError> = std::result::Result<T, E>;

/// Why a name is not one of the inputs. `hint` is for a did-you-mean, which only the caller can give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    pub message: String,
    pub hint: Option<String>,
}

/// Why a row has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluateError {
    /// What happened, and in which part of the expression.
    pub message: String,
    /// The row within the batch.
    pub row: usize,
}

/// A row's failure on its way up, before the part of the expression is known.
#[derive(Debug)]
pub(super) struct RowFailure {
    pub message: String,
    pub row: usize,
    pub place: Option<TextSpan>,
}

impl TextSpan {
    pub fn error(self, message: impl Into<String>) -> ExpressionError {
        ExpressionError {
            message: message.into(),
            offset: self.offset,
            length: self.length,
            hint: None,
        }
    }
}

impl ExpressionError {
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl RowFailure {
    pub fn at(row: usize, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            row,
            place: None,
        }
    }
}

impl From<String> for UnknownName {
    fn from(message: String) -> Self {
        Self {
            message,
            hint: None,
        }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "row {} of the batch: {}", self.row, self.message)
    }
}

impl std::error::Error for ExpressionError {}
impl std::error::Error for EvaluateError {}

/// "did you mean …", when one of the names is near enough to be a slip of the fingers.
pub(super) fn did_you_mean<'a>(
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let distance = |known: &'a str| (strsim::damerau_levenshtein(name, known), known);
    let (distance, nearest) = names.into_iter().map(distance).min()?;
    // A slip for every three letters: with more, `sum` would be offered for `min`.
    (distance <= name.chars().count().div_ceil(3)).then(|| format!("did you mean `{nearest}`?"))
}
