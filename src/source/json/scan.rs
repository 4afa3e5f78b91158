//! Where the elements of a JSON array begin and end: strings, escapes and nesting are known, values
//! are not looked at. What stands between two commas is an element, whatever it is.

use memchr::memchr2;

/// The state of a scan between two parts of an array.
#[derive(Debug)]
pub(super) struct ArrayScan {
    /// What closes the brackets that are open in the element in hand, the outermost first.
    open: Vec<u8>,
    text: TextState,
    pub(super) place: ScanPlace,
}

/// Where a scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanPlace {
    /// Before an element or the array's end.
    Before,
    /// Behind a comma: before an element.
    Behind,
    /// In an element.
    Within,
    /// Behind the array's end.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextState {
    Outside,
    Within,
    /// Behind a backslash.
    Escape,
}

/// What a scan comes upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanEvent {
    /// An element begins with this byte.
    Begin(usize),
    /// It ends before this byte.
    End(usize),
    /// The array ends before this byte.
    Close(usize),
}

/// A byte that cannot stand where it stands: nothing behind it can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(super) at: usize,
    /// The bracket that it is; none behind the array's end.
    pub(super) bracket: Option<u8>,
    /// The one that should stand there; none when nothing is open.
    pub(super) wanted: Option<u8>,
}

/// Brackets and quotes.
const SHAPE: u8 = 1;
const COMMA: u8 = 2;
/// Whatever is not blank.
const SOLID: u8 = 4;

/// What each byte is.
// A table look-up and a mask a byte, instead of comparisons with eight characters.
const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [SOLID; 256];
    // A `for` is not allowed in a `const fn`.
    let mut byte = 0;
    while byte < classes.len() {
        match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' => classes[byte] = 0,
            b'"' | b'{' | b'}' | b'[' | b']' => classes[byte] |= SHAPE,
            b',' => classes[byte] |= COMMA,
            _ => {}
        }
        byte += 1;
    }
    classes
}

impl ArrayScan {
    /// A scan that begins at `place`.
    pub(super) fn new(place: ScanPlace) -> Self {
        Self {
            open: Vec::new(),
            text: TextState::Outside,
            place,
        }
    }

    /// What comes next in `bytes` from `at` on; nothing when they are at their end.
    ///
    /// # Errors
    /// A byte is not where it can be.
    pub(super) fn next(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
    ) -> Result<Option<ScanEvent>, Misplaced> {
        while *at < bytes.len() {
            let found = match self.text {
                TextState::Outside => self.outside(bytes, at)?,
                TextState::Within => self.within(bytes, at),
                TextState::Escape => {
                    self.text = TextState::Within;
                    *at += 1;
                    None
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// True in a bracket or a text of an element.
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty() || self.text != TextState::Outside
    }

    fn within(&mut self, bytes: &[u8], at: &mut usize) -> Option<ScanEvent> {
        // Texts are most of many files: within them only two bytes mean anything.
        let Some(found) = memchr2(b'"', b'\\', &bytes[*at..]) else {
            *at = bytes.len();
            return None;
        };
        self.text = match bytes[*at + found] {
            b'"' => TextState::Outside,
            _ => TextState::Escape,
        };
        *at += found + 1;
        None
    }

    fn outside(&mut self, bytes: &[u8], at: &mut usize) -> Result<Option<ScanEvent>, Misplaced> {
        // Of what an element holds only brackets and quotes matter, and a comma where none is open;
        // between elements anything begins one. All else is passed over in a loop without a branch
        // on what it is.
        let wanted = match (self.place, self.open.as_slice()) {
            (ScanPlace::Within, []) => SHAPE | COMMA,
            (ScanPlace::Within, _) => SHAPE,
            _ => SOLID,
        };
        let is = |byte: &u8| CLASSES[usize::from(*byte)] & wanted != 0;
        let Some(skipped) = bytes[*at..].iter().position(is) else {
            *at = bytes.len();
            return Ok(None);
        };
        *at += skipped;
        match self.place {
            ScanPlace::Within => self.shape(bytes[*at], at),
            _ => self.between(bytes[*at], at).map(Some),
        }
    }

    fn between(&mut self, byte: u8, at: &mut usize) -> Result<ScanEvent, Misplaced> {
        match (self.place, byte) {
            (ScanPlace::End, _) => Err(Misplaced {
                at: *at,
                bracket: None,
                wanted: None,
            }),
            (ScanPlace::Before, b']') => {
                self.place = ScanPlace::End;
                *at += 1;
                Ok(ScanEvent::Close(*at))
            }
            _ => {
                self.place = ScanPlace::Within;
                Ok(ScanEvent::Begin(*at))
            }
        }
    }

    fn shape(&mut self, byte: u8, at: &mut usize) -> Result<Option<ScanEvent>, Misplaced> {
        let here = *at;
        match byte {
            b'"' => self.text = TextState::Within,
            b'{' => self.open.push(b'}'),
            b'[' => self.open.push(b']'),
            b',' => {
                self.place = ScanPlace::Behind;
                *at += 1;
                return Ok(Some(ScanEvent::End(here)));
            }
            bracket => match self.open.pop() {
                Some(wanted) if wanted == bracket => {}
                None if bracket == b']' => {
                    // It is looked at again, as the array's end.
                    self.place = ScanPlace::Before;
                    return Ok(Some(ScanEvent::End(here)));
                }
                wanted => {
                    return Err(Misplaced {
                        at: here,
                        bracket: Some(bracket),
                        wanted,
                    });
                }
            },
        }
        *at += 1;
        Ok(None)
    }
}
