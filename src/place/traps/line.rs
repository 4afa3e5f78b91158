//! A line of YAML as far as one line says: its quotes, brackets, colons.

/// A line's characters, without its comment.
pub(super) struct LineText<'a> {
    text: &'a str,
    pub(super) characters: Vec<char>,
}

/// Text in the quotes that need the fewest changes.
pub(super) fn quoted(text: &str) -> String {
    match text.contains(['"', '\\']) {
        true => format!("'{}'", text.replace('\'', "''")),
        false => format!("\"{text}\""),
    }
}

/// Where the value begins that these characters of a line lead into.
pub(super) fn start_of_value(before: &[char]) -> Option<usize> {
    let colon = before
        .windows(2)
        .rposition(|pair| pair[0] == ':' && pair[1] == ' ')?;
    let blank = before[colon + 1..]
        .iter()
        .take_while(|c| **c == ' ')
        .count();
    Some(colon + 1 + blank)
}

impl<'a> LineText<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut line = Self {
            text,
            characters: text.chars().collect(),
        };
        let comment = line.plain().find(|(index, c)| {
            *c == '#' && (*index == 0 || line.characters[index - 1].is_whitespace())
        });
        if let Some((comment, _)) = comment {
            line.characters.truncate(comment);
        }
        while line.characters.last().is_some_and(|c| c.is_whitespace()) {
            line.characters.pop();
        }
        line
    }

    pub(super) fn is_empty(&self) -> bool {
        self.characters.is_empty()
    }

    pub(super) fn indent(&self) -> usize {
        self.text.chars().take_while(|c| *c == ' ').count()
    }

    /// What it says, without indentation and comment.
    pub(super) fn content(&self) -> String {
        self.characters.iter().skip(self.indent()).collect()
    }

    /// The columns in which keys may stand by it: those after dashes too.
    pub(super) fn levels(&self) -> Vec<usize> {
        let indent = self.indent();
        let dashes = self.content();
        let dashes = dashes.strip_prefix("- ").map(str::len);
        let within = dashes.map(|_| indent + 2);
        within.into_iter().chain([indent]).collect()
    }

    /// The characters outside of quotes, with their indices.
    fn plain(&self) -> impl Iterator<Item = (usize, char)> {
        let mut quote = None;
        let mut before = ' ';
        self.characters
            .iter()
            .copied()
            .enumerate()
            .filter(move |(_, c)| {
                // A quote within a word is a letter to YAML: `don't` opens nothing.
                let opens = quote.is_none() && matches!(c, '"' | '\'') && begins_text(before);
                let closes = quote == Some(*c) && before != '\\';
                if opens {
                    quote = Some(*c);
                } else if closes {
                    quote = None;
                }
                before = *c;
                quote.is_none() && !closes
            })
    }

    /// Where a quote opens that does not close.
    pub(super) fn open_quote(&self) -> Option<usize> {
        let mut open: Option<(usize, char)> = None;
        let mut before = ' ';
        for (index, c) in self.characters.iter().copied().enumerate() {
            match open {
                None if matches!(c, '"' | '\'') && begins_text(before) => open = Some((index, c)),
                Some((_, quote)) if quote == c && before != '\\' => open = None,
                _ => {}
            }
            before = c;
        }
        open.map(|(index, _)| index)
    }

    /// Where the innermost bracket opens that does not close.
    pub(super) fn open_bracket(&self) -> Option<usize> {
        let mut open = Vec::new();
        for (index, c) in self.plain() {
            match c {
                '{' | '[' => open.push(index),
                '}' | ']' => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }

    /// True within brackets that open before a character, in its line.
    pub(super) fn in_brackets(&self, at: usize) -> bool {
        let before = self.plain().take_while(|(index, _)| *index < at);
        let depth = before.fold(0_usize, |depth, (_, c)| match c {
            '{' | '[' => depth + 1,
            '}' | ']' => depth.saturating_sub(1),
            _ => depth,
        });
        depth > 0
    }

    /// Where a key ends.
    pub(super) fn colon(&self) -> Option<usize> {
        let ends = |index: usize| self.characters.get(index + 1).is_none_or(|c| *c == ' ');
        self.plain()
            .find(|(index, c)| *c == ':' && ends(*index))
            .map(|(index, _)| index)
    }

    /// True when a key ends before this character.
    pub(super) fn colon_before(&self, at: usize) -> bool {
        self.colon().is_some_and(|colon| colon < at)
    }

    /// The characters from one on, up to a blank, a comma or a bracket that closes.
    pub(super) fn word(&self, from: usize) -> String {
        let rest = self.characters.iter().skip(from);
        rest.take_while(|c| !c.is_whitespace() && !",}]".contains(**c))
            .collect()
    }

    /// The value that begins at a character: within brackets it ends with a comma or theirs.
    pub(super) fn value(&self, from: usize, flow: bool) -> String {
        let to = self.end(from, |c| flow && c == ',', flow);
        let text: String = self.characters[from..to].iter().collect();
        text.trim_end().to_string()
    }

    /// The text without blanks in which a character stands, brackets and all; and where it begins.
    pub(super) fn token(&self, at: usize) -> Option<(usize, String)> {
        if at >= self.characters.len() {
            return None;
        }
        let before = &self.characters[..at];
        // The whole value of a key, unless it is a list or a map in which the text stands.
        let value = start_of_value(before).filter(|from| {
            let between = &self.characters[*from..at];
            let count = |bracket| between.iter().filter(|c| **c == bracket).count();
            let whole = count('{') <= count('}') && count('[') <= count(']');
            whole && !between.contains(&',')
        });
        if let Some(from) = value {
            return Some((from, self.value(from, true)));
        }
        let blank = before.iter().rposition(|c| c.is_whitespace());
        let from = blank.map_or(0, |blank| blank + 1);
        let to = self.end(from, |c| c == ',' || c.is_whitespace(), true);
        let text: String = self.characters.get(from..to)?.iter().collect();
        (to > at && !text.is_empty()).then_some((from, text))
    }

    /// Where what begins at a character ends, outside of all brackets that open within it.
    fn end(&self, from: usize, ends: impl Fn(char) -> bool, within: bool) -> usize {
        let mut depth = 0_usize;
        for (index, c) in self.characters.iter().copied().enumerate().skip(from) {
            match c {
                '{' | '[' => depth += 1,
                '}' | ']' if depth == 0 && within => return index,
                '}' | ']' => depth = depth.saturating_sub(1),
                _ if depth == 0 && ends(c) => return index,
                _ => {}
            }
        }
        self.characters.len()
    }
}

/// A quote opens only where a text can begin: not in `it's`.
fn begins_text(before: char) -> bool {
    before.is_whitespace() || "{[(,:".contains(before)
}
