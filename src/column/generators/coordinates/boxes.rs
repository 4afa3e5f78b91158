//! Boxes of the map, and those of countries.

use crate::column::random::hash::{below, unit};

/// South, west, north, east.
type Corners = (f64, f64, f64, f64);

pub(super) const COUNTRIES: &[(&str, &[Corners])] = &[
    (
        "AR",
        &[(-37.5, -66.0, -30.0, -61.5), (-45.0, -69.5, -41.0, -67.0)],
    ),
    ("AT", &[(47.9, 13.6, 48.4, 16.2), (46.9, 14.9, 47.7, 15.8)]),
    (
        "AU",
        &[(-31.0, 120.0, -18.0, 140.0), (-34.5, 142.5, -23.0, 149.5)],
    ),
    ("BE", &[(50.6, 3.6, 51.0, 5.4)]),
    (
        "BR",
        &[(-21.0, -51.0, -4.0, -42.0), (-12.0, -59.5, -3.0, -51.0)],
    ),
    (
        "CA",
        &[(50.0, -119.0, 58.0, -96.0), (49.0, -90.0, 52.0, -74.0)],
    ),
    ("CH", &[(46.8, 7.1, 47.3, 8.5)]),
    ("CN", &[(25.0, 104.0, 39.0, 117.0)]),
    ("CZ", &[(49.2, 14.0, 50.0, 16.4)]),
    (
        "DE",
        &[
            (49.3, 8.3, 53.3, 11.9),
            (51.4, 11.9, 53.6, 13.8),
            (48.0, 8.4, 49.3, 12.2),
        ],
    ),
    ("DK", &[(55.2, 8.8, 56.8, 9.6), (55.4, 11.4, 55.7, 12.1)]),
    ("EG", &[(23.0, 25.5, 30.4, 32.2)]),
    (
        "ES",
        &[
            (38.2, -5.8, 42.4, -1.4),
            (41.4, -0.2, 42.1, 2.0),
            (37.2, -6.0, 38.2, -2.2),
        ],
    ),
    ("FI", &[(61.2, 23.0, 66.5, 28.0)]),
    (
        "FR",
        &[
            (45.4, 0.1, 48.9, 5.6),
            (43.6, 0.1, 45.4, 5.9),
            (48.1, -3.8, 48.5, -2.0),
        ],
    ),
    (
        "GB",
        &[
            (51.2, -2.4, 53.2, 0.0),
            (53.2, -2.6, 54.4, -0.8),
            (56.2, -4.9, 57.4, -3.2),
        ],
    ),
    ("IE", &[(52.3, -8.7, 53.7, -6.6)]),
    ("IN", &[(17.5, 74.5, 27.0, 81.5), (12.0, 76.0, 17.5, 79.5)]),
    (
        "IT",
        &[
            (44.8, 7.8, 45.6, 11.9),
            (42.2, 11.9, 43.4, 13.3),
            (37.2, 13.6, 37.9, 14.8),
            (39.4, 8.8, 40.7, 9.4),
            (40.3, 15.5, 41.0, 16.6),
        ],
    ),
    (
        "JP",
        &[
            (35.4, 138.3, 36.8, 139.9),
            (34.8, 135.4, 35.5, 136.0),
            (42.8, 141.8, 44.0, 143.0),
            (38.5, 140.2, 40.3, 141.3),
        ],
    ),
    ("KR", &[(35.2, 127.0, 37.2, 128.9)]),
    (
        "MX",
        &[(19.0, -103.0, 25.5, -99.0), (26.0, -106.5, 29.0, -102.5)],
    ),
    ("NG", &[(7.0, 4.0, 12.4, 9.8)]),
    ("NL", &[(51.7, 4.8, 52.3, 5.9), (52.8, 6.0, 53.1, 6.8)]),
    ("NO", &[(59.6, 8.0, 62.3, 10.6)]),
    (
        "NZ",
        &[(-39.4, 175.3, -37.6, 176.6), (-44.2, 170.6, -43.3, 171.9)],
    ),
    ("PL", &[(50.4, 17.2, 53.6, 22.6)]),
    ("PT", &[(38.4, -8.4, 41.4, -7.4)]),
    ("SE", &[(57.0, 13.2, 60.0, 15.8), (60.0, 13.4, 65.0, 16.4)]),
    ("TR", &[(37.4, 29.0, 40.4, 41.5)]),
    (
        "US",
        &[
            (33.5, -117.0, 48.5, -97.5),
            (33.0, -97.5, 41.3, -81.5),
            (35.6, -81.5, 42.8, -77.3),
        ],
    ),
    (
        "ZA",
        &[(-32.5, 20.5, -28.9, 26.0), (-27.0, 24.8, -23.5, 30.8)],
    ),
];

/// A box, and the place of its country in the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Area {
    pub country: Option<usize>,
    pub south: f64,
    pub west: f64,
    pub north: f64,
    pub east: f64,
}

/// The boxes of a country; none where it is not known.
pub(super) fn areas_of(code: &str) -> Vec<Area> {
    let found = COUNTRIES
        .iter()
        .position(|(known, _)| known.eq_ignore_ascii_case(code));
    let areas = found.map(|place| {
        let corners = COUNTRIES[place].1.iter();
        corners.map(move |(south, west, north, east)| Area {
            country: Some(place),
            south: *south,
            west: *west,
            north: *north,
            east: *east,
        })
    });
    areas.into_iter().flatten().collect()
}

impl Area {
    /// In a unit of which the whole globe has some 10^16: the height of a zone of a ball is its area.
    pub fn size(&self) -> u64 {
        let height = sine(self.north) - sine(self.south);
        ((height * (self.east - self.west)) * 1e13) as u64 + 1
    }

    /// Millionths of a degree; every height of the ball is as likely as any other.
    pub fn latitude(&self, random: u64) -> i64 {
        // Archimedes: a zone of a ball has the area of the cylinder around it. Latitudes drawn
        // evenly would crowd near the poles.
        let (low, high) = (sine(self.south), sine(self.north));
        let angle = libm::asin(low + unit(random) * (high - low)).to_degrees();
        within(angle * 1e6, self.south, self.north)
    }

    pub fn longitude(&self, random: u64) -> i64 {
        let (west, east) = (self.west * 1e6, self.east * 1e6);
        west.round() as i64 + below(random, (east - west).round() as u64 + 1) as i64
    }
}

fn sine(degrees: f64) -> f64 {
    libm::sin(degrees.to_radians())
}

fn within(millionths: f64, south: f64, north: f64) -> i64 {
    let (south, north) = ((south * 1e6).ceil() as i64, (north * 1e6).floor() as i64);
    (millionths.round() as i64).clamp(south, north.max(south))
}
