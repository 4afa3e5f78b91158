//! What generators share whose values are somebody's or something's facts: a row draws 64 bits, and each field
//! is a function of them, so that the fields of a row agree and none is made that nobody reads.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt64Array};
use arrow::datatypes::{DataType, UInt64Type};

use crate::column::build::{Build, BuiltColumn, ColumnFields, Pick};
use crate::column::program::{Fill, with_valid};
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::dictionary_encoded::{column, dictionary_type};
use crate::domain::Domain;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::kernel::short_text::{ShortText, ShortTextWriter};

/// Something that has fields.
pub(super) trait Facts: Send + Sync + Sized + 'static {
    /// What it is called, in the singular.
    const WHAT: &'static str;
    /// Its fields.
    const FIELDS: &'static [&'static str];

    /// The field of that name, whose input 0 is the row's bits.
    fn field(self: &Arc<Self>, name: &str) -> Option<BuiltColumn>;
}

struct FieldsOf<F>(Arc<F>);

/// A column that shows the field `shown`, and has the others.
pub(super) fn column_of<F: Facts>(
    facts: F,
    shown: &str,
    build: &Build<'_>,
) -> Result<BuiltColumn, Problem> {
    let facts = Arc::new(facts);
    let made = facts.field(shown);
    let mut made = made.ok_or_else(|| no_field::<F>(shown, build))?;
    let key = build.key;
    made.pick = Some(Pick {
        data_type: DataType::UInt64,
        fill: Arc::new(move |rows: Rows<'_>, _: &[ArrayRef]| {
            Ok(Arc::new(UInt64Array::from(key.fill(rows))) as ArrayRef)
        }),
        pointwise: false,
        rows: None,
        nulls: false,
    });
    made.fill = Arc::new(NullWithPick(made.fill));
    made.fields = Some(Arc::new(FieldsOf(facts)));
    Ok(made)
}

fn no_field<F: Facts>(name: &str, build: &Build<'_>) -> Problem {
    let names = F::FIELDS.iter().copied();
    let all = || format!("the fields are {}", F::FIELDS.join(", "));
    Problem::new(format!("{} has no field `{name}`", F::WHAT))
        .at(&build.place)
        .hint(did_you_mean(name, names).unwrap_or_else(all))
}

impl<F: Facts> ColumnFields for FieldsOf<F> {
    fn field(&self, path: &str, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let made = self.0.field(path);
        let mut made = made.ok_or_else(|| no_field::<F>(path, build))?;
        made.fill = Arc::new(NullWithPick(made.fill));
        Ok(made)
    }
}

/// What is shown of a pick, null where that is: nobody has no name.
struct NullWithPick(Arc<dyn Fill>);

impl Fill for NullWithPick {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let made = self.0.fill(rows, inputs)?;
        match inputs[0].nulls() {
            Some(valid) if valid.null_count() > 0 => with_valid(&made, valid),
            _ => Ok(made),
        }
    }
}

fn bits(inputs: &[ArrayRef]) -> &[u64] {
    inputs[0].as_primitive::<UInt64Type>().values()
}

/// A text of at most so many bytes, which `write` writes.
pub(super) fn texts<F: Facts>(
    facts: &Arc<F>,
    longest: usize,
    write: impl Fn(&F, u64, &mut ShortTextWriter) + Send + Sync + 'static,
) -> BuiltColumn {
    let domain = Domain {
        longest: Some(longest),
        ..Domain::default()
    };
    let facts = facts.clone();
    let fill = move |_: Rows<'_>, inputs: &[ArrayRef]| {
        let mut writer = ShortTextWriter::new(inputs[0].len(), longest);
        for bits in bits(inputs) {
            write(&facts, *bits, &mut writer);
            writer.end();
        }
        let texts = writer.finish();
        let texts = texts.map_err(|message| Error::run(message.as_str()))?;
        Ok(Arc::new(texts) as ArrayRef)
    };
    BuiltColumn::new(DataType::Utf8, domain, fill)
}

/// One of a few texts, which come as a dictionary.
pub(super) fn listed<F: Facts>(
    facts: &Arc<F>,
    values: &[&str],
    place: impl Fn(&F, u64) -> usize + Send + Sync + 'static,
) -> BuiltColumn {
    let values: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
    let domain = Domain::dictionary(&values);
    let facts = facts.clone();
    let fill = move |_: Rows<'_>, inputs: &[ArrayRef]| {
        let keys = bits(inputs).iter();
        let keys = keys.map(|bits| place(&facts, *bits) as i32);
        column(keys.collect(), &values)
    };
    BuiltColumn::new(dictionary_type(&DataType::Utf8), domain, fill)
}

/// A whole number or a date from `bounds`.
pub(super) fn whole<F: Facts>(
    facts: &Arc<F>,
    data_type: DataType,
    bounds: (i64, i64),
    value: impl Fn(&F, u64) -> i64 + Send + Sync + 'static,
) -> BuiltColumn {
    let facts = facts.clone();
    let of = data_type.clone();
    let fill = move |_: Rows<'_>, inputs: &[ArrayRef]| {
        let values = bits(inputs).iter().map(|bits| value(&facts, *bits));
        Ok(from_i64(&of, values.collect()))
    };
    BuiltColumn::new(data_type, Domain::integers(bounds.0, bounds.1), fill)
}

/// Random bits, from which numbers are drawn one after the other.
pub(super) struct Draws(pub u64);

impl Draws {
    /// A number below `bound`; all draws of one together should be well below 2^64.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product is the number, the low half goes on being random bits: one
        // hash serves all the small draws of a row.
        let product = u128::from(self.0) * u128::from(bound);
        self.0 = product as u64;
        (product >> 64) as u64
    }

    /// One of these.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// The lines of a list as blocks; what begins with `#` is a comment.
pub(super) fn blocks(text: &'static str) -> Vec<ShortText> {
    lines(text).into_iter().map(ShortText::cut).collect()
}

pub(super) fn lines(text: &'static str) -> Vec<&'static str> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}
