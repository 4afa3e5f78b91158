//! What a generator sees while it is built: its key, its type, the columns and tables around it.
//!
//! Generators ask `Build`, and `Build` asks the `builder`: no generator names it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Fields as ArrowFields};

use super::builder::Builder;
use super::options::{Column, ColumnList};
use crate::column::changes::Changed;
use crate::column::program::{Fill, Program, Selection};
use crate::column::program_cell::ProgramCell;
use crate::column::random::hash::Key;
use crate::column::reference_data::Reference;
use crate::column::values::types::{ColumnType, show_type};
use crate::domain::Domain;
use crate::error::{Problem, did_you_mean};
use crate::place::{Place, Placed, Text};

/// A generator's view of the table it is built into.
pub struct Build<'a> {
    pub(in crate::column) tables: &'a mut Builder,
    pub(in crate::column) scope: usize,
    pub(in crate::column) inputs: Vec<usize>,
    /// What this column's randomness is keyed by.
    pub key: Key,
    /// The column's path, for messages.
    pub name: String,
    /// Where the column stands.
    pub place: Place,
    /// The type the file asks for.
    pub wanted: Option<ColumnType>,
    /// The file asks that no value stands twice.
    pub unique: bool,
    /// The file asks for null where a row has no value.
    pub tolerant: bool,
}

/// What a column stands in.
pub(in crate::column) struct EnclosingScope<'a> {
    /// The table's name, or the path of the column around.
    pub name: &'a str,
    /// The file says how many rows.
    pub has_rows: bool,
    /// All columns in it.
    pub columns: &'a ColumnList,
    /// The column that is being built.
    pub building: Option<usize>,
    /// Its rows are read.
    pub read: bool,
    /// Within a column: the scope which that stands in, and the room for items in each row's list.
    pub outer: Option<(usize, Option<u64>)>,
}

/// A column that another one reads.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its place among the inputs that `fill` gets.
    pub index: usize,
    /// Its type as it comes; text may come as a dictionary.
    pub data_type: DataType,
    /// What is known of it.
    pub domain: Domain,
}

/// What a generator has made of its options.
pub struct BuiltColumn {
    /// The type of the values as they come; text may come as a dictionary.
    pub data_type: DataType,
    /// What is known of the values.
    pub domain: Domain,
    /// Makes the values. With a `pick`, its only input is the pick.
    pub fill: Arc<dyn Fill>,
    /// Each value is a function of the inputs' values in its row alone.
    pub pointwise: bool,
    /// What the values and fields are made from: a row of a reference or of a parent, a person.
    pub pick: Option<Pick>,
    /// The fields that `column.field` can read.
    pub fields: Option<Arc<dyn ColumnFields>>,
    /// The table's row count, when this column decides it.
    pub rows: Option<u64>,
    /// Through how many tables, one behind the other, its values are made.
    pub steps: usize,
}

/// What is chosen for a row, before any of it is shown.
pub struct Pick {
    /// Its type.
    pub data_type: DataType,
    /// Makes it from the inputs asked for while building.
    pub fill: Arc<dyn Fill>,
    /// Each pick is a function of the inputs' values in its row alone.
    pub pointwise: bool,
    /// It is one of so many rows.
    pub rows: Option<usize>,
    /// It can be null, and with it all that is shown of it.
    pub nulls: bool,
}

/// The fields of a column that has some.
pub trait ColumnFields: Send + Sync {
    /// The column behind `path`. Its input 0 is the pick, or the column itself without one.
    ///
    /// # Errors
    /// There is no such field.
    fn field(&self, path: &str, build: &mut Build<'_>) -> Result<BuiltColumn, Problem>;
}

/// Another table, to refer to.
#[derive(Clone)]
pub struct Parent {
    pub(in crate::column) scope: usize,
    /// Its name.
    pub name: String,
    /// Its columns once every table is built.
    pub program: Arc<ProgramCell>,
    /// How many rows it has; none when it is endless.
    pub rows: Option<u64>,
    /// How its rows come, change and go, where they do.
    pub changes: Option<Arc<dyn Changed>>,
}

/// Columns within a column.
pub struct NestedColumns {
    /// Makes them.
    pub program: Program,
    /// All of them that are not hidden.
    pub selection: Selection,
    /// Their names and types.
    pub fields: ArrowFields,
    /// What is known of each.
    pub domains: Vec<Domain>,
    /// The most bytes of all of them together, hidden ones too.
    pub bytes: u64,
    /// Where the outer columns they read begin among the inputs of the column around them.
    // Behind the inputs that the column itself has asked for.
    pub first_input: usize,
}

impl BuiltColumn {
    /// Values of a type, and how they are made.
    pub fn new(data_type: DataType, domain: Domain, fill: impl Fill + 'static) -> Self {
        Self {
            data_type,
            domain,
            fill: Arc::new(fill),
            pointwise: false,
            pick: None,
            fields: None,
            rows: None,
            steps: 0,
        }
    }

