//! Record batches of Kafka's message format 2, made straight from the messages of a batch.
//!
//! The layout is that of <https://kafka.apache.org/documentation/#recordbatch>. A worker encodes and
//! compresses the records; the sender stamps the time of the sending, the producer's id and the sequence
//! number, which only it knows, and the checksum over all of it.

use crc_fast::CrcAlgorithm::Crc32Iscsi;

use super::super::super::options::Codec;
use super::super::messages::{BATCH_OVERHEAD, MessageBatch, MessageGroup};
use super::compress::Compressor;
use super::records;
use crate::error::{Error, Result};

/// Where the checksum stands, and where what it covers begins.
const CRC: usize = 17;
const COVERED: usize = 21;

/// An encoded record batch that is not stamped yet.
#[derive(Debug)]
pub struct RecordBatch {
    /// The partition it goes to.
    pub partition: i32,
    /// How many records it has.
    pub rows: u32,
    /// Bytes of their keys and values.
    pub payload: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its messages have times of their own; otherwise they have that of their sending.
    timed: bool,
}

/// Who sends a batch, so that the broker can tell one that comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The producer's id; -1 without idempotence.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// The number of the first record in its partition.
    pub sequence: i32,
}

impl Stamp {
    /// Nobody in particular.
    pub const NONE: Self = Self {
        producer_id: -1,
        epoch: -1,
        sequence: -1,
    };
}

/// The records of a group. Among messages that have times, those without have `now`.
///
/// # Errors
/// The compressor failed.
pub fn encode(
    messages: &MessageBatch,
    group: &MessageGroup,
    now: i64,
    compressor: &mut Compressor,
) -> Result<RecordBatch> {
    let times = messages.times.as_ref();
    let times = times.and_then(|times| times.some(group.rows.clone(), now));
    let base = times.as_ref().and_then(|times| times.first());
    let latest = times.as_ref().and_then(|times| times.iter().max());
    let [base, latest] = [base, latest].map(|time| time.copied().unwrap_or_default());
    let records = |out: &mut Vec<u8>| records::append(out, messages, group, times.as_deref());
    // The header's room comes first and is filled at the end: records are compressed right behind
    // it, so that a batch is never copied together.
    let mut bytes = vec![0; BATCH_OVERHEAD];
    compressor
        .append(&mut bytes, group.bytes, records)
        .map_err(|error| Error::because("compressing messages", error))?;
    let count = group.rows.len() as u32;
    header(&mut bytes, count, compressor.codec, base, latest);
    Ok(RecordBatch {
        partition: group.partition,
        rows: count,
        payload: messages.payload(group.rows.clone()),
        bytes,
        timed: times.is_some(),
    })
}

impl RecordBatch {
    /// Says who sends it, and that it is `now`; it is complete then.
    pub fn stamp(&mut self, stamp: Stamp, now: i64) {
        let bytes = &mut self.bytes;
        // A batch that was stamped when it was made was up to 20 s older than its arrival at 50
        // rows a second: it waited for its turn with the time of its making.
        if !self.timed {
            bytes[27..35].copy_from_slice(&now.to_be_bytes());
            bytes[35..43].copy_from_slice(&now.to_be_bytes());
        }
        bytes[43..51].copy_from_slice(&stamp.producer_id.to_be_bytes());
        bytes[51..53].copy_from_slice(&stamp.epoch.to_be_bytes());
        bytes[53..57].copy_from_slice(&stamp.sequence.to_be_bytes());
        // Not combined of a worker's and one of the header: that takes as long as the checksum of
        // some hundred kilobytes, and what is read here is copied into the request next.
        let crc = crc32c(&bytes[COVERED..]);
        bytes[CRC..COVERED].copy_from_slice(&crc.to_be_bytes());
    }
}

// crc-fast has 30 GB/s on the machine where the crate crc32c had 13.
fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::checksum(Crc32Iscsi, bytes) as u32
}

