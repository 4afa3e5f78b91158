//! The faults of one table, resolved: batches with faults, and the ledger's.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Field;

use super::clean::{CleanRows, Kept};
use super::columns::FaultColumn;
use super::ledger::{self, Entry};
use super::rows::{RowFaults, RowMark};
use super::values::{Hit, ValueFaults};
use crate::column::rows::Rows;
use crate::domain::{Domain, Order};
use crate::error::Result;
use crate::units::show_count;

/// The faults of a table.
pub struct FaultPlan {
    pub(super) rows: RowFaults,
    pub(super) values: ValueFaults,
    pub(super) columns: Vec<FaultColumn>,
    /// The columns of the key.
    pub(super) key: Vec<usize>,
}

/// A batch with its faults.
pub struct FaultyRows {
    /// Where each row comes, where that is not the range.
    pub slots: Option<Vec<u64>>,
    /// The rows.
    pub columns: Vec<ArrayRef>,
    /// How many there are.
    pub count: usize,
    /// How many faults there are of each kind.
    pub counts: BTreeMap<&'static str, u64>,
    /// How many rows of the table are left out.
    pub left_out: u64,
}

/// A value as it is without and with its fault.
type BeforeAndAfter = (Option<String>, Option<String>);

impl FaultPlan {
    /// The columns as they are with faults.
    pub fn fields(&self) -> Vec<Field> {
        let field = |(place, column): (usize, &FaultColumn)| match self.values.columns.get(&place) {
            Some(hit) => hit.field.clone(),
            None => column.field.clone(),
        };
        self.columns.iter().enumerate().map(field).collect()
    }

    /// What is known of a column with faults.
    pub fn domain(&self, place: usize) -> Domain {
        let known = self.columns[place].domain.clone();
        let kept = Domain {
            unique: known.unique && self.rows.is_empty(),
            order: match self.rows.is_empty() {
                true => known.order,
                false => Order::Unknown,
            },
            ..known
        };
        match self.values.columns.get(&place) {
            None => kept,
            Some(hit) if hit.is_plain => Domain {
                nulls: true,
                depends_on_rows: kept.depends_on_rows,
                depends_on_now: kept.depends_on_now,
                ..Domain::default()
            },
            Some(_) => Domain {
                nulls: true,
                unique: false,
                order: Order::Unknown,
                ..kept
            },
        }
    }

    /// True where rows are missing, come more than once, or not in their places.
    pub fn has_row_faults(&self) -> bool {
        !self.rows.is_empty()
    }

    /// True where a row may come more than once.
    pub fn repeats(&self) -> bool {
        self.rows.repeat()
    }

    /// How many rows come for each, on average and rounded down.
    pub fn growth(&self) -> u64 {
        self.rows.growth()
    }

    /// True where two rows may come in one place.
    pub fn shares_places(&self) -> bool {
        self.rows.repeat() || self.rows.moves()
    }

    /// The place of the column whose times rows are late by.
    pub fn times(&self) -> Option<usize> {
        self.rows.delay().map(|delay| delay.column)
    }

