//! What differs from message to message, spelt by the worker that made the rows.

use super::super::message::{Message, Piece};
use super::names::print_of;
use crate::batch::{Batch, RowNumbers};
use crate::error::Result;
use crate::format::Encode;
use crate::format::cells::Cells;

/// How rows become messages.
pub struct Recipe(pub Message);

/// The messages of a batch, but for their times and their bodies.
pub struct Spelt {
    /// Which rows of the table they are of.
    pub place: RowNumbers,
    /// How many there are.
    pub count: usize,
    /// Before the time, before the body, after it.
    pub pieces: [RowTexts; 3],
    /// What each is called; of its reply it is asked for.
    pub names: Vec<u32>,
}

/// The texts of a piece.
pub enum RowTexts {
    /// Each row has its own text.
    Own(Cells),
    /// All have this one.
    Same(Vec<u8>),
}

impl RowTexts {
    fn of(piece: &Piece, batch: &Batch) -> Result<Self> {
        if piece.columns.is_empty() {
            return Ok(Self::Same(piece.text.clone()));
        }
        let mut cells = Cells::default();
        let written = piece.columns.write(&batch.rows, &mut cells);
        written.map_err(|refusal| refusal.error(&batch.place))?;
        Ok(Self::Own(cells))
    }

    /// The text of row `row`.
    pub fn get(&self, row: usize) -> &[u8] {
        match self {
            Self::Same(text) => text,
            Self::Own(cells) => &cells.bytes[cells.offsets[row]..cells.offsets[row + 1]],
        }
    }
}

impl Encode for Recipe {
    type Chunk = Spelt;

    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, Spelt)) -> Result<()> {
        let [before, between, after] = &self.0.pieces;
        let pieces = [
            RowTexts::of(before, batch)?,
            RowTexts::of(between, batch)?,
            RowTexts::of(after, batch)?,
        ];
        let count = batch.rows.num_rows();
        let name = |row| print_of(&self.0, &pieces, row);
        let spelt = Spelt {
            place: batch.place.clone(),
            count,
            names: (0..count).map(name).collect(),
            pieces,
        };
        put(batch.number, spelt);
        Ok(())
    }
}
