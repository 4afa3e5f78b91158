//! What a binary COPY sends, cut into rows: the head, then rows of fields with their lengths, then the
//! end. Messages may be cut anywhere; a row's bytes are copied once, and its fields are where they lie.

/// What begins a binary COPY.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// The signature, flags, and the length of what else stands in the head.
const HEAD: usize = 19;

/// The number of a row's fields in front of them, and the length of a field in front of it.
const COUNT: usize = 2;
const LENGTH: usize = 4;

/// Where a field lies; nothing for null.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldRange {
    start: usize,
    /// -1 is null.
    length: i32,
}

/// Rows, not looked at yet.
#[derive(Debug, Clone, Default)]
pub(super) struct UndecodedRows {
    bytes: Vec<u8>,
    /// Row by row.
    places: Vec<FieldRange>,
    width: usize,
}

/// The fields of one column, or the items of all its lists.
pub(super) struct Slots<'r> {
    bytes: &'r [u8],
    places: Vec<FieldRange>,
}

/// Cuts what comes.
pub(super) struct Splitter {
    rows: UndecodedRows,
    /// What comes before is cut.
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Rows,
    Ended,
}

impl UndecodedRows {
    pub(super) fn len(&self) -> usize {
        self.places.len() / self.width.max(1)
    }

    /// The rows behind the first `count` ones.
    pub(super) fn behind(&mut self, count: usize) -> Self {
        self.split_off(count, self.bytes.len()).0
    }

    /// The same, and the byte at which they are cut; `end` is where the last row ends.
    fn split_off(&mut self, count: usize, end: usize) -> (Self, usize) {
        let mut places = self.places.split_off(count * self.width);
        // A row begins with its count of fields, before the length of the first one.
        let first = places.first().map(|first| first.start - LENGTH - COUNT);
        let cut = first.unwrap_or(end);
        for place in &mut places {
            place.start -= cut;
        }
        // As many bytes will come again.
        let mut bytes = Vec::with_capacity(self.bytes.len());
        bytes.extend_from_slice(&self.bytes[cut..]);
        self.bytes.truncate(cut);
        let width = self.width;
        let rest = Self {
            bytes,
            places,
            width,
        };
        (rest, cut)
    }

    /// Leaves out the first rows; their bytes stay.
    pub(super) fn skip(&mut self, count: usize) {
        self.places.drain(..count * self.width);
    }

    pub(super) fn column(&self, column: usize) -> Slots<'_> {
        let places = self.places.iter().skip(column).step_by(self.width.max(1));
        Slots {
            bytes: &self.bytes,
            places: places.copied().collect(),
        }
    }
}

impl<'r> Slots<'r> {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = Option<&'r [u8]>> {
        self.places.iter().map(|place| {
            let length = usize::try_from(place.length).ok()?;
            Some(&self.bytes[place.start..place.start + length])
        })
    }

    /// Adds the fields that lie within the one of a row, one after the other: `count` of them from its byte
    /// `from` on; nothing where they do not fill it.
    pub(super) fn inner(
        &self,
        row: usize,
        from: usize,
        count: usize,
        places: &mut Vec<FieldRange>,
    ) -> Option<()> {
        let place = self.places[row];
        let end = place.start + usize::try_from(place.length).ok()?;
        let mut at = place.start + from;
        // What a broken count says is not to be reserved.
        for _ in 0..count {
            places.push(field(&self.bytes[..end], &mut at)?);
        }
        (at == end).then_some(())
    }

    /// Other fields in the same bytes.
    pub(super) fn with(&self, places: Vec<FieldRange>) -> Self {
        Self {
            bytes: self.bytes,
            places,
        }
    }
}

impl Splitter {
    /// Rows of so many fields.
    pub(super) fn new(width: usize) -> Self {
        Self {
            rows: UndecodedRows {
                width,
                ..UndecodedRows::default()
            },
            at: 0,
            state: State::Head,
        }
    }

    /// How many rows are there to be taken.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Cuts some more.
    ///
    /// # Errors
    /// It is no binary COPY of so many columns.
    pub(super) fn push(&mut self, message: &[u8]) -> Result<(), String> {
        self.rows.bytes.extend_from_slice(message);
        while self.cut()? {}
        Ok(())
    }

    /// The first `count` rows.
    pub(super) fn take(&mut self, count: usize) -> UndecodedRows {
        let (rest, end) = self.rows.split_off(count, self.at);
        self.at -= end;
        std::mem::replace(&mut self.rows, rest)
    }

    /// True if the end has come.
    pub(super) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Cuts the next part; false where it is not there yet.
    fn cut(&mut self) -> Result<bool, String> {
        match self.state {
            State::Head => self.head(),
            State::Rows => self.row(),
            State::Ended if self.at < self.rows.bytes.len() => {
                Err("something stands behind the end of the rows".into())
            }
            State::Ended => Ok(false),
        }
    }

