//! Rows as a table for people: nulls, empty texts and line ends look different, and it fits its terminal.

use std::borrow::Cow;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::Result;

/// What a null is shown as; a text that says the same stands in quotes.
const NULL: &str = "null";
/// A column is cut to no fewer characters.
const LEAST: usize = 8;

/// The rows, at most `width` characters wide where it is known; `first_row` is the number of the first.
pub(super) fn show(batch: &RecordBatch, first_row: u64, width: Option<usize>) -> Result<String> {
    let columns = cells(batch)?;
    let Some(width) = width else {
        return Ok(table(&columns, &natural(&columns)));
    };
    let fitted = fit(natural(&columns), width);
    Ok(match fitted {
        Some(widths) => table(&columns, &widths),
        None => records(&columns, batch.num_rows(), first_row, width),
    })
}

/// Of each column its name and its values.
fn cells(batch: &RecordBatch) -> Result<Vec<Vec<String>>> {
    let options = FormatOptions::default().with_null(NULL);
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    columns
        .map(|(field, values)| {
            let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
            let text = match values.data_type() {
                DataType::Dictionary(_, values) => values.is_string(),
                other => other.is_string(),
            };
            let cell = |row: usize| match values.is_null(row) {
                true => NULL.to_string(),
                false if text => told_apart(&shown.value(row).to_string()).into_owned(),
                false => escaped(&shown.value(row).to_string()),
            };
            let name = escaped(field.name());
            Ok(std::iter::once(name)
                .chain((0..values.len()).map(cell))
                .collect())
        })
        .collect()
}

/// A text as it is; in quotes where it would look like nothing, or like something else.
fn told_apart(text: &str) -> Cow<'_, str> {
    let odd = text.is_empty()
        || text == NULL
        || text.starts_with([' ', '"'])
        || text.ends_with(' ')
        || text.contains(char::is_control);
    match odd {
        true => Cow::Owned(format!("\"{}\"", escaped(text).replace('"', "\\\""))),
        false => Cow::Borrowed(text),
    }
}

/// A line end would break the table.
fn escaped(text: &str) -> String {
    match text.contains(char::is_control) {
        true => text
            .chars()
            .map(|c| match c.is_control() {
                true => c.escape_default().to_string(),
                false => c.to_string(),
            })
            .collect(),
        false => text.to_string(),
    }
}

fn natural(columns: &[Vec<String>]) -> Vec<usize> {
    let widest = |cells: &Vec<String>| cells.iter().map(|cell| cell.chars().count()).max();
    columns
        .iter()
        .map(|cells| widest(cells).unwrap_or(0))
        .collect()
}

/// The widest columns are made narrower until all fit; nothing where that leaves too little of them.
fn fit(mut widths: Vec<usize>, width: usize) -> Option<Vec<usize>> {
    let frame = 3 * widths.len() + 1;
    let mut spare = (frame + widths.iter().sum::<usize>()).saturating_sub(width);
    while spare > 0 {
        let widest = widths.iter_mut().max()?;
        if *widest <= LEAST {
            return None;
        }
        *widest -= 1;
        spare -= 1;
    }
    Some(widths)
}

fn table(columns: &[Vec<String>], widths: &[usize]) -> String {
    let dashes = widths.iter().map(|width| "-".repeat(width + 2));
    let frame = format!("+{}+\n", dashes.collect::<Vec<_>>().join("+"));
    let line = |row: usize| {
        let cells = columns.iter().zip(widths);
        let cells = cells.map(|(cells, width)| format!(" {:<width$} ", cut(&cells[row], *width)));
        format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
    };
    let rows = columns.first().map_or(0, Vec::len);
    let mut text = frame.clone();
    for row in 0..rows {
        text.push_str(&line(row));
        if row == 0 {
            text.push_str(&frame);
        }
    }
    if rows > 1 {
        text.push_str(&frame);
    }
    text
}

/// A block for each row, a line for each of its values.
fn records(columns: &[Vec<String>], rows: usize, first_row: u64, width: usize) -> String {
    let names = columns.iter().map(|cells| cells[0].chars().count()).max();
    let names = names.unwrap_or(0).min(width / 2);
    let room = width.saturating_sub(names + 3).max(LEAST);
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(&format!("row {}\n", first_row + row as u64));
        for cells in columns {
            let (name, value) = (cut(&cells[0], names), cut(&cells[row + 1], room));
            text.push_str(&format!("  {name:<names$} {value}\n"));
        }
    }
    text
}

fn cut(text: &str, width: usize) -> Cow<'_, str> {
    match text.chars().count() > width {
        true => {
            let kept: String = text.chars().take(width.saturating_sub(1)).collect();
            Cow::Owned(kept + "…")
        }
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let texts = [
            None,
            Some(""),
            Some("null"),
            Some("a\nb"),
            Some(" a\"b"),
            Some("it's"),
        ];
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter(0..6));
        let texts: ArrayRef = Arc::new(StringArray::from_iter(texts));
        RecordBatch::try_from_iter([("n", numbers), ("text", texts)]).unwrap()
    }

    #[test]
    fn null_empty_and_line_ends_look_different() {
        let shown = show(&batch(), 0, None).unwrap();
        assert_eq!(
            shown,
            r#"+---+---------+
| n | text    |
+---+---------+
| 0 | null    |
| 1 | ""      |
| 2 | "null"  |
| 3 | "a\nb"  |
| 4 | " a\"b" |
| 5 | it's    |
+---+---------+
"#
        );
    }

    #[test]
    fn it_fits_its_terminal() {
        let wide: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(50)]));
        let columns = (0..3).map(|n| (format!("column_{n}"), wide.clone()));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let shown = show(&batch, 7, Some(60)).unwrap();
        assert!(
            shown.lines().all(|line| line.chars().count() == 60),
            "{shown}"
        );
        assert!(shown.contains("xx…"));
        let shown = show(&batch, 7, Some(30)).unwrap();
        assert_eq!(
            shown,
            "row 7\n  column_0 xxxxxxxxxxxxxxxxxx…\n  column_1 xxxxxxxxxxxxxxxxxx…\n  column_2 xxxxxxxxxxxxxxxxxx…\n"
        );
    }
}
