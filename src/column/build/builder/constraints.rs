//! What a column must hold, whatever made it; and the field that it becomes.

use arrow::datatypes::{DataType, Field};

use crate::column::build::{BuiltColumn, Column, CommonOptions};
use crate::column::values::types::{UUID_EXTENSION, show_type};
use crate::error::Problem;

/// What every column must hold, whatever made it. Of a table that is `read` a source may hold it, too.
///
/// # Errors
/// The first thing that it does not hold.
// That no value stands twice is proved or refused: to keep all values of an endless table, to
// compare with, would fill any memory.
pub(super) fn check(
    made: &BuiltColumn,
    column: &Column,
    name: &str,
    read: bool,
) -> Result<(), Problem> {
    let common = &column.common;
    if let Some(instead) = column.generator.must_hide()
        && !column.is_hidden()
    {
        let message = format!("column `{name}` has no value of its own to show");
        return Err(Problem::new(message).at(&column.place).hint(instead));
    }
    if let Some(on_bad_row) = &common.on_bad_row
        && column.generator.kind() != "expr"
    {
        let kind = column.generator.kind();
        let message = format!("`on_bad_row` belongs to `expr`: `{kind}` has a value in every row");
        return Err(Problem::new(message).at(&on_bad_row.place));
    }
    if let Some(wanted) = &common.data_type
        && show_type(&made.data_type) != show_type(&wanted.data_type)
    {
        let (kind, makes) = (column.generator.kind(), show_type(&made.data_type));
        let message = format!(
            "`{kind}` makes {makes}, not {}",
            show_type(&wanted.data_type)
        );
        return Err(Problem::new(message).at(&wanted.place));
    }
    check_nulls(common, name)?;
    if let Some(nullable) = &common.nullable
        && !nullable.value.0
        && made.domain.nulls
    {
        return Err(Problem::new(format!(
            "column `{name}` has `nullable: false`, but its values can be null"
        ))
        .at(&nullable.place)
        .hint(match read {
            false => "give the missing ones a value with `expr: \"coalesce(…)\"`",
            true => "give the missing ones a value with `expr: \"coalesce(…)\"`, or make them bad rows where they are read: `types: { NAME: { type: …, nullable: false } }`",
        }));
    }
    match &common.unique {
        Some(unique) if unique.value.0 && !made.domain.unique => Err(Problem::new(format!(
            "that column `{name}` is unique cannot be proved for `{}`", column.generator.kind()))
            .at(&unique.place)
            .hint("`sequence`, `permute`, `uuid`, whole-number `uniform`, `pattern`, and a `template` with one of them can be unique")),
        _ => Ok(()),
    }
}

/// The share of nulls that is asked for.
fn check_nulls(common: &CommonOptions, name: &str) -> Result<(), Problem> {
    let Some(nulls) = &common.nulls else {
        return Ok(());
    };
    let share = nulls.value.0;
    let is_required = common.nullable.as_ref().is_some_and(|flag| !flag.value.0);
    let message = match share {
        share if !(0.0..=1.0).contains(&share) => {
            format!("`nulls` is a fraction from 0 to 1, found {share}")
        }
        share if share > 0.0 && is_required => {
            format!("column `{name}` has `nullable: false` and yet `nulls`")
        }
        _ => return Ok(()),
    };
    Err(Problem::new(message).at(&nulls.place))
}

/// Its name, type and nullability.
pub(super) fn field(name: &str, data_type: &DataType, column: &Column) -> Field {
    let nullable = column
        .common
        .nullable
        .as_ref()
        .is_none_or(|flag| flag.value.0);
    let field = Field::new(name, data_type.clone(), nullable);
    let extension = column
        .common
        .data_type
        .as_ref()
        .and_then(|wanted| wanted.extension);
    match extension {
        Some(UUID_EXTENSION) => field.with_metadata(
            // Sixteen bytes stay sixteen bytes: the name in the metadata is Arrow's canonical
            // extension, which readers that do not know it skip.
            [(
                "ARROW:extension:name".to_string(),
                UUID_EXTENSION.to_string(),
            )]
            .into(),
        ),
        _ => field,
    }
}
