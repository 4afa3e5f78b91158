//! Tests of whole expressions.
//!
//! The `.txt` files hold one expression a line and what PostgreSQL 15 answers for the six rows of
//! [`fixture`], as text: `expression => row ¦ row …`, `∅` for null.

mod failures;
mod fixture;
mod postgres;
mod shape;
