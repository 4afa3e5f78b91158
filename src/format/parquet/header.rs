//! Page headers, in Thrift's compact protocol.

use parquet::basic::Encoding;

/// The most bytes that a header has.
pub(super) const LONGEST: usize = 64;

/// What stands in the header of a page besides its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    /// A data page of version 1.
    V1,
    /// A data page of version 2.
    V2 {
        nulls: u32,
        levels: u32,
        compressed: bool,
    },
    /// A dictionary page.
    Dictionary { sorted: bool },
}

/// What a page header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub kind: PageKind,
    pub encoding: Encoding,
    /// Rows, nulls included, or entries of a dictionary.
    pub values: u32,
    /// The sizes of what follows.
    pub uncompressed: u32,
    pub compressed: u32,
}

/// Fields of one Thrift structure.
// Written by hand: the library's page writer makes a header only together with a copy of its page. The
// tests compare the bytes with its own.
struct ThriftFields<'a> {
    out: &'a mut Vec<u8>,
    last: u8,
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I32: u8 = 5;
const STRUCT: u8 = 12;

impl<'a> ThriftFields<'a> {
    fn of(out: &'a mut Vec<u8>) -> Self {
        Self { out, last: 0 }
    }

    fn begin(&mut self, id: u8, kind: u8) {
        // Thrift's compact protocol: the difference to the field before in the upper four bits, the
        // type in the lower ones.
        self.out.push((id - self.last) << 4 | kind);
        self.last = id;
    }

    fn number(&mut self, id: u8, value: u32) -> &mut Self {
        self.begin(id, I32);
        crate::kernel::delta::varint(u64::from(value) << 1, self.out);
        self
    }

    fn flag(&mut self, id: u8, value: bool) -> &mut Self {
        self.begin(id, if value { TRUE } else { FALSE });
        self
    }

    fn structure(&mut self, id: u8, fill: impl FnOnce(&mut ThriftFields<'_>)) -> &mut Self {
        self.begin(id, STRUCT);
        let mut inner = ThriftFields::of(self.out);
        fill(&mut inner);
        inner.end();
        self
    }

    fn end(&mut self) {
        self.out.push(0);
    }
}

impl PageHeader {
    /// Adds the header to `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let (page_type, encoding) = (self.kind.number(), number(self.encoding));
        let mut header = ThriftFields::of(out);
        header
            .number(1, page_type)
            .number(2, self.uncompressed)
            .number(3, self.compressed);
        match self.kind {
            PageKind::V1 => header.structure(5, |page| {
                let levels = number(Encoding::RLE);
                // parquet.thrift: `num_values`, `encoding`, `definition_level_encoding`,
                // `repetition_level_encoding`.
                page.number(1, self.values)
                    .number(2, encoding)
                    .number(3, levels)
                    .number(4, levels);
            }),
            PageKind::Dictionary { sorted } => header.structure(7, |page| {
                page.number(1, self.values)
                    .number(2, encoding)
                    .flag(3, sorted);
            }),
            PageKind::V2 {
                nulls,
                levels,
                compressed,
            } => header.structure(8, |page| {
                page.number(1, self.values)
                    .number(2, nulls)
                    .number(3, self.values)
                    .number(4, encoding)
                    .number(5, levels)
                    .number(6, 0)
                    .flag(7, compressed);
            }),
        };
        header.end();
    }
}

impl PageKind {
    fn number(self) -> u32 {
        match self {
            Self::V1 => 0,
            Self::Dictionary { .. } => 2,
            Self::V2 { .. } => 3,
        }
    }
}

/// The number of an encoding in the format.
#[allow(deprecated)]
fn number(encoding: Encoding) -> u32 {
    match encoding {
        Encoding::PLAIN => 0,
        Encoding::PLAIN_DICTIONARY => 2,
        Encoding::RLE => 3,
        Encoding::BIT_PACKED => 4,
        Encoding::DELTA_BINARY_PACKED => 5,
        Encoding::DELTA_LENGTH_BYTE_ARRAY => 6,
        Encoding::DELTA_BYTE_ARRAY => 7,
        Encoding::RLE_DICTIONARY => 8,
        Encoding::BYTE_STREAM_SPLIT => 9,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::column::page::{CompressedPage, Page, PageWriter};
    use parquet::file::writer::{SerializedPageWriter, TrackedWrite};

    use super::*;

    /// The header as the library writes it.
    fn twin(page: Page, uncompressed: usize) -> Vec<u8> {
        let length = page.buffer().len();
        let mut out = TrackedWrite::new(Vec::new());
        SerializedPageWriter::new(&mut out)
            .write_page(CompressedPage::new(page, uncompressed))
            .unwrap();
        let mut out = out.into_inner().unwrap();
        out.truncate(out.len() - length);
        out
    }

    /// A page of each kind.
    fn pages(encoding: Encoding, values: u32, length: usize) -> [Page; 3] {
        let buf = Bytes::from(vec![7; length]);
        let data = Page::DataPage {
            buf: buf.clone(),
            num_values: values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let second = Page::DataPageV2 {
            buf: buf.clone(),
            num_values: values,
            encoding,
            num_nulls: 5,
            num_rows: values,
            def_levels_byte_len: 77,
            rep_levels_byte_len: 0,
            is_compressed: length > 50,
            statistics: None,
        };
        let dictionary = Page::DictionaryPage {
            buf,
            num_values: values,
            encoding,
            is_sorted: length > 50,
        };
        [data, second, dictionary]
    }

    #[test]
    fn headers_are_those_of_the_library() {
        let encodings = [
            Encoding::PLAIN,
            Encoding::RLE,
            Encoding::DELTA_BINARY_PACKED,
            Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Encoding::DELTA_BYTE_ARRAY,
            Encoding::RLE_DICTIONARY,
            Encoding::BYTE_STREAM_SPLIT,
        ];
        let (values, uncompressed) = (16_384, 1_000_000);
        for (encoding, length) in encodings.into_iter().zip([0, 1, 100, 64, 70_000, 3, 9]) {
            let v2 = PageKind::V2 {
                nulls: 5,
                levels: 77,
                compressed: length > 50,
            };
            let sorted = length > 50;
            let kinds = [PageKind::V1, v2, PageKind::Dictionary { sorted }];
            for (page, kind) in pages(encoding, values, length).into_iter().zip(kinds) {
                let header = PageHeader {
                    kind,
                    encoding,
                    values,
                    uncompressed: uncompressed as u32,
                    compressed: length as u32,
                };
                let mut out = Vec::new();
                header.write(&mut out);
                assert!(out.len() <= LONGEST);
                assert_eq!(out, twin(page, uncompressed), "{kind:?}");
            }
        }
    }
}
