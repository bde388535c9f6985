//! Scale and bias of one group by least squared error. As in Lloyd's ["Least squares quantization
//! in PCM"](https://doi.org/10.1109/TIT.1982.1056489), quants are chosen for levels and levels for
//! quants in turn; only that these levels stay evenly spaced.

use super::levels::{Affine, Levels, range};

/// Where the search begins: how many steps of the group's range the levels stop short of its
/// smallest and of its largest value. Half a step puts an outermost value no farther from its
/// level than others may be, and brings all levels nearer together.
const STARTS: [(f32, f32); 3] = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)];
/// Scales and biases tried from each start, each fitted to the quants of the one before. A third
/// takes only 1% of the error more away, and half as much time again.
const PASSES: usize = 2;
/// Sums are made in as many parts, for machines that add several numbers at once; the order is
/// the same on all. Divides every size of a group.
const LANES: usize = 8;

/// The best of `plain` and the levels found from each start, as they are stored; the earliest
/// where several are equally good.
pub(super) fn search(group: &[f32], top: f32, plain: Levels) -> Levels {
    let (min, max) = range(group);
    let step = (max - min) / top;
    let (mut best, mut least) = (plain, Fit::new(group, top, plain).squared_errors);
    for (low, high) in STARTS {
        let (low, high) = (min + low * step, max - high * step);
        let mut next = Affine {
            scale: (high - low) / top,
            bias: low,
        };
        for _ in 0..PASSES {
            // Neither what passes the range of 16-bit floats nor a scale that they make zero.
            let Some(stored) = next.rounded().filter(|stored| stored.scale != 0.0) else {
                break;
            };
            let levels = Levels {
                nominal: stored,
                stored,
            };
            let fit = Fit::new(group, top, levels);
            if fit.squared_errors < least {
                (best, least) = (levels, fit.squared_errors);
            }
            next = fit.refined();
        }
    }
    best
}

/// What is left of a group's values when their levels are taken away, in sums.
struct Fit {
    stored: Affine,
    values: f32,
    quants: f32,
    squared_quants: f32,
    errors: f32,
    /// Quants times errors.
    products: f32,
    squared_errors: f32,
}

impl Fit {
    fn new(group: &[f32], top: f32, levels: Levels) -> Self {
        let mut sums = [[0.0; LANES]; 5];
        for values in group.chunks_exact(LANES) {
            for (lane, &value) in values.iter().enumerate() {
                let quant = levels.nominal.quant(value, top);
                let error = value - levels.stored.level(quant);
                let terms = [quant, quant * quant, error, quant * error, error * error];
                for (sum, term) in sums.iter_mut().zip(terms) {
                    sum[lane] += term;
                }
            }
        }
        let [quants, squared_quants, errors, products, squared_errors] =
            sums.map(|lanes| lanes.iter().sum());
        Self {
            stored: levels.stored,
            values: group.len() as f32,
            quants,
            squared_quants,
            errors,
            products,
            squared_errors,
        }
    }

    /// The line of least squared error through quants and values. It is fitted to what the levels
    /// left, which loses no digits where values are large and close together.
    fn refined(&self) -> Affine {
        let Affine { scale, bias } = self.stored;
        let spread = self.values * self.squared_quants - self.quants * self.quants;
        if spread == 0.0 {
            return self.stored;
        }
        let slope = (self.values * self.products - self.quants * self.errors) / spread;
        let shift = (self.errors - self.quants * slope) / self.values;
        Affine {
            scale: scale + slope,
            bias: bias + shift,
        }
    }
}
