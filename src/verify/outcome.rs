//! What came of a sink, in words and as data.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::CompareOptions;
use super::blame::Blaming;
use super::details::{AT_ONCE, Details, Told};
use super::matching::{Counts, Difference, Kind};
use crate::error::Result;
use crate::units::show_count;

/// What came of one sink of one table.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The table.
    pub table: String,
    /// The sink.
    pub sink: String,
    /// What was read.
    pub source: String,
    /// The column that tells rows apart, if there is one.
    pub key: Option<String>,
    /// How many columns were compared.
    pub columns: usize,
    /// Columns that were not, and why.
    pub left_out: Vec<(String, String)>,
    /// Columns that are there, and of which the recipe knows nothing.
    pub others: Vec<String>,
    /// What else has to be said of what was read.
    pub notes: Vec<String>,
    /// How many rows there are of each kind.
    pub counts: Counts,
    /// How often a column differs, in the rows that were told.
    pub cells: BTreeMap<String, u64>,
    /// How many differences were told.
    pub told: u64,
    /// Rows were only counted.
    pub counted_only: bool,
    /// How many files are as their manifest lists them, so that no rows were read.
    pub trusted: Option<usize>,
    /// One number of all files where none has changed: the report of their run has the same.
    pub digest: Option<String>,
}

/// Who is told of each difference.
pub type Tell<'t> = dyn FnMut(&Outcome, &Told) -> Result<()> + 't;

/// Tells of differences, with their values, as many as are wanted.
pub(super) struct Telling<'t, 'd> {
    pub details: Details<'d>,
    /// Rows change: which changes explain what they are.
    pub blaming: Option<Blaming<'d>>,
    pub options: &'t CompareOptions,
    pub outcome: &'t mut Outcome,
    pub tell: &'t mut Tell<'d>,
}

impl Telling<'_, '_> {
    /// Tells of these differences with their values; returns how many turned out to be near enough
    /// to be equal.
    pub(super) fn of(&mut self, differences: &[Difference]) -> Result<u64> {
        let mut near = 0;
        // In portions, so that the values of a million rows that differ are never in memory
        // together.
        for some in differences.chunks(AT_ONCE) {
            // Whether two floats are near is known only once their values are read again, so with
            // `--float-ulps` every difference has to be.
            let all = self.options.all_told || self.options.float_ulps > 0;
            let left = self.options.most_told.saturating_sub(self.outcome.told);
            let wanted = match all {
                true => some.len(),
                false => some.len().min(usize::try_from(left).unwrap_or(usize::MAX)),
            };
            let mut told = self.details.of(&some[..wanted])?;
            if let Some(blaming) = &self.blaming {
                blaming.of(&mut told)?;
            }
            let times = |all: &mut dyn Iterator<Item = u32>| all.map(u64::from).sum::<u64>();
            let asked = times(&mut some[..wanted].iter().map(|one| one.times));
            near += asked - times(&mut told.iter().map(|one| one.times));
            for one in &told {
                self.outcome.note(one);
                (self.tell)(self.outcome, one)?;
            }
        }
        Ok(near)
    }
}

impl Kind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Different => "different",
            Self::Doubled => "doubled",
            Self::OutOfOrder => "out of order",
        }
    }
}

impl Outcome {
    fn note(&mut self, told: &Told) {
        self.told += 1;
        // Counted of the rows that are told: of the others nobody reads the values again.
        if told.kind == Kind::Different {
            for cell in &told.cells {
                *self.cells.entry(cell.column.clone()).or_default() += 1;
            }
        }
    }

    /// True if everything is as it should be.
    pub fn is_equal(&self) -> bool {
        self.counts.are_equal()
    }

