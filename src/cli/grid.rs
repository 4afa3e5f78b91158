//! Rows as a table for people: nulls, empty texts and line ends look different, and it fits its terminal.

use std::borrow::Cow;

use arrow::array::{Array, RecordBatch};

use crate::shown_value as cell;

/// A column is cut to no fewer characters.
// Narrower cells say nothing any more: a date without its day, a number without its last digits.
// Then rows are shown one below the other.
const LEAST: usize = 8;

/// The rows, at most `width` characters wide where it is known; `first_row` is the number of the first.
pub(super) fn show(batch: &RecordBatch, first_row: u64, width: Option<usize>) -> String {
    let columns = cells(batch);
    let Some(width) = width else {
        return table(&columns, &natural(&columns));
    };
    let fitted = fit(natural(&columns), width);
    match fitted {
        Some(widths) => table(&columns, &widths),
        None => records(&columns, batch.num_rows(), first_row, width),
    }
}

/// The cells of each column, its name first.
fn cells(batch: &RecordBatch) -> Vec<Vec<String>> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let cells = columns.map(|(field, values)| {
        let name = std::iter::once(cell::escaped(field.name()));
        let values = (0..values.len()).map(|row| cell::show(values, row));
        name.chain(values).collect()
    });
    cells.collect()
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
        // One character at a time from whichever column is the widest then: narrow columns keep
        // their width, wide ones end alike. It is quadratic, over a few dozen columns of a screen.
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

/// A text cut to so many characters.
pub(super) fn cut(text: &str, width: usize) -> Cow<'_, str> {
    match text.chars().count() > width {
        // Counted in characters, not in bytes, so that no character is cut in half.
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

    use arrow::array::{
        ArrayRef, Date32Array, Int64Array, ListArray, StringArray, StructArray,
        Time64MicrosecondArray, TimestampSecondArray,
    };
    use arrow::buffer::{NullBuffer, OffsetBuffer};
    use arrow::datatypes::{DataType, Field};

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
        let shown = show(&batch(), 0, None);
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
    fn they_look_different_within_lists_and_structs() {
        let texts = || -> ArrayRef {
            let texts = [
                None,
                Some(""),
                Some("null"),
                Some("a, b"),
                Some("x"),
                Some("l\nm"),
            ];
            Arc::new(StringArray::from_iter(texts))
        };
        let item = Arc::new(Field::new("item", DataType::Utf8, true));
        let offsets = OffsetBuffer::from_lengths([2, 0, 0, 4]);
        let nulls = NullBuffer::from(vec![true, true, false, true]);
        let lists = ListArray::new(item, offsets, texts(), Some(nulls));
        let fields = vec![Field::new("t", DataType::Utf8, true)];
        let within = texts().slice(0, 4);
        let nulls = NullBuffer::from(vec![true, true, true, false]);
        let parts = StructArray::new(fields.into(), vec![within], Some(nulls));
        let columns: [(&str, ArrayRef); 2] =
            [("list", Arc::new(lists)), ("struct", Arc::new(parts))];
        let shown = show(&RecordBatch::try_from_iter(columns).unwrap(), 0, None);
        assert_eq!(
            shown,
            r#"+-----------------------------+-------------+
| list                        | struct      |
+-----------------------------+-------------+
| [null, ""]                  | {t: null}   |
| []                          | {t: ""}     |
| null                        | {t: "null"} |
| ["null", "a, b", x, "l\nm"] | null        |
+-----------------------------+-------------+
"#
        );
    }

    #[test]
    fn what_no_calendar_has_is_the_number_that_it_is() {
        let columns: [(&str, ArrayRef); 3] = [
            (
                "time",
                Arc::new(Time64MicrosecondArray::from(vec![
                    36_000_000_000,
                    90_000_000_000,
                ])),
            ),
            (
                "at",
                Arc::new(TimestampSecondArray::from(vec![0, i64::MAX])),
            ),
            ("day", Arc::new(Date32Array::from(vec![0, i32::MAX]))),
        ];
        let shown = show(&RecordBatch::try_from_iter(columns).unwrap(), 0, None);
        assert_eq!(
            shown,
            "+------------------------------+-------------------------------------+-------------------------------+
| time                         | at                                  | day                           |
+------------------------------+-------------------------------------+-------------------------------+
| 10:00:00                     | 1970-01-01T00:00:00                 | 1970-01-01                    |
| 90000000000 us, out of range | 9223372036854775807 s, out of range | 2147483647 days, out of range |
+------------------------------+-------------------------------------+-------------------------------+
"
        );
    }

    #[test]
    fn it_fits_its_terminal() {
        let wide: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(50)]));
        let columns = (0..3).map(|n| (format!("column_{n}"), wide.clone()));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let shown = show(&batch, 7, Some(60));
        assert!(
            shown.lines().all(|line| line.chars().count() == 60),
            "{shown}"
        );
        assert!(shown.contains("xx…"));
        let shown = show(&batch, 7, Some(30));
        assert_eq!(
            shown,
            "row 7\n  column_0 xxxxxxxxxxxxxxxxxx…\n  column_1 xxxxxxxxxxxxxxxxxx…\n  column_2 xxxxxxxxxxxxxxxxxx…\n"
        );
    }
}
