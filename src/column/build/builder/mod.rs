//! Builds every table's columns on demand, so that they come in the order of their dependencies.
//!
//! `resolve` finds what a name means, `assemble` makes a node of a column's options, `fold` makes a
//! table of what follows from few values. Generators see none of it: they are given a `Build`.

mod assemble;
mod changes;
mod children;
mod circle;
mod constraints;
mod fold;
mod keyed;
mod lookup_table;
mod resolve;
mod size_limits;
mod source_columns;
mod steps;
mod text_length;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Field, Fields};

use super::context;
use super::options::ColumnList;
use crate::column::changes::{ChangeFrame, ChangedTable};
use crate::column::program::{Origin, Program, ProgramNode};
use crate::column::program_cell::ProgramCell;
use crate::column::random::hash::Key;
use crate::column::reference_data::Reference;
use crate::domain::Domain;
use crate::error::{Problem, did_you_mean};
use crate::place::{Count, Place, Placed};
pub(in crate::column) use children::ChildTable;
use lookup_table::Precomputed;

/// What a table is read from: its columns come in before those that are made.
#[derive(Debug, Clone)]
pub struct SourceColumns {
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
    pub source_columns: Option<SourceColumns>,
    /// How its rows come, change and go, where its rows are changes.
    pub changes: Option<ChangedTable>,
}

/// Every table of a pipeline while it is being built.
pub struct Builder {
    references: BTreeMap<String, Arc<Reference>>,
    now_micros: i64,
    /// Something has asked for it.
    reads_now: Cell<bool>,
    tables: BTreeMap<String, usize>,
    scopes: Vec<TableScope>,
    /// Tables whose rows are read as children of another one's.
    children_read: BTreeSet<String>,
    /// The columns that are being built, each because the one before reads it: scope and place.
    building: Vec<(usize, usize)>,
    /// What was computed before the first row so far.
    folded: Cell<usize>,
    /// Parents whose children are counted, and languages whose lists are held, so far.
    parents_counted: Cell<u64>,
    languages: Cell<u64>,
}

/// One table, or the columns within a column.
struct TableScope {
    name: String,
    place: Option<Place>,
    key: Key,
    rows: Option<Placed<Count>>,
    columns: ColumnList,
    /// Their places by their names.
    made: HashMap<String, usize>,
    nodes: Vec<ProgramNode>,
    // By hash, as tables may have 10 000 columns, and each is looked up by those that read it.
    names: HashMap<String, usize>,
    fields: HashMap<usize, (Arc<dyn context::ColumnFields>, usize)>,
    /// How nodes follow from few values.
    precomputed: HashMap<usize, Precomputed>,
    /// Through how many tables nodes are made.
    steps: HashMap<usize, usize>,
    /// How often rows are made again for a row of a node.
    made_again: HashMap<usize, u64>,
    derived_rows: Option<u64>,
    building: Vec<usize>,
    parents: Vec<String>,
    /// The most bytes of a row, of the columns that are built so far.
    bytes: u64,
    /// Behind how many tables it stands, each the parent of the next one.
    level: usize,
    program: Arc<ProgramCell>,
    outer: Option<OuterScope>,
    source_columns: Option<SourceColumns>,
    changes: Option<ChangedTable>,
    /// The places of the columns that are read, by their names.
    read: HashMap<String, usize>,
}