    /// Values that are functions of the inputs alone, and can be computed for each of few inputs
    /// before the first row.
    pub fn pointwise(data_type: DataType, domain: Domain, fill: impl Fill + 'static) -> Self {
        Self {
            pointwise: true,
            ..Self::new(data_type, domain, fill)
        }
    }
}

impl Build<'_> {
    /// The column or field at `path` as an input of this one.
    ///
    /// # Errors
    /// Nothing has that path, or it depends on this column.
    pub fn input(&mut self, path: &str, place: &Place) -> Result<Input, Problem> {
        let node = self.tables.resolve(self.scope, path, place)?;
        let node = self.tables.plain_node(self.scope, node);
        Ok(self.add_input(node))
    }

    /// As `input`, but a column of few values comes as a dictionary whatever its type.
    ///
    /// # Errors
    /// As `input`.
    pub fn dictionary_input(&mut self, path: &str, place: &Place) -> Result<Input, Problem> {
        let node = self.tables.resolve(self.scope, path, place)?;
        Ok(self.add_input(node))
    }

    /// Puts a column that is made of one of the inputs in the input's place; one that has `name`
    /// already is taken for the same.
    pub fn replace(
        &mut self,
        input: &Input,
        name: &str,
        made: impl FnOnce() -> BuiltColumn,
    ) -> Input {
        let at = input.index;
        let inputs = vec![self.inputs[at]];
        let node = self.tables.derived(self.scope, name, inputs, made);
        self.inputs[at] = self.tables.plain_node(self.scope, node);
        self.described(at)
    }

    /// Parents whose children are counted before the first row: how many all of the pipeline are, with
    /// these.
    pub fn count_parents(&self, more: u64) -> u64 {
        self.tables.count_parents(more)
    }

    /// Languages whose lists are held: how many all of the pipeline are, with these.
    pub fn count_languages(&self, more: u64) -> u64 {
        self.tables.count_languages(more)
    }

    /// True when the input is a function of few values that are known.
    pub fn is_precomputed(&self, input: usize) -> bool {
        self.tables.is_precomputed(self.scope, self.inputs[input])
    }

