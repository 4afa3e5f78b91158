//! A pipeline that is in rowgen itself and is run by flags: what is wrong in it is told by those, and no
//! line of it is shown.

/// Names that stand for its keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Flags {
    /// Keys that begin lines, and the flags that make their values.
    pub keys: &'static [(&'static str, &'static str)],
    /// What messages say, and what is said instead.
    pub words: &'static [(&'static str, &'static str)],
}

impl Flags {
    /// The flags of what stands in this line.
    pub fn of(&self, line: &str) -> Option<&'static str> {
        let (key, _) = line.split_once(':')?;
        let known = self.keys.iter().find(|(known, _)| *known == key.trim());
        known.map(|(_, flags)| *flags)
    }

    /// A message in the words of who knows only the flags.
    pub fn told(&self, message: &str) -> String {
        let words = self.words.iter();
        words.fold(message.to_string(), |message, (word, instead)| {
            message.replace(word, instead)
        })
    }
}