struct OuterScope {
    scope: usize,
    items: Option<u64>,
    nodes: Vec<usize>,
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
            reads_now: Cell::default(),
            tables: names.map(|(at, table)| (table.name.clone(), at)).collect(),
            scopes: tables.into_iter().map(TableScope::table).collect(),
            children_read: BTreeSet::new(),
            building: Vec::new(),
            folded: Cell::new(0),
            parents_counted: Cell::new(0),
            languages: Cell::new(0),
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
        match &self.scopes[scope].changes {
            Some(changes) => Ok(changes.places.changes()),
            None => self.rows(scope),
        }
    }

    /// True where values of a table that was built depend on the moment of the run.
    pub fn reads_now(&self) -> bool {
        self.reads_now.get()
    }

    /// The tables that each table refers to.
    pub fn parents(&self) -> BTreeMap<String, Vec<String>> {
        let tables = self.scopes.iter().take(self.tables.len());
        tables
            .map(|table| (table.name.clone(), table.parents.clone()))
            .collect()
    }

    /// The tables whose rows are read as children.
    pub fn read_children(&self) -> impl Iterator<Item = &str> {
        self.children_read.iter().map(String::as_str)
    }

    /// The programs of all tables, by name; nothing can be added any more.
    pub fn finish(self) -> BTreeMap<String, Arc<ProgramCell>> {
        let cells: Vec<_> = self
            .scopes
            .iter()
            .map(|scope| scope.program.clone())
            .collect();
        ProgramCell::hold_together(cells.iter());
        let mut programs = BTreeMap::new();
        for scope in self.scopes {
            let built = match scope.frame() {
                Ok(Some(frame)) => Program::of_changes(scope.nodes, frame),
                // What stands in the way of a frame was told when the columns were checked.
                Ok(None) | Err(_) => Program::new(scope.nodes),
            };
            // A cell is set here alone, once.
            scope.program.set(built);
            programs.insert(scope.name, scope.program);
        }
        programs
    }

    fn push(
        &mut self,
        scope: usize,
        name: &str,
        field: Field,
        domain: Domain,
        origin: Origin,
    ) -> usize {
        let scope = &mut self.scopes[scope];
        scope.nodes.push(ProgramNode {
            name: scope.path(name),
            field,
            domain,
            inputs: Vec::new(),
            origin,
            nulls: None,
            pointwise: false,
        });
        scope.names.insert(name.to_string(), scope.nodes.len() - 1);
        scope.nodes.len() - 1
    }

    fn find(&self, scope: usize, name: &str) -> Option<usize> {
        self.scopes[scope].made.get(name).copied()
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
        let read = scope
            .source_columns
            .iter()
            .flat_map(|source_columns| &source_columns.fields);
        let names = scope.columns.iter().map(|(name, _)| name.value.as_str());
        let names = names.chain(read.map(|field| field.name().as_str()));
        let name = path.trim_matches(['{', '}', ' ']);
        let bare = (name != path).then(|| format!("write it without braces: `{name}`"));
        Problem::new(format!("unknown column `{path}` in `{}`", scope.name))
            .at(place)
            .maybe_hint(
                bare.or_else(|| did_you_mean(path.split('.').next().unwrap_or(path), names)),
            )
    }
}

impl TableScope {
    fn table(mut options: TableOptions) -> Self {
        if let Some(changes) = &options.changes {
            options.source_columns = Some(SourceColumns {
                fields: ChangeFrame::fields(),
                rows: changes.places.inserts(),
            });
        }
        let read = options
            .source_columns
            .iter()
            .flat_map(|source_columns| &source_columns.fields);
        let names = read.map(|field| field.name().as_str());
        Self {
            place: Some(options.place),
            rows: options.rows,
            read: first_places(names),
            source_columns: options.source_columns,
            changes: options.changes,
            ..Self::new(options.name, options.key, options.columns)
        }
    }

    fn nested(
        outer: usize,
        key: Key,
        name: &str,
        columns: &ColumnList,
        items: Option<u64>,
    ) -> Self {
        let outer = OuterScope {
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
        let names = columns.iter().map(|(name, _)| name.value.as_str());
        Self {
            made: first_places(names),
            name,
            place: None,
            key,
            rows: None,
            columns,
            nodes: Vec::new(),
            names: HashMap::new(),
            fields: HashMap::new(),
            precomputed: HashMap::new(),
            steps: HashMap::new(),
            made_again: HashMap::new(),
            derived_rows: None,
            building: Vec::new(),
            parents: Vec::new(),
            bytes: 0,
            level: 0,
            program: Arc::default(),
            outer: None,
            source_columns: None,
            changes: None,
            read: HashMap::new(),
        }
    }

    fn path(&self, name: &str) -> String {
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

/// Where each name stands first.
fn first_places<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (place, name) in names.enumerate() {
        places.entry(name.to_string()).or_insert(place);
    }
    places
}
