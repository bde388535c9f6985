//! The one decode loop, for any model that predicts one token after another.

use crate::error::Error;
use crate::language::sampler::Sampler;

/// A language model in the middle of a text.
pub trait Decode {
    /// Feeds one token and returns the logits of the next, over the vocabulary.
    fn feed(&mut self, token: u32) -> impl Future<Output = Result<Vec<f32>, Error>>;
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// Tokens that end the text; they are not part of it.
    pub stop: &'a [u32],
    /// Most tokens to generate.
    pub max_tokens: usize,
}

/// Generates tokens from the logits of the first one until a stop token or the limit.
///
/// Every generated token is fed back, also the last before a stop, so that the model sees it as
/// input; one that ends at the limit is not. `on_token` hears each token before it is fed.
///
/// # Errors
/// Those of the model, of the sampler on invalid logits, and of `on_token`, which stops the loop.
pub async fn generate(
    mut logits: Vec<f32>,
    model: &mut impl Decode,
    sampler: &mut Sampler,
    limits: Limits<'_>,
    mut on_token: impl AsyncFnMut(u32) -> Result<(), Error>,
) -> Result<Vec<u32>, Error> {
    let mut tokens = Vec::new();
    while tokens.len() < limits.max_tokens {
        let token = sampler.next(&logits)?;
        if limits.stop.contains(&token) {
            break;
        }
        tokens.push(token);
        on_token(token).await?;
        if tokens.len() < limits.max_tokens {
            logits = model.feed(token).await?;
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::sampler::Sampling;

    /// Counts up from what it is fed and remembers it.
    #[derive(Default)]
    struct Counter(Vec<u32>);

    impl Decode for Counter {
        async fn feed(&mut self, token: u32) -> Result<Vec<f32>, Error> {
            self.0.push(token);
            Ok(one_hot(token + 1))
        }
    }

    fn one_hot(token: u32) -> Vec<f32> {
        (0..10).map(|i| f32::from(u8::from(i == token))).collect()
    }

    fn run(limits: Limits, cancel_at: Option<u32>) -> (Result<Vec<u32>, Error>, Vec<u32>) {
        let mut model = Counter::default();
        let mut sampler = Sampler::new(Sampling::Greedy);
        let on_token = async |token| {
            if Some(token) == cancel_at {
                return Err(Error::Cancelled);
            }
            Ok(())
        };
        let tokens = pollster::block_on(generate(
            one_hot(2),
            &mut model,
            &mut sampler,
            limits,
            on_token,
        ));
        (tokens, model.0)
    }

    #[test]
    fn the_stop_token_ends_the_text_and_the_token_before_it_was_fed() {
        let limits = Limits {
            stop: &[5],
            max_tokens: 9,
        };
        let (tokens, fed) = run(limits, None);
        assert_eq!(tokens.unwrap(), [2, 3, 4]);
        assert_eq!(fed, [2, 3, 4]);
    }

    #[test]
    fn the_limit_ends_the_text_and_its_last_token_is_not_fed() {
        let limits = Limits {
            stop: &[],
            max_tokens: 2,
        };
        let (tokens, fed) = run(limits, None);
        assert_eq!(tokens.unwrap(), [2, 3]);
        assert_eq!(fed, [2]);
    }

    #[test]
    fn cancelling_stops_within_one_token() {
        let limits = Limits {
            stop: &[],
            max_tokens: 9,
        };
        let (tokens, fed) = run(limits, Some(3));
        assert!(matches!(tokens, Err(Error::Cancelled)));
        assert_eq!(fed, [2]);
    }
}
