//! Confidence intervals by the percentile bootstrap over pictures.
//!
//! Source: B. Efron and R. Tibshirani, *An Introduction to the Bootstrap*, chapter 13; percentiles
//! as [`numpy.percentile`](https://numpy.org/doc/stable/reference/generated/numpy.percentile.html).

use serde::Serialize;

/// A share or mean as a fraction: what it sums and what it divides by.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ratio {
    pub numerator: f64,
    pub denominator: f64,
}

/// The middle 95% of what resampling gives, in the unit of the measure: 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The percentile 2.5.
    pub low: f64,
    /// The percentile 97.5; not below `low`.
    pub high: f64,
}

/// Samples drawn with replacement.
const RESAMPLES: usize = 1000;
const LOW: f64 = 0.025;
const HIGH: f64 = 0.975;

/// The 95% interval of the ratio of sums over `clusters`, one for each picture, because questions
/// about one picture are not independent.
///
/// 1,000 resamples with the same seed every time, so that the same answers give the same
/// interval; percentiles are interpolated as NumPy's are. `None` when no resample divides by
/// anything.
pub(super) fn interval(clusters: &[Ratio]) -> Option<Interval> {
    let mut random = SplitMix(0);
    let mut values: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let mut sum = Ratio::default();
            for _ in clusters {
                let drawn = clusters[random.below(clusters.len())];
                sum.numerator += drawn.numerator;
                sum.denominator += drawn.denominator;
            }
            (sum.denominator > 0.0).then(|| sum.numerator / sum.denominator)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    Some(Interval {
        low: percentile(&values, LOW)?,
        high: percentile(&values, HIGH)?,
    })
}

fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = share * sorted.len().checked_sub(1)? as f64;
    let near = sorted.get(position as usize)?;
    let far = sorted.get(position as usize + 1).unwrap_or(near);
    Some(near + (far - near) * position.fract())
}

/// [SplitMix64](https://prng.di.unimi.it/splitmix64.c), which is short enough to be written again
/// by whoever checks the intervals.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_numbers_of_the_published_generator() {
        // From the reference implementation with seed 1234567.
        let mut random = SplitMix(1_234_567);
        assert_eq!(
            [random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }

    #[test]
    fn equal_clusters_leave_no_doubt() {
        let ratio = Ratio {
            numerator: 1.0,
            denominator: 2.0,
        };
        let found = interval(&[ratio; 7]).unwrap();
        assert_eq!((found.low, found.high), (0.5, 0.5));
    }

    #[test]
    fn nothing_to_divide_by() {
        assert_eq!(interval(&[]), None);
        assert_eq!(interval(&[Ratio::default(); 3]), None);
    }
}
