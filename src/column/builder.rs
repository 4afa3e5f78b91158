//! Resolves names to nodes on demand, so that columns come in the order of their dependencies.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};

use super::build::{self, Parent};
use super::coding::Coding;
use super::hash::Key;
use super::options::Column;
use super::program::{Node, Origin, Program, ProgramCell};
use super::reference::Reference;
use crate::domain::Domain;
use crate::error::{Problem, did_you_mean};
use crate::place::{Count, Place, Placed};

/// Columns by name, in the order of the file.
pub type ColumnList = Vec<(Placed<String>, Arc<Column>)>;

/// What a table is read from: its columns come in before those that are made.
#[derive(Debug, Clone)]
pub struct Outside {
    /// The columns that are read.
    pub fields: Fields,
    /// How many rows there are; none without end.
    pub rows: Option<u64>,
}

/// A table to build.
#[derive(Debug, Clone)]
pub struct TableOptions {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What its columns' randomness is keyed by.
    pub key: Key,
    /// How many rows; 0 is endless; none when a column decides.
    pub rows: Option<Placed<Count>>,
    /// Its columns.
    pub columns: ColumnList,
    /// What it is read from.
    pub outside: Option<Outside>,
}

/// Every table of a pipeline while it is being built.
pub struct Builder {
    pub(super) references: BTreeMap<String, Arc<Reference>>,
    pub(super) now_micros: i64,
    tables: BTreeMap<String, usize>,
    pub(super) scopes: Vec<Scope>,
}

/// One table, or the columns within a column.
pub(super) struct Scope {
    pub(super) name: String,
    pub(super) place: Option<Place>,
    pub(super) key: Key,
    pub(super) rows: Option<Placed<Count>>,
    pub(super) columns: ColumnList,
    pub(super) nodes: Vec<Node>,
    pub(super) names: HashMap<String, usize>,
    pub(super) fields: HashMap<usize, (Arc<dyn build::Fields>, usize)>,
    /// How nodes follow from few values.
    pub(super) codings: HashMap<usize, Coding>,
    pub(super) derived_rows: Option<u64>,
    pub(super) building: Vec<usize>,
    pub(super) parents: Vec<String>,
    pub(super) program: Arc<ProgramCell>,
    pub(super) outer: Option<Outer>,
    pub(super) outside: Option<Outside>,
}

pub(super) struct Outer {
    pub(super) scope: usize,
    pub(super) items: Option<u64>,
    pub(super) nodes: Vec<usize>,
}

impl Builder {
    /// A builder of `tables`, which can read `references`. `now_micros` is the run's start.
    pub fn new(
        tables: Vec<TableOptions>,
        references: BTreeMap<String, Arc<Reference>>,
        now_micros: i64,
    ) -> Self {
        let names = tables.iter().enumerate();
        Self {
            references,
            now_micros,
            tables: names.map(|(at, table)| (table.name.clone(), at)).collect(),
            scopes: tables.into_iter().map(Scope::table).collect(),
        }
    }

    /// The nodes of the named columns of a table, built if they are not yet.
    ///
    /// # Errors
    /// What is wrong with a column.
    pub fn column(&mut self, table: &str, path: &str, place: &Place) -> Result<usize, Problem> {
        let scope = self.scope_of(table, place)?;
        self.resolve(scope, path, place)
    }

