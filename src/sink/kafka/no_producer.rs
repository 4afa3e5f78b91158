//! In a build without Kafka nobody sends.

use super::Kafka;
use crate::client::kafka;
use crate::error::{Error, Result};
use crate::sink::{Found, Target};

/// No topic can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(kafka: &Kafka, _target: &Target) -> Result<Found> {
    let missing = crate::client::missing("Kafka", "kafka");
    Err(Error::user(missing.at(&kafka.brokers.place)))
}
