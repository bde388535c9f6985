//! InternViT, the vision tower of the language side
//! ([Chen et al. 2024](https://arxiv.org/abs/2312.14238); transformers'
//! [`modeling_internvl.py`](https://github.com/huggingface/transformers/blob/main/src/transformers/models/internvl/modeling_internvl.py)).

use burn::tensor::activation::gelu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};
use serde::Deserialize;

use super::limits::{MAX_IMAGE_SIDE, MAX_LAYERS, MAX_WIDTH, divides, within};
use crate::error::Error;
use crate::nn::{LayerNorm, Linear, Loader, RmsNorm, attention, resize_bicubic};
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

/// InternViT's sizes, the `vision_config` block of `config.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct InternVitConfig {
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    /// Side in pixels that the position table was made for.
    pub image_size: usize,
    pub patch_size: usize,
    #[serde(default = "eps")]
    pub layer_norm_eps: f64,
    #[serde(default = "yes")]
    pub qkv_bias: bool,
    #[serde(default)]
    pub qk_normalization: bool,
}

fn eps() -> f64 {
    1e-6
}
fn yes() -> bool {
    true
}

impl InternVitConfig {
    /// # Errors
    /// [`Error::UnsupportedModel`] for sizes that cannot be run.
    pub fn check(&self) -> Result<(), Error> {
        within("vision image_size", self.image_size, MAX_IMAGE_SIDE)?;
        within("vision patch_size", self.patch_size, self.image_size)?;
        within("vision hidden_size", self.hidden_size, MAX_WIDTH)?;
        within(
            "vision intermediate_size",
            self.intermediate_size,
            MAX_WIDTH,
        )?;
        within(
            "vision num_hidden_layers",
            self.num_hidden_layers,
            MAX_LAYERS,
        )?;
        divides("vision heads", self.num_attention_heads, self.hidden_size)?;
        divides("vision patch_size", self.patch_size, self.image_size)
    }
}

/// Vision transformer over one tile.
#[derive(Debug, Clone)]
pub struct InternVit {
    patch_weight: Tensor<4>,
    patch_bias: Tensor<1>,
    class_token: Tensor<3>,
    positions: Tensor<3>,
    blocks: Vec<Block>,
}

impl InternVit {
    /// Reads the tower for tiles of `grid` × `grid` patches.
    ///
    /// # Errors
    /// As [`Loader::tensor`]; those of [`Loader::checkpoint`].
    pub async fn load(
        loader: &Loader<'_>,
        config: &InternVitConfig,
        grid: usize,
    ) -> Result<Self, Error> {
        let mut blocks = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            let loader = loader.at_index("encoder.layers", i);
            blocks.push(Block::load(&loader, config)?);
            loader.checkpoint().await?;
        }
        let loader = loader.at("embeddings");
        Ok(Self {
            patch_weight: loader.tensor("patch_embedding.weight")?,
            patch_bias: loader.tensor("patch_embedding.bias")?,
            class_token: loader.tensor("class_embedding")?,
            positions: load_positions(&loader, config, grid)?,
            blocks,
        })
    }

    /// The output of the last block, without a final norm, as Sa2VA reads it.
    ///
    /// # Shapes
    /// - `pixels`: `[1, 3, side, side]`, normalized; side is grid · patch size
    /// - result: `[1, 1 + grid², width]`, the class token first
    ///
    /// # Errors
    /// Those of [`Run::block`] and [`Run::trace`].
    pub async fn forward(&self, pixels: Tensor<4>, run: &mut Run<'_>) -> Result<Tensor<3>, Error> {
        let patches = self.patches(pixels);
        let tokens = Tensor::cat(vec![self.class_token.clone(), patches], 1);
        let mut x = tokens + self.positions.clone();
        run.trace(TraceStage::VitEmbeddings, run.item, &x).await?;
        for block in &self.blocks {
            x = block.forward(x);
            run.block().await?;
        }
        run.trace(TraceStage::VitLastHidden, run.item, &x).await?;
        Ok(x)
    }

    /// The patch embedding alone: `[1, 3, h, w]` → `[1, patches, width]`.
    #[must_use]
    pub fn patches(&self, pixels: Tensor<4>) -> Tensor<3> {
        let [_, _, height, width] = self.patch_weight.dims();
        let options = ConvOptions::new([height, width], [0, 0], [1, 1], 1);
        let (weight, bias) = (self.patch_weight.clone(), self.patch_bias.clone());
        conv2d(pixels, weight, Some(bias), options)
            .flatten::<3>(2, 3)
            .swap_dims(1, 2)
    }

    /// The transformer blocks in order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// The learned table `[1, 1 + n², width]`, its grid resized to that of a tile.
fn load_positions(
    loader: &Loader,
    config: &InternVitConfig,
    to: usize,
) -> Result<Tensor<3>, Error> {
    let width = config.hidden_size;
    let from = config.image_size / config.patch_size;
    let table = loader.values("position_embedding")?;
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
    /// Reads one block.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, config: &InternVitConfig) -> Result<Self, Error> {
        let eps = config.layer_norm_eps;
        let qk_norm = if config.qk_normalization {
            let norm = |name| RmsNorm::load(&loader.at(name), eps);
            Some((norm("attn.q_norm")?, norm("attn.k_norm")?))
        } else {
            None
        };
        Ok(Self {
            heads: config.num_attention_heads,
            norm1: LayerNorm::load(&loader.at("norm1"), eps)?,
            norm2: LayerNorm::load(&loader.at("norm2"), eps)?,
            qkv: loader.linear("attn.qkv")?,
            qk_norm,
            proj: loader.linear("attn.proj")?,
            fc1: loader.linear("mlp.fc1")?,
            fc2: loader.linear("mlp.fc2")?,
            ls1: loader.tensor("ls1")?,
            ls2: loader.tensor("ls2")?,
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
        let qkv = self.qkv.forward(x).chunk(3, 2);
        let [mut q, mut k, v]: [Tensor<3>; 3] = qkv
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
