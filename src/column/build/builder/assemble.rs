//! Turns one column's options into a node of its table, inputs first.

use std::sync::Arc;

use arrow::datatypes::Field;

use super::constraints::{check, field};
use super::keyed::keyed;
use super::lookup_table::Precomputed;
use super::size_limits::small_enough;
use super::text_length::limit;
use super::{Builder, TableScope};
use crate::column::build::{Build, BuiltColumn, ColumnFields, NestedColumns, OnBadValue, Pick};
use crate::column::build::{Column, ColumnList};
use crate::column::program::{Fill, Origin, Program};
use crate::column::random::hash::{Key, threshold};
use crate::domain::Domain;
use crate::error::Problem;
use crate::place::Place;

/// Columns that are built for each other, one behind the other: a stack holds some more.
// Building recurses from a column to those that it reads. A long chain overflowed the
// stack of a thread; 200 are told as a mistake that can be mended by their order in the file.
const DEEPEST: usize = 200;

/// Values that can be larger are not computed before the first row.
// A choice: with the 16 M values that may be computed, longer ones alone would fill the memory that
// is meant for all.
const LONG: u64 = 1 << 20;

/// A node that is to be added.
struct NewNode {
    domain: Domain,
    inputs: Vec<usize>,
    fill: Arc<dyn Fill>,
    nulls: Option<(Key, Option<u64>)>,
    precomputed: Option<Precomputed>,
    /// It picks one of so many rows.
    picks: Option<usize>,
    /// Each value is a function of the inputs' values in its row alone.
    pointwise: bool,
    /// Through how many tables, one behind the other, it is made.
    steps: usize,
}

impl Builder {
    pub(super) fn build_column(&mut self, scope: usize, index: usize) -> Result<usize, Problem> {
        let (name, column) = self.scopes[scope].columns[index].clone();
        if let Some(node) = self.scopes[scope].names.get(name.value.as_str()) {
            return Ok(*node);
        }
        if self.scopes[scope].building.contains(&index) {
            return Err(self.cycle(scope, index, &column.place));
        }
        if self.building.len() == DEEPEST {
            let message =
                format!("more than {DEEPEST} columns read one another, one behind the other");
            return Err(Problem::new(message)
                .at(&column.place)
                .hint("write columns, and tables, below those that they read"));
        }
        self.building.push((scope, index));
        self.scopes[scope].building.push(index);
        let built = self.build_new(scope, index, &name.value, &column);
        self.scopes[scope].building.pop();
        self.building.pop();
        built
    }

    fn build_new(
        &mut self,
        scope: usize,
        index: usize,
        name: &str,
        column: &Column,
    ) -> Result<usize, Problem> {
        // The key hangs on the column's name, never on its place: a column that is added or moved
        // changes no value of any other one.
        let key = self.scopes[scope].key.child(name);
        let fraction = column
            .common
            .nulls
            .as_ref()
            .map_or(0.0, |nulls| nulls.value.0);
        let nulls = (fraction > 0.0).then(|| (key.child("nulls"), threshold(fraction)));
        let (mut made, inputs) = self.generate(scope, key, name, column, nulls)?;
        // Where a value decides, it decides which are null, too.
        let nulls = nulls.filter(|_| column.common.by.is_none());
        // Without a pick there are no fields either: they are null where the column is.
        let (inputs, base) = match made.pick.take() {
            Some(pick) => {
                let pick = self.add_pick(scope, name, inputs, pick, nulls);
                (vec![pick], Some(pick))
            }
            None => (inputs, None),
        };
        let pointwise = made.pointwise || base.is_some();
        let parts = &mut self.scopes[scope];
        small_enough(&made, name, &parts.name, &mut parts.bytes)
            .map_err(|problem| problem.at(&column.place))?;
        let (inputs, precomputed) = self.fold_built(scope, &mut made, inputs);
        let read = self.scopes[scope].source_columns.is_some();
        check(&made, column, name, read)?;
        limit(&mut made, column, &self.scopes[scope].path(name))?;
        let new = NewNode {
            domain: made.domain,
            inputs,
            fill: made.fill,
            nulls,
            precomputed,
            picks: None,
            pointwise,
            steps: made.steps,
        };
        let node = self.add(scope, name, field(name, &made.data_type, column), new);
        self.count_again(scope, node, &column.place)?;
        let parts = &mut self.scopes[scope];
        parts.derived_rows = made.rows.or(parts.derived_rows);
        if let Some(fields) = made.fields {
            parts.fields.insert(index, (fields, base.unwrap_or(node)));
        }
        Ok(node)
    }

