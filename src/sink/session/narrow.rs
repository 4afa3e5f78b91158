//! Which rows of a chunk are put together, and how the wrong ones among refused rows are found: a
//! refused range is halved until single rows are left. One wrong row of 2 500 takes at most 24
//! puts.

use std::ops::Range;

/// The rows of a chunk that are still wanted, in the ranges in which they are put.
#[derive(Debug)]
pub(super) struct Narrow {
    ranges: Vec<RefusedRange>,
    /// The range that is put now.
    at: usize,
    bad: Vec<Bad>,
}

#[derive(Debug)]
struct RefusedRange {
    rows: Range<usize>,
    about: About,
}

/// What is known of a range that was not put yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Nothing,
    /// It was refused together with the range before it.
    RefusedTogether,
    /// There is a wrong row in it: to put it as a whole would be in vain.
    Wrong,
}

/// A row that the server does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bad {
    /// Where it stands in the chunk.
    pub(super) row: usize,
    pub(super) reason: String,
    /// It is a dead letter already.
    pub(super) kept: bool,
}

impl Narrow {
    /// All rows of a chunk.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            ranges: (rows > 0)
                .then(|| RefusedRange::new(0..rows, About::Nothing))
                .into_iter()
                .collect(),
            at: 0,
            bad: Vec::new(),
        }
    }

    /// The transaction is begun again: so is this.
    pub(super) fn restart(&mut self) {
        self.at = 0;
    }

    /// What can be put at once: ranges of which nothing is known, each with its number.
    pub(super) fn plain(&self) -> Option<impl Iterator<Item = (usize, Range<usize>)>> {
        let left = &self.ranges[self.at.min(self.ranges.len())..];
        let plain = left.iter().all(|part| part.about == About::Nothing);
        let numbers = self.at..;
        plain.then(|| numbers.zip(left.iter().map(|part| part.rows.clone())))
    }

    /// All of it was put.
    pub(super) fn took_all(&mut self) {
        self.at = self.ranges.len();
    }

    /// Of range `number`, which was put with others, these rows were refused, counted from its first.
    pub(super) fn refused_of(&mut self, number: usize, rows: Vec<(usize, String)>) {
        let at = std::mem::replace(&mut self.at, number);
        self.refused_rows(rows);
        self.at = at;
    }

    /// What to put next; nothing when all was.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        let part = self.ranges.get(self.at)?;
        if part.about == About::Wrong && part.rows.len() > 1 {
            self.halve();
        }
        Some(self.ranges[self.at].rows.clone())
    }

    /// What `next` said was put.
    pub(super) fn took(&mut self) {
        self.at += 1;
        if let Some(part) = self.ranges.get_mut(self.at)
            && part.about == About::RefusedTogether
        {
            part.about = About::Wrong;
        }
    }

    /// What `next` said was refused because of one of its rows.
    pub(super) fn refused(&mut self, reason: &str) {
        let Some(part) = self.ranges.get(self.at) else {
            return;
        };
        if let [row] = [part.rows.start]
            && part.rows.len() == 1
        {
            self.leave_out(vec![(row, reason.to_string())]);
        } else {
            self.halve();
        }
    }

    /// What `next` said was refused because of these of its rows, counted from its first.
    pub(super) fn refused_rows(&mut self, mut rows: Vec<(usize, String)>) {
        let Some(part) = self.ranges.get(self.at) else {
            return;
        };
        let (first, count) = (part.rows.start, part.rows.len());
        rows.retain(|(row, _)| *row < count);
        rows.sort_by_key(|(row, _)| *row);
        // A row with two faults may be named twice, and is one letter.
        rows.dedup_by_key(|(row, _)| *row);
        match rows.is_empty() {
            // A server that names a row which it was not given has told nothing of use; its range
            // is halved.
            true => self.refused("refused"),
            false => {
                let rows = rows.into_iter();
                self.leave_out(rows.map(|(row, why)| (first + row, why)).collect());
            }
        }
    }

    /// These rows are not wanted any more.
    pub(super) fn remove(&mut self, gone: &Range<usize>) {
        let parts = std::mem::take(&mut self.ranges);
        for part in parts {
            let before = part.rows.start..part.rows.end.min(gone.start);
            let after = part.rows.start.max(gone.end)..part.rows.end;
            for rows in [before, after] {
                if !rows.is_empty() {
                    self.ranges.push(RefusedRange::new(rows, About::Nothing));
                }
            }
        }
        self.bad.retain(|bad| !gone.contains(&bad.row));
        self.restart();
    }

    /// Of the rows that are left out only the first one counts, and of the others those before it, which may
    /// be wrong, too.
    pub(super) fn only_before_bad(&mut self) {
        let new = self.bad.iter().filter(|bad| !bad.kept);
        if let Some(first) = new.map(|bad| bad.row).min() {
            // The run ends with the first refused row of the table, whichever of them the server
            // named first.
            self.bad.retain(|bad| bad.row == first);
            self.ranges.retain(|part| part.rows.start < first);
        }
    }

    /// All rows of the chunk again, but for those that are kept elsewhere.
    pub(super) fn renew(&mut self, rows: usize) {
        let mut bad = std::mem::replace(self, Self::new(rows)).bad;
        bad.retain(|bad| bad.kept);
        for kept in &bad {
            self.remove(&(kept.row..kept.row + 1));
        }
        self.bad = bad;
    }

    /// No row counts.
    pub(super) fn clear(&mut self) {
        self.bad.clear();
        self.ranges.clear();
    }

    /// Rows that are left out.
    pub(super) fn bad(&mut self) -> &mut [Bad] {
        &mut self.bad
    }

    /// True if rows are left out that are not kept yet.
    pub(super) fn has_new(&self) -> bool {
        self.bad.iter().any(|bad| !bad.kept)
    }

    /// No row is left to put or to be kept.
    pub(super) fn is_nothing(&self) -> bool {
        self.ranges.is_empty() && self.bad.iter().all(|bad| bad.kept)
    }

    /// How many rows are put.
    pub(super) fn rows(&self) -> usize {
        self.ranges.iter().map(|part| part.rows.len()).sum()
    }

    fn halve(&mut self) {
        let rows = self.ranges[self.at].rows.clone();
        let middle = rows.start + rows.len() / 2;
        let halves = [
            RefusedRange::new(rows.start..middle, About::Nothing),
            // If the first half turns out to be free of wrong rows, this one has one, and need not
            // be put as a whole to know that.
            RefusedRange::new(middle..rows.end, About::RefusedTogether),
        ];
        self.replace(halves);
    }

    /// Puts ranges in the place of one that was refused.
    fn replace(&mut self, parts: impl IntoIterator<Item = RefusedRange>) {
        if let Some(after) = self.ranges.get_mut(self.at + 1)
            && after.about == About::RefusedTogether
        {
            // The range after this one was refused only together with it, and this one has a wrong
            // row, so that nothing is known of the other one any more.
            after.about = About::Nothing;
        }
        self.ranges.splice(self.at..=self.at, parts);
    }

    fn leave_out(&mut self, rows: Vec<(usize, String)>) {
        let whole = self.ranges[self.at].rows.clone();
        let mut parts = Vec::new();
        let mut start = whole.start;
        for (row, reason) in rows {
            parts.push(start..row);
            start = row + 1;
            let kept = false;
            self.bad.push(Bad { row, reason, kept });
        }
        parts.push(start..whole.end);
        let parts = parts.into_iter().filter(|rows| !rows.is_empty());
        self.replace(parts.map(|rows| RefusedRange::new(rows, About::Nothing)));
    }
}

