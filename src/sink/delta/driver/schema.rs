//! The columns of a table as its log says them, and whether rows fit.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use delta_kernel::engine::arrow_conversion::TryFromArrow;
use delta_kernel::schema::{SchemaRef, StructField, StructType};
use delta_kernel::snapshot::SnapshotRef;

use crate::error::{Error, Problem, Result};
use crate::format::Shape;

/// What the rows of a sink are to a table.
#[derive(Clone)]
pub(super) struct TableColumns {
    /// All columns: those of the files, then those that name folders.
    pub(super) schema: SchemaRef,
    /// Those that name folders.
    pub(super) partition_by: Vec<String>,
    /// Those of which no value is null, by their names.
    whole: Vec<String>,
}

impl TableColumns {
    /// The columns of these rows, as they are written.
    ///
    /// # Errors
    /// A type that no table has: it was checked before.
    pub(super) fn of(shape: &Shape) -> Result<Self> {
        let fields = shape.schema.fields().iter().map(|field| field.as_ref());
        let fields: Vec<&Field> = fields.chain(&shape.folders).collect();
        // A table whose columns must not be null asks more of its writers than it gives its readers.
        let columns: Vec<Field> = fields
            .iter()
            .map(|field| plain(field).with_nullable(true))
            .collect();
        let schema = StructType::try_from_arrow(&Schema::new(columns));
        let schema = schema.map_err(|error| Error::because("making the table's columns", error))?;
        let whole = fields.iter().filter(|field| !field.is_nullable());
        Ok(Self {
            schema: Arc::new(schema),
            partition_by: shape
                .folders
                .iter()
                .map(|field| field.name().clone())
                .collect(),
            whole: whole.map(|field| field.name().clone()).collect(),
        })
    }

    /// What keeps these rows from being added to a table, if anything does.
    pub(super) fn misfit(
        &self,
        shown: &str,
        table: &SnapshotRef,
        parts: &[String],
    ) -> Option<Problem> {
        if let Some(mapped) = table.table_properties().column_mapping_mode
            && mapped != delta_kernel::table_features::ColumnMappingMode::None
        {
            let what = format!("`{shown}` is a table whose files know columns by other names");
            let cause = "its column mapping is on, and rowgen writes names as they are";
            return Some(
                Problem::new(what)
                    .cause(cause)
                    .hint("write to another table"),
            );
        }
        let differences = self.differences(&table.schema());
        if !differences.is_empty() {
            let what = format!("`{shown}` is a table of other columns");
            return Some(
                Problem::new(what)
                    .cause(differences.join("; "))
                    .hint("write to another table, or make the columns alike: `columns` chooses and names them"),
            );
        }
        if self.partition_by != parts {
            let what = format!("`{shown}` is a table of other partitions");
            let cause = format!(
                "the table is partitioned by {}, the sink by {}",
                listed(parts),
                listed(&self.partition_by)
            );
            let hint = match parts {
                [] => "leave out `partition_by`, or write to another table".to_string(),
                parts => format!(
                    "say `partition_by: [{}]`, or write to another table",
                    parts.join(", ")
                ),
            };
            return Some(Problem::new(what).cause(cause).hint(hint));
        }
        None
    }

    /// Every column that is not the same in both, with what both say of it.
    fn differences(&self, table: &StructType) -> Vec<String> {
        let own: BTreeMap<&String, &StructField> = self.schema.fields().map(named).collect();
        let theirs: BTreeMap<&String, &StructField> = table.fields().map(named).collect();
        let mut differences = Vec::new();
        for field in table.fields() {
            let name = field.name();
            match own.get(name) {
                None => differences.push(format!(
                    "column `{name}` ({}) of the table is not in the rows",
                    field.data_type()
                )),
                Some(own) if own.data_type().to_string() != field.data_type().to_string() => {
                    differences.push(format!(
                        "column `{name}` is {} in the table and {} in the rows",
                        field.data_type(),
                        own.data_type()
                    ));
                }
                Some(_) if !field.is_nullable() && !self.whole.contains(name) => {
                    differences.push(format!(
                        "column `{name}` is never null in the table and may be null in the rows"
                    ))
                }
                Some(_) => {}
            }
        }
        for field in self
            .schema
            .fields()
            .filter(|field| !theirs.contains_key(field.name()))
        {
            differences.push(format!(
                "column `{}` ({}) of the rows is not in the table",
                field.name(),
                field.data_type()
            ));
        }
        differences
    }
}

fn named(field: &StructField) -> (&String, &StructField) {
    (field.name(), field)
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".into(),
        names => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        }
    }
}

/// A field as files hold it: batches may hold its values otherwise.
fn plain(field: &Field) -> Field {
    let inner = |field: &FieldRef| Arc::new(plain(field));
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => {
            return plain(&field.clone().with_data_type(values.as_ref().clone()));
        }
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::List(item) => DataType::List(inner(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        other => other.clone(),
    };
    // What other systems note of a field is theirs.
    Field::new(field.name(), data_type, field.is_nullable())
}
