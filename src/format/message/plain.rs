//! Values as their text without quotes, with literals between them.

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::FieldRef;

use crate::format::Shape;
use crate::format::cells::{CellColumn, Cells, Delimiters, Refusal};
use crate::format::rows::{self, Memory, Of, RowSpelling};
use crate::format::text::leaf::{self, binaries, texts};
use crate::format::text::number::FloatSpelling;
use crate::format::text::{LeafStyle, TextLeaf, raw};
use crate::type_names::show_type;

/// Columns side by side.
#[derive(Debug, Default)]
pub struct Plain {
    parts: Vec<PlainColumn>,
    /// Bytes stand as they are, not as hexadecimal.
    bytes: bool,
    memory: Memory,
}

#[derive(Debug)]
struct PlainColumn {
    index: usize,
    field: FieldRef,
    frame: Delimiters,
}

impl Plain {
    /// One column, its texts and bytes as they are.
    pub fn column(shape: &Shape, index: usize) -> Self {
        let mut plain = Self {
            bytes: true,
            ..Self::default()
        };
        plain.push(shape, index, Vec::new());
        plain
    }

    /// Adds a column after what stands before it.
    pub fn push(&mut self, shape: &Shape, index: usize, before: Vec<u8>) {
        self.parts.push(PlainColumn {
            index,
            field: shape.schema.fields()[index].clone(),
            frame: Delimiters {
                // What stands between columns stays for a null, too: readers find the next value by
                // it.
                null: before.clone(),
                before,
                after: Vec::new(),
            },
        });
    }

    /// Adds what stands after the last column.
    pub fn end(&mut self, after: &[u8]) {
        if let Some(PlainColumn { frame, .. }) = self.parts.last_mut() {
            frame.after.extend_from_slice(after);
            frame.null.extend_from_slice(after);
        }
    }

    /// True without columns.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Appends the rows of `batch`.
    ///
    /// # Errors
    /// A value without a text form.
    pub fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<(), Refusal> {
        let columns = self.parts.iter();
        let columns = columns.map(|part| batch.column(part.index).clone());
        let columns: Vec<ArrayRef> = columns.collect();
        let ends = Some(&mut out.offsets);
        rows::append(self, &columns, Some(&self.memory), &mut out.bytes, ends)
    }
}

impl RowSpelling for Plain {
    fn column(&self, index: usize, array: &ArrayRef, of: Of) -> Result<CellColumn, Refusal> {
        let PlainColumn { field, frame, .. } = &self.parts[index];
        // The array's own bytes are used where they are what is written: a null is written as
        // nothing, which it also is in the array if it has no bytes there.
        let stays = |array: &&StringArray| of == Of::Rows && raw::lengths(array, true, |_| true);
        let stays = array.as_any().downcast_ref::<StringArray>().filter(stays);
        let column = match (TextLeaf::of(field), stays) {
            (Some(TextLeaf::Text), Some(array)) => CellColumn::Texts {
                array: array.clone(),
                frame: frame.clone(),
                sized: false,
            },
            (Some(TextLeaf::Text), None) => texts(array, frame, |out, text| {
                out.extend_from_slice(text.as_bytes());
            })
            .into(),
            (Some(TextLeaf::Binary), _) if self.bytes => binaries(array, frame, |out, bytes| {
                out.extend_from_slice(bytes);
            })
            .into(),
            (Some(leaf), _) => {
                let style = LeafStyle {
                    frame: frame.clone(),
                    floats: FloatSpelling::Csv,
                };
                let values = leaf::write(array, leaf, &style, None);
                CellColumn::Own(values.map_err(|refusal| refusal.within(field.name()))?)
            }
            (None, _) => {
                return Err(Refusal {
                    path: field.name().clone(),
                    row: 0,
                    fault: format!(
                        "has the type {}, which is no text",
                        show_type(field.data_type())
                    ),
                    hint: "give it another type",
                });
            }
        };
        Ok(column)
    }

    fn null(&self, index: usize) -> Option<Vec<u8>> {
        Some(self.parts[index].frame.null.clone())
    }
}