    /// What this column stands in.
    pub(in crate::column) fn around(&self) -> EnclosingScope<'_> {
        self.tables.scope(self.scope)
    }

    /// What is known of an input.
    pub(in crate::column) fn input_domain(&self, input: usize) -> &Domain {
        &self.tables.node(self.scope, self.inputs[input]).domain
    }

    /// A node for this column's own use, made of other nodes.
    pub(in crate::column) fn add(
        &mut self,
        name: &str,
        made: BuiltColumn,
        inputs: Vec<usize>,
    ) -> usize {
        self.tables.derived(self.scope, name, inputs, || made)
    }

    pub(in crate::column) fn add_input(&mut self, node: usize) -> Input {
        // Each input once: an expression that names a column three times gets it once.
        let index = match self.inputs.iter().position(|input| *input == node) {
            Some(index) => index,
            None => {
                self.inputs.push(node);
                self.inputs.len() - 1
            }
        };
        self.described(index)
    }

    fn described(&self, index: usize) -> Input {
        let node = self.tables.node(self.scope, self.inputs[index]);
        Input {
            index,
            data_type: node.field.data_type().clone(),
            domain: node.domain.clone(),
        }
    }

    /// How many rows the table has; none when it is endless. A generator whose values depend on
    /// it says so in its domain.
    ///
    /// # Errors
    /// The row count cannot be told.
    pub fn rows(&mut self) -> Result<Option<u64>, Problem> {
        self.tables.rows(self.scope)
    }

    /// How the rows of the table come, change and go, where they do.
    pub(in crate::column) fn changes(&self) -> Option<Arc<dyn Changed>> {
        // Columns within columns belong to the rows of the table around them.
        self.tables.changes(self.tables.root(self.scope))
    }

    /// The seconds since 1970 at which the run began, with microseconds as its fraction's unit.
    pub fn now_micros(&self) -> i64 {
        self.tables.now_micros()
    }

    /// The type asked for, or `default`.
    pub fn data_type(&self, default: DataType) -> DataType {
        match &self.wanted {
            Some(wanted) => wanted.data_type.clone(),
            None => default,
        }
    }

    /// As `data_type`, of what values are by themselves, which is asked only where no type is.
    ///
    /// # Errors
    /// Those of `infer`.
    pub fn data_type_or(
        &self,
        infer: impl FnOnce() -> Result<DataType, Problem>,
    ) -> Result<DataType, Problem> {
        match &self.wanted {
            Some(wanted) => Ok(wanted.data_type.clone()),
            None => infer(),
        }
    }

    /// The reference that `name` names.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn reference(&self, name: &Placed<Text>) -> Result<Arc<Reference>, Problem> {
        let references = self.tables.references();
        references.get(name.as_str()).cloned().ok_or_else(|| {
            Problem::new(format!("unknown reference `{}`", name.as_str()))
                .at(&name.place)
                .hint(
                    did_you_mean(name, references.keys().map(String::as_str))
                        .unwrap_or_else(|| "declare it under `reference:`".into()),
                )
        })
    }

    /// The table that `name` names.
    ///
    /// # Errors
    /// There is none of that name, or its row count cannot be told.
    pub fn parent(&mut self, name: &str, place: &Place) -> Result<Parent, Problem> {
        self.tables.parent(self.scope, name, place)
    }

    /// A column or field of another table: its node in the parent's program, its type and domain.
    ///
    /// # Errors
    /// Nothing has that path, or it depends on this column.
    pub fn parent_column(
        &mut self,
        parent: &Parent,
        path: &str,
        place: &Place,
    ) -> Result<Input, Problem> {
        let index = self.tables.resolve(parent.scope, path, place)?;
        let node = self.tables.node(parent.scope, index);
        Ok(Input {
            index,
            data_type: node.field.data_type().clone(),
            domain: node.domain.clone(),
        })
    }

    /// A column's options in another table, for generators that read each other's options.
    ///
    /// # Errors
    /// There is no such column.
    pub fn column_options(
        &self,
        parent: &Parent,
        column: &str,
        place: &Place,
    ) -> Result<(Arc<Column>, Key), Problem> {
        self.tables.column_options(parent.scope, column, place)
    }

    /// Columns within this one. `items` is the room for items in each row's list; none for a struct.
    ///
    /// # Errors
    /// A nested column cannot be built.
    pub fn nested(
        &mut self,
        columns: &ColumnList,
        items: Option<u64>,
    ) -> Result<NestedColumns, Problem> {
        let (mut nested, outer) = self
            .tables
            .nested(self.scope, self.key, &self.name, columns, items)?;
        // What nested columns read of outer ones is read by this column: the order of building
        // follows from it.
        nested.first_input = self.inputs.len();
        self.inputs.extend(outer);
        Ok(nested)
    }

    /// `kind` cannot make the type asked for.
    pub fn wrong_type(&self, kind: &str, can: &str) -> Problem {
        let wanted = self
            .wanted
            .as_ref()
            .map(|wanted| show_type(&wanted.data_type));
        let (wanted, hint) = match wanted {
            Some(wanted) => (wanted, format!("it makes {can}")),
            None => (
                "text".into(),
                format!("it makes {can}: give the column a `type`"),
            ),
        };
        Problem::new(format!(
            "`{kind}` cannot make {wanted} for column `{}`",
            self.name
        ))
        .at(&self.place)
        .hint(hint)
    }
}
