//! What the kernel of Delta Lake refuses, said so that one knows what to do.

use std::error::Error as _;

use delta_kernel::KernelError;
use object_store::Error as StoreError;

use super::damage;
use super::engine::Engine;
use crate::error::{Error, Problem};

/// Why doing something with a table has failed: what its store refuses is told as for all objects, a
/// damaged log with the name of its file.
pub(super) fn told(engine: &Engine, doing: &str, error: &KernelError) -> Error {
    let error = plain(error);
    if let Some(refused) = of_store(error) {
        return engine.failed(doing, "", refused);
    }
    let problem = Problem::new(format!("{doing} `{}`", engine.shown));
    Error::run(match damage::find(engine) {
        Some(damage) => problem.cause(damage).hint(
            "restore that file from a copy, or write to another folder: without it nobody knows which rows the table has",
        ),
        None => problem.cause(error),
    })
}

/// An error without the stack that the kernel tells where `RUST_BACKTRACE` asks for one: that of a run that
/// ends in order helps nobody.
pub(super) fn plain(error: &KernelError) -> &KernelError {
    match error {
        KernelError::Backtraced { source, .. } => plain(source),
        other => other,
    }
}

/// What the store has said, if it was the store.
fn of_store(error: &KernelError) -> Option<&StoreError> {
    if let KernelError::ObjectStore(error) = error {
        return Some(error);
    }
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref::<StoreError>() {
            return Some(found);
        }
        source = inner.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use super::*;

    #[test]
    fn a_message_has_no_stack_in_it() {
        let traced = KernelError::Backtraced {
            source: Box::new(KernelError::Generic("damaged".into())),
            backtrace: Box::new(Backtrace::force_capture()),
        };
        assert!(traced.to_string().lines().count() > 3);
        assert_eq!(
            plain(&traced).to_string(),
            "Generic delta kernel error: damaged"
        );
    }
}
