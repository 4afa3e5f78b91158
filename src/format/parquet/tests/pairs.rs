//! The same rows as we and as the library write them, for other people's readers: `tests/readers`
//! sets `ROWGEN_PAIRS` to the folder in which it compares what each reader makes of the two.

use std::path::Path;

use bytes::Bytes;

use super::differential::{Rows, case, ours, read, theirs};

/// Pairs of files.
const PAIRS: u64 = 48;

#[test]
fn pairs_for_other_readers() {
    let own = tempfile::tempdir().unwrap();
    let asked = std::env::var_os("ROWGEN_PAIRS");
    let folder = asked.as_ref().map_or(own.path(), Path::new);
    for seed in 0..PAIRS {
        let page = 1 + (seed as usize * 7) % 40;
        let rows = Rows {
            page,
            batch: page * (1 + seed as usize % 3),
            all: 200 + seed as usize,
        };
        let case = case(seed, rows, seed % 2 == 1, seed % 3 == 0);
        let files = [("ours", ours(&case, true)), ("theirs", theirs(&case))];
        let rows = files.map(|(name, bytes)| {
            let path = folder.join(format!("{seed:02}-{name}.parquet"));
            std::fs::write(&path, &bytes).unwrap();
            read(&Bytes::from(std::fs::read(&path).unwrap()))
        });
        assert!(rows[0].len() == rows[1].len() && rows[0][0].len() == 200 + seed as usize);
    }
}
