//! Changes as statements of many rows: inserts by COPY, updates from arrays of their columns, deletes by an
//! array of keys.

use tokio_postgres::types::{Kind, ToSql};
use tokio_postgres::{Client, Error as Refusal, Statement as Prepared};

use super::fields::{Sent, add};
use super::table;
use super::{Load, Rows};
use crate::client::postgres::quoted;
use crate::format::Operation;
use crate::sink::applied::Statement;

/// The statements of one connection.
#[derive(Default)]
pub(super) struct Statements {
    update: Option<Prepared>,
    delete: Option<Prepared>,
    /// The columns of an update: the key and those that it sets, in their order in the table.
    updated: Vec<usize>,
    /// Those of them that are lists.
    lists: Vec<usize>,
    key: usize,
}

/// Rows are found by their key, however few the server believes there are.
const BY_KEY: &str =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

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
        let is_list = |place: &usize| matches!(load.types()[*place].kind(), Kind::Array(_));
        let lists: Vec<usize> = updated.iter().copied().filter(is_list).collect();
        let update = match changes.set.is_empty() {
            true => None,
            false => {
                let of = Update {
                    updated: &updated,
                    lists: &lists,
                    spelled: &spelled,
                };
                let update = of.spell(&name, changes.key, &column);
                Some(client.prepare(&update).await?)
            }
        };
        let delete = match changes.deletes() {
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
            lists,
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
        let columns = wanted.iter();
        let columns = columns.map(|place| Sent::new(self.lists.contains(place)));
        let mut columns: Vec<Sent> = columns.collect();
        for at in &statement.rows {
            let (encoded, row) = chunks[at.chunk].encoded_row(at.row);
            add(encoded, row, wanted, &mut columns);
        }
        let parameters = columns.iter().flat_map(Sent::parameters);
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.collect();
        client.execute(prepared, &parameters).await
    }
}

/// An update of many rows, from arrays of their columns.
struct Update<'u> {
    /// The columns that are sent, in their order in the table.
    updated: &'u [usize],
    lists: &'u [usize],
    /// The types of all columns.
    spelled: &'u [String],
}

impl Update<'_> {
    /// A list is a part of the array of all items, from its first one to its last.
    fn spell(&self, name: &str, key: usize, column: &dyn Fn(usize) -> String) -> String {
        let (mut at, mut arrays, mut named, mut set) = (0, Vec::new(), Vec::new(), Vec::new());
        for place in self.updated {
            let of = &self.spelled[*place];
            let value = match self.lists.contains(place) {
                false => {
                    at += 1;
                    arrays.push(format!("${at}::{of}[]"));
                    named.push(format!("c{place}"));
                    format!("v.c{place}")
                }
                true => {
                    at += 3;
                    let (items, first, last) = (at - 2, at - 1, at);
                    arrays.extend([first, last].map(|at| format!("${at}::integer[]")));
                    named.extend([format!("f{place}"), format!("l{place}")]);
                    format!("(${items}::{of})[v.f{place}:v.l{place}]")
                }
            };
            if *place != key {
                set.push(format!("{} = {value}", column(*place)));
            }
        }
        format!(
            "UPDATE {name} t SET {} FROM unnest({}) v({}) WHERE t.{} = v.c{key}",
            set.join(", "),
            arrays.join(", "),
            named.join(", "),
            column(key)
        )
    }
}
