//! ZeroMQ: where sockets are.

#[cfg(feature = "zeromq")]
mod driver;

#[cfg(feature = "zeromq")]
pub use driver::*;

/// An address over TCP: `tcp://host:port`; the host is `*` for every interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Of a host and a port.
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_string(),
            port,
        }
    }

    /// Reads `tcp://host:port`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("expected `tcp://HOST:PORT` with a port of 1 to 65535, found `{text}`");
        let rest = text.strip_prefix("tcp://").ok_or_else(wrong)?;
        let (host, port) = rest.rsplit_once(':').ok_or_else(wrong)?;
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port: u16 = port.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
        let spaced =
            host.contains(|letter: char| letter.is_whitespace() || "/@,;".contains(letter));
        match port == 0 || host.is_empty() || spaced {
            true => Err(wrong()),
            false => Ok(Self::new(host, port)),
        }
    }

    /// As libzmq spells it.
    pub fn endpoint(&self) -> String {
        format!("tcp://{}:{}", self.host, self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same host, so many ports on; nothing beyond the last one.
    pub fn plus(&self, ports: u16) -> Option<Self> {
        let port = self.port.checked_add(ports)?;
        Some(Self::new(&self.host, port))
    }

    /// True for every interface: nobody can connect to that.
    pub fn is_everywhere(&self) -> bool {
        self.host == "*"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        let address = Address::parse("tcp://*:5555").unwrap();
        assert_eq!(address.endpoint(), "tcp://*:5555");
        assert_eq!(address.plus(2).unwrap().endpoint(), "tcp://*:5557");
        assert!(address.plus(60_000).is_none() && address.is_everywhere());
        assert_eq!(Address::parse("tcp://[::1]:1").unwrap().port(), 1);
        for wrong in [
            "",
            "5555",
            "tcp://*",
            "tcp://:5",
            "tcp://h:0",
            "tcp://h:65536",
            "tcp://h:+5",
            "ipc://x:1",
            "tcp://a b:1",
        ] {
            let said = Address::parse(wrong).unwrap_err();
            assert!(said.ends_with(&format!("found `{wrong}`")), "{said}");
        }
    }
}
