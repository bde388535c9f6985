//! From bytes to masks: the only module that knows every stage.

mod object;
mod parts;
mod picture;
mod prompt;
mod self_check;

use std::rc::Rc;

use burn::tensor::{Tensor, TensorData};

use crate::runtime::trace::record;
pub use object::Object;
pub use parts::MemoryUsage;
use parts::Parts;
pub use picture::{Answer, AskOptions, Picture, Token};
pub use prompt::{Point, PointLabel, Prompts};

use crate::error::Error;
use crate::image::RgbImage;
use crate::language::tokenizer::Tokenizer;
use crate::models::State;
use crate::models::sa2va::tiles as processing;
use crate::models::sa2va::{Config, pixel_shuffle};
use crate::models::sam2::Features;
use crate::runtime::device::{self, DeviceKind};
use crate::runtime::host::{Host, Stage};
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

/// How a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Where it computes.
    pub device: DeviceKind,
    /// Most tiles a picture is cut into, the thumbnail not counted; by default what the model was
    /// trained with. Fewer need less memory and time, and lose small things.
    pub max_tiles: Option<usize>,
    /// Holds only the part at work and reads the others again when their turn comes. Results are
    /// the same.
    pub low_memory: bool,
}

impl From<DeviceKind> for LoadOptions {
    fn from(device: DeviceKind) -> Self {
        Self {
            device,
            max_tiles: None,
            low_memory: false,
        }
    }
}

/// A loaded model. Clones share it.
#[derive(Clone)]
pub struct Model(Rc<Inner>);

struct Inner {
    config: Config,
    tokenizer: Tokenizer,
    max_tiles: usize,
    parts: Parts,
}

impl Model {
    /// Checks and loads a checkpoint onto a device. The weights are read part by part, and stay
    /// in use: rows of the token embedding are read from them later.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`], [`Error::Integrity`] and [`Error::WeightsMismatch`] for files
    /// that are not a Sa2VA checkpoint; [`Error::WebGpuUnavailable`] without a GPU;
    /// [`Error::OutOfMemory`] and [`Error::DeviceLost`]; [`Error::Cancelled`] when the host asked
    /// to stop.
    pub async fn load(
        files: ModelFiles,
        options: impl Into<LoadOptions>,
        host: &dyn Host,
    ) -> Result<Self, Error> {
        let options = options.into();
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
        let device = device::open(options.device).await?;
        host.checkpoint().await?;
        let trained = config.max_dynamic_patch;
        let max_tiles = options.max_tiles.unwrap_or(trained).clamp(1, trained);
        let source = Rc::from(files.weights);
        let parts = Parts::load(source, config.clone(), device, options.low_memory, host).await?;
        Ok(Self(Rc::new(Inner {
            config,
            tokenizer,
            max_tiles,
            parts,
        })))
    }

    /// What it costs now.
    #[must_use]
    pub fn memory_usage(&self) -> MemoryUsage {
        self.0.parts.usage()
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
    /// [`Error::Cancelled`] when the host asked to stop; [`Error::OutOfMemory`] and
    /// [`Error::DeviceLost`].
    pub async fn set_image(&self, image: RgbImage, host: &dyn Host) -> Result<Picture, Error> {
        let inner = &self.0;
        let tiles = processing::tiles(
            &image,
            inner.config.force_image_size,
            inner.max_tiles,
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

/// Counts the transformer blocks that one picture costs.
struct Steps<'a> {
    host: &'a dyn Host,
    parts: &'a Parts,
    done: u64,
    total: u64,
}

impl<'a> Steps<'a> {
    fn new(host: &'a dyn Host, inner: &'a Inner, tiles: usize) -> Self {
        let config = &inner.config;
        let total = tiles * config.vision_config.num_hidden_layers
            + config.grounding_encoder.stages.iter().sum::<usize>()
            + config.llm_config.num_hidden_layers;
        Self {
            host,
            parts: &inner.parts,
            done: 0,
            total: total as u64,
        }
    }

    async fn step(&mut self) -> Result<(), Error> {
        self.done += 1;
        self.parts.look();
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
        let vision = self.parts.vision(steps.host).await?;
        let mut tokens = Vec::with_capacity(tiles.len());
        for tile in tiles {
            let pixels = self.pixels(tile);
            record(trace, "pixel_values", &pixels);
            let mut x = vision.tower.embed(pixels);
            record(trace, "vit_embeddings", &x);
            for block in vision.tower.blocks() {
                x = block.forward(x);
                steps.step().await?;
            }
            record(trace, "vit_last_hidden", &x);
            let shuffled = pixel_shuffle(x);
            record(trace, "pixel_shuffled", &shuffled);
            let tile_tokens = vision.connector.forward(shuffled);
            record(trace, "image_tokens", &tile_tokens);
            tokens.push(tile_tokens);
            // A device that fails is noticed here, and memory in flight stays bounded.
            device::finish(self.parts.device()).await?;
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
        let encoder = self.parts.image_encoder(steps.host).await?;
        let hiera = &encoder.trunk;
        let pixels = Tensor::from_data(data, self.parts.device());
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
        let pyramid = encoder.neck.pyramid(stages);
        for (level, map) in pyramid.iter().enumerate() {
            record(trace, &format!("fpn_{level}"), &channels_first(map));
        }
        let features = encoder.neck.reduce(pyramid);
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
        device::finish(self.parts.device()).await?;
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
        let part = self.parts.language(steps.host).await?;
        let language = &part.model;
        let device = self.parts.device();
        let x = Tensor::cat(
            vec![
                language.embed(&before, device)?,
                vision_tokens,
                language.embed(&after, device)?,
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
        let mut state = language.state(limit.min(prefix + QUESTION_TOKENS), device);
        let rotary = language.rotary(&state, prefix, device);
        record(trace, "lm_inputs_embeds", &x);
        let mut x = x;
        for index in 0..language.depth() {
            x = language.layer(index, x, &rotary, &mut state);
            record(trace, &format!("lm_hidden_{index}"), &x);
            steps.step().await?;
        }
        device::finish(device).await?;
        Ok(state)
    }

    /// A tile as normalized pixels, `[1, 3, side, side]`.
    fn pixels(&self, tile: &RgbImage) -> Tensor<4> {
        let shape = [1, 3, tile.size.height, tile.size.width];
        Tensor::from_data(
            TensorData::new(processing::normalize(tile), shape),
            self.parts.device(),
        )
    }
}

/// A channels-last map in the order of the reference, `[1, channels, height, width]`.
fn channels_first(map: &Tensor<4>) -> Tensor<4> {
    map.clone().permute([0, 3, 1, 2])
}
