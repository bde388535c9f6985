//! SAM's two-way transformer between prompt tokens and image (sam2's
//! [`transformer.py`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/sam/transformer.py)).

use burn::tensor::Tensor;

use crate::error::Error;
use crate::nn::{LayerNorm, Linear, Loader, Mlp, attention};

const DEPTH: usize = 2;
const HEADS: usize = 8;
/// PyTorch's default for `LayerNorm`.
const EPS: f64 = 1e-5;

/// Two layers and a final attention from tokens to the image.
#[derive(Debug, Clone)]
pub struct TwoWay {
    layers: Vec<Layer>,
    final_attention: Attention,
    final_norm: LayerNorm,
}

impl TwoWay {
    /// Reads the transformer.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader) -> Result<Self, Error> {
        Ok(Self {
            layers: (0..DEPTH)
                .map(|i| Layer::load(&loader.at_index("layers", i)))
                .collect::<Result<_, _>>()?,
            final_attention: Attention::load(&loader.at("final_attn_token_to_image"))?,
            final_norm: LayerNorm::load(&loader.at("norm_final_attn"), EPS)?,
        })
    }

    /// Lets tokens and image look at each other.
    ///
    /// # Shapes
    /// - `image`, `positions`: `[1, cells, d_model]`
    /// - `tokens`: `[1, tokens, d_model]`, which are also the tokens' own position code
    /// - result: the new tokens and the new image, of the same shapes
    #[must_use]
    pub fn forward(
        &self,
        image: Tensor<3>,
        positions: Tensor<3>,
        tokens: Tensor<3>,
    ) -> (Tensor<3>, Tensor<3>) {
        let (mut queries, mut keys) = (tokens.clone(), image);
        for (i, layer) in self.layers.iter().enumerate() {
            (queries, keys) = layer.forward(queries, keys, &tokens, &positions, i == 0);
        }
        let attended = self.final_attention.forward(
            queries.clone() + tokens,
            keys.clone() + positions,
            keys.clone(),
        );
        (self.final_norm.forward(queries + attended), keys)
    }
}

#[derive(Debug, Clone)]
struct Layer {
    self_attention: Attention,
    token_to_image: Attention,
    image_to_token: Attention,
    mlp: Mlp,
    norms: Vec<LayerNorm>,
}

impl Layer {
    fn load(loader: &Loader) -> Result<Self, Error> {
        let attention = |name| Attention::load(&loader.at(name));
        Ok(Self {
            self_attention: attention("self_attn")?,
            token_to_image: attention("cross_attn_token_to_image")?,
            image_to_token: attention("cross_attn_image_to_token")?,
            mlp: Mlp::load(&loader.at("mlp"), 2)?,
            norms: (1..=4)
                .map(|i| LayerNorm::load(&loader.at(&format!("norm{i}")), EPS))
                .collect::<Result<_, _>>()?,
        })
    }

    fn forward(
        &self,
        queries: Tensor<3>,
        keys: Tensor<3>,
        tokens: &Tensor<3>,
        positions: &Tensor<3>,
        first: bool,
    ) -> (Tensor<3>, Tensor<3>) {
        // The first layer attends without positions and without the residual.
        let queries = if first {
            self.self_attention
                .forward(queries.clone(), queries.clone(), queries)
        } else {
            let placed = queries.clone() + tokens.clone();
            queries.clone() + self.self_attention.forward(placed.clone(), placed, queries)
        };
        let queries = self.norms[0].forward(queries);
        let placed_keys = keys.clone() + positions.clone();
        let attended = self.token_to_image.forward(
            queries.clone() + tokens.clone(),
            placed_keys.clone(),
            keys.clone(),
        );
        let queries = self.norms[1].forward(queries + attended);
        let queries = self.norms[2].forward(queries.clone() + self.mlp.forward(queries));
        let attended = self.image_to_token.forward(
            placed_keys,
            queries.clone() + tokens.clone(),
            queries.clone(),
        );
        let keys = self.norms[3].forward(keys + attended);
        (queries, keys)
    }
}

/// Attention with separate projections and an inner width.
#[derive(Debug, Clone)]
struct Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
}

impl Attention {
    fn load(loader: &Loader) -> Result<Self, Error> {
        Ok(Self {
            q: loader.linear("q_proj")?,
            k: loader.linear("k_proj")?,
            v: loader.linear("v_proj")?,
            out: loader.linear("out_proj")?,
        })
    }

    fn forward(&self, q: Tensor<3>, k: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
        let split = |t: Tensor<3>| {
            let [batch, tokens, inner] = t.dims();
            t.reshape([batch, tokens, HEADS, inner / HEADS])
                .swap_dims(1, 2)
        };
        let out = attention(
            split(self.q.forward(q)),
            split(self.k.forward(k)),
            split(self.v.forward(v)),
            false,
        );
        let [batch, heads, tokens, width] = out.dims();
        self.out
            .forward(out.swap_dims(1, 2).reshape([batch, tokens, heads * width]))
    }
}
