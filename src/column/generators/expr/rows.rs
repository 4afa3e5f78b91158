//! What names mean within an aggregate: columns of a child table, or items of a list; and columns of the row
//! that they belong to.

use std::sync::Arc;

use arrow::datatypes::DataType;

use super::fills::{ChildAggregate, ListAggregate, Read, Shows};
use super::names::{AggregateInputs, described, described_by, unknown};
use crate::column::build::{Build, BuiltColumn, ChildTable, Input};
use crate::column::child_rows::ChildColumns;
use crate::domain::Domain;
use crate::error::Problem;
use crate::expression::{
    Aggregate, AggregateCall, Binding, ExpressionError, GroupSize, Names, UnknownName,
};
use crate::place::Place;

/// Items that a list has at most: as many as a batch has room for.
const MOST_ITEMS: u64 = i32::MAX as u64;

/// The names within one aggregate.
pub(super) struct RowNames<'n, 'b> {
    build: &'n mut Build<'b>,
    place: &'n Place,
    inner: &'n mut Option<Problem>,
    over: Option<Over>,
    /// What the aggregate reads, in the order of its inputs.
    reads: Vec<Read>,
    /// The columns of the child, by their nodes there.
    nodes: Vec<usize>,
    /// Columns of the row that the rows belong to, and where they were looked for.
    outer: Vec<usize>,
    outer_scope: Option<usize>,
    depends: Domain,
}

/// Which rows are aggregated.
enum Over {
    Children(ChildTable),
    /// The list's path and its node.
    Items {
        path: String,
        node: usize,
    },
}

impl<'n, 'b> RowNames<'n, 'b> {
    pub fn new(build: &'n mut Build<'b>, place: &'n Place, inner: &'n mut Option<Problem>) -> Self {
        Self {
            build,
            place,
            inner,
            over: None,
            reads: Vec::new(),
            nodes: Vec::new(),
            outer: Vec::new(),
            outer_scope: None,
            depends: Domain::default(),
        }
    }

    /// The aggregate's values as an input of the column that is being built.
    pub fn inputs(mut self, call: &AggregateCall<'_>) -> Result<AggregateInputs, ExpressionError> {
        let rows = call
            .counted()
            .map(str::to_owned)
            .filter(|name| self.is_rows(name));
        if let Some(table) = &rows {
            let found = self.children(table);
            self.told(call, found)?;
        }
        let bound = call.bind(&mut self, rows.is_some())?;
        let Some(over) = self.over.take() else {
            let problem = self.no_rows(call);
            return self.told(call, Err(problem));
        };
        let (size, all) = match &over {
            Over::Children(child) => {
                let children = &child.rows.children;
                let (least, most) = (children.least(), children.most());
                (GroupSize { least, most }, child.rows.parent.is_none())
            }
            Over::Items { .. } => {
                let (least, most) = (0, MOST_ITEMS);
                (GroupSize { least, most }, true)
            }
        };
        let aggregate = bound.of(size, all)?;
        // Named as it is written: columns that ask for the same aggregate share one node, and it is
        // made once.
        let text = call.text();
        if !(self.build.tolerant && aggregate.fallible()) {
            let name = format!("{text} (aggregate)");
            let value = self.add(&over, &Arc::new(aggregate), Shows::Value, &name);
            let (value, failure) = (self.told(call, value)?, None);
            return Ok(AggregateInputs { value, failure });
        }
        let aggregate = Arc::new(aggregate.null_where_it_fails());
        let [value, failure] = [
            (Shows::Value, "aggregate, null where it fails"),
            (Shows::Failure, "aggregate, where it fails"),
        ]
        .map(|(shows, what)| {
            let added = self.add(&over, &aggregate, shows, &format!("{text} ({what})"));
            self.told(call, added)
        });
        let (value, failure) = (value?, Some(failure?));
        Ok(AggregateInputs { value, failure })
    }

    /// True for a name that stands for the rows of a table, also where a column is called alike.
    fn is_rows(&self, name: &str) -> bool {
        let tables = &self.build.tables;
        let root = tables.root(self.build.scope);
        // A column hides a table of its name, unless that one's rows are children of this table:
        // what else could `count(orders)` count?
        let hidden = tables.is_column(self.build.scope, name);
        tables.is_table(name) && (!hidden || tables.is_child(name, root))
    }

