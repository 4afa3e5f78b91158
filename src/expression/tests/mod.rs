//! Tests of whole expressions.
//!
//! The `.txt` files hold one expression a line and what PostgreSQL 15 answers for the six rows of
//! [`fixture`], as text: `expression => row ¦ row …`, `∅` for null. `fixture.sql` is the same table for
//! PostgreSQL: `select coalesce((EXPRESSION)::text, '∅') from t order by n` answers the next case.

mod declared;
mod failures;
pub mod fixture;
mod postgres;
mod result_type;
