//! `coordinates`: a point on the ground, within countries or a box, every area as likely as any other.
//!
//! Countries are a few boxes each that lie within their borders, far from the next country and mostly on
//! land: our own, read off maps with an accuracy of a tenth of a degree (facts that nobody owns; under
//! rowgen's licence). They leave out coasts and borders, so that no point is in another country.

mod boxes;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, UInt64Type};
use schemars::JsonSchema;
use serde::Deserialize;

use self::boxes::{Area, COUNTRIES, areas_of};
use super::Generator;
use super::facts::{self, Facts, listed, texts};
use crate::column::build::{Build, BuiltColumn};
use crate::column::random::hash::{Key, below};
use crate::column::rows::Rows;
use crate::domain::Domain;
use crate::error::{Problem, did_you_mean};
use crate::kernel::short_text::{ShortText, ShortTextWriter};
use crate::place::{Number, OneOrMany, Placed, Text};

/// A point of a map; shown as `POINT (longitude latitude)`, as spatial databases read it. `column.field`
/// reads more of the same point: latitude, longitude (degrees, six digits behind the point), country.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// Countries by their codes, such as `IT` (default: all that are known).
    country: Option<Placed<OneOrMany<Placed<Text>>>>,
    /// A box instead of countries.
    #[serde(rename = "box")]
    within: Option<Placed<BoxOptions>>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BoxOptions {
    /// The least latitude, from -90.
    south: Placed<Number>,
    /// The least longitude, from -180.
    west: Placed<Number>,
    /// The greatest latitude, up to 90.
    north: Placed<Number>,
    /// The greatest longitude, up to 180.
    east: Placed<Number>,
}

struct Points {
    areas: Vec<Area>,
    /// The sum of the areas up to each.
    sums: Vec<u64>,
    area: Key,
    latitude: Key,
    longitude: Key,
}

/// Parts of a degree.
// A millionth of a degree of latitude is 11 cm.
const PARTS: f64 = 1e6;

impl Generator for Coordinates {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("coordinates", "text"));
        }
        let areas = match (&self.country, &self.within) {
            (Some(_), Some(within)) => {
                return Err(
                    Problem::new("`country` and `box` exclude each other").at(&within.place)
                );
            }
            (None, Some(within)) => vec![within.value.area()?],
            (Some(countries), None) => chosen(countries)?,
            (None, None) => COUNTRIES
                .iter()
                .flat_map(|(code, _)| areas_of(code))
                .collect(),
        };
        facts::column_of(Points::new(areas), "point", build)
    }
}

fn chosen(countries: &Placed<OneOrMany<Placed<Text>>>) -> Result<Vec<Area>, Problem> {
    let mut areas = Vec::new();
    for country in &countries.value.0 {
        let found = areas_of(country.as_str());
        if found.is_empty() {
            let codes = || COUNTRIES.iter().map(|(code, _)| *code);
            let hint = did_you_mean(country.as_str(), codes())
                // Every two codes of two letters are close: only a longer word can be a misspelt
                // one.
                .filter(|_| country.len() > 2)
                .unwrap_or_else(|| {
                    format!(
                        "the countries are {}",
                        codes().collect::<Vec<_>>().join(", ")
                    )
                });
            let message = format!("the country `{}` is not known", country.as_str());
            return Err(Problem::new(message).at(&country.place).hint(hint));
        }
        areas.extend(found);
    }
    match areas.is_empty() {
        true => Err(Problem::new("at least one country is needed").at(&countries.place)),
        false => Ok(areas),
    }
}