    fn head(&mut self) -> Result<bool, String> {
        let bytes = &self.rows.bytes;
        let Some((head, _)) = bytes.split_at_checked(HEAD) else {
            return Ok(false);
        };
        let word =
            |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (signed, flags) = head.split_at(SIGNATURE.len());
        // The upper half of the flags changes how rows are written.
        if signed != SIGNATURE || flags[..2] != [0, 0] {
            return Err("what the server sends is no binary COPY that is known".into());
        }
        let end = HEAD + word(HEAD - LENGTH) as usize;
        if bytes.len() < end {
            return Ok(false);
        }
        (self.at, self.state) = (end, State::Rows);
        Ok(true)
    }

    fn row(&mut self) -> Result<bool, String> {
        let Some(count) = self.rows.bytes.get(self.at..self.at + COUNT) else {
            return Ok(false);
        };
        let count = i16::from_be_bytes([count[0], count[1]]);
        if count == -1 {
            self.at += COUNT;
            self.state = State::Ended;
            return Ok(true);
        }
        let width = self.rows.width;
        if usize::try_from(count) != Ok(width) {
            return Err(format!("a row has {count} fields, and was to have {width}"));
        }
        let (before, mut at) = (self.rows.places.len(), self.at + COUNT);
        for _ in 0..width {
            let Some(place) = field(&self.rows.bytes, &mut at) else {
                self.rows.places.truncate(before);
                return Ok(false);
            };
            self.rows.places.push(place);
        }
        self.at = at;
        Ok(true)
    }
}

/// The field whose length stands at `at`, which moves behind it; nothing where it ends too early.
fn field(bytes: &[u8], at: &mut usize) -> Option<FieldRange> {
    let length = bytes.get(*at..*at + LENGTH)?;
    let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
    let start = *at + LENGTH;
    let end = start + usize::try_from(length).unwrap_or(0);
    if end > bytes.len() {
        return None;
    }
    *at = end;
    Some(FieldRange { start, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A whole COPY of these rows, its head with an extension.
    fn copy(rows: &[Vec<Option<Vec<u8>>>]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 3, 7, 7, 7]);
        for row in rows {
            bytes.extend((row.len() as i16).to_be_bytes());
            for field in row {
                let length = field.as_ref().map_or(-1, |field| field.len() as i32);
                bytes.extend(length.to_be_bytes());
                bytes.extend(field.iter().flatten());
            }
        }
        bytes.extend([0xff, 0xff]);
        bytes
    }

    fn fields(rows: &UndecodedRows) -> Vec<Vec<Option<Vec<u8>>>> {
        let columns: Vec<Vec<_>> = (0..rows.width)
            .map(|column| rows.column(column).iter().collect())
            .collect();
        let field = |row: usize| columns.iter().map(move |column| column[row]);
        (0..rows.len())
            .map(|row| field(row).map(|field| field.map(<[u8]>::to_vec)).collect())
            .collect()
    }

    proptest! {
        #[test]
        fn rows_are_cut_wherever_messages_are(
            rows in prop::collection::vec(prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), 3), 0..20),
            size in 1_usize..200,
            taken in 1_usize..7,
        ) {
            let mut splitter = Splitter::new(3);
            let mut found = Vec::new();
            for message in copy(&rows).chunks(size) {
                splitter.push(message).unwrap();
                while splitter.rows() >= taken {
                    found.extend(fields(&splitter.take(taken)));
                }
            }
            found.extend(fields(&splitter.take(splitter.rows())));
            prop_assert!(splitter.has_ended());
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn broken_bytes_are_no_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..60), whole in any::<bool>()) {
            if whole {
                bytes.splice(0..0, copy(&[]).into_iter().take(HEAD + 3));
            }
            let mut splitter = Splitter::new(2);
            if splitter.push(&bytes).is_ok() {
                let rows = splitter.take(splitter.rows());
                for row in 0..rows.len() {
                    let _ = rows.column(0).inner(row, 0, 2, &mut Vec::new());
                }
            }
        }
    }

    #[test]
    fn what_is_no_copy_is_said() {
        let push = |bytes: &[u8]| Splitter::new(2).push(bytes).unwrap_err();
        assert_eq!(
            push(b"PGCOPY\n\xff\r\n\x01\0\0\0\0\0\0\0\0"),
            "what the server sends is no binary COPY that is known"
        );
        assert_eq!(
            push(&copy(&[vec![None]])),
            "a row has 1 fields, and was to have 2"
        );
        let behind = [copy(&[]), vec![0]].concat();
        assert_eq!(push(&behind), "something stands behind the end of the rows");
    }
}
