//! Qwen2, the language model (Yang et al. 2024; transformers' `modeling_qwen2`).

use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};

use super::sa2va::{Config, LanguageConfig};
use crate::error::Error;
use crate::models::sample::noise;
use crate::nn::{Embedding, KvCache, Linear, Loader, RmsNorm, Rotary, attention};

const EMBEDDING: &str = "language_model.model.embed_tokens";

/// Name of the output head, which may be the embedding.
fn head(config: &LanguageConfig) -> &'static str {
    match config.tie_word_embeddings {
        true => EMBEDDING,
        false => "language_model.lm_head",
    }
}

/// Outputs of the head that a sample looks at, evenly over all of them.
fn sampled_rows(vocabulary: usize) -> impl Iterator<Item = usize> {
    const COUNT: usize = 32;
    (0..COUNT).map(move |i| i * (vocabulary - 1) / COUNT)
}

/// Decoder-only transformer with grouped queries and a SwiGLU feed-forward.
#[derive(Clone)]
pub struct Qwen2 {
    embedding: Embedding,
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Linear,
    config: LanguageConfig,
}

/// Keys and values of every layer.
#[derive(Debug)]
pub struct State {
    layers: Vec<KvCache>,
    capacity: usize,
}

impl State {
    /// Positions filled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layers.first().map_or(0, KvCache::len)
    }

    /// Whether nothing is held yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Most positions it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Forgets all positions from `length` on.
    pub fn truncate(&mut self, length: usize) {
        for layer in &mut self.layers {
            layer.truncate(length);
        }
    }
}

impl Qwen2 {
    /// Reads `language_model.*`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read; those of [`Loader::checkpoint`].
    pub async fn load(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        let llm = &config.llm_config;
        let (width, vocabulary) = (llm.hidden_size, llm.vocab_size);
        let mut layers = Vec::with_capacity(llm.num_hidden_layers);
        for i in 0..llm.num_hidden_layers {
            let at = format!("language_model.model.layers.{i}");
            layers.push(Layer::load(loader, &at, llm)?);
            loader.checkpoint().await?;
        }
        Ok(Self {
            embedding: loader.embedding(EMBEDDING, vocabulary, width)?,
            layers,
            norm: RmsNorm::load(loader, "language_model.model.norm", width, llm.rms_norm_eps)?,
            head: loader.linear(head(llm), width, vocabulary, false)?,
            config: llm.clone(),
        })
    }

    /// The same with one layer and some rows of the head: good for [`Qwen2::sample`] alone.
    ///
    /// # Errors
    /// As [`Qwen2::load`].
    pub fn load_sample(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        let llm = &config.llm_config;
        let (width, vocabulary) = (llm.hidden_size, llm.vocab_size);
        let rows: Vec<_> = sampled_rows(vocabulary).map(|row| row..row + 1).collect();
        Ok(Self {
            embedding: loader.embedding(EMBEDDING, vocabulary, width)?,
            layers: vec![Layer::load(loader, "language_model.model.layers.0", llm)?],
            norm: RmsNorm::load(loader, "language_model.model.norm", width, llm.rms_norm_eps)?,
            head: loader.linear_rows(head(llm), width, vocabulary, &rows)?,
            config: llm.clone(),
        })
    }

    /// The first layer on five tokens of noise and then on one, `[1, 1, width]`, and the logits
    /// of some tokens after that.
    #[must_use]
    pub fn sample(&self, device: &Device) -> (Tensor<3>, Tensor<1>) {
        let mut state = self.state(8, device);
        let mut x = Tensor::zeros([1; 3], device);
        for count in [5, 1] {
            let rotary = self.rotary(&state, count, device);
            x = noise([1, count, self.config.hidden_size], device);
            if !self.layers.is_empty() {
                x = self.layer(0, x, &rotary, &mut state);
            }
        }
        let hidden = self.finish(x);
        let logits = self.logits(hidden.clone()).flatten::<1>(0, 2);
        if logits.dims()[0] < self.config.vocab_size {
            return (hidden, logits);
        }
        let rows = sampled_rows(self.config.vocab_size).map(|row| logits.clone().narrow(0, row, 1));
        (hidden, Tensor::cat(rows.collect(), 0))
    }

    /// An empty cache for `capacity` positions.
    #[must_use]
    pub fn state(&self, capacity: usize, device: &Device) -> State {
        let width = self.config.hidden_size / self.config.num_attention_heads;
        let groups = self.config.num_key_value_heads;
        State {
            layers: (0..self.layers.len())
                .map(|_| KvCache::new(groups, capacity, width, device))
                .collect(),
            capacity,
        }
    }

