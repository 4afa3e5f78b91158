//! What of a database's options makes no sense for changes, and which of the columns are the table's.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use crate::error::Problem;
use crate::format::{ChangeColumns, Shape};
use crate::place::Place;
use crate::sink::database::{Mode, SinkDialect, TableSink};
use crate::sink::on_bad_row::OnBadRow;

impl<D: SinkDialect> TableSink<D> {
    /// Everything that cannot be as asked of changes.
    pub fn of_changes(&self, shape: &Shape, columns: &ChangeColumns) -> Vec<Problem> {
        let place = &self.url.place;
        let mut problems = Vec::new();
        let mut refuse = |what: String, place: &Place, hint: &str| {
            problems.push(Problem::new(what).at(place).hint(hint));
        };
        if self.mode == Mode::Upsert {
            refuse(
                "`mode: upsert` is for rows, and these are changes: each says whether its row is there".into(),
                place,
                "leave `mode` out, or say `mode: truncate`, which begins with an empty table",
            );
        }
        let key = shape.schema.field(columns.key).name();
        for named in self.key.iter().filter(|column| column.as_str() != key) {
            let what = format!("the key of these changes is `{key}`");
            refuse(what, &named.place, "leave `key` out");
        }
        if !self.is_exactly_once() {
            refuse(
                "changes need `exactly_once`: a change that comes twice is another one".into(),
                place,
                "leave `exactly_once` out",
            );
        }
        if self.on_bad_row != OnBadRow::Stop {
            refuse(
                "`on_bad_row` would leave changes out that later ones need".into(),
                place,
                "leave `on_bad_row` out: the first change that the server does not take ends the run",
            );
        }
        problems
    }
}

/// A table has changes of another load, as its progress says.
pub fn another_load(table: &str) -> Problem {
    let what = format!(
        "table {table} has changes of another load: of another seed, count or mix, or of a pipeline that has changed"
    );
    Problem::new(what).hint(
        "with what it was begun with it goes on; `--overwrite` empties the table and begins anew",
    )
}

/// The columns of the table itself, without those that say what is done.
pub fn of_table(shape: &Shape) -> SchemaRef {
    let Some(columns) = &shape.changes else {
        return shape.schema.clone();
    };
    let of_table = columns.of_table(shape.schema.fields().len());
    let fields = of_table.iter();
    let fields = fields.map(|column| shape.schema.field(*column).clone());
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
