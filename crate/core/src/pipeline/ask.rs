//! A question becomes an answer and masks.

use burn::tensor::Tensor;

use super::object::Choice;
use super::{Inner, Object, Picture};
use crate::error::Error;
use crate::language::decode::{Decode, Limits, generate};
use crate::language::sampler::{Sampler, Sampling};
use crate::language::tokenizer::validate_question;
use crate::models::State;
use crate::models::sa2va::Language;
use crate::models::sam2::MaskPrompt;
use crate::runtime::device::read;
use crate::runtime::host::{Host, Stage};
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

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
    /// The visible text, without control tokens.
    pub text: String,
    /// The text with `[SEG]` wherever the model points at an object.
    pub marked: String,
    /// Every generated token in order, the stop token not included.
    pub tokens: Vec<Token>,
    /// One object for each `[SEG]`, in order; none when the model found nothing to segment.
    pub objects: Vec<Object>,
}

impl Picture {
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
        let question = inner.config.question_form.of(question);
        let ids = inner.chat.question(&inner.tokenizer, &question)?;
        let mut prefix = self.language.lock().await;
        let length = prefix.length;
        // Here, not at the end, because a cancelled question leaves its rows behind.
        prefix.state.truncate(length);
        let room = prefix.state.capacity() - length;
        if ids.len() >= room {
            let (tokens, limit) = (length + ids.len(), prefix.state.capacity());
            return Err(Error::PromptTooLong { tokens, limit });
        }
        let language = inner.parts.language(host).await?;
        let mut decoder = Decoder {
            inner,
            language: &language,
            state: &mut prefix.state,
            run: inner.parts.run(host).without_pauses(),
            seg_states: Vec::new(),
        };
        let logits = decoder.prefill(&ids).await?;
        let limits = Limits {
            stop: inner.chat.stop_ids(),
            max_tokens: options.max_tokens.min(room - ids.len()),
        };
        let mut sampler = Sampler::new(options.sampling);
        let mut stream = inner.tokenizer.stream();
        let mut done = 0;
        let tokens = generate(logits, &mut decoder, &mut sampler, limits, async |token| {
            done += 1;
            host.progress(Stage::Think, done, None);
            if let Some(text) = stream.push(token)? {
                host.token(&text);
            }
            host.checkpoint().await
        })
        .await?;
        let seg_states = std::mem::take(&mut decoder.seg_states);
        drop(prefix);
        let objects = self.objects(seg_states, &language, host).await?;
        inner.answer(&tokens, objects)
    }

    /// One object for each `[SEG]` state, `[1, 1, llm width]` each.
    async fn objects(
        &self,
        seg_states: Vec<Tensor<3>>,
        language: &Language,
        host: &dyn Host,
    ) -> Result<Vec<Object>, Error> {
        let total = seg_states.len() as u64;
        let mut run = self.model.0.parts.run(host);
        let mut objects = Vec::with_capacity(seg_states.len());
        for (index, state) in seg_states.into_iter().enumerate() {
            host.progress(Stage::Mask, index as u64, Some(total));
            run.item = index;
            run.block().await?;
            run.trace(TraceStage::SegHidden, index, &state).await?;
            let embedding = language.seg_projection.forward(state);
            run.trace(TraceStage::SegEmbedding, index, &embedding)
                .await?;
            let prompt = MaskPrompt::Embedding(embedding);
            objects.push(self.decode_mask(&prompt, Choice::Multimask, &run).await?);
        }
        Ok(objects)
    }
}

impl Inner {
    fn answer(&self, tokens: &[u32], objects: Vec<Object>) -> Result<Answer, Error> {
        let token = |&id| Token {
            id,
            text: self.tokenizer.token_text(id),
        };
        Ok(Answer {
            text: self.tokenizer.visible_text(tokens)?,
            marked: self.chat.marked_text(&self.tokenizer, tokens)?,
            tokens: tokens.iter().map(token).collect(),
            objects,
        })
    }
}

/// The language model in the middle of one question.
struct Decoder<'a> {
    inner: &'a Inner,
    language: &'a Language,
    state: &'a mut State,
    /// Counts the tokens fed.
    run: Run<'a>,
    /// The final state of every `[SEG]` that was fed, `[1, 1, llm width]` each.
    seg_states: Vec<Tensor<3>>,
}

impl Decoder<'_> {
    /// Reads the question; logits of the answer's first token.
    async fn prefill(&mut self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let model = &self.language.model;
        let host = self.run.host;
        let mut run = self.inner.parts.run(host);
        let x = model.embed(ids, run.device())?;
        run.trace(TraceStage::LmInputsEmbeds, 0, &x).await?;
        host.progress(Stage::Think, 0, None);
        host.checkpoint().await?;
        let hidden = model.forward(x, self.state, &mut run).await?;
        self.logits(hidden).await
    }

    async fn logits(&self, hidden: Tensor<3>) -> Result<Vec<f32>, Error> {
        let logits = self.language.model.logits(hidden);
        let index = self.run.item;
        self.run
            .trace(TraceStage::StepLogits, index, &logits)
            .await?;
        read(logits).await
    }
}

impl Decode for Decoder<'_> {
    async fn feed(&mut self, token: u32) -> Result<Vec<f32>, Error> {
        let model = &self.language.model;
        let x = model.embed(&[token], self.run.device())?;
        let hidden = model.forward(x, self.state, &mut self.run).await?;
        if token == self.inner.chat.seg_id() {
            self.seg_states.push(hidden.clone());
        }
        let index = self.run.item;
        self.run
            .trace(TraceStage::StepHidden, index, &hidden)
            .await?;
        self.run.item += 1;
        self.run.look();
        self.logits(hidden).await
    }
}
