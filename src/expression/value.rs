//! What passes between the parts of an expression while it is evaluated.

use super::error::RowFailure;
use crate::kernel::map::{Operand, map_checked};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Datum, StringArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType,
};
use std::cell::OnceCell;

/// An array with a value for every row, or one row that stands for all.
#[derive(Clone, Debug)]
pub(super) struct ColumnarValue {
    pub array: ArrayRef,
    pub constant: bool,
}

/// Text by row.
#[derive(Clone, Copy)]
pub(super) struct TextValues<'a> {
    array: &'a StringArray,
    constant: bool,
}

/// The rows being evaluated.
pub(super) struct Evaluation<'a> {
    inputs: &'a Inputs<'a>,
    pub rows: usize,
    /// The rows whose values will be used; a failure elsewhere is none. All, when absent.
    pub active: Option<BooleanBuffer>,
}

/// The arrays that columns are read from, each brought into its representation once.
pub(super) struct Inputs<'a> {
    arrays: &'a [ArrayRef],
    /// Every column is the first array: the values of the one dictionary that a part depends on.
    single: bool,
    loaded: Vec<OnceCell<ArrayRef>>,
}

impl ColumnarValue {
    pub fn column(array: ArrayRef) -> Self {
        Self {
            array,
            constant: false,
        }
    }

    fn operand<T: ArrowPrimitiveType>(&self) -> Operand<'_, T::Native> {
        let array = self.array.as_primitive::<T>();
        match self.constant {
            true => Operand::Constant(array.value(0)),
            false => Operand::Column(array.values()),
        }
    }

    pub fn narrow(&self) -> Operand<'_, i64> {
        self.operand::<Int64Type>()
    }

    pub fn wide(&self) -> Operand<'_, i128> {
        self.operand::<Decimal128Type>()
    }

    pub fn float(&self) -> Operand<'_, f64> {
        self.operand::<Float64Type>()
    }

    pub fn interval(&self) -> Operand<'_, IntervalMonthDayNano> {
        self.operand::<IntervalMonthDayNanoType>()
    }

    pub fn text(&self) -> TextValues<'_> {
        TextValues {
            array: self.array.as_string(),
            constant: self.constant,
        }
    }

    pub fn is_null(&self, row: usize) -> bool {
        self.array.is_null(if self.constant { 0 } else { row })
    }

    /// A truth value for every row.
    pub fn booleans(&self, rows: usize) -> BooleanArray {
        let array = self.array.as_boolean();
        match self.constant {
            false => array.clone(),
            true if array.is_null(0) => BooleanArray::new_null(rows),
            true if array.value(0) => BooleanBuffer::new_set(rows).into(),
            true => BooleanBuffer::new_unset(rows).into(),
        }
    }
}

