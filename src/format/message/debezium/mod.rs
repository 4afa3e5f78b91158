//! `debezium`: changes as Debezium tells them, an envelope a message.
//!
//! The format: Debezium's documentation of its MySQL connector, "Data change events"; the schemas beside the
//! payloads are those of Kafka Connect's `JsonConverter`.

mod schema;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use arrow::datatypes::{Int64Type, Schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{MessageFormat, MessageWriter};
use crate::error::{Error, Problem, Result};
use crate::format::cells::{Cells, Refusal};
use crate::format::json::{ObjectRows, ValueSpelling, check_field};
use crate::format::{ChangeColumns, Operation, Shape};
use crate::place::{Duration, Flag, Placed, Text};
use value::Told;

/// Changes as Debezium's connector for MySQL tells them: `before`, `after`, `op`, `source` and `ts_ms` in a message, with the schema of Kafka Connect beside them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DebeziumMessage {
    /// The database that the envelopes name (default `rowgen`).
    database: Option<Text>,
    /// The topic prefix of the connector, in the names of schemas and in `source.name` (default `mysql`).
    server: Option<Text>,
    /// The schema stands beside each payload (default true).
    schema: Option<Flag>,
    /// Decimals are bytes in base64 (`precise`, default), text (`string`) or doubles (`double`).
    decimals: Decimals,
    /// When the first change was made (default 2026-01-01T00:00:00Z), for `ts_ms`.
    start: Option<Placed<Text>>,
    /// How long after the one before each change was made (default 1ms).
    step: Option<Placed<Duration>>,
}

/// How decimals are told: the values of `decimal.handling.mode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decimals {
    /// The number without its point, as bytes in base64.
    #[default]
    Precise,
    /// Its digits as text.
    String,
    /// The nearest double.
    Double,
}

/// Milliseconds of 2026-01-01T00:00:00Z.
// A fixed moment and not the time of the run: the same seed makes the same messages.
const START: i64 = 1_767_225_600_000;

/// Envelopes of a table's changes.
struct Envelopes {
    changes: Arc<ChangeColumns>,
    /// The table's own columns, and what each is told as.
    columns: Vec<(usize, Told)>,
    told: Arc<Schema>,
    rows: ObjectRows,
    /// What stands before the first image, between what is said of the place, and after all.
    parts: Parts,
    /// Milliseconds since 1970 of change 0, nanoseconds between two.
    clock: (i64, i128),
}

/// The texts that every envelope has.
struct Parts {
    begin: String,
    source: String,
    database: String,
    end: &'static str,
}

impl DebeziumMessage {
    fn has_schema(&self) -> bool {
        self.schema.as_ref().is_none_or(|flag| flag.0)
    }

    fn server(&self) -> &str {
        self.server.as_ref().map_or("mysql", |name| &name.0)
    }

    fn database(&self) -> &str {
        self.database.as_ref().map_or("rowgen", |name| &name.0)
    }

    /// Milliseconds since 1970 of the first change.
    fn start(&self) -> Result<i64, Problem> {
        let Some(start) = &self.start else {
            return Ok(START);
        };
        let nanos = string_to_timestamp_nanos(start.as_str()).map_err(|_| {
            Problem::new(format!("expected a time, found `{}`", start.as_str()))
                .hint("write it as `2026-01-01T00:00:00Z`")
                .at(&start.place)
        })?;
        Ok(nanos.div_euclid(1_000_000))
    }

    fn clock(&self) -> Result<(i64, i128), Problem> {
        let step = self.step.as_ref().map_or(1_000_000, |step| {
            i128::try_from(step.value.0.as_nanos()).unwrap_or(i128::MAX)
        });
        Ok((self.start()?, step))
    }

    fn columns(&self, shape: &Shape, changes: &ChangeColumns) -> Vec<(usize, Told)> {
        let fields = shape.schema.fields().iter().enumerate();
        let own = fields.filter(|(index, _)| ![changes.operation, changes.change].contains(index));
        own.map(|(index, field)| (index, Told::new(field, self.decimals)))
            .collect()
    }
}

/// Rows that are no changes have no envelopes.
fn no_changes(shape: &Shape) -> Problem {
    let message = format!(
        "`debezium` tells of changes, and the rows of `{}` are none",
        shape.table
    );
    Problem::new(message)
        .hint("put the table under `changes`, and write `operation`, `change` and the key, too")
}

