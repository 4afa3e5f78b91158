//! What a name means where it stands: a column, a field, the row, an outer column, another table;
//! and what else `Build` asks of the tables.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::Builder;
use crate::column::build::{BuiltColumn, Column, EnclosingScope, Parent};
use crate::column::changes::Changed;
use crate::column::generators::foreign_key::children::MOST_PARENTS;
use crate::column::generators::person::MOST_LANGUAGES;
use crate::column::program::{Origin, ProgramNode};
use crate::column::program_cell::ProgramRef;
use crate::column::random::hash::Key;
use crate::column::reference_data::Reference;
use crate::domain::{Domain, Order};
use crate::error::Problem;
use crate::place::Place;

impl Builder {
    /// What can be read besides tables, by name.
    pub(in crate::column::build) fn references(&self) -> &BTreeMap<String, Arc<Reference>> {
        &self.references
    }

    /// Microseconds since 1970 at which the run began.
    pub(in crate::column::build) fn now_micros(&self) -> i64 {
        self.reads_now.set(true);
        self.now_micros
    }

    /// What a column stands in.
    pub(in crate::column) fn scope(&self, scope: usize) -> EnclosingScope<'_> {
        let scope = &self.scopes[scope];
        EnclosingScope {
            name: &scope.name,
            has_rows: scope.rows.is_some(),
            columns: &scope.columns,
            building: scope.building.last().copied(),
            read: scope.source_columns.is_some(),
            outer: scope.outer.as_ref().map(|outer| (outer.scope, outer.items)),
        }
    }

    /// The columns of a scope once all of them are built.
    pub(in crate::column::build) fn program(&self, scope: usize) -> ProgramRef {
        self.scopes[scope].program.weak()
    }

    /// A node that is built.
    pub(in crate::column) fn node(&self, scope: usize, node: usize) -> &ProgramNode {
        &self.scopes[scope].nodes[node]
    }

    /// The node is a function of few values that are known.
    pub(in crate::column::build) fn is_precomputed(&self, scope: usize, node: usize) -> bool {
        self.scopes[scope].precomputed.contains_key(&node)
    }

    /// How many rows there are; none without end.
    pub(in crate::column::build) fn rows(&mut self, scope: usize) -> Result<Option<u64>, Problem> {
        if let Some(outer) = &self.scopes[scope].outer {
            return self.rows(outer.scope);
        }
        // A column that updates set is made for versions, too, of which there may be any number: it
        // must not depend on how many rows there are.
        if self.is_set(scope) {
            return Ok(None);
        }
        let asked = self.scopes[scope].rows.as_ref().map(|rows| rows.value.0);
        if let Some(source_columns) = &self.scopes[scope].source_columns {
            return Ok(asked.into_iter().chain(source_columns.rows).min());
        }
        if let Some(rows) = asked {
            return Ok(Some(rows).filter(|rows| *rows > 0));
        }
        let columns = &self.scopes[scope].columns;
        let decides = columns
            .iter()
            .position(|(_, column)| column.generator.derives_rows());
        let name = self.scopes[scope].name.clone();
        let Some(decides) = decides else {
            let problem = Problem::new(format!("table `{name}` has no `rows`"));
            return Err(self.scopes[scope].locate(problem));
        };
        // The row count of this table is the number of children of another one, which is counted
        // while that column is built.
        self.build_column(scope, decides)?;
        Ok(self.scopes[scope].derived_rows)
    }

    /// Adds to the parents whose children are counted, and says how many these are in the whole pipeline.
    pub(in crate::column::build) fn count_parents(&self, more: u64) -> u64 {
        add(&self.parents_counted, more, MOST_PARENTS)
    }

    /// Adds to the languages whose lists are held, and says how many these are in the whole pipeline.
    pub(in crate::column::build) fn count_languages(&self, more: u64) -> u64 {
        add(&self.languages, more, MOST_LANGUAGES)
    }

    /// The node that `path` names, built if it is not yet.
    pub(in crate::column::build) fn resolve(
        &mut self,
        scope: usize,
        path: &str,
        place: &Place,
    ) -> Result<usize, Problem> {
        if let Some(node) = self.scopes[scope].names.get(path) {
            return Ok(*node);
        }
        if let Some(index) = self.made(scope, path) {
            return self.build_column(scope, index);
        }
        // What is made comes first: a column that takes the place of one that is read hides it from
        // all others.
        if let Some(node) = self.read(scope, path) {
            return Ok(node);
        }
        if let Some((head, rest)) = path.split_once('.') {
            if let Some(index) = self.made(scope, head) {
                return self.build_field(scope, index, rest, path, place);
            }
            if let Some(node) = self.read(scope, head) {
                return self.read_field(scope, node, rest, path, place);
            }
        }
        self.resolve_around(scope, path, place)
    }

    /// A node whose values come without a dictionary, text apart: most generators read such.
    pub(in crate::column::build) fn plain_node(&mut self, scope: usize, node: usize) -> usize {
        self.without_dictionary(scope, node)
    }

    /// A node that a generator makes of other nodes for its own use; `made` is asked only if there
    /// is none of that name yet.
    pub(in crate::column) fn derived(
        &mut self,
        scope: usize,
        name: &str,
        inputs: Vec<usize>,
        made: impl FnOnce() -> BuiltColumn,
    ) -> usize {
        match self.scopes[scope].names.get(name) {
            Some(known) => *known,
            None => self.add_built(scope, name, inputs, (made(), None)),
        }
    }

    /// The table `name`, which `child` refers to.
    pub(in crate::column::build) fn parent(
        &mut self,
        child: usize,
        name: &str,
        place: &Place,
    ) -> Result<Parent, Problem> {
        let scope = self.scope_of(name, place)?;
        self.refuse_read_table(scope, name, place)?;
        self.scopes[child].parents.push(name.to_string());
        let rows = self.rows(scope)?;
        self.put_behind(child, scope, place)?;
        Ok(Parent {
            scope,
            name: name.to_string(),
            program: self.scopes[scope].program.clone(),
            rows,
            changes: self.changes(scope),
        })
    }

    /// How rows come, change and go, where those of the scope do.
    pub(in crate::column::build) fn changes(&self, scope: usize) -> Option<Arc<dyn Changed>> {
        let changes = self.scopes[scope].changes.as_ref();
        changes.map(|changes| changes.places.clone())
    }

    /// A column's options and key.
    pub(in crate::column::build) fn column_options(
        &self,
        scope: usize,
        column: &str,
        place: &Place,
    ) -> Result<(Arc<Column>, Key), Problem> {
        let index = self.find(scope, column);
        let index = index.ok_or_else(|| self.unknown(scope, column, place))?;
        let scope = &self.scopes[scope];
        Ok((scope.columns[index].1.clone(), scope.key.child(column)))
    }
}

