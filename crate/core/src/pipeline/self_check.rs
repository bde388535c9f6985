//! A check of the device before its answers are believed.

use std::pin::Pin;

use burn::tensor::Device;

use super::{Inner, Model};
use crate::error::Error;
use crate::models::sa2va::{ImageEncoder, Language, Masks, Vision};
use crate::models::sample::Sample;
use crate::nn::{Loader, Watch};
use crate::runtime::device::read;
use crate::runtime::host::Host;

/// Largest |Δ| between devices, as a share of a sample's largest value. Rounding is a thousand
/// times smaller, and a kernel that is wrong is wrong by more.
const TOLERANCE: f32 = 1e-2;

impl Model {
    /// Runs a small piece of every layer kind with the model's own weights on its device and on
    /// the CPU, from what is stored, and compares.
    ///
    /// # Errors
    /// [`Error::GpuResultInvalid`] naming the layer kind that differs; those of reading weights
    /// and of the device; [`Error::Cancelled`] when the host asked to stop.
    pub async fn canary(&self, host: &dyn Host) -> Result<(), Error> {
        let Inner { config, parts, .. } = self.0.as_ref();
        let cpu = Device::flex();
        let device = parts.device();
        let source = parts.source();
        let silent = Silent(host);
        let loader = || Loader::new(source, config.quantization.as_ref(), &cpu, &silent);

        let vision = Vision::load_sample(&mut loader(), config).await?;
        compare(parts.vision(host).await?.sample(), vision.sample()).await?;
        host.checkpoint().await?;
        let encoder = ImageEncoder::load_sample(&mut loader(), config).await?;
        compare(parts.image_encoder(host).await?.sample(), encoder.sample()).await?;
        host.checkpoint().await?;
        let language = Language::load_sample(&mut loader(), config)?;
        let found = parts.language(host).await?.sample(device);
        compare(found, language.sample(&cpu)).await?;
        host.checkpoint().await?;
        let masks = Masks::load(&mut loader(), config)?;
        let found = parts.masks().sample(config, device);
        compare(found, masks.sample(config, &cpu)).await
    }
}

async fn compare(found: Vec<Sample>, expected: Vec<Sample>) -> Result<(), Error> {
    for (found, expected) in found.into_iter().zip(expected) {
        let values = read(found.values).await?;
        if !close(&values, &read(expected.values).await?) {
            return Err(Error::GpuResultInvalid {
                stage: found.stage.into(),
            });
        }
    }
    Ok(())
}

fn close(found: &[f32], expected: &[f32]) -> bool {
    let largest = expected.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            // False for NaN.
            .all(|(found, expected)| (found - expected).abs() <= TOLERANCE * largest)
}

/// Reading for the comparison is no progress of the load.
struct Silent<'a>(&'a dyn Host);

impl Watch for Silent<'_> {
    fn read(&self, _: u64) {}

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        self.0.checkpoint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rounding_is_forgiven() {
        let expected = [4.0, -2.0, 0.0];
        assert!(close(&[4.001, -2.001, 0.001], &expected));
        for wrong in [
            vec![4.0, -2.0, 0.1],
            vec![4.0, -2.0, f32::NAN],
            vec![f32::INFINITY, -2.0, 0.0],
            vec![0.0; 3],
            vec![4.0, -2.0],
        ] {
            assert!(!close(&wrong, &expected), "{wrong:?}");
        }
    }
}
