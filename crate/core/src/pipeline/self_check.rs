//! A check of the device before its answers are believed: one layer of every kind on noise, with
//! the model's own weights, on the device and on the CPU.

use std::pin::Pin;

use burn::tensor::{Device, Tensor, TensorData};

use super::{Inner, Model};
use crate::error::Error;
use crate::models::sa2va::{self, Config, LANGUAGE_MODEL, SAM2, SegProjection, Vision};
use crate::models::sam2::{
    Block, Coordinate, Features, Fpn, Label, MaskPrompt, PatchEmbedding, SamHeads, block_sizes,
};
use crate::models::{Layer, Qwen2Config};
use crate::nn::{KvCache, LoadObserver, Loader, RmsNorm};
use crate::runtime::device::read;
use crate::runtime::host::Host;

/// Largest |Δ| between devices, as a share of a layer's largest value. Rounding is a thousand
/// times smaller, and a kernel that is wrong is wrong by more.
const TOLERANCE: f32 = 1e-2;

/// Outputs of the language model's head that are compared, evenly over all of them.
const HEAD_ROWS: usize = 32;

impl Model {
    /// Runs a layer of every kind with the model's own weights on its device and on the CPU, from
    /// what is stored, and compares.
    ///
    /// # Errors
    /// [`Error::GpuResultInvalid`] naming the layer kind that differs; those of reading weights
    /// and of the device; [`Error::Cancelled`] when the host asked to stop.
    pub async fn self_check(&self, host: &dyn Host) -> Result<(), Error> {
        let inner = self.0.as_ref();
        inner.check_vision(host).await?;
        host.checkpoint().await?;
        inner.check_image_encoder(host).await?;
        host.checkpoint().await?;
        inner.check_language(host).await?;
        host.checkpoint().await?;
        inner.check_heads(host).await
    }
}

/// One function a part, so that in low memory mode each is let go before the next is read.
impl Inner {
    async fn check_vision(&self, host: &dyn Host) -> Result<(), Error> {
        let (config, parts, cpu, silent) =
            (&self.config, &self.parts, Device::flex(), Silent(host));
        let mut one_block = config.clone();
        one_block.vision_config.num_hidden_layers = 1;
        let loader = Loader::new(parts.weights(), &cpu, &silent);
        let expected = vision(&Vision::load(&loader, &one_block).await?, config, &cpu);
        let found = vision(&*parts.vision(host).await?, config, parts.device());
        compare(found, expected).await
    }

    async fn check_image_encoder(&self, host: &dyn Host) -> Result<(), Error> {
        let (config, parts, cpu, silent) =
            (&self.config, &self.parts, Device::flex(), Silent(host));
        let loader = Loader::new(parts.weights(), &cpu, &silent);
        let expected = Encoder::load(&loader, config)?.run(&cpu);
        let encoder = parts.image_encoder(host).await?;
        let (trunk, neck) = (encoder.trunk(), encoder.neck());
        let found = Encoder {
            patches: trunk.patches().clone(),
            blocks: probed_blocks(config).map(|index| trunk.blocks()[index].clone()),
            neck: neck.clone(),
        };
        compare(found.run(parts.device()), expected).await
    }

    async fn check_language(&self, host: &dyn Host) -> Result<(), Error> {
        let (config, parts, cpu, silent) =
            (&self.config, &self.parts, Device::flex(), Silent(host));
        let llm = &config.llm_config;
        let loader = Loader::new(parts.weights(), &cpu, &silent);
        let expected = expected_language(&loader, config, &cpu)?;
        let part = parts.language(host).await?;
        let model = &part.model;
        let hidden = hidden(&model.layers()[0], model.norm(), llm, parts.device());
        let logits = model.logits(hidden.clone()).flatten::<1>(0, 2);
        let rows = head_rows(llm).map(|row| logits.clone().narrow(0, row, 1));
        let logits = Tensor::cat(rows.collect(), 0);
        compare(language(hidden, logits, &part.seg_projection), expected).await
    }

    async fn check_heads(&self, host: &dyn Host) -> Result<(), Error> {
        let (config, parts, cpu, silent) =
            (&self.config, &self.parts, Device::flex(), Silent(host));
        let loader = Loader::new(parts.weights(), &cpu, &silent);
        let expected = heads(&sa2va::sam_heads(&loader, config)?, config, &cpu);
        compare(heads(parts.heads(), config, parts.device()), expected).await
    }
}

/// What one layer kind made of noise, row-major.
struct Probe {
    /// The layer kind, for messages.
    kind: &'static str,
    values: Tensor<1>,
}

impl Probe {
    fn new<const D: usize>(kind: &'static str, tensor: Tensor<D>) -> Self {
        let count = tensor.dims().iter().product::<usize>();
        Self {
            kind,
            values: tensor.reshape([count]),
        }
    }
}

