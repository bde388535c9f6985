//! One encoded picture: questions and clicks.

use async_lock::Mutex;
use burn::tensor::{Tensor, TensorData};

use super::object::Choice;
use super::{Inner, Model, Object, Prompts};
use crate::error::Error;
use crate::image::{ImageSize, RgbImage};
use crate::language::decode::{Decode, Limits, generate};
use crate::language::sampler::{Sampler, Sampling};
use crate::language::tokenizer::validate_question;
use crate::models::State;
use crate::models::sa2va::Language;
use crate::models::sam2::Features;
use crate::runtime::device::read;
use crate::runtime::host::{Host, Stage};
use crate::runtime::trace::{Trace, record};

/// How an answer is generated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AskOptions {
    pub sampling: Sampling,
    /// Most tokens of the answer.
    pub max_tokens: usize,
}

impl Default for AskOptions {
    fn default() -> Self {
        Self {
            sampling: Sampling::Greedy,
            max_tokens: 256,
        }
    }
}

/// One token of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: u32,
    /// Its own text; control tokens such as `[SEG]` by their name.
    pub text: String,
}

/// What the model said about a question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text without control tokens.
    pub text: String,
    /// The text with `[SEG]` wherever the model points at an object.
    pub marked: String,
    /// Every generated token in order, the stop token not included.
    pub tokens: Vec<Token>,
    /// One object for each `[SEG]`, in order; none when the model found nothing to segment.
    pub objects: Vec<Object>,
}

/// A picture that was encoded once. Its questions queue; they never interleave.
pub struct Picture {
    model: Model,
    image: RgbImage,
    features: Features,
    language: Mutex<Prefix>,
}

/// The language model's state, of which the first positions are the picture's.
struct Prefix {
    state: State,
    length: usize,
}

impl Picture {
    pub(super) fn new(model: Model, image: RgbImage, features: Features, state: State) -> Self {
        let length = state.len();
        Self {
            model,
            image,
            features,
            language: Mutex::new(Prefix { state, length }),
        }
    }

