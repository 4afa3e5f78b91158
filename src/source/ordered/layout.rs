//! How the key of a row becomes an entry: codes of the leading columns, the first bytes of the others, and
//! the row itself.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::row::{RowConverter, Rows as KeyRows, SortField};

use super::code::Code;
use super::column::SortColumn;
use super::entry::Entry;
use crate::column::rows::Rows;
use crate::error::Result;

/// What an entry is made of, from its highest bits to its lowest.
pub(super) struct KeyLayout {
    columns: Vec<SortColumn>,
    /// The codes of the leading columns.
    codes: Vec<Code>,
    /// All other columns, whose bytes may be longer than there is room.
    tail: Option<RowConverter>,
    lead_bits: u32,
    /// The bits of those of the leading columns that name folders.
    folder_bits: Option<u32>,
    first_row: u64,
    row_bits: u32,
    hint_bits: u32,
}

/// The keys of some rows.
pub(super) struct Keys {
    pub columns: Vec<ArrayRef>,
    /// The bytes of the columns without a code.
    pub tail: Option<KeyRows>,
}

impl KeyLayout {
    /// A layout for so many rows from `first_row` on, with room for what else is kept of a row.
    ///
    /// # Errors
    /// A column of this type has no order.
    pub(super) fn new(
        columns: Vec<SortColumn>,
        (first_row, rows): (u64, u64),
        hint_bits: u32,
    ) -> Result<Self> {
        let row_bits = 64 - rows.saturating_sub(1).leading_zeros();
        // The row's number is a part of the entry, in its lowest bits: it settles ties, and it is
        // what is wanted of the entry in the end.
        let mut room = u128::BITS - row_bits - hint_bits;
        let mut codes = Vec::new();
        for column in &columns {
            let Some(code) = column.code().filter(|code| code.bits <= room) else {
                // Codes only of the leading columns: behind one without a code the bits could not
                // be compared.
                break;
            };
            room -= code.bits;
            codes.push(code);
        }
        let fields = columns[codes.len()..].iter().map(SortColumn::field);
        let fields: Vec<SortField> = fields.collect();
        let tail = match fields.is_empty() {
            true => None,
            false => Some(RowConverter::new(fields)?),
        };
        let folders = columns.iter().filter(|column| column.folder).count();
        let bits = |codes: &[Code]| codes.iter().map(|code| code.bits).sum();
        Ok(Self {
            lead_bits: bits(&codes),
            folder_bits: codes.get(..folders).map(bits),
            columns,
            codes,
            tail,
            first_row,
            row_bits,
            hint_bits,
        })
    }

    /// True if 64 bits are enough.
    pub(super) fn is_narrow(&self) -> bool {
        self.tail.is_none() && self.lead_bits + self.low_bits() <= u64::BITS
    }

    /// True where an entry has only a part of its key.
    pub(super) fn has_tail(&self) -> bool {
        self.tail.is_some()
    }

    /// The columns that name folders.
    pub(super) fn folders(&self) -> usize {
        self.columns.iter().filter(|column| column.folder).count()
    }

    /// True if an entry says its folder.
    pub(super) fn has_folders(&self) -> bool {
        self.folder_bits.is_some()
    }

    /// The bytes of the columns that name folders, in order, where codes do not say them.
    pub(super) fn folder_rows(&self, keys: &Keys) -> Result<Option<KeyRows>> {
        if self.has_folders() {
            return Ok(None);
        }
        let folders = self.columns[..self.folders()].iter();
        let converter = RowConverter::new(folders.clone().map(SortColumn::field).collect())?;
        let bytes = folders.zip(&keys.columns);
        let bytes = bytes.map(|(column, values)| column.bytes(values));
        let bytes = bytes.collect::<Result<Vec<ArrayRef>>>()?;
        Ok(Some(converter.convert_columns(&bytes)?))
    }

    /// The columns of a batch of keys as they are sorted.
    pub(super) fn prepared(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let columns = self.columns.iter().zip(batch.columns());
        columns
            .map(|(column, values)| column.prepared(values))
            .collect()
    }

