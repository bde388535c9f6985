//! Hiera, the trunk of SAM 2's image encoder ([Ryali et al. 2023](https://arxiv.org/abs/2306.00989);
//! sam2's [`hieradet.py`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/backbones/hieradet.py)).
//!
//! Feature maps are channels-last, `[1, height, width, channels]`.

use burn::tensor::activation::gelu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Tensor, TensorData};

use super::config::Sam2Config;
use crate::error::Error;
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

use crate::nn::{LayerNorm, Linear, Loader, attention, channels_last, in_chunks, resize_bicubic};

const EPS: f64 = 1e-6;

/// Patch embedding, positions and the blocks of four stages.
#[derive(Debug, Clone)]
pub struct Hiera {
    patches: PatchEmbedding,
    positions: Tensor<4>,
    blocks: Vec<Block>,
    stage_ends: Vec<usize>,
}

impl Hiera {
    /// Reads the trunk.
    ///
    /// # Errors
    /// As [`Loader::tensor`]; those of [`Loader::checkpoint`].
    pub async fn load(loader: &Loader<'_>, config: &Sam2Config) -> Result<Self, Error> {
        let mut blocks = Vec::new();
        for (i, sizes) in block_sizes(config).into_iter().enumerate() {
            blocks.push(Block::load(&loader.at_index("blocks", i), sizes)?);
            loader.checkpoint().await?;
        }
        Ok(Self {
            patches: PatchEmbedding::load(loader)?,
            positions: load_positions(loader, config)?,
            blocks,
            stage_ends: stage_ends(config),
        })
    }

    /// The last feature map of each of the four stages.
    ///
    /// # Shapes
    /// - `pixels`: `[1, 3, side, side]`, normalized
    /// - result: `[1, side/s, side/s, embed_dim · s/4]` for the strides s = 4, 8, 16, 32
    ///
    /// # Errors
    /// Those of [`Run::block`] and [`Run::trace`].
    pub async fn forward(
        &self,
        pixels: Tensor<4>,
        run: &mut Run<'_>,
    ) -> Result<[Tensor<4>; 4], Error> {
        let mut x = self.patches.forward(pixels) + self.positions.clone();
        let mut stages = Vec::with_capacity(4);
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(x);
            if self.stage_ends.contains(&index) {
                run.trace(TraceStage::HieraStage, stages.len(), &x).await?;
                stages.push(x.clone());
            }
            run.block().await?;
        }
        stages.try_into().map_err(|_| Error::Internal {
            reason: "the image encoder does not have four stages".into(),
        })
    }

    /// The patch embedding, without positions.
    #[must_use]
    pub fn patches(&self) -> &PatchEmbedding {
        &self.patches
    }

    /// The blocks in order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// Overlapping patches of 7 × 7 pixels, four apart.
#[derive(Debug, Clone)]
pub struct PatchEmbedding {
    weight: Tensor<4>,
    bias: Tensor<1>,
}

impl PatchEmbedding {
    /// Reads `patch_embed.proj`.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader) -> Result<Self, Error> {
        Ok(Self {
            weight: loader.tensor("patch_embed.proj.weight")?,
            bias: loader.tensor("patch_embed.proj.bias")?,
        })
    }

    /// `[1, 3, 4h, 4w]` → `[1, h, w, embed_dim]`.
    #[must_use]
    pub fn forward(&self, pixels: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([4, 4], [3, 3], [1, 1], 1);
        let (weight, bias) = (self.weight.clone(), self.bias.clone());
        conv2d(pixels, weight, Some(bias), options).permute([0, 2, 3, 1])
    }
}

/// Background table resized to the whole grid plus the window table tiled over it.
fn load_positions(loader: &Loader, config: &Sam2Config) -> Result<Tensor<4>, Error> {
    let (channels, side) = (config.embed_dim, config.image_size / 4);
    let [rows, columns] = config.window_pos_embed_bkg_spatial_size;
    let window = config.window_spec[0];
    let background = loader.values("pos_embed")?;
    let background = channels_last(&background, channels);
    let mut table = resize_bicubic(&background, [rows, columns], [side; 2], channels);
    let tile = loader.values("pos_embed_window")?;
    let tile = channels_last(&tile, channels);
    for (i, values) in table.chunks_exact_mut(channels).enumerate() {
        let from = ((i / side % window) * window + i % side % window) * channels;
        for (value, add) in values.iter_mut().zip(&tile[from..from + channels]) {
            *value += add;
        }
    }
    let data = TensorData::new(table, [1, side, side, channels]);
    Ok(Tensor::from_data(data, loader.device()))
}

/// Sizes of one block, derived from the stage it lies in.
#[derive(Debug, Clone, Copy)]
pub struct BlockSizes {
    /// Channels of its input.
    pub input: usize,
    /// Channels of its output.
    pub output: usize,
    heads: usize,
    /// Side of the attention windows of its input, `None` for the whole map.
    window: Option<usize>,
    /// Whether queries are pooled 2×2, as in the first block of stages 2 to 4.
    pub pools: bool,
}

fn stage_ends(config: &Sam2Config) -> Vec<usize> {
    config
        .stages
        .iter()
        .scan(0, |total, blocks| {
            *total += blocks;
            Some(*total - 1)
        })
        .collect()
}