    /// The table's row count; none when it is endless.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn table_rows(&mut self, table: &str, place: &Place) -> Result<Option<u64>, Problem> {
        let scope = self.scope_of(table, place)?;
        self.rows(scope)
    }

    /// The tables that each table refers to.
    pub fn parents(&self) -> BTreeMap<String, Vec<String>> {
        let tables = self.scopes.iter().take(self.tables.len());
        tables
            .map(|table| (table.name.clone(), table.parents.clone()))
            .collect()
    }

    /// The programs of all tables, by name; nothing can be added any more.
    pub fn finish(self) -> BTreeMap<String, Arc<ProgramCell>> {
        let mut programs = BTreeMap::new();
        for scope in self.scopes {
            let program = scope.program;
            // A cell is set here alone, once.
            let _ = program.set(Program::new(scope.nodes));
            programs.insert(scope.name, program);
        }
        programs
    }

    pub(super) fn node(&self, scope: usize, node: usize) -> &Node {
        &self.scopes[scope].nodes[node]
    }

    pub(super) fn parent(
        &mut self,
        child: usize,
        name: &str,
        place: &Place,
    ) -> Result<Parent, Problem> {
        let scope = self.scope_of(name, place)?;
        self.refuse_outside(scope, name, place)?;
        self.scopes[child].parents.push(name.to_string());
        Ok(Parent {
            scope,
            name: name.to_string(),
            program: self.scopes[scope].program.clone(),
            rows: self.rows(scope)?,
        })
    }

    pub(super) fn column_options(
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

    pub(super) fn rows(&mut self, scope: usize) -> Result<Option<u64>, Problem> {
        if let Some(outer) = &self.scopes[scope].outer {
            return self.rows(outer.scope);
        }
        let asked = self.scopes[scope].rows.as_ref().map(|rows| rows.value.0);
        if let Some(outside) = &self.scopes[scope].outside {
            return Ok(asked.into_iter().chain(outside.rows).min());
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
        self.build_column(scope, decides)?;
        Ok(self.scopes[scope].derived_rows)
    }

    /// The node that `path` names, built if it is not yet.
    pub(super) fn resolve(
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
                .map_err(|_| self.unknown(scope, path, place))?;
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
            return Ok(self.push(scope, path, field, domain, Origin::Outer(index)));
        }
        if path == "row" {
            let domain = Domain {
                unique: true,
                order: crate::domain::Order::StrictlyAscending,
                ..Domain::integers(0, i64::MAX)
            };
            return Ok(self.push(scope, path, integers(path), domain, Origin::Row));
        }
        Err(self.unknown(scope, path, place))
    }

    pub(super) fn find(&self, scope: usize, name: &str) -> Option<usize> {
        let columns = &self.scopes[scope].columns;
        columns.iter().position(|(column, _)| column.value == name)
    }

    fn scope_of(&self, table: &str, place: &Place) -> Result<usize, Problem> {
        self.tables.get(table).copied().ok_or_else(|| {
            Problem::new(format!("unknown table `{table}`"))
                .at(place)
                .maybe_hint(did_you_mean(table, self.tables.keys().map(String::as_str)))
        })
    }

    fn unknown(&self, scope: usize, path: &str, place: &Place) -> Problem {
        let scope = &self.scopes[scope];
        let read = scope.outside.iter().flat_map(|outside| &outside.fields);
        let names = scope.columns.iter().map(|(name, _)| name.value.as_str());
        let names = names.chain(read.map(|field| field.name().as_str()));
        Problem::new(format!("unknown column `{path}` in `{}`", scope.name))
            .at(place)
            .maybe_hint(did_you_mean(path.split('.').next().unwrap_or(path), names))
    }

    pub(super) fn cycle(&self, scope: usize, index: usize, place: &Place) -> Problem {
        let scope = &self.scopes[scope];
        let start = scope
            .building
            .iter()
            .position(|at| *at == index)
            .unwrap_or(0);
        let around = scope.building[start..].iter().chain([&index]);
        let names: Vec<&str> = around
            .map(|at| scope.columns[*at].0.value.as_str())
            .collect();
        Problem::new(format!(
            "columns of `{}` refer to each other in a circle: {}",
            scope.name,
            names.join(" → ")
        ))
        .at(place)
    }
}

impl Scope {
    fn table(options: TableOptions) -> Self {
        Self {
            place: Some(options.place),
            rows: options.rows,
            outside: options.outside,
            ..Self::new(options.name, options.key, options.columns)
        }
    }

    pub(super) fn nested(
        outer: usize,
        key: Key,
        name: &str,
        columns: &ColumnList,
        items: Option<u64>,
    ) -> Self {
        let outer = Outer {
            scope: outer,
            items,
            nodes: Vec::new(),
        };
        Self {
            outer: Some(outer),
            ..Self::new(name.to_string(), key, columns.clone())
        }
    }

    /// Columns of which none is built yet.
    fn new(name: String, key: Key, columns: ColumnList) -> Self {
        Self {
            name,
            place: None,
            key,
            rows: None,
            columns,
            nodes: Vec::new(),
            names: HashMap::new(),
            fields: HashMap::new(),
            codings: HashMap::new(),
            derived_rows: None,
            building: Vec::new(),
            parents: Vec::new(),
            program: Arc::default(),
            outer: None,
            outside: None,
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    fn locate(&self, problem: Problem) -> Problem {
        match &self.place {
            Some(place) => problem
                .at(place)
                .hint("add `rows: 1000`, or `rows: 0` for an endless table"),
            None => problem,
        }
    }
}
