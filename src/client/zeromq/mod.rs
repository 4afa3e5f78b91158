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
        // What has colons itself stands in brackets.
        let bare = host.contains(':') && !host.starts_with('[');
        let host = if bare {
            format!("[{host}]")
        } else {
            host.into()
        };
        Self { host, port }
    }

    /// True for what can stand before a port: a name, an address, or `*`.
    pub fn is_host(text: &str) -> bool {
        let letter = |letter: char| letter.is_alphanumeric() || "*.:-_%[]".contains(letter);
        !text.is_empty() && text.chars().all(letter)
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
        match port > 0 && Self::is_host(host) {
            true => Ok(Self::new(host, port)),
            false => Err(wrong()),
        }
    }

    /// As libzmq spells it.
    pub fn endpoint(&self) -> String {
        format!("tcp://{}:{}", self.host, self.port)
    }

    /// The host, as it stands before a port.
    pub fn host(&self) -> &str {
        &self.host
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

    /// True for an address of the protocol's sixth version.
    pub fn is_six(&self) -> bool {
        self.host.starts_with('[')
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
        let six = Address::parse("tcp://[::1]:1").unwrap();
        assert_eq!((six.port(), six.is_six()), (1, true));
        assert_eq!(Address::new("::1", 1), six);
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
