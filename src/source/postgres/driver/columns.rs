//! Which columns there are, how each is asked for, and how its values are read.

use arrow::datatypes::{DataType, Schema};
use tokio_postgres::Statement;
use tokio_postgres::types::{Kind as Family, Type};

use super::super::Relation;
use super::decode::Kind;
use crate::error::Problem;
use crate::source::Types;

/// A column of what is read.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// What the server makes of it, behind its name: a cast, or nothing.
    pub(super) cast: &'static str,
}

impl Column {
    /// The text of each value, or of what is in each list.
    fn of_texts(name: &str, type_: &Type) -> Self {
        let (kind, cast) = match type_.kind() {
            Family::Array(_) => (Kind::List(Box::new(Kind::Text)), "::text[]"),
            _ => (Kind::Text, "::text"),
        };
        Self {
            name: name.to_string(),
            kind,
            cast,
        }
    }

    /// True for the key, sent as the whole number that it is.
    pub(super) fn is_key(&self, key: &str) -> bool {
        let whole = matches!(self.kind, Kind::Int16 | Kind::Int32 | Kind::Int64);
        whole && self.cast.is_empty() && self.name == key
    }
}

/// What a type of the server is here.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Kind(Kind),
    /// A number without a number of digits, or of more than there are here.
    Digits,
    /// None of ours: its text is read.
    Other,
}

/// The columns of a statement, and those that are never null as they are found. Numbers that do not say
/// their digits are texts if they are `only_read`.
///
/// # Errors
/// A column that cannot be read as it is asked for.
pub(super) fn columns(
    statement: &Statement,
    relation: &Relation,
    (types, only_read): (&Types, bool),
) -> Result<Vec<Column>, Problem> {
    let mut columns: Vec<Column> = Vec::new();
    for one in statement.columns() {
        if columns.iter().any(|column| column.name == one.name()) {
            let problem = Problem::new(format!("two columns are named `{}`", one.name()));
            let hint = "name each of them: `select a.id as a_id, …`";
            return Err(problem.at(&relation.place).hint(hint));
        }
        let asked = types.iter().find(|(name, _)| name.value == one.name());
        let asked = asked.map(|(_, wanted)| &wanted.data_type);
        let column = match column(one.name(), one.type_(), one.type_modifier(), asked) {
            // Only numbers without digits are refused.
            Err(_) if only_read => Ok(Column::of_texts(one.name(), one.type_())),
            column => column,
        };
        columns.push(column.map_err(|problem| problem.at(&relation.place))?);
    }
    match columns.is_empty() {
        true => Err(Problem::new(format!("{relation} has no columns")).at(&relation.place)),
        false => Ok(columns),
    }
}

/// What the columns are, before anything else is asked of them.
pub(super) fn schema(columns: &[Column], is_required: impl Fn(&str) -> bool) -> Schema {
    let field = |column: &Column| {
        let nullable = !is_required(&column.name);
        column.kind.field(&column.name, nullable)
    };
    Schema::new(columns.iter().map(field).collect::<Vec<_>>())
}

fn column(
    name: &str,
    type_: &Type,
    modifier: i32,
    asked: Option<&DataType>,
) -> Result<Column, Problem> {
    let of = |kind, cast| Column {
        name: name.to_string(),
        kind,
        cast,
    };
    let text =
        |found: &Found| *found != Found::Kind(Kind::Text) && *found != Found::Kind(Kind::Jsonb);
    let is_list = matches!(type_.kind(), Family::Array(_));
    Ok(match (found(type_, modifier), asked) {
        // The server writes the text, as only it knows how each of its types is written.
        (found, Some(DataType::Utf8)) if text(&found) => of(Kind::Text, "::text"),
        (Found::Kind(kind), _) => of(kind, ""),
        (
            Found::Digits,
            Some(DataType::Decimal64(precision, scale) | DataType::Decimal128(precision, scale)),
        ) if !is_list => of(Kind::Decimal(*precision, *scale), ""),
        // Its text becomes what is asked for, or is refused with its row.
        (Found::Digits, Some(_)) if !is_list => of(Kind::Text, "::text"),
        (Found::Digits, _) => return Err(digits(name, type_, modifier, is_list)),
        (Found::Other, _) if is_list => of(Kind::List(Box::new(Kind::Text)), "::text[]"),
        (Found::Other, _) => of(Kind::Text, "::text"),
    })
}

/// A number of digits has to be said.
fn digits(name: &str, type_: &Type, modifier: i32, is_list: bool) -> Problem {
    let what = match modifier {
        -1 => "does not say how many digits it has",
        _ => "has more than 38 digits",
    };
    let problem = Problem::new(format!("column `{name}` is {type_}, and {what}"));
    match is_list {
        false => problem.hint(format!(
            "say in `types` what holds its values, `{name}: \"decimal(38,9)\"`, or `{name}: utf8` for their text"
        )),
        true => problem.hint(format!(
            "a `query` can cast it, `{name}::numeric(38,9)[]`, or say in `types` `{name}: utf8` for its text"
        )),
    }
}