    /// What the column's generator makes of its options, and the nodes that it reads.
    fn generate(
        &mut self,
        scope: usize,
        key: Key,
        name: &str,
        column: &Column,
        nulls: Option<(Key, Option<u64>)>,
    ) -> Result<(BuiltColumn, Vec<usize>), Problem> {
        let common = &column.common;
        let mut build = Build {
            scope,
            key,
            name: self.scopes[scope].path(name),
            place: column.place.clone(),
            wanted: common.data_type.as_ref().map(|wanted| wanted.value.clone()),
            unique: common.unique.as_ref().is_some_and(|unique| unique.value.0),
            tolerant: matches!(&common.on_bad_row, Some(asked) if asked.value == OnBadValue::Null),
            inputs: Vec::new(),
            tables: self,
        };
        let made = column.generator.build(&mut build);
        let made = made.map_err(|problem| problem.at(&column.place))?;
        let made = keyed(made, column, nulls, &mut build)?;
        Ok((made, build.inputs))
    }

    /// With a pick, the values read the pick alone.
    fn add_pick(
        &mut self,
        scope: usize,
        name: &str,
        inputs: Vec<usize>,
        pick: Pick,
        nulls: Option<(Key, Option<u64>)>,
    ) -> usize {
        let name = format!("{name} (pick)");
        let folded = match pick.pointwise {
            true => self.fold(scope, pick.fill.as_ref(), &inputs, true),
            false => None,
        };
        let (inputs, fill, precomputed) = match folded {
            Some(folded) => (folded.inputs, folded.fill, Some(folded.precomputed)),
            None => (inputs, pick.fill, None),
        };
        let new = NewNode {
            domain: Domain {
                nulls: pick.nulls,
                ..Domain::default()
            },
            inputs,
            fill,
            nulls,
            precomputed,
            picks: pick.rows,
            pointwise: pick.pointwise,
            steps: 0,
        };
        self.add(scope, &name, Field::new(&name, pick.data_type, false), new)
    }

    /// Makes a table of what was made, if it can be one.
    fn fold_built(
        &self,
        scope: usize,
        made: &mut BuiltColumn,
        inputs: Vec<usize>,
    ) -> (Vec<usize>, Option<Precomputed>) {
        let long = made.domain.most_bytes(&made.data_type) > LONG;
        let folded = match made.pointwise && !long {
            true => self.fold(scope, made.fill.as_ref(), &inputs, false),
            false => None,
        };
        let Some(folded) = folded else {
            return (inputs, None);
        };
        let known = std::mem::replace(&mut made.domain, folded.domain);
        made.domain.order = known.order;
        made.domain.range = made.domain.range.or(known.range);
        made.domain.depend_on(&known);
        made.data_type = folded.data_type;
        made.fill = folded.fill;
        (folded.inputs, Some(folded.precomputed))
    }

    /// Adds a node with all that is known of it.
    fn add(&mut self, scope: usize, name: &str, field: Field, new: NewNode) -> usize {
        let mut domain = new.domain;
        // What an input depends on, the column depends on: the number of rows, the time of the run.
        for input in &new.inputs {
            domain.depend_on(&self.scopes[scope].nodes[*input].domain);
        }
        domain.nulls |= new.nulls.is_some();
        let inputs = new.inputs.iter().map(|input| self.steps(scope, *input));
        let steps = inputs.max().unwrap_or(0).max(new.steps);
        let node = self.push(scope, name, field, domain, Origin::Fill(new.fill));
        let parts = &mut self.scopes[scope];
        parts.steps.insert(node, steps);
        parts.nodes[node].inputs = new.inputs;
        parts.nodes[node].nulls = new.nulls;
        parts.nodes[node].pointwise = new.pointwise;
        // Nulls are drawn row by row: with them the column is no function of its inputs any more,
        // and is a root of its own.
        match new.precomputed.filter(|_| new.nulls.is_none()) {
            Some(precomputed) => {
                parts.precomputed.insert(node, precomputed);
            }
            None => self.register_root(scope, node, new.picks),
        }
        node
    }