/// Sizes of all blocks in order.
#[must_use]
pub fn block_sizes(config: &Sam2Config) -> Vec<BlockSizes> {
    let (mut width, mut heads) = (config.embed_dim, config.num_heads);
    let mut blocks = Vec::new();
    for (stage, &count) in config.stages.iter().enumerate() {
        for block in 0..count {
            let opens = block == 0 && stage > 0;
            let input = width;
            if opens {
                width *= 2;
                heads *= 2;
            }
            // The block that opens a stage still has the windows of the stage before.
            let window = config.window_spec[stage - usize::from(opens)];
            let global = config.global_att_blocks.contains(&blocks.len());
            blocks.push(BlockSizes {
                input,
                output: width,
                heads,
                window: (!global).then_some(window),
                pools: opens,
            });
        }
    }
    blocks
}

/// One multi-scale block.
#[derive(Debug, Clone)]
pub struct Block {
    sizes: BlockSizes,
    norm1: LayerNorm,
    norm2: LayerNorm,
    qkv: Linear,
    attn_proj: Linear,
    fc1: Linear,
    fc2: Linear,
    /// Widens the skip path where the stage changes.
    skip_proj: Option<Linear>,
}

impl Block {
    /// Reads one block.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, sizes: BlockSizes) -> Result<Self, Error> {
        let widens = sizes.input != sizes.output;
        Ok(Self {
            sizes,
            norm1: LayerNorm::load(&loader.at("norm1"), EPS)?,
            norm2: LayerNorm::load(&loader.at("norm2"), EPS)?,
            qkv: loader.linear("attn.qkv")?,
            attn_proj: loader.linear("attn.proj")?,
            fc1: loader.linear("mlp.layers.0")?,
            fc2: loader.linear("mlp.layers.1")?,
            skip_proj: widens.then(|| loader.linear("proj")).transpose()?,
        })
    }

    /// `[1, h, w, input]` → `[1, h, w, output]`, or half of each side where queries are pooled.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let normed = self.norm1.forward(x.clone());
        let skip = match &self.skip_proj {
            Some(proj) => pool(proj.forward(normed.clone())),
            None => x,
        };
        let x = skip + self.windowed_attention(normed);
        let hidden_bytes = 4 * x.shape().num_elements() * size_of::<f32>();
        in_chunks(x, 1, hidden_bytes, |x| {
            let hidden = gelu(self.fc1.forward(self.norm2.forward(x.clone())));
            x + self.fc2.forward(hidden)
        })
    }

    fn windowed_attention(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, height, width, _] = x.dims();
        let Some(window) = self.sizes.window else {
            return self.attend(x);
        };
        let windows = partition(x, window);
        let places = windows.shape().num_elements() / self.sizes.input;
        let qkv_bytes = places * 3 * self.sizes.output * size_of::<f32>();
        let out = in_chunks(windows, 0, qkv_bytes, |windows| self.attend(windows));
        let shrink = if self.sizes.pools { 2 } else { 1 };
        join(out, height / shrink, width / shrink)
    }

    /// Attention within each of `[windows, h, w, input]`.
    fn attend(&self, x: Tensor<4>) -> Tensor<4> {
        let [windows, height, width, _] = x.dims();
        let (heads, channels) = (self.sizes.heads, self.sizes.output);
        let qkv = self.qkv.forward(x).chunk(3, 3);
        let [q, k, v]: [Tensor<4>; 3] = qkv
            .try_into()
            .unwrap_or_else(|_| unreachable!("three chunks"));
        let q = if self.sizes.pools { pool(q) } else { q };
        let [_, out_height, out_width, _] = q.dims();
        let split = |t: Tensor<4>, tokens| {
            t.reshape([windows, tokens, heads, channels / heads])
                .swap_dims(1, 2)
        };
        let out = attention(
            split(q, out_height * out_width),
            split(k, height * width),
            split(v, height * width),
            false,
        );
        let out = out
            .swap_dims(1, 2)
            .reshape([windows, out_height, out_width, channels]);
        self.attn_proj.forward(out)
    }
}

/// 2×2 max pooling of a channels-last map.
fn pool(x: Tensor<4>) -> Tensor<4> {
    let options = MaxPoolOptions::new([2, 2]);
    max_pool2d(x.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1])
}

/// Cuts `[1, h, w, c]` into `[windows, side, side, c]`, zero-padded at the right and bottom;
/// the padding takes part in attention, as in the reference.
fn partition(x: Tensor<4>, side: usize) -> Tensor<4> {
    let [_, height, width, channels] = x.dims();
    let (rows, columns) = (height.div_ceil(side), width.div_ceil(side));
    pad(x, rows * side, columns * side)
        .reshape([rows, side, columns, side, channels])
        .swap_dims(1, 2)
        .reshape([rows * columns, side, side, channels])
}

/// Undoes [`partition`] for a map of `height` × `width`.
fn join(windows: Tensor<4>, height: usize, width: usize) -> Tensor<4> {
    let [_, side, _, channels] = windows.dims();
    let (rows, columns) = (height.div_ceil(side), width.div_ceil(side));
    windows
        .reshape([rows, columns, side, side, channels])
        .swap_dims(1, 2)
        .reshape([1, rows * side, columns * side, channels])
        .narrow(1, 0, height)
        .narrow(2, 0, width)
}

fn pad(mut x: Tensor<4>, height: usize, width: usize) -> Tensor<4> {
    let [_, h, w, channels] = x.dims();
    let device = x.device();
    if height > h {
        let below = Tensor::zeros([1, height - h, w, channels], &device);
        x = Tensor::cat(vec![x, below], 1);
    }
    if width > w {
        let right = Tensor::zeros([1, height, width - w, channels], &device);
        x = Tensor::cat(vec![x, right], 2);
    }
    x
}
