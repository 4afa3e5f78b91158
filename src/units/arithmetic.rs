//! Numbers as YAML writes them and the sums people make of them, both computed exactly: `1e-7`,
//! `2.5 * 6_000_000`, `round(0.3 * 10)`.

use std::cmp::Ordering;

/// A fraction in lowest terms; what it is divided by is above 0.
// Fractions and no floats: `0.07 * 100` is 7, and `1e-7` was once 0 in the arithmetic of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    over: i128,
    under: i128,
}

/// What is left to read of a sum.
struct SumReader<'a> {
    rest: &'a str,
    /// How many brackets are open.
    depth: usize,
}

/// The reader of sums calls itself for each bracket: without a bound a long line would overflow the
/// stack.
const MOST_BRACKETS: usize = 32;

impl Fraction {
    /// `over / under`, unless it is too large or divided by 0.
    pub fn new(over: i128, under: i128) -> Option<Self> {
        if under == 0 {
            return None;
        }
        // Lowest terms at each step: sums of prices and shares would leave 128 bits otherwise.
        let divisor = common_divisor(over.unsigned_abs(), under.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()? * under.signum();
        let (over, under) = (over.checked_div(divisor)?, under.checked_div(divisor)?);
        Some(Self { over, under })
    }

    /// The whole number that it is.
    pub fn whole(self) -> Option<i128> {
        (self.under == 1).then_some(self.over)
    }

    /// The nearest whole number, halves away from zero.
    pub fn rounded(self) -> i128 {
        let (whole, rest) = (self.over / self.under, self.over % self.under);
        let half = rest
            .unsigned_abs()
            .cmp(&(self.under - rest.abs()).unsigned_abs());
        match half {
            Ordering::Less => whole,
            _ => whole + self.over.signum(),
        }
    }

    /// True if it has no digits behind the point.
    pub fn is_whole(self) -> bool {
        self.over % self.under == 0
    }

    /// The float that is nearest, or nearly so beyond 2^53.
    pub fn float(self) -> f64 {
        self.over as f64 / self.under as f64
    }

    /// It is shifted by `digits` digits to the left.
    pub fn shifted(self, digits: i32) -> Option<Self> {
        let power = 10i128.checked_pow(digits.unsigned_abs())?;
        match digits >= 0 {
            true => self.times(Self::new(power, 1)?),
            false => self.times(Self::new(1, power)?),
        }
    }

    fn floor(self) -> Option<Self> {
        Self::new(self.over.div_euclid(self.under), 1)
    }

    fn opposite(self) -> Option<Self> {
        Self::new(self.over.checked_neg()?, self.under)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let left = self.over.checked_mul(other.under)?;
        let right = other.over.checked_mul(self.under)?;
        Self::new(
            left.checked_add(right)?,
            self.under.checked_mul(other.under)?,
        )
    }

    fn times(self, other: Self) -> Option<Self> {
        // Lowest terms first, so that only what is too large is refused.
        let (left, right) = (
            Self::new(self.over, other.under)?,
            Self::new(other.over, self.under)?,
        );
        let over = left.over.checked_mul(right.over)?;
        Self::new(over, left.under.checked_mul(right.under)?)
    }

    fn inverse(self) -> Option<Self> {
        Self::new(self.under, self.over)
    }
}

/// The greatest number by which both can be divided without a rest.
pub fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A number as YAML 1.2 writes it, in Rust's spelling: `1_000` and `1.5e-3`, not `1__0`, `.inf` or
/// `0x1F`.
pub fn digits(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let separates = |at: usize| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    let apart = |at: &usize| bytes[*at] == b'_' && !separates(*at);
    if (0..bytes.len()).any(|at| apart(&at)) {
        return None;
    }
    let plain = text.replace('_', "");
    let number = plain.trim_start_matches(['-', '+']);
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+');
    // `inf`, `nan` and `infinity` are floats of Rust's and texts here.
    (number.chars().all(known) && plain.parse::<f64>().is_ok()).then_some(plain)
}

/// A number that is written out, exactly: `1_000`, `-1.5e-3`, `0x1F`, `0o17`.
pub fn number(text: &str) -> Option<Fraction> {
    if let Some(based) = based(text) {
        return Fraction::new(based, 1);
    }
    let plain = digits(text)?;
    let (mantissa, exponent) = plain.split_once(['e', 'E']).unwrap_or((&plain, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let part = part.trim_end_matches('0');
    let over: i128 = format!("{whole}{part}")
        .parse()
        .ok()
        .or_else(|| zero(whole, part))?;
    let exponent: i32 = exponent.parse().ok()?;
    let places = i32::try_from(part.len()).ok()?;
    Fraction::new(over, 1)?.shifted(exponent.checked_sub(places)?)
}

/// `.0` has no digit left once its noughts are gone.
fn zero(whole: &str, part: &str) -> Option<i128> {
    (part.is_empty() && matches!(whole, "" | "-" | "+")).then_some(0)
}

fn based(text: &str) -> Option<i128> {
    let (digits, base) = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 8),
        _ => return None,
    };
    let all = digits.chars().all(|digit| digit.is_digit(base));
    all.then(|| i128::from_str_radix(digits, base).ok())
        .flatten()
}

/// The value of a sum: numbers, `1M`, `+ - * /` with the usual precedence, brackets, `round(…)`,
/// `floor(…)` and `ceil(…)`.
pub fn compute(text: &str) -> Option<Fraction> {
    let mut reader = SumReader {
        rest: text,
        depth: 0,
    };
    let value = reader.sum()?;
    reader.rest.trim().is_empty().then_some(value)
}

impl<'a> SumReader<'a> {
    fn next(&mut self, wanted: &[char]) -> Option<char> {
        let rest = self.rest.trim_start();
        let found = rest.chars().next().filter(|c| wanted.contains(c))?;
        self.rest = &rest[1..];
        Some(found)
    }

