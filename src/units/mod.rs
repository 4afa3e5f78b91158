//! Counts, bytes, durations and rates as people write them: parsed strictly, printed shortly.

mod arithmetic;
mod held;

use std::time::Duration;

pub use arithmetic::{Fraction, common_divisor, compute, digits, number};
pub use held::{float_holds, float_is};

/// Parses `100000`, `100_000`, `1e9`, `1M`, and arithmetic on them: `2.5 * 6_000_000`, rounded.
///
/// # Errors
/// What was expected instead.
pub fn parse_count(text: &str) -> Result<u64, String> {
    let expected = || format!("expected a count such as `100_000`, `1e9` or `1M`, found `{text}`");
    // Not through fractions: counts up to 2^64 − 1 are exact here, and nearly all counts are plain
    // digits.
    if let Ok(count) = text.replace('_', "").parse::<u64>() {
        return Ok(count);
    }
    let computed = compute(text).ok_or_else(expected)?;
    let value = computed.rounded();
    // `rows: 0` is a table without end: `rows: "${scale} * 1000"` with a scale of 0.0001 would
    // otherwise run until the disk is full.
    if value == 0 && computed.float() != 0.0 {
        return Err(format!("expected at least 1, or 0 itself, found `{text}`"));
    }
    u64::try_from(value).map_err(|_| expected())
}

/// A count of which nothing is rounded, for what is numbered: `41`, `1e3`.
///
/// # Errors
/// It is none.
pub fn parse_whole(text: &str) -> Result<u64, String> {
    let expected = || format!("expected a whole number such as `41` or `1_000`, found `{text}`");
    let computed = compute(&text.replace('_', "")).ok_or_else(expected)?;
    let value = computed.rounded();
    match computed.is_whole() {
        true => u64::try_from(value).map_err(|_| expected()),
        false => Err(expected()),
    }
}

/// Parses `512MiB`, `1GB`, `64 KiB` or `100B` into bytes.
///
/// # Errors
/// What was expected instead; a bare number has no unit and is refused.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let units = [
        // `kB` and `KB` are both written for 1000 bytes.
        ("KiB", 1u64 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1000),
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    with_unit(text, &units.map(|(name, scale)| (name, scale as f64)))
        .map(|bytes| bytes.round() as u64)
        .ok_or_else(|| format!("expected bytes with their unit such as `512MiB`, found `{text}`"))
}

/// Parses `90s`, `1.5h`, `250ms`, `10us` or `7d`.
///
/// # Errors
/// What was expected instead; a bare number has no unit and is refused.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    with_unit(text, &DURATIONS)
        // Some 30 000 years. `Duration::from_secs_f64` panics beyond its range.
        .filter(|seconds| *seconds < 1e12)
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("expected a duration with its unit such as `90s`, found `{text}`"))
}

/// Parses `2000/s`, `50_000/min` or `1M/h` into events a second.
///
/// # Errors
/// What was expected instead; a bare number has no unit and is refused.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let expected = || format!("expected a rate with its unit such as `2000/s`, found `{text}`");
    let (count, unit) = text.rsplit_once('/').ok_or_else(expected)?;
    let seconds = DURATIONS
        .iter()
        .find(|(name, _)| *name == unit.trim())
        .ok_or_else(expected)?
        .1;
    let count = compute(count).ok_or_else(expected)?.float();
    if count > 0.0 && count.is_finite() {
        Ok(count / seconds)
    } else {
        Err(expected())
    }
}

const DURATIONS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

fn with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let scale = units.iter().find(|(name, _)| *name == unit)?.1;
    let number: f64 = number.trim().replace('_', "").parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * scale)
}

/// Bytes as lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text with its lines and blanks as one line.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `1.5 GiB`, for people.
pub fn show_bytes(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    // Powers of two, with the names that IEC 80000-13 gives them; `MB` in a file is a million.
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{value:.1} {}", units[unit]),
    }
}

/// `1 234 567`, for people.
pub fn show_count(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// `12.3 s` or `45 ms`, for people.
pub fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 120.0 => format!("{s:.2} s"),
        // Rounded before it is cut: 179.7 s were 2 min 60 s otherwise.
        s => {
            let whole = s.round() as u64;
            format!("{} min {:02} s", whole / 60, whole % 60)
        }
    }
}

/// Reads `HOST:PORT`, the host as a number: what a name stands for may change, and with it who can ask.
///
/// # Errors
/// What is wrong with it.
pub fn parse_address(text: &str) -> Result<std::net::SocketAddr, String> {
    // The one name that is taken: it stands for this machine everywhere.
    text.replace("localhost:", "127.0.0.1:")
        .parse()
        .map_err(|_| {
            format!(
                "expected an address such as `127.0.0.1:8080` or `0.0.0.0:8080`, found `{text}`"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_people_write_them() {
        for (text, count) in [
            ("100000", 100_000),
            ("1_000", 1000),
            ("1e9", 1_000_000_000),
            ("1.5M", 1_500_000),
            ("0.01 * 6_000_000", 60_000),
            ("10 - 2 * 3 + 1", 5),
            ("1e+3", 1000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_count(text), Ok(count), "{text}");
        }
        assert_eq!(
            parse_count("0.0001 * 4_000"),
            Err("expected at least 1, or 0 itself, found `0.0001 * 4_000`".into())
        );
        for zero in ["0", "0 * 5", "0.0"] {
            assert_eq!(parse_count(zero), Ok(0));
        }
        for text in ["ten", "", "-1", "1 2", "NaN", "1 / 0", "inf", "1e30"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_shown_in_units_of_their_size() {
        for (millis, shown) in [
            (7, "7 ms"),
            (1_500, "1.50 s"),
            (179_400, "2 min 59 s"),
            (179_700, "3 min 00 s"),
            (3_600_000, "60 min 00 s"),
        ] {
            assert_eq!(show_duration(Duration::from_millis(millis)), shown);
        }
    }

    #[test]
    fn units_must_be_written() {
        assert_eq!(parse_bytes("512MiB"), Ok(512 << 20));
        assert_eq!(parse_bytes("1.5 kB"), Ok(1500));
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_rate("50_000/s"), Ok(50_000.0));
        assert_eq!(parse_rate("60/min"), Ok(1.0));
        assert_eq!(
            parse_bytes("512"),
            Err("expected bytes with their unit such as `512MiB`, found `512`".into())
        );
        assert!(parse_duration("90").is_err());
        assert!(parse_duration("90S").is_err());
        assert!(parse_rate("2000").is_err());
        assert!(parse_rate("0/s").is_err());
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(show_bytes(1536), "1.5 KiB");
        assert_eq!(show_count(1_234_567), "1 234 567");
        assert_eq!(show_duration(Duration::from_millis(45)), "45 ms");
    }

    #[test]
    fn addresses_are_numbers() {
        for (text, told) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("localhost:81", "127.0.0.1:81"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(
                parse_address(text).map(|one| one.to_string()).as_deref(),
                Ok(told)
            );
        }
        for text in ["", "8080", "host:80", "127.0.0.1:99999"] {
            let wrong = format!(
                "expected an address such as `127.0.0.1:8080` or `0.0.0.0:8080`, found `{text}`"
            );
            assert_eq!(parse_address(text), Err(wrong));
        }
    }
}
