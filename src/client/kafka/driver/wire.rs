//! One connection to a broker: requests out, responses in, by Kafka's wire protocol.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse,
    RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};

/// How long connecting may take, and a broker that answers at all.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The greatest response that is believed: none that is asked for here is near it.
const MOST_BYTES: usize = 64 << 20;

/// A connection, and which versions of requests its broker speaks.
#[derive(Debug)]
pub struct Wire {
    socket: TcpStream,
    next: i32,
    versions: Versions,
    /// Where the last request was: a new buffer's pages would have to be zeroed.
    request: BytesMut,
}

/// The newest version of each request that both sides speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of `Produce`.
    pub produce: i16,
    /// Of `Metadata`.
    pub metadata: i16,
    /// Of `InitProducerId`.
    pub init_producer_id: i16,
    /// Of `DescribeConfigs`.
    pub describe_configs: i16,
}

/// The versions that are enough here: newer ones name topics by ids.
const WANTED: Versions = Versions {
    produce: 9,
    metadata: 9,
    init_producer_id: 4,
    describe_configs: 4,
};

impl Wire {
    /// A connection to whoever answers first.
    ///
    /// # Errors
    /// Nobody does.
    pub fn any<'a>(
        addresses: impl Iterator<Item = &'a String>,
        patience: Duration,
    ) -> Result<Self, String> {
        let mut last = String::new();
        for address in addresses {
            match Self::connect(address, patience) {
                Ok(wire) => return Ok(wire),
                Err(error) => last = format!("{address}: {error}"),
            }
        }
        Err(last)
    }

    /// Connects to `host:port` and asks which versions the broker speaks.
    ///
    /// # Errors
    /// Nobody answers there, or somebody who is no Kafka of version 0.11 or newer.
    pub fn connect(address: &str, patience: Duration) -> Result<Self, String> {
        let addresses = address
            .to_socket_addrs()
            .map_err(|error| error.to_string())?;
        let mut last = "the name has no address".to_string();
        for address in addresses {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(socket) => return Self::begin(socket, patience),
                Err(error) => last = error.to_string(),
            }
        }
        Err(last)
    }

    fn begin(socket: TcpStream, patience: Duration) -> Result<Self, String> {
        let set = socket
            .set_nodelay(true)
            .and_then(|()| socket.set_read_timeout(Some(patience)))
            .and_then(|()| socket.set_write_timeout(Some(6 * patience)));
        set.map_err(|error| error.to_string())?;
        let mut wire = Self {
            socket,
            next: 0,
            versions: WANTED,
            request: BytesMut::new(),
        };
        let spoken: ApiVersionsResponse =
            wire.call(ApiKey::ApiVersions, &ApiVersionsRequest::default(), 0)?;
        let newest = |key: ApiKey, wanted: i16| {
            let known = spoken
                .api_keys
                .iter()
                .find(|known| known.api_key == key as i16);
            known.map_or(-1, |known| known.max_version.min(wanted))
        };
        wire.versions = Versions {
            produce: newest(ApiKey::Produce, WANTED.produce),
            metadata: newest(ApiKey::Metadata, WANTED.metadata),
            init_producer_id: newest(ApiKey::InitProducerId, WANTED.init_producer_id),
            describe_configs: newest(ApiKey::DescribeConfigs, WANTED.describe_configs),
        };
        match wire.versions.produce < 3 || wire.versions.metadata < 4 {
            true => Err("the broker is older than Kafka 0.11".into()),
            false => Ok(wire),
        }
    }

    /// The versions that both sides speak.
    pub fn versions(&self) -> Versions {
        self.versions
    }

    /// Sends a request; its number.
    ///
    /// # Errors
    /// Writing failed: the connection is of no more use.
    pub fn send<Q: Encodable + HeaderVersion>(
        &mut self,
        key: ApiKey,
        request: &Q,
        version: i16,
    ) -> Result<i32, String> {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let header = RequestHeader::default()
            .with_request_api_key(key as i16)
            .with_request_api_version(version)
            .with_correlation_id(number)
            .with_client_id(Some(StrBytes::from_static_str("rowgen")));
        let size = request
            .compute_size(version)
            .map_err(|error| error.to_string())?;
        let out = &mut self.request;
        out.clear();
        out.reserve(size + 64);
        out.extend_from_slice(&[0; 4]);
        header
            .encode(out, Q::header_version(version))
            .and_then(|()| request.encode(out, version))
            .map_err(|error| error.to_string())?;
        let length = i32::try_from(out.len() - 4).map_err(|error| error.to_string())?;
        out[..4].copy_from_slice(&length.to_be_bytes());
        self.socket
            .write_all(out)
            .map_err(|error| error.to_string())?;
        Ok(number)
    }

    /// Sends a request and waits for its response, when no other is under way.
    ///
    /// # Errors
    /// The broker does not answer, or not what was asked.
    pub fn call<Q, R>(&mut self, key: ApiKey, request: &Q, version: i16) -> Result<R, String>
    where
        Q: Encodable + HeaderVersion,
        R: Decodable + HeaderVersion,
    {
        let number = self.send(key, request, version)?;
        let mut frame = receive(&mut self.socket)?;
        let (answers, response) = decode(&mut frame, version)?;
        match answers == number {
            true => Ok(response),
            false => Err("the broker answered another request".into()),
        }
    }

    /// What the broker says of a topic and of the brokers that hold it. It is never created by asking.
    ///
    /// # Errors
    /// See `call`.
    pub fn metadata(&mut self, topic: &str) -> Result<MetadataResponse, String> {
        let topic = MetadataRequestTopic::default()
            .with_name(Some(TopicName(StrBytes::from_string(topic.to_string()))));
        let request = MetadataRequest::default()
            .with_topics(Some(vec![topic]))
            .with_allow_auto_topic_creation(false);
        self.call(ApiKey::Metadata, &request, self.versions.metadata)
    }

    /// A second handle of the socket, to receive responses on a thread of its own, without end of
    /// patience.
    ///
    /// # Errors
    /// The system gives none.
    pub fn receiver(&self) -> Result<TcpStream, String> {
        let socket = self.socket.try_clone().map_err(|error| error.to_string())?;
        socket
            .set_read_timeout(None)
            .map_err(|error| error.to_string())?;
        Ok(socket)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // Ends the thread that receives; the connection may have ended already.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

/// The next response, without its length.
///
/// # Errors
/// The connection has ended.
pub fn receive(socket: &mut TcpStream) -> Result<Bytes, String> {
    let mut length = [0; 4];
    socket
        .read_exact(&mut length)
        .map_err(|error| error.to_string())?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MOST_BYTES {
        return Err(format!("a response of {length} bytes, which is no Kafka"));
    }
    let mut frame = vec![0; length];
    socket
        .read_exact(&mut frame)
        .map_err(|error| error.to_string())?;
    Ok(frame.into())
}

/// A response and the number of the request that it answers.
///
/// # Errors
/// It is not of this kind.
pub fn decode<R: Decodable + HeaderVersion>(
    frame: &mut Bytes,
    version: i16,
) -> Result<(i32, R), String> {
    let header = ResponseHeader::decode(frame, R::header_version(version));
    let header = header.map_err(|error| error.to_string())?;
    let response = R::decode(frame, version).map_err(|error| error.to_string())?;
    Ok((header.correlation_id, response))
}

/// Where to ask first, each with Kafka's usual port where none is said.
pub fn bootstrap(brokers: &str) -> Vec<String> {
    let address = |broker: &str| {
        let port = broker
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        match port {
            true => broker.to_string(),
            false => format!("{broker}:9092"),
        }
    };
    brokers
        .split(',')
        .map(|broker| address(broker.trim()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_without_a_port_has_the_usual_one() {
        assert_eq!(bootstrap("a:1, b,[::1]:7"), ["a:1", "b:9092", "[::1]:7"]);
    }
}
