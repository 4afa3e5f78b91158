//! The thread that sends: takes what was handed over, writes requests, reads what becomes of them.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ApiKey, ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::cluster::{BrokerLink, Cluster};
use super::in_flight::{InFlightBatch, Partitions, RequestInFlight};
use super::pending::Pending;
use super::{DeliveryTracker, Settings};
use crate::client::kafka::wire::{self, Wire};
use crate::error::Problem;
use crate::sync::spawn;

/// A broker may take so long to answer a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A coordinator that is not there yet is waited for so long.
const COORDINATOR_PATIENCE: Duration = Duration::from_secs(5);

/// The first pause before something is tried again, and the longest.
pub(super) const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What happens to the sender.
pub enum SenderEvent {
    /// Something was handed over.
    Part(InFlightBatch),
    /// A broker answered, or its connection (the `u64` says which) ended.
    Answer(BrokerLink, u64, Result<bytes::Bytes, String>),
    /// Nothing more is wanted.
    End,
}

/// A broker's connection and what is under way on it.
pub(super) struct BrokerConnection {
    pub(super) id: u64,
    pub(super) wire: Wire,
    pub(super) requests: VecDeque<RequestInFlight>,
}

/// The sender's state.
pub struct SenderState {
    settings: Settings,
    pub(super) delivery: Arc<DeliveryTracker>,
    inbox: Receiver<SenderEvent>,
    events: Sender<SenderEvent>,
    pub(super) cluster: Cluster,
    pub(super) partitions: Partitions,
    pub(super) pending: Pending,
    pub(super) connections: HashMap<BrokerLink, BrokerConnection>,
    next_id: u64,
    /// Nothing is sent before, since something went wrong.
    pause_until: Option<Instant>,
    pub(super) pause: Duration,
    /// The leaders have to be asked for before anything is sent.
    pub(super) stale: bool,
    pub(super) last_error: Option<String>,
}

impl SenderState {
    /// A sender that knows nobody yet.
    pub fn new(
        settings: Settings,
        delivery: Arc<DeliveryTracker>,
        inbox: Receiver<SenderEvent>,
        events: Sender<SenderEvent>,
    ) -> Self {
        Self {
            cluster: Cluster::new(&settings.brokers, &settings.topic),
            settings,
            delivery,
            inbox,
            events,
            partitions: Partitions::new(None),
            pending: Pending::default(),
            connections: HashMap::new(),
            next_id: 0,
            pause_until: None,
            pause: PAUSE,
            stale: false,
            last_error: None,
        }
    }

    /// The topic it sends to.
    pub fn topic(&self) -> &str {
        &self.settings.topic
    }

    /// Finds the leaders, and gets a producer's id where one is needed.
    ///
    /// # Errors
    /// Nobody answers.
    pub fn begin(&mut self) -> Result<(), String> {
        self.cluster.refresh()?;
        if self.settings.idempotence {
            // Right after a broker's start its coordinator may not be there yet.
            let mut stamp = self.cluster.producer();
            let since = Instant::now();
            while stamp.is_err() && since.elapsed() < COORDINATOR_PATIENCE {
                // A broker that has just begun answers at once that it has no coordinator: asking
                // it in a loop would only slow it down.
                std::thread::sleep(4 * PAUSE);
                stamp = self.cluster.producer();
            }
            self.partitions = Partitions::new(Some(stamp?));
        }
        // Connections that were made when the first rows came cost each of them a round trip at the
        // worst moment.
        self.connect_ahead();
        Ok(())
    }

