//! In a build without Kafka nobody sends.

use super::Kafka;
use crate::client::missing;
use crate::error::{Error, Result};
use crate::sink::{Found, Target};

/// No topic can be found.
///
/// # Errors
/// Always: it names the feature.
pub fn connect(kafka: &Kafka, _target: &Target) -> Result<Found> {
    Err(Error::user(
        missing("Kafka", "kafka").at(&kafka.brokers.place),
    ))
}
