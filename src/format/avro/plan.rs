//! From an Avro schema and a table's columns to how each value is encoded.

use arrow::datatypes::{DataType, Field, Fields};

use super::Timestamps;
use super::leaf::{Conversion, leaf};
use super::schema::{Branches, Logical, Schema, Type};
use crate::domain::{Domain, Range};
use crate::error::{Problem, did_you_mean};
use crate::format::Shape;
use crate::format::nested::{entry_fields, item_field, plain_type};
use crate::format::text::TextLeaf;
use crate::type_names::show_type;

/// What to do about a null that the schema does not allow.
pub const NULLS_HINT: &str = "make the field a union with null, or make the column without nulls: leave `nulls` out, or write `expr: \"coalesce(…)\"`, or where it is read `types: { NAME: { type: …, nullable: false } }`";

/// How the values of one column, item or field are encoded.
#[derive(Debug)]
pub struct Site {
    /// How a value is.
    pub codec: ValueCodec,
    /// The union that it stands in.
    pub union: Option<Branches>,
}

/// How a value is encoded.
#[derive(Debug)]
pub enum ValueCodec {
    /// Nothing.
    Null,
    /// One byte.
    Boolean,
    /// A zigzag varint.
    Integer(Conversion),
    /// Four bytes.
    Float,
    /// Eight bytes.
    Double,
    /// A length and bytes.
    Bytes,
    /// A length and text.
    Text,
    /// A length and a UUID as text.
    Uuid,
    /// As many bytes as the column's values have.
    Fixed,
    /// A decimal: a length and its fewest bytes, or as many bytes as said.
    Decimal(Option<usize>),
    /// The place of the text among the symbols.
    Enum(Vec<String>),
    /// A count, items, zero.
    Array(Box<Site>),
    /// A count, keys and values, zero.
    Map(Box<Site>),
    /// Fields one after the other.
    Record(Vec<RecordField>),
}

/// One field of a record and the column it comes from.
#[derive(Debug)]
pub struct RecordField {
    /// Its column, or its field of the struct.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its values.
    pub site: Site,
}

/// Matches columns with a schema and notes what does not fit.
struct SchemaMatch<'a> {
    timestamps: Timestamps,
    problems: Vec<Problem>,
    domains: &'a [Domain],
}

/// Matches the columns of a table with the fields of a record.
///
/// # Errors
/// Every column and field that do not fit.
pub fn plan(
    schema: &Schema,
    shape: &Shape,
    timestamps: Timestamps,
) -> Result<Vec<RecordField>, Vec<Problem>> {
    let Type::Record(fields) = &schema.kind else {
        return Err(vec!["the schema is not a record".into()]);
    };
    SchemaMatch::new(shape, timestamps)
        .finish(|matching| matching.members(fields, shape.schema.fields(), ""))
}

/// Matches one column with a schema of its values.
///
/// # Errors
/// The schema does not fit.
pub fn value(
    schema: &Schema,
    shape: &Shape,
    column: usize,
    timestamps: Timestamps,
) -> Result<Vec<RecordField>, Vec<Problem>> {
    let fields = shape.schema.fields();
    SchemaMatch::new(shape, timestamps).finish(|matching| {
        let site = matching.site(schema, &fields[column], fields[column].name());
        let member = site.map(|site| RecordField {
            index: column,
            name: fields[column].name().clone(),
            site,
        });
        Vec::from_iter(member)
    })
}

impl<'a> SchemaMatch<'a> {
    fn new(shape: &'a Shape, timestamps: Timestamps) -> Self {
        Self {
            timestamps,
            problems: Vec::new(),
            domains: &shape.domains,
        }
    }

    fn finish<T>(mut self, work: impl FnOnce(&mut Self) -> T) -> Result<T, Vec<Problem>> {
        let done = work(&mut self);
        match self.problems.is_empty() {
            true => Ok(done),
            false => Err(self.problems),
        }
    }

    fn members(
        &mut self,
        written: &[(String, Schema)],
        columns: &Fields,
        path: &str,
    ) -> Vec<RecordField> {
        for column in columns {
            // A column that the schema lacks would be lost without a word.
            if !written.iter().any(|(name, _)| name == column.name()) {
                self.problems.push(
                    Problem::new(format!(
                        "the schema has no field for column `{path}{}`",
                        column.name()
                    ))
                    .hint(
                        "add it to the schema, or leave the column out with the sink's `columns:`",
                    ),
                );
            }
        }
        let mut members = Vec::new();
        for (name, schema) in written {
            // By name, and in the schema's order: who reads has the schema, and may have written it
            // before there was a table.
            match columns.iter().position(|column| column.name() == name) {
                Some(index) => members.extend(self.member(schema, columns, index, path)),
                None => {
                    let names = columns.iter().map(|column| column.name().as_str());
                    let problem =
                        Problem::new(format!("no column for the schema's field `{path}{name}`"));
                    self.problems
                        .push(problem.hint(did_you_mean(name, names).unwrap_or_else(|| {
                            "add the column, or rename one with the sink's `columns:`".into()
                        })));
                }
            }
        }
        members
    }

