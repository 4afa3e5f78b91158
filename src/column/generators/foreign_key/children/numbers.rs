//! How many children each parent has: drawn, or what a column of the parent says.

use std::sync::OnceLock;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};

use super::children_of;
use crate::column::distribution::CountSampler;
use crate::column::program::Selection;
use crate::column::program_cell::ProgramRef;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::plain;
use crate::error::{Error, Result};

/// How many children each parent has.
pub(in crate::column) enum Numbers {
    /// A number for each parent's row.
    Drawn { key: Key, counts: CountSampler },
    /// What a column of the parent says.
    Column(CountColumn),
}

/// A column that says how many.
pub(in crate::column) struct CountColumn {
    program: ProgramRef,
    node: usize,
    selection: OnceLock<Selection>,
    /// The least and the greatest number, which are known once all are counted.
    pub range: (u64, u64),
    /// As a pipeline names it.
    pub name: String,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Drawn { counts, .. } => write!(formatter, "{counts:?}"),
            Self::Column(column) => formatter.write_str(&column.name),
        }
    }
}

impl Numbers {
    /// The numbers of some parents.
    ///
    /// # Errors
    /// A column's value cannot be made, or is no number of children.
    pub fn of(&self, parents: Rows<'_>) -> Result<Vec<u64>> {
        match self {
            Self::Drawn { key, counts } => Ok(children_of(*key, counts, parents)),
            Self::Column(column) => column.of(parents),
        }
    }

    /// The numbers of a column, which are known to lie between two.
    pub fn within(self, least: u64, most: u64) -> Self {
        match self {
            Self::Column(column) => Self::Column(CountColumn {
                range: (least, most),
                ..column
            }),
            drawn @ Self::Drawn { .. } => drawn,
        }
    }

    /// The least and the greatest number.
    pub fn range(&self) -> (u64, u64) {
        match self {
            Self::Drawn { counts, .. } => counts.range(),
            Self::Column(column) => column.range,
        }
    }
}

impl CountColumn {
    pub fn new(program: ProgramRef, node: usize, name: String) -> Self {
        Self {
            program,
            node,
            selection: OnceLock::new(),
            range: (0, 0),
            name,
        }
    }

    fn of(&self, parents: Rows<'_>) -> Result<Vec<u64>> {
        let made = self.program.read(|program| {
            let select = || program.select(vec![self.node]);
            let selection = self.selection.get_or_init(select);
            program.evaluate(selection, parents, &[])
        });
        let made =
            made.ok_or_else(|| Error::run("children were counted before their parents"))??;
        let values = cast(&plain(&made[0])?, &DataType::Int64)?;
        let values = values.as_primitive::<Int64Type>();
        let number = |row: usize| {
            // Without a number there are none.
            let value = if values.is_null(row) {
                0
            } else {
                values.value(row)
            };
            u32::try_from(value).map(u64::from).map_err(|_| {
                let (parent, name) = (parents.at(row), &self.name);
                let message = format!(
                    "row {parent}: `{name}` is {value}, and a row has 0 to {} children",
                    u32::MAX
                );
                Error::run(message)
            })
        };
        (0..values.len()).map(number).collect()
    }
}