impl BoxOptions {
    fn area(&self) -> Result<Area, Problem> {
        for (name, least, most, limit) in [
            ("latitude", &self.south, &self.north, 90.0),
            ("longitude", &self.west, &self.east, 180.0),
        ] {
            for bound in [least, most] {
                if bound.value.0.abs() > limit {
                    let message = format!(
                        "a {name} is from -{limit} to {limit}, found {}",
                        bound.value.0
                    );
                    return Err(Problem::new(message).at(&bound.place));
                }
            }
            if least.value.0 >= most.value.0 {
                let (least, found) = (least.value.0, most.value.0);
                let message = format!(
                    "the box ends at a {name} of {found}, not above {least}, where it begins"
                );
                return Err(Problem::new(message).at(&most.place));
            }
        }
        let [south, west, north, east] =
            [&self.south, &self.west, &self.north, &self.east].map(|bound| bound.value.0);
        Ok(Area {
            country: None,
            south,
            west,
            north,
            east,
        })
    }
}

impl Points {
    fn new(areas: Vec<Area>) -> Self {
        let all = Key::new("rowgen coordinates 1");
        let mut sum = 0;
        let sums = areas.iter().map(|area| {
            sum += area.size();
            sum
        });
        Self {
            sums: sums.collect(),
            areas,
            area: all.child("area"),
            latitude: all.child("latitude"),
            longitude: all.child("longitude"),
        }
    }

    #[inline]
    fn area(&self, bits: u64) -> &Area {
        let at = match self.areas.len() {
            1 => 0,
            _ => {
                let total = self.sums.last().copied().unwrap_or(1);
                let place = below(self.area.at(bits), total);
                self.sums.partition_point(|sum| *sum <= place)
            }
        };
        &self.areas[at]
    }

    /// Latitude in millionths of a degree.
    fn latitude(&self, bits: u64) -> i64 {
        self.area(bits).latitude(self.latitude.at(bits))
    }

    fn longitude(&self, bits: u64) -> i64 {
        self.area(bits).longitude(self.longitude.at(bits))
    }

    fn write_point(&self, bits: u64, writer: &mut ShortTextWriter) {
        writer.put(&ShortText::cut("POINT ("));
        put_degrees(self.longitude(bits), writer);
        writer.put(&ShortText::cut(" "));
        put_degrees(self.latitude(bits), writer);
        writer.put(&ShortText::cut(")"));
    }
}

fn put_degrees(millionths: i64, writer: &mut ShortTextWriter) {
    if millionths < 0 {
        writer.put(&ShortText::cut("-"));
    }
    let parts = millionths.unsigned_abs();
    writer.put_number(parts / 1_000_000, 0);
    writer.put(&ShortText::cut("."));
    writer.put_number(parts % 1_000_000, 6);
}

/// Degrees as double precision.
fn degrees(
    points: &Arc<Points>,
    bounds: (f64, f64),
    of: impl Fn(&Points, u64) -> i64 + Send + Sync + 'static,
) -> BuiltColumn {
    let points = points.clone();
    let fill = move |_: Rows<'_>, inputs: &[ArrayRef]| {
        let bits = inputs[0].as_primitive::<UInt64Type>().values();
        // One division of whole numbers gives the float nearest to the six digits that `point`
        // shows.
        let values = bits.iter().map(|bits| of(&points, *bits) as f64 / PARTS);
        Ok(Arc::new(Float64Array::from_iter_values(values)) as ArrayRef)
    };
    let domain = Domain {
        range: Some(crate::domain::Range::Float {
            min: bounds.0,
            max: bounds.1,
        }),
        ..Domain::default()
    };
    BuiltColumn::new(DataType::Float64, domain, fill)
}

impl Facts for Points {
    const WHAT: &'static str = "`coordinates`";
    const FIELDS: &'static [&'static str] = &["point", "latitude", "longitude", "country"];

    fn field(self: &Arc<Self>, name: &str) -> Option<BuiltColumn> {
        Some(match name {
            "point" => texts(self, 34, Self::write_point),
            "latitude" => degrees(self, (-90.0, 90.0), Self::latitude),
            "longitude" => degrees(self, (-180.0, 180.0), Self::longitude),
            "country" => {
                let codes: Vec<&str> = COUNTRIES
                    .iter()
                    .map(|(code, _)| *code)
                    .chain([""])
                    .collect();
                let none = codes.len() - 1;
                listed(self, &codes, move |points, bits| {
                    points.area(bits).country.unwrap_or(none)
                })
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
