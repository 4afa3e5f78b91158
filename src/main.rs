//! rowgen
fn main(){}
