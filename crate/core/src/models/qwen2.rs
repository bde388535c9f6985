//! Qwen2, the language model ([Yang et al. 2024](https://arxiv.org/abs/2407.10671); transformers'
//! [`modeling_qwen2.py`](https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen2/modeling_qwen2.py)).

use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};
use serde::Deserialize;

use super::limits::{MAX_LAYERS, MAX_VOCABULARY, MAX_WIDTH, divides, within};
use crate::error::Error;
use crate::nn::{Embedding, KvCache, Linear, Loader, RmsNorm, Rotary, attention};
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

/// Qwen2's sizes, the `llm_config` block of `config.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Qwen2Config {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub vocab_size: usize,
    #[serde(default = "theta")]
    pub rope_theta: f64,
    #[serde(default = "eps")]
    pub rms_norm_eps: f64,
    #[serde(default = "positions")]
    pub max_position_embeddings: usize,
    /// Tied: the embedding table is also the output head.
    #[serde(default)]
    pub tie_word_embeddings: bool,
}

fn eps() -> f64 {
    1e-6
}
fn theta() -> f64 {
    1e4
}
fn positions() -> usize {
    32_768
}

impl Qwen2Config {
    /// # Errors
    /// [`Error::UnsupportedModel`] for sizes that cannot be run.
    pub fn check(&self) -> Result<(), Error> {
        within("llm hidden_size", self.hidden_size, MAX_WIDTH)?;
        within("llm intermediate_size", self.intermediate_size, MAX_WIDTH)?;
        within("llm num_hidden_layers", self.num_hidden_layers, MAX_LAYERS)?;
        within("llm vocab_size", self.vocab_size, MAX_VOCABULARY)?;
        within(
            "llm max_position_embeddings",
            self.max_position_embeddings,
            1 << 22,
        )?;
        divides("llm heads", self.num_attention_heads, self.hidden_size)?;
        divides(
            "llm key-value heads",
            self.num_key_value_heads,
            self.num_attention_heads,
        )?;
        divides("rotary halves", 2, self.head_width())
    }

    /// Width of one attention head.
    #[must_use]
    pub fn head_width(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// Name of the output head, which may be the embedding.
    #[must_use]
    pub fn head(&self) -> &'static str {
        if self.tie_word_embeddings {
            return EMBEDDING;
        }
        "lm_head"
    }
}

const EMBEDDING: &str = "model.embed_tokens";

/// Decoder-only transformer with grouped queries and a SwiGLU feed-forward.
#[derive(Clone)]
pub struct Qwen2 {
    embedding: Embedding,
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Linear,
    config: Qwen2Config,
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
    /// Reads the model.
    ///
    /// # Errors
    /// As [`Loader::tensor`]; those of [`Loader::checkpoint`].
    pub async fn load(loader: &Loader<'_>, config: &Qwen2Config) -> Result<Self, Error> {
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            let loader = loader.at_index("model.layers", i);
            layers.push(Layer::load(&loader, config)?);
            loader.checkpoint().await?;
        }
        Ok(Self {
            embedding: loader.embedding(EMBEDDING)?,
            layers,
            norm: RmsNorm::load(&loader.at("model.norm"), config.rms_norm_eps)?,
            head: loader.linear(config.head())?,
            config: config.clone(),
        })
    }

    /// An empty cache for `capacity` positions.
    #[must_use]
    pub fn state(&self, capacity: usize, device: &Device) -> State {
        let (groups, width) = (self.config.num_key_value_heads, self.config.head_width());
        let cache = |_| KvCache::new(groups, capacity, width, device);
        State {
            layers: self.layers.iter().map(cache).collect(),
            capacity,
        }
    }

    /// Embeddings of `ids`, `[1, ids, width]`.
    ///
    /// # Errors
    /// [`Error::Internal`] when an id is outside the vocabulary; [`Error::Integrity`] when its
    /// row cannot be read.
    pub fn embed(&self, ids: &[u32], device: &Device) -> Result<Tensor<3>, Error> {
        self.embedding.forward(ids, device)
    }

    /// All layers and the final norm, for the positions that follow those in `state`. The caller
    /// keeps them within its capacity.
    ///
    /// # Shapes
    /// - `x`: `[1, count, width]`, from [`Qwen2::embed`] or a connector
    /// - result: `[1, count, width]`
    ///
    /// # Errors
    /// Those of [`Run::block`] and [`Run::trace`].
    pub async fn forward(
        &self,
        mut x: Tensor<3>,
        state: &mut State,
        run: &mut Run<'_>,
    ) -> Result<Tensor<3>, Error> {
        let rotary = Layer::rotary(&self.config, state.len(), x.dims()[1], &x.device());
        for (index, (layer, cache)) in self.layers.iter().zip(&mut state.layers).enumerate() {
            x = layer.forward(x, &rotary, cache);
            run.trace_block(TraceStage::LmHidden, index, &x).await?;
            run.block().await?;
        }
        Ok(self.norm.forward(x))
    }

    /// Logits of the token after the last of `[1, count, width]`: `[1, 1, vocabulary]`.
    #[must_use]
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        let last = hidden.dims()[1] - 1;
        self.head.forward(hidden.narrow(1, last, 1))
    }

    /// The decoder layers in order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The norm behind the last layer.
    #[must_use]
    pub fn norm(&self) -> &RmsNorm {
        &self.norm
    }
}

/// One pre-norm decoder layer.
#[derive(Debug, Clone)]
pub struct Layer {
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
    /// Reads one layer.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, config: &Qwen2Config) -> Result<Self, Error> {
        let norm = |name| RmsNorm::load(&loader.at(name), config.rms_norm_eps);
        Ok(Self {
            heads: config.num_attention_heads,
            groups: config.num_key_value_heads,
            input_norm: norm("input_layernorm")?,
            post_norm: norm("post_attention_layernorm")?,
            q: loader.linear("self_attn.q_proj")?,
            k: loader.linear("self_attn.k_proj")?,
            v: loader.linear("self_attn.v_proj")?,
            o: loader.linear("self_attn.o_proj")?,
            gate: loader.linear("mlp.gate_proj")?,
            up: loader.linear("mlp.up_proj")?,
            down: loader.linear("mlp.down_proj")?,
        })
    }

    /// Angles of positions `start .. start + count` for its heads.
    #[must_use]
    pub fn rotary(config: &Qwen2Config, start: usize, count: usize, device: &Device) -> Rotary {
        Rotary::new(start, count, config.head_width(), config.rope_theta, device)
    }

    /// `[1, count, width]` → `[1, count, width]`; `rotary` has the angles of these positions,
    /// which `cache` takes behind those it holds.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, rotary: &Rotary, cache: &mut KvCache) -> Tensor<3> {
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
