//! Loops over one or two operands, each a column or a constant.
//!
//! The checked loops compute every row and only note *that* some row failed: the note costs one `or` a row,
//! and the caller looks for the row afterwards, among those that count (neither null nor switched off).

/// One side of an operation.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, T> {
    Column(&'a [T]),
    Constant(T),
}

impl<T: Copy> Operand<'_, T> {
    pub fn at(&self, row: usize) -> T {
        match self {
            Self::Column(values) => values[row],
            Self::Constant(value) => *value,
        }
    }
}

/// `operation` on every row. Two constants give one row.
pub fn map<A: Copy, B: Copy, R>(
    left: Operand<'_, A>,
    right: Operand<'_, B>,
    mut operation: impl FnMut(A, B) -> R,
) -> Vec<R> {
    match (left, right) {
        (Operand::Column(left), Operand::Column(right)) => {
            debug_assert_eq!(left.len(), right.len());
            left.iter()
                .zip(right)
                .map(|(&left, &right)| operation(left, right))
                .collect()
        }
        (Operand::Column(left), Operand::Constant(right)) => {
            left.iter().map(|&left| operation(left, right)).collect()
        }
        (Operand::Constant(left), Operand::Column(right)) => {
            right.iter().map(|&right| operation(left, right)).collect()
        }
        (Operand::Constant(left), Operand::Constant(right)) => vec![operation(left, right)],
    }
}

/// Like [`map`], for an operation that says beside its value whether it failed.
pub fn map_checked<A: Copy, B: Copy, R>(
    left: Operand<'_, A>,
    right: Operand<'_, B>,
    operation: impl Fn(A, B) -> (R, bool),
) -> (Vec<R>, bool) {
    // Not `Result`: to leave at the first failure is a branch a row, with which no loop is
    // vectorised.
    let mut failed = false;
    let values = map(left, right, |left, right| {
        let (value, fails) = operation(left, right);
        failed |= fails;
        value
    });
    (values, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_stand_on_either_side() {
        let column = [1, 2, 3];
        let sub = |left: i64, right: i64| left - right;
        let (column, ten) = (Operand::Column(&column), Operand::Constant(10));
        assert_eq!(map(column, ten, sub), [-9, -8, -7]);
        assert_eq!(map(ten, column, sub), [9, 8, 7]);
        assert_eq!(map(column, column, sub), [0, 0, 0]);
        assert_eq!(map(ten, ten, sub), [0]);
    }

    #[test]
    fn a_failure_is_noted_and_the_rest_computed() {
        let (left, right) = ([1_i64, i64::MAX, 3], [1_i64, 1, 1]);
        let (values, failed) = map_checked(
            Operand::Column(&left),
            Operand::Column(&right),
            i64::overflowing_add,
        );
        assert_eq!(values, [2, i64::MIN, 4]);
        assert!(failed);
    }
}
