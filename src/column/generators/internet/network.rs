//! Networks, and addresses of them.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::column::random::hash::below;
use crate::error::Problem;
use crate::kernel::short_text::{ShortText, ShortTextWriter};
use crate::place::{OneOrMany, Placed, Text};

/// For documentation (RFC 5737).
const DOCUMENTATION: [(u32, u32); 3] = [(0xc000_0200, 256), (0xc633_6400, 256), (0xcb00_7100, 256)];

/// Private (RFC 1918).
const PRIVATE: [(u32, u32); 3] = [
    (0x0a00_0000, 1 << 24),
    (0xac10_0000, 1 << 20),
    (0xc0a8_0000, 1 << 16),
];

/// First addresses, and how many follow each.
pub(super) struct Networks {
    all: Vec<(u32, u64)>,
    count: u64,
    private: bool,
}

impl Networks {
    pub fn documentation() -> Self {
        Self::new(
            &DOCUMENTATION.map(|(first, count)| (first, u64::from(count))),
            false,
        )
    }

    fn new(all: &[(u32, u64)], private: bool) -> Self {
        Self {
            all: all.to_vec(),
            count: all.iter().map(|(_, count)| count).sum(),
            private,
        }
    }

    /// # Errors
    /// One is none, or there is none.
    pub fn of(networks: &Placed<OneOrMany<Placed<Text>>>) -> Result<Self, Problem> {
        let mut all = Vec::new();
        let mut private = false;
        for named in &networks.value.0 {
            match named.as_str() {
                "documentation" => {
                    all.extend(DOCUMENTATION.map(|(first, count)| (first, u64::from(count))));
                }
                "private" => {
                    private = true;
                    all.extend(PRIVATE.map(|(first, count)| (first, u64::from(count))));
                }
                text => all.push(network(text).ok_or_else(|| {
                    Problem::new(format!("`{text}` is no network"))
                        .at(&named.place)
                        .hint(
                            "write `documentation`, `private`, or a network such as `10.20.0.0/16`",
                        )
                })?),
            }
        }
        match all.is_empty() {
            true => Err(Problem::new("at least one network is needed").at(&networks.place)),
            false => Ok(Self::new(&all, private)),
        }
    }

    pub fn address(&self, random: u64) -> u32 {
        let mut place = below(random, self.count);
        for (first, count) in &self.all {
            if place < *count {
                return first.wrapping_add(place as u32);
            }
            place -= count;
        }
        0
    }

    /// Of `2001:db8::/32`, or of a private network.
    pub fn ipv6(&self, high: u64, low: u64) -> u128 {
        let random = (u128::from(high) << 64) | u128::from(low);
        match self.private {
            true => (0xfd << 120) | (random & (u128::MAX >> 8)),
            false => (0x2001_0db8 << 96) | (random & (u128::MAX >> 32)),
        }
    }
}

/// `10.20.0.0/16`, whose address has no bits beyond its prefix.
fn network(text: &str) -> Option<(u32, u64)> {
    let (address, prefix) = text.split_once('/')?;
    let (address, prefix): (Ipv4Addr, u32) = (address.parse().ok()?, prefix.parse().ok()?);
    let count = 1_u64 << 32_u32.checked_sub(prefix)?;
    let first = u32::from(address);
    (u64::from(first) % count == 0).then_some((first, count))
}

/// The two digits of each byte.
pub(super) fn hexadecimal() -> Vec<ShortText> {
    (0..=255_u8)
        .map(|byte| ShortText::cut(&format!("{byte:02x}")))
        .collect()
}

pub(super) fn write_ipv4(address: u32, writer: &mut ShortTextWriter) {
    for (at, byte) in address.to_be_bytes().into_iter().enumerate() {
        if at > 0 {
            writer.put(&ShortText::cut("."));
        }
        writer.put_number(byte.into(), 0);
    }
}

/// In the one form of RFC 5952, which the standard library writes.
pub(super) fn write_ipv6(address: u128, writer: &mut ShortTextWriter) {
    let text = Ipv6Addr::from(address).to_string();
    // A block of the writer has 32 bytes, an address up to 39.
    let (first, rest) = text.split_at(text.len().min(32));
    writer.put(&ShortText::cut(first));
    writer.put(&ShortText::cut(rest));
}
