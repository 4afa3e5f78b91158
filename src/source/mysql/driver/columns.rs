//! Which columns there are, how each is asked for, and how its values are read.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use mysql_async::Column as Told;
use mysql_async::consts::{ColumnFlags, ColumnType};

use super::super::Relation;
use crate::error::Problem;
use crate::source::Types;

/// The character set of what is no text.
const BYTES: u16 = 63;

/// How the values of a column are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    /// Digits, and those of them behind the point.
    Decimal(u8, i8),
    Text,
    Binary,
    /// So many bytes each.
    Fixed(i32),
    /// Up to 64 bits.
    Bits,
    Date,
    Time,
    Timestamp,
    /// In UTC, as every connection asks for it.
    Zoned,
}

/// A column of what is read.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The server makes a text of it.
    pub(super) as_text: bool,
    nullable: bool,
}

/// What a type of the server is here.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Kind(Kind),
    /// A number of more digits than there are here.
    Digits,
}

impl Kind {
    /// The type that its values have.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::UInt8 => DataType::UInt8,
            Self::UInt16 => DataType::UInt16,
            Self::UInt32 => DataType::UInt32,
            Self::UInt64 | Self::Bits => DataType::UInt64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal(precision @ ..=18, scale) => DataType::Decimal64(*precision, *scale),
            Self::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::Text => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Fixed(width) => DataType::FixedSizeBinary(*width),
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Zoned => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// True of whole numbers that a key may have.
    pub(super) fn is_whole(&self) -> bool {
        use Kind::{Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64};
        matches!(
            self,
            Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64
        )
    }
}

impl Column {
    /// The column as it is found.
    pub(super) fn field(&self) -> Field {
        Field::new(&self.name, self.kind.data_type(), self.nullable)
    }

    /// As a `SELECT` asks for it.
    pub(super) fn selected(&self) -> String {
        let column = Relation::column(&self.name);
        match self.as_text {
            true => format!("CAST({column} AS CHAR)"),
            false => column,
        }
    }
}

/// The columns of a statement. Numbers of too many digits are texts if they are `only_read`.
///
/// # Errors
/// A column that cannot be read as it is asked for.
pub(super) fn columns(
    told: &[Told],
    relation: &Relation,
    (types, only_read): (&Types, bool),
) -> Result<Vec<Column>, Problem> {
    let mut columns: Vec<Column> = Vec::new();
    for one in told {
        let name = one.name_str().into_owned();
        if columns.iter().any(|column| column.name == name) {
            let problem = Problem::new(format!("two columns are named `{name}`"));
            let hint = "name each of them: `select a.id as a_id, …`";
            return Err(problem.at(&relation.place).hint(hint));
        }
        let asked = types.iter().find(|(asked, _)| asked.value == name);
        let asked = asked.map(|(_, wanted)| &wanted.data_type);
        let nullable = !one.flags().contains(ColumnFlags::NOT_NULL_FLAG);
        let (kind, as_text) = match (found(one), asked) {
            (Found::Kind(Kind::Text), _) => (Kind::Text, false),
            // What is a flag to most is a number to some.
            (Found::Kind(Kind::Boolean), Some(asked)) if asked.is_numeric() => (Kind::Int8, false),
            // Its text becomes what is asked for, or is refused with its row.
            (_, Some(DataType::Utf8)) | (Found::Digits, Some(_)) => (Kind::Text, true),
            (Found::Kind(kind), _) => (kind, false),
            (Found::Digits, None) if only_read => (Kind::Text, true),
            (Found::Digits, None) => return Err(digits(&name).at(&relation.place)),
        };
        columns.push(Column {
            name,
            kind,
            as_text,
            nullable,
        });
    }
    match columns.is_empty() {
        true => Err(Problem::new(format!("{relation} has no columns")).at(&relation.place)),
        false => Ok(columns),
    }
}

fn digits(name: &str) -> Problem {
    Problem::new(format!("column `{name}` is decimal, and has more than 38 digits")).hint(format!(
        "say in `types` what holds its values, `{name}: \"decimal(38,9)\"`, or `{name}: utf8` for their text"
    ))
}

/// What the columns are, before anything else is asked of them.
pub(super) fn schema(columns: &[Column]) -> Schema {
    Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>())
}

