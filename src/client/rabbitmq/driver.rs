//! Connections to RabbitMQ: lapin, with rustls where encryption is asked for.

use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::tcp::OwnedTLSConfig;
use lapin::types::LongString;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};
use tokio::time::timeout;

use crate::client::address::{self, RUNNING};
use crate::client::database::Tls;
pub use crate::client::refused::Refused;
use crate::client::refused::Said;
use crate::error::Problem;
use crate::place::{Placed, Secret};
use crate::plain_file::read_text;

/// A broker that does not let us in by then is away.
const CONNECT: Duration = Duration::from_secs(10);

/// Seconds after which a silent broker is taken for gone: half of them pass between two heartbeats.
// A choice; nothing was measured.
const HEARTBEAT: u16 = 20;

const EXPECTED: &str =
    "expected `amqp://USER:PASSWORD@HOST:5672/VHOST`, with `%2f` for the virtual host `/`";

/// A broker that can be connected to.
#[derive(Clone)]
pub struct Broker {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    shown: String,
}

impl Broker {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none; the file of the certificate authority cannot be read.
    pub fn new(url: &Placed<Secret>, tls: Option<&Tls>) -> Result<Self, Problem> {
        address::check(url)?;
        let wrong = |message: &str| {
            let problem = Problem::new(message).at(&url.place);
            problem.hint(address::hint(EXPECTED, url))
        };
        let mut uri: AMQPUri = url
            .value
            .0
            .parse()
            .map_err(|_| wrong("this is no address of a RabbitMQ broker"))?;
        // `amqp://host/` names a virtual host of no characters, though `/` is meant, the default
        // one.
        if uri.vhost.is_empty() {
            return Err(wrong(
                "the address ends with `/`, which is a virtual host without a name",
            ));
        }
        if tls.is_some() && uri.scheme != AMQPScheme::AMQPS {
            let problem = Problem::new("`tls` needs an address that begins with `amqps://`");
            return Err(problem.at(&url.place));
        }
        // What the address says wins.
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let vhost = match uri.vhost.as_str() {
            "/" => String::new(),
            vhost => format!(", virtual host {vhost}"),
        };
        let shown = format!("{}:{}{vhost}", uri.authority.host, uri.authority.port);
        let mut config = OwnedTLSConfig::default();
        if let Some(file) = tls.and_then(|tls| tls.ca.as_ref()) {
            let pem = read_text(&file.beside()).map_err(|error| {
                let problem = Problem::new(format!("could not read `{}`", file.as_str()));
                problem.at(&file.place).cause(error)
            })?;
            config.cert_chain = Some(pem);
        }
        Ok(Self {
            uri,
            tls: config,
            shown,
        })
    }

    /// Host, port and virtual host, without the user.
    pub fn name(&self) -> &str {
        &self.shown
    }

    /// A new connection, which the broker's pages show by `who`.
    ///
    /// # Errors
    /// Nobody answers, or the broker does not let us in.
    pub async fn connect(&self, who: &str) -> Result<Connection, Refused> {
        let properties =
            ConnectionProperties::default().with_connection_name(LongString::from(who));
        let runtime = lapin::runtime::default_runtime();
        let runtime = runtime.map_err(|error| self.refused("connecting", &error))?;
        let connecting = Connection::connect_uri_with_config(
            self.uri.clone(),
            properties,
            self.tls.clone(),
            runtime,
        );
        match timeout(CONNECT, connecting).await {
            Ok(connected) => connected.map_err(|error| self.refused("connecting", &error)),
            Err(_) => Err(self.silent("connecting")),
        }
    }

    /// The broker says nothing.
    pub fn silent(&self, doing: &str) -> Refused {
        Refused::silent(self.doing(doing))
    }

    /// What an error says, in words, with what was being done.
    pub fn refused(&self, doing: &str, error: &lapin::Error) -> Refused {
        Refused::new(self.doing(doing), said(error))
    }

    fn doing(&self, doing: &str) -> String {
        format!("{doing} at RabbitMQ at {}", self.shown)
    }
}

/// Never the user, never the password.
impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Broker({})", self.shown)
    }
}

/// What an error says, what helps, and whether it may pass.
fn said(error: &lapin::Error) -> Said {
    match error.kind() {
        ErrorKind::ProtocolError(error) => {
            let words = error.get_message().to_string();
            let (hint, passes) = match error.kind() {
                AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) if words.contains("Login") => {
                    (Some("the user or the password is wrong"), false)
                }
                AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => (
                    Some(
                        "the user may not do this: `rabbitmqctl set_permissions`, or another client has the queue for itself",
                    ),
                    false,
                ),
                AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => (
                    Some(
                        "a source declares no queues: `rabbitmqctl list_queues` shows those that are there",
                    ),
                    false,
                ),
                AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => (
                    Some(
                        "the virtual host behind the address's last `/` is not there, or not for this user",
                    ),
                    false,
                ),
                _ => (None, true),
            };
            (words, hint, passes)
        }
        ErrorKind::IOError(error) => {
            let words = error.to_string();
            let hint = match words.contains("ertificate") || words.contains("UnknownIssuer") {
                true => "`tls: { ca: FILE }` names the authority of its certificate",
                false => RUNNING,
            };
            (words, Some(hint), true)
        }
        ErrorKind::MissingHeartbeatError => ("it has gone silent".into(), Some(RUNNING), true),
        _ => (error.to_string(), None, true),
    }
}
