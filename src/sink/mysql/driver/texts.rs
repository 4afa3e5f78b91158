//! Characters that a table of another character set does not have, as far as the first rows and the choices
//! show: what comes later the server refuses row by row.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::table::{Column, same};
use crate::client::mysql::{TableName, literal};
use crate::format::Shape;
use crate::format::nested::plain_type;

/// Every character of Unicode is in it.
const ALL: &str = "utf8mb4";

/// So many characters are asked for.
const MOST: usize = 4096;

/// The characters of each column of texts that are not the same in every character set.
#[derive(Debug, Default)]
pub(super) struct Texts(BTreeMap<String, BTreeSet<char>>);

impl Texts {
    /// Those of a table's first batch, and of what its columns choose from.
    pub(super) fn new(shape: &Shape) -> Self {
        let mut texts = Self::default();
        for (index, field) in shape.schema.fields().iter().enumerate() {
            let is_text = matches!(
                plain_type(field.data_type()),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            );
            if !is_text {
                continue;
            }
            let first = shape.trial.as_ref().map(|trial| trial.column(index));
            let domain = shape.domains.get(index);
            let choices = domain.and_then(|domain| domain.dictionary.as_ref());
            let characters = first.into_iter().chain(choices).flat_map(characters);
            let characters: BTreeSet<char> = characters.collect();
            if !characters.is_empty() {
                texts.0.insert(field.name().clone(), characters);
            }
        }
        texts
    }

    /// What columns of the table lack.
    pub(super) async fn lacking(
        &self,
        conn: &mut Conn,
        name: &TableName,
        columns: &[Column],
    ) -> Result<Vec<String>, Refusal> {
        let mut faults = Vec::new();
        for (of, characters) in &self.0 {
            let column = columns.iter().find(|column| same(&column.name, of));
            let charset = column.and_then(|column| column.charset.as_deref());
            let Some(charset) = charset.filter(|charset| *charset != ALL) else {
                continue;
            };
            let all: String = characters.iter().take(MOST).collect();
            let query = format!(
                "SELECT CONVERT(CONVERT({} USING {charset}) USING {ALL})",
                literal(&all)
            );
            let kept: Option<Option<String>> = conn.query_first(query).await?;
            let kept = kept.flatten().unwrap_or_default();
            let kept = kept.chars().map(Some).chain(std::iter::repeat(None));
            if let Some((lacks, _)) = all
                .chars()
                .zip(kept)
                .find(|(one, other)| Some(*one) != *other)
            {
                faults.push(format!(
                    "column `{of}` of table {name} has the character set {charset}, which has no `{lacks}`, as rows have: {ALL} has it"
                ));
            }
        }
        Ok(faults)
    }
}

/// Those of texts that are more than one byte long.
fn characters(texts: &ArrayRef) -> BTreeSet<char> {
    let Ok(texts) = cast(texts, &DataType::Utf8) else {
        return BTreeSet::new();
    };
    let texts = texts.as_string::<i32>();
    let odd = texts.iter().flatten().filter(|text| !text.is_ascii());
    odd.flat_map(|text| text.chars().filter(|one| !one.is_ascii()))
        .collect()
}