/// The fields before the records, but for the checksum and the stamp.
fn header(bytes: &mut [u8], count: u32, codec: Codec, base: i64, latest: i64) {
    let length = (bytes.len() - 12) as i32;
    let last = count.wrapping_sub(1);
    let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
    put(8, &length.to_be_bytes());
    put(12, &(-1_i32).to_be_bytes());
    put(16, &[2]);
    put(21, &codec.name().1.to_be_bytes());
    put(23, &last.to_be_bytes());
    put(27, &base.to_be_bytes());
    put(35, &latest.to_be_bytes());
    put(57, &count.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, TimestampMillisecondArray};

    use super::*;
    use crate::sink::kafka::producer::messages::{ByteStrings, HeaderValue, MessageHeader};
    use crate::sink::kafka::producer::times::{MessageTimes, Sendable};

    fn bytes(values: &[Option<&str>]) -> ByteStrings {
        let mut bytes = ByteStrings::default();
        for value in values {
            bytes.cells.bytes.extend(value.unwrap_or_default().bytes());
            bytes.cells.end();
        }
        bytes.nulls = Some(values.iter().map(Option::is_some).collect());
        bytes
    }

    fn column_of(times: Vec<Option<i64>>) -> MessageTimes {
        let column: ArrayRef = Arc::new(TimestampMillisecondArray::from(times));
        MessageTimes::of("t", &column, Sendable::From1970).unwrap()
    }

    fn messages() -> MessageBatch {
        MessageBatch {
            values: bytes(&[Some("ccc"), Some("a"), None]),
            keys: Some(bytes(&[None, Some("k"), Some("l")]).into()),
            headers: vec![
                MessageHeader {
                    name: "h".into(),
                    value: HeaderValue::Fixed(b"fix".to_vec()),
                },
                MessageHeader {
                    name: "r".into(),
                    value: HeaderValue::Rows(bytes(&[None, None, Some("x")])),
                },
            ],
            times: Some(column_of(vec![Some(500), Some(1000), Some(2000)])),
            groups: Vec::new(),
        }
    }

    fn text(bytes: &Option<bytes::Bytes>) -> Option<String> {
        let bytes = bytes.as_ref();
        bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    const STAMP: Stamp = Stamp {
        producer_id: 42,
        epoch: 3,
        sequence: 9,
    };

    /// What the protocol's library reads as the times of records that it checks the checksum of.
    fn times(batch: &RecordBatch) -> Vec<i64> {
        let mut bytes = bytes::Bytes::from(batch.bytes.clone());
        let set = kafka_protocol::records::RecordBatchDecoder::decode(&mut bytes).unwrap();
        set.records.iter().map(|record| record.timestamp).collect()
    }

    #[test]
    fn messages_without_times_have_that_of_their_sending() {
        let times_of = |column: Option<Vec<Option<i64>>>, rows: Range<usize>| {
            let mut messages = messages();
            messages.times = column.map(column_of);
            let (first_row, bytes) = (rows.start, 0);
            let group = MessageGroup {
                partition: 7,
                rows,
                first_row,
                bytes,
            };
            let mut compressor = Compressor::new(Codec::None).unwrap();
            let mut batch = encode(&messages, &group, 1_000, &mut compressor).unwrap();
            batch.stamp(STAMP, 21_000);
            times(&batch)
        };
        assert_eq!(times_of(None, 0..3), [21_000; 3]);
        let some = || Some(vec![None, None, Some(2_000)]);
        assert_eq!(times_of(some(), 0..2), [21_000; 2]);
        assert_eq!(times_of(some(), 1..3), [1_000, 2_000]);
        assert_eq!(times_of(some(), 2..3), [2_000]);
    }

    /// Read back with the protocol library's own decoder, which checks the checksum.
    #[test]
    fn records_are_what_the_protocols_library_reads() {
        let group = MessageGroup {
            partition: 7,
            rows: 0..3,
            first_row: 0,
            bytes: 0,
        };
        for codec in [
            Codec::None,
            Codec::Gzip,
            Codec::Snappy,
            Codec::Lz4,
            Codec::Zstd,
        ] {
            let mut compressor = Compressor::new(codec).unwrap();
            let mut batch = encode(&messages(), &group, 0, &mut compressor).unwrap();
            batch.stamp(STAMP, 7);
            let plain = decompressed(&batch.bytes, codec);
            let mut buffer = bytes::Bytes::from(plain);
            let set = kafka_protocol::records::RecordBatchDecoder::decode(&mut buffer).unwrap();
            let read: Vec<_> = set
                .records
                .iter()
                .map(|record| {
                    let headers = record.headers.iter();
                    let headers: Vec<_> = headers
                        .map(|(name, value)| (name.to_string(), text(value)))
                        .collect();
                    (
                        text(&record.key),
                        text(&record.value),
                        record.timestamp,
                        record.sequence,
                        format!("{headers:?}"),
                    )
                })
                .collect();
            let fixed = r#"[("h", Some("fix"))]"#.to_string();
            let both = r#"[("h", Some("fix")), ("r", Some("x"))]"#.to_string();
            let some = |text: &str| Some(text.to_string());
            assert_eq!(
                read,
                [
                    (None, some("ccc"), 500, 9, fixed.clone()),
                    (some("k"), some("a"), 1000, 10, fixed),
                    (some("l"), None, 2000, 11, both),
                ],
                "{codec:?}"
            );
            assert_eq!(set.records[0].producer_id, 42);
            assert_eq!((batch.partition, batch.rows), (7, 3));
        }
    }

    /// The same batch without compression: the library is built without the codecs.
    fn decompressed(batch: &[u8], codec: Codec) -> Vec<u8> {
        use std::io::Read;
        let records = &batch[BATCH_OVERHEAD..];
        let mut plain = Vec::new();
        match codec {
            Codec::None => return batch.to_vec(),
            Codec::Gzip => {
                let mut reader = flate2::read::GzDecoder::new(records);
                reader.read_to_end(&mut plain).unwrap();
            }
            Codec::Snappy => {
                let mut rest = &records[16..];
                while let Some((length, after)) = rest.split_first_chunk::<4>() {
                    let length = u32::from_be_bytes(*length) as usize;
                    plain.extend(
                        snap::raw::Decoder::new()
                            .decompress_vec(&after[..length])
                            .unwrap(),
                    );
                    rest = &after[length..];
                }
            }
            Codec::Lz4 => {
                let mut reader = lz4_flex::frame::FrameDecoder::new(records);
                reader.read_to_end(&mut plain).unwrap();
            }
            Codec::Zstd => plain = zstd::stream::decode_all(records).unwrap(),
        }
        let mut whole = [&batch[..BATCH_OVERHEAD], &plain].concat();
        assert_eq!(whole[22], codec.name().1 as u8);
        whole[22] = 0;
        let length = (whole.len() - 12) as i32;
        whole[8..12].copy_from_slice(&length.to_be_bytes());
        let crc = crc32c(&whole[COVERED..]);
        whole[CRC..COVERED].copy_from_slice(&crc.to_be_bytes());
        whole
    }
}
