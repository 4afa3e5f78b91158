//! Tables of changes: which of their nodes updates make anew, and what cannot be.
//!
//! An update makes the columns that it sets anew, and what only these are made of: hidden columns. What
//! an insert alone says keeps its values, and so does what follows the rows' numbers, as a sequence does.

use arrow::datatypes::DataType;

use super::{Builder, TableScope};
use crate::column::changes::{ChangeFrame, ChangeRole, ChangedTable};
use crate::column::program::{Origin, ProgramNode, mark_inputs};
use crate::domain::Order;
use crate::error::{Problem, Problems};
use crate::place::Placed;

impl Builder {
    /// Notes what is wrong with a table's changes, all of whose columns are built.
    pub fn check_changes(&self, table: &str, problems: &mut Problems) {
        if let Some(scope) = self.tables.get(table) {
            problems.note(self.scopes[*scope].frame());
        }
    }

    /// True while a column is built that updates set: its values follow no row's number.
    pub(super) fn is_set(&self, scope: usize) -> bool {
        let scope = &self.scopes[scope];
        let building = scope.building.last();
        let name = building.map(|index| scope.columns[*index].0.value.as_str());
        let changes = scope.changes.as_ref();
        changes
            .zip(name)
            .is_some_and(|(changes, name)| changes.set.iter().any(|set| set.value == name))
    }
}

impl TableScope {
    /// What the nodes of a table of changes are.
    ///
    /// # Errors
    /// What updates set cannot be made anew.
    pub(super) fn frame(&self) -> Result<Option<ChangeFrame>, Problem> {
        let Some(changes) = &self.changes else {
            return Ok(None);
        };
        let set = changes.set.iter();
        let set: Vec<(&Placed<String>, usize)> = set
            .filter_map(|name| Some((name, *self.names.get(&name.value)?)))
            .collect();
        let kept = self.kept(&set)?;
        let anew = self.anew(&set, &kept)?;
        let key = self.names.get(&changes.key);
        let said = |(index, node): (usize, &ProgramNode)| match node.origin {
            Origin::Outer(_) => ChangeRole::Always,
            _ if Some(&index) == key => ChangeRole::Key,
            _ if anew[index] => ChangeRole::Set,
            _ => ChangeRole::Once,
        };
        let said = self.nodes.iter().enumerate().map(said).collect();
        self.check_key(changes)?;
        let references = self.references();
        Ok(Some(ChangeFrame::new(
            changes,
            said,
            &self.nodes,
            references,
        )))
    }

    /// What inserts alone say, and all that it is made of.
    fn kept(&self, set: &[(&Placed<String>, usize)]) -> Result<Vec<bool>, Problem> {
        let mut kept = vec![false; self.nodes.len()];
        for (name, column) in &self.columns {
            let Some(node) = self.names.get(&name.value).copied() else {
                continue;
            };
            if column.is_hidden() || set.iter().any(|(_, set)| *set == node) {
                continue;
            }
            let mut own = vec![false; self.nodes.len()];
            own[node] = true;
            mark_inputs(&self.nodes, &mut own, false);
            if let Some((other, _)) = set.iter().find(|(_, set)| own[*set]) {
                let (name, other) = (&name.value, &other.value);
                let message = format!("column `{name}` is made of `{other}`, which updates set");
                return Err(Problem::new(message)
                    .at(&column.place)
                    .hint(format!("let them set both: `set: [{other}, {name}]`")));
            }
            kept.iter_mut()
                .zip(own)
                .for_each(|(kept, own)| *kept |= own);
        }
        Ok(kept)
    }

