//! Tests of `coordinates`.

use super::Points;
use super::boxes::{COUNTRIES, areas_of};
use crate::column::generators::facts::Facts;
use crate::column::testing::{Tables, check_any_split, one, problem};

fn table(rows: u64, options: &str) -> Tables {
    let mut columns = format!("at: {{ coordinates: {{ {options} }} }}");
    for field in Points::FIELDS {
        columns += &format!("\n{field}: {{ copy: at.{field} }}");
    }
    one(rows, &columns)
}

fn floats(tables: &Tables, field: &str) -> Vec<f64> {
    tables
        .texts("t", field)
        .iter()
        .map(|text| text.parse().unwrap())
        .collect()
}

#[test]
fn points_are_within_their_country_or_box() {
    for options in ["", "country: IT", "country: [de, JP]"] {
        let tables = table(3000, options);
        let (lat, lon) = (floats(&tables, "latitude"), floats(&tables, "longitude"));
        let (point, country) = (tables.texts("t", "point"), tables.texts("t", "country"));
        for row in 0..3000 {
            let within = areas_of(&country[row]).iter().any(|area| {
                (area.south..=area.north).contains(&lat[row])
                    && (area.west..=area.east).contains(&lon[row])
            });
            assert!(within, "{} {}", point[row], country[row]);
            assert_eq!(
                point[row],
                format!("POINT ({:.6} {:.6})", lon[row], lat[row])
            );
        }
        check_any_split(&tables, "t", Points::FIELDS);
    }
    let tables = table(
        1000,
        "box: { south: -0.5, west: -180, north: 0.25, east: 180 }",
    );
    assert!(
        floats(&tables, "latitude")
            .iter()
            .all(|lat| (-0.5..=0.25).contains(lat))
    );
    assert!(tables.texts("t", "country").iter().all(String::is_empty));
}

/// Half of the globe lies between 30 degrees south and 30 degrees north.
#[test]
fn every_area_is_as_likely_as_any_other() {
    let tables = table(
        20_000,
        "box: { south: -90, west: -180, north: 90, east: 180 }",
    );
    let (lat, lon) = (floats(&tables, "latitude"), floats(&tables, "longitude"));
    let share = |count: usize| count as f64 / 20_000.0;
    assert!((share(lat.iter().filter(|lat| lat.abs() < 30.0).count()) - 0.5).abs() < 0.015);
    assert!((share(lon.iter().filter(|lon| **lon < 0.0).count()) - 0.5).abs() < 0.015);
}

#[test]
fn boxes_are_boxes_and_mistakes_are_shown() {
    for (code, boxes) in COUNTRIES {
        for (south, west, north, east) in *boxes {
            assert!(south < north && west < east, "{code}");
        }
    }
    let column = |text: &str| problem(&format!("t:\n  rows: 9\n  columns:\n    c: {{ {text} }}\n"));
    insta::assert_snapshot!(
        [
            "coordinates: { country: XX }",
            "coordinates: { country: [] }",
            "coordinates: { country: IT, box: { south: 0, west: 0, north: 1, east: 1 } }",
            "coordinates: { box: { south: 0, west: 0, north: 91, east: 1 } }",
            "coordinates: { box: { south: 5, west: 0, north: 5, east: 1 } }",
            "coordinates: { box: { south: 0, west: 0, north: 1 } }",
            "coordinates: {}, type: float64",
        ]
        .map(column)
        .join("\n\n")
    );
}
