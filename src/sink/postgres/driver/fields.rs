//! Columns of some rows as parameters of a statement: arrays in PostgreSQL's binary format, put together
//! from the fields of a COPY, which are the same.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use super::copy::Encoded;

/// The values of one column.
#[derive(Debug, Default)]
pub(super) struct Column {
    fields: BytesMut,
    count: i32,
    nulls: bool,
}

/// The length of a field in front of it, and what stands there for null.
const HEAD: usize = 4;
const NULL: i32 = -1;

/// What begins each row of a COPY: the number of its fields.
const COUNT: usize = 2;

/// What a column of an update is sent as.
#[derive(Debug)]
pub(super) enum Sent {
    Values(Column),
    /// Lists: the items of all of them, and where those of each row begin and end. An array of lists would be
    /// one of two dimensions, whose lists are equally long.
    Lists {
        items: Column,
        first: Vec<Option<i32>>,
        last: Vec<Option<i32>>,
    },
}

impl Sent {
    /// Of lists, or of values.
    pub(super) fn new(is_list: bool) -> Self {
        match is_list {
            false => Self::Values(Column::default()),
            true => Self::Lists {
                items: Column::default(),
                first: Vec::new(),
                last: Vec::new(),
            },
        }
    }

    fn add(&mut self, field: &[u8], is_null: bool) {
        match self {
            Self::Values(column) => column.add(field, is_null),
            Self::Lists { first, last, .. } if is_null => {
                first.push(None);
                last.push(None);
            }
            Self::Lists { items, first, last } => {
                let before = items.count;
                items.add_items(&field[HEAD..]);
                first.push(Some(before + 1));
                last.push(Some(items.count));
            }
        }
    }

    /// The parameters that it takes, in their order.
    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        match self {
            Self::Values(column) => vec![column],
            Self::Lists { items, first, last } => vec![items, first, last],
        }
    }
}

/// What stands before the items of a list: its dimensions, whether there are nulls, the items' type; and of
/// its one dimension, if it has any, the length and the first place.
const LIST: usize = 12;
const DIMENSION: usize = 8;

impl Column {
    fn add(&mut self, field: &[u8], is_null: bool) {
        self.fields.extend_from_slice(field);
        self.count += 1;
        self.nulls |= is_null;
    }

    /// Adds the items of a list, as a COPY has it.
    fn add_items(&mut self, list: &[u8]) {
        let number = |place: usize| {
            let bytes = list
                .get(place..place + 4)
                .and_then(|four| four.try_into().ok());
            i32::from_be_bytes(bytes.unwrap_or_default())
        };
        if number(0) == 0 {
            return;
        }
        self.fields.extend_from_slice(&list[LIST + DIMENSION..]);
        self.count += number(LIST);
        self.nulls |= number(4) != 0;
    }
}

/// Adds the fields `wanted` of a row, each to its column. The `wanted` ones rise.
pub(super) fn add(encoded: &Encoded, row: usize, wanted: &[usize], columns: &mut [Sent]) {
    let bytes = encoded.rows(row..row + 1);
    let mut place = COUNT;
    let mut wanted = wanted.iter().zip(columns).peekable();
    for field in 0.. {
        let Some((next, _)) = wanted.peek() else {
            return;
        };
        let Some(head) = bytes.get(place..place + HEAD) else {
            return;
        };
        let size = i32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let end = place + HEAD + usize::try_from(size).unwrap_or(0);
        if **next == field
            && let Some((_, column)) = wanted.next()
        {
            column.add(&bytes[place..end], size == NULL);
        }
        place = end;
    }
}

/// An array of one dimension, as `array_recv` reads it.
impl ToSql for Column {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Kind::Array(item) = ty.kind() else {
            return Err(format!("{ty} is no array").into());
        };
        out.put_i32(1);
        out.put_i32(self.nulls.into());
        out.put_u32(item.oid());
        out.put_i32(self.count);
        // Places count from 1.
        out.put_i32(1);
        out.extend_from_slice(&self.fields);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}