/// How many there are with these; those beyond the most are refused, and not there for others.
fn add(counted: &Cell<u64>, more: u64, most: u64) -> u64 {
    let all = counted.get().saturating_add(more);
    // What is refused is not counted, so that the next, smaller one is judged by itself.
    if all <= most {
        counted.set(all);
    }
    all
}

/// Tables that stand one behind the other: rows of the last one are made through all of them.
// A choice: to make a row of the last table takes one step of recursion for each of them, on one
// thread's stack.
const DEEPEST: usize = 100;

impl Builder {
    /// The table that a column stands in comes after its parent.
    fn put_behind(&mut self, child: usize, parent: usize, place: &Place) -> Result<(), Problem> {
        let child = self.root(child);
        let level = self.scopes[parent].level + 1;
        if child == parent || self.scopes[child].level >= level {
            return Ok(());
        }
        self.scopes[child].level = level;
        match level > DEEPEST {
            false => Ok(()),
            true => {
                let message = format!(
                    "more than {DEEPEST} tables stand one behind the other, each the parent of the next"
                );
                Err(Problem::new(message).at(place))
            }
        }
    }

    /// Names that are not this scope's own columns: the row, the item, the outer columns.
    fn resolve_around(
        &mut self,
        scope: usize,
        path: &str,
        place: &Place,
    ) -> Result<usize, Problem> {
        let outer = self.scopes[scope].outer.as_ref();
        let items = outer.and_then(|outer| outer.items);
        let integers = |name: &str| Field::new(name, DataType::Int64, false);
        if let (Some(items), "item") = (items, path) {
            let domain = Domain::integers(0, items as i64 - 1);
            return Ok(self.push(scope, path, integers(path), domain, Origin::Item(items)));
        }
        if let Some(outer_scope) = outer.map(|outer| outer.scope) {
            let node = self
                .resolve(outer_scope, path, place)
                // The error names the scope in which the name was written, not the outermost one.
                .map_err(|_| self.unknown(scope, path, place))?;
            let outer_node = node;
            let (field, domain) = {
                let node = self.node(outer_scope, node);
                (node.field.clone(), node.domain.clone())
            };
            let index = match &mut self.scopes[scope].outer {
                Some(outer) => {
                    outer.nodes.push(node);
                    outer.nodes.len() - 1
                }
                None => 0,
            };
            let steps = self.steps(outer_scope, outer_node);
            let node = self.push(scope, path, field, domain, Origin::Outer(index));
            self.scopes[scope].steps.insert(node, steps);
            return Ok(node);
        }
        if path == "row" {
            let domain = Domain {
                unique: true,
                order: Order::StrictlyAscending,
                ..Domain::integers(0, i64::MAX)
            };
            return Ok(self.push(scope, path, integers(path), domain, Origin::Row));
        }
        Err(self.unknown(scope, path, place))
    }
}
