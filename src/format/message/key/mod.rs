//! `key`: what becomes of a message's key, from one column or from several.

mod value;

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Fields};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::raw::Single;
use super::{AvroMessage, JsonMessage, MessageFormat, MessageWriter, Registration, named};
use crate::domain::{Domain, Range};
use crate::error::{Problem, Problems, Result};
use crate::format::Shape;
use crate::format::json::check_field;
use crate::format::nested::plain_type;
use crate::format::text::TextLeaf;
use crate::place::{Node, Place, Placed, Text, Value, by_node, decode};
use crate::type_names::show_type;
use value::{AvroValue, Composite, Integers, JsonValue};

/// What a message's key is made of.
#[derive(Debug, Clone)]
pub struct Key {
    columns: Columns,
    format: KeyFormat,
}

#[derive(Debug, Clone)]
enum Columns {
    One(Placed<Text>),
    Several(Vec<Placed<Text>>, Place),
}

/// The key's columns and its bytes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyOptions {
    /// The column; where it is null a message has no key.
    column: Option<Placed<Text>>,
    /// Several columns, for `format: json` or `format: avro`.
    columns: Option<Placed<Vec<Placed<Text>>>>,
    /// The key's bytes (default `string`).
    #[serde(default)]
    format: KeyFormat,
}

/// A key's bytes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = crate::registry::or_bare)]
pub enum KeyFormat {
    /// The value as text, as CSV spells it but without quotes; bytes as they are.
    #[default]
    String,
    /// Four bytes, the highest first, as of Java's `IntegerSerializer`.
    Int32,
    /// Eight bytes, the highest first, as of Java's `LongSerializer`.
    Int64,
    /// A JSON value, or an object of `columns`.
    Json(JsonMessage),
    /// An Avro datum of the column's type, or a record of `columns`.
    Avro(Box<AvroMessage>),
}

impl Key {
    /// A column as text.
    pub fn text(column: Placed<Text>) -> Self {
        Self {
            columns: Columns::One(column),
            format: KeyFormat::String,
        }
    }

    /// The columns that it names.
    pub fn columns(&self) -> &[Placed<Text>] {
        match &self.columns {
            Columns::One(column) => std::slice::from_ref(column),
            Columns::Several(columns, _) => columns,
        }
    }

    fn indices(&self, shape: &Shape) -> Result<Vec<usize>, Vec<Problem>> {
        let mut problems = Problems::default();
        let columns = self.columns().iter();
        let columns = columns.filter_map(|column| problems.note(named(shape, column)));
        let indices = columns.collect();
        problems.into_result().map_err(|error| error.problems)?;
        Ok(indices)
    }

    fn from_node(node: &Node) -> Result<Self, Problem> {
        if !matches!(node.value, Value::Map(_)) {
            return Ok(Self {
                columns: Columns::One(decode(node)?),
                format: KeyFormat::String,
            });
        }
        let options: KeyOptions = decode(node)?;
        let columns = match (options.column, options.columns) {
            (Some(column), None) => Columns::One(column),
            (None, Some(columns)) => Columns::Several(columns.value, columns.place),
            (Some(column), Some(_)) => {
                return Err(Problem::new("`column` and `columns` are given together")
                    .hint("leave one of them out")
                    .at(&column.place));
            }
            (None, None) => {
                return Err(Problem::new("the key names no column")
                    .hint("add `column: …`")
                    .at(&node.place));
            }
        };
        let key = Self {
            columns,
            format: options.format,
        };
        key.check_columns()?;
        Ok(key)
    }

    fn check_columns(&self) -> Result<(), Problem> {
        let Columns::Several(columns, place) = &self.columns else {
            return Ok(());
        };
        let problem = match (&self.format, columns.as_slice()) {
            (_, []) => Problem::new("`columns` is empty").hint("name the key's columns"),
            (KeyFormat::Json(_) | KeyFormat::Avro(_), _) => return Ok(()),
            _ => Problem::new("a key of several columns is an object or a record")
                .hint("say `format: json` or `format: avro`, or name one `column`"),
        };
        Err(problem.at(place))
    }
}

