//! InternViT, the vision tower of the language side (Chen et al. 2024; `modeling_intern_vit`).

use burn::tensor::activation::gelu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};

use super::sa2va::Config;
use crate::error::Error;
use crate::models::sample::noise;
use crate::nn::{LayerNorm, Linear, Loader, RmsNorm, attention, resize_bicubic};

/// Vision transformer over one tile.
#[derive(Debug, Clone)]
pub struct InternVit {
    patch_weight: Tensor<4>,
    patch_bias: Tensor<1>,
    patch_size: usize,
    class_token: Tensor<3>,
    positions: Tensor<3>,
    blocks: Vec<Block>,
}

impl InternVit {
    /// Reads `vision_model.*`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read; those of [`Loader::checkpoint`].
    pub async fn load(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        let vision = &config.vision_config;
        let (width, patch) = (vision.hidden_size, vision.patch_size);
        let at = "vision_model.embeddings";
        let mut blocks = Vec::with_capacity(vision.num_hidden_layers);
        for i in 0..vision.num_hidden_layers {
            let at = format!("vision_model.encoder.layers.{i}");
            blocks.push(Block::load(loader, &at, config)?);
            loader.checkpoint().await?;
        }
        Ok(Self {
            patch_weight: loader.tensor(
                &format!("{at}.patch_embedding.weight"),
                [width, 3, patch, patch],
            )?,
            patch_bias: loader.tensor(&format!("{at}.patch_embedding.bias"), [width])?,
            patch_size: patch,
            class_token: loader.tensor(&format!("{at}.class_embedding"), [1, 1, width])?,
            positions: load_positions(loader, &format!("{at}.position_embedding"), config)?,
            blocks,
        })
    }

    /// Patch and position embedding: `[1, 3, side, side]` → `[1, 1 + grid², width]`.
    #[must_use]
    pub fn embed(&self, pixels: Tensor<4>) -> Tensor<3> {
        let patches = self.patches(pixels);
        Tensor::cat(vec![self.class_token.clone(), patches], 1) + self.positions.clone()
    }

    /// `[1, 3, h, w]` → `[1, patches, width]`.
    fn patches(&self, pixels: Tensor<4>) -> Tensor<3> {
        let options = ConvOptions::new([self.patch_size; 2], [0, 0], [1, 1], 1);
        let patches = conv2d(
            pixels,
            self.patch_weight.clone(),
            Some(self.patch_bias.clone()),
            options,
        );
        patches.flatten::<3>(2, 3).swap_dims(1, 2)
    }

    /// The patch embedding and the first block on five patches of noise, `[1, 5, width]`.
    #[must_use]
    pub fn sample(&self) -> Tensor<3> {
        let side = self.patch_size;
        let pixels = noise([1, 3, side, 5 * side], &self.patch_bias.device());
        let patches = self.patches(pixels);
        match self.blocks.first() {
            Some(block) => block.forward(patches),
            None => patches,
        }
    }

    /// The transformer blocks in order, to be run one by one on the result of [`Self::embed`].
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// The learned table `[1, 1 + n², width]`, its grid resized to that of a tile.
fn load_positions(loader: &mut Loader, name: &str, config: &Config) -> Result<Tensor<3>, Error> {
    let width = config.vision_config.hidden_size;
    let from = config.vision_config.image_size / config.vision_config.patch_size;
    let to = config.grid();
    let Some(table) = loader.values(name, &[1, 1 + from * from, width])? else {
        return Ok(Tensor::zeros([1; 3], loader.device()));
    };
    let (class, grid) = table.split_at(width);
    let mut values = class.to_vec();
    if from == to {
        values.extend_from_slice(grid);
    } else {
        values.extend(resize_bicubic(grid, [from; 2], [to; 2], width));
    }
    let data = TensorData::new(values, [1, 1 + to * to, width]);
    Ok(Tensor::from_data(data, loader.device()))
}

/// One pre-norm block with layer scale on both branches.
#[derive(Debug, Clone)]
pub struct Block {
    heads: usize,
    norm1: LayerNorm,
    norm2: LayerNorm,
    qkv: Linear,
    qk_norm: Option<(RmsNorm, RmsNorm)>,
    proj: Linear,
    fc1: Linear,
    fc2: Linear,
    ls1: Tensor<1>,
    ls2: Tensor<1>,
}

impl Block {
    fn load(loader: &mut Loader, at: &str, config: &Config) -> Result<Self, Error> {
        let vision = &config.vision_config;
        let (width, eps) = (vision.hidden_size, vision.layer_norm_eps);
        let qk_norm = match vision.qk_normalization {
            true => Some((
                RmsNorm::load(loader, &format!("{at}.attn.q_norm"), width, eps)?,
                RmsNorm::load(loader, &format!("{at}.attn.k_norm"), width, eps)?,
            )),
            false => None,
        };
        Ok(Self {
            heads: vision.num_attention_heads,
            norm1: LayerNorm::load(loader, &format!("{at}.norm1"), width, eps)?,
            norm2: LayerNorm::load(loader, &format!("{at}.norm2"), width, eps)?,
            qkv: loader.linear(&format!("{at}.attn.qkv"), width, 3 * width, vision.qkv_bias)?,
            qk_norm,
            proj: loader.linear(&format!("{at}.attn.proj"), width, width, true)?,
            fc1: loader.linear(
                &format!("{at}.mlp.fc1"),
                width,
                vision.intermediate_size,
                true,
            )?,
            fc2: loader.linear(
                &format!("{at}.mlp.fc2"),
                vision.intermediate_size,
                width,
                true,
            )?,
            ls1: loader.tensor(&format!("{at}.ls1"), [width])?,
            ls2: loader.tensor(&format!("{at}.ls2"), [width])?,
        })
    }

    /// `[1, tokens, width]` → `[1, tokens, width]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let attended = self.attend(self.norm1.forward(x.clone()));
        let x = x + attended * self.ls1.clone().unsqueeze::<3>();
        let hidden = gelu(self.fc1.forward(self.norm2.forward(x.clone())));
        x + self.fc2.forward(hidden) * self.ls2.clone().unsqueeze::<3>()
    }

    fn attend(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let parts = self.qkv.forward(x).chunk(3, 2);
        let [mut q, mut k, v]: [Tensor<3>; 3] = parts
            .try_into()
            .unwrap_or_else(|_| unreachable!("three chunks"));
        if let Some((q_norm, k_norm)) = &self.qk_norm {
            (q, k) = (q_norm.forward(q), k_norm.forward(k));
        }
        let split = |t: Tensor<3>| {
            t.reshape([batch, tokens, self.heads, width / self.heads])
                .swap_dims(1, 2)
        };
        let out = attention(split(q), split(k), split(v), false);
        self.proj
            .forward(out.swap_dims(1, 2).reshape([batch, tokens, width]))
    }
}