async fn compare(found: Vec<Probe>, expected: Vec<Probe>) -> Result<(), Error> {
    for (found, expected) in found.into_iter().zip(expected) {
        let values = read(found.values).await?;
        if !close(&values, &read(expected.values).await?) {
            return Err(Error::GpuResultInvalid {
                stage: found.kind.into(),
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

/// Numbers between −1 and 1 without a pattern, the same everywhere.
fn noise<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let values = noise_values(shape.iter().product());
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn noise_values(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let next = || {
        // Numerical Recipes' linear congruential generator; its upper bits are good enough.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// The first block on five patches, and the connector.
fn vision(vision: &Vision, config: &Config, device: &Device) -> Vec<Probe> {
    let vit = &config.vision_config;
    let side = vit.patch_size;
    let patches = vision.tower.patches(noise([1, 3, side, 5 * side], device));
    let shuffled = noise([1, 3, 4 * vit.hidden_size], device);
    vec![
        Probe::new("vision tower", vision.tower.blocks()[0].forward(patches)),
        Probe::new("connector", vision.connector.forward(shuffled)),
    ]
}

/// The first block of SAM 2's trunk, and the first that pools.
fn probed_blocks(config: &Config) -> [usize; 2] {
    [0, config.grounding_encoder.stages[0]]
}

/// What is probed of SAM 2's image encoder.
struct Encoder {
    patches: PatchEmbedding,
    blocks: [Block; 2],
    neck: Fpn,
}

impl Encoder {
    fn load(loader: &Loader, config: &Config) -> Result<Self, Error> {
        let loader = loader.at(SAM2);
        let trunk = loader.at("image_encoder.trunk");
        let sizes = block_sizes(&config.grounding_encoder);
        let block = |i: usize| Block::load(&trunk.at_index("blocks", i), sizes[i]);
        let [first, pooling] = probed_blocks(config);
        Ok(Self {
            patches: PatchEmbedding::load(&trunk)?,
            blocks: [block(first)?, block(pooling)?],
            neck: Fpn::load(&loader)?,
        })
    }

    /// The trunk's blocks on 32 × 32 pixels, and the neck.
    fn run(&self, device: &Device) -> Vec<Probe> {
        let mut x = self.patches.forward(noise([1, 3, 32, 32], device));
        let width = x.dims()[3];
        for block in &self.blocks {
            x = block.forward(x);
        }
        let stages = std::array::from_fn(|stage| {
            let side = 8 >> stage;
            noise([1, side, side, width << stage], device)
        });
        let neck = self.neck.reduce(self.neck.pyramid(stages));
        vec![
            Probe::new("image encoder", x),
            Probe::new("image encoder's neck", neck.embedding),
            Probe::new("image encoder's neck, stride 8", neck.stride8),
            Probe::new("image encoder's neck, stride 4", neck.stride4),
        ]
    }
}

/// A decoder layer and the norm on five tokens and then on one: the state of the last,
/// `[1, 1, width]`.
fn hidden(layer: &Layer, norm: &RmsNorm, config: &Qwen2Config, device: &Device) -> Tensor<3> {
    let (groups, width) = (config.num_key_value_heads, config.head_width());
    let mut cache = KvCache::new(groups, 6, width, device);
    let mut run = |count| {
        let rotary = Layer::rotary(config, cache.len(), count, device);
        let x = noise([1, count, config.hidden_size], device);
        layer.forward(x, &rotary, &mut cache)
    };
    run(5);
    norm.forward(run(1))
}

fn head_rows(config: &Qwen2Config) -> impl Iterator<Item = usize> {
    let last = config.vocab_size - 1;
    (0..HEAD_ROWS).map(move |i| i * last / HEAD_ROWS)
}

fn language(hidden: Tensor<3>, logits: Tensor<1>, projection: &SegProjection) -> Vec<Probe> {
    let embedding = projection.forward(hidden.clone());
    vec![
        Probe::new("language model", hidden),
        Probe::new("language model's head", logits),
        Probe::new("projection of [SEG]", embedding),
    ]
}

fn expected_language(loader: &Loader, config: &Config, cpu: &Device) -> Result<Vec<Probe>, Error> {
    let llm = &config.llm_config;
    let model = loader.at(LANGUAGE_MODEL);
    let layer = Layer::load(&model.at_index("model.layers", 0), llm)?;
    let norm = RmsNorm::load(&model.at("model.norm"), llm.rms_norm_eps)?;
    let hidden = hidden(&layer, &norm, llm, cpu);
    let rows: Vec<_> = head_rows(llm).map(|row| row..row + 1).collect();
    let head = model.linear_rows(llm.head(), &rows)?;
    let logits = head.forward(hidden.clone()).flatten::<1>(0, 2);
    Ok(language(hidden, logits, &SegProjection::load(loader)?))
}

/// A click and an earlier mask on small features.
fn heads(heads: &SamHeads, config: &Config, device: &Device) -> Vec<Probe> {
    const SIDE: usize = 4;
    let width = config.grounding_encoder.d_model;
    let features = heads.without_memory(Features {
        embedding: noise([1, SIDE, SIDE, width], device),
        stride8: noise([1, 2 * SIDE, 2 * SIDE, width / 4], device),
        stride4: noise([1, 4 * SIDE, 4 * SIDE, width / 8], device),
    });
    let click = Coordinate {
        x: 10.0,
        y: 20.0,
        label: Label::Foreground,
    };
    let prompt = MaskPrompt::Geometry {
        coordinates: vec![click],
        mask: Some(noise_values(16 * SIDE * SIDE)),
    };
    let (sparse, dense) = heads.prompt_encoder().forward(&prompt, device);
    let positions = noise([1, SIDE, SIDE, width], device);
    let found = heads
        .decoder()
        .forward(&features, positions, sparse, dense.clone());
    vec![
        Probe::new("prompt encoder", dense),
        Probe::new("mask decoder", found.masks),
        Probe::new("mask decoder's scores", found.iou),
    ]
}

/// Reading for the comparison is no progress of the load.
struct Silent<'a>(&'a dyn Host);

impl LoadObserver for Silent<'_> {
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
