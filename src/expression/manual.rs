//! What the manual says of each function: what it is about, in a line, and an example.

/// A function in the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionText {
    pub name: &'static str,
    /// How it is written.
    pub signature: &'static str,
    /// The chapter: what its values are.
    pub subject: &'static str,
    /// What it gives.
    pub about: &'static str,
    /// A call, of constants alone but for aggregates and lists.
    pub example: &'static str,
}

/// An entry a paragraph: the name, perhaps how it is written (`written:`, where it is no function or has a grammar of
/// its own), the chapter, what it gives, an example.
const MANUAL: &str = include_str!("manual.txt");

/// Everything that the manual lists: functions by name, then operators.
pub(super) fn texts() -> Vec<FunctionText> {
    let entries = MANUAL.split("\n\n").filter_map(entry);
    entries.collect()
}

fn entry(text: &'static str) -> Option<FunctionText> {
    let mut lines = text.lines().map(str::trim);
    let (name, mut next) = (lines.next()?, lines.next()?);
    let written = next.strip_prefix("written: ");
    if written.is_some() {
        next = lines.next()?;
    }
    let own = super::functions::all().map(|function| (function.name, function.signature));
    let mut known = own.chain(super::aggregate::AGGREGATES.iter().copied());
    let known = known.find(|(known, _)| *known == name);
    Some(FunctionText {
        name,
        signature: written.or(known.map(|(_, signature)| signature))?,
        subject: next,
        about: lines.next()?,
        example: lines.next()?,
    })
}

impl FunctionText {
    /// What the example gives, as text; nothing for aggregates and lists, which are of columns.
    pub fn answer(&self) -> Option<String> {
        use arrow::array::{Array, AsArray};
        use arrow::datatypes::DataType;
        let mut unknown = |name: &str| Err(format!("unknown column `{name}`").into());
        let compiled = super::compile(self.example, &mut unknown).ok()?;
        let compiled = compiled.cast_to(&DataType::Utf8).ok()?;
        let array = compiled.evaluate(&[], 1).ok()?;
        let array = array.as_string_opt::<i32>()?;
        let value = || array.value(0).to_owned();
        Some(if array.is_null(0) {
            "null".to_owned()
        } else {
            value()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_in_the_manual_and_its_example_works() {
        let texts = texts();
        let own = super::super::functions::all().map(|function| function.name);
        let aggregates = super::super::aggregate::AGGREGATES
            .iter()
            .map(|(name, _)| *name);
        for name in own.chain(aggregates) {
            let known = texts.iter().any(|text| text.name == name);
            assert!(known, "src/expression/manual.txt lacks `{name}`");
        }
        for text in &texts {
            let name = text.name;
            assert!(
                text.about.ends_with('.') && text.example.to_lowercase().contains(name),
                "{name}"
            );
            let of_columns = ["aggregates", "lists"].contains(&text.subject);
            assert_eq!(
                text.answer().is_none(),
                of_columns,
                "{name}: {}",
                text.example
            );
        }
        assert_eq!(texts.len(), MANUAL.split("\n\n").count());
    }

    #[test]
    fn answers_are_postgresqls() {
        let answer = |name| {
            texts()
                .iter()
                .find(|text| text.name == name)
                .and_then(FunctionText::answer)
        };
        for (name, expected) in [
            ("initcap", "Ada Lovelace"),
            ("to_char", "1,234.50"),
            ("to_timestamp", "2026-07-05 18:30:00+00"),
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("try_cast", "null"),
        ] {
            assert_eq!(answer(name).as_deref(), Some(expected), "{name}");
        }
    }
}
