//! The casino's transactions as rowgen makes them, for other writers than its own.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rowgen::load;
use rowgen::plan::{self, Overrides};
use rowgen::source;
use rowgen::spec::{self, GivenValues};

use crate::Result;

const PIPELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/casino.yaml");

/// A table that any thread can make any batch of.
pub struct Batches {
    source: source::MadeBatches,
    /// The places of the columns that files have, in their order, and their types.
    columns: Vec<usize>,
    schema: SchemaRef,
    /// How many threads make and encode them.
    pub threads: usize,
}

/// Which columns stay coded where a library does not take dictionaries of every type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Coded {
    /// Text: the library takes dictionaries of text.
    Text,
    /// None, and decimals have 128 bits.
    None,
}

impl Batches {
    /// The shipped pipeline with these params, each `NAME=VALUE`.
    pub fn load(threads: usize, set: &[&str]) -> Result<Self> {
        let pairs = set.iter().filter_map(|pair| pair.split_once('='));
        let given = GivenValues {
            set: pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            run_date: "2026-01-15".into(),
            ..GivenValues::default()
        };
        let pipeline = spec::read(Path::new(PIPELINE), &given)?;
        let loaded = load::load(&pipeline, |_| true)?;
        let plan = plan::make(&pipeline, loaded, &Overrides::default(), false)?;
        let job = plan.jobs.first().ok_or("the pipeline has no table")?;
        let sink = job.sinks.first().ok_or("the pipeline has no sink")?;
        Ok(Self {
            source: match &job.source {
                source::Batches::Made(made) => made.clone(),
                _ => return Err("the pipeline's first table is not made".into()),
            },
            columns: sink.columns.clone(),
            schema: sink.shape.schema.clone(),
            threads,
        })
    }

    /// How many batches there are.
    pub fn count(&self) -> u64 {
        self.source.grid().batches().unwrap_or(0)
    }

    /// Rows in a batch, but for the last one.
    pub fn rows_each(&self) -> u64 {
        self.source.grid().batch_rows()
    }

    /// Batch `number` as it comes.
    pub fn make(&self, number: u64) -> Result<RecordBatch> {
        let columns = self.source.make(number)?.rows.project(&self.columns)?;
        Ok(columns.with_schema(self.schema.clone())?)
    }

    /// Its columns and types, as a library takes them.
    pub fn schema(&self, coded: Coded) -> SchemaRef {
        let plain = |field: &Arc<Field>| {
            let kind = taken(field.data_type(), coded);
            field.as_ref().clone().with_data_type(kind)
        };
        Arc::new(Schema::new(
            self.schema.fields().iter().map(plain).collect::<Vec<_>>(),
        ))
    }

    /// Batch `number` as a library takes it: the cast is part of what the library costs.
    pub fn make_for(&self, number: u64, schema: &SchemaRef) -> Result<RecordBatch> {
        let batch = self.make(number)?;
        let columns: std::result::Result<Vec<ArrayRef>, _> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(
                |(column, field)| match column.data_type() == field.data_type() {
                    true => Ok(column.clone()),
                    false => cast(column, field.data_type()),
                },
            )
            .collect();
        Ok(RecordBatch::try_new(schema.clone(), columns?)?)
    }
}

/// The type that a library takes for a column of `kind`.
fn taken(kind: &DataType, coded: Coded) -> DataType {
    match kind {
        DataType::Dictionary(_, values) => match coded {
            Coded::Text if **values == DataType::Utf8 => kind.clone(),
            _ => taken(values, coded),
        },
        DataType::Decimal64(precision, scale) if coded == Coded::None => {
            DataType::Decimal128(*precision, *scale)
        }
        kind => kind.clone(),
    }
}
