//! Hiera, the image encoder's trunk of SAM 2 (Ryali et al. 2023; sam2's `hieradet.py`).
//!
//! Feature maps are channels-last, `[1, height, width, channels]`.

use burn::tensor::activation::gelu;
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Tensor, TensorData};

use crate::error::Error;
use crate::models::sa2va::GroundingConfig;
use crate::models::sample::noise;
use crate::nn::{LayerNorm, Linear, Loader, attention, channels_last, in_pieces, resize_bicubic};

const EPS: f64 = 1e-6;

/// Patch embedding, positions and the blocks of four stages.
#[derive(Debug, Clone)]
pub struct Hiera {
    patch_weight: Tensor<4>,
    patch_bias: Tensor<1>,
    positions: Tensor<4>,
    blocks: Vec<Block>,
    stage_ends: Vec<usize>,
}

impl Hiera {
    /// Reads `{at}.*`, where `at` is the trunk's prefix.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read; those of [`Loader::checkpoint`].
    pub async fn load(
        loader: &mut Loader<'_>,
        at: &str,
        config: &GroundingConfig,
    ) -> Result<Self, Error> {
        Self::load_blocks(loader, at, config, |_| true).await
    }

    /// The same with only those blocks that [`Hiera::sample`] runs, for which alone it is good.
    ///
    /// # Errors
    /// As [`Hiera::load`].
    pub async fn load_sample(
        loader: &mut Loader<'_>,
        at: &str,
        config: &GroundingConfig,
    ) -> Result<Self, Error> {
        let pooling = config.stages[0];
        Self::load_blocks(loader, at, config, |i| i == 0 || i == pooling).await
    }

