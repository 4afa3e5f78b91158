//! What messages are called, as consumers read it: the field `msg_id` of each, kept as a print of 31 bits
//! until its reply comes. A reply of another name is one to no message.

use std::hash::{DefaultHasher, Hasher};

use super::super::message::Message;
use super::encoder::RowTexts;

/// The print of what has no name: every reply fits.
pub const ANY: u32 = 0;

const FIELD: &[u8] = b"msg_id=";

/// The print of a name; never that of none.
pub fn print(name: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    // Never 0, which stands for no name. Two names are alike once in two thousand million.
    hasher.finish() as u32 | 1
}

/// True if a message of this print may be called so.
pub fn fits(of: u32, name: &str) -> bool {
    of == ANY || of == print(name.as_bytes())
}

/// The print of the name in row `row`; `pieces` are all of the message but its time and its body, which
/// are no names.
pub fn print_of(message: &Message, pieces: &[RowTexts; 3], row: usize) -> u32 {
    // Only a message that is all one piece ends with its last field.
    let whole = message.digits == 0 && message.body == 0;
    let named = pieces.iter().find_map(|piece| field(piece.get(row), whole));
    named.map_or(ANY, print)
}

/// The field of a piece, whose end is in sight: what follows the last bar may go on elsewhere, unless the
/// piece is the `whole` message.
fn field(piece: &[u8], whole: bool) -> Option<&[u8]> {
    let bars = piece.iter().filter(|byte| **byte == b'|').count();
    let fields = piece.split(|byte| *byte == b'|');
    let mut ended = fields.take(bars + usize::from(whole));
    ended.find_map(|field| field.strip_prefix(FIELD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_field_whose_end_is_seen() {
        for (piece, whole, name) in [
            ("request|seq_n=1|msg_id=7|t1=", false, Some("7")),
            ("msg_id=|", false, Some("")),
            ("request|msg_id=7", true, Some("7")),
            ("request|msg_id=7", false, None),
            ("request|xmsg_id=7|", false, None),
            ("", true, None),
        ] {
            let found = field(piece.as_bytes(), whole);
            assert_eq!(found, name.map(str::as_bytes), "{piece}");
        }
        assert!(fits(ANY, "x") && fits(print(b"7"), "7") && !fits(print(b"7"), "8"));
    }
}
