//! Tables for tests of generators: built from YAML, read column by column, at any rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::ArrayRef;

use crate::column::program::Program;
use crate::column::program_cell::ProgramCell;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::{Builder, Column, Reference, TableOptions};
use crate::domain::Domain;
use crate::error::Problem;
use crate::place::{Count, Node, Place, Placed, Source, Value, decode, parse};

/// The moment at which every test runs: 2026-01-15T00:00:00Z.
pub(super) const NOW_MICROS: i64 = 1_768_435_200_000_000;

/// Built tables.
pub(super) struct Tables {
    programs: BTreeMap<String, Arc<ProgramCell>>,
    nodes: BTreeMap<String, usize>,
    rows: BTreeMap<String, Option<u64>>,
}

/// Builds `{ table: { rows: 10, columns: { … } } }`, every column of it.
pub(super) fn tables(yaml: &str) -> Result<Tables, Problem> {
    tables_with(yaml, Vec::new())
}

/// The same, with references to read.
pub(super) fn tables_with(yaml: &str, references: Vec<Reference>) -> Result<Tables, Problem> {
    let references = references.into_iter();
    let references = references
        .map(|reference| (reference.name.clone(), Arc::new(reference)))
        .collect();
    let source = Arc::new(Source::new("p.yaml", yaml));
    let root = parse(&source)?;
    let options: Vec<TableOptions> = entries(&root)
        .iter()
        .map(|(name, node)| table(name, node))
        .collect::<Result<_, _>>()?;
    let mut rows = BTreeMap::new();
    let mut nodes = BTreeMap::new();
    let mut builder = Builder::new(options.clone(), references, NOW_MICROS);
    for table in &options {
        for (name, _) in &table.columns {
            let node = builder.column(&table.name, &name.value, &table.place)?;
            nodes.insert(format!("{}.{}", table.name, name.value), node);
        }
        rows.insert(
            table.name.clone(),
            builder.table_rows(&table.name, &table.place)?,
        );
    }
    let programs = builder.finish();
    Ok(Tables {
        programs,
        nodes,
        rows,
    })
}

/// The text of the problem that building the tables ends in.
pub(super) fn problem(yaml: &str) -> String {
    match tables(yaml) {
        Ok(_) => "no problem".into(),
        Err(problem) => problem.to_string(),
    }
}

/// The tables, which can be built.
pub(super) fn built(yaml: &str) -> Tables {
    tables(yaml).unwrap()
}

/// One table `t` of so many rows and columns.
pub(super) fn one(rows: u64, columns: &str) -> Tables {
    tables(&format!(
        "t:\n  rows: {rows}\n  columns:\n    {}\n",
        columns.replace('\n', "\n    ")
    ))
    .unwrap()
}

/// Values at a list of rows, backwards and in uneven slices are what the whole range gives.
pub(super) fn check_any_split(tables: &Tables, table: &str, columns: &[&str]) {
    use proptest::prelude::*;
    let total = tables.rows(table);
    for column in columns {
        let whole = tables.column(table, column);
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
        let cuts = (0..=total, proptest::collection::vec(0..total.max(1), 0..60));
        runner
            .run(&cuts, |(cut, list)| {
                let first = tables.at(
                    table,
                    column,
                    Rows::Range {
                        first: 0,
                        count: cut as usize,
                    },
                );
                let rest = Rows::Range {
                    first: cut,
                    count: (total - cut) as usize,
                };
                let rest = tables.at(table, column, rest);
                prop_assert_eq!(&first, &whole.slice(0, cut as usize));
                prop_assert_eq!(&rest, &whole.slice(cut as usize, (total - cut) as usize));
                let list: Vec<u64> = if total == 0 { Vec::new() } else { list };
                let listed = tables.at(table, column, Rows::List(&list));
                let index: arrow::array::UInt64Array = list.into_iter().collect();
                prop_assert_eq!(
                    &listed,
                    &arrow::compute::take(&whole, &index, None).unwrap()
                );
                Ok(())
            })
            .unwrap();
    }
}

impl Tables {
    /// How many rows the table has.
    pub(super) fn rows(&self, table: &str) -> u64 {
        self.rows[table].unwrap()
    }

    /// A whole column.
    pub(super) fn column(&self, table: &str, column: &str) -> ArrayRef {
        let count = self.rows(table) as usize;
        self.at(table, column, Rows::Range { first: 0, count })
    }

    /// A whole column as integers.
    pub(super) fn integers(&self, table: &str, column: &str) -> Vec<i64> {
        use arrow::array::AsArray;
        use arrow::datatypes::{DataType, Int64Type};
        let values = arrow::compute::cast(&self.column(table, column), &DataType::Int64).unwrap();
        values.as_primitive::<Int64Type>().values().to_vec()
    }

    /// A whole column as text.
    pub(super) fn texts(&self, table: &str, column: &str) -> Vec<String> {
        use arrow::util::display::{ArrayFormatter, FormatOptions};
        let values = self.column(table, column);
        let options = FormatOptions::default().with_null("null");
        let formatter = ArrayFormatter::try_new(&values, &options).unwrap();
        (0..values.len())
            .map(|row| formatter.value(row).to_string())
            .collect()
    }

    /// A column at some rows.
    pub(super) fn at(&self, table: &str, column: &str, rows: Rows<'_>) -> ArrayRef {
        let (program, node) = self.find(table, column);
        let selection = program.select(vec![node]);
        program.evaluate(&selection, rows, &[]).unwrap().remove(0)
    }

    /// The same where it may fail.
    pub(super) fn try_at(
        &self,
        table: &str,
        column: &str,
        rows: Rows<'_>,
    ) -> crate::error::Result<Vec<ArrayRef>> {
        let (program, node) = self.find(table, column);
        program.evaluate(&program.select(vec![node]), rows, &[])
    }

    /// The text of the error that making the whole column ends in.
    pub(super) fn failure(&self, table: &str, column: &str) -> String {
        let (program, node) = self.find(table, column);
        let count = self.rows(table) as usize;
        let selection = program.select(vec![node]);
        match program.evaluate(&selection, Rows::Range { first: 0, count }, &[]) {
            Ok(_) => "no error".into(),
            Err(error) => error.to_string(),
        }
    }

    /// What is known of a column.
    pub(super) fn domain(&self, table: &str, column: &str) -> Domain {
        let (program, node) = self.find(table, column);
        program.node(node).domain.clone()
    }

    fn find(&self, table: &str, column: &str) -> (&Program, usize) {
        let program = self.programs[table].get().unwrap();
        (program, self.nodes[&format!("{table}.{column}")])
    }
}

fn table(name: &crate::place::MapKey, node: &Node) -> Result<TableOptions, Problem> {
    let rows = node.get("rows").map(decode::<Placed<Count>>).transpose()?;
    let columns = entries(node.get("columns").unwrap());
    let column = |(name, node): &(crate::place::MapKey, Node)| {
        let placed = Placed {
            value: name.name.clone(),
            place: name.place.clone(),
        };
        Ok((placed, Arc::new(decode::<Column>(node)?)))
    };
    Ok(TableOptions {
        source_columns: None,
        changes: None,
        name: name.name.clone(),
        place: Place::clone(&name.place),
        key: Key::new("test").child(&name.name),
        rows,
        columns: columns.iter().map(column).collect::<Result<_, Problem>>()?,
    })
}

fn entries(node: &Node) -> &[(crate::place::MapKey, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}