    pub(super) fn build_field(
        &mut self,
        scope: usize,
        index: usize,
        rest: &str,
        path: &str,
        place: &Place,
    ) -> Result<usize, Problem> {
        self.build_column(scope, index)?;
        let (name, column) = self.scopes[scope].columns[index].clone();
        let Some((fields, base)) = self.scopes[scope].fields.get(&index).cloned() else {
            let kind = column.generator.kind();
            return Err(Problem::new(format!(
                "column `{}` has no fields: it is a `{kind}`",
                name.value
            ))
            .at(place));
        };
        self.build_field_of(scope, fields, base, rest, path, place)
    }

    /// The field behind `path`, of the column or pick `base`.
    pub(super) fn build_field_of(
        &mut self,
        scope: usize,
        fields: Arc<dyn ColumnFields>,
        base: usize,
        rest: &str,
        path: &str,
        place: &Place,
    ) -> Result<usize, Problem> {
        let mut build = Build {
            scope,
            key: self.scopes[scope].key.child(path),
            name: self.scopes[scope].path(path),
            place: place.clone(),
            wanted: None,
            unique: false,
            tolerant: false,
            inputs: vec![base],
            tables: self,
        };
        let mut made = fields.field(rest, &mut build)?;
        let inputs = build.inputs;
        let (inputs, precomputed) = self.fold_built(scope, &mut made, inputs);
        let base = &self.scopes[scope].nodes[base];
        made.domain.nulls |= base.nulls.is_some() || base.domain.nulls;
        // A field is what its column is made from, or a part of it.
        made.pointwise = true;
        Ok(self.add_built(scope, path, inputs, (made, precomputed)))
    }

    /// A node made of other nodes, with nothing more to it.
    pub(super) fn add_built(
        &mut self,
        scope: usize,
        name: &str,
        inputs: Vec<usize>,
        (made, precomputed): (BuiltColumn, Option<Precomputed>),
    ) -> usize {
        let new = NewNode {
            domain: made.domain,
            inputs,
            fill: made.fill,
            nulls: None,
            precomputed,
            picks: None,
            pointwise: made.pointwise,
            steps: made.steps,
        };
        self.add(scope, name, Field::new(name, made.data_type, true), new)
    }

    /// Builds columns within a column of scope `outer`, and tells which outer nodes they read.
    pub(in crate::column::build) fn nested(
        &mut self,
        outer: usize,
        key: Key,
        name: &str,
        columns: &ColumnList,
        items: Option<u64>,
    ) -> Result<(NestedColumns, Vec<usize>), Problem> {
        let scope = self.scopes.len();
        self.scopes
            .push(TableScope::nested(outer, key, name, columns, items));
        let mut wanted = Vec::new();
        for (index, (_, column)) in columns.iter().enumerate() {
            let node = self.build_column(scope, index)?;
            if !column.is_hidden() {
                wanted.push(node);
            }
        }
        // Nested scopes come and go like a stack, so this one is the last.
        let Some(mut built) = self.scopes.pop() else {
            return Err(Problem::new("a nested column vanished while it was built"));
        };
        let domains = wanted
            .iter()
            .map(|node| built.nodes[*node].domain.clone())
            .collect();
        let fields = wanted
            .iter()
            .map(|node| built.nodes[*node].field.clone())
            .collect();
        let outer_nodes = built
            .outer
            .take()
            .map(|outer| outer.nodes)
            .unwrap_or_default();
        let program = Program::new(built.nodes);
        let selection = program.select(wanted);
        let nested = NestedColumns {
            program,
            selection,
            fields,
            domains,
            bytes: built.bytes,
            first_input: 0,
        };
        Ok((nested, outer_nodes))
    }
}