    /// Embeddings of `ids`, `[1, ids, width]`.
    ///
    /// # Errors
    /// [`Error::Internal`] when an id is outside the vocabulary.
    pub fn embed(&self, ids: &[u32], device: &Device) -> Result<Tensor<3>, Error> {
        self.embedding.forward(ids, device)
    }

    /// Decoder layers, to be run one by one between [`Self::rotary`] and [`Self::finish`].
    #[must_use]
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// Angles of the `count` positions that follow those in `state`.
    #[must_use]
    pub fn rotary(&self, state: &State, count: usize, device: &Device) -> Rotary {
        let width = self.config.hidden_size / self.config.num_attention_heads;
        Rotary::new(state.len(), count, width, self.config.rope_theta, device)
    }

    /// Runs layer `index` on `[1, count, width]`.
    #[must_use]
    pub fn layer(
        &self,
        index: usize,
        x: Tensor<3>,
        rotary: &Rotary,
        state: &mut State,
    ) -> Tensor<3> {
        self.layers[index].forward(x, rotary, &mut state.layers[index])
    }

    /// All layers and the final norm: `[1, count, width]` → `[1, count, width]`.
    #[must_use]
    pub fn forward(&self, mut x: Tensor<3>, state: &mut State) -> Tensor<3> {
        let rotary = self.rotary(state, x.dims()[1], &x.device());
        for index in 0..self.depth() {
            x = self.layer(index, x, &rotary, state);
        }
        self.finish(x)
    }

    /// The final norm.
    #[must_use]
    pub fn finish(&self, x: Tensor<3>) -> Tensor<3> {
        self.norm.forward(x)
    }

    /// Logits of the token after the last of `[1, count, width]`: `[1, 1, vocabulary]`.
    #[must_use]
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        let last = hidden.dims()[1] - 1;
        self.head.forward(hidden.narrow(1, last, 1))
    }
}

/// One pre-norm decoder layer.
#[derive(Debug, Clone)]
struct Layer {
    heads: usize,
    groups: usize,
    input_norm: RmsNorm,
    post_norm: RmsNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Layer {
    fn load(loader: &mut Loader, at: &str, llm: &LanguageConfig) -> Result<Self, Error> {
        let (width, inner, eps) = (llm.hidden_size, llm.intermediate_size, llm.rms_norm_eps);
        let shared = width / llm.num_attention_heads * llm.num_key_value_heads;
        Ok(Self {
            heads: llm.num_attention_heads,
            groups: llm.num_key_value_heads,
            input_norm: RmsNorm::load(loader, &format!("{at}.input_layernorm"), width, eps)?,
            post_norm: RmsNorm::load(
                loader,
                &format!("{at}.post_attention_layernorm"),
                width,
                eps,
            )?,
            q: loader.linear(&format!("{at}.self_attn.q_proj"), width, width, true)?,
            k: loader.linear(&format!("{at}.self_attn.k_proj"), width, shared, true)?,
            v: loader.linear(&format!("{at}.self_attn.v_proj"), width, shared, true)?,
            o: loader.linear(&format!("{at}.self_attn.o_proj"), width, width, false)?,
            gate: loader.linear(&format!("{at}.mlp.gate_proj"), width, inner, false)?,
            up: loader.linear(&format!("{at}.mlp.up_proj"), width, inner, false)?,
            down: loader.linear(&format!("{at}.mlp.down_proj"), inner, width, false)?,
        })
    }

    fn forward(&self, x: Tensor<3>, rotary: &Rotary, cache: &mut KvCache) -> Tensor<3> {
        let x = x.clone() + self.attend(self.input_norm.forward(x), rotary, cache);
        let normed = self.post_norm.forward(x.clone());
        let hidden = silu(self.gate.forward(normed.clone())) * self.up.forward(normed);
        x + self.down.forward(hidden)
    }

    fn attend(&self, x: Tensor<3>, rotary: &Rotary, cache: &mut KvCache) -> Tensor<3> {
        let [batch, count, width] = x.dims();
        let head = width / self.heads;
        let split = |t: Tensor<3>, heads| t.reshape([batch, count, heads, head]).swap_dims(1, 2);
        let q = rotary.apply(split(self.q.forward(x.clone()), self.heads));
        let k = rotary.apply(split(self.k.forward(x.clone()), self.groups));
        let v = split(self.v.forward(x), self.groups);
        let (keys, values) = cache.append(k, v);
        let out = attention(q, keys, values, true);
        self.o
            .forward(out.swap_dims(1, 2).reshape([batch, count, width]))
    }
}
