//! How a column is built: the options of a file, what a generator may ask, and who answers.
//!
//! A generator sees only `Build` (`context`), which asks the `builder`, so that no generator depends on
//! how tables are put together.

mod builder;
mod context;
mod options;
mod own_rows;

pub(in crate::column) use builder::ChildTable;
pub use builder::{Builder, SourceColumns, TableOptions};
pub(in crate::column) use context::EnclosingScope;
pub use context::{Build, BuiltColumn, ColumnFields, Input, NestedColumns, Parent, Pick};
pub use options::{Column, ColumnList, Columns, CommonOptions, OnBadValue, columns, is_kind};
