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

/// The head of a request comes within this time, counted from the end of the one before.
const HEAD: Duration = Duration::from_secs(10);

/// So many are open at once; others wait to be taken.
const MOST: usize = 256;

/// How long is waited where none can be taken.
const AGAIN: Duration = Duration::from_secs(1);

/// Takes connections and answers on each, for ever.
pub async fn answer(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MOST));
    while let Ok(place) = places.clone().acquire_owned().await {
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
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

/// It left before it was taken.
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
