//! Which rows of another table are the children of a row, where that table's foreign key says so.

use std::sync::Arc;

use super::Builder;
use crate::column::child_rows::ChildRows;
use crate::column::program::{Origin, Program};
use crate::error::{Problem, did_you_mean};
use crate::place::Place;

/// A table whose rows are children of another one's.
pub(in crate::column) struct ChildTable {
    pub(in crate::column) scope: usize,
    pub(in crate::column) rows: ChildRows,
}

impl Builder {
    /// The scope of the table that a scope lies in.
    pub(in crate::column) fn root(&self, scope: usize) -> usize {
        let outer = self.scopes[scope].outer.as_ref();
        outer.map_or(scope, |outer| self.root(outer.scope))
    }

    /// True for a name that is a column in a scope, or around it.
    pub(in crate::column) fn is_column(&self, scope: usize, name: &str) -> bool {
        let here = &self.scopes[scope];
        let own = here.made.contains_key(name) || here.read.contains_key(name);
        let outer = here.outer.as_ref();
        let item = name == "item" && outer.is_some_and(|outer| outer.items.is_some());
        own || item
            || match outer {
                Some(outer) => self.is_column(outer.scope, name),
                None => name == "row",
            }
    }

    /// True for the name of a table.
    pub(in crate::column) fn is_table(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    /// True for the name of a table whose rows are decided by a foreign key to a table.
    pub(in crate::column) fn is_child(&self, name: &str, parent: usize) -> bool {
        let child = self.tables.get(name);
        child.is_some_and(|child| self.deciding_key(*child, parent).is_some())
    }

    /// The node of a column or a field of any table, without a dictionary.
    pub(in crate::column) fn child_node(
        &mut self,
        scope: usize,
        path: &str,
        place: &Place,
    ) -> Result<usize, Problem> {
        let node = self.resolve(scope, path, place)?;
        Ok(self.plain_node(scope, node))
    }

    /// Runs `make` while the programs of all tables can be read as far as they are built.
    pub(in crate::column) fn with_programs<T>(&self, make: impl FnOnce() -> T) -> T {
        let tables = &self.scopes[..self.tables.len()];
        for scope in tables {
            // A copy: tables that are still being built go on getting nodes. Nothing of it is kept,
            // for what is read here is read once, while planning.
            let so_far = Program::new(scope.nodes.clone());
            scope.program.set_so_far(Some(Arc::new(so_far)));
        }
        let made = make();
        tables
            .iter()
            .for_each(|scope| scope.program.set_so_far(None));
        made
    }

    /// What is meant by a name that is neither a column here nor a table.
    pub(in crate::column) fn neither(&self, scope: usize, name: &str, place: &Place) -> Problem {
        let columns = self.scopes[self.root(scope)].columns.iter();
        let columns = columns.map(|(name, _)| name.value.as_str());
        let names = self.tables.keys().map(String::as_str).chain(columns);
        Problem::new(format!("`{name}` is neither a table nor a column"))
            .at(place)
            .maybe_hint(did_you_mean(name, names))
    }

    /// The children in the table `name` of the rows of the table `parent`.
    ///
    /// # Errors
    /// It has none that follow each other.
    pub(in crate::column) fn children(
        &mut self,
        parent: usize,
        name: &str,
        place: &Place,
    ) -> Result<ChildTable, Problem> {
        let child = self.scope_of(name, place)?;
        self.refuse_read_table(child, name, place)?;
        let Some(key) = self.deciding_key(child, parent) else {
            return Err(self.no_children(child, parent).at(place));
        };
        self.build_column(child, key)?;
        self.children_read.insert(name.to_string());
        let scope = &self.scopes[child];
        let pick = scope.fields.get(&key).map(|(_, pick)| *pick);
        let found = pick.and_then(|pick| {
            let node = &scope.nodes[pick];
            let Origin::Fill(fill) = &node.origin else {
                return None;
            };
            Some(ChildRows {
                name: name.to_string(),
                children: fill.kin()?.children,
                program: scope.program.weak(),
                parent: node.nulls.as_ref().map(|_| pick),
            })
        });
        match found {
            Some(rows) => Ok(ChildTable { scope: child, rows }),
            None => Err(self.no_children(child, parent).at(place)),
        }
    }

    /// The column of `child` that decides its rows, if it refers to `parent`.
    fn deciding_key(&self, child: usize, parent: usize) -> Option<usize> {
        let mut columns = self.scopes[child].columns.iter();
        columns.position(|(_, column)| {
            let generator = &column.generator;
            let refers = generator.refers_to();
            generator.derives_rows() && refers.is_some_and(|(to, _)| to == self.scopes[parent].name)
        })
    }

    /// Why a table has no children of another one that follow each other.
    fn no_children(&self, child: usize, parent: usize) -> Problem {
        let (here, there) = (&self.scopes[parent].name, &self.scopes[child].name);
        if let Some((key, endless)) = self.random_key(child, parent) {
            let message = match endless {
                true => format!(
                    "table `{there}` is endless: a row of `{here}` would have children without end"
                ),
                false => format!(
                    "the rows of `{there}` pick their row of `{here}`: those of one do not follow each other"
                ),
            };
            let rows = if endless {
                "`rows: 0`"
            } else {
                "the table's `rows`"
            };
            return Problem::new(message).hint(format!(
                "give the foreign key `{there}.{key}` a `per_parent` in place of {rows}"
            ));
        }
        if let Some(between) = self.between(child, parent) {
            let message = format!("`{there}` is no child of `{here}`, but of `{between}`");
            return Problem::new(message).hint(format!(
                "make a column of `{between}` of it, and aggregate that one here"
            ));
        }
        let message = format!("`{there}` is no child of `{here}`: it has no foreign key to it");
        let problem = Problem::new(message);
        match self.key_to(parent, there) {
            Some(key) => problem.hint(format!(
                "`{here}` refers to `{there}`: read its columns as `{key}.` and their name"
            )),
            None => problem.hint(format!(
                "its rows are children of a row of `{here}` by a foreign key to it that has `per_parent`"
            )),
        }
    }

    /// The foreign key of `child` by which its rows pick their parents, and whether they never end.
    fn random_key(&self, child: usize, parent: usize) -> Option<(String, bool)> {
        let scope = &self.scopes[child];
        let key = self.key_to(child, &self.scopes[parent].name)?;
        let endless = scope.rows.as_ref().is_some_and(|rows| rows.value.0 == 0);
        Some((key, endless))
    }

    /// The first column of a table that refers to another one.
    fn key_to(&self, from: usize, to: &str) -> Option<String> {
        let mut columns = self.scopes[from].columns.iter();
        let found = columns.find(|(_, column)| {
            let refers = column.generator.refers_to();
            refers.is_some_and(|(table, _)| table == to)
        });
        found.map(|(name, _)| name.value.clone())
    }

    /// The table between a grandchild and its grandparent.
    fn between(&self, child: usize, parent: usize) -> Option<String> {
        let columns = self.scopes[child].columns.iter();
        let mut between = columns.filter_map(|(_, column)| {
            let (table, _) = column.generator.refers_to()?;
            let scope = *self.tables.get(&table)?;
            self.deciding_key(scope, parent).map(|_| table)
        });
        between.next()
    }
}