    /// What updates make anew.
    fn anew(&self, set: &[(&Placed<String>, usize)], kept: &[bool]) -> Result<Vec<bool>, Problem> {
        let mut anew = vec![false; self.nodes.len()];
        set.iter().for_each(|(_, node)| anew[*node] = true);
        // Backwards, as a node's inputs always stand before it: one pass reaches all that the set
        // columns are made of.
        for index in (0..self.nodes.len()).rev() {
            if anew[index] {
                for input in &self.nodes[index].inputs {
                    anew[*input] |= !kept[*input] && can_be_anew(&self.nodes[*input]);
                }
            }
        }
        // Hidden columns that are made of what is anew are so, too, whoever reads them.
        for index in 0..self.nodes.len() {
            let mut inputs = self.nodes[index].inputs.iter();
            let made = matches!(self.nodes[index].origin, Origin::Fill(_));
            anew[index] |= made && !kept[index] && inputs.any(|input| anew[*input]);
        }
        let differs = self.differs(&anew);
        for (name, node) in set {
            self.check_set(name, *node, differs[*node])?;
        }
        Ok(anew)
    }

    /// Which nodes have another value in each change: those that are drawn anew, and what is made of
    /// such, or of the change itself.
    fn differs(&self, anew: &[bool]) -> Vec<bool> {
        let mut differs: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for (node, anew) in self.nodes.iter().zip(anew) {
            let mut inputs = node.inputs.iter();
            let of_inputs = inputs.any(|input| differs[*input]);
            let drawn = !node.pointwise || node.nulls.is_some();
            let of_change = matches!(node.origin, Origin::Outer(_));
            differs.push(of_change || *anew && (drawn || of_inputs));
        }
        differs
    }

    fn check_set(&self, name: &Placed<String>, node: usize, differs: bool) -> Result<(), Problem> {
        let node = &self.nodes[node];
        let name_of = &name.value;
        // A sequence or a time that rises says of a version's number, which begins at 2^44, nothing
        // sensible.
        if !node.pointwise && follows_rows(node) {
            let message =
                format!("column `{name_of}` follows the numbers of the rows: no update can set it");
            return Err(Problem::new(message).at(&name.place).hint(
                "leave it out of `set`, or draw it: a `uniform`, a `choice`, an `expr` of `change`",
            ));
        }
        if !differs {
            let message = format!(
                "an update would set column `{name_of}` to what it is: nothing that it is made of is drawn anew"
            );
            return Err(Problem::new(message).at(&name.place).hint(
                "updates draw anew what only columns of `set` are made of: make it of a hidden column of its own, such as `number: { uniform: { min: 1, max: 1_000_000 }, hidden: true }`",
            ));
        }
        Ok(())
    }

    fn check_key(&self, changes: &ChangedTable) -> Result<(), Problem> {
        let node = self.names.get(&changes.key).map(|node| &self.nodes[*node]);
        let Some(node) = node else {
            return Ok(());
        };
        // Updates and deletes name a row by its key: with two rows of one key they would change
        // both.
        if node.domain.unique && !node.domain.nulls {
            return Ok(());
        }
        let (key, table) = (&changes.key, &self.name);
        let message = format!("column `{key}` does not tell the rows of `{table}` apart");
        let column = self.made.get(key).map(|index| &self.columns[*index].1);
        let problem = Problem::new(message).hint("a `sequence` without `nulls` does");
        Err(match column {
            Some(column) => problem.at(&column.place),
            None => problem,
        })
    }

    fn references(&self) -> Vec<(usize, String, String)> {
        let columns = self.columns.iter();
        let references = columns.filter_map(|(name, column)| {
            let (table, key) = column.generator.refers_to()?;
            Some((*self.names.get(&name.value)?, table, key?))
        });
        references.collect()
    }
}

/// True for what updates can draw anew where only columns that they set are made of it.
fn can_be_anew(node: &ProgramNode) -> bool {
    let nested = matches!(
        node.field.data_type(),
        DataType::List(_) | DataType::Struct(_)
    );
    let own = node.pointwise || !follows_rows(node) && !node.domain.unique;
    matches!(node.origin, Origin::Fill(_)) && !nested && own
}

/// True if the values follow the rows' numbers, or depend on how many there are.
fn follows_rows(node: &ProgramNode) -> bool {
    node.domain.order != Order::Unknown || node.domain.depends_on_rows
}
