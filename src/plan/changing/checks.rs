//! What a mix can be: every mistake at its place.

use super::super::make::rate_problem;
use super::MixEntry;
use crate::changes::{MOST_WEIGHT, common_divisor};
use crate::column::changes::ChangeFrame;
use crate::error::{Problem, Problems, did_you_mean};
use crate::place::{Count, Placed, Text};
use crate::spec::{Changes, Pipeline};
use crate::units::show_count;

/// Changes of a load with an end, and of a block: far more than any run makes.
// 2^43 changes are more than three months at a million a second.
const MOST: u64 = 1 << 43;
const LARGEST_BLOCK: u64 = 1_000_000_000;

/// The tables of a mix, those that can take part.
pub(super) fn entries<'p>(
    pipeline: &'p Pipeline,
    changes: &'p Placed<Changes>,
    problems: &mut Problems,
) -> Vec<MixEntry<'p>> {
    problems.extend(rates(changes));
    let mut entries = Vec::new();
    for (name, mix) in &changes.mix.value.0 {
        match pipeline.tables.get(&name.value) {
            None => {
                let near = did_you_mean(&name.value, pipeline.tables.names());
                let message = format!("there is no table `{}` to change", name.value);
                problems.push(Problem::new(message).at(&name.place).maybe_hint(near));
            }
            Some(table) => {
                let entry = MixEntry { name, mix, table };
                problems.extend(unmade(&entry));
                problems.extend(weightless(&entry));
                entries.push(entry);
            }
        }
    }
    problems.extend(sum(changes, &entries).filter(|_| problems.is_empty()));
    entries
}

fn rates(changes: &Changes) -> Vec<Problem> {
    let rate = changes.rate.as_ref().and_then(rate_problem);
    let limit = |value: &Option<Placed<Count>>, least: u64, most: u64, what: &str| {
        let value = value.as_ref()?;
        let message = format!("{what} {} to {}", show_count(least), show_count(most));
        let fits = (least..=most).contains(&value.value.0);
        (!fits).then(|| Problem::new(message).at(&value.place))
    };
    let count = limit(&changes.count, 0, MOST, "the number of changes is");
    let block = limit(&changes.block, 1, LARGEST_BLOCK, "a block has changes from");
    [rate, count, block].into_iter().flatten().collect()
}

/// Options of a table that `changes` decides, and tables that are read, whose rows are not made
/// here.
fn unmade(entry: &MixEntry<'_>) -> Vec<Problem> {
    let name = &entry.name.value;
    let mut problems = Vec::new();
    if let Some(from) = &entry.table.from {
        let message = format!("table `{name}` is read: only rows that are made here can change");
        problems.push(
            Problem::new(message)
                .at(&from.place)
                .hint("take it out of the `mix`"),
        );
    }
    if let Some(rows) = &entry.table.rows {
        let message = format!("`changes` decides how many rows `{name}` has");
        let hint =
            "remove the table's `rows`: `count` under `changes` is how many changes there are";
        problems.push(Problem::new(message).at(&rows.place).hint(hint));
    }
    let own = ChangeFrame::fields();
    for (column, _) in &entry.table.columns.0 {
        if own.find(&column.value).is_some() {
            let message = format!("changes have a column `{}` of their own", column.value);
            problems.push(
                Problem::new(message)
                    .at(&column.place)
                    .hint("give this one another name"),
            );
        }
    }
    problems
}

/// What is wrong with the weights of one table.
fn weightless(entry: &MixEntry<'_>) -> Option<Problem> {
    let name = &entry.name.value;
    let [inserts, updates, deletes] = entry.weights();
    let update = entry.mix.update.as_ref().map(|update| &update.weight.place);
    let delete = entry.mix.delete.as_ref().map(|delete| &delete.place);
    if inserts == 0 && updates + deletes > 0 {
        let place = update.filter(|_| updates > 0).or(delete);
        let message = format!("no change inserts rows of `{name}`, so there are none to change");
        let problem = Problem::new(message).at(place.unwrap_or(&entry.name.place));
        return Some(problem.hint("give it inserts: `insert: 1`"));
    }
    if inserts == 0 {
        let message = format!("the weights of `{name}` add up to 0");
        let problem = Problem::new(message).at(&entry.name.place);
        return Some(problem.hint("give it inserts, or take it out of the `mix`"));
    }
    // Deletes remove rows of the block before: with as many deletes as inserts nothing would be
    // left to update or to be a parent.
    (deletes >= inserts).then(|| {
        let message =
            format!("deletes of `{name}` outrun its inserts: {deletes} against {inserts}");
        Problem::new(message)
            .at(delete.unwrap_or(&entry.name.place))
            .hint("a table that changes for ever has more inserts than deletes")
    })
}

/// What is wrong with all weights together.
fn sum(changes: &Changes, entries: &[MixEntry<'_>]) -> Option<Problem> {
    let weights = || entries.iter().flat_map(|entry| entry.weights());
    let place = &changes.mix.place;
    let common = common_divisor(weights());
    if common == 0 {
        let message = "the mix adds up to 0: there is nothing to do";
        return Some(
            Problem::new(message)
                .at(place)
                .hint("name a table: `customers: { insert: 1 }`"),
        );
    }
    // The period array has one place for each unit of weight; without the common divisor `100, 200,
    // 100` would take a hundred times the memory of `1, 2, 1`.
    let sum = weights().fold(0_u64, |sum, weight| sum.saturating_add(weight / common));
    (sum > MOST_WEIGHT).then(|| {
        let (sum, most) = (show_count(sum), show_count(MOST_WEIGHT));
        let message = format!("the weights add up to {sum}, and there is room for {most}");
        Problem::new(message)
            .at(place)
            .hint("say them in smaller numbers, such as per cent")
    })
}

/// The columns that a table's updates set.
///
/// # Errors
/// One of them cannot be set.
pub(super) fn set(entry: &MixEntry<'_>, key: &str) -> Result<Vec<Placed<String>>, Problem> {
    let Some(update) = &entry.mix.update else {
        return Ok(Vec::new());
    };
    if update.set.0.is_empty() {
        let message = format!("the updates of `{}` set no column", entry.name.value);
        return Err(Problem::new(message)
            .at(&update.weight.place)
            .hint("name columns: `set: [status]`"));
    }
    let mut set: Vec<Placed<String>> = Vec::new();
    for name in &update.set.0 {
        check_one(entry, name, key)?;
        if set.iter().any(|known| known.value == name.value.0) {
            let message = format!("`set` names `{}` twice", name.as_str());
            return Err(Problem::new(message)
                .at(&name.place)
                .hint("leave one of them out"));
        }
        set.push(Placed {
            value: name.value.0.clone(),
            place: name.place.clone(),
        });
    }
    Ok(set)
}

fn check_one(entry: &MixEntry<'_>, name: &Placed<Text>, key: &str) -> Result<(), Problem> {
    let (table, columns) = (&entry.name.value, &entry.table.columns);
    let Some(column) = columns.get(name.as_str()) else {
        let message = format!("table `{table}` has no column `{}`", name.as_str());
        let near = did_you_mean(name.as_str(), columns.names());
        return Err(Problem::new(message).at(&name.place).maybe_hint(near));
    };
    let (what, hint) = match column.is_hidden() {
        _ if name.as_str() == key => ("is the key", "a row keeps its key: set other columns"),
        true => (
            "is hidden",
            "set the columns that are made of it: it is made anew with them",
        ),
        false => return Ok(()),
    };
    let message = format!(
        "column `{}` of `{table}` {what}: no update sets it",
        name.as_str()
    );
    Err(Problem::new(message).at(&name.place).hint(hint))
}