    /// The fault of a column that is called so, in a word, where it has one.
    pub fn fault_of(&self, name: &str) -> Option<&'static str> {
        let mut hit = self.values.columns.values();
        let hit = hit.find(|hit| hit.column.name == name)?;
        Some(if hit.is_plain { "corrupt" } else { "nulls" })
    }

    /// The faults in words.
    pub fn describe(&self) -> String {
        let columns = self.values.columns.values();
        let columns: Vec<&str> = columns.map(|hit| hit.column.name.as_str()).collect();
        let mut words = match (self.has_row_faults(), columns.is_empty()) {
            (true, true) => "with faults of rows".to_string(),
            (true, false) => format!(
                "with faults of rows, and of values of {}",
                columns.join(", ")
            ),
            (false, _) => format!("with faults of values of {}", columns.join(", ")),
        };
        if self.rows.reach() > 0 {
            let reach = show_count(self.rows.reach());
            words.push_str(&format!(": a row comes up to {reach} rows late"));
        }
        if let Some(delay) = self.rows.delay() {
            let by = &self.columns[delay.column].name;
            words.push_str(&format!(
                ", or as late as `delay` says, by the times of {by}"
            ));
        }
        words
    }

    /// How many rows come in these slots.
    ///
    /// # Errors
    /// A condition that cannot be made.
    pub fn count(&self, slots: Range<u64>, clean: &dyn CleanRows) -> Result<u64> {
        let kept = Kept::of(slots.clone(), clean)?;
        Ok(match self.rows.is_empty() {
            true => slots.end - slots.start - kept.left_out(),
            false => {
                let coming = self.rows.coming(slots, clean)?;
                kept.coming(coming, clean)?.len() as u64
            }
        })
    }

    /// The rows that come in these slots, with their faults.
    ///
    /// # Errors
    /// A value that cannot be made.
    pub fn batch(&self, slots: Range<u64>, clean: &dyn CleanRows) -> Result<FaultyRows> {
        let kept = Kept::of(slots.clone(), clean)?;
        if self.rows.is_empty() {
            return self.in_places(slots, &kept, clean);
        }
        let mut counts = BTreeMap::new();
        let (coming, marks) = self.rows.coming_and_marks(slots, clean)?;
        let (coming, marks) = (kept.coming(coming, clean)?, kept.marks(marks));
        marks.iter().for_each(|mark| add(&mut counts, mark.kind));
        let numbers: Vec<u64> = coming.iter().map(|placing| placing.row).collect();
        let rows = Rows::List(&numbers);
        let (columns, hits) = self.values.apply(rows, &clean.columns(rows)?)?;
        // Of a row that comes more than once the faults count once.
        let own = hits.iter().filter(|hit| coming[hit.index].copy == 0);
        own.for_each(|hit| add(&mut counts, hit.kind));
        Ok(FaultyRows {
            slots: Some(coming.iter().map(|placing| placing.slot).collect()),
            columns,
            count: numbers.len(),
            counts,
            left_out: kept.left_out(),
        })
    }

    /// The rows, each in its place, with the faults of their values.
    fn in_places(
        &self,
        slots: Range<u64>,
        kept: &Kept,
        clean: &dyn CleanRows,
    ) -> Result<FaultyRows> {
        let (first, count) = (slots.start, (slots.end - slots.start) as usize);
        let numbers = kept.numbers();
        let rows = match &numbers {
            Some(numbers) => Rows::List(numbers),
            None => Rows::Range { first, count },
        };
        let (columns, hits) = self.values.apply(rows, &clean.columns(rows)?)?;
        let mut counts = BTreeMap::new();
        hits.iter().for_each(|hit| add(&mut counts, hit.kind));
        Ok(FaultyRows {
            count: rows.len(),
            slots: numbers,
            columns,
            counts,
            left_out: kept.left_out(),
        })
    }

    /// The ledger of these rows: the number of each line's row, and the columns.
    ///
    /// # Errors
    /// A value that cannot be made.
    pub fn ledger(&self, range: Range<u64>, clean: &dyn CleanRows) -> Result<FaultyRows> {
        let entries = self.entries(range, clean)?;
        let mut counts = BTreeMap::new();
        entries
            .iter()
            .for_each(|entry| add(&mut counts, entry.kind));
        Ok(FaultyRows {
            slots: Some(entries.iter().map(|entry| entry.row).collect()),
            columns: ledger::columns(&entries),
            count: entries.len(),
            counts,
            left_out: 0,
        })
    }

    /// What was there and what is, of each value that is hit.
    fn texts(
        &self,
        hits: &[Hit],
        clean: &[ArrayRef],
        faulty: &[ArrayRef],
    ) -> Result<HashMap<Hit, BeforeAndAfter>> {
        let mut texts = HashMap::new();
        for (place, hit) in &self.values.columns {
            let own: Vec<&Hit> = hits.iter().filter(|hit| hit.column == *place).collect();
            let indices: UInt32Array = own.iter().map(|hit| Some(hit.index as u32)).collect();
            let of = |values: &ArrayRef| take(values.as_ref(), &indices, None);
            let before = ledger::shown(&hit.column.field, &of(&clean[*place])?)?;
            let after = ledger::shown(&hit.field, &of(&faulty[*place])?)?;
            let both = before.into_iter().zip(after);
            texts.extend(own.into_iter().copied().zip(both));
        }
        Ok(texts)
    }

    /// What befell these rows, in their order.
    fn entries(&self, range: Range<u64>, clean: &dyn CleanRows) -> Result<Vec<Entry>> {
        let kept = Kept::of(range.clone(), clean)?;
        let marks = kept.marks(self.rows.marks(range.clone(), clean)?);
        let (first, count) = (range.start, (range.end - range.start) as usize);
        let suspects = self.values.suspects(Rows::Range { first, count });
        let suspects = suspects.iter().map(|at| first + *at as u64);
        let mut numbers: Vec<u64> = suspects.filter(|row| kept.has(*row)).collect();
        numbers.extend(marks.iter().map(|mark| mark.row));
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        // Rows without faults are not made.
        let rows = Rows::List(&numbers);
        let clean = clean.columns(rows)?;
        let (columns, hits) = self.values.apply(rows, &clean)?;
        let keys = self.key.iter();
        let keys: Vec<_> = keys
            .map(|key| (&self.columns[*key].field, &clean[*key]))
            .collect();
        let keys = ledger::keys(&keys, numbers.len())?;
        let texts = self.texts(&hits, &clean, &columns)?;
        let (mut entries, mut marks) = (Vec::new(), marks.as_slice());
        let mut hits = hits.as_slice();
        for (index, row) in numbers.iter().enumerate() {
            let own = marks.partition_point(|mark| mark.row == *row);
            let gone = marks[..own].iter().any(|mark| mark.slot.is_none());
            let hit = hits.partition_point(|hit| hit.index == index);
            let rows = marks[..own].iter().map(of_row);
            // Nobody sees what is wrong with a row that is not there.
            let values = hits[..hit].iter().filter(|_| !gone).map(|hit| Entry {
                column: Some(self.columns[hit.column].name.clone()),
                before: texts[hit].0.clone(),
                after: texts[hit].1.clone(),
                ..entry(*row, hit.kind)
            });
            let key = |entry| Entry {
                key: keys[index].clone(),
                ..entry
            };
            entries.extend(rows.chain(values).map(key));
            (marks, hits) = (&marks[own..], &hits[hit..]);
        }
        Ok(entries)
    }
}

fn add(counts: &mut BTreeMap<&'static str, u64>, kind: &'static str) {
    *counts.entry(kind).or_default() += 1;
}

fn entry(row: u64, kind: &'static str) -> Entry {
    Entry {
        row,
        key: None,
        column: None,
        kind,
        before: None,
        after: None,
    }
}

fn of_row(mark: &RowMark) -> Entry {
    Entry {
        before: Some(mark.row.to_string()),
        after: mark.slot.map(|slot| slot.to_string()),
        ..entry(mark.row, mark.kind)
    }
}
