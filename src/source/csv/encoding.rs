//! The encoding of a CSV file's text: what is read becomes UTF-8 before it is cut into values.

use encoding_rs::DecoderResult;

use crate::error::Problem;
use crate::place::{Placed, Text};
use crate::source::file::OpenFile;

/// An encoding in which delimiters, quotes and line ends are the bytes of ASCII; UTF-8 by default.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Encoding(Option<&'static encoding_rs::Encoding>);

impl Encoding {
    /// The encoding that is called so.
    pub(super) fn named(label: &Placed<Text>, file: &OpenFile) -> Result<Self, Problem> {
        let problem = |message: String| Problem::new(message).at(&label.place);
        let Some(found) = encoding_rs::Encoding::for_label(label.as_bytes()) else {
            return Err(problem(format!("unknown encoding `{}`", label.as_str())).hint(
                "names are those of web pages: `utf-8`, `windows-1252`, `iso-8859-15`, `shift_jis`, `gb18030`",
            ));
        };
        if found == encoding_rs::UTF_8 {
            return Ok(Self(None));
        }
        // UTF-16 and its like: a line feed is a byte within other characters there, so that records
        // cannot be found without decoding the file from its beginning.
        if !found.is_ascii_compatible() {
            let name = found.name();
            let command = file.command(&format!("iconv -f {name} -t UTF-8"));
            return Err(problem(format!("text in {name} cannot be read row by row"))
                .hint(format!("convert it first: `{command} > utf8.csv`")));
        }
        Ok(Self(Some(found)))
    }

    /// What is wrong with bytes that are no text, in general and exactly.
    pub(super) fn problem(self) -> (&'static str, String) {
        match self.0 {
            None => {
                let hint = "`encoding: windows-1252` reads Latin-1";
                ("not UTF-8", format!("the text is not UTF-8; {hint}"))
            }
            Some(encoding) => {
                let message = format!("the text is not {}", encoding.name());
                ("wrong encoding", message)
            }
        }
    }

    /// The same text in UTF-8. What is no text in this encoding is none in UTF-8 either.
    pub(super) fn decode(self, bytes: Vec<u8>) -> Vec<u8> {
        // Most files in an old encoding are nearly all ASCII, which is the same in UTF-8.
        let Some(encoding) = self.0.filter(|_| !bytes.is_ascii()) else {
            return bytes;
        };
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let mut made = vec![0; bytes.len() + bytes.len() / 2 + 16];
        let (mut read, mut written) = (0, 0);
        loop {
            let step = decoder.decode_to_utf8_without_replacement(
                &bytes[read..],
                &mut made[written..],
                true,
            );
            let (result, taken, put) = step;
            read += taken;
            written += put;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    made.truncate(written);
                    // Never in UTF-8: so the value is a bad one, and the message names its row.
                    made.push(0xff);
                    written += 1;
                }
            }
            made.resize(written + (bytes.len() - read) * 2 + 16, 0);
        }
        made.truncate(written);
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: &'static encoding_rs::Encoding, bytes: &[u8]) -> Vec<u8> {
        Encoding(Some(encoding)).decode(bytes.to_vec())
    }

    #[test]
    fn text_becomes_utf_8_whatever_its_length() {
        let latin = decoded(encoding_rs::WINDOWS_1252, &[0xe9; 5000]);
        assert_eq!(latin, "é".repeat(5000).into_bytes());
        let euro = decoded(encoding_rs::WINDOWS_1252, b"a,\x80\n");
        assert_eq!(euro, "a,€\n".as_bytes());
        let japanese = decoded(encoding_rs::SHIFT_JIS, b"\x93\xfa\x96{,1\n");
        assert_eq!(japanese, "日本,1\n".as_bytes());
    }

    #[test]
    fn what_is_no_text_stays_none_and_ends_with_its_line() {
        let broken = decoded(encoding_rs::SHIFT_JIS, b"a\x93\nb\n");
        assert_eq!(broken, b"a\xff\nb\n");
        assert_eq!(decoded(encoding_rs::EUC_KR, b"x\xff"), b"x\xff");
    }
}