impl MessageFormat for DebeziumMessage {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let fields = shape.schema.fields().iter();
        let unheld = fields.flat_map(|field| check_field(field, field.name(), "JSON"));
        let changes = shape.changes.is_none().then(|| no_changes(shape));
        changes
            .into_iter()
            .chain(self.start().err())
            .chain(unheld)
            .collect()
    }

    fn open(&self, shape: &Shape, _schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        let changes = shape.changes.clone();
        let changes = changes.ok_or_else(|| Error::user(no_changes(shape)))?;
        let columns = self.columns(shape, &changes);
        let fields = columns.iter();
        let fields: Vec<_> = fields
            .map(|(index, told)| told.field(shape.schema.field(*index)))
            .collect();
        let values = ValueSpelling {
            decimal_strings: false,
            ..ValueSpelling::default()
        };
        Ok(Arc::new(Envelopes {
            told: Arc::new(Schema::new(fields)),
            rows: ObjectRows::new(values, 0, b""),
            parts: self.parts(shape, &changes, &columns),
            clock: self.clock()?,
            changes,
            columns,
        }))
    }
}

impl DebeziumMessage {
    fn parts(&self, shape: &Shape, changes: &ChangeColumns, columns: &[(usize, Told)]) -> Parts {
        let (server, database) = (self.server(), self.database());
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let (begin, end) = match self.has_schema() {
            true => {
                let name = format!("{server}.{database}.{}", shape.table);
                let fields = schema::row(&shape.schema, changes, columns);
                let schema = schema::envelope(&name, &fields);
                (
                    format!("{{\"schema\":{schema},\"payload\":{{\"before\":"),
                    "}}",
                )
            }
            false => ("{\"before\":".to_string(), "}"),
        };
        Parts {
            begin,
            source: format!(
                ",\"source\":{{\"version\":\"rowgen\",\"connector\":\"mysql\",\"name\":{},\"ts_ms\":",
                quoted(server)
            ),
            database: format!(
                ",\"snapshot\":\"false\",\"db\":{},\"sequence\":null,\"table\":{},\"server_id\":0,\"gtid\":null,\"file\":\"rowgen.000001\",\"pos\":",
                quoted(database),
                quoted(&shape.table)
            ),
            end,
        }
    }
}

/// What stands between the place of a change and its operation.
const PLACED: &str = ",\"row\":0,\"thread\":null,\"query\":null},\"transaction\":null,\"op\":\"";

impl Envelopes {
    /// The rows as they are told.
    fn told(&self, batch: &RecordBatch) -> Result<RecordBatch, Refusal> {
        let columns = self.columns.iter();
        let columns = columns.map(|(index, told)| told.of(batch.column(*index)));
        let refused = |error: String| Refusal {
            path: self
                .told
                .fields()
                .first()
                .map_or_else(String::new, |field| field.name().clone()),
            row: 0,
            fault: format!("cannot be told: {error}"),
            hint: "leave the column out",
        };
        let columns = columns
            .collect::<Result<_>>()
            .map_err(|error| refused(error.to_string()))?;
        RecordBatch::try_new(self.told.clone(), columns).map_err(|error| refused(error.to_string()))
    }

    /// Milliseconds since 1970 at which a change was made.
    fn made_at(&self, change: i64) -> i64 {
        let (start, step) = self.clock;
        let behind = i128::from(change).saturating_mul(step) / 1_000_000;
        i64::try_from(i128::from(start).saturating_add(behind)).unwrap_or(i64::MAX)
    }
}

impl MessageWriter for Envelopes {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        let mut images = Cells::default();
        self.rows.write(&self.told(batch)?, &mut images)?;
        let broken = |error: Error| Refusal {
            path: "operation".into(),
            row: 0,
            fault: error.to_string(),
            hint: "this is a fault of rowgen",
        };
        let operations = self.changes.operations(batch).map_err(broken)?;
        let numbers = batch
            .column(self.changes.change)
            .as_primitive::<Int64Type>();
        let parts = &self.parts;
        for (row, (operation, change)) in operations.iter().zip(numbers.values()).enumerate() {
            // From the number of the change alone, so that any of them can be made by itself.
            let made_at = self.made_at(*change).to_string();
            let (before, after, op) = match *operation {
                insert if insert == Operation::Insert as i32 => (NULL, images.get(row), "c"),
                update if update == Operation::Update as i32 => (NULL, images.get(row), "u"),
                _ => (images.get(row), NULL, "d"),
            };
            for part in [
                parts.begin.as_bytes(),
                before,
                b",\"after\":",
                after,
                parts.source.as_bytes(),
                made_at.as_bytes(),
                parts.database.as_bytes(),
                change.to_string().as_bytes(),
                PLACED.as_bytes(),
                op.as_bytes(),
                b"\",\"ts_ms\":",
                made_at.as_bytes(),
                parts.end.as_bytes(),
            ] {
                out.bytes.extend_from_slice(part);
            }
            out.end();
        }
        Ok(None)
    }
}

const NULL: &[u8] = b"null";