    /// The mistake at the place of the call; the whole of it is kept.
    fn told<T>(
        &mut self,
        call: &AggregateCall<'_>,
        made: Result<T, Problem>,
    ) -> Result<T, ExpressionError> {
        made.map_err(|problem| {
            let unknown = unknown(problem, self.inner);
            call.error(unknown.message, unknown.hint)
        })
    }

    fn no_rows(&self, call: &AggregateCall<'_>) -> Problem {
        let name = call.name();
        let message = match call.is_of_all() {
            true => format!("`{name}(*)` does not say the rows of which table"),
            false => format!(
                "`{name}` is given one row's values: no rows of a child, no items of a list"
            ),
        };
        let hint = match (name, call.is_of_all()) {
            (_, true) => "write the child's name: `count(order_lines)`".to_owned(),
            ("max", _) => {
                "write `max(child.column)`; the largest of several values is `greatest(a, b)`"
                    .to_owned()
            }
            ("min", _) => {
                "write `min(child.column)`; the smallest of several values is `least(a, b)`"
                    .to_owned()
            }
            _ => format!(
                "write `{name}(child.column)`, of a table whose foreign key to this one has `per_parent`"
            ),
        };
        Problem::new(message).at(self.place).hint(hint)
    }

    /// The aggregate is over the children in a table.
    fn children(&mut self, table: &str) -> Result<(), Problem> {
        match &self.over {
            Some(Over::Children(child)) if child.rows.name == table => return Ok(()),
            None => {}
            Some(over) => return Err(self.two(over, table)),
        }
        let root = self.build.tables.root(self.build.scope);
        if self.outer_scope.is_some_and(|scope| scope != root) {
            let message = format!("an aggregate of `{table}` cannot read columns within a column");
            return Err(Problem::new(message)
                .at(self.place)
                .hint("make it a column of the table, hidden or not, and read that one here"));
        }
        let child = self.build.tables.children(root, table, self.place)?;
        self.over = Some(Over::Children(child));
        Ok(())
    }

    fn two(&self, over: &Over, other: &str) -> Problem {
        let first = match over {
            Over::Children(child) => &child.rows.name,
            Over::Items { path, .. } => path,
        };
        let message = format!("one aggregate cannot be of `{first}` and of `{other}`");
        Problem::new(message)
            .at(self.place)
            .hint("aggregate each, and compute with what comes out")
    }

    fn child_column(&mut self, table: &str, path: &str) -> Result<Binding, Problem> {
        self.children(table)?;
        let Some(Over::Children(child)) = &self.over else {
            return Err(self
                .build
                .tables
                .neither(self.build.scope, table, self.place));
        };
        let scope = child.scope;
        let node = self.build.tables.child_node(scope, path, self.place)?;
        self.nodes.push(node);
        Ok(self.read_node(Read::Row(self.nodes.len() - 1), scope, node))
    }

    /// A column here: a list, a field of a list of structs, or a value of the row that the rows belong to.
    fn own_column(&mut self, path: &str) -> Result<Binding, Problem> {
        if let Some((list, node, item)) = self.list(path)? {
            return self.item(path, list, node, item);
        }
        let scope = match &self.over {
            Some(Over::Children(_)) => self.build.tables.root(self.build.scope),
            _ => self.build.scope,
        };
        self.outer_scope = Some(scope);
        let node = self.build.tables.child_node(scope, path, self.place)?;
        self.outer.push(node);
        Ok(self.read_node(Read::Outer(self.outer.len() - 1), scope, node))
    }

    /// Reads a whole node.
    fn read_node(&mut self, read: Read, scope: usize, node: usize) -> Binding {
        let node = self.build.tables.node(scope, node);
        self.depends.depend_on(&node.domain);
        let (data_type, domain) = (node.field.data_type().clone(), node.domain.clone());
        self.read(read, data_type, domain)
    }

    /// One more input of the aggregate.
    fn read(&mut self, read: Read, data_type: DataType, domain: Domain) -> Binding {
        let index = self.reads.len();
        self.reads.push(read);
        let input = Input {
            index,
            data_type,
            domain,
        };
        described(index, input)
    }

