//! Apache Kafka: where the brokers are and how to be let in.

#[cfg(feature = "kafka")]
mod driver;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Problem;
use crate::place::{FilePath, Flag, NamedItems, Place, Placed, Secret, Text};
#[cfg(feature = "kafka")]
pub use driver::*;

/// Encrypted connections to the brokers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate authority's file, PEM (default: the system's).
    pub ca: Option<Placed<FilePath>>,
    /// This client's certificate file, PEM.
    pub certificate: Option<Placed<FilePath>>,
    /// The key of this client's certificate, PEM.
    pub key: Option<Placed<FilePath>>,
    /// Check that the broker is who it says (default true).
    pub verify: Option<Flag>,
}

/// Who this client is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sasl {
    /// How the password is shown to the broker.
    pub mechanism: Placed<Mechanism>,
    /// The user's name.
    pub username: Placed<Text>,
    /// The password, best from the environment: `"${env:KAFKA_PASSWORD}"`.
    pub password: Secret,
}

/// How a password is shown to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// As it is.
    Plain,
    /// SCRAM with SHA-256.
    #[serde(rename = "scram_sha_256")]
    ScramSha256,
    /// SCRAM with SHA-512.
    #[serde(rename = "scram_sha_512")]
    ScramSha512,
}

/// Everything that a client of Kafka needs to be let in.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// `host:port`, several with commas between.
    pub brokers: String,
    /// Encrypted connections.
    pub tls: Option<Tls>,
    /// Who this client is.
    pub sasl: Option<Sasl>,
    /// Properties of librdkafka, which win over everything else.
    pub properties: NamedItems<Text>,
}

impl Mechanism {
    /// Its registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl Connection {
    /// What is wrong with the brokers' names, or what this build of rowgen lacks for such a connection.
    /// `place` is where the options stand.
    pub fn check(&self, place: Option<&Place>) -> Option<Problem> {
        let problem = self.user_among_brokers().or_else(|| self.lacking())?;
        Some(match place {
            Some(place) => problem.at(place),
            None => problem,
        })
    }

    /// `me:password@host`: no part of an address here, and never shown.
    fn user_among_brokers(&self) -> Option<Problem> {
        let problem = || {
            Problem::new("`brokers` are `host:port`, and no user stands among them")
                .hint("say who asks with `sasl: { mechanism: plain, username: …, password: … }`")
        };
        self.brokers.contains('@').then(problem)
    }

    fn lacking(&self) -> Option<Problem> {
        let scram = self
            .sasl
            .as_ref()
            .filter(|sasl| sasl.mechanism.value != Mechanism::Plain);
        let (what, feature) = match (&self.tls, scram) {
            _ if !cfg!(feature = "kafka") => ("Kafka".to_string(), "kafka"),
            _ if cfg!(feature = "kafka-tls") => return None,
            (Some(_), _) => ("TLS for Kafka".to_string(), "kafka-tls"),
            (None, Some(sasl)) => (
                format!("{} for Kafka", sasl.mechanism.value.name()),
                "kafka-tls",
            ),
            (None, None) => return None,
        };
        Some(super::missing(&what, feature))
    }

    /// True where only librdkafka can connect: encrypted, with a user, or with its own properties.
    pub fn needs_librdkafka(&self) -> bool {
        self.tls.is_some() || self.sasl.is_some() || !self.properties.0.is_empty()
    }
}