impl<'a> TextValues<'a> {
    pub fn at(&self, row: usize) -> &'a str {
        self.array.value(if self.constant { 0 } else { row })
    }

    pub fn get(&self, row: usize) -> Option<&'a str> {
        let row = if self.constant { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

impl Datum for ColumnarValue {
    fn get(&self) -> (&dyn Array, bool) {
        (&self.array, self.constant)
    }
}

/// The rows where every column has a value. Constants have one: a null constant was folded away.
pub(super) fn nulls(values: &[ColumnarValue]) -> Option<NullBuffer> {
    let columns = values.iter().filter(|value| !value.constant);
    NullBuffer::union_many(columns.map(|value| value.array.nulls()))
}

impl<'a> Evaluation<'a> {
    pub fn new(inputs: &'a Inputs<'a>, rows: usize) -> Self {
        Self {
            inputs,
            rows,
            active: None,
        }
    }

    pub fn inputs(&self) -> &'a Inputs<'a> {
        self.inputs
    }

    /// The same rows, of which only some will be used.
    pub fn only(&self, rows: BooleanBuffer) -> Self {
        let active = match &self.active {
            Some(active) => active & &rows,
            None => rows,
        };
        Self {
            inputs: self.inputs,
            rows: self.rows,
            active: Some(active),
        }
    }

    pub fn is_active(&self, row: usize) -> bool {
        self.active.as_ref().is_none_or(|active| active.value(row))
    }

    /// The function of every row, or the failure of the first row that counts and has no value.
    pub fn checked<A: Copy, B: Copy, R>(
        &self,
        (left, right): (Operand<'_, A>, Operand<'_, B>),
        nulls: Option<&NullBuffer>,
        compute: impl Fn(A, B) -> (R, bool),
        message: impl Fn(A, B) -> String,
    ) -> Result<Vec<R>, RowFailure> {
        let (results, failed) = map_checked(left, right, &compute);
        // The loop keeps one flag for the whole batch: that some row fails, not which. The row is
        // looked up in a second pass, which nearly no batch needs; null rows hold anything, and must
        // not end a run.
        if failed {
            let fails = |row| compute(left.at(row), right.at(row)).1;
            if let Some(row) = self.failing(results.len(), nulls, fails) {
                return Err(RowFailure::at(row, message(left.at(row), right.at(row))));
            }
        }
        Ok(results)
    }

    /// As `checked`, of a function whose result may not fit its type.
    pub fn fitting<A: Copy, B: Copy, R: Default>(
        &self,
        operands: (Operand<'_, A>, Operand<'_, B>),
        nulls: Option<&NullBuffer>,
        function: impl Fn(A, B) -> Option<R>,
        target: &str,
    ) -> Result<Vec<R>, RowFailure> {
        let compute = |left, right| match function(left, right) {
            Some(value) => (value, false),
            None => (R::default(), true),
        };
        let message = |_, _| format!("the result does not fit {target}");
        self.checked(operands, nulls, compute, message)
    }

    /// The value of every row that counts; of the others, which may hold anything, the default.
    pub fn each<T: Default>(
        &self,
        nulls: Option<&NullBuffer>,
        value: impl Fn(usize) -> Result<T, String>,
    ) -> Result<Vec<T>, RowFailure> {
        let value = |row| match self.counts(row, nulls) {
            true => value(row).map_err(|what| RowFailure::at(row, what)),
            false => Ok(T::default()),
        };
        (0..self.rows).map(value).collect()
    }

    fn counts(&self, row: usize, nulls: Option<&NullBuffer>) -> bool {
        self.is_active(row) && nulls.is_none_or(|nulls| nulls.is_valid(row))
    }

    /// The first failing row that counts, of rows that were computed whether they count or not.
    pub fn failing(
        &self,
        rows: usize,
        nulls: Option<&NullBuffer>,
        fails: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        (0..rows).find(|&row| self.counts(row, nulls) && fails(row))
    }
}

impl<'a> Inputs<'a> {
    pub fn batch(arrays: &'a [ArrayRef]) -> Self {
        Self {
            arrays,
            single: false,
            loaded: vec![OnceCell::new(); arrays.len()],
        }
    }

    pub fn single(array: &'a ArrayRef) -> Self {
        let arrays = std::slice::from_ref(array);
        Self {
            arrays,
            single: true,
            loaded: vec![OnceCell::new()],
        }
    }

    /// Other rows of the same columns.
    pub fn like<'b>(&self, arrays: &'b [ArrayRef]) -> Inputs<'b> {
        let loaded = vec![OnceCell::new(); arrays.len()];
        Inputs {
            arrays,
            single: self.single,
            loaded,
        }
    }

    pub fn arrays(&self) -> &'a [ArrayRef] {
        self.arrays
    }

    /// Where a column stands among the arrays.
    pub fn place(&self, column: usize) -> usize {
        if self.single { 0 } else { column }
    }

    pub fn array(&self, column: usize) -> Result<&'a ArrayRef, RowFailure> {
        let missing = || RowFailure::at(0, format!("input {column} is missing"));
        self.arrays.get(self.place(column)).ok_or_else(missing)
    }

    /// The column in its representation, brought there by `load` the first time.
    pub fn representation(
        &self,
        column: usize,
        load: impl FnOnce(&ArrayRef) -> Result<ArrayRef, String>,
    ) -> Result<ArrayRef, RowFailure> {
        let array = self.array(column)?;
        let cell = &self.loaded[self.place(column)];
        if let Some(loaded) = cell.get() {
            return Ok(loaded.clone());
        }
        let loaded = load(array).map_err(|message| RowFailure::at(0, message))?;
        Ok(cell.get_or_init(|| loaded).clone())
    }
}
