//! rowgen
fn main() {}
