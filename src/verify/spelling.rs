//! How values are spelt where they are kept, as far as that changes what can be compared of them.

use arrow::datatypes::{DataType, Field, TimeUnit};

use super::held::Held;
use crate::format::avro::Avro;
use crate::format::text::TextLeaf;
use crate::format::text::patched::value_field;
use crate::sink::delta;

/// How values are spelt where they are, as far as that changes them.
#[derive(Debug, Clone)]
pub(super) enum Spelling {
    /// As text of CSV: bytes are digits, and the empty text may stand for another.
    Csv(Option<Option<String>>),
    /// As JSON.
    Json,
    /// As Avro.
    Avro(Box<Avro>),
    /// As PostgreSQL has them: its times have microseconds, its rows no order.
    Table,
    /// As MongoDB has them: its times have milliseconds, its documents the order of their keys.
    Documents,
    /// As MySQL has them: the same, and what is nested is JSON.
    Mysql,
    /// As Delta Lake has them: what it has no type for is of the nearest one.
    Delta,
    /// As themselves.
    Typed,
}

impl Spelling {
    /// What is held of a column.
    ///
    /// # Errors
    /// Why that cannot be compared.
    pub(super) fn held(&self, field: &Field) -> Result<Held, String> {
        let leaf = TextLeaf::of(field);
        if value_field(field).is_some() {
            return Err("its faults are bytes that its type has not".to_string());
        }
        match self {
            Self::Csv(_) if leaf.is_none() => {
                Err("it is nested, and stands as text in CSV".to_string())
            }
            Self::Csv(_) | Self::Json | Self::Documents if leaf == Some(TextLeaf::Binary) => {
                Ok(Held::Hexadecimal)
            }
            Self::Csv(Some(empty)) if leaf == Some(TextLeaf::Text) => {
                Ok(Held::Empty(empty.clone()))
            }
            Self::Avro(avro) => Ok(match avro.keeps(field.data_type()) {
                Some((unit, data_type)) => Held::Rounded(unit, data_type),
                None => Held::plain(field),
            }),
            Self::Mysql if leaf.is_none() => Ok(Held::Json),
            Self::Mysql if is_float(field) => {
                Ok(Held::OneZero(Held::plain(field).data_type(field)))
            }
            Self::Table | Self::Mysql => {
                Ok(microseconds(field).unwrap_or_else(|| Held::plain(field)))
            }
            Self::Documents if leaf.is_none() && has_finer(field) => {
                // At the top such times are compared in milliseconds. Within lists and structs no
                // rounding is done here, so that every row would differ: it is said instead.
                Err("MongoDB cuts off what times within it have beside milliseconds".to_string())
            }
            Self::Delta => Ok(nearest(field)),
            Self::Documents => Ok(milliseconds(field).unwrap_or_else(|| Held::plain(field))),
            _ => Ok(Held::plain(field)),
        }
    }

    /// True if rows are read in the order in which they were written.
    pub(super) fn has_order(&self) -> bool {
        !matches!(self, Self::Table | Self::Mysql | Self::Documents)
    }

    /// True where the source has to be asked for types, because what it reads has none of its own.
    pub(super) fn is_untyped(&self) -> bool {
        // Parquet, Avro and SQL say their types; these say text, and inferring from it would find
        // others than the table has.
        matches!(self, Self::Csv(_) | Self::Json | Self::Documents)
    }
}

/// What a table of Delta Lake has of a column.
fn nearest(field: &Field) -> Held {
    let own = Held::plain(field).data_type(field);
    match delta::nearest(&own) {
        same if same == own => Held::plain(field),
        other => Held::Delta(other),
    }
}

fn is_float(field: &Field) -> bool {
    matches!(
        Held::plain(field).data_type(field),
        DataType::Float32 | DataType::Float64
    )
}

/// Times that have more than microseconds.
fn microseconds(field: &Field) -> Option<Held> {
    let kept = match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::Time64(TimeUnit::Nanosecond) => DataType::Time64(TimeUnit::Microsecond),
        _ => return None,
    };
    Some(Held::Rounded(TimeUnit::Microsecond, kept))
}

/// True for what has times in it that have more than milliseconds.
fn has_finer(field: &Field) -> bool {
    match Held::plain(field).data_type(field) {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            milliseconds(&item).is_some() || has_finer(&item)
        }
        DataType::Struct(fields) => {
            let mut fields = fields.iter();
            fields.any(|field| milliseconds(field).is_some() || has_finer(field))
        }
        _ => false,
    }
}

/// Times that have more than milliseconds.
fn milliseconds(field: &Field) -> Option<Held> {
    match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond | TimeUnit::Microsecond, zone) => {
            let kept = DataType::Timestamp(TimeUnit::Millisecond, zone.clone());
            Some(Held::Rounded(TimeUnit::Millisecond, kept))
        }
        _ => None,
    }
}
