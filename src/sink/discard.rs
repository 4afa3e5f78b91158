//! `discard`: counts rows and throws them away, to measure what a pipeline can make.

use std::ops::ControlFlow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::lane::{self, Marks, Writer};
use super::{FileReport, Found, Lane, Ready, Sink, SinkPlace, Takes, Target};
use crate::error::{Problem, Result};
use crate::format::{FileChunk, FileWriter, FormatKind, Shape};

/// Counts rows and throws them away, with or without encoding them first.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct Discard {
    /// Encode the rows like this before throwing them away; without it they are only counted.
    pub format: Option<FormatKind>,
}

/// The format and the rows that will come.
struct Open(FormatKind, Target);

/// Puts the encoded rows into nothing.
struct Nowhere(Option<Box<dyn FileWriter>>);

impl Sink for Discard {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        self.format
            .as_ref()
            .map_or_else(Vec::new, |format| format.check(shape))
    }

    fn takes(&self) -> Takes {
        Takes {
            place: SinkPlace::Nowhere,
            ..Takes::default()
        }
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        Ok(match &self.format {
            None => lane::each(target, |_| ()),
            Some(format) => Found::ready(Open(format.clone(), target.clone())),
        })
    }
}

impl Ready for Open {
    fn open(&self, _lane: usize) -> Result<Arc<dyn Lane>> {
        let Self(format, target) = self;
        let encoder = format.open(&target.shape)?;
        let file = encoder.begin(Box::new(std::io::sink()))?;
        lane::start(target, encoder, Box::new(Nowhere(Some(file))))
    }
}

impl Writer<FileChunk> for Nowhere {
    fn write(&mut self, number: u64, chunk: FileChunk, marks: &Marks) -> Result<ControlFlow<()>> {
        marks.add(chunk.rows, 0);
        if let Some(file) = &mut self.0 {
            let before = file.bytes();
            file.write(chunk)?;
            marks.add(0, file.bytes() - before);
        }
        marks.durable(number + 1);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        if let Some(file) = self.0.take() {
            file.finish()?;
        }
        Ok(Vec::new())
    }
}
