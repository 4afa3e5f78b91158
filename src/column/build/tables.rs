//! Every table while it is being built, as the builder of one column sees them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::{BuiltColumn, NestedColumns, Parent};
use super::options::{Column, ColumnList};
use crate::column::changes::Changed;
use crate::column::program::ProgramNode;
use crate::column::random::hash::Key;
use crate::column::reference_data::Reference;
use crate::error::Problem;
use crate::place::Place;

/// Every table while it is being built. A scope is a table, or the columns within a column; scopes
/// and the nodes in each go by number.
pub(in crate::column) trait Tables {
    /// What can be read besides tables, by name.
    fn references(&self) -> &BTreeMap<String, Arc<Reference>>;
    /// Microseconds since 1970 at which the run began.
    fn now_micros(&self) -> i64;
    /// What a column stands in.
    fn scope(&self, scope: usize) -> EnclosingScope<'_>;
    /// A node that is built.
    fn node(&self, scope: usize, node: usize) -> &ProgramNode;
    /// Adds to the parents whose children are counted, and says how many these are in the whole pipeline.
    fn count_parents(&self, more: u64) -> u64;
    /// Adds to the languages whose lists are held, and says how many these are in the whole pipeline.
    fn count_languages(&self, more: u64) -> u64;
    /// The node is a function of few values that are known.
    fn is_precomputed(&self, scope: usize, node: usize) -> bool;
    /// How many rows there are; none without end.
    fn rows(&mut self, scope: usize) -> Result<Option<u64>, Problem>;
    /// The node that `path` names, built if it is not yet.
    fn resolve(&mut self, scope: usize, path: &str, place: &Place) -> Result<usize, Problem>;
    /// A node whose values come without a dictionary, text apart: most generators read such.
    fn plain_node(&mut self, scope: usize, node: usize) -> usize;
    /// A node that a generator makes of other nodes for its own use; `made` is asked only if there
    /// is none of that name yet.
    fn derived(
        &mut self,
        scope: usize,
        name: &str,
        inputs: Vec<usize>,
        made: Box<dyn FnOnce() -> BuiltColumn + '_>,
    ) -> usize;
    /// The table `name`, which `child` refers to.
    fn parent(&mut self, child: usize, name: &str, place: &Place) -> Result<Parent, Problem>;
    /// How rows come, change and go, where those of the scope do.
    fn changes(&self, scope: usize) -> Option<Arc<dyn Changed>>;
    /// A column's options and key.
    fn column_options(
        &self,
        scope: usize,
        column: &str,
        place: &Place,
    ) -> Result<(Arc<Column>, Key), Problem>;
    /// Columns within a column of scope `outer`, and the outer nodes that they read.
    fn nested(
        &mut self,
        outer: usize,
        key: Key,
        name: &str,
        columns: &ColumnList,
        items: Option<u64>,
    ) -> Result<(NestedColumns, Vec<usize>), Problem>;
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
    /// Within a column: the scope which that stands in, and the room for items in each row's list.
    pub outer: Option<(usize, Option<u64>)>,
}
