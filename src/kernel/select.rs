//! Picks each row's value from one of several columns: `case`, `coalesce`, `greatest`.

use super::map::Operand;
use arrow::buffer::{BooleanBuffer, NullBuffer};

/// Row `n` of the result is row `n` of `sources[choice[n]]`.
pub fn select<T: Copy + Default>(choice: &[u32], sources: &[Operand<'_, T>]) -> Vec<T> {
    let constants: Option<Vec<T>> = sources
        .iter()
        .map(|source| match source {
            Operand::Constant(value) => Some(*value),
            Operand::Column(_) => None,
        })
        .collect();
    if let Some(table) = constants {
        return choice.iter().map(|&from| table[from as usize]).collect();
    }
    // A pass per source, each a branch-free blend, beats one pass of unpredictable loads.
    let mut values = vec![T::default(); choice.len()];
    for (number, source) in sources.iter().enumerate() {
        blend(&mut values, choice, number as u32, source);
    }
    values
}

fn blend<T: Copy>(values: &mut [T], choice: &[u32], number: u32, source: &Operand<'_, T>) {
    let rows = values.iter_mut().zip(choice);
    match source {
        Operand::Column(column) => rows.zip(*column).for_each(|((value, &from), &new)| {
            *value = if from == number { new } else { *value };
        }),
        Operand::Constant(new) => rows.for_each(|(value, &from)| {
            *value = if from == number { *new } else { *value };
        }),
    }
}

/// The validity that belongs to [`select`]: each source says whether row `n` of it is there.
pub fn select_nulls(choice: &[u32], sources: &[(Option<&NullBuffer>, bool)]) -> Option<NullBuffer> {
    if sources.iter().all(|(nulls, _)| nulls.is_none()) {
        return None;
    }
    let valid = BooleanBuffer::collect_bool(choice.len(), |row| {
        let (nulls, constant) = sources[choice[row] as usize];
        nulls.is_none_or(|nulls| nulls.is_valid(if constant { 0 } else { row }))
    });
    Some(NullBuffer::new(valid)).filter(|nulls| nulls.null_count() > 0)
}

/// Writes `number` into the rows whose bit is set.
pub fn mark(choice: &mut [u32], rows: &BooleanBuffer, number: u32) {
    for row in rows.set_indices() {
        choice[row] = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_from_columns_and_constants() {
        let (left, choice) = ([1, 2, 3, 4], [0, 1, 2, 0]);
        let sources = [
            Operand::Column(&left[..]),
            Operand::Constant(7),
            Operand::Constant(9),
        ];
        assert_eq!(select(&choice, &sources), [1, 7, 9, 4]);
        assert_eq!(
            select(&choice, &[Operand::Constant(5), sources[1], sources[2]]),
            [5, 7, 9, 5]
        );
    }

    #[test]
    fn nulls_follow_the_choice() {
        let nulls = NullBuffer::from(vec![false, true, true]);
        let null = NullBuffer::from(vec![false]);
        let sources = [(Some(&nulls), false), (None, false), (Some(&null), true)];
        let valid = |choice: &[u32]| {
            select_nulls(choice, &sources).map(|nulls| nulls.iter().collect::<Vec<_>>())
        };
        assert_eq!(valid(&[0, 0, 0]), Some(vec![false, true, true]));
        assert_eq!(valid(&[1, 0, 1]), None);
        assert_eq!(valid(&[1, 2, 0]), Some(vec![true, false, true]));
    }

    #[test]
    fn marks_the_set_rows() {
        let mut choice = vec![0; 5];
        mark(
            &mut choice,
            &BooleanBuffer::from(vec![true, false, true, false, true]),
            3,
        );
        assert_eq!(choice, [3, 0, 3, 0, 3]);
    }
}
