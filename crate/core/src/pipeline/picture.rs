//! A picture becomes features and a prefilled prompt, once for all questions and clicks.

use async_lock::Mutex;
use burn::tensor::{Tensor, TensorData};

use super::{Inner, Model};
use crate::error::Error;
use crate::image::normalize::normalize;
use crate::image::{ImageSize, RgbImage, SourceImage};
use crate::models::State;
use crate::models::sa2va::{QUESTION_TOKENS, tiles};
use crate::models::sam2::{Features, pixel_values};
use crate::runtime::host::{Host, Stage};
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

/// A picture that was encoded once. Its questions queue; they never interleave.
///
/// ```
/// # use askmask_core::pipeline::FAMILIES;
/// # use askmask_core::weights::{Files, Manifest, Stored};
/// use askmask_core::{Error, Point, PointLabel, Prompts, QuietHost};
/// # use askmask_core::{DeviceKind, Model, ModelFiles, SourceImage};
///
/// # let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// # let folder = format!("{root}/models/nano");
/// # let photo = std::fs::read(format!("{root}/web/public/samples/street.webp")).unwrap();
/// # let manifest = std::fs::read_to_string(format!("{folder}/manifest.json")).unwrap();
/// # let manifest = Manifest::parse(&manifest, FAMILIES)?;
/// # let files = ModelFiles::from_stored(Stored::new(manifest, Box::new(Files::new(folder.into()))))?;
/// pollster::block_on(async {
///     # let model = Model::load(files, DeviceKind::Cpu, &QuietHost).await?;
///     # let photo = SourceImage::decode(&photo)?;
///     let picture = model.set_image(photo, &QuietHost).await?;
///     let point = Point { x: 120.0, y: 80.0, label: PointLabel::Foreground };
///     let prompts = Prompts { points: vec![point], bbox: None };
///     let first = picture.refine(&prompts, None, &QuietHost).await?;
///     // The same again, beginning with what was found.
///     let better = picture.refine(&prompts, Some(&first), &QuietHost).await?;
///     assert_eq!(better.mask.size, picture.size());
///     Ok::<_, Error>(())
/// })?;
/// # Ok::<_, Error>(())
/// ```
pub struct Picture {
    pub(super) model: Model,
    image: SourceImage,
    pub(super) features: Features,
    pub(super) language: Mutex<Prefix>,
}

/// The language model's state, of which the first positions are the picture's.
pub(super) struct Prefix {
    pub state: State,
    pub length: usize,
}

impl Picture {
    /// The picture's own size.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.image.size()
    }

    /// The picture's pixels.
    #[must_use]
    pub fn image(&self) -> &SourceImage {
        &self.image
    }
}

impl Model {
    /// Encodes a picture for both sides, once for all questions and clicks.
    ///
    /// # Errors
    /// [`Error::PromptTooLong`] when the picture's tokens alone pass the model's context;
    /// [`Error::Cancelled`] when the host asked to stop; [`Error::OutOfMemory`] and
    /// [`Error::DeviceLost`].
    pub async fn set_image(
        &self,
        image: impl Into<SourceImage>,
        host: &dyn Host,
    ) -> Result<Picture, Error> {
        let image = image.into();
        let seen = image.over_white();
        let inner = &self.0;
        let config = &inner.config;
        let (side, max_tiles) = (config.force_image_size, inner.max_tiles);
        let tiles = tiles::tiles(&seen, side, max_tiles, config.use_thumbnail);
        let blocks = tiles.len() * config.vision_config.num_hidden_layers
            + config.grounding_encoder.stages.iter().sum::<usize>()
            + config.llm_config.num_hidden_layers;
        let mut run = inner.parts.run(host).counting(Stage::EncodeImage, blocks);
        let vision_tokens = inner.encode_tiles(&tiles, &mut run).await?;
        drop(tiles);
        let features = inner.encode_whole(&seen, &mut run).await?;
        let state = inner.prefill_picture(vision_tokens, &mut run).await?;
        let length = state.len();
        Ok(Picture {
            model: self.clone(),
            image,
            features,
            language: Mutex::new(Prefix { state, length }),
        })
    }
}

impl Inner {
    /// Vision tokens of all tiles in order, `[1, tiles · tokens, llm width]`.
    async fn encode_tiles(
        &self,
        tiles: &[RgbImage],
        run: &mut Run<'_>,
    ) -> Result<Tensor<3>, Error> {
        let vision = self.parts.vision(run.host).await?;
        let mut tokens = Vec::with_capacity(tiles.len());
        for (index, tile) in tiles.iter().enumerate() {
            run.item = index;
            let shape = [1, 3, tile.size.height, tile.size.width];
            let pixels = Tensor::from_data(TensorData::new(normalize(tile), shape), run.device());
            tokens.push(vision.forward(pixels, run).await?);
            run.finish().await?;
        }
        run.item = 0;
        Ok(Tensor::cat(tokens, 1))
    }

    /// Features of the whole picture for the mask decoder.
    async fn encode_whole(&self, image: &RgbImage, run: &mut Run<'_>) -> Result<Features, Error> {
        let side = self.config.grounding_encoder.image_size;
        let data = TensorData::new(pixel_values(image, side), [1, 3, side, side]);
        let encoder = self.parts.image_encoder(run.host).await?;
        let pixels = Tensor::from_data(data, run.device());
        run.trace(TraceStage::SamPixelValues, 0, &pixels).await?;
        let features = encoder.forward(pixels, run).await?;
        let features = self.parts.heads().without_memory(features);
        if run.traces() {
            let maps = [&features.stride4, &features.stride8, &features.embedding];
            for (level, map) in maps.into_iter().enumerate() {
                let map = map.clone().permute([0, 3, 1, 2]);
                run.trace(TraceStage::SamImageEmbedding, level, &map)
                    .await?;
            }
        }
        run.finish().await?;
        Ok(features)
    }

    /// Keys and values of the prompt up to the end of the picture.
    async fn prefill_picture(
        &self,
        vision_tokens: Tensor<3>,
        run: &mut Run<'_>,
    ) -> Result<State, Error> {
        let (before, after) = self.chat.picture_frame(&self.tokenizer)?;
        let part = self.parts.language(run.host).await?;
        let (language, device) = (&part.model, run.device());
        let tokens = before.len() + vision_tokens.dims()[1] + after.len();
        let limit = self.config.llm_config.max_position_embeddings;
        if tokens >= limit {
            return Err(Error::PromptTooLong { tokens, limit });
        }
        let x = vec![
            language.embed(&before, device)?,
            vision_tokens,
            language.embed(&after, device)?,
        ];
        let x = Tensor::cat(x, 1);
        let mut state = language.state(limit.min(tokens + QUESTION_TOKENS), device);
        run.trace(TraceStage::LmInputsEmbeds, 0, &x).await?;
        // Its output is not needed: only keys and values are.
        language.forward(x, &mut state, run).await?;
        run.finish().await?;
        Ok(state)
    }
}
