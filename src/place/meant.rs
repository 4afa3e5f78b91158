//! What YAML takes silently as something else than it seems: anchors and tags where text is meant, keys
//! without a name.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Place, Source};
use crate::error::Problem;

/// What a property stands before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PropertyTarget {
    Nothing,
    Text,
    More,
}

/// Looks at what stands before values.
pub(super) struct Meant<'a> {
    source: &'a Arc<Source>,
    /// The names that `*name` refers to.
    aliases: HashSet<&'a str>,
    /// What is not meant so.
    pub(super) problems: Vec<Problem>,
}

impl<'a> Meant<'a> {
    pub(super) fn new(source: &'a Arc<Source>) -> Self {
        // Once a file: each anchor would search all of it otherwise.
        let stars = source.text.match_indices('*');
        let aliases = stars.map(|(at, _)| name_of(&source.text[at + 1..]));
        Self {
            source,
            aliases: aliases.collect(),
            problems: Vec::new(),
        }
    }

    /// `!x` and `&x` before the value that begins here: a tag says nothing, and an anchor is one only
    /// where something refers to it.
    pub(super) fn look(&mut self, place: &Place, before: PropertyTarget) {
        let mut end = place.start;
        // A value has one of each at most.
        for _ in 0..2 {
            let Some((start, property)) = self.property(end, before) else {
                return;
            };
            let problem = self.wrong(property, before, place);
            if let Some(problem) = problem {
                self.problems
                    .push(problem.at(&self.place_of(place, start, property)));
                return;
            }
            end = start;
        }
    }

    /// The word that begins with `!` or `&` before a byte: in its line, or before a list or a map at the
    /// end of the line above.
    fn property(&self, end: usize, before: PropertyTarget) -> Option<(usize, &'a str)> {
        let text = self.source.text.get(..end)?;
        let line = text.trim_end_matches(' ');
        let above = line.trim_end();
        // A list or a map may have its anchor at the end of the line above; a text has it in its
        // own line.
        let text = match before {
            // Within one line it is the same text, and is not searched.
            PropertyTarget::More
                if above.len() < line.len()
                    && !above[above.rfind('\n').unwrap_or(0)..].contains(" #") =>
            {
                above
            }
            _ => line,
        };
        let ends = |c: char| c.is_whitespace() || "[{,".contains(c);
        let start = text.rfind(ends).map_or(0, |at| at + 1);
        let word = text.get(start..)?;
        let is_property = word.starts_with(['!', '&']) && !word.contains(['"', '\'']);
        is_property.then_some((start, word))
    }

    fn wrong(&self, property: &str, before: PropertyTarget, place: &Place) -> Option<Problem> {
        let name = property.get(1..).unwrap_or_default();
        let written = place.written();
        let quoted = match before {
            PropertyTarget::Text if !written.is_empty() && !written.contains(['"', '\'']) => {
                let text = format!("{property} {written}");
                format!("write \"{}\" if it is text", text.trim_end())
            }
            PropertyTarget::More => "remove it".into(),
            _ => format!("write \"{property}\" if it is text"),
        };
        if property.starts_with('!') {
            let typed = "leave it out: `type:` beside a value says what it is, quotes make it text";
            let known = property.starts_with("!!");
            let message = format!("`{property}` is a tag of YAML, and none is taken");
            return Some(Problem::new(message).hint(if known { typed.into() } else { quoted }));
        }
        let used = self.aliases.contains(name);
        let message = match before {
            PropertyTarget::Nothing => {
                format!("`{property}` names what follows it, and nothing does")
            }
            PropertyTarget::Text if !used => {
                format!("`{property}` names what follows it, and nothing refers to it")
            }
            _ => return None,
        };
        Some(Problem::new(message).hint(quoted))
    }

    /// The property's place: in the line of its value.
    fn place_of(&self, place: &Place, start: usize, property: &str) -> Place {
        let text = &self.source.text;
        let above = text[start..place.start].matches('\n').count();
        let begin = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let at = (place.line() - above, text[begin..start].chars().count() + 1);
        Place::at_byte(self.source.clone(), start, at, property.chars().count())
    }
}

/// True of a text under `|` or `>`, which begins on the line below: it is text, whatever it spells.
pub(super) fn is_block(source: &Source, start: usize) -> bool {
    let before = source.text.get(..start).unwrap_or_default();
    let above = before.trim_end_matches(' ').strip_suffix('\n');
    let header = above.map(|above| above.trim_end());
    let line = header.and_then(|header| header.rsplit('\n').next());
    let line = line.unwrap_or_default();
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let word = line.rsplit([' ', ':']).next().unwrap_or_default();
    let mut signs = word.chars();
    signs.next().is_some_and(|first| "|>".contains(first))
        && signs.all(|sign| "+-".contains(sign) || sign.is_ascii_digit())
}

/// The name that begins a text, as anchors and aliases have them.
fn name_of(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || "[]{},".contains(c);
    &text[..text.find(ends).unwrap_or(text.len())]
}
