//! What becomes of requests: acknowledged, to be sent again, or refused for good.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::ProduceResponse;
use kafka_protocol::messages::produce_response::PartitionProduceResponse;

use super::cluster::BrokerLink;
use super::in_flight::{InFlightBatch, carries_before};
use super::sender::{PAUSE, SenderState};
use crate::client::kafka::wire;
use crate::error::Problem;

impl SenderState {
    /// A response, or the end of a connection; those of former connections are of no interest.
    pub(super) fn answer(
        &mut self,
        link: BrokerLink,
        id: u64,
        answer: Result<bytes::Bytes, String>,
    ) {
        let Some(connection) = self
            .connections
            .get_mut(&link)
            .filter(|known| known.id == id)
        else {
            return;
        };
        let version = connection.wire.versions().produce;
        let decoded =
            answer.and_then(|mut frame| wire::decode::<ProduceResponse>(&mut frame, version));
        let request = connection.requests.pop_front();
        match (decoded, request) {
            (Ok((number, response)), Some(request)) if number == request.number => {
                self.answered(response, request.parts);
            }
            (decoded, request) => {
                let error = decoded
                    .err()
                    .unwrap_or_else(|| "an answer to nothing that was asked".into());
                let parts = request.into_iter().flat_map(|request| request.parts);
                parts.for_each(|part| self.send_again(part));
                self.broken(link, error);
            }
        }
    }

    /// Sorts the parts of a request by what became of each.
    fn answered(&mut self, response: ProduceResponse, mut parts: Vec<InFlightBatch>) {
        let answers = response
            .responses
            .into_iter()
            .flat_map(|topic| topic.partition_responses);
        for answer in answers {
            let Some(at) = parts.iter().position(|part| part.partition == answer.index) else {
                continue;
            };
            let part = parts.swap_remove(at);
            self.settled(part, &answer);
        }
        // What the broker did not speak of is asked for again.
        parts.into_iter().for_each(|part| self.send_again(part));
    }

    /// A part that was sent waits again in its old place.
    pub(super) fn send_again(&mut self, part: InFlightBatch) {
        self.cluster.forget(part.partition);
        self.partitions.back(&part);
        self.pending.put(part);
        self.stale = true;
    }

    fn acknowledged(&mut self, part: &InFlightBatch) {
        self.partitions.back(part);
        self.partitions.proven(part);
        let (rows, bytes) = (u64::from(part.rows), part.len());
        self.delivery
            .acknowledged(part.number, rows, bytes, part.payload);
    }

    fn settled(&mut self, part: InFlightBatch, answer: &PartitionProduceResponse) {
        match ResponseError::try_from_code(answer.error_code) {
            // What the broker has already is what was wanted.
            None | Some(ResponseError::DuplicateSequenceNumber) => {
                self.pause = PAUSE;
                self.acknowledged(&part);
            }
            Some(error) if error.is_retriable() || self.follows_another(&part, error) => {
                self.last_error = Some(error.to_string());
                self.send_again(part);
                self.try_again_later();
            }
            Some(ResponseError::OutOfOrderSequenceNumber) => self.look_whether_it_is_there(part),
            Some(error) => {
                let said = answer.error_message.as_ref();
                let said = said.map_or_else(String::new, |said| format!(": {}", said.as_str()));
                self.refused(&part, &format!("{error}{said}"), hint(error));
            }
        }
    }

    /// Out of order only because an earlier part of its partition has to be sent again.
    fn follows_another(&self, part: &InFlightBatch, error: ResponseError) -> bool {
        let mut connections = self.connections.values();
        error == ResponseError::OutOfOrderSequenceNumber
            && (self.pending.has_before(part.partition, part.order)
                || connections.any(|connection| {
                    carries_before(&connection.requests, part.partition, part.order)
                }))
    }

    /// A broker that was killed knows only the last batch that it has of a producer, so it calls
    /// those before it out of order: it is asked how far it is.
    fn look_whether_it_is_there(&mut self, part: InFlightBatch) {
        let last = self
            .cluster
            .last_sequence(part.partition, self.partitions.producer_id());
        match last {
            Ok(Some(last)) if part.is_within(last) => {
                self.acknowledged(&part);
            }
            Ok(_) => {
                let error = "the broker lacks messages that it had acknowledged";
                self.refused(
                    &part,
                    error,
                    Some("did it lose its disk, or its unclean leader?"),
                );
            }
            Err(error) => {
                self.last_error = Some(error);
                self.send_again(part);
                self.try_again_later();
            }
        }
    }

    fn refused(&self, part: &InFlightBatch, error: &str, hint: Option<&str>) {
        let problem =
            Problem::new(format!("partition {} refused messages", part.partition)).cause(error);
        let problem = problem.maybe_hint(hint.map(str::to_string));
        let kind = error.split(':').next().unwrap_or(error);
        self.delivery
            .failed(u64::from(part.rows), part.len(), kind, problem);
    }
}

fn hint(error: ResponseError) -> Option<&'static str> {
    match error {
        ResponseError::MessageTooLarge => {
            Some("set `batch_bytes` to at most the topic's `max.message.bytes`")
        }
        ResponseError::TopicAuthorizationFailed => Some("this client may not write to the topic"),
        ResponseError::InvalidTimestamp => {
            Some("the topic limits how far the times of messages may be from now")
        }
        _ => None,
    }
}
