//! `parquet`: Apache Parquet files.

/// The finished column chunks of one row group.
pub struct RowGroup;