    /// `orders in sink parquet (parquet out/orders.parquet, 1 MiB): 1 000 rows, all equal`
    pub fn words(&self) -> String {
        let Self {
            table,
            sink,
            source,
            counts,
            ..
        } = self;
        let words = match (self.counted_only, self.is_equal()) {
            _ if self.trusted.is_some() => {
                let files = match self.trusted {
                    Some(1) => "its file is the one".to_string(),
                    files => format!("its {} files are those", files.unwrap_or_default()),
                };
                format!(
                    "{} rows, all equal: {files} that the manifest lists",
                    show_count(counts.equal)
                )
            }
            (true, true) => format!(
                "{} rows, as many as there should be",
                show_count(counts.found)
            ),
            (true, false) => format!(
                "{} rows, and there should be {}",
                show_count(counts.found),
                show_count(counts.expected)
            ),
            (false, true) => format!("{} rows, all equal", show_count(counts.equal)),
            (false, false) => self.numbers(),
        };
        let mut text = format!("{table} in sink {sink} ({source}): {words}\n");
        if counts.beyond > 0 {
            let rows = show_count(counts.beyond);
            text.push_str(&format!("  {rows} rows behind them were not judged\n"));
        }
        for note in &self.notes {
            text.push_str(&format!("  {note}\n"));
        }
        for (name, why) in &self.left_out {
            text.push_str(&format!("  column {name} was not compared: {why}\n"));
        }
        if !self.others.is_empty() {
            let names = self.others.join(", ");
            text.push_str(&format!(
                "  columns that the table does not have were not compared: {names}\n"
            ));
        }
        text
    }

    fn numbers(&self) -> String {
        let counts = &self.counts;
        let mut parts = vec![format!("{} equal", show_count(counts.equal))];
        let kinds = [
            (counts.missing, Kind::Missing),
            (counts.extra, Kind::Extra),
            (counts.different, Kind::Different),
            (counts.doubled, Kind::Doubled),
            (counts.out_of_order, Kind::OutOfOrder),
        ];
        for (count, kind) in kinds.into_iter().filter(|(count, _)| *count > 0) {
            parts.push(format!("{} {}", show_count(count), kind.word()));
        }
        parts.join(", ")
    }

    /// As data: the last line of a sink in the report.
    pub fn as_json(&self) -> Value {
        let counts = &self.counts;
        json!({
            "table": self.table,
            "sink": self.sink,
            "source": self.source,
            "key": self.key,
            "columns": self.columns,
            "not_compared": self.left_out.iter().map(|(name, why)| json!({ "column": name, "why": why })).collect::<Vec<_>>(),
            "others": self.others,
            "notes": self.notes,
            "trusted": self.trusted.is_some(),
            "digest": self.digest,
            "equal": self.is_equal(),
            "rows": {
                "expected": counts.expected,
                "found": counts.found,
                "equal": counts.equal,
                "missing": counts.missing,
                "extra": counts.extra,
                "different": counts.different,
                "doubled": counts.doubled,
                "out_of_order": counts.out_of_order,
                "not_judged": counts.beyond,
            },
            "different_columns": self.cells,
        })
    }
}

impl Told {
    /// A line of the report.
    pub fn as_json(&self, outcome: &Outcome) -> Value {
        let cells = self.cells.iter().map(|cell| {
            let mut value = match self.kind {
                Kind::Different => json!({ "expected": cell.expected, "found": cell.found }),
                // A second row of a key that is there is told beside the row of that key.
                Kind::Extra if self.row.is_some() => {
                    json!({ "expected": cell.expected, "found": cell.found })
                }
                Kind::Missing => json!({ "expected": cell.expected }),
                Kind::Extra | Kind::Doubled | Kind::OutOfOrder => json!({ "found": cell.found }),
            };
            if let Some(why) = &cell.unread {
                value["unread"] = json!(why);
            }
            (cell.column.clone(), value)
        });
        let key = self
            .key
            .as_ref()
            .map(|(name, value)| json!({ name.as_str(): value }));
        let blame = self.blame.as_ref();
        let blame = blame.map(|one| json!({ "changes": one.changes, "words": one.words }));
        let mut line = json!({
            "kind": self.kind.word(),
            "times": self.times,
            "table": outcome.table,
            "sink": outcome.sink,
            "key": key,
            "row": self.row,
            "found_row": self.found_row,
            "found_at": self.found_at,
            "columns": Value::Object(cells.collect()),
        });
        if let Some(blame) = blame {
            line["explained"] = blame;
        }
        line
    }
}
