//! From bytes to masks: the only module that knows every stage.

mod object;
mod picture;
mod prompt;
mod trace;

use std::rc::Rc;

use burn::tensor::{Device, Tensor, TensorData};

pub use object::Object;
pub use picture::{Answer, AskOptions, Picture, Token};
pub use prompt::{Point, PointLabel, Prompts};
pub use trace::Trace;
use trace::record;

use crate::device::{self, DeviceKind};
use crate::error::Error;
use crate::host::{Host, Stage};
use crate::image::RgbImage;
use crate::nn::Loader;
use crate::processing;
use crate::sa2va::{Config, Features, Sa2va, State, pixel_shuffle};
use crate::tokenizer::Tokenizer;
use crate::weights::TensorSource;

/// Room behind the picture for one question, its answer and the template around them.
const QUESTION_TOKENS: usize = 1024;

/// The files of one checkpoint.
pub struct ModelFiles {
    /// Text of `config.json`.
    pub config: String,
    /// Bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// The weights.
    pub weights: Box<dyn TensorSource>,
}

/// A loaded model. Clones share it.
#[derive(Clone)]
pub struct Model(Rc<Inner>);

struct Inner {
    config: Config,
    tokenizer: Tokenizer,
    network: Sa2va,
    device: Device,
}

impl Model {
    /// Checks and loads a checkpoint onto a device.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`], [`Error::Integrity`] and [`Error::WeightsMismatch`] for files
    /// that are not a Sa2VA checkpoint; [`Error::WebGpuUnavailable`] without a GPU.
    pub async fn load(files: ModelFiles, kind: DeviceKind, host: &dyn Host) -> Result<Self, Error> {
        let config = Config::parse(&files.config)?;
        let tokenizer = Tokenizer::from_bytes(&files.tokenizer)?;
        if tokenizer.vocabulary_size() > config.llm_config.vocab_size {
            return Err(Error::UnsupportedModel {
                reason: format!(
                    "tokenizer.json has {} tokens, config.json only {}",
                    tokenizer.vocabulary_size(),
                    config.llm_config.vocab_size
                ),
            });
        }
        let device = device::open(kind).await?;
        host.checkpoint().await?;
        let network = load_network(files.weights.as_ref(), &config, &device, host)?;
        Ok(Self(Rc::new(Inner {
            config,
            tokenizer,
            network,
            device,
        })))
    }

    /// The configuration it was loaded with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Encodes a picture for both sides, once for all questions and clicks.
    ///
    /// # Errors
    /// [`Error::PromptTooLong`] when the picture's tokens alone pass the model's context;
    /// [`Error::Cancelled`] when the host asked to stop; [`Error::DeviceLost`].
    pub async fn set_image(&self, image: RgbImage, host: &dyn Host) -> Result<Picture, Error> {
        let inner = &self.0;
        let tiles = processing::tiles(
            &image,
            inner.config.force_image_size,
            inner.config.max_dynamic_patch,
            inner.config.use_thumbnail,
        );
        let mut steps = Steps::new(host, inner, tiles.len());
        let vision_tokens = inner.encode_tiles(&tiles, &mut steps).await?;
        drop(tiles);
        let features = inner.encode_whole(&image, &mut steps).await?;
        let state = inner.prefill_picture(vision_tokens, &mut steps).await?;
        Ok(Picture::new(self.clone(), image, features, state))
    }
}

fn load_network(
    source: &dyn TensorSource,
    config: &Config,
    device: &Device,
    host: &dyn Host,
) -> Result<Sa2va, Error> {
    let total = source.total_bytes();
    let done = std::cell::Cell::new(0);
    let progress = |bytes| {
        done.set(done.get() + bytes);
        host.progress(Stage::Load, done.get(), Some(total));
    };
    let loader = Loader::new(source, config.quantization.as_ref(), device, &progress);
    Sa2va::load(loader, config)
}

/// Counts the transformer blocks that one picture costs.
struct Steps<'a> {
    host: &'a dyn Host,
    done: u64,
    total: u64,
}

impl<'a> Steps<'a> {
    fn new(host: &'a dyn Host, inner: &Inner, tiles: usize) -> Self {
        let network = &inner.network;
        let total = tiles * network.vision.blocks().len()
            + network.hiera.blocks().len()
            + network.language.depth();
        Self {
            host,
            done: 0,
            total: total as u64,
        }
    }

    async fn step(&mut self) -> Result<(), Error> {
        self.done += 1;
        self.host
            .progress(Stage::EncodeImage, self.done, Some(self.total));
        self.host.checkpoint().await
    }
}

