//! `internet`: addresses of hosts and pages, none of which is anybody's.
//!
//! IPv4 addresses are of the networks for documentation (RFC 5737), of the private ones (RFC 1918), or of
//! those that the file says; IPv6 addresses of `2001:db8::/32` (RFC 3849) or, with private ones, of
//! `fd00::/8` (RFC 4193). MAC addresses are locally administered. Domains end in `.example` and `.test`
//! (RFC 2606). The words and paths are our own, under rowgen's licence; browsers name themselves so.

mod network;
mod words;

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::network::{Networks, hexadecimal, write_ipv4, write_ipv6};
use self::words::{AGENTS, DOMAINS, PATHS, WORDS};
use super::Generator;
use super::facts::{self, Draws, Facts, blocks, listed, texts};
use crate::column::build::{Build, BuiltColumn};
use crate::column::random::hash::Key;
use crate::error::Problem;
use crate::kernel::short_text::{ShortText, ShortTextWriter};
use crate::place::{OneOrMany, Placed, Text};

/// A host and what is told of it; shown as a URL. `column.field` reads more of the same: ipv4, ipv6,
/// mac, domain, host, url, email, user_agent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Internet {
    /// The field that the column shows (default `url`).
    show: Option<Placed<Text>>,
    /// The networks of addresses: `documentation` (default, 768 addresses of IPv4), `private`, or networks such as `10.20.0.0/16`; each address of them as likely as any other.
    networks: Option<Placed<OneOrMany<Placed<Text>>>>,
}

struct Hosts {
    networks: Networks,
    words: Vec<ShortText>,
    paths: Vec<ShortText>,
    domains: Vec<ShortText>,
    bytes: Vec<ShortText>,
    address: Key,
    interface: Key,
    name: Key,
    page: Key,
    agent: Key,
    mail: Key,
}

impl Generator for Internet {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("internet", "text"));
        }
        let networks = match &self.networks {
            None => Networks::documentation(),
            Some(networks) => Networks::of(networks)?,
        };
        let shown = self.show.as_ref().map_or("url", |show| show.as_str());
        let made = facts::column_of(Hosts::new(networks), shown, build);
        made.map_err(|problem| match &self.show {
            Some(show) => Problem {
                place: Some(show.place.clone()),
                ..problem
            },
            None => problem,
        })
    }
}

impl Hosts {
    fn new(networks: Networks) -> Self {
        // Each fact has its own key, the same in every pipeline: what a host is comes from the row's bits.
        let all = Key::new("rowgen internet 1");
        Self {
            networks,
            words: blocks(WORDS),
            paths: blocks(PATHS),
            domains: DOMAINS.iter().map(|name| ShortText::cut(name)).collect(),
            bytes: hexadecimal(),
            address: all.child("address"),
            interface: all.child("interface"),
            name: all.child("name"),
            page: all.child("page"),
            agent: all.child("agent"),
            mail: all.child("mail"),
        }
    }

    fn write_domain(&self, bits: u64, writer: &mut ShortTextWriter) {
        let mut draws = Draws(self.name.at(bits));
        writer.put(draws.of(&self.words));
        writer.put(draws.of(&self.words));
        writer.put(draws.of(&self.domains));
    }

    fn write_host(&self, bits: u64, writer: &mut ShortTextWriter) {
        const HOSTS: [&str; 6] = ["www.", "www.", "shop.", "api.", "app.", "cdn."];
        let host = *Draws(self.page.at(bits)).of(&HOSTS);
        writer.put(&ShortText::cut(host));
        self.write_domain(bits, writer);
    }

    fn write_url(&self, bits: u64, writer: &mut ShortTextWriter) {
        writer.put(&ShortText::cut("https://"));
        self.write_host(bits, writer);
        // The first draw was the host's.
        let mut draws = Draws(self.page.at(bits));
        draws.below(6);
        writer.put(draws.of(&self.paths));
        if draws.below(3) > 0 {
            writer.put(&ShortText::cut("/"));
            writer.put_number(1 + draws.below(99_999), 0);
        }
    }

    fn write_mac(&self, bits: u64, writer: &mut ShortTextWriter) {
        let random = self.interface.at(bits);
        for at in 0..6 {
            let byte = (random >> (8 * at)) as u8;
            // Not a group of hosts, and not of a maker's numbers.
            let byte = if at == 0 { byte & 0xfc | 0x02 } else { byte };
            if at > 0 {
                writer.put(&ShortText::cut(":"));
            }
            writer.put(&self.bytes[usize::from(byte)]);
        }
    }

    fn write_email(&self, bits: u64, writer: &mut ShortTextWriter) {
        let mut draws = Draws(self.mail.at(bits));
        writer.put(draws.of(&self.words));
        writer.put(&ShortText::cut("."));
        writer.put(draws.of(&self.words));
        writer.put_number(1 + draws.below(99_999), 0);
        writer.put(&ShortText::cut("@"));
        self.write_domain(bits, writer);
    }
}

impl Facts for Hosts {
    const WHAT: &'static str = "`internet`";
    const FIELDS: &'static [&'static str] = &[
        "ipv4",
        "ipv6",
        "mac",
        "domain",
        "host",
        "url",
        "email",
        "user_agent",
    ];

    fn field(self: &Arc<Self>, name: &str) -> Option<BuiltColumn> {
        Some(match name {
            "ipv4" => texts(self, 15, |hosts, bits, writer| {
                write_ipv4(hosts.networks.address(hosts.address.at(bits)), writer);
            }),
            "ipv6" => texts(self, 39, |hosts, bits, writer| {
                // Two hashes, of the row's bits and of their complement, as one has half of the
                // bits.
                let (high, low) = (hosts.interface.at(!bits), hosts.interface.at(bits));
                write_ipv6(hosts.networks.ipv6(high, low), writer);
            }),
            "mac" => texts(self, 17, Self::write_mac),
            "domain" => texts(self, 32, Self::write_domain),
            "host" => texts(self, 40, Self::write_host),
            "url" => texts(self, 80, Self::write_url),
            "email" => texts(self, 64, Self::write_email),
            "user_agent" => listed(self, AGENTS, |hosts, bits| {
                Draws(hosts.agent.at(bits)).below(AGENTS.len() as u64) as usize
            }),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
