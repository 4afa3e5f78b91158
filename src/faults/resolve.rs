//! Faults as the file says them, against the columns of a table: what cannot be is refused.

use std::collections::BTreeMap;

use super::Faults;
use super::chance::Chance;
use super::columns::FaultColumn;
use super::kinds::{Corrupt, Corruption};
use super::plan::FaultPlan;
use super::rows::RowFaults;
use super::values::{HitColumn, ValueFaults, Wrong};
use crate::column::arrays::plain_type;
use crate::column::hash::Key;
use crate::domain::Order;
use crate::error::{Problem, Problems, did_you_mean};
use crate::format::text::patched;
use crate::place::{Place, Placed, Text, refuse_doubled};

/// What faults are resolved against.
pub struct Around<'a> {
    /// Whose columns these are, in words.
    pub of: &'a str,
    /// The key of the table.
    pub key: Key,
    /// How many rows the table has; none without end.
    pub rows: Option<u64>,
    /// Its columns.
    pub columns: &'a [FaultColumn],
    /// Whoever writes them writes texts that may say anything.
    pub texts: bool,
}

impl Faults {
    /// These faults in a table.
    ///
    /// # Errors
    /// Everything that cannot be.
    pub fn resolve(&self, around: &Around<'_>) -> Result<FaultPlan, Vec<Problem>> {
        if self.are_none() {
            return Err(vec![Problem::new("`faults` has no fault").hint(
                "say which there are, such as `missing: { rate: 0.01 }`, or leave out `faults`",
            )]);
        }
        let mut problems = Problems::default();
        let key = around.key.child("faults");
        let rows = problems.note(self.rows(key, around)).unwrap_or_default();
        let values = self.values(key, around, &mut problems);
        let named = self.key.iter().flat_map(|named| &named.0);
        let named: Vec<usize> = named
            .filter_map(|name| problems.note(around.place(name)))
            .collect();
        if let Some(key) = &self.key {
            problems.note(refuse_doubled(&key.0));
        }
        let key = match named.is_empty() {
            true => around.identity().into_iter().collect(),
            false => named,
        };
        match problems.is_empty() {
            false => Err(problems.into_vec()),
            true => Ok(FaultPlan {
                rows: RowFaults::new(rows, around.rows),
                values,
                columns: around.columns.to_vec(),
                key,
            }),
        }
    }

    /// The faults of whole rows: what is gone is not moved, and copies follow what is moved.
    fn rows(
        &self,
        key: Key,
        around: &Around<'_>,
    ) -> Result<Vec<Box<dyn super::rows::RowFault>>, Problem> {
        let missing = self.missing.as_ref();
        let late = self.late.as_ref();
        let mixed = self.out_of_order.as_ref();
        let duplicates = self.duplicates.as_ref();
        let all = [
            missing.map(|fault| fault.fault(key.child("missing"))),
            late.map(|fault| fault.fault(key.child("late"), around)),
            mixed.map(|fault| fault.fault(key.child("out_of_order"))),
            duplicates.map(|fault| fault.fault(key.child("duplicates"))),
        ];
        all.into_iter().flatten().collect()
    }

    fn values(&self, key: Key, around: &Around<'_>, problems: &mut Problems) -> ValueFaults {
        let mut values = ValueFaults::default();
        let mut seen: Vec<usize> = Vec::new();
        for nulls in self.nulls.iter().flat_map(|nulls| &nulls.0) {
            for name in &nulls.columns.0 {
                let Some(place) = problems.note(around.once(name, &mut seen)) else {
                    continue;
                };
                let key = key.child("nulls").child(&around.columns[place].path);
                if let Some(chance) = problems.note(Chance::new(key, &nulls.rate)) {
                    values.nulls.push((place, chance));
                }
            }
        }
        let mut seen: Vec<usize> = Vec::new();
        for corrupt in self.corrupt.iter().flat_map(|corrupt| &corrupt.0) {
            let places: Vec<Option<usize>> = corrupt
                .columns
                .0
                .iter()
                .map(|name| problems.note(around.once(name, &mut seen)))
                .collect();
            if let Some(places) = places.into_iter().collect::<Option<Vec<usize>>>() {
                match wrong(corrupt, &places, key.child("corrupt"), around) {
                    Ok(wrong) => values.wrong.extend(wrong),
                    Err(found) => problems.extend(found),
                }
            }
        }
        values.columns = hit(&values, around.columns);
        values
    }
}