impl Inner {
    /// Vision tokens of all tiles in order, `[1, tiles · tokens, llm width]`.
    async fn encode_tiles(
        &self,
        tiles: &[RgbImage],
        steps: &mut Steps<'_>,
    ) -> Result<Tensor<3>, Error> {
        let trace = steps.host.trace();
        let mut tokens = Vec::with_capacity(tiles.len());
        for tile in tiles {
            let pixels = self.pixels(tile);
            record(trace, "pixel_values", &pixels);
            let mut x = self.network.vision.embed(pixels);
            record(trace, "vit_embeddings", &x);
            for block in self.network.vision.blocks() {
                x = block.forward(x);
                steps.step().await?;
            }
            record(trace, "vit_last_hidden", &x);
            let shuffled = pixel_shuffle(x);
            record(trace, "pixel_shuffled", &shuffled);
            let tile_tokens = self.network.connector.forward(shuffled);
            record(trace, "image_tokens", &tile_tokens);
            tokens.push(tile_tokens);
        }
        Ok(Tensor::cat(tokens, 1))
    }

    /// Features of the whole picture for the mask decoder.
    async fn encode_whole(
        &self,
        image: &RgbImage,
        steps: &mut Steps<'_>,
    ) -> Result<Features, Error> {
        let side = self.config.grounding_encoder.image_size;
        let data = TensorData::new(processing::sam_pixels(image, side), [1, 3, side, side]);
        let trace = steps.host.trace();
        let hiera = &self.network.hiera;
        let pixels = Tensor::from_data(data, &self.device);
        record(trace, "sam_pixel_values", &pixels);
        let mut x = hiera.embed(pixels);
        let mut stages = Vec::with_capacity(4);
        for (index, block) in hiera.blocks().iter().enumerate() {
            x = block.forward(x);
            if hiera.ends_stage(index) {
                record(trace, &format!("hiera_stage_{}", stages.len()), &x);
                stages.push(x.clone());
            }
            steps.step().await?;
        }
        let stages = stages.try_into().map_err(|_| Error::Internal {
            reason: "the image encoder does not have four stages".into(),
        })?;
        let pyramid = self.network.fpn.pyramid(stages);
        for (level, map) in pyramid.iter().enumerate() {
            record(trace, &format!("fpn_{level}"), &channels_first(map));
        }
        let features = self.network.fpn.reduce(pyramid);
        for (level, map) in [&features.stride4, &features.stride8, &features.embedding]
            .iter()
            .enumerate()
        {
            record(
                trace,
                &format!("sam_image_embedding_{level}"),
                &channels_first(map),
            );
        }
        Ok(features)
    }

    /// Keys and values of the prompt up to the end of the picture.
    async fn prefill_picture(
        &self,
        vision_tokens: Tensor<3>,
        steps: &mut Steps<'_>,
    ) -> Result<State, Error> {
        let trace = steps.host.trace();
        let count = vision_tokens.dims()[1];
        let (before, after) = self.tokenizer.picture_frame()?;
        let language = &self.network.language;
        let x = Tensor::cat(
            vec![
                language.embed(&before, &self.device)?,
                vision_tokens,
                language.embed(&after, &self.device)?,
            ],
            1,
        );
        let limit = self.config.llm_config.max_position_embeddings;
        let prefix = before.len() + count + after.len();
        if prefix >= limit {
            return Err(Error::PromptTooLong {
                tokens: prefix,
                limit,
            });
        }
        let mut state = language.state(limit.min(prefix + QUESTION_TOKENS), &self.device);
        let rotary = language.rotary(&state, prefix, &self.device);
        record(trace, "lm_inputs_embeds", &x);
        let mut x = x;
        for index in 0..language.depth() {
            x = language.layer(index, x, &rotary, &mut state);
            record(trace, &format!("lm_hidden_{index}"), &x);
            steps.step().await?;
        }
        Ok(state)
    }

    /// A tile as normalized pixels, `[1, 3, side, side]`.
    fn pixels(&self, tile: &RgbImage) -> Tensor<4> {
        let shape = [1, 3, tile.size.height, tile.size.width];
        Tensor::from_data(
            TensorData::new(processing::normalize(tile), shape),
            &self.device,
        )
    }
}

/// A channels-last map in the order of the reference, `[1, channels, height, width]`.
fn channels_first(map: &Tensor<4>) -> Tensor<4> {
    map.clone().permute([0, 3, 1, 2])
}

/// Brings a tensor to the host.
async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    let lost = |reason: String| Error::DeviceLost { reason };
    let data = tensor
        .into_data_async()
        .await
        .map_err(|e| lost(e.to_string()))?;
    data.try_into_vec().map_err(|e| lost(format!("{e:?}")))
}
