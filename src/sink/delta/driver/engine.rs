//! The engine that reads and writes the log of a table: on the stores and the runtime of this process.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use delta_kernel::{KernelError, KernelResult};
use delta_kernel_default_engine::executor::TaskExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use object_store::local::LocalFileSystem;
use object_store::{Error as StoreError, ObjectStore};
use tokio::runtime::Handle;
use url::Url;

use crate::client::object::{Bucket, ObjectUrl, innermost};
use crate::client::runtime;
use crate::error::{Error, Problem, Result};
use crate::outlet::resolved;

/// What the kernel asks for everything that it cannot do itself.
pub(super) type KernelEngine = DefaultEngine<Connections>;

/// Where a table is, and what reads and writes there.
pub(super) struct Engine {
    pub(super) kernel: KernelEngine,
    pub(super) store: Arc<dyn ObjectStore>,
    /// The URL of the table's folder, with `/` at its end.
    pub(super) url: Url,
    /// The folder as messages name it.
    pub(super) shown: String,
    /// Of a table that is no folder of a disk: its bucket, and what its keys begin with.
    bucket: Option<(Bucket, String)>,
}

impl Engine {
    /// Opens the place of a table; a store of objects is waited for so long.
    ///
    /// # Errors
    /// What the environment says of the store cannot be.
    pub(super) fn open(folder: &Path, patience: std::time::Duration) -> Result<Self> {
        let mut bucket = None;
        let (store, url): (Arc<dyn ObjectStore>, _) = match ObjectUrl::of(folder) {
            Some(object) => {
                let url = folder.to_string_lossy();
                let url = Url::parse(&format!("{}/", url.trim_end_matches('/')));
                let url = url.map_err(|error| Error::because("reading the path", error))?;
                let opened = Bucket::open(&object, patience)?;
                let store = opened.store();
                bucket = Some((opened, object.key));
                (store, url)
            }
            None => {
                // No URL has `..`.
                let url = Url::from_directory_path(resolved(folder));
                let url = url.map_err(|()| Error::user("the path of the table is no path"))?;
                (Arc::new(LocalFileSystem::new()), url)
            }
        };
        let shown = folder.display().to_string();
        let executor = Arc::new(Connections(runtime::handle()?));
        let kernel = DefaultEngineBuilder::new(store.clone());
        Ok(Self {
            kernel: kernel.with_task_executor(executor).build(),
            store,
            url,
            shown: shown.trim_end_matches('/').to_string(),
            bucket,
        })
    }

    /// The table is in a store of objects, not on a disk.
    pub(super) fn is_remote(&self) -> bool {
        self.bucket.is_some()
    }

    /// Why the store has failed to do something with a path from the table's folder on: words and hints are
    /// those of all objects.
    pub(super) fn failed(&self, doing: &str, inside: &str, error: &StoreError) -> Error {
        let below = |folder: &str| match inside {
            "" => folder.to_string(),
            inside => format!("{folder}/{inside}"),
        };
        match &self.bucket {
            Some((bucket, key)) => bucket.failed(doing, &below(key), error),
            None => {
                let what = format!("{doing} `{}`", below(&self.shown));
                Error::run(Problem::new(what).cause(innermost(error)))
            }
        }
    }

    /// The place of a path from the table's folder on, as the store names it.
    pub(super) fn path(&self, inside: &str) -> Result<object_store::path::Path> {
        let mut url = self.url.clone();
        let mut steps = url
            .path_segments_mut()
            .map_err(|()| Error::user("the path of the table is no path"))?;
        steps.pop_if_empty().extend(inside.split('/'));
        drop(steps);
        let path = object_store::path::Path::from_url_path(url.path());
        path.map_err(|error| Error::because("reading a path of the table", error))
    }
}

/// Tasks of the kernel on the runtime of connections.
#[derive(Debug)]
pub(super) struct Connections(Handle);

impl TaskExecutor for Connections {
    type Guard<'a> = tokio::runtime::EnterGuard<'a>;

    fn block_on<T>(&self, task: T) -> T::Output
    where
        T: Future + Send + 'static,
        T::Output: Send + 'static,
    {
        // The kernel reads on while it writes: whoever is within the runtime already waits on another
        // thread.
        if Handle::try_current().is_err() {
            return self.0.block_on(task);
        }
        std::thread::scope(|scope| {
            let work = scope.spawn(|| self.0.block_on(task));
            work.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn(task);
    }

    fn spawn_blocking<T, R>(
        &self,
        task: T,
    ) -> Pin<Box<dyn Future<Output = KernelResult<R>> + Send + '_>>
    where
        T: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let work = self.0.spawn_blocking(task);
        Box::pin(async move {
            work.await
                .map_err(|error| KernelError::join_failure(error.to_string()))
        })
    }

    fn enter(&self) -> Self::Guard<'_> {
        self.0.enter()
    }
}
