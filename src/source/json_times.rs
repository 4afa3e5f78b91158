//! Finds objects whose dates and times the library would take for something else, without parsing them:
//! numbers, which do not say what they count but in timestamps, where fractions would be cut off; and
//! texts with an offset where no instant is meant.

use arrow::datatypes::{DataType, Schema};
use memchr::memchr2;
use memchr::memmem::Finder;

use crate::kernel::local_time::has_offset;

/// The columns of dates and times.
#[derive(Debug, Clone)]
pub struct TimeColumns {
    columns: Vec<TimeColumn>,
    /// Any letter of a name may be written so.
    escape: Finder<'static>,
}

#[derive(Debug, Clone)]
struct TimeColumn {
    /// The name, within quotes.
    key: Finder<'static>,
    /// An offset in a text counts.
    instants: bool,
    /// Whole numbers count the type's unit.
    counts: bool,
}

impl TimeColumns {
    /// Those of a schema.
    pub fn new(schema: &Schema) -> Self {
        let fields = schema.fields().iter();
        let times = fields.filter(|field| field.data_type().is_temporal());
        let column = |field: &std::sync::Arc<arrow::datatypes::Field>| TimeColumn {
            key: Finder::new(format!("\"{}\"", field.name()).as_bytes()).into_owned(),
            instants: !matches!(
                field.data_type(),
                DataType::Date32 | DataType::Timestamp(_, None)
            ),
            counts: matches!(field.data_type(), DataType::Timestamp(..)),
        };
        Self {
            columns: times.map(column).collect(),
            escape: Finder::new(br"\u").into_owned(),
        }
    }

    /// No column is a date or a time.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// True where a field of one of the columns may be such a number or text. Never false where one is; a
    /// text or an inner object may look like one.
    pub fn may_differ(&self, object: &[u8]) -> bool {
        let column = |column: &TimeColumn| {
            let found = column.key.find_iter(object);
            let length = column.key.needle().len();
            let mut found = found.map(|at| &object[at + length..]);
            found.any(|behind| differs(behind, column))
        };
        !self.columns.is_empty()
            // A name may be spelt with escapes, `"\u0061t"`: such an object is looked at in full,
            // whatever it holds. There are next to none.
            && (self.columns.iter().any(column) || self.escape.find(object).is_some())
    }
}

/// True where a value of another kind stands behind the name.
fn differs(behind: &[u8], column: &TimeColumn) -> bool {
    let Some(value) = behind.trim_ascii_start().strip_prefix(b":") else {
        return false;
    };
    match value.trim_ascii_start() {
        [b'"', text @ ..] => {
            let end = memchr2(b'"', b'\\', text).unwrap_or(text.len());
            !column.instants && (text.get(end) == Some(&b'\\') || has_offset(&text[..end]))
        }
        [b'n', ..] => false,
        number if column.counts => {
            let digits = |byte: &&u8| byte.is_ascii_digit() || **byte == b'-';
            let length = number.iter().take_while(digits).count();
            length == 0 || matches!(number.get(length), Some(b'.' | b'e' | b'E'))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, TimeUnit};

    use super::*;

    #[test]
    fn only_numbers_and_offsets_are_found() {
        let field = |name, data_type| Field::new(name, data_type, true);
        let times = TimeColumns::new(&Schema::new(vec![
            field("id", DataType::Int64),
            field("d", DataType::Date32),
            field("t", DataType::Timestamp(TimeUnit::Second, None)),
            field(
                "z",
                DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
            ),
            field("o", DataType::Time32(TimeUnit::Second)),
        ]));
        for object in [
            r#"{"d":20484}"#,
            r#"{"id":1,"t" : -1.5 }"#,
            r#"{"z":1769900000.5}"#,
            r#"{"z":17e8}"#,
            r#"{"o":36000}"#,
            r#"{"x":{"d":5}}"#,
            r#"{"d":"2026-01-31T00:30:00+02:00"}"#,
            "{\"t\"\n:\t\"2026-01-31 00:30:00-05\"}",
            r#"{"\u0064":5}"#,
            r#"{"d":true}"#,
        ] {
            assert!(times.may_differ(object.as_bytes()), "{object}");
        }
        for object in [
            r#"{"d":"2026-01-31","t":"2026-01-31T10:00:00","z":"2026-01-31T10:00:00+02:00"}"#,
            r#"{"d":"2026-01-31T10:00:00Z","t":null,"o":"10:00:00","id":5}"#,
            r#"{"id":5,"x":"d","y":["d",5]}"#,
            r#"{"t":1769900000,"z" : -5 }"#,
            "{}",
        ] {
            assert!(!times.may_differ(object.as_bytes()), "{object}");
        }
        let none = TimeColumns::new(&Schema::new(vec![field("id", DataType::Int64)]));
        assert!(!none.may_differ(br#"{"id":5,"\u0064":5}"#));
    }
}
