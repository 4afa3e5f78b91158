//! How a CSV file is written, as a pipeline says it.

use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::cells::NullSpelling;
use super::encoding::Encoding;
use super::split::Dialect;
use crate::error::Problem;
use crate::format;
use crate::format::csv::{NullText, called};
use crate::place::{FilePath, Flag, OneOrMany, Placed, Text, Value, by_node, decode};
use crate::source::file::OpenFile;
use crate::source::{OnBadFile, OnBadRow};

/// A CSV file. Types are inferred from all of its values where `types` do not say them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csv {
    /// The file, from the folder of the file that says it on; a folder, all of whose files are read, or a pattern such as `data/*.csv`. What gzip or zstd compressed is read as it is.
    #[serde(deserialize_with = "crate::place::of_rows")]
    pub(super) path: Placed<FilePath>,
    /// One ASCII character between values (default: a comma; a tab for `.tsv`).
    delimiter: Option<Placed<Text>>,
    /// Whether the first line has the names (default true); without it they are those of `types`, in their order.
    header: Option<Flag>,
    /// One ASCII character around values, doubled inside them (default `"`).
    quote: Option<Placed<Text>>,
    /// One ASCII character that, before a quote or before itself within quotes, makes that a part of the value: `"\\"` for files of Spark and MySQL (default: quotes are doubled).
    escape: Option<Placed<Text>>,
    /// How the text is encoded: `windows-1252` (Latin-1 is a part of it), `iso-8859-15`, `shift_jis` and others (default UTF-8).
    encoding: Option<Placed<Text>>,
    /// What stands for null, one text or a list (default: nothing between two delimiters; `[]`: no text does). Within quotes it is a text, but for quotes around nothing in a column that is no text.
    #[serde(default)]
    null: NullTexts,
    /// What becomes of a line that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    pub(super) on_bad_row: OnBadRow,
    /// What becomes of a file of several that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    pub(super) on_bad_file: OnBadFile,
    /// rowgen has written it: nothing is guessed.
    #[serde(skip)]
    pub(super) is_own: bool,
}

/// What stands for null: one text or several.
#[derive(Debug, Clone)]
struct NullTexts(Vec<String>);

impl Csv {
    /// A file with a header, and how it is written: its delimiter, quote, escape and encoding.
    pub fn written_as(path: Placed<FilePath>, said: [&Option<Placed<Text>>; 4]) -> Self {
        let [delimiter, quote, escape, encoding] = said.map(Clone::clone);
        Self {
            path,
            delimiter,
            header: None,
            quote,
            escape,
            encoding,
            null: NullTexts::default(),
            on_bad_row: OnBadRow::Stop,
            on_bad_file: OnBadFile::Stop,
            is_own: false,
        }
    }

    /// Files that rowgen has written with these options.
    pub fn written(path: Placed<FilePath>, format: &format::csv::Csv) -> Self {
        let spelt = format.spelt();
        Self {
            header: Some(Flag(spelt.header)),
            quote: spelt.quote.cloned(),
            null: NullTexts(vec![spelt.null.to_string()]),
            is_own: true,
            ..Self::written_as(path, [&spelt.delimiter.cloned(), &None, &None, &None])
        }
    }

    /// True where the first line has the names.
    pub(super) fn has_header(&self) -> bool {
        self.header.is_none_or(|flag| flag.0)
    }

    pub(super) fn nulls(&self) -> NullSpelling {
        let texts = self.null.0.iter();
        NullSpelling(texts.map(|text| text.clone().into_bytes()).collect())
    }

    pub(super) fn encoding(&self, file: &OpenFile) -> Result<Encoding, Problem> {
        match &self.encoding {
            Some(label) => Encoding::named(label, file),
            None => Ok(Encoding::default()),
        }
    }

    /// A delimiter that nobody says is a guess: one column whose name holds another usual one is a wrong
    /// guess, and every value would be a whole line.
    pub(super) fn refuse_other_delimiter(
        &self,
        file: &OpenFile,
        names: &[String],
    ) -> Result<(), Problem> {
        let [name] = names else {
            return Ok(());
        };
        let others = [(';', ";"), ('\t', "\\t"), ('|', "|"), (',', ",")];
        let found = others.iter().find(|(other, _)| name.contains(*other));
        match found.filter(|_| self.delimiter.is_none() && self.has_header() && !self.is_own) {
            Some((_, written)) => Err(file
                .problem(format!(
                    "line 1: `{written}` stands between its names, and the delimiter is another one"
                ))
                .hint(format!("say so with `delimiter: \"{written}\"`"))),
            None => Ok(()),
        }
    }

    pub(super) fn dialect(&self, file: &OpenFile) -> Result<Dialect, Problem> {
        // The extension is all that such a file says of itself. Nothing is guessed from its lines:
        // a guess that is wrong would be noticed late, as one column of everything.
        let tabs = file.extension().is_some_and(|extension| extension == "tsv");
        let delimiter = match &self.delimiter {
            Some(text) => character(text, "delimiter")?,
            None if tabs => b'\t',
            None => b',',
        };
        let quote = self.quote.as_ref().map(|text| character(text, "quote"));
        let quote = quote.transpose()?.unwrap_or(b'"');
        let escape = self.escape.as_ref().map(|text| character(text, "escape"));
        let escape = escape.transpose()?;
        different(("delimiter", delimiter), ("quote", quote))
            .and_then(|()| match escape {
                Some(escape) => different(("delimiter", delimiter), ("escape", escape)),
                None => Ok(()),
            })
            .map_err(|problem| {
                let said = self.escape.as_ref().or(self.quote.as_ref());
                let said = said.or(self.delimiter.as_ref());
                said.map_or(problem.clone(), |text| problem.at(&text.place))
            })?;
        Ok(Dialect {
            delimiter,
            quote,
            // A quote before a quote is what there is without any.
            escape: escape.filter(|escape| *escape != quote),
        })
    }
}

fn different(one: (&str, u8), other: (&str, u8)) -> Result<(), Problem> {
    match one.1 == other.1 {
        true => Err(Problem::new(format!(
            "the {} and the {} are the same character",
            one.0, other.0
        ))),
        false => Ok(()),
    }
}

fn character(text: &Placed<Text>, what: &str) -> Result<u8, Problem> {
    match text.as_bytes() {
        // Between single quotes, and without any, YAML keeps the backslash.
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'\r' | b'\n') => Ok(*byte),
        _ => Err(Problem::new(format!(
            "expected one ASCII character for the {what}, found `{}`",
            text.escape_debug()
        ))
        .maybe_hint(called(text))
        .at(&text.place)),
    }
}

impl Default for NullTexts {
    fn default() -> Self {
        Self(vec![String::new()])
    }
}

by_node!(
    inline,
    NullTexts,
    |node| {
        // The one list that says something when it is empty: no text stands for null.
        if matches!(&node.value, Value::List(texts) if texts.is_empty()) {
            return Ok(NullTexts(Vec::new()));
        }
        let texts: OneOrMany<NullText> = decode(node)?;
        Ok(NullTexts(
            texts.0.into_iter().map(|null| null.text).collect(),
        ))
    },
    |generator| {
        let one = generator.subschema_for::<NullText>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 0 }] })
    }
);
