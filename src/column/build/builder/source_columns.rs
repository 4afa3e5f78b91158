//! Columns that a table is read from, among those that are made of them.

use std::sync::Arc;

use arrow::datatypes::DataType;

use super::Builder;
use crate::column::generators::structure::StructureFields;
use crate::column::program::Origin;
use crate::column::values::types::show_type;
use crate::domain::Domain;
use crate::error::Problem;
use crate::place::{Place, Placed};

impl Builder {
    /// A table's columns in the order of its output, each with whether it is hidden: those that are
    /// read, or what stands in their place, before those that are only made.
    pub fn columns(&self, table: &str) -> Vec<(Placed<String>, bool)> {
        let Some(scope) = self.tables.get(table).map(|at| &self.scopes[*at]) else {
            return Vec::new();
        };
        let made = |name: &str| scope.made.get(name).map(|index| &scope.columns[*index]);
        let read = scope
            .source_columns
            .iter()
            .flat_map(|source_columns| &source_columns.fields);
        let mut columns: Vec<(Placed<String>, bool)> = Vec::new();
        for field in read {
            match (made(field.name()), &scope.place) {
                (Some((name, column)), _) => columns.push((name.clone(), column.is_hidden())),
                (None, Some(place)) => columns.push((
                    Placed {
                        value: field.name().clone(),
                        place: place.clone(),
                    },
                    false,
                )),
                (None, None) => {}
            }
        }
        for (name, column) in &scope.columns {
            if !scope.read.contains_key(&name.value) {
                columns.push((name.clone(), column.is_hidden()));
            }
        }
        columns
    }

    /// The column of that name that is made. One that takes the place of a column that is read
    /// sees that one under its own name.
    pub(super) fn made(&self, scope: usize, name: &str) -> Option<usize> {
        let index = self.find(scope, name)?;
        let own = self.scopes[scope].building.last() == Some(&index);
        (!own || self.source_columns(scope, name).is_none()).then_some(index)
    }

    fn source_columns(&self, scope: usize, name: &str) -> Option<usize> {
        self.scopes[scope].read.get(name).copied()
    }

    /// The node of the column of that name that is read.
    pub(super) fn read(&mut self, scope: usize, name: &str) -> Option<usize> {
        let index = self.source_columns(scope, name)?;
        // A column of the same name takes its place for all others; it alone reads this one.
        let own = match self.find(scope, name) {
            Some(_) => format!("{name} (read)"),
            None => name.to_string(),
        };
        if let Some(node) = self.scopes[scope].names.get(&own) {
            return Some(*node);
        }
        let fields = &self.scopes[scope].source_columns.as_ref()?.fields;
        let field = fields[index].as_ref().clone();
        let domain = Domain {
            nulls: field.is_nullable(),
            ..Domain::default()
        };
        Some(self.push(scope, &own, field, domain, Origin::Outer(index)))
    }

    /// A field of a struct that is read.
    pub(super) fn read_field(
        &mut self,
        scope: usize,
        node: usize,
        rest: &str,
        path: &str,
        place: &Place,
    ) -> Result<usize, Problem> {
        let field = &self.scopes[scope].nodes[node].field;
        let DataType::Struct(fields) = field.data_type() else {
            let (name, kind) = (field.name(), show_type(field.data_type()));
            let message = format!("column `{name}` has no fields: it is {kind}");
            return Err(Problem::new(message).at(place));
        };
        let fields = Arc::new(StructureFields::read(fields));
        self.build_field_of(scope, fields, node, rest, path, place)
    }

    /// A table that is read has no row that could be made alone.
    pub(super) fn refuse_read_table(
        &self,
        scope: usize,
        name: &str,
        place: &Place,
    ) -> Result<(), Problem> {
        let scope = &self.scopes[scope];
        match scope.source_columns {
            None => Ok(()),
            // Rows that change are made here.
            Some(_) if scope.changes.is_some() => Ok(()),
            Some(_) => Err(Problem::new(format!(
                "table `{name}` is read: no other table can refer to its rows"
            ))
            .at(place)
            .hint("read a small file under `reference:` instead, and use `reference` or `lookup`")),
        }
    }
}
