//! rowgen
