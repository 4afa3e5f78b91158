//! Where the operations of two loads stand, as an independent model of the same construction has them.

use std::sync::Arc;

use crate::changes::{Changes, Mixed, Target};
use crate::column::hash::Key;
use crate::format::Operation;

/// Changes of the model.
const TOTAL: u64 = 20_003;

fn mixed(name: &str, weights: [u64; 3], parents: &[usize]) -> Mixed {
    Mixed {
        name: name.into(),
        weights,
        target: Target::Uniform,
        parents: parents.to_vec(),
    }
}

/// The order of the operations (FNV-1a of their places in table and mix), how many of each there are,
/// and where the sixth one behind the end is.
fn check(tables: &[Mixed], block: u64, order: u64, counts: &[u64], places: &[u64]) {
    let all = Arc::new(Changes::new(Key::new("1"), tables, block, None));
    assert_eq!(all.block(), block);
    let hash = (0..TOTAL).fold(0xcbf2_9ce4_8422_2325_u64, |hash, number| {
        let change = all.change(number);
        let operation = (change.table * 3) as u64 + change.operation as u64;
        (hash ^ operation).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(hash, order);
    let mut expected = counts.iter().zip(places);
    for table in all.tables() {
        for operation in Operation::ALL {
            let (count, place) = expected.next().unwrap();
            assert_eq!(table.before_of(operation, TOTAL), *count);
            if table.has(operation) {
                assert_eq!(table.place(operation, count + 5), *place);
            }
        }
    }
}

#[test]
fn operations_stand_where_the_model_puts_them() {
    let shop = [
        mixed("customers", [20, 20, 0], &[]),
        mixed("orders", [40, 18, 2], &[0]),
    ];
    check(
        &shop,
        250,
        0xe921_cb5b_911c_c762,
        &[4351, 3951, 0, 7851, 3465, 385],
        &[20_032, 20_033, 0, 20_015, 20_030, 20_275],
    );
    let chain = [
        mixed("a", [7, 3, 2], &[]),
        mixed("b", [11, 0, 10], &[0]),
        mixed("c", [5, 9, 0], &[1]),
    ];
    check(
        &chain,
        141,
        0xb70c_c142_e60e_cba2,
        &[3204, 1268, 845, 4730, 0, 4166, 2095, 3695, 0],
        &[20_039, 20_091, 20_127, 20_027, 0, 20_028, 20_054, 20_030, 0],
    );
}
