//! What every generator must hold: its example works, its options are documented, a list of rows
//! gives what the range gives, and its values are what its domain says.

mod coding;
pub(super) mod fixture;
mod limits;
mod mistakes;
mod statistics;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Float64Type};
use serde_json::Value;

use super::{Column, GeneratorKind, arrays};
use crate::column::distribution::{Distribution, DistributionKind};
use crate::column::rows::Rows;
use crate::column::testing::Tables;
use crate::domain::{Domain, Order, Range};
use crate::place::decode;
use crate::registry::Kind;

use fixture::{ROWS, build_in, node};

/// Kinds whose example does not belong in the table `orders`.
const ELSEWHERE: &[(&str, &str)] = &[("child_count", "customers"), ("nth", "lines")];

/// The small pipeline with a kind's example in it.
struct Built {
    tables: Tables,
    table: &'static str,
}

impl Built {
    fn of(kind: &Kind) -> Self {
        let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == kind.name);
        let table = elsewhere.map_or("orders", |(_, table)| *table);
        let tables = build_in(table, kind.example);
        let tables = tables.unwrap_or_else(|problem| panic!("{}: {problem}", kind.name));
        Self { tables, table }
    }

    fn at(&self, rows: Rows<'_>) -> ArrayRef {
        self.tables.at(self.table, "example", rows)
    }
}

#[test]
fn names_are_unique_snake_case_and_in_order() {
    for kinds in [GeneratorKind::KINDS, DistributionKind::KINDS] {
        for pair in kinds.windows(2) {
            assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
        }
        for kind in kinds {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(kind.name.chars().all(plain), "{}", kind.name);
        }
    }
}

#[test]
fn every_example_is_of_its_own_kind() {
    for kind in GeneratorKind::KINDS {
        let column: Column = decode(&node(kind.example)).unwrap();
        assert_eq!(column.generator.kind(), kind.name);
    }
    for kind in DistributionKind::KINDS {
        let distribution: Distribution = decode(&node(kind.example)).unwrap();
        let Distribution::Kind(found) = distribution else {
            panic!("{} is a constant", kind.name);
        };
        assert_eq!(found.kind(), kind.name);
    }
}

#[test]
fn every_example_of_a_distribution_gives_numbers_within_its_range() {
    for kind in DistributionKind::KINDS {
        let node = node(kind.example);
        let distribution: Distribution = decode(&node).unwrap();
        let counts = distribution.counts(&node.place, 0, 1_000_000).unwrap();
        let random = crate::column::random::hash::Key::new("examples").fill(Rows::Range {
            first: 0,
            count: 1000,
        });
        let mut wholes = vec![0; 1000];
        counts.fill(&random, &mut wholes);
        let (least, most) = counts.range();
        for (index, random) in random.iter().enumerate() {
            assert!((least..=most).contains(&wholes[index]), "{}", kind.name);
            assert_eq!(counts.draw(*random), wholes[index]);
        }
    }
}

#[test]
fn a_list_of_rows_gives_what_the_range_gives() {
    for kind in GeneratorKind::KINDS {
        let built = Built::of(kind);
        let (first, count) = (0, ROWS as usize);
        let all = built.at(Rows::Range { first, count });
        let scattered: Vec<u64> = (0..ROWS).map(|row| row * 37 % ROWS).collect();
        let expected = take(&all, &UInt64Array::from(scattered.clone()), None).unwrap();
        assert_eq!(
            &built.at(Rows::List(&scattered)),
            &expected,
            "{}",
            kind.name
        );
        let middle = built.at(Rows::Range {
            first: 41,
            count: 17,
        });
        assert_eq!(&middle, &all.slice(41, 17), "{}", kind.name);
        assert_eq!(built.at(Rows::List(&[])).len(), 0, "{}", kind.name);
    }
}

#[test]
fn values_are_what_the_domain_says() {
    for kind in GeneratorKind::KINDS {
        let built = Built::of(kind);
        let values = built.at(Rows::Range {
            first: 0,
            count: ROWS as usize,
        });
        check_domain(
            kind.name,
            &built.tables.domain(built.table, "example"),
            &values,
        );
    }
}

