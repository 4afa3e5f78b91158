//! How one column is made.
//!
//! ```text
//! generators/     one file for each word of a pipeline: `uniform`, `foreign_key`, `template`, …
//! distribution/   the laws of probability that several of them draw from
//! before/         what came before a row in its group, for any row alone
//! random/         the only randomness: a hash of (key, row), and what is built on it
//! values/         values of a column's type: read from YAML, held in Arrow arrays
//! build/          what a generator sees while it is built, and the builder behind it
//! changes/        tables whose rows are changes of rows
//! ```
//!
//! A generator is built once, from its options and what is around it, into a `Fill`: a function
//! from rows to an Arrow array. The fills of a table, in the order of their dependencies, are its
//! `Program`, which is evaluated at any `Rows`.

mod before;
mod build;
pub mod changes;
mod child_rows;
pub mod distribution;
mod generators;
pub mod kin;
mod parent_column;
mod program;
mod program_cell;
pub mod random;
mod reference_data;
pub mod rows;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod together;
pub mod values;

pub use build::{
    Build, Builder, BuiltColumn, Column, ColumnFields, ColumnList, Columns, CommonOptions, Input,
    NestedColumns, Parent, Pick, SourceColumns, TableOptions, columns, is_kind,
};
pub use changes::{ChangeRole, ChangedTable};
pub use distribution::{CountSampler, Distribution, DistributionKind};
pub use generators::{GENERATOR_EXAMPLES, Generator, GeneratorKind, LIST_ITEM};
pub use program::{Fill, Origin, Program, ProgramNode, Selection};
pub use program_cell::ProgramCell;
pub use random::hash;
pub use reference_data::Reference;
pub use values::cut::cut;
pub use values::types::{ColumnType, UUID_EXTENSION, is_uuid, parse_type, parse_uuid, show_type};
pub use values::{arrays, scalar};
