//! The paths of a service: who may ask for what, and how it is answered.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::trigger::{Refused, Sender};
use super::{Service, connections, metrics, timestamp};
use crate::client::runtime::{block_on, spawn};
use crate::error::{Error, Result};

const PAGE: &str = include_str!("page.html");

/// The content type of `/metrics`.
// Prometheus chooses its parser by this type.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How often the page gets figures.
const STEP: Duration = Duration::from_secs(1);

/// An address that nobody else has: known before anything is begun.
pub struct Listener {
    /// Where it is.
    pub address: SocketAddr,
    listener: tokio::net::TcpListener,
}

/// A service that answers. Dropped, it answers no more.
pub struct Server(tokio::task::JoinHandle<()>);

impl Listener {
    /// Takes an address; the hint says which option takes another one.
    ///
    /// # Errors
    /// It is taken, or not this machine's.
    pub fn bind(address: SocketAddr, option: &str) -> Result<Self> {
        let listen = tokio::net::TcpListener::bind(address);
        let doing = || format!("listening on {address}");
        let listener = block_on(listen)?.map_err(|error| {
            let hint = format!("another program may listen there: `{option}` takes another port");
            Error::because(doing(), error).hint(hint)
        })?;
        let address = listener.local_addr();
        let address = address.map_err(|error| Error::because(doing(), error))?;
        Ok(Self { address, listener })
    }

    /// Answers from now on.
    pub(super) fn answer(self, service: &Arc<Service>) -> Result<Server> {
        let answering = connections::answer(self.listener, router(service));
        spawn(answering).map(Server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn router(service: &Arc<Service>) -> Router {
    let mut router = Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/health", get(health))
        .route("/live", get(|| async { Json(json!({"status": "alive"})) }))
        .route("/metrics", get(tell_metrics))
        .route("/status", get(status))
        .route("/events", get(events))
        .route(
            "/pause",
            post(|State(service): State<Arc<Service>>| async move { pause(&service, true) }),
        )
        .route(
            "/resume",
            post(|State(service): State<Arc<Service>>| async move { pause(&service, false) }),
        );
    for (path, sender) in &service.offer.senders {
        let sender = sender.clone();
        let answer = move |query: Query<Count>| async move { send(&sender, &query.0) };
        router = router.route(path, post(answer));
    }
    for tracking in &service.offer.tracking {
        router = router
            .route(tracking.status.as_str(), get(tracked))
            .route(tracking.reset.as_str(), post(reset));
    }
    router
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is no such path") })
        .method_not_allowed_fallback(|| async {
            refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path takes another method",
            )
        })
        .layer(middleware::from_fn_with_state(service.clone(), let_in))
        .with_state(service.clone())
}

/// Every POST needs the token, where there is one, and comes from no foreign page: browsers send what
/// any page asks them to, also to this machine.
async fn let_in(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    if request.method() == Method::POST {
        if is_foreign(request.headers()) {
            return refusal(
                StatusCode::FORBIDDEN,
                "this request comes from a foreign page",
            );
        }
        if let Some(token) = &service.offer.token
            && !has_token(request.headers(), &token.0)
        {
            let told = "this needs the header `Authorization: Bearer TOKEN`";
            return refusal(StatusCode::UNAUTHORIZED, told);
        }
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(ORIGIN) else {
        return headers.contains_key(ORIGIN);
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    // The header `Origin` is set by browsers and cannot be changed by a page; programs do not send
    // it.
    host.is_none() || host != text(HOST)
}

/// Compared by digest: how long that takes says nothing of the token.
fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
    // A plain comparison ends at the first byte that differs, which can be measured from outside.
    given.is_some_and(|given| Sha256::digest(given) == Sha256::digest(token.as_bytes()))
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn health(State(service): State<Arc<Service>>) -> Response {
    let troubles = service.troubles();
    match troubles.is_empty() {
        true => Json(json!({"status": "healthy", "timestamp": timestamp()})).into_response(),
        false => {
            let told =
                json!({"status": "unhealthy", "timestamp": timestamp(), "reasons": troubles});
            // A 503, so that an orchestrator's probe needs no look into the body. `/live` stays
            // 200: a broker that is away is no reason to kill this process.
            (StatusCode::SERVICE_UNAVAILABLE, Json(told)).into_response()
        }
    }
}

async fn tell_metrics(State(service): State<Arc<Service>>) -> Response {
    match metrics::text(&service) {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn status(State(service): State<Arc<Service>>) -> Json<Value> {
    let mut status = service.status();
    status["history"] = service.watch.history();
    Json(status)
}

async fn events(
    State(service): State<Arc<Service>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let figures = stream::unfold(false, move |later| {
        let service = service.clone();
        async move {
            if later {
                // The first event comes at once: a page would stand empty for a second.
                tokio::time::sleep(STEP).await;
            }
            let event = Event::default().data(service.status().to_string());
            Some((Ok(event), true))
        }
    });
    Sse::new(figures).keep_alive(KeepAlive::default())
}

fn pause(service: &Service, paused: bool) -> Json<Value> {
    for pipeline in &service.pipelines {
        pipeline.pause(paused);
    }
    for schedule in &service.schedules {
        schedule.pause(paused);
    }
    Json(json!({ "paused": paused }))
}

async fn tracked(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(service.watch.tracked())
}

async fn reset(State(service): State<Arc<Service>>) -> Json<Value> {
    service.watch.reset();
    Json(json!({"message": "Tracking reset"}))
}

/// The parameter of a trigger; others are ignored.
#[derive(Deserialize)]
struct Count {
    count: Option<String>,
}

fn send(sender: &Arc<Sender>, asked: &Count) -> Response {
    match sender.send(asked.count.as_deref()) {
        Ok(count) => {
            let told = json!({"message": "Test data generation started", "count": count});
            Json(told).into_response()
        }
        Err(Refused::Count) => refusal(StatusCode::BAD_REQUEST, "Invalid count parameter"),
        Err(Refused::Most(most)) => {
            let told = format!("Invalid count parameter: at most {most}");
            refusal(StatusCode::BAD_REQUEST, &told)
        }
        Err(Refused::Busy) => {
            let told = "enough is being sent: try again when some of it is done";
            refusal(StatusCode::TOO_MANY_REQUESTS, told)
        }
        Err(Refused::Ending) => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "the service is being ended",
        ),
    }
}