fn found(told: &Told) -> Found {
    let flags = told.flags();
    let unsigned = flags.contains(ColumnFlags::UNSIGNED_FLAG);
    let signed = |signed, not| if unsigned { not } else { signed };
    let is_word = flags.intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG);
    Found::Kind(match told.column_type() {
        // `boolean` is a synonym of `tinyint(1)`: the width of its display is all that the server
        // keeps of it.
        ColumnType::MYSQL_TYPE_TINY if told.column_length() == 1 && !unsigned => Kind::Boolean,
        ColumnType::MYSQL_TYPE_TINY => signed(Kind::Int8, Kind::UInt8),
        ColumnType::MYSQL_TYPE_SHORT => signed(Kind::Int16, Kind::UInt16),
        ColumnType::MYSQL_TYPE_YEAR => Kind::UInt16,
        ColumnType::MYSQL_TYPE_LONG | ColumnType::MYSQL_TYPE_INT24 => {
            signed(Kind::Int32, Kind::UInt32)
        }
        ColumnType::MYSQL_TYPE_LONGLONG => signed(Kind::Int64, Kind::UInt64),
        ColumnType::MYSQL_TYPE_FLOAT => Kind::Float32,
        ColumnType::MYSQL_TYPE_DOUBLE => Kind::Float64,
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
            return decimal(told, unsigned);
        }
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => Kind::Date,
        ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => Kind::Time,
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => Kind::Timestamp,
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => Kind::Zoned,
        ColumnType::MYSQL_TYPE_BIT => Kind::Bits,
        ColumnType::MYSQL_TYPE_JSON => Kind::Text,
        ColumnType::MYSQL_TYPE_STRING if told.character_set() == BYTES && !is_word => {
            match i32::try_from(told.column_length()) {
                Ok(width @ 1..) => Kind::Fixed(width),
                _ => Kind::Binary,
            }
        }
        _ if told.character_set() == BYTES && !is_word => Kind::Binary,
        _ => Kind::Text,
    })
}

/// The digits of a `decimal(p,s)`, from the room that it is shown in: a sign, a point.
fn decimal(told: &Told, unsigned: bool) -> Found {
    let scale = told.decimals();
    let around = u32::from(scale > 0) + u32::from(!unsigned);
    let precision = told.column_length().saturating_sub(around);
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) => {
            Found::Kind(Kind::Decimal(precision.max(scale.unsigned_abs()), scale))
        }
        _ => Found::Digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(column_type: ColumnType, (length, decimals, set): (u32, u8, u16)) -> Told {
        Told::new(column_type)
            .with_column_length(length)
            .with_decimals(decimals)
            .with_character_set(set)
    }

    #[test]
    fn columns_are_what_the_server_says() {
        use ColumnType as T;
        let unsigned = ColumnFlags::UNSIGNED_FLAG;
        for (told, expected) in [
            (told(T::MYSQL_TYPE_TINY, (1, 0, 63)), Kind::Boolean),
            (told(T::MYSQL_TYPE_TINY, (4, 0, 63)), Kind::Int8),
            (
                told(T::MYSQL_TYPE_LONG, (10, 0, 63)).with_flags(unsigned),
                Kind::UInt32,
            ),
            (
                told(T::MYSQL_TYPE_NEWDECIMAL, (14, 2, 63)),
                Kind::Decimal(12, 2),
            ),
            (
                told(T::MYSQL_TYPE_NEWDECIMAL, (13, 0, 63)),
                Kind::Decimal(12, 0),
            ),
            (
                told(T::MYSQL_TYPE_NEWDECIMAL, (13, 2, 63)).with_flags(unsigned),
                Kind::Decimal(12, 2),
            ),
            (told(T::MYSQL_TYPE_STRING, (16, 0, 63)), Kind::Fixed(16)),
            (told(T::MYSQL_TYPE_BLOB, (65_535, 0, 63)), Kind::Binary),
            (told(T::MYSQL_TYPE_BLOB, (65_535, 0, 45)), Kind::Text),
            (
                told(T::MYSQL_TYPE_STRING, (4, 0, 63)).with_flags(ColumnFlags::ENUM_FLAG),
                Kind::Text,
            ),
        ] {
            assert_eq!(found(&told), Found::Kind(expected));
        }
        assert_eq!(
            found(&told(T::MYSQL_TYPE_NEWDECIMAL, (52, 10, 63))),
            Found::Digits
        );
    }
}
