//! Reads the pattern language: a small part of regular expressions, with their meaning.

use std::collections::BTreeSet;
use std::iter::once;
use std::sync::Arc;

use super::part::{PartKind, PatternPart};

/// Longer texts than this are a mistake.
const LONGEST: usize = 65_536;
/// A repeat may vary by so much.
// Each length that a repeat may have becomes an alternative with a part of its own.
const SPREAD: usize = 256;
/// The deepest nesting of brackets. Reading recurses, and a thread's stack holds some thousands of levels.
const DEEPEST: usize = 64;

/// What is wrong with a pattern, and where: in characters from its beginning.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
}

struct PatternReader {
    characters: Vec<char>,
    at: usize,
    /// How many brackets are open.
    depth: usize,
}

/// The part that a pattern describes.
pub(super) fn read(pattern: &str) -> Result<PatternPart, Mistake> {
    let mut reader = PatternReader {
        characters: pattern.chars().collect(),
        at: 0,
        depth: 0,
    };
    let part = reader.alternatives()?;
    match reader.peek() {
        Some(_) => Err(reader
            .wrong(reader.at, "this `)` closes nothing")
            .or("write `\\)` for a bracket")),
        None => Ok(part),
    }
}

impl Mistake {
    fn or(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

impl PatternReader {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// A mistake from `from` to where the reader stands.
    fn wrong(&self, from: usize, message: impl Into<String>) -> Mistake {
        Mistake {
            offset: from,
            length: self.at.saturating_sub(from).max(1),
            message: message.into(),
            hint: None,
        }
    }

    fn alternatives(&mut self) -> Result<PatternPart, Mistake> {
        let mut parts = vec![Arc::new(self.sequence()?)];
        while self.take('|') {
            parts.push(Arc::new(self.sequence()?));
        }
        Ok(PatternPart::choice(parts))
    }

    fn sequence(&mut self) -> Result<PatternPart, Mistake> {
        let mut parts: Vec<Arc<PatternPart>> = Vec::new();
        let mut longest = 0;
        while let Some(next) = self.peek().filter(|next| !matches!(next, '|' | ')')) {
            let from = self.at;
            let one = self.one(next)?;
            let repeated = self.repeated(from, one)?;
            longest += repeated.longest;
            if longest > LONGEST {
                return Err(self.wrong(
                    from,
                    format!("texts would have more than {LONGEST} characters"),
                ));
            }
            parts.extend(repeated.parts());
        }
        Ok(PatternPart::row(joined(parts)))
    }

    fn one(&mut self, next: char) -> Result<PatternPart, Mistake> {
        let from = self.at;
        self.at += 1;
        match next {
            '[' => self.class(from),
            '(' => self.bracket(from),
            '\\' => self.escape(from).map(|set| match (set.first(), set.len()) {
                (Some(character), 1) => PatternPart::text(character.to_string()),
                _ => PatternPart::class(set),
            }),
            '.' => Err(self
                .wrong(from, "a bare `.` would be any character")
                .or("write `\\.` for a dot, or a class such as `[a-z]`")),
            '^' | '$' => Err(self
                .wrong(
                    from,
                    format!("`{next}` is not needed: a pattern is the whole text"),
                )
                .or("write it after a `\\` for the character itself")),
            '*' | '+' | '?' | '{' | '}' | ']' => Err(self
                .wrong(from, format!("this `{next}` repeats or closes nothing"))
                .or("write it after a `\\` for the character itself")),
            other => Ok(PatternPart::text(other.to_string())),
        }
    }

    /// What stands in brackets, the `(` already read.
    fn bracket(&mut self, from: usize) -> Result<PatternPart, Mistake> {
        if self.depth == DEEPEST {
            let message = format!("more than {DEEPEST} brackets stand one within the other");
            return Err(self.wrong(from, message));
        }
        self.depth += 1;
        let part = self.alternatives()?;
        self.depth -= 1;
        match self.take(')') {
            true => Ok(part),
            false => Err(self
                .wrong(from, "this `(` is not closed")
                .or("write `\\(` for a bracket")),
        }
    }

    /// What stands behind a part: `{3}`, `{2,5}` or `?`.
    fn repeated(&mut self, from: usize, part: PatternPart) -> Result<PatternPart, Mistake> {
        let sign = self.at;
        let (least, most) = match self.peek() {
            Some('?') => {
                self.at += 1;
                (0, 1)
            }
            Some('{') => self.bounds()?,
            Some(unbounded @ ('*' | '+')) => {
                self.at += 1;
                let message = format!("`{unbounded}` has no upper bound");
                return Err(self.wrong(sign, message).or("say how many: `{1,8}`"));
            }
            _ => return Ok(part),
        };
        if most < least {
            return Err(self.wrong(sign, format!("{most} is less than {least}")));
        }
        if most - least > SPREAD {
            return Err(self.wrong(sign, format!("a repeat may vary by at most {SPREAD}")));
        }
        if part.longest * most > LONGEST {
            return Err(self.wrong(
                from,
                format!("texts would have more than {LONGEST} characters"),
            ));
        }
        // Repeats of repeats of nothing made as many parts as there is memory for.
        if part.longest == 0 {
            return Ok(part);
        }
        let part = Arc::new(part);
        let times = |times: usize| Arc::new(PatternPart::row(vec![part.clone(); times]));
        let varying = (least < most).then(|| (0..=most - least).map(times).collect());
        let fixed = std::iter::repeat_n(part.clone(), least);
        let parts = fixed.chain(varying.map(|parts| Arc::new(PatternPart::choice(parts))));
        Ok(PatternPart::row(
            parts
                .flat_map(|part| Arc::unwrap_or_clone(part).parts())
                .collect(),
        ))
    }

    fn bounds(&mut self) -> Result<(usize, usize), Mistake> {
        let from = self.at;
        let inside: String = self.characters[from + 1..]
            .iter()
            .take_while(|c| **c != '}')
            .collect();
        let closed = self.characters.get(from + 1 + inside.chars().count()) == Some(&'}');
        self.at += 1 + inside.chars().count() + usize::from(closed);
        let number = |text: &str| text.trim().parse::<usize>().ok().filter(|n| *n <= LONGEST);
        let bounds = match inside.split_once(',') {
            Some((least, most)) => number(least).zip(number(most)),
            None => number(&inside).map(|times| (times, times)),
        };
        bounds.filter(|_| closed).ok_or_else(|| {
            self.wrong(from, "a repeat is `{3}` or `{2,5}`")
                .or("write `\\{` for a bracket")
        })
    }

    fn class(&mut self, from: usize) -> Result<PatternPart, Mistake> {
        let unclosed = |reader: &Self| {
            reader
                .wrong(from, "this `[` is not closed")
                .or("write `\\[` for a bracket")
        };
        if self.peek() == Some('^') {
            self.at += 1;
            return Err(self
                .wrong(from, "a class cannot be negated")
                .or("list the characters that may stand there"));
        }
        let mut characters = BTreeSet::new();
        loop {
            let start = self.at;
            match self.next() {
                None => return Err(unclosed(self)),
                Some(']') if characters.is_empty() => {
                    return Err(self.wrong(from, "this class is empty"));
                }
                Some(']') => return Ok(PatternPart::class(characters)),
                Some('\\') => characters.extend(self.escape(start)?),
                Some(first) => {
                    let range = self.peek() == Some('-')
                        && self.characters.get(self.at + 1).is_some_and(|c| *c != ']');
                    if range {
                        self.at += 1;
                    }
                    let last = if range {
                        self.next().unwrap_or(first)
                    } else {
                        first
                    };
                    if last < first {
                        return Err(self.wrong(start, format!("`{first}` comes after `{last}`")));
                    }
                    characters.extend(first..=last);
                }
            }
        }
    }

    /// The characters that an escape stands for, its `\` already read.
    fn escape(&mut self, from: usize) -> Result<BTreeSet<char>, Mistake> {
        let next = self.next();
        match next {
            Some('d') => Ok(('0'..='9').collect()),
            Some('w') => Ok(('a'..='z')
                .chain('A'..='Z')
                .chain('0'..='9')
                .chain(once('_'))
                .collect()),
            Some(other) if !other.is_alphanumeric() => Ok([other].into()),
            Some(other) => Err(self
                .wrong(from, format!("unknown escape `\\{other}`"))
                .or("the escapes are `\\d`, `\\w`, and `\\` before a sign")),
            None => Err(self
                .wrong(from, "nothing follows this `\\`")
                .or("write `\\\\` for the character itself")),
        }
    }
}

/// The same parts, neighbouring texts as one, without those that never have a character: so none has
/// more parts than characters, however brackets and repeats are piled up.
fn joined(parts: Vec<Arc<PatternPart>>) -> Vec<Arc<PatternPart>> {
    let mut joined: Vec<Arc<PatternPart>> = Vec::new();
    for part in parts.into_iter().filter(|part| part.longest > 0) {
        match (joined.last().map(|last| &last.shape), &part.shape) {
            (Some(PartKind::Text(before)), PartKind::Text(text)) => {
                let both = Arc::new(PatternPart::text(format!("{before}{text}")));
                joined.pop();
                joined.push(both);
            }
            _ => joined.push(part),
        }
    }
    joined
}