fn check_domain(name: &str, domain: &Domain, values: &ArrayRef) {
    assert!(
        domain.nulls || values.logical_null_count() == 0,
        "{name}: nulls"
    );
    if let Some(range) = domain.range {
        assert!(within(range, values), "{name}: {range:?} {values:?}");
    }
    if let Some(dictionary) = values.as_any_dictionary_opt() {
        let known = domain.dictionary.as_ref();
        let known = known.unwrap_or_else(|| panic!("{name}: a dictionary that is not known"));
        assert!(std::ptr::eq(
            known.to_data().buffers()[0].as_ptr(),
            dictionary.values().to_data().buffers()[0].as_ptr()
        ));
    }
    let plain = arrays::plain(values).unwrap();
    let flat = !plain.data_type().is_nested();
    if !flat {
        return;
    }
    let field = arrow::row::SortField::new(plain.data_type().clone());
    let rows = arrow::row::RowConverter::new(vec![field]).unwrap();
    let rows = rows.convert_columns(&[plain]).unwrap();
    let distinct: std::collections::BTreeSet<_> = rows.iter().collect();
    let most = domain.distinct.unwrap_or(u64::MAX);
    let nulls = u64::from(values.logical_null_count() > 0);
    assert!(
        distinct.len() as u64 <= most.saturating_add(nulls),
        "{name}: {most} distinct"
    );
    assert!(
        !domain.unique || distinct.len() == rows.num_rows(),
        "{name}: unique"
    );
    let pairs = (1..rows.num_rows()).map(|at| (rows.row(at - 1), rows.row(at)));
    let mut pairs = pairs.filter(|_| values.logical_null_count() == 0);
    let ordered = match domain.order {
        Order::Unknown => true,
        Order::Ascending => pairs.all(|(one, next)| one <= next),
        Order::StrictlyAscending => pairs.all(|(one, next)| one < next),
    };
    assert!(ordered, "{name}: order");
}

fn within(range: Range, values: &ArrayRef) -> bool {
    match range {
        Range::Integer { min, max } => match arrays::range(values) {
            Some(Range::Integer {
                min: low,
                max: high,
            }) => min <= low && high <= max,
            _ => true,
        },
        Range::Float { min, max } => {
            let floats = arrow::compute::cast(values, &DataType::Float64).unwrap();
            let mut floats = floats.as_primitive::<Float64Type>().iter().flatten();
            floats.all(|value| (min..=max).contains(&value))
        }
    }
}

#[test]
fn every_option_has_a_line_of_documentation() {
    for kind in GeneratorKind::KINDS.iter().chain(DistributionKind::KINDS) {
        assert!(!kind.summary().is_empty(), "{}", kind.name);
        let schema = kind.schema().to_value();
        let mut missing = Vec::new();
        undocumented(&schema, &schema, kind.name, &mut missing);
        assert!(missing.is_empty(), "without a line: {missing:?}");
    }
}

/// The paths of options and of named alternatives that say nothing of themselves.
fn undocumented(schema: &Value, root: &Value, path: &str, missing: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            let properties = map.get("properties").and_then(Value::as_object);
            for (name, option) in properties.into_iter().flatten() {
                if !described(option, root) {
                    missing.push(format!("{path}.{name}"));
                }
            }
            if map.contains_key("const") && !map.contains_key("description") {
                missing.push(format!("{path}: {}", map["const"]));
            }
            for (name, inner) in map {
                undocumented(inner, root, &format!("{path}.{name}"), missing);
            }
        }
        Value::Array(items) => {
            for item in items {
                undocumented(item, root, path, missing);
            }
        }
        _ => {}
    }
}

fn described(option: &Value, root: &Value) -> bool {
    let own = option.get("description").and_then(Value::as_str);
    let referred = option.get("$ref").and_then(Value::as_str);
    let pointed = referred.and_then(|pointer| root.pointer(pointer.trim_start_matches('#')));
    own.is_some_and(|text| !text.trim().is_empty())
        || pointed.is_some_and(|definition| described(definition, root))
}
