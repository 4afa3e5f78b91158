//! A column by which rows are sorted: what its values are sorted as, and what folders are called by them.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::compute::{SortOptions, nullif};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::row::SortField;

use super::code::{Code, plain_double, plain_single};
use super::transform::Transform;
use crate::column::arrays;
use crate::domain::{Domain, Range};
use crate::error::{Error, Result};

/// A column by which rows are sorted.
#[derive(Debug, Clone)]
pub struct SortColumn {
    /// Its type.
    pub data_type: DataType,
    /// What is known of it.
    pub domain: Domain,
    /// What is made of its values first.
    pub transform: Option<Transform>,
    /// From the greatest value to the least.
    pub descending: bool,
    /// Nulls come before all values.
    pub nulls_first: bool,
    /// It names folders.
    pub folder: bool,
}

impl SortColumn {
    /// Its type and what is known of it once its values are what they are sorted as.
    pub(super) fn sorted(&self) -> (DataType, Domain) {
        let (data_type, mut domain) = match &self.transform {
            None => (self.data_type.clone(), self.domain.clone()),
            Some(transform) => transform.made(&self.data_type, &self.domain),
        };
        // The folder of an empty text is that of null.
        domain.nulls |= self.folder && is_text(&data_type);
        (data_type, domain)
    }

    /// No value of one is a value of the other, as far as that is known before the first row.
    pub(super) fn is_apart(&self, other: &Self) -> bool {
        let are_null = self.may_be_null() && other.may_be_null();
        let ((one_type, one), (other_type, other)) = (self.sorted(), other.sorted());
        let known = match (one.range, other.range) {
            (
                Some(Range::Integer { min, max }),
                Some(Range::Integer {
                    min: least,
                    max: most,
                }),
            ) => max < least || most < min,
            _ => one.dictionary.zip(other.dictionary).is_some_and(apart),
        };
        known && !are_null && one_type == other_type
    }

    /// Some of its values may go to the folder of null, as far as they are known.
    fn may_be_null(&self) -> bool {
        let values = self.domain.dictionary.as_ref();
        let texts = values.and_then(|values| texts(values, None).ok());
        self.domain.nulls || texts.is_some_and(|texts| texts.iter().any(|text| text == Some("")))
    }

    pub(super) fn code(&self) -> Option<Code> {
        let (data_type, domain) = self.sorted();
        Code::of(&data_type, &domain, (self.descending, self.nulls_first))
    }

    /// How it is sorted by its bytes.
    pub(super) fn field(&self) -> SortField {
        let options = SortOptions {
            descending: self.descending,
            nulls_first: self.nulls_first,
        };
        let data_type = arrays::plain_type(&self.sorted().0).clone();
        SortField::new_with_options(data_type, options)
    }

    pub(super) fn prepared(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let values = match &self.transform {
            None => values.clone(),
            Some(transform) => transform.apply(values)?,
        };
        match self.folder && is_text(values.data_type()) {
            true => without_empty(&values),
            false => Ok(values),
        }
    }

    /// The values whose bytes are in order.
    pub(super) fn bytes(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let plain = arrays::plain(values)?;
        Ok(match plain.data_type() {
            DataType::Float32 => {
                let values = plain.as_primitive::<Float32Type>();
                Arc::new(values.unary::<_, Float32Type>(plain_single))
            }
            DataType::Float64 => {
                let values = plain.as_primitive::<Float64Type>();
                Arc::new(values.unary::<_, Float64Type>(plain_double))
            }
            _ => plain,
        })
    }
}

/// The values of two dictionaries have none in common.
fn apart((one, other): (ArrayRef, ArrayRef)) -> bool {
    let texts = |values: &ArrayRef| texts(values, None).ok();
    let Some((one, other)) = texts(&one).zip(texts(&other)) else {
        return false;
    };
    let one: BTreeSet<Option<&str>> = one.iter().collect();
    other.iter().all(|text| !one.contains(&text))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        arrays::plain_type(data_type),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Texts whose empty ones are null.
fn without_empty(values: &ArrayRef) -> Result<ArrayRef> {
    let empty = |texts: &ArrayRef| -> Result<BooleanArray> {
        let none = arrow::array::Scalar::new(arrow::compute::cast(
            &StringArray::from(vec![""]),
            texts.data_type(),
        )?);
        Ok(arrow::compute::kernels::cmp::eq(&texts, &none)?)
    };
    let Some(dictionary) = values.as_any_dictionary_opt() else {
        return Ok(nullif(values.as_ref(), &empty(values)?)?);
    };
    let none = empty(dictionary.values())?;
    if none.true_count() == 0 {
        return Ok(values.clone());
    }
    let keys = dictionary.normalized_keys();
    let is_none = |(row, key): (usize, usize)| !values.is_null(row) && none.value(key);
    let mask: BooleanArray = keys
        .into_iter()
        .enumerate()
        .map(|at| Some(is_none(at)))
        .collect();
    Ok(nullif(values.as_ref(), &mask)?)
}

/// What the folders of values are called.
///
/// # Errors
/// They cannot be shown.
pub fn folder_texts(values: &ArrayRef, transform: Option<Transform>) -> Result<StringArray> {
    match transform {
        None => texts(values, None),
        Some(transform) => texts(&transform.apply(values)?, Some(transform)),
    }
}

pub(super) fn texts(made: &ArrayRef, transform: Option<Transform>) -> Result<StringArray> {
    if let Some(texts) = transform.and_then(|transform| transform.texts(made)) {
        return Ok(texts);
    }
    let plain = arrays::plain(made)?;
    let format = arrow::util::display::FormatOptions::default();
    let shown = arrow::util::display::ArrayFormatter::try_new(&plain, &format)?;
    let text = |row: usize| {
        let valid = plain.is_valid(row);
        valid.then(|| shown.value(row).try_to_string()).transpose()
    };
    let texts = (0..plain.len()).map(text);
    let texts = texts.collect::<Result<StringArray, _>>();
    texts.map_err(|error| Error::because("naming a folder", error))
}
