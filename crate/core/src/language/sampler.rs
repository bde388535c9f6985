//! Choosing the next token from logits.

use crate::error::Error;

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Sampling {
    /// Always the likeliest token.
    #[default]
    Greedy,
    /// Nucleus sampling (Holtzman et al. 2020) after dividing the logits by `temperature` > 0.
    /// `top_p` in 0..=1 is the probability mass kept; the same `seed` gives the same answer.
    TopP {
        temperature: f32,
        top_p: f32,
        seed: u64,
    },
}

/// A [`Sampling`] with its random state.
#[derive(Debug, Clone)]
pub struct Sampler {
    sampling: Sampling,
    random: u64,
}

impl Sampler {
    #[must_use]
    pub fn new(sampling: Sampling) -> Self {
        let random = match sampling {
            Sampling::Greedy => 0,
            Sampling::TopP { seed, .. } => seed,
        };
        Self { sampling, random }
    }

    /// The next token for `logits` over the vocabulary.
    ///
    /// # Errors
    /// [`Error::GpuResultInvalid`] when a logit is not a number, none is finite, or all are equal.
    pub fn next(&mut self, logits: &[f32]) -> Result<u32, Error> {
        let invalid = || Error::GpuResultInvalid {
            stage: "language model".into(),
        };
        // No model finds all words equally likely; a device that silently failed does.
        let constant = logits.len() > 1 && logits.iter().all(|&l| l == logits[0]);
        if constant || logits.iter().any(|l| l.is_nan()) {
            return Err(invalid());
        }
        // The first of equals, as PyTorch's argmax on the CPU.
        let best = logits
            .iter()
            .enumerate()
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
            .filter(|(_, logit)| logit.is_finite())
            .ok_or_else(invalid)?;
        Ok(match self.sampling {
            Sampling::Greedy => best.0 as u32,
            Sampling::TopP {
                temperature, top_p, ..
            } => self.nucleus(logits, *best.1, temperature, top_p),
        })
    }

    fn nucleus(&mut self, logits: &[f32], max: f32, temperature: f32, top_p: f32) -> u32 {
        let temperature = temperature.max(1e-4);
        let mut weights: Vec<(u32, f32)> = logits
            .iter()
            .enumerate()
            .map(|(id, logit)| (id as u32, ((logit - max) / temperature).exp()))
            .collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1));
        let total: f32 = weights.iter().map(|w| w.1).sum();
        let mut kept = 0.0;
        let count = weights
            .iter()
            .position(|w| {
                kept += w.1;
                kept >= top_p * total
            })
            .map_or(weights.len(), |last| last + 1);
        let mut at = self.uniform() * weights[..count].iter().map(|w| w.1).sum::<f32>();
        for (id, weight) in &weights[..count] {
            at -= weight;
            if at <= 0.0 {
                return *id;
            }
        }
        weights[0].0
    }

    /// SplitMix64 (Steele et al. 2014), the top 24 bits as a number in 0..1.
    fn uniform(&mut self) -> f32 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_takes_the_first_of_equal_logits() {
        let mut sampler = Sampler::new(Sampling::Greedy);
        assert_eq!(sampler.next(&[0.0, 2.0, 2.0, -1.0]).unwrap(), 1);
    }

    #[test]
    fn a_tiny_nucleus_is_greedy_and_a_full_one_follows_the_probabilities() {
        let logits = [0.0, (3.0_f32).ln()];
        let draw = |top_p, seed| {
            let mut sampler = Sampler::new(Sampling::TopP {
                temperature: 1.0,
                top_p,
                seed,
            });
            (0..4000)
                .filter(|_| sampler.next(&logits).unwrap() == 1)
                .count()
        };
        assert_eq!(draw(0.1, 7), 4000);
        assert!((2850..3150).contains(&draw(1.0, 7)));
        assert_eq!(draw(1.0, 9), draw(1.0, 9));
    }

    #[test]
    fn fault_18_nan_and_constant_logits_are_refused() {
        let mut sampler = Sampler::new(Sampling::Greedy);
        for bad in [
            vec![],
            vec![f32::NAN, 1.0],
            vec![f32::NEG_INFINITY; 3],
            vec![0.0; 5],
        ] {
            let error = sampler.next(&bad).unwrap_err();
            assert_eq!(error.code(), "gpu-result-invalid");
        }
    }
}