    fn member(
        &mut self,
        schema: &Schema,
        columns: &Fields,
        index: usize,
        parent: &str,
    ) -> Option<RecordField> {
        let field = &columns[index];
        let path = format!("{parent}{}", field.name());
        let site = self.site(schema, field, &path)?;
        // Of columns alone the values are known before the first row; what stands within one is
        // looked at row by row.
        if let (Some(domain), true) = (self.domains.get(index), parent.is_empty()) {
            self.problems.extend(unfit(&site, domain, &path));
        }
        Some(RecordField {
            index,
            name: field.name().clone(),
            site,
        })
    }

    fn site(&mut self, schema: &Schema, field: &Field, path: &str) -> Option<Site> {
        let codec = self.codec(schema, field, path)?;
        Some(Site {
            codec,
            union: schema.union,
        })
    }

    fn codec(&mut self, schema: &Schema, field: &Field, path: &str) -> Option<ValueCodec> {
        let data_type = plain_type(field.data_type());
        let codec = match (&schema.kind, data_type) {
            (Type::Record(written), DataType::Struct(fields)) => {
                return Some(ValueCodec::Record(self.members(
                    written,
                    fields,
                    &format!("{path}."),
                )));
            }
            (Type::Map(values), DataType::Map(entries, _)) => {
                match entry_fields(entries.data_type()) {
                    Some((key, value)) if TextLeaf::of(key) == Some(TextLeaf::Text) => {
                        return Some(ValueCodec::Map(Box::new(self.site(values, value, path)?)));
                    }
                    _ => None,
                }
            }
            (Type::Map(_), _) => None,
            (Type::Array(items), _) => match item_field(data_type) {
                Some(item) => {
                    return Some(ValueCodec::Array(Box::new(self.site(items, item, path)?)));
                }
                None => None,
            },
            _ => leaf(schema, field, self.timestamps),
        };
        if codec.is_none() {
            self.problems.push(mismatch(schema, data_type, path));
        }
        codec
    }
}

fn mismatch(schema: &Schema, data_type: &DataType, path: &str) -> Problem {
    let wanted = show(schema);
    let problem = Problem::new(format!(
        "column `{path}` has the type {}, which the schema's {wanted} cannot hold",
        show_type(data_type)
    ));
    match (data_type, &schema.kind) {
        (DataType::Timestamp(..), Type::Long) => problem.hint(
            "say what the long counts: `timestamps: millis_long` or `timestamps: micros_long`",
        ),
        _ => problem.hint("give the column a type that fits, or change the schema"),
    }
}

/// The schema's type in words.
fn show(schema: &Schema) -> String {
    let kind = match &schema.kind {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Int => "int",
        Type::Long => "long",
        Type::Float => "float",
        Type::Double => "double",
        Type::Bytes => "bytes",
        Type::Text => "string",
        Type::Fixed(size) => return format!("fixed({size})"),
        Type::Enum(_) => "enum",
        Type::Array(_) => "array",
        Type::Map(_) => "map",
        Type::Record(_) => "record",
    };
    match schema.logical {
        Some(Logical::Decimal { precision, scale }) => format!("decimal({precision},{scale})"),
        Some(Logical::Uuid) => "uuid".into(),
        Some(Logical::Date) => "date".into(),
        Some(Logical::Time(_)) => format!("{kind} of a time"),
        Some(Logical::Timestamp(_)) => format!("{kind} of a timestamp"),
        None => kind.into(),
    }
}

/// What is known of a column's values and does not fit.
fn unfit(site: &Site, domain: &Domain, path: &str) -> Option<Problem> {
    if domain.nulls && site.union.is_none() && !matches!(site.codec, ValueCodec::Null) {
        return Some(
            Problem::new(format!(
                "column `{path}` has nulls, which the schema does not allow"
            ))
            .hint(NULLS_HINT),
        );
    }
    match (&site.codec, domain.range, &domain.dictionary) {
        (ValueCodec::Integer(conversion), Some(Range::Integer { min, max }), _) => {
            let edge = [min, max]
                .into_iter()
                .find(|edge| !conversion.fits(*edge))?;
            let message =
                format!("column `{path}` reaches {edge}, which the schema's type cannot hold");
            Some(Problem::new(message).hint("narrow the column's range, or make the field a long"))
        }
        (ValueCodec::Enum(symbols), _, Some(values)) => {
            let values = arrow::compute::cast(values, &DataType::Utf8).ok()?;
            let values = arrow::array::AsArray::as_string::<i32>(&values);
            let mut values = values.iter().flatten();
            let value = values.find(|value| !symbols.iter().any(|symbol| symbol == value))?;
            let message =
                format!("column `{path}` has the value `{value}`, which the enum has not");
            Some(Problem::new(message).hint("add the symbol to the schema"))
        }
        _ => None,
    }
}
