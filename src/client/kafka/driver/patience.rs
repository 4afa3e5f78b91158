//! Questions that a broker cannot answer yet: right after its start, a topic's creation, a change of the
//! group, it says so and knows a moment later.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

/// How long a broker may take to answer a question, and how long it is asked.
pub const PATIENCE: Duration = Duration::from_secs(5);
const ASKED: Duration = Duration::from_secs(12);

/// What a broker answers, which does not know it yet right after its start or a change of the group.
///
/// # Errors
/// It refuses, or still does not know after a while.
pub fn patiently<T>(mut ask: impl FnMut() -> KafkaResult<T>) -> KafkaResult<T> {
    let end = Instant::now() + ASKED;
    loop {
        match ask() {
            Err(error) if passes(&error) && Instant::now() < end => {
                tracing::debug!(%error, "asked again");
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => return answer,
        }
    }
}

fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::WaitingForCoordinator
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::UnstableOffsetCommit
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::MessageTimedOut
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_asked_again() {
        let fails = |code| KafkaError::OffsetFetch(code);
        let asked = |answers: Vec<KafkaResult<i32>>| {
            let (mut answers, mut count) = (answers.into_iter(), 0);
            let answer = patiently(|| {
                count += 1;
                answers.next().unwrap()
            });
            (answer, count)
        };
        let coming = fails(RDKafkaErrorCode::NotCoordinator);
        assert_eq!(asked(vec![Err(coming), Ok(7)]), (Ok(7), 2));
        // A topic that has just been made, as a question for its ends is answered.
        let made = KafkaError::MetadataFetch(RDKafkaErrorCode::NotLeaderForPartition);
        assert_eq!(asked(vec![Err(made), Ok(7)]), (Ok(7), 2));
        let refused = fails(RDKafkaErrorCode::GroupAuthorizationFailed);
        assert_eq!(asked(vec![Err(refused.clone())]), (Err(refused), 1));
    }
}