impl Around<'_> {
    /// The column that says which row is which: the first whose values are unique, and one without
    /// nulls before one that has some, such as the `previous` value of such a column.
    fn identity(&self) -> Option<usize> {
        let unique = |column: &FaultColumn| {
            column.domain.unique || column.domain.order == Order::StrictlyAscending
        };
        let mut places = (0..self.columns.len()).filter(|place| unique(&self.columns[*place]));
        let whole = places
            .clone()
            .find(|place| !self.columns[*place].domain.nulls);
        whole.or_else(|| places.next())
    }

    /// The column of a name.
    pub(super) fn place(&self, name: &Placed<Text>) -> Result<usize, Problem> {
        let names = || self.columns.iter().map(|column| column.name.as_str());
        names()
            .position(|known| known == name.as_str())
            .ok_or_else(|| {
                let all: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                let hint = did_you_mean(name.as_str(), names())
                    .unwrap_or_else(|| format!("its columns are {}", all.join(", ")));
                Problem::new(format!("{} has no column `{}`", self.of, name.as_str()))
                    .at(&name.place)
                    .hint(hint)
            })
    }

    /// The column of a name that has not been named before.
    fn once(&self, name: &Placed<Text>, seen: &mut Vec<usize>) -> Result<usize, Problem> {
        let place = self.place(name)?;
        if seen.contains(&place) {
            let what = format!("`{}` is named twice", name.as_str());
            return Err(Problem::new(what)
                .at(&name.place)
                .hint("name a column once, with one rate and all of its kinds"));
        }
        seen.push(place);
        Ok(place)
    }
}

/// How each of these columns has wrong values.
fn wrong(
    corrupt: &Corrupt,
    places: &[usize],
    key: Key,
    around: &Around<'_>,
) -> Result<Vec<Wrong>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut used = vec![false; corrupt.kinds.0.len()];
    let mut all = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let column = &around.columns[*place];
        let partner = partner(places, at, around.columns);
        let (mut kinds, mut why): (Vec<&'static dyn Corruption>, _) = (Vec::new(), None);
        for (which, kind) in corrupt.kinds.0.iter().enumerate() {
            let corruption = kind.value.0;
            let refusal = match corruption.swaps() && partner.is_none() {
                true => Some("no other column of its type is named beside it".to_string()),
                false => corruption.refusal(column, around.texts),
            };
            match refusal {
                None => {
                    used[which] = true;
                    kinds.push(corruption);
                }
                Some(refusal) => {
                    why.get_or_insert((corruption, refusal));
                }
            }
        }
        if let (true, Some((kind, refusal))) = (kinds.is_empty(), why) {
            let place = &corrupt.columns.0[at].place;
            problems.push(cannot(column, kind, &refusal, place));
        }
        let drawn = key.child(&column.path);
        match Chance::new(drawn, &corrupt.rate) {
            Err(problem) => return Err(vec![problem]),
            Ok(chance) => all.push(Wrong {
                place: *place,
                chance,
                draw: drawn.child("kind"),
                kinds,
                partner,
            }),
        }
    }
    let unused = corrupt.kinds.0.iter().zip(used).filter(|(_, used)| !used);
    if problems.is_empty() {
        problems.extend(unused.map(|(kind, _)| {
            let corruption = kind.value.0;
            let what = format!("none of these columns can have `{}`", corruption.name());
            Problem::new(what).at(&kind.place).hint(corruption.hint())
        }));
    }
    match problems.is_empty() {
        true => Ok(all),
        false => Err(problems),
    }
}

fn cannot(column: &FaultColumn, kind: &dyn Corruption, why: &str, place: &Place) -> Problem {
    let (name, of) = (&column.name, kind.name());
    let shown = crate::type_names::show_type(column.field.data_type());
    Problem::new(format!("`{name}` is {shown} and cannot have `{of}`: {why}"))
        .at(place)
        .hint(kind.hint())
}

/// The next one of the columns that has the type of the one at `at`.
fn partner(places: &[usize], at: usize, columns: &[FaultColumn]) -> Option<usize> {
    let own = columns[places[at]].plain();
    let others = places[at + 1..].iter().chain(&places[..at]);
    let mut same = others.filter(|place| columns[**place].plain() == own);
    same.next().copied()
}

/// The columns that are hit, and what they are then.
fn hit(values: &ValueFaults, columns: &[FaultColumn]) -> BTreeMap<usize, HitColumn> {
    let nulls = values.nulls.iter().map(|(place, _)| *place);
    let wrong = values.wrong.iter().map(|wrong| wrong.place);
    let places: std::collections::BTreeSet<usize> = nulls.chain(wrong).collect();
    let hit = |place: usize| {
        let column = &columns[place];
        let wrong = values.wrong.iter().find(|wrong| wrong.place == place);
        let has_nulls = values.nulls.iter().any(|(null, _)| *null == place);
        let mut field = column.field.clone();
        field = field.with_nullable(has_nulls || column.field.is_nullable());
        if wrong.is_some() {
            let plain = plain_type(column.field.data_type()).clone();
            field = field.with_data_type(plain);
        }
        if wrong.is_some_and(|wrong| wrong.kinds.iter().any(|kind| kind.is_raw(column))) {
            field = patched::patched(&field);
        }
        HitColumn {
            column: column.clone(),
            is_plain: wrong.is_some(),
            field,
        }
    };
    places
        .into_iter()
        .map(|place| (place, hit(place)))
        .collect()
}