impl RefusedRange {
    fn new(rows: Range<usize>, about: About) -> Self {
        Self { rows, about }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts all rows where these are wrong: how often, and what was found. Every row that is not
    /// wrong is put once.
    fn narrow(rows: usize, wrong: &[usize]) -> (usize, Vec<usize>) {
        let mut narrow = Narrow::new(rows);
        let (mut puts, mut taken) = (0, Vec::new());
        while let Some(rows) = narrow.next() {
            puts += 1;
            match wrong.iter().any(|wrong| rows.contains(wrong)) {
                true => narrow.refused("no"),
                false => {
                    taken.extend(rows);
                    narrow.took();
                }
            }
        }
        let found: Vec<usize> = narrow.bad().iter().map(|bad| bad.row).collect();
        taken.extend(&found);
        let ordered = taken.is_sorted() || !found.is_empty();
        taken.sort_unstable();
        assert!(ordered && taken.iter().copied().eq(0..rows));
        assert_eq!(narrow.rows(), rows - found.len());
        (puts, found)
    }

    #[test]
    fn one_wrong_row_of_2500_takes_at_most_24_puts() {
        for wrong in 0..2500 {
            let (puts, found) = narrow(2500, &[wrong]);
            assert_eq!(found, [wrong]);
            assert!(puts <= 24, "{puts} for row {wrong}");
        }
        assert_eq!(narrow(2500, &[]).0, 1);
        assert_eq!(narrow(0, &[]).0, 0);
    }

    #[test]
    fn several_wrong_rows_are_all_found() {
        assert_eq!(narrow(9, &[0, 1, 2, 3, 4, 5, 6, 7, 8]).1.len(), 9);
        assert_eq!(narrow(100, &[3, 50, 51, 99]).1, [3, 50, 51, 99]);
    }

    #[test]
    fn where_one_ends_all_only_the_first_is_looked_for() {
        for (wrong, most) in [(0..2500, 13), (7..2500, 24), (2499..2500, 24)] {
            let mut narrow = Narrow::new(2500);
            let mut puts = 0;
            while let Some(rows) = narrow.next() {
                puts += 1;
                match rows.end > wrong.start {
                    true => narrow.refused("no"),
                    false => narrow.took(),
                }
                narrow.only_before_bad();
            }
            let found: Vec<usize> = narrow.bad().iter().map(|bad| bad.row).collect();
            assert_eq!(found, [wrong.start]);
            assert!(puts <= most, "{puts} for {wrong:?}");
        }
        // A row that is named may not be the first.
        let mut narrow = Narrow::new(10);
        narrow.refused_rows(vec![(7, "no".into()), (9, "no".into())]);
        narrow.only_before_bad();
        assert_eq!(narrow.next(), Some(0..7));
        narrow.refused_rows(vec![(2, "first".into())]);
        narrow.only_before_bad();
        assert_eq!(narrow.next(), Some(0..2));
        narrow.took();
        assert_eq!((narrow.next(), narrow.bad()[0].row), (None, 2));
        narrow.clear();
        assert!(narrow.is_nothing());
    }

    #[test]
    fn rows_that_only_do_not_fit_together_all_stay() {
        let mut narrow = Narrow::new(1000);
        let mut taken = Vec::new();
        while let Some(rows) = narrow.next() {
            match rows.len() > 300 {
                true => narrow.refused("too large"),
                false => {
                    taken.extend(rows);
                    narrow.took();
                }
            }
        }
        assert!(taken.into_iter().eq(0..1000));
        assert_eq!(narrow.bad(), []);
    }

    #[test]
    fn named_rows_are_left_out_at_once() {
        let mut narrow = Narrow::new(10);
        assert_eq!(narrow.next(), Some(0..10));
        let no = || "no".to_string();
        narrow.refused_rows(vec![(7, no()), (0, no()), (7, no()), (12, no())]);
        assert_eq!(narrow.next(), Some(1..7));
        narrow.took();
        assert_eq!(narrow.next(), Some(8..10));
        narrow.refused_rows(vec![(2, no())]);
        assert_eq!(
            narrow.next(),
            Some(8..9),
            "it named no row, so it is halved"
        );
        narrow.restart();
        narrow.remove(&(3..9));
        assert_eq!((narrow.next(), narrow.rows()), (Some(1..3), 3));
        let bad: Vec<usize> = narrow.bad().iter().map(|bad| bad.row).collect();
        assert_eq!(bad, [0]);
    }
}