    /// The list that a path names or leads into: its own path, its node, and the type of its items.
    fn list(&mut self, path: &str) -> Result<Option<(String, usize, DataType)>, Problem> {
        let scope = self.build.scope;
        let ends = path
            .match_indices('.')
            .map(|(at, _)| at)
            .chain([path.len()]);
        // From the shortest beginning on: what stands behind the name of a list is a field of its
        // items, not a column.
        for end in ends {
            let node = self
                .build
                .tables
                .child_node(scope, &path[..end], self.place)?;
            match self.build.tables.node(scope, node).field.data_type() {
                DataType::List(item) => {
                    return Ok(Some((
                        path[..end].to_owned(),
                        node,
                        item.data_type().clone(),
                    )));
                }
                DataType::Struct(_) => {}
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn item(
        &mut self,
        path: &str,
        list: String,
        node: usize,
        item: DataType,
    ) -> Result<Binding, Problem> {
        match &self.over {
            Some(Over::Items { path, .. }) if *path == list => {}
            None => {
                let path = list.clone();
                self.over = Some(Over::Items { path, node });
            }
            Some(over) => return Err(self.two(over, &list)),
        }
        let fields: Vec<String> = match path.get(list.len() + 1..) {
            Some(rest) => rest.split('.').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let mut data_type = item;
        for field in &fields {
            let DataType::Struct(within) = &data_type else {
                return Err(self.no_field(&list, field, &data_type));
            };
            let Some((_, found)) = within.find(field) else {
                return Err(self.no_field(&list, field, &data_type));
            };
            data_type = found.data_type().clone();
        }
        self.depends
            .depend_on(&self.build.tables.node(self.build.scope, node).domain);
        let domain = Domain {
            nulls: true,
            ..Domain::default()
        };
        Ok(self.read(Read::Field(fields), data_type, domain))
    }

    fn no_field(&self, list: &str, field: &str, item: &DataType) -> Problem {
        let message = format!("the items of `{list}` have no field `{field}`");
        let names = match item {
            DataType::Struct(fields) => fields.iter().map(|field| field.name().as_str()).collect(),
            _ => Vec::new(),
        };
        Problem::new(message)
            .at(self.place)
            .maybe_hint(crate::error::did_you_mean(field, names))
    }

    fn add(
        &mut self,
        over: &Over,
        aggregate: &Arc<Aggregate>,
        shows: Shows,
        name: &str,
    ) -> Result<Input, Problem> {
        let (data_type, mut domain) = described_by(aggregate, shows);
        domain.depend_on(&self.depends);
        let (reads, outer) = (self.reads.clone(), self.outer.clone());
        let (aggregate, place) = (aggregate.clone(), self.place.clone());
        let (scope, inputs, made) = match over {
            Over::Children(child) => {
                let root = self.build.tables.root(self.build.scope);
                let nodes = self.nodes.clone();
                let steps = self
                    .build
                    .tables
                    .step_behind(child.scope, &nodes, self.place)?;
                let columns = ChildColumns::new(child.rows.clone(), nodes);
                let fill = ChildAggregate {
                    columns,
                    reads,
                    aggregate,
                    shows,
                    place,
                };
                let made = BuiltColumn::new(data_type, domain, fill);
                (root, outer, BuiltColumn { steps, ..made })
            }
            Over::Items { node, .. } => {
                let inputs = [*node].into_iter().chain(outer).collect();
                let fill = ListAggregate {
                    reads,
                    aggregate,
                    shows,
                    place,
                };
                let made = BuiltColumn::new(data_type, domain, fill);
                (self.build.scope, inputs, made)
            }
        };
        self.build.tables.derived(scope, name, inputs, || made);
        self.build.input(name, self.place)
    }
}

impl Names for RowNames<'_, '_> {
    fn column(&mut self, path: &str) -> Result<Binding, UnknownName> {
        let head = path.split('.').next().unwrap_or(path);
        let rest = path.get(head.len() + 1..);
        let tables = &self.build.tables;
        let found = match rest {
            Some(rest) if self.is_rows(head) => self.child_column(head, rest),
            _ if tables.is_column(self.build.scope, head) => self.own_column(path),
            None if tables.is_table(head) => {
                let message = format!("`{head}` is a table: its rows have no value of their own");
                Err(Problem::new(message)
                    .at(self.place)
                    .hint(format!("name a column: `{head}.` and its name")))
            }
            _ => Err(tables.neither(self.build.scope, head, self.place)),
        };
        found.map_err(|problem| unknown(problem, self.inner))
    }

    fn sees_rows(&self) -> bool {
        true
    }

    fn aggregate(&mut self, call: &AggregateCall<'_>) -> Result<Binding, ExpressionError> {
        let hint = "make the inner one a column of the table that it is of, and aggregate that";
        Err(call.error(
            "an aggregate cannot stand within another one",
            Some(hint.to_owned()),
        ))
    }
}
