//! Connections of clients: a slow one keeps nobody waiting, and many take no more than their share.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How long the head of a request may take, counted from the end of the request before.
// The server of axum has no timeout for the head of a request and no bound on connections, so that
// a client which sends a byte a minute held one for ever. hyper, which is below it anyway, has
// both.
const HEAD: Duration = Duration::from_secs(10);

/// The most connections that are open at once; others wait to be accepted.
// A choice: far from the usual limit of 1024 open files, which sinks and sources need, too.
const MOST: usize = 256;

/// How long to wait after `accept` has failed.
const AGAIN: Duration = Duration::from_secs(1);

/// Takes connections and answers on each, for ever.
pub async fn answer(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MOST));
    while let Ok(place) = places.clone().acquire_owned().await {
        // The place is taken before the connection: others wait in the system's queue, which costs
        // this process nothing.
        let stream = taken(&listener).await;
        let router = router.clone();
        tokio::spawn(async move {
            talk(stream, router).await;
            drop(place);
        });
    }
}

async fn taken(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!("no connection can be taken: {error}");
                // Out of file descriptors, most likely: tried again at once it would fail again, a
                // million times a second.
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// True where the client left before its connection was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionReset)
}

async fn talk(stream: TcpStream, router: Router) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let service = TowerToHyperService::new(router);
    let ended = server.serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = ended {
        tracing::debug!("a connection was given up: {error}");
    }
}
