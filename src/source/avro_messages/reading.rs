//! Avro messages on their way to being rows of one schema, whichever their writers have.

use std::collections::BTreeMap;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter;
use arrow::datatypes::{Field, Schema};
use arrow::util::display::array_value_to_string;

use super::AvroOptions;
use crate::client::registry::Client;
use crate::column::show_type;
use crate::error::{Error, Problem, Result};
use crate::format::message::Framing;
use crate::place::{FilePath, Place, Placed};
use crate::plain_file::read_text;
use crate::source::Types;
use crate::source::avro_rows::AvroRows;
use crate::source::messages::decode;
use crate::source::piece::Columns;
use crate::source::reject::BadRow;
use crate::source::retype::{convert, is_missing, missing, wanted};

/// Avro messages, and who knows their writers' schemas.
pub struct AvroMessages {
    rows: AvroRows,
    registry: Option<Client>,
}

impl AvroMessages {
    /// Those of a schema, and their columns. Where they are read stands at `place`; `subject` has their schema
    /// where nothing else is said.
    ///
    /// # Errors
    /// Nothing says which columns they have.
    pub fn new(
        avro: &AvroOptions,
        (place, subject): (&Place, Option<String>),
        types: &Types,
    ) -> Result<(Self, Vec<Field>), Problem> {
        let registry = avro.registry.as_ref().map(Client::new).transpose();
        let registry = registry.map_err(|error| first(error, place))?;
        let (schema, at) = match (&avro.schema_file, &registry) {
            (Some(file), _) => (read(file)?, &file.place),
            (None, Some(registry)) => {
                let said = avro.subject.as_ref();
                let at = said.map_or(place, |subject| &subject.place);
                let subject = said.map(|subject| subject.value.0.clone()).or(subject);
                let subject = subject.ok_or_else(|| {
                    let what = "nothing says which of the registry's schemas the rows have";
                    let hint = "give `avro:` the `subject`, or a `schema_file`";
                    Problem::new(what).at(place).hint(hint)
                })?;
                let newest = registry.newest(&subject);
                (newest.map_err(|error| first(error, at))?.to_string(), at)
            }
            (None, None) => {
                let what = "nothing says which columns the Avro messages have";
                let hint = "give `avro:` a `schema_file`, or a `registry`";
                return Err(Problem::new(what).at(place).hint(hint));
            }
        };
        let framing = avro.framing();
        if framing == Framing::Confluent && registry.is_none() {
            let what = "`framing: confluent` needs the `registry` that has the schemas";
            return Err(Problem::new(what).at(place));
        }
        let rows = AvroRows::new(&schema, framing).map_err(|error| first(error, at))?;
        let fields = wanted(&rows.schema(), types)?;
        let fields = fields.fields().iter().map(|field| field.as_ref().clone());
        Ok((Self { rows, registry }, fields.collect()))
    }

    /// Columns of these messages, as `schema` has them.
    ///
    /// # Errors
    /// A registry does not answer.
    pub fn read(&self, schema: &Schema, bytes: &[&[u8]], columns: &[usize]) -> Result<Columns> {
        self.learn(bytes)?;
        let (batch, bad) = decode(&self.rows, bytes)?;
        typed(&batch, schema, columns, bytes.len(), bad)
    }

    /// Asks the registry for the schemas of writers that are new.
    fn learn(&self, bytes: &[&[u8]]) -> Result<()> {
        let Some(registry) = &self.registry else {
            return Ok(());
        };
        for id in self.rows.unknown(bytes) {
            // A number that the registry never gave, or gave to other rows, stands in a broken
            // message, which is left out as such. A registry that does not answer ends the run.
            if let Some(schema) = registry.find(id)?
                && let Err(error) = self.rows.learn(id, &schema)
            {
                tracing::warn!("{error}");
            }
        }
        Ok(())
    }
}

/// An error as a problem with an option.
fn first(error: Error, place: &Place) -> Problem {
    let first = error.problems.into_iter().next();
    first
        .unwrap_or_else(|| Problem::new("it cannot be read"))
        .at(place)
}

fn read(file: &Placed<FilePath>) -> Result<String, Problem> {
    let path = file.beside();
    read_text(&path).map_err(|error| {
        Problem::new(format!("could not read the schema `{}`", path.display()))
            .at(&file.place)
            .cause(error)
            .hint("a path to read is relative to the pipeline's file")
    })
}

/// The columns as `schema` has them. Of so many messages, `batch` lacks those in `bad`; a message
/// with a value that does not become its column's type joins them.
fn typed(
    batch: &RecordBatch,
    schema: &Schema,
    columns: &[usize],
    messages: usize,
    mut bad: Vec<(usize, BadRow)>,
) -> Result<Columns> {
    let mut arrays = Vec::with_capacity(columns.len());
    let mut wrong = BTreeMap::new();
    for column in columns {
        let (field, values) = (schema.field(*column), batch.column(*column));
        let (made, rows) = convert(values, field.data_type())?;
        let missing = missing(&made, field);
        arrays.push(made);
        for row in missing.into_iter().filter(|row| !rows.contains(row)) {
            wrong.entry(row).or_insert_with(|| is_missing(field.name()));
        }
        for row in rows {
            let (name, wanted) = (field.name(), show_type(field.data_type()));
            let value = array_value_to_string(values, row)?;
            wrong.entry(row).or_insert_with(|| {
                let message = format!("column `{name}`: {value} cannot be read as {wanted}");
                BadRow::new("wrong type", message)
            });
        }
    }
    if wrong.is_empty() {
        return Ok((arrays, bad));
    }
    let keep = (0..batch.num_rows()).map(|row| Some(!wrong.contains_key(&row)));
    let keep: BooleanArray = keep.collect();
    let arrays = arrays.iter().map(|values| Ok(filter(values, &keep)?));
    let arrays = arrays.collect::<Result<_>>()?;
    let mut bad_places = bad.iter().map(|(place, _)| *place).peekable();
    let decoded = |place: &usize| bad_places.next_if_eq(place).is_none();
    let decoded: Vec<usize> = (0..messages).filter(decoded).collect();
    bad.extend(wrong.into_iter().map(|(row, wrong)| (decoded[row], wrong)));
    bad.sort_by_key(|(place, _)| *place);
    Ok((arrays, bad))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Int32Type};

    use super::*;

    #[test]
    fn messages_with_values_of_other_types_are_bad_ones() {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 3_000_000_000, 3]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["4", "x", "y"]));
        let batch = RecordBatch::try_from_iter([("id", ids), ("n", texts)]).unwrap();
        let field = |name| Field::new(name, DataType::Int32, true);
        let schema = Schema::new(vec![field("id"), field("n")]);
        let first = vec![(1, BadRow::new("not Avro", "broken"))];
        let (arrays, bad) = typed(&batch, &schema, &[0, 1], 4, first).unwrap();
        let values = |array: &ArrayRef| array.as_primitive::<Int32Type>().values().to_vec();
        assert_eq!(arrays.iter().map(values).collect::<Vec<_>>(), [[1], [4]]);
        let bad: Vec<_> = bad
            .iter()
            .map(|(place, bad)| (*place, bad.message.as_str()))
            .collect();
        assert_eq!(
            bad,
            [
                (1, "broken"),
                (2, "column `id`: 3000000000 cannot be read as int32"),
                (3, "column `n`: y cannot be read as int32"),
            ]
        );
    }
}
