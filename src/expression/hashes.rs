//! `md5` and `sha256` of texts, as lower-case hexadecimal text.
//!
//! `md5` is PostgreSQL's. Its `sha256` takes and gives bytes, which expressions do not have: ours is what
//! `encode(sha256(convert_to(text, 'UTF8')), 'hex')` gives there.

use super::error::Result;
use super::functions::{CallArguments, Function};
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::text::build;
use super::types::Family;
use super::value::nulls;
use arrow::datatypes::DataType;
use md5::Md5;
use sha2::{Digest, Sha256};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("md5", "md5(text)", 1..=1, hashed::<Md5>),
    Function::new("sha256", "sha256(text)", 1..=1, hashed::<Sha256>),
];

fn hashed<D: Digest>(arguments: CallArguments) -> Result<TypedNode> {
    arguments.require(0, Family::Text, "text")?;
    let kernel: Kernel = Box::new(|values, evaluation| {
        let texts = values[0].text();
        build(evaluation.rows, nulls(values), |to, row| {
            write_hexadecimal(&D::digest(texts.at(row)), to);
            Ok(())
        })
    });
    let digits = CallForm::OfLength(2 * <D as Digest>::output_size());
    arguments.strict(ResultType::of(DataType::Utf8).with_form(digits), kernel)
}

fn write_hexadecimal(bytes: &[u8], to: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    to.extend(bytes.iter().flat_map(|byte| {
        [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]))
    }));
}
