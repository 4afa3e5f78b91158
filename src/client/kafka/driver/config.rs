//! What librdkafka is told, and what it says of itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::super::{Connection, Mechanism};
use crate::error::{Error, Problem, Result};
use crate::plain_file::plain;
use crate::sync::lock;

/// librdkafka's properties for a connection; what a client adds may be overridden by the user's own
/// `properties`, so those are set last, by `Connection::finish`.
pub fn config(connection: &Connection) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &connection.brokers);
    config.set("client.id", "rowgen");
    // librdkafka connects to no other broker for half of this after the first, and a client's second
    // is the same one under its own name: at its default of 100 ms every client waited 50 ms.
    config.set("reconnect.backoff.ms", "20");
    let protocol = match (&connection.tls, &connection.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    if let Some(tls) = &connection.tls {
        let files = [
            ("ssl.ca.location", &tls.ca),
            ("ssl.certificate.location", &tls.certificate),
            ("ssl.key.location", &tls.key),
        ];
        for (property, file) in files {
            if let Some(file) = file {
                config.set(property, file.beside().to_string_lossy());
            }
        }
        let verify = tls.verify.is_none_or(|verify| verify.0);
        config.set("enable.ssl.certificate.verification", verify.to_string());
    }
    if let Some(sasl) = &connection.sasl {
        let mechanism: Mechanism = sasl.mechanism.value;
        config.set("sasl.mechanisms", mechanism.name());
        config.set("sasl.username", sasl.username.as_str());
        config.set("sasl.password", sasl.password.as_str());
    }
    config
}

impl Connection {
    /// The files of `tls:` can be read; librdkafka says of one that cannot only what OpenSSL does.
    ///
    /// # Errors
    /// One cannot be read.
    pub(super) fn readable(&self) -> Result<()> {
        let Some(tls) = &self.tls else {
            return Ok(());
        };
        for file in [&tls.ca, &tls.certificate, &tls.key].into_iter().flatten() {
            let path = file.beside();
            if let Err(error) = plain(&path).and_then(|_| std::fs::File::open(&path)) {
                let what = format!("could not read the certificate `{}`", path.display());
                return Err(Error::run(Problem::new(what).at(&file.place).cause(error)));
            }
        }
        Ok(())
    }

    /// Sets the user's own properties, which win.
    pub fn finish(&self, mut config: ClientConfig) -> ClientConfig {
        for (name, value) in &self.properties.0 {
            config.set(name.as_str(), value.as_str());
        }
        config
    }
}

/// librdkafka makes no such client. What a property is set to may be a password, and is not told.
pub fn no_client(what: &str, error: KafkaError) -> Error {
    let doing = format!("setting up a {what} of Kafka");
    let KafkaError::ClientConfig(_, said, property, value) = error else {
        return Error::because(doing, error);
    };
    let parts = value.split(',').map(str::trim);
    let cause = match parts
        .filter(|part| !part.is_empty())
        .any(|part| said.contains(part))
    {
        true => format!("librdkafka does not take the value of `{property}`"),
        false => said.trim_end().to_string(),
    };
    Error::because(doing, cause).hint(format!("look at `{property}` in `properties`"))
}

/// Keeps what librdkafka says of brokers that it cannot reach or that refuse it, to be told as the
/// cause of whatever fails next.
#[derive(Debug, Default)]
pub struct Events {
    last: Mutex<Option<String>>,
    refused: AtomicBool,
    away: AtomicBool,
}

impl Events {
    /// The last thing that went wrong, if anything did.
    pub fn last(&self) -> Option<String> {
        lock(&self.last).clone()
    }

    /// The broker has refused this client: to ask again is of no use.
    pub fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// No broker could be reached when that was last tried.
    pub fn away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// One was reached.
    pub fn back(&self) {
        self.away.store(false, Ordering::Relaxed);
    }

    fn note(&self, text: &str) {
        *lock(&self.last) = Some(text.to_string());
    }
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, ?level, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // That all brokers are down follows from what was said of each, and says less.
        let all_down = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if all_down {
            self.away.store(true, Ordering::Relaxed);
        }
        if !all_down || self.last().is_none() {
            self.note(reason);
        }
        if matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::SaslAuthenticationFailed
                    | RDKafkaErrorCode::SSL
            )
        ) {
            self.refused.store(true, Ordering::Relaxed);
        }
        tracing::debug!("{reason}");
    }
}

impl ConsumerContext for Events {}

impl ProducerContext for Events {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use rdkafka::producer::BaseProducer;

    use super::*;

    fn refused(property: &str, value: &str) -> String {
        let mut settings = config(&Connection::default());
        settings.set(property, value);
        let made = settings.create::<BaseProducer>();
        no_client("producer", made.err().unwrap()).to_string()
    }

    #[test]
    fn what_a_property_is_set_to_is_not_told() {
        assert_eq!(
            refused("sasl.passwd", "hunter2"),
            "error: setting up a producer of Kafka\n  \
             caused by: No such configuration property: \"sasl.passwd\"\n  \
             hint: look at `sasl.passwd` in `properties`"
        );
        assert_eq!(
            refused("acks", "hunter2"),
            "error: setting up a producer of Kafka\n  \
             caused by: Invalid value for configuration property \"request.required.acks\"\n  \
             hint: look at `acks` in `properties`"
        );
        // librdkafka itself tells this one.
        assert_eq!(
            refused("debug", "broker,hunter2"),
            "error: setting up a producer of Kafka\n  \
             caused by: librdkafka does not take the value of `debug`\n  \
             hint: look at `debug` in `properties`"
        );
    }
}
