//! The inverse of the normal distribution function, for whole slices.
//!
//! M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
//! Statistics 37 (1988), 477-484, PPND16: one rational function for the central 85 % and one for
//! each tail. Tails are gathered, computed and put back apart, so that every loop is vector code.
//! By the tests below the result is within 4 ulp of values computed to 50 digits.

use super::math::ln;
use crate::dispatched;

/// Values that are computed together: with their tails beside them they stay in the nearest cache.
const CHUNK: usize = 256;

/// For `|p - ½| ≤ 0.425`, for tails from e^-25, and for tails below it.
const NUMERATOR: [[f64; 3]; 8] = [
    [
        3.387_132_872_796_366_5,
        1.423_437_110_749_683_5,
        6.657_904_643_501_103,
    ],
    [
        1.331_416_678_917_843_8e2,
        4.630_337_846_156_546,
        5.463_784_911_164_114,
    ],
    [
        1.971_590_950_306_551_3e3,
        5.769_497_221_460_691,
        1.784_826_539_917_291_3,
    ],
    [
        1.373_169_376_550_946e4,
        3.647_848_324_763_204_5,
        2.965_605_718_285_048_7e-1,
    ],
    [
        4.592_195_393_154_987e4,
        1.270_458_252_452_368_4,
        2.653_218_952_657_612_4e-2,
    ],
    [
        6.726_577_092_700_87e4,
        2.417_807_251_774_506e-1,
        1.242_660_947_388_078_4e-3,
    ],
    [
        3.343_057_558_358_813e4,
        2.272_384_498_926_918_4e-2,
        2.711_555_568_743_487_6e-5,
    ],
    [
        2.509_080_928_730_122_7e3,
        7.745_450_142_783_414e-4,
        2.010_334_399_292_288_1e-7,
    ],
];

const DENOMINATOR: [[f64; 3]; 8] = [
    [1.0, 1.0, 1.0],
    [
        4.231_333_070_160_091e1,
        2.053_191_626_637_759,
        5.998_322_065_558_88e-1,
    ],
    [
        6.871_870_074_920_579e2,
        1.676_384_830_183_803_8,
        1.369_298_809_227_358e-1,
    ],
    [
        5.394_196_021_424_751e3,
        6.897_673_349_851e-1,
        1.487_536_129_085_061_5e-2,
    ],
    [
        2.121_379_430_158_659_7e4,
        1.481_039_764_274_800_8e-1,
        7.868_691_311_456_133e-4,
    ],
    [
        3.930_789_580_009_271e4,
        1.519_866_656_361_645_7e-2,
        1.846_318_317_510_054_8e-5,
    ],
    [
        2.872_908_573_572_194_3e4,
        5.475_938_084_995_345e-4,
        1.421_511_758_316_446e-7,
    ],
    [
        5.226_495_278_852_854e3,
        1.050_750_071_644_416_9e-9,
        2.044_263_103_389_939_8e-15,
    ],
];

dispatched! {
    /// Turns each probability, strictly between 0 and 1, into the number below which a standard
    /// normal variable falls with it.
    pub fn normal_quantiles(values: &mut [f64]) {
        for chunk in values.chunks_mut(CHUNK) {
            let mut places = [0_usize; CHUNK + 1];
            let mut count = 0;
            for (index, p) in chunk.iter().enumerate() {
                // Without a branch: a place that is no tail's is overwritten by the next one.
                places[count] = index;
                count += usize::from((p - 0.5).abs() > 0.425);
            }
            let mut tails = [0.0; CHUNK];
            for (tail, place) in tails.iter_mut().zip(&places[..count]) {
                *tail = chunk[*place];
            }
            for value in chunk.iter_mut() {
                *value = central(*value);
            }
            for value in &mut tails[..count] {
                *value = tail(*value);
            }
            for (tail, place) in tails.iter().zip(&places[..count]) {
                chunk[*place] = *tail;
            }
        }
    }
}

/// The quantile of a probability within 0.425 of a half.
#[inline(always)]
fn central(p: f64) -> f64 {
    let q = p - 0.5;
    let x = 0.180_625 - q * q;
    q * polynomial(x, |degree| NUMERATOR[degree][0])
        / polynomial(x, |degree| DENOMINATOR[degree][0])
}

/// The quantile of any other probability.
#[inline(always)]
fn tail(p: f64) -> f64 {
    let lower = p < 0.5;
    let r = (-ln(if lower { p } else { 1.0 - p })).sqrt();
    // Both tails in one loop: the coefficients are chosen by a mask, where a branch would end the
    // vector code.
    let far = r > 5.0;
    let x = r - if far { 5.0 } else { 1.6 };
    let region = |row: [f64; 3]| if far { row[2] } else { row[1] };
    let value = polynomial(x, |degree| region(NUMERATOR[degree]))
        / polynomial(x, |degree| region(DENOMINATOR[degree]));
    if lower { -value } else { value }
}

#[inline(always)]
fn polynomial(x: f64, coefficient: impl Fn(usize) -> f64) -> f64 {
    (0..7)
        .rev()
        .fold(coefficient(7), |sum, degree| sum * x + coefficient(degree))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed to 50 digits with mpmath 1.3.
    const REFERENCES: &[(f64, f64)] = &[
        (1.1102230246251565e-16, -8.209536151601387),
        (1e-300, -37.0470962993612),
        (1e-100, -21.273453560965326),
        (1e-20, -9.262340089798407),
        (1e-12, -7.034483825301132),
        (1.38e-11, -6.658838502850766),
        (1e-08, -5.612001244174789),
        (1e-05, -4.264890793922825),
        (0.001, -3.0902323061678136),
        (0.0228, -1.99907721497177),
        (0.07499, -1.4396021182393162),
        (0.075, -1.439531470938456),
        (0.0751, -1.43882539275254),
        (0.1, -1.2815515655446004),
        (0.25, -0.6744897501960817),
        (0.4, -0.2533471031357997),
        (0.49, -0.025068908258711057),
        (0.5000001, 2.506628273311648e-07),
        (0.6, 0.2533471031357997),
        (0.75, 0.6744897501960817),
        (0.9, 1.2815515655446006),
        (0.925, 1.4395314709384561),
        (0.9251, 1.440238267527964),
        (0.99, 2.3263478740408408),
        (0.999, 3.090232306167813),
        (0.999999999, 5.9978070196016375),
        (0.9999999999999999, 8.209536151601387),
    ];

    fn quantile(p: f64) -> f64 {
        let mut values = [p];
        normal_quantiles(&mut values);
        values[0]
    }

    #[test]
    fn quantiles_are_within_4_ulp() {
        for (p, expected) in REFERENCES {
            let found = quantile(*p);
            let ulps = (found.to_bits() as i64 - expected.to_bits() as i64).abs();
            println!("{p:e} {found} {ulps}");
            assert!(ulps <= 4, "{p}: {found} is {ulps} ulp from {expected}");
        }
    }
}