fn found(type_: &Type, modifier: i32) -> Found {
    match type_.kind() {
        Family::Domain(below) => found(below, modifier),
        Family::Enum(_) => Found::Kind(Kind::Text),
        Family::Array(item) => match found(item, modifier) {
            Found::Kind(item) => Found::Kind(Kind::List(Box::new(item))),
            other => other,
        },
        _ => simple(type_, modifier),
    }
}

fn simple(type_: &Type, modifier: i32) -> Found {
    Found::Kind(match *type_ {
        Type::BOOL => Kind::Boolean,
        Type::INT2 => Kind::Int16,
        Type::INT4 => Kind::Int32,
        Type::INT8 => Kind::Int64,
        Type::FLOAT4 => Kind::Float32,
        Type::FLOAT8 => Kind::Float64,
        Type::NUMERIC => return decimal(modifier),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::XML => {
            Kind::Text
        }
        Type::JSONB => Kind::Jsonb,
        Type::BYTEA => Kind::Binary,
        Type::UUID => Kind::Uuid,
        Type::DATE => Kind::Date,
        Type::TIME => Kind::Time,
        Type::TIMESTAMP => Kind::Timestamp,
        Type::TIMESTAMPTZ => Kind::Zoned,
        _ => return Found::Other,
    })
}

/// The digits of a `numeric(p,s)`, as `numeric.c` keeps them. Its scale may be below zero, or above its
/// precision, which Arrow's may not.
fn decimal(modifier: i32) -> Found {
    let Some(packed) = modifier.checked_sub(4).filter(|packed| *packed >= 0) else {
        return Found::Digits;
    };
    // The precision stands in the upper 16 bits; the scale in the lowest 11, with a sign since
    // version 15.
    let (precision, scale) = (packed >> 16, ((packed & 0x7ff) ^ 0x400) - 0x400);
    let precision = (precision - scale.min(0)).max(scale);
    match (u8::try_from(precision), i8::try_from(scale.max(0))) {
        (Ok(precision @ 1..=38), Ok(scale)) => Found::Kind(Kind::Decimal(precision, scale)),
        _ => Found::Digits,
    }
}

impl Column {
    /// As a `SELECT` asks for it.
    pub(super) fn selected(&self) -> String {
        format!("{}{}", Relation::column(&self.name), self.cast)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modifier(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + 4
    }

    fn of(type_: &Type, modifier: i32, asked: Option<&DataType>) -> (String, &'static str) {
        match column("c", type_, modifier, asked) {
            Ok(column) => (
                crate::column::show_type(&column.kind.data_type()),
                column.cast,
            ),
            Err(problem) => (problem.to_string(), "refused"),
        }
    }

    #[test]
    fn numbers_have_the_digits_that_are_declared() {
        for (precision, scale, expected) in [
            (12, 2, "decimal(12,2)"),
            (38, 38, "decimal(38,38)"),
            // Thousands, and numbers far behind the point.
            (2, -3, "decimal(5,0)"),
            (3, 5, "decimal(5,5)"),
        ] {
            let found = of(&Type::NUMERIC, modifier(precision, scale), None);
            assert_eq!(found, (expected.into(), ""), "{precision},{scale}");
        }
        let (many, _) = of(&Type::NUMERIC, modifier(50, 10), None);
        assert_eq!(
            many,
            "error: column `c` is numeric, and has more than 38 digits\n  hint: say in `types` what holds its values, `c: \"decimal(38,9)\"`, or `c: utf8` for their text"
        );
        let (bare, _) = of(&Type::NUMERIC_ARRAY, -1, None);
        assert_eq!(
            bare,
            "error: column `c` is _numeric, and does not say how many digits it has\n  hint: a `query` can cast it, `c::numeric(38,9)[]`, or say in `types` `c: utf8` for its text"
        );
    }

    #[test]
    fn what_is_asked_for_decides_where_the_server_does_not() {
        let decimal = DataType::Decimal64(10, 2);
        let cases = [
            (Type::NUMERIC, Some(&decimal), "decimal(10,2)", ""),
            (Type::NUMERIC, Some(&DataType::Float64), "utf8", "::text"),
            (Type::NUMERIC, Some(&DataType::Utf8), "utf8", "::text"),
            (Type::TIMESTAMP, Some(&DataType::Utf8), "utf8", "::text"),
            (Type::INT4_ARRAY, Some(&DataType::Utf8), "utf8", "::text"),
            (Type::JSONB, Some(&DataType::Utf8), "utf8", ""),
            (Type::INT4, Some(&DataType::Int64), "int32", ""),
            (Type::INET, None, "utf8", "::text"),
            (Type::INTERVAL_ARRAY, None, "list of utf8", "::text[]"),
        ];
        for (type_, asked, expected, cast) in cases {
            assert_eq!(of(&type_, -1, asked), (expected.into(), cast), "{type_}");
        }
    }
}
