//! Changes as statements of many rows: inserts by COPY, updates from arrays of their columns, deletes by an
//! array of keys.

use std::sync::Arc;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error as Refusal, Statement as Prepared};

use super::super::types::Constraints;
use super::fields::{Column, add};
use super::open::Load;
use super::session::Rows;
use super::{failure, table};
use crate::client::postgres::quoted;
use crate::error::{Error, Problem};
use crate::format::{ChangeColumns, Operation};
use crate::sink::applied::{Applied, Statement};
use crate::sink::session::Failure;

/// A table whose changes are applied, by the columns that it has itself.
pub(super) struct Changes {
    pub(super) columns: Arc<ChangeColumns>,
    pub(super) applied: Arc<Applied>,
    /// Which columns of a batch the table has.
    pub(super) of_table: Vec<usize>,
    /// Of these the key, and those that updates set, in their order.
    key: usize,
    set: Vec<usize>,
}

/// The statements of one connection.
#[derive(Default)]
pub(super) struct Statements {
    update: Option<Prepared>,
    delete: Option<Prepared>,
    /// The columns of an update: the key and those that it sets, in their order in the table.
    updated: Vec<usize>,
    key: usize,
}

/// Rows are found by their key, however few the server believes there are.
const BY_KEY: &str =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

impl Changes {
    /// Those of a batch with so many columns.
    pub(super) fn new(columns: &Arc<ChangeColumns>, applied: Arc<Applied>, count: usize) -> Self {
        let of_table = columns.of_table(count);
        let place = |column: usize| of_table.iter().position(|one| *one == column);
        let set = columns.set.iter().filter_map(|column| place(*column));
        Self {
            key: place(columns.key).unwrap_or_default(),
            set: set.collect(),
            of_table: of_table.clone(),
            columns: columns.clone(),
            applied,
        }
    }

    /// The name of the key.
    pub(super) fn key<'l>(&self, load: &'l Load) -> &'l str {
        load.schema.field(self.key).name()
    }

    /// What a table has that is made: the key, what it refers to, what it needs.
    pub(super) fn constraints(&self, load: &Load) -> Constraints {
        let name = |column: usize| load.schema.field(column).name().clone();
        let of_batch = |column: usize| self.of_table.iter().position(|one| *one == column);
        let changing = self.applied.changing();
        let (mut references, mut indexed) = (Vec::new(), Vec::new());
        for reference in &self.columns.references {
            let parent = changing.called(load.database.name(), &reference.table);
            let (Some(parent), Some(column)) = (parent, of_batch(reference.column)) else {
                continue;
            };
            references.push((name(column), parent, reference.key.clone()));
            let goes = changing.table.parent(&reference.table);
            if goes.is_some_and(|parent| parent.has(Operation::Delete)) {
                indexed.push(name(column));
            }
        }
        let required = self.of_table.iter();
        Constraints {
            key: vec![name(self.key)],
            required: Some(
                required
                    .map(|column| self.columns.required[*column])
                    .collect(),
            ),
            references,
            indexed,
        }
    }
}

impl Statements {
    /// Makes a connection ready.
    pub(super) async fn new(client: &Client, load: &Load) -> Result<Self, Refusal> {
        let Some(changes) = &load.changes else {
            return Ok(Self::default());
        };
        client.batch_execute(BY_KEY).await?;
        let spelled = table::spelled(client, &load.name, &load.schema).await?;
        let (name, fields) = (load.name.quoted(), load.schema.fields());
        let column = |place: usize| quoted(fields[place].name());
        let key = column(changes.key);
        let mut updated = changes.set.clone();
        updated.push(changes.key);
        updated.sort_unstable();
        let update = match changes.set.is_empty() {
            true => None,
            false => {
                let arrays = (1..).zip(&updated);
                let arrays = arrays.map(|(at, place)| format!("${at}::{}[]", spelled[*place]));
                let named = updated.iter().map(|place| format!("c{place}"));
                let set = changes.set.iter();
                let set = set.map(|place| format!("{} = v.c{place}", column(*place)));
                let update = format!(
                    "UPDATE {name} t SET {} FROM unnest({}) v({}) WHERE t.{key} = v.c{}",
                    joined(set),
                    joined(arrays),
                    joined(named),
                    changes.key
                );
                Some(client.prepare(&update).await?)
            }
        };
        let delete = match changes.columns.deletes {
            false => None,
            true => {
                let of = &spelled[changes.key];
                let delete = format!("DELETE FROM {name} WHERE {key} = ANY($1::{of}[])");
                Some(client.prepare(&delete).await?)
            }
        };
        Ok(Self {
            update,
            delete,
            updated,
            key: changes.key,
        })
    }

    /// Updates or deletes the rows of a statement.
    pub(super) async fn change(
        &self,
        client: &Client,
        chunks: &[Rows],
        statement: &Statement,
    ) -> Result<u64, Refusal> {
        let key = [self.key];
        let (prepared, wanted) = match statement.operation {
            Operation::Delete => (&self.delete, &key[..]),
            Operation::Insert | Operation::Update => (&self.update, &self.updated[..]),
        };
        let Some(prepared) = prepared else {
            return Ok(0);
        };
        let mut columns: Vec<Column> = wanted.iter().map(|_| Column::default()).collect();
        for at in &statement.rows {
            let (encoded, row) = chunks[at.chunk].encoded_row(at.row);
            add(encoded, row, wanted, &mut columns);
        }
        let parameters: Vec<&(dyn ToSql + Sync)> =
            columns.iter().map(|column| column as _).collect();
        client.execute(prepared, &parameters).await
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Rows that should be there and are not: somebody else has removed them.
pub(super) fn missing(load: &Load, statement: &Statement, found: u64) -> Failure {
    let rows = statement.rows.len() as u64;
    let what = format!(
        "table {} lacks {} of the rows that changes of this load are of",
        load.name,
        rows.saturating_sub(found)
    );
    Failure::Stop(Error::run(Problem::new(what).hint(
        "somebody else has removed them: `rowgen verify` names them, and `--overwrite` begins anew",
    )))
}

/// What the server says of the rows of a statement, by their places among those of all chunks.
pub(super) fn refused(
    load: &Load,
    chunks: &[Rows],
    statement: &Statement,
    error: &Refusal,
) -> Failure {
    use crate::sink::session::Part;
    let place = |row: usize| {
        let at = statement.rows.get(row)?;
        let before = chunks[..at.chunk].iter().map(Part::rows).sum::<usize>();
        Some(before + at.row)
    };
    match failure::of_rows(&load.database, error) {
        Failure::Rows(rows) => {
            let named = rows.into_iter();
            Failure::Rows(
                named
                    .filter_map(|(row, why)| Some((place(row)?, why)))
                    .collect(),
            )
        }
        other => other,
    }
}
