//! The ledger: a row for each fault, with what was there and what is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use serde_json::Value;

use crate::batch::{RowNumbers, json_values};
use crate::column::arrays::plain;
use crate::domain::{Domain, Order};
use crate::error::Result;
use crate::format::cells::Delimiters;
use crate::format::text::number::FloatSpelling;
use crate::format::text::patched::{parts, value_field};
use crate::format::text::{LeafStyle, TextLeaf, leaf};

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The row's number in the table without faults, from 0.
    pub(super) row: u64,
    /// What its key says.
    pub(super) key: Option<String>,
    /// The column, where it is a value's fault.
    pub(super) column: Option<String>,
    /// What befell it.
    pub(super) kind: &'static str,
    /// The value that is right; of a row that is moved, copied or missing, its number.
    pub(super) before: Option<String>,
    /// What is there; of a row that is moved or copied, the number of the row behind which it comes.
    pub(super) after: Option<String>,
}

/// The columns of a ledger.
pub fn fields() -> Vec<Field> {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    vec![
        Field::new("row", DataType::Int64, false),
        text("key"),
        text("column"),
        Field::new("kind", DataType::Utf8, false),
        text("before"),
        text("after"),
    ]
}

/// What is known of them.
pub fn domains() -> Vec<Domain> {
    let order = |field: &Field| match field.name().as_str() {
        "row" => Order::Ascending,
        _ => Order::Unknown,
    };
    let domain = |field: &Field| Domain {
        order: order(field),
        nulls: field.is_nullable(),
        ..Domain::default()
    };
    fields().iter().map(domain).collect()
}

/// The lines as columns.
pub(super) fn columns(entries: &[Entry]) -> Vec<ArrayRef> {
    let text = |of: fn(&Entry) -> Option<&str>| -> ArrayRef {
        Arc::new(entries.iter().map(of).collect::<StringArray>())
    };
    let rows = entries.iter().map(|entry| entry.row as i64);
    vec![
        Arc::new(Int64Array::from_iter_values(rows)),
        text(|entry| entry.key.as_deref()),
        text(|entry| entry.column.as_deref()),
        text(|entry| Some(entry.kind)),
        text(|entry| entry.before.as_deref()),
        text(|entry| entry.after.as_deref()),
    ]
}

/// Values as a ledger shows them: spelt as in CSV, nested ones as JSON; bytes that are no text as `\xff`.
///
/// # Errors
/// A value that has no text form.
pub(super) fn shown(field: &Field, values: &ArrayRef) -> Result<Vec<Option<String>>> {
    if let (Some(own), Some((values, bytes))) = (value_field(field), parts(values.as_ref())) {
        let texts = shown(own, values)?.into_iter().zip(bytes);
        return Ok(texts
            .map(|(text, bytes)| bytes.map(spelt).or(text))
            .collect());
    }
    let values = plain(values)?;
    let rows = 0..values.len();
    let valid = |row: &usize| values.is_valid(*row);
    Ok(match TextLeaf::of(field) {
        Some(TextLeaf::Text) => {
            let texts = values.as_string::<i32>().iter();
            texts.map(|text| text.map(str::to_string)).collect()
        }
        Some(leaf) => {
            let style = LeafStyle {
                frame: Delimiters::default(),
                floats: FloatSpelling::Csv,
            };
            let cells = leaf::write(&values, leaf, &style, None);
            let cells = cells.map_err(|refusal| refusal.error(&RowNumbers::From(0)))?;
            let text = |row: usize| String::from_utf8_lossy(cells.get(row)).into_owned();
            rows.map(|row| valid(&row).then(|| text(row))).collect()
        }
        None => {
            let text = |row: usize| json_values([("", &values)], row)[""].to_string();
            rows.map(|row| valid(&row).then(|| text(row))).collect()
        }
    })
}

/// The keys of rows: the value of a column, or a JSON list of those of several.
pub(super) fn keys(columns: &[(&Field, &ArrayRef)], rows: usize) -> Result<Vec<Option<String>>> {
    let shown = |(field, values): &(&Field, &ArrayRef)| shown(field, values);
    let texts: Vec<Vec<Option<String>>> = columns.iter().map(shown).collect::<Result<_>>()?;
    let key = |row: usize| match texts.as_slice() {
        [] => None,
        [one] => one[row].clone(),
        several => {
            let parts = several.iter().map(|texts| Value::from(texts[row].clone()));
            Some(Value::from_iter(parts).to_string())
        }
    };
    Ok((0..rows).map(key).collect())
}

/// Bytes as text.
fn spelt(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}
