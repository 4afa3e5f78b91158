//! How large values and rows may be: that each finds room in memory is proved before the first row, as
//! far as it is known how large they can be.

use arrow::datatypes::DataType;

use crate::column::build::BuiltColumn;
use crate::column::values::arrays::plain_type;
use crate::error::Problem;
use crate::units::show_bytes;

/// No value and no row can be larger; a text cannot in PostgreSQL, either.
// 1 GiB: what PostgreSQL's texts can have at most, and half of what the offsets of one Arrow array
// can tell apart.
const MOST: u64 = 1 << 30;

/// That a value, and a row of the columns so far, find room: columns that each hold the one before
/// several times soon do not. `row` are the bytes of those columns, to which this one's are added if they
/// do.
///
/// # Errors
/// They can be too large.
pub(super) fn small_enough(
    made: &BuiltColumn,
    name: &str,
    around: &str,
    row: &mut u64,
) -> Result<(), Problem> {
    let bytes = made.domain.most_bytes(&made.data_type);
    // A text above 1 GiB was refused from the beginning; lists in lists, and columns that each hold
    // the one before four times, went round that and ended for want of memory.
    let all = row.saturating_add(bytes);
    let text = plain_type(&made.data_type) == &DataType::Utf8;
    if text
        && made
            .domain
            .longest
            .is_some_and(|longest| longest as u64 > MOST)
    {
        let message = format!("the text of column `{name}` can be longer than 1 GiB");
        return Err(Problem::new(message));
    }
    let (what, bytes, hint) = match bytes > MOST {
        true => (
            format!("a value of column `{name}`"),
            bytes,
            "make its lists and texts shorter: a `length` can have a `max`",
        ),
        false => (
            format!("a row of `{around}`, with column `{name}`,"),
            all,
            "make its lists and texts shorter, or put some of the columns into another table",
        ),
    };
    if bytes <= MOST {
        *row = all;
        return Ok(());
    }
    let bytes = show_bytes(bytes);
    let message = format!("{what} can take {bytes}, and there is room for 1 GiB");
    Err(Problem::new(message).hint(hint))
}