    /// The picture's own size.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.image.size
    }

    /// The picture's pixels.
    #[must_use]
    pub fn image(&self) -> &RgbImage {
        &self.image
    }

    /// Answers a question and draws a mask for each object that the answer points at.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] for an unusable question, [`Error::PromptTooLong`] for one that
    /// does not fit the context, [`Error::Cancelled`] when the host asked to stop,
    /// [`Error::GpuResultInvalid`] and [`Error::DeviceLost`]. The picture stays usable.
    pub async fn ask(
        &self,
        question: &str,
        options: &AskOptions,
        host: &dyn Host,
    ) -> Result<Answer, Error> {
        let question = validate_question(question)?;
        let inner = &self.model.0;
        let ids = inner.tokenizer.question(question)?;
        let mut prefix = self.language.lock().await;
        let length = prefix.length;
        // Here, not at the end, because a cancelled question leaves its rows behind.
        prefix.state.truncate(length);
        let room = prefix.state.capacity() - length;
        if ids.len() >= room {
            let (tokens, limit) = (length + ids.len(), prefix.state.capacity());
            return Err(Error::PromptTooLong { tokens, limit });
        }
        let max_tokens = options.max_tokens.min(room - ids.len());
        let trace = host.trace();
        let language = inner.parts.language(host).await?;
        let mut talk = Talk {
            inner,
            language: &language,
            state: &mut prefix.state,
            seg_states: Vec::new(),
            trace,
        };
        let logits = talk.prefill(&ids, host).await?;
        let limits = Limits {
            stop: inner.tokenizer.stop_ids(),
            max_tokens,
        };
        let mut sampler = Sampler::new(options.sampling);
        let mut stream = inner.tokenizer.stream();
        let mut done = 0;
        let tokens = generate(logits, &mut talk, &mut sampler, limits, async |token| {
            done += 1;
            inner.parts.look();
            host.progress(Stage::Think, done, None);
            if let Some(text) = stream.push(token)? {
                host.token(&text);
            }
            host.checkpoint().await
        })
        .await?;
        let seg_states = std::mem::take(&mut talk.seg_states);
        drop(prefix);
        let embeddings = seg_states
            .into_iter()
            .map(|state| {
                record(trace, "seg_hidden", &state);
                language.seg_projection.forward(state)
            })
            .collect();
        self.answer(&tokens, embeddings, host).await
    }

    /// Draws or redraws one object from clicks and a box, starting from `previous` if given.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when there is no click and no box or one lies outside the picture,
    /// [`Error::Cancelled`], [`Error::GpuResultInvalid`] and [`Error::DeviceLost`].
    pub async fn refine(
        &self,
        prompts: &Prompts,
        previous: Option<&Object>,
        host: &dyn Host,
    ) -> Result<Object, Error> {
        let inner = &self.model.0;
        let coordinates =
            prompts.coordinates(self.size(), inner.config.grounding_encoder.image_size)?;
        host.progress(Stage::Mask, 0, Some(1));
        host.checkpoint().await?;
        let encoder = &inner.parts.masks().prompt_encoder;
        let device = inner.parts.device();
        let sparse = encoder.coordinates(&coordinates, device);
        let dense = match previous {
            Some(object) => {
                let side = inner.config.grounding_encoder.mask_side();
                let data = TensorData::new(object.low_res_logits().to_vec(), [1, 1, side, side]);
                encoder.mask(Tensor::from_data(data, device))
            }
            None => encoder.no_mask(),
        };
        let object = self
            .decode_mask(sparse, dense, Choice::SingleIfStable, ("refine", host))
            .await?;
        host.progress(Stage::Mask, 1, Some(1));
        Ok(object)
    }

    async fn answer(
        &self,
        tokens: &[u32],
        embeddings: Vec<Tensor<3>>,
        host: &dyn Host,
    ) -> Result<Answer, Error> {
        let inner = &self.model.0;
        let encoder = &inner.parts.masks().prompt_encoder;
        let total = embeddings.len() as u64;
        let mut objects = Vec::with_capacity(embeddings.len());
        for (done, embedding) in embeddings.into_iter().enumerate() {
            host.progress(Stage::Mask, done as u64, Some(total));
            host.checkpoint().await?;
            record(host.trace(), "seg_embeddings", &embedding);
            let sparse = encoder.language(embedding);
            let label = format!("seg{done}");
            let object =
                self.decode_mask(sparse, encoder.no_mask(), Choice::Multimask, (&label, host));
            objects.push(object.await?);
        }
        Ok(Answer {
            text: inner.tokenizer.visible_text(tokens)?,
            marked: inner.tokenizer.marked_text(tokens)?,
            tokens: tokens
                .iter()
                .map(|&id| Token {
                    id,
                    text: inner.tokenizer.token_text(id),
                })
                .collect(),
            objects,
        })
    }

    /// `label` and host name the stages in a trace.
    async fn decode_mask(
        &self,
        sparse: Tensor<3>,
        dense: Tensor<4>,
        choice: Choice,
        (label, host): (&str, &dyn Host),
    ) -> Result<Object, Error> {
        let inner = &self.model.0;
        record(host.trace(), &format!("{label}_sparse"), &sparse);
        let masks = inner.parts.masks();
        let positions = masks.prompt_encoder.dense_positions();
        let candidates = masks
            .decoder
            .forward(&self.features, positions, sparse, dense);
        inner.parts.look();
        record(host.trace(), &format!("{label}_masks"), &candidates.masks);
        record(host.trace(), &format!("{label}_iou"), &candidates.iou);
        record(
            host.trace(),
            &format!("{label}_object_score"),
            &candidates.object_score,
        );
        let side = inner.config.grounding_encoder.image_size;
        Object::choose(candidates, choice, side, self.size()).await
    }
}

/// The language model in the middle of one question.
struct Talk<'a> {
    inner: &'a Inner,
    language: &'a Language,
    state: &'a mut State,
    /// The final state of every `[SEG]` that was fed, `[1, 1, llm width]` each.
    seg_states: Vec<Tensor<3>>,
    trace: Option<&'a Trace>,
}

impl Talk<'_> {
    /// Reads the question; logits of the answer's first token.
    async fn prefill(&mut self, ids: &[u32], host: &dyn Host) -> Result<Vec<f32>, Error> {
        let language = &self.language.model;
        let mut x = language.embed(ids, self.inner.parts.device())?;
        record(self.trace, "lm_inputs_embeds", &x);
        let rotary = language.rotary(self.state, ids.len(), self.inner.parts.device());
        host.progress(Stage::Think, 0, None);
        for index in 0..language.depth() {
            host.checkpoint().await?;
            x = language.layer(index, x, &rotary, self.state);
            record(self.trace, &format!("lm_hidden_{index}"), &x);
        }
        self.logits(language.finish(x)).await
    }

    async fn logits(&self, hidden: Tensor<3>) -> Result<Vec<f32>, Error> {
        let logits = self.language.model.logits(hidden);
        record(self.trace, "step_logits", &logits);
        read(logits).await
    }
}

impl Decode for Talk<'_> {
    async fn feed(&mut self, token: u32) -> Result<Vec<f32>, Error> {
        let language = &self.language.model;
        let x = language.embed(&[token], self.inner.parts.device())?;
        let hidden = language.forward(x, self.state);
        if token == self.inner.tokenizer.seg_id() {
            self.seg_states.push(hidden.clone());
        }
        record(self.trace, "step_hidden", &hidden);
        self.logits(hidden).await
    }
}
