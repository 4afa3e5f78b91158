//! What waits for one session.

use std::collections::VecDeque;
use std::task::Waker;

use super::Part;
use super::piece::Piece;
use super::size::Size;

/// Pieces that wait for a session.
pub(super) struct Inbox<C> {
    pub(super) pieces: VecDeque<Piece<C>>,
    pub(super) size: Size,
    pub(super) rows: usize,
    pub(super) bytes: usize,
    pub(super) waker: Option<Waker>,
}

impl<C: Part> Inbox<C> {
    pub(super) fn new(size: Size) -> Self {
        Self {
            pieces: VecDeque::new(),
            size,
            rows: 0,
            bytes: 0,
            waker: None,
        }
    }

    pub(super) fn push(&mut self, piece: Piece<C>) {
        self.rows += piece.chunk().rows();
        self.bytes += piece.chunk().bytes();
        self.pieces.push_back(piece);
    }

    pub(super) fn pop(&mut self) -> Option<Piece<C>> {
        let piece = self.pieces.pop_front()?;
        self.rows -= piece.chunk().rows();
        self.bytes -= piece.chunk().bytes();
        Some(piece)
    }
}