    /// The keys of a batch.
    pub(super) fn keys(&self, batch: &RecordBatch) -> Result<Keys> {
        let columns = self.prepared(batch)?;
        let tail = self.tail.as_ref();
        let tail = tail.map(|tail| -> Result<KeyRows> {
            let rest = self.columns.iter().zip(&columns).skip(self.codes.len());
            let rest = rest.map(|(column, values)| column.bytes(values));
            Ok(tail.convert_columns(&rest.collect::<Result<Vec<ArrayRef>>>()?)?)
        });
        let tail = tail.transpose()?;
        Ok(Keys { columns, tail })
    }

    /// The entries of rows with these keys, and with what else is kept of them.
    pub(super) fn entries<E: Entry>(
        &self,
        keys: &Keys,
        rows: Rows<'_>,
        hints: Option<&[u64]>,
        out: &mut [E],
    ) -> Result<()> {
        out.fill(E::default());
        for (code, column) in self.codes.iter().zip(&keys.columns) {
            code.push(column, out)?;
        }
        if let Some(tail) = &keys.tail {
            let bytes = self.tail_bytes::<E>();
            for (entry, row) in out.iter_mut().zip(tail.iter()) {
                *entry = with_bytes(*entry, row.as_ref(), bytes);
            }
        }
        for (index, entry) in out.iter_mut().enumerate() {
            *entry = entry.push(self.row_bits, rows.at(index) - self.first_row);
        }
        if let Some(hints) = hints {
            for (entry, hint) in out.iter_mut().zip(hints) {
                *entry = entry.push(self.hint_bits, *hint);
            }
        }
        Ok(())
    }

    /// The row of an entry.
    #[inline(always)]
    pub(super) fn row<E: Entry>(&self, entry: E) -> u64 {
        // Only the row's bits are left of what stands above the hint.
        let above = entry.above(self.hint_bits) as u64;
        self.first_row + above.low(self.row_bits)
    }

    /// What else is kept of an entry's row.
    #[inline(always)]
    pub(super) fn hint<E: Entry>(&self, entry: E) -> u64 {
        entry.low(self.hint_bits)
    }

    /// The bits of an entry that are no part of its key.
    pub(super) fn low_bits(&self) -> u32 {
        self.row_bits + self.hint_bits
    }

    /// The folder of an entry, where all folders have codes.
    pub(super) fn folder<E: Entry>(&self, entry: E) -> Option<u128> {
        let bits = self.folder_bits?;
        Some(entry.above(self.key_bits::<E>() + self.low_bits() - bits))
    }

    /// The key of an entry with another part of the bytes that it has no room for.
    pub(super) fn with_tail<E: Entry>(&self, entry: E, bytes: &[u8]) -> E {
        let room = self.tail_bytes::<E>();
        let lead = self.lead(entry);
        let lead = E::default()
            .push(64, (lead >> 64) as u64)
            .push(64, lead as u64);
        let whole = with_bytes(lead, bytes, room);
        let row = self.row(entry) - self.first_row;
        whole
            .push(self.row_bits, row)
            .push(self.hint_bits, self.hint(entry))
    }

    /// What an entry has of the columns with codes.
    pub(super) fn lead<E: Entry>(&self, entry: E) -> u128 {
        entry.above(8 * self.tail_bytes::<E>() as u32 + self.low_bits())
    }

    /// Bytes of the tail that an entry has room for.
    pub(super) fn tail_bytes<E: Entry>(&self) -> usize {
        match &self.tail {
            Some(_) => ((E::BITS - self.lead_bits - self.low_bits()) / 8) as usize,
            None => 0,
        }
    }

    fn key_bits<E: Entry>(&self) -> u32 {
        self.lead_bits + 8 * self.tail_bytes::<E>() as u32
    }
}

/// An entry with so many bytes of a key below it; a key that is shorter ends with zeros.
fn with_bytes<E: Entry>(entry: E, key: &[u8], count: usize) -> E {
    let mut bytes = [0; 16];
    let known = key.len().min(count);
    bytes[16 - count..16 - count + known].copy_from_slice(&key[..known]);
    // Big-endian, so that numbers compare as the bytes do.
    let value = u128::from_be_bytes(bytes);
    let high = (8 * count as u32).saturating_sub(64);
    let entry = entry.push(high, (value >> 64) as u64);
    entry.push(8 * count as u32 - high, value as u64)
}