    fn sum(&mut self) -> Option<Fraction> {
        let mut sum = self.product()?;
        while let Some(sign) = self.next(&['+', '-']) {
            let next = self.product()?;
            sum = sum.plus(if sign == '+' { next } else { next.opposite()? })?;
        }
        Some(sum)
    }

    fn product(&mut self) -> Option<Fraction> {
        let mut product = self.factor()?;
        while let Some(sign) = self.next(&['*', '/']) {
            let next = self.factor()?;
            product = product.times(if sign == '*' { next } else { next.inverse()? })?;
        }
        Some(product)
    }

    fn factor(&mut self) -> Option<Fraction> {
        if self.next(&['-']).is_some() {
            return self.atom()?.opposite();
        }
        self.atom()
    }

    fn atom(&mut self) -> Option<Fraction> {
        let word = self.word();
        if self.next(&['(']).is_none() {
            return amount(word);
        }
        self.depth += 1;
        let inner = (self.depth <= MOST_BRACKETS)
            .then(|| self.sum())
            .flatten()?;
        self.next(&[')'])?;
        self.depth -= 1;
        match word {
            "" => Some(inner),
            "round" => Fraction::new(inner.rounded(), 1),
            "floor" => inner.floor(),
            // The ceiling of x is the floor of −x, turned over.
            "ceil" => inner.opposite()?.floor()?.opposite(),
            _ => None,
        }
    }

    /// A number or a name: what stands before the next sign. `1e+9` is one number.
    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        // The sign of an exponent belongs to the number, any other sign is a sum's.
        let number = rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let ends = |(at, c): (usize, char)| match c {
            '+' | '-' => !(number && rest[..at].ends_with(['e', 'E'])),
            c => !(c.is_alphanumeric() || c == '.' || c == '_'),
        };
        let end = rest.char_indices().find(|next| ends(*next));
        let (word, rest) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        self.rest = rest;
        word
    }
}

/// A number, perhaps with the letter of a count behind it.
fn amount(text: &str) -> Option<Fraction> {
    // Powers of ten, as counts have them; `parse_bytes` has those of two.
    let scales = [('k', 3), ('K', 3), ('M', 6), ('G', 9), ('B', 9), ('T', 12)];
    let scaled = |(letter, digits): &(char, i32)| Some((text.strip_suffix(*letter)?, *digits));
    let (digits, zeros) = scales.iter().find_map(scaled).unwrap_or((text, 0));
    number(digits)?.shifted(zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Option<Fraction>) -> String {
        value.map_or("none".into(), |value| {
            format!("{}/{}", value.over, value.under)
        })
    }

    #[test]
    fn numbers_are_what_is_written() {
        for (text, value) in [
            ("1e-7", "1/10000000"),
            ("15e-1", "3/2"),
            ("1.5E-3", "3/2000"),
            ("-1e-3", "-1/1000"),
            ("1.5e3", "1500/1"),
            ("1_000.50", "2001/2"),
            ("+5", "5/1"),
            (".5", "1/2"),
            ("5.", "5/1"),
            (".0", "0/1"),
            ("-0.0", "0/1"),
            ("007", "7/1"),
            ("0x1F", "31/1"),
            ("0o17", "15/1"),
            ("0.07", "7/100"),
        ] {
            assert_eq!(shown(number(text)), value, "{text}");
        }
        let texts = [
            "16/9",
            "01/02/2026",
            "4*4",
            "1-2",
            "1M",
            "1__0",
            "_1",
            "1_",
            "1_a",
            "",
            "-",
            ".",
            "e",
            "1e",
            "inf",
            "nan",
            "Infinity",
            "0x",
            "0x-1",
            "1e400",
            "--1",
            "1 2",
        ];
        for text in texts {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn sums_are_exact() {
        for (text, value) in [
            ("0.07 * 100", "7/1"),
            ("10 - 2 * 3 + 1", "5/1"),
            ("1 / 3 * 3", "1/1"),
            ("2 * -3", "-6/1"),
            ("-3 + 1", "-2/1"),
            ("(1 + 2) * 4", "12/1"),
            ("0.1M / 2", "50000/1"),
            ("1e+3 * 2", "2000/1"),
            ("round(2.5)", "3/1"),
            ("round(-2.5)", "-3/1"),
            ("floor(-0.5)", "-1/1"),
            ("ceil(0.3 * 10_000 / 7)", "429/1"),
        ] {
            assert_eq!(shown(compute(text)), value, "{text}");
        }
        let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
        for text in [
            "1 / 0",
            "1 2",
            "",
            "1 +",
            "sin(1)",
            "(1",
            "1)",
            "1e38 * 1e38",
            &deep,
        ] {
            assert_eq!(compute(text), None, "{text}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (over, under, rounded) in [(5, 2, 3), (-5, 2, -3), (7, 3, 2), (8, 3, 3), (-7, 3, -2)] {
            let value = Fraction::new(over, under).unwrap();
            assert_eq!(value.rounded(), rounded);
        }
    }
}