    async fn load_blocks(
        loader: &mut Loader<'_>,
        at: &str,
        config: &GroundingConfig,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Self, Error> {
        let mut blocks = Vec::new();
        for (i, plan) in plan_blocks(config).iter().enumerate() {
            if wanted(i) {
                blocks.push(Block::load(loader, &format!("{at}.blocks.{i}"), plan)?);
                loader.checkpoint().await?;
            }
        }
        Ok(Self {
            patch_weight: loader.tensor(
                &format!("{at}.patch_embed.proj.weight"),
                [config.embed_dim, 3, 7, 7],
            )?,
            patch_bias: loader
                .tensor(&format!("{at}.patch_embed.proj.bias"), [config.embed_dim])?,
            positions: load_positions(loader, at, config)?,
            blocks,
            stage_ends: stage_ends(config),
        })
    }

    /// `[1, 3, side, side]` → `[1, side/4, side/4, embed_dim]`, with positions.
    #[must_use]
    pub fn embed(&self, pixels: Tensor<4>) -> Tensor<4> {
        self.patches(pixels) + self.positions.clone()
    }

    /// `[1, 3, 4h, 4w]` → `[1, h, w, embed_dim]`.
    fn patches(&self, pixels: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([4, 4], [3, 3], [1, 1], 1);
        let patches = conv2d(
            pixels,
            self.patch_weight.clone(),
            Some(self.patch_bias.clone()),
            options,
        );
        patches.permute([0, 2, 3, 1])
    }

    /// The patch embedding, the first block and the first that pools on 32 × 32 pixels of noise,
    /// `[1, 4, 4, 2 · embed_dim]`.
    #[must_use]
    pub fn sample(&self) -> Tensor<4> {
        let mut x = self.patches(noise([1, 3, 32, 32], &self.patch_bias.device()));
        let pooling = self.blocks.iter().find(|block| block.plan.pools);
        for block in self.blocks.first().into_iter().chain(pooling) {
            x = block.forward(x);
        }
        x
    }

    /// The blocks in order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Whether block `index` is the last of its stage, whose output the neck reads.
    #[must_use]
    pub fn ends_stage(&self, index: usize) -> bool {
        self.stage_ends.contains(&index)
    }
}

/// Background table resized to the whole grid plus the window table tiled over it.
fn load_positions(
    loader: &mut Loader,
    at: &str,
    config: &GroundingConfig,
) -> Result<Tensor<4>, Error> {
    let (channels, side) = (config.embed_dim, config.image_size / 4);
    let [rows, columns] = config.window_pos_embed_bkg_spatial_size;
    let window = config.window_spec[0];
    let background = loader.values(&format!("{at}.pos_embed"), &[1, channels, rows, columns])?;
    let tile = loader.values(
        &format!("{at}.pos_embed_window"),
        &[1, channels, window, window],
    )?;
    let (Some(background), Some(tile)) = (background, tile) else {
        return Ok(Tensor::zeros([1; 4], loader.device()));
    };
    let background = channels_last(&background, channels);
    let mut table = resize_bicubic(&background, [rows, columns], [side; 2], channels);
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
#[derive(Debug, Clone)]
struct Plan {
    input: usize,
    output: usize,
    heads: usize,
    /// Side of the attention windows of its input, `None` for the whole map.
    window: Option<usize>,
    /// Whether queries are pooled 2×2, as in the first block of stages 2 to 4.
    pools: bool,
}

fn stage_ends(config: &GroundingConfig) -> Vec<usize> {
    config
        .stages
        .iter()
        .scan(0, |total, blocks| {
            *total += blocks;
            Some(*total - 1)
        })
        .collect()
}

fn plan_blocks(config: &GroundingConfig) -> Vec<Plan> {
    let (mut width, mut heads) = (config.embed_dim, config.num_heads);
    let mut plans = Vec::new();
    for (stage, &blocks) in config.stages.iter().enumerate() {
        for block in 0..blocks {
            let opens = block == 0 && stage > 0;
            let input = width;
            if opens {
                width *= 2;
                heads *= 2;
            }
            // The block that opens a stage still has the windows of the stage before.
            let window = config.window_spec[stage - usize::from(opens)];
            let global = config.global_att_blocks.contains(&plans.len());
            plans.push(Plan {
                input,
                output: width,
                heads,
                window: (!global).then_some(window),
                pools: opens,
            });
        }
    }
    plans
}

/// One multi-scale block.
#[derive(Debug, Clone)]
pub struct Block {
    plan: Plan,
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
    fn load(loader: &mut Loader, at: &str, plan: &Plan) -> Result<Self, Error> {
        let Plan { input, output, .. } = *plan;
        Ok(Self {
            plan: plan.clone(),
            norm1: LayerNorm::load(loader, &format!("{at}.norm1"), input, EPS)?,
            norm2: LayerNorm::load(loader, &format!("{at}.norm2"), output, EPS)?,
            qkv: loader.linear(&format!("{at}.attn.qkv"), input, 3 * output, true)?,
            attn_proj: loader.linear(&format!("{at}.attn.proj"), output, output, true)?,
            fc1: loader.linear(&format!("{at}.mlp.layers.0"), output, 4 * output, true)?,
            fc2: loader.linear(&format!("{at}.mlp.layers.1"), 4 * output, output, true)?,
            skip_proj: match input == output {
                true => None,
                false => Some(loader.linear(&format!("{at}.proj"), input, output, true)?),
            },
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
        in_pieces(x, 1, hidden_bytes, |x| {
            let hidden = gelu(self.fc1.forward(self.norm2.forward(x.clone())));
            x + self.fc2.forward(hidden)
        })
    }

    fn windowed_attention(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, height, width, _] = x.dims();
        let Some(window) = self.plan.window else {
            return self.attend(x);
        };
        let windows = partition(x, window);
        let places = windows.shape().num_elements() / self.plan.input;
        let qkv_bytes = places * 3 * self.plan.output * size_of::<f32>();
        let out = in_pieces(windows, 0, qkv_bytes, |windows| self.attend(windows));
        let shrink = if self.plan.pools { 2 } else { 1 };
        join(out, height / shrink, width / shrink)
    }

    /// Attention within each of `[windows, h, w, input]`.
    fn attend(&self, x: Tensor<4>) -> Tensor<4> {
        let [windows, height, width, _] = x.dims();
        let (heads, channels) = (self.plan.heads, self.plan.output);
        let parts = self.qkv.forward(x).chunk(3, 3);
        let [q, k, v]: [Tensor<4>; 3] = parts
            .try_into()
            .unwrap_or_else(|_| unreachable!("three chunks"));
        let q = if self.plan.pools { pool(q) } else { q };
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

fn pad(x: Tensor<4>, height: usize, width: usize) -> Tensor<4> {
    let [_, h, w, channels] = x.dims();
    let device = x.device();
    let x = match height > h {
        true => Tensor::cat(
            vec![x, Tensor::zeros([1, height - h, w, channels], &device)],
            1,
        ),
        false => x,
    };
    match width > w {
        true => Tensor::cat(
            vec![x, Tensor::zeros([1, height, width - w, channels], &device)],
            2,
        ),
        false => x,
    }
}
