//! What a consumer and a producer say to each other: messages that are fields between bars, replies that
//! are JSON.

use serde::Deserialize;
use serde_json::Value;

/// What a consumer answers: whose message it was, when it came and when it was done, in microseconds
/// since 1970. Other keys are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reply {
    /// The message's number.
    pub seq_n: u64,
    /// The message's own name: text, or a number that is taken as it is spelt.
    #[serde(deserialize_with = "spelt")]
    pub msg_id: String,
    /// When it came.
    pub t2: u64,
    /// When it was done.
    pub t3: u64,
}

/// A message as a consumer reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Its number.
    pub seq_n: u64,
    /// Its own name.
    pub msg_id: String,
}

fn spelt<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(serde::de::Error::custom(format!(
            "`{other}` is no name of a message"
        ))),
    }
}

impl Reply {
    /// The reply in the last of these frames.
    pub fn parse(frames: &[Vec<u8>]) -> Option<Self> {
        serde_json::from_slice(frames.last()?).ok()
    }

    /// As old producers read it: keys in this order, no blanks.
    pub fn to_json(&self) -> String {
        let id = Value::from(self.msg_id.as_str());
        format!(
            "{{\"type\":\"response\",\"msg_id\":{id},\"seq_n\":{},\"t2\":{},\"t3\":{},\"status\":\"processed\"}}",
            self.seq_n, self.t2, self.t3
        )
    }
}

impl Incoming {
    /// Reads `request|seq_n=…|msg_id=…|t1=…|data=…`; what else there may be is left alone.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let value = |name: &str| {
            let mut fields = message.split(|byte| *byte == b'|');
            let value = fields.find_map(|field| field.strip_prefix(name.as_bytes()));
            value.and_then(|value| std::str::from_utf8(value).ok())
        };
        let seq_n = value("seq_n=")?.parse().ok()?;
        let msg_id = value("msg_id=")?.to_string();
        Some(Self { seq_n, msg_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(json: &str) -> Option<Reply> {
        Reply::parse(&[b"response".to_vec(), json.as_bytes().to_vec()])
    }

    #[test]
    fn replies_come_in_any_order_and_with_blanks() {
        let expected = Reply {
            seq_n: 7,
            msg_id: "7".into(),
            t2: 10,
            t3: 12,
        };
        assert_eq!(reply(&expected.to_json()), Some(expected.clone()));
        let other = r#"{ "t3": 12, "seq_n": 7, "more": [1], "msg_id": 7, "t2": 10 }"#;
        assert_eq!(reply(other), Some(expected));
        for wrong in [
            "",
            "{}",
            "7",
            r#"{"seq_n":-1,"msg_id":"1","t2":1,"t3":2}"#,
            r#"{"seq_n":1,"msg_id":null,"t2":1,"t3":2}"#,
        ] {
            assert_eq!(reply(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn messages_are_fields_between_bars() {
        let message = b"request|seq_n=12|msg_id=12|t1=00000000000000000009|data=x|x";
        let incoming = Incoming {
            seq_n: 12,
            msg_id: "12".into(),
        };
        assert_eq!(Incoming::parse(message), Some(incoming.clone()));
        assert_eq!(Incoming::parse(b"msg_id=12|seq_n=12"), Some(incoming));
        for wrong in [&b""[..], b"request|seq_n=x|msg_id=1", b"request|msg_id=1"] {
            assert_eq!(Incoming::parse(wrong), None);
        }
    }
}