impl MessageFormat for Key {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let columns = match self.indices(shape) {
            Ok(columns) => columns,
            Err(problems) => return problems,
        };
        if let Columns::Several(..) = self.columns {
            let shape = projected(shape, &columns);
            return match &self.format {
                KeyFormat::Avro(avro) => avro.check(&shape),
                KeyFormat::Json(json) => json.check(&shape),
                _ => Vec::new(),
            };
        }
        let (place, column) = (&self.columns()[0].place, columns[0]);
        let (field, domain) = (shape.schema.field(column), &shape.domains[column]);
        let problems = match &self.format {
            KeyFormat::String => text(field).into_iter().collect(),
            KeyFormat::Int32 => integer(field, domain, 32).into_iter().collect(),
            KeyFormat::Int64 => integer(field, domain, 64).into_iter().collect(),
            KeyFormat::Json(_) => check_field(field, field.name(), "JSON"),
            KeyFormat::Avro(avro) => {
                let mut problems = avro.contradictions();
                problems.extend(
                    avro.container(shape, Some(column))
                        .err()
                        .unwrap_or_default(),
                );
                problems
            }
        };
        let problems = problems.into_iter().map(|problem| problem.at(place));
        problems.collect()
    }

    fn registration(&self, shape: &Shape) -> Result<Option<Registration>, Vec<Problem>> {
        let KeyFormat::Avro(avro) = &self.format else {
            return Ok(None);
        };
        let columns = self.indices(shape)?;
        match &self.columns {
            Columns::Several(..) => avro.registration(&projected(shape, &columns)),
            Columns::One(_) => Ok(avro.registers(avro.container(shape, Some(columns[0]))?)),
        }
    }

    fn open(&self, shape: &Shape, schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        let columns = self.indices(shape)?;
        let one = columns[0];
        if let Columns::Several(..) = self.columns {
            let shape = projected(shape, &columns);
            let writer = match &self.format {
                KeyFormat::Avro(avro) => avro.open(&shape, schema_id)?,
                KeyFormat::Json(json) => json.open(&shape, None)?,
                _ => {
                    let problems: Vec<Problem> = self.check_columns().err().into_iter().collect();
                    return Err(problems.into());
                }
            };
            return Ok(Arc::new(Composite { columns, writer }));
        }
        Ok(match &self.format {
            KeyFormat::String => Arc::new(Single::new(shape, one)),
            KeyFormat::Int32 => Arc::new(Integers::<4> { column: one }),
            KeyFormat::Int64 => Arc::new(Integers::<8> { column: one }),
            KeyFormat::Json(json) => Arc::new(JsonValue::new(shape, one, json.values())),
            KeyFormat::Avro(avro) => {
                let container = avro.container(shape, Some(one))?;
                let container = avro.framed(container, schema_id)?;
                Arc::new(AvroValue {
                    column: one,
                    container,
                })
            }
        })
    }
}

/// A type without a text form.
fn text(field: &Field) -> Option<Problem> {
    TextLeaf::of(field).is_none().then(|| {
        let (name, data_type) = (field.name(), show_type(field.data_type()));
        Problem::new(format!(
            "column `{name}` has the type {data_type}, which is no text"
        ))
        .hint("say `format: json` or `format: avro`")
    })
}

/// A type that is no integer, or one whose values are too great.
fn integer(field: &Field, domain: &Domain, bits: u32) -> Option<Problem> {
    let (name, data_type) = (field.name(), field.data_type());
    if !plain_type(data_type).is_integer() {
        let data_type = show_type(data_type);
        let message = format!(
            "column `{name}` has the type {data_type}, which is no integer as `int{bits}` needs"
        );
        return Some(Problem::new(message).hint("say `format: string`"));
    }
    // Before the first row where the range is known; what is not known is looked at row by row.
    let Some(Range::Integer { min, max }) = domain.range else {
        return None;
    };
    let fits = |edge: &i128| (-(1_i128 << (bits - 1))..1_i128 << (bits - 1)).contains(edge);
    let edge = [min, max].into_iter().find(|edge| !fits(edge))?;
    let message = format!("column `{name}` reaches {edge}, which a key of `int{bits}` cannot hold");
    Some(Problem::new(message).hint(value::wider(bits)))
}

/// The shape of some columns alone.
fn projected(shape: &Shape, columns: &[usize]) -> Shape {
    let fields = columns
        .iter()
        .map(|index| shape.schema.fields()[*index].clone());
    let domains = columns.iter().map(|index| shape.domains[*index].clone());
    let fields: Fields = fields.collect::<Vec<FieldRef>>().into();
    Shape {
        schema: Arc::new(arrow::datatypes::Schema::new(fields)),
        order: Vec::new(),
        domains: domains.collect(),
        trial: None,
        changes: None,
        // The rows' order and what is known of changes name columns by places that are others here:
        // both are left out.
        ..shape.clone()
    }
}

by_node!(Key = "MessageKey", Key::from_node, |generator| {
    let options = KeyOptions::json_schema(generator);
    json_schema!({ "anyOf": [{ "type": "string" }, options] })
});