    /// Sends until nothing more is wanted.
    pub fn run(mut self) {
        loop {
            let event = self.inbox.recv_timeout(self.patience());
            if self.delivery.is_ended() {
                return;
            }
            match event {
                Ok(event) => {
                    if self.handle(event).is_break() {
                        return;
                    }
                    // What has come meanwhile goes into the same requests.
                    // One request for many parts: a broker answers requests, not bytes, and each
                    // answer takes it some milliseconds once all cores make rows.
                    while let Ok(event) = self.inbox.try_recv() {
                        if self.handle(event).is_break() {
                            return;
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.give_up_on_the_late();
            self.send_all();
        }
    }

    /// Connects to the leaders before rows are made: once all cores are at it, every answer takes some
    /// milliseconds. Whoever does not answer is tried again when there is something to send.
    fn connect_ahead(&mut self) {
        for link in self.cluster.links(self.cluster.led()) {
            match self.connect(link) {
                Ok(connection) => drop(self.connections.insert(link, connection)),
                Err(error) => tracing::debug!(?link, "{error}"),
            }
        }
    }

    fn patience(&self) -> Duration {
        let wait = self
            .pause_until
            .map(|until| until.saturating_duration_since(Instant::now()));
        wait.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
    }

    fn handle(&mut self, event: SenderEvent) -> std::ops::ControlFlow<()> {
        match event {
            SenderEvent::Part(part) => self.pending.put(part),
            SenderEvent::Answer(link, id, answer) => self.answer(link, id, answer),
            SenderEvent::End => return std::ops::ControlFlow::Break(()),
        }
        std::ops::ControlFlow::Continue(())
    }

    /// A connection has ended: everything on it is sent again.
    pub(super) fn broken(&mut self, link: BrokerLink, error: String) {
        tracing::debug!(?link, "{error}");
        if let Some(connection) = self.connections.remove(&link) {
            let requests = connection.requests.into_iter();
            let parts = requests.flat_map(|request| request.parts);
            parts.for_each(|part| self.send_again(part));
        }
        self.last_error = Some(error);
        self.try_again_later();
    }

    pub(super) fn try_again_later(&mut self) {
        if self.pause_until.is_none() {
            self.pause_until = Some(Instant::now() + self.pause);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        self.stale = true;
    }

    /// Fails what waits for too long, and breaks with brokers that do not answer.
    fn give_up_on_the_late(&mut self) {
        let longest = self.settings.request_timeout();
        let late: Vec<BrokerLink> = self
            .connections
            .iter()
            .filter(|(_, connection)| {
                let oldest = connection.requests.front();
                oldest.is_some_and(|request| request.sent.elapsed() > longest)
            })
            .map(|(link, _)| *link)
            .collect();
        for link in late {
            let longest = crate::units::show_duration(longest);
            self.broken(link, format!("the broker did not answer within {longest}"));
        }
        // Only the oldest is looked at. All that waits is given up together: what is younger waits
        // for the same broker, and to send it would put it in front of rows that are missing.
        let oldest = self.pending.first().map(|part| part.since.elapsed());
        if oldest.is_some_and(|age| age > self.settings.timeout) {
            let error = self
                .last_error
                .take()
                .unwrap_or_else(|| "no broker took them".into());
            let timeout = crate::units::show_duration(self.settings.timeout);
            for part in self.pending.take_all().collect::<Vec<_>>() {
                let problem = Problem::new(format!("not delivered within {timeout}")).cause(&error);
                self.delivery
                    .failed(u64::from(part.rows), part.len(), "timed out", problem);
            }
        }
    }

    /// Writes as many requests as may be under way.
    fn send_all(&mut self) {
        if self.pause_until.is_some_and(|until| Instant::now() < until) || self.pending.is_empty() {
            return;
        }
        self.pause_until = None;
        if self.stale {
            if let Err(error) = self.cluster.refresh() {
                self.last_error = Some(error);
                return self.try_again_later();
            }
            self.stale = false;
        }
        let led = |partition: &i32| self.cluster.link(*partition).is_some();
        // Partitions without a leader must not hold back those that have one; they were not asked
        // for again at all while others had theirs, and timed out.
        let without = self.pending.partitions().find(|one| !led(one));
        for link in self.cluster.links(self.pending.partitions()) {
            if let Err(error) = self.send_to(link) {
                self.broken(link, error);
            }
        }
        // A broker that was just begun knows the leaders of some partitions, not of all.
        if let Some(partition) = without {
            self.last_error = Some(format!("partition {partition} has no leader"));
            self.try_again_later();
        }
    }

    fn send_to(&mut self, link: BrokerLink) -> Result<(), String> {
        if !self.connections.contains_key(&link) {
            let connection = self.connect(link)?;
            self.connections.insert(link, connection);
        }
        let Some(connection) = self.connections.get_mut(&link) else {
            return Ok(());
        };
        while connection.requests.len() < self.settings.max_in_flight {
            let leads = |partition| self.cluster.link(partition) == Some(link);
            let parts = self.pending.request(leads, &mut self.partitions);
            if parts.is_empty() {
                return Ok(());
            }
            let request = produce(&self.settings, &parts);
            let version = connection.wire.versions().produce;
            let sent = connection.wire.send(ApiKey::Produce, &request, version);
            let answered = self.settings.acks != 0;
            if answered || sent.is_err() {
                connection.requests.push_back(RequestInFlight {
                    number: *sent.as_ref().unwrap_or(&-1),
                    parts,
                    sent: Instant::now(),
                });
            } else {
                for part in parts {
                    self.partitions.back(&part);
                    let (rows, bytes) = (u64::from(part.rows), part.len());
                    self.delivery
                        .acknowledged(part.number, rows, bytes, part.payload);
                }
            }
            sent?;
        }
        Ok(())
    }

    /// Connects to a broker and starts a thread that receives its answers.
    fn connect(&mut self, link: BrokerLink) -> Result<BrokerConnection, String> {
        let wire = self.cluster.connect(link)?;
        let mut socket = wire.receiver()?;
        let id = self.next_id;
        self.next_id += 1;
        let events = self.events.clone();
        let receive = move || {
            loop {
                let answer = wire::receive(&mut socket);
                let over = answer.is_err();
                if events.send(SenderEvent::Answer(link, id, answer)).is_err() || over {
                    return;
                }
            }
        };
        let broken = self.delivery.clone();
        let panicked = move |panic: &(dyn Any + Send)| broken.panicked(panic);
        spawn("receive from Kafka", receive, panicked).map_err(|error| error.to_string())?;
        Ok(BrokerConnection {
            id,
            wire,
            requests: VecDeque::new(),
        })
    }
}

impl Settings {
    /// No request waits for longer than its messages may.
    fn request_timeout(&self) -> Duration {
        self.timeout.min(REQUEST_TIMEOUT)
    }
}

/// The request that carries these parts.
fn produce(settings: &Settings, parts: &[InFlightBatch]) -> ProduceRequest {
    let data = parts.iter().map(|part| {
        PartitionProduceData::default()
            .with_index(part.partition)
            .with_records(Some(part.bytes.clone()))
    });
    let topic = TopicProduceData::default()
        .with_name(TopicName(StrBytes::from_string(settings.topic.clone())))
        .with_partition_data(data.collect());
    ProduceRequest::default()
        .with_acks(settings.acks)
        .with_timeout_ms(settings.request_timeout().as_millis() as i32)
        .with_topic_data(vec![topic])
}
